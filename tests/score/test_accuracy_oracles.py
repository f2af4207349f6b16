"""Exact accuracies against algorithms that share nothing with the boundary flow.

n = 2: breakpoints along two lines (any d). n = 3: brute force over activation masks, and for
larger d an integral along lines. n = 4, 5: sampling. n = 2 .. 5: a second road through the library,
which adds up the exact measures of all cells, enumerated in integers, each measured by itself.

Thresholds. ``flat_enumeration.exact_2`` and ``brute_force`` carry 55 digits over fewer than 10^4
terms below 1, so they are off by less than 1e-45; exact accuracies are no wider than 1e-30; so the
oracle's value lies in the enclosure widened by 1e-45. The integral states its own error; 1e-13 is
added for float64 rounding (as in ``test_oracles``). A sampled mean lies within 5 standard errors
but for a chance of 6e-7; with 250 comparisons, 1.5e-4 for a whole run. Seeds are fixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain

import mpmath
import numpy as np
import pytest
from oracles import brute_force, flat_enumeration, sampling
from oracles.conventions import ALL_TIES, Ties
from support.programs import (
    KINDS,
    Rng,
    dead_mass_program,
    degenerate_program,
    degenerate_programs,
    handcrafted_4_3,
    random_program,
)

import algzoo_exact as az
from algzoo_exact.regions.enumerate import cells

DIGITS = 30
WIDTH = Fraction(1, 10**DIGITS)
ORACLE_ERROR = Fraction(1, 10**45)
SWEEP_ROUNDING = 1e-13
SAMPLES = 20_000
NAMES = {
    2: ("2nd_argmax", "argmax"),
    3: ("2nd_argmax", "argmax", "argmedian", "argoutlier"),
    4: ("2nd_argmax", "argmax", "argoutlier"),
    5: ("2nd_argmax", "argmax", "argmedian", "argoutlier"),
}

Case = tuple[str, az.Program, az.Task]


def cases(seed: int, count: int, d: tuple[int, int], n: int) -> Iterator[Case]:
    """``count`` random and ``count`` degenerate models; the tasks for n take turns."""
    rng = np.random.default_rng(seed)
    normal = (
        ("random", random_program(rng, int(rng.integers(d[0], d[1] + 1)), n)) for _ in range(count)
    )
    models = chain(normal, degenerate_programs(rng, count, d, n))
    for k, (kind, program) in enumerate(models):
        # A step that shares no factor with the number of kinds: each kind meets each task.
        name = NAMES[n][(k + k // len(KINDS)) % len(NAMES[n])]
        yield f"{k}: {kind}, d={program.hidden_size}, {name}", program, az.Task(name, n)


def exactly(program: az.Program, task: az.Task, ties: Ties) -> az.Enclosure:
    result = az.accuracy(program, task, ties=ties, digits=DIGITS, method="exact")
    assert result.kind == "exact"
    assert result.ties == ties
    assert result.enclosure.width <= WIDTH
    assert result.enclosure.upper >= 0
    assert result.enclosure.lower <= 1
    return result.enclosure


def fraction(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** int(exponent)


def encloses(enclosure: az.Enclosure, value: mpmath.mpf) -> bool:
    middle = fraction(value)
    return enclosure.lower - ORACLE_ERROR <= middle <= enclosure.upper + ORACLE_ERROR


def check_lines(seed: int, count: int, d: tuple[int, int]) -> None:
    for case, program, task in cases(seed, count, d, 2):
        for ties in ALL_TIES:
            truth = flat_enumeration.exact_2(program, task, ties)
            assert encloses(exactly(program, task, ties), truth), (case, ties)


def check_brute_force(
    seed: int, count: int, d: tuple[int, int], rules: int = len(ALL_TIES)
) -> None:
    """``rules`` tie rules for each model, in turn."""
    for k, (case, program, task) in enumerate(cases(seed, count, d, 3)):
        for ties in (ALL_TIES * 2)[k % 3 : k % 3 + rules]:
            truth = brute_force.accuracy(program, task, ties)
            assert encloses(exactly(program, task, ties), truth), (case, ties)


def check_sweep(program: az.Program, task: az.Task, ties: Ties, case: str) -> None:
    sweep = flat_enumeration.sweep_3(program, task, ties)
    difference = abs(float(exactly(program, task, ties).midpoint) - sweep.value)
    assert difference < sweep.error + SWEEP_ROUNDING, (case, ties)


def check_samples(seed: int, count: int, d: tuple[int, int], n: int, samples: int) -> None:
    for case, program, task in cases(seed, count, d, n):
        for ties in ALL_TIES:
            sampled = sampling.sample_accuracy(program, task, samples, seed, ties)
            value = float(exactly(program, task, ties).midpoint)
            assert abs(sampled.mean - value) < 5 * sampled.standard_error, (case, ties)


def check_sum_over_cells(program: az.Program, task: az.Task, ties: Ties, case: str) -> None:
    """The other way: all cells in integers, each one's measure by its own flow."""
    right, mass = az.Enclosure.exactly(0), az.Enclosure.exactly(0)
    for cell in cells(program, task, ties=ties):
        part = cell.measure(DIGITS + 4)
        mass = az.Enclosure(mass.lower + part.lower, mass.upper + part.upper)
        if cell.credit:
            low, high = cell.credit * part.lower, cell.credit * part.upper
            right = az.Enclosure(right.lower + low, right.upper + high)
    assert mass.contains(1), case
    assert mass.width < Fraction(1, 10**28), case
    assert right.width < Fraction(1, 10**28), case
    right.intersect(exactly(program, task, ties))  # ValueError if they contradict each other


