"""Every cell with its answer and its measure, at the speed of float64: what tables of errors,
confusions and neurons are summed from.

Below each starting cone the compiled search looks for the cells of each answer. Each is measured by
its squash flow along a direction of its own, so that small cells are known to as many digits as
large ones. What float64 does not decide is measured in ball arithmetic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, make_dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.analysis.effort import UNLIMITED, Effort
from algzoo_exact.analysis.table import vector
from algzoo_exact.arrays import F64, I64, U64, Flags
from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, ball_sum, float_ball
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.program.task import Task, TieRule, check_fit, credit_for
from algzoo_exact.regions.enumerate import Cell, cells, cells_of_leaf
from algzoo_exact.regions.pattern import ActivationPattern, from_words, to_words
from algzoo_exact.regions.starts import EACH, Start, covering_cones, open_mass, starting_cones
from algzoo_exact.score.compute import metric_for
from algzoo_exact.shown import Shown
from algzoo_exact.tables import write_rows

if TYPE_CHECKING:
    import pyarrow


IN_INTEGERS_UP_TO = 3
"""Inputs; their cells are few, and measured in ball arithmetic before compiled code is loaded."""
_DIGITS = 20  # of such measures
_ULP = 2.0**-52

_COLUMNS = {
    "start": I64, "bits": U64, "winners": Flags, "credit": F64, "measure": F64, "radius": F64,
    "inside": F64,
}  # fmt: skip
_Columns = make_dataclass("_Columns", _COLUMNS.items())


@dataclass(frozen=True, eq=False)
class CellTable(Shown):
    """Cells of a program on a task, as arrays of one length.

    ``start``: the position of the starting cone, whose ``label`` is the true one. ``bits``
    (cells, words): the activation pattern. ``winners`` (cells, outputs): the largest logits, the
    lowest of which is the ``answer``. ``credit``: what the tie rule gives. ``measure`` +-
    ``radius``: the Gaussian measure, proved. ``inside`` (cells, n): a point of the interior,
    rounded. ``exact``: the cell itself, which remembers its measures, or None where it was found
    in floats.

    ``unlabelled``: the starting cones without a label are among those that were looked at.
    ``open``: the mass of those that there was no time for.
    """

    program: Program
    task: Task
    ties: TieRule
    start: I64
    bits: U64
    winners: Flags
    credit: F64
    measure: F64
    radius: F64
    inside: F64
    exact: NDArray[np.object_]
    unlabelled: bool
    open: Fraction

    def __len__(self) -> int:
        return len(self.start)

    def __repr__(self) -> str:
        return f"<{len(self):,} cells of {self.task}>"

    @cached_property
    def label(self) -> I64:
        """The true label of each cell."""
        return np.array([s.label for s in self.starts], np.int64)[self.start]

    @cached_property
    def answer(self) -> I64:
        """The lowest of the largest logits of each cell."""
        lowest: I64 = np.argmax(self.winners, axis=1)
        return lowest

    @property
    def starts(self) -> tuple[Start, ...]:
        return _starts(self.task, self.unlabelled)

    def pattern(self, i: int) -> ActivationPattern:
        return ActivationPattern(self.program.widths, from_words(self.bits[i].tolist()))

    def select(self, which: NDArray[np.bool_] | I64) -> CellTable:
        """Some of the cells, by a mask or in the order of the positions given."""
        columns = {name: getattr(self, name)[which] for name in (*_COLUMNS, "exact")}
        return replace(self, **columns)

    def heaviest_first(self) -> CellTable:
        return self.select(np.lexsort((np.arange(len(self)), -self.measure)))

    def total(self, weight: F64 | None = None) -> Enclosure:
        """The mass of all cells, each times its ``weight`` from 0 to 1, which may be rounded."""
        mids, rads = self.measure, self.radius
        if weight is not None:
            mids, rads = mids * weight, (rads + np.abs(mids) * _ULP) * weight * (1 + 2 * _ULP)
        found = ball_sum(mids, rads)
        return Enclosure(max(Fraction(0), found.lower), found.upper)

    def probability(self, i: int) -> Enclosure:
        """The mass of one cell."""
        return self.select(np.array([i])).total()

    def cell(self, i: int) -> Cell:
        """One cell in exact integers, with its walls."""
        if (known := self.exact[i]) is not None:
            return cast(Cell, known)
        start = self.starts[self.start[i]]
        leaf = cells_of_leaf(self.program, start, from_words(self.bits[i].tolist()), self.ties)
        return next(cell for cell in leaf if min(cell.winners) == self.answer[i])


def measured_cells(
    program: Program,
    task: Task,
    *,
    ties: TieRule = "lowest",
    wrong_only: bool = False,
    unlabelled: bool = False,
    digits: int | None = None,
    effort: Effort = UNLIMITED,
) -> CellTable:
    """All cells with their answers and measures, n <= 9; ``wrong_only``: those that do not earn
    full credit; ``unlabelled``: those too where a section has no label. For a task that asks for a
    number, cells have no answer (0), and the label is the position of the value cell.

    With ``digits``, cells are found in integers and measured to as many, in ball arithmetic, as
    they are for few inputs in any case.

    InputError for sizes that do not fit.
    """
    check = check_fit if wrong_only else metric_for(task).check
    check(program, task, ties)
    n = task.seq_len
    if n > MOST_INPUTS:
        raise InputError(
            f"Cells are measured for up to {MOST_INPUTS} inputs, and {task.name} has {n} here."
        )
    if n <= IN_INTEGERS_UP_TO:
        digits, effort = digits or _DIGITS, replace(effort, workers=1)
    work = _Work(program, task, ties, wrong_only, unlabelled, digits, effort.deadline)
    count = len(work.starts)
    which = "wrong cells" if wrong_only else "cells"
    found: dict[int, CellTable] = {}
    kept = Kept(
        effort.state, lambda s: f"{which} below start {s}", _Columns, work.columns, work.table
    )  # fmt: skip
    for job, part in outcomes(list(range(count)), work, effort.deadline, effort.workers, kept):
        if part is not None:
            found[job] = part
        if effort.progress is not None:
            effort.progress(len(found) / count, f"{sum(map(len, found.values())):,} cells")
    parts = [found[job] for job in sorted(found)] or [work.nothing()]
    left = Fraction(len(found) < count) if unlabelled else open_mass(task, found)
    return _joined(parts, left)


def _joined(parts: Sequence[CellTable], left: Fraction) -> CellTable:
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in (*_COLUMNS, "exact")
    }
    return replace(parts[0], **columns, open=left)


def _starts(task: Task, unlabelled: bool) -> tuple[Start, ...]:
    return covering_cones(task) if unlabelled else starting_cones(task)


@dataclass(frozen=True)
class _Work:
    """Finds the cells below one starting cone; None if the time is up."""

    program: Program
    task: Task
    ties: TieRule
    wrong_only: bool
    unlabelled: bool
    digits: int | None
    deadline: Deadline

    @property
    def starts(self) -> tuple[Start, ...]:
        return _starts(self.task, self.unlabelled)

    def nothing(self) -> CellTable:
        n, words = self.task.seq_len, (self.program.neurons + 63) // 64
        none, floats = np.empty(0, np.int64), np.empty(0)
        return CellTable(
            self.program, self.task, self.ties, none, np.empty((0, words), np.uint64),
            np.empty((0, self.program.outputs), np.bool_), floats, floats, floats,
            np.empty((0, n)), np.empty(0, object), self.unlabelled, Fraction(1),
        )  # fmt: skip

    def columns(self, part: CellTable | None) -> Any:
        return None if part is None else _Columns(*(getattr(part, name) for name in _COLUMNS))

    def table(self, s: int, columns: Any) -> CellTable | None:
        known = vars(columns)
        if len({len(column) for column in known.values()}) != 1:
            raise ValueError("columns of several lengths")
        found = np.full(len(columns.start), None)
        return replace(self.nothing(), **known, exact=found, open=Fraction(0))

    def __call__(self, s: int) -> CellTable | None:
        try:
            if self.digits is not None:
                return self._in_integers(s, self.digits)
            return _joined([self.nothing(), *self._below(s)], Fraction(0))
        except TimeIsUpError:
            return None

    def _in_integers(self, s: int, digits: int) -> CellTable:
        found: list[Cell] = []
        balls: list[tuple[float, float]] = []
        start = self.starts[s]
        for cell in cells(self.program, self.task, ties=self.ties, starts=(start,)):
            self.deadline.look()
            if not (self.wrong_only and cell.credit == 1):
                found.append(cell)
                balls.append(float_ball(cell.measure(digits)))
        mids, rads = np.array(balls).reshape(-1, 2).T.copy()
        empty = self.nothing()
        bits = [to_words(cell.pattern.bits, empty.bits.shape[1]) for cell in found]
        return replace(
            empty,
            start=np.full(len(found), s),
            bits=np.array(bits, np.uint64).reshape(-1, empty.bits.shape[1]),
            winners=np.array(
                [[k in cell.winners for k in range(self.program.outputs)] for cell in found], bool
            ).reshape(-1, self.program.outputs),
            credit=np.array([float(cell.credit) for cell in found]),
            measure=mids,
            radius=rads,
            inside=np.array([_unit(cell.interior_point()) for cell in found]).reshape(
                -1, self.task.seq_len
            ),
            exact=_objects(found),
        )

    def _below(self, s: int) -> Iterator[CellTable]:
        from algzoo_exact.regions.search import Search
        from algzoo_exact.score.cell_measures import measured

        start, wanted = self.starts[s], [*range(self.program.outputs)]
        if self.wrong_only and self.ties == "lowest":
            wanted.remove(start.label)  # it is right, whatever ties with it
        search = Search(self.program, "uniform", wanted=wanted)
        for batch in search.cells(replace(start, label=EACH)):
            self.deadline.look()
            if batch is None:
                continue
            size = int(batch.size[0])
            mids, rads, inside = measured(search, start, batch, self.deadline.look)
            answer = batch.label[:size].copy()
            part = replace(
                self.nothing(),
                start=np.full(size, s),
                bits=batch.pattern[:size].copy(),
                winners=answer[:, None] == np.arange(self.program.outputs),
                credit=(answer == start.label).astype(float),
                measure=mids, radius=rads, inside=inside, exact=np.full(size, None),
            )  # fmt: skip
            yield self._settled(part, batch.credit[:size] < 1, search.specializer)

    def _settled(
        self, part: CellTable, tied: NDArray[np.bool_], specializer: Specializer
    ) -> CellTable:
        """The cells, with ties by the rule."""
        keep = np.ones(len(part), bool)
        for i in np.flatnonzero(tied):
            logits = rows(specializer.logits(from_words(part.bits[i].tolist())))
            answer = int(part.answer[i])
            winners = frozenset(k for k, row in enumerate(logits) if row == logits[answer])
            keep[i] = answer == min(winners)  # else it is found for that answer
            part.winners[i, list(winners)] = True
            part.credit[i] = float(credit_for(int(part.label[i]), winners, self.ties))
        if self.wrong_only:
            keep &= part.credit < 1
        return part.select(keep)


def write_cells(table: pyarrow.Table, path: str | Path) -> int:
    """Write a table with points ``inside`` its cells, as texts; returns the number of rows."""
    rows = table.to_pylist()
    for row in rows:
        row["inside"] = vector(row["inside"])
    write_rows(rows, path)
    return len(rows)


def _unit(vector: Sequence[int]) -> list[float]:
    largest = max(map(abs, vector))
    return [float(Fraction(c, largest)) for c in vector]


def _objects(cells: Sequence[Cell]) -> NDArray[np.object_]:
    found = np.empty(len(cells), object)
    found[:] = cells
    return found
