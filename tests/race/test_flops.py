"""The counter against arithmetic on numbers that count themselves, and against hand counts."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy.special import ndtr, ndtri

import algzoo_exact as az
from algzoo_exact.race.entries.flops import (
    TRANSCENDENTAL,
    BudgetSpentError,
    Counted,
    FlopCounter,
    UncountedError,
    plain,
    sample_cost,
)
from algzoo_exact.race.entries.normal import normal_cdf, normal_quantile


class Tally:
    """A number that counts scalar operations by itself: independent of how arrays are priced."""

    total = 0

    def __init__(self, value: float) -> None:
        self.value = value

    def _with(self, other: Any, do: Callable[[float, float], Any]) -> Any:
        Tally.total += 1
        result = do(self.value, other.value if isinstance(other, Tally) else other)
        return result if isinstance(result, bool) else Tally(result)

    def __add__(self, other: Any) -> Any:
        return self._with(other, operator.add)

    def __radd__(self, other: Any) -> Any:
        return self._with(other, operator.add)

    def __sub__(self, other: Any) -> Any:
        return self._with(other, operator.sub)

    def __mul__(self, other: Any) -> Any:
        return self._with(other, operator.mul)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Any:
        return self._with(other, operator.truediv)

    def __neg__(self) -> Tally:
        Tally.total += 1
        return Tally(-self.value)

    def __gt__(self, other: Any) -> Any:
        return self._with(other, operator.gt)

    def __ge__(self, other: Any) -> Any:
        return self._with(other, operator.ge)

    def __float__(self) -> float:
        return self.value


def _both(compute: Callable[..., Any], *arrays: np.ndarray) -> tuple[int, int]:
    """Operations by the counter and by the numbers themselves; the values must agree too."""
    counter = FlopCounter()
    counted = compute(*(counter.array(array) for array in arrays))
    Tally.total = 0
    tallied = compute(*(np.vectorize(Tally, otypes=[object])(array) for array in arrays))
    assert isinstance(counted, Counted)
    scalars = np.vectorize(float)(tallied)
    np.testing.assert_allclose(plain(counted), scalars, rtol=1e-12)
    np.testing.assert_allclose(plain(counted), compute(*arrays), rtol=0, atol=0)
    return counter.total, Tally.total


SHAPES = np.arange(1.0, 13).reshape(3, 4)


@pytest.mark.parametrize(
    "compute",
    [
        lambda a, b: a + b,
        lambda a, b: 2 * a - b / 3,
        lambda a, b: -(a * b) + 1,
        lambda a, b: np.maximum(a, b),
        lambda a, b: a[:, 1:] * b[:, :-1],
        lambda a, b: (a * b[0])[::2].reshape(-1) + 1,
        lambda a, b: np.concatenate([a + b, b.T.reshape(3, 4) - a]),
        lambda a, b: np.sum(a * b, axis=1) + np.transpose(b.T)[:, 0],
    ],
)
def test_counts_equal_those_of_self_counting_numbers(compute: Callable[..., Any]) -> None:
    counted, tallied = _both(compute, SHAPES, SHAPES[::-1])
    assert counted == tallied > 0


def test_a_product_costs_one_addition_more_than_it_needs() -> None:
    """2 m n k by the rule; m n (2 k - 1) by the numbers themselves."""
    counted, tallied = _both(lambda a, b: a @ b, SHAPES, SHAPES.T)
    assert (counted, tallied) == (2 * 3 * 3 * 4, 3 * 3 * (2 * 4 - 1))


# Hand counts: operation, price of it on a (3, 4) array.
HAND = [
    (lambda a: np.exp(a), 12 * TRANSCENDENTAL),
    (lambda a: a**2, 12),
    (lambda a: a**1.5, 12 * TRANSCENDENTAL),
    (lambda a: np.sqrt(a), 12),
    (lambda a: np.abs(a), 12),
    (lambda a: a > 1, 12),
    (lambda a: np.where(a > 1, a, 0.0), 24),
    (lambda a: a.sum(), 11),
    (lambda a: a.sum(axis=0), 8),
    (lambda a: a.max(axis=1), 9),
    (lambda a: np.argmax(a, axis=0), 8),
    (lambda a: np.sort(a, axis=1), 3 * 4 * 2),
    (lambda a: np.argsort(a[:, :3], axis=1), 3 * 3 * 2),
    (lambda a: a[0] @ a[1], 8),
    (lambda a: np.matmul(np.stack([a, a]), a.T), 2 * 2 * 3 * 3 * 4),
    (lambda a: normal_cdf(a), 12 * TRANSCENDENTAL),
    (lambda a: normal_quantile(a / 13), 12 + 12 * TRANSCENDENTAL),
    (lambda a: a.T.reshape(2, 6)[:, [0, 2]].copy(), 0),
    (lambda a: np.stack([a, np.zeros_like(a), np.broadcast_to(a[0], (3, 4))]), 0),
]


@pytest.mark.parametrize(("compute", "price"), HAND)
def test_prices(compute: Callable[..., Any], price: int) -> None:
    counter = FlopCounter()
    result = compute(counter.array(SHAPES))
    assert counter.total == price
    np.testing.assert_array_equal(plain(result), compute(SHAPES))


def _assigned(a: Any) -> Any:
    b = a.copy()
    b[b > 6] = a[0, 0]  # 12 comparisons
    b += 1  # in place
    np.multiply(b, 2, out=b)
    return b


def test_assignment_in_place() -> None:
    counter = FlopCounter()
    given = counter.array(SHAPES)
    np.testing.assert_array_equal(plain(_assigned(given)), _assigned(SHAPES))
    assert counter.total == 36
    np.testing.assert_array_equal(plain(given), SHAPES)


@pytest.mark.parametrize(
    "compute",
    [
        lambda a: np.linalg.svd(a),
        lambda a: np.fft.fft(a),
        lambda a: np.ldexp(a, 2),
        lambda a: np.var(a),
        lambda a: np.add.at(a, [0], 1),
        lambda a: np.einsum("ij->i", a),
        lambda a: np.add.reduce(a, axis=1),
        lambda a: np.linalg.cholesky(a),
        lambda a: np.asarray(a) + 1,
        lambda a: float(a[0, 0]),
        lambda a: np.percentile(a, 50),
        lambda a: a.cumsum(),
    ],
)
def test_what_has_no_price_is_refused(compute: Callable[..., Any]) -> None:
    """An unknown operation raises; nothing slips through uncounted."""
    with pytest.raises((UncountedError, AttributeError)):
        compute(FlopCounter().array(SHAPES))


def test_operations_add_up_to_the_limit() -> None:
    counter = FlopCounter(161)
    a = np.exp(counter.array(np.zeros((3, 4))) + 1)
    counter.charge(5)
    assert counter.total == 12 + 120 + 5
    with pytest.raises(BudgetSpentError):
        np.exp(a)
    assert bool((a > 0).sum() == 12)
    assert counter.total == 137 + 12 + 11 + 1
    with pytest.raises(ValueError, match="negative"):
        counter.charge(-1)


def test_the_published_cost_of_a_sample() -> None:
    """5,760 for M(16,10), as published; and the products of a forward pass under the counter."""
    program = az.load("2nd_argmax_16_10").program
    assert sample_cost(program) == 5760
    counter = FlopCounter()
    w_hi, w_hh, w_oh = (counter.array(np.ones(shape)) for shape in ((16, 1), (16, 16), (10, 16)))
    x = np.random.default_rng(0).standard_normal(10)
    h: Any = np.zeros((16, 1))
    for value in x:
        h = np.maximum(w_hh @ h + w_hi @ np.full((1, 1), value), 0)
    w_oh @ h
    # The ReLUs and the additions of W_hi x to W_hh h are not in the published formula.
    assert counter.total - 2 * 10 * 16 == sample_cost(program)


def test_the_normal_distribution() -> None:
    """Against scipy."""
    x = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(normal_cdf(x), ndtr(x), rtol=1e-13)
    p = np.concatenate([10.0 ** -np.arange(1, 300, 7), np.linspace(0.01, 0.999, 50)])
    np.testing.assert_allclose(normal_quantile(p), ndtri(p), rtol=1e-12, atol=1e-14)
