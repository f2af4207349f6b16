"""Where enumeration starts: the label cells of a task, cut at x[0] = 0 into pointed cones.

For the median, cells on which the answer is one linear functional take the place of label cells,
and for a teacher, the cones on which it is linear with one answer.
Label cells contain the line through (1, .., 1), and double description needs pointed cones.
Of the hyperplanes that cut this line, x[0] = 0 is the one that costs least: it is a wall of an RNN
anyway, because z[0] = W_hi x[0]. On a subspace a cell may hold more lines, or none.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product

from flint import fmpz_mat

from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.program.problem import Normal
from algzoo_exact.program.task import Task, TaskOnSubspace, Teacher

EACH = -1
"""As the label of a start: cells of each label are looked for."""


@dataclass(frozen=True)
class Start:
    """A pointed cone of one label. Its walls are 0 .. walls - 1. For a symmetric task the last is
    x[0] = 0, and all others separate two labels. For the median, the label is the position of the
    value cell.

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
    """Cones that cover R^n with disjoint interiors; those of a symmetric task come in pairs, the
    two halves of a label cell, and have the same number of walls."""
    starts: list[Start] = []
    known: set[frozenset[IntVector]] = set()
    for label, inequalities in _pieces(task):
        for cuts in _cuts(inequalities, task.seq_len):
            cone = Cone.from_inequalities((*inequalities, *cuts))
            if cone is None:
                continue
            if isinstance(task, TaskOnSubspace):
                # Two cells of a fan that overlap on a subspace are equal there.
                rays = frozenset(cone.rays)
                if rays in known:
                    continue
                known.add(rays)
                label = task.label(cone.interior_point())
            starts.append(Start(label, cone))
    return tuple(starts)


def open_mass(task: Task, done: Container[int]) -> Fraction:
    """A bound for the mass of the starting cones that are not among those ``done``, by position.

    Those of a symmetric task come in pairs of one mass.
    """
    count = len(starting_cones(task))
    left = {s // 2 for s in range(count) if s not in done}
    if left and not task.symmetric:
        return Fraction(1)
    return Fraction(2 * len(left), count)


def _cuts(rows: Sequence[IntVector], n: int) -> Iterator[tuple[IntVector, ...]]:
    """Both sides of each hyperplane x[i] = 0 that it takes to make a cone of ``rows`` pointed."""
    rank = _rank((*rows, (0,) * n))
    chosen: list[IntVector] = []
    for i in range(n):
        unit = tuple(int(c == i) for c in range(n))
        if rank + len(chosen) < n and _rank((*rows, *chosen, unit)) > rank + len(chosen):
            chosen.append(unit)
    for signs in product((1, -1), repeat=len(chosen)):
        yield tuple(tuple(sign * c for c in row) for sign, row in zip(signs, chosen, strict=True))


def _rank(rows: Sequence[IntVector]) -> int:
    return fmpz_mat([list(row) for row in rows]).rank()


def _pieces(task: Task) -> Iterator[tuple[int, tuple[Normal, ...]]]:
    if isinstance(task, Teacher):
        from algzoo_exact.regions.enumerate import answers  # which starts from here itself

        for label, cone in answers(task.program):
            yield label, cone.irredundant().inequalities
    elif task.is_numeric:
        for position, piece in enumerate(task.value_cells()):
            yield position, piece.inequalities
    else:
        for cell in task.cells():
            yield cell.label, cell.inequalities
