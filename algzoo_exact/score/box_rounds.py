"""Bounds by boxes as jobs for several workers, and for runs that a kill does not end.

One best-first search over all boxes cannot be shared out. So it ends early: the boxes that it
leaves open are cells, and a job searches one cell, best first, until so many boxes are treated. In
each round those cells have their turn that hold half of the undecided mass, the heaviest first,
each with four times as many boxes as before, and from the beginning: what a job needs to know and
says is short then, and all the repetitions together take at most a third of the time. A round
depends on the results of the one before it, and not on the order in which jobs end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from algzoo_exact.deadline import Deadline
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.measure.gaussian_boxes import quadrature_for
from algzoo_exact.score.question import Question

if TYPE_CHECKING:
    from algzoo_exact.score.box_kernels import Network
    from algzoo_exact.score.box_search import Boxes

_MEMORY = 1 << 29  # bytes for boxes
_MOST_ROWS = 1 << 13  # of 8 KiB each
_CELLS = 1024  # boxes that are treated before the others are cells
_FIRST, _MORE = 64, 4  # boxes of a cell in its first round, and how many times more in others
_PART = 0.5  # of the undecided mass, whose cells have their turn


@dataclass(frozen=True)
class Decided:
    """Lower bounds of the masses that are right and wrong, after so many boxes; ``over`` if no box
    is left that could be split, and ``cut`` if the time was up."""

    right: Fraction = Fraction(0)
    wrong: Fraction = Fraction(0)
    boxes: int = 0
    over: bool = False
    cut: bool = False

    @property
    def mass(self) -> Fraction:
        return self.right + self.wrong


class Cell(NamedTuple):
    """A box on a face of the cube: the ends of its sides, its mass about, and a guess of how soon
    it pays; see ``box_search``."""

    low: tuple[float, ...]
    high: tuple[float, ...]
    face: int
    mass: float
    hope: float


class Job(NamedTuple):
    """A cell, by its number, and how many of its boxes are to be treated."""

    number: int
    cell: Cell
    boxes: int


class Search:
    """A search for boxes that decide, in some cells; its arrays take memory as slots come into
    use."""

    def __init__(self, network: Network, n: int, slots: int, cells: Iterable[Cell]) -> None:
        from algzoo_exact.score.box_search import RUNNING, Boxes

        self.network, self.n, self.status = network, n, RUNNING
        self.quadrature = quadrature_for(n, _MOST_ROWS)
        self.boxes: Boxes = Boxes(
            np.zeros((slots, n), np.int32),
            np.zeros((slots, n), np.int32),
            np.zeros(slots, np.int32),
            np.zeros(slots),
            np.zeros(slots),
            np.zeros(1, np.int64),
        )
        for cell in cells:
            self._add(cell)

    def _add(self, cell: Cell) -> None:
        from algzoo_exact.score.box_search import add_box, row_of

        low, high = (
            np.array([row_of(end, self.quadrature) for end in ends], np.int32)
            for ends in (cell.low, cell.high)
        )
        add_box(low, high, cell.face, cell.hope, self.quadrature, self.boxes)

    def steps(self, most: float, deadline: Deadline) -> Iterator[Decided]:
        """What is decided so far, now and then, until so many boxes are treated."""
        from algzoo_exact.score import box_search

        right = wrong = Fraction(0)
        done, decided = 0, np.zeros(3)
        while self.status == box_search.RUNNING and done < most and not deadline.passed:
            count = int(min(box_search.MOST, most - done))
            self.status = box_search.search(
                count, self.network, self.quadrature, self.boxes, decided
            )
            done += int(decided[2])
            # Each sum of at most count terms, credits included, is off by at most this factor.
            below = 1 - Fraction(count + 8, 1 << 52)
            right += Fraction(float(decided[0])) * below
            wrong += Fraction(float(decided[1])) * below
            yield Decided(right, wrong, done, self.status == box_search.EMPTY)
        if self.status == box_search.RUNNING and done < most:
            yield Decided(right, wrong, done, cut=True)

    def open(self) -> list[Cell]:
        """The boxes that wait."""
        b, ends = self.boxes, self.quadrature.ends
        return [
            Cell(
                tuple(ends[b.low[place]].tolist()), tuple(ends[b.high[place]].tolist()),
                int(b.face[place]), float(b.mass[place]), float(b.worth[place] / b.mass[place]),
            )
            for place in range(int(b.size[0]))
            if b.mass[place] > 0
        ]  # fmt: skip


def slots_for(n: int) -> int:
    """Boxes that memory has room for."""
    return _MEMORY // (8 * n + 20)


def faces(n: int) -> Iterator[Cell]:
    """The 2 n faces of the cube, the first boxes."""
    for face in range(2 * n):
        yield Cell((-1.0,) * n, (1.0,) * n, face, 0.5 / n, 1.0)


@dataclass(frozen=True)
class _Work:
    network: Network
    n: int
    deadline: Deadline

    def __call__(self, job: Job) -> Decided:
        search = Search(self.network, self.n, job.boxes + 2, [job.cell])
        *_, last = [Decided(cut=True), *search.steps(job.boxes, self.deadline)]
        return last


@dataclass
class _Rounds:
    """The cells with what is decided in each; and the jobs of one round, then of the next."""

    cells: list[Cell]
    left: float
    """Boxes that may still be treated."""
    most: int
    """Boxes that one cell may have."""
    found: list[Decided] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    running: int = 0

    def __post_init__(self) -> None:
        self.found = [Decided()] * len(self.cells)
        self._plan()

    def __len__(self) -> int:
        return len(self.jobs)

    def pop(self) -> Job:
        return self.jobs.pop()

    def learn(self, job: Job, decided: Decided) -> None:
        """What a job came to; the last one of a round makes the next."""
        before = self.found[job.number]
        if not decided.cut:
            self.found[job.number] = decided
        elif decided.mass > before.mass:
            self.found[job.number] = Decided(decided.right, decided.wrong, before.boxes)
        self.running -= 1
        if not self.running:
            self._plan()

    def _plan(self) -> None:
        undecided = {
            number: cell.mass - float(known.mass)
            for number, (cell, known) in enumerate(zip(self.cells, self.found, strict=True))
            if not known.over and known.boxes < self.most
        }
        enough, held = _PART * sum(undecided.values()), 0.0
        for number in sorted(undecided, key=lambda number: (-undecided[number], number)):
            before = self.found[number].boxes
            boxes = min(max(_FIRST, _MORE * before), self.most, before + self.left)
            if held > enough or boxes <= before:
                break
            held += undecided[number]
            self.left -= boxes - before
            self.jobs.append(Job(number, self.cells[number], int(boxes)))
        self.jobs.reverse()  # the heaviest is popped first
        self.running = len(self.jobs)


def box_rounds(q: Question, network: Network) -> Iterator[Decided]:
    """What is decided after each job, until the deadline or ``max_cells`` boxes."""
    most = float("inf") if q.max_cells is None else q.max_cells
    search = Search(network, q.n, _CELLS + 2 * q.n + 2, faces(q.n))
    *_, base = [Decided(), *search.steps(min(_CELLS, most), q.deadline)]
    yield base
    rounds = _Rounds(search.open(), most - base.boxes, slots_for(q.n))
    work = _Work(network, q.n, q.deadline)
    kept = Kept[Job, Decided](
        q.state, lambda job: f"boxes of cell {job.number}: {job.boxes}", Decided,
        lambda decided: None if decided.cut else decided,
    )  # fmt: skip
    right, wrong = base.right, base.wrong
    for job, decided in outcomes(rounds, work, q.deadline, q.workers or 1, kept):
        before = rounds.found[job.number]
        rounds.learn(job, decided)
        after = rounds.found[job.number]
        right += after.right - before.right
        wrong += after.wrong - before.wrong
        yield Decided(right, wrong, base.boxes + sum(known.boxes for known in rounds.found))
