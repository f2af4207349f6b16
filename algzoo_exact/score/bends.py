"""Where the error f - median of a program bends: facets, and the functionals on both sides.

On each cell the error is linear. Its mean square is a sum over facets (docs/notes/squared-error.md)
in which a facet between two cells with the same functional drops out. So each facet inside a
starting cone is counted once, with the difference of both sides: from the side on which the last
nonzero entry of its inward normal is positive (for z[t][j] that is its input weight, whose sign no
rounding hides). Facets on the boundary of what is summed are counted with their own side alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from algzoo_exact.geometry.cone import Face, IntVector, dot, primitive
from algzoo_exact.measure.flow import CellFlow
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.program.task import Task
from algzoo_exact.score.rigorous import Cell


@dataclass(frozen=True)
class Bend:
    """A facet with primitive inward normal N.

    With a, a' the error's functionals times ``unit`` on its two sides (a' = 0 on the boundary of
    what is summed): ``weight`` = |a|^2 - |a'|^2 and ``jump`` = (a - a').N.
    """

    face: Face
    normal: IntVector
    weight: int
    jump: int


class Errors:
    """The error f - median as integer functionals: ``unit`` times the error, cell by cell."""

    def __init__(self, program: Program, task: Task) -> None:
        self.unit = 2 * program.units[-1]  # 2, for the mean of two middle values
        self._medians = [
            tuple(int(c * self.unit) for c in piece.value) for piece in task.value_cells()
        ]
        self._specializer = Specializer(program)
        # Only these neurons can vanish identically in a region and come to life next to it: those
        # that read no input that is new in their layer.
        self._blind: list[int] = []
        reach = program.layers[0].reads.stop
        for t, layer in enumerate(program.layers[1:], 1):
            for j, weights in enumerate(layer.input):
                if not any(weights[reach:]):
                    self._blind.append(program.first[t] + j)
            reach = max(reach, layer.reads.stop)

    def error(self, bits: int, label: int) -> IntVector:
        """On one pattern and one value cell of the median."""
        (output,) = rows(self._specializer.logits(bits))
        return tuple(2 * p - q for p, q in zip(output, self._medians[label], strict=True))

    def across(self, bits: int, normal: IntVector, tight: list[int]) -> int:
        """The pattern behind a facet, from the levels of the neurons that vanish on it.

        The first of them flips. After that, z[t][j] may have another functional there; if it is a
        multiple of the normal, it vanishes on the facet and its sign decides, else it has the sign
        that it has on this side.
        """
        if not tight:
            return bits
        bits ^= 1 << tight[0]
        square = dot(normal, normal)
        for level in sorted({*tight[1:], *(q for q in self._blind if q > tight[0])}):
            row = self._specializer.row(level, bits)
            along = dot(row, normal)
            if along * along == square * dot(row, row):
                bits = bits | 1 << level if along < 0 else bits & ~(1 << level)
        return bits

    def bends(self, cell: Cell, flow: CellFlow) -> Iterator[Bend]:
        """The facets of a cell that count."""
        first = len(cell.start.cone.walls)
        mine = self.error(cell.bits, cell.start.label)
        for face in flow.facets:
            normal = primitive(flow.normal(face.wall))
            if face.wall < cell.start.outer:
                other = (0,) * len(mine)
            elif next(c for c in reversed(normal) if c) < 0:
                continue  # counted from the other side
            else:
                tight = [
                    wall - first
                    for wall, rays in flow.sets.items()
                    if wall >= first and face.rays & rays == face.rays
                ]
                other = self.error(self.across(cell.bits, normal, sorted(tight)), cell.start.label)
            jump = tuple(p - q for p, q in zip(mine, other, strict=True))
            if any(jump):
                weight = dot(mine, mine) - dot(other, other)
                yield Bend(face, normal, weight, dot(jump, normal))
