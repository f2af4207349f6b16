"""Mean and covariance propagation: the state as a Gaussian, with exact Gaussian ReLU moments.

The means and covariances of (h[t], x) go from step to step as if they were a Gaussian's. In size 1
the inputs are standard normal, and the final logits are taken to be jointly Gaussian with them: a
linear function of the inputs plus independent Gaussian noise. On each cell (largest and second
largest input given) the inputs then take their exact moments there. In size 2 there is one
propagation for each cell, from its inputs' exact moments on.

Either way each cell ends with Gaussian logits, and the chance that the label's is the largest comes
from ``half_spaces``, comparison by comparison.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.deductive import Weights, deduction
from algzoo_exact.race.entries.gaussian_relu import gate_probability, relu_covariance, relu_mean
from algzoo_exact.race.entries.half_spaces import Pieces, right_mass
from algzoo_exact.race.entries.order_moments import order_moments
from algzoo_exact.race.estimator import second_largest

ONCE, BY_CELL = 1, 2


def propagated_moments(weights: Weights, mean: Any, covariance: Any) -> tuple[Any, Any, Any]:
    """Means (m, n), covariances (m, n, n) and covariances with the inputs (m, n, n) of the logits.

    ``mean`` (m, n) and ``covariance`` (m, n, n) are those of the inputs.
    """
    w_hi, w_hh, w_oh = weights
    count, n = mean.shape
    d = len(w_hi)
    state, among, across = np.zeros((count, d)), np.zeros((count, d, d)), np.zeros((count, d, n))
    for step in range(n):
        drive = w_hi[:, None] * covariance[:, step : step + 1]
        with_input = w_hh @ across
        tie = with_input[:, :, step, None] * w_hi
        own = w_hi[:, None] * w_hi * covariance[:, step, step, None, None]
        among = w_hh @ among @ w_hh.T + tie + np.swapaxes(tie, 1, 2) + own
        across = with_input + drive
        state = state @ w_hh.T + mean[:, step, None] * w_hi
        variance = np.maximum(among[:, range(d), range(d)], 0.0)
        deviation = np.sqrt(variance)
        across = across * gate_probability(state, deviation)[:, :, None]
        among = relu_covariance(state, among)
        state = relu_mean(state, deviation)
    return state @ w_oh.T, w_oh @ among @ w_oh.T, w_oh @ across


def propagated_accuracy(weights: Weights, task: Task, size: int) -> Any:
    """The accuracy by one propagation (``ONCE``) or one for each cell (``BY_CELL``)."""
    means, covariances, labels = order_moments(task.seq_len)
    n = task.seq_len
    if size == BY_CELL:
        logit, spread, _ = propagated_moments(weights, means, covariances)
    else:
        logit, spread, slope = propagated_moments(weights, np.zeros((1, n)), np.eye(n)[None])
        rest = spread - slope @ np.swapaxes(slope, 1, 2)
        logit = logit + means @ slope[0].T
        spread = slope @ covariances @ np.swapaxes(slope, 1, 2) + rest
    functionals = np.tile(np.eye(n), (len(labels), 1, 1))
    pieces = Pieces(np.ones(len(labels)), logit, spread)
    return right_mass(pieces, functionals, labels).sum() / len(labels)


PROPAGATION = deduction(
    "covariance",
    "mean and covariance propagation with exact Gaussian ReLU moments",
    (ONCE, BY_CELL),
    propagated_accuracy,
    second_largest,
)
