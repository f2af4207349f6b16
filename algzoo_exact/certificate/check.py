#!/usr/bin/env python3
"""Check a certificate of an accuracy: ``python check.py certificate.json [weights.safetensors]``.

One file on purpose, hence over 400 lines: it needs Python 3.11 and its standard library, shares no
code with the program that wrote the certificate, and can be read in one sitting. It only checks:
nothing is repaired, nothing is skipped without saying so. Its mathematics is derived in
docs/notes/certificate.md; (C1), (C2), ... are the numbers there.

    exact inputs     weights and rays are fractions and integers of any length
    geometry         decided in integers; nothing is rounded
    measures         fixed-point numbers with p bits after the point, as integers; the error of
                     each is bounded, and far below half a unit of the last decimal stated

Exit code 0: accepted. 1: rejected, with the reason. 2: the file is not a certificate, or cannot be
read. 3: nothing wrong was found, but not everything was checked.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import struct
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import product
from math import gcd, isqrt, lcm
from operator import mul
from pathlib import Path
from typing import Any

FORMAT, VERSION = "algzoo-exact certificate", 1
SLACK = Fraction(50001, 100000)
"""Decimals are rounded to nearest: off by at most this many units of their last place."""

Vector = tuple[int, ...]
Square = tuple[int, int]
"""The square of a length, as a fraction of two positive integers."""
Json = dict[str, Any]


class RejectedError(Exception):
    """Something that the certificate says is wrong; the message says what."""


class UnreadableError(Exception):
    """The file is not a certificate, or cannot be read."""


@dataclass
class CheckedCertificate:
    """What a check found. ``accuracy`` is what the certificate proves, if it is accepted."""

    status: str = "accepted"
    reason: str = ""
    accuracy: tuple[Fraction, Fraction] | None = None
    checked: list[str] = field(default_factory=list)
    not_checked: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        return {"accepted": 0, "rejected": 1, "unreadable": 2, "incomplete": 3}[self.status]


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise RejectedError(reason)


# ---------------------------------------------------------------------------------------------
# Fixed-point functions. A real x stands as the integer x 2^p; a unit is 2^-p.

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

    def exp_minus(self, x: int) -> int:
        """e^-x for x >= 0, off by less than 16 units (C10)."""
        halvings, rest = divmod(x, self.log2)
        k = (rest * _STEPS) >> self.p
        rest = (k << self.p) // _STEPS - rest  # in (-1/256, 0]
        total = self.one
        for j in range(self.p // 8 + 1, 0, -1):
            total = self.one + (total * rest >> self.p) // j
        return ((total * self._powers[k]) >> self.p) >> halvings

    @cached_property
    def _debye(self) -> list[list[int]]:
        return _debye_bands(self.p)

    @cached_property
    def _powers(self) -> list[int]:
        """e^(-k/256) for k = 0 .. 256, each rounded once."""
        guard = 16
        q = self.p + guard
        total, term, j = 0, 1 << q, 0
        while term:
            total += term if j % 2 == 0 else -term
            j += 1
            term //= _STEPS * j
        found = [1 << q]
        for _ in range(_STEPS):
            found.append(found[-1] * total >> q)
        return [value >> guard for value in found]

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
# Cones. A face is the set of its rays, as a bit mask.


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


def complete_facets(n: int, masks: Iterable[int], count: int) -> tuple[int, ...]:
    """All facets of the cone of ``count`` rays, among the masks of rays on walls (C3).

    RejectedError if the rays do not make up a cone with an interior whose extreme rays they are.
    """
    masks = {mask for mask in masks if mask.bit_count() >= n - 1}
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
        parts = seen[face] = top if dimension == n else cone.facets_of(face, dimension)
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


def determinant(rows: Sequence[Sequence[int]]) -> int:
    """Of a matrix of size 1 to 4, by cofactors."""
    size = len(rows)
    if size == 1:
        return rows[0][0]
    if size == 2:
        (a, b), (c, d) = rows
        return a * d - b * c
    if size == 3:
        (a, b, c), (d, e, f), (g, h, i) = rows
        return a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    (a, b, c, d), (e, f, g, h), *low = rows
    (i, j, k, m), (q, r, s, t) = low
    return (
        (a * f - b * e) * (k * t - m * s)
        - (a * g - c * e) * (j * t - m * r)
        + (a * h - d * e) * (j * s - k * r)
        + (b * g - c * f) * (i * t - m * q)
        - (b * h - d * f) * (i * s - k * q)
        + (c * h - d * g) * (i * r - j * q)
    )


class Measure:
    """Gaussian measures of cones in R^1 .. R^5, as fixed-point numbers.

    ``of`` is off by less than ``terms`` times 2^20 units, where ``terms`` counts the angles and
    orthoschemes that went in since it was set to 0 (C9).
    """

    def __init__(self, fixed: Fixed) -> None:
        self.fixed = fixed
        self.terms = 0

    def of(self, cone: Cone, rays: int) -> int:
        if cone.n == 1:
            return self.fixed.one >> 1
        if cone.n == 2:
            return self._plane(cone)
        if cone.n == 4:
            return self._by_orthoschemes(cone, rays)
        return self._odd(cone, rays)

    def _plane(self, cone: Cone) -> int:
        first, second = (facet.bit_length() - 1 for facet in cone.facets)
        g = cone.gram
        a, b, c = g[first][first], g[first][second], g[second][second]
        self.terms += 1
        return self._turns(self._angle(a * c - b * b, b))

    def _angle(self, square: int, x: int) -> int:
        """The angle of (x, sqrt(square)), for exact integers."""
        fixed = self.fixed
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
        raise ArithmeticError("no apex is generic for a cell")

    def _apexes(self, cone: Cone, rays: int) -> Iterator[tuple[list[int], int, list[int]]]:
        """Points u of the cone: u . rays, u . u, and the facets without u. Rays come first."""
        g = cone.gram
        indices = members(rays)
        without = {i: [facet for facet in cone.facets if not facet >> i & 1] for i in indices}
        for i in sorted(indices, key=lambda i: sum(f.bit_count() for f in without[i])):
            yield list(g[i]), g[i][i], without[i]
        state = 1
        largest = max(isqrt(g[i][i]) for i in indices)
        for _ in range(1000):
            weights = []
            for i in indices:  # rays of about equal length, with pseudo-random weights
                state = state * 6364136223846793005 + 1442695040888963407 & 0xFFFFFFFFFFFFFFFF
                weights.append((1 + (state >> 54)) * (1 + largest // max(1, isqrt(g[i][i]))))
            u = [
                sum(w * g[i][j] for w, i in zip(weights, indices, strict=True))
                for j in range(len(g))
            ]
            yield u, sum(w * u[i] for w, i in zip(weights, indices, strict=True)), list(cone.facets)

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
                    part += self._slope(a * d, b * c)
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

    def _slope(self, top: int, bottom: int) -> int:
        """atan sqrt(top / bottom) in turns."""
        fixed = self.fixed
        shift = max(0, 2 * fixed.p + 16 - max(top.bit_length(), bottom.bit_length()))
        shift += shift & 1
        self.terms += 1
        return self._turns(fixed.angle(isqrt(top << shift), isqrt(bottom << shift)))

    def _orthoscheme(self, squares: Sequence[Square], acute: bool) -> int:
        """(C6), (C7): the cone with components u1 .. u4, given by their squares as fractions.

        If not ``acute``, the last component is negative: the cone up to the ray's other side.
        """
        fixed = self.fixed
        p, _one, pi = fixed.p, fixed.one, fixed.pi
        self.terms += 1
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


# ---------------------------------------------------------------------------------------------
# The network, and the task.

RNN_KEYS = ("rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight")
Weights = dict[str, tuple[tuple[Fraction, ...], ...]]


class Network:
    """A bias-free ReLU RNN on one activation pattern at a time, in integers.

    z[t] = W h[t-1] + A x[t], h = max(0, z), logits = U h[n-1]. Rows are integer functionals of
    x: positive multiples of the values, with one factor for each step, and one for all logits.
    """

    def __init__(self, weights: Weights, n: int) -> None:
        require(set(weights) == set(RNN_KEYS), f"the weights must be {', '.join(RNN_KEYS)}")
        inputs, recurrent, readout = (weights[key] for key in RNN_KEYS)
        self.n, self.d = n, len(inputs)
        shapes = [[len(row) for row in matrix] for matrix in (inputs, recurrent, readout)]
        fits = shapes == [[1] * self.d, [self.d] * self.d, [self.d] * n]
        require(fits and self.d > 0, "the weights' shapes do not fit each other and the task")
        self.scale = lcm(*(w.denominator for row in (*inputs, *recurrent) for w in row))
        last = lcm(*(w.denominator for row in readout for w in row))
        self.inputs = [int(row[0] * self.scale) for row in inputs]
        self.recurrent = [[int(w * self.scale) for w in row] for row in recurrent]
        self.readout = [[int(w * last) for w in row] for row in readout]
        self.values = lru_cache(maxsize=1 << 14)(self._values)

    def _values(self, steps: tuple[str, ...]) -> list[Vector]:
        """z[t] for t = len(steps), after steps with these neurons on."""
        t = len(steps)
        new = self.scale**t
        own = [tuple(new * w * (c == t) for c in range(self.n)) for w in self.inputs]
        if t == 0:
            return own
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


def chamber(task: str, x: Vector) -> tuple[object, int, list[Vector]]:
    """A name for the cone of constant label that x lies in, the label, and its walls (C2)."""
    n = len(x)
    order = sorted(range(n), key=x.__getitem__, reverse=True)

    def over(i: int, k: int) -> Vector:  # x[i] >= x[k]
        return tuple((c == i) - (c == k) for c in range(n))

    if task == "argmax":
        top = order[0]
        return top, top, [over(top, k) for k in order[1:]]
    if task == "2nd_argmax":
        top, second = order[:2]
        return (top, second), second, [over(top, second), *(over(second, k) for k in order[2:])]
    if task == "argmedian":
        middle, above, below = order[n // 2], order[: n // 2], order[n // 2 + 1 :]
        walls = [*(over(k, middle) for k in above), *(over(middle, k) for k in below)]
        return (middle, frozenset(above)), middle, walls
    assert task == "argoutlier", task
    away = [n * value - sum(x) for value in x]
    label = max(range(n), key=lambda i: abs(away[i]))
    sign = 1 if away[label] > 0 else -1
    walls = []
    for k in range(n):
        if k != label:
            for other in (1, -1):  # sign (x_i - mean) >= other (x_k - mean), times n
                row = [sign * (n * (c == label) - 1) - other * (n * (c == k) - 1) for c in range(n)]
                walls.append(tuple(row))
    return (label, sign), label, walls


INDEX_TASKS = ("2nd_argmax", "argmax", "argmedian", "argoutlier")


def credit_for(ties: str, label: int, winners: Sequence[int]) -> Fraction:
    """What the model earns where exactly these logits share the maximum."""
    if ties == "lowest":
        return Fraction(label == min(winners))
    if ties == "incorrect":
        return Fraction(list(winners) == [label])
    return Fraction(label in winners, len(winners))


# ---------------------------------------------------------------------------------------------
# Transformers: every input is tried.

Matrix = tuple[tuple[Fraction, ...], ...]
Ball = tuple[list[int], int]
"""Fixed-point entries, and a bound in units on the error of each."""

FEWEST_BITS, MOST_BITS = 96, 1536
TOO_FEW_BITS = "the bits do not suffice"


class Linear:
    """A matrix as fixed-point numbers, each off by at most a unit."""

    def __init__(self, matrix: Matrix, p: int) -> None:
        self.p = p
        self.rows = [[(w.numerator << p) // w.denominator for w in row] for row in matrix]
        self.norm = max(sum(map(abs, row)) for row in self.rows) + len(matrix[0])

    def __call__(self, ball: Ball) -> Ball:
        v, error = ball
        off = (self.norm * error >> self.p) + sum(map(abs, v)) // (1 << self.p) + 3
        return [sum(map(mul, row, v)) >> self.p for row in self.rows], off


def times(a: Sequence[Sequence[Fraction]], b: Sequence[Sequence[Fraction]]) -> Matrix:
    columns = list(zip(*b, strict=True))
    return tuple(
        tuple(
            sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0))
            for column in columns
        )
        for row in a
    )


class Attention:
    """An attention-only transformer: r[p] += sum over heads of C sum over j of a[p, j] r[j], where
    a[p, j] is the softmax of s[p, j] = r[p] . A r[j] / sqrt(c), with A = W_q^T W_k and
    C = W_o W_v of a head with c entries; logits = U r[n-1]."""

    def __init__(self, weights: Weights, n: int, heads: int) -> None:
        depth = sum(key.endswith(".in_proj_weight") for key in weights)
        names = ["embed.weight", "pos_embed.weight", "unembed.weight"]
        for i in range(depth):
            names += [f"attns.{i}.in_proj_weight", f"attns.{i}.out_proj.weight"]
        require(depth > 0 and set(weights) == set(names), "these are no transformer's weights")
        self.embed, self.places, self.unembed = (weights[name] for name in names[:3])
        size = len(self.embed[0]) if self.embed else 0
        require(size > 0 and heads > 0 and size % heads == 0, "heads do not share the entries")
        shapes = dict.fromkeys(names[:3], n)
        for i in range(depth):
            shapes |= {names[3 + 2 * i]: 3 * size, names[4 + 2 * i]: size}
        fits = all(
            [len(row) for row in weights[name]] == [size] * rows for name, rows in shapes.items()
        )
        require(fits, "the weights' shapes do not fit each other and the task")
        self.n, self.width = n, size // heads
        self.layers: list[list[tuple[Matrix, Matrix]]] = []
        for i in range(depth):
            inward, output = weights[names[3 + 2 * i]], weights[names[4 + 2 * i]]
            layer = []
            for head in range(heads):
                cut = slice(head * self.width, (head + 1) * self.width)
                query, key, value = (inward[k * size : (k + 1) * size][cut] for k in range(3))
                told = times([row[cut] for row in output], value)
                layer.append((times(list(zip(*query, strict=True)), key), told))
            self.layers.append(layer)

    def start(self, place: int, token: int) -> tuple[Fraction, ...]:
        return tuple(e + q for e, q in zip(self.embed[token], self.places[place], strict=True))

    def exact_logits(self, tokens: Sequence[int]) -> list[Fraction] | None:
        """Rational logits, where each head mixes equal vectors, or mixes them equally (C11)."""
        r = [self.start(p, token) for p, token in enumerate(tokens)]
        for i, layer in enumerate(self.layers):
            asking = r[-1:] if i + 1 == len(self.layers) else r
            answers = []
            for own in asking:
                answer = own
                for form, told in layer:
                    offered = [column_times(told, row) for row in r]
                    scores = {sum(map(mul, own, column_times(form, row))) for row in r}
                    if len(set(offered)) > 1 and len(scores) > 1:
                        return None
                    mean = [
                        sum(column, Fraction(0)) / len(r) for column in zip(*offered, strict=True)
                    ]
                    answer = tuple(x + y for x, y in zip(answer, mean, strict=True))
                answers.append(answer)
            r = answers
        return list(column_times(self.unembed, r[-1]))


def column_times(matrix: Matrix, vector: Sequence[Fraction]) -> tuple[Fraction, ...]:
    return tuple(sum(map(mul, row, vector), Fraction(0)) for row in matrix)


class FixedAttention:
    """Logits of a transformer in fixed point, with a bound on their error (C10)."""

    def __init__(self, model: Attention, p: int) -> None:
        self.fixed, self.p, self.n = Fixed(p), p, model.n
        root = isqrt(model.width << 2 * p)  # floor of sqrt(c) 2^p
        scale = Fraction(1 << p, root)  # 1/sqrt(c), too large by less than 2^-p of itself
        self.layers = []
        for layer in model.layers:
            forms = [
                (tuple(tuple(w * scale for w in row) for row in zip(*form, strict=True)), told)
                for form, told in layer
            ]
            self.layers.append([(Linear(form, p), Linear(told, p)) for form, told in forms])
        self.unembed = Linear(model.unembed, p)
        self.starts = [
            [self._ball(model.start(place, token)) for token in range(model.n)]
            for place in range(model.n)
        ]
        self._first: dict[tuple[int, int, int], tuple[list[int], int]] = {}

    def _ball(self, vector: Sequence[Fraction]) -> Ball:
        return [(w.numerator << self.p) // w.denominator for w in vector], 1

    def logits(self, tokens: Sequence[int]) -> Ball:
        r = [self.starts[place][token] for place, token in enumerate(tokens)]
        for i, layer in enumerate(self.layers):
            fresh = []
            for place in [self.n - 1] if i + 1 == len(self.layers) else range(self.n):
                answer = r[place]
                for h, (form, told) in enumerate(layer):
                    if i == 0:
                        powers, off = self._first_powers(h, place, tokens)
                    else:
                        powers, off = self._powers(form(r[place]), r)
                    part = told(self._mean(powers, off, r))
                    sums = [x + y for x, y in zip(answer[0], part[0], strict=True)]
                    answer = sums, answer[1] + part[1]
                fresh.append(answer)
            r = fresh
        return self.unembed(r[-1])

    def _first_powers(self, h: int, place: int, tokens: Sequence[int]) -> tuple[list[int], int]:
        """In the first layer, scores depend on two tokens and their places alone."""
        key = h, place, tokens[place]
        if key not in self._first:
            asked = self.layers[0][h][0](self.starts[place][tokens[place]])
            self._first[key] = self._powers(asked, [ball for row in self.starts for ball in row])
        powers, off = self._first[key]
        return [powers[other * self.n + token] for other, token in enumerate(tokens)], off

    def _powers(self, asked: Ball, r: list[Ball]) -> tuple[list[int], int]:
        """e^(score), all divided by the largest, and a bound on the error of each."""
        scores = [self._dot(asked, other) for other in r]
        top = max(value for value, _ in scores)
        off = max(error for _, error in scores)
        require(2 * off < self.fixed.one, TOO_FEW_BITS)
        # e^(x + y) is off e^x <= 1 by at most 2 |y|, for |y| <= 1.
        return [self.fixed.exp_minus(top - value) for value, _ in scores], 2 * off + 16

    def _dot(self, a: Ball, b: Ball) -> tuple[int, int]:
        (x, dx), (y, dy) = a, b
        off = dx * sum(map(abs, y)) + dy * sum(map(abs, x)) + len(x) * dx * dy
        value = sum(map(mul, x, y)) >> self.p
        # The scale 1/sqrt(c) was too large by less than 2^-p of itself.
        return value, (off >> self.p) + (abs(value) >> self.p) + 3

    def _mean(self, powers: list[int], off: int, r: list[Ball]) -> Ball:
        """The mean of the vectors, weighted by the powers."""
        whole, slack = sum(powers), len(r) * off
        require(2 * slack < whole, TOO_FEW_BITS)
        entries = [
            sum(map(mul, powers, column)) // whole
            for column in zip(*(v for v, _ in r), strict=True)
        ]
        # Another mean of the same vectors, by weights off by dw, is off by at most
        # (sum of dw |v - mean|) / (sum of w - sum of dw).
        error = max(dv for _, dv in r)
        spread = 2 * max(max(map(abs, v)) for v, _ in r) + 2 * error
        return entries, error + 2 * slack * spread // whole + 2


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


class Functions:
    """Checks the answers to all n^n inputs, in the order of f(0), .., f(n-1)."""

    def __init__(self, model: Attention, ties: str) -> None:
        self.model, self.ties = model, ties
        self.by_bits: dict[int, FixedAttention] = {}
        self.right = Fraction(0)
        self.undecided = 0

    def add(self, f: Sequence[int], answer: str, tied: Sequence[int]) -> None:
        """``tied``: all that share the maximum, if these are several."""
        if answer == "?":
            require(not tied, "an undecided answer cannot be a tie")
            self.undecided += 1
            return
        winners = list(tied) or [int(answer)]
        require(min(winners) == int(answer), "the answer is not the lowest of the tied logits")
        self._confirm(f, winners)
        self.right += credit_for(self.ties, longest_cycle(f), winners)

    def _confirm(self, f: Sequence[int], winners: list[int]) -> None:
        rows = self.model.unembed
        if all(rows[k] == rows[winners[0]] for k in winners):
            bits = FEWEST_BITS
            while bits <= MOST_BITS:
                if bits not in self.by_bits:
                    self.by_bits[bits] = FixedAttention(self.model, bits)
                try:
                    values, error = self.by_bits[bits].logits(f)
                except RejectedError:
                    bits *= 2
                    continue
                lead = values[winners[0]] - 2 * error
                others = [values[k] for k in range(len(values)) if k not in winners]
                if all(value < lead for value in others):
                    return
                require(
                    all(value <= lead + 4 * error for value in others),
                    f"the largest logit is number {values.index(max(values))}",
                )
                bits *= 2
        exact = self.model.exact_logits(f)
        require(exact is not None, "its logits are too close to tell which is the largest")
        assert exact is not None
        best = [k for k, value in enumerate(exact) if value == max(exact)]
        require(best == winners, f"the largest logits are {best}")


# ---------------------------------------------------------------------------------------------
# The document.

HEAD = {"format", "version", "kind", "software", "model", "task", "ties", "accuracy", "undecided"}
HEAD |= {"claims", "digest"}
CELLS, FUNCTIONS = HEAD | {"decimals", "cells", "rays"}, HEAD | {"answers", "tied"}
CELL = {"pattern", "rays", "label", "winners", "credit", "measure"}
LARGEST_MEASURED = 5


def keys_of(value: Any, keys: set[str], where: str) -> Json:
    require(isinstance(value, dict), f"{where} must be an object")
    wrong = set(value) ^ keys
    require(not wrong, f"{where} lacks, or should not have: {', '.join(sorted(map(str, wrong)))}")
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
    require(fits, f"{where} is not written as it should be: {str(value)[:40]!r}")
    return str(value)


def fraction_of(value: Any, where: str) -> Fraction:
    text = text_of(value, r"-?[0-9]+(/[0-9]+)?", where)
    found = Fraction(text) if not re.search(r"/0+$", text) else None
    require(found is not None and str(found) == text, f"{where} is not in lowest terms: {text}")
    assert found is not None
    return found


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


def weights_of(value: Any) -> Weights:
    require(isinstance(value, dict), "model.weights must be an object")
    found: Weights = {}
    for key, rows in value.items():
        require(isinstance(rows, list), f"{key} must be a list of rows")
        matrix = []
        for row in rows:
            require(isinstance(row, list), f"{key} must be a list of rows")
            matrix.append(tuple(fraction_of(entry, key) for entry in row))
        found[key] = tuple(matrix)
    return found


def outward(value: Fraction, places: int, up: bool) -> str:
    """A number from 0 to 1 as a decimal, rounded down or up."""
    scaled = value * 10**places
    whole = -(-scaled.numerator // scaled.denominator) if up else int(scaled // 1)
    digits = str(whole).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


class Cells:
    """Checks cells one by one, and adds up what they are worth."""

    def __init__(self, document: Json, weights: Weights, task: str, n: int) -> None:
        self.task, self.n, self.ties = task, n, document["ties"]
        self.network = Network(weights, n)
        self.decimals = natural(document["decimals"], "decimals")
        require(4 <= self.decimals <= 40, "decimals must be from 4 to 40")
        self.unit = Fraction(1, 10**self.decimals)
        self.measure = Measure(Fixed(self.decimals * 10 // 3 + 60))
        self.measured = n <= LARGEST_MEASURED
        require(isinstance(document["rays"], list), "rays must be a list")
        self.rays = [self._ray(text, k) for k, text in enumerate(document["rays"])]
        require(len(set(self.rays)) == len(self.rays), "a ray is listed twice")
        self.used: set[int] = set()
        self.names: set[object] = set()
        self.right = self.wrong = Fraction(0)

    def _ray(self, text: Any, k: int) -> Vector:
        where = f"ray {k}"
        words = text_of(text, r"-?[0-9]+( -?[0-9]+)*", where).split()
        ray = tuple(map(int, words))
        require(len(ray) == self.n, f"{where} has {len(ray)} entries, not {self.n}")
        lowest = gcd(*ray) == 1 and words == [str(entry) for entry in ray]
        require(lowest, f"{where} is not in lowest terms")
        return ray

    def add(self, cell: Any) -> None:
        """RejectedError unless everything that the cell says is right."""
        keys_of(cell, CELL, "it")
        steps, rays = self._steps(cell["pattern"]), self._corners(cell["rays"])
        corners = [self.rays[k] for k in rays]
        inside: Vector = tuple(map(sum, zip(*corners, strict=True)))
        room, label, walls = chamber(self.task, inside)
        half = 1 if inside[0] > 0 else -1
        winners = indices(cell["winners"], self.n)
        logits = self.network.logits(steps)
        best = logits[winners[0]]
        require(all(logits[k] == best for k in winners), "its winners are not equal all over it")
        ties = [
            tuple(a - b for a, b in zip(best, row, strict=True))
            for k, row in enumerate(logits)
            if k not in winners
        ]
        require(all(any(row) for row in ties), "another logit equals its winners all over it")
        masks = set()
        for kind, rows in (
            ("the pattern", self.network.walls(steps)),
            ("the label", walls),
            ("one sign of x[0]", [(half, *(0,) * (self.n - 1))]),
            ("the winners", ties),
        ):
            for row in rows:
                values = [sum(map(mul, row, ray)) for ray in corners]
                require(min(values) >= 0, f"it has a ray that does not agree with {kind}")
                masks.add(sum(1 << k for k, value in enumerate(values) if value == 0))
        facets = complete_facets(self.n, masks, len(corners))
        require(cell["label"] == label and type(cell["label"]) is int, f"its label is {label}")
        credit = credit_for(self.ties, label, winners)
        require(cell["credit"] == str(credit), f"its credit is {credit}")
        name = steps, room, half, tuple(winners)
        require(name not in self.names, "it covers the same inputs as an earlier cell")
        self.names.add(name)
        self.used.update(rays)
        share = self._share(cell["measure"], corners, facets)
        self.right += credit * share
        self.wrong += (1 - credit) * share

    def _steps(self, pattern: Any) -> tuple[str, ...]:
        shape = r"\|".join([f"[01]{{{self.network.d}}}"] * self.n)
        return tuple(text_of(pattern, shape, "its pattern").split("|"))

    def _corners(self, rays: Any) -> list[int]:
        require(isinstance(rays, list) and len(rays) >= self.n, "it has too few rays")
        found = [natural(k, "the number of a ray") for k in rays]
        require(found == sorted(set(found)), "its rays must be different and in order")
        require(found[-1] < len(self.rays), "it has a ray that is not listed")
        return found

    def _share(self, text: Any, corners: list[Vector], facets: tuple[int, ...]) -> Fraction:
        """The least that the measure can be."""
        value = Fraction(text_of(text, rf"0\.[0-9]{{{self.decimals}}}", "its measure"))
        if self.measured:
            gram = [[sum(map(mul, a, b)) for b in corners] for a in corners]
            self.measure.terms = 0
            found = self.measure.of(Cone(self.n, gram, facets), (1 << len(corners)) - 1)
            error = self.measure.terms << 20
            off = abs(Fraction(found, self.measure.fixed.one) - value)
            off += Fraction(error, self.measure.fixed.one)
            require(
                off <= SLACK * self.unit,
                f"its measure is {found / self.measure.fixed.one:.16g}, not {text}",
            )
        return max(Fraction(0), value - SLACK * self.unit)

    def conclude(self, document: Json) -> tuple[Fraction, Fraction]:
        """The accuracy that follows; RejectedError if the certificate says another one."""
        require(len(self.used) == len(self.rays), "a ray is listed that no cell has")
        total = self.right + self.wrong
        require(total <= 1, f"the cells add up to {float(total)}: they overlap")
        places = self.decimals + 6
        undecided = outward(1 - total, places, up=True)
        require(
            document["undecided"] == undecided,
            f"the cells leave {undecided} undecided, not {document['undecided']}",
        )
        bounds = outward(self.right, places, up=False), outward(1 - self.wrong, places, up=True)
        stated = keys_of(document["accuracy"], {"lower", "upper"}, "accuracy")
        require(
            (stated["lower"], stated["upper"]) == bounds,
            f"the cells prove an accuracy from {bounds[0]} to {bounds[1]}, not as stated",
        )
        return Fraction(bounds[0]), Fraction(bounds[1])


def check_document(document: Json, weights_file: bytes | None = None) -> CheckedCertificate:
    """Check a parsed certificate, against the weights' file if there is one."""
    outcome = CheckedCertificate()
    try:
        _check(document, weights_file, outcome)
    except RejectedError as error:
        return CheckedCertificate("rejected", f"{error}.")
    except (ArithmeticError, ValueError) as error:
        return CheckedCertificate("rejected", f"it cannot be checked: {error}.")
    return outcome


