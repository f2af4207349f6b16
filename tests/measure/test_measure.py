"""Gaussian measures of single cones: chambers of known measure, and two other algorithms.

Oracles: group orders (``oracles.simplices``), Plackett's integrals for any simplicial cone, and
Van Oosterom and Strackee's formula. An enclosure must be narrow as well as true.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import islice

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import simplices
from oracles.simplices import KnownSimplex

import algzoo_exact as az
from algzoo_exact.exact.enclosure import working_precision
from algzoo_exact.geometry.cone import Cone, Face, IntVector
from algzoo_exact.measure.cone_measure import cone_measure, narrow_along
from algzoo_exact.measure.flow import CellFlow, NotGenericError, directions_for

INTEGER = simplices.integer_simplices()
GENERIC = [simplices.coxeter(name) for name in simplices.coxeter_names()]
# ``simplex_measure`` computes with 10 guard digits beside 25, in absolute terms.
PLACKETT = Fraction(1, 10**24)


def cone_of(normals: tuple[IntVector, ...]) -> Cone:
    cone = Cone.from_inequalities(normals)
    assert cone is not None
    return cone


def check_known(simplex: KnownSimplex, u: IntVector | None = None) -> None:
    cone = cone_of(simplex.normals)
    if u is None:
        found = cone_measure(cone, digits=30)
    else:
        with working_precision(140):
            found = az.Enclosure.from_arb(CellFlow.of(cone, u).measure())
    assert found.width <= Fraction(1, 10**30)
    assert found.lower <= simplex.measure + simplex.rounding
    assert found.upper >= simplex.measure - simplex.rounding


@pytest.mark.parametrize("simplex", INTEGER, ids=lambda simplex: simplex.name)
def test_chambers_with_integer_normals(simplex: KnownSimplex) -> None:
    check_known(simplex)


@pytest.mark.parametrize("simplex", GENERIC, ids=lambda simplex: simplex.name)
def test_chambers_in_generic_position(simplex: KnownSimplex) -> None:
    check_known(simplex)


@pytest.mark.parametrize("digits", [5, 60, 200])
@pytest.mark.parametrize("name", ["A2", "H3", "H4", "D5"])
def test_digits_are_kept(name: str, digits: int) -> None:
    simplex = simplices.coxeter(name, bits=700)  # 700 bits: rounding below 1e-208
    found = cone_measure(cone_of(simplex.normals), digits=digits)
    assert found.width <= Fraction(1, 10**digits)
    assert found.lower <= simplex.measure + simplex.rounding
    assert found.upper >= simplex.measure - simplex.rounding


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_any_direction_gives_the_same(n: int) -> None:
    """Directions inside the cone, inside its opposite, and outside both."""
    simplex = next(s for s in GENERIC if s.name == f"B{n}")
    cone = cone_of(simplex.normals)
    inside = cone.interior_point()
    opposite = tuple(-c for c in inside)
    for u in (inside, opposite, *islice(directions_for(n, seed=5), 1 if n == 6 else 6)):
        check_known(simplex, u)


def test_useless_directions_are_replaced() -> None:
    """A direction within a facet will do, one on several facets will not; another is taken."""
    orthant = next(s for s in INTEGER if s.name == "orthant 4")
    check_known(orthant, (0, 1, 2, 3))
    check_known(orthant, (0, 1, -2, 3))
    useless = ((1, 0, 0, 0), (0, 0, 1, 2), (0, 0, 0, 0))
    for u in useless:
        with pytest.raises(NotGenericError):
            check_known(orthant, u)

    def value(u: IntVector) -> arb:
        return CellFlow.of(cone_of(orthant.normals), useless[0] if u[0] > 0 else u).measure()

    assert narrow_along(4, value, Fraction(1, 10**20), 24).contains(Fraction(1, 16))


def test_one_dimension() -> None:
    assert cone_measure(cone_of(((3,),))).midpoint == Fraction(1, 2)


def test_too_many_dimensions() -> None:
    orthant = tuple(tuple(int(i == j) for j in range(10)) for i in range(10))
    with pytest.raises(az.InputError, match="reach n = 9"):
        cone_measure(cone_of(orthant))


def random_normals(seed: int, n: int, size: int) -> tuple[IntVector, ...]:
    rng = np.random.default_rng(seed)
    while True:
        normals = tuple(tuple(map(int, row)) for row in rng.integers(-size, size + 1, (n, n)))
        if np.linalg.matrix_rank(np.array(normals)) == n:
            return normals


def fraction(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    return Fraction(-int(mantissa) if sign else int(mantissa)) * Fraction(2) ** int(exponent)


@pytest.mark.parametrize("n", [2, 3, 4])
@pytest.mark.parametrize("size", [2, 1000])
def test_simplicial_cones_against_plackett(n: int, size: int) -> None:
    """Entries up to 2: right angles, equal angles. Entries up to 1000: generic."""
    for seed in range(12 if n < 4 else 3):
        normals = random_normals(seed, n, size)
        found = cone_measure(cone_of(normals), digits=30)
        truth = fraction(simplices.simplex_measure(normals))
        assert found.lower - PLACKETT <= truth <= found.upper + PLACKETT, normals
        assert found.width <= Fraction(1, 10**30)


@pytest.mark.slow
@pytest.mark.parametrize("size", [2, 1000])
def test_five_dimensions_against_plackett(size: int) -> None:
    for seed in range(6):
        normals = random_normals(seed, 5, size)
        found = cone_measure(cone_of(normals), digits=25)
        truth = fraction(simplices.simplex_measure(normals, digits=20))
        # 10 guard digits beside 20; an integral over s with relative error 1e-20 at the worst.
        assert abs(truth - found.midpoint) < Fraction(1, 10**18), normals


def test_needles_against_a_formula() -> None:
    """Triangles with a side of 1e-12 have a measure of 1e-13, or with two such sides 1e-25."""
    for k in (10**3, 10**6, 10**12):
        for normals in (
            ((k, -1, 0), (-k, 2, 0), (0, 0, 1)),
            ((k, -1, 0), (-k, 1, 1), (0, k, -1)),
        ):
            found = cone_measure(cone_of(normals), digits=40)
            truth = fraction(simplices.solid_angle_3(normals, digits=60))
            assert found.width <= Fraction(1, 10**40)
            # 60 digits and 10 guard digits, less 2 log10(k) lost in the determinant.
            assert abs(truth - found.midpoint) <= found.width + Fraction(1, 10**44)


@st.composite
def cones_and_cuts(draw: st.DrawFn) -> tuple[Cone, IntVector]:
    """A pointed cone of several facets, n = 2 .. 5, and a hyperplane; small integers, so that
    coincidences are common."""
    n = draw(st.integers(2, 5))
    entry = st.integers(-3, 3)
    rows = st.tuples(*[entry] * n).filter(any)
    cone: Cone | None = cone_of(tuple(tuple(int(i == j) for j in range(n)) for i in range(n)))
    for wall in range(draw(st.integers(0, 3 if n < 5 else 1))):
        assert cone is not None
        below, above = cone.split(draw(rows), n + wall)
        cone = above if above is not None else below
    assert cone is not None
    return cone, draw(rows)


@given(cones_and_cuts())
@settings(max_examples=60, deadline=None)
def test_parts_add_up(case: tuple[Cone, IntVector]) -> None:
    """Additivity, with a bound for width; and the float64 path agrees.

    1e-12 for float64 is a heuristic: the largest difference over 2,000 such cones was 1e-15.
    """
    cone, normal = case
    whole = cone_measure(cone)
    assert whole.width <= Fraction(1, 10**30)
    parts = [part for part in cone.split(normal, 60) if part is not None]
    measures = [cone_measure(part) for part in parts]
    lower = sum((m.lower for m in measures), Fraction(0))
    upper = sum((m.upper for m in measures), Fraction(0))
    whole.intersect(az.Enclosure(lower, upper))  # ValueError if they contradict each other


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_a_missing_facet_is_noticed(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: the flow of one facet is left out. The chamber's measure is then wrong."""
    original = CellFlow.flows

    def forgetful(self: CellFlow, facets: Sequence[Face]) -> object:
        return [arb(0), *original(self, facets)[1:]]

    simplex = next(s for s in GENERIC if s.name == f"B{n}")
    monkeypatch.setattr(CellFlow, "flows", forgetful)
    try:
        found = cone_measure(cone_of(simplex.normals))
    except ValueError:  # a measure outside [0, 1/2]
        return
    assert not found.contains(simplex.measure)
