"""Polish a trained network: ascent on its exact score, step by step, each step proved to gain.

L-BFGS on the exact gradient (J. Nocedal 1980, Mathematics of Computation 35; J. Nocedal and S. J.
Wright 2006, Numerical Optimization, algorithm 7.4) with backtracking on the exact score, which is
continuous, but has kinks; A. S. Lewis and M. L. Overton 2013, Mathematical Programming 141, on why
that does well. Weights stay what the model's file can hold, so that what is proved is of the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from algzoo_exact.analysis.gradient import compile_slopes, scored, slopes_of
from algzoo_exact.analysis.weights import weights_of, with_weights
from algzoo_exact.arrays import F64
from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.ir import HasProgram, Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.score.compute import metric_for
from algzoo_exact.score.cones import CONES
from algzoo_exact.score.question import Question
from algzoo_exact.score.result import Score
from algzoo_exact.shown import Shown

_MEMORY = 20  # pairs of changes that L-BFGS remembers
_FIRST = 0.02  # length of the first step, as a share of that of the weights
_ENOUGH = 1e-3  # of what the slope promises, that a step must gain (Armijo 1966)
_HALVINGS = 25
_NOISE = 0.1  # of a restart, as a share of the root mean square of each matrix
_ONE_THREAD_UP_TO = 3  # inputs

Ending = Literal["no step gains", "time", "interrupted"]
Dtype = Literal["float32", "float64"]


@dataclass(frozen=True, eq=False)
class Polished(Shown):
    """The best ``program`` found, whose weights are ``dtype``, its ``score`` and the one
    ``before``, and why the search ended.

    ``steps`` are the scores of all weights that were the best in turn: each is proved to be better
    than the one before it. ``scores`` counts all that were computed.
    """

    program: Program
    dtype: Dtype
    before: Score
    score: Score
    steps: tuple[Enclosure, ...]
    scores: int
    ended: Ending


def polish(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    restarts: int = 0,
    seed: int = 0,
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Polished:
    """Ascend from a trained RNN or perceptron on its exact accuracy, or descend on a median model's
    mean squared error, n = 2 to 9; a loaded model knows its task.

    After that come ``restarts`` from the best weights with noise, by ``seed``. Whatever a
    ``time_limit`` or a KeyboardInterrupt ends keeps the best so far. The weights are float32 if the
    model's are that or shorter, else float64, to which they are rounded first.

    InputError as for ``gradient``; weights without a gradient that are met on the way are an end.
    """
    program, chosen, rule = scored(model, task, ties)
    if restarts < 0:
        raise InputError(f"The number of restarts must be at least 0, not {restarts}.")
    single = getattr(model, "dtype", "") in ("float32", "float16", "bfloat16")
    dtype: Dtype = "float32" if single else "float64"
    climb = _Climb(program, chosen, rule, dtype, Deadline.after(time_limit))
    ended: Ending = "no step gains"
    try:
        compile_slopes(rule, climb.deadline, progress)
        climb.begin()
        for k in range(restarts + 1):
            climb.ascend(np.random.default_rng([seed, k]) if k else None, k, restarts, progress)
    except TimeIsUpError:
        ended = "time"
    except KeyboardInterrupt:
        ended = "interrupted"
    if climb.best is None or climb.before is None:
        if ended == "interrupted":
            raise KeyboardInterrupt
        raise InputError("Time was up before the model's own score was known; allow more.")
    return Polished(
        climb.best.program, dtype, climb.before, climb.best.score, tuple(climb.steps), climb.count,
        ended,
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class _Point:
    """Weights and their score, with ``sign`` times it: what grows."""

    weights: F64
    program: Program
    score: Score
    value: Enclosure


class _Climb:
    """The best point so far, and how it was reached."""

    def __init__(
        self, program: Program, task: Task, ties: TieRule | None, dtype: Dtype,
        deadline: Deadline,
    ) -> None:  # fmt: skip
        self.given, self.task, self.ties, self.dtype = program, task, ties, dtype
        self.deadline, self.metric = deadline, metric_for(task)
        self.steps: list[Enclosure] = []
        self.count = 0
        self.before: Score | None = None
        self.best: _Point | None = None

    def begin(self) -> None:
        self.best = self.point(self.rounded(weights_of(self.given).flat))
        self.before = self.best.score

    def point(self, weights: F64) -> _Point:
        """TimeIsUpError if its score is not known in time."""
        program = with_weights(self.given, weights)
        question = Question(
            self.metric, program, self.task, self.ties, wish="exact", deadline=self.deadline,
            threads=1 if self.task.seq_len <= _ONE_THREAD_UP_TO else 2,
        )  # fmt: skip
        found = deque(CONES.steps(question), maxlen=1)
        if not found or found[0].kind != "exact":
            raise TimeIsUpError
        self.count += 1
        score = replace(found[0], by_label=None)
        value = score.enclosure
        if not self.metric.of_labels:
            value = Enclosure(-value.upper, -value.lower)
        return _Point(weights, program, score, value)

    def slopes(self, point: _Point) -> F64:
        """Of what grows; 0 by weights without a derivative."""
        found = slopes_of(point.program, self.task, self.ties, self.deadline)
        flat = np.nan_to_num(found.slopes.flat)
        return flat if self.metric.of_labels else -flat

    def ascend(
        self, noise: np.random.Generator | None, k: int, restarts: int, progress: Progress | None
    ) -> None:
        """From the best point, with some noise, until no step is proved to gain."""
        assert self.best is not None
        start = self.best
        if noise is not None:
            start = self.point(self.rounded(start.weights + self.noise(start.weights, noise)))
        with suppress(*() if noise is None else (InputError,)):
            for here in self.path(start):
                if here.value.lower > self.best.value.upper:
                    self.best = here
                    self.steps.append(here.score.enclosure)
                if progress is not None:
                    low, _ = here.score.enclosure.decimal(8)
                    best, _ = self.best.score.enclosure.decimal(8)
                    which = f"start {k + 1} of {restarts + 1}, " if restarts else ""
                    progress(k / (restarts + 1), f"{which}{low}, best {best}")

    def noise(self, weights: F64, generator: np.random.Generator) -> F64:
        scales = weights_of(self.given).shaped(weights).scales
        return _NOISE * scales * generator.standard_normal(len(weights))

    def rounded(self, weights: F64) -> F64:
        rounded: F64 = weights.astype(self.dtype).astype(np.float64)
        return rounded

    def path(self, here: _Point) -> Iterator[_Point]:
        """Points, each proved to be better than the one before."""
        pairs: deque[tuple[F64, F64]] = deque(maxlen=_MEMORY)
        slopes = self.slopes(here)
        while True:
            found = self.search(here, slopes, _direction(slopes, pairs), bool(pairs))
            if found is None and pairs:  # a kink may lie there: once more, straight uphill
                pairs.clear()
                found = self.search(here, slopes, slopes, False)
            if found is None:
                return
            yield found
            try:
                fresh = self.slopes(found)
            except InputError:  # steps have led to where logits coincide, say: it ends there
                return
            change, turn = found.weights - here.weights, slopes - fresh
            if change @ turn > 1e-12 * np.linalg.norm(change) * np.linalg.norm(turn):
                pairs.append((change, turn))
            here, slopes = found, fresh

    def search(self, here: _Point, slopes: F64, along: F64, scaled: bool) -> _Point | None:
        """A better point in a direction, by halving the step; None if none is proved to be."""
        promise = float(slopes @ along)
        if not promise > 0:
            return None
        step = 1.0
        if not scaled:
            step = _FIRST * float(np.linalg.norm(here.weights) / np.linalg.norm(along))
        for _ in range(_HALVINGS):
            weights = self.rounded(here.weights + step * along)
            if np.array_equal(weights, here.weights):
                return None
            trial = self.point(weights)
            gain = trial.value.lower - here.value.upper
            if gain > 0 and gain >= _ENOUGH * step * promise:
                return trial
            step /= 2
        return None


def _direction(slopes: F64, pairs: deque[tuple[F64, F64]]) -> F64:
    """The inverse of the remembered curvature, times the slopes (the two loops of L-BFGS)."""
    along, shares = slopes.copy(), []
    for change, turn in reversed(pairs):
        share = float(change @ along) / float(change @ turn)
        shares.append(share)
        along -= share * turn
    if pairs:
        change, turn = pairs[-1]
        along *= float(change @ turn) / float(turn @ turn)
    for (change, turn), share in zip(pairs, reversed(shares), strict=True):
        along += (share - float(turn @ along) / float(change @ turn)) * change
    return along
