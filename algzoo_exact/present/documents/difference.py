"""What ``diff`` says: how often two models answer differently, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from algzoo_exact.analysis.difference import Difference, DifferentCell
from algzoo_exact.analysis.functions import FunctionDifference, cycles_text
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.sums import PLACES, enclosed, sums_table
from algzoo_exact.present.wording import about, digits, several, task_text, value_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.program.task import Task, longest_cycle
from algzoo_exact.zoo.loading import Model

_RIGHT = {"first": "the first", "second": "the second", "neither": "neither"}

_Two: TypeAlias = tuple[Model, Model]


def difference_document(
    models: _Two | None,
    found: Difference,
    cells: Sequence[DifferentCell],
    picture: Path | None = None,
) -> d.Document:
    """The ``cells`` are listed; ``picture`` is a file that was written."""
    rows: list[d.Fact] = [
        ("cells", several(found.count, "cone") + " of constant label and answers"),
        ("picture", picture),
    ]
    listed = d.table(
        "Where they differ, heaviest first, with an input in each cone.",
        ("#probability", "label", "answers", "input"),
        (
            (
                digits(cell.probability, PLACES),
                str(cell.label),
                "{}, {}".format(*cell.answers),
                "" if cell.input is None else " ".join(map(str, cell.input)),
            )
            for cell in cells
        ),
    )
    data = [attributes(cell, "probability label answers input") for cell in cells]
    return _document(models, found.task, found, rows, listed if cells else None, found.count, data)


def function_difference_document(
    models: _Two | None, found: FunctionDifference, top: int
) -> d.Document:
    """The first ``top`` inputs are listed."""
    n = int(found.inputs.shape[1])
    columns = (found.inputs, found.label, found.first, found.second)
    inputs = list(islice(zip(*(c.tolist() for c in columns), strict=True), top))
    listed = d.table(
        "Where they differ: f(0), f(1), .., and the cycles of f.",
        ("input", "cycles", "label", "answers"),
        (
            (" ".join(map(str, f)), cycles_text(f), str(label), f"{a}, {b}")
            for f, label, a, b in inputs
        ),
    )
    data = [
        {"label": label, "answers": (a, b), "input": f, "cycles": cycles_text(f)}
        for f, label, a, b in inputs
    ]
    rows: list[d.Fact] = [("inputs", f"{len(found):,} of {n**n:,}")]
    shown, count = listed if inputs else None, len(found)
    return _document(models, longest_cycle(n), found, rows, shown, count, data)


def root_document(models: _Two, task: Task, root: Enclosure) -> d.Document:
    """Of models whose answers are numbers."""
    said = ("difference", (*value_text(root, "certified"), ": the root of its mean square"))
    data = {"first": models[0], "second": models[1], "task": task.name, "root_mean_square": root}
    return d.untitled(d.facts(*_about(models), ("task", task_text(task, None)), said), data=data)


def _document(
    models: _Two | None,
    task: Task,
    found: Difference | FunctionDifference,
    rows: Sequence[d.Fact],
    listed: d.Table | None,
    count: int,
    cells: Sequence[Mapping[str, Any]],
) -> d.Document:
    """Of answers that are indices."""
    kind: d.NumberKind = "certified" if found.open else "exact"
    split, by_answers = enclosed(found.split), enclosed(found.by_answers)
    said = d.facts(
        *_about(models),
        ("task", task_text(task, "lowest")),
        ("different", value_text(found.probability, kind)),
        *rows,
    )
    tables: list[d.Block] = []
    if listed is not None:
        right = {(_RIGHT[who],): part for who, part in split.items()}
        caption = "Who is right where they differ"
        tables = [
            sums_table(caption, ("right",), right, found.probability),
            sums_table("By their answers", ("first", "second"), by_answers, found.probability),
            listed,
        ]
    first, second = models or (None, None)
    data = {
        "first": first,
        "second": second,
        "task": task.name,
        "kind": kind,
        "probability": found.probability,
        "open": found.open,
        "split": split,
        "by_answers": [
            {"first": a, "second": b, "probability": part} for (a, b), part in by_answers.items()
        ],
        "count": count,
        "cells": cells,
    }
    return d.untitled(said, *tables, data=data)


def _about(models: _Two | None) -> tuple[d.Fact, d.Fact]:
    first, second = models or (None, None)
    return about(first, "first"), about(second, "second")
