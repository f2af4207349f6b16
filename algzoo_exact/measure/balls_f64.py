"""Balls in float64, compiled: a number is a midpoint and a radius that covers all rounding.

With U = 2^-53, an operation is off by at most U times its result (only +, -, *, / and sqrt are
used, which IEEE 754 rounds correctly). SLACK covers the rounding of the radii themselves, TINY
covers underflow. A radius that is infinite or NaN claims nothing, and any use of it stays so.

The arctangent and the logarithm come from tables and short series, with the errors proved at each
of them; the mathematics library's own have no proof.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.jit import compiled

U = 2.0**-53  # unit roundoff
SLACK = 1.0 + 2.0**-20  # covers the rounding of the bounds themselves
TINY = 1e-290  # covers underflow

Ball = tuple[float, float]
F64 = NDArray[np.float64]

# Rounded from balls, so each is off by an ulp at most.
_ATAN = np.array([float((arb(k) / 32).atan()) for k in range(33)])
_LOG = np.array([float((arb(k) / 64).log()) if k else 0.0 for k in range(97)])
_HALF_PI = math.pi / 2
# log 2 in two parts, the first of 42 bits, so that its product with |k| < 2^11 is exact.
_LN2_HIGH = float.fromhex("0x1.62e42fefa38p-1")
_LN2_LOW = float.fromhex("0x1.ef35793c7673p-45")


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
def divide(a: Ball, b: Ball) -> Ball:
    """|a'/b' - q| <= (|a' - a| + |q| |b' - b|) / |b'| for q = a/b."""
    mid = a[0] / b[0]
    least = abs(b[0]) - b[1]
    if not least > 0.0:
        return mid, math.inf
    # The cancelling difference is off by U times itself: within SLACK.
    return mid, ((a[1] + abs(mid) * b[1]) / least + 2.0 * U * abs(mid)) * SLACK + TINY


@compiled
def scale(a: Ball, power: float) -> Ball:
    """The product with a power of two."""
    return a[0] * power, a[1] * power + TINY


@compiled
def root(a: Ball) -> Ball:
    """The square root of a positive ball: sqrt(a) - sqrt(a - r) <= r / sqrt(a)."""
    if not a[0] > a[1]:
        return a[0], math.inf
    mid = math.sqrt(a[0])
    return mid, (a[1] / mid + 2.0 * U * mid) * SLACK


@compiled
def atan(a: Ball) -> Ball:
    """With y = |a| or 1/|a| at most 1, and c = k/32 next to it,

        atan y = atan c + atan t,   t = (y - c) / (1 + c y),   |t| <= 1/64.

    y - c is exact (Sterbenz), so t is off by 4 U |t| at most; so is its series, whose remainder is
    below t^11 / 11 < 2e-5 U. The table is off by U, the sum by U. If inverted, 1/|a| adds U, pi/2
    and the last difference U each: below 6 U in all. The derivative is 1 / (1 + x^2).
    """
    y = abs(a[0])
    inverted = y > 1.0
    if inverted:
        y = 1.0 / y
    if not y <= 1.0:  # not a number
        return y, math.inf
    k = int(32.0 * y + 0.5)
    c = k / 32.0
    t = (y - c) / (1.0 + c * y)
    s = t * t
    mid = _ATAN[k] + t * (1.0 - s * (1.0 / 3.0 - s * (0.2 - s * (1.0 / 7.0 - s / 9.0))))
    if inverted:
        mid = _HALF_PI - mid
    near = max(0.0, abs(a[0]) - a[1])
    return math.copysign(mid, a[0]), a[1] / (1.0 + near * near) * SLACK + 8.0 * U


@compiled
def log(a: Ball) -> Ball:
    """For a positive ball. With a = 2^e m, 3/4 <= m < 3/2, and c = k/64 next to m,

        log a = e log 2 + log c + 2 artanh s,   s = (m - c) / (m + c),   |s| < 0.0053.

    m - c is exact (Sterbenz); the series leaves out less than 2 s^9 / 9 < 1e-5 U and is off by
    U / 16 at most. The table is off by U; the sums by U times the sizes of e log 2 and the result.
    The derivative is 1/x.
    """
    least = a[0] - a[1]
    if not (least > 0.0 and a[0] < math.inf):
        return a[0], math.inf
    m, e = math.frexp(a[0])
    if m < 0.75:
        m *= 2.0
        e -= 1
    k = int(64.0 * m + 0.5)
    c = k / 64.0
    s = (m - c) / (m + c)
    q = s * s
    series = 2.0 * s * (1.0 + q * (1.0 / 3.0 + q * (0.2 + q / 7.0)))
    mid = e * _LN2_HIGH + _LOG[k] + (series + e * _LN2_LOW)
    return mid, (a[1] / least + U * (4.0 + 2.0 * abs(e) + 2.0 * abs(mid))) * SLACK


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
