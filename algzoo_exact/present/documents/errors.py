"""Where a model is wrong, heaviest first: as ``errors`` says it, and a report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.analysis.errors import Errors, WrongCell
from algzoo_exact.analysis.functions import WrongFunctions, cycles_text
from algzoo_exact.analysis.median_errors import ErrorCell, MedianErrors
from algzoo_exact.exact.enclosure import Enclosure, square_root
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.sums import PLACES, enclosed, sums_table
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import digits, one_in, several, small_digits, value_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.program.task import longest_cycle
from algzoo_exact.score.result import Counts
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings
    from algzoo_exact.present.findings.partition import Confusion

_BY_ANSWER = "By true label and answer"


def errors_document(
    model: Model | None,
    found: Errors,
    cells: Sequence[WrongCell],
    floats: Sequence[int] | None,
    out: Path | None,
) -> d.Document:
    """The ``cells`` are listed; ``floats`` are torch's answers at their inputs, if it was asked."""
    rows: list[d.Fact] = [
        ("wrong", value_text(found.total, _kind(found))),
        ("errors", one_in(found.total)),
        ("cells", _count(found)),
        ("torch", _torch(cells, floats) if cells and floats is not None else None),
        ("out", out),
    ]
    tables: list[d.Block] = []
    if cells:
        orders = {(", ".join(key),): part for key, part in found.by_order.items()}
        patterns = {(key,): part for key, part in found.by_region.items()}
        tables = [wrong_cells(found, cells)]
        tables += [
            sums_table(caption, names, sums, found.total, ("#wrong", "#of all errors"))
            for caption, names, sums in (
                (_BY_ANSWER, ("label", "answer"), found.by_answer),
                ("By the order of the inputs", ("inputs",), orders),
                ("By activation pattern", ("pattern",), patterns),
            )
        ]
    listed = [
        {
            **attributes(cell, "probability form label"),
            "answer": min(cell.answers),
            **attributes(cell, "answers credit pattern conditions input"),
            "torch": floats[i] if floats else None,
        }
        for i, cell in enumerate(cells)
    ]
    data = _data(found, listed) | {
        "by_order": [{"inputs": k, "probability": part} for k, part in found.by_order.items()],
        "by_region": [{"pattern": k, "probability": part} for k, part in found.by_region.items()],
        "out": out,
    }
    return Subject(model, found.task, found.table.ties).document(rows, *tables, data=data)


def wrong_functions_document(
    model: Model | None, found: WrongFunctions, top: int, out: Path | None
) -> d.Document:
    """Of a transformer; the first ``top`` inputs are listed."""
    count = found.n**found.n
    said: list[d.Fact] = [
        ("wrong", value_text(found.total, _kind(found))),
        ("errors", one_in(found.total) if len(found) else None),
        ("inputs", f"{len(found):,} of {count:,} earn less than full credit"),
        ("out", out),
    ]
    columns = zip(found.inputs.tolist(), found.label.tolist(), found.answer.tolist(), strict=True)
    inputs = list(islice(columns, top))
    tables: list[d.Block] = []
    if len(found):
        caption = "Where it is wrong: f(0), f(1), .., and the cycles of f."
        if len(found) > len(inputs):
            caption += f" Not listed: {several(len(found) - len(inputs), 'input')}."
        rows = (
            (" ".join(map(str, f)), cycles_text(f), f"{label} -> {answer}")
            for f, label, answer in inputs
        )
        tables = [
            d.table(caption, ("input", "cycles", "label -> answer"), rows),
            sums_table(_BY_ANSWER, ("label", "answer"), enclosed(found.by_answer), found.total),
        ]
    listed = [
        {
            "probability": Enclosure.exactly(Fraction(1, count)),
            "label": label,
            "answer": answer,
            "pattern": None,
            "input": f,
            "cycles": cycles_text(f),
        }
        for f, label, answer in inputs
    ]
    subject = Subject(model, longest_cycle(found.n), found.ties)
    return subject.document(said, *tables, data=_data(found, listed))


def median_errors_document(
    model: Model | None, found: MedianErrors, cells: Sequence[ErrorCell], out: Path | None
) -> d.Document:
    """Of a median model: the ``cells`` that add most to its mean squared error are listed."""
    task, total = found.table.task, found.total
    said = d.facts(
        *Subject(model, task, None).rows,
        ("error", (*value_text(total, "exact"), ": the mean of (f - median)^2")),
        ("its root", value_text(square_root(total), "exact")),
        ("cells", several(len(found), "cell") + " on which f - median is linear"),
        ("out", out),
    )
    tables: list[d.Block] = []
    if cells and total.lower > 0:
        rows = (
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
        tables = [
            d.table(caption, columns, rows, below=below),
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
                "label": None,
                "answer": None,
                **attributes(cell, "pattern input"),
                "error": list(map(float, cell.error)),
            }
            for cell in cells
        ],
        "by_middle": [{"middle": m, "square": part} for m, part in found.by_middle.items()],
        "out": out,
    }
    return d.untitled(said, *tables, data=data)


