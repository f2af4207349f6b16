"""``last-input`` with the early steps' linear pieces shared between points.

The same points and the same integrals, for fewer operations: the network is rewritten so that its
input weights are -1 or 1, and points that switch on the same neurons in the first steps share the
matrix of these steps (see ``pieces_kernel``).
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.directions import Directions, reach
from algzoo_exact.race.entries.last_input import LAST_INPUT, Floats, sum_of_misses
from algzoo_exact.race.entries.last_input_kernel import contrasts, early_steps
from algzoo_exact.race.entries.pieces_kernel import (
    WIDEST,
    accuracies_by_pieces,
    in_units,
    planted,
)
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant


@dataclass(frozen=True)
class LastInputPieces:
    """Exact along the last input and the radius; points by order share early linear pieces."""

    name: str = "last-input-pieces"
    kind: Kind = "cubature"
    summary: str = "last-input, where points share the linear pieces of the early steps"
    seeded: bool = True
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        if LAST_INPUT.fits(program, task) is not None:
            return f"{self.name} is for 2nd_argmax on three inputs or more."
        if program.hidden_size > WIDEST:
            return f"{self.name} is for {WIDEST} neurons at most."
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        m, d = task.seq_len - 1, program.hidden_size
        signs, w_hh, w_out, flops = in_units(*rounded_weights(program))
        bends, first, second, spent = early_steps(signs, w_hh)
        gaps = contrasts(signs, w_out)
        # The contrasts, the signs times the limit, and the last line's division and subtraction.
        flops += spent + 2 * gaps[0].size + d + 2
        tree = planted(bends, first, second, int(budget) // (2 * d * d * m))

        def along(chunk: Directions, left: int, values: Floats) -> tuple[int, int]:
            given = chunk.points, chunk.order, chunk.ends
            return accuracies_by_pieces(signs, w_hh, tree, gaps, *given, reach(m), left, values)

        missed, points, spent = sum_of_misses(m, seed, int(budget) - flops, along)
        if not points:
            return None
        return Estimate(
            1 - missed / points,
            self.kind,
            flops + spent,
            time.perf_counter() - began,
            {"points": points, "pieces": int(tree.used[1])},
        )


LAST_INPUT_PIECES = LastInputPieces()
