"""The claim that two terms are close: a supremum or a mean of their distance is within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar, get_args

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.bounds import BOUND_KEYS, BOUND_RULE, Bounded, Bounds, held_against
from algzoo_exact.explain.claims.claim import FAILING_PART, ClaimResult
from algzoo_exact.explain.claims.equalities import bits_of
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Json, Keys, Source, choice, formula, term
from algzoo_exact.explain.claims.tolerances import rounded
from algzoo_exact.explain.language.cases import comparison
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    distance,
    entries,
    fails_at,
    point_text,
)
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.decider import FEW_INPUTS, Decider, together
from algzoo_exact.explain.prove.exact_figures import mean_error, supremum
from algzoo_exact.explain.prove.facts import Fact, Question, is_computed, step_of
from algzoo_exact.explain.prove.sampled_figures import Error, if_in_range, sampled_error
from algzoo_exact.program.ir import Program

_CELL_SHARE = 0.5  # of the time, for the supremum cell by cell; the rest is for the prover
_TRIED = (Fraction(1), Fraction(5, 4), Fraction(2), Fraction(4), Fraction(16))
"""Multiples of the largest error seen, as bounds to be proved."""
_NEARLY = Fraction(1, 2**20)  # A supremum below a bound by this part of it is refuted by the prover


@dataclass(frozen=True)
class Close(Bounded):
    """How far ``left`` and ``right`` are apart is within ``bounds``.

    ``error`` supremum: the supremum over ``domain`` of |left - right| / ``scale`` (where the
    scale is 0, both are equal); it says |left - right| <= at_most * scale. root_mean_square and
    mean: sqrt(E[(left - right)^2]) and E|left - right| for standard Gaussian inputs, given that
    they are in ``domain``; these have no scale (None).
    """

    left: Term
    right: Term
    domain: Formula
    error: Error
    scale: Term | None
    bounds: Bounds

    kind = "close"
    number = "an error"
    greatest = None
    weaker_by = "the smallest tolerance"
    keys: ClassVar[Keys] = {
        "left": term(),
        "right": term(),
        "error": choice(get_args(Error), "supremum"),
        "scale": term(required=False),
        **BOUND_KEYS,
        "domain": formula(EVERYWHERE),
        **SETTING_KEYS,
    }
    schema_rules: ClassVar[Json] = BOUND_RULE | {
        "if": {
            "properties": {"error": {"enum": ["root_mean_square", "mean"]}},
            "required": ["error"],
        },
        "then": {"not": {"required": ["scale"]}},
    }
    assumes = assumable = True

    def __post_init__(self) -> None:
        assert (self.scale is not None) == (self.error == "supremum")
        super().__post_init__()

    @classmethod
    def said(cls, source: Source) -> Json:
        given = super().said(source)
        if given["error"] != "supremum" and given["scale"] is not None:
            raise InputError(f"scale is of suprema, not of the error {given['error']!r}.")
        if given["error"] == "supremum" and given["scale"] is None:
            inputs = (Entry("x", (t,)) for t in range(source.expander.sizes.seq_len))
            given["scale"] = Apply("max", tuple(Apply("abs", (entry,)) for entry in inputs))
        return given

    def apart(self) -> Term:
        """|left - right|."""
        return distance(self.left, self.right)

    def scaled(self, factor: Fraction) -> Term:
        """So many times the scale."""
        assert self.scale is not None
        return Apply("mul", (Number(factor), self.scale))

    def within(self, most: Fraction) -> Formula:
        """|left - right| <= most * scale."""
        return comparison("<=", self.apart(), self.scaled(most))

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """With bounds that are met; where only samples are known, larger and larger ones."""
        found = list(super().weaker(result, bench))
        yield from found
        seen = [f.estimate for o in result.instances for f in o.figures if f.estimate is not None]
        if not found and seen and "at_most" in result.claim.table:
            for factor in _TRIED:
                most = rounded(Fraction(max(seen)) * factor, up=True, digits=2)
                yield {**result.claim.table, "at_most": most}

    def fails(self, bench: Bench) -> Figure | None:
        """Of a supremum, of the inputs where the error is beyond the upper bound."""
        most = self.bounds.most
        if self.scale is None or most is None:
            return None
        return bench.measured(Question(self.within(most), self.domain).false, part=FAILING_PART)

    def facts(self) -> list[Fact]:
        most = self.bounds.most
        if self.scale is None or most is None:
            return []
        return [Fact(self.within(most), self.domain)]

    def equalities(self, program: Program) -> tuple[float, ...]:
        """A supremum of at most c is closeness to one part in 1 / c of the scale."""
        most = self.bounds.most
        if self.scale is None or most is None:
            return ()
        return (max(bits_of(Fraction(1), most), 0.0),)

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        """A supremum from cells or by the prover, a mean from cells; sampled where all else
        fails."""
        deadline = Deadline.after(bench.seconds)
        if self.error == "supremum":
            return _check_supremum(bench.program, self, bench.decider(), facts, deadline)
        try:
            figure = mean_error(
                bench.program, self.left, self.right, domain=self.domain, error=self.error,
                limits=CellLimits(deadline),
            )  # fmt: skip
        except OutOfReachError as reason:
            return _by_sample(bench.program, self, deadline, f"cells: {reason}")
        return held_against(figure, self.bounds)


def _sampled(program: Program, claim: Close, deadline: Deadline) -> Figure:
    terms = claim.left, claim.right, claim.scale, claim.domain
    return if_in_range(
        claim.error, lambda: sampled_error(program, *terms, claim.error, deadline=deadline)
    )


def _by_sample(program: Program, claim: Close, deadline: Deadline, tried: str) -> Outcome:
    found = held_against(_sampled(program, claim, deadline), claim.bounds)
    return replace(found, details=(tried,))


def _inputs(program: Program, claim: Close) -> int:
    """How many inputs the claim is about: those named, and those that named states depend on."""
    found: set[int] = set()
    for entry in frozenset[Entry]().union(*map(entries, claim.expressions())):
        if entry.array == "x":
            found.add(entry.indices[0])
        elif is_computed(entry):
            found |= set(range(program.seq_len)[: step_of(program, entry) + 1])
    return len(found & program.inputs_read)


def _check_supremum(
    program: Program, claim: Close, decider: Decider, facts: Sequence[Fact], deadline: Deadline
) -> Outcome:
    assert claim.scale is not None
    few = _inputs(program, claim) <= FEW_INPUTS
    share = _CELL_SHARE if few else _CELL_SHARE / 10
    limits = CellLimits(deadline.part(share))
    try:
        figure = supremum(
            program, claim.left, claim.right, claim.scale, domain=claim.domain, limits=limits
        )
    except OutOfReachError as reason:
        tried = f"cells: {reason}"
    else:
        found = held_against(figure, claim.bounds)
        if found.status != "unknown":
            return _with_witness(program, claim, found, decider, deadline)
        tried = "cells: the error is not bounded by any multiple of the scale"
    least, most, outcomes = claim.bounds.least, claim.bounds.most, list[Outcome]()
    if most is not None:
        question = Question(claim.within(most), claim.domain, facts)
        outcomes.append(decider.decide(question, deadline=deadline))
    if least is not None and not any(outcome.status == "refuted" for outcome in outcomes):
        outcomes.append(_reaches(claim, least, decider, facts, deadline))
    if not outcomes:
        return _by_sample(program, claim, deadline, tried)
    outcome = together(outcomes) if len(outcomes) > 1 else outcomes[0]
    figures = (_sampled(program, claim, deadline),) if outcome.status == "unknown" else ()
    return replace(outcome, details=(tried, *outcome.details), figures=figures)


def _with_witness(
    program: Program, claim: Close, found: Outcome, decider: Decider, deadline: Deadline
) -> Outcome:
    """An input in the domain where the error is beyond the bound, if it is that which is refuted.

    The supremum itself may be attained on the domain's boundary alone.
    """
    (figure,), most = found.figures, claim.bounds.most
    assert figure.rational is not None
    if found.status != "refuted" or most is None or figure.rational <= most:
        return found
    failing = claim.within(most), claim.domain
    witness = figure.witness
    if witness is None or not fails_at(program, *failing, witness):
        witness = decider.decide(Question(*failing), deadline=deadline).witness
    return found if witness is None else replace(found, witness=witness, failing=failing)


def _reaches(
    claim: Close, least: Fraction, decider: Decider, facts: Sequence[Fact], deadline: Deadline
) -> Outcome:
    """Is the supremum at least so much? Proved by an input, refuted by a smaller bound."""
    assert claim.scale is not None
    somewhere = Logic("and", (claim.domain, comparison(">", claim.scale, Number(Fraction(0)))))
    below = comparison("<", claim.apart(), claim.scaled(least))
    outcome = decider.decide(Question(below, somewhere, facts), deadline=deadline)
    if outcome.witness is not None:
        line = f"the error is that large at {point_text(outcome.witness)}"
        return Outcome.proved(outcome.method, *outcome.details, line)
    if outcome.status == "unknown" or not least:
        return replace(outcome, verdict=Verdict("unknown", "no input with an error that large"))
    smaller = least * (1 - _NEARLY)
    question = Question(claim.within(smaller), claim.domain, facts)
    upper = decider.decide(question, deadline=deadline)
    if upper.status == "proved":
        reason = f"the supremum is at most {float(smaller):.6g}"
        return replace(upper, verdict=Verdict("refuted", reason))
    nearly = Verdict("unknown", "it is at most that, nearly or just attained")
    return replace(upper, verdict=nearly, witness=None, failing=None)