def errors(found: Findings) -> Iterator[d.Block]:
    """The section of a report: mass by true label and answer, and the heaviest cells."""
    score = found.score
    if score.counts is not None:
        yield _counted(score.counts)
    elif found.confusion is not None:
        yield from _masses(found.confusion)
        # Only of symmetric tasks all labels are equally likely.
        if score.kind == "exact" and score.by_label is not None and found.task.symmetric:
            yield _by_label(score.by_label)
    if found.inside.errors is not None and found.inside.wrong:
        yield wrong_cells(found.inside.errors, found.inside.wrong)


def _counted(counts: Counts) -> d.Table:
    n = len(counts.confusion)
    rows = [
        (str(label + 1), *(f"{count:,}" if count else "·" for count in row), f"{sum(row):,}")
        for label, row in enumerate(counts.confusion)
    ]
    wrong = sum(c for a, row in enumerate(counts.confusion) for b, c in enumerate(row) if a != b)
    tied = (
        f" On {counts.tied:,} inputs logits tie; they count at the lowest." if counts.tied else ""
    )
    return d.table(
        f"How many of the {counts.inputs:,} inputs with each longest cycle get each answer: "
        f"{wrong:,} are off the diagonal. All are counted (exact).{tied}",
        ("longest cycle", *(f"#says {k + 1}" for k in range(n)), "#in all"),
        rows,
    )


def _masses(confusion: Confusion) -> Iterator[d.Block]:
    said = (
        "The probability of each true label with each answer, summed over the cells of the "
        "certificate; digits are cut off where … follows. "
    )
    if confusion.samples is not None:
        said = (
            f"The share of {confusion.samples:,} random inputs, in percent, by true label and "
            "answer. "
        )
    yield d.paragraph(said, d.Kind(confusion.kind))
    ties = any(mass.upper > 0 for mass in confusion.tied)
    rows = []
    for label, masses in enumerate(confusion.mass):
        cells = [*masses, *([confusion.tied[label]] if ties else [])]
        rows.append((str(label), *(_mass(mass, confusion.kind) for mass in cells)))
    columns = ("true label", *(f"#says {k}" for k in range(len(rows))), *["#tie"] * ties)
    yield d.table("True labels and answers: errors are off the diagonal.", columns, rows)
    if ties and confusion.kind == "exact":
        yield d.paragraph(
            f"Where several logits share the maximum, the rule of ties earns "
            f"{digits(confusion.credited, PLACES)} of probability. ", d.Kind("exact"),
        )  # fmt: skip


def _mass(mass: Enclosure, kind: str) -> str | d.Text:
    if mass.upper == 0:  # no cell, or no input
        return "·"
    if kind == "sampled":
        return percent(mass, 3)
    return small_digits(mass, 8)


def _by_label(parts: Mapping[int, Enclosure]) -> d.Table:
    n, rows = len(parts), []
    for label, part in parts.items():
        given = share(part, Enclosure.exactly(Fraction(1, n)))
        rows.append((str(label), digits(part, 15), digits(given, 12), one_in(given.complement)))
    columns = ("true label", "#part of the accuracy", "#right, given the label", "that is")
    return d.table(f"By true label, each of probability 1/{n} (exact).", columns, rows)


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


def _kind(found: Errors | WrongFunctions) -> d.NumberKind:
    return "certified" if found.open else "exact"


def _count(found: Errors) -> str:
    told = several(len(found), "cell") + " of constant pattern, label and answer"
    if found.open:
        told += f"; the time was up with {percent(found.open)} of the inputs not looked at"
    return told


def _torch(cells: Sequence[WrongCell], floats: Sequence[int]) -> str:
    if not floats:
        return "not run, for want of time, or as weights or logits are beyond the range of float64"
    same = sum(answer in cell.answers for cell, answer in zip(cells, floats, strict=True))
    many = several(same, "input") if same == len(cells) else f"{same} of {len(cells)} inputs"
    return f"in float64 it gives the same answers at {many} below"


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


def _names(inputs: Sequence[int]) -> str:
    return " ".join(f"x[{i}]" for i in inputs)


def _error(coefficients: Sequence[Fraction]) -> str:
    terms = ((i, float(c)) for i, c in enumerate(coefficients) if c)
    text = " ".join(f"{'-' if c < 0 else '+'} {abs(c):.4g} x[{i}]" for i, c in terms)
    return text.removeprefix("+ ") or "0"


def _data(found: Errors | WrongFunctions, cells: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Of answers that are indices."""
    return {
        "kind": _kind(found),
        "total": found.total,
        "open": found.open,
        "count": len(found),
        "cells": cells,
        "by_answer": [
            {"label": label, "answer": answer, "probability": part}
            for (label, answer), part in enclosed(found.by_answer).items()
        ],
    }
