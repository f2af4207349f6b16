#!/usr/bin/env python3
"""Check a certificate of a score: ``python check.py certificate.json [weights.safetensors]``.

One file on purpose: it needs Python 3.11 and its standard library, imports nothing else, and can be
read from top to bottom. It only checks: nothing is repaired, nothing is skipped without saying so.
Its mathematics is derived in docs/notes/certificate.md; (C1), (C2), ... are the numbers there.

    exact inputs     weights and rays are fractions and integers of any length
    geometry         decided in integers; nothing is rounded
    measures         fixed-point numbers with p bits after the point, as integers; the error of
                     each is bounded, and far below half a unit of the last decimal stated

Exit code 0: accepted. 1: rejected, with the reason. 2: the file is not a certificate, or cannot be
read. 3: nothing wrong was found, but not everything could be checked: without the weights' file, it
is about the weights inside. 4: the checker failed, which is a fault of its own.

Work is limited to 100 million operations on numbers, and 2 million more for each cell and piece,
20,000 for each answer of a transformer and 50 for each byte of an explanation, up to 10 million
bytes. One takes a microsecond or less; those on long numbers count more. Files have at most 64 MB,
unpacked, and 5 million values.
"""

# Joined from the files in checker/ by checker/join.py: change those.

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import json
import os
import re
import struct
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import combinations, pairwise, permutations, product
from math import factorial, gcd, isqrt, lcm
from operator import add, eq, ge, gt, le, lt, mul, ne
from pathlib import Path
from typing import Any, TypeVar

# =============================================================================================
# The kernel, which sees integers, fractions and tuples alone.


# ---------------------------------------------------------------------------------------------
# What is wrong is said by an exception.


class RejectedError(Exception):
    """Something that the certificate says is wrong; the message says what."""


class LimitError(Exception):
    """It may be right, but cannot be checked within the stated limits; the message says which."""


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise RejectedError(reason)


# ---------------------------------------------------------------------------------------------
# Work, in operations: sums, products, quotients, shifts and roots of numbers.
#
# One on ordinary numbers takes a microsecond or less; one on long numbers counts as several. They
# are charged before they are made, and never fewer; steps through formulas are charged too. Reading
# the file and its digest are not counted.

MOST_WORK = 100_000_000
"""Operations for the whole certificate."""
LONGEST_NUMBER = 1 << 17
"""Bits of a number that is computed with."""


def length(number: int | Fraction) -> int:
    """Bits of numerator and denominator together."""
    return number.numerator.bit_length() + number.denominator.bit_length()


def price(bits: int) -> int:
    """Of an operation on fractions of this length: common divisors cost its square, in the end."""
    return 1 + (bits >> 8) + (bits >> 10) ** 2


class Budget:
    """What is left of the work that a check may take. All parts of a check share one."""

    def __init__(self, factor: int = 1) -> None:
        self.factor, self.most, self.left = factor, 0, 0
        self.allow(MOST_WORK)

    def allow(self, steps: int) -> None:
        """More, for one more of the items that a certificate may list."""
        self.most += self.factor * steps
        self.left += self.factor * steps

    @property
    def spent(self) -> int:
        """Operations so far."""
        return self.most - self.left

    def spend(self, steps: int) -> None:
        """LimitError once the work is more than allowed."""
        self.left -= steps
        if self.left < 0:
            raise LimitError(f"it takes over {self.most:,} operations, more than are allowed")

    def multiple(self, numbers: Iterable[int]) -> int:
        """The least common one."""
        found = 1
        for number in numbers:
            found = lcm(found, number)
            self.pay(found.bit_length())
        return found

    def pay(self, bits: int, times: int = 1) -> None:
        """For operations on numbers of so many bits; LimitError if these are too long."""
        if bits > LONGEST_NUMBER:
            raise LimitError(f"a number has over {LONGEST_NUMBER:,} bits")
        self.spend(times * price(bits))


# ---------------------------------------------------------------------------------------------
# Fixed-point functions. A real x stands as the integer x 2^p; a unit is 2^-p.
#
# Rounding (C9): divisions and shifts round down, off by less than a unit. In units, for p <= 193:
#
# - Tables of atan(k/256) and log(1 + k/256) are sums of at most 256 terms with 16 guard bits, each
#   off by at most 3 of their own units: then rounded, off by at most 1.02; pi, from atan 1, by
#   1.05.
# - Angles < 8: ratio 1, reduced argument 1, series 2, table 1.02, pi and its half 2.1.
# - Logarithms < 9 + 1.02 |e|, for exact numbers with 2^e below; so < 2^10 always, and < 12 between
#   1/4 and 2.
# - D(w), the series of (C8): |B_2k|/(2k)! <= (pi^2/3)/(2 pi)^2k, and so the terms after K add up to
#   less than 4 (|w|^2/39)^(K+1).
# - D(w) < 2^18.5: the polynomial in v = w^2 is evaluated by the recurrence b_k = c_k + 2 Re(v)
#   b_(k+1) - |v|^2 b_(k+2), off by at most 3.1 at each step. An error made m steps before the end
#   grows at most to (m + 1) |v|^m times itself. With |v| < 9/8 and at most 40 steps that is 1.3e5
#   in all, < 2^17, times |w| + |w conj v| < 2.3. Errors of w itself count at most twice.
# - Li2 < 2^19: the product of logarithms adds less than 2^11, because |log z| < 1.1 where it is
#   used.

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


# ---------------------------------------------------------------------------------------------
# The exponential in fixed point. A real x stands as the integer x 2^p; a unit is 2^-p.

_TABLED = 256


