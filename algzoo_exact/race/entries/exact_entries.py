"""Entries that enumerate regions. They don't use points, and they don't fit a budget.

Their compiled searches branch on the weights, and what they do is not counted operation by
operation. A guess would be no count: so their FLOPs are unknown, and the race runs them once and
lists them beside the plot.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant
from algzoo_exact.score.compute import accuracies, accuracy_bounds
from algzoo_exact.score.result import Score

_ENUMERATED_UP_TO = 6
_BOUNDED_UP_TO = 4  # with more inputs so few pieces decide next to nothing
_CELLS = 100


@dataclass(frozen=True)
class RegionEstimator:
    """The middle of what an engine of the package finds."""

    name: str
    summary: str
    longest: int
    find: Callable[[Program, Task], Score]
    kind: Kind = "deductive"
    seeded: bool = False
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        if not task.is_index:
            return f"{self.name} is for tasks with a label for each Gaussian input."
        if task.seq_len > self.longest:
            return f"{self.name} is for up to {self.longest} inputs, not {task.seq_len}."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate:
        began = time.perf_counter()
        found = self.find(program, task)
        return Estimate(
            float(found.enclosure.midpoint),
            self.kind,
            None,
            time.perf_counter() - began,
            {"width": float(found.enclosure.width), "cells": found.cells or 0},
        )


def _enumerated(program: Program, task: Task) -> Score:
    return next(accuracies([program], task))


def _bounded(program: Program, task: Task) -> Score:
    # Not by ``accuracy``, which takes Ctrl-C for the end of its own search alone.
    *_, last = accuracy_bounds(program, task, max_cells=_CELLS)
    return last


ENUMERATION = RegionEstimator(
    "enumeration",
    "all regions, in float64: exact up to rounding",
    _ENUMERATED_UP_TO,
    _enumerated,
)
BOUNDS_MIDPOINT = RegionEstimator(
    "bounds-midpoint",
    f"the middle of certified bounds after {_CELLS:,} pieces",
    _BOUNDED_UP_TO,
    _bounded,
)
