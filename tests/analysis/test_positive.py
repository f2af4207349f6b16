"""Shares of right answers where few inputs are positive, against samples and by hand."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest
from support.command_line import json_of, text_of
from support.paths import ALGZOO, ROOT
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.analysis import positive
from algzoo_exact.errors import InputError


def _sampled(program: az.Program, order: tuple[int, ...], label: int, count: int) -> float:
    rng = np.random.default_rng(1)
    y = -np.sort(-np.abs(rng.standard_normal((count, len(order)))), axis=1)
    x = np.zeros((program.seq_len, count))
    x[list(order)] = y.T
    h = np.zeros((program.hidden_size, count))
    for row in x:
        drive = np.outer(np.array(program.input_weights, float), row)
        h = np.maximum(0, np.array(program.recurrent, float) @ h + drive)
    logits = np.array(program.readout, float) @ h
    return float(np.mean(logits.argmax(0) == label))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_against_samples(count: int) -> None:
    program = random_program(np.random.default_rng(3), 3, 4)
    found = az.positive_inputs(program, count, az.tasks.second_argmax(4), workers=1)
    assert [case.positions for case in found.cases] == list(permutations(range(4), count))
    for case in found.cases:
        if count == 1:
            assert case.label is None
            continue
        assert case.label == case.positions[1]
        assert case.share is not None
        known = float(case.share.midpoint)
        share = _sampled(program, case.positions, case.label, 20_000)
        assert abs(share - known) < 5 * (known * (1 - known) / 20_000) ** 0.5 + 1e-9
        assert case.margin is not None
        assert case.margin <= 0  # labels meet
        assert case.margin == 0 or case.share.upper < 1


def test_compiled_code_agrees_with_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two engines: the flow over the boundary in float64 balls, and each cell in integers."""
    program = random_program(np.random.default_rng(8), 2, 3)
    work = positive.PositiveSet(program, az.tasks.second_argmax(3), "lowest")
    one = work((0, 1, 2))
    monkeypatch.setattr(positive, "IN_INTEGERS_UP_TO", 2)
    for case, other in zip(one, work((0, 1, 2)), strict=True):
        assert case.share is not None
        assert other.share is not None
        assert case.share.intersect(other.share).width <= 1e-15
        assert other.share.width < 1e-6


def test_the_least_margin_is_that_of_some_input() -> None:
    """Against a grid of inputs whose largest is 1, evaluated in rationals."""
    program = random_program(np.random.default_rng(5), 2, 3)
    found = az.positive_inputs(program, 2, az.tasks.argmax(3), workers=1)
    for case in found.cases:
        a, b = case.positions
        margins = []
        for k in range(65):
            x = [Fraction(0)] * 3
            x[a], x[b] = Fraction(1), Fraction(k, 64)
            logit = program.evaluate(x).logit
            margins.append(logit[a] - max(logit[i] for i in range(3) if i != a))
        assert case.margin is not None
        assert case.margin <= min(margins)
        assert float(min(margins) - case.margin) < 0.2


def test_as_many_positive_inputs_as_there_are() -> None:
    """The shares average to that of the positive orthant, whose inputs are |x|."""
    model = az.load("2nd_argmax_3_3")
    found = az.positive_inputs(model, 3, workers=1)
    mean = sum(float(case.share.midpoint) for case in found.cases if case.share is not None) / 6
    x = np.abs(np.random.default_rng(9).standard_normal((3, 100_000)))
    program = model.program
    h = np.zeros((3, x.shape[1]))
    for row in x:
        drive = np.outer(np.array(program.input_weights, float), row)
        h = np.maximum(0, np.array(program.recurrent, float) @ h + drive)
    answers = (np.array(program.readout, float) @ h).argmax(0)
    share = float(np.mean(answers == np.argsort(x, axis=0)[1]))
    assert abs(share - mean) < 5 * (mean * (1 - mean) / x.shape[1]) ** 0.5


def test_published_model_of_ten_inputs() -> None:
    path = ALGZOO / "example_2nd_argmax_16_10.safetensors"
    if not path.is_file():
        pytest.skip("ARC's model is not here")
    model = az.load(path)
    found = az.positive_inputs(model, 2, time_limit=3)
    assert len(found.cases) + found.left_out == 90
    for case in found.cases[:3]:
        assert case.share is not None
        assert case.label is not None
        share = _sampled(model.program, case.positions, case.label, 20_000)
        known = float(case.share.midpoint)
        assert abs(share - known) < 5 * (known * (1 - known) / 20_000) ** 0.5 + 1e-9


def test_bad_numbers() -> None:
    with pytest.raises(InputError, match="From 1 to 2"):
        az.positive_inputs(az.load("2nd_argmax_2_2"), 3)
    with pytest.raises(InputError):
        az.positive_inputs(az.load("median_4_3"), 2)


def test_the_command() -> None:
    assert "x[0] > x[1] > 0" in text_of("sections", "2nd_argmax_4_3", "--workers", "1")
    data = json_of("sections", "2nd_argmax_4_3", "--positive", "1", "--workers", "1")
    assert [case["label"] for case in data["cases"]] == [None] * 3


def test_the_table_of_the_published_model() -> None:
    """Cases of two, three and four positive inputs, and whole sections, against samples."""
    path = ALGZOO / "example_2nd_argmax_16_10.safetensors"
    if not path.is_file():
        pytest.skip("ARC's model is not here")
    model = az.load(path)
    lines = [json.loads(text) for text in (ROOT / "benchmarks/sections.jsonl").open()]
    assert {line["sha256"] for line in lines} == {model.sha256}
    sets = [line for line in lines if line["sort"] == "positive"]
    assert sum(len(line["inputs"]) < 4 for line in sets) == 45 + 120
    count = 20_000
    for line in sets[::30]:
        positions, low, high, *_ = line["cases"][-1]
        share = _sampled(model.program, tuple(positions), positions[1], count)
        known = (float(low) + float(high)) / 2
        assert abs(share - known) < 5 * (known * (1 - known) / count) ** 0.5 + 1e-9
    for line in lines:
        if line["sort"] == "whole":
            part = az.section(model, zero=[i for i in range(10) if i not in line["inputs"]])
            found = az.sample(part, None, count, dtype="float64")
            known = (float(line["right"][0]) + float(line["right"][1])) / 2
            assert abs(found.accuracy - known) < 5 * found.standard_error
