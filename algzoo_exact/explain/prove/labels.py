"""Labels as formulas: where the task gives one, and where a program gives it."""

from __future__ import annotations

from collections.abc import Iterator

from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    Logic,
    Relation,
    every,
    scaled,
    some,
    total,
)
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.program.problem import LabelCell, Normal
from algzoo_exact.program.task import Task, TieRule


def earns(label: int, outputs: int, ties: TieRule, *, first: int = 0) -> Formula:
    """Where a program is credited in full for the label (an index below ``outputs``): its logit
    is the greatest, and a tie is won.

    Its logits are ``logit[first]``, .., ``logit[first + outputs - 1]``.
    """
    parts: list[Formula] = []
    for k in range(outputs):
        if k != label:
            op: Relation = ">=" if ties == "lowest" and k > label else ">"
            parts.append(Compare(op, _logit(first + label), _logit(first + k)))
    return every(parts)


def fails(label: int, outputs: int, ties: TieRule) -> Formula:
    """Where a program gets no credit for the label."""
    if ties == "uniform":  # a share is earned wherever the label is among the winners
        rivals = [k for k in range(outputs) if k != label]
        return some([Compare(">", _logit(k), _logit(label)) for k in rivals])
    return Logic("not", (earns(label, outputs, ties),))


def greatest(label: int, outputs: int, *, first: int = 0) -> Formula:
    """Where the label's logit is the greatest, alone or with others."""
    rivals = [k for k in range(outputs) if k != label]
    return every([Compare(">=", _logit(first + label), _logit(first + k)) for k in rivals])


def cells_in(task: Task, domain: Formula) -> Iterator[tuple[LabelCell, Formula]]:
    """The task's cells, as open formulas, but for those that the order of inputs in the domain
    excludes."""
    order = OrderFacts(domain, task.seq_len)
    for cell in task.cells():
        if not any(_excluded(row, order) for row in cell.inequalities):
            yield cell, every([_positive(row) for row in cell.inequalities])


def _excluded(row: Normal, order: OrderFacts) -> bool:
    """Whether ``row . x > 0`` is x[i] > x[j], and that is against the order."""
    above = [i for i, c in enumerate(row) if c == 1]
    below = [j for j, c in enumerate(row) if c == -1]
    simple = len(above) == len(below) == 1 and not any(abs(c) > 1 for c in row)
    return simple and order.excludes(above[0], below[0])


def _positive(row: Normal) -> Formula:
    above = [scaled(c, Entry("x", (i,))) for i, c in enumerate(row) if c > 0]
    below = [scaled(-c, Entry("x", (i,))) for i, c in enumerate(row) if c < 0]
    return Compare(">", total(above), total(below))


def _logit(k: int) -> Entry:
    return Entry("logit", (k,))
