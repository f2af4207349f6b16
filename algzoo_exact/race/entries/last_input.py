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

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.directions import Directions, directions, reach
from algzoo_exact.race.entries.last_input_kernel import contrasts, early_steps
from algzoo_exact.race.entries.pieces_kernel import accuracies, narrow, planted_for
from algzoo_exact.race.estimator import Entry, Found

Floats = NDArray[np.float64]

Along = Callable[[Directions, int, Floats], tuple[int, int]]
"""Writes the accuracies of a chunk's directions into an array, as far as a budget lasts; returns
how many that are and what they cost, their shares in a weighted sum included."""


def sum_of_misses(m: int, seed: int, budget: int, along: Along) -> tuple[float, int, int]:
    """Weights times 1 - accuracy, summed over the directions of m inputs that ``budget`` pays for.

    Returns the sum, the number of directions and the operations.
    """
    missed, points, flops, number = 0.0, 0, 0, 0
    while True:
        chunk = directions(m, seed, number)
        values = np.empty(len(chunk.points))
        done, spent = along(chunk, budget - flops, values)
        missed += float(chunk.weights[:done] @ (1 - values[:done]))
        flops += spent
        points += done
        number += 1
        if done < len(values):
            return missed, points, flops


def _by_table(program: Program, task: Task, budget: float, seed: int) -> Found | None:
    m = task.seq_len - 1
    w_in, w_hh, w_out = rounded_weights(program)
    bends, first, second, flops = early_steps(w_in, w_hh)
    early = bends, first, second
    gaps = contrasts(w_in, w_out)
    # Here too: the input weights times the limit, and the last line's division and subtraction.
    flops += 2 * gaps[0].size + len(w_in) + 2

    def along(chunk: Directions, left: int, values: Floats) -> tuple[int, int]:
        given = chunk.points, chunk.order, chunk.ends
        return accuracies(w_in, w_hh, early, None, gaps, *given, reach(m), left, values)

    missed, points, spent = sum_of_misses(m, seed, int(budget) - flops, along)
    return Found(1 - missed / points, flops + spent, {"points": points}) if points else None


def _by_pieces(program: Program, task: Task, budget: float, seed: int) -> Found | None:
    m = task.seq_len - 1
    signs, w_hh, w_out, tree, flops = planted_for(program, budget, m)
    gaps = contrasts(signs, w_out)
    # The contrasts, the signs times the limit, and the last line's division and subtraction.
    flops += 2 * gaps[0].size + len(signs) + 2

    def along(chunk: Directions, left: int, values: Floats) -> tuple[int, int]:
        given = chunk.points, chunk.order, chunk.ends
        return accuracies(signs, w_hh, None, tree, gaps, *given, reach(m), left, values)

    missed, points, spent = sum_of_misses(m, seed, int(budget) - flops, along)
    details = {"points": points, "pieces": int(tree.used[1])}
    return Found(1 - missed / points, flops + spent, details) if points else None


def _long(program: Program, task: Task) -> str | None:
    fits = task.rank == 1 and task.seq_len >= 3
    return None if fits else "for 2nd_argmax on three inputs or more"


LAST_INPUT = Entry(
    "last-input",
    "cubature",
    "exact over the last input and the radius, Sobol points by order else",
    _by_table,
    (_long,),
    seeded=True,
)
LAST_INPUT_PIECES = Entry(
    "last-input-pieces",
    "cubature",
    "last-input, where points share the linear pieces of the early steps",
    _by_pieces,
    (_long, narrow),
    seeded=True,
)
