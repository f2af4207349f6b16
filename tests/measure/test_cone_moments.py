"""Moments of cones, and closed forms of their measures: by hand on orthants, and on their images
under a rotation; measures and splits of random cones."""

from __future__ import annotations

import math
from fractions import Fraction
from random import Random

import pytest

from algzoo_exact.errors import InputError
from algzoo_exact.explain.prove.cone_union import union_measure
from algzoo_exact.geometry.cone import Cone, IntVector, NotPointedError
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.cone_moments import first_moment, second_moment

HADAMARD = (
    (1, 1, 1, 1),
    (1, -1, 1, -1),
    (1, 1, -1, -1),
    (1, -1, -1, 1),
)  # half of it is a rotation


def orthant(n: int) -> Cone:
    cone = Cone.from_inequalities([tuple(int(i == k) for i in range(n)) for k in range(n)])
    assert cone is not None
    return cone


def moments_on_orthant(a: IntVector) -> tuple[float, float]:
    """E|x| = sqrt(2 / pi) in each coordinate, and coordinates are independent."""
    n = len(a)
    square = sum(c * c for c in a)
    mixed = sum(a) ** 2 - square
    mass = 2.0**-n
    return mass * sum(a) * math.sqrt(2 / math.pi), mass * (square + mixed * 2 / math.pi)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, pytest.param(6, marks=pytest.mark.slow)])
def test_orthants(n: int) -> None:
    a = (3, -1, 2, 5, -4, 1)[:n]
    first, second = moments_on_orthant(a)
    found = first_moment(orthant(n), a, digits=12), second_moment(orthant(n), a, digits=12)
    for enclosure, expected in zip(found, (first, second), strict=True):
        assert enclosure.width < Fraction(1, 10**11)
        assert abs(float(enclosure.midpoint) - expected) < 1e-11


def test_rotated_orthant() -> None:
    """y = H x / 2 is standard Gaussian, and y >= 0 is the orthant; a.x = (H a).y / 2."""
    cone = Cone.from_inequalities(HADAMARD)
    assert cone is not None
    a = (1, -2, 4, 3)
    b = tuple(sum(p * q for p, q in zip(row, a, strict=True)) for row in HADAMARD)
    first, second = moments_on_orthant(b)
    assert abs(float(first_moment(cone, a).midpoint) - first / 2) < 1e-14
    assert abs(float(second_moment(cone, a).midpoint) - second / 4) < 1e-14


def random_cone(random: Random, n: int) -> Cone:
    while True:
        rows = [tuple(random.randint(-3, 3) for _ in range(n)) for _ in range(n + 1)]
        try:
            cone = Cone.from_inequalities(rows)
        except NotPointedError:
            continue
        if cone is not None:
            return cone


@pytest.mark.parametrize("seed", range(12))
def test_parts_add_up(seed: int) -> None:
    """A random cone and its two parts; the closed forms are equal, however the cone is cut."""
    random = Random(seed)
    n = 2 + seed % 3
    cone = random_cone(random, n)
    a = tuple(random.randint(-4, 4) for _ in range(n))
    parts = [p for p in cone.split(tuple(random.randint(-3, 3) for _ in range(n)), 9) if p]
    for moment in (first_moment, second_moment):
        whole = moment(cone, a, digits=15)
        summed = sum(moment(part, a, digits=15).midpoint for part in parts)
        assert abs(whole.midpoint - summed) < Fraction(1, 10**14)
    if n <= 3:
        form = union_measure([cone])
        assert union_measure(parts) == form
        # ValueError if they contradict each other.
        form.enclosure(Fraction(1, 10**25)).intersect(cone_measure(cone, digits=25))


def test_closed_forms_by_hand() -> None:
    """Orthants are rational; a wedge of three inputs has the angle of two."""
    assert union_measure([]).constant == 0
    for n in (1, 2, 3):
        form = union_measure([orthant(n)])
        assert (form.constant, form.terms) == (Fraction(1, 2**n), ())
    halves = [((1, 0, 0), (3, -1, 0), (0, 0, sign)) for sign in (1, -1)]
    wedge = [Cone.from_inequalities([*rows, (0, 1, 0)]) for rows in halves]
    assert str(union_measure([cone for cone in wedge if cone])) == "atan(3)/(2*pi)"


def test_sizes_are_checked() -> None:
    with pytest.raises(InputError, match="6 inputs"):
        first_moment(orthant(7), (1,) * 7)
    with pytest.raises(InputError, match="3 entries"):
        second_moment(orthant(2), (1, 2, 3))
