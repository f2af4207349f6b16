"""Second moments of linear functionals on cones, facet by facet, in ball arithmetic, n <= 6.

For a pointed cone C in R^n and a linear functional a (docs/notes/squared-error.md),

    E[(a.x)^2; C] = |a|^2 P(C) + (1 / 2 pi) sum over (F, G) of (a.e1) (a.e2) P_{n-2}(G),      (1)

over the facets F of C and the facets G of F, with e1 the inward unit normal of F, e2 the unit
normal of G within F that points into F, and P_{n-2}(G) the measure of G within its span:

    n = 2: P_0 = 1.     n = 3: P_1 = 1/2.     n = 4: P_2 = angle / 2 pi.
    n = 5: P_3 = (sum of angles - (corners - 2) pi) / 4 pi (Girard).
    n = 6: P_4 = c(G) + (1 / 2 pi) sum over (F', G') of [ - c(G') atan M2
                                                     + (1 / 2 pi) sum over r of T4(y3, .., y6) ],

the last by the flow within G. P(C) is a sum of flows of facets, (2) of ``measure.flow``. For n = 4
and 5 what a flag adds below G depends on G alone, and G lies in two facets of C: it is computed
once. With b1, b2 the inward normals of two sides of G that meet, wi = bi.u, c = b1.b2 and
s^2 = 1 - c^2, the two flags through that corner are

    (w1, (w2 - c w1) / s)  and  (w2, (w1 - c w2) / s),   the angle pi / 2 + atan(c / s).      (3)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations

from flint import arb

from algzoo_exact.geometry.cone import IntVector, dot, orthogonal, primitive
from algzoo_exact.measure.flow import (
    CellFlow,
    Face,
    Flag,
    NotGenericError,
    PrecisionError,
    seen,
    subfaces,
)
from algzoo_exact.measure.schlafli import double_flag

_Sides = list[tuple[Face, Flag]]


@dataclass(frozen=True)
class _Ridge:
    """What flags share below a ridge G, n = 4 and 5: its measure, c(G), the components (y3, y4)
    of flags with y3 != 0, and the sum of the limits of atan(y4 / y3) for those with y3 = 0."""

    measure: arb
    seen: bool
    pairs: tuple[tuple[arb, arb], ...]
    limits: arb


class FacetMoments(CellFlow):
    """Flows of a cone's facets, and what they add to second moments."""

    @cached_property
    def _ridges(self) -> dict[int, _Ridge]:
        """Ridges by their rays, as far as they were needed."""
        return {}

    def facet(self, facet: Face, a: Sequence[arb]) -> tuple[arb, arb]:
        """2 pi times the flow of a facet F, and the sum over G of (a.e2) P_{n-2}(G).

        A facet whose hyperplane holds u does not turn: its flow is 0.
        """
        turns = dot(self.normal(facet.wall), self.u) != 0
        first = self._extend(Flag((), (), ()), facet.wall)
        if self.n == 2:
            ray = self._oriented(orthogonal([self.normal(facet.wall)], 2), facet.rays)
            along = sum((p * c for p, c in zip(a, ray, strict=True)), arb(0))
            flow = -(self._along_ray(first, facet.rays) / first.y[0]).atan() if turns else arb(0)
            return flow, along / arb(dot(ray, ray)).sqrt()
        flow, moment = arb(0), arb(0)
        for ridge in subfaces(facet.rays, self.facets, self.n - 2):
            flag = self._extend(first, ridge.wall)
            part, measure = self._part(ridge, flag, turns)
            flow += part
            moment += self._components(flag, list(a))[1] * measure
        return flow, moment

    def _part(self, ridge: Face, flag: Flag, turns: bool) -> tuple[arb, arb]:
        """2 pi times a ridge's part of the flow of one facet, and the ridge's measure."""
        turn = (flag.y[1] / flag.y[0]).atan() if turns else arb(0)
        if self.n == 3:
            return -turn / 2, arb(1) / 2
        if self.n == 6:
            sides = self._sides(ridge, flag)
            part = self._inner(sides, self._inside(ridge.rays)) / self._two_pi if turns else turn
            return part - turn / 2 if seen(sides) else part, self._measure_4(sides)
        if ridge.rays not in self._ridges:
            self._ridges[ridge.rays] = self._look(ridge, self._sides(ridge, flag))
        known = self._ridges[ridge.rays]
        if not turns:
            return turn, known.measure
        total = turn * known.limits
        for pair in known.pairs:
            total += double_flag((*flag.y, *pair))
        total /= self._two_pi * (self.n - 3)
        return total - turn / 2 if known.seen else total, known.measure

    def _sides(self, ridge: Face, flag: Flag) -> _Sides:
        return [
            (side, self._extend(flag, side.wall))
            for side in subfaces(ridge.rays, self.facets, self.n - 3)
        ]

    def _look(self, ridge: Face, sides: _Sides) -> _Ridge:
        """All corners of a ridge by (3), n = 4 and 5."""
        inside = self._inside(ridge.rays)
        pairs: list[tuple[arb, arb]] = []
        limits, angles = arb(0), arb(0)
        for (one, first), (other, second) in combinations(sides, 2):
            if self.n == 5 and not one.rays & other.rays:
                continue
            p, q = first.rows[2], second.rows[2]
            c = self._product(one.wall, other.wall) - p[0] * q[0] - p[1] * q[1]
            c /= p[2] * q[2]
            rest = 1 - c * c
            if not rest > 0:
                raise PrecisionError("two sides of a ridge are not told apart")
            s = rest.sqrt()
            angles += self._two_pi / 4 + (c / s).atan()
            for mine, theirs in ((first, second), (second, first)):
                along = mine.y[2], (theirs.y[2] - c * mine.y[2]) / s
                if not along[0].is_zero():
                    pairs.append(along)
                elif not theirs.y[2].is_zero():
                    limits += self._quarter_turn(along[1])
                else:  # u is moved towards the inside; see CellFlow._double
                    near = self._components(mine, inside)[2]
                    far = (self._components(theirs, inside)[2] - c * near) / s
                    if not near > 0:
                        raise NotGenericError(f"direction {self.u} projects onto an apex")
                    limits += (far / near).atan()
        if self.n == 5:
            angles = (angles - (len(sides) - 2) * self._two_pi / 2) / 2
        return _Ridge(angles / self._two_pi, seen(sides), tuple(pairs), limits)

    def _measure_4(self, sides: _Sides) -> arb:
        """P_4 of a ridge, n = 6."""
        total = arb(0)
        for side, flag in sides:
            if flag.y[2].is_zero():
                raise NotGenericError(f"direction {self.u} projects onto a wall of a ridge")
            for corner in subfaces(side.rays, self.facets, 2):
                longer = self._extend(flag, corner.wall)
                ends = [
                    (end, self._extend(longer, end.wall))
                    for end in subfaces(corner.rays, self.facets, 1)
                ]
                if seen(ends):
                    total -= (longer.y[3] / longer.y[2]).atan() / 2
                for end, last in ends:
                    if last.y[4].is_zero():
                        raise NotGenericError(f"direction {self.u} projects onto an edge")
                    y = (*longer.y[2:], last.y[4], self._along_ray(last, end.rays))
                    total += double_flag(y) / self._two_pi
        return total / self._two_pi + (arb(1) / 2 if seen(sides) else arb(0))

    def exact_moment(self, facet: Face, a: IntVector) -> list[tuple[Fraction, Fraction]]:
        """n <= 3: |N| times the sum over G of (a.e2) P_{n-2}(G), with N the facet's primitive
        normal, as pairs (c, s): a sum of c sqrt(s). A flag has the same s from all its cells."""
        normal = primitive(self.normal(facet.wall))
        square = dot(normal, normal)
        if self.n == 2:
            ray = self._oriented(orthogonal([normal], 2), facet.rays)  # as long as the normal
            return [(Fraction(dot(a, ray)), Fraction(1))]
        found = []
        for ridge in subfaces(facet.rays, self.facets, 1):
            b = self.normal(ridge.wall)
            along = dot(normal, b)
            inward = primitive(
                tuple(square * q - along * p for p, q in zip(normal, b, strict=True))
            )
            found.append((Fraction(dot(a, inward), 2), Fraction(square, dot(inward, inward))))
        return found
