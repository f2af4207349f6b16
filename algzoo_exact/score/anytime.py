"""Certified accuracy that only gets better: decide the heaviest cones first, stop at any time.

Each job is one pointed cone of constant true label. A job with few leaves is decided: the right
mass in it and its own mass are enclosed, by the flow along the same direction. A job with more is
split at the first neuron that cuts it. With R and W the sums over decided jobs,

    R <= accuracy <= 1 - W,

and once no job is left, the accuracy is R itself (kind ``exact``).
"""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import count, islice

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.exact.enclosure import Enclosure, to_arb, working_precision
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.flow import CellFlow, NotGenericError, PrecisionError
from algzoo_exact.processes import may_start_processes, processes_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.direction import Direction, directions
from algzoo_exact.score.facets import START_WALLS
from algzoo_exact.score.pool import new_search, worker_pool
from algzoo_exact.score.result import Accuracy
from algzoo_exact.score.rigorous import MOST_BITS, Cell, cell_flow, right_cells

# Leaves that one job may have under a limit, by n: a decision then takes a second or two. Smaller
# jobs have more boundary of their own to integrate over: on an (8, 5) model, jobs of 200 leaves
# cost four times as much in all. But what a job has done when time is up is lost: with less time
# left than this, they are smaller in proportion.
_FULL_SIZE_SECONDS = 60.0
_LEAVES = {2: 4000, 3: 4000, 4: 2000, 5: 2000, 6: 40}
_MOST_LEAVES = {2: 50_000, 3: 50_000, 4: 50_000, 5: 50_000, 6: 500}  # without a limit
_SNAPSHOT_SECONDS = 0.2
_MOST_JOBS = 10_000  # an enclosure adds up the widths of all of them
# Integers enumerate a job in less time than compiled code takes to load up to this n, and within
# so many seconds than it may take to be compiled, which happens once. For n = 5 the search in
# integers takes half as long as the flow does in either case.
_INTEGERS_UP_TO, _INTEGERS_WITHIN = 4, 60.0
_SPARE_DIRECTIONS = 8
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
    """Sums over decided jobs."""

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


class Decider:
    """Decides or splits one cone at a time, for one program and tie rule."""

    def __init__(
        self, program: Program, task: Task, ties: TieRule, digits: int, small: bool, compiled: bool
    ) -> None:
        self.search = new_search(program, ties, compiled)
        self.directions = list(islice(directions(program, task, ties), _SPARE_DIRECTIONS))
        self.width = arb(1) / (10**digits * _MOST_JOBS)
        self.bits = int(digits * 3.33) + 48
        self.most = _LEAVES[task.seq_len] if small else _MOST_LEAVES[task.seq_len]

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
        for direction in self.directions:
            try:
                return self._measure(start, cells, direction, deadline)
            except NotGenericError:
                continue
        raise NotGenericError("no direction is generic for a cell; please report the weights")

    def _measure(
        self, start: Start, cells: list[Cell], direction: Direction, deadline: Deadline
    ) -> Decision | None:
        credit, base = direction.at_zero(start)
        bits = self.bits
        while True:
            with working_precision(bits):
                right = to_arb(credit)
                for cell in cells:
                    right += cell_flow(self.search, cell, direction.u, START_WALLS)
                    if deadline.passed:
                        return None
                try:
                    mass = to_arb(base) + _own_flow(start.cone, direction.u)
                except PrecisionError:
                    mass = arb(0, math.inf)
                if 2 * right.rad() < self.width and mass.is_finite():
                    return Decision(
                        Enclosure.from_arb(right),
                        Enclosure.from_arb(mass),
                        self.search.leaves,
                        frozenset(self.search.patterns),
                    )
            bits *= 2
            if bits > MOST_BITS:
                raise NotGenericError(f"direction {direction.u} is not generic for a cone")

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


