"""Cones. A face is the set of its rays, as a bit mask."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import mul

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.errors import require

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
