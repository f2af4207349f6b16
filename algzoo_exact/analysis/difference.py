"""Where two models differ: cones on which they answer differently, or how far their numbers are
apart.

The answers (a, b) of two programs side by side are the largest of the logits A_j + B_l, over all
(j, l); the lowest of several is that pair of lowest indices. To decide whether it is (a, b), those
count that differ from it in one place. So what finds the cells of one program finds those of two,
all pairs in one search; cones on which bounds at their rays settle the pair are not split further.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.arrays import F64, I64
from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, ball_sum, square_root
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.processes import Workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.ir import Program, side_by_side
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.problem import Problem, ValueCell
from algzoo_exact.program.problems.median import MEDIAN
from algzoo_exact.program.task import Task, check_fit
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.regions.exact_search import CONES
from algzoo_exact.regions.starts import EACH, open_mass, starting_cones
from algzoo_exact.score.compute import answer
from algzoo_exact.score.question import Question
from algzoo_exact.score.squared_error import SQUARED_ERROR
from algzoo_exact.shown import Shown
from algzoo_exact.state import Place, opened

_MOST_DECIMALS = 17  # of an input near a point in floats


@dataclass(frozen=True)
class DifferentCell(Shown):
    """A cone of inputs on which two models give two answers; ``input`` lies in it, or is None where
    the cone is too thin for floats."""

    probability: Enclosure
    label: int
    answers: tuple[int, int]
    input: tuple[Decimal, ...] | None


@dataclass(frozen=True, eq=False)
class Difference(Shown):
    """Where two programs answer differently, as arrays, heaviest first: ``label``, the true one,
    ``first`` and ``second`` answers, ``measure`` +- ``radius``, and ``inside`` (cells, n).

    ``probability`` is that of two different answers. ``open`` is the mass of the inputs that there
    was no time for, all of which may differ.
    """

    programs: tuple[Program, Program]
    task: Task
    label: I64
    first: I64
    second: I64
    measure: F64
    radius: F64
    inside: F64
    open: Fraction

    def __len__(self) -> int:
        return len(self.label)

    def __repr__(self) -> str:
        return f"<different with probability {self.probability}, in {len(self):,} cones>"

    @property
    def probability(self) -> Enclosure:
        return self._sum(np.ones(len(self), bool))

    @property
    def split(self) -> dict[str, Enclosure]:
        """By who is right: ``first``, ``second``, or ``neither``; none counts what is open."""
        one, two = self.first == self.label, self.second == self.label
        return {
            "first": self._sum(one, 0), "second": self._sum(two, 0),
            "neither": self._sum(~one & ~two, 0),
        }  # fmt: skip

    @property
    def by_answers(self) -> dict[tuple[int, int], Enclosure]:
        """By both answers, the most first; none counts what is open."""
        pairs = sorted(set(zip(self.first.tolist(), self.second.tolist(), strict=True)))
        sums = {(a, b): self._sum((self.first == a) & (self.second == b), 0) for a, b in pairs}
        return dict(sorted(sums.items(), key=lambda item: -item[1].midpoint))

    def cells(self, top: int = 10) -> list[DifferentCell]:
        """The heaviest cells."""
        return [self._cell(i) for i in range(min(top, len(self)))]

    def _sum(self, which: NDArray[np.bool_], open_too: int = 1) -> Enclosure:
        found = ball_sum(self.measure[which], self.radius[which])
        return Enclosure(max(Fraction(0), found.lower), found.upper + open_too * self.open)

    def _cell(self, i: int) -> DifferentCell:
        mid, rad = Fraction(float(self.measure[i])), Fraction(float(self.radius[i]))
        answers = int(self.first[i]), int(self.second[i])
        label = int(self.label[i])
        probability = Enclosure(max(Fraction(0), mid - rad), mid + rad)
        return DifferentCell(probability, label, answers, self._input(i, label, answers))

    def _input(self, i: int, label: int, answers: tuple[int, int]) -> tuple[Decimal, ...] | None:
        """An input with few decimals at which both answers and the label are these, exactly."""
        point = self.inside[i] / np.max(np.abs(self.inside[i]))
        for places in range(1, _MOST_DECIMALS + 1):
            trial = tuple(
                Decimal(round(Fraction(c) * 10**places)).scaleb(-places) for c in point.tolist()
            )
            exact = [Fraction(c) for c in trial]
            if (
                self.task.label(exact) == label
                and tuple(_answer(p, exact) for p in self.programs) == answers
            ):
                return tuple(c.normalize() for c in trial)
        return None


def _answer(program: Program, x: list[Fraction]) -> int:
    logits = program.evaluate(x).logit
    return logits.index(max(logits))


@shows_progress("differences")
def diff(
    first: Program | HasProgram,
    second: Program | HasProgram,
    task: Task | None = None,
    *,
    time_limit: float | None = None,
    workers: Workers = 1,
    state: Place = None,
    progress: Progress | None = None,
) -> Difference:
    """Where two models answer differently, n <= 9; where logits tie, the lowest index is the
    answer. The ``task``, by default the first model's, says who is right.

    After ``time_limit`` seconds, what was found by then; with a ``state``, the same call goes on.

    InputError for models of different sizes, and for those that answer by a number
    (``root_mean_square_difference``).
    """
    programs = lift(first), lift(second)
    chosen = task_of(first, task)
    for program in programs:
        check_fit(program, chosen)
    if chosen.seq_len > MOST_INPUTS:
        raise InputError(f"Cells are measured for up to {MOST_INPUTS} inputs.")
    deadline = Deadline.after(time_limit)
    starts = starting_cones(chosen)
    work = _Work(programs, chosen, deadline)
    found: dict[int, list[_Row]] = {}
    with opened(state, partial(identity, "diff", programs, chosen, "lowest")) as place:
        kept = Kept[int, list[_Row] | None](
            place, lambda s: f"differences below start {s}", list[_Row]
        )
        for job, rows in outcomes(list(range(len(starts))), work, deadline, workers, kept):
            if rows is not None:
                found[job] = rows
            if progress is not None:
                progress(len(found) / len(starts), f"{sum(map(len, found.values())):,} batches")
    rows = [row for job in sorted(found) for row in found[job]]
    return _gathered(programs, chosen, rows, open_mass(chosen, found))


_Row = tuple[int, I64, F64, F64, F64]
"""The label, and of a batch: answers as k a + b, measures, radii and points inside."""


def _gathered(
    programs: tuple[Program, Program], task: Task, rows: list[_Row], left: Fraction
) -> Difference:
    label = np.repeat(np.array([row[0] for row in rows], np.int64), [len(row[1]) for row in rows])
    pairs = np.concatenate([np.empty(0, np.int64), *(row[1] for row in rows)])
    mids, rads = (np.concatenate([np.empty(0), *(row[i] for row in rows)]) for i in (2, 3))
    inside = np.concatenate([np.empty((0, task.seq_len)), *(row[4] for row in rows)])
    order = np.argsort(-mids, kind="stable")
    label, (one, two) = label[order], np.divmod(pairs[order], task.outputs)
    return Difference(
        programs, task, label, one, two, mids[order], rads[order], inside[order], left
    )


@dataclass(frozen=True)
class _Work:
    """The cells below one starting cone with two answers; None if the time is up."""

    programs: tuple[Program, Program]
    task: Task
    deadline: Deadline

    def __call__(self, s: int) -> list[_Row] | None:
        try:
            return list(self._below(s))
        except TimeIsUpError:
            return None

    def _below(self, s: int) -> Iterator[_Row]:
        from algzoo_exact.regions.search import Search
        from algzoo_exact.score.cell_measures import measured

        start, k = starting_cones(self.task)[s], self.task.outputs
        joint = answers_of_both(*self.programs)
        first, second = np.divmod(np.arange(k * k), k)
        rivals = (first[:, None] == first) != (second[:, None] == second)
        wanted = np.flatnonzero(first != second).tolist()
        search = Search(joint, "lowest", rivals=rivals, wanted=wanted)
        for batch in search.cells(replace(start, label=EACH), CONES):
            self.deadline.look()
            if batch is not None:
                pair = batch.label[: int(batch.size[0])].copy()
                yield (
                    start.label,
                    pair,
                    *measured(search, start, batch, self.deadline.look),
                )


def answers_of_both(first: Program, second: Program) -> Program:
    """A program that answers k a + b just where the two, of k logits each, answer a and b."""
    joint, k, width = side_by_side(first, second), first.outputs, first.widths[-1]
    upper, lower = joint.readout[:k], joint.readout[k:]
    rows = ((*a[:width], *b[width:]) for a in upper for b in lower)
    return Program(joint.layers, tuple(rows))


def root_mean_square_difference(
    first: Program | HasProgram,
    second: Program | HasProgram,
    *,
    time_limit: float | None = None,
    workers: Workers | None = None,
    state: Place = None,
) -> Enclosure:
    """sqrt(E[(f(x) - g(x))^2]) of two models with one output each.

    InputError for models of different sizes, or with several outputs.
    """
    one, two = lift(first), lift(second)
    if (one.outputs, two.outputs) != (1, 1):
        raise InputError("A difference of numbers is that of models with one output each.")
    joint = side_by_side(one, two)
    gap = tuple(a - b for a, b in zip(*joint.readout, strict=True))
    deadline = Deadline.after(time_limit)
    question = Question(
        SQUARED_ERROR, Program(joint.layers, (gap,)), _Zero("zero", one.seq_len),
        deadline=deadline, workers=workers,
    )  # fmt: skip
    return square_root(answer(question, state).enclosure)


def _zeros(n: int) -> Iterator[ValueCell]:
    assert MEDIAN.values is not None
    for cell in MEDIAN.values(n):
        yield ValueCell((Fraction(0),) * n, cell.inequalities)


def _of_mean(n: int) -> Fraction:
    """E[(mean of the inputs)^2]."""
    return Fraction(1, n)


class _Zero(Task):
    """The number 0 is asked for, whatever the inputs."""

    def _checked(self) -> Problem:
        return replace(MEDIAN, name="zero", words="0", values=_zeros, from_mean=_of_mean)
