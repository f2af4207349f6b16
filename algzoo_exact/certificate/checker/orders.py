"""Order and signs (C16)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import factorial
from typing import Any

from algzoo_exact.certificate.checker.cones import members
from algzoo_exact.certificate.checker.formulas import CONNECTIVES, Formulas
from algzoo_exact.certificate.checker.rewriting import _PART

Order = Any
"""True, False, (i, j): element i is above j, or ("and" or "or", a frozen set of these). Elements
are the inputs, and n for the number 0."""


class NotAnOrderError(Exception):
    """A formula is not about the order of the inputs and 0 alone."""


class Orders:
    """What formulas say about the order of the inputs and 0, and how likely that is."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas, self.n = formulas, formulas.program.n
        self.budget = formulas.budget
        self._known: dict[int, Fraction | None] = {}
        self._statements: dict[tuple[int, bool], Order] = {}
        self._comparisons: dict[tuple[int, int, bool], Order] = {}

    def probability(self, number: int) -> Fraction | None:
        """Of a formula about the order alone; None for all others."""
        if number not in self._known:
            try:
                statement = self.statement(number, True)
            except NotAnOrderError:
                self._known[number] = None
            else:
                self._known[number] = self._split(statement)
        return self._known[number]

    def apart(self, one: int, others: list[int]) -> bool:
        """Whether a formula and any of the others exclude each other, all being about the order
        alone; but for null sets."""
        self.budget.spend(len(others) * (self.n + 1) ** 2 // 2)
        try:
            own, *rest = (self._partial_order(self.statement(k, True)) for k in (one, *others))
        except NotAnOrderError:
            return False
        if all(contradict(own, order) for order in rest):
            return True
        return self.probability(self.formulas.make("and", one, self.formulas.any(others))) == 0

    def _partial_order(self, statement: Order) -> list[int] | None:
        """For each element, all that are below it if the statement holds, as a bit mask; None
        where that is not all that the statement says."""
        if statement is False:
            return None
        pairs = () if statement is True else (statement,)
        if pairs and statement[0] == "and":
            pairs = statement[1]
        size = self.n + 1
        self.budget.spend(len(pairs) + size * size)
        below = [0] * size
        for pair in pairs:
            if isinstance(pair[0], str):
                return None
            below[pair[0]] |= 1 << pair[1]
        for middle in range(size):
            for k in range(size):
                if below[k] >> middle & 1:
                    below[k] |= below[middle]
        return below

    def _extensions(self, below: list[int]) -> Fraction:
        """Of a partial order: for each element, those that must be below it, as a bit mask.

        Elements are placed from the lowest up; a set of placed ones is met on many ways.
        """
        zero, occurring = 1 << self.n, 1 << self.n  # what no comparison is about plays no part
        for k, lower in enumerate(below):
            occurring |= lower | (1 << k if lower else 0)
        at: dict[int, dict[int, int]] = {0: {0: 1}}  # by the number of elements below 0
        for _ in range(occurring.bit_count()):
            after: dict[int, dict[int, int]] = {}
            for placed, ways in at.items():
                self.budget.spend(10 * (self.n + 1) * len(ways))
                for k in members(occurring & ~placed):
                    if below[k] & ~placed == 0:
                        target = after.setdefault(placed | 1 << k, {})
                        for under, count in ways.items():
                            now = placed.bit_count() if 1 << k == zero else under
                            target[now] = target.get(now, 0) + count
            at = after
        n = occurring.bit_count() - 1
        parts = (
            Fraction(count, 2**n * factorial(k) * factorial(n - k))
            for k, count in at.get(occurring, {}).items()
        )
        return sum(parts, Fraction(0))

    def statement(self, number: int, positive: bool) -> Order:
        """The formula, or its negation; null sets do not count."""
        key = number, positive
        if key not in self._statements:
            self.budget.spend(_PART)
            self._statements[key] = self._statement(number, positive)
        return self._statements[key]

    def _statement(self, number: int, positive: bool) -> Order:
        op, *parts = self.formulas.nodes[number]
        if op == "truth":
            return parts[0] is positive
        if op == "not":
            return self.statement(parts[0], not positive)
        if op == "implies":
            first = self.statement(parts[0], not positive)
            return self._joined(positive, [first, self.statement(parts[1], positive)])
        if op in CONNECTIVES:
            return self._joined(
                (op == "or") is positive, [self.statement(p, positive) for p in parts]
            )
        left, right = parts
        if op in ("==", "!="):
            # Both sides are equal, but for a null set, only where they are the same element.
            pairs = [self._above(left, right, True), self._above(right, left, True)]
            if (op == "!=") is positive:
                return self._joined(True, pairs)
            pairs = [self._above(left, right, False), self._above(right, left, False)]
            return self._joined(False, pairs)
        if op in ("<", "<="):
            left, right = right, left
        strict = op in ("<", ">")
        if not positive:
            left, right, strict = right, left, not strict
        return self._above(left, right, strict)

    def _joined(self, some: bool, parts: Iterable[Order]) -> Order:
        """Some or all of the parts, simplified."""
        op = "or" if some else "and"
        found: set[Order] = set()
        for part in parts:
            self.budget.spend(_PART // 10)
            if part is some:
                return some
            if part is (not some):
                continue
            if part[0] == op:
                self.budget.spend(len(part[1]))
                found |= part[1]
            else:
                found.add(part)
        if len(found) > 1:
            return op, frozenset(found)
        return found.pop() if found else not some

    def _above(self, left: int, right: int, strict: bool) -> Order:
        """left > right, or left >= right, which differ where both are the same element."""
        key = left, right, strict
        if key not in self._comparisons:
            self.budget.spend(_PART)
            self._comparisons[key] = self._compared(left, right, strict)
        return self._comparisons[key]

    def _compared(self, left: int, right: int, strict: bool) -> Order:
        for number, other, first in ((left, right, True), (right, left, False)):
            op, *parts = self.formulas.nodes[number]
            if op == "relu":
                op, parts = "max", [self.formulas.number(0), *parts]
            if op in ("min", "max"):
                pairs = [(p, other) if first else (other, p) for p in parts]
                found = [self._above(a, b, strict) for a, b in pairs]
                return self._joined((op == "max") is first, found)
        a, b = self._element(left), self._element(right)
        return not strict if a == b else (a, b)

    def _element(self, number: int) -> int:
        node = self.formulas.nodes[number]
        if node == ("number", 0):
            return self.n
        if node[0] != "x":
            raise NotAnOrderError
        return int(node[1])

    def _split(self, statement: Order) -> Fraction:
        """By a comparison on which it depends, over and over, until partial orders are left."""
        if statement is False:
            return Fraction(0)
        below = self._partial_order(statement)
        if below is not None:
            return self._extensions(below)
        parts = statement[1] if statement[0] == "and" else {statement}
        pair = min(self._least(part, {}) for part in parts if isinstance(part[0], str))
        both = [self._split(self._given(statement, p)) for p in (pair, pair[::-1])]
        return both[0] + both[1]

    def _least(self, statement: Order, known: dict[Order, tuple[int, int]]) -> tuple[int, int]:
        """Of the comparisons in it, so that what is done does not depend on the order of sets."""
        op, inner = statement
        if not isinstance(op, str):
            return op, inner
        if statement not in known:
            self.budget.spend(len(inner))
            known[statement] = min(self._least(part, known) for part in inner)
        return known[statement]

    def _given(self, statement: Order, pair: tuple[int, int]) -> Order:
        """The statement together with a comparison, by which, and by what else is known of the
        order, comparisons inside are told."""
        parts = statement[1] if statement[0] == "and" else {statement}
        plain = {part for part in parts if not isinstance(part[0], str)} | {pair}
        below = self._partial_order(("and", plain))
        assert below is not None
        told = [self._told(part, below, {}) for part in parts - plain]
        return self._joined(False, [*plain, *told])

    def _told(self, statement: Order, below: list[int], known: dict[Order, Order]) -> Order:
        """``known``: of parts that came up before."""
        if statement not in known:
            self.budget.spend(1)
            op, inner = statement
            if isinstance(op, str):
                parts = [self._told(part, below, known) for part in inner]
                known[statement] = self._joined(op == "or", parts)
            elif below[op] >> inner & 1:
                known[statement] = True
            else:
                known[statement] = False if below[inner] >> op & 1 else statement
        return known[statement]

    def below(self, domain: int) -> list[int]:
        """For each element, those that are below it in the whole domain, but for a null set, by
        what its conjuncts say of the order."""
        pairs: set[Order] = set()
        for part in self.formulas.conjuncts(domain):
            try:
                known = self._joined(False, [self.statement(part, True)])
            except NotAnOrderError:
                continue
            if not isinstance(known, bool):
                pairs |= known[1] if known[0] == "and" else {known}
        single = {pair for pair in pairs if not isinstance(pair[0], str)}
        return self._partial_order(("and", single)) or []


def contradict(a: list[int] | None, b: list[int] | None) -> bool:
    """Whether one partial order has an element below another, and the other one above it."""
    if a is None or b is None:
        return False
    return any(
        b[low] >> k & 1 for k, lower in enumerate(a) for low in members(lower) if lower and b[low]
    )
