"""Deductive entries: figures that follow from the weights, by array operations under a counter.

What such an entry does depends on the sizes of the program and of the entry alone, so its cost is
known before it is run: it is measured once on other weights.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import takewhile
from typing import Any, NamedTuple

import numpy as np

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.flops import FlopCounter, plain
from algzoo_exact.race.estimator import (
    Entry,
    Found,
    Kind,
    LearnedConstant,
    Need,
    with_labels,
)


class Weights(NamedTuple):
    """W_hi (d), W_hh (d, d) and W_oh (n, d) in float64, counted or plain."""

    input: Any
    recurrent: Any
    readout: Any


def counted_weights(program: Program, counter: FlopCounter) -> Weights:
    """The program's weights, rounded to float64, whose operations ``counter`` is charged."""
    return Weights(*map(counter.array, rounded_weights(program)))


Compute = Callable[[Weights, Task, int], Any]
"""An accuracy from counted weights, at a size."""


def deduction(
    name: str,
    summary: str,
    sizes: tuple[int, ...],
    compute: Compute,
    *needs: Need,
    kind: Kind = "deductive",
    learned: tuple[LearnedConstant, ...] = (),
) -> Entry:
    """An entry of this sort. ``sizes`` ascend in cost; the largest within the budget is used."""

    def find(program: Program, task: Task, budget: float, seed: int) -> Found | None:
        prices = (cost(compute, program.hidden_size, task, size) for size in sizes)
        within = [*takewhile(lambda price: price <= budget, prices)]
        if not within:
            return None
        counter, size = FlopCounter(), sizes[len(within) - 1]
        value = compute(counted_weights(program, counter), task, size)
        return Found(float(plain(value)), counter.total, {"size": size})

    return Entry(name, kind, summary, find, (with_labels, *needs), learned=learned)


@cache
def cost(compute: Compute, hidden_size: int, task: Task, size: int) -> int:
    """Operations of an entry at a size, on any program of ``hidden_size`` for the task."""
    random = np.random.RandomState(0)
    counter = FlopCounter()
    shapes = ((hidden_size,), (hidden_size,) * 2, (task.seq_len, hidden_size))
    weights = Weights(*(counter.array(random.standard_normal(shape)) for shape in shapes))
    compute(weights, task, size)
    return counter.total
