"""Errors: the cells sum to 1 - accuracy, are those of integer enumeration, and hold their inputs.

Oracles: ``accuracy`` (another sum, over boundary facets), ``cells`` (integers and ball arithmetic
alone), exact evaluation at the inputs, torch, and the published error of AlgZoo's own M(2, 2).
"""

from __future__ import annotations

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import mass
from support.command_line import json_of, refused, text_of
from support.paths import ALGZOO
from support.perceptrons import random_mlp
from support.programs import degenerate_programs, random_program

import algzoo_exact as az
from algzoo_exact.analysis.cells import CellTable, measured_cells
from algzoo_exact.analysis.errors import inequality
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TIE_RULES, Task, TieRule
from algzoo_exact.runtime.answers import float_answers

_DIGITS = 10  # of measures in ball arithmetic
_OFF = Fraction(1, 10**8)


def _keys(table: CellTable) -> list[tuple[str, int, int]]:
    return [
        (str(table.pattern(i)), int(table.label[i]), int(table.answer[i]))
        for i in range(len(table))
    ]


def _agrees(program: Program, task: Task, ties: TieRule) -> None:
    """The table's sums by pattern, label and answer are those of integer enumeration."""
    table = measured_cells(program, task, ties=ties)
    known: dict[tuple[str, int, int], Fraction] = {}
    credit: dict[tuple[str, int, int], set[Fraction]] = {}
    for cell in az.cells(program, task, ties=ties):
        key = (str(cell.pattern), cell.label, min(cell.winners))
        known[key] = known.get(key, Fraction(0)) + mass(cell, _DIGITS).midpoint
        credit.setdefault(key, set()).add(cell.credit)
    found: dict[tuple[str, int, int], list[int]] = {}
    for i, key in enumerate(_keys(table)):
        found.setdefault(key, []).append(i)
    assert found.keys() == known.keys()
    for key, some in found.items():
        total = table.select(np.array(some)).total()
        assert total.lower - _OFF <= known[key] <= total.upper + _OFF
        assert {float(c) for c in credit[key]} == {table.credit[i] for i in some}


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(TIE_RULES))
def test_cells_are_those_of_enumeration(seed: int, ties: TieRule) -> None:
    rng = np.random.default_rng(seed)
    _agrees(random_program(rng, 2, 4), az.tasks.second_argmax(4), ties)


@pytest.mark.parametrize("ties", TIE_RULES)
def test_cells_of_degenerate_programs(ties: TieRule) -> None:
    rng = np.random.default_rng(5)
    for _, program in degenerate_programs(rng, 4, (2, 2), 4):
        _agrees(program, az.tasks.argmax(4), ties)
    for _, program in degenerate_programs(rng, 6, (2, 3), 3):
        _agrees(program, az.tasks.argmedian(3), ties)


def test_cells_of_a_perceptron_and_of_a_teacher() -> None:
    rng = np.random.default_rng(11)
    program = random_mlp(rng, 4, 3, 4)
    _agrees(program, az.tasks.second_argmax(4), "lowest")
    _agrees(program, az.teacher(random_program(rng, 2, 4)), "uniform")


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.sampled_from(TIE_RULES))
def test_errors_are_what_accuracy_leaves(seed: int, n: int, ties: TieRule) -> None:
    program = random_program(np.random.default_rng(seed), 2, n)
    task = az.tasks.second_argmax(n)
    found = az.find_errors(program, task, ties=ties)
    score = az.accuracy(program, task, ties=ties)
    lost = found.table.total(1 - found.table.credit)
    assert lost.lower <= 1 - score.enclosure.lower
    assert 1 - score.enclosure.upper <= lost.upper
    assert found.total.lower <= 1 - score.enclosure.lower
    assert 1 - score.enclosure.upper <= found.total.upper
    assert found.total.width <= Fraction(1, 10**12)  # as much as is shown
    for sums in (found.by_answer, found.by_region, found.by_order):
        low, high = (sum(getattr(v, end) for v in sums.values()) for end in ("lower", "upper"))
        assert low <= lost.upper
        assert lost.lower <= high
        assert high - low < Fraction(1, 10**6)


