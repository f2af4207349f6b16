"""A random sample held against what is proved of a score."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.runtime.sampled import Estimate, SampledSquaredError

# A sample contradicts an enclosure without a point in its interval at this confidence; of squared
# errors, which have none, farther off than a normal variable is about once in 10^6.
CONFIDENCE, SIGMAS = Fraction(999_999, 1_000_000), 5.0
# Rounding of outputs and medians in float64, where a model is the median but for that.
_ROUNDING = 1e-12
_MUCH_WIDER = 10


@dataclass(frozen=True)
class Agreement:
    """``z_score`` is to the nearest point of the enclosure; ``agrees``: the sample does not
    contradict it, by a test that chance fails about once in 10^6 at most."""

    z_score: float
    agrees: bool


def agreement(estimate: Estimate, enclosure: Enclosure) -> Agreement:
    """Holds a sample against an enclosure."""
    lower, upper = enclosure.lower, enclosure.upper
    if isinstance(estimate, SampledSquaredError):
        nearest = float(min(max(Fraction(estimate.mean), lower), upper))
        reach = SIGMAS * estimate.standard_error + _ROUNDING * (2 * estimate.root + _ROUNDING)
        return Agreement(estimate.z_score(nearest), abs(estimate.mean - nearest) <= reach)
    share = Fraction(estimate.correct, estimate.samples)
    if estimate.interval == "Clopper-Pearson":
        low, high = clopper_pearson(int(estimate.correct), estimate.samples, CONFIDENCE)
    else:
        low, high = chernoff_hoeffding(estimate.correct, estimate.samples, CONFIDENCE)
    z_score = estimate.z_score(float(min(max(share, lower), upper)))
    return Agreement(z_score, low <= upper and lower <= high)


def says_more(estimate: Estimate, enclosure: Enclosure) -> bool:
    """Whether a sample tells much more than a certified enclosure, and so comes first."""
    if isinstance(estimate, SampledSquaredError):
        low, high = estimate.interval()
    else:
        low, high = estimate.lower, estimate.upper
    return float(enclosure.width) > _MUCH_WIDER * (high - low)
