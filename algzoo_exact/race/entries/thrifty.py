"""Random sampling that spares what can be spared: the best samplers to set beside ``last-input``.

The first two steps come from a table, and neurons at 0 cost no products; or inputs share the linear
pieces of the early steps, as in ``last-input-pieces``. Every operation that is left is counted,
ReLUs and argmax too, unlike those of the baseline. The lowest index wins ties.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.designs import CHUNK, random_chunk
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.entries.pieces_kernel import found_on, narrow, planted_for, right_answers
from algzoo_exact.race.estimator import Entry, Found


def _share_right(
    shared: bool, program: Program, task: Task, budget: float, seed: int
) -> Found | None:
    """The mean of right answers over the random inputs that ``budget`` pays for."""
    w_in, w_hh, w_out, tree, flops = planted_for(program, budget, task.seq_len, shared=shared)
    # One chunk as a rule, and few points drawn in vain.
    wanted = max(1, int(4 * budget / sample_cost(program)))
    size = min(CHUNK, 1 << (wanted - 1).bit_length())
    points, right, number = 0, 0, 0
    while True:
        x, labels = random_chunk(task, size, seed, number)
        inputs = np.ascontiguousarray(x.T, np.float64)
        left = int(budget) - flops
        done, found, spent = right_answers(w_in, w_hh, w_out, tree, inputs, labels, left)
        points, right, flops, number = points + done, right + found, flops + spent, number + 1
        if done < size:
            break
    return Found(right / points, flops, found_on(tree, points)) if points else None


def _long(program: Program, task: Task) -> str | None:
    fits = task.is_index and task.seq_len >= 3
    return None if fits else "for tasks with a label, on three inputs or more"


THRIFTY = Entry(
    "sampling-thrifty",
    "sampled",
    "random inputs, the first two steps tabulated, neurons at 0 skipped",
    partial(_share_right, False),
    (_long,),
    seeded=True,
)
SAMPLING_PIECES = Entry(
    "sampling-pieces",
    "sampled",
    "sampling-thrifty, where inputs share the linear pieces of the early steps",
    partial(_share_right, True),
    (_long, narrow),
    seeded=True,
)
