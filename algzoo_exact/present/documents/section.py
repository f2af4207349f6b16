"""What ``sections`` says: how often a model is right where all but a few inputs are 0."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from algzoo_exact.analysis.sections import OrderedCase, Section
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import digits, model_text, several, task_text
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.zoo.loading import Model

_PLACES = 12


def section_document(
    model: Model, task: Task, ties: TieRule, found: Section, count: int, top: int, seconds: float
) -> d.Document:
    """The ``top`` cases with the smallest shares are listed; all are in the data."""
    scored = [case for case in found.cases if case.share is not None]
    rows: list[tuple[str, str | d.Text]] = [
        ("model", model_text(model)),
        ("task", task_text(task, ties)),
        ("inputs", f"{count} positive, the others 0"),
        ("cases", _cases(found)),
    ]
    if scored:
        mean = _mean(case.share for case in scored if case.share is not None)
        rows.append(("right", f"{percent(mean)} of these inputs, all orders being equally likely"))
        rows.append(("always right", f"in {len(found.always)} of {several(len(scored), 'case')}"))
    rows.append(("time", f"{seconds:.2f} s"))
    worst = sorted(scored, key=_right)
    lines = (
        (" > ".join(f"x[{i}]" for i in case.positions) + " > 0", str(case.label), _share(case))
        for case in worst[:top]
    )
    table = d.table("How often it is right, the least first.", ("inputs", "label", "#right"), lines)
    data = {
        "model": model,
        "task": task.name,
        "ties": ties,
        "positive": count,
        "cases": [
            {
                "positions": case.positions,
                "label": case.label,
                "right": case.share,
                "cells": case.cells,
            }
            for case in found.cases
        ],
        "left_out": found.left_out,
        "seconds": round(seconds, 4),
    }
    return d.untitled(d.facts(*rows), table, data=data)


def _cases(found: Section) -> str:
    told = several(len(found.cases), "order")
    unlabelled = sum(case.label is None for case in found.cases)
    if unlabelled:
        told += f", {unlabelled} of which have no single label: it is one of several zeros"
    if found.left_out:
        told += f"; {found.left_out:,} more were left out for want of time"
    return told


def _right(case: OrderedCase) -> Fraction:
    assert case.share is not None
    return case.share.midpoint


def _share(case: OrderedCase) -> str:
    assert case.share is not None
    return "always" if case.share.lower == 1 else digits(case.share, _PLACES)


def _mean(shares: Iterable[Enclosure]) -> Enclosure:
    known = list(shares)
    total = Enclosure.exactly(0)
    for part in known:
        total = total.plus(part)
    return total.times(Fraction(1, len(known)))
