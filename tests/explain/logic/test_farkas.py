"""Refutations by cases and Farkas multipliers: against exact evaluation, z3, and tampering."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import cache
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.formulas import (
    ZERO,
    at,
    every,
    formulas,
    greatest,
    h,
    implies,
    logit,
    minus,
    number,
    random_point,
    second_is,
    x,
)
from support.programs import exact_program, handcrafted_2_2, programs, random_program
from support.proofs import prove, prove_free

from algzoo_exact.explain.language.expression import Apply, Compare, Formula, evaluate
from algzoo_exact.explain.logic.conditions import Condition, Form, Junction, Sign
from algzoo_exact.explain.logic.farkas import (
    Abstraction,
    Leaf,
    Refutation,
    Rows,
    Split,
    check_refutation,
    system_about,
)
from algzoo_exact.explain.logic.farkas_search import refutation
from algzoo_exact.explain.logic.system import Maximum, System
from algzoo_exact.explain.logic.z3_solver import solve
from algzoo_exact.explain.prove import prover
from algzoo_exact.program.ir import Program
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax

ONE = Fraction(1)


def z3_says(system: System) -> str:
    """Whether the system has a solution. Oracle: z3, on maxima written out by smt.py."""
    return solve(system, 20, 1000).status


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_found_just_where_there_is_no_solution(data: st.DataObject) -> None:
    """Oracles: z3; and exact evaluation of the program at 50 points."""
    program = data.draw(programs(d=(1, 2), n=(2, 2)))
    domain, statement = data.draw(formulas(program)), data.draw(formulas(program))
    system = system_about(program, statement, domain=domain)
    found = refutation(system, seconds=20)
    assert (found is not None) == (z3_says(system) == "unsat")
    if found is not None:
        assert check_refutation(found) is None
        random = Random(0)
        for _ in range(50):
            values = at(program, random_point(random, 2))
            assert not evaluate(domain, values) or evaluate(statement, values)


def test_linear_systems() -> None:
    """Without any choices: rows of three variables, with constants. Oracle: z3."""
    random = Random(4)
    atoms = tuple(x(i) for i in range(3))
    answers = set()
    for _ in range(150):
        rows: list[Condition] = []
        for _ in range(random.randint(3, 7)):
            terms = tuple((i, Fraction(c)) for i in range(3) if (c := random.randint(-3, 3)))
            op: Any = random.choice([">", ">", ">=", ">=", "=="])
            rows.append(Sign(Form(terms, Fraction(random.choice([0, 0, 1, -2]))), op))
        system = System(atoms, tuple(rows))
        found = refutation(system)
        answers.add(found is None)
        assert (found is None) == (z3_says(system) == "sat")
        assert found is None or len(found.steps) == 1, "one leaf"
    assert answers == {True, False}


def test_margins_below_what_floats_can_tell() -> None:
    """(1 + 2^-70) x0 <= x1 <= x0 and x0 > 0: no solution, by 2^-70."""
    slope = 1 + Fraction(1, 2**70)
    rows = (
        Sign(Form(((0, -slope), (1, ONE))), ">="),
        Sign(Form(((0, ONE), (1, -ONE))), ">="),
        Sign(Form(((0, ONE),)), ">"),
    )
    system = System((x(0), x(1)), rows)
    found = refutation(system)
    assert found is not None
    assert found.steps == (Leaf(((0, 2**70), (1, 2**70), (2, 1))),)
    assert refutation(system, exact=False) is None
    touching = replace(system, conditions=(*rows[:2], Sign(rows[2].form, ">=")))
    assert refutation(touching) is None, "0 is a solution"


def true_statements() -> list[tuple[Program, Formula, Formula]]:
    """(program, statement, domain): true by the models' construction."""
    program = handcrafted_2_2()
    pair = every(
        implies(Compare(">", x(0), x(1)), Compare(">", logit(1), logit(0))),
        implies(Compare("<", x(0), x(1)), Compare("<", logit(1), logit(0))),
        Compare("==", logit(0), minus(x(1), x(0))),
    )
    everywhere = Compare("==", ZERO, ZERO)
    ten = handcrafted_second_argmax(10)
    rivals = [Compare(">", logit(3), logit(k)) for k in range(10) if k != 3]
    positive = every(second_is(3, 7, 10), Compare(">", x(3), ZERO))
    wild = random_program(np.random.default_rng(3), 3, 2)
    bound = Apply("mul", (number(10**4), greatest(*(Apply("abs", (x(i),)) for i in range(2)))))
    return [
        (program, pair, everywhere),
        (ten, every(*rivals[:2]), positive),
        (wild, Compare("<=", Apply("abs", (logit(0),)), bound), everywhere),
    ]


