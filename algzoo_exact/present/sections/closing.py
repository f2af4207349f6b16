"""The last sections: a check by sampling, what is trusted and what not claimed."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isfinite

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import decimals, level
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.certificate import what
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import between
from algzoo_exact.runtime.sampled import Estimate, SampleEstimate


def sampling(found: Findings) -> Iterator[d.Block]:
    """Random inputs beside the theorem."""
    check, estimate = found.check, found.check.estimate
    if estimate is None:
        yield d.paragraph(
            f"None was made. {check.failure} What is above does not rest on floats of the network."
        )
        return
    yield d.paragraph(
        f"The network was run in float64 on {estimate.samples:,} random inputs (seed "
        f"{estimate.seed}). {_rounded(check.bits)}This proves nothing; it would notice a gross "
        "mistake in what is above. ", d.Kind("sampled"),
    )  # fmt: skip
    where = "the nearest point of the bounds" if found.kind != "exact" else "the exact value"
    agrees = "the sample agrees with the theorem"
    if not check.agrees:
        agrees = (
            "the sample contradicts the theorem, which chance does less than once in 10^6; "
            "rounding can, where logits tie exactly"
        )
    z = f"{check.z_score:+.2f}".replace("-", "−") if isfinite(check.z_score) else "infinite"
    said = f"{z} standard errors from {where}: {agrees}"
    if check.z_score == 0 and found.kind != "exact":
        said = f"0, for the sample lies within the bounds: {agrees}"
    if found.says_nothing:
        said = "none, for there are no bounds to hold the sample against"
    value, interval = _sampled(estimate)
    name = "Accuracy" if isinstance(estimate, SampleEstimate) else "Mean squared error"
    yield d.facts((name, (value, d.Kind("sampled"))), ("Interval", interval), ("z-score", said))


def _rounded(bits: int | None) -> str:
    """What was done to inputs so that ties stay ties."""
    if bits is None:
        return ""
    return (
        f"They were normal variables rounded to multiples of 2^−{bits}: with the few bits that its "
        "weights have, every sum is then a float64 number, so that nothing is rounded and logits "
        "that tie do so here as well. "
    )


def _sampled(estimate: Estimate) -> tuple[str, str]:
    """The figure, and its interval."""
    error = f" ± {estimate.standard_error:.1g} "
    if isinstance(estimate, SampleEstimate):
        known = between(Enclosure(Fraction(estimate.lower), Fraction(estimate.upper)), 6)
        interval = f"with confidence {level(estimate.confidence)} {known}"
        return decimals(estimate.accuracy, 6) + error, f"{interval} ({estimate.interval})"
    ends = estimate.interval()
    interval = f"about 99% between {ends[0]:.6g} and {ends[1]:.6g} (normal approximation)"
    return f"{estimate.mean:.6g}" + error, interval


def trust(found: Findings) -> Iterator[d.Block]:
    """What has to be believed."""
    items = [
        "Python's integers and fractions, and FLINT's ball arithmetic.",
        "IEEE 754 double arithmetic as it was compiled, for bounds that decide most signs; what "
        "they leave open is decided in integers.",
        "The reading of the weights file, and this program.",
    ]
    claims = found.verification.claims if found.verification else ()
    if any("z3" in checked.trusted for claim in claims for checked in claim.instances):
        items.append("z3, for the lemmas that name it.")
    if found.certificate is not None:
        items.append(
            f"For the {what(found.certificate)} in the certificate, less: the checker's one file "
            "and Python's standard library."
        )
    yield d.bullets(*items)


def limits(found: Findings) -> Iterator[d.Block]:
    """What is not said."""
    drawn = (
        "drawn uniformly" if found.task.is_discrete else "independent standard normal (or have "
        "another distribution whose direction is uniform on the sphere)"
    )  # fmt: skip
    otherwise = (
        "Its answers are then rounded." if found.task.is_numeric else "It may answer otherwise "
        "where two logits nearly agree."
    )  # fmt: skip
    items = [
        f"Nothing about the network as it runs in floating point. {otherwise}",
        f"Nothing about inputs that are not {drawn}.",
    ]
    counts = found.score.counts
    if found.score.ties is not None and (counts is None or counts.tied or counts.undecided):
        items.append("Nothing about other rules for ties than the one stated.")
    if found.kind != "exact" and found.score.undecided:
        items.append("The bounds are true, and may be far from tight.")
    if found.kind != "exact" and found.task.seq_len > LARGEST_DIMENSION:
        items.append("Regions, their number and their measures: they are out of reach here.")
    lemmas = ", beyond the lemmas that are marked as proved" if found.verification else ""
    yield d.bullets(*items, f"How the model works{lemmas}.")
