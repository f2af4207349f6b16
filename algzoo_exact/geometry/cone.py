"""Pointed polyhedral cones with exact integer data.

A cone is held in both representations at once: inequalities a.x >= 0 (H) and extreme rays (V),
with the incidence between them. Cutting by one more hyperplane is one step of the double
description method (Motzkin, Raiffa, Thompson and Thrall, 1953; Fukuda and Prodon, 1996).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from math import gcd, prod
from operator import mul
from typing import cast

from flint import fmpq_mat, fmpz_mat

from algzoo_exact.errors import AlgzooExactError, InputError

IntVector = tuple[int, ...]

_MOST_DECIMALS = 400  # of a point


class NotPointedError(AlgzooExactError):
    """The inequalities leave a line in the cone."""


@dataclass(frozen=True)
class Face:
    """A face of a cone: one wall that cuts it out of its parent, and its rays as a bit mask."""

    wall: int
    rays: int


@dataclass(frozen=True)
class Cone:
    """A full-dimensional pointed cone ``{x : a.x >= 0}`` in R^n.

    ``inequalities[i]`` carries the name ``walls[i]`` (a small nonnegative integer). ``rays`` are
    the extreme rays as primitive integer vectors; bit w of ``tight[r]`` says that ray r lies on
    wall w. Inequalities may be redundant; ``facets`` tells which are not.
    """

    walls: tuple[int, ...]
    inequalities: tuple[IntVector, ...]
    rays: tuple[IntVector, ...]
    tight: tuple[int, ...]

    @staticmethod
    def from_inequalities(rows: Sequence[IntVector], walls: Sequence[int] = ()) -> Cone | None:
        """The cone of all ``rows``, or None if it has no interior.

        NotPointedError if fewer than n rows are independent.
        """
        names = tuple(walls) or tuple(range(len(rows)))
        chosen = independent(rows)
        rays = _dual_basis([rows[i] for i in chosen])
        everything = sum(1 << names[i] for i in chosen)
        cone: Cone | None = Cone(
            tuple(names[i] for i in chosen),
            tuple(rows[i] for i in chosen),
            tuple(rays),
            tuple(everything & ~(1 << names[i]) for i in chosen),
        )
        for i, row in enumerate(rows):
            if i not in chosen and cone is not None:
                cone = cone.split(row, names[i])[1]
        return cone

    @property
    def dimension(self) -> int:
        return len(self.rays[0])

    def split(self, normal: IntVector, wall: int) -> tuple[Cone | None, Cone | None]:
        """The parts where ``normal . x`` is <= 0 and >= 0; None for a part without interior.

        A hyperplane that does not cut leaves the cone whole (touching rays are still marked).
        A zero normal cuts nothing: the cone counts as the part below.
        """
        values = [dot(normal, ray) for ray in self.rays]
        bit = 1 << wall
        touched = tuple(
            mask | bit if value == 0 else mask
            for mask, value in zip(self.tight, values, strict=True)
        )
        above, below = max(values) > 0, min(values) < 0
        if not above and not below:
            return self, None
        flipped = tuple(-a for a in normal)
        if not (above and below):
            whole = Cone(
                (*self.walls, wall),
                (*self.inequalities, normal if above else flipped),
                self.rays,
                touched,
            )
            return (None, whole) if above else (whole, None)
        fresh: list[tuple[IntVector, int]] = []
        for p, m in self._crossing_edges(values):
            pair = zip(self.rays[p], self.rays[m], strict=True)
            ray = tuple(values[p] * b - values[m] * a for a, b in pair)
            fresh.append((primitive(ray), self.tight[p] & self.tight[m] | bit))
        parts = []
        for sign, inequality in ((-1, flipped), (1, normal)):
            kept = [r for r, value in enumerate(values) if value * sign >= 0]
            parts.append(
                Cone(
                    (*self.walls, wall),
                    (*self.inequalities, inequality),
                    (*(self.rays[r] for r in kept), *(ray for ray, _ in fresh)),
                    (*(touched[r] for r in kept), *(mask for _, mask in fresh)),
                )
            )
        return parts[0], parts[1]

    def _crossing_edges(self, values: Sequence[int]) -> Iterator[tuple[int, int]]:
        """The pairs of adjacent rays with a value > 0 and one < 0: no third ray is tight wherever
        both are."""
        tight, least = self.tight, self.dimension - 2
        below = [m for m, value in enumerate(values) if value < 0]
        for p, value in enumerate(values):
            for m in below if value > 0 else ():
                common = tight[p] & tight[m]
                if common.bit_count() >= least:
                    through = [mask for mask in tight if mask & common == common]
                    if len(through) == 2:
                        yield p, m

    def mirrored(self, k: int) -> Cone:
        """A simplicial cone on the other side of its wall k: one ray is turned around."""

        def turned(rows: tuple[IntVector, ...]) -> tuple[IntVector, ...]:
            return tuple(tuple(-c for c in row) if i == k else row for i, row in enumerate(rows))

        return Cone(self.walls, turned(self.inequalities), turned(self.rays), self.tight)

    def facets(self) -> list[int]:
        """Positions in ``inequalities`` of one inequality for each facet (the first of equals)."""
        walls = [Face(i, self.on(wall)) for i, wall in enumerate(self.walls)]
        everything = (1 << len(self.rays)) - 1
        return [face.wall for face in subfaces(everything, walls, self.dimension - 1)]

    def on(self, wall: int) -> int:
        """The rays on a wall, as a bit mask."""
        return sum(1 << r for r, mask in enumerate(self.tight) if mask >> wall & 1)

    def irredundant(self) -> Cone:
        """The same cone with one inequality for each facet, in the same order."""
        keep = self.facets()
        names = sum(1 << self.walls[i] for i in keep)
        return Cone(
            tuple(self.walls[i] for i in keep),
            tuple(primitive(self.inequalities[i]) for i in keep),
            self.rays,
            tuple(mask & names for mask in self.tight),
        )

    def interior_point(self) -> IntVector:
        """An integer point in the interior: rays rescaled to similar length, then summed."""
        size = max(max(map(abs, ray)) for ray in self.rays)
        point = [0] * self.dimension
        for ray in self.rays:
            factor = max(1, size // max(map(abs, ray)))
            point = [p + factor * c for p, c in zip(point, ray, strict=True)]
        return primitive(tuple(point))

    def short_point(self) -> tuple[Decimal, ...]:
        """A point of the interior with as few decimals as lie inside, the largest entry near 1.

        InputError if it takes more than 400.
        """
        sizes = [max(map(abs, ray)) for ray in self.rays]
        unit, middle = prod(sizes), [0] * self.dimension
        for ray, size in zip(self.rays, sizes, strict=True):
            factor = unit // size
            middle = [m + factor * c for m, c in zip(middle, ray, strict=True)]
        largest = max(map(abs, middle))
        for places in range(1, _MOST_DECIMALS + 1):
            point = tuple((2 * m * 10**places + largest) // (2 * largest) for m in middle)
            if all(dot(row, point) > 0 for row in self.inequalities):
                with localcontext(Context(prec=2 * _MOST_DECIMALS)):
                    return tuple(Decimal(c).scaleb(-places).normalize() for c in point)
        raise InputError(f"A cell is too thin for a point of {_MOST_DECIMALS} decimals.")

    def contains(self, x: IntVector) -> bool:
        return all(dot(a, x) >= 0 for a in self.inequalities)


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


def dot(a: Sequence[int], b: Sequence[int]) -> int:
    """a.b, of vectors of one length."""
    return sum(map(mul, a, b))


def primitive(vector: IntVector) -> IntVector:
    """The shortest integer vector in the same direction."""
    divisor = gcd(*vector)
    return tuple(c // divisor for c in vector) if divisor > 1 else vector


def independent(rows: Sequence[IntVector]) -> list[int]:
    """Indices of the first n independent rows: the pivots of their columns' echelon form."""
    echelon, _, rank = fmpz_mat([list(column) for column in zip(*rows, strict=True)]).rref()
    if rank < len(rows[0]):
        raise NotPointedError(f"only {rank} of {len(rows[0])} independent inequalities")
    return [next(i for i, entry in enumerate(row) if entry) for row in echelon.tolist()]


def _dual_basis(rows: Sequence[IntVector]) -> list[IntVector]:
    """Primitive rays r_i with rows[k].r_i = 0 for k != i and > 0 for k = i: the columns of the
    inverse."""
    inverse = cast(fmpq_mat, fmpz_mat([list(row) for row in zip(*rows, strict=True)]).inv())
    columns, _ = inverse.numer_denom()
    return [primitive(tuple(int(c) for c in column)) for column in columns.tolist()]


def orthogonal_lines(rows: Sequence[IntVector], n: int) -> tuple[IntVector, ...]:
    """An orthogonal basis of the vectors of R^n that are orthogonal to all ``rows``: the same for
    all rows that span the same space."""
    known = [list(row) for row in rows]
    found: list[IntVector] = []
    while True:
        space, size = fmpz_mat([[0] * n, *known]).nullspace()
        if not size:
            return tuple(found)
        line = primitive(tuple(int(space[c, 0]) for c in range(n)))
        if next(c for c in line if c) < 0:
            line = tuple(-c for c in line)
        found.append(line)
        known.append(list(line))
