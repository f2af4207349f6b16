"""Statements decided everywhere and almost everywhere, and what that is made of.

Oracles: exact evaluation at many points, probabilities of orders, and credits by the tie rules.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.formulas import at, every, fails_at, formulas, h, logit, minus, number, x
from support.programs import exact_program, handcrafted_2_2, programs

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.equivalent import agreement, product
from algzoo_exact.explain.language.expression import Apply, Compare, Formula, Logic, Truth, evaluate
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove import decider as decide
from algzoo_exact.explain.prove.decider import Decider, together
from algzoo_exact.explain.prove.facts import Fact, Question, abstractions
from algzoo_exact.explain.prove.labels import cells_in, earns, fails
from algzoo_exact.explain.prove.null_sets import inner_point, off_walls
from algzoo_exact.explain.prove.torch_check import confirmed
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TIE_RULES, Task, TieRule, credit_for, index_tasks

Point = tuple[Fraction, ...]
EVERYWHERE = Truth(True)
SHARED_FIXTURE = HealthCheck.function_scoped_fixture  # it is the same for all examples, as meant


def generic_point(random: Random, n: int) -> Point:
    """On no wall with small integer coefficients, but for a chance that does not matter."""
    return tuple(Fraction(random.randint(-(10**9), 10**9), 10**8) for _ in range(n))


def check_decision(
    decision: Outcome, program: Program, statement: Formula, domain: Formula, *, almost: bool
) -> None:
    random = Random(3)
    if decision.witness is not None:
        point = decision.witness
        assert decision.verdict.status == "refuted"
        assert fails_at(program, statement, domain, point)
        if almost:  # and so it does around the point
            step = Fraction(1, 2)
            for _ in range(200):
                near = [
                    tuple(v + step * Fraction(random.randint(-99, 99), 99) for v in point)
                    for _ in range(8)
                ]
                if all(fails_at(program, statement, domain, p) for p in near):
                    return
                step /= 2
            raise AssertionError("no neighbourhood fails")
    elif decision.verdict.status == "proved":
        for _ in range(60):
            point = generic_point(random, program.seq_len)
            assert not fails_at(program, statement, domain, point)


@pytest.fixture(params=[True, False], ids=["cells first", "no cells"])
def with_cells(request: pytest.FixtureRequest) -> Iterator[bool]:
    """Without cells, two inputs are decided as ten are."""
    with patch.object(decide, "FEW_INPUTS", decide.FEW_INPUTS if request.param else 0):
        yield request.param


@pytest.mark.slow
@settings(max_examples=40, deadline=None, suppress_health_check=[SHARED_FIXTURE])
@given(st.data())
def test_everywhere_and_almost_everywhere(with_cells: bool, data: st.DataObject) -> None:
    program = data.draw(programs(d=(1, 2), n=(2, 2)))
    domain, statement = data.draw(formulas(program)), data.draw(formulas(program))
    decider = Decider(program, 5.0)
    strict = decider.decide(Question(statement, domain))
    loose = decider.decide(Question(statement, domain), almost=True)
    check_decision(strict, program, statement, domain, almost=False)
    check_decision(loose, program, statement, domain, almost=True)
    assert (strict.verdict.status, loose.verdict.status) not in (
        ("proved", "refuted"),
        ("refuted", "unknown"),
    )


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_facts_change_no_answer(data: st.DataObject) -> None:
    """What the program computes at step 0 and 1, given as facts."""
    program = data.draw(programs(d=(1, 2), n=(2, 2)))
    domain, statement = data.draw(formulas(program)), data.draw(formulas(program))
    known = []
    for j in range(program.hidden_size):
        first = Apply("mul", (number(program.input_weights[j]), x(0)))
        known.append(Fact(Compare("==", h(0, j), Apply("relu", (first,)))))
        known.append(Fact(Compare(">=", h(1, j), number(0))))
    decider = Decider(program, 5.0)
    with patch.object(decide, "FEW_INPUTS", 0):  # cells do not use facts
        without = decider.decide(Question(statement, domain))
        with_facts = decider.decide(Question(statement, domain, known))
    check_decision(with_facts, program, statement, domain, almost=False)
    assert without.verdict.status == with_facts.verdict.status


def test_facts_take_the_programs_place() -> None:
    """Nothing of the program is left in a statement about entries that facts give."""
    program = handcrafted_2_2()
    known = [
        Fact(Compare("==", Apply("add", (h(0, 0), h(0, 1))), Apply("abs", (x(0),)))),
        Fact(Compare("==", h(0, 1), Apply("relu", (minus(number(0), x(0)),)))),
        Fact(Compare(">=", h(1, 0), number(0))),
    ]
    statement = Compare(">=", logit(0), number(0))
    (use,) = abstractions(program, Question(statement, facts=known))
    assert dict(use.defined).keys() == {h(0, 0), h(0, 1)} or set(use.free) == {h(1, 0)}
    both = abstractions(program, Question(Compare(">=", h(0, 0), h(0, 1)), facts=known))
    first = next(both)
    assert dict(first.defined).keys() == {h(0, 0), h(0, 1)}
    assert not first.free


@patch.object(decide, "FEW_INPUTS", 0)
def test_no_definition_leads_back_to_itself() -> None:
    program = handcrafted_2_2()
    known = [
        Fact(Compare("==", h(0, 0), Apply("sub", (h(0, 1), minus(number(0), x(0)))))),
        Fact(Compare("==", h(0, 1), Apply("sub", (h(0, 0), x(0))))),
    ]
    statement = Compare("==", minus(h(0, 0), h(0, 1)), x(0))
    assert Decider(program, 5.0).decide(Question(statement, facts=known)).verdict.status == "proved"


# --- null sets ---


def test_an_inner_point_or_the_walls() -> None:
    program = handcrafted_2_2()
    line = every(Compare("==", x(0), x(1)), Compare(">", x(0), number(0)))
    point, walls = inner_point(program, line, (Fraction(1), Fraction(1)))
    assert point is None
    difference = Apply("add", (x(0), Apply("mul", (number(-1), x(1)))))
    assert walls == (Compare("!=", difference, number(0)),)
    off = off_walls(line, walls)
    assert not evaluate(off, at(program, (Fraction(1), Fraction(1))))
    half = Compare(">=", x(0), x(1))
    point, walls = inner_point(program, half, (Fraction(1), Fraction(1)))
    assert point is not None
    assert point[0] > point[1]
    assert not walls


def test_a_tie_that_is_no_wall() -> None:
    """All states are 0 for negative inputs: two logits are equal there, and around there."""
    program = exact_program([1], [[0]], [[1], [2]], 2)
    tied = Compare("==", logit(0), logit(1))
    point = (Fraction(-1), Fraction(-1))
    assert inner_point(program, tied, point) == (point, ())


# --- orders ---


@st.composite
def orders(draw: st.DrawFn, n: int) -> Formula:
    """Conjunctions of comparisons of inputs, 0, and their maxima."""
    terms = [*(x(i) for i in range(n)), number(0)]
    parts: list[Formula] = []
    for _ in range(draw(st.integers(2, 4))):
        left, right = draw(st.sampled_from(terms)), draw(st.sampled_from(terms))
        sort = draw(st.integers(0, 4))
        if sort == 0:
            left = Apply("min", (left, draw(st.sampled_from(terms))))
        if sort == 1:
            right = Apply("max", (right, draw(st.sampled_from(terms))))
        if sort == 2:
            right = Apply("relu", (right,))
        compared = Compare(draw(st.sampled_from(["<", "<=", ">", ">="])), left, right)
        parts.append(Logic("not", (compared,)) if draw(st.integers(0, 3)) == 0 else compared)
    return every(*parts)


@settings(max_examples=150, deadline=None)
@given(orders(3))
def test_what_follows_about_the_order(domain: Formula) -> None:
    """Oracle: probabilities of orders, counted one by one."""
    if order_probability(domain, 3) == 0:
        return
    order = OrderFacts(domain, 3)
    terms = [*(x(i) for i in range(3)), number(0)]
    for part in order.implied():
        assert order_probability(every(domain, Logic("not", (part,))), 3) == 0
    for i, above in enumerate(terms):
        for j, below in enumerate(terms):
            if order.excludes(i, j):
                against = every(domain, Compare(">", above, below))
                assert i == j or order_probability(against, 3) == 0


def test_the_order_of_a_chain_is_known_in_full() -> None:
    chain = every(*(Compare(">=", x(i), x(i + 1)) for i in range(4)), Compare(">", x(4), number(0)))
    order = OrderFacts(chain, 5)
    assert all(order.excludes(j, i) for i in range(6) for j in range(i + 1, 6))
    assert not any(order.excludes(i, j) for i in range(6) for j in range(i + 1, 6))
    assert list(order.example()) == sorted(order.example(), reverse=True)
    assert min(order.example()) > 0


# --- labels ---


@pytest.mark.parametrize("ties", TIE_RULES)
def test_credit_as_formulas(ties: TieRule) -> None:
    """Oracle: credit_for, on small integer logits with many ties."""
    program = exact_program([1, -1], [[0, 0], [0, 0]], [[2, 0], [0, 1], [1, 1]], 3)
    random = Random(0)
    seen = set()
    for _ in range(60):
        values = at(program, tuple(Fraction(random.randint(-1, 1)) for _ in range(3)))
        logits = [values(logit(k)) for k in range(3)]
        winners = frozenset(k for k in range(3) if logits[k] == max(logits))
        for label in range(3):
            credit = credit_for(label, winners, ties)
            assert evaluate(earns(label, 3, ties), values) == (credit == 1)
            assert evaluate(fails(label, 3, ties), values) == (credit == 0)
            seen.add(credit)
    assert {0, 1} <= seen


@pytest.mark.parametrize("name", index_tasks())
def test_label_cells_of_a_domain(name: str) -> None:
    """Each point of the domain is in one cell, that of its label."""
    task, random = Task(name, 5), Random(1)
    domain = every(Compare(">", x(0), x(1)), Compare(">", x(1), x(2)))
    kept = list(cells_in(task, domain))
    assert len(kept) < len(list(cells_in(task, EVERYWHERE))) or name == "argoutlier"
    program = exact_program([1], [[0]], [[0]] * 5, 5)
    for _ in range(50):
        values = at(program, point := generic_point(random, 5))
        labels = [cell.label for cell, inside in kept if evaluate(inside, values)]
        if evaluate(domain, values):
            assert labels == [task.label(point)]


# --- two programs as one ---


def test_the_product_runs_both() -> None:
    first = handcrafted_2_2()
    second = exact_program(
        [2, 1, -1], [[1, 0, 3], [0, -1, 1], [2, 1, 0]], [[1, 2, 0], [0, 1, 1]], 2
    )
    both = product(first, second)
    point = (Fraction(3, 7), Fraction(-5, 2))
    traces = [program.evaluate(point) for program in (first, second, both)]
    assert traces[2].logit == traces[0].logit + traces[1].logit
    assert traces[2].h == tuple(a + b for a, b in zip(traces[0].h, traces[1].h, strict=True))
    with pytest.raises(InputError, match="as many inputs and outputs"):
        product(first, az.load("handcrafted:2nd_argmax_3").program)


@pytest.mark.parametrize("ties", TIE_RULES)
def test_agreement_on_labels(ties: TieRule) -> None:
    """Oracle: the greatest logits of both, on all pairs of small integer logits."""
    same = agreement(2, "labels", ties)
    for code in range(81):
        values = [code // 3**k % 3 for k in range(4)]
        found = evaluate(same, lambda entry, v=values: Fraction(v[entry.indices[0]]))
        tops = [{k for k in range(2) if part[k] == max(part)} for part in (values[:2], values[2:])]
        if ties == "lowest":
            assert found == (min(tops[0]) == min(tops[1]))
        else:
            assert found == (tops[0] == tops[1])


# --- the rest ---


def test_several_statements_together() -> None:
    program = handcrafted_2_2()
    decider = Decider(program, 5.0)
    true, false = Compare(">=", h(0, 0), number(0)), Compare(">", h(0, 0), number(0))
    assert together(iter([])).verdict.status == "unknown"  # nothing is proved by nothing
    assert (
        together(map(decider.decide, [Question(true), Question(true)])).verdict.status == "proved"
    )
    asked = []

    def each() -> object:
        for statement in (true, false, true):
            asked.append(statement)
            yield decider.decide(Question(statement))

    assert together(each()).witness is not None  # type: ignore[arg-type]
    assert len(asked) == 2


def test_torch_computes_the_same_program() -> None:
    """On small integers, float64 is exact."""
    program = exact_program([1, -2], [[3, -1], [2, 1]], [[1, 2], [-1, 1]], 2)
    point = (Fraction(2), Fraction(-3))
    trace = program.evaluate(point)
    for entry, value in (
        (x(1), trace.x[1]),
        (h(0, 0), trace.h[0][0]),
        (h(1, 1), trace.h[1][1]),
        (logit(0), trace.logit[0]),
    ):
        assert not confirmed(program, Compare("==", entry, number(value)), EVERYWHERE, point)
        assert confirmed(program, Compare("!=", entry, number(value)), EVERYWHERE, point)
    # 10^400 is beyond float64.
    huge = Compare("==", x(0), number(0))
    assert not confirmed(program, huge, EVERYWHERE, (Fraction(10) ** 400, Fraction(0)))
