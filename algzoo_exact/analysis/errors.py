"""Where a model is wrong: the cells of its errors, heaviest first, with inputs to try."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from algzoo_exact.analysis.cells import CellTable, measured_cells, write_cells
from algzoo_exact.analysis.effort import Effort
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.regions.enumerate import Cell
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.regions.starts import covering_cones, starting_cones
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.compute import answer, decided
from algzoo_exact.score.question import Question
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened

if TYPE_CHECKING:
    import pyarrow

_K = TypeVar("_K", bound=Hashable)

_DIGITS = 20  # of a listed cell's probability, up to 5 inputs; beyond, float64's
_CHEAP_UP_TO = 5
# For four inputs, thirty digits of the accuracy would take seconds in balls, where all else takes
# one: float64 comes first for as many as are shown.
_SHORTENED_AT, _TOTAL_DIGITS = 4, 12
_WHOLE_UP_TO = 99  # integers in an inequality that are shown as they are
_SHOWN = 4  # digits of others


@dataclass(frozen=True)
class WrongCell(Shown):
    """A cone of inputs on which a model is wrong, or earns part of the credit.

    ``probability`` is its Gaussian measure, ``form`` the same in closed form for n = 2.
    ``answers`` are the largest logits. ``conditions`` are its walls, one for each facet, rounded
    where their coefficients are long. ``input`` lies inside, exactly, with few decimals.
    """

    probability: Enclosure
    form: str | None
    label: int
    answers: tuple[int, ...]
    credit: Fraction
    pattern: ActivationPattern
    conditions: tuple[str, ...]
    input: tuple[Decimal, ...]


@dataclass(frozen=True, eq=False)
class Errors(Shown):
    """The wrong cells of a program on a task, heaviest first.

    ``total`` is the probability of an error, that is 1 - accuracy: what the cells sum to, and what
    ``accuracy`` proves by other means, both at once. ``table`` are the cells; where time ran out,
    ``open`` bounds the mass of inputs not looked at.
    """

    total: Enclosure
    table: CellTable

    @property
    def task(self) -> Task:
        return self.table.task

    @property
    def open(self) -> Fraction:
        return self.table.open

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"<errors of probability {self.total}, in {len(self):,} cells>"

    def cells(self, top: int = 10, deadline: Deadline = NEVER) -> list[WrongCell]:
        """The heaviest cells, in exact integers; those that there is time for."""
        chosen = takewhile(lambda i: not deadline.passed, range(min(top, len(self.table))))
        return [self._cell(i) for i in chosen]

    @cached_property
    def by_answer(self) -> dict[tuple[int, int], Enclosure]:
        """What is lost by true label and answer (the lowest of the largest logits), the most
        first."""
        table = self.table
        return self._sums(zip(table.label.tolist(), table.answer.tolist(), strict=True))

    @cached_property
    def by_region(self) -> dict[ActivationPattern, Enclosure]:
        """What is lost by activation pattern, the most first."""
        return self._sums(self.table.pattern(i) for i in range(len(self.table)))

    @cached_property
    def by_order(self) -> dict[tuple[str, ...], Enclosure]:
        """What is lost by the cell of the task, as inequalities between inputs, the most first."""
        names = [_order(start.rows) for start in starting_cones(self.task)]
        return self._sums(names[s] for s in self.table.start.tolist())

    def arrow(self) -> pyarrow.Table:
        """One row for each cell, for pandas, polars, DuckDB and the like: ``probability`` and its
        ``radius``, ``label``, ``answer``, ``credit``, ``pattern``, and ``inside``, a point of the
        interior, rounded."""
        import pyarrow

        table = self.table
        return pyarrow.table(
            {
                "probability": table.measure,
                "radius": table.radius,
                "label": table.label,
                "answer": table.answer,
                "credit": table.credit,
                "pattern": [str(table.pattern(i)) for i in range(len(table))],
                "inside": list(table.inside),
            }
        )

    def write(self, path: str | Path) -> int:
        """Write the columns of ``arrow`` as .parquet, .csv or .json; returns the number of rows.

        The file appears whole or not at all. InputError for another suffix, or a folder that cannot
        be written to.
        """
        return write_cells(self.arrow(), path)

    def _sums(self, keys: Iterable[_K]) -> dict[_K, Enclosure]:
        groups: dict[_K, list[int]] = {}
        for i, key in enumerate(keys):
            groups.setdefault(key, []).append(i)
        sums = {key: self._lost(np.array(some)) for key, some in groups.items()}
        return dict(sorted(sums.items(), key=lambda item: -item[1].midpoint))

    def _lost(self, which: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Enclosure:
        some = self.table.select(which)
        return some.total(1 - some.credit)

    def _cell(self, i: int) -> WrongCell:
        cell, table = self.table.cell(i), self.table
        probability = table.probability(i)
        if cell.cone.dimension <= _CHEAP_UP_TO:
            probability = probability.intersect(cell.measure(_DIGITS))
        return WrongCell(
            probability,
            plane_angle(cell.cone) if cell.cone.dimension == 2 else None,
            cell.label,
            tuple(sorted(cell.winners)),
            cell.credit,
            cell.pattern,
            conditions(cell),
            cell.cone.short_point(),
        )


@shows_progress("errors")
def find_errors(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    workers: Workers = 1,
    state: Place = None,
    progress: Progress | None = None,
) -> Errors:
    """The cells where ``model`` does not give the label of ``task``, n <= 9; a loaded model knows
    its task.

    After ``time_limit`` seconds, those found by then; with a ``state``, the same call goes on.

    InputError for sizes that do not fit, and for tasks that ask for a number.
    """
    program, deadline = lift(model), Deadline.after(time_limit)
    chosen = task_of(model, task)
    with opened(state, partial(identity, "errors", (program,), chosen, ties)) as kept:
        effort = Effort(deadline, workers, kept, progress)
        table = measured_cells(program, chosen, ties=ties, wrong_only=True, effort=effort)
        table = table.heaviest_first()
        lost = table.total(1 - table.credit)
        total = Enclosure(lost.lower, lost.upper + table.open)
        labelled = len(starting_cones(chosen)) == len(covering_cones(chosen))  # all inputs
        if labelled and not deadline.passed:
            question = Question(
                ACCURACY, program, chosen, ties, deadline=deadline, workers=workers, state=kept
            )
            if chosen.seq_len == _SHORTENED_AT:
                right = decided(replace(question, digits=_TOTAL_DIGITS))
            else:
                right = answer(question, kept)
            total = total.intersect(right.enclosure.complement)
    return Errors(total, table)


def plane_angle(cone: Cone) -> str:
    """The measure of a cone in the plane in closed form, from its two rays."""
    (a, b), (c, d) = cone.rays
    across, along = abs(a * d - b * c), a * c + b * d
    if along == 0:
        return "1/4"
    angle = f"atan({Fraction(across, abs(along))}) / (2 pi)"
    return angle if along > 0 else f"1/2 - {angle}"


def conditions(cell: Cell) -> tuple[str, ...]:
    """The walls of a cell, each as an inequality."""
    rows = zip(cell.cone.inequalities, cell.walls, strict=True)
    return tuple(inequality(row) for row, names in rows if names)


def inequality(row: IntVector) -> str:
    """``2 x[0] > x[1]``; with long coefficients as ``x[0] > 0.3127 x[1]``, rounded."""
    largest = max(map(abs, row))
    if largest <= _WHOLE_UP_TO:
        sizes = {i: str(abs(c)) for i, c in enumerate(row) if c}
    else:
        sizes = {
            i: f"{float(Fraction(abs(c), largest)):.{_SHOWN}g}" for i, c in enumerate(row) if c
        }
    parts = {i: f"x[{i}]" if size == "1" else f"{size} x[{i}]" for i, size in sizes.items()}
    left = " + ".join(text for i, text in parts.items() if row[i] > 0)
    right = " + ".join(text for i, text in parts.items() if row[i] < 0)
    return f"{left} > {right or 0}" if left else f"{right} < 0"


def _order(rows: Iterable[IntVector]) -> tuple[str, ...]:
    return tuple(inequality(row) for row in rows if sum(map(bool, row)) > 1)