def _check(document: Json, weights_file: bytes | None, outcome: CheckedCertificate) -> None:
    kind = document.get("kind")
    version = natural(document.get("version"), "version")
    require(version == VERSION, f"this checks version {VERSION}, not {version}")
    require(kind in ("cells", "functions"), "its kind must be cells or functions")
    keys_of(document, CELLS if kind == "cells" else FUNCTIONS, "the certificate")
    require(document["claims"] == [], "claims are unknown to this version")
    require(document["ties"] in ("lowest", "incorrect", "uniform"), "the tie rule is unknown")
    task = keys_of(document["task"], {"name", "seq_len"}, "task")
    n = natural(task["seq_len"], "task.seq_len")
    extra = {"heads"} if kind == "functions" else set()
    model = keys_of(document["model"], {"name", "sha256", "dtype", "weights"} | extra, "model")
    software = document["software"]
    named = isinstance(software, dict) and all(type(v) is str for v in software.values())
    require(named and type(model["name"]) is str, "software and model.name must be texts")
    weights = weights_of(model["weights"])
    if kind == "cells":
        _check_cells(document, weights, task["name"], n, outcome)
    else:
        heads = natural(model["heads"], "model.heads")
        _check_functions(document, weights, heads, task["name"], n, outcome)
    _check_model(model, weights, weights_file, outcome)
    long = ("cells", "rays") if kind == "cells" else ("tied",)
    rest = {key: value for key, value in document.items() if key not in (*long, "digest")}
    found = digest_of(rest, [document[key] for key in long])
    require(document["digest"] == found, "its digest does not fit its content")
    outcome.checked.append("the digest of the whole certificate")


