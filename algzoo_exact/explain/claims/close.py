"""Claims about a number, a probability or an error: the number first, then its bounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from time import monotonic

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import FloatRangeError, InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import significant
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.claim import Bounds, Close, Measure
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    Logic,
    Number,
    Term,
    entries,
    number_text,
)
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import checked
from algzoo_exact.explain.prove.cell_search import CellLimits
from algzoo_exact.explain.prove.cell_space import OutOfReachError
from algzoo_exact.explain.prove.decider import FEW_INPUTS, Decider, Decision, fails_at
from algzoo_exact.explain.prove.exact_figures import mean_error, probability, supremum
from algzoo_exact.explain.prove.facts import Fact
from algzoo_exact.explain.prove.sampled_figures import sampled_error, sampled_probability
from algzoo_exact.explain.prove.torch_check import confirmed
from algzoo_exact.explain.verification import Checked, Figure, joined
from algzoo_exact.program.ir import Program

_ZERO = Number(Fraction(0))
_CELL_SHARE = 0.5  # of the time, for the supremum cell by cell; the rest is for the prover
_NEARLY = Fraction(1, 2**20)  # A supremum below a bound by this part of it is refuted by the prover


def probability_of(program: Program, formula: Formula, seconds: float) -> tuple[Figure, str]:
    """The probability, exact or certified where that can be had, else sampled; and the method."""
    deadline = Deadline.after(seconds)
    try:
        value = order_probability(formula, program.seq_len, deadline.part(0.5))
        return Figure("probability", "exact", Enclosure.exactly(value), value), "order"
    except (InputError, TimeIsUpError):
        pass  # It is not about the order alone, or about too many inputs.
    try:
        return probability(program, formula, limits=CellLimits.until(deadline)), "regions"
    except OutOfReachError:
        return _if_in_range(
            "probability", lambda: sampled_probability(program, formula, deadline=deadline)
        ), "sampling"


def check_measure(program: Program, claim: Measure, seconds: float) -> Checked:
    start = monotonic()
    figure, method = probability_of(program, claim.condition, seconds)
    return _from_figure(claim, figure, method, start)


def check_close(program: Program, claim: Close, decider: Decider, facts: Sequence[Fact]) -> Checked:
    """A supremum from cells or by the prover, a mean from cells; sampled where all else fails."""
    start = monotonic()
    if claim.error == "supremum":
        return _check_supremum(program, claim, decider, facts, start)
    deadline = Deadline.after(decider.seconds)
    limits = CellLimits.until(deadline)
    try:
        figure = mean_error(
            program, claim.left, claim.right, domain=claim.domain, error=claim.error, limits=limits
        )
    except OutOfReachError as reason:
        checked = _from_figure(claim, _sampled(program, claim, deadline), "sampling", start)
        return replace(checked, details=(f"cells: {reason}",))
    return _from_figure(claim, figure, "regions", start)


def verdict_on(figure: Figure, bounds: Bounds) -> Verdict:
    """Whether a number is within its bounds, as far as its enclosure tells."""
    least, most = _limits(bounds)
    known = figure.enclosure
    if known is None:
        about = "open"
        if figure.estimate is not None:
            about = f"about {significant(figure.estimate, 6)} in samples"
        return Verdict("unknown", f"the {_name(figure)} is {about}, and nothing is proved")
    if (least is not None and known.upper < least) or (most is not None and known.lower > most):
        return Verdict("refuted", f"the {_name(figure)} is {value_text(figure)}")
    if (least is None or known.lower >= least) and (most is None or known.upper <= most):
        return Verdict("proved")
    return Verdict("unknown", f"the {_name(figure)} is known to lie in {known}")


def _limits(bounds: Bounds) -> tuple[Fraction | None, Fraction | None]:
    if bounds.equals is not None:
        return bounds.equals, bounds.equals
    return bounds.at_least, bounds.at_most


def value_text(figure: Figure) -> str:
    """The number as a text: the rational, or the decimals that are known."""
    if figure.rational is not None:
        return f"{figure.rational}, about {significant(figure.rational, 6)}"
    assert figure.enclosure is not None
    return f"in {figure.enclosure}"


def _name(figure: Figure) -> str:
    return figure.what.replace("_", " ")


def _from_figure(claim: Measure | Close, figure: Figure, method: str, start: float) -> Checked:
    verdict = verdict_on(figure, claim.bounds)
    return Checked(claim, verdict, method, monotonic() - start, figures=(figure,))


def _sampled(program: Program, claim: Close, deadline: Deadline) -> Figure:
    terms = claim.left, claim.right, claim.scale, claim.domain
    return _if_in_range(
        claim.error, lambda: sampled_error(program, *terms, claim.error, deadline=deadline)
    )


def _if_in_range(what: str, sample: Callable[[], Figure]) -> Figure:
    """The sampled figure; none is drawn where floats do not reach, which costs nothing proved."""
    try:
        return sample()
    except FloatRangeError:
        return Figure(what, "sampled")


def _inputs(program: Program, claim: Close) -> int:
    """How many inputs the claim is about: those named, and those that named states depend on."""
    found: set[int] = set()
    for part in (claim.left, claim.right, claim.scale, claim.domain):
        for entry in frozenset() if part is None else entries(part):
            first = program.seq_len - 1 if entry.array == "logit" else entry.indices[0]
            if entry.array == "x":
                found.add(first)
            elif entry.array in ("z", "h", "logit"):
                found |= set(range(first + 1))
    return len(found)


def _check_supremum(
    program: Program, claim: Close, decider: Decider, facts: Sequence[Fact], start: float
) -> Checked:
    assert claim.scale is not None
    few = _inputs(program, claim) <= FEW_INPUTS
    share = _CELL_SHARE if few else _CELL_SHARE / 10
    deadline = Deadline.after(decider.seconds)
    limits = CellLimits.until(deadline.part(share))
    try:
        figure = supremum(
            program, claim.left, claim.right, claim.scale, domain=claim.domain, limits=limits
        )
    except OutOfReachError as reason:
        tried = f"cells: {reason}"
    else:
        found = _from_figure(claim, figure, "regions", start)
        if found.verdict.status != "unknown":
            return _with_witness(program, found, decider, deadline)
        tried = "cells: the error is not bounded by any multiple of the scale"
    least, most = _limits(claim.bounds)
    decision = Decision(Verdict("proved"), "exact bounds")
    if most is not None:
        decision = decider.everywhere(_within(claim, most), claim.domain, facts, deadline=deadline)
    if least is not None and decision.verdict.status != "refuted":
        above = _reaches(claim, least, decider, facts, deadline)
        worst = joined(part.verdict.status for part in (decision, above))
        verdict = Verdict(worst, decision.verdict.reason or above.verdict.reason)
        decision = replace(
            decision,
            verdict=verdict,
            method=above.method,
            details=decision.details + above.details,
            trusted=tuple(dict.fromkeys(decision.trusted + above.trusted)),
            arguments=decision.arguments + above.arguments,
        )
    figures = (_sampled(program, claim, deadline),) if decision.verdict.status == "unknown" else ()
    decision = replace(decision, details=(tried, *decision.details))
    return replace(checked(program, claim, decision, start), figures=figures)


def _with_witness(
    program: Program, found: Checked, decider: Decider, deadline: Deadline
) -> Checked:
    """An input in the domain where the error is beyond the bound, if it is that which is refuted.

    The supremum itself may be attained on the domain's boundary alone.
    """
    claim, (figure,) = found.instance, found.figures
    assert isinstance(claim, Close)
    most = _limits(claim.bounds)[1]
    assert figure.rational is not None
    if found.verdict.status != "refuted" or most is None or figure.rational <= most:
        return found
    failing = _within(claim, most), claim.domain
    witness = figure.witness
    if witness is None or not fails_at(program, *failing, witness):
        witness = decider.everywhere(*failing, deadline=deadline).witness
    if witness is None:
        return found
    return replace(found, witness=witness, confirmed=confirmed(program, *failing, witness))


def _reaches(
    claim: Close, least: Fraction, decider: Decider, facts: Sequence[Fact], deadline: Deadline
) -> Decision:
    """Is the supremum at least so much? Proved by an input, refuted by a smaller bound."""
    assert claim.scale is not None
    somewhere = Logic("and", (claim.domain, Compare(">", claim.scale, _ZERO)))
    below = Compare("<", _error(claim), _scaled(claim, least))
    decision = decider.everywhere(below, somewhere, facts, deadline=deadline)
    if decision.witness is not None:
        at = ", ".join(map(number_text, decision.witness))
        line = f"the error is that large at x = ({at})"
        return Decision(Verdict("proved"), decision.method, (*decision.details, line))
    if decision.verdict.status == "unknown" or not least:
        return replace(decision, verdict=Verdict("unknown", "no input with an error that large"))
    smaller = least * (1 - _NEARLY)
    upper = decider.everywhere(_within(claim, smaller), claim.domain, facts, deadline=deadline)
    if upper.verdict.status == "proved":
        reason = f"the supremum is at most {float(smaller):.6g}"
        return replace(upper, verdict=Verdict("refuted", reason))
    return replace(upper, verdict=Verdict("unknown", "it is at most that, nearly or just attained"))


def _within(claim: Close, most: Fraction) -> Formula:
    return Compare("<=", _error(claim), _scaled(claim, most))


def _error(claim: Close) -> Term:
    return Apply("abs", (Apply("sub", (claim.left, claim.right)),))


def _scaled(claim: Close, factor: Fraction) -> Term:
    assert claim.scale is not None
    return Apply("mul", (Number(factor), claim.scale))
