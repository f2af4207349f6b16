"""What ``explore`` says: what is on the page that was written."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.present import document as d
from algzoo_exact.present.explore import Exploration
from algzoo_exact.present.wording import model_text, task_text


def explore_document(found: Exploration, output: Path, seconds: float) -> d.Document:
    """Of the page in ``output``."""
    verification, difference, ties = found.verification, found.difference, found.table.ties
    rows: list[tuple[str, str | d.Text]] = [
        ("model", model_text(found.model)),
        ("task", task_text(found.task, ties)),
        *found.facts(),
        ("page", str(output)),
        ("time", f"{seconds:.2f} s"),
    ]
    data = {
        "model": found.model,
        "task": found.task.name,
        "ties": ties,
        "section": found.section and found.section.text,
        "accuracy": found.accuracy,
        "regions": found.regions,
        "wrong_cells": found.wrong_cells,
        "against": found.against,
        "different": None if difference is None else difference.probability,
        "explanation": verification and verification.status,
        "open": found.table.open,
        "page": output,
        "seconds": round(seconds, 4),
    }
    return d.untitled(d.facts(*rows), data=data)
