"""Random inputs beside a score: an estimate that knows nothing of the proof."""

from __future__ import annotations

from dataclasses import dataclass

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.findings.random_inputs import Sampled
from algzoo_exact.runtime.agreement import agreement, says_more
from algzoo_exact.runtime.sampled import SampledSquaredError, SampleEstimate


@dataclass(frozen=True, eq=False)
class CrossCheck:
    """A sample held against an enclosure: of an ``accuracy``, or of a ``squared_error``.

    ``z_score`` is to the enclosure's nearest point. ``agrees``: the sample does not contradict the
    enclosure, by a test that chance fails less than once in 10^6; None where there is no sample,
    and ``failure`` says why. ``bits`` as in ``Sampled``.
    ``says_more``: it tells much more than the enclosure.
    """

    accuracy: SampleEstimate | None
    squared_error: SampledSquaredError | None
    z_score: float
    agrees: bool | None
    bits: int | None
    says_more: bool = False
    failure: str = ""


def cross_check(sampled: Sampled, proved: Enclosure) -> CrossCheck:
    """Hold a sample against what is proved of the score."""
    found = sampled.score
    if found is None:
        return CrossCheck(None, None, 0.0, None, None, failure=sampled.failure)
    check, first = agreement(found, proved), says_more(found, proved)
    if isinstance(found, SampleEstimate):
        return CrossCheck(found, None, check.z_score, check.agrees, sampled.bits, first)
    return CrossCheck(None, found, check.z_score, check.agrees, None, first)
