"""Where enumeration starts: the label cells of a task, cut at x[0] = 0 into pointed cones.

For the median, cells on which the answer is one linear functional take the place of label cells.
Label cells contain the line through (1, .., 1), and double description needs pointed cones.
Of the hyperplanes that cut this line, x[0] = 0 is the one that costs least: it is a wall of the
program anyway, because z[0] = W_hi x[0].
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.program.task import Normal, Task


@dataclass(frozen=True)
class Start:
    """A pointed cone of one label. Its walls are 0 .. walls - 1; the last is x[0] = 0, all
    others separate two labels. For the median, the label is the position of the value cell.

    If there is a ``part``, cells are looked for in this part alone: there the first ``level``
    neurons have the signs in ``bits``, and their walls are numbered as in ``ExactSearch``.
    """

    label: int
    cone: Cone
    part: Cone | None = None
    bits: int = 0
    level: int = 0

    @property
    def rows(self) -> tuple[IntVector, ...]:
        """Inequalities by wall number."""
        by_wall = dict(zip(self.cone.walls, self.cone.inequalities, strict=True))
        return tuple(by_wall[wall] for wall in range(len(by_wall)))


@cache
def starting_cones(task: Task) -> tuple[Start, ...]:
    """Cones that cover R^n with disjoint interiors, all with the same number of walls."""
    starts = []
    for label, inequalities in _pieces(task):
        for sign in (1, -1):
            half = (sign, *(0,) * (task.seq_len - 1))
            cone = Cone.from_inequalities((*inequalities, half))
            if cone is not None:
                starts.append(Start(label, cone))
    return tuple(starts)


def _pieces(task: Task) -> Iterator[tuple[int, tuple[Normal, ...]]]:
    if task.name == "median":
        for position, piece in enumerate(task.value_cells()):
            yield position, piece.inequalities
    else:
        for cell in task.cells():
            yield cell.label, cell.inequalities