def test_inputs_lie_in_their_cells() -> None:
    model = az.load("2nd_argmax_4_3")
    found = az.find_errors(model)
    cells = found.cells(len(found))
    assert [c.probability.midpoint for c in cells] == sorted(
        (c.probability.midpoint for c in cells), reverse=True
    )
    for cell in cells:
        point = [Fraction(c) for c in cell.input]
        logits = model.program.evaluate(point).logit
        assert tuple(k for k, v in enumerate(logits) if v == max(logits)) == cell.answers
        assert model.task is not None
        assert model.task.label(point) == cell.label != min(cell.answers)
    heavy = cells[:20]
    answers = float_answers(model.program, [cell.input for cell in heavy])
    assert answers == [min(cell.answers) for cell in heavy]


def test_the_published_error_of_two_neurons() -> None:
    if not ALGZOO.is_dir():
        pytest.skip("AlgZoo's own models are not here")
    found = az.find_errors(az.load(ALGZOO / "2nd_argmax_2_2.safetensors"))
    assert round(float(1 / found.total.midpoint), 1) == 12914.6
    for cell in found.cells():
        assert cell.form is not None
        assert cell.label == 1
        assert cell.answers == (0,)
        lead, tail = cell.form.split(" / ")
        assert tail == "(2 pi)"
        ratio = Fraction(lead.removeprefix("atan(").removesuffix(")"))
        value = np.arctan(float(ratio)) / (2 * np.pi)
        assert value == pytest.approx(float(cell.probability.midpoint), rel=1e-14)


def test_a_limit_leaves_the_rest_open() -> None:
    model = az.load("2nd_argmax_4_3")
    found = az.find_errors(model, time_limit=0.0)
    assert found.open == 1
    assert len(found) == 0
    assert found.total.contains(az.find_errors(model).total)


@pytest.mark.slow
def test_five_inputs() -> None:
    model = az.load("2nd_argmax_8_5")
    assert model.task is not None
    found = az.find_errors(model, workers=2)
    assert found.total.width < Fraction(1, 10**8)
    sample = az.sample(model, model.task, 10**7, seed=3)
    spread = (float(found.total.midpoint) * (1 - float(found.total.midpoint)) / 10**7) ** 0.5
    assert abs(1 - sample.accuracy - float(found.total.midpoint)) < 5 * spread
    answers = float_answers(model.program, [cell.input for cell in found.cells(50)])
    assert answers == [min(cell.answers) for cell in found.cells(50)]


def test_inequalities_are_readable() -> None:
    assert inequality((1, -1)) == "x[0] > x[1]"
    assert inequality((2, -1, -1)) == "2 x[0] > x[1] + x[2]"
    assert inequality((-1, 0, 0)) == "x[0] < 0"
    assert inequality((10**20, 0, -31271 * 10**15)) == "x[0] > 0.3127 x[2]"


def test_the_command(tmp_path: Path) -> None:
    table = tmp_path / "errors.csv"
    shown = text_of("errors", "2nd_argmax_4_3", "--top", "3", "--out", table, "--workers", "1")
    assert "By true label and answer." in shown
    with table.open() as file:
        assert len(list(csv.DictReader(file))) == len(az.find_errors(az.load("2nd_argmax_4_3")))
    data = json_of("errors", "2nd_argmax_2_2", "--workers", "1")
    assert set(data["cells"][0]) >= {"probability", "label", "answer", "pattern", "input"}
    total = sum(float(cell["probability"]["lower"]) for cell in data["cells"])
    assert total == pytest.approx(float(data["total"]["lower"]), rel=1e-15)
    refused("errors", "2nd_argmax_2_2", "--out", tmp_path / "e.xls")
