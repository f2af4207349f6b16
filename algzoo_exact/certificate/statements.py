"""Claims written out as statements that hold for all inputs of a domain, or for some.

A claim is proved if all its statements are, and refuted if one of them is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from algzoo_exact.certificate.evidence import Evidence, said_of
from algzoo_exact.certificate.nodes import Json, SaidError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.claims.answers import Right, Share, Wrong, events
from algzoo_exact.explain.claims.bounds import Bounds
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.close import Close
from algzoo_exact.explain.claims.measure import Measure
from algzoo_exact.explain.claims.weights import Weights
from algzoo_exact.explain.language.cases import comparison
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Compare,
    Formula,
    Logic,
    Number,
)
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.prove.facts import Fact, Question

_NEARLY = Fraction(1, 2**40)


def statements(
    instance: object, checked: Outcome, facts: Sequence[Fact], evidence: Evidence
) -> list[Json]:
    """What an instance of a claim says, with the evidence that there is.

    SaidError for means of errors, and for kinds from outside that do not consist of statements.
    """
    match instance:
        case Measure(_, condition, bounds):
            figure = checked.figures[0]
            return [evidence.probability(condition, figure, _given(bounds), checked.status)]
        case Share():
            return _share(instance, checked, evidence)
        case Weights(_, statement):
            return [_about_weights(checked, statement, evidence)]
        case Close(error="supremum"):
            return _close(instance, checked, facts, evidence)
        case Close():
            raise SaidError(said_of(checked.figures[0]))
        case Instance():
            questions = evidence.asked(instance.says(evidence.task, evidence.ties, facts))
            if questions:
                return evidence.for_all(checked, questions, almost=instance.almost)
            if isinstance(instance, Right | Wrong):  # the order leaves no label
                return [evidence.part("almost all", EVERYWHERE, instance.domain)]
    raise SaidError(f"of a kind that the checker does not know; {evidence.word(checked)}")


def _given(bounds: Bounds) -> Bounds | None:
    return bounds if bounds.given() else None


def _share(claim: Share, checked: Outcome, evidence: Evidence) -> list[Json]:
    """A share by the probability of what is right, and that of what has a label, which must be a
    rational: it is by the order of the inputs."""
    cells = evidence.asked(claim.cells(evidence.task, evidence.ties))
    if not checked.figures or not cells:
        raise SaidError(f"{checked.verdict.reason}")
    (figure,) = checked.figures
    right, labelled = events(cells)
    try:
        whole = order_probability(labelled, evidence.program.seq_len)
    except InputError:
        raise SaidError(said_of(figure)) from None
    if figure.enclosure is None:
        raise SaidError(said_of(figure))
    low, high = (whole * end for end in (figure.enclosure.lower, figure.enclosure.upper))
    rational = None if figure.rational is None else figure.rational * whole
    part = replace(figure, enclosure=Enclosure(low, high), rational=rational)
    stated = _given(claim.bounds.times(whole))
    if stated is not None and stated.at_most == whole:  # as what is right has a label
        stated = replace(stated, at_most=Fraction(1))
    given = Figure.of("probability", whole, by_order=True)
    try:
        told = evidence.probability(right, part, stated, checked.status)
    except SaidError:
        raise SaidError(said_of(figure)) from None
    return [evidence.probability(labelled, given, Bounds(equals=whole), "proved"), told]


def _about_weights(checked: Outcome, statement: Formula, evidence: Evidence) -> Json:
    """No input occurs, so that it is decided at any one."""
    zero = (Fraction(0),) * evidence.program.seq_len
    if checked.status == "proved":
        proof = evidence.at_point(statement, EVERYWHERE)
        return evidence.part("all", statement, EVERYWHERE, proof=proof)
    return evidence.part("all", statement, EVERYWHERE, witness=zero)


def _close(claim: Close, checked: Outcome, facts: Sequence[Fact], evidence: Evidence) -> list[Json]:
    """A supremum: the error is at most so much for all inputs, and as large for some."""
    bounds = claim.bounds
    if not bounds.given() and (value := checked.figures[0].rational) is not None:
        bounds = Bounds(value * (1 - _NEARLY), value)  # it may be attained on the boundary alone
    most, least = bounds.most, bounds.least
    upper = [] if most is None else [claim.within(most)]
    if not upper and not least:  # at least 0
        upper = [comparison(">=", claim.apart(), Number(Fraction(0)))]
    questions = [Question(statement, claim.domain, facts) for statement in upper]
    found = evidence.for_all(checked, questions, almost=False)
    return [*found, _reached(claim, checked, facts, evidence, least)] if least else found


def _reached(
    claim: Close, checked: Outcome, facts: Sequence[Fact], evidence: Evidence, least: Fraction
) -> Json:
    """That the error is as large somewhere; refuted by a smaller bound, which it never exceeds."""
    assert claim.scale is not None
    large = comparison(">=", claim.apart(), claim.scaled(least))
    positive = comparison(">", claim.scale, Number(Fraction(0)))
    asked = Logic("and", (large, positive))
    if checked.status == "proved":
        witness = evidence.reached(checked, asked, claim.domain)
        if witness is None:
            raise SaidError(evidence.word(checked))
        return evidence.part("some", asked, claim.domain, witness=witness)
    if checked.status == "refuted" and checked.witness is None:
        bound = _smaller_bound(checked)
        more = comparison(">", claim.apart(), claim.scaled(bound))
        question = Question(claim.within(bound), claim.domain, facts)
        (proof,) = evidence.proofs(checked, [question], almost=False)
        return evidence.part("some", more, claim.domain, proof=proof)
    return evidence.part("some", asked, claim.domain)


def _smaller_bound(checked: Outcome) -> Fraction:
    """What the error was proved to be at most."""
    if not checked.arguments:
        (figure,) = checked.figures
        assert figure.rational is not None
        return figure.rational
    statement = checked.arguments[-1].statement
    assert isinstance(statement, Compare)
    assert isinstance(statement.right, Apply)
    assert isinstance(statement.right.args[0], Number)
    return statement.right.args[0].value
