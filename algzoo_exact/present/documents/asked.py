"""What ``ask`` says: whether a statement holds, and with what probability."""

from __future__ import annotations

from typing import Any

from algzoo_exact.analysis.errors import inequality
from algzoo_exact.explain.language.expression import point_text
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.statements import Asked
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.wording import VERDICTS, about, digits, figure_text, several
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model

_LONGEST_FORM = 240  # characters of a closed form that are shown
_PLACES = 12


def asked_document(
    model: Model | None, statement: str | None, given: str | None, asked: Asked
) -> d.Document:
    outcome, cells, form = asked.outcome, asked.cells, asked.probability.closed_form
    if form is not None and len(form) > _LONGEST_FORM:
        form = f"{len(form):,} characters, in full with --json"
    said = d.facts(
        about(model),
        ("statement", statement),
        ("given", given),
        ("verdict", verdict_text(outcome, given)),
        ("probability", figure_text(asked.probability)),
        ("closed form", form),
        ("cells", f"{several(cells.count, 'cone')} on which it holds" if cells else None),
    )
    data: dict[str, Any] = {
        "model": model,
        "statement": statement,
        "given": given,
        "verdict": VERDICTS[outcome.status],
        "reason": outcome.verdict.reason,
        **attributes(outcome, "method trusted witness confirmed"),
        "probability": figure_data(asked.probability),
    }
    if cells is None:
        return d.untitled(said, data=data)
    data["count"] = cells.count
    data["cells"] = [attributes(cell, "probability walls inside") for cell in cells.heaviest]
    listed = (
        (
            digits(cell.probability, _PLACES),
            ", ".join(map(inequality, cell.walls)),
            " ".join(f"{c:.3g}" for c in cell.inside),
        )
        for cell in cells.heaviest
    )
    title = "Where it holds, heaviest first, with a point inside each cone, rounded."
    return d.untitled(said, d.table(title, ("#probability", "walls", "inside"), listed), data=data)


def verdict_text(outcome: Outcome, given: str | None) -> d.Text:
    """What became of a statement, with its reason or its witness."""
    where = "" if given is None else " where it is given"
    if outcome.status == "proved":
        trust = f", trusting {', '.join(outcome.trusted)}" if outcome.trusted else ""
        return (d.Mark("proved"), f": it holds for all inputs{where}, by {outcome.method}{trust}")
    if outcome.status == "refuted" and outcome.witness is not None:
        return (d.Mark("refuted"), f": it fails at {point_text(outcome.witness)}")
    return (d.Mark("unknown"), f": {outcome.verdict.reason}")
