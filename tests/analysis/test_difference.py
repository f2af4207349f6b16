"""Differences of models: symmetric, a distance, and what samples and accuracies say of them."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command_line import json_of, refused, text_of
from support.programs import degenerate_programs, random_program
from support.weight_files import state, write

import algzoo_exact as az
from algzoo_exact.analysis.pair_masses import answers_of_both
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import ball_sum
from algzoo_exact.program.ir import Program

TASK = az.tasks.second_argmax(3)
SMALL = Fraction(1, 10**9)


def _answer(program: Program, x: list[Fraction]) -> int:
    logits = program.evaluate(x).logit
    return logits.index(max(logits))


def _ends(found: az.Enclosure) -> tuple[Fraction, Fraction]:
    return found.lower, found.upper


def _near(a: az.Enclosure, b: az.Enclosure) -> bool:
    return max(a.lower, b.lower) <= min(a.upper, b.upper)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4))
def test_the_joint_program_answers_for_the_pair(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    programs = random_program(rng, 2, n), random_program(rng, 3, n)
    for point in rng.integers(-4, 5, (10, n)).tolist():
        x = [Fraction(c) for c in point]
        a, b = (_answer(p, x) for p in programs)
        assert _answer(answers_of_both(*programs), x) == n * a + b


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 10**6))
def test_it_is_a_distance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one, two, three = (random_program(rng, 2, 3) for _ in range(3))
    first, back = az.diff(one, two, TASK), az.diff(two, one, TASK)
    assert _near(first.probability, back.probability)
    assert _near(first.split["first"], back.split["second"])
    around = az.diff(one, three, TASK).probability.plus(az.diff(three, two, TASK).probability)
    assert first.probability.lower <= around.upper
    gap = az.accuracy(one, TASK).enclosure.midpoint - az.accuracy(two, TASK).enclosure.midpoint
    split = first.split["first"].midpoint - first.split["second"].midpoint
    assert abs(gap - split) < SMALL


def test_degenerate_programs() -> None:
    """Ties are decided by the lowest index, on whole cones too: against accuracies."""
    rng = np.random.default_rng(8)
    for _, program in degenerate_programs(rng, 10, (2, 2), 3):
        other = random_program(rng, 2, 3)
        found = az.diff(program, other, TASK)
        same = az.accuracy(other, az.teacher(program)).enclosure.midpoint
        assert abs(1 - same - found.probability.midpoint) < SMALL


def _check_sums(found: az.Difference) -> None:
    """The flows over the boundary against each cone's own measure, when all are kept."""
    assert found.count == len(found.measure)
    cones = np.stack([found.label, found.first, found.second], axis=1)
    assert {tuple(cone) for cone in cones.tolist()} == set(found.sums)
    for answers, mass in found.sums.items():
        these = (cones == answers).all(axis=1)
        assert _near(mass, ball_sum(found.measure[these], found.radius[these]))
        assert mass.width < SMALL


@pytest.mark.parametrize(("neurons", "n"), [(3, 2), (3, 3), (2, 4), (2, 5)])
def test_sums_are_those_of_all_cones(neurons: int, n: int) -> None:
    rng = np.random.default_rng(100 * neurons + n)
    for kind in ("unrelated", "near", "shared", "teacher"):
        one = random_program(rng, neurons, n)
        two = random_program(rng, neurons, n)
        task: az.Task = az.tasks.second_argmax(n)
        if kind == "near":
            two = az.perturb(one, 0.01)
        elif kind == "shared":
            two = az.prune(one, 0.3)
        elif kind == "teacher" and n < 5:
            task = az.teacher(random_program(rng, 1, n))
        _check_sums(az.diff(one, two, task, top=10**6))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_sums_of_degenerate_programs(seed: int) -> None:
    """Also where both answers change on the same facets."""
    rng = np.random.default_rng(seed)
    for _ in range(5):
        one = random_program(rng, 3, 3)
        _check_sums(az.diff(one, Program(one.layers, one.readout[::-1]), TASK, top=10**6))
    programs = [program for _, program in degenerate_programs(rng, 4, (2, 2), 3)]
    for one, two in pairwise([*programs, random_program(rng, 2, 3)]):
        _check_sums(az.diff(one, two, TASK, top=10**6))


def test_sums_on_a_section() -> None:
    model = az.load("2nd_argmax_4_4")
    one = az.section(model, zero=[2])
    two = az.section(az.perturb(model, 0.1), zero=[2])
    _check_sums(az.diff(one, two, top=10**6))


