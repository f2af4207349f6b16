"""Rigorous first and second Gaussian moments of one linear functional on one pointed cone, n <= 6.

With the density p, grad p = -x p, so that by the divergence theorem, for the facets F of a cone C
with inward unit normals e1,

    E[a.x; C] = (2 pi)^(-1/2) sum over F of (a.e1) P_{n-1}(F),                                   (1)
    E[(a.x)^2; C] = |a|^2 P(C) + (1 / 2 pi) sum over (F, G) of (a.e1) (a.e2) P_{n-2}(G),         (2)

over the facets G of F, with e2 the inward unit normal of G within F, and the measures of F and G
within their spans (docs/notes/squared-error.md).
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, refine
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.cone_measure import narrow_along
from algzoo_exact.measure.flow import LARGEST_DIMENSION, CellFlow

_SPARE_BITS = 32


def first_moment(cone: Cone, a: IntVector, *, digits: int = 30) -> Enclosure:
    """E[a.x; x in ``cone``] for standard Gaussian x; absolute error about 10**-digits.

    ``a`` is a functional of length n; it may change sign on the cone. InputError for n > 6.
    """
    _check(cone, a)
    slim, width = cone.irredundant(), Fraction(1, 10**digits)
    if cone.dimension == 1:
        along = abs(a[0]) if slim.rays[0][0] * a[0] > 0 else -abs(a[0])
        return refine(lambda: along / (2 * arb.pi()).sqrt(), width)

    def value(u: IntVector) -> arb:
        flow = CellFlow.of(slim, u)
        total = arb(0)
        for side, facet in zip(flow.sides(flow.cone), flow.facets, strict=True):
            normal = flow.normal(facet.wall)
            total += flow.solid(side.rays) * dot(a, normal) / arb(dot(normal, normal)).sqrt()
        return total / (2 * arb.pi()).sqrt()

    return narrow_along(slim.dimension, value, width, _SPARE_BITS + dot(a, a).bit_length())


def second_moment(cone: Cone, a: IntVector, *, digits: int = 30) -> Enclosure:
    """E[(a.x)^2; x in ``cone``], no wider than 10**-digits. InputError for n > 6."""
    _check(cone, a)
    square = dot(a, a)
    if cone.dimension == 1:
        return Enclosure.exactly(Fraction(square, 2))
    slim, width = cone.irredundant(), Fraction(1, 10**digits)

    def value(u: IntVector) -> arb:
        flow = CellFlow.of(slim, u)
        total = flow.measure() * square
        for facet in flow.facets:
            normal = flow.normal(facet.wall)
            along = dot(a, normal) / arb(dot(normal, normal)).sqrt()
            total += along * flow.moment(facet, a) / (2 * arb.pi())
        return total

    return narrow_along(slim.dimension, value, width, _SPARE_BITS + square.bit_length())


def _check(cone: Cone, a: IntVector) -> None:
    n = cone.dimension
    if n > LARGEST_DIMENSION:
        raise InputError(
            f"Moments on cones are available up to {LARGEST_DIMENSION} inputs, not for {n}."
        )
    if len(a) != n:
        raise InputError(f"The functional {a} has {len(a)} entries, the cone {n}.")
