"""Entries that enumerate regions. They don't use points, and they don't fit a budget.

Their compiled searches branch on the weights, and what they do is not counted operation by
operation. A guess would be no count: so their FLOPs are unknown, and the race runs them once and
lists them beside the plot.
"""

from __future__ import annotations

from collections.abc import Callable

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.estimator import Entry, Found, with_labels
from algzoo_exact.score.compute import accuracies, accuracy_bounds
from algzoo_exact.score.result import Score

_ENUMERATED_UP_TO = 6
_BOUNDED_UP_TO = 4  # with more inputs so few pieces decide next to nothing
_CELLS = 100


def _enumerated(program: Program, task: Task) -> Score:
    return next(accuracies([program], task))


def _bounded(program: Program, task: Task) -> Score:
    # Not by ``accuracy``, which takes Ctrl-C for the end of its own search alone.
    *_, last = accuracy_bounds(program, task, max_cells=_CELLS)
    return last


def _middle(name: str, summary: str, longest: int, find: Callable[[Program, Task], Score]) -> Entry:
    """The middle of what an engine of the package finds."""

    def few(program: Program, task: Task) -> str | None:
        n = task.seq_len
        return None if n <= longest else f"for up to {longest} inputs, not {n}"

    def middle(program: Program, task: Task, budget: float, seed: int) -> Found:
        found = find(program, task)
        details = {"width": float(found.enclosure.width), "cells": found.cells or 0}
        return Found(float(found.enclosure.midpoint), None, details)

    return Entry(name, "deductive", summary, middle, (with_labels, few))


ENUMERATION = _middle(
    "enumeration", "all regions, in float64: exact up to rounding", _ENUMERATED_UP_TO, _enumerated
)
BOUNDS_MIDPOINT = _middle(
    "bounds-midpoint",
    f"the middle of certified bounds after {_CELLS:,} pieces",
    _BOUNDED_UP_TO,
    _bounded,
)
