"""What every problem promises, by parametrisation: a new one goes through it too.

Oracles: the definitions in ``oracles.conventions``, and statistics.median; the problem's exact
answer, for its cells and for its labels in torch.
"""

from __future__ import annotations

import pickle
import statistics
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import torch
from extension.second_smallest import SECOND_SMALLEST, SYMMETRIC, WRITTEN_OUT
from oracles.conventions import true_label

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import dot
from algzoo_exact.program.problem import LabelCell, Problem
from algzoo_exact.program.task import PROBLEMS, register_problem

ALL = (*PROBLEMS.values(), SECOND_SMALLEST, WRITTEN_OUT, SYMMETRIC)
every_problem = pytest.mark.parametrize("problem", ALL, ids=lambda problem: problem.name)


def sizes(problem: Problem) -> list[int]:
    """The first numbers of inputs that suit it."""
    return [n for n in range(problem.least, 6) if n % 2 or not problem.odd]


def points(problem: Problem, n: int, count: int = 60) -> np.ndarray:
    """Inputs (count, n) that float64 holds; of a problem about functions, some of these."""
    rng = np.random.default_rng(n)
    if problem.is_discrete:
        return rng.integers(0, n, (count, n))
    return np.round(rng.standard_normal((count, n)) * 2**20) / 2**20


@every_problem
def test_cells_cover_the_space_once(problem: Problem) -> None:
    """In the inside of one cell its answer is the exact one."""
    for n in sizes(problem):
        make = problem.cells or problem.values
        if make is None:
            return
        cells = list(make(n))
        for row in points(problem, n).tolist():
            x = [Fraction(v) for v in row]
            (cell,) = (c for c in cells if all(dot(a, x) > 0 for a in c.inequalities))
            said = cell.label if isinstance(cell, LabelCell) else dot(cell.value, x)
            assert said == problem.answer(x)


@every_problem
def test_answers_are_those_of_the_definition(problem: Problem) -> None:
    for n in sizes(problem):
        for row in points(problem, n).tolist():
            x = [Fraction(v) for v in row]
            found = problem.answer(x)
            if problem.is_numeric:
                assert found == statistics.median(x)
            elif problem.is_index:
                mirrored = problem in (SECOND_SMALLEST, WRITTEN_OUT, SYMMETRIC)
                name, at = ("2nd_argmax", [-v for v in x]) if mirrored else (problem.name, x)
                assert found == true_label(name, at)
            else:
                assert 0 <= found < n


@every_problem
def test_torch_answers_the_same(problem: Problem) -> None:
    for n in sizes(problem):
        x = points(problem, n)
        found = problem.targets(torch.from_numpy(x.T.copy()))
        assert found.dtype == (torch.float64 if problem.is_numeric else torch.int64)
        exact = [problem.answer([Fraction(v) for v in row]) for row in x.tolist()]
        assert found.tolist() == pytest.approx([float(v) for v in exact], abs=1e-15)


@every_problem
def test_it_says_which_numbers_of_inputs_suit_it(problem: Problem) -> None:
    with pytest.raises(InputError, match=f"{problem.name} needs at least {problem.least} inputs"):
        problem.check(problem.least - 1)
    if problem.odd:
        with pytest.raises(InputError, match="an odd number"):
            problem.check(4)
    assert [problem.is_index, problem.is_numeric, problem.is_discrete].count(True) == 1


@every_problem
def test_other_processes_find_it_and_its_name_is_its_own(problem: Problem) -> None:
    assert pickle.loads(pickle.dumps(problem)).name == problem.name
    if problem.name in PROBLEMS:
        with pytest.raises(InputError, match="already"):
            register_problem(replace(problem, words="something else"))


@every_problem
def test_symmetry_is_what_it_is_said_to_be(problem: Problem) -> None:
    """Another order of the inputs moves the label along, and a constant changes none."""
    if not problem.symmetric:
        return
    for n in sizes(problem):
        for row in points(problem, n, 20).tolist():
            x, order = [Fraction(v) for v in row], np.random.default_rng(n).permutation(n)
            found = problem.answer(x)
            moved = problem.answer([x[k] for k in order])
            raised = problem.answer([v + 3 for v in x])
            if problem.is_index:
                assert (order[moved], raised) == (found, found)
            elif problem.is_numeric:
                assert (moved, raised) == (found, found + 3)