@cache
def examples() -> list[tuple[System, Refutation]]:
    found = []
    for program, statement, domain in true_statements():
        system = system_about(program, statement, domain=domain)
        tree = refutation(system, seconds=60)
        assert tree is not None
        found.append((system, tree))
    return found


def test_statements_that_are_true_by_construction() -> None:
    for system, tree in examples():
        assert tree.system == system
        assert check_refutation(tree) is None
        assert any(isinstance(step, Split) for step in tree.steps)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_tampering_is_noticed(data: st.DataObject) -> None:
    _, tree = data.draw(st.sampled_from(examples()))
    steps = list(tree.steps)
    numbers = range(len(steps))
    kind = data.draw(st.sampled_from(["multiplier", "row", "step", "swap", "case", "choice"]))
    leaf = data.draw(st.sampled_from([i for i in numbers if isinstance(steps[i], Leaf)]))
    split = data.draw(st.sampled_from([i for i in numbers if isinstance(steps[i], Split)]))
    parts, branch = list(steps[leaf].multipliers), steps[split]  # type: ignore[union-attr]
    assert isinstance(branch, Split)
    place = data.draw(st.integers(0, len(parts) - 1))
    if kind == "multiplier":
        row, multiplier = parts[place]
        change = data.draw(st.integers(-5, 5).filter(bool))
        parts[place] = row, multiplier + change
        steps[leaf] = Leaf(tuple(parts))
    elif kind == "row":
        del parts[place]
        steps[leaf] = Leaf(tuple(parts))
    elif kind == "step":
        del steps[data.draw(st.sampled_from(numbers))]
    elif kind == "swap":
        cases = list(branch.cases)
        i, j = data.draw(st.permutations(range(len(cases))))[:2]
        cases[i], cases[j] = cases[j], cases[i]
        steps[split] = Split(branch.choice, tuple(cases))
    elif kind == "case":
        shorter = data.draw(st.booleans())
        steps[split] = Split(branch.choice, branch.cases[1:] if shorter else branch.cases * 2)
    else:
        choices = len(Rows.of(tree.system).choices)
        other = data.draw(st.integers(-1, choices).filter(lambda c: c != branch.choice))
        steps[split] = Split(other, branch.cases)
    assert check_refutation(Refutation(tree.system, tuple(steps))) is not None


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_refutation_of_a_system_with_a_solution(data: st.DataObject) -> None:
    """Steps that refute one system are tried on others, which hold at some inputs: the conditions
    are those of the statement itself, or of none, or some are left out, or weaker."""
    program = data.draw(programs(d=(1, 2), n=(2, 2)))
    domain, statement = data.draw(formulas(program)), data.draw(formulas(program))
    system = system_about(program, statement, domain=domain)
    found = refutation(system, seconds=20)
    if found is None:
        return
    for weaker in (
        system.conditions[:1],
        system.conditions[1:],
        tuple(map(weak, system.conditions)),
    ):
        other = replace(system, conditions=weaker)
        if z3_says(other) == "sat":
            assert check_refutation(replace(found, system=other)) is not None


def test_weaker_examples_are_not_refuted() -> None:
    """Without strict signs, 0 solves the systems. Oracle: z3."""
    for system, tree in examples()[1:]:
        other = replace(system, conditions=tuple(map(weak, system.conditions)))
        assert z3_says(other) == "sat"
        assert refutation(other) is None
        assert check_refutation(replace(tree, system=other)) is not None


