"""Rigorous Gaussian measure of one pointed cone, by its squash flow: formula (1) of ``flow``."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from itertools import islice

from flint import arb

from algzoo_exact.errors import AlgzooExactError, InputError
from algzoo_exact.exact.enclosure import Enclosure, working_precision
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.measure.faces import PrecisionError
from algzoo_exact.measure.flow import MOST_INPUTS, CellFlow, NotGenericError, directions_for

_DIRECTIONS = 100  # a direction fails on finitely many hyperplanes only; one failure is rare
_MOST_BITS = 1 << 14
_SPARE_BITS = 24


def cone_measure(cone: Cone, *, digits: int = 30) -> Enclosure:
    """The probability that a standard Gaussian point of R^n, n = 1 .. 9, lies in ``cone``.

    The enclosure is no wider than 10**-digits. InputError for n > 9.
    """
    n = cone.dimension
    if n > MOST_INPUTS:
        raise InputError(f"Measures of cones reach n = {MOST_INPUTS}, not {n}.")
    if n == 1:
        return Enclosure.exactly(Fraction(1, 2))
    inside = Enclosure(Fraction(0), Fraction(1, 2))  # as for any pointed cone

    def value(u: IntVector) -> arb:
        return CellFlow.of(cone, u).measure()

    return narrow_along(n, value, Fraction(1, 10**digits), _SPARE_BITS).intersect(inside)


def narrow_along(
    n: int, value: Callable[[IntVector], arb], width: Fraction, spare_bits: int
) -> Enclosure:
    """An enclosure no wider than ``width`` of what ``value`` computes, at flint's precision, from
    any direction in R^n that is generic for it."""
    for u in islice(directions_for(n), _DIRECTIONS):
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
    raise AlgzooExactError(f"None of {_DIRECTIONS} directions is generic for this cone.")
