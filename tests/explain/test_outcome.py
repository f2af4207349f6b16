"""Outcomes, and what the functions that give them make of wrong arguments.

Oracles: the definition of each status, and planted faults.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from support.programs import handcrafted_2_2
from support.stories import claim, only

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.language.expression import EVERYWHERE, Compare, Entry, Number
from algzoo_exact.explain.outcome import Outcome, joined

TWO = handcrafted_2_2()
BELOW = Compare("<", Entry("x", (0,)), Number(Fraction(0)))


@pytest.mark.parametrize("status", ["proved", "unknown"])
def test_only_a_refutation_has_a_witness(status: Any) -> None:
    with pytest.raises(ValueError, match="A witness refutes"):
        Outcome(Verdict(status), witness=(Fraction(1), Fraction(2)))


def test_the_three_answers() -> None:
    refuted = Outcome.refuted((Fraction(1), Fraction(1, 2)), BELOW, EVERYWHERE, "by hand")
    assert (refuted.status, refuted.verdict.reason) == ("refuted", "it fails at x = (1.0, 0.5)")
    assert refuted.failing == (BELOW, EVERYWHERE)
    assert Outcome.proved("by hand", "a line").details == ("a line",)
    assert Outcome.unknown("no time").verdict == Verdict("unknown", "no time")
    assert Outcome.unknown("no time").parameters == ()


def test_together() -> None:
    assert joined([]) == "unknown"  # nothing vacuous is proved
    assert joined(["proved", "proved"]) == "proved"
    assert joined(["proved", "unknown"]) == "unknown"
    assert joined(["unknown", "refuted", "proved"]) == "refuted"


def test_no_time_is_no_empty_domain() -> None:
    late = only(TWO, claim("r", "right"), seconds=1e-9)
    assert (late.status, late.vacuous) == ("unknown", False)
    assert "leaves no label" not in late.verdict.reason
    empty = only(TWO, claim("r", "right", domain="x[0] > x[1] and x[1] > x[0]"))
    assert (empty.status, empty.vacuous) == ("unknown", True)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: az.verify("story.toml", TWO), "load_explanation .*, not a str"),  # type: ignore[arg-type]
        (lambda: az.prove(None, "x[0] > 0"), "NoneType"),  # type: ignore[arg-type]
        (lambda: az.prove(TWO, 5), "a statement is a text, not a int"),  # type: ignore[arg-type]
        (lambda: az.probability("x[0] > 0", 0), "at least 1, not 0"),
        (lambda: az.probability("x[0] > 0", "2"), "number of inputs, not a str"),  # type: ignore[arg-type]
        (lambda: az.surprise(TWO), "what verify returns, not a Program"),  # type: ignore[arg-type]
        (lambda: az.load_explanation(7), "read from a path, not a int"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_input_errors(call: Callable[[], object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        call()
