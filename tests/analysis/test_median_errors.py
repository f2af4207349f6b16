"""Cells of median models by what they add: their sum, second moments of another method, and inputs.

Oracles: ``squared_error`` (bends along one direction), ``second_moment`` in ball arithmetic, exact
evaluation, and a sample.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.command_line import json_of
from support.programs import degenerate_programs, random_program

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import ball_sum
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.program.ir import Program


def _one_output(program: Program) -> Program:
    return Program(program.layers, program.readout[:1])


def _checked(program: Program, n: int, top: int) -> az.MedianErrors:
    task = az.tasks.median(n)
    found = az.median_errors(program, task)
    whole = az.squared_error(program, task).enclosure
    total = ball_sum(found.square, found.radius)
    assert max(total.lower, whole.lower) <= min(total.upper, whole.upper)
    parts = az.Enclosure.exactly(0)
    for part in found.by_middle.values():
        parts = parts.plus(part)
    assert abs(parts.midpoint - total.midpoint) < Fraction(1, 10**12)
    for cell, i in zip(found.cells(top), range(top), strict=False):
        x = [Fraction(c) for c in cell.input]
        gap = program.evaluate(x).logit[0] - task.value(x)
        assert gap == sum(a * c for a, c in zip(cell.error, x, strict=True))
        assert sorted(x)[n // 2] in [x[k] for k in cell.middle]
        size = max(abs(c) for c in cell.error) or Fraction(1)
        whole_numbers = [c / size * 10**9 for c in cell.error]
        a = tuple(round(c) for c in whole_numbers)
        known = second_moment(found.table.cell(i).cone, a, digits=2).times((size / 10**9) ** 2)
        assert abs(known.midpoint - cell.square.midpoint) < Fraction(1, 10**8)
    return found


def test_three_inputs_and_degenerate_ones() -> None:
    rng = np.random.default_rng(4)
    _checked(az.load("median_4_3").program, 3, 4)
    for _, program in degenerate_programs(rng, 4, (2, 2), 3):
        _checked(_one_output(program), 3, 2)


@pytest.mark.slow
def test_more_inputs() -> None:
    rng = np.random.default_rng(4)
    for n in (4, 5):
        _checked(_one_output(random_program(rng, 2, n)), n, 3)
    for _, program in degenerate_programs(rng, 4, (2, 2), 4):
        _checked(_one_output(program), 4, 1)


def test_a_sample_by_middle_inputs() -> None:
    model = az.load("median_4_3")
    found = az.median_errors(model)
    x = np.random.default_rng(1).standard_normal((200_000, 3))
    h = np.zeros((4, len(x)))
    w_in, w = np.array(model.program.input_weights, float), np.array(model.program.recurrent, float)
    for column in x.T:
        h = np.maximum(0, w @ h + np.outer(w_in, column))
    squares = ((np.array(model.program.readout, float) @ h)[0] - np.median(x, axis=1)) ** 2
    middle = np.argsort(x, axis=1)[:, 1]
    for (k,), known in found.by_middle.items():
        here = squares * (middle == k)
        error = here.std() / len(x) ** 0.5
        assert abs(here.mean() - float(known.midpoint)) < 5 * error


def test_the_command(tmp_path: Path) -> None:
    table = tmp_path / "squares.csv"
    data = json_of("errors", "median_4_3", "--top", "3", "--out", table, "--workers", "1")
    assert {"probability", "label", "answer", "pattern", "input"} <= data["cells"][0].keys()
    assert len(table.read_text().splitlines()) == data["count"] + 1
    assert len(data["cells"]) == 3
    with pytest.raises(InputError):
        az.median_errors(az.load("2nd_argmax_3_3"))
