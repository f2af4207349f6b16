"""Shares, and numbers from 0 to 1 as text: none is above 1, and none is rounded to a certainty.

The quotient of two midpoints can be anything where a number is smaller than its enclosure is wide;
the quotient of two enclosures is what is known of the share. 100% and 0% are printed where the
share is just that.
"""

from __future__ import annotations

from decimal import Context, Decimal, localcontext
from fractions import Fraction
from math import floor, log10

from algzoo_exact.exact.enclosure import Enclosure

MOST_PLACES = 12  # of a percentage


def share(part: Enclosure, whole: Enclosure) -> Enclosure:
    """Which part of the number in ``whole`` the one in ``part`` is: an enclosure within [0, 1].

    The numbers are known to satisfy 0 <= part <= whole. Of a whole that may be 0, nothing is.
    """
    lower, upper = Fraction(0), Fraction(1)
    if whole.upper > 0:
        lower = min(Fraction(1), max(lower, part.lower) / whole.upper)
    if whole.lower > 0:
        upper = min(upper, max(Fraction(0), part.upper) / whole.lower)
    return Enclosure(lower, upper)


def percent(part: Enclosure | Fraction | float, least: int = 1) -> str:
    """A share in percent, such as ``20.6%``, with at least ``least`` decimals where they are known.

    There are as many more, up to twelve, as it takes to show three digits of a small share, or of
    the distance to 1. What is shown is off by less than a unit of its last decimal. A share that
    is neither 0 nor 1, or is not known to be, is at its nearest to them ``< 0.01%`` or
    ``> 99.99%``; one that is hardly known is ``between 12% and 40%``.
    """
    known = _enclosure(part)
    middle = float(known.midpoint)
    small = min(middle, 1 - middle)
    places = least
    if 0 < small < 0.1:
        places = max(least, 1 - floor(log10(100 * small)))
    elif small <= 0:
        places = MOST_PLACES
    return _text(known, 100, min(places, MOST_PLACES), 0, "%")


def decimals(number: Enclosure | Fraction | float, places: int) -> str:
    """A number from 0 to 1 with at most ``places`` decimals, as ``percent`` shows a share."""
    return _text(_enclosure(number), 1, places, 2, "")


def level(confidence: float) -> str:
    """A level of confidence as it was given, such as ``99%`` or ``99.9999%``."""
    return f"{100 * Decimal(repr(confidence)):f}".rstrip("0").rstrip(".") + "%"


def significant(value: Fraction | float, digits: int) -> str:
    """The number with so many significant digits, as in ``0.25`` or ``1e-08``; but one that would
    be rounded to 1 by its distance from it, as in ``1 - 2.5e-13``."""
    exact = Fraction(value)
    plain = exact == 0 or 1e-300 < abs(exact) < 1e300  # a float can show no others
    text = f"{float(exact) if plain else as_decimal(exact):.{digits}g}"
    if text != "1" or exact == 1:
        return text
    sign = "-" if exact < 1 else "+"
    return f"1 {sign} {as_decimal(abs(exact - 1)):.2g}".lower()


def _enclosure(number: Enclosure | Fraction | float) -> Enclosure:
    return number if isinstance(number, Enclosure) else Enclosure.exactly(Fraction(number))


def _text(known: Enclosure, full: int, places: int, fewest: int, unit: str) -> str:
    """``full`` times the number, with between ``fewest`` and ``places`` decimals."""
    if known.width == 0 and known.lower in (0, 1):
        return f"{full * known.lower}{unit}"
    # Half a unit of the last decimal is left to rounding.
    while places > fewest and 2 * full * known.width * 10**places > 1:
        places -= 1
    if 2 * full * known.width * 10**places > 1:
        scaled = Enclosure(full * known.lower, full * known.upper)
        low, high = scaled.decimal(places)
        return f"between {low}{unit} and {high}{unit}"
    shown = round(full * known.midpoint * 10**places)
    if shown <= 0:
        return f"< {_shifted(1, places)}{unit}"
    if shown >= full * 10**places:
        return f"> {_shifted(full * 10**places - 1, places)}{unit}"
    return f"{_shifted(shown, places)}{unit}"


def _shifted(digits: int, places: int) -> str:
    return Enclosure.exactly(Fraction(digits, 10**places)).decimal(places)[0]


def as_decimal(value: Fraction) -> Decimal:
    """The number to twenty digits, also where it is beyond the range of floats."""
    with localcontext(Context(prec=20)):
        return Decimal(value.numerator) / Decimal(value.denominator)
