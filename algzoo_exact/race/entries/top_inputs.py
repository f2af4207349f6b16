"""Conditioning on the two largest inputs, with mean field on the others.

Given the positions and values of the largest input a and the second largest b, the others are
independent normals below b. Each is replaced by its mean; the state then runs from step to step as
ReLUs of means. All positions are taken.

- ``mean-field`` replaces a and b by their means too, given their positions. It is deductive, and
  leaves out that inputs vary, so that it is too high.
- ``mean-field-calibrated`` takes each margin to vary by a Laplace distribution of scale ``SCALE``
  times the logits' root mean square: a constant learned offline on other models.
- ``top-inputs`` takes a and b from a product rule over their values, which makes it a cubature.

Before the first of the two arrives, the state is taken to be the one that it settles to under the
others' mean alone. So a pair of positions matters only through its lag and the steps that remain,
and pairs share all steps: 108 states are advanced for n = 10, not 90 sequences of ten. With fewer
lags each stands for those near it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.deductive import Weights, deduction
from algzoo_exact.race.entries.designs import second_largest_uniform
from algzoo_exact.race.entries.normal import normal_cdf, normal_quantile
from algzoo_exact.race.entries.order_moments import below, order_moments
from algzoo_exact.race.estimator import LearnedConstant, of_sizes, second_largest

RULES: dict[int, tuple[int, int]] = {1: (1, 1), 2: (1, 2), 4: (2, 2), 12: (4, 3), 24: (6, 4)}
"""Nodes in all -> nodes for the second largest value, and for the largest given it."""

LAG_COUNTS = (2, 9)
"""Numbers of lags between the positions; 9 are all for ten inputs."""

SCALE = LearnedConstant(
    "scale of a margin's variation",
    0.25,
    "32 noisy variants of 2nd_argmax_16_10 (noise 0.0045 and 0.0085, seeds 1000 to 1015)",
    5e10,
)
"""Learned; see docs/notes/estimators.md."""


class Values(NamedTuple):
    """Values (m) of the largest input, of the second and of each other one, and their shares."""

    top: NDArray[np.float64]
    second: NDArray[np.float64]
    rest: NDArray[np.float64]
    share: NDArray[np.float64]


class Cases(NamedTuple):
    """Pairs of positions for every row of values: ``logits`` (m, pairs, n), the position
    ``second`` (pairs) of the second largest input, and the share of each case (m, pairs)."""

    logits: Any
    second: NDArray[np.int_]
    share: NDArray[np.float64]


def mean_values(n: int) -> Values:
    """One row: the means of the largest, second largest and other of ``n`` normal inputs."""
    means, _, _ = order_moments(n)
    rest = means[0, 2:3] if n > 2 else np.zeros(1)
    return Values(means[0, :1], means[0, 1:2], rest, np.ones(1))


@lru_cache(maxsize=32)
def ruled_values(n: int, size: int) -> Values:
    """A product rule of ``size`` rows: Gauss-Legendre in probability."""
    count_b, count_a = RULES[size]
    (at_b, share_b), (at_a, share_a) = _unit_rule(count_b), _unit_rule(count_a)
    b = np.repeat(normal_quantile(second_largest_uniform(at_b, n)), count_a)
    a = -normal_quantile(normal_cdf(-b) * np.tile(1 - at_a, count_b))
    return Values(a, b, below(b)[0], np.repeat(share_b, count_a) * np.tile(share_a, count_b))


def lag_groups(n: int, count: int) -> dict[int, float]:
    """Lags between the two positions, ``count`` of them or all, and the shares that they stand for.

    The n - k pairs of lag k are cut into consecutive groups of about equal size; a group is
    represented by its mean lag, rounded.
    """
    lags = np.arange(1, n)
    pairs = n - lags
    middle = np.cumsum(pairs) - pairs / 2
    group = lags if count >= n - 1 else middle * count // pairs.sum()
    chosen = {}
    for one in np.unique(group):
        inside, size = lags[group == one], pairs[group == one]
        chosen[round(float(inside @ size) / size.sum())] = float(size.sum() / pairs.sum())
    return chosen


def mean_field_cases(weights: Weights, n: int, values: Values, count: int) -> Cases:
    """The logits of all cases, by mean field, for ``count`` lags."""
    groups = lag_groups(n, count)
    w_hi, w_hh, w_oh = weights
    rest = w_hi * values.rest[:, None]
    settled: Any = np.maximum(rest, 0.0)
    for _ in range(n - 2):
        settled = np.maximum(settled @ w_hh.T + rest, 0.0)
    # Axis 1: whether the largest or the second largest comes first.
    both = np.stack([values.top, values.second], axis=1)[:, :, None]
    earlier, later = w_hi * both, w_hi * both[:, ::-1]
    waiting = np.maximum((settled @ w_hh.T)[:, None] + earlier, 0.0)
    arrived = []
    for lag in range(1, max(groups) + 1):
        drift = waiting @ w_hh.T
        if lag in groups:
            arrived.append(np.maximum(drift + later, 0.0))
        if lag < max(groups):
            waiting = np.maximum(drift + rest[:, None], 0.0)
    # Axis 2: lags, ascending. For a long one fewer steps remain after the later position.
    states = np.stack(arrived, axis=2)
    lags, group_shares = np.array(list(groups)), np.array(list(groups.values()))
    logits, second, shares = [], [], []
    for late in range(n - 1, min(groups) - 1, -1):
        states, lags = states[:, :, lags <= late], lags[lags <= late]
        logits.append((states @ w_oh.T).reshape(len(both), 2 * len(lags), n))
        second.append(np.concatenate([np.full(len(lags), late), late - lags]))
        shares.append(np.tile(group_shares[: len(lags)] / (2 * (n - lags)), 2))
        if late > min(groups):
            kept = states[:, :, lags < late]
            states = np.maximum(kept @ w_hh.T + rest[:, None, None], 0.0)
            lags = lags[lags < late]
    share = values.share[:, None] * np.concatenate(shares)
    return Cases(np.concatenate(logits, axis=1), np.concatenate(second), share)


def margins(cases: Cases) -> Any:
    """The second largest input's logit less the largest other one, (m, pairs)."""
    pairs = np.arange(len(cases.second))
    own = cases.logits[:, pairs, cases.second]
    others = cases.logits.copy()
    others[:, pairs, cases.second] = -np.inf
    return own - others.max(axis=2)


