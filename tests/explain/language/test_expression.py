"""Ground expressions: exact evaluation, and text that parses back to the same.

The oracle of evaluation builds each value beside its expression, by plain arithmetic on Fractions.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.formulas import expand

from algzoo_exact.explain.language.expression import (
    ARRAYS,
    Apply,
    Array,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    Truth,
    entries,
    evaluate,
    evaluate_term,
    to_text,
    values_of,
)
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.program.ir import rnn

SIZES = Sizes(4, 3, 4)
T = TypeVar("T")

fractions = st.fractions(-9, 9, max_denominator=7)


def value_of(entry: Entry) -> Fraction:
    """Some value for each entry."""
    spread = sum(7**k * i for k, i in enumerate(entry.indices))
    return Fraction(list(ARRAYS).index(entry.array) - 3 * spread, 4)


@st.composite
def array_entries(draw: st.DrawFn) -> Entry:
    array: Array = draw(st.sampled_from(sorted(ARRAYS)))  # type: ignore[arg-type]
    shape = SIZES.shape(array)
    least = -1 if array == "h" else 0
    first = draw(st.integers(least, shape[0] - 1))
    return Entry(array, (first, *(draw(st.integers(0, size - 1)) for size in shape[1:])))


leaves = st.one_of(
    fractions.map(lambda v: (Number(v), v)), array_entries().map(lambda e: (e, value_of(e)))
)


def product(values: list[Fraction]) -> Fraction:
    result = Fraction(1)
    for value in values:
        result *= value
    return result


MEANING = {
    "add": (2, 4, sum),
    "sub": (2, 2, lambda v: v[0] - v[1]),
    "mul": (2, 3, product),
    "neg": (1, 1, lambda v: 0 - v[0]),
    "min": (1, 4, lambda v: sorted(v)[0]),
    "max": (1, 4, lambda v: sorted(v)[-1]),
    "relu": (1, 1, lambda v: v[0] if v[0] > 0 else Fraction(0)),
    "abs": (1, 1, lambda v: v[0] if v[0] > 0 else -v[0]),
}
SIGNS = {
    "<": lambda s: s < 0,
    "<=": lambda s: s <= 0,
    ">": lambda s: s > 0,
    ">=": lambda s: s >= 0,
    "==": lambda s: s == 0,
    "!=": lambda s: s != 0,
}
TABLES = {
    "and": (2, 4, lambda v: False not in v),
    "or": (2, 4, lambda v: True in v),
    "not": (1, 1, lambda v: v == [False]),
    "implies": (2, 2, lambda v: v != [True, False]),
}


@st.composite
def applied(draw: st.DrawFn, parts: st.SearchStrategy[tuple[Term, Fraction]]) -> object:
    op = draw(st.sampled_from(sorted(MEANING)))
    least, most, meaning = MEANING[op]
    chosen = draw(st.lists(parts, min_size=least, max_size=most))
    return Apply(op, tuple(e for e, _ in chosen)), meaning([v for _, v in chosen])  # type: ignore[arg-type]


terms = st.recursive(leaves, applied, max_leaves=12)


@st.composite
def compared(draw: st.DrawFn) -> object:
    op = draw(st.sampled_from(sorted(SIGNS)))
    (left, a), (right, b) = draw(terms), draw(terms)
    return Compare(op, left, right), SIGNS[op](a - b)  # type: ignore[arg-type]


@st.composite
def connected(draw: st.DrawFn, parts: st.SearchStrategy[tuple[Formula, bool]]) -> object:
    op = draw(st.sampled_from(sorted(TABLES)))
    least, most, meaning = TABLES[op]
    chosen = draw(st.lists(parts, min_size=least, max_size=most))
    return Logic(op, tuple(e for e, _ in chosen)), meaning([v for _, v in chosen])  # type: ignore[arg-type]


formulas = st.recursive(
    st.booleans().map(lambda v: (Truth(v), v)) | compared(), connected, max_leaves=6
)


@given(terms)
def test_terms_have_the_value_that_arithmetic_gives(pair: tuple[Term, Fraction]) -> None:
    term, value = pair
    assert evaluate_term(term, value_of) == value


@given(formulas)
def test_formulas_have_the_value_that_tables_give(pair: tuple[Formula, bool]) -> None:
    formula, value = pair
    assert evaluate(formula, value_of) is value


@given(terms | formulas)
def test_text_parses_back(pair: tuple[Term | Formula, object]) -> None:
    expression, _ = pair
    text = to_text(expression)
    assert expand(parse(text), {}, {}, SIZES) == expression, text


@given(terms | formulas)
def test_entries_are_those_asked_for(pair: tuple[Term | Formula, object]) -> None:
    """Oracle: the text names each of them."""
    found = entries(pair[0])
    text = to_text(pair[0])
    assert all(to_text(entry) in text for entry in found)
    assert sum(text.count(f"{name}[") for name in ARRAYS) >= len(found)
    assert bool(found) == ("[" in text)


def test_values_of_a_program() -> None:
    program = rnn(
        (Fraction(1), Fraction(-2)),
        ((Fraction(3), Fraction(4)), (Fraction(5), Fraction(-6))),
        ((Fraction(7), Fraction(8)), (Fraction(9), Fraction(10))),
        seq_len=2,
    )
    value = values_of(program, program.evaluate([Fraction(1, 2), 3]))
    # By hand: z0 = (1/2, -1), h0 = (1/2, 0); z1 = (9/2, -7/2), h1 = (9/2, 0).
    by_hand = {
        Entry("x", (1,)): 3,
        Entry("z", (0, 1)): -1,
        Entry("z", (1, 1)): Fraction(-7, 2),
        Entry("h", (-1, 1)): 0,
        Entry("h", (0, 0)): Fraction(1, 2),
        Entry("h", (1, 0)): Fraction(9, 2),
        Entry("logit", (1,)): Fraction(81, 2),
        Entry("W_hi", (1,)): -2,
        Entry("W_hh", (0, 1)): 4,
        Entry("W_oh", (1, 0)): 9,
    }
    assert {entry: value(entry) for entry in by_hand} == by_hand


@pytest.mark.parametrize(
    "build",
    [
        lambda: Entry("x", (0, 0)),
        lambda: Entry("x", (-1,)),
        lambda: Entry("h", (-2, 0)),
        lambda: Apply("sub", (Number(Fraction(1)),)),
        lambda: Apply("relu", ()),
        lambda: Logic("not", (Truth(True), Truth(True))),
        lambda: Number(0.5),
    ],
)
def test_malformed_expressions_are_not_built(build: object) -> None:
    with pytest.raises(AssertionError):
        build()  # type: ignore[operator]