def _check_cells(
    document: Json, weights: Weights, task: Any, n: int, outcome: CheckedCertificate
) -> None:
    require(task in INDEX_TASKS, "the task is unknown")
    require(2 + (task == "argoutlier") <= n <= 6, "the task's number of inputs is wrong")
    require(task != "argmedian" or n % 2 == 1, "argmedian needs an odd number of inputs")
    cells = Cells(document, weights, task, n)
    require(isinstance(document["cells"], list), "cells must be a list")
    for k, cell in enumerate(document["cells"]):
        try:
            cells.add(cell)
        except RejectedError as error:
            raise RejectedError(f"cell {k}: {error}") from None
    found = cells.conclude(document)
    outcome.checked += [
        f"{len(document['cells'])} cells: each ray lies where pattern, label and winners say",
        "the rays of each cell are the extreme rays of a cone, and its facets close up",
        "no two cells share an interior point",
        "label, winners and credit of each cell, under the tie rule",
    ]
    if cells.measured:
        outcome.accuracy = found
        outcome.checked += [
            f"the measure of each cell, to {cells.decimals} decimals, by another formula",
            "the cells leave no more than the stated mass undecided",
        ]
    else:
        outcome.status = "incomplete"
        outcome.not_checked.append(
            f"the measures of the cells (this checker reaches n = {LARGEST_MEASURED}): that there "
            "are no other cells, and the accuracy, rest on the measures stated"
        )


