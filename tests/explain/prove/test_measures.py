"""Probabilities: against the counting of orders, the accuracy engine, formulas by hand, theorems
on Gaussian inputs, and samples."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import (
    above,
    close,
    combination,
    conical,
    hidden,
    inputs,
    right,
    value,
)
from support.formulas import (
    ZERO,
    every,
    formulas,
    h,
    minus,
    number,
    order_formulas,
    x,
)
from support.programs import exact_program, handcrafted_4_3, programs

import algzoo_exact as az
from algzoo_exact.explain.language.expression import Apply, Compare, Formula, Logic
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.exact_figures import probability
from algzoo_exact.program.task import second_argmax


def as_differences(formula: Formula) -> Formula:
    """The same about a difference and 0, which the counting of orders does not read."""
    if isinstance(formula, Compare):
        return Compare(formula.op, minus(formula.left, formula.right), ZERO)
    if isinstance(formula, Logic):
        return Logic(formula.op, tuple(map(as_differences, formula.args)))
    return formula


@settings(max_examples=40, deadline=None)
@given(order_formulas(3))
def test_orders_are_rational_by_cells_too(formula: Formula) -> None:
    """Oracle: order_probability. For three inputs the arctangents cancel exactly."""
    by_cells = probability(inputs(3), as_differences(formula))
    assert by_cells.rational == order_probability(formula, 3)
    assert by_cells.rational == probability(inputs(3), formula).rational


@pytest.mark.parametrize("n", [4, 5])
def test_orders_of_more_inputs(n: int) -> None:
    """Oracle: order_probability."""
    formula = every(Compare(">", x(0), x(1)), Compare(">", Apply("relu", (x(2),)), x(n - 1)))
    for statement in (formula, Logic("not", (formula,))):
        figure = probability(inputs(n), as_differences(statement), digits=20)
        assert figure.rational is None
        assert abs(value(figure) - order_probability(statement, n)) < Fraction(1, 10**20)


def test_any_number_of_inputs_in_order() -> None:
    figure = probability(inputs(20), Compare(">", x(3), x(17)))
    assert figure.rational == Fraction(1, 2)


def test_by_hand_two_inputs() -> None:
    """The angle between two rays, over 2 pi."""
    between = every(above((0, 1)), above((2, -1)))  # 0 < x[1] < 2 x[0]
    figure = probability(inputs(2), between)
    assert figure.closed_form == "atan(2)/(2*pi)"
    assert close(value(figure), math.atan(2) / (2 * math.pi))
    assert probability(inputs(2), above((3, -7))).rational == Fraction(1, 2)
    assert probability(inputs(2), Compare("==", x(0), combination((0, 2)))).rational == 0
    assert probability(inputs(2), Compare("!=", x(0), combination((0, 2)))).rational == 1


@pytest.mark.parametrize("seed", range(8))
def test_three_half_spaces(seed: int) -> None:
    """Oracle: Sheppard (1898), P = 1/8 + (asin r12 + asin r13 + asin r23) / 4 pi."""
    random = Random(seed)
    rows = [tuple(random.randint(-4, 4) for _ in range(3)) for _ in range(3)]
    rows = [row if any(row) else (1, 2, 3) for row in rows]
    vectors = [np.array(row) / np.linalg.norm(row) for row in rows]
    angles = [math.asin(max(-1.0, min(1.0, float(a @ b)))) for a, b in combinations(vectors, 2)]
    figure = probability(inputs(3), every(*map(above, rows)))
    # asin near 1 has half of the digits.
    assert abs(float(value(figure)) - (1 / 8 + sum(angles) / (4 * math.pi))) < 1e-8


@pytest.mark.parametrize(
    "name", ["2nd_argmax_2_2", "2nd_argmax_4_3", "argmedian_4_3", "handcrafted:2nd_argmax_3"]
)
def test_right_answers_of_shipped_models(name: str) -> None:
    """Oracle: the accuracy engine, which counts facets along another direction."""
    model = az.load(name)
    assert model.task is not None
    figure = probability(model.program, right(model.task, model.program.seq_len))
    expected = az.accuracy(model.program, model.task, ties="lowest").enclosure
    assert figure.closed_form
    assert figure.enclosure is not None
    assert figure.enclosure.width < Fraction(1, 10**30)
    figure.enclosure.intersect(expected)  # ValueError if they contradict each other


def test_handcrafted_three_in_few_terms() -> None:
    """All small directions are tried, and the shortest closed form is given. Oracle: mass of the
    complement by cells of its own."""
    model = az.load("handcrafted:2nd_argmax_3")
    formula = right(model.task, 3)
    figure = probability(model.program, formula)
    assert figure.closed_form == "2*atan(sqrt(544080267))/pi"
    wrong = probability(model.program, Logic("not", (formula,)))
    assert close(value(figure) + value(wrong), 1)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_probabilities_behave(data: st.DataObject) -> None:
    """P(c) + P(not c) = 1, monotony, and the same whatever positive factor or order of parts."""
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    a, b = (conical(data.draw(formulas(program))) for _ in range(2))

    def p(formula: Formula) -> Fraction:
        return value(probability(program, formula))

    both = p(Logic("and", (a, b)))
    assert close(p(a) + p(Logic("not", (a,))), 1)
    assert both <= min(p(a), p(b)) + Fraction(1, 10**20)
    assert close(both, p(Logic("and", (b, a))))
    assert close(both + p(Logic("or", (a, b))), p(a) + p(b))
    assert close(p(scaled(a)), p(a))


def scaled(formula: Formula) -> Formula:
    """Both sides of comparisons times 3/7."""
    if isinstance(formula, Compare):
        sides = (formula.left, formula.right)
        left, right = (Apply("mul", (number(Fraction(3, 7)), side)) for side in sides)
        return Compare(formula.op, left, right)
    if isinstance(formula, Logic):
        return Logic(formula.op, tuple(map(scaled, formula.args)))
    return formula


@pytest.mark.parametrize(("n", "d"), [(3, 3), (4, 2), (5, 1)])
def test_probabilities_against_samples(n: int, d: int) -> None:
    """10^5 samples, 4.5 sigma: a false alarm in 150,000 runs."""
    rng = np.random.default_rng(n)
    size = 100_000
    weights = [rng.integers(-3, 4, shape).tolist() for shape in (d, (d, d), (n, d))]
    program = exact_program(*weights, n)
    formula = every(Compare(">", h(n - 1, 0), h(0, 0)), above((1, 2, *(0,) * (n - 3), -1)))
    figure = probability(program, formula, digits=12)
    p = float(value(figure))
    data = rng.standard_normal((size, n))
    states = hidden(weights, data)
    sums = data[:, 0] + 2 * data[:, 1] - data[:, -1]
    hits = np.mean((states[-1][:, 0] > states[0][:, 0]) & (sums > 0))
    assert 0 < p < 1
    assert abs(hits - p) < 4.5 * math.sqrt(p * (1 - p) / size)


def test_limits_leave_room() -> None:
    """What is certified under limits holds the exact number, and a limit narrows it."""
    program = handcrafted_4_3()
    formula = right(second_argmax(3), 3)
    exact = probability(program, formula).enclosure
    assert exact is not None
    widths = []
    for cells in (3, 12, 20):
        figure = probability(program, formula, limits=CellLimits(cells=cells))
        assert figure.kind == "certified"
        assert figure.rational is None
        assert figure.enclosure is not None
        assert figure.enclosure.contains(exact)
        widths.append(figure.enclosure.width)
    assert widths[0] > widths[1] > widths[2] > 0


def test_out_of_reach() -> None:
    with pytest.raises(OutOfReachError, match="constants"):
        probability(inputs(2), Compare(">", x(0), number(1)))
    with pytest.raises(OutOfReachError, match="7 inputs"):
        probability(inputs(7), above((1,) * 7))
