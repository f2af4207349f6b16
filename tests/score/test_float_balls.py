"""Float64 balls hold the truth: rational arithmetic and mpmath are the oracles."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from algzoo_exact.score import float_balls as balls
from algzoo_exact.score.float_balls import Balls

# From far below float64's range to its end, so that underflow and overflow occur.
NUMBERS = st.one_of(
    st.floats(-100, 100), st.floats(allow_nan=False, allow_infinity=False), st.just(0.0)
)
RADII = st.one_of(st.just(0.0), st.floats(0, 1e-6), st.floats(0, 1e3))
BALLS = st.tuples(NUMBERS, RADII)
SIDES = st.sampled_from([-1, 0, 1])
"""Which of a ball's numbers stands for the truth: an end or the middle."""


def ball(rows: list[list[tuple[float, float]]]) -> Balls:
    pairs = np.array(rows, float)
    return Balls(pairs[..., 0], pairs[..., 1])


def truth(pair: tuple[float, float], side: int) -> Fraction:
    return Fraction(pair[0]) + side * Fraction(pair[1])


def holds(found: Balls, value: Fraction) -> bool:
    middle, radius = found.mid.item(), found.rad.item()
    if not (np.isfinite(middle) and np.isfinite(radius)):
        return True  # claims nothing
    return abs(value - Fraction(middle)) <= Fraction(radius)


@given(BALLS, SIDES, BALLS, SIDES)
def test_sums_products_and_quotients(
    a: tuple[float, float], side_a: int, b: tuple[float, float], side_b: int
) -> None:
    x, y = truth(a, side_a), truth(b, side_b)
    one, two = ball([[a]]), ball([[b]])
    with np.errstate(all="ignore"):
        assert holds(one + two, x + y)
        assert holds(one * two, x * y)
        quotient = one / two
    if abs(Fraction(b[0])) <= Fraction(b[1]):
        assert not np.isfinite(quotient.rad.item())  # it may be a division by 0
    else:
        assert y < 0 or holds(quotient, x / y)  # only positive divisors occur


@given(st.lists(st.tuples(BALLS, SIDES, BALLS, SIDES), min_size=1, max_size=9))
def test_products_of_matrices(
    terms: list[tuple[tuple[float, float], int, tuple[float, float], int]],
) -> None:
    expected = sum((truth(a, s) * truth(b, t) for a, s, b, t in terms), Fraction(0))
    row, column = ball([[a for a, *_ in terms]]), ball([[b] for _, _, b, _ in terms])
    with np.errstate(all="ignore"):
        assert holds(row @ column, expected)
        assert holds(
            row.sum(-1, keepdims=True), sum((truth(a, s) for a, s, *_ in terms), Fraction(0))
        )


@given(st.one_of(st.floats(-700, 0), st.floats(-1, 0), st.floats(-1e4, -600)), RADII, SIDES)
def test_exponentials(x: float, radius: float, side: int) -> None:
    found = balls.exp(ball([[(x, radius)]]))
    with mpmath.workdps(60):
        value = mpmath.exp(mpmath.mpf(x) + side * mpmath.mpf(radius))
        middle, rad = mpmath.mpf(found.mid.item()), mpmath.mpf(found.rad.item())
        assert abs(value - middle) <= rad
        if radius == 0 and x > -690:
            # Tight too: 2^-45 of the value, where the bound's derivation gives 2^-46.
            assert rad <= value * 2.0**-44 + mpmath.mpf(balls.TINY)


def test_the_exponentials_bound_has_slack() -> None:
    """The derived error is an upper bound; the true one, on a grid, is far below it."""
    x = np.concatenate([np.linspace(-700, 0, 2001), np.linspace(-1, 0, 2001)])
    found = balls.exp(Balls(x, np.zeros_like(x))).mid
    with mpmath.workdps(40):
        errors = [
            abs(mpmath.mpf(m) / mpmath.exp(mpmath.mpf(v)) - 1)
            for m, v in zip(found, x, strict=True)
        ]
    assert max(errors) < 2.0**-51


def test_overflow_claims_nothing() -> None:
    huge = ball([[(1e300, 0.0)]])
    with np.errstate(all="ignore"):
        squared = huge * huge
        assert not np.isfinite(squared.rad).any() or not np.isfinite(squared.mid).any()
        assert not np.isfinite(balls.exp(ball([[(-1.0, 1.0)]])).rad).any()


@pytest.mark.parametrize("value", [Fraction(1, 3), Fraction(3, 2**60), Fraction(10) ** 400])
def test_rationals_are_enclosed(value: Fraction) -> None:
    found = balls.from_rationals([[value]])
    assert holds(found, value)
    if value == Fraction(3, 2**60):
        assert found.rad.item() == 0


def test_a_radius_without_rounding_would_be_noticed() -> None:
    """The tests above can fail: 1/10 + 2/10 is not 3/10 in float64."""
    found = ball([[(0.1, 0.0)]]) + ball([[(0.2, 0.0)]])
    exact = Fraction(0.1) + Fraction(0.2)
    assert holds(found, exact)
    assert not holds(Balls(found.mid, np.zeros_like(found.rad)), exact)
