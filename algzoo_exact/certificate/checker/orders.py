"""Order and signs (C16)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from math import factorial

from algzoo_exact.certificate.checker.cones import members
from algzoo_exact.certificate.checker.formulas import Formulas
from algzoo_exact.certificate.checker.rewriting import opposite, told_by

Below = tuple[int, ...]
"""A partial order: for each element, those below it, as a bit mask. Elements are the inputs, and n
for the number 0."""
NOTHING: Mapping[int, int | None] = {}
Known = dict[tuple[int, int, bool], "Told"]
"""Of comparisons of terms: high, low, and whether strict."""
Told = bool | tuple[int, int]
"""What a formula is, but for null sets; or a comparison that it may depend on: of two elements."""


class NotAnOrderError(Exception):
    """A formula is not about the order of the inputs and 0 alone."""


class Orders:
    """What formulas say about the order of the inputs and 0, and how likely that is."""

    def __init__(self, formulas: Formulas, tied: Mapping[int, int | None] = NOTHING) -> None:
        self.formulas, self.n, self.budget = formulas, formulas.program.n, formulas.budget
        self.tied = tied  # inputs to others, or to 0
        self._known: dict[int, Fraction | None] = {}

    def probability(self, number: int) -> Fraction | None:
        """Of a formula about the order alone; None for all others."""
        if number not in self._known:
            try:
                orders = self._orders([number])
                self._known[number] = sum(map(self._extensions, orders), Fraction(0))
            except NotAnOrderError:
                self._known[number] = None
        return self._known[number]

    def of(self, domain: int) -> list[Below]:
        """What a domain's conjuncts about the order alone say, as partial orders."""
        conjuncts = self.formulas.conjuncts(domain)
        return list(self._orders(p for p in conjuncts if self.probability(p) is not None))

    def excluded(self, number: int, orders: Sequence[Below]) -> bool:
        """Whether partial orders tell that a formula does not hold, but for null sets."""
        try:
            return next(self._orders([number], orders), None) is None
        except NotAnOrderError:
            return False

    def _orders(
        self, formulas: Iterable[int], given: Sequence[Below] | None = None
    ) -> Iterator[Below]:
        """Partial orders that exclude each other, in all of which, and nowhere else in those
        ``given``, the formulas hold: by one comparison after another, until all are told."""
        left = [part for number in formulas for part in self.formulas.conjuncts(number)]
        waiting = [(below, left) for below in ([(0,) * (self.n + 1)] if given is None else given)]
        while waiting:
            below, left = waiting.pop()
            self.budget.spend(self.n + len(left))
            if not left:
                yield below
                continue
            found = self._told(left[0], below, {})
            if isinstance(found, tuple):
                high, low = found
                waiting += ((placed(below, low, high), left), (placed(below, high, low), left))
            elif found:  # and so it stays
                waiting.append((below, left[1:]))

    def _told(self, number: int, below: Below, known: Known) -> Told:
        """What a formula is in a partial order."""
        self.budget.spend(5)
        op, *parts = self.formulas.nodes[number]
        match op:
            case "truth":
                return bool(parts[0])
            case "not":
                return opposite(self._told(parts[0], below, known))
            case "and" | "or":
                return told_by(op == "or", (self._told(part, below, known) for part in parts))
            case "implies":
                one, other = (self._told(part, below, known) for part in parts)
                return told_by(True, (opposite(one), other))
            case "==" | "!=":  # equal, but for a null set, only where both are the same element
                sides = (self._above(a, b, True, below, known) for a, b in (parts, parts[::-1]))
                found = told_by(True, sides)
                return found if op == "!=" else opposite(found)
        high, low = parts if op in (">", ">=") else parts[::-1]
        return self._above(high, low, op in (">", "<"), below, known)

    def _above(self, high: int, low: int, strict: bool, below: Below, known: Known) -> Told:
        """high > low, or high >= low, which differ where both are the same element."""
        key = high, low, strict
        if key not in known:
            self.budget.spend(5)
            known[key] = self._compared(high, low, strict, below, known)
        return known[key]

    def _compared(self, high: int, low: int, strict: bool, below: Below, known: Known) -> Told:
        for number in (high, low):
            op, *parts = self.formulas.nodes[number]
            if op == "relu":
                op, parts = "max", [self.formulas.number(0), *parts]
            if op in ("min", "max"):
                pairs = ((p, low) if number == high else (high, p) for p in parts)
                found = (self._above(a, b, strict, below, known) for a, b in pairs)
                return told_by((op == "max") is (number == high), found)
        a, b = self._element(high), self._element(low)
        if a == b or below[a] >> b & 1:
            return a != b or not strict
        return False if below[b] >> a & 1 else (a, b)

    def _element(self, number: int) -> int:
        node = self.formulas.nodes[number]
        if node == ("number", 0):
            return self.n
        if node[0] != "x":
            raise NotAnOrderError
        place = self.tied.get(int(node[1]), int(node[1]))
        return self.n if place is None else place

    def _extensions(self, below: Below) -> Fraction:
        """The probability of a partial order.

        Elements are placed from the lowest up; a set of placed ones is met on many ways.
        """
        zero, occurring = 1 << self.n, 1 << self.n  # what no comparison is about plays no part
        for k, lower in enumerate(below):
            occurring |= lower | (1 << k if lower else 0)
        at: dict[int, dict[int, int]] = {0: {0: 1}}  # by the number of elements below 0
        for _ in range(occurring.bit_count()):
            after: dict[int, dict[int, int]] = {}
            for done, ways in at.items():
                self.budget.spend(10 * (self.n + 1) * len(ways))
                for k in members(occurring & ~done):
                    if below[k] & ~done == 0:
                        target = after.setdefault(done | 1 << k, {})
                        for under, count in ways.items():
                            now = done.bit_count() if 1 << k == zero else under
                            target[now] = target.get(now, 0) + count
            at = after
        n = occurring.bit_count() - 1
        parts = (
            Fraction(count, 2**n * factorial(k) * factorial(n - k))
            for k, count in at[occurring].items()
        )
        return sum(parts, Fraction(0))


def placed(below: Below, high: int, low: int) -> Below:
    """With one more element above another, and all that follows."""
    under = below[low] | 1 << low
    return tuple(
        mask | under if k == high or mask >> high & 1 else mask for k, mask in enumerate(below)
    )
