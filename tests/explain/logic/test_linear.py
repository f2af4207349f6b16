"""Terms and formulas as linear forms over atoms. Oracle: exact evaluation of the expressions."""

from __future__ import annotations

from fractions import Fraction
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from support.formulas import ZERO, at, formulas, logit, random_point, x
from support.programs import exact_program, handcrafted_4_3, programs

from algzoo_exact.explain.language.expression import Compare, Entry, evaluate
from algzoo_exact.explain.logic.conditions import Form, Sign, holds
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.system import Maximum
from algzoo_exact.explain.prove.counterexamples import shorten, walk


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_forms_have_the_values_of_their_terms(data: st.DataObject) -> None:
    program = data.draw(programs(d=(1, 2), n=(2, 2)))
    domain, formula = data.draw(formulas(program)), data.draw(formulas(program))
    linear = Linear(program)
    given_condition = linear.condition(domain)
    linear.tighten(given_condition)
    condition = linear.condition(formula)
    system = linear.system([given_condition, condition])
    random = Random(0)
    for _ in range(20):
        values = at(program, random_point(random, 2))
        known = system.values(values)
        of_domain, of_formula = (holds(condition, known) for condition in system.conditions)
        assert of_domain == evaluate(domain, values)
        assert not of_domain or of_formula == evaluate(formula, values)


def test_neurons_with_the_same_zero_set_share_an_atom() -> None:
    """By construction neurons 0 and 3, and 1 and 2, are relu of a value and of its negation."""
    linear = Linear(handcrafted_4_3())
    linear.entry(logit(0))
    assert sum(isinstance(atom, Maximum) for atom in linear.atoms) == 1 + 2 + 2  # step 0: one sign


def test_known_signs_fix_neurons() -> None:
    program = exact_program([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 1]], 2)
    linear = Linear(program)
    for condition in (Compare(">", x(0), ZERO), Compare(">", x(1), x(0))):
        linear.tighten(linear.condition(condition))
    assert linear.condition(Compare(">", logit(0), logit(1))) is True
    assert not any(isinstance(atom, Maximum) for atom in linear.atoms)


def test_weights_that_are_zero_do_not_count() -> None:
    program = exact_program([1, 1], [[1, 0], [0, 1]], [[1, 0], [0, 1]], 2)
    linear = Linear(program)
    condition = linear.condition(Compare(">", logit(0), ZERO))
    assert len(linear.system([condition]).atoms) == 4  # x[0], h[0][0], x[1], h[1][0]
    assert Entry("h", (0, 1)) not in linear.atoms


def test_a_walk_stays_in_its_piece() -> None:
    """In x0 > x1 > x2 > 0 and the unit cube; it gets around: half of the range of x0 and more."""
    one = Fraction(1)
    rows = [Sign(Form(((0, one), (1, -one))), ">"), Sign(Form(((1, one), (2, -one))), ">")]
    rows.append(Sign(Form(((2, one),)), ">"))
    start = {0: Fraction(3, 4), 1: Fraction(1, 2), 2: Fraction(1, 4)}
    points = list(walk(rows, start, one, 100))
    assert all(1 >= at[0] > at[1] > at[2] > 0 for at in points)
    assert max(at[0] for at in points) - min(at[0] for at in points) > Fraction(1, 2)


def test_rounding_takes_the_first_that_still_refutes() -> None:
    point = (Fraction(2, 3), Fraction(1, 7))
    near = shorten(point, lambda p: abs(p[0] - point[0]) < Fraction(1, 100), homogeneous=False)
    assert near == (Fraction(0.67), Fraction(0.14))
    assert shorten(point, lambda p: p == point, homogeneous=False) is None
