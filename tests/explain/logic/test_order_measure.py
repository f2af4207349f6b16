"""Probabilities of statements about order and signs."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.formulas import ZERO, by_all_orders, order_formulas, x

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    Logic,
    Number,
    evaluate,
)
from algzoo_exact.explain.logic.order_probability import order_probability


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), order_formulas(n))))
def test_against_all_orders(case: tuple[int, Formula]) -> None:
    n, formula = case
    assert order_probability(formula, n) == by_all_orders(formula, n)


def test_known_probabilities() -> None:
    for n in range(2, 11):
        largest = Compare(">=", x(0), Apply("max", tuple(x(i) for i in range(n))))
        assert order_probability(largest, n) == Fraction(1, n)
        positive = Apply("min", tuple(x(i) for i in range(n)))
        assert order_probability(Compare(">", positive, ZERO), n) == Fraction(1, 2**n)
        # x[0] is larger than the positive part of the rest: by symmetry 1/n of "not all negative".
        rest = Apply("max", (ZERO, *(x(i) for i in range(1, n))))
        expected = Fraction(1, n) * (1 - Fraction(1, 2**n))
        assert order_probability(Compare(">", x(0), rest), n) == expected


def test_two_or_more_of_ten_are_positive() -> None:
    """A symmetric statement about ten inputs: the binomial distribution is the oracle."""
    n = 10
    second = [
        Apply("max", tuple(Apply("min", (x(i), x(j))) for i in range(j))) for j in range(1, n)
    ]
    some = Compare(">", Apply("max", tuple(second)), ZERO)
    assert order_probability(some, n) == 1 - Fraction(1 + n, 2**n)


def test_statements_about_sums_are_refused() -> None:
    total = Apply("add", (x(0), x(1)))
    with pytest.raises(InputError, match=r"is no input and not 0"):
        order_probability(Compare(">", total, ZERO), 2)
    with pytest.raises(InputError, match="is no input"):
        order_probability(Compare(">", Number(Fraction(1)), x(0)), 2)


def test_samples_agree() -> None:
    formula = Logic(
        "or",
        (
            Compare(">", x(0), Apply("max", (x(1), ZERO))),
            Logic("not", (Compare("<", x(2), Apply("min", (x(0), x(3)))),)),
        ),
    )
    exact = float(order_probability(formula, 4))
    rng = random.Random(0)
    count, hits = 20_000, 0
    for _ in range(count):
        point = [Fraction(rng.gauss(0, 1)) for _ in range(4)]
        hits += evaluate(formula, lambda entry, point=point: point[entry.indices[0]])
    assert abs(hits / count - exact) < 5 * (exact * (1 - exact) / count) ** 0.5
