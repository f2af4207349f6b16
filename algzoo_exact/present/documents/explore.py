"""What ``explore`` says: what is on the page that was written."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.present import document as d
from algzoo_exact.present.explore.exploration import Exploration
from algzoo_exact.present.wording import about, task_text


def explore_document(found: Exploration, output: Path) -> d.Document:
    """Of the page in ``output``."""
    said = d.facts(
        about(found.model),
        ("task", task_text(found.task, found.found.ties)),
        *found.facts(),
        ("page", output),
    )
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
    return d.untitled(said, data=data)
