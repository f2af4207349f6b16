"""What ``sections`` says: how often a model is right on a subspace of its inputs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from algzoo_exact.analysis.positive import OrderedCase, OrderedCases
from algzoo_exact.analysis.sections import Section
from algzoo_exact.exact.enclosure import total
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import digits, model_text, several, task_text, value_text
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.score.result import Score
from algzoo_exact.zoo.loading import Model

_PLACES = 12
_LONGEST_FORM = 200  # characters that a terminal shows


def section_document(model: Model, section: Section, score: Score) -> d.Document:
    """A model on one section."""
    task, given = section.task, section.share(score)
    rows: list[tuple[str, str | d.Text]] = [
        ("model", model_text(model)),
        ("task", task_text(task, score.ties)),
        ("section", section_text(section)),
        ("right", value_text(score.enclosure, score.kind, _PLACES)),
    ]
    if section.unlabelled.upper > 0:
        rows.append(("no single label", value_text(section.unlabelled, "exact", _PLACES)))
        none = "nowhere: no input has a single label"
        of = none if given is None else value_text(given, score.kind, _PLACES)
        rows.append(("right, given one", of))
    if score.form is not None and len(str(score.form)) <= _LONGEST_FORM:
        rows.append(("closed form", str(score.form)))
    rows += [("method", score.method)]
    data = {
        "model": model,
        "task": task.name,
        "ties": score.ties,
        **section_data(section),
        "kind": score.kind,
        "right": score.enclosure,
        "unlabelled": section.unlabelled,
        "share": given,
        "cells": score.cells,
    }
    return d.untitled(d.facts(*rows), data=data)


def section_text(section: Section) -> str:
    """What holds on it, and what its inputs are."""
    said = "; ".join(section.conditions) or "all inputs"
    inputs = several(section.program.seq_len, "standard Gaussian input")
    return f"{said}; {inputs}"


def section_data(section: Section) -> dict[str, Any]:
    """The subspace, by stable keys."""
    return {
        "basis": [[str(entry) for entry in row] for row in section.basis],
        "conditions": section.conditions,
    }


def positive_document(
    model: Model, task: Task, ties: TieRule, found: OrderedCases, top: int
) -> d.Document:
    """The ``top`` cases with the smallest shares are listed; all are in the data."""
    count = len(found.cases[0].positions) if found.cases else 0
    scored = [case for case in found.cases if case.share is not None]
    rows: list[tuple[str, str | d.Text]] = [
        ("model", model_text(model)),
        ("task", task_text(task, ties)),
        ("inputs", f"{count} positive, the others 0"),
        ("cases", _cases(found)),
    ]
    if scored:
        shares = total(case.share for case in scored if case.share is not None)
        mean = shares.times(Fraction(1, len(scored)))
        rows.append(("right", f"{percent(mean)} of these inputs, all orders being equally likely"))
        rows.append(("always right", f"in {len(found.always)} of {several(len(scored), 'case')}"))
    worst = sorted(scored, key=_right)
    margins = any(case.margin is not None for case in scored)
    lines = (
        (
            " > ".join(f"x[{i}]" for i in case.positions) + " > 0",
            str(case.label),
            _share(case),
            *([_margin(case)] * margins),
        )
        for case in worst[:top]
    )
    caption = "How often it is right, the least first"
    if margins:
        caption += "; the margin is the least of the label's logit less the largest other one"
    columns = ("inputs", "label", "#right", *["#margin"] * margins)
    table = d.table(f"{caption}{', the largest input being 1' * margins}.", columns, lines)
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
                "margin": None if case.margin is None else float(case.margin),
                "cells": case.cells,
            }
            for case in found.cases
        ],
        "left_out": found.left_out,
    }
    return d.untitled(d.facts(*rows), table, data=data)


def _cases(found: OrderedCases) -> str:
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


def _margin(case: OrderedCase) -> str:
    return "" if case.margin is None else f"{float(case.margin):.4f}"
