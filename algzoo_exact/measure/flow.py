"""The squash flow in ball arithmetic: rigorous Gaussian measures of unions of cones, n <= 9.

For a polyhedral set S in R^n and an integer vector u (docs/notes/squash-flow.md),

    P(S) = P(S; l = 0) + sum over facets F of S of flow(F).                                  (1)

With k_K(l)^2 = q_K + l^2 (1 - q_K) for a face K, q_K the squared length of the part of u orthogonal
to its span, and y1, y2, .. the components of u along the inward unit normals of F, of G within F,
of F' within G, .. ,

    2 pi flow(F) = - sum_G [ theta(1) P(G; 1) - integral over l of theta(l) dP(G; l) ],          (2)
    theta(l) = atan((y2 / y1) l / k_G),
    dP(G; l) = - (l dl / 2 pi) (1 / k_G) sum_F' (y3 / k_F'^2) sum_G' (y4 / k_G') P(G'; l),       (3)

where P(G'; l) is elementary up to n = 7, and else P(G'; 1) less the integral of (3) from l to 1. In
the same way P(G; 1) is elementary up to n = 5, and else the sum of flows within G. The integrals
are Gauss-Legendre sums with a proven error, of any precision. ``facet_flow`` has the same in
float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat

from algzoo_exact.errors import AlgzooExactError
from algzoo_exact.exact.enclosure import PrecisionError, to_arb
from algzoo_exact.geometry.cone import Cone, Face, IntVector, dot, primitive, subfaces
from algzoo_exact.measure.faces import Faces, inner
from algzoo_exact.measure.flow_rules import BallRule, ball_rule

MOST_INPUTS = 9
LARGEST_DIMENSION = 6
"""Up to which all cells of a model are measured in balls: beyond, one takes a second or more."""

_Row = list[arb]
_Weighted = tuple[_Row, float]
"""Values at the nodes of a rule, and a bound for them in the strip, in units of T / pi."""


class NotGenericError(AlgzooExactError):
    """The direction u lies in the hyperplane of a facet; another direction is needed."""


class CellFlow(Faces):
    """Flows of the facets of one cone along the integer direction ``u``, and what its facets add to
    moments; the rest is as for ``Faces``."""

    def __init__(
        self,
        tight: Sequence[int],
        normal: Callable[[int], Any],
        directions: Sequence[Sequence[Any]],
        u: IntVector,
    ) -> None:
        super().__init__(tight, normal, directions, len(u))
        self.u = u
        self._solid: dict[int, arb] = {}

    @staticmethod
    def of(cone: Cone, u: IntVector) -> CellFlow:
        normals = dict(zip(cone.walls, cone.inequalities, strict=True))
        directions = [[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]
        return CellFlow(cone.tight, normals.__getitem__, directions, u)

    def at_zero(self) -> Fraction:
        """The measure of the cone at l = 0, where all mass sits at u and -u, half each: no pointed
        cone holds both. Half of that on a facet; NotGenericError if u lies on several."""
        values = [dot(self.normal(face.wall), self.u) for face in self.facets]
        if min(values) < 0 < max(values):
            return Fraction(0)
        if values.count(0) > 1:
            raise NotGenericError(f"direction {self.u} lies on several facets")
        return Fraction(1, 4) if 0 in values else Fraction(1, 2)

    def measure(self) -> arb:
        """The measure of the cone, by (1)."""
        start = to_arb(self.at_zero())
        return start + sum(self.flows(self.facets), arb(0)) / (2 * arb.pi())

    def flows(self, facets: Sequence[Face]) -> list[arb]:
        """2 pi times the flow of each. A facet whose hyperplane holds u does not turn: it is 0."""
        turning = [face.rays for face in facets if dot(self.normal(face.wall), self.u)]
        found = _Squash(self, self.cone, self.within(self.cone, self.u)).flows(turning)
        return [found.get(face.rays, arb(0)) for face in facets]

    def moment(self, facet: Face, a: Sequence[Any]) -> arb:
        """The sum over the facets G of a facet of (a.e) P(G), with e the inward unit normal of G
        within the facet."""
        self.sides(self.cone)
        row, total = arb_mat([list(a)]), arb(0)
        for side in self.sides(facet.rays):
            total += inner(row, side.normal) * self.solid(side.rays)
        return total

    def solid(self, face: int) -> arb:
        """The Gaussian measure of a face within its span; ``sides`` has led to the face."""
        if face not in self._solid:
            dimension = self.dimension(face)
            if dimension < 2:
                self._solid[face] = arb(1) / 2**dimension
            elif dimension < 4:
                straight = [arb(0)] * len(self.sides(face))
                (self._solid[face],) = self.angles(face, straight, [arb(0)])
            else:
                self._solid[face] = _Squash(self, face, self.middle(face)).measure()
        return self._solid[face]

    def slopes(self, facet: Face) -> list[tuple[int, Fraction]]:
        """The slopes M = y2 / y1 of (2) for n <= 3, exactly: (sign of M, M^2) for each ridge.

        With F's normal a, and b the other wall's normal (n = 3) or a vector along the ray
        (n = 2), and aa = a.a etc.: M = (aa bu - ab au) / (au sqrt(aa bb - ab^2)).
        """
        a = self.normal(facet.wall)
        au, aa = dot(a, self.u), dot(a, a)
        if au == 0:
            raise NotGenericError(f"direction {self.u} lies in the hyperplane of a facet")
        if self.n == 2:
            partners = [self._along(a, facet.rays)]
        else:
            partners = [self.normal(g.wall) for g in subfaces(facet.rays, self.facets, 1)]
        result = []
        for b in partners:
            ab, bb = dot(a, b), dot(b, b)
            top = aa * dot(b, self.u) - ab * au
            sign = (top > 0) - (top < 0)
            result.append((sign if au > 0 else -sign, Fraction(top**2, au**2 * (aa * bb - ab**2))))
        return result

    def exact_moment(self, facet: Face, a: IntVector) -> list[tuple[Fraction, Fraction]]:
        """n <= 3: |N| times the sum over G of (a.e) P(G), with N the facet's primitive normal, as
        pairs (c, s): a sum of c sqrt(s). A flag has the same s from all its cells."""
        normal = primitive(self.normal(facet.wall))
        square = dot(normal, normal)
        if self.n == 2:
            ray = self._along(normal, facet.rays)  # as long as the normal
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

    def _along(self, normal: IntVector, rays: int) -> IntVector:
        """n = 2: the vector along the only ray of ``rays``, as long as the normal."""
        line = normal[1], -normal[0]
        near = self.directions[rays.bit_length() - 1]
        along = sum(c / max(map(abs, line)) * x for c, x in zip(line, near, strict=True))
        return line if along > 0 else tuple(-c for c in line)


class _Squash:
    """Space squashed along the unit vector ``d``, (1, n), within the span of a face ``root``.

    Values belong to a face, whichever flag leads to it, and are computed once.
    """

    def __init__(self, faces: CellFlow, root: int, d: arb_mat) -> None:
        self.faces, self.root, self.d = faces, root, d
        self.dimension = faces.dimension(root)
        self.q: dict[int, arb] = {root: arb(0)}
        self._along: dict[int, list[tuple[int, arb]]] = {}
        self._rows: dict[int, _Weighted] = {}
        self._k: dict[int, _Row] = {}
        self._slants: dict[int, _Row] = {}
        self.rule: BallRule

    def along(self, face: int) -> list[tuple[int, arb]]:
        """The facets of a face, and the components of d along their normals."""
        if face not in self._along:
            sides = self.faces.sides(face)
            self._along[face] = [(side.rays, inner(side.normal, self.d)) for side in sides]
            for below, y in self._along[face]:
                self.q.setdefault(below, self.q[face] + y * y)
        return self._along[face]

    def measure(self) -> arb:
        """Of the root, by (1): at l = 0 all mass sits at d and -d, half each."""
        tops = dict(self.along(self.root))
        flow = sum(self.flows(list(tops)).values(), arb(0)) / (2 * arb.pi())
        inside = len({y > 0 for y in tops.values()}) == 1
        return flow + arb(int(inside)) / 2

    def flows(self, facets: Sequence[int]) -> dict[int, arb]:
        """(2) for facets of the root. PrecisionError unless the signs of all y1 are decided."""
        tops = dict(self.along(self.root))
        if not all(tops[facet] > 0 or tops[facet] < 0 for facet in facets):
            raise PrecisionError("a component of the direction is not told from zero")
        if self.dimension > 3 and facets:
            least = min((tops[facet].abs_lower() for facet in facets), key=float)
            self.rule = ball_rule(least, self.dimension > 7)
        found = {facet: self._flow(facet, tops[facet]) for facet in facets}
        if not all(flow.is_finite() for flow in found.values()):
            raise PrecisionError("components of the direction are too wide for a flow")
        return found

    def _flow(self, facet: int, y1: arb) -> arb:
        total = arb(0)
        for ridge, y2 in self.along(facet):
            slope = y2 / y1
            total -= slope.atan() * self.faces.solid(ridge)
            if self.dimension > 3:  # else P(G; l) is constant
                values, weight = self._change(ridge)
                left = arb(0, (self.rule.left_out * weight).upper())
                ratios = zip(self._ratios(ridge), values, strict=True)
                part = sum(((slope * ratio).atan() * value for ratio, value in ratios), left)
                total -= part / (2 * arb.pi())
        return total

    def _squares(self, face: int) -> _Row:
        """k^2 at the nodes."""
        q = self.q[face]
        return [t + q * rest for t, rest in zip(self.rule.t, self.rule.rest, strict=True)]

    def _roots(self, face: int) -> _Row:
        if face not in self._k:
            self._k[face] = [square.sqrt() for square in self._squares(face)]
        return self._k[face]

    def _ratios(self, ridge: int) -> _Row:
        """l / k at the nodes."""
        if ridge not in self._slants:
            nodes = zip(self.rule.squash, self._roots(ridge), strict=True)
            self._slants[ridge] = [squash / k for squash, k in nodes]
        return self._slants[ridge]

    def _sum(self, face: int, part: Callable[[int], _Weighted]) -> _Weighted:
        """The sum over a face's facets of y times their values."""
        sides = self.along(face)
        rows = [part(side) for side, _ in sides]
        total = arb_mat([[y for _, y in sides]]) * arb_mat([row for row, _ in rows])
        return total.entries(), sum(weight for _, weight in rows)

    def _change(self, face: int) -> _Weighted:
        """- 2 pi dP of a face G at the nodes, by (3), with the weights of the integral."""
        if face not in self._rows:
            values, weight = self._sum(face, self._turned)
            factors = zip(self.rule.step, values, self._roots(face), strict=True)
            self._rows[face] = [step * value / k for step, value, k in factors], weight
        return self._rows[face]

    def _turned(self, face: int) -> _Weighted:
        """The sum over G' in (3) for a face F', over k_F'^2."""
        if face not in self._rows:
            values, weight = self._sum(face, self._shrunk)
            squares = self._squares(face)
            self._rows[face] = [v / s for v, s in zip(values, squares, strict=True)], weight
        return self._rows[face]

    def _shrunk(self, face: int) -> _Weighted:
        """P / k of a face G'."""
        place = ~face  # ``_change`` may be asked for the same face
        if place not in self._rows:
            values, weight = self._measures(face)
            ks = self._roots(face)
            self._rows[place] = [v / k for v, k in zip(values, ks, strict=True)], weight
        return self._rows[place]

    def _measures(self, face: int) -> _Weighted:
        """P(G'; l) at the nodes."""
        dimension, rule = self.faces.dimension(face), self.rule
        if dimension < 2:
            return [self.faces.solid(face)] * len(rule.t), 2.0
        if dimension < 4:
            along = [y for _, y in self.along(face)]
            stretch = [r / s for r, s in zip(rule.rest, self._squares(face), strict=True)]
            corners = len(along) if dimension == 3 else 2
            return self.faces.angles(face, along, stretch), 1.0 + 0.5 * corners
        changes, weight = self._change(face)
        assert rule.later is not None
        rest = arb_mat([changes]) * rule.later.transpose()
        off = arb(0, (rule.later_left * weight).upper())
        end, two_pi = self.faces.solid(face), 2 * arb.pi()
        return [end + (r + off) / two_pi for r in rest.entries()], 1.0 + rule.growth * weight


def directions_for(n: int, seed: int = 0) -> Iterator[IntVector]:
    """Integer directions in fixed pseudo-random order, none of them special for any fan.

    A linear congruential generator (Lehmer, 1951): any sequence of generic vectors would do.
    """
    state = 48271 * (seed + 1) + 11
    while True:
        vector = []
        for _ in range(n):
            state = state * 48271 % 2147483647
            vector.append(state % 2003 - 1001)
        if all(vector):
            yield tuple(vector)
