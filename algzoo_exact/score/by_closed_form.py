"""A score in closed form, n <= 3."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

from algzoo_exact.program.ir import Program
from algzoo_exact.score.closed_form import Terms
from algzoo_exact.score.question import MANY_DIGITS, Method, Question
from algzoo_exact.score.result import Score
from algzoo_exact.score.rigorous import right_cells

CLOSED_FORM_UP_TO = 3


def closed_score(question: Question) -> Iterator[Score]:
    """One step, of kind ``exact``. TimeIsUpError if the deadline passes before it is there."""
    q, began = question, time.perf_counter()
    direction = q.metric.direction(q.rnn, q.task)
    integral = q.metric.integral(q.rnn, q.task, q.ties, direction, False)
    by_label: dict[int, Terms] = {}
    for piece in q.metric.pieces(q.rnn, q.task, q.deadline):
        # Those of one label are a sum of their own, as their boundary with others counts too.
        for start in piece.starts:
            terms = by_label.setdefault(start.label if q.by_label else 0, Terms())
            terms.constant += integral.at_zero(start)
            for cell in right_cells(integral.search, start):
                q.deadline.look()
                if cell is not None:
                    integral.closed(cell, terms)
    width = Fraction(1, 10 ** (q.digits or MANY_DIGITS))
    total = Terms()
    for terms in by_label.values():
        total.add(terms)
    form = total.form()
    yield q.score(
        "exact", form.enclosure(width).above_zero(), f"closed form over the {q.metric.over}",
        time.perf_counter() - began, form=form, regions=len(integral.search.patterns),
        cells=integral.search.leaves,
        by_label={k: by_label[k].form().enclosure(width).above_zero() for k in sorted(by_label)}
        if q.by_label else None,
    )  # fmt: skip


def _accepts(q: Question) -> bool:
    return isinstance(q.program, Program) and q.n <= CLOSED_FORM_UP_TO and q.wish != "bounds"


CLOSED_FORM = Method("closed form", _accepts, True, closed_score)
