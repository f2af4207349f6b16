"""How often a model is right on a subspace of its inputs: as ``sections`` says it, and a report."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from algzoo_exact.analysis.positive import OrderedCase, OrderedCases
from algzoo_exact.analysis.sections import Section
from algzoo_exact.exact.enclosure import total
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import digits, several, value_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.score.result import Score
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings

_PLACES = 12
_LONGEST_FORM = 200  # characters that a terminal shows
_PICTURE = "section"


def section_document(model: Model, section: Section, score: Score) -> d.Document:
    """A model on one section."""
    given, kind = section.share(score), score.kind
    none: d.Text | None = None
    of: str | d.Text | None = None
    if section.unlabelled.upper > 0:
        none = value_text(section.unlabelled, "exact", _PLACES)
        of = "nowhere: no input has a single label"
        of = of if given is None else value_text(given, kind, _PLACES)
    form = None if score.form is None else str(score.form)
    rows: list[d.Fact] = [
        ("section", section_text(section)),
        ("right", value_text(score.enclosure, kind, _PLACES)),
        ("no single label", none),
        ("right, given one", of),
        ("closed form", form if form and len(form) <= _LONGEST_FORM else None),
        ("method", score.method),
    ]
    data = {
        **section_data(section),
        "kind": kind,
        "right": score.enclosure,
        "unlabelled": section.unlabelled,
        "share": given,
        "cells": score.cells,
    }
    return Subject(model, section.task, score.ties).document(rows, data=data)


def section_text(section: Section) -> str:
    """What holds on it, and what its inputs are."""
    said = "; ".join(section.conditions) or "all inputs"
    inputs = several(section.program.seq_len, "standard Gaussian input")
    return f"{said}; {inputs}"


def section_data(section: Section) -> dict[str, Any]:
    """The subspace, by stable keys."""
    return attributes(section, "basis conditions")


def positive_document(
    model: Model, task: Task, ties: TieRule, found: OrderedCases, top: int
) -> d.Document:
    """The ``top`` cases with the smallest shares are listed; all are in the data."""
    count = len(found.cases[0].positions) if found.cases else 0
    shares = [case.share for case in found.cases if case.share is not None]
    right = always = None
    if shares:
        mean = percent(total(shares).times(Fraction(1, len(shares))))
        right = f"{mean} of these inputs, all orders being equally likely"
        always = f"in {len(found.always)} of {several(len(shares), 'case')}"
    rows: list[d.Fact] = [
        ("inputs", f"{count} positive, the others 0"),
        ("cases", _cases(found)),
        ("right", right),
        ("always right", always),
    ]
    data = {
        "positive": count,
        "cases": [
            {
                **attributes(case, "positions label"),
                "right": case.share,
                "margin": None if case.margin is None else float(case.margin),
                "cells": case.cells,
            }
            for case in found.cases
        ],
        "left_out": found.left_out,
    }
    return Subject(model, task, ties).document(rows, _worst(found, top), data=data)


def _cases(found: OrderedCases) -> str:
    told = several(len(found.cases), "order")
    unlabelled = sum(case.label is None for case in found.cases)
    if unlabelled:
        told += f", {unlabelled} of which have no single label: it is one of several zeros"
    if found.left_out:
        told += f"; {found.left_out:,} more were left out for want of time"
    return told


def _worst(found: OrderedCases, top: int) -> d.Table:
    """Those cases on which it is right least often, with margins where these are known."""
    scored = [(case.share.midpoint, case) for case in found.cases if case.share is not None]
    margins = any(case.margin is not None for _, case in scored)
    worst = [case for _, case in sorted(scored, key=lambda pair: pair[0])]
    caption, columns = "How often it is right, the least first", ["inputs", "label", "#right"]
    rows = [[_order(case), str(case.label), _share(case)] for case in worst[:top]]
    if margins:
        caption += (
            "; the margin is the least of the label's logit less the largest other one, the "
            "largest input being 1"
        )
        columns.append("#margin")
        for row, case in zip(rows, worst, strict=False):
            row.append("" if case.margin is None else f"{float(case.margin):.4f}")
    return d.table(f"{caption}.", columns, rows)


def _order(case: OrderedCase) -> str:
    return " > ".join(f"x[{i}]" for i in case.positions) + " > 0"


def _share(case: OrderedCase) -> str:
    assert case.share is not None
    return "always" if case.share.lower == 1 else digits(case.share, _PLACES)


def sections(found: Findings) -> Iterator[d.Block]:
    """The section of a report: two positive inputs, and a picture of the last three."""
    inside = found.inside
    if inside.pairs is not None:
        yield d.paragraph(
            "On a linear subspace of its inputs the network is one of fewer inputs. Two inputs are "
            "positive here, all others 0; the share of them on which the answer is right: ",
            d.Kind("exact"),
        )
        yield _pairs(inside.pairs, found.task.seq_len)
    if inside.section is not None:
        yield _picture(inside.section, found.ties)


def _pairs(cases: OrderedCases, n: int) -> d.Table:
    said = {
        case.positions: "no label" if case.share is None else percent(case.share, 3)
        for case in cases.cases
    }
    rows = ((f"x[{i}] largest", *(said.get((i, j), "") for j in range(n))) for i in range(n))
    columns = ("inputs", *(f"#then x[{j}]" for j in range(n)))
    return d.table("Right answers, by the largest input and the second.", columns, rows)


def _picture(section: Section, ties: TieRule) -> d.Picture:
    from algzoo_exact.present.pictures.picture import picture

    where = ", ".join(section.conditions)
    return d.Picture(
        _PICTURE,
        picture(section, ties=ties).drawn,
        f"The section where {where}. Areas are probabilities. Colours are answers, pale where "
        "right, hatched where wrong, dotted where several labels qualify; the outer ring shows the "
        "true label, lines are where a neuron or the label changes.",
        f"The sphere of directions of three inputs, as two discs of true area, where {where}. "
        "Wrong answers are hatched.",
    )
