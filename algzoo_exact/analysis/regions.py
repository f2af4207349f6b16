"""The regions of a program on a task, as sums over its cells: measures, what is right, answers.

Sums are those of a table of cells, in float64 with proven errors. Where cells are few, all are
measured in ball arithmetic to as many digits as are asked for; else only those of regions that are
looked at closely.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np

from algzoo_exact.analysis.cells import IN_INTEGERS_UP_TO, CellTable, measured_cells
from algzoo_exact.analysis.effort import Effort
from algzoo_exact.analysis.region_facets import facets_of_regions, shared_facets
from algzoo_exact.analysis.table import number, region_row
from algzoo_exact.arrays import F64, I64, Flags
from algzoo_exact.deadline import NEVER
from algzoo_exact.errors import one_of
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import share
from algzoo_exact.jobs import outcomes
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.regions.enumerate import Cell, Region, earned, region_of
from algzoo_exact.regions.pattern import ActivationPattern, from_words
from algzoo_exact.regions.starts import NO_LABEL
from algzoo_exact.shown import Shown
from algzoo_exact.tables import Row

Order = Literal["measure", "errors", "share", "pattern"]
ORDERS: tuple[Order, ...] = ("measure", "errors", "share", "pattern")

DIGITS = 20  # of measures in ball arithmetic, where none are asked for
_ULP = 2.0**-52
_SHARE_WIDTH = Fraction(1, 10**8)
_MOST_DIGITS = 160  # that a share may take; for six inputs each costs an integral
_CHEAP = 5  # inputs, up to which ball arithmetic takes milliseconds a cell
_FEW = 300  # regions, all cells of which are measured so
_ROWS_AT_ONCE, _PARTS_ALONE = 500, 6  # a row takes 1 to 2 ms, and a process 1 s to start


def order_of(name: str) -> Order:
    """The order of that name; InputError if there is none."""
    return one_of("order", name, ORDERS)


@dataclass(frozen=True)
class RegionFigures(Shown):
    """The ``measure`` of a region, what is ``right`` and ``wrong`` of it, both weighted by the tie
    rule's credit, and the ``share`` that is right, in [0, 1]: of width 0 where all of the region
    earns the same. What has no label is neither right nor wrong."""

    measure: Enclosure
    right: Enclosure
    wrong: Enclosure
    share: Enclosure


@dataclass(frozen=True, eq=False)
class RegionTable(Shown):
    """The regions of a table's cells, by position: ``first`` is a cell of each, ``at`` the region
    of each cell.

    ``exact``: whether all cells are measured in ball arithmetic, to so many ``digits``. ``facets``:
    for each pattern the neurons that bound it, where they are known.
    """

    table: CellTable
    first: I64
    at: I64
    exact: bool
    digits: int = DIGITS
    facets: Mapping[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.first)

    def __repr__(self) -> str:
        return f"<{len(self):,} regions of {self.table.task}>"

    @property
    def program(self) -> Program:
        return self.table.program

    @property
    def shared_facets(self) -> int:
        """How many facets there are between two regions."""
        return shared_facets(self.facets)

    @cached_property
    def bits(self) -> list[int]:
        """The pattern of each."""
        return [from_words(words) for words in self.table.bits[self.first].tolist()]

    def pattern(self, i: int) -> ActivationPattern:
        return ActivationPattern(self.program.widths, self.bits[i])

    def region(self, i: int) -> Region:
        """One region in exact integers."""
        bits = self.bits[i]
        return region_of(self.program, self._specializer, bits, self.facets.get(bits))

    def total(self, values: F64) -> F64:
        """Sums over the cells of each."""
        return np.bincount(self.at, values, len(self)).astype(np.float64)

    def known(self, values: F64, radius: F64) -> tuple[F64, F64]:
        """Sums of values >= 0, and what they are off by: a sum of k terms in floats is off by less
        than k ulps of the sum of their sizes."""
        found = self.total(values)
        count = np.bincount(self.at, minlength=len(self))
        return found, self.total(radius) + count * _ULP * found

    @cached_property
    def measure(self) -> tuple[F64, F64]:
        """Of each region, and what it is off by."""
        return self.known(self.table.measure, self.table.radius)

    @cached_property
    def share(self) -> tuple[F64, F64]:
        """The part of each that is right, and what it is off by."""
        low, high = self._credits
        measure, radius = self.measure
        right = self.total(self.table.measure * self.table.credit)
        # With measures m and e, known to r: |e' / m' - e / m| <= 2 r / (m - r), less than 4 r / m
        # for r < m / 2; r is above an ulp of m, and so above what the quotient is rounded by.
        known, size = 2 * radius < measure, np.maximum(measure, np.finfo(float).tiny)
        found = np.where(low == high, low, np.where(known, np.minimum(1.0, right / size), 0.5))
        return found, np.where(low == high, 0.0, np.where(known, 5 * radius / size, 0.5))

    @cached_property
    def labelled(self) -> Flags:
        """Whether there is a label anywhere in a region of a section."""
        return self.total((self.table.label != NO_LABEL).astype(float)) > 0

    @cached_property
    def wrong(self) -> Flags:
        """Whether the answer is wrong anywhere in a region."""
        return self.total(self._lost) > 0

    def answers(self, i: int) -> tuple[tuple[int, ...], ...]:
        """The sets of logits that are the largest somewhere in a region, null sets aside."""
        rows = np.unique(self.table.winners[self._cells[i]], axis=0)
        return tuple(sorted(tuple(np.flatnonzero(row).tolist()) for row in rows))

    def figures(self, i: int) -> RegionFigures:
        """As well as the cells are measured."""
        return self._in_balls(i) if self.exact else self._in_floats(i)

    def closely(self, i: int) -> RegionFigures:
        """In ball arithmetic, up to five inputs; there a share of a small region takes as many
        digits as it needs."""
        cheap = self.table.task.seq_len <= _CHEAP
        return self._in_balls(i) if self.exact or cheap else self._in_floats(i)

    def mass(self, chosen: Sequence[int]) -> Enclosure:
        """The measure of some regions together."""
        if self.exact:
            return total(self.figures(i).measure for i in chosen)
        among = np.zeros(len(self), bool)
        among[list(chosen)] = True
        return self.table.select(among[self.at]).total()

    def select(
        self,
        order: Order = "measure",
        *,
        answer: int | None = None,
        wrong: bool = False,
        at_least: Fraction | float = 0,
    ) -> list[int]:
        """Regions in an ``order`` of ORDERS: by measure, by the measure of their errors, both the
        largest first, by the share that is right, the least first, or by name.

        Only those in which ``answer`` is given somewhere, that are ``wrong`` somewhere, and whose
        measure is ``at_least`` so much. InputError for another order.
        """
        measure, lost, part = self._middles
        keys: dict[Order, Callable[[int], tuple[Fraction | float | str, ...]]] = {
            "measure": lambda i: (-measure[i],),
            "errors": lambda i: (-lost[i],),
            "share": lambda i: (float(not self.labelled[i]), part[i], -measure[i]),
            "pattern": lambda i: (str(self.pattern(i)),),
        }
        key, keep = keys[order_of(order)], np.ones(len(self), bool)
        if answer is not None:
            given = self.table.winners[:, answer : answer + 1].any(axis=1)
            keep &= self.total(given.astype(float)) > 0
        if wrong:
            keep &= self.wrong
        if at_least > 0:
            keep &= sum(self.measure) >= float(at_least)
        return sorted(np.flatnonzero(keep).tolist(), key=lambda i: (*key(i), self.bits[i]))

    def _part(self, chosen: Sequence[int]) -> RegionTable:
        """Some of the regions alone, in their order."""
        cells = [self._cells[i] for i in chosen]
        sizes = np.array([len(own) for own in cells])
        return replace(
            self,
            table=self.table.select(np.concatenate(cells)),
            first=np.cumsum(sizes) - sizes,
            at=np.repeat(np.arange(len(cells)), sizes),
        )

    def rows(
        self, chosen: Iterable[int] | None = None, *, progress: Progress | None = None
    ) -> list[Row]:
        """What ``write_table`` writes of the regions, the heaviest first, or of those chosen; many
        are made in two processes."""
        chosen = list(self.select() if chosen is None else chosen)
        jobs = range(0, len(chosen), _ROWS_AT_ONCE)
        parts = [(k, self._part(chosen[k : k + _ROWS_AT_ONCE])) for k in jobs]
        found: dict[int, list[Row]] = {}
        for (k, _), rows in outcomes(parts, _rows, NEVER, 2 if len(parts) > _PARTS_ALONE else 1):
            found[k] = rows
            if progress is not None:
                progress(len(found) / len(jobs), "rows")
        return [row for k in jobs for row in found[k]]

    def _row(self, i: int) -> Row:
        known = self.figures(i)
        row = region_row(self.region(i), known.measure, self.digits)
        row["answers"] = ", ".join("=".join(map(str, top)) for top in self.answers(i))
        row["right_share"] = float(known.share.midpoint)
        return row | number("right", known.right, self.digits)

    @cached_property
    def _specializer(self) -> Specializer:
        return Specializer(self.program)

    @cached_property
    def _cells(self) -> list[I64]:
        """The positions of the cells of each region."""
        order = np.argsort(self.at, kind="stable")
        return np.split(order, np.cumsum(np.bincount(self.at, minlength=len(self)))[:-1])

    @cached_property
    def _credits(self) -> tuple[F64, F64]:
        """The least and the most that is earned in each."""
        low, high = np.ones(len(self)), np.zeros(len(self))
        np.minimum.at(low, self.at, self.table.credit)
        np.maximum.at(high, self.at, self.table.credit)
        return low, high

    @cached_property
    def _lost(self) -> F64:
        """Of each cell."""
        return np.where(self.table.label == NO_LABEL, 0.0, 1.0 - self.table.credit)

    @cached_property
    def _middles(self) -> tuple[Sequence[Fraction | float], ...]:
        """Of measures, what is wrong, and shares."""
        if not self.exact:
            lost = self.total(self.table.measure * self._lost)
            return self.measure[0].tolist(), lost.tolist(), self.share[0].tolist()
        known = [self.figures(i) for i in range(len(self))]
        return (
            [one.measure.midpoint for one in known],
            [one.wrong.midpoint for one in known],
            [one.share.midpoint for one in known],
        )

    def _in_floats(self, i: int) -> RegionFigures:
        cells, lost = self.table.select(self._cells[i]), self._lost[self._cells[i]]
        measure, right, low, high = cells.total(), cells.total(cells.credit), *self._credits
        part = share(right, measure)
        if low[i] == high[i]:
            part = Enclosure.exactly(Fraction(low[i]).limit_denominator(self.program.outputs))
            right = measure.times(part.lower)
        return RegionFigures(measure, right, cells.total(lost), part)

    def _in_balls(self, i: int) -> RegionFigures:
        if i not in self._known:
            self._known[i] = _figures(
                [self.table.cell(k) for k in self._cells[i].tolist()], self.digits
            )
        return self._known[i]

    @cached_property
    def _known(self) -> dict[int, RegionFigures]:
        return {}


def _rows(job: tuple[int, RegionTable]) -> list[Row]:
    """Those of a numbered part."""
    _, part = job
    return [part._row(i) for i in range(len(part))]


def _figures(cells: Sequence[Cell], digits: int) -> RegionFigures:
    """Of a region, from all its cells."""
    credits = {cell.credit for cell in cells}
    measure, right = total(cell.measure(digits) for cell in cells), earned(cells, digits)
    wrong = total(
        cell.measure(digits).times(1 - cell.credit) for cell in cells if cell.label != NO_LABEL
    )
    part = Enclosure.exactly(*credits) if len(credits) == 1 else share(right, measure)
    few = len(cells[0].cone.rays[0]) <= _CHEAP
    while part.width > _SHARE_WIDTH and few and 2 * digits <= _MOST_DIGITS:
        digits *= 2
        part = share(earned(cells, digits), total(cell.measure(digits) for cell in cells))
    return RegionFigures(measure, right, wrong, part)


def regions_of(table: CellTable) -> RegionTable:
    """The regions that a table has cells of."""
    _, first, at = np.unique(table.bits, axis=0, return_index=True, return_inverse=True)
    exact = all(cell is not None for cell in table.exact)
    return RegionTable(table, first, at.reshape(-1), exact)


def region_table(
    program: Program,
    task: Task,
    *,
    ties: TieRule = "lowest",
    digits: int | None = None,
    most: int | None = None,
    progress: Progress | None = None,
) -> RegionTable:
    """All regions, n <= 9, with their measures: to 10**-digits, by default in floats, or to twenty
    digits where there are few.

    InputError for more than ``most`` regions, and if program and task do not fit.
    """
    facets = facets_of_regions(program, most)
    n = task.seq_len
    if digits is None and (n <= IN_INTEGERS_UP_TO or (n <= _CHEAP and len(facets) <= _FEW)):
        digits = DIGITS
    effort = Effort(progress=progress)
    cells = measured_cells(program, task, ties=ties, unlabelled=True, digits=digits, effort=effort)
    found = regions_of(cells)
    assert len(found) == len(facets), "cells and regions do not agree"
    return replace(found, digits=digits or DIGITS, facets=facets)
