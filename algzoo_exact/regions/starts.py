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

from algzoo_exact.errors import InputError
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.program.problem import Normal
from algzoo_exact.program.task import Task, Teacher

EACH = -1
"""As the label of a start: cells of each label are looked for."""

NO_LABEL = -2
"""Of a cone of inputs to which a task gives no label: it is no answer of any program."""


@dataclass(frozen=True)
class Start:
    """A pointed cone of one label. Its walls are 0 .. walls - 1, of which the last ``inner`` lie
    inside what is summed: for a symmetric task x[0] = 0, between the halves of a label cell. For
    the median, the label is the position of the value cell. In a part of a starting cone the first
    ``level`` neurons have the signs in ``bits``.
    """

    label: int
    cone: Cone
    inner: int = 0
    bits: int = 0
    level: int = 0

    @property
    def outer(self) -> int:
        """How many walls, the first ones, bound what is summed."""
        return len(self.cone.walls) - self.inner

    @property
    def rows(self) -> tuple[IntVector, ...]:
        """Inequalities by wall number."""
        by_wall = dict(zip(self.cone.walls, self.cone.inequalities, strict=True))
        return tuple(by_wall[wall] for wall in range(len(by_wall)))


@cache
def starting_cones(task: Task) -> tuple[Start, ...]:
    """Cones that cover all inputs with a label, with disjoint interiors; those of a symmetric task
    come in pairs, the two halves of a label cell, and have the same number of walls.

    InputError where there are none.
    """
    starts = tuple(start for start in covering_cones(task) if start.label != NO_LABEL)
    if not starts:
        raise InputError(
            f"Several labels qualify for all inputs of {task.name}; nothing is right or wrong "
            'there, unless the rule is that the lowest is the label (shared="lowest").'
        )
    return starts


@cache
def covering_cones(task: Task) -> tuple[Start, ...]:
    """Those, and cones of ``NO_LABEL``: together they cover R^n with disjoint interiors."""
    found: dict[frozenset[IntVector], tuple[Cone, set[int]]] = {}
    for label, inequalities in _pieces(task):
        for cuts in _cuts(inequalities, task.seq_len):
            cone = Cone.from_inequalities((*inequalities, *cuts))
            if cone is not None:
                # Two cells of a fan that overlap on a subspace are equal there.
                found.setdefault(frozenset(cone.rays), (cone, set()))[1].add(label)
    inner = int(task.symmetric)
    return tuple(Start(_label(task, labels), cone, inner) for cone, labels in found.values())


def _label(task: Task, labels: set[int]) -> int:
    """The label where all these qualify."""
    unique = len(labels) == 1 or getattr(task, "shared", None) == "lowest"
    return min(labels) if unique else NO_LABEL


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
    lines = n - rank((*rows, (0,) * n))
    chosen: list[IntVector] = []
    for i in range(n):
        unit = tuple(int(c == i) for c in range(n))
        if len(chosen) < lines and rank((*rows, *chosen, unit)) > n - lines + len(chosen):
            chosen.append(unit)
    for signs in product((1, -1), repeat=len(chosen)):
        yield tuple(tuple(sign * c for c in row) for sign, row in zip(signs, chosen, strict=True))


def rank(rows: Sequence[IntVector]) -> int:
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
