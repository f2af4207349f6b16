"""What ``ask`` says: whether a statement holds, and with what probability."""

from __future__ import annotations

from typing import Any

from algzoo_exact.analysis.errors import inequality
from algzoo_exact.explain.language.expression import point_text
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.statements import Asked
from algzoo_exact.present.document import Block, Document, Mark, Text, facts, table, untitled
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.wording import VERDICTS, about, digits, figure_text, several
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model

_LONGEST_FORM = 240  # characters of a closed form that are shown
_PLACES = 12


def asked_document(
    model: Model | None,
    statement: str | None,
    given: str | None,
    asked: Asked,
) -> Document:
    outcome = asked.outcome
    rows: list[tuple[str, str | Text]] = [*about(model)]
    if statement is not None:
        rows.append(("statement", statement))
    if given is not None:
        rows.append(("given", given))
    rows.append(("verdict", verdict_text(outcome, given)))
    rows.append(("probability", figure_text(asked.probability)))
    form = asked.probability.closed_form
    if form is not None:
        long = f"{len(form):,} characters, in full with --json"
        rows.append(("closed form", form if len(form) <= _LONGEST_FORM else long))
    if asked.cells is not None:
        rows.append(("cells", several(asked.cells.count, "cone") + " on which it holds"))
    data: dict[str, Any] = {
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
    }
    blocks: list[Block] = [facts(*rows)]
    if asked.cells is not None:
        data["count"] = asked.cells.count
        data["cells"] = [attributes(c, "probability walls inside") for c in asked.cells.heaviest]
        listed = (
            (
                digits(cell.probability, _PLACES),
                ", ".join(map(inequality, cell.walls)),
                " ".join(f"{c:.3g}" for c in cell.inside),
            )
            for cell in asked.cells.heaviest
        )
        title = "Where it holds, heaviest first, with a point inside each cone, rounded."
        blocks.append(table(title, ("#probability", "walls", "inside"), listed))
    return untitled(*blocks, data=data)


def verdict_text(outcome: Outcome, given: str | None) -> Text:
    """What became of a statement, with its reason or its witness."""
    where = "" if given is None else " where it is given"
    if outcome.status == "proved":
        trust = f", trusting {', '.join(outcome.trusted)}" if outcome.trusted else ""
        return (Mark("proved"), f": it holds for all inputs{where}, by {outcome.method}{trust}")
    if outcome.status == "refuted" and outcome.witness is not None:
        return (Mark("refuted"), f": it fails at {point_text(outcome.witness)}")
    return (Mark("unknown"), f": {outcome.verdict.reason}")
