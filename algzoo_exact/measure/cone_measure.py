"""Rigorous Gaussian measure of one pointed cone, by its squash flow.

Formula (1) of ``measure.flow`` with S the cone itself and every facet counted. The measure at
l = 0 is half if u or -u is inside, else 0: no convex cone with a facet off u holds both.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

from flint import arb

from algzoo_exact.errors import AlgzooExactError, InputError
from algzoo_exact.exact.enclosure import Enclosure, working_precision
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.flow import (
    LARGEST_DIMENSION,
    CellFlow,
    NotGenericError,
    PrecisionError,
    directions_for,
)

MOST_DIGITS_6 = 14
"""n = 6 ends in a quadrature whose error is not brought below 1e-18 for each flag."""

_DIRECTIONS = 100  # a direction fails on finitely many hyperplanes only; one failure is rare
_MOST_BITS = 1 << 14


def cone_measure(cone: Cone, *, digits: int = 30, u: IntVector | None = None) -> Enclosure:
    """The probability that a standard Gaussian point of R^n, n = 1 .. 6, lies in ``cone``.

    The enclosure is no wider than 10**-digits (10**-14 at best for n = 6). ``u`` is the integer
    direction to squash along; where it is not generic for this cone, or not given, the
    directions of ``measure.flow`` are tried in turn. Any of them gives the same number.

    InputError for n > 6 and for a ``u`` of another length.
    """
    n = cone.dimension
    if n > LARGEST_DIMENSION:
        raise InputError(
            f"Measures of cones are available up to {LARGEST_DIMENSION} inputs, not for {n}."
        )
    if u is not None and len(u) != n:
        raise InputError(f"The direction {u} has {len(u)} entries, the cone {n}.")
    if n == 1:
        return Enclosure.exactly(Fraction(1, 2))
    width = Fraction(1, 10 ** (min(digits, MOST_DIGITS_6) if n == 6 else digits))
    for direction in (*(() if u is None else (u,)), *islice(directions_for(n), _DIRECTIONS)):
        try:
            return _along(cone, direction, width)
        except NotGenericError:
            continue
    raise AlgzooExactError(f"None of {_DIRECTIONS} directions is generic for the cone {cone.rays}.")


def _along(cone: Cone, u: IntVector, width: Fraction) -> Enclosure:
    """The measure by one direction; NotGenericError if it will not do."""
    bits = 24 + 10 * len(str(width.denominator)) // 3
    while bits <= _MOST_BITS:
        with working_precision(bits):
            try:
                enclosure = _clip(Enclosure.from_arb(_at_zero(cone, u) + _flow(cone, u)))
            except PrecisionError:
                enclosure = None
        if enclosure is not None and enclosure.width <= width:
            return enclosure
        bits *= 2
    raise NotGenericError(f"direction {u} gives no enclosure below {_MOST_BITS} bits")


def _at_zero(cone: Cone, u: IntVector) -> arb:
    """At l = 0 all mass sits at u and -u, half each. (No value is 0: the flow checks that.)"""
    signs = {dot(a, u) > 0 for a in cone.inequalities}
    return arb(1) / 2 if len(signs) == 1 else arb(0)


def _flow(cone: Cone, u: IntVector) -> arb:
    normals = dict(zip(cone.walls, cone.inequalities, strict=True))
    directions = [[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]
    flow = CellFlow(cone.tight, normals.__getitem__, directions, u)
    return sum((flow.flow(facet) for facet in flow.facets), arb(0)) / (2 * arb.pi())


def _clip(enclosure: Enclosure) -> Enclosure:
    """No measure of a pointed cone is below 0 or above 1/2."""
    return enclosure.intersect(Enclosure(Fraction(0), Fraction(1, 2)))