def share_right(cases: Cases) -> Any:
    """The share of cases answered rightly; of several largest logits the lowest index wins."""
    return _mean((np.argmax(cases.logits, axis=2) == cases.second) * 1.0, cases)


def blurred_share_right(cases: Cases, scale: float) -> Any:
    """The same with margins that vary by a Laplace distribution, ``scale`` in units of the
    logits' root mean square."""
    flat = cases.logits.reshape(-1)
    unit = np.sqrt((flat * flat).sum() / flat.size) * scale
    margin = margins(cases)
    tail = np.exp(abs(margin) / -unit) * 0.5
    return _mean(np.where(margin > 0, 1.0 - tail, tail), cases)


def _mean(right: Any, cases: Cases) -> Any:
    return (right * cases.share).sum()


def _unit_rule(count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    nodes, shares = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, shares / 2


def mean_field(weights: Weights, task: Task, size: int) -> Any:
    n = task.seq_len
    return share_right(mean_field_cases(weights, n, mean_values(n), size))


def _calibrated(weights: Weights, task: Task, size: int) -> Any:
    n = task.seq_len
    return blurred_share_right(mean_field_cases(weights, n, mean_values(n), size), SCALE.value)


def _top_inputs(weights: Weights, task: Task, size: int) -> Any:
    n = task.seq_len
    return share_right(mean_field_cases(weights, n, ruled_values(n, size), n - 1))


MEAN_FIELD = deduction(
    "mean-field",
    "every input replaced by its mean, given the positions of the two largest",
    LAG_COUNTS,
    mean_field,
    second_largest,
)
MEAN_FIELD_CALIBRATED = deduction(
    "mean-field-calibrated",
    "mean-field, with margins blurred by a scale learned offline on other models",
    LAG_COUNTS[-1:],
    _calibrated,
    second_largest,
    of_sizes(16, 10),
    learned=(SCALE,),
)
TOP_INPUTS = deduction(
    "top-inputs",
    "the two largest inputs by a product rule, the others replaced by their mean",
    tuple(RULES),
    _top_inputs,
    second_largest,
    kind="cubature",
)
