"""A score as a sum over label cells, each decided as a whole, n <= 9.

A label cell is the two starting cones on both sides of x[0] = 0. With S the sum over decided cells
and M the sum of what each of the others can add at most,

    S <= score <= S + M.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import takewhile

from flint import arb

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.exact.enclosure import Enclosure, to_arb, working_precision
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.processes import processes_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.direction import Direction
from algzoo_exact.score.metric import Metric, Piece, mass_of_all
from algzoo_exact.score.pool import outcomes
from algzoo_exact.score.question import FLOAT_DIGITS, Method, Question, floats_serve
from algzoo_exact.score.result import Score
from algzoo_exact.score.rigorous import Cell, right_cells

_SPARE_BITS = 48  # sums of many flags, each off by some hundred units in the last place
_BALL_DIGITS = 16  # of what floats leave undecided, where no number of digits is asked for
_CELL_BITS = 30  # cells among whose number the width is shared out
# What a job may be off by, where no number of digits is asked for, or a share of what it adds where
# that is more than 1; else ball arithmetic takes over, which is slow for more inputs.
_WIDE, _CAREFUL_UP_TO = Fraction(1, 10**6), 6
_MANY_JOBS = 200
# Cells whose mass is not known beforehand are measured for reports on the way, a quarter of the
# time at most.
_SNAPSHOT_SECONDS, _MEASURING_SECONDS = 1.0, 0.3
_MASS_DIGITS, _FEW_DIGITS = dict.fromkeys(range(1, 7), 12), 6


@dataclass(frozen=True)
class Precision:
    """``bits`` of ball arithmetic, in which a cell may be off by ``radius`` and no more; whether
    ``floats`` come first, and by how much all cells that they decide may be off in one start (None:
    as it comes)."""

    bits: int
    radius: Fraction
    floats: bool
    allowance: float | None


@dataclass(frozen=True)
class Setup:
    """What all jobs of a score share."""

    metric: Metric
    program: Program
    task: Task
    ties: TieRule | None
    direction: Direction
    precision: Precision
    compiled: bool
    deadline: Deadline


@dataclass(frozen=True)
class Job:
    """Starting cones of one label cell, or parts of them, and those whose measure at l = 0 is added
    here."""

    place: int
    starts: tuple[Start, ...]
    zeros: tuple[Start, ...]


@dataclass(frozen=True, eq=False)
class Part:
    """What the inputs of a job add to the score, by label."""

    values: dict[int, Enclosure]
    leaves: int
    patterns: set[int]


def cone_scores(question: Question) -> Iterator[Score]:
    """Nested enclosures, one after each label cell, those first that could add most.

    The last is ``exact`` if all were decided. It is then no wider than 10**-digits, for n <= 6, or
    as narrow as comes at the speed of float64 where no digits are asked for.
    """
    began = reported = time.monotonic()
    q, workers = question, question.workers or 1
    try:
        found = q.metric.pieces(q.rnn, q.task, q.deadline)
    except TimeIsUpError:
        return
    pieces = sorted(found, key=lambda piece: piece.most or 0, reverse=True)
    floats = _floats_first(q)
    shared = floats and (processes_for(workers) > 1 or len(pieces) < q.threads)
    jobs = list(_jobs(q.rnn, pieces, shared))
    setup = Setup(
        q.metric, q.rnn, q.task, q.ties,
        q.metric.direction(q.rnn, q.task),
        _precision(q, floats, pieces, sum(len(job.starts) for job in jobs)),
        q.compiled, q.deadline,
    )  # fmt: skip
    tally = _Tally(q, pieces, jobs, floats)
    jobs.reverse()
    work = partial(decide, setup)
    for job, outcome in outcomes(jobs, work, q.deadline, workers, threads=q.threads):
        if outcome is not None and tally.add(job, outcome):
            now, enough = time.monotonic(), q.max_cells is not None and tally.leaves >= q.max_cells
            if enough or tally.known or now - reported > _SNAPSHOT_SECONDS:
                yield tally.score(now - began)
                reported = time.monotonic()
            if enough:
                return


def _floats_first(q: Question) -> bool:
    few = q.digits is None or q.digits <= FLOAT_DIGITS.get(q.n, 0)
    return q.compiled and few and floats_serve(q.rnn)


def _precision(q: Question, floats: bool, pieces: list[Piece], parts: int) -> Precision:
    width = Fraction(1, 10 ** (q.digits or _BALL_DIGITS))
    sizes = [piece.most / piece.mass for piece in pieces if piece.most and piece.mass]
    size = int(max(sizes, default=Fraction(1))).bit_length()
    bits = int((q.digits or _BALL_DIGITS) * 3.33) + _SPARE_BITS + size
    # Radii are half of a width, and some is left for what floats leave out.
    allowance = None if q.digits is None else 0.45 * float(width) / parts
    return Precision(bits, width / 2**_CELL_BITS, floats, allowance)


def _jobs(program: Program, pieces: list[Piece], shared: bool) -> Iterator[Job]:
    """One for each label cell; if several processes share the work, some hundred of similar size,
    so that none waits for another's last one, and each fits in memory.

    Where there are fewer starts, these are their parts by the neurons of the layers up to the one
    that reads the second input.
    """
    search = ExactSearch(program, None)
    early = takewhile(lambda layer: layer.reads.stop < 2, program.layers)
    level = program.first[min(len(program.layers), 1 + len(list(early)))]
    starts = sum(len(piece.starts) for piece in pieces)
    for place, piece in enumerate(pieces):
        if not shared:
            yield Job(place, piece.starts, piece.starts)
            continue
        for start in piece.starts:
            parts = [start]
            if starts < _MANY_JOBS:
                parts = list(search.parts(start, level))
            for k, part in enumerate(parts):
                yield Job(place, (part,), (start,) if k == 0 else ())


class _Tally:
    """Sums over decided label cells."""

    def __init__(self, q: Question, pieces: list[Piece], jobs: list[Job], floats: bool) -> None:
        self.q, self.pieces, self.floats = q, pieces, floats
        self.parts: list[list[Part]] = [[] for _ in pieces]
        self.needed = Counter(job.place for job in jobs)
        self.lower = self.upper = self.decided = Fraction(0)
        self.mass = mass_of_all(pieces)
        bounds = [piece.most for piece in pieces if piece.most is not None]
        self.open = sum(bounds, Fraction(0)) if bounds else self.mass
        self.left, self.unmeasured = len(pieces), list[Start]()
        self.leaves, self.patterns = 0, set[int]()
        self.by_label: dict[int, Enclosure] = {}

    def add(self, job: Job, part: Part) -> bool:
        """Whether it was the last part of a label cell."""
        parts, piece = self.parts[job.place], self.pieces[job.place]
        parts.append(part)
        if len(parts) < self.needed[job.place]:
            return False
        values: dict[int, Enclosure] = {}
        for part in parts:
            for label, value in part.values.items():
                _add(values, label, value)
            self.leaves += part.leaves
            self.patterns |= part.patterns
        for label, value in values.items():
            most = self.open if piece.most is None else piece.most
            value = value.intersect(Enclosure(Fraction(0), most))
            self.lower += value.lower
            self.upper += value.upper
            _add(self.by_label, label, value)
        self.left -= 1
        if piece.mass is None or piece.most is None:
            self.unmeasured += piece.starts
        else:
            self.open -= piece.most
            self.decided += piece.mass
        parts.clear()
        return True

    @property
    def known(self) -> bool:
        """Whether nothing has to be measured to say what is decided."""
        return self.left == 0 or not self.unmeasured

    def score(self, seconds: float) -> Score:
        q, exact = self.q, self.left == 0
        deadline = q.deadline.within(_MEASURING_SECONDS)
        while self.unmeasured and not (exact or deadline.passed):
            cone = self.unmeasured.pop().cone.irredundant()
            mass = cone_measure(cone, digits=_MASS_DIGITS.get(q.n, _FEW_DIGITS)).lower
            self.open -= mass
            self.decided += mass
        return q.score(
            "exact" if exact else "certified",
            Enclosure(self.lower, self.upper + (Fraction(0) if exact else self.open)),
            f"{q.metric.flow} in {'float64 balls' if self.floats else 'ball arithmetic'}",
            seconds,
            undecided=Fraction(0) if exact else 1 - self.decided / self.mass,
            regions=None if q.metric.of_labels else len(self.patterns),
            cells=self.leaves,
            by_label=dict(sorted(self.by_label.items())) if exact and q.metric.of_labels else None,
        )


def decide(setup: Setup, job: Job) -> Part | None:
    """What a job adds; None if time is up before it is known."""
    with suppress(TimeIsUpError):
        part, precision = _sum(setup, job), setup.precision
        if precision.allowance is None and setup.task.seq_len <= _CAREFUL_UP_TO and _too_wide(part):
            careful = replace(precision, allowance=float(_WIDE))
            return _sum(replace(setup, precision=careful), job)
        return part
    return None


def _too_wide(part: Part) -> bool:
    """Whether float64 leaves much open, as where large numbers cancel."""
    return any(
        value.width > _WIDE * max(Fraction(1), abs(value.midpoint))
        for value in part.values.values()
    )


def _sum(setup: Setup, job: Job) -> Part:
    precision, deadline = setup.precision, setup.deadline
    integral = setup.metric.integral(
        setup.program, setup.task, setup.ties, setup.direction, setup.compiled
    )
    values: dict[int, Enclosure] = {}
    for start in job.zeros:
        _add(values, start.label, Enclosure.exactly(integral.at_zero(start)))
    for start in job.starts:
        cells: Iterable[Cell | None] = right_cells(integral.search, start)
        if precision.floats:
            known, cells = integral.floats(start, precision.allowance, deadline)
            _add(values, start.label, known)
        with working_precision(precision.bits):
            total, radius = arb(0), to_arb(precision.radius)
            for cell in cells:
                deadline.look()
                if cell is not None:
                    total += integral.ball(cell, radius)
        _add(values, start.label, Enclosure.from_arb(total))
    return Part(values, integral.search.leaves, integral.search.patterns)


def _add(sums: dict[int, Enclosure], label: int, value: Enclosure) -> None:
    sums[label] = value.plus(sums[label]) if label in sums else value


def _seconds(q: Question, leaves: float) -> float:
    by_number = q.metric.float_seconds if _floats_first(q) else q.metric.ball_seconds
    return leaves * by_number.get(q.n, math.inf)


def _accepts(q: Question) -> bool:
    return isinstance(q.program, Program) and q.n <= MOST_INPUTS


CONES = Method("cones", _accepts, True, cone_scores, _seconds)
