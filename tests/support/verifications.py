"""Verifications made by hand, so that what is told about them does not depend on any proof."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.claim import Claim, ClaimResult
from algzoo_exact.explain.outcome import Figure, Outcome, Status
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import Program

HEAD = 'title = "t"\n[model]\ntask = "{task}"\nhidden_size = {d}\nseq_len = {n}\n'

TWO = az.load("handcrafted:2nd_argmax_2").program


def head(program: Program = TWO, task: str = "2nd_argmax") -> str:
    return HEAD.format(task=task, d=program.hidden_size, n=program.seq_len)


def claim(statement: str, *prices: str, kind: str = "weights", name: str = "c") -> str:
    """A [[claim]] table; a price is the inside of its inline table."""
    listed = ", ".join(f"{{ {price} }}" for price in prices)
    more = f"\nprice = [{listed}]" if prices else ""
    return f'[[claim]]\nname = "{name}"\nkind = "{kind}"\nstatement = "{statement}"{more}\n'


def verified(
    text: str,
    program: Program = TWO,
    statuses: Mapping[str, Status] | None = None,
    accuracy: Figure | None = None,
) -> Verification:
    """All claims are proved, but for those with another status."""
    explanation = parse_explanation(text)
    given = statuses or {}
    claims = tuple(_result(c, given.get(c.name, "proved")) for c in explanation.claims)
    return Verification(
        explanation, "hand", None, program, {}, "lowest", claims, (), None, accuracy, 0.0
    )


def _result(stated: Claim, status: Status) -> ClaimResult:
    checked = tuple(
        Outcome(Verdict(status), "hand", instance=instance) for instance in stated.instances
    )
    return ClaimResult(stated, checked)


def derived(lower: int | Fraction, upper: int | Fraction) -> Figure:
    """An accuracy that follows from cases."""
    if lower == upper:
        value = Fraction(lower)
        return Figure("accuracy", "exact", Enclosure.exactly(value), value)
    return Figure("accuracy", "certified", Enclosure(Fraction(lower), Fraction(upper)))
