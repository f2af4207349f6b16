"""How nearly equal a formula says that two numbers are, in bits, as far as its form tells."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import partial
from math import inf, log2

from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    entries,
    evaluate_term,
    weight_of,
)
from algzoo_exact.program.ir import Program


def stated(formulas: Iterable[Formula], program: Program) -> tuple[float, ...]:
    """For each equality that formulas state, the k such that it is to one part in 2^k.

    Looked for are, joined by ``and`` and as conclusions of ``implies``,

    * ``a == b``: infinitely many bits;
    * ``abs(a - b) <= e`` (or ``<``, or turned round). Between weights, it is to one part in m / e,
      by their exact values in ``program``, where m is the largest magnitude of a, b, and the terms
      whose sums or differences these are (so that (a - b) - 0 is no way round). Otherwise e must
      be a number c times a term, such as ``abs(b) / 1000``: to one part in 1 / c of that term.

    Equalities that are written in other ways are not found. No number of bits is negative.
    """
    found = (bits for formula in formulas for bits in _stated(formula, program))
    return tuple(max(bits, 0.0) for bits in found if bits is not None)


def _stated(statement: Formula, program: Program) -> list[float | None]:
    match statement:
        case Logic("and", parts):
            return [bits for part in parts for bits in _stated(part, program)]
        case Logic("implies", (_, conclusion)):
            return _stated(conclusion, program)
        case Compare("==", _, _):
            return [inf]
        case Compare("<=" | "<", Apply("abs", (gap,)), bound):
            return [_nearness(gap, bound, program)]
        case Compare(">=" | ">", bound, Apply("abs", (gap,))):
            return [_nearness(gap, bound, program)]
    return []


def _nearness(gap: Term, bound: Term, program: Program) -> float | None:
    about = entries(gap) | entries(bound)
    parts = _parts(gap)
    if parts and all(entry.array.startswith("W_") for entry in about):
        value = partial(weight_of, program)
        scale = max(abs(evaluate_term(part, value)) for part in parts)
        return bits_of(scale, evaluate_term(bound, value)) if scale else None
    factor = _factor(bound)
    return None if factor is None else bits_of(Fraction(1), abs(factor))


def _parts(term: Term) -> list[Term]:
    """The terms that this is a sum or difference of, and those that they are; none for others."""
    if not isinstance(term, Apply) or term.op not in ("add", "sub", "neg"):
        return []
    return [found for part in term.args for found in (part, *_parts(part))]


def _factor(bound: Term) -> Fraction | None:
    """The c of c times a term; None for a mere number, which is no part of anything."""
    match bound:
        case Number(value):
            return None if value else value
        case Entry() | Apply("abs" | "max" | "relu" | "min"):
            return Fraction(1)
        case Apply("neg", (part,)):
            return _factor(part)
        case Apply("add", parts):
            factors = {_factor(part) for part in parts}
            return factors.pop() if len(factors) == 1 else None
        case Apply("mul", parts):
            factor, terms = Fraction(1), 0
            for part in parts:
                if isinstance(part, Number):
                    factor *= part.value
                    continue
                inner = _factor(part)
                if inner is None:
                    return None
                factor, terms = factor * inner, terms + 1
            return factor if terms or not factor else None
    return None


def bits_of(scale: Fraction, bound: Fraction) -> float:
    """log2(scale / bound), also where they are beyond floats."""
    if bound <= 0:
        return inf
    ratio = scale / bound
    return log2(ratio.numerator) - log2(ratio.denominator) if ratio else 0.0
