"""What tests of cells and measures share."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.language.expression import Apply, Compare, Formula, Logic, Number, Term
from algzoo_exact.explain.outcome import Figure
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.enumerate import Region
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.rigorous import Cell, cell_of
from support.formulas import ZERO, every, logit, number, x
from support.programs import exact_program


def unpack(batch: Cells | None, start: Start) -> list[Cell]:
    """The cells of a batch below a start, if there is one."""
    if batch is None:
        return []
    return [cell_of(batch, q, start) for q in range(int(batch.size[0]))]


_masses: dict[tuple[object, ...], Enclosure] = {}


def mass(cell: Region, digits: int) -> Enclosure:
    """Its measure. Tie rules change the credit of a cell and not its cone, so that what was
    measured under one of them is not measured again under another."""
    key = (cell.cone.rays, cell.lineality, digits)
    if key not in _masses:
        _masses[key] = cell.measure(digits)
    return _masses[key]


def conical(expression: Formula) -> Formula:
    """The same with 0 for constants, but for factors: homogeneous."""
    if isinstance(expression, Compare):
        left, right = conical_term(expression.left), conical_term(expression.right)
        return Compare(expression.op, left, right)
    if isinstance(expression, Logic):
        return Logic(expression.op, tuple(map(conical, expression.args)))
    return expression


def conical_term(term: Term) -> Term:
    if isinstance(term, Number) or (not isinstance(term, Apply) and term.array.startswith("W_")):
        return ZERO
    if isinstance(term, Apply):
        if term.op == "mul":
            return Apply("mul", (term.args[0], conical_term(term.args[1])))
        return Apply(term.op, tuple(map(conical_term, term.args)))
    return term


def inputs(n: int) -> Program:
    """A program that hardly matters: conditions in these tests are about its inputs."""
    return exact_program([1], [[0]], [[1]] * n, n)


def combination(row: tuple[int, ...]) -> Term:
    return Apply("add", (ZERO, *(Apply("mul", (number(c), x(i))) for i, c in enumerate(row))))


def above(row: tuple[int, ...]) -> Formula:
    return Compare(">", combination(row), ZERO)


def value(figure: Figure) -> Fraction:
    assert figure.kind == "exact"
    assert figure.enclosure is not None
    assert figure.enclosure.width < Fraction(1, 10**10)
    return figure.enclosure.midpoint


def close(a: Fraction | float, b: Fraction | float) -> bool:
    return math.isclose(a, b, rel_tol=0, abs_tol=1e-11)


def hidden(weights: Sequence[Any], data: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """The states (samples, d) after each step, in floats."""
    w_hi, w_hh, _ = map(np.array, weights)
    states = [np.maximum(0, np.outer(data[:, 0], w_hi))]
    for column in data.T[1:]:
        states.append(np.maximum(0, states[-1] @ w_hh.T + np.outer(column, w_hi)))
    return states


def right(task: Task, n: int) -> Formula:
    """The model gives the label, and the lowest of tied logits wins."""
    parts = []
    for cell in task.cells():
        wins = [
            Compare(">" if k < cell.label else ">=", logit(cell.label), logit(k))
            for k in range(n)
            if k != cell.label
        ]
        parts.append(every(*map(above, cell.inequalities), *wins))
    return Logic("or", tuple(parts))
