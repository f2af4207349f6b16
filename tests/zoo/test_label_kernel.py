"""Compiled labels against torch's own, and against a sort, ties among them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from algzoo_exact.program.task import Task
from algzoo_exact.zoo import tasks


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n", range(2, 12))
def test_second_argmax_is_torchs(n: int, dtype: torch.dtype) -> None:
    x = torch.randn(n, 1000, generator=torch.Generator().manual_seed(n), dtype=dtype)
    x = (4 * x).round() / 4  # many ties: the lowest index that holds the second largest
    wanted = x.sort(0).values[-2] == x
    found = tasks.labels(Task("2nd_argmax", n), x)
    assert torch.equal(found, tasks.first_argmax(wanted.int()))
    assert torch.equal(found, tasks._second_argmax(x))  # where torch computes on a GPU


@pytest.mark.parametrize("n", range(3, 13, 2))
def test_argmedian_is_the_middle_of_a_stable_sort(n: int) -> None:
    x = np.random.default_rng(n).integers(-4, 4, (n, 1000)).astype(np.float32)
    wanted = x.argsort(0, kind="stable")[n // 2]
    assert (tasks.labels(Task("argmedian", n), torch.from_numpy(x)).numpy() == wanted).all()


@settings(deadline=None)  # the first example compiles
@given(st.integers(1, 600), st.sampled_from(["2nd_argmax", "argmedian"]))
def test_blocks_do_not_show(count: int, name: str) -> None:
    x = torch.randn(5, 600, generator=torch.Generator().manual_seed(1))
    whole = tasks.labels(Task(name, 5), x)
    assert torch.equal(tasks.labels(Task(name, 5), x[:, :count]), whole[:count])
