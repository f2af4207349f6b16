"""Every lemma of a report says what holds: it does not stop after what it supposes."""

from __future__ import annotations

import pytest

import algzoo_exact as az
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.registry import KINDS
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.verification import lemma
from algzoo_exact.present.writers.terminal import to_terminal
from algzoo_exact.zoo.explanations import explanation_path, list_explanations

_ENDS = ("Proved", "Decided", "Not decided")


def lemmas(name: str) -> list[d.Statement]:
    """Those of a shipped story; whether they hold does not matter here."""
    story = az.load_explanation(explanation_path(name))
    tried = Outcome(Verdict("unknown", "not tried"), "no method")
    results = (ClaimResult(claim, (tried,) * len(claim.instances)) for claim in story.claims)
    return [lemma(k, result) for k, result in enumerate(results, 1)]


def concludes(statement: d.Statement) -> bool:
    """Whether what is before its proof is more than an author's words and what is supposed: a
    formula, or a sentence after what ends with a colon."""
    (proof,) = (k for k, b in enumerate(statement.body) if said(b).startswith(_ENDS))
    before = statement.body[:proof]
    return bool(before) and (
        isinstance(before[-1], d.Display | d.Table) or not said(before[-1]).rstrip().endswith(":")
    )


def said(block: d.Block) -> str:
    return to_terminal(d.untitled(block, data={}))


@pytest.mark.parametrize("name", list_explanations())
def test_lemmas_conclude(name: str) -> None:
    found = lemmas(name)
    assert found
    assert [statement.name for statement in found if not concludes(statement)] == []


def test_right_and_wrong_say_so() -> None:
    """The two kinds that have a domain and nothing else."""
    texts = {said(part).strip() for s in lemmas("2nd_argmax_4_3") for part in s.body}
    assert "The model is right for almost all of these inputs." in texts
    assert "The model is wrong for almost all of these inputs." in texts


@pytest.mark.parametrize(
    ("status", "method", "means"),
    [
        ("proved", "z3 5.4.0, exact bounds", "Proved by z3 5.4.0, exact bounds."),
        ("refuted", "trial points", "Decided by trial points."),
        ("unknown", "z3 5.4.0, none", "Not decided by z3 5.4.0."),
        ("unknown", "none", "Not decided by anything."),
    ],
)
def test_by_what_means(status: d.Status, method: str, means: str) -> None:
    """What came to no verdict decided nothing, and no means is called none."""
    claim = az.load_explanation(explanation_path("2nd_argmax_2_2")).claims[3]
    reason = "" if status == "proved" else "why"
    found = lemma(1, ClaimResult(claim, (Outcome(Verdict(status, reason), method),)))
    assert means in [said(block).strip() for block in found.body]


def test_kinds_without_formulas_have_sentences() -> None:
    for name, kind in KINDS.items():
        worded = kind.sentence or kind.in_words is not Instance.in_words
        assert worded or {"statement", "condition", "left"} & {*kind.keys}, name


def test_one_that_stops_is_noticed() -> None:
    stops = d.Statement("Lemma", "1", (d.paragraph("Where x > 0:"), d.paragraph("Proved.")))
    assert not concludes(stops)
    whole = d.Statement(
        "Lemma", "1", (d.paragraph("Where x > 0:"), d.paragraph("Right."), d.paragraph("Proved."))
    )
    assert concludes(whole)