def _check_functions(
    document: Json, weights: Weights, heads: int, task: Any, n: int, outcome: CheckedCertificate
) -> None:
    require(task == "longest_cycle", "the task is unknown")
    require(2 <= n <= 7, "the task's number of inputs is wrong")
    answers = text_of(document["answers"], rf"[0-{n - 1}?]{{{n**n}}}", "answers")
    require(isinstance(document["tied"], list), "tied must be a list")
    tied: dict[int, list[int]] = {}
    for entry in document["tied"]:
        keys_of(entry, {"function", "winners"}, "a tie")
        number, winners = (
            natural(entry["function"], "a tie's function"),
            indices(entry["winners"], n),
        )
        require(number < n**n and number > max(tied, default=-1), "ties must be in order")
        require(len(winners) > 1, "a tie needs several winners")
        tied[number] = winners
    functions = Functions(Attention(weights, n, heads), document["ties"])
    for number, f in enumerate(product(range(n), repeat=n)):
        try:
            functions.add(f, answers[number], tied.get(number, ()))
        except RejectedError as error:
            raise RejectedError(f"input {number}, {f}: {error}") from None
    lower = functions.right / n**n
    upper = lower + Fraction(functions.undecided, n**n)
    stated = keys_of(document["accuracy"], {"lower", "upper"}, "accuracy")
    require(
        (stated["lower"], stated["upper"]) == (str(lower), str(upper)),
        f"the answers prove an accuracy from {lower} to {upper}, not as stated",
    )
    require(document["undecided"] == str(upper - lower), f"{upper - lower} is undecided")
    outcome.accuracy = lower, upper
    outcome.checked += [
        f"the answer to each of {n**n} inputs, by logits with proved error bounds",
        "the true label of each input, and the credit under the tie rule",
    ]


