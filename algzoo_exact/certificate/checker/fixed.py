"""Fixed-point functions. A real x stands as the integer x 2^p; a unit is 2^-p.

Rounding (C9): divisions and shifts round down, off by less than a unit. In units, for p <= 193:

- Tables of atan(k/256) and log(1 + k/256) are sums of at most 256 terms with 16 guard bits, each
  off by at most 3 of their own units: then rounded, off by at most 1.02; pi, from atan 1, by
  1.05.
- Angles < 8: ratio 1, reduced argument 1, series 2, table 1.02, pi and its half 2.1.
- Logarithms < 9 + 1.02 |e|, for exact numbers with 2^e below; so < 2^10 always, and < 12 between
  1/4 and 2.
- D(w), the series of (C8): |B_2k|/(2k)! <= (pi^2/3)/(2 pi)^2k, and so the terms after K add up to
  less than 4 (|w|^2/39)^(K+1).
- D(w) < 2^18.5: the polynomial in v = w^2 is evaluated by the recurrence b_k = c_k + 2 Re(v)
  b_(k+1) - |v|^2 b_(k+2), off by at most 3.1 at each step. An error made m steps before the end
  grows at most to (m + 1) |v|^m times itself. With |v| < 9/8 and at most 40 steps that is 1.3e5
  in all, < 2^17, times |w| + |w conj v| < 2.3. Errors of w itself count at most twice.
- Li2 < 2^19: the product of logarithms adds less than 2^11, because |log z| < 1.1 where it is
  used.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

_STEPS = 256
"""Arctangents and logarithms are tabulated in so many steps."""


class Fixed:
    """Arctangent, logarithm and dilogarithm with p bits after the point.

    For p <= 200, ``angle`` is off by less than 8 units, ``log`` by less than 2^10, ``dilogarithm``
    by less than 2^19 (C9).
    """

    def __init__(self, p: int) -> None:
        self.p, self.one = p, 1 << p
        guard = 16  # the tables are rounded once, from sums with more bits
        q = p + guard
        arctangents, logarithms = [0], [0]
        atan, atanh = _OddSeries(q, -1), _OddSeries(q, 1)
        self.table_work = _STEPS * (atan.work + atanh.work + 17)
        """Operations; those below are of one angle, logarithm and dilogarithm."""
        for k in range(_STEPS):
            # atan((k+1)/N) - atan(k/N), and log((N+1+k)/(N+k)), for N = _STEPS.
            slope = (_STEPS << q) // (_STEPS**2 + k * (k + 1))
            arctangents.append(arctangents[-1] + atan(slope))
            logarithms.append(logarithms[-1] + 2 * atanh((1 << q) // (2 * _STEPS + 1 + 2 * k)))
        self.pi = arctangents[-1] >> (guard - 2)
        self.log2 = logarithms[-1] >> guard
        self._arctangents = [value >> guard for value in arctangents]
        self._logarithms = [value >> guard for value in logarithms]
        self._atan, self._atanh = _OddSeries(p, -1), _OddSeries(p, 1)
        self.angle_work, self.log_work = self._atan.work + 16, self._atanh.work + 22
        self.pi_squared_over_6 = (self.pi * self.pi >> p) // 6

    def angle(self, y: int, x: int) -> int:
        """The angle of the point (x, y) against the x-axis, in (-pi, pi]; any common scale."""
        if y == 0 and x > 0:
            return 0
        a, b = abs(x), abs(y)
        low, high = (b, a) if b <= a else (a, b)
        t = (low << self.p) // high
        k = (t * _STEPS + (self.one >> 1)) >> self.p
        rest = ((_STEPS * t - (k << self.p)) << self.p) // ((_STEPS << self.p) + k * t)
        value = self._arctangents[k] + self._atan(rest)
        if b > a:
            value = (self.pi >> 1) - value
        if x < 0:
            value = self.pi - value
        return value if y >= 0 else -value

    def log(self, value: int, bits: int) -> int:
        """The logarithm of value / 2^bits, for an exact integer value > 0."""
        exponent = value.bit_length() - 1
        shift = exponent - self.p
        m = value >> shift if shift >= 0 else value << -shift  # in [1, 2)
        k = ((m - self.one) * _STEPS + (self.one >> 1)) >> self.p
        top = (m - self.one) * _STEPS - (k << self.p)
        rest = (top << self.p) // (top + ((2 * (_STEPS + k)) << self.p))
        return (exponent - bits) * self.log2 + self._logarithms[k] + 2 * self._atanh(rest)

    @cached_property
    def _debye(self) -> list[list[int]]:
        return _debye_bands(self.p)

    @property
    def dilogarithm_work(self) -> int:
        return 2 * (self.angle_work + self.log_work) + 5 * len(self._debye[-1]) + 30

    def dilogarithm(self, x: int, y: int) -> int:
        """Re Li2(x + i y) for a point of the closed unit disc, up to rounding (C8)."""
        p, far = self.p, self.one - x
        if far == 0 and y == 0:
            return self.pi_squared_over_6
        re, im = -self.log(far * far + y * y, 2 * p) >> 1, self.angle(y, far)  # -log(1 - z)
        if 2 * x <= self.one:
            return self._debye_real(re, im)
        log_re, log_im = -self.log(x * x + y * y, 2 * p) >> 1, -self.angle(y, x)  # -log z
        both = (log_re * re - log_im * im) >> p
        return self.pi_squared_over_6 - both - self._debye_real(log_re, log_im)

    def _debye_real(self, re: int, im: int) -> int:
        """Re D(w), D(w) = w - w^2/4 + sum of B_2k w^(2k+1) / (2k+1)!, for |w|^2 < 9/8."""
        p = self.p
        squares = re * re, im * im
        size, half = (squares[0] + squares[1]) >> p, (squares[0] - squares[1]) >> p
        band = (8 * size) >> p
        if band >= len(self._debye):
            raise ArithmeticError("the dilogarithm's series was given a point out of its range")
        # A real polynomial at the complex point v = w^2, by its remainder modulo
        # (t - v) (t - conj v) = t^2 - 2 half t + size^2: it is last v + (previous part).
        twice, norm = 2 * half, (size * size) >> p
        last = before = 0
        for coefficient in self._debye[band]:
            last, before = ((twice * last - norm * before) >> p) + coefficient, last
        # P(v) = last - conj(v) before, and Re(w P(v)) = re last - Re(w conj(v)) before.
        turned = re * half + im * ((2 * re * im) >> p)
        return ((re * last - (turned >> p) * before) >> p) - (half >> 2)


class _OddSeries:
    """x + sign x^3/3 + x^5/5 + sign x^7/7 + ..: atan for -1, atanh for +1, for |x| <= 1/256."""

    def __init__(self, p: int, sign: int) -> None:
        self.p = p
        odd = range(1, 2 * (p // 16) + 4, 2)  # each term gains 16 bits
        self.coefficients = [sign ** (k // 2) * ((1 << p) // k) for k in reversed(odd)]
        self.work = 3 * len(odd) + 4

    def __call__(self, x: int) -> int:
        p = self.p
        square, total = x * x >> p, 0
        for coefficient in self.coefficients:
            total = (total * square >> p) + coefficient
        return x * total >> p


def _debye_bands(p: int) -> list[list[int]]:
    """For |w|^2 < 1/8, 2/8, .., 9/8: B_2k / (2k+1)! for k = K, .., 1, 0, highest first.

    The terms after K add up to less than a unit (C8).
    """
    most = p // 4 + 2  # 4 pi^2 / (9/8) > 2^5: each term gains five bits
    # b_m = B_m / m! obeys sum over j <= m of b_j / (m + 1 - j)! = 0 for m > 0.
    inverse, b = [Fraction(1)], [Fraction(1)]
    for m in range(1, 2 * most + 2):
        inverse.append(inverse[-1] / m)
    for m in range(1, 2 * most + 1):
        b.append(-sum((b[j] * inverse[m + 1 - j] for j in range(m) if b[j]), Fraction(0)))
    scaled = [int(b[2 * k] / (2 * k + 1) * (1 << p)) for k in range(most + 1)]
    bands = []
    for eighths in range(1, 10):
        last = 0
        # |w|^2 < eighths/8 and 4 pi^2 > 39: the tail after K is below 4 (eighths / 312)^(K+1).
        while 4 * eighths ** (last + 1) << p >= 312 ** (last + 1):
            last += 1
        bands.append(scaled[last::-1])
    return bands
