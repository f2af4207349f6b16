"""What random inputs give, without torch, which they ran in: another process may hand it over."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import copysign, fsum, inf, sqrt
from statistics import NormalDist
from typing import Literal, TypeAlias

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import TieRule
from algzoo_exact.shown import Shown


@dataclass(frozen=True)
class SampleEstimate(Shown):
    """A sampled accuracy.

    ``correct`` is the credit gained by ``samples`` inputs: a whole number, or a fraction where
    ``ties`` is ``uniform``. The true accuracy of the floating-point network lies in
    [``lower``, ``upper``] with at least the chance ``confidence``; ``interval`` says by which
    theorem. ``standard_error`` is the estimated one of ``accuracy``.
    """

    samples: int
    correct: Fraction
    lower: float
    upper: float
    standard_error: float
    interval: Literal["Clopper-Pearson", "Chernoff-Hoeffding"]
    confidence: float
    ties: TieRule
    seed: int
    device: str
    dtype: str
    seconds: float
    kind: Literal["sampled"] = "sampled"

    @property
    def accuracy(self) -> float:
        return float(self.correct / self.samples)

    @property
    def value(self) -> float:
        """The accuracy: what it is an estimate of."""
        return self.accuracy

    def z_score(self, value: float) -> float:
        """How many standard errors the estimate lies above ``value``, were that the accuracy.

        The standard error is then sqrt(v (1 - v) / samples), at least that of any credit in
        [0, 1] with mean v. Infinite where ``value`` is 0 or 1 and the estimate is not.
        """
        deviation = sqrt(max(0.0, value * (1 - value)) / self.samples)
        return _z_score(self.accuracy - value, deviation)


@dataclass(frozen=True)
class SampledSquaredError(Shown):
    """A sampled mean squared error.

    ``mean`` is over ``samples`` inputs, ``standard_error`` its estimated standard deviation.
    Squared errors are not bounded, so that there is no exact confidence interval as there is for
    accuracies: ``interval`` is the normal approximation, right in the limit of many samples.
    """

    samples: int
    mean: float
    standard_error: float
    seed: int
    device: str
    dtype: str
    seconds: float
    kind: Literal["sampled"] = "sampled"

    @property
    def value(self) -> float:
        """The mean: what it is an estimate of."""
        return self.mean

    @property
    def root(self) -> float:
        """The sampled root mean squared error."""
        return sqrt(self.mean)

    def interval(self, confidence: float = 0.99) -> tuple[float, float]:
        """The asymptotic (normal) confidence interval of the mean squared error, not below 0."""
        if not 0 < confidence < 1:
            raise InputError(f"The confidence must be between 0 and 1, not {confidence}.")
        reach = NormalDist().inv_cdf((1 + confidence) / 2) * self.standard_error
        return max(0.0, self.mean - reach), self.mean + reach

    def z_score(self, value: float) -> float:
        """How many standard errors the estimate lies above ``value``; infinite if all samples have
        one squared error, and it is another."""
        return _z_score(self.mean - value, self.standard_error)


Estimate: TypeAlias = SampleEstimate | SampledSquaredError


def pooled(blocks: Sequence[tuple[int, float, float]]) -> tuple[int, float, float]:
    """(count, mean, its standard error) of numbers in blocks, of which there is at least one, each
    with its count, its mean, and the sum of the squared deviations from that.

    Chan, Golub and LeVeque (1983): deviations within blocks, and of blocks from the whole.
    """
    total = sum(count for count, _, _ in blocks)
    mean = fsum(count * mean for count, mean, _ in blocks) / total
    spread = fsum(within + count * (part - mean) ** 2 for count, part, within in blocks)
    return total, mean, sqrt(spread / max(1, total - 1) / total)


def _z_score(difference: float, deviation: float) -> float:
    if difference == 0:
        return 0.0
    return difference / deviation if deviation else copysign(inf, difference)


@dataclass(frozen=True, eq=False)
class Observed:
    """``samples`` inputs: how often each pattern (as bits) was met, ``answers[label][answer]``
    where one logit is the largest, and ``tied[label]`` where several are.

    For median, ``squares`` are sums of squared errors by pattern and middle inputs (as bits: two
    for even n). No patterns are kept of programs whose regions cannot be measured, for more than 6
    inputs.
    """

    samples: int
    patterns: Counter[int]
    answers: tuple[tuple[int, ...], ...]
    tied: tuple[int, ...]
    squares: dict[tuple[int, int], float]
