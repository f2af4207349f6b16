"""Full enumeration for three inputs under the counter, against the exact engine."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import degenerate_programs, random_program

import algzoo_exact as az
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import TIE_RULES, Task
from algzoo_exact.race.entries.flops import FlopCounter, plain
from algzoo_exact.race.entries.solid_angles import SOLID_ANGLES, solid_angle

TASKS = (az.tasks.second_argmax(3), az.tasks.argmax(3), az.tasks.argmedian(3))


def difference(program: Program, task: Task) -> float:
    found = SOLID_ANGLES.estimate(program, task, 1e9, seed=0)
    assert found is not None
    return found.value - float(az.accuracy(program, task).value)


@settings(deadline=None, max_examples=12)
@given(st.integers(0, 10**6), st.integers(1, 4), st.sampled_from(TASKS))
def test_random_programs(seed: int, d: int, task: Task) -> None:
    """Rounding: some 200 polygons of a few corners each, at 1e-15."""
    program = random_program(np.random.default_rng(seed), d, 3)
    assert abs(difference(program, task)) < 1e-11


def test_degenerate_programs() -> None:
    """Dead neurons, equal logits and the like; ties go to the lowest index.

    The engine decides such cells by integers. In float64 a tie that holds identically may come out
    as a difference of 1e-16, so programs with ties of positive mass are left out.
    """
    task = az.tasks.second_argmax(3)
    compared = 0
    for name, program in degenerate_programs(np.random.default_rng(5), 16, (1, 3), 3):
        values = {az.accuracy(program, task, ties=ties).value for ties in TIE_RULES[:2]}
        if len(values) == 1:
            compared += 1
            assert abs(difference(program, task)) < 1e-9, name
    assert compared > 2


def test_dead_regions_are_ties() -> None:
    """A program that is 0 where all inputs are negative: all logits tie there, exactly."""
    program = rnn((1,), ((1,),), ((1,), (2,), (3,)), 3)
    assert abs(difference(program, az.tasks.second_argmax(3))) < 1e-12


def test_compute_of_noisy_models() -> None:
    """Below the 71,000 operations of the published estimator, on noisy (4, 3) models."""
    model = az.load("2nd_argmax_4_3")
    task = az.tasks.second_argmax(3)
    for seed in range(3):
        noisy = az.perturb(model, 0.05, seed)
        found = SOLID_ANGLES.estimate(noisy.network, task, 71_000, 0)
        assert found is not None
        assert found.details["cones"] == 12
        assert found.flops <= 71_000
        assert abs(found.value - float(az.accuracy(noisy, task).value)) < 1e-12


def test_a_budget_is_kept() -> None:
    """Without time for all cones it answers from those that it finished, or not at all."""
    program, task = az.load("2nd_argmax_4_3").network, az.tasks.second_argmax(3)
    part = SOLID_ANGLES.estimate(program, task, 20_000, 0)
    assert part is not None
    assert part.flops <= 20_000
    assert 0 < int(part.details["cones"]) < 12
    assert 0.8 < part.value <= 1
    assert SOLID_ANGLES.estimate(program, task, 1_000, 0) is None


def test_solid_angles() -> None:
    """The octant, and polygons against Girard's theorem."""
    assert abs(float(solid_angle(np.eye(3))) - np.pi / 2) < 1e-15
    wide = np.array([[2.0, 0, 0], [0, 3, 0], [-1, 0, 0.1]])
    square = np.array([[1.0, 0, 1], [0, 1, 1], [-1, 0, 1], [0, -1, 1]])
    for corners in (wide, square, square + np.array([0.3, 0.2, 0])):
        assert abs(float(solid_angle(corners)) - girard(corners)) < 1e-12


def girard(corners: np.ndarray) -> float:
    """A convex polygon's angles at its corners, less (m - 2) pi."""
    unit = corners / np.linalg.norm(corners, axis=1)[:, None]
    total = 0.0
    for before, here, after in zip(np.roll(unit, 1, 0), unit, np.roll(unit, -1, 0), strict=True):
        a, b = (v - here * (v @ here) for v in (before, after))
        total += float(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
    return total - (len(corners) - 2) * np.pi


def test_operations_are_counted() -> None:
    counter = FlopCounter()
    assert abs(float(plain(solid_angle(counter.array(np.eye(3))))) - np.pi / 2) < 1e-15
    assert counter.total > 50
