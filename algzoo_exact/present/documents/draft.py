"""What ``draft`` says: what was seen, what became of it, and what the story proves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from algzoo_exact.drafting.draft import Draft
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.verification import figure_data
from algzoo_exact.present.wording import about, figure_text, task_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model

_LONGEST = 110  # characters of a sentence in the table


def draft_document(path: str | None, model: Model | None, draft: Draft) -> d.Document:
    """The story is the file at ``path``."""
    return d.untitled(*_blocks(path, model, draft), data=_data(path, model, draft))


def _blocks(path: str | None, model: Model | None, draft: Draft) -> Iterator[d.Block]:
    verification = draft.verification
    yield d.facts(
        *([] if path is None else [("story", path)]),
        *about(model),
        ("task", task_text(verification.explanation.subject.task, verification.ties)),
    )
    yield d.table(
        "What was seen, and what became of it.",
        ("fate", "bits", "found"),
        [(f.fate, f"{f.bits:.2f}", _short(f.found)) for f in draft.findings],
    )
    accuracy = verification.accuracy
    yield d.facts(
        ("bits", f"{draft.bits:.2f}"),
        *([] if accuracy is None else [("accuracy", (*figure_text(accuracy), ", by proof"))]),
        ("verdict", (d.Mark(verification.status),)),
        ("time", f"{draft.seconds:.2f} s"),
    )


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST].rsplit(" ", 1)[0] + " .."


def _data(path: str | None, model: Model | None, draft: Draft) -> dict[str, Any]:
    verification = draft.verification
    return {
        "path": path,
        "model": model,
        "status": verification.status,
        "bits": draft.bits,
        "accuracy": verification.accuracy and figure_data(verification.accuracy),
        "findings": [attributes(f, "finder found fate bits claims") for f in draft.findings],
        "toml": draft.toml,
        "seconds": round(draft.seconds, 3),
    }
