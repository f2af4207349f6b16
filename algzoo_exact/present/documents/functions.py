"""What is said of transformers input by input: errors, differences, attention."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

from algzoo_exact.analysis.functions import FunctionDifference, WrongFunctions, cycles_text
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.difference import RIGHT
from algzoo_exact.present.documents.sums import sums_table
from algzoo_exact.present.wording import about, one_in, several, task_text, value_text
from algzoo_exact.program.task import longest_cycle
from algzoo_exact.zoo.loading import Model


def wrong_functions_document(
    model: Model | None, found: WrongFunctions, top: int, out: Path | None
) -> d.Document:
    """The first ``top`` inputs are listed."""
    kind: d.NumberKind = "certified" if found.open else "exact"
    rows: list[tuple[str, str | d.Text]] = [
        *about(model),
        ("task", task_text(longest_cycle(found.n), found.ties)),
        ("wrong", value_text(found.total, kind)),
        *([("errors", one_in(found.total))] if len(found) else []),
        ("inputs", f"{len(found):,} of {found.n**found.n:,} earn less than full credit"),
    ]
    if out:
        rows.append(("out", str(out)))
    columns = zip(found.inputs.tolist(), found.label.tolist(), found.answer.tolist(), strict=True)
    inputs = list(islice(columns, top))
    blocks: list[d.Block] = [d.facts(*rows)]
    if len(found):
        listed = (
            (" ".join(map(str, f)), cycles_text(f), f"{label} -> {answer}")
            for f, label, answer in inputs
        )
        caption = "Where it is wrong: f(0), f(1), .., and the cycles of f."
        if len(found) > len(inputs):
            caption += f" Not listed: {several(len(found) - len(inputs), 'input')}."
        blocks += [
            d.table(caption, ("input", "cycles", "label -> answer"), listed),
            sums_table(
                "By true label and answer",
                ("label", "answer"),
                _exactly(found.by_answer),
                found.total,
            ),
        ]
    one = Enclosure.exactly(Fraction(1, found.n**found.n))
    data: dict[str, Any] = {
        "model": model,
        "task": longest_cycle(found.n).name,
        "ties": found.ties,
        "kind": kind,
        "total": found.total,
        "open": found.open,
        "count": len(found),
        "cells": [
            {
                "probability": one, "label": label, "answer": answer, "pattern": None, "input": f,
                "cycles": cycles_text(f),
            }
            for f, label, answer in inputs
        ],
        "by_answer": [
            {"label": a, "answer": b, "probability": Enclosure.exactly(part)}
            for (a, b), part in found.by_answer.items()
        ],
    }  # fmt: skip
    return d.untitled(*blocks, data=data)


def function_difference_document(
    models: tuple[Model, Model] | None,
    found: FunctionDifference,
    top: int,
) -> d.Document:
    """The first ``top`` inputs are listed."""
    kind: d.NumberKind = "certified" if found.open else "exact"
    probability, n = found.probability, int(found.inputs.shape[1])
    blocks: list[d.Block] = [
        d.facts(
            *about(models and models[0], "first"),
            *about(models and models[1], "second"),
            ("task", task_text(longest_cycle(n), "lowest")),
            ("different", value_text(probability, kind)),
            ("inputs", f"{len(found):,} of {n**n:,}"),
        )
    ]
    columns = (found.inputs, found.label, found.first, found.second)
    inputs = list(islice(zip(*(c.tolist() for c in columns), strict=True), top))
    if len(found):
        split = _exactly({(RIGHT[who],): part for who, part in found.split.items()})
        listed = (
            (" ".join(map(str, f)), cycles_text(f), str(label), f"{a}, {b}")
            for f, label, a, b in inputs
        )
        blocks += [
            sums_table("Who is right where they differ", ("right",), split, probability),
            sums_table(
                "By their answers", ("first", "second"), _exactly(found.by_answers), probability
            ),
            d.table(
                "Where they differ: f(0), f(1), .., and the cycles of f.",
                ("input", "cycles", "label", "answers"),
                listed,
            ),
        ]
    data = {
        "first": models and models[0],
        "second": models and models[1],
        "task": longest_cycle(n).name,
        "kind": kind,
        "probability": probability,
        "open": found.open,
        "split": {who: Enclosure.exactly(part) for who, part in found.split.items()},
        "by_answers": [
            {"first": a, "second": b, "probability": Enclosure.exactly(part)}
            for (a, b), part in found.by_answers.items()
        ],
        "count": len(found),
        "cells": [
            {"label": label, "answers": (a, b), "input": f, "cycles": cycles_text(f)}
            for f, label, a, b in inputs
        ],
    }
    return d.untitled(*blocks, data=data)


def attention_document(model: Model | None, row: Mapping[str, Any]) -> d.Document:
    """A row of ``attention``: one input."""
    blocks: list[d.Block] = [
        d.facts(
            *about(model),
            ("input", " ".join(map(str, row["input"])) + "; cycles " + cycles_text(row["input"])),
            ("label", str(row["label"])),
            ("answer", str(row["answer"])),
            ("logits", " ".join(f"{value:.6g}" for value in row["logits"])),
            ("precision", f"float64; every number is within {row['radius']:.1g}, proved"),
        )
    ]
    n = len(row["input"])
    for layer, heads in enumerate(row["attention"]):
        for head, matrix in enumerate(heads):
            asking = range(n - len(matrix), n)
            shown = (
                (str(p), *(f"{weight:.4f}" for weight in weights))
                for p, weights in zip(asking, matrix, strict=True)
            )
            blocks.append(
                d.table(
                    f"Layer {layer}, head {head}: what each position attends to.",
                    ("position", *(f"#{j}" for j in range(n))),
                    shown,
                )
            )
    return d.untitled(*blocks, data={"model": model, **row})


def attention_out_document(model: Model, count: int, out: Path) -> d.Document:
    """All inputs are in a file."""
    rows = [*about(model), ("inputs", f"{count:,}"), ("out", str(out))]
    return d.untitled(d.facts(*rows), data={"model": model, "count": count, "out": str(out)})


def _exactly(sums: Mapping[tuple[Any, ...], Fraction]) -> dict[tuple[Any, ...], Enclosure]:
    return {key: Enclosure.exactly(part) for key, part in sums.items()}
