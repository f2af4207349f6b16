"""Terms with cases: comparisons, suprema, means and samples of them.

Oracle: evaluation branch by branch, at random points.
"""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from support.formulas import number, x

from algzoo_exact.explain.language.cases import cases_of_all, comparison
from algzoo_exact.explain.language.expression import (
    RELATIONS,
    Apply,
    Compare,
    Entry,
    Formula,
    If,
    Relation,
    Term,
    evaluate,
    evaluate_term,
    parts_of,
)

atoms: st.SearchStrategy[Term] = st.one_of(st.integers(-2, 2).map(number), st.integers(0, 2).map(x))
conditions = st.builds(Compare, st.sampled_from(list(RELATIONS)), atoms, atoms)
terms: st.SearchStrategy[Term] = st.recursive(
    atoms,
    lambda part: st.one_of(
        st.builds(If, conditions, part, part),
        st.builds(lambda a, b: Apply("sub", (a, b)), part, part),
        st.builds(lambda a, b: Apply("max", (a, b)), part, part),
        st.builds(lambda a: Apply("abs", (a,)), part),
    ),
    max_leaves=8,
)
points = st.tuples(*[st.integers(-2, 2).map(Fraction)] * 3)


@given(terms, terms, st.sampled_from(list(RELATIONS)), points)
def test_a_comparison_says_the_same_without_cases(
    left: Term, right: Term, op: Relation, point: tuple[Fraction, ...]
) -> None:
    def value(entry: Entry) -> Fraction:
        return point[entry.indices[0]]

    formula: Formula = comparison(op, left, right)
    assert not any(isinstance(part, If) for part in parts_of(formula))
    a, b = (evaluate_term(side, value) for side in (left, right))
    assert evaluate(formula, value) == RELATIONS[op](a, b)


@given(terms, points)
def test_just_one_case_holds_and_has_the_value(term: Term, point: tuple[Fraction, ...]) -> None:
    def value(entry: Entry) -> Fraction:
        return point[entry.indices[0]]

    (found,) = (
        part
        for conditions, (part,) in cases_of_all((term,))
        if all(evaluate(condition, value) for condition in conditions)
    )
    assert evaluate_term(found, value) == evaluate_term(term, value)
