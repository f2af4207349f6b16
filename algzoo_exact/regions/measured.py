"""The cells of a program on a task, cut and measured once: what graphs and tables read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.enumerate import Cell, Progress, cells
from algzoo_exact.regions.pattern import ActivationPattern


@dataclass(frozen=True, eq=False)
class MeasuredCells:
    """All of them, in the order of the enumeration; they cover R^n with disjoint interiors.

    Measures are Gaussian, and computed when they are first asked for; up to 6 inputs.
    """

    cells: tuple[Cell, ...]

    @staticmethod
    def of(
        program: Program, task: Task, *, ties: TieRule = "lowest", progress: Progress | None = None
    ) -> MeasuredCells:
        """Enumerated in exact integers. InputError if program and task do not fit."""
        return MeasuredCells(tuple(cells(program, task, ties=ties, progress=progress)))

    @cached_property
    def by_pattern(self) -> Mapping[ActivationPattern, tuple[Cell, ...]]:
        """The cells of each region."""
        found: dict[ActivationPattern, list[Cell]] = {}
        for cell in self.cells:
            found.setdefault(cell.pattern, []).append(cell)
        return {pattern: tuple(some) for pattern, some in found.items()}


def earned(some: Iterable[Cell], digits: int) -> Enclosure:
    """Credit times measure, summed over cells; each measure to 10**-digits."""
    return total(cell.measure(digits).times(cell.credit) for cell in some if cell.credit)
