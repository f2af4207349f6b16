"""Where two models differ: how often they answer differently, and on which cones; or how far their
numbers are apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import partial, reduce

import numpy as np

from algzoo_exact.analysis.heaviest import heaviest
from algzoo_exact.analysis.pair_masses import LabelCells, PairMasses
from algzoo_exact.arrays import F64, I64
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, square_root
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
    """Where two programs answer differently, in ``count`` cones. The heaviest of them come as
    arrays, heaviest first: ``label``, the true one, ``first`` and ``second`` answers, ``measure``
    +- ``radius``, and ``inside`` (cones, n).

    ``sums`` are the probabilities by label and both answers. ``probability`` is that of two
    different answers. ``open`` is the mass of the inputs that there was no time for, all of which
    may differ.
    """

    programs: tuple[Program, Program]
    task: Task
    sums: Mapping[tuple[int, int, int], Enclosure]
    count: int
    label: I64
    first: I64
    second: I64
    measure: F64
    radius: F64
    inside: F64
    open: Fraction

    def __repr__(self) -> str:
        return f"<different with probability {self.probability}, in {self.count:,} cones>"

    @property
    def probability(self) -> Enclosure:
        known = _sum(self.sums.values())
        return Enclosure(known.lower, known.upper + self.open)

    @property
    def split(self) -> dict[str, Enclosure]:
        """By who is right: ``first``, ``second``, or ``neither``; none counts what is open."""
        parts = dict[str, list[Enclosure]](first=[], second=[], neither=[])
        for (label, *answers), part in self.sums.items():
            right = answers.index(label) if label in answers else 2
            parts[("first", "second", "neither")[right]].append(part)
        return {who: _sum(some) for who, some in parts.items()}

    @property
    def by_answers(self) -> dict[tuple[int, int], Enclosure]:
        """By both answers, the most first; none counts what is open."""
        parts: dict[tuple[int, int], list[Enclosure]] = {}
        for (_, a, b), part in self.sums.items():
            parts.setdefault((a, b), []).append(part)
        sums = {answers: _sum(some) for answers, some in sorted(parts.items())}
        return dict(sorted(sums.items(), key=lambda item: -item[1].midpoint))

    def cells(self, top: int = 10) -> list[DifferentCell]:
        """The heaviest cones, as far as they are kept."""
        return [self._cell(i) for i in range(min(top, len(self.measure)))]

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


def _sum(parts: Iterable[Enclosure]) -> Enclosure:
    return reduce(Enclosure.plus, parts, Enclosure.exactly(0))


def _answer(program: Program, x: list[Fraction]) -> int:
    logits = program.evaluate(x).logit
    return logits.index(max(logits))


@shows_progress("differences")
def diff(
    first: Program | HasProgram,
    second: Program | HasProgram,
    task: Task | None = None,
    *,
    top: int = 100,
    time_limit: float | None = None,
    workers: Workers = 1,
    state: Place = None,
    progress: Progress | None = None,
) -> Difference:
    """Where two models answer differently, n <= 9; where logits tie, the lowest index is the
    answer. The ``task``, by default the first model's, says who is right. Of the cones,
    the ``top`` heaviest are measured and kept.

    After ``time_limit`` seconds, what was found by then; with a ``state``, the same call goes on.

    InputError for models of different sizes, and for those that answer by a number
    (``root_mean_square_difference``).
    """
    programs = lift(first), lift(second)
    chosen = task_of(first, task)
    if top < 0:
        raise InputError(f"top must be at least 0, not {top}.")
    for program in programs:
        check_fit(program, chosen)
    if chosen.seq_len > MOST_INPUTS:
        raise InputError(f"Cells are measured for up to {MOST_INPUTS} inputs.")
    deadline = Deadline.after(time_limit)
    cells = LabelCells(*programs, chosen, top, deadline)
    found: dict[int, PairMasses] = {}
    with opened(state, partial(identity, "diff", programs, chosen, "lowest")) as place:
        kept = Kept[int, PairMasses | None](
            place, lambda i: f"differences in label cell {i}, {top} kept", PairMasses
        )
        jobs, count = list(range(len(cells.pieces))), 0
        for job, part in outcomes(jobs, cells, deadline, workers, kept):
            if part is not None:
                found[job], count = part, count + part.count
            if progress is not None:
                progress(len(found) / len(cells.pieces), f"{count:,} cones")
    return _gathered(cells, dict(sorted(found.items())))


def _gathered(cells: LabelCells, found: Mapping[int, PairMasses]) -> Difference:
    k, pieces = cells.task.outputs, cells.pieces
    sums: dict[tuple[int, int, int], list[Enclosure]] = {}
    for job, part in found.items():
        for pair, mass in part.masses.items():
            sums.setdefault((pieces[job].starts[0].label, *divmod(pair, k)), []).append(mass)
    heavy = heaviest([part.heaviest for part in found.values()], cells.top, cells.task.seq_len)
    one, two = np.divmod(heavy.answer, k)
    left, of_each = len(pieces) - len(found), pieces[0].mass
    return Difference(
        (cells.first, cells.second), cells.task,
        {answers: _sum(parts) for answers, parts in sums.items()},
        sum(part.count for part in found.values()),
        heavy.label, one, two, heavy.measure, heavy.radius, heavy.inside,
        Fraction(min(left, 1)) if of_each is None else left * of_each,
    )  # fmt: skip


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
