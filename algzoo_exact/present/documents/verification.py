"""What ``verify`` says: each claim and case with its verdict, and what follows."""

from __future__ import annotations

from typing import Any

from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present.document import Block, Document, Facts, Mark, Text, facts, untitled
from algzoo_exact.present.sections.explanation import (
    cases_table,
    claims_table,
    partition_text,
    tally,
    trusted,
)
from algzoo_exact.present.wording import figure_text, model_text, task_text
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.zoo.loading import Model


def verification_document(path: str, model: Model, verification: Verification) -> Document:
    """The explanation is the file at ``path``."""
    subject = verification.explanation.subject
    about = "; the claims are about the program in standard form" if subject.standard else ""
    opening = facts(
        ("story", f"{verification.explanation.title} ({path})"),
        ("model", model_text(model) + about),
        ("task", task_text(subject.task, verification.ties)),
    )
    blocks: list[Block] = [opening]
    if verification.claims:
        blocks.append(claims_table(verification.claims))
    if verification.cases:
        blocks.append(cases_table(verification.cases))
    blocks.append(Facts(_conclusion(verification)))
    return untitled(*blocks, data=_data(path, model, verification))


def _conclusion(verification: Verification) -> tuple[tuple[str, Text], ...]:
    rows: list[tuple[str, Text]] = []
    if verification.partition is not None:
        rows.append(("partition", partition_text(verification.partition)))
    accuracy = verification.accuracy
    if accuracy is not None:
        rows.append(("accuracy", (*figure_text(accuracy), ", by proof")))
        if accuracy.closed_form is not None:
            rows.append(("closed form", (accuracy.closed_form,)))
    statuses = [result.status for result in verification.claims]
    counts = tally([*statuses, *(result.status for result in verification.cases)])
    said: list[Any] = [Mark(verification.status), f": {counts}"]
    if verification.partition is not None:
        said += [", the partition ", Mark(verification.partition.status)]
    names = trusted(c for result in verification.claims for c in result.instances)
    said += [f"; trusted: {', '.join(names)}"] * bool(names)
    rows.append(("verdict", tuple(said)))
    if verification.stopped:
        rows.append(("interrupted", ("this is what was checked by then",)))
    return (*rows, ("time", (f"{verification.seconds:.2f} s",)))


def _data(path: str, model: Model, verification: Verification) -> dict[str, Any]:
    explanation, partition = verification.explanation, verification.partition
    return {
        "explanation": {"title": explanation.title, "path": path},
        "model": model,
        "task": explanation.subject.task.name,
        "standard": explanation.subject.standard,
        "ties": verification.ties,
        "status": verification.status,
        "claims": [
            {
                "name": result.claim.name,
                "kind": result.claim.kind,
                "text": result.claim.text,
                "status": result.status,
                "instances": [_checked(checked) for checked in result.instances],
            }
            for result in verification.claims
        ],
        "cases": [
            {
                "name": result.case.name,
                "says": result.case.verdict,
                "text": result.case.text,
                "status": result.status,
                "probability": result.probability and figure_data(result.probability),
                "instances": [
                    {
                        "parameters": dict(case.instance.parameters),
                        "answer": case.answer,
                        "probability": figure_data(case.probability),
                        "checked": case.checked and _checked(case.checked),
                    }
                    for case in result.instances
                ],
            }
            for result in verification.cases
        ],
        "partition": partition
        and {
            "status": partition.status,
            "covers": _checked(partition.covers),
            "disjoint": _checked(partition.disjoint),
        },
        "accuracy": verification.accuracy and figure_data(verification.accuracy),
        "stopped": verification.stopped,
        "seconds": round(verification.seconds, 3),
    }


def _checked(checked: Outcome) -> dict[str, Any]:
    return {
        "parameters": dict(checked.parameters),
        "status": checked.verdict.status,
        "reason": checked.verdict.reason,
        "method": checked.method,
        "trusted": checked.trusted,
        "vacuous": checked.vacuous,
        "witness": checked.witness,
        "confirmed": checked.confirmed,
        "figures": [figure_data(figure) for figure in checked.figures],
        "details": checked.details,
        "seconds": round(checked.seconds, 3),
    }


def figure_data(figure: Figure) -> dict[str, Any]:
    """What a claim or a case is about, by stable keys."""
    bounds = {"lower": None, "upper": None}
    return {
        "what": figure.what,
        "kind": figure.kind,
        **(bounds if figure.enclosure is None else enclosure_data(figure.enclosure)),
        "rational": figure.rational,
        "closed_form": figure.closed_form,
        "estimate": figure.estimate,
        "standard_error": figure.error,
        "samples": figure.samples,
    }
