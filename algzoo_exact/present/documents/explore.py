"""What ``explore`` says: what is on the page that was written."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.present import document as d
from algzoo_exact.present.explore.exploration import Exploration
from algzoo_exact.present.wording import subject
from algzoo_exact.present.writers.data import subject_data


def explore_document(found: Exploration, output: Path) -> d.Document:
    """Of the page in ``output``."""
    said = d.facts(
        *subject(found.model, found.task, found.found.ties),
        *found.facts(),
        ("page", output),
    )
    data = {
        **subject_data(found.model, found.task, found.found.ties),
        **found.found.figures(),
        "against": found.found.against,
        "explanation": found.verification and found.verification.status,
        "open": found.found.open,
        "page": output,
    }
    return d.untitled(said, data=data)
