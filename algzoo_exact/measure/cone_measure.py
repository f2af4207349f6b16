"""Rigorous Gaussian measure of one pointed cone, by its squash flow.

Formula (1) of ``measure.flow`` with S the cone itself and every facet counted. The measure at
l = 0 is half if u or -u is inside, else 0: no convex cone with a facet off u holds both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
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
    inside = Enclosure(Fraction(0), Fraction(1, 2))  # as for any pointed cone

    def value(u: IntVector) -> arb:
        return _at_zero(cone, u) + _flow(cone, u)

    return narrow_along(cone, value, width, 24, () if u is None else (u,)).intersect(inside)


def narrow_along(
    cone: Cone, value: Callable[[IntVector], arb], width: Fraction, spare_bits: int,
    first: Sequence[IntVector] = (),
) -> Enclosure:  # fmt: skip
    """An enclosure no wider than ``width`` of what ``value`` computes, at flint's precision, from
    any direction that is generic for the cone; the ``first`` are tried first."""
    for u in (*first, *islice(directions_for(cone.dimension), _DIRECTIONS)):
        bits = spare_bits + 10 * len(str(width.denominator)) // 3
        while bits <= _MOST_BITS:
            with working_precision(bits), suppress(PrecisionError):
                try:
                    enclosure = Enclosure.from_arb(value(u))
                except NotGenericError:
                    break
                if enclosure.width <= width:
                    return enclosure
            bits *= 2
    raise AlgzooExactError(f"None of {_DIRECTIONS} directions is generic for the cone {cone.rays}.")


def _at_zero(cone: Cone, u: IntVector) -> arb:
    """At l = 0 all mass sits at u and -u, half each. (No value is 0: the flow checks that.)"""
    signs = {dot(a, u) > 0 for a in cone.inequalities}
    return arb(1) / 2 if len(signs) == 1 else arb(0)


def _flow(cone: Cone, u: IntVector) -> arb:
    normals = dict(zip(cone.walls, cone.inequalities, strict=True))
    directions = [[c / max(map(abs, ray)) for c in ray] for ray in cone.rays]
    flow = CellFlow(cone.tight, normals.__getitem__, directions, u)
    return sum((flow.flow(facet) for facet in flow.facets), arb(0)) / (2 * arb.pi())
