"""Rationals rounded to floats of few bits."""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.errors import InputError

_BITS = {
    "float32": (24, -149, Fraction((2**24 - 1) * 2**104)),
    "float16": (11, -24, Fraction(65504)),
    "bfloat16": (8, -133, Fraction(255 * 2**120)),
}
"""Significant bits, the exponent of the least positive number, and the largest number."""


def nearest(value: Fraction, to: str) -> Fraction:
    """The nearest number of a format; of two equally near ones the one with an even last bit.

    InputError beyond its range.
    """
    bits, least, largest = _BITS[to]
    if not value:
        return value
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    if abs(value) < Fraction(2) ** exponent:
        exponent -= 1  # now 2^exponent <= |value| < 2^(exponent + 1)
    unit = Fraction(2) ** max(least, exponent + 1 - bits)
    found = unit * round(value / unit)
    if abs(found) > largest:
        raise InputError(f"A weight would be beyond the range of {to}.")
    return found
