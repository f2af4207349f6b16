"""Random sampling that spares what can be spared: the best samplers to set beside ``last-input``.

The first two steps come from a table, and neurons at 0 cost no products; or inputs share the linear
pieces of the early steps, as in ``last-input-pieces``. Every operation that is left is counted,
ReLUs and argmax too, unlike those of the baseline. The lowest index wins ties.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.designs import CHUNK, random_chunk
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.entries.last_input_kernel import early_steps
from algzoo_exact.race.entries.pieces_kernel import narrow, planted_for, right_answers
from algzoo_exact.race.estimator import Entry, Found

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Answers = Callable[[Floats, Integers, int], tuple[int, int, int]]
"""Given inputs (N, n), labels (N) and a budget: points done, those right, and operations."""


def right_among(
    program: Program, task: Task, seed: int, budget: float, table: int, answers: Answers
) -> tuple[int, int, int]:
    """How many random inputs ``budget`` pays for beside a table, those right, and operations."""
    # One chunk as a rule, and few points drawn in vain.
    wanted = max(1, int(4 * budget / sample_cost(program)))
    size = min(CHUNK, 1 << (wanted - 1).bit_length())
    points, right, flops, number = 0, 0, table, 0
    while True:
        x, labels = random_chunk(task, size, seed, number)
        inputs = np.ascontiguousarray(x.T, np.float64)
        done, found, spent = answers(inputs, labels, int(budget) - flops)
        points, right, flops = points + done, right + found, flops + spent
        number += 1
        if done < size:
            return points, right, flops


def _by_table(program: Program, task: Task, budget: float, seed: int) -> Found | None:
    w_in, w_hh, w_out = rounded_weights(program)
    bends, first, second, flops = early_steps(w_in, w_hh)

    def answers(x: Floats, labels: Integers, left: int) -> tuple[int, int, int]:
        return right_answers(w_in, w_hh, w_out, (bends, first, second), None, x, labels, left)

    points, right, flops = right_among(program, task, seed, budget, flops, answers)
    return Found(right / points, flops, {"points": points}) if points else None


def _by_pieces(program: Program, task: Task, budget: float, seed: int) -> Found | None:
    signs, w_hh, w_out, tree, flops = planted_for(program, budget, task.seq_len)

    def answers(x: Floats, labels: Integers, left: int) -> tuple[int, int, int]:
        return right_answers(signs, w_hh, w_out, None, tree, x, labels, left)

    points, right, flops = right_among(program, task, seed, budget, flops, answers)
    details = {"points": points, "pieces": int(tree.used[1])}
    return Found(right / points, flops, details) if points else None


def _long(program: Program, task: Task) -> str | None:
    fits = task.is_index and task.seq_len >= 3
    return None if fits else "for tasks with a label, on three inputs or more"


THRIFTY = Entry(
    "sampling-thrifty",
    "sampled",
    "random inputs, the first two steps tabulated, neurons at 0 skipped",
    _by_table,
    (_long,),
    seeded=True,
)
SAMPLING_PIECES = Entry(
    "sampling-pieces",
    "sampled",
    "sampling-thrifty, where inputs share the linear pieces of the early steps",
    _by_pieces,
    (_long, narrow),
    seeded=True,
)
