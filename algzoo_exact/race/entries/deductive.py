"""Deductive entries: figures that follow from the weights, by array operations under a counter.

What such an entry does depends on the sizes of the program and of the entry alone, so its cost is
known before it is run: it is measured once on other weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.problems.order import SECOND_ARGMAX
from algzoo_exact.program.task import Task, index_tasks
from algzoo_exact.race.entries.flops import FlopCounter, plain
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant


class Weights(NamedTuple):
    """W_hi (d), W_hh (d, d) and W_oh (n, d) in float64, counted or plain."""

    input: Any
    recurrent: Any
    readout: Any


def counted_weights(program: Program, counter: FlopCounter) -> Weights:
    """The program's weights, rounded to float64, whose operations ``counter`` is charged."""
    return Weights(*map(counter.array, rounded_weights(program)))


@dataclass(frozen=True)
class Deduction:
    """A deductive entry, or one of like build that says its ``kind`` itself.

    ``compute(weights, task, size)`` returns an accuracy. ``sizes`` ascend in cost; the largest one
    within the budget is used. ``second``: it is defined only where the second largest input
    is asked for; ``shape``: the only hidden size and sequence length, if there is only one.
    """

    name: str
    summary: str
    sizes: tuple[int, ...]
    compute: Callable[[Weights, Task, int], Any]
    second: bool = False
    shape: tuple[int, int] | None = None
    kind: Kind = "deductive"
    seeded: bool = False
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        if not task.is_index:
            return f"{self.name} is defined for {', '.join(index_tasks())} only."
        if self.second and task.rank != 1:
            return f"{self.name} is defined for {SECOND_ARGMAX.name} only."
        if self.shape not in (None, (program.hidden_size, task.seq_len)):
            d, n = self.shape
            return f"{self.name} is defined for {d} hidden neurons and {n} inputs only."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        size = max(self._sizes_within(program.hidden_size, task, budget), default=None)
        if size is None:
            return None
        counter = FlopCounter()
        value = self.compute(counted_weights(program, counter), task, size)
        seconds = time.perf_counter() - began
        return Estimate(float(plain(value)), self.kind, counter.total, seconds, {"size": size})

    def _sizes_within(self, hidden_size: int, task: Task, budget: float) -> Iterator[int]:
        for size in self.sizes:
            if cost(self, hidden_size, task, size) > budget:
                return
            yield size


@cache
def cost(entry: Deduction, hidden_size: int, task: Task, size: int) -> int:
    """Operations of an entry at a size, on any program of ``hidden_size`` for the task."""
    random = np.random.RandomState(0)
    counter = FlopCounter()
    shapes = ((hidden_size,), (hidden_size,) * 2, (task.seq_len, hidden_size))
    weights = Weights(*(counter.array(random.standard_normal(shape)) for shape in shapes))
    entry.compute(weights, task, size)
    return counter.total