@pytest.mark.slow
def test_two_inputs_against_lines() -> None:
    check_lines(200, 2 * len(KINDS), (1, 6))
    check_lines(201, 3, (16, 32))


@pytest.mark.slow
def test_two_inputs_against_lines_at_length() -> None:
    check_lines(202, 60, (1, 32))


def test_three_inputs_against_brute_force() -> None:
    check_brute_force(300, len(KINDS), (1, 2), rules=1)


@pytest.mark.slow
def test_three_inputs_against_brute_force_at_length() -> None:
    check_brute_force(301, 40, (1, 2))
    check_brute_force(302, 8, (3, 3))


def test_dead_mass_against_brute_force() -> None:
    """A cone on which all logits vanish: here the tie rules differ, and in the right order."""
    program, task = dead_mass_program(), az.tasks.second_argmax(3)
    found = {ties: exactly(program, task, ties) for ties in ALL_TIES}
    for ties, enclosure in found.items():
        assert encloses(enclosure, brute_force.accuracy(program, task, ties))
    assert found["incorrect"].upper < found["uniform"].lower
    assert found["incorrect"].upper < found["lowest"].lower


@pytest.mark.slow
def test_handcrafted_model_against_brute_force() -> None:
    program, task = handcrafted_4_3(), az.tasks.second_argmax(3)
    for ties in ALL_TIES:
        assert encloses(exactly(program, task, ties), brute_force.accuracy(program, task, ties))


def wide_models(rng: Rng, sizes: tuple[int, ...]) -> Iterator[Case]:
    """Random and degenerate models for n = 3; the integral is not for scales far apart."""
    kinds = [kind for kind in KINDS if kind != "scales"]
    for k, d in enumerate(sizes):
        task = az.Task(NAMES[3][k % 4], 3)
        kind = kinds[k % len(kinds)]
        yield f"random, d={d}, {task.name}", random_program(rng, d, 3), task
        yield f"{kind}, d={d}, {task.name}", degenerate_program(kind, rng, d, 3), task


def test_three_inputs_against_an_integral() -> None:
    for k, (case, program, task) in enumerate(wide_models(np.random.default_rng(303), (4, 5, 6))):
        check_sweep(program, task, ALL_TIES[k % 3], case)


@pytest.mark.slow
def test_three_inputs_against_an_integral_at_length() -> None:
    sizes = (4, 5, 6, 7, 8) * 3 + (16,)
    for case, program, task in wide_models(np.random.default_rng(304), sizes):
        for ties in ALL_TIES:
            check_sweep(program, task, ties, case)


def test_four_inputs_against_samples() -> None:
    check_samples(400, 3, (1, 2), 4, SAMPLES)


@pytest.mark.slow
def test_four_inputs_against_samples_at_length() -> None:
    check_samples(401, 2 * len(KINDS), (1, 3), 4, SAMPLES)


@pytest.mark.slow
def test_five_inputs_against_samples() -> None:
    check_samples(500, 6, (1, 2), 5, SAMPLES)


@pytest.mark.parametrize("n", [2, 3])
def test_sum_over_cells(n: int) -> None:
    for k, (case, program, task) in enumerate(cases(600 + n, len(KINDS), (1, 3), n)):
        check_sum_over_cells(program, task, ALL_TIES[k % 3], case)


@pytest.mark.slow
def test_sum_over_cells_at_length() -> None:
    for k, (case, program, task) in enumerate(cases(605, len(KINDS), (1, 3), 4)):
        check_sum_over_cells(program, task, ALL_TIES[k % 3], case)
    for k, (case, program, task) in enumerate(cases(606, 3, (1, 1), 5)):
        check_sum_over_cells(program, task, ALL_TIES[k % 3], case)
