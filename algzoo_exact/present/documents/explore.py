"""What ``explore`` says: what is on the page that was written."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.present import document as d
from algzoo_exact.present.explore.exploration import Exploration
from algzoo_exact.present.wording import model_text, task_text


def explore_document(found: Exploration, output: Path) -> d.Document:
    """Of the page in ``output``."""
    rows: list[tuple[str, str | d.Text]] = [
        ("model", model_text(found.model)),
        ("task", task_text(found.task, found.found.ties)),
        *found.facts(),
        ("page", str(output)),
    ]
    data = {
        "model": found.model,
        "task": found.task.name,
        "ties": found.found.ties,
        **found.found.figures(),
        "against": found.found.against,
        "explanation": found.verification and found.verification.status,
        "open": found.found.open,
        "page": output,
    }
    return d.untitled(d.facts(*rows), data=data)
