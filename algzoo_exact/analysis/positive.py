"""A model where all but a few inputs are 0, and those are positive: exact shares of right answers.

There is a case for each order of the positive inputs, a cone y_1 > y_2 > .. > y_k > 0 of a section.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from itertools import combinations, permutations
from math import factorial
from typing import TypeAlias

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import share
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.floats import exact_weights
from algzoo_exact.program.ir import Program, on_subspace
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.regions.enumerate import Cell, cells_below
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cone_jobs import Job, Part
from algzoo_exact.score.cones import Precision, Setup, decide
from algzoo_exact.score.direction import directions, top_logits
from algzoo_exact.score.question import Question
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened

MOST_POSITIVE = 4
IN_INTEGERS_UP_TO = 3
_DIGITS, _BITS = 16, 100


@dataclass(frozen=True)
class OrderedCase(Shown):
    """The inputs at ``positions`` are positive, the first the largest and so on; all others are 0.

    ``share`` is the part of these inputs on which the answer is right, in the measure of a standard
    Gaussian on the positive ones; None where ``label`` is: there it is one of several zeros.
    ``margin``, for up to three positive inputs, is the least of the label's logit less the largest
    other one, where the largest input is 1. It is 0 at most, as labels meet; where answers are
    wrong, it says by how much at most. ``cells`` counts the cones of constant pattern and answer,
    or of constant pattern.
    """

    positions: tuple[int, ...]
    label: int | None
    share: Enclosure | None
    margin: Fraction | None
    cells: int


_Scored: TypeAlias = Callable[[tuple[int, ...], tuple[int, ...], Start], OrderedCase]


@dataclass(frozen=True)
class OrderedCases(Shown):
    """All ordered cases of so many positive inputs, in the order of their positions; ``left_out``
    is the number of those that there was no time for."""

    cases: tuple[OrderedCase, ...]
    left_out: int

    @property
    def always(self) -> tuple[OrderedCase, ...]:
        """The cases in which the answer is right throughout."""
        return tuple(c for c in self.cases if c.share is not None and c.share.lower == 1)


@shows_progress("sections")
def positive_inputs(
    model: Program | HasProgram,
    count: int = 2,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    workers: Workers = 2,
    state: Place = None,
    progress: Progress | None = None,
) -> OrderedCases:
    """The share of right answers in each ordered case of ``count`` positive inputs, 1 to 4, all
    others 0; with a ``state``, the same call goes on after a kill.

    InputError for sizes that do not fit, and a task that asks for a number.
    """
    program, chosen = lift(model), task_of(model, task)
    check_fit(program, chosen, ties)
    demand(count, int, "The number of positive inputs is a whole number")
    if not 1 <= count <= min(MOST_POSITIVE, chosen.seq_len):
        most = min(MOST_POSITIVE, chosen.seq_len)
        raise InputError(f"From 1 to {most} inputs can be positive, not {count}.")
    deadline = Deadline.after(time_limit)
    sets = list(combinations(range(chosen.seq_len), count))
    found: dict[tuple[int, ...], OrderedCase] = {}
    work, run = PositiveSet(program, chosen, ties), partial(identity, "sections", (program,))
    with opened(state, lambda: run(chosen, ties) | {"positive": count}) as place:
        kept = Kept[tuple[int, ...], list[OrderedCase]](
            place, lambda positions: f"positive {positions}", list[OrderedCase]
        )
        for done, (_, some) in enumerate(outcomes(sets[::-1], work, deadline, workers, kept), 1):
            found |= {case.positions: case for case in some}
            if progress is not None:
                progress(done / len(sets), f"{len(found):,} cases")
    orders = list(permutations(range(chosen.seq_len), count))
    cases = tuple(found[order] for order in orders if order in found)
    return OrderedCases(cases, len(orders) - len(cases))


@dataclass(frozen=True)
class PositiveSet:
    """All ordered cases of one set of positive inputs, which are called by their positions."""

    program: Program
    task: Task
    ties: TieRule

    def __call__(self, positions: Sequence[int]) -> list[OrderedCase]:
        basis = [[int(p == i) for p in positions] for i in range(self.task.seq_len)]
        program = on_subspace(self.program, basis)
        orders = permutations(range(len(positions)))
        starts = {order: self._start(positions, order) for order in orders}
        if len(positions) > IN_INTEGERS_UP_TO:
            score = self._by_flow(program, [start for start in starts.values() if start])
        else:
            score = partial(self._by_cells, ExactSearch(program, None))
        return [
            score(tuple(positions[c] for c in order), order, start)
            if start
            else OrderedCase(tuple(positions[c] for c in order), None, None, None, 0)
            for order, start in starts.items()
        ]

    def _by_cells(
        self, search: ExactSearch, chosen: tuple[int, ...], order: tuple[int, ...], start: Start
    ) -> OrderedCase:
        """In exact integers, each cell by itself."""
        found = list(cells_below(search, start, self.ties))
        least = min(_margin(cell, order[0]) for cell in found)
        return OrderedCase(chosen, start.label, _share(found), least, len(found))

    def _by_flow(self, program: Program, starts: Sequence[Start]) -> _Scored:
        """By compiled code, as accuracies."""
        none = Fraction(0)
        direction = next(directions(program, starts, none, top_logits, diagonal=False), None)
        assert direction is not None
        floats = exact_weights(program) is not None
        precision = Precision(_BITS, Fraction(1, 2**_BITS), floats, None)
        setup = Setup(Question(ACCURACY, program, self.task, self.ties), direction, precision)

        def score(chosen: tuple[int, ...], order: tuple[int, ...], start: Start) -> OrderedCase:
            part = decide(setup, Job(0, start, 1.0))
            assert isinstance(part, Part), "no limit is set"
            right = share(part.value, _whole(len(order)))
            return OrderedCase(chosen, start.label, right, None, part.leaves)

        return score

    def _start(self, positions: Sequence[int], order: tuple[int, ...]) -> Start | None:
        """The cone of one order and its label, None where several zeros have it."""
        n, k = self.task.seq_len, len(order)
        point = [Fraction(0)] * n
        for c, value in zip(order, range(k, 0, -1), strict=True):
            point[positions[c]] = Fraction(value)
        label = self.task.label(point)
        cone = Cone.from_inequalities(_descending(order))
        assert cone is not None
        return Start(label, cone) if label in positions or n - k == 1 else None


def _whole(k: int) -> Enclosure:
    """The measure of y_1 > .. > y_k > 0."""
    return Enclosure.exactly(Fraction(1, 2**k * factorial(k)))


def _share(found: list[Cell]) -> Enclosure:
    """What is earned of one order, which consists of these cells. Of the right and the wrong cells,
    the fewer are measured."""
    right = [cell for cell in found if cell.credit]
    wrong = [cell for cell in found if cell.credit != 1]
    if not wrong:
        return Enclosure.exactly(1)
    if not right:
        return Enclosure.exactly(0)
    few, of_one = (right, 0) if len(right) <= len(wrong) else (wrong, 1)
    part = total(cell.measure(_DIGITS).times(abs(of_one - cell.credit)) for cell in few)
    given = share(part, _whole(found[0].cone.dimension))
    return given.complement if of_one else given


def _margin(cell: Cell, largest: int) -> Fraction:
    """The least of logit[label] - logit[k] over all other k, on the part of a cell where input
    ``largest`` is 1: it is concave there, so that it is least at a ray."""
    label = cell.logit_rows[cell.label]
    return min(
        Fraction(dot(label, ray) - dot(row, ray), ray[largest] * cell.logit_scale)
        for ray in cell.cone.rays
        for k, row in enumerate(cell.logit_rows)
        if k != cell.label
    )


def _descending(order: Sequence[int]) -> list[IntVector]:
    """y_a > y_b > .. > 0 for the ``order`` a, b, .."""
    k = len(order)
    steps = zip(order, [*order[1:], k], strict=True)
    return [tuple((c == a) - (c == b) for c in range(k)) for a, b in steps]
