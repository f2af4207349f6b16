"""What ``errors`` says: where a model is wrong, heaviest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.analysis.errors import Errors, WrongCell
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.sums import PLACES, sums_table
from algzoo_exact.present.wording import about, digits, one_in, several, task_text, value_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.zoo.loading import Model


def errors_document(
    model: Model | None,
    found: Errors,
    cells: Sequence[WrongCell],
    floats: Sequence[int] | None,
    out: Path | None,
) -> d.Document:
    """The ``cells`` are listed; ``floats`` are torch's answers at their inputs, if it was asked."""
    kind: d.NumberKind = "certified" if found.open else "exact"
    rows: list[tuple[str, str | d.Text]] = [
        *about(model),
        ("task", task_text(found.task, found.table.ties)),
        ("wrong", value_text(found.total, kind)),
        ("errors", one_in(found.total)),
        ("cells", _count(found)),
    ]
    if cells and floats is not None:
        rows.append(("torch", _torch(cells, floats)))
    if out:
        rows.append(("out", str(out)))
    blocks: list[d.Block] = [d.facts(*rows)]
    if cells:
        whole, titles = found.total, ("#wrong", "#of all errors")
        order = {(", ".join(key),): part for key, part in found.by_order.items()}
        region = {(str(key),): part for key, part in found.by_region.items()}
        blocks.append(wrong_cells(found, cells))
        blocks += [
            sums_table(caption, names, sums, whole, titles)
            for caption, names, sums in (
                ("By true label and answer", ("label", "answer"), found.by_answer),
                ("By the order of the inputs", ("inputs",), order),
                ("By activation pattern", ("pattern",), region),
            )
        ]
    return d.untitled(*blocks, data=_data(model, found, cells, floats, out))


def _count(found: Errors) -> str:
    told = several(len(found), "cell") + " of constant pattern, label and answer"
    if found.open:
        told += f"; the time was up with {percent(found.open)} of the inputs not looked at"
    return told


def _torch(cells: Sequence[WrongCell], floats: Sequence[int]) -> str:
    if not floats:
        return "not run, for want of time, or as weights or logits are beyond the range of float64"
    same = sum(answer in cell.answers for cell, answer in zip(cells, floats, strict=True))
    if same == len(cells):
        return f"in float64 it gives the same answers at {several(same, 'input')} below"
    return f"in float64 it gives the same answers at {same} of {len(cells)} inputs below"


def wrong_cells(found: Errors, cells: Sequence[WrongCell]) -> d.Table:
    """Each with an input inside, and its walls."""
    rows = (
        (
            digits(cell.probability, PLACES),
            _answer(cell),
            str(cell.pattern),
            " ".join(map(str, cell.input)),
        )
        for cell in cells
    )
    below = tuple(((_walls(cell),),) for cell in cells)
    hidden = len(found) - len(cells)
    caption = (
        "Where it is wrong, heaviest first: each cell with an input inside, and its walls, whose "
        "long coefficients are rounded."
    )
    if hidden:
        listed = sum((cell.probability.midpoint for cell in cells), Fraction(0))
        caption += f" Not listed: {several(hidden, 'cell')}, {_rest(found, listed)} of the errors."
    columns = ("#probability", "label -> answer", "pattern", "input")
    return d.table(caption, columns, rows, below=below)


def _answer(cell: WrongCell) -> str:
    answer = f"{cell.label} -> {min(cell.answers)}"
    if len(cell.answers) == 1:
        return answer
    return f"{answer} ({', '.join(map(str, cell.answers))} tie)"


def _walls(cell: WrongCell) -> str:
    walls = ", ".join(cell.conditions)
    return f"{walls}; {cell.form}" if cell.form else walls


def _rest(found: Errors, listed: Fraction) -> str:
    """The share of the errors that is not listed, in percent."""
    left = max(Fraction(0), found.total.midpoint - listed)
    return percent(float(left / found.total.midpoint))


def _data(
    model: Model | None, found: Errors, cells: Sequence[WrongCell], floats: Sequence[int] | None,
    out: Path | None,
) -> dict[str, Any]:  # fmt: skip
    def sums(name: str, items: Iterable[tuple[Any, Enclosure]]) -> list[dict[str, Any]]:
        return [{name: key, "probability": lost} for key, lost in items]

    return {
        "model": model,
        "task": found.task.name,
        "ties": found.table.ties,
        "kind": "certified" if found.open else "exact",
        "total": found.total,
        "open": found.open,
        "count": len(found),
        "cells": [
            {
                **attributes(cell, "probability form label"),
                "answer": min(cell.answers),
                **attributes(cell, "answers credit"),
                "pattern": str(cell.pattern),
                "conditions": cell.conditions,
                "input": list(map(str, cell.input)),
                "torch": floats[i] if floats else None,
            }
            for i, cell in enumerate(cells)
        ],
        "by_answer": [
            {"label": label, "answer": answer, "probability": lost}
            for (label, answer), lost in found.by_answer.items()
        ],
        "by_order": sums("inputs", found.by_order.items()),
        "by_region": sums("pattern", ((str(k), v) for k, v in found.by_region.items())),
        "out": out,
    }
