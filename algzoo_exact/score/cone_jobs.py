"""The jobs of a score: cones that wait to be summed, those first that could add most, and what they
come to.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import Cone
from algzoo_exact.jobs import Kept
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.metric import Piece
from algzoo_exact.score.question import Question

_POINTS = 1 << 15  # random ones, by which parts are ordered


class Job(NamedTuple):
    """A cone of one label cell; where cones are cut, with about its mass. The ``path`` says which
    it is: the piece, its starting cone, and the part of each cut."""

    place: int
    start: Start
    weight: float
    path: str = ""


@dataclass(frozen=True, eq=False)
class Part:
    """What the inputs of a job add to the score."""

    value: Enclosure
    leaves: int
    patterns: set[int]


TooLarge: TypeAlias = Literal["too large"]
Outcome: TypeAlias = Part | TooLarge | None
"""Of a job: what it adds, or that it is too large; None if time is up before."""


class Jobs:
    """Cones that wait, those first that could add most.

    With a limit on leaves, those are cut beforehand that have more of them, judging by their weight
    and by the others so far; the search finds out where that is wrong.
    """

    def __init__(self, q: Question, pieces: Sequence[Piece]) -> None:
        self.most, self.search = q.most_leaves, ExactSearch(q.rnn, q.ties)
        self.learns = q.state is None
        self.rates = [float(piece.rate) for piece in pieces]
        self.waiting: list[tuple[float, int, Job]] = []
        self.added = 0
        self.needed = [0] * len(pieces)
        """Cones that are not summed yet, by piece."""
        self.leaves, self.weight = (q.leaves, 1.0) if q.leaves < math.inf else (0.0, 0.0)
        for place, piece in enumerate(pieces):
            self._add(place, piece.starts, f"cone {place}")

    def __len__(self) -> int:
        return len(self.waiting)

    def _add(self, place: int, starts: Iterable[Start], path: str) -> None:
        for number, start in enumerate(starts):
            self.added += 1
            self.needed[place] += 1
            weight = _weight(start.cone) if self.most else 1.0
            job = Job(place, start, weight, f"{path}.{number}")
            heapq.heappush(self.waiting, (-job.weight * self.rates[place], self.added, job))

    def pop(self) -> Job:
        while True:
            job = heapq.heappop(self.waiting)[2]
            large = self.most and self.leaves * job.weight > 2 * self.most * self.weight
            parts = self.search.halves(job.start) if large else ()
            if len(parts) < 2:
                return job
            self._replace(job, parts)

    def cut(self, job: Job) -> None:
        """It turned out to be too large."""
        if self.most:
            self.learn(job, 2 * self.most)
        self._replace(job, self.search.halves(job.start))

    def _replace(self, job: Job, parts: Iterable[Start]) -> None:
        self.needed[job.place] -= 1
        self._add(job.place, parts, job.path)

    def learn(self, job: Job, leaves: float) -> None:
        """It has about so many leaves. In a run that may go on, nothing is learned: cuts depend on
        no more than the cone, so that jobs are the same in whatever order they end."""
        if self.learns:
            self.leaves += leaves
            self.weight += job.weight


def _weight(cone: Cone) -> float:
    """About the measure of a cone, for ordering jobs only: the share of some points in it."""
    rows = [[c / max(map(abs, row)) for c in row] for row in cone.inequalities]
    inside = (np.array(rows) @ _points(cone.dimension) >= 0).all(0)
    return float(inside.mean())


@cache
def _points(n: int) -> NDArray[np.float64]:
    return np.random.default_rng(0).standard_normal((n, _POINTS))


def kept(q: Question) -> Kept[Job, Outcome]:
    """How outcomes are kept in the question's state: by the cone's path."""

    def told(outcome: Outcome) -> Outcome:
        if isinstance(outcome, Part) and q.metric.of_labels:  # patterns do not matter
            return replace(outcome, patterns=set())
        return outcome

    return Kept(q.state, lambda job: job.path, Part | TooLarge, told)
