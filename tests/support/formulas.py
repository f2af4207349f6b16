"""Short ways to write ground expressions in tests, and hypothesis strategies for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import permutations
from math import factorial
from random import Random

from hypothesis import strategies as st

from algzoo_exact.explain.language.expand import Definitions, Expander
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    evaluate,
    values_of,
)
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.syntax import Surface
from algzoo_exact.program.ir import Program

ZERO = Number(Fraction(0))


def expand(
    surface: Surface, definitions: Definitions, parameters: Mapping[str, int], sizes: Sizes
) -> Term | Formula:
    """One expression, written out."""
    return Expander(definitions, sizes).expand(surface, parameters)


def x(i: int) -> Entry:
    return Entry("x", (i,))


def h(t: int, j: int) -> Entry:
    return Entry("h", (t, j))


def logit(k: int) -> Entry:
    return Entry("logit", (k,))


def number(value: int | Fraction) -> Number:
    return Number(Fraction(value))


def minus(a: Term, b: Term) -> Term:
    return Apply("sub", (a, b))


def greatest(*terms: Term) -> Term:
    return Apply("max", terms)


def every(*parts: Formula) -> Formula:
    return Logic("and", parts) if len(parts) > 1 else parts[0]


def implies(a: Formula, b: Formula) -> Formula:
    return Logic("implies", (a, b))


def second_is(i: int, first: int, n: int) -> Formula:
    """x[first] > x[i] > every other input."""
    others = (Compare(">", x(i), x(k)) for k in range(n) if k not in (i, first))
    return every(Compare(">", x(first), x(i)), *others)


def at(program: Program, point: tuple[Fraction, ...]) -> Callable[[Entry], Fraction]:
    return values_of(program, program.evaluate(point))


def fails_at(
    program: Program, statement: Formula, domain: Formula, point: tuple[Fraction, ...]
) -> bool:
    """Whether the point is in the domain, and the statement false there."""
    values = at(program, point)
    return evaluate(domain, values) and not evaluate(statement, values)


def random_point(random: Random, n: int) -> tuple[Fraction, ...]:
    return tuple(Fraction(random.randint(-40, 40), random.randint(1, 12)) for _ in range(n))


@st.composite
def terms(draw: st.DrawFn, program: Program, depth: int = 2) -> Term:
    n, d, k = program.seq_len, program.hidden_size, program.outputs
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        t, j = draw(st.integers(-1, n - 1)), draw(st.integers(0, d - 1))
        leaves: list[Term] = [x(draw(st.integers(0, n - 1))), h(t, j), Entry("z", (max(t, 0), j))]
        leaves += [logit(draw(st.integers(0, k - 1))), Entry("W_hh", (j, 0)), Entry("W_hi", (j,))]
        return draw(st.sampled_from([*leaves, number(draw(st.integers(-3, 3)))]))
    op = draw(st.sampled_from(["add", "sub", "neg", "min", "max", "relu", "abs", "mul"]))
    inner = terms(program, depth - 1)
    if op == "mul":
        return Apply("mul", (number(Fraction(draw(st.integers(-4, 4)), 2)), draw(inner)))
    if op in ("neg", "relu", "abs"):
        return Apply(op, (draw(inner),))
    return Apply(op, tuple(draw(inner) for _ in range(3 if op in ("min", "max") else 2)))


@st.composite
def formulas(draw: st.DrawFn, program: Program, depth: int = 1) -> Formula:
    if depth == 0 or draw(st.booleans()):
        op = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
        return Compare(op, draw(terms(program)), draw(terms(program)))
    op = draw(st.sampled_from(["and", "or", "implies", "not"]))
    inner = formulas(program, depth - 1)
    return Logic(op, tuple(draw(inner) for _ in range(1 if op == "not" else 2)))


def by_all_orders(formula: Formula, n: int) -> Fraction:
    """The probability of a statement about order: every order of the inputs and 0, with the values
    of a point in it."""
    total = Fraction(0)
    for order in permutations(range(n + 1)):
        zero = order.index(n)
        values = {i: Fraction(zero - place) for place, i in enumerate(order)}
        if evaluate(formula, lambda entry, values=values: values[entry.indices[0]]):
            total += Fraction(1, 2**n * factorial(zero) * factorial(n - zero))
    return total


def order_terms(n: int) -> st.SearchStrategy[Term]:
    """Inputs and 0, and min, max and relu of such."""
    leaves: st.SearchStrategy[Term] = st.one_of(st.just(ZERO), st.integers(0, n - 1).map(x))

    def larger(inner: st.SearchStrategy[Term]) -> st.SearchStrategy[Term]:
        several = st.lists(inner, min_size=1, max_size=3).map(tuple)
        return st.one_of(
            st.builds(Apply, st.sampled_from(["min", "max"]), several),
            st.builds(lambda arg: Apply("relu", (arg,)), inner),
        )

    return st.recursive(leaves, larger, max_leaves=4)


def order_formulas(n: int) -> st.SearchStrategy[Formula]:
    """Comparisons of such terms, and their combinations."""
    relations = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])
    leaves = st.builds(Compare, relations, order_terms(n), order_terms(n))

    def larger(inner: st.SearchStrategy[Formula]) -> st.SearchStrategy[Formula]:
        several = st.lists(inner, min_size=2, max_size=3).map(tuple)
        return st.one_of(
            st.builds(Logic, st.sampled_from(["and", "or"]), several),
            st.builds(lambda a, b: Logic("implies", (a, b)), inner, inner),
            st.builds(lambda a: Logic("not", (a,)), inner),
        )

    return st.recursive(leaves, larger, max_leaves=5)
