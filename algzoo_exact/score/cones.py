"""A score as a sum over label cells, each decided as a whole or in parts, n <= 9.

A label cell is the two starting cones on both sides of x[0] = 0. With S the sum over what is
decided and M the sum of what the rest can add at most,

    S <= score <= S + M.

As a whole is cheapest: along the diagonal no wall of a label cell turns, so that facets count only
where logits tie. But then a cell of which half is summed says nothing, since along u mass enters
and leaves that half. Where a label cell takes long, its cones are therefore summed each by itself,
cut where they are too large: formula (1) of ``measure.flow`` holds for the right inputs in any
cone, if facets on the cone's own walls count too. Of a label cell of mass m, whose decided parts
have the mass p, the rest adds at most (m - p) / m times the bound for the whole: both metrics bound
what is added by a constant times a measure.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial

from flint import arb

from algzoo_exact.deadline import TimeIsUpError
from algzoo_exact.exact.enclosure import Enclosure, to_arb, working_precision
from algzoo_exact.jobs import outcomes
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.program.ir import Program
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.cone_jobs import Job, Jobs, Outcome, Part, kept
from algzoo_exact.score.direction import Direction
from algzoo_exact.score.metric import Piece, mass_of_all
from algzoo_exact.score.question import FLOAT_DIGITS, Method, Question, floats_serve
from algzoo_exact.score.result import Score
from algzoo_exact.score.rigorous import Cell, right_cells

_SPARE_BITS = 48  # sums of many flags, each off by some hundred units in the last place
_BALL_DIGITS = 16  # of what floats leave undecided, where no number of digits is asked for
_CELL_BITS = 30  # cells among whose number the width is shared out
# What a job may be off by, where no number of digits is asked for, as a share of the least that
# the score can be, or of 1; else ball arithmetic takes over, which is slow for more inputs. For a
# cone that is summed by itself, it may be a share of what it adds. A half of a label cell adds
# nothing by itself: however large, most of it may cancel in the other half.
_WIDE, _CAREFUL_UP_TO = Fraction(1, 10**6), 6
_MANY_PARTS = 10_000  # among which a width that is asked for is shared out
# Cones whose mass is not known beforehand are measured for reports on the way, a quarter of the
# time at most.
_SNAPSHOT_SECONDS, _MEASURING_SECONDS = 1.0, 0.3
_MASS_DIGITS = 8


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

    question: Question
    direction: Direction
    precision: Precision
    least: Fraction = Fraction(1)
    """What errors are compared with: the least that the score can be, or 1 if that is more."""


class _TooLargeError(Exception):
    """A cone has more leaves than one job may have."""


def cone_scores(question: Question) -> Iterator[Score]:
    """Ever better enclosures, what could add most first.

    The last is ``exact`` if all were decided. It is then no wider than 10**-digits, for n <= 6, or
    as narrow as comes at the speed of float64 where no digits are asked for.
    """
    began = reported = time.monotonic()
    q, workers = question, question.workers or 1
    try:
        found = q.metric.pieces(q.rnn, q.task, q.deadline)
    except TimeIsUpError:
        return
    pieces = [_alone(piece) for piece in found] if q.most_leaves else list(found)
    floats = _floats_first(q)
    parts = _MANY_PARTS if q.most_leaves else sum(len(piece.starts) for piece in pieces)
    direction = q.metric.direction(q.rnn, q.task)
    known, _ = q.metric.known(q.rnn, q.task)
    precision, least = _precision(q, floats, pieces, parts), max(Fraction(1), known.lower)
    alone = replace(q, progress=None, workers=1, state=None)
    setup = Setup(alone, direction, precision, least)
    jobs = Jobs(q, pieces)
    tally = _Tally(q, pieces, jobs.needed, floats)
    work, told = partial(decide, setup), True
    for job, outcome in outcomes(jobs, work, q.deadline, workers, kept(q), threads=q.threads):
        if outcome == "too large":
            jobs.cut(job)
        elif outcome is not None:
            jobs.learn(job, outcome.leaves)
            told = not tally.add(job, outcome) and told
            now, enough = time.monotonic(), q.max_cells is not None and tally.leaves >= q.max_cells
            quick = not tally.unmeasured or not any(jobs.needed)
            if not told and (enough or quick or now - reported > _SNAPSHOT_SECONDS):
                yield tally.score(now - began)
                reported, told = time.monotonic(), True
            if enough:
                return
    if not told:
        yield tally.score(time.monotonic() - began)


def _alone(piece: Piece) -> Piece:
    """Each of its cones to be summed by itself."""
    return replace(piece, starts=tuple(replace(start, inner=0) for start in piece.starts))


def _floats_first(q: Question) -> bool:
    few = q.digits is None or q.digits <= FLOAT_DIGITS.get(q.n, 0)
    return q.compiled and few and floats_serve(q.rnn)


def _precision(q: Question, floats: bool, pieces: list[Piece], parts: int) -> Precision:
    width = Fraction(1, 10 ** (q.digits or _BALL_DIGITS))
    size = int(max(piece.rate for piece in pieces)).bit_length()
    bits = int((q.digits or _BALL_DIGITS) * 3.33) + _SPARE_BITS + size
    # Radii are half of a width, and some is left for what floats leave out.
    allowance = None if q.digits is None else 0.45 * float(width) / parts
    return Precision(bits, width / 2**_CELL_BITS, floats, allowance)


class _Tally:
    """Sums over what is decided."""

    def __init__(
        self, q: Question, pieces: Sequence[Piece], needed: list[int], floats: bool
    ) -> None:
        self.q, self.pieces, self.floats = q, pieces, floats
        self.mass = mass_of_all(pieces)
        # By piece: cones that are not summed, the sum over the others, and their mass.
        self.needed = needed
        self.values = [Enclosure.exactly(0)] * len(pieces)
        self.masses = [Fraction(0)] * len(pieces)
        self.unmeasured: list[Job] = []
        self.leaves, self.patterns = 0, set[int]()

    def add(self, job: Job, part: Part) -> bool:
        """Whether more is known now: cones that are not summed by themselves wait for others."""
        place, alone = job.place, job.start.inner == 0
        self.needed[place] -= 1
        # What a cone adds by itself is no less than 0, so that nothing decided is taken back.
        value = part.value.above_zero() if alone else part.value
        self.values[place] = self.values[place].plus(value)
        self.leaves += part.leaves
        self.patterns |= part.patterns
        mass = self.pieces[place].mass
        if alone and (self.needed[place] or mass is None):
            self.unmeasured.append(job)
        elif not self.needed[place] and mass is not None:
            self.masses[place] = mass
        return alone or not self.needed[place]

    def _measure(self) -> None:
        deadline = self.q.deadline.within(_MEASURING_SECONDS)
        while self.unmeasured and not deadline.passed:
            job = self.unmeasured.pop()
            place, start = job.place, job.start
            if self.needed[place] or self.pieces[place].mass is None:
                self.masses[place] += cone_measure(start.cone, digits=_MASS_DIGITS).lower

    def score(self, seconds: float) -> Score:
        q, exact = self.q, not any(self.needed)
        if not exact:
            self._measure()
        lower = upper = Fraction(0)
        by_label: dict[int, Enclosure] = {}
        for piece, needed, value, mass in zip(
            self.pieces, self.needed, self.values, self.masses, strict=True
        ):
            start = piece.starts[0]
            if needed and start.inner:
                value = Enclosure.exactly(0)
            most = value.upper if piece.mass is None else piece.rate * piece.mass
            value = value.intersect(Enclosure(Fraction(0), max(Fraction(0), most)))
            by_label[start.label] = value.plus(by_label.get(start.label, Enclosure.exactly(0)))
            lower += value.lower
            upper += value.upper
            if needed and piece.mass is not None:
                upper += piece.rate * (piece.mass - mass)
        decided = sum(self.masses, Fraction(0))
        if not exact and self.pieces[0].mass is None:
            upper += self.mass - decided
        return q.score(
            "exact" if exact else "certified",
            Enclosure(lower, upper),
            f"{q.metric.flow} in {'float64 balls' if self.floats else 'ball arithmetic'}",
            seconds,
            undecided=Fraction(0) if exact else 1 - decided / self.mass,
            regions=None if q.metric.of_labels else len(self.patterns),
            cells=self.leaves,
            by_label=dict(sorted(by_label.items())) if exact and q.metric.of_labels else None,
        )


def decide(setup: Setup, job: Job) -> Outcome:
    q, precision = setup.question, setup.precision
    with suppress(TimeIsUpError):
        try:
            part = _sum(setup, job.start)
            if precision.allowance is None and q.n <= _CAREFUL_UP_TO:
                alone = Fraction(0) if job.start.inner else abs(part.value.midpoint)
                if part.value.width > _WIDE * max(setup.least, alone):
                    careful = replace(precision, allowance=float(_WIDE))
                    return _sum(replace(setup, precision=careful), job.start)
            return part
        except _TooLargeError:
            return "too large"
    return None


def _sum(setup: Setup, start: Start) -> Part:
    q, precision = setup.question, setup.precision
    integral = q.metric.integral(q.rnn, q.task, q.ties, setup.direction, q.compiled)
    search, grain = integral.search, integral.grain(start)

    def look() -> None:
        q.deadline.look()
        if q.most_leaves and search.leaves > q.most_leaves:
            raise _TooLargeError

    value = Enclosure.exactly(integral.at_zero(start))
    cells: Iterable[Cell | None] = right_cells(search, start, grain)
    if precision.floats:
        from algzoo_exact.score.boundary_balls import float_sum  # loads numba

        known, cells = float_sum(integral, start, precision.allowance, look)
        value = value.plus(known)
    with working_precision(precision.bits):
        total, radius = arb(0), to_arb(precision.radius)
        for cell in cells:
            look()
            if cell is not None:
                total += integral.ball(cell, radius)
    return Part(value.plus(Enclosure.from_arb(total)), search.leaves, search.patterns)


def _seconds(q: Question, leaves: float) -> float:
    by_number = q.metric.float_seconds if _floats_first(q) else q.metric.ball_seconds
    return leaves * by_number.get(q.n, math.inf)


def _accepts(q: Question) -> bool:
    return isinstance(q.program, Program) and q.n <= MOST_INPUTS


CONES = Method("cones", _accepts, True, cone_scores, _seconds)
