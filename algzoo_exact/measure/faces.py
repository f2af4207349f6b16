"""The faces of a cone in ball arithmetic: incidences, frames, and measures of small ones.

A face is the set of its extreme rays, as a bit mask.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from flint import arb, arb_mat

from algzoo_exact.exact.enclosure import PrecisionError
from algzoo_exact.geometry.cone import Face, subfaces


@dataclass(frozen=True, eq=False)
class Side:
    """A facet of a face: its rays, and its inward unit normal within the face, (1, n)."""

    rays: int
    normal: arb_mat


class Faces:
    """The faces of a pointed cone in R^n, found when they are asked for.

    ``tight[r]`` is the mask of walls through ray r; ``normal(wall)`` gives a wall's inward normal
    in integers (any positive multiple) or in balls; ``directions[r]`` approximates ray r to a few
    digits, which only serves to find points inside faces. Ball precision is flint's, at the time of
    each call. PrecisionError where walls are not told apart.
    """

    def __init__(
        self,
        tight: Sequence[int],
        normal: Callable[[int], Any],
        directions: Sequence[Sequence[Any]],
        n: int,
    ) -> None:
        self.n, self.normal, self.directions = n, normal, directions
        self.sets: dict[int, int] = {}
        for r, mask in enumerate(tight):
            while mask:
                low = mask & -mask
                self.sets[low.bit_length() - 1] = self.sets.get(low.bit_length() - 1, 0) | 1 << r
                mask ^= low
        self.cone = (1 << len(tight)) - 1
        walls = [Face(wall, self.sets[wall]) for wall in sorted(self.sets)]
        self.facets = subfaces(self.cone, walls, n - 1)
        self._frames: dict[int, list[list[arb]]] = {self.cone: []}
        self._sides: dict[int, list[Side]] = {}

    def dimension(self, face: int) -> int:
        """Of a face that ``sides`` has led to."""
        return self.n - len(self._frames[face])

    def sides(self, face: int) -> list[Side]:
        """The facets of a face."""
        if face not in self._sides:
            dimension = self.dimension(face)
            if dimension == 1:  # the apex, seen from a ray
                below = [(0, self.directions[face.bit_length() - 1])]
            else:
                parts = subfaces(face, self.facets, dimension - 1)
                below = [(part.rays, self.normal(part.wall)) for part in parts]
            found = [Side(rays, self.within(face, normal)) for rays, normal in below]
            for side in found:
                frame = [*self._frames[face], side.normal.entries()]
                self._frames.setdefault(side.rays, frame)
            self._sides[face] = found
        return self._sides[face]

    def within(self, face: int, vector: Sequence[Any]) -> arb_mat:
        """The unit vector along the part of a vector within the span of a face, (1, n)."""
        row = arb_mat([list(vector)])
        if self._frames[face]:
            frame = arb_mat(self._frames[face])
            row -= (row * frame.transpose()) * frame
        square = inner(row, row)
        if not square > 0:
            raise PrecisionError("two walls of a flag are not told apart")
        return row * (1 / square.sqrt())

    def middle(self, face: int) -> arb_mat:
        """A unit vector about the middle of a face, (1, n)."""
        rays = [d for r, d in enumerate(self.directions) if face >> r & 1]
        return self.within(face, [sum(column) for column in zip(*rays, strict=True)])

    def angles(self, face: int, along: Sequence[arb], stretch: Sequence[arb]) -> list[arb]:
        """Measures of a face of dimension 2 or 3, squashed along a unit vector d: one for each
        s = (1 - l^2) / k^2 in ``stretch``; ``along`` are the components of d along the normals of
        its sides.

        In the metric I + s d d^T of normals, sides with unit normals b1 and b2 meet at the angle
        pi - angle(b1, b2). With c = b1.b2, w1 = b1.d, w2 = b2.d it is the argument of
        - (c + s w1 w2) + i sqrt(1 - c^2 + s ((1 - c^2) w1^2 + (w2 - c w1)^2)). Then Girard.
        """
        sides = self.sides(face)
        total = [arb(0)] * len(stretch)
        for i, k in combinations(range(len(sides)), 2):
            if len(sides) > 2 and not sides[i].rays & sides[k].rays:
                continue  # they do not meet
            c = inner(sides[i].normal, sides[k].normal)
            square, product = 1 - c * c, along[i] * along[k]
            if not square > 0:
                raise PrecisionError("two sides of a face are not told apart")
            rest = square * along[i] * along[i] + (along[k] - c * along[i]) ** 2
            for place, s in enumerate(stretch):
                height = (square + s * rest).sqrt()
                total[place] += arb.atan2(height, -(c + s * product))
        pi = arb.pi()
        if len(sides) == 2:
            return [angle / (2 * pi) for angle in total]
        return [(angle - (len(sides) - 2) * pi) / (4 * pi) for angle in total]


def inner(a: arb_mat, b: arb_mat) -> arb:
    """The inner product of two vectors, (1, n) each."""
    product: arb = (a * b.transpose())[0, 0]
    return product
