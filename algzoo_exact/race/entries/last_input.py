"""The entries that integrate exactly over the last input and the radius.

Over what is left, the direction of all inputs but the last, it takes a mean over a randomised
sequence of points (see ``directions``): what each point misses, times its weight, is subtracted
from 1. Misses are few, so that the weights add little noise. The mean over seeds is the
accuracy, but for the tails that ``last_input_kernel`` leaves out, 2^-23 at most.

``last-input-pieces`` finds the same integrals along the same points, for fewer operations: the
network is rewritten so that its input weights are -1 or 1, and points that switch on the same
neurons in the first steps share the matrix of these steps (see ``pieces_kernel``).
"""

from __future__ import annotations

from functools import partial

import numpy as np

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.directions import directions, reach
from algzoo_exact.race.entries.last_input_kernel import contrasts
from algzoo_exact.race.entries.pieces_kernel import accuracies, found_on, narrow, planted_for
from algzoo_exact.race.estimator import Entry, Found


def _from_misses(
    shared: bool, program: Program, task: Task, budget: float, seed: int
) -> Found | None:
    """1 less the mean of weights times 1 - accuracy, over the directions that ``budget`` pays
    for."""
    m = task.seq_len - 1
    w_in, w_hh, w_out, tree, flops = planted_for(program, budget, m, shared=shared)
    gaps = contrasts(w_in, w_out)
    # The contrasts, the input weights times the limit, and the last line's division and
    # subtraction.
    flops += 2 * gaps[0].size + len(w_in) + 2
    missed, points, number = 0.0, 0, 0
    while True:
        chunk = directions(m, seed, number)
        values = np.empty(len(chunk.points))
        given = chunk.points, chunk.order, chunk.ends
        done, spent = accuracies(
            w_in, w_hh, tree, gaps, *given, reach(m), int(budget) - flops, values
        )
        missed += float(chunk.weights[:done] @ (1 - values[:done]))
        flops, points, number = flops + spent, points + done, number + 1
        if done < len(values):
            break
    return Found(1 - missed / points, flops, found_on(tree, points)) if points else None


def _long(program: Program, task: Task) -> str | None:
    fits = task.rank == 1 and task.seq_len >= 3
    return None if fits else "for 2nd_argmax on three inputs or more"


LAST_INPUT = Entry(
    "last-input",
    "cubature",
    "exact over the last input and the radius, Sobol points by order else",
    partial(_from_misses, False),
    (_long,),
    seeded=True,
)
LAST_INPUT_PIECES = Entry(
    "last-input-pieces",
    "cubature",
    "last-input, where points share the linear pieces of the early steps",
    partial(_from_misses, True),
    (_long, narrow),
    seeded=True,
)
