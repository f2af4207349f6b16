"""A model where all but a few inputs are 0, and those are positive: exact shares of right answers.

On x = E y, with the columns of E unit vectors, a model is one of fewer inputs, so that what is out
of reach in ten dimensions is exact in two, three or four. There is a case for each order of the
positive inputs, a cone y_1 > y_2 > .. > y_k > 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import share
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.processes import Workers
from algzoo_exact.program.ir import Program, on_subspace
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.regions.enumerate import cells
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.pool import outcomes
from algzoo_exact.score.result import Progress

MOST_POSITIVE = 4
_DIGITS = 16


@dataclass(frozen=True)
class OrderedCase:
    """The inputs at ``positions`` are positive, the first the largest and so on; all others are 0.

    ``share`` is the part of these inputs on which the answer is right, in the measure of a standard
    Gaussian on the positive ones; None where ``label`` is: there the label is one of several zeros.
    ``cells`` counts the cones of constant pattern and answer.
    """

    positions: tuple[int, ...]
    label: int | None
    share: Enclosure | None
    cells: int


@dataclass(frozen=True)
class Section:
    """All ordered cases of so many positive inputs, in the order of their positions; ``left_out``
    is the number of those that there was no time for."""

    cases: tuple[OrderedCase, ...]
    left_out: int

    @property
    def always(self) -> tuple[OrderedCase, ...]:
        """The cases in which the answer is right throughout."""
        return tuple(c for c in self.cases if c.share is not None and c.share.lower == 1)


def positive_inputs(
    model: Program | HasProgram,
    count: int = 2,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    workers: Workers = 2,
    progress: Progress | None = None,
) -> Section:
    """The share of right answers in each ordered case of ``count`` positive inputs, 1 to 4, all
    others 0.

    InputError for sizes that do not fit, and a task that asks for a number.
    """
    program, chosen = lift(model), task_of(model, task)
    check_fit(program, chosen, ties)
    demand(count, int, "The number of positive inputs is a whole number")
    if not 1 <= count <= min(MOST_POSITIVE, chosen.seq_len):
        most = min(MOST_POSITIVE, chosen.seq_len)
        raise InputError(f"From 1 to {most} inputs can be positive, not {count}.")
    deadline = Deadline.after(time_limit)
    orders = list(permutations(range(chosen.seq_len), count))
    found: dict[tuple[int, ...], OrderedCase] = {}
    work = _Work(program, chosen, ties)
    for order, case in outcomes(orders[::-1], work, deadline, workers):
        found[order] = case
        if progress is not None:
            progress(len(found) / len(orders), f"{len(found):,} of {len(orders):,} cases")
    cases = tuple(found[order] for order in orders if order in found)
    return Section(cases, len(orders) - len(cases))


@dataclass(frozen=True)
class _Work:
    """One ordered case."""

    program: Program
    task: Task
    ties: TieRule

    def __call__(self, order: Sequence[int]) -> OrderedCase:
        n, k = self.task.seq_len, len(order)
        positions = tuple(order)
        cone = Cone.from_inequalities(_descending(k))
        assert cone is not None
        point = [Fraction(0)] * n
        for i, value in zip(positions, range(k, 0, -1), strict=True):
            point[i] = Fraction(value)
        label = self.task.label(point)
        if label not in positions and n - k > 1:
            return OrderedCase(positions, None, None, 0)
        basis = [[int(position == i) for position in positions] for i in range(n)]
        program = on_subspace(self.program, basis)
        found = list(cells(program, self.task, ties=self.ties, starts=(Start(label, cone),)))
        credits = {cell.credit for cell in found}
        if len(credits) == 1:
            return OrderedCase(positions, label, Enclosure.exactly(credits.pop()), len(found))
        right = Enclosure.exactly(0)
        for cell in found:
            if cell.credit:
                right = right.plus(cell.measure(_DIGITS).times(cell.credit))
        whole = cone_measure(cone, digits=_DIGITS)
        return OrderedCase(positions, label, share(right, whole), len(found))


def _descending(k: int) -> list[IntVector]:
    """y_1 > y_2 > .. > y_k > 0."""
    return [tuple((c == i) - (c == i + 1) for c in range(k)) for i in range(k)]
