"""Statements as users write them: parsed, proved or refuted, measured."""

from __future__ import annotations

from fractions import Fraction

import pytest

import algzoo_exact as az
from algzoo_exact.errors import InputError


def test_what_holds_is_proved_and_what_fails_refuted() -> None:
    model = az.load("handcrafted:2nd_argmax_2")  # its logit 0 is x1 - x0
    formula = "logit[0] == x[1] - x[0]"
    assert az.prove(model, formula).verdict.status == "proved"
    found = az.prove(model, "logit[0] >= 0")
    assert found.verdict.status == "refuted"
    assert found.witness is not None
    # Oracle: the exact program at the witness.
    assert model.program.evaluate(found.witness).logit[0] < 0
    assert az.prove(model, "logit[0] >= 0", domain="x[1] >= x[0]").verdict.status == "proved"


def test_definitions_are_used() -> None:
    model = az.load("handcrafted:2nd_argmax_10")
    definitions = {"M(t)": "max(0, x[0:t])"}
    # AlgZoo's word on neuron 20 after t + 1 inputs: the maximum of all but the last.
    statement = "all(t in 0..3: h[t][20] == M(t))"
    assert az.prove(model, statement, definitions=definitions).verdict.status == "proved"
    wrong = "all(t in 0..3: h[t][20] == M(t+1))"
    assert az.prove(model, wrong, definitions=definitions).verdict.status == "refuted"
    # The largest of ten is the first, and the definition is the same with any n.
    assert az.probability("x[0] >= M(n)", 10, definitions=definitions) == Fraction(1023, 10240)


def test_what_cannot_be_read() -> None:
    model = az.load("handcrafted:2nd_argmax_2")
    with pytest.raises(InputError, match="Column 8"):
        az.prove(model, "x[0] > ")
    with pytest.raises(InputError, match="no input and not 0"):
        az.probability("x[0] + x[1] > 0", 2)
    with pytest.raises(InputError, match=r"x\[2\]|index"):
        az.prove(model, "x[2] > 0")
    with pytest.raises(InputError, match="time limit"):
        az.prove(model, "x[0] > 0", seconds=0)
    with pytest.raises(InputError, match="logit"):
        az.probability("logit[0] > 0", 2)


def test_comparisons_of_constants() -> None:
    """They are decided, and hide nothing: a half-space has one half."""
    found = az.ask(az.load("2nd_argmax_2_2"), "0 == 1 or (1 < 2 and x[0] > 2 * x[1])")
    assert found.probability.rational == Fraction(1, 2)
