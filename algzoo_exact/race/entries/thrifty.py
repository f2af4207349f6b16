"""Random sampling that spares what can be spared: the best sampler to set beside ``last-input``.

The first two steps come from a table, and neurons at 0 cost no products. Every operation that is
left is counted, ReLUs and argmax too, unlike those of the baseline.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.designs import CHUNK, random_chunk
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.entries.last_input_kernel import early_steps, right_answers
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant

Answers = Callable[[NDArray[np.float64], NDArray[np.int64], int], tuple[int, int, int]]
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


@dataclass(frozen=True)
class ThriftySampler:
    """The mean of right answers over independent inputs; the lowest index wins ties."""

    name: str = "sampling-thrifty"
    kind: Kind = "sampled"
    summary: str = "random inputs, the first two steps tabulated, neurons at 0 skipped"
    seeded: bool = True
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        if not task.is_index or task.seq_len < 3:
            return f"{self.name} is for tasks with a label, on three inputs or more."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        w_in, w_hh, w_out = rounded_weights(program)
        bends, first, second, flops = early_steps(w_in, w_hh)

        def answers(
            x: NDArray[np.float64], labels: NDArray[np.int64], left: int
        ) -> tuple[int, int, int]:
            return right_answers(w_in, w_hh, w_out, (bends, first, second), x, labels, left)

        points, right, flops = right_among(program, task, seed, budget, flops, answers)
        if not points:
            return None
        seconds = time.perf_counter() - began
        return Estimate(right / points, self.kind, flops, seconds, {"points": points})


THRIFTY = ThriftySampler()
