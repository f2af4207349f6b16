"""Rigorous intervals with rational end points.

python-flint's balls do the arithmetic; this is the type that leaves it. It has no ``bool()``,
no ``==`` and no ``<``: comparisons give a three-valued Verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from math import fsum, isqrt
from threading import RLock

from flint import arb, ctx, fmpq

from algzoo_exact.errors import AlgzooExactError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.shown import Shown

_PRECISION = RLock()
_ROOT_BITS = 256  # of the root of a number that is known exactly


_HALF_ULP, _SLACK = 2.0**-53, 1 + 2.0**-40  # of sums in floats, which round correctly


class PrecisionError(AlgzooExactError):
    """A sign could not be decided at the working precision."""


@dataclass(frozen=True, eq=False)
class Enclosure(Shown):
    """A real number known to lie in ``[lower, upper]``; end points are exact rationals."""

    lower: Fraction
    upper: Fraction

    def __post_init__(self) -> None:
        if self.lower > self.upper:
            raise ValueError(f"empty enclosure: {self.lower} > {self.upper}")

    @staticmethod
    def exactly(value: int | Fraction) -> Enclosure:
        return Enclosure(Fraction(value), Fraction(value))

    @staticmethod
    def from_arb(ball: arb) -> Enclosure:
        """The smallest enclosure with dyadic end points that holds the whole ball."""
        if not ball.is_finite():
            raise ValueError("an enclosure needs a finite ball")
        middle, radius = _dyadic(ball.mid()), _dyadic(ball.rad())
        return Enclosure(middle - radius, middle + radius)

    @property
    def width(self) -> Fraction:
        return self.upper - self.lower

    @property
    def midpoint(self) -> Fraction:
        return (self.lower + self.upper) / 2

    def contains(self, value: int | float | Fraction | Enclosure) -> bool:
        """Whether the number, or the whole of another enclosure, lies inside."""
        if isinstance(value, Enclosure):
            return self.lower <= value.lower and value.upper <= self.upper
        return self.lower <= Fraction(value) <= self.upper

    def intersect(self, other: Enclosure) -> Enclosure:
        """What both say; ValueError if they contradict each other."""
        return Enclosure(max(self.lower, other.lower), min(self.upper, other.upper))

    def is_less_than(self, bound: int | Fraction) -> Verdict:
        """Is the enclosed number below ``bound``?"""
        if self.upper < bound:
            return Verdict("proved")
        if self.lower >= bound:
            return Verdict("refuted", f"it is at least {float(self.lower):.6g}")
        return Verdict("unknown", f"the enclosure reaches from below to above {bound}")

    def decimal(self, places: int) -> tuple[str, str]:
        """End points as decimal strings with ``places`` digits, rounded outward."""
        return _decimal(self.lower, places, up=False), _decimal(self.upper, places, up=True)

    def plus(self, other: Enclosure) -> Enclosure:
        """The sum of the two numbers."""
        return Enclosure(self.lower + other.lower, self.upper + other.upper)

    def times(self, factor: Fraction) -> Enclosure:
        """The number times ``factor`` >= 0."""
        return Enclosure(factor * self.lower, factor * self.upper)

    def above_zero(self) -> Enclosure:
        """The same of a number that is not negative."""
        return Enclosure(max(Fraction(0), self.lower), max(Fraction(0), self.upper))

    @property
    def complement(self) -> Enclosure:
        """1 minus the number."""
        return Enclosure(1 - self.upper, 1 - self.lower)

    def hull(self, other: Enclosure) -> Enclosure:
        """The smallest enclosure that holds both."""
        return Enclosure(min(self.lower, other.lower), max(self.upper, other.upper))

    def settled(self) -> str:
        """The midpoint to the decimals that the width leaves meaningful."""
        if self.width == 0:
            return str(self.lower)
        places = 0
        while places < 1000 and self.width * 10 ** (places + 1) < 1:
            places += 1
        half = Fraction(1, 2 * 10**places)
        return _decimal(self.midpoint + half, places, up=False)

    def to_arb(self) -> arb:
        """A ball that holds the enclosure, at the current working precision."""
        return to_arb(self.lower).union(to_arb(self.upper))

    def __bool__(self) -> bool:
        raise TypeError("An Enclosure has no truth value.")

    def __eq__(self, other: object) -> bool:
        raise TypeError("Enclosures have no ==; compare their end points, or use contains().")

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return f"Enclosure{self}"

    def __str__(self) -> str:
        return "[{}, {}]".format(*self.decimal(places_for(self.width)))


def total(parts: Iterable[Enclosure]) -> Enclosure:
    """The sum of all these numbers."""
    known = list(parts)
    lower = sum((part.lower for part in known), Fraction(0))
    return Enclosure(lower, sum((part.upper for part in known), Fraction(0)))


def to_arb(value: int | Fraction) -> arb:
    """A ball around a rational; exact if it is a dyadic of at most the working precision."""
    fraction = Fraction(value)
    return arb(fmpq(fraction.numerator, fraction.denominator))


def places_for(width: Fraction) -> int:
    """Decimals that show an enclosure of this width with two digits of its width."""
    places = 6
    while places < 400 and width * 10**places < 10 and width > 0:
        places += 1
    return places if width > 0 else 30


@contextmanager
def working_precision(bits: int) -> Iterator[None]:
    """python-flint's process-wide precision, set for a block and always put back. One thread at a
    time: another waits for the end of the block."""
    with _PRECISION:
        saved = ctx.prec
        ctx.prec = bits
        try:
            yield
        finally:
            ctx.prec = saved


def refine(
    compute: Callable[[], arb], width: Fraction, *, start: int = 128, limit: int = 1 << 14
) -> Enclosure:
    """Enclose ``compute()``, which may raise PrecisionError, at doubling precision until it is no
    wider than ``width``.

    ArithmeticError if the precision limit does not suffice.
    """
    bits = start
    while bits <= limit:
        with working_precision(bits), suppress(PrecisionError):
            ball = compute()
            if ball.is_finite():
                enclosure = Enclosure.from_arb(ball)
                if enclosure.width <= width:
                    return enclosure
        bits *= 2
    raise ArithmeticError(f"no enclosure of width {float(width):.1e} below {limit} bits")


def _dyadic(value: arb) -> Fraction:
    mantissa, exponent = value.man_exp()
    m, e = int(mantissa), int(exponent)
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def _decimal(value: Fraction, places: int, *, up: bool) -> str:
    scaled = value * 10**places
    whole = (
        -(-scaled.numerator // scaled.denominator)
        if up
        else (scaled.numerator // scaled.denominator)
    )
    sign, digits = ("-" if whole < 0 else ""), str(abs(whole)).rjust(places + 1, "0")
    return sign + (f"{digits[:-places]}.{digits[-places:]}" if places else digits)


def square_root(enclosure: Enclosure) -> Enclosure:
    """An enclosure of the square root of a number that is not negative.

    Rounded outward to 2**-k, with 2**-k below 1/100 of the width that the root has anyway:
    sqrt(b) - sqrt(a) >= (b - a) / (2 sqrt(b)).
    """
    lower, upper = max(Fraction(0), enclosure.lower), enclosure.upper
    bits = _ROOT_BITS
    if upper > lower:
        bits = max(64, 8 + int(2 * (upper + 1) / (upper - lower)).bit_length())
    return Enclosure(_root_below(lower, bits), -_root_below(upper, bits, up=True))


def _root_below(value: Fraction, bits: int, *, up: bool = False) -> Fraction:
    """The root rounded down; minus the root rounded up if ``up``. Exact where it is rational."""
    top, bottom = isqrt(value.numerator), isqrt(value.denominator)
    if top * top == value.numerator and bottom * bottom == value.denominator:
        return Fraction(-top if up else top, bottom)
    scaled = isqrt((value.numerator << (2 * bits)) // value.denominator)
    return Fraction(-scaled - 1 if up else scaled, 1 << bits)


def float_ball(known: Enclosure) -> tuple[float, float]:
    """A midpoint and a radius in float64 of numbers that contain it."""
    mid = float(known.midpoint)
    return mid, float(known.width) + abs(mid) * 2 * _HALF_ULP


def ball_sum(mids: Iterable[float], rads: Iterable[float]) -> Enclosure:
    """The sum of numbers known as midpoints and radii."""
    mid = Fraction(fsum(mids))  # fsum rounds once
    rad = Fraction(fsum(rads) * _SLACK) + abs(mid) * Fraction(_HALF_ULP)
    return Enclosure(mid - rad, mid + rad)
