"""Entries that evaluate the network on points: random ones (the baseline), and Sobol points.

A point is charged what a random sample is, ``sample_cost``; drawing points is free for all alike.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import torch

from algzoo_exact.errors import FloatRangeError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import INPUT_KEY, READOUT_KEY, RECURRENT_KEY
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.designs import (
    CHUNK,
    Chunk,
    random_chunk,
    sobol_chunk,
    sobol_order_chunk,
)
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant
from algzoo_exact.runtime.rnn_kernel import rnn_outcomes
from algzoo_exact.zoo.architectures import to_state


@dataclass(frozen=True)
class PointEstimator:
    """The mean of right answers over points, in float32; the lowest index wins ties.

    ``whole_powers``: only numbers of points that are powers of two, at which Sobol points are
    balanced.
    """

    name: str
    kind: Kind
    summary: str
    chunk: Chunk
    whole_powers: bool
    seeded: bool = True
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        if not task.is_index:
            return f"{self.name} is for tasks with a label for each Gaussian input."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        points = int(budget // sample_cost(program))
        if self.whole_powers and points:
            points = 1 << (points.bit_length() - 1)
        if not points:
            return None
        size = min(CHUNK, 1 << (points - 1).bit_length())
        right = 0
        for number in range(-(-points // size)):
            x, labels = self.chunk(task, size, seed, number)
            right += count_right(program, x, labels, min(size, points - number * size))
        return Estimate(
            right / points,
            self.kind,
            points * sample_cost(program),
            time.perf_counter() - began,
            {"points": points},
        )


def count_right(program: Program, x: np.ndarray, labels: np.ndarray, count: int) -> int:
    """How many of the first ``count`` inputs of ``x`` (n, N), float32, are answered rightly."""
    state = to_state(program, torch.float32)
    w_hi = state[INPUT_KEY][:, 0].numpy()
    w_hh, w_oh = (state[key].numpy() for key in (RECURRENT_KEY, READOUT_KEY))
    tied, lowest = np.empty(count, np.int32), np.empty(count, np.bool_)
    if not rnn_outcomes(w_hi, w_hh, w_oh, x, labels, 0, count, tied, lowest):
        raise FloatRangeError("The logits overflow in float32.")
    return int(lowest.sum())


SAMPLING = PointEstimator(
    "sampling", "sampled", "independent random inputs: the baseline", random_chunk, False
)
SOBOL = PointEstimator(
    "sobol", "cubature", "scrambled Sobol points instead of random ones", sobol_chunk, True
)
SOBOL_ORDER = PointEstimator(
    "sobol-order",
    "cubature",
    "scrambled Sobol points in coordinates that begin with the largest inputs",
    sobol_order_chunk,
    True,
)
