"""Work, in operations: sums, products, quotients, shifts and roots of numbers.

One on ordinary numbers takes a microsecond or less; one on long numbers counts as several. They
are charged before they are made, and never fewer; steps through formulas are charged too. Reading
the file and its digest are not counted.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import lcm

from algzoo_exact.certificate.checker.errors import LimitError

MOST_WORK = 100_000_000
"""Operations for the whole certificate."""
LONGEST_NUMBER = 1 << 17
"""Bits of a number that is computed with."""


def length(number: int | Fraction) -> int:
    """Bits of numerator and denominator together."""
    return number.numerator.bit_length() + number.denominator.bit_length()


def price(bits: int) -> int:
    """Of an operation on fractions of this length: common divisors cost its square, in the end."""
    return 1 + (bits >> 8) + (bits >> 10) ** 2


class Budget:
    """What is left of the work that a check may take. All parts of a check share one."""

    def __init__(self, factor: int = 1) -> None:
        self.factor, self.most, self.left = factor, 0, 0
        self.allow(MOST_WORK)

    def allow(self, steps: int) -> None:
        """More, for one more of the items that a certificate may list."""
        self.most += self.factor * steps
        self.left += self.factor * steps

    @property
    def spent(self) -> int:
        """Operations so far."""
        return self.most - self.left

    def spend(self, steps: int) -> None:
        """LimitError once the work is more than allowed."""
        self.left -= steps
        if self.left < 0:
            raise LimitError(f"it takes over {self.most:,} operations, more than are allowed")

    def multiple(self, numbers: Iterable[int]) -> int:
        """The least common one."""
        found = 1
        for number in numbers:
            found = lcm(found, number)
            self.pay(found.bit_length())
        return found

    def pay(self, bits: int, times: int = 1) -> None:
        """For operations on numbers of so many bits; LimitError if these are too long."""
        if bits > LONGEST_NUMBER:
            raise LimitError(f"a number has over {LONGEST_NUMBER:,} bits")
        self.spend(times * price(bits))
