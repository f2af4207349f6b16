"""Statements asked about: verdicts, and probabilities against counting, samples and symmetry."""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.programs import random_program
from typer.testing import CliRunner

import algzoo_exact as az
from algzoo_exact.cli.app import app
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure

MODEL = az.load("2nd_argmax_4_3")


def _bounds(asked: az.Asked) -> Enclosure:
    assert asked.probability.enclosure is not None
    return asked.probability.enclosure


def test_order_is_counted() -> None:
    asked = az.ask(MODEL, "x[0] > x[1] and x[1] > x[2]", seconds=10)
    assert asked.outcome.status == "refuted"
    assert asked.probability.rational == Fraction(1, 6)
    asked = az.ask(MODEL, "x[0] > x[1]", given="x[1] > x[2]", seconds=10)
    assert asked.probability.rational == Fraction(1, 3)


def test_what_holds_everywhere_has_probability_one() -> None:
    asked = az.ask(MODEL, "h[2][0] >= 0")
    assert asked.outcome.status == "proved"
    assert asked.probability.rational == 1


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_against_a_sample_and_the_complement(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = random_program(rng, 2, 3)
    first = az.ask(program, "logit[0] > logit[1]", seconds=20)
    second = az.ask(program, "logit[0] <= logit[1]", seconds=20)
    total = _bounds(first).plus(_bounds(second))
    assert total.contains(1)
    w_in, w, out = program.input_weights, program.recurrent, program.readout
    x, h = rng.standard_normal((3, 40_000)), np.zeros((2, 40_000))
    for t in range(3):
        z = np.array(w, float) @ h + np.outer(np.array(w_in, float), x[t])
        h = np.maximum(0, z)
    logits = np.array(out, float) @ h
    share = float(np.mean(logits[0] > logits[1]))
    known = float(_bounds(first).midpoint)
    assert abs(share - known) < 5 * (known * (1 - known) / 40_000) ** 0.5 + 1e-9


def test_given_is_a_quotient() -> None:
    both = az.ask(MODEL, "logit[0] > logit[1] and x[0] < x[1]")
    asked = az.ask(MODEL, "logit[0] > logit[1]", given="x[0] < x[1]")
    assert float(_bounds(asked).midpoint) == pytest.approx(2 * float(_bounds(both).midpoint))


def test_nothing_is_given_by_what_never_happens() -> None:
    with pytest.raises(InputError, match="probability 0"):
        az.ask(MODEL, "x[0] > 0", given="x[0] > x[1] and x[1] > x[0]", seconds=5)


def test_the_command() -> None:
    runner = CliRunner()
    shown = runner.invoke(app, ["ask", "2nd_argmax_4_3", "h[1][0] > 0", "--json"])
    data = json.loads(shown.output)
    assert data["verdict"] == "refuted"
    assert len(data["witness"]) == 3
    assert 0 < float(data["probability"]["lower"]) <= float(data["probability"]["upper"]) < 1
    typo = runner.invoke(app, ["ask", "2nd_argmax_4_3", "h[7][0] > 0"])
    assert typo.exit_code == 2
