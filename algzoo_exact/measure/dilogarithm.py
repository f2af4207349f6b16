"""The real part of the dilogarithm Li2(z) on the closed unit disc, as balls.

With w = -log(1 - z), the series ('t Hooft and Veltman 1979, "Scalar one-loop integrals", Nuclear
Physics B 153, appendix A; D is a Debye function)

    Li2(z) = D(w) = w - w^2/4 + sum over k >= 1 of B_2k w^(2k+1) / (2k+1)!,   |w| < 2 pi,

has real coefficients that fall like (2 pi)^(-2k). Where Re z > 1/2, reflect first (Zagier 2007,
"The dilogarithm function", section I.2):

    Li2(z) = pi^2/6 - log(z) log(1 - z) - D(-log z).

Either way |w| <= pi/3 on the unit disc, so each term gains five bits or more. The callers in
`schlafli` know log z and log(1 - z) in closed form, hence this file offers D alone.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

from flint import acb, arb, arb_poly, ctx

_BANDS_PER_UNIT = 8
_BANDS = 11
"""|w|^2 is sorted into bands of width 1/8, up to 11/8 > (pi/3)^2 = 1.097 with room for radii."""


class SeriesBand(NamedTuple):
    """The series for |w|^2 < cap, its tail below 2^(-precision - 6)."""

    cap: arb
    polynomial: arb_poly
    """The sum of B_2k x^k / (2k+1)! up to K: D(w) = w polynomial(w^2) - w^2/4 + tail."""


class DilogarithmTables(NamedTuple):
    """Constants for one working precision; made by `dilogarithm_tables`."""

    bands: tuple[SeriesBand, ...]
    tail: arb
    """The ball [-e, e], e = 2^(-precision - 6), holds the tail of every band."""
    zero: arb
    pi: arb
    pi_squared_over_6: arb


def terms_needed(cap: float, precision: int) -> int:
    """The least K whose tail is below 2^(-precision - 7), by the bound

        |sum over k > K| <= |w| pi^2/3 / (2K+3) t^(K+1) / (1 - t),   t = |w|^2 / (4 pi^2),

    which follows from |B_2k| / (2k)! = 2 zeta(2k) / (2 pi)^(2k) <= (pi^2/3) / (2 pi)^(2k).
    The spare bit below the promised 2^(-precision - 6) covers the rounding of these floats.
    """
    t = cap / (4 * math.pi**2)
    terms = 1
    while True:
        head = math.sqrt(cap) * math.pi**2 / 3 / (2 * terms + 3) / (1 - t)
        if math.log2(head) + (terms + 1) * math.log2(t) <= -precision - 7:
            return terms
        terms += 1


@lru_cache(maxsize=16)
def _tables(precision: int) -> DilogarithmTables:
    # Called with ctx.prec == precision, so that the constants are rounded to it.
    bands = []
    for band in range(1, _BANDS + 1):
        cap = band / _BANDS_PER_UNIT
        coefficients = [
            arb.bernoulli(2 * k) / arb.fac_ui(2 * k + 1)
            for k in range(terms_needed(cap, precision) + 1)
        ]
        bands.append(SeriesBand(arb(cap), arb_poly(coefficients)))
    tail = arb(0, arb(2) ** (-precision - 6))
    pi = arb.pi()
    return DilogarithmTables(tuple(bands), tail, arb(0), pi, pi * pi / 6)


def dilogarithm_tables() -> DilogarithmTables:
    """The tables at the context's precision (made once for each precision)."""
    return _tables(ctx.prec)


def _band(size: arb, tables: DilogarithmTables) -> arb_poly | None:
    """The polynomial of the narrowest band that surely holds |w|^2 = size, None if none does."""
    bands = tables.bands
    middle = float(size) * _BANDS_PER_UNIT
    if middle < _BANDS:
        band = bands[int(middle)]
        if size < band.cap:
            return band.polynomial
    # A ball that crosses the end of its band (or isn't finite).
    band = bands[-1]
    return band.polynomial if size < band.cap else None


def debye_real(re: arb, im: arb, tables: DilogarithmTables) -> arb | None:
    """Re D(re + i im) without its tail: add `tables.tail` once for every call.

    None if the balls aren't known to satisfy re^2 + im^2 < 11/8, where the tail is bounded.
    """
    polynomial = _band(re * re + im * im, tables)
    if polynomial is None:
        return None
    w = acb(re, im)
    square = w * w
    return (w * polynomial(square)).real - square.real / 4


def debye(w: arb, tables: DilogarithmTables) -> arb | None:
    """D(w) for a real ball, on the terms of `debye_real`."""
    size = w * w
    polynomial = _band(size, tables)
    return None if polynomial is None else w * polynomial(size) - size / 4
