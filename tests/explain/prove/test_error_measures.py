"""Suprema and mean errors: by hand, against the squared error engine, theorems on Gaussian inputs,
and samples."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.cells import (
    close,
    combination,
    conical,
    conical_term,
    hidden,
    inputs,
    value,
)
from support.formulas import (
    ZERO,
    at,
    every,
    formulas,
    greatest,
    h,
    logit,
    minus,
    number,
    random_point,
    terms,
    x,
)
from support.programs import exact_program, programs

import algzoo_exact as az
from algzoo_exact.exact.enclosure import square_root
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    Term,
    Truth,
    evaluate,
    evaluate_term,
)
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.exact_figures import mean_error, probability, supremum


def size(n: int) -> Term:
    return greatest(*(Apply("abs", (x(i),)) for i in range(n)))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_suprema_are_attained_and_not_exceeded(data: st.DataObject) -> None:
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    n = program.seq_len
    left, right = (conical_term(data.draw(terms(program))) for _ in range(2))
    domain = conical(data.draw(formulas(program)))
    figure = supremum(program, left, right, size(n), domain=domain)
    assert figure.rational is not None
    random = Random(4)

    def ratio(point: tuple[Fraction, ...]) -> Fraction:
        values = at(program, point)
        gap = abs(evaluate_term(left, values) - evaluate_term(right, values))
        return gap / evaluate_term(size(n), values)

    for _ in range(40):
        point = random_point(random, n)
        if any(point) and evaluate(domain, at(program, point)):
            assert ratio(point) <= figure.rational
    if figure.witness is not None:
        assert ratio(figure.witness) == figure.rational > 0
        # In the closure: points of the domain come as near as you like.
        near = supremum(program, left, right, size(n), domain=every(domain, ball(figure.witness)))
        assert near.rational == figure.rational


def ball(point: tuple[Fraction, ...]) -> Formula:
    """The directions near a point of largest entry 1 in size: a cone."""
    n, small = len(point), Fraction(1, 1000)
    parts = []
    for i, c in enumerate(point):
        off = Apply("abs", (minus(x(i), Apply("mul", (number(c), size(n)))),))
        parts.append(Compare("<=", off, Apply("mul", (number(small), size(n)))))
    return every(*parts)


def test_suprema_by_hand() -> None:
    """|max(x[0], x[1]) - x[0]| / max|x| is 2 at (-1, 1), and 1 where x[0] >= 0."""
    program = inputs(2)
    top = greatest(x(0), x(1))
    figure = supremum(program, top, x(0), size(2))
    assert (figure.rational, figure.witness) == (2, (Fraction(-1), Fraction(1)))
    positive = Compare(">", x(0), ZERO)
    assert supremum(program, top, x(0), size(2), domain=positive).rational == 1


def test_suprema_on_thin_domains() -> None:
    """The domain is a line, or empty; by hand."""
    program, top = inputs(2), greatest(x(0), x(1))
    line = Compare("==", x(0), combination((0, -2)))
    figure = supremum(program, top, x(0), size(2), domain=line)
    assert figure.rational == Fraction(3, 2)  # at (-2, 1)
    assert supremum(program, top, x(0), size(2), domain=Compare("==", x(0), x(1))).rational == 0
    empty = supremum(program, top, x(0), size(2), domain=Truth(False))
    assert (empty.rational, empty.witness) == (0, None)


def test_infinite_suprema() -> None:
    """The scale is 0, or negative, where left and right differ."""
    program = inputs(2)
    for scale in (Apply("relu", (x(0),)), x(0)):
        figure = supremum(program, x(1), ZERO, scale)
        assert figure.kind == "exact"
        assert figure.rational is None
        assert figure.enclosure is None
        assert figure.witness is not None
        values = at(program, figure.witness)
        assert evaluate_term(scale, values) <= 0
    # Where the scale is 0 and both agree, nothing is wrong.
    good = supremum(program, Apply("relu", (x(0),)), ZERO, Apply("relu", (x(0),)))
    assert good.rational == 1


@pytest.mark.parametrize(
    ("left", "right", "mean", "square"),
    [
        (x(0), ZERO, math.sqrt(2 / math.pi), 1.0),
        (x(0), x(1), 2 / math.sqrt(math.pi), 2.0),
        (greatest(*map(x, range(2))), Apply("min", (x(0), x(1))), 2 / math.sqrt(math.pi), 2.0),
        (greatest(*map(x, range(3))), Apply("min", (x(0), x(1), x(2))), 3 / math.sqrt(math.pi), 0),
        (Apply("relu", (x(0),)), ZERO, 1 / math.sqrt(2 * math.pi), 0.5),
    ],
)
def test_theorems_on_means(left: Term, right: Term, mean: float, square: float) -> None:
    """Normal moments, and the range of three: 3 / sqrt(pi) (H. L. Jones, 1948)."""
    assert close(value(mean_error(inputs(3), left, right)), mean)
    if square:
        root = mean_error(inputs(3), left, right, error="root_mean_square")
        assert close(value(root), math.sqrt(square))


def test_range_of_more_inputs() -> None:
    """The expected range of five: 2.32592894728 (Tippett, 1925; H. L. Jones, 1948, in closed form
    5/sqrt(pi) (3/2 - 3/pi acos(1/3)) twice the mean of the largest)."""
    largest = 5 / math.sqrt(math.pi) * (0.25 + 1.5 / math.pi * math.asin(1 / 3))
    low, high = Apply("min", tuple(map(x, range(5)))), greatest(*map(x, range(5)))
    first = every(*(Compare(">", x(0), x(i)) for i in range(1, 5)))  # 1/5 of all, by symmetry
    last = every(first, *(Compare("<", x(4), x(i)) for i in range(1, 4)))
    figure = mean_error(inputs(5), high, low, domain=last, digits=8)
    assert figure.enclosure is not None
    assert abs(float(figure.enclosure.midpoint) - 2 * largest) < 1e-8


def test_conditional_means() -> None:
    """E[x | x > 0], and nothing where both agree."""
    positive = Compare(">", x(0), ZERO)
    program = inputs(2)
    given_positive = mean_error(program, Apply("relu", (x(0),)), ZERO, domain=positive)
    assert close(value(given_positive), math.sqrt(2 / math.pi))
    none = mean_error(program, Apply("relu", (x(0),)), x(0), domain=positive)
    assert none.rational == 0


@pytest.mark.parametrize("name", ["median_2_2", "median_4_3"])
def test_median_models(name: str) -> None:
    """Oracle: squared_error, which sums over the facets where the error bends."""
    model = az.load(name)
    n = model.program.seq_len
    if n == 2:
        median: Term = Apply("mul", (number(Fraction(1, 2)), Apply("add", (x(0), x(1)))))
    else:
        low, high = Apply("min", (x(0), x(1))), greatest(x(0), x(1))
        median = greatest(low, Apply("min", (high, x(2))))
    figure = mean_error(model.program, logit(0), median, error="root_mean_square")
    expected = square_root(az.squared_error(model.program).enclosure)
    assert figure.enclosure is not None
    assert figure.enclosure.width < Fraction(1, 10**12)
    figure.enclosure.intersect(expected)  # ValueError if they contradict each other


@pytest.mark.parametrize(("n", "d"), [(2, 2), (3, 3), (4, 1)])
def test_means_against_samples(n: int, d: int) -> None:
    """10^5 samples, 4.5 sigma."""
    rng = np.random.default_rng(10 + n)
    weights = [rng.integers(-3, 4, shape).tolist() for shape in (d, (d, d), (n, d))]
    program = exact_program(*weights, n)
    data = rng.standard_normal((100_000, n))
    state = hidden(weights, data)[-1]
    inside = data[:, 0] > data[:, 1]
    gaps = np.abs(state[:, 0] - data[:, 0])[inside]
    domain = Compare(">", x(0), x(1))
    for error, sample in (("mean", gaps), ("root_mean_square", gaps**2)):
        figure = mean_error(program, h(n - 1, 0), x(0), domain=domain, error=error, digits=10)
        exact = float(value(figure)) ** (1 if error == "mean" else 2)
        assert abs(exact - sample.mean()) < 4.5 * sample.std() / math.sqrt(len(sample))


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_mean_errors_behave(data: st.DataObject) -> None:
    """The mean is at most the root mean square; sides can be swapped, and errors scale."""
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    left, right = (conical_term(data.draw(terms(program))) for _ in range(2))
    domain = conical(data.draw(formulas(program)))
    assume(value(probability(program, domain)) > 0)

    def error(kind: str, a: Term, b: Term) -> Fraction:
        return value(mean_error(program, a, b, domain=domain, error=kind))

    mean, root = error("mean", left, right), error("root_mean_square", left, right)
    assert mean <= root + Fraction(1, 10**12)
    assert close(error("mean", right, left), mean)
    twice = [Apply("mul", (number(2), term)) for term in (left, right)]
    assert close(error("root_mean_square", *twice), 2 * root)


def test_errors_out_of_reach() -> None:
    with pytest.raises(OutOfReachError, match="constants"):
        supremum(inputs(2), x(0), number(1), size(2))
    with pytest.raises(OutOfReachError, match="stopped"):
        supremum(inputs(2), x(0), x(1), size(2), limits=CellLimits(cells=1))
    with pytest.raises(OutOfReachError, match="probability"):
        mean_error(inputs(2), x(0), x(1), domain=Compare("==", x(0), x(1)))
    with pytest.raises(OutOfReachError, match="7 inputs"):
        mean_error(inputs(7), size(7), ZERO)
