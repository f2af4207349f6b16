"""Formulas as linear forms over atoms (C13): inputs, free entries, and maxima of earlier forms."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Any, TypeVar

from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.formulas import (
    ENTRIES,
    RELATIONS,
    Formulas,
    Node,
    compared,
)

Form = tuple[tuple[tuple[int, Fraction], ...], Fraction]
"""A linear form: atoms, in order, with their coefficients; and a constant."""
Condition = Any
"""True, False, (">" or ">=" or "==", form), ("and" or "or", parts), or ("not", (an equation,))."""
ZERO: Form = ((), Fraction(0))
Open = TypeVar("Open")
"""What stands for a truth that is not told."""


class Rewriting:
    """Formulas in terms of atoms, which are numbered as they come up.

    ``free`` entries are atoms instead of what the program computes; ``defined`` ones are a term
    less some others.
    """

    def __init__(
        self,
        formulas: Formulas,
        free: Iterable[Node] = (),
        defined: dict[Node, tuple[int, list[int]]] | None = None,
    ) -> None:
        self.formulas, self.program = formulas, formulas.program
        self.budget = formulas.budget
        self.free, self.defined = frozenset(free), defined or {}
        self.atoms: list[Any] = []  # an entry, or a tuple of forms whose maximum it is
        self.numbers: dict[Any, int] = {}
        self._entries: dict[Node, Form] = {}
        self._open: set[Node] = set()  # defined ones that are being looked into, or were
        self._terms: dict[int, Form] = {}
        self._conditions: dict[int, Condition] = {}

    def plus(self, a: Form, b: Form, factor: Fraction | int = 1) -> Form:
        """a + factor b."""
        sums = dict(a[0])
        self.budget.spend(1 + len(sums))
        for atom, c in b[0]:
            sums[atom] = sums[atom] + factor * c if atom in sums else factor * c
            self.budget.pay(length(sums[atom]))
        constant = a[1] + factor * b[1]
        self.budget.pay(length(constant))
        return tuple(sorted((atom, c) for atom, c in sums.items() if c)), constant

    def times(self, a: Form, factor: Fraction | int) -> Form:
        return self.plus(ZERO, a, factor)

    def _atom(self, atom: Any) -> Form:
        if atom not in self.numbers:
            self.numbers[atom] = len(self.atoms)
            self.atoms.append(atom)
        return ((self.numbers[atom], Fraction(1)),), Fraction(0)

    def entry(self, entry: Node) -> Form:
        if entry not in self._entries:
            if entry in self.defined:
                require(entry not in self._open, "a definition leads back to itself")
                self._open.add(entry)
                total, rest = self.defined[entry]
                form = self.term(total)
                for part in rest:
                    form = self.plus(form, self.term(part), -1)
            else:
                form = self._computed(entry)
            self._entries[entry] = form
        return self._entries[entry]

    def _computed(self, entry: Node) -> Form:
        name, first, *rest = entry
        program = self.program
        if entry in self.free or name == "x":
            return self._atom(entry)
        match name:
            case "h":
                if first < 0:
                    return ZERO
                return self.maximum([ZERO, self.entry(("z", first, *rest))])
            case "z":
                total = self._weighted(program.recurrent[rest[0]], first - 1)
                weight = program.inputs[rest[0]]
                return self.plus(total, self.entry(("x", first)), weight) if weight else total
            case "logit":
                return self._weighted(program.readout[first], program.n - 1)
            case "W_hi":
                return (), program.inputs[first]
            case "W_hh":
                return (), program.recurrent[first][rest[0]]
        return (), program.readout[first][rest[0]]

    def _weighted(self, weights: Sequence[Fraction], step: int) -> Form:
        total = ZERO
        for j, weight in enumerate(weights):
            if weight:
                total = self.plus(total, self.entry(("h", step, j)), weight)
        return total

    def maximum(self, forms: Iterable[Form]) -> Form:
        kept = list(dict.fromkeys(forms))
        most = max((constant for terms, constant in kept if not terms), default=Fraction(0))
        kept = [form for form in kept if form[0] or form[1] == most]
        if len(kept) == 1:
            return kept[0]
        if len(kept) == 2:
            return self.plus(kept[1], self._relu(self.plus(kept[0], kept[1], -1)))
        return self._atom(tuple(kept))

    def _relu(self, form: Form) -> Form:
        """max(0, form), in terms of the multiple of the form that is primitive."""
        factor = self._content(form)
        unit = self.times(form, 1 / factor)
        positive = self._atom((ZERO, unit))
        if factor > 0:
            return self.times(positive, factor)
        return self.times(self.plus(positive, unit, -1), -factor)

    def _content(self, form: Form) -> Fraction:
        """The factor that leaves integers without a common divisor, the first of them positive."""
        terms, constant = form
        numbers = [c for _, c in terms] + [constant]
        divisor, multiple = 0, 1
        for c in numbers:
            divisor, multiple = gcd(divisor, c.numerator), lcm(multiple, c.denominator)
            self.budget.pay(divisor.bit_length() + multiple.bit_length())
        size = Fraction(divisor, multiple)
        return size if numbers[0] > 0 else -size

    def term(self, number: int) -> Form:
        if number not in self._terms:
            op, *parts = self.formulas.nodes[number]
            self._terms[number] = self._term(op, parts)
        return self._terms[number]

    def _term(self, op: str, parts: list[Any]) -> Form:
        if op == "number":
            return (), parts[0]
        if op in ENTRIES:
            return self.entry((op, *parts))
        forms = [self.term(part) for part in parts]
        match op:
            case "add":
                total = ZERO
                for form in forms:
                    total = self.plus(total, form)
                return total
            case "sub":
                return self.plus(forms[0], forms[1], -1)
            case "neg":
                return self.times(forms[0], -1)
            case "mul":
                return self._product(forms)
            case "min":
                return self.times(self.maximum(self.times(form, -1) for form in forms), -1)
            case "max":
                return self.maximum(forms)
            case "relu":
                return self.maximum([ZERO, forms[0]])
        return self.maximum([forms[0], self.times(forms[0], -1)])  # abs

    def _product(self, forms: list[Form]) -> Form:
        varying = [form for form in forms if form[0]]
        factor = Fraction(1)
        for terms, constant in forms:
            factor *= Fraction(1) if terms else constant
            self.budget.pay(length(factor))
        if not factor:
            return ZERO
        require(len(varying) < 2, "it has a product of two parts that depend on the input")
        return self.times(varying[0], factor) if varying else ((), factor)

    def condition(self, number: int) -> Condition:
        if number not in self._conditions:
            op, *parts = self.formulas.nodes[number]
            self._conditions[number] = self._condition(op, parts)
        return self._conditions[number]

    def _condition(self, op: str, parts: list[Any]) -> Condition:
        if op == "truth":
            return parts[0]
        if op in RELATIONS:
            difference = self.plus(self.term(parts[0]), self.term(parts[1]), -1)
            if op in ("<", "<="):
                difference, op = self.times(difference, -1), ">" if op == "<" else ">="
            sign = self._sign(difference, "==" if op == "!=" else op)
            return self.negation(sign) if op == "!=" else sign
        inner = [self.condition(part) for part in parts]
        if op == "not":
            return self.negation(inner[0])
        if op == "implies":
            return joined("or", [self.negation(inner[0]), inner[1]])
        return joined(op, inner)

    def _sign(self, form: Form, op: str) -> Condition:
        if not form[0]:
            return compared(op, form[1], 0)
        return op, self.times(form, 1 / abs(self._content(form)))

    def negation(self, condition: Condition) -> Condition:
        if isinstance(condition, bool):
            return not condition
        self.budget.spend(_PART)
        op, inner = condition
        if op in ("and", "or"):
            return joined("or" if op == "and" else "and", [self.negation(part) for part in inner])
        if op == "not":
            return inner[0]
        if op == "==":
            return "not", (condition,)
        return ">=" if op == ">" else ">", self.times(inner, -1)

    def needed(self, conditions: Iterable[Condition]) -> list[int]:
        """The atoms that conditions depend on, in order."""
        found: set[int] = set()
        waiting = [form for condition in conditions for form in self.forms_of(condition)]
        while waiting:
            for atom, _ in waiting.pop()[0]:
                if atom not in found:
                    found.add(atom)
                    if is_maximum(self.atoms[atom]):
                        waiting += self.atoms[atom]
        return sorted(found)

    def forms_of(self, condition: Condition) -> Iterator[Form]:
        """The forms whose signs a condition asks for."""
        if not isinstance(condition, bool):
            self.budget.spend(_PART)
            op, inner = condition
            if op in (">", ">=", "=="):
                yield inner
            else:
                for part in inner:
                    yield from self.forms_of(part)


_PART = 10
"""What a part of a condition costs: parts are written out as often as they are used."""


def is_maximum(atom: Any) -> bool:
    return not isinstance(atom[0], str)


def joined(op: str, parts: Iterable[Condition]) -> Condition:
    decisive = op == "or"
    kept = []
    for part in parts:
        if part is decisive:
            return decisive
        if part is not (not decisive):
            kept.append(part)
    if len(kept) > 1:
        return op, tuple(kept)
    return kept[0] if kept else not decisive


def told_by(some: bool, parts: Iterable[bool | Open]) -> bool | Open:
    """A disjunction (``some``) or conjunction: what tells it, else the first part that is open."""
    found: bool | Open = not some
    for part in parts:
        if part is some:
            return some
        found = part if found is (not some) else found
    return found


def opposite(found: bool | Open) -> bool | Open:
    """A negation; what is open stays so."""
    return not found if isinstance(found, bool) else found


def truth_of(
    condition: Condition, budget: Budget, tell: Callable[[str, Any], bool | None]
) -> bool | None:
    """A condition by what ``tell`` says of its forms' signs: true, false, or None for open."""
    if isinstance(condition, bool):
        return condition
    budget.spend(1)
    op, inner = condition
    if op == "not":
        return opposite(truth_of(inner[0], budget, tell))
    if op in ("and", "or"):
        return told_by(op == "or", (truth_of(part, budget, tell) for part in inner))
    return tell(op, inner)
