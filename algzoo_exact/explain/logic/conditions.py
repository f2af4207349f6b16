"""Linear forms over numbered atoms, and conditions on their signs.

What the atoms are does not matter here; logic/linear_forms.py makes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal, TypeAlias

from algzoo_exact.explain.language.expression import Compare, Formula, Truth, compare, connect

ZERO = Fraction(0)


@dataclass(frozen=True)
class Form:
    """constant + sum of coefficient * atom: nonzero coefficients, by increasing atom."""

    terms: tuple[tuple[int, Fraction], ...] = ()
    constant: Fraction = ZERO

    @cached_property
    def _hash(self) -> int:
        return hash((self.terms, self.constant))

    def __hash__(self) -> int:
        """Computed once: hashing rationals takes longer than most else that is done with them."""
        return self._hash

    def plus(self, other: Form, factor: Fraction | int = 1) -> Form:
        """self + factor * other."""
        sums = dict(self.terms)
        scaled = other.times(factor)
        for atom, coefficient in scaled.terms:
            sums[atom] = sums[atom] + coefficient if atom in sums else coefficient
        kept = tuple((atom, sums[atom]) for atom in sorted(sums) if sums[atom])
        constant = self.constant + scaled.constant if scaled.constant else self.constant
        return Form(kept, constant)

    def times(self, factor: Fraction | int) -> Form:
        if factor in (0, 1):
            return self if factor else Form()
        if factor == -1:  # by far the most frequent, and no product is needed
            return Form(tuple((atom, -c) for atom, c in self.terms), -self.constant)
        constant = factor * self.constant if self.constant else ZERO
        return Form(tuple((atom, factor * c) for atom, c in self.terms), constant)

    def value(self, atoms: Mapping[int, Fraction]) -> Fraction:
        return sum((c * atoms[atom] for atom, c in self.terms), self.constant)


@dataclass(frozen=True)
class Sign:
    """form > 0, form >= 0 or form == 0."""

    form: Form
    op: Literal[">", ">=", "=="]


@dataclass(frozen=True)
class Junction:
    """All (``and``) or some (``or``) of two parts or more; or the one part does not hold."""

    op: Literal["and", "or", "not"]
    parts: tuple[Condition, ...]


Condition: TypeAlias = bool | Sign | Junction


def forms_of(condition: Condition) -> Iterator[Form]:
    """The forms whose signs a condition asks for."""
    if isinstance(condition, Sign):
        yield condition.form
    elif isinstance(condition, Junction):
        for part in condition.parts:
            yield from forms_of(part)


def rewritten(condition: Condition, of_sign: Callable[[Sign], Condition]) -> Condition:
    """The condition with others in the place of its signs."""
    if isinstance(condition, Sign):
        return of_sign(condition)
    if isinstance(condition, Junction):
        parts = [rewritten(part, of_sign) for part in condition.parts]
        return negation(parts[0]) if condition.op == "not" else junction(condition.op, parts)
    return condition


def truth(condition: Condition, of_sign: Callable[[Sign], bool]) -> bool:
    """Whether a condition holds, by its signs; of those only what need be known is asked for."""
    if isinstance(condition, bool):
        return condition
    if isinstance(condition, Sign):
        return of_sign(condition)
    return connect(condition.op, (truth(part, of_sign) for part in condition.parts))


def holds(condition: Condition, atoms: Mapping[int, Fraction]) -> bool:
    """Whether a condition holds where the atoms have these values."""
    return truth(condition, lambda sign: compare(sign.op, sign.form.value(atoms), ZERO))


def condition_of(formula: Formula, of: Callable[[Compare], Condition]) -> Condition:
    """A formula, where ``of`` makes conditions of its comparisons."""
    if isinstance(formula, Truth):
        return formula.value
    if isinstance(formula, Compare):
        return of(formula)
    parts = [condition_of(arg, of) for arg in formula.args]
    match formula.op:
        case "not":
            return negation(parts[0])
        case "implies":
            return junction("or", [negation(parts[0]), parts[1]])
        case "and" | "or":
            return junction(formula.op, parts)


def negation(condition: Condition) -> Condition:
    """Signs other than equations are turned around; ``not`` is left on equations only."""
    if isinstance(condition, bool):
        return not condition
    if isinstance(condition, Sign):
        if condition.op == "==":
            return Junction("not", (condition,))
        return Sign(condition.form.times(-1), ">=" if condition.op == ">" else ">")
    if condition.op == "not":
        return condition.parts[0]
    return junction("or" if condition.op == "and" else "and", map(negation, condition.parts))


def junction(op: Literal["and", "or"], parts: Iterable[Condition]) -> Condition:
    decisive = op == "or"
    kept: list[Condition] = []
    for part in parts:
        if isinstance(part, bool):
            if part == decisive:
                return decisive
        else:
            kept.append(part)
    if len(kept) > 1:
        return Junction(op, tuple(kept))
    return kept[0] if kept else not decisive
