"""Random inputs beside a score: an estimate that knows nothing of the proof."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.task import Task, TieRule

if TYPE_CHECKING:
    from algzoo_exact.estimators.sampling import SampleEstimate
    from algzoo_exact.estimators.squared_error import SampledSquaredError
    from algzoo_exact.zoo.loading import Model

# A sample contradicts a score without a point in its interval at this confidence.
CONFIDENCE = Fraction(999_999, 1_000_000)
_SIGMAS = 5.0  # a normal variable is further off less than once in 10^6
_ROUNDING = 1e-12  # of outputs and medians in float64


@dataclass(frozen=True, eq=False)
class CrossCheck:
    """A sample held against an enclosure: of an ``accuracy``, or of a ``squared_error``.

    ``z_score`` is to the enclosure's nearest point. ``agrees``: the sample does not contradict the
    enclosure, by a test that chance fails less than once in 10^6.
    """

    accuracy: SampleEstimate | None
    squared_error: SampledSquaredError | None
    z_score: float
    agrees: bool


def cross_check(
    model: Model,
    task: Task,
    proved: Enclosure,
    ties: TieRule,
    samples: int,
    seed: int,
    progress: Callable[[int, int], None],
) -> CrossCheck:
    """Draw ``samples`` inputs, in float64: closest to the real-valued function."""
    low, high = proved.lower, proved.upper
    if task.name == "median":
        from algzoo_exact.estimators.squared_error import sample_squared_error

        errors = sample_squared_error(
            model.program, task, samples, seed=seed, dtype="float64", progress=progress
        )
        nearest = min(max(errors.mean, float(low)), float(high))
        slack = _ROUNDING * (2 * errors.root + _ROUNDING)
        near = abs(errors.mean - nearest) <= _SIGMAS * errors.standard_error + slack
        return CrossCheck(None, errors, errors.z_score(nearest), near)
    from algzoo_exact.estimators.sampling import sample

    found = sample(
        model.network, task, samples, seed=seed, dtype="float64", ties=ties, progress=progress
    )
    sampled = Fraction(found.correct, found.samples)
    if found.interval == "Clopper-Pearson":
        interval = clopper_pearson(int(found.correct), found.samples, CONFIDENCE)
    else:
        interval = chernoff_hoeffding(found.correct, found.samples, CONFIDENCE)
    agrees = interval[0] <= high and low <= interval[1]
    return CrossCheck(found, None, found.z_score(float(min(max(sampled, low), high))), agrees)
