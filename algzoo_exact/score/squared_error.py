"""The mean squared error E[(f(x) - median(x))^2] of a program that should give the median.

The C value cells of the median are congruent, so each has mass 1/C. With |f - median| <= L |x| on a
cell, it adds L^2 n / C at most, because E[|x|^2; C] = n P(C) for a cone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from flint import arb

from algzoo_exact.arrays import F64
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import dot
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.bends import Errors
from algzoo_exact.score.closed_form import Terms
from algzoo_exact.score.direction import Direction, directions, pattern_near
from algzoo_exact.score.linear_parts import largest_slope, whole_space_bounds
from algzoo_exact.score.metric import Integral, Metric, Piece
from algzoo_exact.score.rigorous import Cell, flow_of


class ErrorSquares(Integral):
    """The squared error, by the walls where it bends (``score.bends``)."""

    wide = sys.float_info.max  # errors have no scale of their own

    def __init__(
        self, program: Program, task: Task, ties: TieRule | None, direction: Direction,
        compiled: bool,
    ) -> None:  # fmt: skip
        super().__init__(program, task, None, direction, compiled)  # numbers do not tie
        self.errors = Errors(program, task)

    def at_zero(self, start: Start) -> Fraction:
        total = Fraction(0)
        for share, bits in zip(self.direction.shares(start), self.direction.around, strict=True):
            if share:
                a = self.errors.error(bits, start.label)
                total += share * Fraction(dot(a, a), self.errors.unit**2)
        return total

    def value(self, cell: Cell) -> arb:
        flow = flow_of(self.search, cell, self.direction.u)
        unit = arb(self.errors.unit)
        error = [c / unit for c in self.errors.error(cell.bits, cell.start.label)]
        bends = list(self.errors.bends(cell, flow))
        total = arb(0)
        for bend, turned in zip(bends, flow.flows([bend.face for bend in bends]), strict=True):
            length = arb(dot(bend.normal, bend.normal)).sqrt()
            total += turned * bend.weight / (unit * unit)
            total += flow.moment(bend.face, error) * bend.jump / (unit * length)
        return total / (2 * arb.pi())

    def kernel(self, start: Start) -> Callable[[Cells], F64]:
        from algzoo_exact.score.bend_balls import square_kernel

        return square_kernel(self.search, self.task, start, self.direction.u)

    def closed(self, cell: Cell, terms: Terms) -> None:
        flow = flow_of(self.search, cell, self.direction.u)
        a = self.errors.error(cell.bits, cell.start.label)
        square = self.errors.unit**2
        for bend in self.errors.bends(cell, flow):
            if dot(bend.normal, self.direction.u) != 0:
                terms.add_flow(flow, bend.face, Fraction(bend.weight, square))
            factor = Fraction(bend.jump, 2 * square * dot(bend.normal, bend.normal))
            for coefficient, radicand in flow.exact_moment(bend.face, a):
                terms.roots[radicand] += factor * coefficient


def _pieces(program: Program, task: Task, deadline: Deadline) -> Sequence[Piece]:
    starts = starting_cones(task)
    values = [cell.value for cell in task.value_cells()]
    mass = Fraction(2, len(starts))
    found = []
    for pair in zip(starts[::2], starts[1::2], strict=True):
        deadline.look()
        slope = max(largest_slope(program, values[s.label], s.cone) for s in pair)
        found.append(Piece(pair, mass, slope**2 * task.seq_len))
    return found


def _directions(program: Program, task: Task) -> Iterator[Direction]:
    starts = starting_cones(task)
    return directions(program, starts, Fraction(2, len(starts)), pattern_near)


def _known(program: Program | Transformer, task: Task) -> tuple[Enclosure, str]:
    assert isinstance(program, Program)
    problem = task.problem
    assert problem.from_mean is not None
    return whole_space_bounds(program, problem.from_mean(task.seq_len)), "norms of linear parts"


def _check(program: Program | Transformer, task: Task, ties: TieRule | None) -> None:
    if not isinstance(program, Program) or program.outputs != 1:
        outputs = "a transformer" if isinstance(program, Transformer) else str(program.outputs)
        raise InputError(
            f"A squared error needs a program with one output, not {outputs}; "
            "models with a logit for each input are scored by accuracy()."
        )
    if not task.is_numeric:
        raise InputError(f"{task.name} asks for a label; score it by accuracy().")
    if task.seq_len != program.seq_len:
        raise InputError(
            f"{task.name} on {task.seq_len} inputs needs a program with as many inputs, "
            f"not {program.seq_len}."
        )


def _scores(task: Task) -> bool:
    return task.is_numeric


SQUARED_ERROR = Metric(
    name="mean_squared_error",
    words="mean squared error",
    over="walls where the error bends",
    flow="walls where the error bends,",
    constant="pattern and median",
    root="root mean squared error",
    scores=_scores,
    check=_check,
    known=_known,
    pieces=_pieces,
    directions=_directions,
    integral=ErrorSquares,
    kernels=("search", "facets", "squares"),
    ball_seconds={4: 3e-3, 5: 7e-3, 6: 6e-2},
    float_seconds={4: 1e-4, 5: 1e-4, 6: 1e-4, 7: 1e-3, 9: 1e-2},
    of_labels=False,
)
