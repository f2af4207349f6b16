"""Closed forms for n = 2 and n = 3: a rational plus rational multiples of arctangents over pi."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import isqrt
from typing import Any

from flint import arb

from algzoo_exact.exact.enclosure import Enclosure, refine, to_arb

# atan(sqrt(s)) / pi where it is rational (Niven's theorem: no other rational s).
_SPECIAL = {
    Fraction(1, 3): Fraction(1, 6),
    Fraction(1): Fraction(1, 4),
    Fraction(3): Fraction(1, 3),
}


@dataclass(frozen=True)
class ClosedForm:
    """``constant + sum of c * atan(sqrt(s)) / pi`` over ``terms``, pairs (c, s) of rationals."""

    constant: Fraction
    terms: tuple[tuple[Fraction, Fraction], ...]

    @staticmethod
    def collect(constant: Fraction, slopes: Mapping[Fraction, Fraction]) -> ClosedForm:
        """From coefficients keyed by s > 0; terms that cancel or are rational are folded in."""
        terms = []
        for square, coefficient in slopes.items():
            if square in _SPECIAL:
                constant += coefficient * _SPECIAL[square]
            elif coefficient and square:
                terms.append((coefficient, square))
        return ClosedForm(constant, tuple(sorted(terms, key=lambda term: (term[1], term[0]))))

    def enclosure(self, width: Fraction) -> Enclosure:
        """A rigorous enclosure no wider than ``width``."""
        if not self.terms:
            return Enclosure.exactly(self.constant)
        return refine(self._ball, width)

    def _ball(self) -> arb:
        total = arb(0)
        for coefficient, square in self.terms:
            total += to_arb(coefficient) * to_arb(square).sqrt().atan()
        return to_arb(self.constant) + total / arb.pi()

    @cached_property
    def sympy(self) -> Any:
        """The same as a sympy expression, left unevaluated (its integers can be long)."""
        import sympy

        parts = [sympy.Rational(self.constant.numerator, self.constant.denominator)]
        for coefficient, square in self.terms:
            root = _root(square)
            if root is not None:
                argument: Any = sympy.Rational(root.numerator, root.denominator)
            else:
                radicand = sympy.Rational(square.numerator, square.denominator)
                argument = sympy.Pow(radicand, sympy.Rational(1, 2), evaluate=False)
            factor = sympy.Rational(coefficient.numerator, coefficient.denominator)
            arctangent = sympy.atan(argument, evaluate=False)
            parts.append(sympy.Mul(factor, arctangent, 1 / sympy.pi, evaluate=False))
        return sympy.Add(*parts, evaluate=False) if len(parts) > 1 else parts[0]

    def __str__(self) -> str:
        """Plain text that sympy, Python and most calculators read."""
        text = str(self.constant) if self.constant or not self.terms else ""
        for coefficient, square in self.terms:
            sign = "-" if coefficient < 0 else "+"
            size = abs(coefficient)
            root = _root(square)
            argument = str(root) if root is not None else f"sqrt({square})"
            factor = f"{size.numerator}*" if size.numerator != 1 else ""
            bottom = "pi" if size.denominator == 1 else f"({size.denominator}*pi)"
            text += f" {sign} {factor}atan({argument})/{bottom}"
        return text.removeprefix(" + ").strip()


def _root(square: Fraction) -> Fraction | None:
    """The rational square root, if there is one."""
    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    if top * top == square.numerator and bottom * bottom == square.denominator:
        return Fraction(top, bottom)
    return None
