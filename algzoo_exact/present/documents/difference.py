"""What ``diff`` says: how often two models answer differently, and where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from algzoo_exact.analysis.difference import Difference, DifferentCell
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.names import printable
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.sums import PLACES, sums_table
from algzoo_exact.present.wording import about, digits, several, task_text, value_text
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.loading import Model

RIGHT = {"first": "the first", "second": "the second", "neither": "neither"}


def difference_document(
    models: tuple[Model, Model] | None,
    found: Difference,
    cells: Sequence[DifferentCell],
    picture: Path | None = None,
) -> d.Document:
    """The ``cells`` are listed; ``picture`` is a file that was written."""
    kind: d.NumberKind = "certified" if found.open else "exact"
    probability = found.probability
    rows: list[tuple[str, str | d.Text]] = [
        *about(models and models[0], "first"),
        *about(models and models[1], "second"),
        ("task", task_text(found.task, "lowest")),
        ("different", value_text(probability, kind)),
        ("cells", several(len(found), "cone") + " of constant label and answers"),
        *([("picture", printable(str(picture)))] if picture else []),
    ]
    blocks: list[d.Block] = [d.facts(*rows)]
    if cells:
        split = {(RIGHT[who],): part for who, part in found.split.items()}
        listed = (
            (
                digits(cell.probability, PLACES),
                str(cell.label),
                "{}, {}".format(*cell.answers),
                "" if cell.input is None else " ".join(map(str, cell.input)),
            )
            for cell in cells
        )
        blocks += [
            sums_table("Who is right where they differ", ("right",), split, probability),
            sums_table("By their answers", ("first", "second"), found.by_answers, probability),
            d.table(
                "Where they differ, heaviest first, with an input in each cone.",
                ("#probability", "label", "answers", "input"),
                listed,
            ),
        ]
    return d.untitled(*blocks, data=_data(models, found, cells, kind))


def root_document(models: tuple[Model, Model], task: Task, root: Enclosure) -> d.Document:
    """Of models whose answers are numbers."""
    return d.untitled(
        d.facts(
            *about(models[0], "first"),
            *about(models[1], "second"),
            ("task", task_text(task, None)),
            ("difference", (*value_text(root, "certified"), ": the root of its mean square")),
        ),
        data={
            "first": models[0],
            "second": models[1],
            "task": task.name,
            "root_mean_square": root,
        },
    )


def _data(
    models: tuple[Model, Model] | None, found: Difference, cells: Sequence[DifferentCell],
    kind: str,
) -> dict[str, Any]:  # fmt: skip
    return {
        "first": models and models[0],
        "second": models and models[1],
        "task": found.task.name,
        "kind": kind,
        "probability": found.probability,
        "open": found.open,
        "split": found.split,
        "by_answers": [
            {"first": a, "second": b, "probability": part}
            for (a, b), part in found.by_answers.items()
        ],
        "count": len(found),
        "cells": [
            {
                "probability": cell.probability,
                "label": cell.label,
                "answers": cell.answers,
                "input": None if cell.input is None else [str(c) for c in cell.input],
            }
            for cell in cells
        ],
    }
