"""What ``verify`` says: each claim and case with its verdict, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from algzoo_exact.explain.claims.cases import CaseResult
from algzoo_exact.explain.outcome import Figure, Outcome
from algzoo_exact.explain.suggest import Suggestion
from algzoo_exact.explain.verify import Verification
from algzoo_exact.present import document as d
from algzoo_exact.present.sections.explanation import (
    cases_table,
    claims_table,
    partition_text,
    tally,
    trusted,
)
from algzoo_exact.present.wording import about, figure_text, task_text, titled
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.zoo.loading import Model


def verification_document(
    path: str | None,
    model: Model | None,
    verification: Verification,
    suggestions: Sequence[Suggestion] | None = None,
) -> d.Document:
    """The explanation is the file at ``path``; ``suggestions`` where they were asked for."""
    data = _data(path, model, verification)
    blocks = [*_blocks(path, model, verification)]
    if suggestions is not None:
        data["suggestions"] = [
            attributes(s, "part change toml") | {"domain": s.domain and figure_data(s.domain)}
            for s in suggestions
        ]
        blocks += suggestion_blocks(suggestions)
    return d.untitled(*blocks, data=data)


def suggestion_blocks(suggestions: Sequence[Suggestion]) -> Iterator[d.Block]:
    """Each in words, and as it is to be pasted."""
    if not suggestions:
        yield d.paragraph("Nothing to suggest: nothing failed, or no true version was found.")
    for suggestion in suggestions:
        where: d.Text = ()
        if suggestion.domain is not None:
            where = (", of probability ", *figure_text(suggestion.domain))
        part = suggestion.part
        yield d.paragraph(
            "Instead of ", d.Mono(part), f": {suggestion.change}", *where, ". Proved."
        )
        if suggestion.toml:
            yield d.Code(tuple(suggestion.toml.rstrip().split("\n")))


def _blocks(path: str | None, model: Model | None, verification: Verification) -> Iterator[d.Block]:
    subject = verification.explanation.subject
    yield d.facts(
        ("story", titled(verification.explanation, path)),
        about(model),
        ("claims", "about the program in standard form" if subject.standard else None),
        ("task", task_text(subject.task, verification.ties)),
    )
    if verification.claims:
        yield claims_table(verification.claims)
    if verification.cases:
        yield cases_table(verification.cases)
    partition, accuracy = verification.partition, verification.accuracy
    yield d.facts(
        ("partition", None if partition is None else partition_text(partition)),
        ("accuracy", None if accuracy is None else (*figure_text(accuracy), ", by proof")),
        ("closed form", None if accuracy is None else accuracy.closed_form),
        ("verdict", _verdict(verification)),
        ("interrupted", "this is what was checked by then" if verification.stopped else None),
        ("time", f"{verification.seconds:.2f} s"),
    )


def _verdict(verification: Verification) -> d.Text:
    counts = tally([r.status for r in verification.claims] + [r.status for r in verification.cases])
    said: list[d.Inline] = [d.Mark(verification.status), f": {counts}"]
    if verification.partition is not None:
        said += [", the partition ", d.Mark(verification.partition.status)]
    if names := trusted(c for result in verification.claims for c in result.instances):
        said.append(f"; trusted: {', '.join(names)}")
    return tuple(said)


def _data(path: str | None, model: Model | None, verification: Verification) -> dict[str, Any]:
    explanation, partition = verification.explanation, verification.partition
    return {
        "explanation": {"title": explanation.title, "path": path},
        "model": model,
        "task": explanation.subject.task.name,
        "standard": explanation.subject.standard,
        **attributes(verification, "ties status"),
        "claims": [
            {
                **attributes(result.claim, "name kind text"),
                "status": result.status,
                "instances": list(map(_checked, result.instances)),
            }
            for result in verification.claims
        ],
        "cases": [_case(result) for result in verification.cases],
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


def _case(result: CaseResult) -> dict[str, Any]:
    return {
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


def _checked(checked: Outcome) -> dict[str, Any]:
    return {
        "parameters": dict(checked.parameters),
        **attributes(checked.verdict, "status reason"),
        **attributes(checked, "method trusted vacuous witness confirmed"),
        "fails": checked.fails and figure_data(checked.fails),
        "figures": list(map(figure_data, checked.figures)),
        "details": checked.details,
        "seconds": round(checked.seconds, 3),
    }


def figure_data(figure: Figure) -> dict[str, Any]:
    """What a claim or a case is about, by stable keys."""
    bounds = {"lower": None, "upper": None}
    return {
        **attributes(figure, "what kind"),
        **(bounds if figure.enclosure is None else enclosure_data(figure.enclosure)),
        **attributes(figure, "rational closed_form estimate"),
        "standard_error": figure.error,
        "samples": figure.samples,
    }
