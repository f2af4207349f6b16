"""Of models that answer with an index: regions, errors, and where another model differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from algzoo_exact.analysis.cells import CellTable, measured_cells
from algzoo_exact.analysis.difference import Difference, diff
from algzoo_exact.analysis.effort import Effort
from algzoo_exact.analysis.regions import RegionTable, regions_of
from algzoo_exact.analysis.sections import Section
from algzoo_exact.analysis.sections import section as in_section
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.present.explore.columns import (
    MOST_CELLS,
    MOST_REGIONS,
    Columns,
    Data,
    listed,
    other,
    patterns,
    region_columns,
    weights,
)
from algzoo_exact.present.explore.sections import FREE, basis_of
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.zoo.loading import Model


@dataclass(frozen=True, eq=False)
class Answers:
    """``table`` are all cells of the model on the inputs, or on the ``section``, with their
    measures, and ``difference`` those on which ``against`` answers differently. ``entries`` are a
    ``*`` or a number for each input of the section."""

    model: Model
    task: Task
    section: Section | None
    entries: str | None
    table: CellTable
    against: Model | None
    difference: Difference | None

    @property
    def ties(self) -> TieRule:
        return self.table.ties

    @property
    def open(self) -> Fraction:
        return self.table.open

    @cached_property
    def regions(self) -> RegionTable:
        """Those that were found."""
        return regions_of(self.table)

    @cached_property
    def wrong_cells(self) -> int:
        """How many cells were found that do not earn full credit."""
        return int(np.count_nonzero(self.table.credit < 1))

    @cached_property
    def accuracy(self) -> Enclosure:
        """On all inputs, or in the section; what was not looked at may be right or wrong."""
        lost = self.table.total(1 - self.table.credit)
        right = Enclosure(1 - lost.upper - self.table.open, 1 - lost.lower)
        return right.intersect(Enclosure(Fraction(0), Fraction(1)))

    def facts(self) -> Iterator[tuple[str, str]]:
        where = "" if self.section is None else " in the section"
        if self.section is not None and self.entries is not None:
            yield "section", self.entries
            shared = in_section(self.model, self.section.basis, self.task).unlabelled
            if shared.upper > 0:
                yield "of it several labels", percent(shared)
        yield f"accuracy{where}", percent(self.accuracy, 4)
        yield f"regions{where}", f"{len(self.regions):,}" + (" so far" if self.open else "")
        yield "wrong cells", f"{self.wrong_cells:,}"
        if self.difference is not None and self.against is not None:
            yield f"differs from {self.against.name}", percent(self.difference.probability, 4)

    def figures(self) -> Data:
        return {
            "section": self.entries,
            "accuracy": self.accuracy,
            "regions": len(self.regions),
            "wrong_cells": self.wrong_cells,
            "different": None if self.difference is None else self.difference.probability,
        }

    def data(self) -> Data:
        wrong = self.table.select(self.table.credit < 1)
        return {
            "section": self.entries,
            "labels": [
                {"label": c.label, "rows": [list(map(float, r)) for r in c.inequalities]}
                for c in self.task.cells()
            ],
            "network": weights(self.model.program),
            "against": other(self.against),
            "regions": listed(_region_columns(self.regions), MOST_REGIONS),
            "errors": listed(_cell_columns(wrong), MOST_CELLS),
            "differences": None
            if self.difference is None
            else listed(_difference_columns(self.difference), MOST_CELLS)
            | {"count": self.difference.count},
        }


def answers_of(
    models: Sequence[Model], task: Task, section: Sequence[str] | None, ties: TieRule,
    effort: Effort,
) -> Answers:  # fmt: skip
    """Of one model, or of two that are compared.

    InputError for models of other tasks and sizes, and for sections that are none.
    """
    for one in models:
        check_fit(one.program, task, ties)
    n, deadline = task.seq_len, effort.deadline
    if section is None and n > MOST_INPUTS:
        section = [FREE] * 2 + ["0"] * (n - 2)
    subjects: list[Model | Section] = list(models)
    asked, part = task, None
    if section is not None:
        basis = basis_of(section, n)
        parts = [in_section(one, basis, task, shared="lowest") for one in models]
        subjects, part, asked = list(parts), parts[0], parts[0].task
    table = measured_cells(subjects[0].program, asked, ties=ties, effort=effort).heaviest_first()
    difference = None
    if len(models) > 1:
        difference = diff(
            subjects[0], subjects[1], asked, top=MOST_CELLS, time_limit=deadline.timeout,
            workers=effort.workers, state=effort.state, progress=effort.progress,
        )  # fmt: skip
    entered = None if section is None else ",".join(section)
    return Answers(models[0], task, part, entered, table, (*models, None)[1], difference)


def _region_columns(regions: RegionTable) -> Columns:
    """The regions, heaviest first."""
    share, share_radius = regions.share
    answers: list[set[int]] = [set() for _ in range(len(regions))]
    table = regions.table
    for region, answer in zip(regions.at.tolist(), table.answer.tolist(), strict=True):
        answers[region].add(answer)
    order = np.argsort(-regions.measure[0], kind="stable")
    return {
        **region_columns(regions, order),
        "share": share[order],
        "share_radius": share_radius[order],
        "answers": [" ".join(map(str, sorted(answers[i]))) for i in order.tolist()],
    }


def _cell_columns(table: CellTable) -> Columns:
    known = attributes(table, "measure radius label answer credit inside")
    return known | {"pattern": patterns(table)}


def _difference_columns(found: Difference) -> Columns:
    known = attributes(found, "measure radius label inside")
    return known | {"answer": found.first, "other": found.second}
