"""Formulas as small trees, which become MathML (``mathml``) and LaTeX (``texmath``)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isqrt
from typing import TypeAlias

from algzoo_exact.program.render import short
from algzoo_exact.score.closed_form import ClosedForm


@dataclass(frozen=True)
class Number:
    """A number as text: digits, a point, a sign; ``…`` where further digits follow."""

    text: str


@dataclass(frozen=True)
class Name:
    """A variable; ``upright`` for words, such as logit."""

    text: str
    upright: bool = False


@dataclass(frozen=True)
class Words:
    """Text within a formula."""

    text: str


@dataclass(frozen=True)
class Operator:
    """An operator, a relation or a bracket, as its Unicode character."""

    text: str


@dataclass(frozen=True)
class Row:
    """Parts side by side."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True)
class Sub:
    """A base with a subscript."""

    base: Formula
    index: Formula


@dataclass(frozen=True)
class Sup:
    """A base with a superscript."""

    base: Formula
    power: Formula


@dataclass(frozen=True)
class Under:
    """A base with something below it, as in a sum over a range."""

    base: Formula
    below: Formula


@dataclass(frozen=True)
class Frac:
    top: Formula
    bottom: Formula


@dataclass(frozen=True)
class Root:
    inside: Formula


@dataclass(frozen=True)
class Fenced:
    """Brackets that grow with what is inside."""

    left: str
    inside: Formula
    right: str


@dataclass(frozen=True)
class Lines:
    """Equations below each other: a left side and all that follows it, aligned between them."""

    rows: tuple[tuple[Formula, Formula], ...]


Formula: TypeAlias = (
    Number | Name | Words | Operator | Row | Sub | Sup | Under | Frac | Root | Fenced | Lines
)

PI = Name("π")
LONGEST_CONSTANT = 20  # characters


def row(*parts: Formula | str) -> Row:
    """Parts side by side; a text is an operator."""
    return Row(tuple(Operator(part) if isinstance(part, str) else part for part in parts))


def call(function: str, *args: Formula) -> Row:
    """A function by its upright name, and its arguments in brackets."""
    return row(Name(function, upright=True), Fenced("(", joined(args, ","), ")"))


def joined(parts: Iterable[Formula], between: str | Words) -> Row:
    """Parts with an operator between them, or words."""
    found: list[Formula] = []
    for part in parts:
        found += [Operator(between) if isinstance(between, str) else between, part]
    return Row(tuple(found[1:]))


def indexed(name: str, *indices: int | str, upright: bool = False) -> Sub:
    """A variable with indices: ``indexed("h", "t", 0)``."""
    parts = [Number(str(i)) if isinstance(i, int) else _index(i) for i in indices]
    return Sub(Name(name, upright), joined(parts, ","))


def _index(text: str) -> Formula:
    """``t``, ``t-1`` or ``-1``."""
    base, minus, rest = text.partition("-")
    if not minus:
        return Name(text)
    return row(*([Name(base)] if base else []), "−", Number(rest))


def is_product(left: Formula, right: Formula) -> bool:
    """Whether two neighbours in a row are factors of a product without a sign."""
    return all(isinstance(part, _FACTORS) for part in (left, right)) and not (
        isinstance(left, Name) and left.upright
    )


_FACTORS = (Number, Name, Sub, Sup, Frac, Root)


def fraction(value: Fraction) -> Formula:
    """A rational number, a quotient unless it is whole."""
    size = abs(value)
    number: Formula = Number(str(size.numerator))
    if size.denominator != 1:
        number = Frac(number, Number(str(size.denominator)))
    return row("−", number) if value < 0 else number


def weight(value: Fraction) -> Formula:
    """A number of six digits, exact or ending in ``…``; large and small ones with a power of 10."""
    mantissa, e, exponent = short(value).partition("e")
    if not e:
        return Number(mantissa)
    power = exponent.removeprefix("-")
    ten = Sup(Number("10"), row("−", Number(power)) if "-" in exponent else Number(power))
    return row(Number(mantissa), "⋅", ten)


def linear(terms: Sequence[tuple[Fraction, Formula]]) -> Row:
    """The sum of coefficients times formulas; coefficients as ``weight`` shows them."""
    parts: list[Formula] = []
    for value, what in terms:
        if value == 0:
            continue
        if parts or value < 0:
            parts.append(Operator("−" if value < 0 else "+"))
        if abs(value) != 1:
            parts.append(weight(abs(value)))
        parts.append(what)
    return Row(tuple(parts) or (Number("0"),))


def closed(form: ClosedForm) -> list[Row]:
    """A closed form, one formula for each arctangent and root; the constant is in the first."""
    terms = [(c, _arctangent(square)) for c, square in form.terms]
    terms += [(c, Number("1") if m == 1 else Root(Number(str(m)))) for c, m in form.roots]
    found: list[Row] = []
    before: list[Formula] = []
    if form.constant or not terms:
        before = [fraction(form.constant)]
    for coefficient, what in terms:
        sign = "−" if coefficient < 0 else "+"
        if before or found or coefficient < 0:
            before.append(Operator(sign))
        found.append(Row((*before, _over_pi(abs(coefficient), what))))
        before = []
    return found or [Row(tuple(before))]


def shape(form: ClosedForm) -> Row:
    """How a long closed form is made: its constant, and sums with their numbers of terms."""
    k = Name("k")
    sums: list[Formula] = []
    for letters, count, function in (
        (("a", "s"), len(form.terms), "arctan"),
        (("b", "q"), len(form.roots), ""),
    ):
        if count:
            factor, square = (Sub(Name(letter), k) for letter in letters)
            what: Formula = Root(square)
            if function:
                what = row(Name(function, upright=True), Fenced("(", what, ")"))
            below = row(k, "≤", Number(str(count)))
            sums += [Operator("+"), row(Under(Operator("∑"), below), factor, what)]
    inside = Fenced("(", Row(tuple(sums[1:])), ")")
    constant = form.constant
    start = fraction(constant)
    if len(str(constant)) > LONGEST_CONSTANT:
        start = Sub(Name("a"), Number("0"))
    return row(start, "+", Frac(Number("1"), PI), inside)


def _over_pi(size: Fraction, what: Formula) -> Formula:
    """size * what / pi; an arctangent stands behind its coefficient, a root above the line."""
    bottom: Formula = PI if size.denominator == 1 else row(Number(str(size.denominator)), PI)
    top = Number(str(size.numerator))
    if isinstance(what, Root | Number):
        return Frac(what if size.numerator == 1 else row(top, what), bottom)
    return row(Frac(top, bottom), what)


def _arctangent(square: Fraction) -> Formula:
    top, bottom = isqrt(square.numerator), isqrt(square.denominator)
    argument: Formula
    if top * top == square.numerator and bottom * bottom == square.denominator:
        argument = fraction(Fraction(top, bottom))
    else:
        argument = Root(fraction(square))
    return row(Name("arctan", upright=True), Fenced("(", argument, ")"))
