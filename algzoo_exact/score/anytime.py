"""Certified bounds that only get better: decide the heaviest cones first, stop at any time.

Each job is one pointed cone of constant true label. A job with few leaves is decided: the right
mass in it and its own mass are enclosed, by the flow along the same direction. A job with more is
split at the first neuron that cuts it. With R and W the sums over decided jobs,

    R <= accuracy <= 1 - W,

and once no job is left, the accuracy is R itself (kind ``exact``).
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache, lru_cache, partial

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.exact.enclosure import Enclosure, to_arb, working_precision
from algzoo_exact.geometry.cone import Cone
from algzoo_exact.measure.flow import LARGEST_DIMENSION, CellFlow
from algzoo_exact.processes import may_start_processes, processes_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.accuracy import credit_at_zero
from algzoo_exact.score.facets import START_WALLS
from algzoo_exact.score.metric import Metric, mass_of_all
from algzoo_exact.score.pool import new_search, outcomes
from algzoo_exact.score.question import MANY_DIGITS, Method, Question
from algzoo_exact.score.result import Score
from algzoo_exact.score.rigorous import Cell, cell_flow, narrowed, right_cells

# Leaves that one job may have under a limit, by n: a decision then takes a second or two. Smaller
# jobs have more boundary of their own to integrate over: on an (8, 5) model, jobs of 200 leaves
# cost four times as much in all. But what a job has done when time is up is lost: with less time
# left than this, they are smaller in proportion.
_FULL_SIZE_SECONDS = 60.0
_LEAVES = {1: 4000, 2: 4000, 3: 4000, 4: 2000, 5: 2000, 6: 40}
_MOST_LEAVES = {1: 50_000, 2: 50_000, 3: 50_000, 4: 50_000, 5: 50_000, 6: 500}  # without a limit
_SNAPSHOT_SECONDS = 0.2
_MOST_JOBS = 10_000  # an enclosure adds up the widths of all of them
# Integers enumerate a job in less time than compiled code takes to load up to this n, and within
# so many seconds than it may take to be compiled, which happens once. For n = 5 the search in
# integers takes half as long as the flow does in either case.
_INTEGERS_UP_TO, _INTEGERS_WITHIN = 4, 60.0
_POINTS = 1 << 15  # random ones, by which jobs are ordered


@dataclass(frozen=True, eq=False)
class Decision:
    """What one job came to: masses, or the two parts that it was split into."""

    right: Enclosure
    mass: Enclosure
    leaves: int
    patterns: frozenset[int]
    children: tuple[Start, ...] = ()


@dataclass
class _Totals:
    """Sums over decided jobs, of so much mass in all."""

    mass: Fraction
    right_lower: Fraction = Fraction(0)
    right_upper: Fraction = Fraction(0)
    wrong_lower: Fraction = Fraction(0)
    leaves: int = 0
    patterns: set[int] = field(default_factory=set)
    by_label: dict[int, tuple[Fraction, Fraction]] = field(default_factory=dict)

    def add(self, label: int, decision: Decision) -> None:
        right, mass = decision.right, decision.mass
        self.right_lower += max(Fraction(0), right.lower)
        self.right_upper += right.upper
        self.wrong_lower += max(Fraction(0), mass.lower - right.upper)
        self.leaves += decision.leaves
        self.patterns |= decision.patterns
        low, high = self.by_label.get(label, (Fraction(0), Fraction(0)))
        self.by_label[label] = (low + right.lower, high + right.upper)

    def score(self, q: Question, seconds: float, exhausted: bool) -> Score:
        upper = self.mass - self.wrong_lower
        if exhausted:
            upper = min(upper, self.right_upper)
        by_label = {label: Enclosure(*ends) for label, ends in sorted(self.by_label.items())}
        return q.score(
            "exact" if exhausted else "certified",
            Enclosure(self.right_lower, upper),
            "heaviest cones first, each decided in ball arithmetic",
            seconds,
            undecided=Fraction(0) if exhausted else (upper - self.right_lower) / self.mass,
            regions=len(self.patterns),
            cells=self.leaves,
            by_label=by_label if exhausted else None,
        )


@dataclass(frozen=True)
class Setup:
    """What all jobs of a score share; ``small`` ones where a limit may strike."""

    metric: Metric
    program: Program
    task: Task
    ties: TieRule
    digits: int
    small: bool
    compiled: bool


class Decider:
    """Decides or splits one cone at a time, for one program and tie rule."""

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self.search = new_search(setup.program, setup.ties, setup.compiled)
        self.direction = setup.metric.direction(setup.program, setup.task)
        self.width = arb(1) / (10**setup.digits * _MOST_JOBS)
        self.bits = int(setup.digits * 3.33) + 48
        self.most = (_LEAVES if setup.small else _MOST_LEAVES)[setup.task.seq_len]

    def decide(self, start: Start, deadline: Deadline) -> Decision | None:
        """None if the deadline passed before the job was done."""
        most = max(1, int(self.most * min(1.0, deadline.left / _FULL_SIZE_SECONDS)))
        return self._decide(start, deadline, most)

    def _decide(self, start: Start, deadline: Deadline, most: int) -> Decision | None:
        search = self.search
        search.leaves = 0
        search.patterns = set()
        cells: list[Cell] = []
        for cell in right_cells(search, start):
            if cell is not None:
                cells.append(cell)
            if search.leaves > most:
                parts = self._children(start)
                nothing = Enclosure.exactly(0)
                return Decision(nothing, nothing, 0, frozenset(), parts)
            if deadline.passed:
                return None
        with suppress(TimeIsUpError):
            return self._measure(start, cells, deadline)
        return None

    def _measure(self, start: Start, cells: list[Cell], deadline: Deadline) -> Decision:
        direction = self.direction
        credit = credit_at_zero(start, direction, self.setup.ties)
        base = sum(direction.shares(start), Fraction(0))

        def right() -> arb:
            total = to_arb(credit)
            for cell in cells:
                deadline.look()
                total += cell_flow(self.search, cell, direction.u, START_WALLS)
            return total

        def mass() -> arb:
            flow = CellFlow.of(start.cone, direction.u)
            return to_arb(base) + sum(flow.flows(flow.facets), arb(0)) / (2 * arb.pi())

        with working_precision(self.bits):
            return Decision(
                Enclosure.from_arb(narrowed(right, self.width / 2)),
                Enclosure.from_arb(narrowed(mass, self.width / 2)),
                self.search.leaves,
                frozenset(self.search.patterns),
            )

    def _children(self, start: Start) -> tuple[Start, ...]:
        """The two parts of a cone at the first neuron that cuts it."""
        cone, bits = start.cone, 0
        first = len(cone.walls)
        for level in range(self.search.neurons):
            below, above = cone.split(self.search.row(level, bits), first + level)
            if below is not None and above is not None:
                return tuple(Start(start.label, _renumbered(part)) for part in (below, above))
            if above is not None:
                bits |= 1 << level
        raise AssertionError("a cone with several leaves is cut by some neuron")


def _renumbered(cone: Cone) -> Cone:
    """Only its facets, numbered from 0."""
    slim = cone.irredundant()
    place = {wall: i for i, wall in enumerate(slim.walls)}
    return Cone(
        tuple(range(len(slim.walls))),
        slim.inequalities,
        slim.rays,
        tuple(
            sum(1 << place[wall] for wall in slim.walls if mask >> wall & 1) for mask in slim.tight
        ),
    )


def _weight(cone: Cone) -> float:
    """About the measure of a cone, for ordering jobs only: the share of some points in it."""
    rows = [[c / max(map(abs, row)) for c in row] for row in cone.inequalities]
    inside = (np.array(rows) @ _points(cone.dimension) >= 0).all(0)
    return float(inside.mean())


@cache
def _points(n: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).standard_normal((n, _POINTS))


class _Heap:
    """Cones, the heaviest first."""

    def __init__(self, starts: Iterable[Start]) -> None:
        self.entries: list[tuple[float, int, Start]] = []
        self.added = 0
        self.add(starts)

    def __len__(self) -> int:
        return len(self.entries)

    def add(self, starts: Iterable[Start]) -> None:
        for start in starts:
            self.added += 1
            heapq.heappush(self.entries, (-_weight(start.cone), self.added, start))

    def pop(self) -> Start:
        return heapq.heappop(self.entries)[2]


def heaviest_first(question: Question) -> Iterator[Score]:
    """Ever narrower enclosures, n <= 6; the last one is final.

    Without a limit, starting cones are decided as a whole where memory allows: this costs least.
    Nested: each enclosure lies in the one before. Memory stays small, because jobs are split
    depth-first in effect (a job is replaced by two lighter ones only when it is the heaviest).
    """
    q, deadline = question, question.deadline
    began = reported = time.monotonic()
    pieces = q.metric.pieces(q.rnn, q.task, deadline)
    totals = _Totals(mass_of_all(pieces))
    heap = _Heap(start for piece in pieces for start in piece.starts)
    done = 0
    for start, decision in _decisions(q, heap):
        if decision is None:
            continue
        done += 1
        heap.add(decision.children)
        if not decision.children:
            totals.add(start.label, decision)
        now = time.monotonic()
        if q.max_cells is not None and totals.leaves >= q.max_cells:
            break
        if now - reported > _SNAPSHOT_SECONDS:
            reported = now
            yield totals.score(q, now - began, exhausted=False)
    yield totals.score(q, time.monotonic() - began, exhausted=done == heap.added)


def _decisions(q: Question, heap: _Heap) -> Iterator[tuple[Start, Decision | None]]:
    """Outcomes of the heaviest jobs, until the heap (which the caller refills) is empty.

    Within a limit, compiled code runs in other processes, which end with it even if they are still
    compiling. Until one of them has answered, jobs are decided here in integers.
    """
    workers = processes_for(q.workers or 1)
    compiled = q.n > _INTEGERS_UP_TO and q.deadline.left > _INTEGERS_WITHIN
    assert q.ties is not None
    setup = Setup(q.metric, q.rnn, q.task, q.ties, q.digits or MANY_DIGITS, q.limited, compiled)
    here = None
    if q.deadline.limited and may_start_processes() and (workers > 1 or compiled):
        here = partial(_decide, replace(setup, compiled=False), q.deadline)
    elif q.deadline.limited and workers == 1:
        setup = replace(setup, compiled=False)
    yield from outcomes(heap, partial(_decide, setup, q.deadline), q.deadline, workers, here=here)


@lru_cache(maxsize=1)
def _decider(setup: Setup) -> Decider:
    """Its tables serve all jobs of one score."""
    return Decider(setup)


def _decide(setup: Setup, deadline: Deadline, start: Start) -> Decision | None:
    return None if deadline.passed else _decider(setup).decide(start, deadline)


def _accepts(q: Question) -> bool:
    return isinstance(q.program, Program) and q.metric.of_labels and q.n <= LARGEST_DIMENSION


HEAVIEST = Method("heaviest cones first", _accepts, False, heaviest_first)
