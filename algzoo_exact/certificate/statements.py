"""Claims written out as statements that hold for all inputs of a domain, or for some.

A claim is proved if all its statements are, and refuted if one of them is.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.evidence import Evidence, Quantifier
from algzoo_exact.certificate.nodes import SaidError
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.close import Close
from algzoo_exact.explain.claims.weights import Weights
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    Logic,
    Number,
    Term,
    Truth,
    evaluate,
)
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question

Json = dict[str, Any]
_EVERYWHERE = Truth(True)


def statements(checked: Outcome, facts: Sequence[Fact], evidence: Evidence) -> list[Json]:
    """What an instance of a claim says, with the evidence that there is.

    For claims that consist of statements, also of kinds from outside; claims about weights; and
    close where the error is a supremum.
    """
    instance = checked.instance
    match instance:
        case Weights(_, statement):
            return [_about_weights(checked, statement, evidence)]
        case Close():
            return _close(instance, checked, facts, evidence)
        case Instance():
            questions = evidence.questions(instance, facts)
            if questions:
                return _for_all(checked, questions, evidence, almost=instance.almost)
    raise SaidError(f"of a kind that the checker does not know; {evidence.word(checked)}")


def _about_weights(checked: Outcome, statement: Formula, evidence: Evidence) -> Json:
    """No input occurs, so that it is decided at any one."""
    zero = (Fraction(0),) * evidence.program.seq_len
    if checked.verdict.status == "proved":
        proof = evidence.at_point(statement, _EVERYWHERE)
        return evidence.part("all", statement, _EVERYWHERE, proof=proof)
    return evidence.part("all", statement, _EVERYWHERE, witness=zero)


def _for_all(
    checked: Outcome, questions: Sequence[Question], evidence: Evidence, *, almost: bool = False
) -> list[Json]:
    """Statements that are proved together, or one of which fails at a witness."""
    quantifier: Quantifier = "almost all" if almost else "all"
    if checked.verdict.status == "proved":
        proofs = evidence.proofs(checked, questions, almost=almost)
        return [
            evidence.part(quantifier, statement, domain, proof=proof)
            for (statement, domain, _), proof in zip(questions, proofs, strict=True)
        ]
    found = []
    for statement, domain, _ in questions:
        at = checked.witness
        alone = len(questions) == 1
        fails = at is not None and (alone or not evaluate(statement, evidence.values(at)))
        witness = at if fails else None
        found.append(evidence.part(quantifier, statement, domain, witness=witness))
    return found


def _close(claim: Close, checked: Outcome, facts: Sequence[Fact], evidence: Evidence) -> list[Json]:
    """A supremum: the error is at most so much for all inputs, and as large for some."""
    assert claim.scale is not None
    most = claim.bounds.most
    within = None if most is None else claim.within(most)
    least = claim.bounds.at_least if claim.bounds.equals is None else claim.bounds.equals
    error = Apply("abs", (Apply("sub", (claim.left, claim.right)),))
    found = []
    if within is not None:
        proof = None
        if checked.verdict.status == "proved":
            (proof,) = evidence.proofs(
                checked, [Question(within, claim.domain, facts)], almost=False
            )
        found.append(
            evidence.part("all", within, claim.domain, proof=proof, witness=checked.witness)
        )
    if least:
        found.append(_reached(claim, checked, facts, evidence, error, least))
    if not found:  # at least 0
        zero = Compare(">=", error, Number(Fraction(0)))
        found = _for_all(checked, [Question(zero, claim.domain, facts)], evidence)
    return found


def _reached(
    claim: Close,
    checked: Outcome,
    facts: Sequence[Fact],
    evidence: Evidence,
    error: Term,
    least: Fraction,
) -> Json:
    """That the error is as large somewhere; refuted by a smaller bound, which it never exceeds."""
    assert claim.scale is not None
    large = Compare(">=", error, _scaled(claim.scale, least))
    positive = Compare(">", claim.scale, Number(Fraction(0)))
    asked = Logic("and", (large, positive))
    status = checked.verdict.status
    if status == "proved":
        witness = evidence.reached(checked, asked, claim.domain)
        if witness is None:
            raise SaidError(evidence.word(checked))
        return evidence.part("some", asked, claim.domain, witness=witness)
    if status == "refuted" and checked.witness is None:
        bound = _smaller_bound(checked)
        more = Compare(">", error, _scaled(claim.scale, bound))
        less = Compare("<=", error, _scaled(claim.scale, bound))
        (proof,) = evidence.proofs(checked, [Question(less, claim.domain, facts)], almost=False)
        return evidence.part("some", more, claim.domain, proof=proof)
    return evidence.part("some", asked, claim.domain)


def _scaled(scale: Term, factor: Fraction) -> Term:
    return Apply("mul", (Number(factor), scale))


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
