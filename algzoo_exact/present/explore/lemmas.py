"""An explanation's lemmas, with their formulas as a page reads them."""

from __future__ import annotations

from typing import Any

from algzoo_exact.explain.claims.cases import Case
from algzoo_exact.explain.claims.claim import Claim, Ground
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Compare,
    Entry,
    Formula,
    If,
    Number,
    Term,
    Truth,
)
from algzoo_exact.explain.outcome import Status, choice_text
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present.explore.columns import Data, weights


def story_of(found: Verification) -> Data:
    """Each instance of the claims and cases, with the inputs that it is about."""
    lemmas: list[Data] = []
    for result in found.claims:
        claim = result.claim
        for instance, outcome in zip(claim.instances, result.instances, strict=True):
            domain = getattr(instance, "domain", EVERYWHERE)
            lemmas.append(_lemma(claim, claim.kind, instance, outcome.status, domain))
    for case in found.cases:
        for checked in case.instances:
            status = "unknown" if checked.checked is None else checked.checked.status
            kind, when = f"case: {checked.answer}", checked.instance.when
            lemmas.append(_lemma(case.case, kind, checked.instance, status, when))
    return {
        "title": found.explanation.title,
        "network": weights(found.program),
        "lemmas": lemmas,
    }


def _lemma(said: Claim | Case, kind: str, instance: Ground, status: Status, where: Formula) -> Data:
    at = choice_text(instance.parameters)
    written = dict(said.written)
    return {
        "name": f"{said.name} ({at})" if at else said.name,
        "kind": kind,
        "status": status,
        "text": said.text,
        "where": written.get("domain") or written.get("when") or "all inputs",
        "formula": _tree(where),
    }


def _tree(part: Formula | Term) -> Any:
    """An expression as lists: an operation and what it is of."""
    if isinstance(part, Truth):
        return part.value
    if isinstance(part, Number):
        return float(part.value)
    if isinstance(part, Entry):
        return ["at", part.array, *part.indices]
    if isinstance(part, Compare):
        return [part.op, _tree(part.left), _tree(part.right)]
    assert not isinstance(part, If), "comparisons have a formula for each case"
    return [part.op, *map(_tree, part.args)]
