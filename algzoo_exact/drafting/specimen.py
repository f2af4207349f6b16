"""The model that a draft is about, and what it does on some inputs, in floats.

Finders look at these numbers for what might be true. Nothing is concluded from them: what a finder
proposes is proved from the exact weights or left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]

_POINTS = 400
_DRAWN = 200_000
_LARGEST = 64  # of the inputs' whole numbers


@dataclass(frozen=True, eq=False)
class Specimen:
    """A program, in standard form if ``standard`` (``original``: as it is stored), with its task;
    ``seed`` is that of all draws."""

    program: Program
    original: Program
    task: Task
    ties: TieRule
    standard: bool
    seed: int

    @property
    def n(self) -> int:
        return self.program.seq_len

    @property
    def d(self) -> int:
        return self.program.hidden_size

    @cached_property
    def w_hi(self) -> Floats:
        return np.array(self.program.input_weights, dtype=float)

    @cached_property
    def w_hh(self) -> Floats:
        return np.array(self.program.recurrent, dtype=float)

    @cached_property
    def w_oh(self) -> Floats:
        return np.array(self.program.readout, dtype=float)

    @cached_property
    def points(self) -> Floats:
        """Inputs (N, n) in whole numbers, so that networks with short weights have no rounding;
        the first ones are all of one sign."""
        random = np.random.default_rng(self.seed)
        points = random.integers(-_LARGEST, _LARGEST + 1, (_POINTS, self.n)).astype(float)
        few = _POINTS // 16
        points[:few], points[few : 2 * few] = abs(points[:few]), -abs(points[few : 2 * few])
        return points

    def states(self, x: Floats) -> tuple[Floats, Floats]:
        """z and h (n, N, d) at inputs (N, n)."""
        z = np.zeros((self.n, len(x), self.d))
        h = np.zeros((self.n + 1, len(x), self.d))
        for t in range(self.n):
            z[t] = h[t] @ self.w_hh.T + x[:, t : t + 1] * self.w_hi
            h[t + 1] = np.maximum(z[t], 0.0)
        return z, h[1:]

    def draw(self, count: int) -> Floats:
        """Gaussian inputs (count, n), always the same."""
        return np.random.default_rng(self.seed + 1).standard_normal((count, self.n))

    def logits(self, x: Floats) -> Floats:
        """(N, outputs)."""
        last: Floats = self.states(x)[1][-1] @ self.w_oh.T
        return last

    def credit(self, x: Floats) -> Floats:
        """What the model's answers earn (N), ties by the rule: 1 where they are right, 0 where they
        are wrong."""
        logits, labels = self.logits(x), self.labels(x)
        best = logits == logits.max(1, keepdims=True)
        among, count = best[np.arange(len(x)), labels], best.sum(1)
        first = best.argmax(1) == labels
        earned: Floats = {
            "lowest": first,
            "incorrect": first & (count == 1),
            "uniform": among / count,
        }[self.ties].astype(float)
        return earned

    def labels(self, x: Floats) -> Labels:
        """The task's labels; -1 on walls."""
        labels = np.array([*(cell.label for cell in self.task.cells()), -1])
        found: Labels = labels[self.cells(x)]
        return found

    def cells(self, x: Floats) -> Labels:
        """Which of the task's cells each input is in; -1 on walls."""
        found = np.full(len(x), -1, dtype=np.int64)
        for c, cell in enumerate(self.task.cells()):
            rows = np.array(cell.inequalities, dtype=float).reshape(-1, self.n)
            found[(x @ rows.T > 0).all(1)] = c
        return found

    @cached_property
    def sample(self) -> Sample:
        """What finders compare simpler networks with."""
        x = self.draw(_DRAWN)
        x /= abs(x).max(1, keepdims=True)
        return Sample(x, self.cells(x), self.labels(x), self.credit(x))


@dataclass(frozen=True, eq=False)
class Sample:
    """Random inputs (N, n), of which the largest entry is 1 or -1; their cells, their labels, and
    what the model earns."""

    x: Floats
    cells: Labels
    labels: Labels
    credit: Floats