def test_the_heaviest_are_kept() -> None:
    model, noisy = az.load("2nd_argmax_4_4"), az.perturb(az.load("2nd_argmax_4_4"), 0.1)
    every, some = (az.diff(model, noisy, top=top) for top in (10**6, 20))
    assert every.count == some.count == len(every.measure) > len(some.measure) == 20
    for name in ("label", "first", "second", "measure", "radius", "inside"):
        assert np.array_equal(getattr(every, name)[:20], getattr(some, name))
    none = az.diff(model, noisy, top=0)
    assert not none.cells()
    with pytest.raises(InputError, match="top must be at least 0"):
        az.diff(model, noisy, top=-1)
    for found in (some, none):
        assert _ends(found.probability) == _ends(every.probability)


def test_copies_do_not_differ() -> None:
    model = az.load("2nd_argmax_3_3")
    order = [2, 0, 1]
    program = model.program
    moved = az.rnn(
        [program.input_weights[i] for i in order],
        [[program.recurrent[i][j] for j in order] for i in order],
        [[row[j] for j in order] for row in program.readout],
        3,
    )
    scaled, _ = az.standardize(program)
    for copy in (program, moved, scaled):
        found = az.diff(model, copy)
        assert found.count == 0
        assert found.probability.upper == 0


def test_inputs_and_a_sample() -> None:
    model, noisy = az.load("2nd_argmax_4_3"), az.perturb(az.load("2nd_argmax_4_3"), 0.1)
    found = az.diff(model, noisy)
    for cell in found.cells(20):
        assert cell.input is not None
        x = [Fraction(c) for c in cell.input]
        assert (_answer(model.program, x), _answer(noisy.program, x)) == cell.answers
        assert TASK.label(x) == cell.label
    x = np.random.default_rng(2).standard_normal((3, 200_000))
    answers = []
    for program in (model.program, noisy.program):
        h = np.zeros((4, x.shape[1]))
        for row in x:
            drive = np.outer(np.array(program.input_weights, float), row)
            h = np.maximum(0, np.array(program.recurrent, float) @ h + drive)
        answers.append((np.array(program.readout, float) @ h).argmax(0))
    known, share = float(found.probability.midpoint), float(np.mean(answers[0] != answers[1]))
    assert abs(share - known) < 5 * (known * (1 - known) / x.shape[1]) ** 0.5


def test_medians_are_apart_by_a_root_mean_square() -> None:
    model = az.load("median_4_3")
    noisy = az.perturb(model, 0.05)
    assert az.root_mean_square_difference(model, model).upper < SMALL
    root = az.root_mean_square_difference(model, noisy)
    x = np.random.default_rng(6).standard_normal((500, 3))
    gaps = []
    for point in x:
        values = [p.program.evaluate(point.tolist()).logit[0] for p in (model, noisy)]
        gaps.append(float(values[0] - values[1]) ** 2)
    error = np.std(gaps) / len(gaps) ** 0.5
    assert abs(np.mean(gaps) - float(root.midpoint) ** 2) < 5 * error


def test_models_of_different_sizes() -> None:
    with pytest.raises(InputError):
        az.diff(az.load("2nd_argmax_3_3"), az.load("2nd_argmax_4_4"))
    with pytest.raises(InputError):
        az.root_mean_square_difference(az.load("2nd_argmax_3_3"), az.load("median_4_3"))


def test_a_picture_is_written(tmp_path: Path) -> None:
    small = write(tmp_path / "2nd_argmax_2_4.pth", state(2, 4))
    for name, file in (("2nd_argmax_2_2", "two.svg"), (small, "four.svg")):
        line = ("diff", name, "--noise", "0.1", "--picture", tmp_path / file, "--top", "0")
        assert file in text_of(*line, "--workers", "1")
        assert "agreement" in (tmp_path / file).read_text()
    for name, file in (("2nd_argmax_2_2", "two.txt"), ("median_2_2", "two.svg")):
        refused("diff", name, "--noise", "0.1", "--picture", tmp_path / "no" / file)
        assert not (tmp_path / "no").exists()


def test_the_command() -> None:
    line = ("diff", "2nd_argmax_2_2", "2nd_argmax_2_2", "--noise", "0.1", "--workers", "1")
    assert "Who is right where they differ." in text_of(*line)
    data = json_of(*line)
    low, high = (float(data["probability"][end]) for end in ("lower", "upper"))
    assert 0 < low <= high < 1
    refused("diff", "2nd_argmax_2_2", "2nd_argmax_3_3")