class Exponential:
    """e^-x for x >= 0 with p bits after the point, off by less than 16 units (C10)."""

    def __init__(self, p: int) -> None:
        self.p, self.one = p, 1 << p
        guard = 16  # the constants are rounded once, from sums with more bits
        q = p + guard
        log2 = 18 * _atanh(26, q) - 2 * _atanh(4801, q) + 8 * _atanh(8749, q)
        self.log2 = log2 >> guard
        step, term, j = 0, 1 << q, 0  # e^(-1/256)
        while term:
            step += term if j % 2 == 0 else -term
            j += 1
            term //= _TABLED * j
        powers = [1 << q]
        for _ in range(_TABLED):
            powers.append(powers[-1] * step >> q)
        self.work = 4 * (p // 8 + 1) + 14
        """Operations for each; the constants take fewer than 30 p."""
        self.powers = [value >> guard for value in powers]  # e^(-k/256)

    def __call__(self, x: int) -> int:
        halvings, rest = divmod(x, self.log2)
        k = (rest * _TABLED) >> self.p
        rest = (k << self.p) // _TABLED - rest  # in (-1/256, 0]
        total = self.one
        for j in range(self.p // 8 + 1, 0, -1):
            total = self.one + (total * rest >> self.p) // j
        return ((total * self.powers[k]) >> self.p) >> halvings


def _atanh(k: int, q: int) -> int:
    """atanh(1/k) in units of 2^-q, off by at most one for each of its q / (2 log2 k) terms."""
    total, power, j = 0, (1 << q) // k, 1
    while power:
        total += power // j
        power, j = power // (k * k), j + 2
    return total


# ---------------------------------------------------------------------------------------------
# Cones. A face is the set of its rays, as a bit mask.

Vector = tuple[int, ...]


class NotGenericError(Exception):
    """The apex is orthogonal to something; another one will do."""


@dataclass(frozen=True)
class Cone:
    """A pointed cone in R^n, known by inner products of its rays and by its facets.

    ``gram[i][j]`` is the inner product of rays i and j, up to one positive factor.
    """

    n: int
    gram: Sequence[Sequence[int]]
    facets: tuple[int, ...]

    def facets_of(self, face: int, dimension: int) -> list[int]:
        """The facets of a face: the largest of its intersections with the cone's facets."""
        parts = {face & facet for facet in self.facets} - {face}
        return [
            part
            for part in parts
            if part.bit_count() >= dimension - 1
            and not any(part & other == part and part != other for other in parts)
        ]


def members(mask: int) -> list[int]:
    found = []
    while mask:
        low = mask & -mask
        found.append(low.bit_length() - 1)
        mask ^= low
    return found


def complete_facets(n: int, masks: Iterable[int], count: int, budget: Budget) -> tuple[int, ...]:
    """All facets of the cone of ``count`` rays, among the masks of rays on walls (C3).

    RejectedError if the rays do not make up a cone with an interior whose extreme rays they are.
    """
    masks = {mask for mask in masks if mask.bit_count() >= n - 1}
    budget.pay(count, len(masks) ** 2)
    top = [m for m in masks if not any(m & other == m and m != other for other in masks)]
    cone = Cone(n, (), tuple(top))
    seen: dict[int, list[int]] = {}
    dimensions: dict[int, int] = {}

    def close(face: int, dimension: int) -> None:
        known = dimensions.setdefault(face, dimension) == dimension
        require(known, "one of its faces would have two dimensions")
        if face in seen:
            return
        if dimension == 1:
            require(face.bit_count() == 1, "two of its rays are no extreme rays")
            seen[face] = []
            return
        budget.pay(count, 1 + len(top))
        parts = seen[face] = top if dimension == n else cone.facets_of(face, dimension)
        budget.pay(count, len(parts) ** 2)
        for part in parts:
            close(part, dimension - 1)
        ridges = Counter(ridge for part in parts for ridge in seen[part])
        closed = len(parts) == 2 if dimension == 2 else set(ridges.values()) == {2}
        require(closed, "its rays and walls do not close up to a cone")

    everything = (1 << count) - 1
    close(everything, n)
    rays = sum(face for face in seen if face.bit_count() == 1)
    require(rays == everything, "one of its rays is no extreme ray")
    return tuple(top)


def dot(a: Vector, b: Vector) -> int:
    return sum(map(mul, a, b))


def determinant(rows: Sequence[Sequence[int]]) -> int:
    """By cofactors of the first row, for small matrices."""
    if len(rows) == 2:
        (a, b), (c, d) = rows
        return a * d - b * c
    return sum(
        (-1) ** k * x * determinant([[*row[:k], *row[k + 1 :]] for row in rows[1:]])
        for k, x in enumerate(rows[0])
    )


def faces_of(facets: Iterable[int], rays: int) -> set[int]:
    """All faces of a cone, as sets of rays: intersections of its facets."""
    found = {rays, 0}
    fresh = [rays]
    while fresh:
        face = fresh.pop()
        parts = {face & facet for facet in facets} - found
        found |= parts
        fresh += parts
    return found


# ---------------------------------------------------------------------------------------------
# Gaussian measures and second moments of cones.
#
# In (C6), Coxeter's X is (D - S) / (D + S) with S = sin alpha sin gamma and D^2 = cos^2 alpha
# cos^2 gamma - cos^2 beta, the determinant of the normals' Gram matrix, so that S / D is
# u2 u4 / (u1 u3).
#
# Rounding (C9), in units, beside that of the functions in ``fixed``:
#
# - An orthoscheme < 2^16: squares carry relative errors below 2^-(p+16), so that cosines, sines
#   and X are off by little more than a unit, and z = X e^(2 i theta) by at most 4.3. Re Li2 has
#   the slope |log(1 - z)/z|, and over a segment of length h that is at most h (log(2/h) + 1 + pi),
#   for every position of the segment: below 2^10. Four terms and three squares of angles make less
#   than 2^21.1, divided by 8 pi^2 less than 2^15.
# - Angles and slopes in turns < 2^3.
# - Mean squares over |a|^2 carry, beside the error of P(C): of each ridge, k(G)/|a|^2, which is at
#   most 1, with less than 2, times P(G); and P(G) with its own error times at most 1; both divided
#   by 2 pi. The factor |a|^2 over the power of ten is at most 1 and exact.
#
# Allowed are 2^20 for every angle, orthoscheme and corner.

Square = tuple[int, int]
"""The square of a length, as a fraction of two positive integers."""


class Measure:
    """Gaussian measures and second moments of cones in R^1 .. R^5, as fixed-point numbers.

    They are off by less than ``terms`` times 2^20 units, where ``terms`` counts the angles,
    orthoschemes and corners that went in since it was set to 0 (C9).
    """

    def __init__(self, fixed: Fixed, budget: Budget) -> None:
        self.fixed, self.budget = fixed, budget
        self.terms = 0
        self._pay(fixed.table_work)

    def _pay(self, times: int) -> None:
        """For operations on fixed-point numbers: one in three shifts a product of two."""
        self.budget.pay(2 * self.fixed.p + 32, times // 3)
        self.budget.pay(self.fixed.p, times - times // 3)

    @cached_property
    def _scheme_work(self) -> int:
        """Of an orthoscheme; it is asked for once, and the series' tables are paid for then."""
        self._pay(self.fixed.p**2)
        return 3 * self.fixed.angle_work + 4 * self.fixed.dilogarithm_work + 80

    def of(self, cone: Cone, rays: int) -> int:
        self.budget.pay(2 * longest(cone.gram), 10 + len(cone.facets) ** 2)
        if cone.n == 1:
            return self.fixed.one >> 1
        if cone.n == 2:
            return self._plane(cone)
        if cone.n == 4:
            return self._by_orthoschemes(cone, rays)
        return self._odd(cone, rays)

    def bent(self, cone: Cone, normals: dict[int, Vector], a: Vector) -> int:
        """(C18): E[(a.x)^2; cone] / |a|^2, less the cone's measure, for a != 0 and n > 1.

        ``normals``: of each facet, pointing inwards, of any length.
        """
        meeting: dict[int, list[int]] = {}
        for facet in cone.facets:
            for ridge in cone.facets_of(facet, cone.n - 1):
                meeting.setdefault(ridge, []).append(facet)
        total = 0
        for ridge, (one, other) in meeting.items():
            self.budget.pay(4 * longest((normals[one], normals[other], a)), 30)
            corner = self._corner(normals[one], normals[other], a)
            self.terms += 1
            if corner and cone.n > 2:
                lower = Cone(cone.n - 2, cone.gram, tuple(cone.facets_of(ridge, cone.n - 2)))
                corner = corner * self.of(lower, ridge) >> self.fixed.p
            total += corner
        return self._turns(total)

    def _corner(self, u: Vector, v: Vector, a: Vector) -> int:
        """(a.e1) (a.e2) / |a|^2, summed over the two flags of the ridge between two facets with
        the inward normals u and v; from -1 to 1, off by at most two units."""
        p, q, size = dot(a, u), dot(a, v), dot(a, a)
        uu, uv, vv = dot(u, u), dot(u, v), dot(v, v)
        square = uu * vv - uv * uv
        top = 2 * p * q * uu * vv - uv * (p * p * vv + q * q * uu)
        shift = max(0, self.fixed.p + 16 - square.bit_length() // 2)
        bottom = uu * vv * size * isqrt(square << 2 * shift)
        return (top << self.fixed.p + shift) // bottom

    def _plane(self, cone: Cone) -> int:
        first, second = (facet.bit_length() - 1 for facet in cone.facets)
        g = cone.gram
        a, b, c = g[first][first], g[first][second], g[second][second]
        self.terms += 1
        return self._turns(self._angle(a * c - b * b, b))

    def _angle(self, square: int, x: int) -> int:
        """The angle of (x, sqrt(square)), for exact integers."""
        fixed = self.fixed
        self._pay(fixed.angle_work + 10)
        shift = max(0, fixed.p + 8 - max(x.bit_length(), square.bit_length() // 2))
        return fixed.angle(isqrt(square << 2 * shift), x << shift)

    def _turns(self, angle: int) -> int:
        return (angle << self.fixed.p) // (2 * self.fixed.pi)

    def _odd(self, cone: Cone, rays: int) -> int:
        """(C4), for odd n: twice the measure is 1 + sum of (-1)^(k+1) over links of k-faces."""
        total = self.fixed.one
        faces = {rays}
        above: dict[int, set[int]] = {}
        for dimension in range(cone.n - 1, 0, -1):
            lower: dict[int, set[int]] = {}
            for face in faces:
                for part in cone.facets_of(face, dimension + 1):
                    lower.setdefault(part, set()).add(face)
            above, faces = lower, set(lower)
            sign = 1 if dimension % 2 else -1
            for face in faces:
                total += sign * self.of(*self._link(cone, face, above[face], dimension))
        return total >> 1

    def _link(self, cone: Cone, face: int, above: set[int], dimension: int) -> tuple[Cone, int]:
        """The cone around a face, in the space orthogonal to it."""
        n = cone.n - dimension
        chosen = [members(higher & ~face)[0] for higher in sorted(above)]
        inside = members(face)
        order = [*inside, *chosen]
        gram = [[cone.gram[i][j] for j in order] for i in order]
        self.budget.pay(dimension * longest(gram), 3 * len(inside) * len(order) ** 2)
        for i in range(len(inside)):  # subtract the projection on ray i, times gram[i][i]
            pivot = gram[i]
            if pivot[i]:
                gram = [
                    [pivot[i] * x - row[i] * y for x, y in zip(row, pivot, strict=True)]
                    for row in gram
                ]
        size = len(inside)
        gram = [row[size:] for row in gram[size:]]
        facets = []
        for facet in cone.facets:
            if facet & face == face:
                facets.append(sum(1 << k for k, ray in enumerate(chosen) if facet >> ray & 1))
        return Cone(n, gram, tuple(facets) if n > 1 else ()), (1 << len(chosen)) - 1

    def _by_orthoschemes(self, cone: Cone, rays: int) -> int:
        for apex in self._apexes(cone, rays):
            try:
                return self._around(cone, *apex)
            except NotGenericError:
                continue
        raise LimitError("no apex is generic for its measure")

    def _apexes(self, cone: Cone, rays: int) -> Iterator[tuple[list[int], int, list[int]]]:
        """Points u of the cone: u . rays, u . u, and the facets without u. Rays come first."""
        g = cone.gram
        indices = members(rays)
        without = {i: [facet for facet in cone.facets if not facet >> i & 1] for i in indices}
        for i in sorted(indices, key=lambda i: sum(f.bit_count() for f in without[i])):
            yield list(g[i]), g[i][i], without[i]
        largest = max(isqrt(g[i][i]) for i in indices)
        lengths = {i: 1 + largest // max(1, isqrt(g[i][i])) for i in indices}  # to make them alike
        for attempt in range(2, 1000):
            weights = {i: pow(attempt, k + 1, 1009) * lengths[i] for k, i in enumerate(indices)}
            u = [sum(w * g[i][j] for i, w in weights.items()) for j in range(len(g))]
            yield u, sum(w * u[i] for i, w in weights.items()), list(cone.facets)

    def _around(self, cone: Cone, u: list[int], uu: int, facets: list[int]) -> int:
        """(C5): the cone as orthoschemes u, its projection on a facet, on a face of that, ..

        NotGenericError, before any work is done, where a component of u vanishes.
        """
        fixed = self.fixed
        found = [self._flags(cone.gram, u, uu, cone.facets_of(facet, 3)) for facet in facets]
        total = 0
        for ridges in found:
            for sign, first, second, rays in ridges:
                part = 0
                for towards, square, last, acute in rays:
                    scheme = self._orthoscheme((first, second, square, last), acute)
                    part += scheme if towards else -scheme
                if not any(towards for towards, *_ in rays):
                    # Minus the foot on the ridge's plane lies inside it: a wedge is left.
                    (a, b), (c, d) = first, second
                    self.terms += 1
                    part += self._turns(self._angle(a * b * c * d, b * c))  # atan(u1 / u2)
                total += sign * part
            if all(sign < 0 for sign, *_ in ridges):  # so lies minus the foot on the facet
                total += fixed.one >> 1
        return total

    def _flags(
        self, g: Sequence[Sequence[int]], u: list[int], uu: int, ridges: list[int]
    ) -> list[tuple[int, Square, Square, list[tuple[bool, Square, Square, bool]]]]:
        """Signs and squares of u's components along each flag of one facet, given its ridges."""
        found = []
        facet = 0
        for ridge in ridges:
            facet |= ridge
        first: Square | None = None
        self.budget.pay(4 * longest(g), 60 * len(ridges))
        for ridge in ridges:
            p, q = members(ridge)
            s = members(facet & ~ridge)[0]
            pp, pq, qq = g[p][p], g[p][q], g[q][q]
            plane = pp * qq - pq * pq
            space = determinant([[g[i][j] for j in (p, q, s)] for i in (p, q, s)])
            if first is None:
                rows = [[g[i][p], g[i][q], g[i][s], u[i]] for i in (p, q, s)]
                first = determinant([*rows, [u[p], u[q], u[s], uu]]), space
            y2 = determinant([[g[i][p], g[i][q], u[i]] for i in (p, q, s)])
            if y2 == 0:
                raise NotGenericError
            rays = []
            for ray, length, y in ((p, pp, pp * u[q] - pq * u[p]), (q, qq, qq * u[p] - pq * u[q])):
                if y == 0 or u[ray] == 0:
                    raise NotGenericError
                rays.append((y > 0, (y * y, length * plane), (u[ray] * u[ray], length), u[ray] > 0))
            found.append((1 if y2 > 0 else -1, first, (y2 * y2, plane * space), rays))
        return found

    def _orthoscheme(self, squares: Sequence[Square], acute: bool) -> int:
        """(C6), (C7): the cone with components u1 .. u4, given by their squares as fractions.

        If not ``acute``, the last component is negative: the cone up to the ray's other side.
        """
        fixed = self.fixed
        p, pi = fixed.p, fixed.pi
        self.terms += 1
        self.budget.pay(longest(squares), 20)
        self._pay(self._scheme_work)
        # Each square with a relative error below 2^-(p+16).
        sizes = [top.bit_length() - bottom.bit_length() for top, bottom in squares]
        bits = max(0, p + 17 - min(sizes))
        a, b, c, d = ((top << bits) // bottom for top, bottom in squares)
        ab, bc, cd = a + b, b + c, c + d
        abc, bcd = ab + c, b + cd
        # cos and sin of 2 alpha, 2 beta, 2 gamma; the roots are of products of positive numbers.
        den_a, den_b, den_c = ab, ab * bc, bc * cd
        cos_a = ((a - b) << p) // ab
        sin_a = (isqrt(a * b) << (p + 1)) // den_a
        cos_b = ((a * c - b * abc) << p) // den_b
        sin_b = (isqrt(a * c * b * abc) << (p + 1)) // den_b
        cos_c = ((c * bcd - b * d) << p) // den_c
        sin_c = (isqrt(c * bcd * b * d) << (p + 1)) // den_c
        alpha = fixed.angle(sin_a, cos_a) >> 1
        beta = fixed.angle(sin_b, cos_b) >> 1
        gamma = fixed.angle(sin_c, cos_c) >> 1
        big, small = isqrt(a * c), isqrt(b * d)
        x = ((big - small) << p) // (big + small)
        volume = (
            fixed.dilogarithm(x * cos_a >> p, x * sin_a >> p)
            - fixed.dilogarithm(x * cos_b >> p, x * sin_b >> p)
            + fixed.dilogarithm(x * cos_c >> p, x * sin_c >> p)
            - fixed.dilogarithm(x, 0)
            + ((beta * beta - alpha * alpha - gamma * gamma) >> p)
        )
        measure = (volume << 2 * p) // (8 * pi * pi)
        return measure if acute else self._turns(beta - alpha) // 2 - measure


LARGEST_MEASURED = 5


def longest(rows: Iterable[Iterable[int]]) -> int:
    """Bits of the longest number."""
    return max((x.bit_length() for row in rows for x in row), default=0)


# ---------------------------------------------------------------------------------------------
# The recurrent network on one activation pattern at a time.

RNN_KEYS = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight")
Weights = dict[str, tuple[tuple[Fraction, ...], ...]]


class Network:
    """A bias-free ReLU RNN on one activation pattern at a time, in integers.

    z[t] = W h[t-1] + A x[t], h = max(0, z), logits = U h[n-1]. Rows are integer functionals of
    x: positive multiples of the values, with one factor for each step, and one for all logits.
    """

    def __init__(self, weights: Weights, n: int, outputs: int, budget: Budget) -> None:
        require(set(weights) == set(RNN_KEYS), f"the weights must be {', '.join(RNN_KEYS)}")
        inputs, recurrent, readout = (weights[key] for key in RNN_KEYS)
        self.n, self.d, self.budget = n, len(inputs), budget
        shapes = [[len(row) for row in matrix] for matrix in (inputs, recurrent, readout)]
        fits = shapes == [[1] * self.d, [self.d] * self.d, [self.d] * outputs]
        require(fits and self.d > 0, "the weights' shapes do not fit each other and the task")
        self.scale, last = (
            budget.multiple(w.denominator for row in rows for w in row)
            for rows in ((*inputs, *recurrent), readout)
        )
        self.inputs = [int(row[0] * self.scale) for row in inputs]
        self.recurrent = [[int(w * self.scale) for w in row] for row in recurrent]
        self.readout = [[int(w * last) for w in row] for row in readout]
        self.logit_scale = self.scale**n * last
        """The factor of all logits."""
        numbers = (w for row in (self.inputs, *self.recurrent, *self.readout) for w in row)
        self.bits = max(map(int.bit_length, numbers))  # of a weight
        self.values = lru_cache(maxsize=1 << 14)(self._values)

    def _values(self, steps: tuple[str, ...]) -> list[Vector]:
        """z[t] for t = len(steps), after steps with these neurons on."""
        t = len(steps)
        new = self.scale**t
        own = [tuple(new * w * (c == t) for c in range(self.n)) for w in self.inputs]
        if t == 0:
            return own
        self.budget.pay((t + 1) * self.bits, 2 * self.d * self.d * self.n)
        before = self.states(steps)
        return [
            tuple(x + sum(map(mul, weights, column)) for x, column in zip(row, before, strict=True))
            for row, weights in zip(own, self.recurrent, strict=True)
        ]

    def states(self, steps: tuple[str, ...]) -> list[Vector]:
        """Columns of h[t], t = len(steps) - 1: for each input, one entry for each neuron."""
        on = steps[-1]
        rows = [
            z if bit == "1" else (0,) * self.n
            for z, bit in zip(self.values(steps[:-1]), on, strict=True)
        ]
        return list(zip(*rows, strict=True))

    def logits(self, steps: tuple[str, ...]) -> list[Vector]:
        columns = self.states(steps)
        self.budget.pay((self.n + 1) * self.bits, 2 * len(self.readout) * self.d * self.n)
        return [tuple(sum(map(mul, row, column)) for column in columns) for row in self.readout]

    def walls(self, steps: tuple[str, ...]) -> list[Vector]:
        """Functionals that are >= 0 where the pattern holds (C1)."""
        found = []
        for t, on in enumerate(steps):
            for bit, row in zip(on, self.values(steps[:t]), strict=True):
                if any(row):
                    found.append(row if bit == "1" else tuple(-c for c in row))
                else:
                    require(bit == "0", "a neuron that is always 0 counts as off")
        return found


# ---------------------------------------------------------------------------------------------
# The tasks: the cones of constant label, the median, cycles; and what ties are worth.

INDEX_TASKS = ("2nd_argmax", "argmax", "argmedian", "argoutlier")


def credit_for(ties: str, label: int, winners: Sequence[int]) -> Fraction:
    """What the model earns where exactly these logits share the maximum."""
    if ties == "lowest":
        return Fraction(label == min(winners))
    if ties == "incorrect":
        return Fraction(list(winners) == [label])
    return Fraction(label in winners, len(winners))


def over(n: int, i: int, k: int) -> Vector:
    """x[i] >= x[k], as a functional."""
    return tuple((c == i) - (c == k) for c in range(n))


def ranked_cells(n: int, rank: int, count: int) -> Iterator[tuple[tuple[int, ...], list[Vector]]]:
    """So many inputs in descending order, that come after the ``rank`` largest, and the walls of
    each cone on which it is these, with the same inputs above them."""
    for above in combinations(range(n), rank):
        for chosen in permutations([k for k in range(n) if k not in above], count):
            below = [k for k in range(n) if k not in above + chosen]
            walls = [over(n, k, chosen[0]) for k in above]
            walls += [over(n, chosen[-1], k) for k in below]
            yield chosen, walls + [over(n, *pair) for pair in pairwise(chosen)]


def median_cells(n: int) -> Iterator[tuple[tuple[int, ...], list[Vector]]]:
    """The inputs in the middle, one or two, and the walls of each cone on which it is these."""
    return ranked_cells(n, (n - 1) // 2, 2 - n % 2)


def label_cells(task: str, n: int) -> Iterator[tuple[int, list[Vector]]]:
    """The label and the walls of each cone of constant label; together they cover the space."""
    ranks = {"argmax": 0, "2nd_argmax": 1, "argmedian": n // 2}
    if task in ranks:
        for (label,), walls in ranked_cells(n, ranks[task], 1):
            yield label, walls
        return
    # argoutlier: sign (x_i - mean) >= (x_k - mean) and >= -(x_k - mean), times n
    away = [[n * (c == k) - 1 for c in range(n)] for k in range(n)]
    for i in range(n):
        for sign in (1, -1):
            rows = []
            for k in range(n):
                for other in (-1, 1) if k != i else ():
                    pairs = zip(away[i], away[k], strict=True)
                    rows.append(tuple(sign * a + other * b for a, b in pairs))
            yield i, rows


def longest_cycle(f: Sequence[int]) -> int:
    """The length of the longest cycle, minus 1."""
    n, longest = len(f), 0
    for first in range(n):
        at, length = f[first], 1
        while at != first and length < n:
            at, length = f[at], length + 1
        if at == first:
            longest = max(longest, length)
    return longest - 1


# ---------------------------------------------------------------------------------------------
# Transformers: logits with proved error bounds (C10), or exactly (C11).
#
# Vectors are fixed-point numbers with one bound for the error of all entries:
#
# - matrix times vector: |W|_1 times the vector's error, the L1 norm of the vector times 1 for the
#   rounding of W, and 3 for rounding down;
# - inner product: dx |y|_1 + dy |x|_1 + c dx dy, and 3; 1/sqrt(c) is rounded up by less than 2^-p
#   of itself, which costs |score| 2^-p;
# - exponential of minus a number: off by less than 16; e^(x+y) differs from e^x <= 1 by 2 |y| at
#   most;
# - mean: with weights w_j off by dw, another mean of the same vectors, off by at most (n dw) (2
#   max |v|) / (sum w - n dw).
#
# Powers e^score are relative to the largest score of a token that is there, so that one of them is
# 1: scores of absent tokens, which may be far above, play no part.

Matrix = tuple[tuple[Fraction, ...], ...]
Whole = tuple[Vector, ...]
Layer = tuple[int, int, list[tuple[Whole, Whole]]]
"""Denominators of all A and of all C, and A and C of each head."""
Ball = tuple[list[int], int]
"""Fixed-point entries, and a bound in units on the error of each."""
Score = tuple[int, int]
"""One number with a bound on its error, likewise."""


class TooFewBitsError(Exception):
    """The errors are too wide to say anything; more bits may do."""


class Linear:
    """A matrix, integers over ``bottom``, as fixed-point numbers, each off by at most a unit."""

    def __init__(self, matrix: Whole, bottom: int | Fraction, p: int) -> None:
        self.p = p
        self.rows = [fixed_point(row, bottom, p) for row in matrix]
        self.norm = max(sum(map(abs, row)) for row in self.rows) + len(matrix[0])

    def __call__(self, ball: Ball) -> Ball:
        v, error = ball
        off = (self.norm * error >> self.p) + (sum(map(abs, v)) >> self.p) + 3
        return [sum(map(mul, row, v)) >> self.p for row in self.rows], off


def fixed_point(row: Vector, bottom: int | Fraction, p: int) -> list[int]:
    return [(w << p) // bottom for w in row]


def times(matrix: Whole, column: Vector) -> Vector:
    return tuple(dot(row, column) for row in matrix)


def composed(a: Whole, b: Whole) -> Whole:
    return transposed(tuple(times(a, column) for column in transposed(b)))


def transposed(matrix: Whole) -> Whole:
    return tuple(zip(*matrix, strict=True))


def whole(*matrices: Matrix) -> tuple[list[Whole], int]:
    """Matrices as integers over one denominator."""
    bottom = lcm(*(w.denominator for matrix in matrices for row in matrix for w in row))
    return [tuple(tuple(int(w * bottom) for w in row) for row in m) for m in matrices], bottom


class Attention:
    """An attention-only transformer: r[p] += sum over heads of C sum over j of a[p, j] r[j], where
    a[p, j] is the softmax of s[p, j] = A r[p] . r[j] / sqrt(c), with A = W_k^T W_q and
    C = W_o W_v of a head with c entries; logits = U r[n-1]. All in integers over denominators."""

    def __init__(self, weights: Weights, n: int, heads: int, budget: Budget) -> None:
        depth = sum(key.endswith(".in_proj_weight") for key in weights)
        shapes = dict.fromkeys(("embed.weight", "pos_embed.weight", "unembed.weight"), (n, 1))
        for i in range(depth):
            shapes |= {f"attns.{i}.in_proj_weight": (0, 3), f"attns.{i}.out_proj.weight": (0, 1)}
        require(depth > 0 and set(weights) == set(shapes), "these are no transformer's weights")
        size = len(weights["embed.weight"][0])
        require(heads > 0 and size % heads == 0, "heads do not share the entries")
        fits = all(
            [len(row) for row in weights[name]] == [size] * (rows or multiple * size)
            for name, (rows, multiple) in shapes.items()
        )
        require(fits, "the weights' shapes do not fit each other and the task")
        self.n, self.size, self.width, self.budget = n, size, size // heads, budget
        self.bits = max(length(w) for rows in weights.values() for row in rows for w in row)
        budget.pay(2 * self.bits, 6 * depth * size**3)
        (tokens, places), self.bottom = whole(weights["embed.weight"], weights["pos_embed.weight"])
        self.starts = [[tuple(map(add, token, place)) for token in tokens] for place in places]
        (self.unembed,), self.last = whole(weights["unembed.weight"])
        self.layers: list[Layer] = []
        for i in range(depth):
            (inward,), into = whole(weights[f"attns.{i}.in_proj_weight"])
            (outward,), out = whole(weights[f"attns.{i}.out_proj.weight"])
            found = []
            for first in range(0, size, self.width):
                cut = slice(first, first + self.width)
                query, key, value = (inward[k * size : (k + 1) * size][cut] for k in range(3))
                told = composed(tuple(row[cut] for row in outward), value)
                found.append((composed(transposed(key), query), told))
            self.layers.append((into**2, into * out, found))

    def asking(self, layer: int) -> range:
        """The places whose answers are read: of the last layer, the last one's alone."""
        return range(self.n - 1 if layer + 1 == len(self.layers) else 0, self.n)

    def exact_logits(self, tokens: Sequence[int]) -> Vector | None:
        """Positive multiples of the logits, where each head that adds anything mixes equal vectors,
        or mixes them equally, as far as it matters (C11)."""
        r: list[Vector | None] = [self.starts[p][token] for p, token in enumerate(tokens)]
        for i, (_, bottom, heads) in enumerate(self.layers):
            adding = [head for head in heads if any(map(any, head[1]))]
            known = [row for row in r if row is not None]
            if adding and len(known) < self.n:
                return None
            bits = max(map(int.bit_length, (x for row in known for x in row)), default=0)
            self.budget.pay(bits + 2 * self.bits, 1 + len(adding) * 2 * self.n * self.size**2)
            offered = [[times(told, row) for row in known] for _, told in adding]
            vectors = [row for given in offered for row in given]
            mixed: list[Vector | None] = []
            for own in (r[place] for place in self.asking(i)):
                if own is None or not all(
                    len(set(given)) == 1 or alike(times(form, own), known)
                    for (form, _), given in zip(adding, offered, strict=True)
                ):
                    mixed.append(None)
                    continue
                parts = [tuple(bottom * self.n * x for x in own), *vectors]
                mixed.append(tuple(map(sum, zip(*parts, strict=True))))
            r = mixed
        return None if r[-1] is None else times(self.unembed, r[-1])


def alike(asked: Vector, rows: Sequence[Vector]) -> bool:
    """Whether all scores are equal."""
    return len({dot(asked, row) for row in rows}) == 1


class FixedAttention:
    """Logits of a transformer in fixed point, with a bound on their error (C10)."""

    def __init__(self, model: Attention, p: int) -> None:
        self.model, self.p = model, p
        model.budget.pay(p + 2 * model.bits, 2 * len(model.layers) * model.size**2)
        # 1/root is 1/sqrt(c), too large by less than 2^-p of itself.
        root = Fraction(isqrt(model.width << 2 * p), 1 << p)
        self.layers = [
            [(Linear(form, one * root, p), Linear(told, other, p)) for form, told in heads]
            for one, other, heads in model.layers
        ]
        self.unembed = Linear(model.unembed, model.last, p)
        self.starts = [[(fixed_point(v, model.bottom, p), 1) for v in row] for row in model.starts]
        self._known: dict[tuple[int, int, int], list[Score]] = {}
        exponential = Exponential(p)
        model.budget.pay(2 * p, 30 * p)

        def power(x: int) -> int:
            model.budget.pay(2 * p, exponential.work)
            return exponential(x)

        self._exp_minus = lru_cache(maxsize=1 << 16)(power)

    def logits(self, tokens: Sequence[int]) -> Ball:
        """TooFewBitsError if nothing can be said."""
        r = [self.starts[place][token] for place, token in enumerate(tokens)]
        n, size = self.model.n, self.model.size
        for i, layer in enumerate(self.layers):
            places = self.model.asking(i)
            bits = max(map(int.bit_length, (x for ball in r for x in ball[0])))
            each = 4 * size * (size + n + 2) + (2 * size + 20) * n + 40
            self.model.budget.pay(bits, len(layer) * len(places) * each)
            fresh = []
            for place in places:
                answer = r[place]
                for h, (form, told) in enumerate(layer):
                    if i == 0:
                        scores = self._first_scores(h, place, tokens)
                    else:
                        asked = form(r[place])
                        scores = [self._dot(asked, other) for other in r]
                    part = told(self._mean(scores, r))
                    sums = [x + y for x, y in zip(answer[0], part[0], strict=True)]
                    answer = sums, answer[1] + part[1]
                fresh.append(answer)
            r = fresh
        return self.unembed(r[-1])

    def _first_scores(self, h: int, place: int, tokens: Sequence[int]) -> list[Score]:
        """In the first layer, scores depend on two tokens and their places alone."""
        n, key = self.model.n, (h, place, tokens[place])
        if key not in self._known:
            asked = self.layers[0][h][0](self.starts[place][tokens[place]])
            self._known[key] = [self._dot(asked, ball) for row in self.starts for ball in row]
        scores = self._known[key]
        return [scores[other * n + token] for other, token in enumerate(tokens)]

    def _dot(self, a: Ball, b: Ball) -> Score:
        (x, dx), (y, dy) = a, b
        off = dx * sum(map(abs, y)) + dy * sum(map(abs, x)) + len(x) * dx * dy
        value = sum(map(mul, x, y)) >> self.p
        # The scale 1/sqrt(c) was too large by less than 2^-p of itself.
        return value, (off >> self.p) + (abs(value) >> self.p) + 3

    def _mean(self, scores: Sequence[Score], r: Sequence[Ball]) -> Ball:
        """The mean of the vectors, weighted by e^score. All powers are divided by the largest: the
        largest of the tokens that are there, so that some power is 1."""
        top, off = max(value for value, _ in scores), max(error for _, error in scores)
        powers = [self._exp_minus(top - value) for value, _ in scores]
        # e^(x + y) is off e^x <= 1 by at most 2 |y|, for |y| <= 1.
        whole, slack = sum(powers), len(r) * (2 * off + 16)
        if 2 * slack >= whole:
            raise TooFewBitsError
        entries = [
            sum(map(mul, powers, column)) // whole
            for column in zip(*(v for v, _ in r), strict=True)
        ]
        # Another mean of the same vectors, by weights off by dw, is off by at most
        # (sum of dw |v - mean|) / (sum of w - sum of dw).
        error = max(dv for _, dv in r)
        spread = 2 * max(max(map(abs, v)) for v, _ in r) + 2 * error
        return entries, error + 2 * slack * spread // whole + 2


# =============================================================================================
# Reading: from JSON to what the kernel and the checker of explanations take.


# ---------------------------------------------------------------------------------------------
# What a certificate's parts must look like.

Json = dict[str, Any]


LONGEST = 40_000
"""Digits of a number."""
_SHOWN = 60


def quoted(value: Any) -> str:
    """A stranger's text in quotes, in ASCII and cut off, so that it cannot pass for ours: neither
    by line breaks or long gaps, nor by characters that look like others or move the cursor."""
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + ".."
    return json.dumps(shown).replace("  ", r" \u0020")


def keys_of(value: Any, keys: set[str], where: str) -> Json:
    require(isinstance(value, dict), f"{where} must be an object")
    lacking, odd = sorted(keys - set(value)), sorted(set(value) - keys)
    require(not lacking, f"{where} lacks {', '.join(lacking)}")
    require(not odd, f"{where} should not have {', '.join(map(quoted, odd[:3]))}")
    return dict(value)


def natural(value: Any, where: str) -> int:
    require(type(value) is int and value >= 0, f"{where} must be a whole number")
    return int(value)


def indices(value: Any, n: int) -> list[int]:
    """The numbers of some logits: at least one, different, in order."""
    require(isinstance(value, list) and len(value) > 0, "winners must be a list of indices")
    found = [natural(k, "a winner") for k in value]
    require(found == sorted(set(found)) and found[-1] < n, "winners must be logits, in order")
    return found


def text_of(value: Any, pattern: str, where: str) -> str:
    fits = isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None
    require(fits, f"{where} is not written as it should be: {quoted(value)}")
    return str(value)


def integer_of(text: str, where: str) -> int:
    """Of digits and a sign. They are counted first, since reading them takes their square."""
    if len(text) > LONGEST:
        raise LimitError(f"{where} has over {LONGEST:,} digits")
    return int(text)


def fraction_of(value: Any, where: str) -> Fraction:
    text = text_of(value, r"-?[0-9]+(/[0-9]*[1-9][0-9]*)?", where)
    top, _, bottom = text.partition("/")
    found = Fraction(integer_of(top, where), integer_of(bottom or "1", where))
    require(str(found) == text, f"{where} is not in lowest terms: {quoted(text)}")
    return found


def vector_of(value: Any, size: int, where: str) -> Vector:
    """A primitive integer vector, written with single spaces."""
    words = text_of(value, r"-?[0-9]+( -?[0-9]+)*", where).split()
    found = tuple(integer_of(word, where) for word in words)
    require(len(found) == size, f"{where} has {len(found)} entries, not {size}")
    fits = gcd(*found) == 1 and words == [str(entry) for entry in found]
    require(fits, f"{where} is not in lowest terms")
    return found


def rays_of(value: Any, size: int) -> list[Vector]:
    """Different vectors."""
    require(isinstance(value, list), "rays must be a list")
    rays = [vector_of(text, size, f"ray {k}") for k, text in enumerate(value)]
    require(len(set(rays)) == len(rays), "a ray is listed twice")
    return rays


def chosen(value: Any, count: int, least: int) -> list[int]:
    """The numbers of a cone's rays, ``least`` of them or more, among ``count`` that are listed."""
    require(isinstance(value, list) and len(value) >= least, "it has too few rays")
    numbers = [natural(k, "the number of a ray") for k in value]
    require(numbers == sorted(set(numbers)), "its rays must be different and in order")
    require(numbers[-1] < count, "it has a ray that is not listed")
    return numbers


def weights_of(value: Any, where: str) -> Weights:
    require(isinstance(value, dict), f"{where} must be an object")
    found: Weights = {}
    for key, rows in value.items():
        name = f"{where} {quoted(key)}"
        lists = isinstance(rows, list) and all(isinstance(row, list) and row for row in rows)
        require(lists and bool(rows), f"{name} must be a list of rows, none of them empty")
        found[key] = tuple(tuple(fraction_of(entry, name) for entry in row) for row in rows)
    return found


def agreed(stated: Any, name: str, low: Any, high: Any) -> tuple[Fraction, Fraction]:
    """What follows, which must be what is stated."""
    stated = keys_of(stated, {"lower", "upper"}, name)
    fits = (stated["lower"], stated["upper"]) == (str(low), str(high))
    what = name.replace("_", " ")
    require(fits, f"it proves the {what} to be from {low} to {high}, not as stated")
    return Fraction(low), Fraction(high)


def agreed_accuracy(document: Json, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Likewise, where it is stated in fractions, and what is between is undecided."""
    found = agreed(document["accuracy"], "accuracy", low, high)
    require(document["undecided"] == str(high - low), f"{high - low} is undecided")
    return found


# ---------------------------------------------------------------------------------------------
# Decimals, rounded outward or to nearest.

SLACK = Fraction(50001, 100000)
"""Decimals are rounded to nearest: off by at most this many units of their last place."""


def outward(value: Fraction, places: int, up: bool) -> str:
    """A number that is not negative as a decimal, rounded down or up."""
    scaled = value * 10**places
    return decimal_of(-(-scaled.numerator // scaled.denominator) if up else scaled // 1, places)


def root_of(text: str, places: int, up: bool) -> str:
    """The square root of a decimal with so many places, rounded down or up to as many."""
    scaled = int(Fraction(text) * 10 ** (2 * places))
    root = isqrt(scaled)
    return decimal_of(root + (up and root * root < scaled), places)


def decimal_of(whole: int, places: int) -> str:
    """An integer, in units of the last place."""
    digits = str(whole).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def exponent_of(value: Fraction) -> int:
    """The least integer s with value <= 10^s, for value > 0."""
    twos = value.numerator.bit_length() - value.denominator.bit_length() - 1
    found = twos * 30103 // 100000 - 1  # log10(2) is about 0.30103
    while Fraction(10) ** found < value:
        found += 1
    return found


def decimal(value: Fraction) -> str:
    """A terminating decimal in full, any other fraction as it is."""
    places = 0
    while (value * 10**places).denominator > 1 and places < 400:
        places += 1
    if places == 400:
        return str(value)
    return decimal_of(int(value * 10**places), places) if places else str(value)


# ---------------------------------------------------------------------------------------------
# The certificate's file and the weights' file.

FORMAT, VERSION = "algzoo-exact certificate", 5
MOST_BYTES, MOST_VALUES = 1 << 26, 5_000_000
"""Of a certificate, unpacked, and of a weights' file: a value takes up to 250 bytes of memory."""
MOST_DIGITS = 15
"""Of a number that is not quoted."""


class UnreadableError(Exception):
    """The file is not a certificate, or cannot be read."""


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableError("an object has the same key twice")
    return found


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise UnreadableError(f"a number of over {MOST_DIGITS} digits is not quoted")
    return int(text)


def _no_float(text: str) -> Any:
    raise UnreadableError(f"numbers in a certificate are whole or quoted, not {text[:20]}")


def parsed(content: bytes, name: str) -> Any:
    """JSON, without floats; UnreadableError if it is none, LimitError if it holds too much."""
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:  # each value follows one of these
        raise LimitError(f"{name} has over {MOST_VALUES:,} values, more than this checker reads")
    try:
        return json.loads(
            content,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except RecursionError:
        raise UnreadableError(f"{name} is nested too deeply") from None
    except ValueError:
        raise UnreadableError(f"{name} is not JSON") from None


def _up_to(file: io.BufferedIOBase, most: int) -> bytes:
    """All that is in a file; of a longer one, some more than so many bytes."""
    found = bytearray()
    while len(found) <= most and (part := file.read(1 << 20)):
        found += part
    return bytes(found)


def contents(path: Path, most: int = MOST_BYTES) -> bytes:
    """A file's bytes, unpacked if it is compressed; LimitError if they are too many."""
    try:
        with path.open("rb") as file:
            content = _up_to(file, most)
        if content[:2] == b"\x1f\x8b":
            content = _up_to(gzip.GzipFile(fileobj=io.BytesIO(content)), most)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnreadableError(f"{path} is damaged: it cannot be unpacked") from None
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        why = error.strerror if isinstance(error, OSError) else None
        raise UnreadableError(f"cannot read {path}: {why or error}") from None
    if len(content) > most:
        raise LimitError(f"{path} has over {most:,} bytes, more than are allowed")
    return content


def read(path: Path, most: int = MOST_BYTES) -> Json:
    """The document in a .json or .json.gz file; UnreadableError if it is no certificate."""
    document = parsed(contents(path, most), str(path))
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UnreadableError(f"{path} is not an {FORMAT}")
    if document.get("version") != VERSION:
        raise UnreadableError(
            f"{path} is a certificate of another version than {VERSION}; write it again with "
            "algzoo-exact certify, or use the checker that came with it"
        )
    return document


def dump(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest_of(rest: Json, lists: Iterable[Iterable[Any]]) -> str:
    """SHA-256 over the items of the long lists, one a line, and then all the rest."""
    found = hashlib.sha256()
    for items in lists:
        for item in items:
            found.update(dump(item) + b"\n")
    found.update(dump(rest))
    return found.hexdigest()


# Types of floats: their names in safetensors, and the format of a number in ``struct``. A bfloat16
# is the upper half of a float32.
FLOATS = {"float16": "e", "bfloat16": "H", "float32": "f", "float64": "d"}
STORED = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def is_float(value: Fraction, dtype: str) -> bool:
    """Whether the number is one of a type of floats, without rounding."""
    code = "f" if dtype == "bfloat16" else FLOATS[dtype]
    try:
        packed = struct.pack(f"<{code}", float(value))
    except (OverflowError, struct.error):
        return False
    upper_half = dtype != "bfloat16" or packed[:2] == b"\0\0"
    return upper_half and Fraction(struct.unpack(f"<{code}", packed)[0]) == value


@dataclass(frozen=True)
class WeightsFile:
    """A .safetensors file: its SHA-256, its matrices, exactly, the names of their types of floats,
    sorted and joined by slashes, and what its metadata states."""

    sha256: str
    weights: Weights
    dtype: str
    metadata: dict[str, str]


def read_weights(content: bytes) -> WeightsFile:
    """UnreadableError if it is no such file."""
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = parsed(content[8:start], "the header of the weights' file")
        metadata = header.pop("__metadata__", None) or {}
        if not all(type(value) is str for value in metadata.values()):
            raise ValueError
        data = memoryview(content)[start:]
        if sum(_numbers(entry, len(data)) for entry in header.values()) > MOST_VALUES:
            raise LimitError(f"the weights' file has over {MOST_VALUES:,} numbers")
        found = {key: _matrix(entry, data) for key, entry in header.items()}
        names = {STORED[entry["dtype"]] for entry in header.values()}
    except (UnreadableError, AttributeError, LookupError, TypeError, ValueError, ArithmeticError,
            struct.error):  # fmt: skip
        raise UnreadableError(
            "the weights' file is no .safetensors file with matrices of floats; give the one that "
            "was certified"
        ) from None
    return WeightsFile(
        hashlib.sha256(content).hexdigest(), found, "/".join(sorted(names)), dict(metadata)
    )


def _numbers(entry: Any, most: int) -> int:
    """How many a matrix has within so many bytes; exceptions of any kind if it is none."""
    (rows, columns), (first, end) = entry["shape"], entry["data_offsets"]
    size = struct.calcsize(FLOATS[STORED[entry["dtype"]]])
    fits = type(rows) is type(columns) is int and rows > 0 and columns > 0
    if not (fits and 0 <= first < end <= most and end - first == rows * columns * size):
        raise ValueError
    return int(rows * columns)


def _matrix(entry: Any, data: memoryview) -> tuple[tuple[Fraction, ...], ...]:
    """Exceptions of any kind if it is none."""
    count, columns = _numbers(entry, len(data)), entry["shape"][1]
    dtype = STORED[entry["dtype"]]
    code = FLOATS[dtype]
    values = struct.unpack(f"<{count}{code}", data[slice(*entry["data_offsets"])])
    if dtype == "bfloat16":
        halves = b"".join(struct.pack("<HH", 0, value) for value in values)
        values = struct.unpack(f"<{count}f", halves)
    exact = [Fraction(value) for value in values]
    return tuple(tuple(exact[k : k + columns]) for k in range(0, count, columns))


# =============================================================================================
# Explanations: formulas, their proofs, and what follows.


# ---------------------------------------------------------------------------------------------
# The recurrent network in fractions, for formulas about it.


class Program:
    """A bias-free ReLU RNN by its weights: W_hi (d), W_hh (d, d), W_oh (k, d), for n inputs."""

    def __init__(self, weights: Weights, n: int) -> None:
        inputs, self.recurrent, self.readout = (weights[key] for key in RNN_KEYS)
        self.inputs = tuple(row[0] for row in inputs)
        self.n, self.d = n, len(self.inputs)

    def scaled(self, factors: Sequence[Fraction], budget: Budget) -> Program:
        """The same function, with states multiplied by positive factors."""
        numbers = (w for rows in (self.recurrent, self.readout) for row in rows for w in row)
        bits = max(map(length, (*factors, *self.inputs, *numbers)))
        budget.pay(4 * bits, self.d * (1 + self.d + len(self.readout)))
        scaled: Weights = {
            RNN_KEYS[0]: tuple((f * w,) for f, w in zip(factors, self.inputs, strict=True)),
            RNN_KEYS[1]: tuple(
                tuple(f * w / g for g, w in zip(factors, row, strict=True))
                for f, row in zip(factors, self.recurrent, strict=True)
            ),
            RNN_KEYS[2]: tuple(
                tuple(w / g for g, w in zip(factors, row, strict=True)) for row in self.readout
            ),
        }
        return Program(scaled, self.n)

    def beside(self, other: Program) -> Program:
        """Both on the same inputs, as one: own neurons and logits, then those of the other."""
        own, others = (Fraction(0),) * self.d, (Fraction(0),) * other.d

        def blocks(above: Matrix, below: Matrix) -> Matrix:
            return (*(row + others for row in above), *(own + row for row in below))

        both: Weights = {
            RNN_KEYS[0]: tuple((w,) for w in self.inputs + other.inputs),
            RNN_KEYS[1]: blocks(self.recurrent, other.recurrent),
            RNN_KEYS[2]: blocks(self.readout, other.readout),
        }
        return Program(both, self.n)


# ---------------------------------------------------------------------------------------------
# Formulas (C12): numbered nodes, the parts of each before it. Nothing is parsed from text.

LARGEST_FORMULA = 200_000
"""Parts of a formula, each counted as often as it is used."""
ENTRIES = {"x": 1, "z": 2, "h": 2, "logit": 1, "W_hi": 1, "W_hh": 2, "W_oh": 2}
OPERATIONS: dict[str, tuple[int, int | None]] = {
    "add": (2, None),
    "sub": (2, 2),
    "mul": (2, None),
    "neg": (1, 1),
    "min": (1, None),
    "max": (1, None),
    "relu": (1, 1),
    "abs": (1, 1),
}
CONNECTIVES: dict[str, tuple[int, int | None]] = {
    "and": (2, None),
    "or": (2, None),
    "not": (1, 1),
    "implies": (2, 2),
}
RELATIONS = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
Node = tuple[Any, ...]
"""("number", q), ("truth", b), ("x", t) and other entries, or an operation and nodes' numbers."""


class Formulas:
    """The nodes of a certificate, and those that the checker makes of them itself."""

    def __init__(self, program: Program, budget: Budget) -> None:
        self.program, self.budget = program, budget
        self.nodes: list[Node] = []
        self.numbers: dict[Node, int] = {}
        self.is_term: list[bool] = []
        self.size: list[int] = []  # of formulas; terms count as one part
        self.used: set[int] = set()
        self._conjuncts: dict[int, list[int]] = {}

    def read(self, data: Any) -> None:
        require(isinstance(data, list), "nodes must be a list")
        for number, item in enumerate(data):
            try:
                node = self._node(item)
                require(node not in self.numbers, "it was listed before")
                self.make(*node)
            except RejectedError as error:
                raise RejectedError(f"node {number}: {error}") from None

    def _node(self, item: Any) -> Node:
        if isinstance(item, bool):
            return "truth", item
        if isinstance(item, str):
            return "number", fraction_of(item, "it")
        require(isinstance(item, list) and len(item) > 1, "it is no node")
        head, *rest = item
        require(isinstance(head, str), "it is no node")
        if head in ENTRIES:
            return self._entry(head, rest)
        known = head in OPERATIONS or head in CONNECTIVES or head in RELATIONS
        require(known, "its operation is unknown")
        return head, *(natural(part, "a part") for part in rest)

    def _entry(self, name: str, indices: list[Any]) -> Node:
        n, d, k = self.program.n, self.program.d, len(self.program.readout)
        shapes = {"x": (n,), "z": (n, d), "h": (n, d), "logit": (k,)}
        shapes |= {"W_hi": (d,), "W_hh": (d, d), "W_oh": (k, d)}
        low = -1 if name == "h" else 0
        shape = shapes[name]
        require(len(indices) == len(shape), "it has too many indices, or too few")
        for place, (index, size) in enumerate(zip(indices, shape, strict=True)):
            least = low if place == 0 else 0
            require(type(index) is int and least <= index < size, "the model has no such entry")
        return name, *indices

    def make(self, op: str, *parts: Any) -> int:
        """The number of a node, which is new or was there before."""
        node = (op, *parts)
        self.budget.spend(1 + len(parts))
        if node not in self.numbers:
            self.numbers[node] = len(self.nodes)
            size = 1
            if op in OPERATIONS or op in CONNECTIVES or op in RELATIONS:
                self._check_parts(op, parts)
            self.nodes.append(node)
            self.is_term.append(op == "number" or op in ENTRIES or op in OPERATIONS)
            if op in CONNECTIVES:
                size += sum(self.size[part] for part in parts)
            if size > LARGEST_FORMULA:
                raise LimitError(f"a formula has over {LARGEST_FORMULA:,} parts")
            self.size.append(size)
        return self.numbers[node]

    def _check_parts(self, op: str, parts: Sequence[int]) -> None:
        least, most = (OPERATIONS | CONNECTIVES).get(op, (2, 2))
        require(least <= len(parts) <= (most or len(parts)), "it has too many parts, or too few")
        require(all(part < len(self.nodes) for part in parts), "a part of it comes after it")
        wanted = op not in CONNECTIVES
        require(
            all(self.is_term[part] == wanted for part in parts), "its parts are of a wrong sort"
        )
        self.used.update(parts)

    def number(self, value: int | Fraction) -> int:
        return self.make("number", Fraction(value))

    def all(self, parts: Sequence[int]) -> int:
        return self.make("and", *parts) if len(parts) > 1 else parts[0]

    def any(self, parts: Sequence[int]) -> int:
        return self.make("or", *parts) if len(parts) > 1 else parts[0]

    def term(self, value: Any, where: str) -> int:
        return self._of_sort(value, True, where)

    def formula(self, value: Any, where: str) -> int:
        return self._of_sort(value, False, where)

    def _of_sort(self, value: Any, term: bool, where: str) -> int:
        number = natural(value, where)
        require(number < len(self.nodes), f"{where} is no node")
        require(self.is_term[number] == term, f"{where} is a node of a wrong sort")
        self.used.add(number)
        return number

    def conjuncts(self, number: int) -> list[int]:
        """The parts of nested conjunctions; none of what is always true."""
        if number not in self._conjuncts:
            node = self.nodes[number]
            parts = node[1:] if node[0] == "and" else ()
            found = dict.fromkeys(part for inner in parts for part in self.conjuncts(inner))
            self.budget.spend(1 + len(found))
            plain = [] if node == ("truth", True) else [number]
            self._conjuncts[number] = list(found) if parts else plain
        return self._conjuncts[number]


def compared(op: str, left: Any, right: Any) -> bool:
    return bool(RELATIONS[op](left, right))


def varying(node: Node) -> bool:
    """An input, or what the model computes: neither a weight, nor the state before any step."""
    return node[0] in ("x", "z", "h", "logit") and int(node[1]) >= 0


# ---------------------------------------------------------------------------------------------
# Formulas as linear forms over atoms (C13): inputs, free entries, and maxima of earlier forms.

Form = tuple[tuple[tuple[int, Fraction], ...], Fraction]
"""A linear form: atoms, in order, with their coefficients; and a constant."""
Condition = Any
"""True, False, (">" or ">=" or "==", form), ("and" or "or", parts), or ("not", (an equation,))."""
ZERO: Form = ((), Fraction(0))
Open = TypeVar("Open")
"""What stands for a truth that is not told."""


class Rewriting:
    """Formulas in terms of atoms, which are numbered as they come up.

    ``free`` entries are atoms instead of what the program computes; ``defined`` ones are a term
    less some others.
    """

    def __init__(
        self,
        formulas: Formulas,
        free: Iterable[Node] = (),
        defined: dict[Node, tuple[int, list[int]]] | None = None,
    ) -> None:
        self.formulas, self.program = formulas, formulas.program
        self.budget = formulas.budget
        self.free, self.defined = frozenset(free), defined or {}
        self.atoms: list[Any] = []  # an entry, or a tuple of forms whose maximum it is
        self.numbers: dict[Any, int] = {}
        self._entries: dict[Node, Form] = {}
        self._open: set[Node] = set()  # defined ones that are being looked into, or were
        self._terms: dict[int, Form] = {}
        self._conditions: dict[int, Condition] = {}

    def plus(self, a: Form, b: Form, factor: Fraction | int = 1) -> Form:
        """a + factor b."""
        sums = dict(a[0])
        self.budget.spend(1 + len(sums))
        for atom, c in b[0]:
            sums[atom] = sums[atom] + factor * c if atom in sums else factor * c
            self.budget.pay(length(sums[atom]))
        constant = a[1] + factor * b[1]
        self.budget.pay(length(constant))
        return tuple(sorted((atom, c) for atom, c in sums.items() if c)), constant

    def times(self, a: Form, factor: Fraction | int) -> Form:
        return self.plus(ZERO, a, factor)

    def _atom(self, atom: Any) -> Form:
        if atom not in self.numbers:
            self.numbers[atom] = len(self.atoms)
            self.atoms.append(atom)
        return ((self.numbers[atom], Fraction(1)),), Fraction(0)

    def entry(self, entry: Node) -> Form:
        if entry not in self._entries:
            if entry in self.defined:
                require(entry not in self._open, "a definition leads back to itself")
                self._open.add(entry)
                total, rest = self.defined[entry]
                form = self.term(total)
                for part in rest:
                    form = self.plus(form, self.term(part), -1)
            else:
                form = self._computed(entry)
            self._entries[entry] = form
        return self._entries[entry]

    def _computed(self, entry: Node) -> Form:
        name, first, *rest = entry
        program = self.program
        if entry in self.free or name == "x":
            return self._atom(entry)
        match name:
            case "h":
                if first < 0:
                    return ZERO
                return self.maximum([ZERO, self.entry(("z", first, *rest))])
            case "z":
                total = self._weighted(program.recurrent[rest[0]], first - 1)
                weight = program.inputs[rest[0]]
                return self.plus(total, self.entry(("x", first)), weight) if weight else total
            case "logit":
                return self._weighted(program.readout[first], program.n - 1)
            case "W_hi":
                return (), program.inputs[first]
            case "W_hh":
                return (), program.recurrent[first][rest[0]]
        return (), program.readout[first][rest[0]]

    def _weighted(self, weights: Sequence[Fraction], step: int) -> Form:
        total = ZERO
        for j, weight in enumerate(weights):
            if weight:
                total = self.plus(total, self.entry(("h", step, j)), weight)
        return total

    def maximum(self, forms: Iterable[Form]) -> Form:
        kept = list(dict.fromkeys(forms))
        most = max((constant for terms, constant in kept if not terms), default=Fraction(0))
        kept = [form for form in kept if form[0] or form[1] == most]
        if len(kept) == 1:
            return kept[0]
        if len(kept) == 2:
            return self.plus(kept[1], self._relu(self.plus(kept[0], kept[1], -1)))
        return self._atom(tuple(kept))

    def _relu(self, form: Form) -> Form:
        """max(0, form), in terms of the multiple of the form that is primitive."""
        factor = self._content(form)
        unit = self.times(form, 1 / factor)
        positive = self._atom((ZERO, unit))
        if factor > 0:
            return self.times(positive, factor)
        return self.times(self.plus(positive, unit, -1), -factor)

    def _content(self, form: Form) -> Fraction:
        """The factor that leaves integers without a common divisor, the first of them positive."""
        terms, constant = form
        numbers = [c for _, c in terms] + [constant]
        divisor, multiple = 0, 1
        for c in numbers:
            divisor, multiple = gcd(divisor, c.numerator), lcm(multiple, c.denominator)
            self.budget.pay(divisor.bit_length() + multiple.bit_length())
        size = Fraction(divisor, multiple)
        return size if numbers[0] > 0 else -size

    def term(self, number: int) -> Form:
        if number not in self._terms:
            op, *parts = self.formulas.nodes[number]
            self._terms[number] = self._term(op, parts)
        return self._terms[number]

    def _term(self, op: str, parts: list[Any]) -> Form:
        if op == "number":
            return (), parts[0]
        if op in ENTRIES:
            return self.entry((op, *parts))
        forms = [self.term(part) for part in parts]
        match op:
            case "add":
                total = ZERO
                for form in forms:
                    total = self.plus(total, form)
                return total
            case "sub":
                return self.plus(forms[0], forms[1], -1)
            case "neg":
                return self.times(forms[0], -1)
            case "mul":
                return self._product(forms)
            case "min":
                return self.times(self.maximum(self.times(form, -1) for form in forms), -1)
            case "max":
                return self.maximum(forms)
            case "relu":
                return self.maximum([ZERO, forms[0]])
        return self.maximum([forms[0], self.times(forms[0], -1)])  # abs

    def _product(self, forms: list[Form]) -> Form:
        varying = [form for form in forms if form[0]]
        factor = Fraction(1)
        for terms, constant in forms:
            factor *= Fraction(1) if terms else constant
            self.budget.pay(length(factor))
        if not factor:
            return ZERO
        require(len(varying) < 2, "it has a product of two parts that depend on the input")
        return self.times(varying[0], factor) if varying else ((), factor)

    def condition(self, number: int) -> Condition:
        if number not in self._conditions:
            op, *parts = self.formulas.nodes[number]
            self._conditions[number] = self._condition(op, parts)
        return self._conditions[number]

    def _condition(self, op: str, parts: list[Any]) -> Condition:
        if op == "truth":
            return parts[0]
        if op in RELATIONS:
            difference = self.plus(self.term(parts[0]), self.term(parts[1]), -1)
            if op in ("<", "<="):
                difference, op = self.times(difference, -1), ">" if op == "<" else ">="
            sign = self._sign(difference, "==" if op == "!=" else op)
            return self.negation(sign) if op == "!=" else sign
        inner = [self.condition(part) for part in parts]
        if op == "not":
            return self.negation(inner[0])
        if op == "implies":
            return joined("or", [self.negation(inner[0]), inner[1]])
        return joined(op, inner)

    def _sign(self, form: Form, op: str) -> Condition:
        if not form[0]:
            return compared(op, form[1], 0)
        return op, self.times(form, 1 / abs(self._content(form)))

    def negation(self, condition: Condition) -> Condition:
        if isinstance(condition, bool):
            return not condition
        self.budget.spend(_PART)
        op, inner = condition
        if op in ("and", "or"):
            return joined("or" if op == "and" else "and", [self.negation(part) for part in inner])
        if op == "not":
            return inner[0]
        if op == "==":
            return "not", (condition,)
        return ">=" if op == ">" else ">", self.times(inner, -1)

    def needed(self, conditions: Iterable[Condition]) -> list[int]:
        """The atoms that conditions depend on, in order."""
        found: set[int] = set()
        waiting = [form for condition in conditions for form in self.forms_of(condition)]
        while waiting:
            for atom, _ in waiting.pop()[0]:
                if atom not in found:
                    found.add(atom)
                    if is_maximum(self.atoms[atom]):
                        waiting += self.atoms[atom]
        return sorted(found)

    def forms_of(self, condition: Condition) -> Iterator[Form]:
        """The forms whose signs a condition asks for."""
        if not isinstance(condition, bool):
            self.budget.spend(_PART)
            op, inner = condition
            if op in (">", ">=", "=="):
                yield inner
            else:
                for part in inner:
                    yield from self.forms_of(part)


_PART = 10
"""What a part of a condition costs: parts are written out as often as they are used."""


def is_maximum(atom: Any) -> bool:
    return not isinstance(atom[0], str)


def joined(op: str, parts: Iterable[Condition]) -> Condition:
    decisive = op == "or"
    kept = []
    for part in parts:
        if part is decisive:
            return decisive
        if part is not (not decisive):
            kept.append(part)
    if len(kept) > 1:
        return op, tuple(kept)
    return kept[0] if kept else not decisive


def told_by(some: bool, parts: Iterable[bool | Open]) -> bool | Open:
    """A disjunction (``some``) or conjunction: what tells it, else the first part that is open."""
    found: bool | Open = not some
    for part in parts:
        if part is some:
            return some
        found = part if found is (not some) else found
    return found


def opposite(found: bool | Open) -> bool | Open:
    """A negation; what is open stays so."""
    return not found if isinstance(found, bool) else found


def truth_of(
    condition: Condition, budget: Budget, tell: Callable[[str, Any], bool | None]
) -> bool | None:
    """A condition by what ``tell`` says of its forms' signs: true, false, or None for open."""
    if isinstance(condition, bool):
        return condition
    budget.spend(1)
    op, inner = condition
    if op == "not":
        return opposite(truth_of(inner[0], budget, tell))
    if op in ("and", "or"):
        return told_by(op == "or", (truth_of(part, budget, tell) for part in inner))
    return tell(op, inner)


# ---------------------------------------------------------------------------------------------
# The model on a section of its inputs, or with something else computed (C22).

SETTING = {"where", "instead"}


class Setting:
    """What is ``defined`` otherwise: inputs by ``where``, and z[t][j] by ``instead``, each as a
    term. ``tied`` says which input, or 0 (None), an input is."""

    def __init__(self, formulas: Formulas, data: Any) -> None:
        self.formulas = formulas
        self.tied: dict[int, int | None] = {}
        self.defined: dict[Node, tuple[int, list[int]]] = {}
        for left, right in self._equations(data, "where"):
            self._tie(left, right)
        for i, place in self.tied.items():
            known = formulas.number(0) if place is None else formulas.make("x", place)
            self.defined["x", i] = known, []
        for left, right in self._equations(data, "instead"):
            entry = formulas.nodes[left]
            require(entry[0] == "z", "what is replaced is no z[t][j]")
            require(entry not in self.defined, "it is replaced twice")
            self.defined[entry] = right, []

    def __bool__(self) -> bool:
        return bool(self.defined)

    def contains(self, x: Sequence[Fraction]) -> bool:
        """Whether an input lies on the section."""
        return all(x[i] == (0 if j is None else x[j]) for i, j in self.tied.items())

    def _equations(self, data: Any, key: str) -> list[tuple[int, int]]:
        """The sides of each equation that a formula joins."""
        if key not in data:
            return []
        found: list[tuple[int, int]] = []
        for part in self.formulas.conjuncts(self.formulas.formula(data[key], key)):
            op, *sides = self.formulas.nodes[part]
            require(op == "==", f"{key} joins equations")
            found.append((sides[0], sides[1]))
            self.formulas.budget.spend(1 + len(self.tied))
        require(found != [], f"{key} says nothing")
        return found

    def _tie(self, left: int, right: int) -> None:
        """Two sides are the same from now on: 0, or the first of both."""
        sides = [self._place(self.formulas.nodes[side]) for side in (left, right)]
        one, other = sorted(sides, key=lambda place: -1 if place is None else place)
        if one == other:
            return
        for i, place in self.tied.items():
            if place == other:
                self.tied[i] = one
        require(other is not None, "0 is no input")
        assert other is not None
        self.tied[other] = one

    def _place(self, node: Node) -> int | None:
        if node == ("number", 0):
            return None
        require(node[0] == "x", "a section makes inputs 0, or equal")
        i = int(node[1])
        return self.tied.get(i, i)


# ---------------------------------------------------------------------------------------------
# What a formula says at an input, exactly.


def truth_at(
    formulas: Formulas,
    number: int,
    x: Sequence[Fraction],
    *,
    around: bool,
    setting: Setting | None = None,
) -> bool:
    """Whether a formula holds at an input; with a neighbourhood (in the section, where there is
    one), and for certain, if ``around``."""
    if setting is not None and not setting.contains(x):
        return False
    defined = None if setting is None else setting.defined
    rewriting, budget = Rewriting(formulas, (), defined), formulas.budget
    condition = rewriting.condition(number)
    values: dict[int, Fraction] = {}
    locally: dict[int, Form | None] = {}  # linear forms in the inputs; None: several meet

    def at(form: Form) -> tuple[Fraction, Form | None]:
        value = form[1]
        total: Form | None = ((), form[1]) if around else None
        for atom, c in form[0]:
            value += c * values[atom]
            budget.pay(length(value))
            part = locally[atom]
            total = None if total is None or part is None else rewriting.plus(total, part, c)
        return value, total

    for atom in rewriting.needed([condition]):
        found = rewriting.atoms[atom]
        if is_maximum(found):
            sides = [at(form) for form in found]
            values[atom] = max(value for value, _ in sides)
            tops = {form for value, form in sides if value == values[atom]}
            locally[atom] = tops.pop() if len(tops) == 1 else None
        else:
            values[atom] = x[found[1]]
            locally[atom] = ((atom, Fraction(1)),), Fraction(0)

    def tell(op: str, inner: Form) -> bool | None:
        value, form = at(inner)
        return None if around and value == 0 and form != ZERO else compared(op, value, 0)

    return truth_of(condition, budget, tell) is True


# ---------------------------------------------------------------------------------------------
# Proofs by cases and sums of inequalities (C14).


class Rows:
    """Inequalities and choices of a system without a solution, in the order of (C14)."""

    def __init__(self, rewriting: Rewriting, conditions: Sequence[Condition]) -> None:
        self.rewriting = rewriting
        self.rows: list[tuple[str, Form, int | None]] = []  # the last: where it holds
        self.choices: list[tuple[range, int | None]] = []
        self.alternatives = 0
        for number in rewriting.needed(conditions):
            atom = rewriting.atoms[number]
            itself: Form = ((number, Fraction(1)),), Fraction(0)
            if is_maximum(atom):
                for form in atom:
                    self.rows.append((">=", rewriting.plus(itself, form, -1), None))
                self._choose(None, [(">=", rewriting.plus(form, itself, -1)) for form in atom])
            elif atom[0] == "h":
                self.rows.append((">=", itself, None))
        for condition in conditions:
            self._add(condition, None)

    def _add(self, condition: Condition, inside: int | None) -> None:
        self.rewriting.budget.spend(_PART)
        if isinstance(condition, bool):
            if not condition:
                self.rows.append((">=", ((), Fraction(-1)), inside))
            return
        op, inner = condition
        if op == "and":
            for part in inner:
                self._add(part, inside)
        elif op == "or":
            self._choose(inside, inner)
        elif op == "not":
            form = inner[0][1]
            self._choose(inside, [(">", form), (">", self.rewriting.times(form, -1))])
        else:
            self.rows.append((op, inner, inside))

    def _choose(self, inside: int | None, parts: Sequence[Condition]) -> None:
        first = self.alternatives
        self.alternatives += len(parts)
        self.choices.append((range(first, self.alternatives), inside))
        for k, part in enumerate(parts):
            self._add(part, first + k)

    def refuted_by(self, steps: Any) -> None:
        """RejectedError unless the steps show that nothing satisfies the system."""
        require(isinstance(steps, list) and len(steps) > 0, "a proof has no steps")
        excluded: list[frozenset[int]] = []
        used: set[int] = set()
        for number, step in enumerate(steps):
            try:
                require(isinstance(step, dict), "it is no step")
                if set(step) == {"rows"}:
                    excluded.append(self._leaf(step["rows"]))
                else:
                    excluded.append(self._split(step, excluded))
                    used.update(step["cases"])
            except RejectedError as error:
                raise RejectedError(f"step {number}: {error}") from None
        require(used == set(range(len(steps) - 1)), "a proof has a step that no later one uses")
        require(not excluded[-1], "a proof does not cover all alternatives")

    def _leaf(self, data: Any) -> frozenset[int]:
        require(isinstance(data, list) and len(data) > 0, "it has no rows")
        sums: dict[int, Fraction] = {}
        constant, strict, last, divisor = Fraction(0), False, -1, 0
        inside = set()
        for pair in data:
            require(isinstance(pair, list) and len(pair) == 2, "it has a row without multiplier")
            number = natural(pair[0], "a row")
            require(last < number < len(self.rows), "its rows are not there, or not in order")
            last = number
            text = text_of(pair[1], r"-?[1-9][0-9]*", "a multiplier")
            factor = integer_of(text, "a multiplier")
            op, (terms, c), where = self.rows[number]
            require(factor > 0 or op == "==", "a multiplier of an inequality is negative")
            for atom, coefficient in terms:
                sums[atom] = sums.get(atom, Fraction(0)) + factor * coefficient
                self.rewriting.budget.pay(length(sums[atom]))
            constant += factor * c
            self.rewriting.budget.pay(length(constant))
            strict = strict or op == ">"
            divisor = gcd(divisor, factor)
            if where is not None:
                inside.add(where)
        require(divisor == 1, "its multipliers have a common divisor")
        false = constant < 0 or (strict and constant == 0)
        require(false and not any(sums.values()), "the sum of its rows is no contradiction")
        return frozenset(inside)

    def _split(self, step: Json, excluded: Sequence[frozenset[int]]) -> frozenset[int]:
        keys_of(step, {"choice", "cases"}, "it")
        choice = natural(step["choice"], "its choice")
        require(choice < len(self.choices), "there is no such choice")
        alternatives, inside = self.choices[choice]
        cases = step["cases"]
        require(isinstance(cases, list), "its cases must be a list")
        require(len(cases) == len(alternatives), "it has one case for each alternative")
        left: set[int] = set() if inside is None else {inside}
        for alternative, case in zip(alternatives, cases, strict=True):
            require(natural(case, "a case") < len(excluded), "a case is no earlier step")
            self.rewriting.budget.spend(1 + len(excluded[case]))
            require(alternative in excluded[case], "a case does not use its alternative")
            left |= excluded[case] - {alternative}
        return frozenset(left)


# ---------------------------------------------------------------------------------------------
# Proofs and probabilities by cones (C15).


class Regions:
    """Conditions without constants, in integers, to be decided on cones."""

    def __init__(self, rewriting: Rewriting, condition: Condition) -> None:
        self.rewriting, self.budget = rewriting, rewriting.budget
        atoms = rewriting.needed([condition])
        self.scales: dict[int, int] = {}
        self.choices: dict[int, list[list[tuple[int, int]]]] = {}
        self.places: dict[int, int] = {}  # of inputs among the coordinates
        self.rows: list[list[tuple[int, int]]] = []  # positive multiples of forms, by number
        self._numbers: dict[Form, int] = {}
        inputs = {}
        for number in atoms:
            atom = rewriting.atoms[number]
            if is_maximum(atom):
                scale = self.budget.multiple(self._denominator(form) for form in atom)
                self.scales[number] = scale
                self.choices[number] = [self._pairs(form, scale) for form in atom]
            else:
                require(atom[0] == "x", "cones are about inputs alone")
                self.scales[number] = 1
                inputs[atom[1]] = number
        self.inputs = sorted(inputs) or [0]
        self.places = {inputs[i]: k for k, i in enumerate(self.inputs) if i in inputs}
        self.condition = self._prepared(condition)
        self._rays: dict[Vector, Ray] = {}

    def ray(self, ray: Vector) -> Ray:
        """What is known of one; rays of late are kept, since neighbours have them too."""
        if ray not in self._rays:
            if len(self._rays) == MOST_KEPT:
                self._rays.clear()
            self._rays[ray] = Ray(self, ray)
        return self._rays[ray]

    def _denominator(self, form: Form) -> int:
        return self.budget.multiple((c / self.scales[atom]).denominator for atom, c in form[0])

    def _pairs(self, form: Form, scale: int) -> list[tuple[int, int]]:
        require(form[1] == 0, "a condition with a constant is nothing for cones")
        return [(atom, int(c * scale / self.scales[atom])) for atom, c in form[0]]

    def _prepared(self, condition: Condition) -> Condition:
        """The condition with rows' numbers in place of forms."""
        if isinstance(condition, bool):
            return condition
        self.budget.spend(_PART)
        op, inner = condition
        if op in ("and", "or", "not"):
            return op, tuple(map(self._prepared, inner))
        if inner not in self._numbers:
            self._numbers[inner] = len(self.rows)
            self.rows.append(self._pairs(inner, self._denominator(inner)))
        return op, self._numbers[inner]


class Ray:
    """A ray: the values of atoms and forms on it, and which forms each maximum is there.

    It lies on many cones, and is looked at once for all of them.
    """

    def __init__(self, regions: Regions, ray: Vector) -> None:
        self.regions, self.ray = regions, ray
        self._atoms: dict[int, tuple[int, int]] = {}
        self._signs: dict[int, int] = {}

    def atom(self, number: int) -> tuple[int, int]:
        """Its value, and of a maximum the forms that are as large, as a bit mask."""
        if number not in self._atoms:
            if number in self.regions.places:
                self._atoms[number] = self.ray[self.regions.places[number]], 0
            else:
                values = [self._value(pairs) for pairs in self.regions.choices[number]]
                best = max(values)
                winners = sum(1 << k for k, value in enumerate(values) if value == best)
                self._atoms[number] = best, winners
        return self._atoms[number]

    def sign(self, row: int) -> int:
        """Of a row's value: -1, 0 or 1."""
        if row not in self._signs:
            value = self._value(self.regions.rows[row])
            self._signs[row] = (value > 0) - (value < 0)
        return self._signs[row]

    def _value(self, pairs: list[tuple[int, int]]) -> int:
        total = 0
        for atom, factor in pairs:
            total += factor * self.atom(atom)[0]
            self.regions.budget.pay(total.bit_length(), 2)
        return total


class Piece:
    """One cone, by its rays: what conditions are on it.

    A maximum is linear on it if all its forms are, and one of them is the greatest on each ray.
    """

    def __init__(self, regions: Regions, rays: Sequence[Vector]) -> None:
        self.regions, self.rays = regions, [regions.ray(ray) for ray in rays]
        self._linear: dict[int, bool] = {}
        self._signs: dict[int, tuple[int, int]] = {}

    def is_linear(self, number: int) -> bool:
        """Whether an atom is known to be."""
        if number not in self._linear:
            choices = self.regions.choices.get(number)
            self._linear[number] = choices is None or (
                all(map(self._are_linear, choices)) and self._has_winner(number)
            )
        return self._linear[number]

    def _are_linear(self, pairs: list[tuple[int, int]]) -> bool:
        return all(map(self.is_linear, [atom for atom, _ in pairs]))

    def _has_winner(self, number: int) -> bool:
        winners = -1
        for ray in self.rays:
            winners &= ray.atom(number)[1]
        return winners != 0

    def _masks(self, row: int) -> tuple[int, int] | None:
        """The rays on which a row is positive, and negative; None if it is not linear."""
        if row not in self._signs:
            if not self._are_linear(self.regions.rows[row]):
                return None
            signs = [ray.sign(row) for ray in self.rays]
            above = sum(1 << k for k, sign in enumerate(signs) if sign > 0)
            below = sum(1 << k for k, sign in enumerate(signs) if sign < 0)
            self._signs[row] = above, below
        return self._signs[row]

    def truth(self, condition: Condition, face: int, *, almost: bool) -> bool | None:
        """Whether a condition holds at all points within a face (the positive combinations of its
        rays), at none, or that is open. ``almost``: but for null sets within the cone."""

        def tell(op: str, row: int) -> bool | None:
            masks = self._masks(row) if face else (0, 0)  # at 0 each form is 0
            if masks is None:
                return None
            above, below = bool(masks[0] & face), bool(masks[1] & face)
            if above and below:
                return False if almost and op == "==" else None
            return compared(op, above - below, 0)

        return truth_of(condition, self.regions.budget, tell)


def cones_of(data: Any, regions: Regions) -> Iterator[tuple[list[Vector], tuple[int, ...]]]:
    """The rays and facets of each cone that the cuts leave; together they cover the space of the
    inputs that occur."""
    keys_of(data, {"inputs", "rays", "tree"}, "cells")
    inputs, budget = regions.inputs, regions.budget
    same = isinstance(data["inputs"], list) and [natural(i, "an input") for i in data["inputs"]]
    require(same == inputs, f"the inputs that occur are {inputs}")
    size = len(inputs)
    require(size <= LARGEST_CUT, f"cells have at most {LARGEST_CUT} inputs")
    rays = rays_of(data["rays"], size)
    require(isinstance(data["tree"], list), "a tree must be a list")
    used: set[int] = set()
    waiting: list[tuple[Vector, ...]] = [()]
    for place, item in enumerate(data["tree"]):
        require(bool(waiting), "a tree goes on after its end")
        walls = waiting.pop()
        try:
            if isinstance(item, str):
                normal = vector_of(item, size, "its normal")
                require(len(walls) < MOST_CUTS, f"over {MOST_CUTS} cuts lie within each other")
                waiting += ((*walls, normal), (*walls, tuple(-c for c in normal)))  # below first
                continue
            numbers = chosen(item, len(rays), size)
            corners = [rays[k] for k in numbers]
            masks = set()
            for wall in walls:
                values = [dot(wall, ray) for ray in corners]
                budget.pay(max(map(abs, values)).bit_length(), 2 * size * len(corners))
                require(min(values) >= 0, "it has a ray on the wrong side of a cut")
                masks.add(sum(1 << k for k, value in enumerate(values) if value == 0))
            require(bool(masks), "it is no cone, but all of the space")
            facets = complete_facets(size, masks, len(corners), regions.rewriting.budget)
        except RejectedError as error:
            raise RejectedError(f"part {place} of the tree: {error}") from None
        used.update(numbers)
        yield corners, facets
    require(not waiting, "a tree ends before its end")
    require(len(used) == len(rays), "a ray is listed that no cone has")


LARGEST_CUT, MOST_CUTS, MOST_KEPT = 10, 500, 2000


# ---------------------------------------------------------------------------------------------
# Order and signs (C16).

Below = tuple[int, ...]
"""A partial order: for each element, those below it, as a bit mask. Elements are the inputs, and n
for the number 0."""
NOTHING: Mapping[int, int | None] = {}
Known = dict[tuple[int, int, bool], "Told"]
"""Of comparisons of terms: high, low, and whether strict."""
Told = bool | tuple[int, int]
"""What a formula is, but for null sets; or a comparison that it may depend on: of two elements."""


class NotAnOrderError(Exception):
    """A formula is not about the order of the inputs and 0 alone."""


class Orders:
    """What formulas say about the order of the inputs and 0, and how likely that is."""

    def __init__(self, formulas: Formulas, tied: Mapping[int, int | None] = NOTHING) -> None:
        self.formulas, self.n, self.budget = formulas, formulas.program.n, formulas.budget
        self.tied = tied  # inputs to others, or to 0
        self._known: dict[int, Fraction | None] = {}

    def probability(self, number: int) -> Fraction | None:
        """Of a formula about the order alone; None for all others."""
        if number not in self._known:
            try:
                orders = self._orders([number])
                self._known[number] = sum(map(self._extensions, orders), Fraction(0))
            except NotAnOrderError:
                self._known[number] = None
        return self._known[number]

    def of(self, domain: int) -> list[Below]:
        """What a domain's conjuncts about the order alone say, as partial orders."""
        conjuncts = self.formulas.conjuncts(domain)
        return list(self._orders(p for p in conjuncts if self.probability(p) is not None))

    def excluded(self, number: int, orders: Sequence[Below]) -> bool:
        """Whether partial orders tell that a formula does not hold, but for null sets."""
        try:
            return next(self._orders([number], orders), None) is None
        except NotAnOrderError:
            return False

    def _orders(
        self, formulas: Iterable[int], given: Sequence[Below] | None = None
    ) -> Iterator[Below]:
        """Partial orders that exclude each other, in all of which, and nowhere else in those
        ``given``, the formulas hold: by one comparison after another, until all are told."""
        left = [part for number in formulas for part in self.formulas.conjuncts(number)]
        waiting = [(below, left) for below in ([(0,) * (self.n + 1)] if given is None else given)]
        while waiting:
            below, left = waiting.pop()
            self.budget.spend(self.n + len(left))
            if not left:
                yield below
                continue
            found = self._told(left[0], below, {})
            if isinstance(found, tuple):
                high, low = found
                waiting += ((placed(below, low, high), left), (placed(below, high, low), left))
            elif found:  # and so it stays
                waiting.append((below, left[1:]))

    def _told(self, number: int, below: Below, known: Known) -> Told:
        """What a formula is in a partial order."""
        self.budget.spend(5)
        op, *parts = self.formulas.nodes[number]
        match op:
            case "truth":
                return bool(parts[0])
            case "not":
                return opposite(self._told(parts[0], below, known))
            case "and" | "or":
                return told_by(op == "or", (self._told(part, below, known) for part in parts))
            case "implies":
                one, other = (self._told(part, below, known) for part in parts)
                return told_by(True, (opposite(one), other))
            case "==" | "!=":  # equal, but for a null set, only where both are the same element
                sides = (self._above(a, b, True, below, known) for a, b in (parts, parts[::-1]))
                found = told_by(True, sides)
                return found if op == "!=" else opposite(found)
        high, low = parts if op in (">", ">=") else parts[::-1]
        return self._above(high, low, op in (">", "<"), below, known)

    def _above(self, high: int, low: int, strict: bool, below: Below, known: Known) -> Told:
        """high > low, or high >= low, which differ where both are the same element."""
        key = high, low, strict
        if key not in known:
            self.budget.spend(5)
            known[key] = self._compared(high, low, strict, below, known)
        return known[key]

    def _compared(self, high: int, low: int, strict: bool, below: Below, known: Known) -> Told:
        for number in (high, low):
            op, *parts = self.formulas.nodes[number]
            if op == "relu":
                op, parts = "max", [self.formulas.number(0), *parts]
            if op in ("min", "max"):
                pairs = ((p, low) if number == high else (high, p) for p in parts)
                found = (self._above(a, b, strict, below, known) for a, b in pairs)
                return told_by((op == "max") is (number == high), found)
        a, b = self._element(high), self._element(low)
        if a == b or below[a] >> b & 1:
            return a != b or not strict
        return False if below[b] >> a & 1 else (a, b)

    def _element(self, number: int) -> int:
        node = self.formulas.nodes[number]
        if node == ("number", 0):
            return self.n
        if node[0] != "x":
            raise NotAnOrderError
        place = self.tied.get(int(node[1]), int(node[1]))
        return self.n if place is None else place

    def _extensions(self, below: Below) -> Fraction:
        """The probability of a partial order.

        Elements are placed from the lowest up; a set of placed ones is met on many ways.
        """
        zero, occurring = 1 << self.n, 1 << self.n  # what no comparison is about plays no part
        for k, lower in enumerate(below):
            occurring |= lower | (1 << k if lower else 0)
        at: dict[int, dict[int, int]] = {0: {0: 1}}  # by the number of elements below 0
        for _ in range(occurring.bit_count()):
            after: dict[int, dict[int, int]] = {}
            for done, ways in at.items():
                self.budget.spend(10 * (self.n + 1) * len(ways))
                for k in members(occurring & ~done):
                    if below[k] & ~done == 0:
                        target = after.setdefault(done | 1 << k, {})
                        for under, count in ways.items():
                            now = done.bit_count() if 1 << k == zero else under
                            target[now] = target.get(now, 0) + count
            at = after
        n = occurring.bit_count() - 1
        parts = (
            Fraction(count, 2**n * factorial(k) * factorial(n - k))
            for k, count in at[occurring].items()
        )
        return sum(parts, Fraction(0))


def placed(below: Below, high: int, low: int) -> Below:
    """With one more element above another, and all that follows."""
    under = below[low] | 1 << low
    return tuple(
        mask | under if k == high or mask >> high & 1 else mask for k, mask in enumerate(below)
    )


# ---------------------------------------------------------------------------------------------
# Probabilities of conditions on the inputs (C16).

Range = tuple[Fraction, Fraction]
PROBABILITY_BITS = 126
"""After the point of a probability by cones: the allowance for an error, 2^20 units for each angle
or orthoscheme, is far below 10^-20."""


class Probabilities:
    """By the order of the inputs, or by the measures of cones."""

    def __init__(self, formulas: Formulas, orders: Orders) -> None:
        self.formulas, self.orders = formulas, orders

    @cached_property
    def _measure(self) -> Measure:
        return Measure(Fixed(PROBABILITY_BITS), self.formulas.budget)

    def of(self, condition: int, cells: Any, setting: Setting) -> Range:
        """What the probability of a condition lies between, in a setting."""
        if cells is None:
            tied = setting.tied
            orders = Orders(self.formulas, tied) if tied else self.orders
            found = orders.probability(condition)
            require(found is not None, "it is not about the order of the inputs alone")
            assert found is not None
            return found, found
        rewriting, budget = Rewriting(self.formulas, (), setting.defined), self.formulas.budget
        regions = Regions(rewriting, rewriting.condition(condition))
        size = len(regions.inputs)
        require(size <= LARGEST_MEASURED, f"measures end with {LARGEST_MEASURED} inputs")
        measure = self._measure
        measure.terms = total = 0
        for corners, facets in cones_of(cells, regions):
            everything = (1 << len(corners)) - 1
            holds = Piece(regions, corners).truth(regions.condition, everything, almost=True)
            require(holds is not None, "on one of its cells the condition is open")
            if holds:
                budget.pay(2 * longest(corners), 2 * size * len(corners) ** 2)
                gram = [[dot(a, b) for b in corners] for a in corners]
                total += measure.of(Cone(size, gram, facets), everything)
        off = measure.terms << 20
        one = measure.fixed.one
        return Fraction(max(0, total - off), one), Fraction(min(one, total + off), one)


# ---------------------------------------------------------------------------------------------
# Statements about one program, with their proofs and witnesses (C14), (C15).

STATEMENT = {"for", "statement", "domain", "witness", "proof"}
PROBABILITY = {"condition", "at_least", "at_most", "cells"}
QUANTIFIERS = ("all", "almost all", "some")


def within(where: str, check: Callable[..., Any], *args: Any) -> Any:
    """What the check finds; its complaint says where."""
    try:
        return check(*args)
    except (RejectedError, LimitError) as error:
        raise type(error)(f"{where}: {error}") from None


class Facts:
    """What was proved of all inputs in some domain, or of almost all."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self._domains: dict[int, list[tuple[list[int], bool]]] = {}

    def add(self, statement: int, domain: int, almost: bool) -> None:
        """It, and all its parts, on the domain; and everywhere that the one implies the other."""
        given = self.formulas.conjuncts(domain)
        for part in {statement, *self.formulas.conjuncts(statement)}:
            self._domains.setdefault(part, []).append((given, almost))
        whole = self.formulas.make("implies", domain, statement)
        self._domains.setdefault(whole, []).append(([], almost))

    def known(self, fact: int, domain: Iterable[int], *, almost: bool) -> bool:
        """Whether it is one of these conditions, or was proved where some of them hold."""
        given = set(domain)
        for conditions, but_null_sets in self._domains.get(fact, ()):
            self.formulas.budget.spend(1 + len(conditions))
            if (almost or not but_null_sets) and given.issuperset(conditions):
                return True
        return fact in given


class Proofs:
    """Checks what is said about one program: statements, by their proofs and witnesses, and
    probabilities."""

    def __init__(self, program: Program, nodes: Any, budget: Budget) -> None:
        self.program, self.n, self.budget = program, program.n, budget
        self.formulas = Formulas(program, budget)
        self.formulas.read(nodes)
        self.listed = len(self.formulas.nodes)
        self.facts, self.orders = Facts(self.formulas), Orders(self.formulas)
        self.probabilities = Probabilities(self.formulas, self.orders)
        self.counts: Counter[str] = Counter()

    def all_used(self) -> None:
        unused = set(range(self.listed)) - self.formulas.used
        require(not unused, f"node {min(unused, default=0)} is used nowhere")

    def judge(self, data: Any) -> str:
        """Whether a statement, or a probability, is proved, refuted, or unknown. What is proved of
        all inputs is a fact from now on."""
        if isinstance(data, dict) and "condition" in data:
            return self._probability(keys_of(data, PROBABILITY | (SETTING & set(data)), "it"))
        keys_of(data, STATEMENT | (SETTING & set(data if isinstance(data, dict) else ())), "it")
        setting = self.setting(data)
        quantifier, proof, witness = data["for"], data["proof"], data["witness"]
        require(type(quantifier) is str and quantifier in QUANTIFIERS, "it is for all, or for some")
        statement = self.formulas.formula(data["statement"], "its statement")
        domain = self.formulas.formula(data["domain"], "its domain")
        some, almost = quantifier == "some", quantifier == "almost all"
        opposite = self.formulas.make("not", statement)
        if witness is not None:
            require(proof is None, "it needs no proof beside its witness")
            shown = self.formulas.make("and", domain, statement if some else opposite)
            x = self.point(witness)
            holds = truth_at(self.formulas, shown, x, around=almost, setting=setting)
            require(holds, "its witness does not show it")
            return "proved" if some else "refuted"
        if proof is None:
            return "unknown"
        said = opposite if some else statement
        self.prove(proof, said, domain, almost=almost, setting=setting)
        if some:
            return "refuted"
        if not setting:
            self.facts.add(statement, domain, almost)
        return "proved"

    def setting(self, data: Json) -> Setting:
        """What a part is about: the model as it is, on all inputs, or else."""
        return Setting(self.formulas, data)

    def _probability(self, data: Json) -> str:
        condition = self.formulas.formula(data["condition"], "its condition")
        least, most = (fraction_of(data[key], key) for key in ("at_least", "at_most"))
        require(least <= most, "its bounds are the wrong way round")
        low, high = self.probabilities.of(condition, data["cells"], self.setting(data))
        if least <= low and high <= most:
            return "proved"
        apart = high < least or low > most
        require(apart, f"its probability is {float(low):.16g}, too close to a bound to tell")
        return "refuted"

    def point(self, data: Any) -> list[Fraction]:
        require(isinstance(data, list) and len(data) == self.n, "a point is an input")
        return [fraction_of(value, "a point") for value in data]

    def prove(
        self,
        data: Any,
        statement: int,
        domain: int,
        *,
        almost: bool,
        setting: Setting | None = None,
    ) -> None:
        """RejectedError unless the statement is proved wherever its domain holds."""
        setting = self.setting({}) if setting is None else setting
        require(isinstance(data, dict), "a proof must be an object")
        optional = {"facts", "defined", "free", "without"} if "steps" in data else {"without"}
        main = "steps" if "steps" in data else "cells"
        keys_of(data, {main} | (optional & set(data)), "a proof")
        for key in optional & set(data):
            require(isinstance(data[key], list) and data[key], f"{key} must be a list, not empty")
        if "without" in data:
            require(almost, "a null set may matter here")
            walls = [self._null_set(wall, setting) for wall in data["without"]]
            domain = self.formulas.make("and", domain, *walls)
        if main == "cells":
            prove_by_cells(
                self.formulas, data["cells"], statement, domain, almost=almost, setting=setting
            )
            self.counts["proofs by cells"] += 1
            return
        given = self.formulas.conjuncts(domain)
        used = [self._fact(fact, given, almost) for fact in data.get("facts", ())]
        free = [self._entry(e, "a free entry") for e in data.get("free", ())]
        defined = self._defined(data, given, almost)
        if setting:  # facts are about the model as it is
            named = [*used, *(pair[1] for pair in data.get("defined", ()))]
            require(not free and set(named) <= set(given), "in a setting no facts are known")
        rewriting = Rewriting(self.formulas, free, defined | setting.defined)
        known = [rewriting.condition(part) for part in (domain, *used)]
        goal = rewriting.negation(rewriting.condition(statement))
        Rows(rewriting, [*known, goal]).refuted_by(data["steps"])
        self.counts["proofs by cases and sums"] += 1

    def _fact(self, number: Any, given: Sequence[int], almost: bool) -> int:
        fact = self.formulas.formula(number, "a fact")
        known = self.facts.known(fact, given, almost=almost)
        require(known, f"node {fact} is no fact that is known here")
        return fact

    def _null_set(self, number: Any, setting: Setting) -> int:
        """A formula x.c != 0, which leaves out a hyperplane."""
        wall = self.formulas.formula(number, "what is left out")
        op, *parts = self.formulas.nodes[wall]
        require(op == "!=", "what is left out is no hyperplane")
        rewriting = Rewriting(self.formulas, (), setting.defined)
        form = rewriting.plus(rewriting.term(parts[0]), rewriting.term(parts[1]), -1)
        flat = all(not is_maximum(rewriting.atoms[atom]) for atom, _ in form[0])
        require(bool(form[0]) and flat, "what is left out is no hyperplane")
        return wall

    def _entry(self, number: Any, where: str) -> Node:
        node = self.formulas.nodes[self.formulas.term(number, where)]
        require(varying(node), f"{where} is no input, and nothing that the model computes")
        return node

    def _defined(
        self, data: Json, given: Sequence[int], almost: bool
    ) -> dict[Node, tuple[int, list[int]]]:
        """Entries as terms, from equations that are known."""
        found: dict[Node, tuple[int, list[int]]] = {}
        for pair in data.get("defined", ()):
            fits = isinstance(pair, list) and len(pair) == 2
            require(fits, "a definition is an entry and a fact")
            entry = self._entry(pair[0], "what is defined")
            fact = self._fact(pair[1], given, almost)
            require(entry not in found, "an entry is defined twice")
            op, *sides = self.formulas.nodes[fact]
            require(op == "==", "a definition is an equation")
            found[entry] = self._solved(entry, sides)
        return found

    def _solved(self, entry: Node, sides: list[int]) -> tuple[int, list[int]]:
        """An equation solved for an entry: the other side, less the other summands."""
        for side, other in (sides, sides[::-1]):
            node = self.formulas.nodes[side]
            summands = list(node[1:]) if node[0] == "add" else [side]
            rest = [part for part in summands if self.formulas.nodes[part] != entry]
            if len(rest) == len(summands) - 1:
                return other, rest
        raise RejectedError("its equation does not tell the entry")


def prove_by_cells(
    formulas: Formulas,
    data: Any,
    statement: int,
    domain: int,
    *,
    almost: bool,
    setting: Setting | None = None,
) -> None:
    """RejectedError unless the statement holds on each cone wherever its domain does (C15)."""
    rewriting = Rewriting(formulas, (), None if setting is None else setting.defined)
    goal = rewriting.negation(rewriting.condition(statement))
    regions = Regions(rewriting, joined("and", [rewriting.condition(domain), goal]))
    for corners, facets in cones_of(data, regions):
        everything = (1 << len(corners)) - 1
        piece = Piece(regions, corners)
        for face in [everything] if almost else faces_of(facets, everything):
            holds = piece.truth(regions.condition, face, almost=almost)
            require(holds is False, "it fails on one of its cells, or is open there")


# ---------------------------------------------------------------------------------------------
# Where the model is right, and where it is wrong, as formulas, label by label (C14).

ANSWERS = ("right", "wrong")


class Answers:
    """That a model gives the task's label, or another one, almost everywhere in a domain."""

    def __init__(self, proofs: Proofs, task: str, ties: str) -> None:
        self.proofs, self.formulas, self.n = proofs, proofs.formulas, proofs.n
        self.task, self.ties = task, ties

    @cached_property
    def cells(self) -> list[tuple[int, int]]:
        """Of the task's cells of constant label: label, and the open cone as a formula."""
        found = []
        for label, walls in label_cells(self.task, self.n):
            self.formulas.budget.spend(100 * self.n**2)
            found.append((label, self._inside(walls)))
        return found

    def goals(self, domain: int, answer: str) -> set[tuple[int, int]]:
        """What is to be proved, label by label: statements, each with its domain."""
        make = self.formulas.make
        return {
            (self._earns(label, answer), make("and", inside, domain))
            for label, inside in self.cells
        }

    def known(self, domain: int, answer: str) -> bool:
        """Whether that was proved for each label that the order of the inputs does not exclude."""
        orders, conjuncts = self.proofs.orders, self.formulas.conjuncts
        given = orders.of(domain)
        return all(
            orders.excluded(inside, given)
            or self.proofs.facts.known(
                self._earns(label, answer), [*conjuncts(inside), *conjuncts(domain)], almost=True
            )
            for label, inside in self.cells
        )

    def _inside(self, walls: Iterable[Vector]) -> int:
        """The open cone, as a formula."""
        make = self.formulas.make

        def total(row: list[tuple[int, int]]) -> int:
            terms = []
            for c, i in row:
                entry = make("x", i)
                terms.append(entry if c == 1 else make("mul", self.formulas.number(c), entry))
            if len(terms) > 1:
                return make("add", *terms)
            return terms[0] if terms else self.formulas.number(0)

        parts = []
        for row in walls:
            high = [(c, i) for i, c in enumerate(row) if c > 0]
            low = [(-c, i) for i, c in enumerate(row) if c < 0]
            parts.append(make(">", total(high), total(low)))
        return self.formulas.all(parts)

    def _earns(self, label: int, answer: str) -> int:
        """Where the model earns all for the label; for the answer wrong, where nothing."""
        make = self.formulas.make
        own = make("logit", label)
        rivals = [k for k in range(self.n) if k != label]
        if answer == "wrong" and self.ties == "uniform":
            return self.formulas.any([make(">", make("logit", k), own) for k in rivals])
        parts = []
        for k in rivals:
            op = ">=" if self.ties == "lowest" and k > label else ">"
            parts.append(make(op, own, make("logit", k)))
        earned = self.formulas.all(parts)
        return earned if answer == "right" else make("not", earned)


# ---------------------------------------------------------------------------------------------
# An explanation: claims, cases, and the accuracy that follows (C12), (C17), (C21).

EXPLANATION = {"title", "factors", "nodes", "others", "claims", "cases", "disjoint", "accuracy"}
NAME = r"[A-Za-z_][A-Za-z_0-9]{0,99}"
OTHER = {"name", "weights", "nodes"}
CASE = {"name", "text", "written", "instances"}
CLAIM = CASE | {"about"}
INSTANCE = {"parameters", "parts", "inside"}
CASE_INSTANCE = INSTANCE | {"when", "probability", "answer", "lies_in"}
COUNTED = {
    "proved": "proved",
    "refuted": "refuted",
    "unknown": "left open",
    "vacuous": "true of no input that is shown",
    "said": "resting on what was not checked",
}
"""Verdicts, in words."""


def joint(verdicts: Collection[str]) -> str:
    """Of what has several parts: of no input, if all are."""
    order = ("refuted", "unknown", "said", "proved", "vacuous")
    return next(verdict for verdict in order if verdict in verdicts)


class Story:
    """Checks an explanation: each claim, each case, that these do not overlap, the accuracy."""

    def __init__(
        self, data: Any, weights: Weights, task: str, n: int, ties: str, budget: Budget
    ) -> None:
        self.data = keys_of(data, EXPLANATION, "explanation")
        require(type(data["title"]) is str, "explanation.title must be a text")
        self.task, self.outputs, self.budget = task, 1 if task == "median" else n, budget
        Network(weights, n, self.outputs, budget)  # refuses weights of other shapes
        self.program = self._scaled(Program(weights, n), data["factors"])
        self.proofs = Proofs(self.program, data["nodes"], budget)
        self.formulas = self.proofs.formulas
        self.answers = Answers(self.proofs, task, ties)
        self.others: list[tuple[str, Proofs]] = []
        self.discussed: set[int] = set()  # which of these
        self.counts: Counter[str] = Counter()
        self.not_checked: list[str] = []
        self.accuracy: tuple[Fraction, Fraction] | None = None

    def _scaled(self, program: Program, data: Any) -> Program:
        """The model whose states the claims speak of."""
        if data is None:
            return program
        require(isinstance(data, list) and len(data) == program.d, "there is a factor a neuron")
        factors = [fraction_of(factor, "a factor") for factor in data]
        require(min(factors) > 0, "a factor is not positive")
        return program.scaled(factors, self.budget)

    def check(self) -> None:
        data = self.data
        for key in ("others", "claims", "cases"):
            require(isinstance(data[key], list), f"{key} must be a list")
        require(bool(data["claims"] or data["cases"]), "it claims nothing")
        require(self.task != "median" or not data["cases"], "median has no labels, so no cases")
        for number, other in enumerate(data["others"]):
            self.others.append(within(f"other model {number}", self._other, other))
        names: set[str] = set()
        for claim in data["claims"]:
            name = self._name(claim, CLAIM, "a claim")
            require(name not in names, f"claim {name}: its name comes twice")
            names.add(name)
            self.counts[f"claims {within(f'claim {name}', self._claim, name, claim)}"] += 1
        whens: list[int] = []
        sums = dict.fromkeys(ANSWERS, Fraction(0))
        for case in data["cases"]:
            title = f"case {self._name(case, CASE, 'a case')}"
            self.counts[f"cases {within(title, self._case, title, case, whens, sums)}"] += 1
        self._conclude(within("disjoint", self._disjoint, whens), sums)
        require(len(self.discussed) == len(self.others), "no claim is about one of the others")
        self.proofs.all_used()
        for name, proofs in self.others:
            within(f"the model {quoted(name)}", proofs.all_used)

    def _other(self, data: Any) -> tuple[str, Proofs]:
        """Another model, beside this one as one program on the same inputs (C21)."""
        keys_of(data, OTHER, "it")
        require(type(data["name"]) is str, "its name must be a text")
        weights, n = weights_of(data["weights"], "weights"), self.program.n
        Network(weights, n, self.outputs, self.budget)  # refuses weights of other shapes
        both = self.program.beside(Program(weights, n))
        return data["name"], Proofs(both, data["nodes"], self.budget)

    def _name(self, data: Any, keys: set[str], where: str) -> str:
        keys_of(data, keys, where)
        text_of(data["name"], NAME, f"the name of {where}")
        require(type(data["text"]) is str, f"what {where} says must be a text")
        written, instances = data["written"], data["instances"]
        texts = isinstance(written, dict) and all(type(v) is str for v in written.values())
        require(texts, f"what is written of {where} must be texts")
        require(isinstance(instances, list) and instances != [], f"{where} has no instances")
        return str(data["name"])

    def _claim(self, name: str, claim: Json) -> str:
        proofs = self.proofs
        if claim["about"] is not None:
            number = natural(claim["about"], "what it is about")
            require(number < len(self.others), "it is about a model that is not there")
            proofs = self.others[number][1]
            self.discussed.add(number)
        return joint(
            [
                within(f"instance {number}", self._instance, name, instance, proofs)
                for number, instance in enumerate(claim["instances"])
            ]
        )

    def _instance(self, name: str, data: Any, proofs: Proofs) -> str:
        """The verdict on one instance of a claim."""
        keys_of(data, INSTANCE, "it")
        require(data["parts"] != [], "it has no parts")
        verdict = self._parts(name, data, proofs)
        domains = [
            (part["domain"], part["for"] == "almost all", proofs.setting(part))
            for part in data["parts"]
            if part.get("for", "some") != "some"
        ]
        return self._shown(verdict, data["inside"], domains, proofs)

    def _parts(self, name: str, data: Json, proofs: Proofs) -> str:
        """The verdict on all parts together; proved, if there are none."""
        found, parts = data["parameters"], data["parts"]
        whole = isinstance(found, dict) and all(type(v) is int for v in found.values())
        require(whole, "parameters are whole numbers")
        require(isinstance(parts, list), "parts must be a list")
        return joint(
            [within(f"part {k}", self._part, name, part, proofs) for k, part in enumerate(parts)]
            or ["proved"]
        )

    def _part(self, name: str, data: Any, proofs: Proofs) -> str:
        """A statement or a probability, or what somebody says, which is not checked."""
        if not isinstance(data, dict) or "said" not in data:
            return proofs.judge(data)
        said = keys_of(data, {"said"}, "it")["said"]
        require(type(said) is str, "what is said must be a text")
        self.not_checked.append(f"{name}: {quoted(said)}")
        return "said"

    def _shown(
        self, verdict: str, data: Any, domains: Sequence[tuple[int, bool, Setting]], proofs: Proofs
    ) -> str:
        """Nothing counts as proved by having no inputs to speak of: the point ``data`` is in one of
        the domains, with a neighbourhood where null sets do not count (True)."""
        if verdict != "proved" or not domains:
            require(data is None, "it needs no point inside")
            return verdict
        if data is None:
            return "vacuous"
        x = proofs.point(data)
        inside = any(
            truth_at(proofs.formulas, domain, x, around=almost, setting=setting)
            for domain, almost, setting in domains
        )
        require(inside, "its point is in no domain")
        return verdict

    def _case(self, title: str, case: Json, whens: list[int], sums: dict[str, Fraction]) -> str:
        """The verdict on all instances; their conditions, and probabilities, are added."""
        verdicts = []
        for number, data in enumerate(case["instances"]):
            where = f"instance {number}"
            verdict, when, least = within(where, self._case_instance, title, data)
            verdicts.append(verdict)
            whens.append(when)
            if verdict in ("proved", "vacuous"):
                sums[data["answer"]] += least
                self.budget.pay(length(sums[data["answer"]]))
        return joint(verdicts)

    def _case_instance(self, title: str, data: Any) -> tuple[str, int, Fraction]:
        """The verdict, when it is the case, and with which probability at least."""
        keys_of(data, CASE_INSTANCE, "it")
        when, answer, lies_in = data["when"], data["answer"], data["lies_in"]
        require(isinstance(data["parts"], list), "parts must be a list")
        for part in (*data["parts"], data["probability"], lies_in):
            set_apart = isinstance(part, dict) and SETTING & set(part)
            require(not set_apart, "cases are about the model as it is, on all inputs")
        self.formulas.formula(when, "when")
        require(type(answer) is str and answer in (*ANSWERS, "unknown"), "its answer is unknown")
        least = within("probability", self._least, title, data["probability"], when)
        verdict = self._parts(title, data, self.proofs)
        if answer == "unknown":
            require(data["parts"] == [] and lies_in is None, "nothing is said of it")
            verdict = "unknown"
        goals = self.answers.goals(when, answer) if data["parts"] else set()
        for part in data["parts"]:
            goal = part.get("statement"), part.get("domain")
            fits = "said" in part or (goal in goals and part["for"] == "almost all")
            require(fits, f"a part does not say that the model is {answer}")
        if verdict == "proved":
            domains = [when] if lies_in is None else within("lies_in", self._union, lies_in, when)
            known = all(self.answers.known(domain, answer) for domain in domains)
            require(known, f"it was not proved that the model is {answer}")
        else:
            require(lies_in is None, "it need not lie in anything")
        plain = [(when, True, self.proofs.setting({}))]
        return self._shown(verdict, data["inside"], plain, self.proofs), when, least

    def _least(self, title: str, data: Any, when: int) -> Fraction:
        verdict = self._part(title, data, self.proofs)
        if verdict == "said":
            return Fraction(0)
        require(data.get("condition") == when, "it is the probability of something else")
        require(verdict == "proved", "its bounds are wrong")
        return fraction_of(data["at_least"], "at_least")

    def _union(self, data: Any, when: int) -> list[int]:
        """Domains that cover a case together, which is proved."""
        require(self.proofs.judge(data) == "proved", "it is not proved")
        require(data.get("domain") == when and data["for"] != "some", "it is about something else")
        statement = int(data["statement"])
        node = self.formulas.nodes[statement]
        return list(node[1:]) if node[0] == "or" else [statement]

    def _disjoint(self, whens: list[int]) -> bool:
        """Whether no two cases overlap: by their order, or each excludes the later ones."""
        data = self.data["disjoint"]
        if data is None:
            return False
        fits = isinstance(data, list) and len(data) == len(whens) - 1
        require(fits, "it has a proof for each case but the last")
        for k, proof in enumerate(data):
            within(f"proof {k}", self._apart, proof, whens[k], whens[k + 1 :])
        return True

    def _apart(self, proof: Any, one: int, others: list[int]) -> None:
        if proof is None:
            orders, later = self.proofs.orders, self.formulas.any(others)
            require(orders.excluded(later, orders.of(one)), "the order does not exclude it")
        else:
            opposite = self.formulas.make("not", self.formulas.any(others))
            self.proofs.prove(proof, opposite, one, almost=True)

    def _conclude(self, disjoint: bool, sums: dict[str, Fraction]) -> None:
        stated = self.data["accuracy"]
        if not disjoint:
            require(stated is None, "no accuracy follows")
            return
        low, high = sums["right"], 1 - sums["wrong"]
        self.accuracy = agreed(stated, "accuracy", low, high)

    def lines(self) -> Iterator[str]:
        """What was checked."""
        for sort in ("claims", "cases"):
            counts = {words: self.counts[f"{sort} {verdict}"] for verdict, words in COUNTED.items()}
            found = [f"{count} {words}" for words, count in counts.items() if count]
            if found:
                yield f"the explanation's {sort}: {', '.join(found)}"
        proofs: Counter[str] = sum((other.counts for _, other in self.others), self.proofs.counts)
        yield from (f"{count} {key}" for key, count in proofs.items())
        if self.accuracy is not None:
            low, high = map(decimal, self.accuracy)
            yield f"that no two cases overlap, and prove an accuracy from {low} to {high}"


# =============================================================================================
# The whole certificate, and the verdict on it.


# ---------------------------------------------------------------------------------------------
# What a certificate is about, and the verdict on it.

Bounds = tuple[Fraction, Fraction]

EXIT_CODES = {"accepted": 0, "rejected": 1, "unreadable": 2, "incomplete": 3, "failed": 4}
TIE_RULES = {
    "lowest": "the lowest index wins ties",
    "incorrect": "ties count as incorrect",
    "uniform": "ties earn 1/(number tied)",
}


@dataclass(frozen=True)
class Statement:
    """The model by its name and SHA-256, the task with its number of inputs, the tie rule (None for
    median, where no logits are compared), and the number of heads of each layer (None for RNNs)."""

    model: str
    sha256: str
    task: str
    seq_len: int
    ties: str | None
    heads: int | None

    def setting(self) -> str:
        """All but the model, in words."""
        found = f"on {self.task} with {self.seq_len} inputs"
        if self.heads is not None:
            found += f", with {self.heads} head{'s' * (self.heads != 1)} in each layer"
        return found if self.ties is None else f"{found}, where {TIE_RULES[self.ties]}"


@dataclass
class CheckedCertificate:
    """What a check found: ``status`` (accepted, rejected, incomplete, unreadable, failed) and the
    ``reason`` for all but the first; the ``statement`` as soon as it was read.

    ``weights`` says how the weights are known: from the "file" of that SHA-256, by their own
    "text" (rational weights), or only as those "inside". ``accuracy`` is what the certificate
    proves; for a median model it is None, and ``squared_error`` encloses the mean squared error,
    ``root`` its square root. ``operations`` on numbers were made, at most (see ``Budget``).
    """

    status: str = "accepted"
    reason: str = ""
    statement: Statement | None = None
    weights: str = "inside"
    complete: bool = True
    accuracy: Bounds | None = None
    squared_error: Bounds | None = None
    root: Bounds | None = None
    operations: int = 0
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<{self.status}: {self.verdict}>"

    @property
    def exit_code(self) -> int:
        return EXIT_CODES[self.status]

    @property
    def verdict(self) -> str:
        """One sentence, made of what was checked."""
        if self.reason or self.statement is None:
            words = {
                "incomplete": "not everything could be checked",
                "failed": "the checker failed",
            }
            return f"{words.get(self.status, self.status)}: {self.reason}"
        name, sha256 = quoted(self.statement.model), self.statement.sha256
        subject = {
            "file": f"the model in the file with sha256 {sha256}, named {name},",
            "text": f"the network of the weights inside, with sha256 {sha256}, named {name},",
            "inside": f"the network of the weights inside, said to be {name} with sha256 {sha256},",
        }[self.weights]
        head = "accepted" if self.complete else "not everything could be checked"
        if self.complete and self.weights == "inside":
            head += " for the weights inside"
        return f"{head}: {self.statement.setting()}, {subject} {self._score()}."

    def _score(self) -> str:
        if self.accuracy is not None:
            return f"has {valued('accuracy', self.accuracy)}"
        if self.squared_error is not None and self.root is not None:
            error = valued("mean squared error", self.squared_error)
            return f"has {error}, and {valued('root of it', self.root)}"
        return "has no score that is proved"


def valued(name: str, bounds: Bounds) -> str:
    low, high = map(decimal, bounds)
    article = "an" if name[0] in "aeiou" else "a"
    return (
        f"the exact {name} {low}" if low == high else f"{article} {name} between {low} and {high}"
    )


# ---------------------------------------------------------------------------------------------
# Cells and pieces: cones that are checked one by one, and added up.

CELL = {"pattern", "rays", "label", "winners", "credit", "measure"}
PIECE = {"pattern", "rays", "middle", "error", "measure", "square"}


@dataclass(frozen=True)
class Place:
    """What is known of a cone from its pattern and rays: the numbers of its rays, these rays, the
    label, or for a median the inputs in the middle; a name that no other cone may have; and
    functionals that must be >= 0 on all rays, by what says so."""

    steps: tuple[str, ...]
    numbers: list[int]
    corners: list[Vector]
    label: Any
    name: tuple[object, ...]
    demands: dict[str, list[Vector]]


class Cones:
    """Cones that are checked one by one: what cells and pieces have in common.

    ``chambers``: the label, or the inputs in the middle, and the walls of each cone on which it is
    constant.
    """

    word, work = "cell", 2_000_000
    """What one is called, and the work that is allowed for it."""
    lies_where = "pattern, label and winners"

    def __init__(
        self, document: Json, network: Network, chambers: Iterable[tuple[Any, list[Vector]]]
    ) -> None:
        self.document = document
        self.items = document[f"{self.word}s"]
        require(self.items != [], f"there are no {self.word}s")
        self.network, self.n, self.budget = network, network.n, network.budget
        self.chambers = list(chambers)
        self.decimals = natural(document["decimals"], "decimals")
        require(4 <= self.decimals <= 40, "decimals must be from 4 to 40")
        self.unit = Fraction(1, 10**self.decimals)
        self.measure = Measure(Fixed(self.decimals * 10 // 3 + 60), self.budget)
        self.rays = rays_of(document["rays"], self.n)
        self.used: set[int] = set()
        self.names: set[object] = set()
        self.sides: Counter[frozenset[int]] = Counter()  # of facets, by their rays

    @property
    def closed(self) -> bool:
        """Whether each facet belongs to two cones, so that they leave nothing out (C20)."""
        return set(self.sides.values()) == {2}

    def _place(self, pattern: Any, rays: Any) -> Place:
        """(C1), (C2): where the cone must lie, if it is what it says."""
        steps = tuple(text_of(pattern, "[01|]+", "its pattern").split("|"))
        fits = [len(step) for step in steps] == [self.network.d] * self.n
        require(fits, f"its pattern must be of {self.n} steps of {self.network.d} neurons")
        numbers = chosen(rays, len(self.rays), self.n)
        self.used.update(numbers)
        corners = [self.rays[k] for k in numbers]
        inside = tuple(map(sum, zip(*corners, strict=True)))
        sign = 1 if inside[0] > 0 else -1  # of x[0], where the enumeration cuts
        chamber = next(
            k
            for k, (_, walls) in enumerate(self.chambers)
            if all(dot(wall, inside) >= 0 for wall in walls)
        )
        label, walls = self.chambers[chamber]
        demands = {
            "the pattern": self.network.walls(steps),
            "the label": walls,
            "one sign of x[0]": [(sign, *(0,) * (self.n - 1))],
        }
        return Place(steps, numbers, corners, label, (steps, chamber, sign), demands)

    def _cone(self, place: Place) -> tuple[Cone, dict[int, Vector]]:
        """The cone of these rays, and a normal of each facet, by the facet's rays (C3)."""
        require(place.name not in self.names, "it covers the same inputs as an earlier one")
        self.names.add(place.name)
        bits, corners = longest(place.corners), place.corners
        normals: dict[int, Vector] = {}
        for kind, rows in place.demands.items():
            for row in rows:
                self.budget.pay(bits + longest([row]), 2 * self.n * len(corners))
                values = [dot(row, ray) for ray in corners]
                require(min(values) >= 0, f"it has a ray that does not agree with {kind}")
                normals.setdefault(sum(1 << k for k, v in enumerate(values) if v == 0), row)
        facets = complete_facets(self.n, normals, len(corners), self.budget)
        for facet in facets:
            self.sides[frozenset(place.numbers[k] for k in members(facet))] += 1
        self.budget.pay(2 * bits, 2 * self.n * len(corners) ** 2)
        gram = [[dot(a, b) for b in corners] for a in corners]
        return Cone(self.n, gram, facets), {facet: normals[facet] for facet in facets}

    def _stated(self, text: Any) -> Fraction:
        """The measure that is stated."""
        return Fraction(text_of(text, rf"0\.[0-9]{{{self.decimals}}}", "its measure"))

    def _measured(self, cone: Cone, stated: Fraction) -> int:
        """The measure that a cone has, which must be the one that is stated."""
        self.measure.terms = 0
        found = self.measure.of(cone, (1 << len(cone.gram)) - 1)
        fits = self._agrees(found, stated, Fraction(1))
        require(fits, f"its measure is {found / self.measure.fixed.one:.16g}, not as stated")
        return found

    def _agrees(self, found: int, stated: Fraction, factor: Fraction) -> bool:
        """Whether what is stated is what was found, times a factor from 0 to 1, rounded."""
        one = self.measure.fixed.one
        off = abs(factor * Fraction(found, one) - stated)
        return off + factor * Fraction(self.measure.terms << 20, one) <= SLACK * self.unit

    def _least(self, stated: Fraction) -> Fraction:
        """The least that the measure can be."""
        return max(Fraction(0), stated - SLACK * self.unit)

    def _checked(self, own: str) -> list[str]:
        """What was checked, once it was of all; with a line of its ``own``."""
        require(len(self.used) == len(self.rays), "a ray is listed that no cone has")
        lines = [
            f"{len(self.items)} {self.word}s: each ray lies where {self.lies_where} say",
            f"the rays of each {self.word} are the extreme rays of a cone, and its facets close up",
            f"no two {self.word}s share an interior point",
            own,
        ]
        closed = f"each facet is shared by two {self.word}s, so that nothing is left out"
        return [*lines, closed] if self.closed else lines


class Cells(Cones):
    """Checks cells one by one, and adds up what they are worth."""

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        super().__init__(document, Network(weights, n, n, budget), label_cells(task, n))
        self.ties, self.measured = document["ties"], n <= LARGEST_MEASURED
        self.right = self.wrong = Fraction(0)

    def add(self, cell: Any) -> None:
        """RejectedError unless everything that the cell says is right."""
        keys_of(cell, CELL, "it")
        place, winners = (
            self._place(cell["pattern"], cell["rays"]),
            indices(cell["winners"], self.n),
        )
        logits = self.network.logits(place.steps)
        best = logits[winners[0]]
        require(all(logits[k] == best for k in winners), "its winners are not equal all over it")
        others = (row for k, row in enumerate(logits) if k not in winners)
        ties = [tuple(a - b for a, b in zip(best, row, strict=True)) for row in others]
        require(all(any(row) for row in ties), "another logit equals its winners all over it")
        place.demands["the winners"] = ties
        cone, _ = self._cone(replace(place, name=(*place.name, *winners)))
        fits = type(cell["label"]) is int and cell["label"] == place.label
        require(fits, f"its label is {place.label}")
        credit, stated = credit_for(self.ties, place.label, winners), self._stated(cell["measure"])
        require(cell["credit"] == str(credit), f"its credit is {credit}")
        if self.measured:
            self._measured(cone, stated)
        share = self._least(stated)
        self.right += credit * share
        self.wrong += (1 - credit) * share

    def conclude(self, outcome: CheckedCertificate) -> None:
        """The accuracy that follows; RejectedError if the certificate says another one."""
        own = "label, winners and credit of each cell, under the tie rule"
        outcome.checked += self._checked(own)
        places, least = self.decimals + 6, self.right + self.wrong
        require(least <= 1, f"the cells add up to {float(least)}: they overlap")
        undecided = outward(1 - least, places, up=True)
        stated = self.document["undecided"]
        require(stated == undecided, f"the cells leave {undecided} undecided")
        low, high = outward(self.right, places, up=False), outward(1 - self.wrong, places, up=True)
        found = agreed(self.document["accuracy"], "accuracy", low, high)
        if self.measured:
            outcome.accuracy = found
            outcome.checked += [
                f"the measure of each cell, to {self.decimals} decimals, by another formula",
                "the cells leave no more than the stated mass undecided",
            ]
            return
        outcome.complete = False
        outcome.not_checked.append(
            f"the measures of the cells (this checker reaches n = {LARGEST_MEASURED}): the "
            "accuracy rests on the measures stated"
            + ("" if self.closed else ", and so does that there are no other cells")
        )


class Pieces(Cones):
    """Checks the pieces of a median model one by one, and adds up its mean squared error."""

    word, lies_where = "piece", "pattern and middle inputs"

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        super().__init__(document, Network(weights, n, 1, budget), median_cells(n))
        self.scale = 2 * self.network.logit_scale  # of errors; 2, for the mean of two inputs
        self.lower = self.upper = Fraction(0)

    def add(self, piece: Any) -> None:
        """RejectedError unless everything that the piece says is right."""
        keys_of(piece, PIECE, "it")
        place = self._place(piece["pattern"], piece["rays"])
        cone, normals = self._cone(place)
        middle, said = sorted(place.label), piece["middle"]
        fits = isinstance(said, list) and all(type(k) is int for k in said) and said == middle
        require(fits, f"its inputs in the middle are {middle}")
        (output,) = self.network.logits(place.steps)
        share = self.scale // len(middle)
        error = tuple(2 * w - share * (k in middle) for k, w in enumerate(output))
        texts = [str(Fraction(w, self.scale)) for w in error]
        require(piece["error"] == texts, f"its error is {', '.join(texts)}")
        measure = self._measured(cone, self._stated(piece["measure"]))
        whole = measure + self.measure.bent(cone, normals, error) if any(error) else 0
        self._add_square(piece["square"], error, whole)

    def _add_square(self, text: Any, error: Vector, found: int) -> None:
        """The mean square of the error on a piece, in units of a power of ten: the least that is
        not below the square of the error's norm. ``found``: the mean square over that square."""
        square = Fraction(dot(error, error), self.scale**2)
        if not square:
            require(text == "0", "its mean square is 0")
            return
        power = exponent_of(square)
        shape = rf"0\.[0-9]{{{self.decimals}}}e-?[0-9]+"
        mantissa, _, exponent = text_of(text, shape, "its mean square").partition("e")
        require(exponent == str(power), f"its mean square is to be written with e{power}")
        stated, factor = Fraction(mantissa), square / Fraction(10) ** power
        share = float(factor * found / self.measure.fixed.one)
        fits = self._agrees(found, stated, factor)
        require(fits, f"its mean square is {share:.16g}e{power}, not {text}")
        self.lower += self._least(stated) * Fraction(10) ** power
        self.upper += (stated + SLACK * self.unit) * Fraction(10) ** power

    def conclude(self, outcome: CheckedCertificate) -> None:
        """The mean squared error that follows, and its root; RejectedError if the certificate says
        others. The pieces must leave nothing out."""
        outcome.checked += self._checked("the error of the model on each piece, from its weights")
        require(self.closed, "a facet does not belong to two pieces: one is missing")
        places = self.decimals + 6
        low = outward(self.lower, places, up=False)
        high = outward(self.upper, places, up=True)
        roots = root_of(low, places, up=False), root_of(high, places, up=True)
        squared, root = "mean_squared_error", "root_mean_squared_error"
        outcome.squared_error = agreed(self.document[squared], squared, low, high)
        outcome.root = agreed(self.document[root], root, *roots)
        outcome.checked.append(
            f"measure and mean square of each piece, to {self.decimals} decimals, by other formulas"
        )


# ---------------------------------------------------------------------------------------------
# The answers of a transformer to all functions.

BITS = (96, 192, 384, 768, 1536, 3072)


class Functions:
    """Checks the answers to all n^n inputs, in the order of f(0), .., f(n-1)."""

    word, work = "input", 20_000

    def __init__(self, document: Json, weights: Weights, task: str, n: int, budget: Budget) -> None:
        self.document, self.ties = document, document["ties"]
        words = text_of(document["answers"], "[0-9? ]*", "answers").split(" ")
        require(len(words) == n**n, f"there are {n**n} inputs, not {len(words)}")
        self.items = zip(product(range(n), repeat=n), words, strict=True)
        self.model = Attention(weights, n, document["model"]["heads"], budget)
        self.by_bits: dict[int, FixedAttention] = {}
        rows = self.model.unembed
        self.classes = [rows.index(row) for row in rows]  # of equal logits
        self.right = Fraction(0)
        self.undecided = 0

    def add(self, item: tuple[tuple[int, ...], str]) -> None:
        """An answer: the logits that share the maximum, digit by digit, or ``?``."""
        f, answer = item
        if answer == "?":
            self.undecided += 1
            return
        winners = [int(k) for k in answer if k != "?"]
        fits = winners == sorted(set(winners)) and winners != [] and winners[-1] < self.model.n
        require(fits and "?" not in answer, "its answer must be logits, in order")
        self._confirm(f, winners)
        self.right += credit_for(self.ties, longest_cycle(f), winners)

    def conclude(self, outcome: CheckedCertificate) -> None:
        """The accuracy that follows; RejectedError if the certificate says another one."""
        count = self.model.n**self.model.n
        low, high = self.right / count, (self.right + self.undecided) / count
        outcome.accuracy = agreed_accuracy(self.document, low, high)
        outcome.checked += [
            f"the answer to each of {count} inputs, by logits with proved error bounds",
            "the true label of each input, and the credit under the tie rule",
        ]

    def _confirm(self, f: Sequence[int], winners: list[int]) -> None:
        """RejectedError if these are not the largest logits, LimitError if that is not decided."""
        one_class = len({self.classes[k] for k in winners}) == 1
        for bits in BITS:
            found = self._logits(f, bits)
            if found is not None:
                values, error = found
                least = min(values[k] for k in winners)
                largest = values.index(max(values))
                require(values[largest] <= least + 2 * error, f"logit {largest} is larger")
                others = (value for k, value in enumerate(values) if k not in winners)
                if one_class and all(value < least - 2 * error for value in others):
                    return
            if bits == BITS[0] and (exact := self.model.exact_logits(f)) is not None:
                best = [k for k, value in enumerate(exact) if value == max(exact)]
                require(best == winners, f"the largest logits are {best}")
                return
        raise LimitError(f"the largest logits are too close to tell apart with {BITS[-1]} bits")

    def _logits(self, f: Sequence[int], bits: int) -> Ball | None:
        if bits not in self.by_bits:
            self.by_bits[bits] = FixedAttention(self.model, bits)
        try:
            return self.by_bits[bits].logits(f)
        except TooFewBitsError:
            return None


# ---------------------------------------------------------------------------------------------
# What ties a certificate to a model: the weights' file, its metadata, and what the caller asks.


@dataclass(frozen=True)
class Asked:
    """What a caller demands that the certificate is about; None where anything will do."""

    task: str | None = None
    seq_len: int | None = None
    ties: str | None = None
    heads: int | None = None
    sha256: str | None = None


def check_weights(
    weights: Weights, dtype: object, sha256: str, file: WeightsFile | None, asked: Asked
) -> tuple[str, str]:
    """How the weights are known (``CheckedCertificate.weights``), and a line that says so."""
    require(asked.sha256 in (None, sha256), f"its sha256 is {sha256}, not {asked.sha256} as asked")
    if dtype == "rational":
        require(digest_of_weights(weights) == sha256, "the weights do not have the stated sha256")
        if file is not None:
            require(file.weights == weights, "the weights are not those of the file")
            return "text", "the weights, against the file, and their sha256, written as fractions"
        if asked.sha256 is not None:
            return "text", "the sha256 of the weights, written as fractions, as asked"
        return "inside", f"whether weights with sha256 {sha256}, written as fractions, are meant"
    names = text_of(dtype, "[a-z0-9/]+", "model.dtype").split("/")
    known = set(names) <= set(FLOATS) and names == sorted(set(names))
    require(known, "model.dtype must be names of types of floats, in order")
    stored = (w for matrix in weights.values() for row in matrix for w in row)
    fits = all(any(is_float(w, name) for name in names) for w in stored)
    require(fits, f"a weight is no {' or '.join(names)}")
    if file is None:
        return "inside", f"that the weights are those of a file with sha256 {sha256}, in {dtype}"
    require(file.sha256 == sha256, f"the weights' file has sha256 {file.sha256}, not {sha256}")
    require(file.weights == weights, "the weights are not those of the file")
    require(file.dtype == dtype, f"the weights' file has dtype {file.dtype}, not {dtype}")
    return "file", "sha256, type and values of the weights, against the file"


def digest_of_weights(weights: Weights) -> str:
    """SHA-256 of names, shapes and weights as fractions, line by line."""
    found = hashlib.sha256()
    for name, rows in sorted(weights.items()):
        lines = [f"{name} {len(rows)} {len(rows[0])}", *(" ".join(map(str, row)) for row in rows)]
        found.update("".join(f"{line}\n" for line in lines).encode())
    return found.hexdigest()


def check_setting(
    statement: Statement, weights: Weights, file: WeightsFile | None, asked: Asked
) -> tuple[list[str], list[str]]:
    """RejectedError where the certificate is about something else than the caller asks, or than
    the file's metadata states, which counts where the caller says nothing.

    Lines of what was compared, and of what was not.
    """
    checked, not_checked = [], []
    metadata = {} if file is None else file.metadata
    names = {"task": statement.task, "seq_len": statement.seq_len, "ties": statement.ties}
    names |= {"heads": statement.heads}
    for name, value in names.items():
        wanted, stated = getattr(asked, name), metadata.get(name)
        if wanted is not None:
            require(wanted == value, f"its {name} is {value}, not {wanted} as asked")
            checked.append(f"{name} {value}, as asked")
            if stated not in (None, str(value)):
                not_checked.append(f"the {name} {quoted(stated)} that the file's metadata states")
        elif stated is not None and value is not None:
            agrees = stated == str(value)
            require(agrees, f"its {name} is {value}, but the file's metadata says {quoted(stated)}")
            checked.append(f"{name} {value}, against the file's metadata")
        elif value is not None and not _told(name, value, weights):
            not_checked.append(f"whether {name} {value} is meant: it was not asked for, nor stated")
    for name, size in _sizes(weights).items():
        stated = metadata.get(name)
        agrees = stated in (None, str(size))
        require(agrees, f"its {name} is {size}, but the file's metadata says {quoted(stated)}")
    return checked, not_checked


def _told(name: str, value: object, weights: Weights) -> bool:
    """Whether the weights tell: where they have a logit for each input, the number of inputs."""
    outputs = weights.get(RNN_KEYS[2], weights.get("unembed.weight", ()))
    return name == "seq_len" and value == len(outputs) > 1


def _sizes(weights: Weights) -> dict[str, int]:
    """What else metadata may state, and weights tell."""
    if set(weights) == set(RNN_KEYS):
        return {"hidden_size": len(weights[RNN_KEYS[1]])}
    layers = sum(key.endswith(".in_proj_weight") for key in weights)
    width = max((len(row) for row in weights.get("unembed.weight", ())), default=0)
    return {"layers": layers, "hidden_size": width}


# ---------------------------------------------------------------------------------------------
# What a certificate of each kind says, and what follows from it.

MOST_INPUTS = 100
KINDS: dict[str, tuple[tuple[str, ...], int, type[Cells | Pieces | Functions] | None]] = {
    "cells": (INDEX_TASKS, 6, Cells),
    "pieces": (("median",), LARGEST_MEASURED, Pieces),
    "functions": (("longest_cycle",), 7, Functions),
    "claims": (INDEX_TASKS, MOST_INPUTS, None),
}
"""The kinds of certificates, their tasks, the most inputs, and what checks their items."""
WORK_PER_BYTE = 50
MOST_EXPLAINED = 10_000_000
"""Work that is allowed for each byte of an explanation, up to this many; beside what is allowed for
the whole, and for each item."""


def check_task(task: str, n: int) -> None:
    """RejectedError for what is no task, LimitError for a larger one than this checks."""
    require(task in (*INDEX_TASKS, "median", "longest_cycle"), "the task is unknown")
    require(n >= 2 + (task == "argoutlier"), "the task's number of inputs is too small")
    require(task != "argmedian" or n % 2 == 1, "argmedian needs an odd number of inputs")
    if n > MOST_INPUTS:
        raise LimitError(f"it has over {MOST_INPUTS} inputs")


def check_content(
    document: Json,
    weights: Weights,
    statement: Statement,
    outcome: CheckedCertificate,
    budget: Budget,
) -> None:
    """RejectedError for anything wrong, LimitError for what takes too much."""
    kind, task, n = document["kind"], statement.task, statement.seq_len
    tasks, most, sort = KINDS[kind]
    check_task(task, n)
    require(task in tasks, f"a certificate of {kind} cannot be about {task}")
    require(n <= most, f"{kind} are for up to {most} inputs")
    if sort is not None:
        judge = sort(document, weights, task, n, budget)
        for number, item in enumerate(judge.items):
            budget.allow(judge.work)
            within(f"{judge.word} {number}", judge.add, item)
        judge.conclude(outcome)
    data = document["explanation"]
    if data is None:
        require(kind != "claims", "without cells it needs an explanation")
        return
    require(kind != "functions", "explanations are of RNNs")
    story = Story(data, weights, task, n, statement.ties or "lowest", budget)
    story.check()
    outcome.checked += story.lines()
    outcome.complete = outcome.complete and not story.not_checked
    outcome.not_checked += story.not_checked
    outcome.not_checked.append(
        "that texts, parameters, and what is written of claims and cases, say what their "
        "formulas say, and that no instance is left out"
    )
    if story.others:
        names = ", ".join(dict.fromkeys(quoted(name) for name, _ in story.others))
        outcome.not_checked.append(f"that the weights of other models are those of {names}")
    if kind == "claims":  # the accuracy is what follows from the explanation
        low, high = story.accuracy or (Fraction(0), Fraction(1))
        outcome.accuracy = agreed_accuracy(document, low, high)


# ---------------------------------------------------------------------------------------------
# The whole certificate, and the verdict on it.

HEAD = {"format", "version", "kind", "software", "model", "task", "explanation", "digest"}
ACCURACY = {"ties", "accuracy", "undecided"}
SQUARED_ERROR = {"mean_squared_error", "root_mean_squared_error"}
KEYS = {
    "cells": HEAD | ACCURACY | {"decimals", "cells", "rays"},
    "pieces": HEAD | SQUARED_ERROR | {"decimals", "pieces", "rays"},
    "functions": HEAD | ACCURACY | {"answers"},
    "claims": HEAD | ACCURACY,
}
LISTS = {kind: tuple(sorted(keys & {"cells", "pieces", "rays"})) for kind, keys in KEYS.items()}
"""The long lists of each kind, whose items the digest takes one by one."""


FAILURES = {RejectedError: "rejected", UnreadableError: "unreadable", LimitError: "incomplete"}


def check_certificate(
    path: str | Path,
    weights: str | Path | None = None,
    *,
    task: str | None = None,
    seq_len: int | None = None,
    ties: str | None = None,
    heads: int | None = None,
    sha256: str | None = None,
    work: int = 1,
) -> CheckedCertificate:
    """Check a certificate's file, against the model's .safetensors file if it is given.

    ``task``, ``seq_len``, ``ties`` and ``heads`` demand what the certificate must be about. Where
    they are left out, it must agree with the file's metadata. ``sha256`` demands the model's hash,
    by which rational weights are known without a file. ``work`` multiplies the work that is
    allowed, and the size of files.
    """

    def check(outcome: CheckedCertificate, budget: Budget) -> None:
        most = work * MOST_BYTES
        document = read(Path(path), most)
        content = None if weights is None else contents(Path(weights), most)
        _check(document, content, Asked(task, seq_len, ties, heads, sha256), budget, outcome)

    return _guarded(check, Budget(work))


def check_document(
    document: Json, weights_file: bytes | None = None, asked: Asked | None = None
) -> CheckedCertificate:
    """Check a parsed certificate, against the content of the weights' file if there is one."""

    def check(outcome: CheckedCertificate, budget: Budget) -> None:
        _check(document, weights_file, asked or Asked(), budget, outcome)

    return _guarded(check, Budget())


def _guarded(
    check: Callable[[CheckedCertificate, Budget], None], budget: Budget
) -> CheckedCertificate:
    """What a check finds, whatever becomes of it: nothing but Ctrl-C gets out of here."""
    outcome, reason = CheckedCertificate(), ""
    most_digits = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)  # digits are counted where numbers are read
    try:
        check(outcome, budget)
        whole = outcome.complete and outcome.weights != "inside"
        status = "accepted" if whole else "incomplete"
    except (RejectedError, UnreadableError, LimitError) as error:
        status, reason = FAILURES[type(error)], f"{error}."
    except RecursionError:
        status, reason = "incomplete", "it is nested too deeply."
    except MemoryError:
        status, reason = "incomplete", "there is not enough memory."
    except Exception as error:
        status, reason = "failed", f"{type(error).__name__}: {error}. Nothing is known of it."
    finally:
        sys.set_int_max_str_digits(most_digits)
    if reason:
        outcome = CheckedCertificate(status, printable(reason), outcome.statement)
    outcome.status, outcome.operations = status, budget.spent
    outcome.checked = list(map(printable, outcome.checked))
    outcome.not_checked = list(map(printable, outcome.not_checked))
    return outcome


def printable(text: str) -> str:
    """In ASCII, with escapes for all else."""
    return "".join(
        c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in text
    )


def _check(
    document: Json,
    content: bytes | None,
    asked: Asked,
    budget: Budget,
    outcome: CheckedCertificate,
) -> None:
    kind, version = document.get("kind"), natural(document.get("version"), "version")
    require(document.get("format") == FORMAT, f"its format must be {FORMAT}")
    require(version == VERSION, f"this checks version {VERSION}, not {version}")
    require(type(kind) is str and kind in KEYS, f"its kind must be {', '.join(KEYS)}")
    keys_of(document, KEYS[str(kind)], "the certificate")
    model = {"name", "sha256", "dtype", "weights"} | ({"heads"} if kind == "functions" else set())
    model_of = keys_of(document["model"], model, "model")
    statement = outcome.statement = statement_of(document, model_of)
    software = document["software"]
    named = isinstance(software, dict) and all(type(v) is str for v in software.values())
    require(named, "software must be an object of texts")
    _pay_digits(document, budget)
    weights = weights_of(model_of["weights"], "weights")
    file, unread = _weights_file(content, statement.sha256, weights.keys())
    known, line = check_weights(weights, model_of["dtype"], statement.sha256, file, asked)
    outcome.weights = known
    checked, not_checked = check_setting(statement, weights, file, asked)
    (not_checked if known == "inside" else checked).insert(0, line)
    long = LISTS[str(kind)]
    require(all(isinstance(document[key], list) for key in long), f"{long} must be lists")
    rest = {key: value for key, value in document.items() if key not in (*long, "digest")}
    found = digest_of(rest, [document[key] for key in long])
    budget.allow(WORK_PER_BYTE * min(MOST_EXPLAINED, len(dump(document["explanation"]))))
    check_content(document, weights, statement, outcome, budget)
    require(document["digest"] == found, "its digest does not fit its content")
    outcome.checked += [*checked, "the digest of the whole certificate"]
    outcome.not_checked += [*not_checked, *unread]


def _pay_digits(document: Json, budget: Budget) -> None:
    """For reading long numbers: from decimals, in lowest terms, and back to compare."""
    for digits in re.finditer(rb"[0-9]{300,}", dump(document)):
        budget.pay(10 * len(digits[0]) // 3, 2)


def _weights_file(
    content: bytes | None, sha256: str, names: Collection[str]
) -> tuple[WeightsFile | None, list[str]]:
    """The weights' file, if it can be read. One that has the stated hash, but another format or
    other names, is the model's, but what is in it cannot be compared; a line says so."""
    if content is None:
        return None, []
    try:
        file = read_weights(content)
        if file.sha256 == sha256 and file.weights.keys() != names:
            return None, ["what is in the file, which has that sha256 but other names"]
        return file, []
    except UnreadableError:
        if hashlib.sha256(content).hexdigest() != sha256:
            raise
        return None, ["what is in the file, which has that sha256 but is no .safetensors file"]


def statement_of(document: Json, model: Json) -> Statement:
    """What the certificate says that it is about."""
    name, task = model["name"], keys_of(document["task"], {"name", "seq_len"}, "task")
    require(type(name) is str, "model.name must be a text")
    require(type(task["name"]) is str, "task.name must be a text")
    ties = document.get("ties")
    known = document["kind"] == "pieces" or (type(ties) is str and ties in TIE_RULES)
    require(known, "the tie rule is unknown")
    return Statement(
        name,
        text_of(model["sha256"], "[0-9a-f]{64}", "model.sha256"),
        task["name"],
        natural(task["seq_len"], "task.seq_len"),
        ties,
        natural(model["heads"], "model.heads") if "heads" in model else None,
    )


# ---------------------------------------------------------------------------------------------
# The command line.

NOT_WRITTEN, INTERRUPTED, READER_GONE = 2, 130, 141


def lines_of(outcome: CheckedCertificate) -> Iterator[str]:
    """What to print."""
    yield outcome.verdict
    yield from (f"checked: {line}" for line in outcome.checked)
    yield from (f"not checked: {line}" for line in outcome.not_checked)
    yield f"operations: {outcome.operations:,} on numbers, at most"


def arguments_of(arguments: list[str]) -> argparse.Namespace:
    """What the command line says; exits with 2 if it says nothing that can be done."""
    first, _, rest = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="check.py",
        description=first,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("path", metavar="certificate", help="a .json or .json.gz file")
    parser.add_argument(
        "weights", nargs="?", help="the model's .safetensors file, to be held against it"
    )
    parser.add_argument("--task", help="demand that it is about this task")
    parser.add_argument("--seq-len", type=int, help="demand this number of inputs")
    parser.add_argument("--ties", choices=list(TIE_RULES), help="demand this tie rule")
    parser.add_argument("--heads", type=int, help="demand this number of heads in each layer")
    parser.add_argument("--sha256", help="demand this hash of the model")
    parser.add_argument(
        "--work", type=int, default=1, help="allow so many times as much work and larger files"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    outcome = check_certificate(**vars(arguments_of(arguments)))
    if not isinstance(sys.stdout, io.TextIOWrapper):  # closed
        return outcome.exit_code
    sys.stdout.reconfigure(errors="backslashreplace")  # a path may have any character
    try:
        for line in lines_of(outcome):
            print(line)
        sys.stdout.flush()
    except OSError as error:
        # Python would try once more to write what is left in the buffer, when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return READER_GONE
        print(f"cannot write the output: {error.strerror}", file=sys.stderr)
        return NOT_WRITTEN
    return outcome.exit_code


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("interrupted: nothing is known of the certificate", file=sys.stderr)
        sys.exit(INTERRUPTED)
