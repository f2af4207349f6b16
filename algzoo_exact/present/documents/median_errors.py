"""What ``errors`` says of a median model: the cells that add most to its mean squared error."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from algzoo_exact.analysis.median_errors import ErrorCell, MedianErrors
from algzoo_exact.exact.enclosure import square_root
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.sums import PLACES, sums_table
from algzoo_exact.present.wording import about, digits, several, task_text, value_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model


def median_errors_document(
    model: Model | None,
    found: MedianErrors,
    cells: Sequence[ErrorCell],
    out: Path | None,
) -> d.Document:
    """The ``cells`` are listed."""
    task, total = found.table.task, found.total
    rows: list[tuple[str, str | d.Text]] = [
        *about(model),
        ("task", task_text(task, None)),
        ("error", (*value_text(total, "exact"), ": the mean of (f - median)^2")),
        ("its root", value_text(square_root(total), "exact")),
        ("cells", several(len(found), "cell") + " on which f - median is linear"),
    ]
    if out:
        rows.append(("out", str(out)))
    blocks: list[d.Block] = [d.facts(*rows)]
    if cells and total.lower > 0:
        listed = (
            (
                digits(cell.square, PLACES),
                percent(share(cell.square, total)),
                digits(cell.probability, PLACES),
                _names(cell.middle),
                _error(cell.error),
                " ".join(map(str, cell.input)),
            )
            for cell in cells
        )
        below = tuple(((f"{cell.pattern}: {', '.join(cell.conditions)}",),) for cell in cells)
        columns = ("#adds", "#of all", "#probability", "middle", "f - median", "input")
        caption = "Cells by what they add to the error, with an input inside, pattern and walls."
        middles = {(_names(middle),): part for middle, part in found.by_middle.items()}
        blocks += [
            d.table(caption, columns, listed, below=below),
            sums_table("By the middle inputs", ("middle",), middles, total, ("#adds", "#of all")),
        ]
    data = {
        "model": model,
        "task": task.name,
        "kind": "exact",
        "total": total,
        "count": len(found),
        "cells": [
            {
                **attributes(cell, "probability square middle conditions"),
                "label": None, "answer": None, "pattern": str(cell.pattern),
                "error": [float(c) for c in cell.error], "input": [str(c) for c in cell.input],
            }
            for cell in cells
        ],
        "by_middle": [{"middle": m, "square": part} for m, part in found.by_middle.items()],
        "out": None if out is None else str(out),
    }  # fmt: skip
    return d.untitled(*blocks, data=data)


def _names(inputs: Sequence[int]) -> str:
    return " ".join(f"x[{i}]" for i in inputs)


def _error(coefficients: Sequence[Fraction]) -> str:
    terms = ((i, float(c)) for i, c in enumerate(coefficients) if c)
    text = " ".join(f"{'-' if c < 0 else '+'} {abs(c):.4g} x[{i}]" for i, c in terms)
    return text.removeprefix("+ ") or "0"
