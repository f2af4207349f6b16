"""What ``economy`` says: each way to prove an accuracy, what it gives and what it costs."""

from __future__ import annotations

from typing import Any

from algzoo_exact.certificate.economy import Economy, Proof
from algzoo_exact.present import document as d
from algzoo_exact.present.sections.economy import economy_blocks
from algzoo_exact.present.wording import about, task_text
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.zoo.loading import Model


def economy_document(
    path: str | None, model: Model | None, economy: Economy, picture: str | None = None
) -> d.Document:
    """The explanation is the file at ``path``; the plot is in ``picture``."""
    said = d.facts(
        *([("story", path)] if path else []),
        *about(model),
        ("task", task_text(economy.task, economy.ties)),
        *([("picture", picture)] if picture else []),
    )
    data = {
        "model": model,
        "explanation": path,
        "task": economy.task.name,
        "ties": economy.ties,
        "pass_operations": economy.pass_operations,
        "proofs": list(map(_data, economy.proofs)),
        "missing": economy.missing,
        "picture": picture,
    }
    return d.untitled(said, *economy_blocks(economy), data=data)


def _data(proof: Proof) -> dict[str, Any]:
    bounds = {"lower": None, "upper": None}
    return {
        **attributes(proof, "name counted operations note"),
        "bound": bounds if proof.bound is None else enclosure_data(proof.bound),
        "bits_of_explanation": proof.bits,
        "bits_left": proof.left,
        "at_least": proof.at_least,
    }
