"""Accuracies proved in float64, n = 4 to 8, against oracles that share the enumeration at most."""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from flint import ctx
from support.programs import degenerate_programs, random_program
from support.scores import by_cones, everywhere

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.ir import Program
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cones import Precision
from algzoo_exact.score.counting import count_leaves
from algzoo_exact.score.question import floats_serve

TIES: tuple[az.tasks.TieRule, ...] = ("lowest", "uniform", "incorrect")
NAMES = {4: "argoutlier", 5: "argmedian", 6: "2nd_argmax", 7: "argmedian", 8: "2nd_argmax"}


def proved(program: Program, task: az.Task, ties: az.tasks.TieRule) -> Enclosure:
    found = by_cones(program, task, ties)
    assert found.kind == "exact"
    assert found.method.endswith("float64 balls") == floats_serve(program)
    assert found.enclosure.width < Fraction(1, 10**7)
    return found.enclosure


def by_balls(program: Program, task: az.Task, ties: az.tasks.TieRule) -> None:
    """Oracle, n = 4 and 5: ball arithmetic of many bits, which shares the formula but no code."""
    many = by_cones(program, task, ties, 20)
    assert many.method.endswith("ball arithmetic")
    proved(program, task, ties).intersect(many.enclosure)  # ValueError if they contradict


def by_sample(program: Program, task: az.Task, ties: az.tasks.TieRule, samples: int) -> None:
    """Oracle, any n: random inputs in float64, within five standard errors."""
    drawn = az.sample(program, task, samples, ties=ties, seed=3)
    assert abs(drawn.z_score(float(proved(program, task, ties).midpoint))) < 5


def two_directions_agree(program: Program, task: az.Task, ties: az.tasks.TieRule) -> None:
    precision = Precision(100, Fraction(1, 10**20), True, None)
    first, second = (
        everywhere(ACCURACY, program, task, ties, direction, precision)
        for direction in islice(ACCURACY.directions(program, task), 2)
    )
    first.intersect(second)


def some_programs(seed: int, count: int, n: int, largest: int) -> list[Program]:
    """Half random, half degenerate: dead, equal and parallel neurons, scales far apart, ties."""
    rng = np.random.default_rng(seed)
    plain = [random_program(rng, 1 + k % largest, n) for k in range(count // 2)]
    return plain + [program for _, program in degenerate_programs(rng, count // 2, (1, largest), n)]


@pytest.mark.parametrize("n", [4, 5])
def test_float_accuracies_are_those_of_ball_arithmetic(n: int) -> None:
    for k, program in enumerate(some_programs(n, {4: 6, 5: 2}[n], n, 1)):
        by_balls(program, az.Task(NAMES[n], n), TIES[k % 3])


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 5])
def test_many_float_accuracies_are_those_of_ball_arithmetic(n: int) -> None:
    for k, program in enumerate(some_programs(10 + n, {4: 120, 5: 20}[n], n, 6 - n + 1)):
        by_balls(program, az.Task(NAMES[n], n), TIES[k % 3])


@pytest.mark.slow
@pytest.mark.parametrize(("n", "count"), [(6, 16), (7, 4), (8, 2)])
def test_many_directions_agree(n: int, count: int) -> None:
    for k, program in enumerate(some_programs(10 + n, count, n, 1)):
        two_directions_agree(program, az.Task(NAMES[n], n), TIES[k % 3])


@pytest.mark.slow
@pytest.mark.parametrize(("n", "d"), [(6, 2), (7, 1), (8, 1)])
def test_samples_of_many_inputs(n: int, d: int) -> None:
    program = random_program(np.random.default_rng(n), d, n)
    by_sample(program, az.Task(NAMES[n], n), "lowest", 10**7)


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 5, 6, 7])
def test_directions_agree(n: int) -> None:
    program = random_program(np.random.default_rng(n), 1 if n == 7 else 2, n)
    two_directions_agree(program, az.Task(NAMES[n], n), "lowest")


@pytest.mark.parametrize("n", [4, 5])
def test_threads_change_nothing(n: int) -> None:
    """They take turns at flint's precision: what is left to balls depends on it."""
    program = random_program(np.random.default_rng(n), 3, n)
    task, before = az.Task("2nd_argmax", n), ctx.prec
    alone, shared = (by_cones(program, task, "lowest", threads=k) for k in (1, 3))
    assert (shared.enclosure.lower, shared.enclosure.upper) == (
        alone.enclosure.lower,
        alone.enclosure.upper,
    )
    assert (shared.kind, shared.cells) == (alone.kind, alone.cells)
    assert ctx.prec == before


def test_counting_ends_when_there_are_enough() -> None:
    program = random_program(np.random.default_rng(0), 3, 4)
    task = az.Task("2nd_argmax", 4)
    search, patient = ExactSearch(program, None), ExactSearch(program, None)
    assert count_leaves(search, task, 60.0, 20) > 20
    assert search.leaves < count_leaves(patient, task, 60.0)
