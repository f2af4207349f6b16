"""Sampled figures of claims.

Oracles: exact evaluation, equal to float64 on small integers; exact rational probabilities; closed
forms of Gaussian errors, known from textbooks; a shipped model's exact accuracy.
"""

from __future__ import annotations

import json
from fractions import Fraction
from math import pi, sqrt
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cells import right
from support.formulas import (
    ZERO,
    at,
    every,
    formulas,
    greatest,
    h,
    implies,
    minus,
    number,
    second_is,
    terms,
    x,
)
from support.paths import MODELS
from support.programs import exact_program

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    Term,
    Truth,
    evaluate,
    evaluate_term,
)
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Figure
from algzoo_exact.explain.prove.sampled_figures import (
    Block,
    Floating,
    sampled_error,
    sampled_probability,
)
from algzoo_exact.program.ir import rnn

ALL = Truth(True)
INTEGERS = exact_program([1, -2, 3], [[1, -1, 0], [2, 0, -3], [-1, 1, 2]], [[1, 2, -1]] * 3, 3)


def within(figure: Figure, value: float, sigmas: float = 5) -> bool:
    """Whether the estimate lies near the value; the seed is fixed, so it always does or never."""
    assert figure.kind == "sampled"
    assert figure.enclosure is None
    assert figure.estimate is not None
    assert figure.error is not None
    return abs(figure.estimate - value) <= sigmas * figure.error


@given(st.data())
def test_float_evaluation_is_exact_on_small_integers(data: st.DataObject) -> None:
    random = Random(data.draw(st.integers(0, 1000)))
    points = [tuple(Fraction(random.randint(-9, 9)) for _ in range(3)) for _ in range(5)]
    inputs = np.array([[float(v) for v in point] for point in points]).T
    block = Block(Floating(INTEGERS), inputs)
    term, formula = data.draw(terms(INTEGERS)), data.draw(formulas(INTEGERS))
    values = [at(INTEGERS, point) for point in points]
    expected = [evaluate_term(term, value) for value in values]
    assert [Fraction(v) for v in block.term(term).tolist()] == expected
    assert block.formula(formula).tolist() == [evaluate(formula, value) for value in values]


@pytest.mark.parametrize(
    "formula",
    [
        second_is(2, 0, 3),
        every(Compare(">", x(0), ZERO), Compare("<", x(1), x(2))),
        implies(Compare(">", x(0), x(1)), Compare(">=", greatest(x(1), ZERO), x(2))),
    ],
)
def test_probabilities_of_orders(formula: Formula) -> None:
    exact = order_probability(formula, 3)
    found = sampled_probability(INTEGERS, formula, 200_000)
    assert within(found, float(exact))
    assert not within(found, float(exact) + 0.01)
    assert found.samples == 200_000


@pytest.mark.parametrize(
    ("left", "right", "domain", "mean", "root"),
    [
        (x(0), ZERO, ALL, sqrt(2 / pi), 1.0),
        (x(0), x(2), ALL, sqrt(4 / pi), sqrt(2)),
        (Apply("relu", (x(0),)), ZERO, ALL, sqrt(1 / (2 * pi)), sqrt(1 / 2)),
        # Given x0 > 0 the same as |x0|; given x1 > 0, nothing changes.
        (x(0), ZERO, Compare(">", x(0), ZERO), sqrt(2 / pi), 1.0),
        (x(0), ZERO, Compare(">", x(1), ZERO), sqrt(2 / pi), 1.0),
        (x(1), x(1), ALL, 0.0, 0.0),
    ],
)
def test_gaussian_errors(
    left: Term, right: Term, domain: Formula, mean: float, root: float
) -> None:
    size = 100_000
    found = sampled_error(INTEGERS, left, right, None, domain, "mean", size)
    assert within(found, mean)
    assert not within(found, mean + 0.05)
    found = sampled_error(INTEGERS, left, right, None, domain, "root_mean_square", size)
    assert within(found, root)
    assert not within(found, root + 0.05)
    assert found.samples is not None
    assert abs(found.samples - size / (1 if domain is ALL else 2)) < 1000


def test_blocks_do_not_show() -> None:
    """Mean and standard error over three blocks are numpy's over all at once."""
    size = 40_000
    found = sampled_error(INTEGERS, x(1), ZERO, None, ALL, "mean", size, seed=7)
    random = np.random.RandomState(7)
    starts = range(0, size, 1 << 14)
    drawn = [random.standard_normal((3, min(1 << 14, size - start))) for start in starts]
    sizes = np.abs(np.hstack(drawn)[1])
    assert found.estimate == pytest.approx(sizes.mean(), rel=1e-12)
    assert found.error == pytest.approx(sizes.std(ddof=1) / sqrt(size), rel=1e-12)


def test_suprema_are_approached_from_below() -> None:
    scale = greatest(*(Apply("abs", (x(i),)) for i in range(3)))
    # |x0 - x1| is at most twice the largest input.
    found = sampled_error(INTEGERS, x(0), x(1), scale, ALL, "supremum", 50_000)
    assert found.estimate is not None
    assert 1.9 < found.estimate < 2 + 1e-12
    assert found.error is None
    more = sampled_error(INTEGERS, x(0), x(1), scale, ALL, "supremum", 100_000)
    assert more.estimate is not None
    assert more.estimate >= found.estimate
    # Equal terms say nothing where the scale is 0, and others differ without bound there.
    scale = Apply("relu", (x(2),))
    found = sampled_error(INTEGERS, scale, ZERO, scale, ALL, "supremum", 1000)
    assert found.estimate == 1
    found = sampled_error(INTEGERS, x(0), ZERO, scale, ALL, "supremum", 1000)
    assert found.estimate == float("inf")


def test_accuracy_as_a_formula() -> None:
    """The exact accuracy on the model's card, which other tests check."""
    model = az.load(MODELS / "2nd_argmax_4_3.safetensors")
    assert model.task is not None
    found = sampled_probability(model.program, right(model.task, 3), 200_000)
    card = json.loads((MODELS / "2nd_argmax_4_3.json").read_text())
    assert within(found, float(card["score"]["lower"]))


def test_little_or_nothing_in_the_domain() -> None:
    never = Compare(">", x(0), x(0))
    for error in ("mean", "root_mean_square"):
        found = sampled_error(INTEGERS, x(0), ZERO, None, never, error, 1000)
        assert (found.estimate, found.samples) == (None, 0)
    assert sampled_error(INTEGERS, x(0), ZERO, x(0), never, "supremum", 1000).estimate is None
    found = sampled_probability(INTEGERS, never, 1000)
    assert found.estimate == 0
    assert found.error is not None
    assert 0 < found.error < 0.002


def test_what_float64_cannot_hold_is_said() -> None:
    huge = rnn((10**300,), ((10**300,),), ((1,),), 3)
    with pytest.raises(InputError, match="range"):
        sampled_probability(huge, Compare(">", h(2, 0), ZERO), 100)
    with pytest.raises(InputError, match="range"):
        sampled_probability(INTEGERS, Compare(">", number(10**400), x(0)), 100)
    with pytest.raises(InputError, match="at least 1"):
        sampled_error(INTEGERS, minus(x(0), x(1)), ZERO, None, ALL, "mean", 0)
