"""The entry that integrates exactly over the last input and the radius.

Over what is left, the direction of all inputs but the last, it takes a mean over a randomised
sequence of points (see ``directions``): what each point misses, times its weight, is subtracted
from 1. Misses are few, so that the weights add little noise. The mean over seeds is the
accuracy, but for the tails that ``last_input_kernel`` leaves out, 2^-23 at most.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from algzoo_exact.estimators.base import Estimate, Kind
from algzoo_exact.estimators.directions import directions, reach
from algzoo_exact.estimators.last_input_kernel import accuracies, contrasts, early_steps
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task


@dataclass(frozen=True)
class LastInput:
    """Exact along the last input and the radius; Sobol points in order coordinates else."""

    name: str = "last-input"
    kind: Kind = "cubature"
    summary: str = "exact over the last input and the radius, Sobol points by order else"
    seeded: bool = True

    def fits(self, program: Program, task: Task) -> str | None:
        if task.name != "2nd_argmax" or task.seq_len < 3:
            return f"{self.name} is for 2nd_argmax on three inputs or more."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        m = task.seq_len - 1
        w_in = np.array([float(w) for w in program.input_weights])
        w_hh, w_out = (
            np.array([[float(w) for w in row] for row in matrix])
            for matrix in (program.recurrent, program.readout)
        )
        bends, first, second, flops = early_steps(w_in, w_hh)
        early = bends, first, second
        gaps = contrasts(w_in, w_out)
        # Here too: the input weights times the limit, and the last line's division and subtraction.
        flops += 2 * gaps[0].size + len(w_in) + 2
        missed, points, number = 0.0, 0, 0
        while True:
            chunk = directions(m, seed, number)
            values = np.empty(len(chunk.points))
            done, spent = accuracies(
                w_in,
                w_hh,
                early,
                gaps,
                chunk.points,
                chunk.order,
                chunk.ends,
                reach(m),
                int(budget) - flops,
                values,
            )
            missed += float(chunk.weights[:done] @ (1 - values[:done]))
            flops += spent
            points += done
            number += 1
            if done < len(values):
                break
        if not points:
            return None
        value = 1 - missed / points
        return Estimate(value, self.kind, flops, time.perf_counter() - began, {"points": points})


LAST_INPUT = LastInput()