def _check_model(
    model: Json, weights: Weights, weights_file: bytes | None, outcome: CheckedCertificate
) -> None:
    digest = text_of(model["sha256"], "[0-9a-f]{64}", "model.sha256")
    stored = [w for matrix in weights.values() for row in matrix for w in row]
    if model["dtype"] == "rational":
        matrices = [weights[key] for key in sorted(weights)]
        if RNN_KEYS[0] in weights:  # the input weights, which are a column, as one row
            inputs, recurrent, readout = (weights[key] for key in RNN_KEYS)
            matrices = [(tuple(row[0] for row in inputs),), recurrent, readout]
        lines = [" ".join(map(str, row)) for matrix in matrices for row in matrix]
        found = hashlib.sha256("\n".join(lines).encode()).hexdigest()
        require(found == digest, "the weights do not have the stated sha256")
        outcome.checked.append("the sha256 of the weights, written as fractions")
    else:
        names = text_of(model["dtype"], "[a-z0-9/]+", "model.dtype").split("/")
        require(set(names) <= set(FLOATS), "model.dtype is unknown")
        fits = all(any(is_float(w, FLOATS[name]) for name in names) for w in stored)
        require(fits, f"a weight is no {model['dtype']}")
    if weights_file is not None:
        found = hashlib.sha256(weights_file).hexdigest()
        require(found == digest, f"the weights' file has sha256 {found}, not {digest}")
        stated, dtype = read_safetensors(weights_file)
        require(stated == weights, "the weights are not those of the file")
        require(model["dtype"] == dtype, f"the weights' file has dtype {dtype}")
        outcome.checked.append("sha256 and weights, against the file")
    elif model["dtype"] != "rational":
        outcome.not_checked.append(
            f"that the weights are those of the file with sha256 {digest}: no file was given"
        )


