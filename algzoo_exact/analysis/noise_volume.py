"""How much noise the weights of an RNN bear: bits of optimization, estimated from a volume.

Noise u in the weights w, in units of the root mean square s of each matrix, and orthogonal to the
directions in which no answer changes, costs on average

    E[A(w) - A(w + s u)] = 1/2 tr(L Sigma) + ..,     L = -s H s,                               (1)

for a Gaussian u with covariance Sigma, where H holds the second derivatives of the score A. (The
gradient drops out: u and -u are as likely.) Of all noise that costs half of a ``loss`` by (1), and
spreads at most t in each direction, that of the largest volume is along L's eigenvectors:

    sigma_i^2 = min(t^2, c / lambda_i),  where  sum of min(t^2 lambda_i, c) = loss.            (2)

The other half is for what second derivatives do not see: t <= 1 is as large as it may be so that
the exact scores at random draws lose no more than ``loss`` on average. The noise that there could
be at most, t = c = 1, has 2^bits times the volume:

    bits = sum of -log2 sigma_i.                                                               (3)

H is taken from central differences of the exact gradient. It is an estimate: second derivatives may
jump, draws are few, and a volume around one model says nothing of models far away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from algzoo_exact.analysis.gradient import compile_slopes, scored, slopes_of
from algzoo_exact.analysis.weights import with_weights
from algzoo_exact.arrays import F64
from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import HasProgram, Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.score.compute import accuracy
from algzoo_exact.shown import Shown

STEP = 2.0**-14
"""Of the differences, in units of a matrix's scale: below what near-equalities of trained models
bear, and far above the gradient's rounding."""
DRAWS = 24
_HALVINGS = 7  # in the search for t, from 2^-16 to 1: to a quarter of a bit
_LEAST = -16.0
_SAME = 1e-9  # below this, a direction is one in which no answer changes


@dataclass(frozen=True, eq=False)
class NoiseVolume(Shown):
    """Noise that costs about ``loss`` of the accuracy, and ``bits``: log2 of the volume of all
    noise over the volume of that. An estimate.

    ``spreads`` (F) are the noise's standard deviations along the columns of ``directions`` (P, F),
    in units of ``scales`` (P), the root mean square of each weight's matrix. Of the P weights, in
    the order of the matrices, F = P - number of symmetries are free. ``measured`` is the
    mean loss of the draws, ``most`` the t of (2).
    """

    task: Task
    loss: float
    measured: float
    bits: float
    most: float
    spreads: F64
    directions: F64
    scales: F64

    def __repr__(self) -> str:
        return f"<about {self.bits:.1f} bits in {len(self.spreads)} directions>"


def noise_volume(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    loss: float | None = None,
    time_limit: float | None = 60.0,
    progress: Progress | None = None,
) -> NoiseVolume:
    """How much noise the weights of an RNN or a perceptron bear; by default, so much that errors
    are twice as many on average. For accuracies with an exact gradient (n = 2 to 9).

    InputError where there is no gradient, for median models, for a ``loss`` that is not positive
    (as of a model without errors), and for a ``time_limit`` that is too short: two gradients are
    computed for each weight, and some 170 accuracies.
    """
    program, chosen, rule = scored(model, task, ties)
    if rule is None:
        raise InputError(f"{chosen.name} has no labels, so that no accuracy could be kept.")
    deadline = Deadline.after(time_limit)
    try:
        compile_slopes(rule, deadline, progress)
        return _Around(program, chosen, rule, deadline, progress).volume(loss)
    except TimeIsUpError:
        raise InputError(
            f"{program.parameters} weights take two gradients each and 170 accuracies, and there "
            "was no time for them; allow more."
        ) from None


def spreads_for(curvatures: F64, loss: float, most: float) -> F64:
    """(2): the spreads of the noise of the largest volume, for t = ``most``."""
    bent = np.sort(curvatures[curvatures > 0]) * most**2
    # With c between two of these, those below it count whole, and all others as c.
    below = np.concatenate([[0.0], np.cumsum(bent)])
    above = np.arange(len(bent), 0, -1)
    levels = zip((loss - below[:-1]) / above, bent, strict=True)
    level = next((c for c, top in levels if c <= top), None)
    spreads = np.full(len(curvatures), most)
    if level is not None:
        tight = curvatures * most**2 > level
        spreads[tight] = np.sqrt(level / curvatures[tight])
    return spreads


class _Around:
    """A model and those around it."""

    def __init__(
        self, program: Program, task: Task, ties: TieRule, deadline: Deadline,
        progress: Progress | None,
    ) -> None:  # fmt: skip
        self.program, self.task, self.ties, self.deadline = program, task, ties, deadline
        self.progress = progress
        self.gradient = slopes_of(program, task, ties, deadline)
        self.weights = self.gradient.weights.flat
        self.scales = np.maximum(self.gradient.weights.scales, np.finfo(float).tiny)

    def volume(self, loss: float | None) -> NoiseVolume:
        score = self._accuracy(self.program)
        loss = 1 - score if loss is None else loss
        if not 0 < loss < 1:
            raise InputError(f"The loss must be between 0 and 1, not {loss:g}: give one to bear.")
        free = self._free()
        curvatures, inner = np.linalg.eigh(free.T @ self._bent() @ free)
        directions = free @ inner
        draws = np.random.default_rng(0).standard_normal((DRAWS // 2, len(curvatures)))

        def lost(spreads: F64) -> float:
            """On average over the draws: half of them, and their opposites, so that (1) holds."""
            noise = draws * spreads @ directions.T * self.scales
            around = (self.weights + row for row in (*noise, *-noise))
            found = [self._accuracy(with_weights(self.program, weights)) for weights in around]
            return score - float(np.mean(found))

        low, high = _LEAST, 0.0
        best = spreads_for(curvatures, loss, 2.0**low)
        measured = lost(best)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            spreads = spreads_for(curvatures, loss, 2.0**middle)
            found = lost(spreads)
            if found <= loss:
                low, best, measured = middle, spreads, found
            else:
                high = middle
        bits = float(-np.log2(best).sum())
        return NoiseVolume(self.task, loss, measured, bits, 2.0**low, best, directions, self.scales)

    def _free(self) -> F64:
        """Orthonormal directions (P, F) of noise that may change an answer."""
        rows = [v.flat / self.scales for _, v in self.gradient.symmetries()]
        _, sizes, basis = np.linalg.svd(np.array(rows))
        kept: F64 = basis[int((sizes > _SAME * sizes[0]).sum()) :].T
        return kept

    def _bent(self) -> F64:
        """L of (1), from gradients at weights to both sides."""
        columns = []
        for k, scale in enumerate(self.scales):
            plus, minus = (self._slopes(k, side * STEP * scale) for side in (1, -1))
            columns.append((plus - minus) / (2 * STEP))
            if self.progress is not None:
                self.progress(0.5 * (k + 1) / len(self.scales), "gradients around the model")
        bent = -np.array(columns) * self.scales
        symmetric: F64 = (bent + bent.T) / 2
        return symmetric

    def _slopes(self, k: int, change: float) -> F64:
        """The gradient with one weight changed; 0 where a weight has a slope to each side only."""
        weights = self.weights.copy()
        weights[k] += change
        found = slopes_of(with_weights(self.program, weights), self.task, self.ties, self.deadline)
        return np.nan_to_num(found.slopes.flat)

    def _accuracy(self, program: Program) -> float:
        self.deadline.look()
        found = accuracy(program, self.task, ties=self.ties)
        return float(found.enclosure.midpoint)
