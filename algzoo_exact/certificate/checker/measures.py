"""Gaussian measures and second moments of cones.

In (C6), Coxeter's X is (D - S) / (D + S) with S = sin alpha sin gamma and D^2 = cos^2 alpha
cos^2 gamma - cos^2 beta, the determinant of the normals' Gram matrix, so that S / D is
u2 u4 / (u1 u3).

Rounding (C9), in units, beside that of the functions in ``fixed``:

- An orthoscheme < 2^16: squares carry relative errors below 2^-(p+16), so that cosines, sines
  and X are off by little more than a unit, and z = X e^(2 i theta) by at most 4.3. Re Li2 has
  the slope |log(1 - z)/z|, and over a segment of length h that is at most h (log(2/h) + 1 + pi),
  for every position of the segment: below 2^10. Four terms and three squares of angles make less
  than 2^21.1, divided by 8 pi^2 less than 2^15.
- Angles and slopes in turns < 2^3.
- Mean squares over |a|^2 carry, beside the error of P(C): of each ridge, k(G)/|a|^2, which is at
  most 1, with less than 2, times P(G); and P(G) with its own error times at most 1; both divided
  by 2 pi. The factor |a|^2 over the power of ten is at most 1 and exact.

Allowed are 2^20 for every angle, orthoscheme and corner.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from math import isqrt

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cones import (
    Cone,
    NotGenericError,
    Vector,
    determinant,
    dot,
    members,
)
from algzoo_exact.certificate.checker.errors import LimitError
from algzoo_exact.certificate.checker.fixed import Fixed

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
