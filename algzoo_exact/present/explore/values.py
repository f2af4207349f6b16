"""Of models that answer with a number: what each region and each cell adds to the squared error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from algzoo_exact.analysis.effort import Effort
from algzoo_exact.analysis.median_errors import MedianErrors, median_errors
from algzoo_exact.analysis.regions import RegionTable, regions_of
from algzoo_exact.arrays import F64
from algzoo_exact.exact.enclosure import square_root
from algzoo_exact.exact.shares import significant
from algzoo_exact.present.explore.columns import (
    MOST_CELLS,
    MOST_REGIONS,
    Columns,
    Data,
    listed,
    patterns,
    region_columns,
    weights,
)
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.loading import Model

_DIGITS = 8


@dataclass(frozen=True, eq=False)
class Values:
    """``errors`` are all cells on which the error is linear."""

    model: Model
    task: Task
    errors: MedianErrors

    against, ties, open = None, None, Fraction(0)

    @cached_property
    def regions(self) -> RegionTable:
        return regions_of(self.errors.table)

    def facts(self) -> Iterator[tuple[str, str]]:
        yield "mean squared error", significant(self.errors.total.midpoint, _DIGITS)
        yield "its root", significant(square_root(self.errors.total).midpoint, _DIGITS)
        yield "regions", f"{len(self.regions):,}"
        yield "cells", f"{len(self.errors):,}"

    def figures(self) -> Data:
        return {
            "squared_error": self.errors.total,
            "regions": len(self.regions),
            "cells": len(self.errors),
        }

    def data(self) -> Data:
        labels = [
            {
                "label": k,
                "value": list(map(float, cell.value)),
                "rows": [list(map(float, row)) for row in cell.inequalities],
            }
            for k, cell in enumerate(self.task.value_cells())
        ]
        return {
            "numeric": self.task.name,
            "labels": labels,
            "network": weights(self.model.program),
            "regions": listed(self._region_columns(), MOST_REGIONS),
            "errors": listed(self._cell_columns(), MOST_CELLS),
        }

    def _region_columns(self) -> Columns:
        """The regions, those first that add most."""
        square, radius = self.regions.known(*self._squares)
        order = np.argsort(-square, kind="stable")
        return {**region_columns(self.regions, order), **self._shares(square[order], radius[order])}

    def _cell_columns(self) -> Columns:
        """The cells as they come: those first that add most."""
        table = self.errors.table
        known = attributes(table, "measure radius label inside")
        return {**known, **self._shares(*self._squares), "pattern": patterns(table)}

    @property
    def _squares(self) -> tuple[F64, F64]:
        """What the cells add, and what these are off by; what is added is never below 0."""
        return np.maximum(0, self.errors.square), self.errors.radius

    def _shares(self, square: F64, radius: F64) -> dict[str, F64]:
        """What is added, and the part of the whole that it is.

        With s, t known to r, q and q < t / 2: |s' / t' - s / t| <= (r + s q / t) / (t - q), less
        than 2 (r + s q / t) / t; two ulps are more than the quotient is rounded by.
        """
        total = self.errors.total
        whole, off = float(total.midpoint), float(total.width)
        share, share_radius = np.zeros_like(square), np.full_like(square, 0.5)
        if off < whole / 2:
            share = np.minimum(1, square / whole)
            share_radius = 2 * (radius + share * off) / whole + 2.0**-51 * share
        return {
            "square": square,
            "square_radius": radius,
            "share": share,
            "share_radius": share_radius,
        }


def values_of(model: Model, task: Task, effort: Effort) -> Values:
    """InputError for models of other sizes, and where the time does not suffice."""
    errors = median_errors(
        model, task, time_limit=effort.deadline.timeout, workers=effort.workers,
        state=effort.state, progress=effort.progress,
    )  # fmt: skip
    return Values(model, task, errors)
