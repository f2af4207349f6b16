"""Entries that evaluate the network on points: random ones (the baseline), and Sobol points.

A point is charged what a random sample is, ``sample_cost``; drawing points is free for all alike.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from algzoo_exact.errors import FloatRangeError
from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.designs import (
    CHUNK,
    Chunk,
    random_chunk,
    sobol_chunk,
    sobol_order_chunk,
)
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.estimator import Entry, Found, Kind, with_labels
from algzoo_exact.runtime.rnn_kernel import rnn_outcomes


def _share_right(
    chunk: Chunk, program: Program, task: Task, budget: float, seed: int
) -> Found | None:
    """The mean of right answers over points, in float32; the lowest index wins ties."""
    points = int(budget // sample_cost(program))
    if chunk is not random_chunk and points:
        points = 1 << (points.bit_length() - 1)  # at powers of two Sobol points are balanced
    if not points:
        return None
    size = min(CHUNK, 1 << (points - 1).bit_length())
    right = 0
    for number in range(-(-points // size)):
        x, labels = chunk(task, size, seed, number)
        right += count_right(program, x, labels, min(size, points - number * size))
    return Found(right / points, points * sample_cost(program), {"points": points})


def count_right(program: Program, x: np.ndarray, labels: np.ndarray, count: int) -> int:
    """How many of the first ``count`` inputs of ``x`` (n, N), float32, are answered rightly."""
    w_hi, w_hh, w_oh = (w.astype(np.float32) for w in rounded_weights(program))
    _, lowest, finite = rnn_outcomes(w_hi, w_hh, w_oh, x, labels[:count])
    if not finite:
        raise FloatRangeError("The logits overflow in float32.")
    return int(lowest.sum())


def _by(name: str, kind: Kind, summary: str, chunk: Chunk) -> Entry:
    return Entry(name, kind, summary, partial(_share_right, chunk), (with_labels,), seeded=True)


SAMPLING = _by("sampling", "sampled", "independent random inputs: the baseline", random_chunk)
SOBOL = _by("sobol", "cubature", "scrambled Sobol points instead of random ones", sobol_chunk)
SOBOL_ORDER = _by(
    "sobol-order",
    "cubature",
    "scrambled Sobol points in coordinates that begin with the largest inputs",
    sobol_order_chunk,
)