FLOATS = {"float16": "e", "float32": "f", "float64": "d"}


def is_float(value: Fraction, code: str) -> bool:
    """Whether the number is one of a type of floats, without rounding."""
    try:
        return Fraction(struct.unpack(code, struct.pack(code, float(value)))[0]) == value
    except (OverflowError, struct.error):
        return False


def read_safetensors(content: bytes) -> tuple[Weights, str]:
    """The matrices in a .safetensors file, exactly, and their types of floats."""
    types = {"F16": "float16", "F32": "float32", "F64": "float64"}
    names = set()
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        found: Weights = {}
        for key, entry in header.items():
            if key == "__metadata__":
                continue
            rows, columns = entry["shape"]
            first, end = entry["data_offsets"]
            names.add(types[entry["dtype"]])
            code = f"<{rows * columns}{FLOATS[types[entry['dtype']]]}"
            values = iter(struct.unpack(code, content[start + first : start + end]))
            found[key] = tuple(
                tuple(Fraction(next(values)) for _ in range(columns)) for _ in range(rows)
            )
    except (KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
        raise UnreadableError("the weights' file is no .safetensors file with matrices") from error
    return found, "/".join(sorted(names))


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableError("an object has the same key twice")
    return found


def _no_float(text: str) -> Any:
    raise UnreadableError(f"numbers in a certificate are whole or quoted, not {text[:20]}")


def read(path: Path) -> Json:
    """The document in a .json or .json.gz file; UnreadableError if it is no certificate."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        document = json.loads(
            content, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float
        )
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, RecursionError) as error:
        raise UnreadableError(f"{path} is not JSON") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UnreadableError(f"{path} is not an {FORMAT}")
    return document


def check_certificate(path: str | Path, weights: str | Path | None = None) -> CheckedCertificate:
    """Check a certificate's file, against the model's .safetensors file if it is given."""
    try:
        document = read(Path(path))
        try:
            content = None if weights is None else Path(weights).read_bytes()
        except OSError as error:
            raise UnreadableError(f"cannot read {weights}: {error.strerror or error}") from error
        return check_document(document, content)
    except UnreadableError as error:
        return CheckedCertificate("unreadable", f"{error}.")


def lines_of(outcome: CheckedCertificate) -> Iterator[str]:
    """What to print."""
    yield outcome.status + (f": {outcome.reason}" if outcome.reason else "")
    if outcome.accuracy is not None:
        lower, upper = outcome.accuracy
        yield f"accuracy between {decimal(lower)} and {decimal(upper)}"
    yield from (f"checked: {line}" for line in outcome.checked)
    yield from (f"not checked: {line}" for line in outcome.not_checked)


def decimal(value: Fraction) -> str:
    """A terminating decimal in full, any other fraction as it is."""
    places = 0
    while (value * 10**places).denominator > 1 and places < 400:
        places += 1
    if places == 400:
        return str(value)
    digits = str(value.numerator * 10**places // value.denominator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def main(arguments: list[str]) -> int:
    sys.set_int_max_str_digits(0)  # rays of models with tiny and huge weights are long
    if not 1 <= len(arguments) <= 2 or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    outcome = check_certificate(*arguments)
    for line in lines_of(outcome):
        print(line)
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
