"""`cone_measure` and `orthant_probability`: known simplices, SciPy, parts, and bad input."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

import algzoo_exact as az
from algzoo_exact.geometry.cone import Cone

GOLDEN = Fraction(10**40 + math.isqrt(5 * 10**80), 2 * 10**40)  # to 40 digits
Diagram = list[tuple[int, int, Any]]


def path(n: int) -> Diagram:
    return [(i, i + 1, 1) for i in range(n - 1)]


def gram(n: int, bonds: Diagram) -> list[list[Any]]:
    """Simple roots of length sqrt 2 with products -bond."""
    matrix: list[list[Any]] = [[2 * int(i == k) for k in range(n)] for i in range(n)]
    for i, k, bond in bonds:
        matrix[i][k] = matrix[k][i] = -bond
    return matrix


# A chamber of a finite reflection group is a simplicial cone, of measure one over the group's
# order (Humphreys 1990, "Reflection groups and Coxeter groups", section 2.11).
CHAMBERS = [
    *((f"A{n}", n, path(n), math.factorial(n + 1)) for n in range(1, 9)),
    *(
        (f"D{n}", n, [*path(n - 1), (n - 3, n - 1, 1)], 2 ** (n - 1) * math.factorial(n))
        for n in range(4, 9)
    ),
    ("E6", 6, [*path(5), (2, 5, 1)], 51840),
    ("E7", 7, [*path(6), (2, 6, 1)], 2903040),
    ("E8", 8, [*path(7), (2, 7, 1)], 696729600),
    ("H3", 3, [(0, 1, GOLDEN), (1, 2, 1)], 120),
    ("H4", 4, [(0, 1, GOLDEN), (1, 2, 1), (2, 3, 1)], 14400),
]


@pytest.mark.parametrize(
    ("n", "bonds", "order"), [row[1:] for row in CHAMBERS], ids=[row[0] for row in CHAMBERS]
)
def test_chambers_given_by_the_products_of_their_normals(
    n: int, bonds: Diagram, order: int
) -> None:
    found = az.orthant_probability(gram(n, bonds))
    assert abs(found.midpoint - Fraction(1, order)) < Fraction(1, 10**12)
    assert found.width < Fraction(1, 10**11)
    rounded = any(bond is GOLDEN for *_, bond in bonds)
    slack = Fraction(1, 10**30) if rounded else Fraction(0)
    assert found.lower <= Fraction(1, order) + slack
    assert found.upper >= Fraction(1, order) - slack


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6, 7, 8, pytest.param(9, marks=pytest.mark.slow)])
def test_chambers_given_by_rows_and_by_rays(n: int) -> None:
    # B_n: x1 > .. > xn > 0; by rays too. Floats are taken exactly.
    rows = [[float(k == i) - float(k == i + 1) for k in range(n)] for i in range(n)]
    rays = [[int(k <= i) for k in range(n)] for i in range(n)]
    order = Fraction(1, 2**n * math.factorial(n))
    redundant = [*rows, [1] * n]
    for found in (az.cone_measure(redundant), az.cone_measure(rays=rays)):
        assert found.contains(order)
        assert found.width < Fraction(1, 10**11)
    orthant = [[Fraction(int(i == k), 3) for k in range(n)] for i in range(n)]
    assert az.cone_measure(orthant).contains(Fraction(1, 2**n))


def test_f4() -> None:
    half = Fraction(1, 2)
    rows = [[0, 1, -1, 0], [0, 0, 1, -1], [0, 0, 0, 1], [half, -half, -half, -half]]
    assert az.cone_measure(rows).contains(Fraction(1, 1152))


def random_correlation(rng: np.random.Generator, n: int) -> list[list[float]]:
    rows = rng.normal(size=(n, n + 2))
    covariance = np.round(rows @ rows.T, 6)
    found: list[list[float]] = covariance.tolist()
    return found


@pytest.mark.parametrize("n", [3, 4, 5, 6, 7, 8])
def test_orthant_probabilities_are_those_of_scipy(n: int) -> None:
    # Oracle: Genz's randomised quadrature, good to 1e-5 or so.
    rng = np.random.default_rng(n)
    for _ in range(2):
        covariance = random_correlation(rng, n)
        found = az.orthant_probability(covariance)
        sampled = multivariate_normal.cdf(
            np.zeros(n), np.zeros(n), np.array(covariance), maxpts=200_000 * n, abseps=1e-6,
            releps=1e-6, rng=np.random.default_rng(1),
        )  # fmt: skip
        assert abs(float(found.midpoint) - sampled) < 2e-5


@given(st.integers(2, 9), st.integers(0, 10**6))
@settings(max_examples=12)
def test_a_cone_and_the_gram_matrix_of_its_normals_have_one_measure(n: int, seed: int) -> None:
    # Two sets of coordinates.
    rng = random.Random(seed)
    while True:
        rows = [[rng.randint(-9, 9) for _ in range(n)] for _ in range(n)]
        if np.linalg.matrix_rank(np.array(rows)) == n:
            break
    products = [[sum(a * b for a, b in zip(p, q, strict=True)) for q in rows] for p in rows]
    by_rows, by_products = az.cone_measure(rows), az.orthant_probability(products)
    by_rows.intersect(by_products)  # ValueError if they contradict each other
    assert by_products.width < Fraction(1, 10**8)


@given(st.integers(6, 7), st.integers(0, 10**6))
@settings(max_examples=6)
def test_parts_of_a_cone_add_up(n: int, seed: int) -> None:
    rng = random.Random(seed)
    rows = [tuple(int(i == k) for k in range(n)) for i in range(n)]
    rows += [tuple(rng.randint(1, 9) - 3 * int(k == i) for k in range(n)) for i in range(2)]
    cone = Cone.from_inequalities(rows)
    assert cone is not None
    cut = tuple(rng.randint(-9, 9) for _ in range(n))
    parts = [part for part in cone.split(cut, len(cone.walls)) if part is not None]
    total = az.Enclosure.exactly(0)
    for part in parts:
        total = total.plus(az.cone_measure(part))
    total.intersect(az.cone_measure(cone))
    assert total.width < Fraction(1, 10**10)


def test_digits_asked_for() -> None:
    for n in (3, 5):
        eye = [[int(i == k) for k in range(n)] for i in range(n)]
        found = az.cone_measure(eye, digits=50)
        assert found.contains(Fraction(1, 2**n))
        assert found.width <= Fraction(1, 10**50)
    eye = [[int(i == k) for k in range(7)] for i in range(7)]
    assert az.cone_measure(eye, digits=20).width <= Fraction(1, 10**20)
    assert az.orthant_probability([[1, 0], [0, 1]], digits=40).width <= Fraction(1, 10**40)


def test_cones_without_interior_have_measure_zero() -> None:
    assert az.cone_measure([[1, 0], [-1, 0], [0, 1]]).upper == 0
    assert az.cone_measure(rays=[[1, 0, 0], [0, 1, 0]]).upper == 0


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: az.cone_measure(), "one of the two"),
        (lambda: az.cone_measure([[1, 0]], rays=[[1, 0]]), "one of the two"),
        (lambda: az.cone_measure([]), "at least one row"),
        (lambda: az.cone_measure([[1, 0], [1]]), "same length"),
        (lambda: az.cone_measure([[1, 0], [0, 0]]), "zero"),
        (lambda: az.cone_measure([[1, 0]]), "leave a line"),
        (lambda: az.cone_measure([[1.0, math.nan], [0, 1]]), "not a finite number"),
        (lambda: az.cone_measure(rays=[[1, 0], [0, 1], [-1, -1]]), "hold a line"),
        (lambda: az.cone_measure(np.eye(10).tolist()), "reach n = 9"),
        (lambda: az.cone_measure(np.eye(3).tolist(), digits=0), "from 1 to 1000"),
        (lambda: az.orthant_probability([]), "at least one"),
        (lambda: az.orthant_probability([[1, 0]]), "as many columns"),
        (lambda: az.orthant_probability([[1, 0.5], [0.4, 1]]), "symmetric"),
        (lambda: az.orthant_probability([[1, 1], [1, 1]]), "positive definite"),
        (lambda: az.orthant_probability([["a"]]), "not a finite number"),
    ],
)
def test_bad_input_is_explained(call: Any, says: str) -> None:
    with pytest.raises(az.InputError, match=says):
        call()
