"""Decimals, rounded outward or to nearest."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

SLACK = Fraction(50001, 100000)
"""Decimals are rounded to nearest: off by at most this many units of their last place."""


def outward(value: Fraction, places: int, up: bool) -> str:
    """A number that is not negative as a decimal, rounded down or up."""
    scaled = value * 10**places
    return decimal_of(-(-scaled.numerator // scaled.denominator) if up else scaled // 1, places)


def root_of(text: str, places: int, up: bool) -> str:
    """The square root of a decimal with so many places, rounded down or up to as many."""
    scaled = int(Fraction(text) * 10 ** (2 * places))
    root = isqrt(scaled)
    return decimal_of(root + (up and root * root < scaled), places)


def decimal_of(whole: int, places: int) -> str:
    """An integer, in units of the last place."""
    digits = str(whole).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}"


def exponent_of(value: Fraction) -> int:
    """The least integer s with value <= 10^s, for value > 0."""
    twos = value.numerator.bit_length() - value.denominator.bit_length() - 1
    found = twos * 30103 // 100000 - 1  # log10(2) is about 0.30103
    while Fraction(10) ** found < value:
        found += 1
    return found


def decimal(value: Fraction) -> str:
    """A terminating decimal in full, any other fraction as it is."""
    places = 0
    while (value * 10**places).denominator > 1 and places < 400:
        places += 1
    if places == 400:
        return str(value)
    return decimal_of(int(value * 10**places), places) if places else str(value)
