"""Linear functionals at rays: bounds that hold, and exact zeros just where all terms vanish.

Oracle: fractions, with each number off by as much as it may be.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algzoo_exact.arrays import F64
from algzoo_exact.measure.balls_f64 import U
from algzoo_exact.regions import forms
from algzoo_exact.regions.batch import Rays

Way = Callable[[F64, F64, F64], tuple[float, float]]

numbers = st.just(0.0) | st.floats(1e-200, 1e3) | st.floats(-1e3, -1e-200)
terms = st.lists(st.tuples(numbers, numbers, st.just(0.0) | st.floats(1e-280, 1.0)), min_size=1)


def one_by_one(w: F64, v: F64, e: F64) -> tuple[float, float]:
    """w . v as for a difference of logits at a ray."""
    values, errors = (np.array([[*column, np.nan]]) for column in (v, e))
    forms.evaluate(w, Rays(values, errors, np.zeros((1, 1), np.uint64), 1), 0, len(w))
    return float(values[0, -1]), float(errors[0, -1])


def side_by_side(w: F64, v: F64, e: F64) -> tuple[float, float]:
    """w . v as for the neurons of a layer."""
    totals, bounds = np.zeros(1), np.zeros(1)
    for k in range(len(w)):
        forms._add_multiples(v[k], e[k], (len(w) + 3) * U, w[k : k + 1], totals, bounds)
    return float(totals[0]), float(bounds[0])


@pytest.mark.parametrize("way", [one_by_one, side_by_side])
@given(of=terms)
def test_bounds_hold(way: Way, of: list[tuple[float, float, float]]) -> None:
    value, bound = way(*(np.array(column) for column in zip(*of, strict=True)))
    for sign in (-1, 0, 1):
        exact = sum(
            Fraction(w) * (Fraction(v) + (sign if w > 0 else -sign) * Fraction(e)) for w, v, e in of
        )
        assert abs(exact - Fraction(value)) <= Fraction(bound)
    assert (bound == 0) == all(w == 0 or v == e == 0 for w, v, e in of)


@pytest.mark.parametrize("way", [one_by_one, side_by_side])
def test_a_product_that_underflows_is_no_zero(way: Way) -> None:
    value, bound = way(np.array([1e-200]), np.array([1e-200]), np.zeros(1))
    assert value == 0 < bound
