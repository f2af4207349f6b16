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

from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from functools import cache
from math import factorial
from typing import Literal, NamedTuple, TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Entry,
    Formula,
    Logic,
    Number,
    Relation,
    Term,
    Truth,
    to_text,
)


class Above(NamedTuple):
    """Element i of the order is above element j, or where not ``strict`` it may be the same.

    Elements are the inputs' indices, and n for the number 0.
    """

    i: int
    j: int
    strict: bool = True


class Joined(NamedTuple):
    """All (``and``) or some (``or``) of two statements or more."""

    op: Literal["and", "or"]
    parts: frozenset[Order]


Order: TypeAlias = "bool | Above | Joined"
"""A statement about an order. The negation of a comparison is one, so that there is no ``not``."""

_NEGATED: dict[Relation, Relation] = {
    "<": ">=", ">=": "<", ">": "<=", "<=": ">", "==": "!=", "!=": "==",
}  # fmt: skip


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


def _compact(statement: Order, n: int) -> tuple[Order, int]:
    """The statement about the inputs that occur in it, and their number: whatever the others are,
    these and 0 are in each of their orders with probability (1). Equality has probability 0."""
    inputs = {element for part in _comparisons(statement) for element in part[:2]} - {n}
    place = {element: k for k, element in enumerate(sorted(inputs))} | {n: len(inputs)}
    return _replaced(statement, lambda part: Above(place[part.i], place[part.j])), len(inputs)


def _with_top(statement: Order, top: int) -> Order:
    """The statement, once ``top`` is known to be above all elements that are left."""
    return _replaced(statement, lambda part: part.i == top if top in part[:2] else part)


def _comparisons(statement: Order) -> Iterator[Above]:
    if isinstance(statement, Above):
        yield statement
    elif isinstance(statement, Joined):
        for part in statement.parts:
            yield from _comparisons(part)


def _replaced(statement: Order, replacement: Callable[[Above], Order]) -> Order:
    """The statement with others in the place of its comparisons."""
    if isinstance(statement, Above):
        return replacement(statement)
    if isinstance(statement, Joined):
        return _join(statement.op, (_replaced(part, replacement) for part in statement.parts))
    return statement


def _join(op: Literal["and", "or"], parts: Iterable[Order]) -> Order:
    """The parts joined, and simplified."""
    neutral = op == "and"
    found: set[Order] = set()
    for part in parts:
        if isinstance(part, bool):
            if part != neutral:
                return part
        elif isinstance(part, Joined) and part.op == op:
            found |= part.parts
        else:
            found.add(part)
    if len(found) > 1:
        return Joined(op, frozenset(found))
    return found.pop() if found else neutral


def order_statement(formula: Formula, n: int, *, weaken: bool = False) -> Order:
    """The formula in terms of the order of the inputs and 0.

    Comparisons of other terms are InputErrors, or if ``weaken`` are left out: then the statement
    follows from the formula.
    """

    def read(formula: Formula, positive: bool) -> Order:
        """The formula, or if not ``positive`` its negation."""
        match formula:
            case Truth(value):
                return value == positive
            case Logic("not", (part,)):
                return read(part, not positive)
            case Logic("implies", (first, then)):
                parts = read(first, not positive), read(then, positive)
                return _join("or" if positive else "and", parts)
            case Logic(word, args):
                op: Literal["and", "or"] = "and" if (word == "and") == positive else "or"
                return _join(op, [read(part, positive) for part in args])
        left, right = formula.left, formula.right
        relation = formula.op if positive else _NEGATED[formula.op]
        match relation:
            case "==" | "!=":
                strict = relation == "!="
                sides = above(left, right, strict), above(right, left, strict)
                return _join("or" if strict else "and", sides)
            case ">" | ">=":
                return above(left, right, relation == ">")
            case "<" | "<=":
                return above(right, left, relation == "<")

    def above(left: Term, right: Term, strict: bool) -> Order:
        """left > right, or left >= right, which differ where the two are the same element."""
        for side in (left, right):
            if isinstance(side, Apply) and side.op in ("min", "max", "relu"):
                parts = (Number(Fraction(0)), *side.args) if side.op == "relu" else side.args
                some = (side.op == "min") == (side is right)
                sides = ((part, right) if side is left else (left, part) for part in parts)
                return _join("or" if some else "and", [above(*pair, strict) for pair in sides])
        elements = [element(term) for term in (left, right)]
        if None in elements and weaken:
            return True
        i, j = elements
        if i is None or j is None:
            wrong = to_text(left if i is None else right)
            raise InputError(
                f"{wrong} is no input and not 0; the order of inputs says nothing about it."
            )
        return not strict if i == j else Above(i, j, strict)

    def element(term: Term) -> int | None:
        if isinstance(term, Number) and term.value == 0:
            return n
        return term.indices[0] if isinstance(term, Entry) and term.array == "x" else None

    return read(formula, True)