def weak(condition: Condition) -> Condition:
    if isinstance(condition, Sign):
        return Sign(condition.form, ">=")
    if isinstance(condition, Junction) and condition.op != "not":
        return Junction(condition.op, tuple(map(weak, condition.parts)))
    return condition


def test_faults_of_systems() -> None:
    """A maximum of later atoms, or of nothing, would let anything be shown."""
    variable = Form(((0, ONE),))
    above = Maximum((Form((), ONE), variable))  # of itself
    for system in (System((above,), ()), System((Maximum(()),), ())):
        steps = (Split(0, ()),) if not above.forms else (Leaf(((0, 1),)),)
        assert check_refutation(Refutation(system, steps)) is not None
    assert check_refutation(Refutation(System((Maximum(()),), ()), (Split(0, ()),))) is not None
    assert check_refutation(Refutation(System((), (False,)), ())) is not None
    assert check_refutation(Refutation(System((), (False,)), (Leaf(((0, 1),)),))) is None


def test_the_system_is_that_of_the_statement() -> None:
    """A changed statement, domain, fact or program makes another system: no bounds are used."""
    program, statement, domain = true_statements()[0]
    system = system_about(program, statement, domain=domain)
    changed = exact_program([1, -1], [[-1, 1], [1, -1]], [[1, -1], [-1, 2]], 2)
    fact = Compare(">", x(0), ZERO)
    others = [
        system_about(changed, statement, domain=domain),
        system_about(program, statement, domain=fact),
        system_about(program, fact, domain=domain),
        system_about(program, statement, domain=domain, use=Abstraction(facts=(fact,))),
        system_about(program, statement, domain=domain, use=Abstraction(free=(h(0, 0),))),
        system_about(program, statement, domain=domain, use=Abstraction(((h(0, 0), x(1)),))),
    ]
    assert system == system_about(program, statement, domain=domain)
    assert all(other != system for other in others)


def test_proofs_carry_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "_EVIDENCE", 60.0)  # seconds: the search for it ends after 2 else
    for program, statement, domain in true_statements():
        proof = prove(program, statement, domain=domain, seconds=600)
        assert proof.verdict.status == "proved"
        assert proof.trusted == ()
        (evidence,) = proof.evidence
        assert isinstance(evidence, Refutation)
        assert evidence.system == system_about(program, statement, domain=domain)
        assert check_refutation(evidence) is None


def test_evidence_from_facts_about_free_states() -> None:
    program = handcrafted_second_argmax(10)
    facts = [Compare("==", h(4, 19), x(0)), Compare("==", h(4, 20), x(1))]
    statement = Compare("==", h(5, 20), minus(x(0), Apply("neg", (x(1),))))
    free = [h(4, 19), h(4, 20)]
    proof = prove_free(program, statement, free=free, facts=facts)
    assert proof.verdict.status == "proved"
    (evidence,) = proof.evidence
    assert isinstance(evidence, Refutation)
    use = Abstraction(facts=tuple(facts), free=tuple(free))
    assert evidence.system == system_about(program, statement, use=use)


def test_z3_is_trusted_where_no_refutation_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prover, "refutation", lambda *_, **__: None)
    program, statement, domain = true_statements()[0]
    proof = prove(program, statement, domain=domain)
    assert proof.verdict.status == "proved"
    assert proof.evidence == ()
    assert proof.trusted == ("z3",)


def test_no_evidence_where_bounds_make_a_product_linear() -> None:
    """relu(x0) * x1 is 0 for x0 < 0; without bounds it is no linear form."""
    product = Apply("mul", (Apply("relu", (x(0),)), x(1)))
    domain = Compare("<", x(0), ZERO)
    proof = prove(handcrafted_2_2(), Compare("==", product, ZERO), domain=domain)
    assert (proof.verdict.status, proof.method) == ("proved", "exact bounds")
    assert proof.evidence == ()


def test_limits() -> None:
    system, tree = examples()[1]
    leaves = sum(isinstance(step, Leaf) for step in tree.steps)
    assert refutation(system, leaves=leaves // 4) is None
    assert refutation(system, seconds=0) is None
