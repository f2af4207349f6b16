"""Random inputs beside a score: an estimate that knows nothing of the proof."""

from __future__ import annotations

from dataclasses import dataclass

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.findings.random_inputs import Sampled
from algzoo_exact.runtime.agreement import agreement, says_more
from algzoo_exact.runtime.sampled import Estimate


@dataclass(frozen=True, eq=False)
class CrossCheck:
    """A sample held against an enclosure; ``failure`` says why there is none.

    ``z_score`` is to the enclosure's nearest point. ``agrees``: the sample does not contradict the
    enclosure, by a test that chance fails less than once in 10^6; None where there is no sample.
    ``says_more``: it tells much more than the enclosure. ``bits`` as in ``Sampled``.
    """

    estimate: Estimate | None
    z_score: float = 0.0
    agrees: bool | None = None
    says_more: bool = False
    bits: int | None = None
    failure: str = ""


def cross_check(sampled: Sampled, proved: Enclosure) -> CrossCheck:
    """Hold a sample against what is proved of the score."""
    found = sampled.score
    if found is None:
        return CrossCheck(None, failure=sampled.failure)
    check = agreement(found, proved)
    more = says_more(found, proved)
    return CrossCheck(found, check.z_score, check.agrees, more, sampled.bits)
