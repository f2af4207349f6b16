"""What ``ask`` says: whether a statement holds, and with what probability."""

from __future__ import annotations

from algzoo_exact.explain.language.expression import point_text
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.statements import Asked
from algzoo_exact.present.document import Document, Mark, Text, facts, untitled
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.wording import VERDICTS, about, figure_text, took
from algzoo_exact.zoo.loading import Model


def asked_document(
    model: Model | None,
    statement: str | None,
    given: str | None,
    asked: Asked,
    seconds: float | None,
) -> Document:
    outcome = asked.outcome
    rows: list[tuple[str, str | Text]] = [*about(model)]
    if statement is not None:
        rows.append(("statement", statement))
    if given is not None:
        rows.append(("given", given))
    rows.append(("verdict", _verdict(outcome, given)))
    rows.append(("probability", figure_text(asked.probability)))
    if asked.probability.closed_form is not None:
        rows.append(("closed form", asked.probability.closed_form))
    rows += took(seconds)
    data = {
        "model": model,
        "statement": statement,
        "given": given,
        "verdict": VERDICTS[outcome.status],
        "reason": outcome.verdict.reason,
        "method": outcome.method,
        "trusted": outcome.trusted,
        "witness": outcome.witness,
        "confirmed": outcome.confirmed,
        "probability": figure_data(asked.probability),
        "seconds": seconds and round(seconds, 4),
    }
    return untitled(facts(*rows), data=data)


def _verdict(outcome: Outcome, given: str | None) -> Text:
    where = "" if given is None else " where it is given"
    if outcome.status == "proved":
        trust = f", trusting {', '.join(outcome.trusted)}" if outcome.trusted else ""
        return (Mark("proved"), f": it holds for all inputs{where}, by {outcome.method}{trust}")
    if outcome.status == "refuted" and outcome.witness is not None:
        return (Mark("refuted"), f": it fails at {point_text(outcome.witness)}")
    return (Mark("unknown"), f": {outcome.verdict.reason}")
