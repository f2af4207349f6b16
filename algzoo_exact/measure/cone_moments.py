"""Rigorous first and second Gaussian moments of one linear functional on one pointed cone, n <= 6.

With the density p, grad p = -x p, so that by the divergence theorem, for the facets F of a cone C
with inward unit normals e,

    E[a.x; C] = (2 pi)^(-1/2) sum over F of (a.e) P_{n-1}(F),                                  (1)

with P_{n-1} the Gaussian measure within the span of F. The prism F + {s e : s >= 0} has half of
that measure in R^n, and integer normals. E[(a.x)^2; C] is (1) of ``measure.moments``.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, refine
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.cone_measure import cone_measure, narrow_along
from algzoo_exact.measure.flow import (
    LARGEST_DIMENSION,
    NotGenericError,
)
from algzoo_exact.measure.moments import FacetMoments

_MOST_DIGITS_6 = 12


def first_moment(cone: Cone, a: IntVector, *, digits: int = 30) -> Enclosure:
    """E[a.x; x in ``cone``] for standard Gaussian x; absolute error about 10**-digits.

    ``a`` is a functional of length n; it may change sign on the cone. For n = 6 measures of
    facets have 14 digits at best. InputError for n > 6.
    """
    _check(cone, a)
    slim = cone.irredundant()
    parts = []
    for normal in slim.inequalities:
        along = dot(a, normal)
        if along:
            size = len(str(abs(along)))
            parts.append((along, dot(normal, normal), _facet(slim, normal, digits + size + 2)))

    def ball() -> arb:
        total = arb(0)
        for along, square, measure in parts:
            total += arb(along) / arb(square).sqrt() * measure.to_arb()
        return total / (2 * arb.pi()).sqrt()

    spread = sum((abs(along) * measure.width for along, _, measure in parts), Fraction(0))
    return refine(ball, spread + Fraction(1, 10**digits))


def _facet(cone: Cone, normal: IntVector, digits: int) -> Enclosure:
    """The measure of a facet within its span, by its prism."""
    if cone.dimension == 1:
        return Enclosure.exactly(1)
    if cone.dimension == 2:
        return Enclosure.exactly(Fraction(1, 2))
    square = dot(normal, normal)
    rows = [normal]
    for other in cone.inequalities:
        along = dot(other, normal)
        flat = tuple(square * b - along * a for a, b in zip(normal, other, strict=True))
        if any(flat):
            rows.append(flat)
    prism = Cone.from_inequalities(rows)
    assert prism is not None, "a facet has an interior in its span"
    half = cone_measure(prism.irredundant(), digits=digits)
    return Enclosure(2 * half.lower, 2 * half.upper)


def second_moment(cone: Cone, a: IntVector, *, digits: int = 30) -> Enclosure:
    """E[(a.x)^2; x in ``cone``], no wider than 10**-digits (10**-12 at best for n = 6).

    InputError for n > 6.
    """
    _check(cone, a)
    if cone.dimension == 1:
        return Enclosure.exactly(Fraction(a[0] ** 2, 2))
    slim = cone.irredundant()
    width = Fraction(1, 10 ** (min(digits, _MOST_DIGITS_6) if cone.dimension == 6 else digits))

    def value(u: IntVector) -> arb:
        values = [dot(normal, u) for normal in slim.inequalities]
        if not all(values):
            raise NotGenericError(f"direction {u} lies in the hyperplane of a facet")
        within = all(v > 0 for v in values) or all(v < 0 for v in values)
        return _second(slim, a, u, within)

    return narrow_along(slim, value, width, 32 + dot(a, a).bit_length())


def _second(cone: Cone, a: IntVector, u: IntVector, within: bool) -> arb:
    """``within``: u or -u is in the cone, where all mass sits at l = 0, half at each."""
    normals = dict(zip(cone.walls, cone.inequalities, strict=True))
    directions = [[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]
    flow = FacetMoments(cone.tight, normals.__getitem__, directions, u)
    turned, moments = arb(0), arb(0)
    for facet in flow.facets:
        normal = normals[facet.wall]
        turn, moment = flow.facet(facet, [arb(c) for c in a])
        turned += turn
        moments += moment * dot(a, normal) / arb(dot(normal, normal)).sqrt()
    square, two_pi = dot(a, a), 2 * arb.pi()
    return (arb(square) / 2 if within else arb(0)) + (square * turned + moments) / two_pi


def _check(cone: Cone, a: IntVector) -> None:
    n = cone.dimension
    if n > LARGEST_DIMENSION:
        raise InputError(
            f"Moments on cones are available up to {LARGEST_DIMENSION} inputs, not for {n}."
        )
    if len(a) != n:
        raise InputError(f"The functional {a} has {len(a)} entries, the cone {n}.")
