"""Random inputs beside a score: an estimate that knows nothing of the proof."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from algzoo_exact.estimators.sampled import SampledSquaredError, SampleEstimate
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.findings.random_inputs import Sampled

_SIGMAS = 5.0  # a normal variable is further off less than once in 10^6
_ROUNDING = 1e-12  # of outputs and medians in float64


@dataclass(frozen=True, eq=False)
class CrossCheck:
    """A sample held against an enclosure: of an ``accuracy``, or of a ``squared_error``.

    ``z_score`` is to the enclosure's nearest point. ``agrees``: the sample does not contradict the
    enclosure, by a test that chance fails less than once in 10^6; None where there is no sample,
    and ``failure`` says why. ``bits`` as in ``Sampled``.
    """

    accuracy: SampleEstimate | None
    squared_error: SampledSquaredError | None
    z_score: float
    agrees: bool | None
    bits: int | None
    failure: str = ""


def cross_check(sampled: Sampled, proved: Enclosure) -> CrossCheck:
    """Hold a sample against what is proved of the score."""
    low, high = proved.lower, proved.upper
    found = sampled.score
    if found is None:
        return CrossCheck(None, None, 0.0, None, None, sampled.failure)
    if not isinstance(found, SampleEstimate):
        nearest = float(min(max(Fraction(found.mean), low), high))
        slack = _ROUNDING * (2 * found.root + _ROUNDING)
        near = abs(found.mean - nearest) <= _SIGMAS * found.standard_error + slack
        return CrossCheck(None, found, found.z_score(nearest), near, None)
    share = Fraction(found.correct, found.samples)
    assert sampled.interval is not None
    agrees = sampled.interval[0] <= high and low <= sampled.interval[1]
    z_score = found.z_score(float(min(max(share, low), high)))
    return CrossCheck(found, None, z_score, agrees, sampled.bits)
