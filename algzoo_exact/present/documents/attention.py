"""What ``attention`` says: a transformer's logits on one input, and what each head attends to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from algzoo_exact.analysis.functions import cycles_text
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import about
from algzoo_exact.zoo.loading import Model


def attention_document(model: Model | None, row: Mapping[str, Any]) -> d.Document:
    """A row of ``attention``: one input."""
    said = d.facts(
        about(model),
        ("input", " ".join(map(str, row["input"])) + "; cycles " + cycles_text(row["input"])),
        ("label", str(row["label"])),
        ("answer", str(row["answer"])),
        ("logits", " ".join(f"{value:.6g}" for value in row["logits"])),
        ("precision", f"float64; every number is within {row['radius']:.1g}, proved"),
    )
    tables = [
        _head(f"Layer {layer}, head {head}", len(row["input"]), matrix)
        for layer, heads in enumerate(row["attention"])
        for head, matrix in enumerate(heads)
    ]
    return d.untitled(said, *tables, data={"model": model, **row})


def _head(name: str, n: int, matrix: list[list[float]]) -> d.Table:
    """The last layer has the last position alone."""
    asking = range(n - len(matrix), n)
    rows = (
        (str(p), *(f"{weight:.4f}" for weight in weights))
        for p, weights in zip(asking, matrix, strict=True)
    )
    columns = ("position", *(f"#{j}" for j in range(n)))
    return d.table(f"{name}: what each position attends to.", columns, rows)


def attention_out_document(model: Model, count: int, out: Path) -> d.Document:
    """All inputs are in a file."""
    said = d.facts(about(model), ("inputs", f"{count:,}"), ("out", out))
    return d.untitled(said, data={"model": model, "count": count, "out": out})
