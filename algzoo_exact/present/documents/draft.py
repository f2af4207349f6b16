"""What ``draft`` says: what was seen, what became of it, and what the story proves."""

from __future__ import annotations

from algzoo_exact.drafting.draft import Draft
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import figure_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model

_LONGEST = 110  # characters of a sentence in the table


def draft_document(path: str | None, model: Model | None, draft: Draft) -> d.Document:
    """The story is the file at ``path``."""
    verification, accuracy = draft.verification, draft.verification.accuracy
    about_it = d.facts(
        ("story", path),
        *Subject(model, verification.explanation.subject.task, verification.ties).rows,
    )
    table = d.table(
        "What was seen, and what became of it.",
        ("fate", "bits", "found"),
        [(f.fate, f"{f.bits:.2f}", _short(f.found)) for f in draft.findings],
    )
    conclusion = d.facts(
        ("bits", f"{draft.bits:.2f}"),
        ("accuracy", None if accuracy is None else (*figure_text(accuracy), ", by proof")),
        ("verdict", (d.Mark(verification.status),)),
        ("time", f"{draft.seconds:.2f} s"),
    )
    data = {
        "path": path,
        "model": model,
        "status": verification.status,
        "bits": draft.bits,
        "accuracy": accuracy and figure_data(accuracy),
        "findings": [attributes(f, "finder found fate bits claims") for f in draft.findings],
        "toml": draft.toml,
        "seconds": round(draft.seconds, 3),
    }
    return d.untitled(about_it, table, conclusion, data=data)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " .."
