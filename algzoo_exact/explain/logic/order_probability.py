"""The exact probability of statements about the order and the signs of the inputs.

Independent standard normal inputs x[0], .., x[n-1] and the number 0 stand in one of (n+1)! orders.
With k inputs above 0 an order has the probability

    2^-n / (k! (n-k)!),                                                                      (1)

since all sign patterns are equally likely, and given the signs the positive inputs are in random
order, and so are the negative ones. So a statement that depends on the order alone has a rational
probability: the orders in which it holds, counted by k.

Counting goes from the largest element down. Once an element is known to be the next one, every
comparison with an element below it is settled, and the statement simplifies. Where the same
elements are left with the same statement, the count is the same, so that symmetric statements
about ten inputs take thousands of steps in place of 11! orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from math import factorial
from typing import TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Number,
    Term,
    Truth,
    to_text,
)

Order: TypeAlias = "bool | tuple[str, tuple[Order, ...]] | tuple[int, int]"
"""A statement about an order: true or false, ("and" | "or", parts), or (i, j): i is above j.

Elements are the inputs' indices, and n for the number 0. Equality has probability 0, so that the
negation of (i, j) is (j, i), and "and" and "or" are all that is needed.
"""


def order_probability(formula: Formula, n: int, deadline: Deadline = NEVER) -> Fraction:
    """The probability that ``formula`` holds for ``n`` independent standard normal inputs.

    It may compare inputs with each other and with 0, also through min, max and relu, and combine
    such comparisons. InputError for anything else, such as x[0] + x[1] > 0. TimeIsUpError if the
    deadline passes before all orders are counted.
    """
    statement, n = _compact(order_statement(formula, n), n)

    @cache
    def count(left: frozenset[int], statement: Order) -> tuple[int, ...]:
        """Orders of the elements ``left`` in which the statement holds, by the number of them
        above 0; where 0 is not among them, all in the first place."""
        deadline.look()
        inputs = len(left) - (n in left)
        ways = [0] * (inputs + 1 if n in left else 1)
        if isinstance(statement, bool):
            for k in range(len(ways) if statement else 0):
                # 0 has k of the inputs above it, in any order, and the others below.
                ways[k] = factorial(inputs)
            return tuple(ways)
        for top in left:
            rest = count(left - {top}, _with_top(statement, top))
            shift = n in left and top != n
            for k, number in enumerate(rest):
                ways[k + shift] += number
        return tuple(ways)

    counts = count(frozenset(range(n + 1)), statement)
    return sum(
        (
            Fraction(number, 2**n * factorial(k) * factorial(n - k))  # (1)
            for k, number in enumerate(counts)
        ),
        Fraction(0),
    )


def order_statement(formula: Formula, n: int) -> Order:
    """The formula in terms of the order of the inputs and 0; InputError if it is none of these."""
    return _statement(formula, n, positive=True)


def _compact(statement: Order, n: int) -> tuple[Order, int]:
    """The statement about the inputs that occur in it, and their number: whatever the others are,
    these and 0 are in each of their orders with probability (1)."""
    elements = _elements(statement)
    places = {element: k for k, element in enumerate(sorted(elements - {n}))}
    return _renamed(statement, places | {n: len(places)}), len(places)


def _elements(statement: Order) -> set[int]:
    if isinstance(statement, bool):
        return set()
    head, rest = statement
    if isinstance(head, str):
        assert isinstance(rest, tuple)
        return set().union(*map(_elements, rest))
    assert isinstance(rest, int)
    return {head, rest}


def _renamed(statement: Order, names: dict[int, int]) -> Order:
    if isinstance(statement, bool):
        return statement
    head, rest = statement
    if isinstance(head, str):
        assert isinstance(rest, tuple)
        return _join(head, [_renamed(part, names) for part in rest])
    assert isinstance(rest, int)
    return names[head], names[rest]


def _statement(formula: Formula, n: int, *, positive: bool) -> Order:
    if isinstance(formula, Truth):
        return formula.value == positive
    if isinstance(formula, Compare):
        return _comparison(formula, n, positive)
    if formula.op == "not":
        return _statement(formula.args[0], n, positive=not positive)
    if formula.op == "implies":
        first, then = formula.args
        parts = [
            _statement(first, n, positive=not positive),
            _statement(then, n, positive=positive),
        ]
        return _join("or" if positive else "and", parts)
    op = formula.op if positive else {"and": "or", "or": "and"}[formula.op]
    return _join(op, [_statement(part, n, positive=positive) for part in formula.args])


def _comparison(compare: Compare, n: int, positive: bool) -> Order:
    if compare.op in ("==", "!="):
        # Equal only where both sides are the same element of the order.
        below = _above(compare.right, compare.left, n, strict=True)
        above = _above(compare.left, compare.right, n, strict=True)
        differ = _join("or", [above, below])
        return differ if (compare.op == "!=") == positive else _negated(differ)
    left, right = compare.left, compare.right
    if compare.op in ("<", "<="):
        left, right = right, left
    strict = compare.op in ("<", ">")
    if not positive:  # not (left > right) is right >= left
        left, right, strict = right, left, not strict
    return _above(left, right, n, strict=strict)


def _negated(statement: Order) -> Order:
    if isinstance(statement, bool):
        return not statement
    head, rest = statement
    if isinstance(head, str):
        assert isinstance(rest, tuple)
        return _join("or" if head == "and" else "and", [_negated(part) for part in rest])
    assert isinstance(rest, int)
    return (rest, head)


def _above(left: Term, right: Term, n: int, *, strict: bool) -> Order:
    """left > right, or left >= right, which differ where the two are the same element."""
    if isinstance(left, Apply):
        op, parts = _extreme(left)
        joined = "or" if op == "max" else "and"
        return _join(joined, [_above(part, right, n, strict=strict) for part in parts])
    if isinstance(right, Apply):
        op, parts = _extreme(right)
        joined = "and" if op == "max" else "or"
        return _join(joined, [_above(left, part, n, strict=strict) for part in parts])
    a, b = _element(left, n), _element(right, n)
    return not strict if a == b else (a, b)


def _extreme(term: Apply) -> tuple[str, tuple[Term, ...]]:
    if term.op == "relu":
        return "max", (Number(Fraction(0)), *term.args)
    if term.op in ("min", "max"):
        return term.op, term.args
    raise _not_an_order(term)


def _element(term: Term, n: int) -> int:
    if isinstance(term, Number) and term.value == 0:
        return n
    if isinstance(term, Entry) and term.array == "x":
        return term.indices[0]
    raise _not_an_order(term)


def _not_an_order(term: Term) -> InputError:
    return InputError(
        f"{to_text(term)} is no input and not 0; the order of inputs says nothing about it."
    )


def _with_top(statement: Order, top: int) -> Order:
    """The statement, once ``top`` is known to be above all elements that are left."""
    if isinstance(statement, bool):
        return statement
    head, rest = statement
    if isinstance(head, str):
        assert isinstance(rest, tuple)
        return _join(head, [_with_top(part, top) for part in rest])
    return head == top if top in (head, rest) else statement


def _join(op: str, parts: Iterable[Order]) -> Order:
    """The parts joined, simplified, and in an order that depends on nothing but their set."""
    neutral = op == "and"
    found: set[Order] = set()
    for part in parts:
        if isinstance(part, bool):
            if part != neutral:
                return part
        elif part[0] == op:
            assert isinstance(part[1], tuple)
            found.update(part[1])
        else:
            found.add(part)
    if not found:
        return neutral
    if len(found) == 1:
        return found.pop()
    return (op, tuple(sorted(found, key=repr)))
