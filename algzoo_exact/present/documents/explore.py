"""What ``explore`` says: what is on the page that was written."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.present.document import Document
from algzoo_exact.present.explore.exploration import Exploration
from algzoo_exact.present.subject import Subject


def explore_document(found: Exploration, output: Path) -> Document:
    """Of the page in ``output``."""
    data = {
        **found.found.figures(),
        "against": found.found.against,
        "explanation": found.verification and found.verification.status,
        "open": found.found.open,
        "page": output,
    }
    subject = Subject(found.model, found.task, found.found.ties)
    return subject.document([*found.facts(), ("page", output)], data=data)