def _own_flow(cone: Cone, u: IntVector) -> arb:
    by_wall = dict(zip(cone.walls, cone.inequalities, strict=True))
    scaled = [[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]
    flow = CellFlow(cone.tight, by_wall.__getitem__, scaled, u)
    facets = [face for face in flow.facets if dot(by_wall[face.wall], u) != 0]
    return sum((flow.flow(face) for face in facets), arb(0)) / (2 * arb.pi())


def anytime_accuracy(
    program: Program,
    task: Task,
    ties: TieRule,
    digits: int,
    *,
    deadline: Deadline = NEVER,
    max_cells: int | None = None,
    workers: int = 1,
) -> Iterator[Accuracy]:
    """Ever narrower enclosures, n <= 6; the last one is final.

    Without a limit, starting cones are decided as a whole where memory allows: this costs least.
    Nested: each enclosure lies in the one before. Memory stays small, because jobs are split
    depth-first in effect (a job is replaced by two lighter ones only when it is the heaviest).
    """
    began = time.monotonic()
    small = deadline.limited or max_cells is not None
    totals = _Totals()
    tiebreak = count()
    heap: list[tuple[float, int, Start]] = []
    for start in starting_cones(task):
        heapq.heappush(heap, (-_weight(start.cone), next(tiebreak), start))
    finished = True
    reported = began
    for start, decision in _decisions(
        (program, task, ties, digits, small), heap, deadline, workers
    ):
        if decision is None:
            finished = False
            continue
        for child in decision.children:
            heapq.heappush(heap, (-_weight(child.cone), next(tiebreak), child))
        if not decision.children:
            totals.add(start.label, decision)
        now = time.monotonic()
        if max_cells is not None and totals.leaves >= max_cells:
            finished = not heap
            break
        if now - reported > _SNAPSHOT_SECONDS:
            reported = now
            yield _snapshot(totals, task, ties, now - began, exhausted=False)
    exhausted = finished and not heap
    yield _snapshot(totals, task, ties, time.monotonic() - began, exhausted)


def _decisions(
    arguments: tuple[Program, Task, TieRule, int, bool],
    heap: list[tuple[float, int, Start]],
    deadline: Deadline,
    workers: int,
) -> Iterator[tuple[Start, Decision | None]]:
    """Outcomes of the heaviest jobs, until the heap (which the caller refills) is empty.

    Within a limit, compiled code runs in other processes, which end with it even if they are still
    compiling. Until one of them has answered, jobs are decided here in integers.
    """
    task, workers = arguments[1], processes_for(workers)
    compiled = task.seq_len > _INTEGERS_UP_TO and deadline.left > _INTEGERS_WITHIN
    if workers == 1 and not (compiled and deadline.limited and may_start_processes()):
        decider = Decider(*arguments, compiled=compiled and not deadline.limited)
        while heap and not deadline.passed:
            start = heapq.heappop(heap)[2]
            yield start, decider.decide(start, deadline)
        return
    here = Decider(*arguments, compiled=False) if deadline.limited else None
    with worker_pool(workers, _make_decider, (*arguments, compiled)) as pool:
        running: dict[Future[Decision | None], Start] = {}
        while (heap or running) and not deadline.passed:
            while heap and len(running) < 2 * workers:
                start = heapq.heappop(heap)[2]
                running[pool.submit(_decide, start, deadline)] = start
            timeout = deadline.timeout
            if here is not None and heap:
                start = heapq.heappop(heap)[2]
                yield start, here.decide(start, deadline)
                timeout = 0.0
            for future in wait(running, timeout, FIRST_COMPLETED).done:
                here = None
                yield running.pop(future), future.result()
        yield from ((start, None) for start in running.values())


_decider: Decider | None = None


def _make_decider(
    program: Program, task: Task, ties: TieRule, digits: int, small: bool, compiled: bool
) -> None:
    global _decider  # a worker process serves one computation
    _decider = Decider(program, task, ties, digits, small, compiled)


def _decide(start: Start, deadline: Deadline) -> Decision | None:
    assert _decider is not None
    return None if deadline.passed else _decider.decide(start, deadline)


def _snapshot(
    totals: _Totals, task: Task, ties: TieRule, seconds: float, exhausted: bool
) -> Accuracy:
    lower = totals.right_lower
    upper = 1 - totals.wrong_lower
    if exhausted:
        upper = min(upper, totals.right_upper)
    by_label = {
        label: Enclosure(low, high if exhausted else Fraction(1))
        for label, (low, high) in sorted(totals.by_label.items())
    }
    return Accuracy(
        "exact" if exhausted else "certified",
        Enclosure(lower, min(upper, Fraction(1))),
        task,
        ties,
        "heaviest cones first, each decided in ball arithmetic",
        seconds,
        len(totals.patterns),
        totals.leaves,
        undecided=Fraction(0) if exhausted else max(Fraction(0), upper - lower),
        by_label=by_label if exhausted else None,
    )
