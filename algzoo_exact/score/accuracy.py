"""The accuracy: the measure of the cells on which the answer is right, times what ties earn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction

from flint import arb

from algzoo_exact.arrays import F64
from algzoo_exact.deadline import Deadline
from algzoo_exact.exact.enclosure import Enclosure, to_arb
from algzoo_exact.geometry.cone import dot
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule, check_scored, credit_for
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import BOUNDARY, CONES
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.closed_form import Terms
from algzoo_exact.score.direction import Direction, directions, top_logits
from algzoo_exact.score.metric import Integral, Metric, Piece
from algzoo_exact.score.rigorous import Cell, boundary_flow, flow_of, turning_facets


class RightMass(Integral):
    """Credit times measure, by the flow over the boundary (``score.rigorous``)."""

    wide = 1e-9  # most cells are far below

    def grain(self, start: Start) -> int:
        """A cone that is right as a whole has the facets of the cells that it consists of, but for
        those inside it, which no margin vanishes on: it is left out unless its own walls turn."""
        turning = any(dot(row, self.direction.u) for row in start.rows[: start.outer])
        return CONES if turning else BOUNDARY

    def at_zero(self, start: Start) -> Fraction:
        assert self.ties is not None
        around = zip(self.direction.shares(start), self.direction.around, strict=True)
        return sum(
            (share * credit_for(start.label, top, self.ties) for share, top in around), Fraction(0)
        )

    def value(self, cell: Cell) -> arb:
        return boundary_flow(self.search, cell, self.direction.u) * to_arb(cell.credit)

    def kernel(self, start: Start) -> Callable[[Cells], F64]:
        from algzoo_exact.score.boundary_balls import flow_kernel

        return flow_kernel(self.search, start, self.direction.u)

    def closed(self, cell: Cell, terms: Terms) -> None:
        """n = 2: flow = - sum_F atan(M) / (2 pi). n = 3: - sum_(F,G) atan(M) / (4 pi). M^2 is
        rational; equal slopes are merged, so whatever cancels does so exactly."""
        flow = flow_of(self.search, cell, self.direction.u)
        for face in turning_facets(flow, self.search, cell):
            terms.add_flow(flow, face, cell.credit)


def _pieces(program: Program, task: Task, deadline: Deadline) -> tuple[Piece, ...]:
    starts = starting_cones(task)
    if not task.symmetric:  # cells are not congruent
        return tuple(Piece((start,)) for start in starts)
    mass = Fraction(2, len(starts))
    return tuple(Piece(pair, mass) for pair in zip(starts[::2], starts[1::2], strict=True))


def _directions(program: Program, task: Task) -> Iterator[Direction]:
    starts = starting_cones(task)
    mass = Fraction(2, len(starts))
    return directions(program, starts, mass, top_logits, diagonal=task.symmetric)


def _known(program: Program | Transformer, task: Task) -> tuple[Enclosure, str]:
    return Enclosure(Fraction(0), Fraction(1)), "a probability"


def _check(program: Program | Transformer, task: Task, ties: TieRule | None) -> None:
    check_scored(program, task, str(ties))


def _scores(task: Task) -> bool:
    return not task.is_numeric


ACCURACY = Metric(
    name="accuracy",
    words="accuracy",
    over="boundary of the correct set",
    flow="boundary flow",
    constant="pattern and label",
    root="",
    scores=_scores,
    check=_check,
    known=_known,
    pieces=_pieces,
    directions=_directions,
    integral=RightMass,
    kernels=("search", "facets", "flows"),
    ball_seconds={4: 8e-4, 5: 1.5e-3, 6: 6e-3},
    float_seconds={4: 3e-5, 5: 6e-5, 6: 3e-4, 7: 8e-4, 8: 3e-3, 9: 1e-2},
    of_labels=True,
)
