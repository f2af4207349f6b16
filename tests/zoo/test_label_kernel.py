"""Compiled labels against torch's own, and against a sort, ties among them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from algzoo_exact.program.problems.order import by_rank
from algzoo_exact.program.task import Task
from algzoo_exact.zoo import tasks
from algzoo_exact.zoo.label_kernel import ranked


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", range(2, 12))
def test_second_argmax_is_torchs(n: int, dtype: torch.dtype) -> None:
    x = torch.randn(n, 1000, generator=torch.Generator().manual_seed(n), dtype=dtype)
    x = (4 * x).round() / 4  # many ties: the lowest index that holds the second largest
    wanted = x.sort(0).values[-2] == x
    found = tasks.targets(Task("2nd_argmax", n), x)
    assert torch.equal(found, tasks.first_argmax(wanted.int()))


@pytest.mark.parametrize("n", range(3, 13, 2))
def test_argmedian_is_where_the_median_is(n: int) -> None:
    x = np.random.default_rng(n).integers(-4, 4, (n, 1000)).astype(np.float32)
    wanted = (x == np.median(x, axis=0)).argmax(0)  # the lowest index
    assert (tasks.targets(Task("argmedian", n), torch.from_numpy(x)).numpy() == wanted).all()


@pytest.mark.parametrize(("n", "rank"), [(n, rank) for n in range(2, 8) for rank in range(n)])
def test_every_rank_is_that_of_a_sort(n: int, rank: int) -> None:
    """Ties among them; torch's way on a GPU, and exact numbers, agree with compiled code."""
    x = np.random.default_rng(n).integers(-9, 9, (n, 400)).astype(np.float32)
    wanted = (x == -np.sort(-x, axis=0)[rank]).argmax(0)
    found = np.empty(400, np.int64)
    ranked(x, rank, found)
    assert (found == wanted).all()
    problem = by_rank("ranked", "an index", lambda n: rank)
    assert (problem.targets(torch.from_numpy(x)).numpy() == wanted).all()
    exact = [problem.answer([Fraction(float(v)) for v in column]) for column in x.T[:40]]
    assert exact == list(wanted[:40])


@settings(deadline=None)  # the first example compiles
@given(st.integers(1, 600), st.sampled_from(["2nd_argmax", "argmedian"]))
def test_blocks_do_not_show(count: int, name: str) -> None:
    x = torch.randn(5, 600, generator=torch.Generator().manual_seed(1))
    whole = tasks.targets(Task(name, 5), x)
    assert torch.equal(tasks.targets(Task(name, 5), x[:, :count]), whole[:count])
