"""Error, bias and ratio to sampling of one estimator at one budget, with their intervals.

An estimator gave the errors e[s, v] for seeds s and variants v. All variants saw the same points
for the same seed, so the errors of one seed are not independent. Two intervals follow.

- For these variants: the numbers of one seed are averaged over variants, and the seeds are the
  independent units. Without seeds, the variants are.
- For variants like these: the variance between variants is added to that between seeds. That is
  the variance of a mean over two crossed factors, or a little more: what seeds and variants cause
  together counts twice (Owen, The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007).

A mean squared error is a mean of squares. With shared points the square of a seed behaves like
chi-square with few degrees of freedom, whose mean has a skew distribution. So its interval is
taken on the logarithm (delta method) with Student's t. For 30 seeds and one degree of freedom, the
worst case, a test measures that it covers 93%; the interval without the logarithm covers 90%.

A sampled truth has an error of its own with variance w_v, which the mean squared error contains.
The mean of w_v is subtracted, and the uncertainty that is left is added to the intervals.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.race.entries.last_input_kernel import student

Floats = NDArray[np.float64]

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Measured:
    """A value between ``low`` and ``high`` with 95% confidence, for these variants.

    ``wide_low`` and ``wide_high`` are the interval for variants like these.
    """

    value: float
    low: float
    high: float
    wide_low: float
    wide_high: float


@dataclass(frozen=True)
class Outcome:
    """What one estimator reached at one budget.

    ``flops`` is the mean number of operations that it used, and ``sampling_mse`` the mean of
    p (1 - p) / k for as many operations: what random sampling reaches in theory. Both are None,
    as is ``ratio`` = MSE / sampling_mse, where operations can't be attributed. Where the truth's
    own error is large, ``mse.value`` can be negative.
    """

    mse: Measured
    bias: Measured
    flops: float | None
    sampling_mse: float | None
    ratio: Measured | None


@dataclass(frozen=True)
class Truths:
    """The variants' accuracies (V), and the variances of these figures' own errors (V)."""

    values: Floats
    variances: Floats


def outcome(
    values: Floats, truths: Truths, flops: Floats | None, sample_cost: int, *, seeded: bool
) -> Outcome:
    """From estimates ``values`` (S, V) and operations ``flops`` (S, V); S = 1 without seeds.

    At least two variants, and two seeds if ``seeded``.
    """
    errors = values - truths.values
    spare = truths.variances
    squares = errors**2
    per_variant = errors.mean(0)
    count = errors.shape[1]
    # The mean over variants of the truth's squared error, 2 w^2 / V, and of its product with the
    # estimator's own error, 4 w (e^2 - w) / V.
    own = np.maximum(per_variant**2 - spare, 0)
    noise = float(np.mean(2 * spare**2 + 4 * spare * own)) / count
    mse = _positive(squares, np.zeros_like(squares), float(spare.mean()), noise, seeded)
    bias = _signed(errors, float(spare.mean()) / count, seeded)
    if flops is None:
        return Outcome(mse, bias, None, None, None)
    sampling = truths.values * (1 - truths.values) * sample_cost / flops
    level = float(sampling.mean())
    value = float(squares.mean()) / level
    relative = _positive(
        squares / level,
        value * sampling / level,
        float(spare.mean()) / level,
        noise / level**2,
        seeded,
    )
    return Outcome(mse, bias, float(flops.mean()), level, relative)


def _positive(
    squares: Floats, expected: Floats, spare: float, noise: float, seeded: bool
) -> Measured:
    """A mean of ``squares`` minus ``spare``, with intervals on the logarithm of the mean.

    ``squares - expected`` are the deviations that count, for a ratio those from the ratio's line.
    """
    mean = float(squares.mean())
    narrow, wide = _errors(squares - expected, noise, seeded)
    limits = []
    for error, freedom in (narrow, wide):
        share = student_quantile(freedom) * error / mean if mean > 0 else 0.0
        factor = exp(min(share, 700.0))
        limits += [max(mean / factor - spare, 0.0), max(mean * factor - spare, 0.0)]
    return Measured(mean - spare, *limits)


def _signed(errors: Floats, noise: float, seeded: bool) -> Measured:
    mean = float(errors.mean())
    limits = []
    for error, freedom in _errors(errors, noise, seeded):
        half = student_quantile(freedom) * error
        limits += [mean - half, mean + half]
    return Measured(mean, *limits)


def _errors(
    values: Floats, noise: float, seeded: bool
) -> tuple[tuple[float, int], tuple[float, int]]:
    """Standard errors of the mean with their degrees of freedom: these variants, such variants."""
    seeds, variants = values.shape
    between_variants = float(values.mean(0).var(ddof=1)) / variants
    if not seeded:
        only = sqrt(between_variants + noise), variants - 1
        return only, only
    between_seeds = float(values.mean(1).var(ddof=1)) / seeds
    narrow = sqrt(between_seeds + noise), seeds - 1
    return narrow, (sqrt(between_seeds + between_variants + noise), min(seeds, variants) - 1)


@cache
def student_quantile(freedom: int) -> float:
    """The t with P(|T| <= t) = 95% for Student's T with ``freedom`` degrees of freedom."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = (low + high) / 2
        within = 2 * student(middle / sqrt(freedom), freedom) - 1
        low, high = (middle, high) if within < CONFIDENCE else (low, middle)
    return (low + high) / 2
