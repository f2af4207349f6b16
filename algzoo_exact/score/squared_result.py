"""What a computation of the mean squared error returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isqrt
from typing import Any, Literal

from flint import arb

from algzoo_exact.exact.enclosure import Enclosure, refine, to_arb
from algzoo_exact.program.task import Task
from algzoo_exact.score.closed_form import ClosedForm

_SMALL_PRIMES = tuple(p for p in range(2, 100) if all(p % q for q in range(2, p)))
_ROOT_BITS = 256  # of the root of a number that is known exactly


@dataclass(frozen=True)
class SquareForm:
    """``arctangents`` plus the sum of c * sqrt(m) / pi over ``roots``, pairs of a rational c and an
    integer m."""

    arctangents: ClosedForm
    roots: tuple[tuple[Fraction, int], ...]

    @staticmethod
    def collect(
        constant: Fraction, slopes: Mapping[Fraction, Fraction], roots: Mapping[Fraction, Fraction]
    ) -> SquareForm:
        """From coefficients of atan(sqrt(s)) / pi and of sqrt(s) / pi, keyed by s > 0."""
        merged: dict[int, Fraction] = {}
        for square, coefficient in roots.items():
            factor, radicand = _simplified(square)
            merged[radicand] = merged.get(radicand, Fraction(0)) + factor * coefficient
        terms = tuple((c, radicand) for radicand, c in sorted(merged.items()) if c)
        return SquareForm(ClosedForm.collect(constant, slopes), terms)

    def enclosure(self, width: Fraction) -> Enclosure:
        """A rigorous enclosure no wider than ``width``."""
        if not self.roots:
            return self.arctangents.enclosure(width)
        return refine(self._ball, width / 2).plus(self.arctangents.enclosure(width / 2))

    def _ball(self) -> arb:
        total = arb(0)
        for coefficient, radicand in self.roots:
            total += to_arb(coefficient) * arb(radicand).sqrt()
        return total / arb.pi()

    @cached_property
    def sympy(self) -> Any:
        """The same as a sympy expression, left unevaluated (its integers can be long)."""
        import sympy

        parts = [self.arctangents.sympy]
        for coefficient, radicand in self.roots:
            factor = sympy.Rational(coefficient.numerator, coefficient.denominator)
            root = sympy.Pow(sympy.Integer(radicand), sympy.Rational(1, 2), evaluate=False)
            parts.append(sympy.Mul(factor, root, 1 / sympy.pi, evaluate=False))
        return sympy.Add(*parts, evaluate=False) if len(parts) > 1 else parts[0]

    def __str__(self) -> str:
        """Plain text that sympy, Python and most calculators read."""
        text = str(self.arctangents)
        if text == "0" and self.roots:
            text = ""
        for coefficient, radicand in self.roots:
            sign = "-" if coefficient < 0 else "+"
            top = [str(abs(coefficient.numerator))] if abs(coefficient.numerator) != 1 else []
            top += [f"sqrt({radicand})"] if radicand != 1 else []
            bottom = "pi" if coefficient.denominator == 1 else f"({coefficient.denominator}*pi)"
            text += f" {sign} {'*'.join(top) or '1'}/{bottom}"
        return text.removeprefix(" + ").strip()


def _simplified(square: Fraction) -> tuple[Fraction, int]:
    """sqrt(p / q) as a rational times sqrt(m), without perfect squares and squares of small
    primes in m."""
    factor, radicand = Fraction(1, square.denominator), square.numerator * square.denominator
    root = isqrt(radicand)
    if root * root == radicand:
        return factor * root, 1
    for p in _SMALL_PRIMES:
        while radicand % (p * p) == 0:
            radicand //= p * p
            factor *= p
    return factor, radicand


@dataclass(frozen=True, eq=False)
class SquaredError:
    """The mean squared error E[(f(x) - median(x))^2] of a program on standard Gaussian inputs.

    ``kind`` says what ``enclosure`` means:

    * ``exact``: the mean squared error of the real-valued function lies in it; every input is
      decided, and its width is rounding alone (0 where the program is the median).
    * ``certified``: it lies in it, and part of the inputs was not decided.

    ``root`` encloses the square root. ``closed_form`` is there for n <= 3 and kind ``exact``.
    ``cells`` counts the cones on which program and median are linear that were visited,
    ``regions`` the activation patterns among them. ``undecided`` is the mass not decided.
    """

    kind: Literal["exact", "certified"]
    enclosure: Enclosure
    task: Task
    method: str
    seconds: float
    regions: int | None = None
    cells: int | None = None
    closed_form: SquareForm | None = None
    undecided: Fraction = Fraction(0)

    @cached_property
    def root(self) -> Enclosure:
        """The root mean squared error."""
        return square_root(self.enclosure)

    @property
    def value(self) -> float:
        """Midpoint of the enclosure, for plots and z-scores."""
        return float(self.enclosure.midpoint)

    def __str__(self) -> str:
        if self.kind == "exact":
            return f"{self.enclosure.settled()} (exact)"
        low, high = self.enclosure.decimal(6)
        return f"between {low} and {high} (certified)"


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
