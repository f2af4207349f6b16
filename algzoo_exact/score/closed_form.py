"""Closed forms for n = 2 and n = 3: a rational plus rational multiples of arctangents over pi, and
for squared errors of square roots over pi."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from math import isqrt
from typing import Any

from flint import arb

from algzoo_exact.exact.enclosure import Enclosure, refine, to_arb
from algzoo_exact.geometry.cone import Face
from algzoo_exact.measure.flow import CellFlow
from algzoo_exact.shown import Shown

# atan(sqrt(s)) / pi where it is rational (Niven's theorem: no other rational s).
_SPECIAL = {
    Fraction(1, 3): Fraction(1, 6),
    Fraction(1): Fraction(1, 4),
    Fraction(3): Fraction(1, 3),
}


_SMALL_PRIMES = tuple(p for p in range(2, 100) if all(p % q for q in range(2, p)))


@dataclass(frozen=True)
class ClosedForm(Shown):
    """``constant + sum of c * atan(sqrt(s)) / pi`` over ``terms``, pairs (c, s) of rationals, plus
    the sum of c * sqrt(m) / pi over ``roots``, pairs of a rational c and an integer m."""

    constant: Fraction
    terms: tuple[tuple[Fraction, Fraction], ...]
    roots: tuple[tuple[Fraction, int], ...] = ()

    def enclosure(self, width: Fraction) -> Enclosure:
        """A rigorous enclosure no wider than ``width``."""
        if not self.terms and not self.roots:
            return Enclosure.exactly(self.constant)
        return refine(self._ball, width)

    def _ball(self) -> arb:
        total = arb(0)
        for coefficient, square in self.terms:
            total += to_arb(coefficient) * to_arb(square).sqrt().atan()
        for coefficient, radicand in self.roots:
            total += to_arb(coefficient) * arb(radicand).sqrt()
        return to_arb(self.constant) + total / arb.pi()

    @cached_property
    def sympy(self) -> Any:
        """The same as a sympy expression, left unevaluated (its integers can be long)."""
        import sympy

        return sympy.parse_expr(str(self), evaluate=False)

    def __str__(self) -> str:
        """Plain text that sympy, Python and most calculators read."""
        text = str(self.constant) if self.constant or not (self.terms or self.roots) else ""
        for coefficient, square in self.terms:
            root, radicand = _simplified(square)
            text += _over_pi(
                coefficient, f"atan({root})" if radicand == 1 else f"atan(sqrt({square}))"
            )
        for coefficient, radicand in self.roots:
            text += _over_pi(coefficient, f"sqrt({radicand})" if radicand != 1 else "")
        return text.removeprefix(" + ").strip()


@dataclass
class Terms:
    """A rational, and coefficients of atan(sqrt(s)) / pi and of sqrt(s) / pi, keyed by s > 0."""

    constant: Fraction = Fraction(0)
    slopes: defaultdict[Fraction, Fraction] = field(default_factory=lambda: defaultdict(Fraction))
    roots: defaultdict[Fraction, Fraction] = field(default_factory=lambda: defaultdict(Fraction))

    def add(self, other: Terms) -> None:
        self.constant += other.constant
        for mine, theirs in ((self.slopes, other.slopes), (self.roots, other.roots)):
            for square, coefficient in theirs.items():
                mine[square] += coefficient

    def add_flow(self, flow: CellFlow, facet: Face, weight: Fraction) -> None:
        """``weight`` times the flow of a facet, (2) of ``measure.flow`` for n = 2 and 3."""
        for sign, square in flow.slopes(facet):
            self.slopes[square] -= weight * sign / (2 * (flow.n - 1))

    def form(self) -> ClosedForm:
        """Terms that cancel or are rational are folded in."""
        constant, terms = self.constant, []
        for square, coefficient in self.slopes.items():
            if square in _SPECIAL:
                constant += coefficient * _SPECIAL[square]
            elif coefficient and square:
                terms.append((coefficient, square))
        merged: defaultdict[int, Fraction] = defaultdict(Fraction)
        for square, coefficient in self.roots.items():
            factor, radicand = _simplified(square)
            merged[radicand] += factor * coefficient
        return ClosedForm(
            constant,
            tuple(sorted(terms, key=lambda term: (term[1], term[0]))),
            tuple((c, radicand) for radicand, c in sorted(merged.items()) if c),
        )


def _over_pi(coefficient: Fraction, value: str) -> str:
    """The next term of a sum: coefficient times value (1 if empty), over pi."""
    size = abs(coefficient)
    top = [str(size.numerator)] if size.numerator != 1 else []
    top += [value] if value else []
    bottom = "pi" if size.denominator == 1 else f"({size.denominator}*pi)"
    return f" {'-' if coefficient < 0 else '+'} {'*'.join(top) or '1'}/{bottom}"


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
