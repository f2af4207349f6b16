"""Pointed cones: double description against rays found by trying every set of n - 1 walls."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from math import prod

import flint
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from algzoo_exact.geometry.cone import (
    Cone,
    IntVector,
    NotPointedError,
    dot,
    primitive,
)

Rows = tuple[IntVector, ...]


def orthogonal(rows: Rows, n: int) -> IntVector:
    """The vector orthogonal to n - 1 rows: their generalised cross product."""
    minors = ([[row[k] for k in range(n) if k != c] for row in rows] for c in range(n))
    return tuple((-1) ** c * int(flint.fmpz_mat(minor).det()) for c, minor in enumerate(minors))


def brute_force_rays(rows: Rows) -> set[IntVector]:
    """Extreme rays of {a.x >= 0}: feasible lines in which n - 1 independent walls meet."""
    n = len(rows[0])
    found = set()
    for chosen in combinations(rows, n - 1):
        line = orthogonal(chosen, n)
        if any(line):
            for ray in (primitive(line), primitive(tuple(-c for c in line))):
                if all(dot(a, ray) >= 0 for a in rows):
                    found.add(ray)
    return found


@st.composite
def inequalities(draw: st.DrawFn) -> Rows:
    """n = 2 .. 4 inputs, n .. n + 5 nonzero rows of small integers: many coincidences."""
    n = draw(st.integers(2, 4))
    row = st.tuples(*[st.integers(-3, 3)] * n).filter(any)
    return tuple(draw(st.lists(row, min_size=n, max_size=n + 5)))


def cone_or_none(rows: Rows) -> Cone | None:
    try:
        return Cone.from_inequalities(rows)
    except NotPointedError:
        assume(False)
        raise AssertionError from None


@given(inequalities())
def test_rays_and_incidences(rows: Rows) -> None:
    cone = cone_or_none(rows)
    rays = brute_force_rays(rows)
    interior = tuple(map(sum, zip(*rays, strict=True))) if rays else (0,) * len(rows[0])
    if not all(dot(a, interior) > 0 for a in rows):  # pointed: the sum of rays is most interior
        assert cone is None
        return
    assert cone is not None
    assert set(cone.rays) == rays
    assert len(cone.rays) == len(rays)
    for ray, tight in zip(cone.rays, cone.tight, strict=True):
        for wall, row in zip(cone.walls, cone.inequalities, strict=True):
            assert (tight >> wall & 1) == (dot(row, ray) == 0)


@given(inequalities())
def test_irredundant(rows: Rows) -> None:
    """The facets alone give the same cone, and none of them can be left out."""
    cone = cone_or_none(rows)
    assume(cone is not None)
    assert cone is not None
    slim = cone.irredundant()
    assert brute_force_rays(slim.inequalities) == set(cone.rays)
    for i in range(len(slim.inequalities)):
        fewer = slim.inequalities[:i] + slim.inequalities[i + 1 :]
        point = tuple(map(sum, zip(*slim.rays, strict=True)))
        # Just across facet i only its inequality fails: from a point inside, go beyond the
        # middle of the facet.
        on = [r for r in slim.rays if dot(slim.inequalities[i], r) == 0]
        middle = tuple(map(sum, zip(*on, strict=True)))
        beyond = tuple(2**40 * m - p for m, p in zip(middle, point, strict=True))
        assert dot(slim.inequalities[i], beyond) < 0
        assert all(dot(a, beyond) > 0 for a in fewer)


@given(inequalities(), st.data())
def test_split(rows: Rows, data: st.DataObject) -> None:
    cone = cone_or_none(rows)
    assume(cone is not None)
    assert cone is not None
    normal = data.draw(st.tuples(*[st.integers(-3, 3)] * cone.dimension))
    flipped = tuple(-c for c in normal)
    below, above = cone.split(normal, 50)
    values = [dot(normal, ray) for ray in cone.rays]
    assert (below is not None) == (min(values) < 0 or not any(values))
    assert (above is not None) == (max(values) > 0)
    for part, row in ((below, flipped), (above, normal)):
        if part is not None and any(normal):
            assert set(part.rays) == brute_force_rays((*rows, row))
            assert all(dot(a, part.interior_point()) > 0 for a in (*rows, row))


@given(inequalities())
def test_interior_point(rows: Rows) -> None:
    cone = cone_or_none(rows)
    assume(cone is not None)
    assert cone is not None
    assert all(dot(a, cone.interior_point()) > 0 for a in rows)
    assert cone.contains(cone.interior_point())
    assert not cone.contains(tuple(-c for c in cone.interior_point()))


def test_unbalanced_rays_keep_the_interior_point_inside() -> None:
    rows = ((10**30, -1, 0), (0, 1, -(10**25)), (0, 0, 1))
    cone = Cone.from_inequalities(rows)
    assert cone is not None
    assert all(dot(a, cone.interior_point()) > 0 for a in rows)


def test_a_line_is_refused() -> None:
    with pytest.raises(NotPointedError, match="2 of 3"):
        Cone.from_inequalities(((1, 0, 0), (0, 1, 0), (1, 1, 0)))


def test_no_interior() -> None:
    assert Cone.from_inequalities(((1, 0), (0, 1), (-1, -1))) is None
    assert Cone.from_inequalities(((1, 0), (0, 1), (-1, 0))) is None  # a single ray


def test_one_dimension() -> None:
    cone = Cone.from_inequalities(((-3,), (-1,)))
    assert cone is not None
    assert cone.rays == ((-1,),)
    below, above = cone.split((2,), 5)
    assert below is not None
    assert above is None
    assert len(cone.irredundant().inequalities) == 1


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=4), st.integers(1, 10**20))
def test_primitive(entries: list[int], factor: int) -> None:
    assume(any(entries))
    vector = tuple(entries)
    shortest = primitive(tuple(factor * c for c in vector))
    assert shortest == primitive(vector)
    ratio = {Fraction(a, b) for a, b in zip(vector, shortest, strict=True) if b}
    assert len(ratio) == 1
    assert prod(ratio) > 0
