"""The squash flow in ball arithmetic: rigorous Gaussian measures of unions of cones, n <= 6.

For a polyhedral set S in R^n and an integer vector u (docs/notes/squash-flow.md),

    P(S) = P(S; l = 0) + sum over facets F of S of flow(F),                                  (1)

and a flow is a sum over flags of faces F > G > .. of F. A flag enters only through the
components y1, y2, .. of u / |u| along its frame: e1 the inward unit normal of F, e2 the unit
normal of G within F that points into F, and so on. With M = y2 / y1 and c(G) = 1/2 if the
projection of u onto the span of G lies in G or in -G, else 0,

    n = 2:  2 pi flow = - sum_F atan M
    n = 3:  2 pi flow = - sum_(F,G) atan(M) / 2
    n = 4:  2 pi flow = sum_(F,G) [ - c(G) atan M + (1 / 2 pi) sum_E T4 ]
    n = 5:  2 pi flow = sum_(F,G) [ - c(G) atan M + (1 / 4 pi) sum_(E,r) T4 ]                (2)
    n = 6:  2 pi flow = sum_(F,G) [ - c(G) atan M
                          + (1 / 2 pi) sum_(F',G') ( c(G') T4 - (1 / 2 pi) sum_r T6 ) ]

where T4 and T6 are the double and triple flag integrals. All are closed forms but T6, which is a
rigorous quadrature. Components come from the walls' integer normals by a Cholesky factorisation
of their Gram matrix, never from rays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, ctx

from algzoo_exact.errors import AlgzooExactError
from algzoo_exact.geometry.cone import IntVector, determinant, dot, orthogonal
from algzoo_exact.measure.schlafli import double_flag, triple_flag

LARGEST_DIMENSION = 6


class PrecisionError(AlgzooExactError):
    """A sign could not be decided at the working precision."""


class NotGenericError(AlgzooExactError):
    """The direction u lies in the hyperplane of a facet; another direction is needed."""


@dataclass(frozen=True)
class Face:
    """A face of a cone: one wall that cuts it out of its parent, and its rays as a bit mask."""

    wall: int
    rays: int


def subfaces(parent: int, candidates: Sequence[Face], least: int) -> list[Face]:
    """Facets of the face with rays ``parent``: maximal proper intersections with candidates.

    ``least`` is the smallest number of rays that a facet can have, its dimension.
    """
    found: list[Face] = []
    for candidate in candidates:
        rays = parent & candidate.rays
        if rays == parent or rays.bit_count() < least:
            continue
        if any(rays & face.rays == rays for face in found):
            continue
        found = [face for face in found if face.rays & rays != face.rays]
        found.append(Face(candidate.wall, rays))
    return found


@dataclass(frozen=True)
class Flag:
    """Partial flag: its walls, the Cholesky rows of their Gram matrix, and components of u."""

    walls: tuple[int, ...]
    rows: tuple[tuple[arb, ...], ...]
    y: tuple[arb, ...]


class CellFlow:
    """Flow of the facets of one cone.

    ``tight[r]`` is the mask of walls through ray r; ``normal(wall)`` gives a wall's inward
    integer normal (any positive multiple); ``directions[r]`` approximates ray r to a few digits,
    which only serves to tell a ray from its opposite. ``u`` is the integer direction.
    Ball precision is flint's, at the time of each call.
    """

    def __init__(
        self,
        tight: Sequence[int],
        normal: Callable[[int], IntVector],
        directions: Sequence[Sequence[float]],
        u: IntVector,
    ) -> None:
        self.n = len(u)
        self.normal, self.directions, self.u = normal, directions, u
        sets: dict[int, int] = {}
        for r, mask in enumerate(tight):
            while mask:
                low = mask & -mask
                sets[low.bit_length() - 1] = sets.get(low.bit_length() - 1, 0) | 1 << r
                mask ^= low
        self.sets = sets
        walls = [Face(wall, sets[wall]) for wall in sorted(sets)]
        self.facets = subfaces((1 << len(tight)) - 1, walls, self.n - 1)
        self._unit: dict[int, list[arb]] = {}
        self._component: dict[int, arb] = {}
        self._gram: dict[tuple[int, int], arb] = {}
        self._ray: dict[int, arb] = {}
        self._two_pi = 2 * arb.pi()
        self._tolerance = max(2.0 ** (20 - ctx.prec), 1e-300)

    def flow(self, facet: Face) -> arb:
        """2 pi times the flow of one facet, by (2)."""
        if dot(self.normal(facet.wall), self.u) == 0:
            raise NotGenericError(f"direction {self.u} lies in the hyperplane of a facet")
        first = self._extend(Flag((), (), ()), facet.wall)
        total = arb(0)
        if self.n == 2:
            return -(self._along_ray(first, facet.rays) / first.y[0]).atan()
        for ridge in subfaces(facet.rays, self.facets, self.n - 2):
            flag = self._extend(first, ridge.wall)
            turn = (flag.y[1] / flag.y[0]).atan()
            if self.n == 3:
                total -= turn / 2
                continue
            sides = [
                (side, self._extend(flag, side.wall))
                for side in subfaces(ridge.rays, self.facets, self.n - 3)
            ]
            if seen(sides):
                total -= turn / 2
            total += self._inner(sides, self._inside(ridge.rays)) / self._two_pi
        return total

    def slopes(self, facet: Face) -> list[tuple[int, Fraction]]:
        """The slopes M of (2) for n <= 3, exactly: (sign of M, M^2) for each flag.

        With F's normal a, and b the other wall's normal (n = 3) or a vector along the ray
        (n = 2), and aa = a.a etc.: M = (aa bu - ab au) / (au sqrt(aa bb - ab^2)).
        """
        a = self.normal(facet.wall)
        au, aa = dot(a, self.u), dot(a, a)
        if au == 0:
            raise NotGenericError(f"direction {self.u} lies in the hyperplane of a facet")
        if self.n == 2:
            ray = self._oriented(orthogonal([a], 2), facet.rays)
            partners = [ray]
        else:
            partners = [self.normal(g.wall) for g in subfaces(facet.rays, self.facets, 1)]
        result = []
        for b in partners:
            ab, bb = dot(a, b), dot(b, b)
            top = aa * dot(b, self.u) - ab * au
            sign = (top > 0) - (top < 0)
            result.append((sign if au > 0 else -sign, Fraction(top**2, au**2 * (aa * bb - ab**2))))
        return result

    def _oriented(self, line: IntVector, rays: int) -> IntVector:
        """Of a vector and its opposite, the one along the only ray of ``rays``."""
        scale = max(map(abs, line))
        near = self.directions[rays.bit_length() - 1]
        along = sum(c / scale * x for c, x in zip(line, near, strict=True))
        return line if along > 0 else tuple(-c for c in line)

    def _inner(self, sides: list[tuple[Face, Flag]], inside: list[arb]) -> arb:
        """The second sums of (2), over the facets of one ridge G with a point ``inside``."""
        total = arb(0)
        for side, flag in sides:
            if self.n == 4:
                total += self._double((*flag.y, self._along_ray(flag, side.rays)), flag, inside)
                continue
            for end in subfaces(side.rays, self.facets, self.n - 4):
                longer = self._extend(flag, end.wall)
                if self.n == 5:
                    total += self._double(longer.y, longer, inside) / 2
                else:
                    total += self._innermost(longer, end, inside)
        return total

    def _innermost(self, flag: Flag, corner: Face, inside: list[arb]) -> arb:
        """c(G') T4 - (1 / 2 pi) sum_r T6 for a 2-face G', n = 6."""
        ends = [
            (end, self._extend(flag, end.wall)) for end in subfaces(corner.rays, self.facets, 1)
        ]
        total = self._double(flag.y, flag, inside) / 2 if seen(ends) else arb(0)
        for end, longer in ends:
            y = (*longer.y, self._along_ray(longer, end.rays))
            total -= self._triple(y, longer, inside) / self._two_pi
        return total

    def _double(self, y: tuple[arb, ...], flag: Flag, inside: list[arb]) -> arb:
        """T4, and its limits where the projection w of u onto G lies in a wall of G.

        The measure of G is continuous in w, so w may be moved by any small amount. Moving it
        towards a point inside G makes every y3 = 0 positive (as (2) counts it). If y4 = 0 too,
        then s2 tends to 1 and M2 to the ratio of that point's components.
        """
        if not y[2].is_zero():
            return double_flag(y[:4])
        turn = (y[1] / y[0]).atan()
        if not y[3].is_zero():
            return turn * self._quarter_turn(y[3])
        moved = self._components(flag, inside)
        if len(moved) < 4 or not moved[2] > 0:
            raise NotGenericError(f"direction {self.u} projects onto the apex of a ridge")
        return turn * (moved[3] / moved[2]).atan()

    def _triple(self, y: tuple[arb, ...], flag: Flag, inside: list[arb]) -> arb:
        """T6, with the same limits: where y3 = 0, d atan(M2 t) is all at t = 0, where s3^2 is
        rho2 / (rho2 + rho3); where y5 = 0, the inner arctangent is constant."""
        if y[4].is_zero() and y[2].is_zero() and y[3].is_zero():
            # Moving w changes y5 as much as s3: the limit would depend on how.
            raise NotGenericError(f"direction {self.u} projects onto a ray of a ridge")
        if y[4].is_zero():
            return self._double(y, flag, inside) * self._quarter_turn(y[5])
        if y[2].is_zero():
            if y[3].is_zero():
                return arb(0)  # s3 is 0 but for t = 1
            shrink = abs(y[3]) / (y[3] * y[3] + y[4] * y[4] + y[5] * y[5]).sqrt()
            inner = (y[5] / y[4] * shrink).atan()
            return (y[1] / y[0]).atan() * self._quarter_turn(y[3]) * inner
        return triple_flag(y, self._tolerance)

    def _inside(self, rays: int) -> list[arb]:
        """A point near the middle of a face, from its rays' approximate directions."""
        point = [0.0] * self.n
        for r, direction in enumerate(self.directions):
            if rays >> r & 1:
                point = [p + c for p, c in zip(point, direction, strict=True)]
        return [arb(p) for p in point]

    def _components(self, flag: Flag, vector: list[arb]) -> list[arb]:
        """Components of any vector along a flag's frame: forward substitution."""
        found: list[arb] = []
        for wall, row in zip(flag.walls, flag.rows, strict=True):
            unit = self._unit_normal(wall)
            value = sum((a * c for a, c in zip(unit, vector, strict=True)), arb(0))
            for known, entry in zip(found, row, strict=False):
                value -= entry * known
            found.append(value / row[-1])
        return found

    def _quarter_turn(self, along: arb) -> arb:
        """The limit of atan(along / y) for y -> +0."""
        if not (along > 0 or along < 0):
            raise NotGenericError(f"direction {self.u} projects onto a smaller face of a ridge")
        return self._two_pi / 4 if along > 0 else -self._two_pi / 4

    def _extend(self, flag: Flag, wall: int) -> Flag:
        """One more step of the Cholesky factorisation and of the forward substitution for u."""
        row: list[arb] = []
        rest = arb(1)
        y = self._along_normal(wall)
        for i, other in enumerate(flag.walls):
            value = self._product(wall, other)
            for q in range(i):
                value -= row[q] * flag.rows[i][q]
            value /= flag.rows[i][i]
            row.append(value)
            rest -= value * value
            y -= value * flag.y[i]
        if not rest > 0:
            raise PrecisionError("two walls of a flag are not told apart")
        diagonal = rest.sqrt()
        y /= diagonal
        walls = (*flag.walls, wall)
        if not (y > 0 or y < 0):
            if not self._vanishes(walls):
                raise PrecisionError("a component of the direction is not told from zero")
            y = arb(0)
        return Flag(walls, (*flag.rows, (*row, diagonal)), (*flag.y, y))

    def _vanishes(self, walls: tuple[int, ...]) -> bool:
        """Whether the last component is exactly 0: Cramer's rule for the Gram matrix."""
        normals = [self.normal(wall) for wall in walls]
        columns = [*normals[:-1], self.u]
        return determinant([[dot(a, b) for b in columns] for a in normals]) == 0

    def _along_ray(self, flag: Flag, rays: int) -> arb:
        """Component of u / |u| along the one ray of a 1-face, which the flag's walls define."""
        r = rays.bit_length() - 1
        if r not in self._ray:
            line = orthogonal([self.normal(wall) for wall in flag.walls], self.n)
            ray = self._oriented(line, rays)
            along = dot(ray, self.u)
            if along == 0:
                raise NotGenericError(f"direction {self.u} is orthogonal to a ray")
            squares = arb(dot(ray, ray)) * dot(self.u, self.u)
            self._ray[r] = arb(along) / squares.sqrt()
        return self._ray[r]

    def _unit_normal(self, wall: int) -> list[arb]:
        unit = self._unit.get(wall)
        if unit is None:
            normal = [arb(c) for c in self.normal(wall)]
            length = arb(dot(self.normal(wall), self.normal(wall))).sqrt()
            unit = self._unit[wall] = [c / length for c in normal]
        return unit

    def _along_normal(self, wall: int) -> arb:
        value = self._component.get(wall)
        if value is None:
            length = arb(dot(self.u, self.u)).sqrt()
            unit = self._unit_normal(wall)
            value = sum((a * c for a, c in zip(unit, self.u, strict=True)), arb(0)) / length
            self._component[wall] = value
        return value

    def _product(self, a: int, b: int) -> arb:
        key = (a, b) if a < b else (b, a)
        value = self._gram.get(key)
        if value is None:
            p, q = self._unit_normal(a), self._unit_normal(b)
            value = self._gram[key] = sum((x * y for x, y in zip(p, q, strict=True)), arb(0))
        return value


def seen(sides: Sequence[tuple[Face, Flag]]) -> bool:
    """Whether the projection of u lies in a cone or its opposite: all components one sign."""
    positive = [not flag.y[-1] < 0 for _, flag in sides]
    return all(positive) or not any(positive)


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
