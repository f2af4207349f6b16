"""``sampling-thrifty`` with the early steps' linear pieces shared: the sampler for
``last-input-pieces`` to be held against, since what that one spares a sampler can spare too."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.last_input_kernel import early_steps
from algzoo_exact.race.entries.pieces_kernel import (
    WIDEST,
    in_units,
    planted,
    right_answers_by_pieces,
)
from algzoo_exact.race.entries.thrifty import THRIFTY, right_among
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant


@dataclass(frozen=True)
class PiecesSampler:
    """The mean of right answers over independent inputs; the lowest index wins ties."""

    name: str = "sampling-pieces"
    kind: Kind = "sampled"
    summary: str = "sampling-thrifty, where inputs share the linear pieces of the early steps"
    seeded: bool = True
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        if THRIFTY.fits(program, task) is not None:
            return f"{self.name} is for tasks with a label, on three inputs or more."
        if program.hidden_size > WIDEST:
            return f"{self.name} is for {WIDEST} neurons at most."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        signs, w_hh, w_out, flops = in_units(*rounded_weights(program))
        bends, first, second, spent = early_steps(signs, w_hh)
        room = int(budget) // (2 * len(signs) ** 2 * task.seq_len)
        tree = planted(bends, first, second, room)

        def answers(
            x: NDArray[np.float64], labels: NDArray[np.int64], left: int
        ) -> tuple[int, int, int]:
            return right_answers_by_pieces(signs, w_hh, w_out, tree, x, labels, left)

        points, right, flops = right_among(program, task, seed, budget, flops + spent, answers)
        if not points:
            return None
        seconds = time.perf_counter() - began
        details = {"points": points, "pieces": int(tree.used[1])}
        return Estimate(right / points, self.kind, flops, seconds, details)


SAMPLING_PIECES = PiecesSampler()
