"""Balls in float64, many at once: a midpoint and a radius that is proved to cover all rounding.

Only what attention needs. With u = 2^-53, an operation's result is off by at most u times itself,
and a sum of k products, in whatever order and with or without fused operations, by at most
gamma_k = k u / (1 - k u) <= 2 k u times the sum of their absolute values (N. J. Higham, Accuracy
and Stability of Numerical Algorithms, 2nd edition, section 3.1). Radii are sums and products of
numbers >= 0, so that their own rounding is relative: (1 + 4 (k + 8) u) covers it. ``TINY`` covers
underflow, in which an operation is off by at most 2^-1074.

Where a number overflows, the radius is infinite or nan, and nothing is ever concluded from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.floats import nearest

Floats = NDArray[np.float64]

UNIT = 2.0**-53
TINY = 2.0**-1000

# ln 2 in two parts, the first of 42 bits, so that its product with |k| < 2^11 is exact.
_LN2_HIGH = float.fromhex("0x1.62e42fefa38p-1")
_LN2_LOW = float.fromhex("0x1.ef35793c7673p-45")
_DEGREE = 13
_EXP_ERROR = 2.0**-46
_LEAST = -700.0


@dataclass(frozen=True, eq=False)
class Balls:
    """The numbers at most ``rad`` away from ``mid``, entry by entry."""

    mid: Floats
    rad: Floats

    def __getitem__(self, index: Any) -> Balls:
        return Balls(self.mid[index], self.rad[index])

    def swapaxes(self, one: int, other: int) -> Balls:
        return Balls(self.mid.swapaxes(one, other), self.rad.swapaxes(one, other))

    def reshape(self, *shape: int) -> Balls:
        return Balls(self.mid.reshape(shape), self.rad.reshape(shape))

    @property
    def shape(self) -> tuple[int, ...]:
        return self.mid.shape

    def __add__(self, other: Balls) -> Balls:
        mid = self.mid + other.mid
        return Balls(mid, _covered(self.rad + other.rad + UNIT * abs(mid), 1))

    def __mul__(self, other: Balls) -> Balls:
        """Entry by entry."""
        mid = self.mid * other.mid
        rad = abs(self.mid) * other.rad + self.rad * (abs(other.mid) + other.rad)
        return Balls(mid, _covered(rad + UNIT * abs(mid), 1))

    def __truediv__(self, other: Balls) -> Balls:
        """Entry by entry; |a'/b' - q| <= (|a' - a| + |q| |b' - b|) / |b'| for q = a/b."""
        mid = self.mid / other.mid
        least = np.where(other.mid > other.rad, other.mid - other.rad, np.nan)
        # The cancelling difference is off by u times itself: 2 u of slack, in _covered.
        rad = (self.rad + abs(mid) * (1 + 2 * UNIT) * other.rad) / least + UNIT * abs(mid)
        return Balls(mid, _covered(rad, 1))

    def __matmul__(self, other: Balls) -> Balls:
        """Products of matrices (.., i, k) and (.., k, j)."""
        terms, size, other_size = self.mid.shape[-1], abs(self.mid), abs(other.mid)
        rad = size @ other.rad + self.rad @ (other_size + other.rad)
        rad += 2 * terms * UNIT * (size @ other_size)
        return Balls(self.mid @ other.mid, _covered(rad, terms))

    def sum(self, axis: int, keepdims: bool) -> Balls:
        terms = self.mid.shape[axis]
        rad = self.rad.sum(axis, keepdims=keepdims)
        rad += 2 * terms * UNIT * abs(self.mid).sum(axis, keepdims=keepdims)
        return Balls(self.mid.sum(axis, keepdims=keepdims), _covered(rad, terms))


def from_rationals(rows: Sequence[Sequence[Fraction]]) -> Balls:
    """Radius 0 where a float64 is the rational."""
    mid = np.array([[nearest(w) for w in row] for row in rows])
    exact = np.array([[nearest(w) == w for w in row] for row in rows])
    return Balls(mid, np.where(exact, 0.0, 2 * UNIT * abs(mid) + TINY))


def exp(x: Balls) -> Balls:
    """e^x, for midpoints <= 0.

    e^x = 2^k e^r with k = round(x / ln 2) and |r| < 0.347. Errors, relative to e^r >= 0.707:

    1. r is off by less than u: two subtractions with results below 0.347 are off by 0.347 u
       each, the rest by far less.
    2. The Taylor polynomial leaves out less than 0.347^14 / 14! * e^0.347 < 6e-18 < 0.06 u.
    3. Horner's rule is off by at most gamma_28 e^0.347 < 40 u, rounded coefficients included
       (Higham, section 5.1).

    Together that is below (1 + 0.06 + 40) u / 0.707 < 2^-46. Scaling by 2^k is exact, since
    k >= -1010. Below ``_LEAST`` the value is less than e^-700 < TINY / 2.
    A radius rho <= 1/2 of x changes e^x by a factor within 1 +- 2 rho.
    """
    x_mid = np.maximum(x.mid, _LEAST)
    k = np.rint(x_mid * 1.4426950408889634)
    r = (x_mid - k * _LN2_HIGH) - k * _LN2_LOW
    p = np.full_like(r, 1 / factorial(_DEGREE))
    for j in range(_DEGREE - 1, -1, -1):
        p = p * r + 1 / factorial(j)
    mid = np.ldexp(p, np.nan_to_num(k).astype(np.int64))
    spread = np.where(x.rad <= 0.5, 2 * x.rad, np.inf)
    return Balls(mid, _covered(mid * (spread + 2 * _EXP_ERROR), 1))


def _covered(rad: Floats, terms: int) -> Floats:
    covered: Floats = rad * (1 + 4 * (terms + 8) * UNIT) + TINY
    return covered
