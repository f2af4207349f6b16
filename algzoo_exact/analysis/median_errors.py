"""Where a median model errs most: the cells on which its error is linear, by what each adds to the
mean squared error."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property, partial
from math import gcd
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.analysis.cells import IN_INTEGERS_UP_TO, CellTable, measured_cells, write_cells
from algzoo_exact.analysis.effort import Effort
from algzoo_exact.analysis.errors import conditions
from algzoo_exact.arrays import F64
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, ball_sum
from algzoo_exact.geometry.cone import dot, primitive
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.measure.cone_moments import second_moment
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.regions.pattern import ActivationPattern, from_words
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.bends import Errors
from algzoo_exact.score.compute import squared_error
from algzoo_exact.score.squared_error import SQUARED_ERROR
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened

if TYPE_CHECKING:
    import pyarrow


_DIGITS = 16  # of a second moment in ball arithmetic
_ULP = 2.0**-52


@dataclass(frozen=True)
class ErrorCell(Shown):
    """A cone on which f - median is linear: ``error`` (n) are its coefficients, ``square`` the mean
    of its square, counted as 0 elsewhere. ``middle`` are the middle inputs: one, or two for even n.
    ``conditions`` are its walls; ``input`` lies inside."""

    probability: Enclosure
    square: Enclosure
    middle: tuple[int, ...]
    pattern: ActivationPattern
    error: tuple[Fraction, ...]
    conditions: tuple[str, ...]
    input: tuple[Decimal, ...]


@dataclass(frozen=True, eq=False)
class MedianErrors(Shown):
    """The cells of a median program, those first that add most to its mean squared error: the
    ``table`` has cells and measures, ``square`` +- ``radius`` is what each adds.

    ``total`` is the mean squared error: what the cells sum to, and what ``squared_error`` proves by
    other means, both at once.
    """

    total: Enclosure
    table: CellTable
    square: F64
    radius: F64

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"<mean squared error {self.total}, in {len(self):,} cells>"

    @cached_property
    def _middles(self) -> list[tuple[int, ...]]:
        return [cell.middle for cell in self.table.task.value_cells()]

    @cached_property
    def by_middle(self) -> dict[tuple[int, ...], Enclosure]:
        """What is added by the middle inputs, the most first."""
        sums: dict[tuple[int, ...], Enclosure] = {}
        for label, middle in enumerate(self._middles):
            here = self.table.label == label
            part = ball_sum(self.square[here], self.radius[here])
            sums[middle] = part.plus(sums[middle]) if middle in sums else part
        return dict(sorted(sums.items(), key=lambda item: -item[1].midpoint))

    def cells(self, top: int = 10) -> list[ErrorCell]:
        """Those that add most, in exact integers."""
        errors = Errors(self.table.program, self.table.task)
        return [self._cell(i, errors) for i in range(min(top, len(self)))]

    def _cell(self, i: int, errors: Errors) -> ErrorCell:
        table, label = self.table, int(self.table.label[i])
        cell = table.cell(i)
        a = errors.error(cell.pattern.bits, label)
        return ErrorCell(
            table.probability(i),
            _positive(ball_sum(self.square[i : i + 1], self.radius[i : i + 1])),
            self._middles[label],
            cell.pattern,
            tuple(Fraction(c, errors.unit) for c in a),
            conditions(cell),
            cell.cone.short_point(),
        )

    def arrow(self) -> pyarrow.Table:
        """One row for each cell: ``square`` and its ``radius``, ``probability``, ``middle``,
        ``pattern``, and ``inside``, a point of the interior, rounded."""
        import pyarrow

        table, middles = self.table, self._middles
        return pyarrow.table(
            {
                "square": self.square,
                "radius": self.radius,
                "probability": table.measure,
                "middle": [" ".join(map(str, middles[k])) for k in table.label.tolist()],
                "pattern": [str(table.pattern(i)) for i in range(len(table))],
                "inside": list(table.inside),
            }
        )

    def write(self, path: str | Path) -> int:
        """Write the columns of ``arrow`` as .parquet, .csv or .json; returns the number of rows."""
        return write_cells(self.arrow(), path)


@shows_progress("errors")
def median_errors(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    time_limit: float | None = None,
    workers: Workers = 1,
    state: Place = None,
    progress: Progress | None = None,
) -> MedianErrors:
    """The cells of a median model by what they add to its mean squared error, n <= 9.

    InputError for other tasks, sizes that do not fit, and where ``time_limit`` seconds do not
    suffice. With a ``state``, the same call goes on after a kill.
    """
    program, deadline, chosen = lift(model), Deadline.after(time_limit), task_of(model, task)
    SQUARED_ERROR.check(program, chosen, None)
    count = len(starting_cones(chosen))
    with opened(state, partial(identity, "errors", (program,), chosen, None)) as kept:
        effort = Effort(deadline, workers, kept, progress)
        table = measured_cells(program, chosen, effort=effort)
        square, radius = np.zeros(len(table)), np.full(len(table), math.inf)
        work, jobs = _Work(table, deadline), list(range(count))
        squares = Kept[int, tuple[F64, F64]](
            kept, lambda s: f"squares below start {s}", tuple[F64, F64],
            lambda found: None if deadline.passed else found,
        )  # fmt: skip
        for s, (mids, rads) in outcomes(jobs, work, deadline, workers, squares):
            where = np.flatnonzero(table.start == s)
            square[where], radius[where] = mids, rads
            count -= 1
        if table.open or count or deadline.passed:
            raise InputError(f"{time_limit} seconds were not enough for all cells; allow more.")
        order = np.argsort(-square, kind="stable")
        total = _positive(ball_sum(square, radius))
        score = squared_error(
            program, chosen, workers=workers, state=kept, time_limit=deadline.timeout
        )
    return MedianErrors(
        total.intersect(score.enclosure), table.select(order), square[order], radius[order]
    )


@dataclass(frozen=True)
class _Work:
    """What the cells of a table add that lie below one starting cone, in their order: in float64
    balls for n >= 4, else in ball arithmetic."""

    table: CellTable
    deadline: Deadline

    def __call__(self, s: int) -> tuple[F64, F64]:
        table = self.table.select(self.table.start == s)
        known: dict[bytes, tuple[float, float]] = {}
        if table.task.seq_len > IN_INTEGERS_UP_TO:
            known = dict(self._floats(starting_cones(table.task)[s]))
        errors = Errors(table.program, table.task)
        found = [
            known.get(bits.tobytes()) or self._balls(table, i, errors)
            for i, bits in enumerate(table.bits)
        ]
        mids, rads = np.array(found).reshape(-1, 2).T
        return mids, rads

    def _floats(self, start: Start) -> Iterator[tuple[bytes, tuple[float, float]]]:
        """By pattern; without those that float64 leaves open."""
        from algzoo_exact.regions.search import Search
        from algzoo_exact.score.bend_balls import squares_of_each

        program, task = self.table.program, self.table.task
        errors, search = Errors(program, task), Search(program, None)
        direction = next(d for d in SQUARED_ERROR.directions(program, task) if not d.diagonal)
        for batch in search.cells(start):
            if self.deadline.passed:
                return
            if batch is None:
                continue
            mids, rads = squares_of_each(program, task, start, direction.u, batch)
            for q in np.flatnonzero(np.isfinite(rads)).tolist():
                bits = batch.pattern[q]
                at_zero = Fraction(0)
                for share, around in zip(direction.shares(start), direction.around, strict=True):
                    if share and around == from_words(bits.tolist()):
                        a = errors.error(around, start.label)
                        at_zero += share * Fraction(dot(a, a), errors.unit**2)
                mid = float(Fraction(float(mids[q])) + at_zero)
                yield bits.tobytes(), (mid, float(rads[q]) + abs(mid) * _ULP)

    def _balls(self, table: CellTable, i: int, errors: Errors) -> tuple[float, float]:
        if self.deadline.passed:
            return 0.0, math.inf
        if table.task.seq_len > LARGEST_DIMENSION:
            raise InputError(
                f"Weights like these need ball arithmetic, which ends with n = {LARGEST_DIMENSION}."
            )
        a = errors.error(from_words(table.bits[i].tolist()), int(table.label[i]))
        moment = second_moment(table.cell(i).cone, primitive(a), digits=_DIGITS) if any(a) else None
        if moment is None:
            return 0.0, 0.0
        found = moment.times(Fraction(gcd(*a), errors.unit) ** 2)
        mid = float(found.midpoint)
        return mid, float(found.width) + abs(mid) * _ULP


def _positive(found: Enclosure) -> Enclosure:
    return Enclosure(max(Fraction(0), found.lower), found.upper)
