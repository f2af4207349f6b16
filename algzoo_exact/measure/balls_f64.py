"""Balls in float64, compiled: a number is a midpoint and a radius that covers all rounding.

With U = 2^-53, an operation is off by at most U times its result (only +, -, *, / and sqrt are
used, which IEEE 754 rounds correctly). SLACK covers the rounding of the radii themselves, TINY
covers underflow. A radius that is infinite or NaN claims nothing, and any use of it stays so.

The arctangent comes from a table and a short series, with the error proved; the mathematics
library's own has no proof.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from algzoo_exact.arrays import F64
from algzoo_exact.jit import compiled, compiled_in_place

U = 2.0**-53  # unit roundoff
SLACK = 1.0 + 2.0**-20  # covers the rounding of the bounds themselves
TINY = 1e-290  # covers underflow

Ball = tuple[float, float]

# Rounded from balls, so each is off by half an ulp or little more.
_ATAN = np.array([float((arb(k) / 32).atan()) for k in range(33)])
_HALF_PI = math.pi / 2


@compiled
def add(a: Ball, b: Ball) -> Ball:
    mid = a[0] + b[0]
    return mid, (a[1] + b[1] + U * abs(mid)) * SLACK


@compiled
def subtract(a: Ball, b: Ball) -> Ball:
    mid = a[0] - b[0]
    return mid, (a[1] + b[1] + U * abs(mid)) * SLACK


@compiled
def multiply(a: Ball, b: Ball) -> Ball:
    mid = a[0] * b[0]
    rad = abs(a[0]) * b[1] + a[1] * (abs(b[0]) + b[1]) + U * abs(mid)
    return mid, rad * SLACK + TINY


@compiled
def scale(a: Ball, power: float) -> Ball:
    """The product with a power of two."""
    return a[0] * power, a[1] * power + TINY


@compiled
def inverse(a: Ball) -> Ball:
    """1 / a, of infinite radius unless a is told from 0: |1/a - 1/b| <= |a - b| / (a b)."""
    mid = 1.0 / a[0]
    if not abs(a[0]) > 2.0 * a[1]:
        return mid, math.inf
    return mid, abs(mid) * (2.0 * a[1] * abs(mid) + U) * SLACK + TINY


@compiled_in_place
def length_ball(vector: F64, radius: float) -> Ball:
    """The length of a vector that is off by at most ``radius``."""
    total = 0.0
    for c in range(vector.shape[0]):
        total += vector[c] * vector[c]
    length = math.sqrt(total)
    return length, (radius + (vector.shape[0] + 2.0) * U * length) * SLACK + TINY


@compiled_in_place
def inner_ball(a: F64, radius_a: float, b: F64, radius_b: float) -> Ball:
    """a.b; a sum of n products is off by n U (1 + n U) sum |a b| at most, by Higham's (3.4)."""
    mid, size, squares_a, squares_b = 0.0, 0.0, 0.0, 0.0
    for c in range(a.shape[0]):
        mid += a[c] * b[c]
        size += abs(a[c] * b[c])
        squares_a += a[c] * a[c]
        squares_b += b[c] * b[c]
    rad = math.sqrt(squares_a) * radius_b + radius_a * (math.sqrt(squares_b) + radius_b)
    return mid, (rad + (a.shape[0] + 1.0) * U * size) * SLACK + TINY


@compiled
def arg(x: float, y: float) -> float:
    """The angle of the point (x, y), in (-pi, pi], off by 8 U at most. With q at most 1 the
    quotient of |x| and |y|, and c = k/32 next to it,

        atan q = atan c + atan t,   t = (q - c) / (1 + c q),   |t| <= 1/64.

    q is off by U q, hence its atan by U/2. q - c is exact (Sterbenz), so t is off by 4 U |t| at
    most; so is its series, whose remainder is below t^11 / 11 < 2e-5 U. The table is off by U, the
    sum by U/2. From pi/2, its rounding and the difference are U each; from pi, 2 U each.
    """
    right, up = abs(x), abs(y)
    steep = up > right
    q = right / up if steep else up / right
    if not q <= 1.0:  # not a number
        return q
    k = int(32.0 * q + 0.5)
    c = k / 32.0
    t = (q - c) / (1.0 + c * q)
    s = t * t
    angle: float = _ATAN[k] + t * (1.0 - s * (1.0 / 3.0 - s * (0.2 - s * (1.0 / 7.0 - s / 9.0))))
    if steep:
        angle = _HALF_PI - angle
    if x < 0.0:
        angle = math.pi - angle
    return -angle if y < 0.0 else angle


@compiled
def atan(a: Ball) -> Ball:
    """The derivative is 1 / (1 + x^2)."""
    mid, near = arg(1.0, a[0]), max(0.0, abs(a[0]) - a[1])
    if not abs(mid) < math.inf:
        return mid, math.inf
    return mid, a[1] / (1.0 + near * near) * SLACK + 8.0 * U


@compiled
def two_sum(a: float, b: float) -> tuple[float, float]:
    """a + b exactly, as its rounding and the error of that (Knuth, TAOCP 2, section 4.2.2)."""
    high = a + b
    part = high - a
    return high, (a - (high - part)) + (b - part)


@compiled
def two_product(a: float, b: float) -> tuple[float, float]:
    """a b exactly, but for over- and underflow (Dekker 1971, Numerische Mathematik 18)."""
    high = a * b
    split_a, split_b = 134217729.0 * a, 134217729.0 * b  # 2^27 + 1
    a1 = split_a - (split_a - a)
    b1 = split_b - (split_b - b)
    a2, b2 = a - a1, b - b1
    return high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2
