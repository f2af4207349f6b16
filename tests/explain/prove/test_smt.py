"""Proofs over all inputs: against exact evaluation, region cones, theorems and planted faults."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from random import Random

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
from support.paths import ROOT
from support.programs import (
    degenerate_programs,
    exact_program,
    handcrafted_2_2,
    programs,
    random_program,
)
from support.proofs import prove, prove_free

import algzoo_exact as az
from algzoo_exact import deadline as clock
from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Number,
    Term,
    Truth,
    evaluate,
)
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove import prover as prover_module
from algzoo_exact.program.ir import Program
from algzoo_exact.regions.enumerate import activation_regions
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax

EVERYWHERE = Truth(True)


def check_refuted(
    proof: Outcome, program: Program, statement: Formula, domain: Formula = EVERYWHERE
) -> None:
    """The witness, by exact evaluation."""
    assert proof.verdict.status == "refuted"
    assert proof.witness is not None
    values = at(program, proof.witness)
    assert evaluate(domain, values)
    assert not evaluate(statement, values)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_verdicts_agree_with_exact_evaluation(data: st.DataObject) -> None:
    program = data.draw(programs(d=(1, 2), n=(2, 2)))
    domain, statement = data.draw(formulas(program)), data.draw(formulas(program))
    proof = prove(program, statement, domain=domain, seconds=5)
    if proof.verdict.status == "refuted":
        check_refuted(proof, program, statement, domain)
    elif proof.verdict.status == "proved":
        random = Random(1)
        for _ in range(100):
            values = at(program, random_point(random, 2))
            assert not (proof.vacuous and evaluate(domain, values))
            assert not evaluate(domain, values) or evaluate(statement, values)


def test_verdicts_agree_with_region_cones() -> None:
    """Oracle: on the interior of a region, a linear f is >= 0 if and only if it is on all extreme
    rays, and > 0 if and only if moreover it is not 0 on all of them (double description)."""
    rng, random = np.random.default_rng(5), Random(5)
    found: set[tuple[str, str]] = set()
    for _ in range(2):
        program = random_program(rng, 3, 3)
        for region in list(activation_regions(program))[::3]:
            signs = []
            for t in range(3):
                for j in range(3):
                    on = region.pattern.bits >> (3 * t + j) & 1
                    signs.append(Compare(">" if on else "<", Entry("z", (t, j)), ZERO))
            a, b = random.sample(range(3), 2)
            slope = Fraction(random.randint(-2, 2))
            term = Apply("add", (minus(logit(a), logit(b)), Apply("mul", (Number(slope), x(0)))))
            row = [p - q for p, q in zip(region.linear_map[a], region.linear_map[b], strict=True)]
            row[0] += slope
            on_rays = [
                sum(c * v for c, v in zip(row, ray, strict=True)) for ray in region.cone.rays
            ]
            for op, truth in (
                (">=", min(on_rays) >= 0),
                (">", min(on_rays) >= 0 and max(on_rays) > 0),
            ):
                statement = Compare(op, term, ZERO)
                proof = prove(program, statement, domain=every(*signs))
                assert proof.verdict.status == ("proved" if truth else "refuted")
                assert not proof.vacuous
                found.add((op, proof.verdict.status))
    assert len(found) == 4, "both answers for both relations"


@pytest.mark.parametrize("seed", range(3))
def test_proved_statements_hold_at_a_thousand_points(seed: int) -> None:
    """Bounds 1% above the largest ratio at 300 points: proved, or refuted rightly."""
    program = random_program(np.random.default_rng(seed), 3, 3)
    random = Random(seed)
    points = [random_point(random, 3) for _ in range(1300)]
    norm = greatest(*(Apply("abs", (x(i),)) for i in range(3)))
    ratios = [program.evaluate(p).logit[0] / max(map(abs, p)) for p in points[:300] if any(p)]
    statement = Compare("<=", logit(0), Apply("mul", (number(max(ratios) * 101 / 100), norm)))
    proof = prove(program, statement)
    if proof.verdict.status == "refuted":
        check_refuted(proof, program, statement)
    else:
        assert proof.verdict.status == "proved"
        assert all(evaluate(statement, at(program, p)) for p in points[300:])


# Statements that are true by theorem, and small changes that make them false.


def test_handcrafted_two_inputs() -> None:
    program = handcrafted_2_2()
    right = every(
        implies(Compare(">", x(0), x(1)), Compare(">", logit(1), logit(0))),
        implies(Compare("<", x(0), x(1)), Compare("<", logit(1), logit(0))),
        Compare("==", logit(0), minus(x(1), x(0))),
    )
    assert prove(program, right).verdict.status == "proved"
    wrong = implies(Compare(">=", x(0), x(1)), Compare(">", logit(1), logit(0)))  # equal at a tie
    proof = prove(program, wrong)
    check_refuted(proof, program, wrong)
    assert proof.witness is not None
    assert proof.witness[0] == proof.witness[1]


def test_handcrafted_ten_inputs_whole_network() -> None:
    """Its answer is right on strict inputs with a positive second value; a tie below that."""
    program = handcrafted_second_argmax(10)
    rivals = [Compare(">", logit(3), logit(k)) for k in range(10) if k != 3]
    positive = every(second_is(3, 7, 10), Compare(">", x(3), ZERO))
    assert prove(program, every(*rivals), domain=positive).verdict.status == "proved"
    proof = prove(program, every(*rivals), domain=second_is(3, 7, 10))
    check_refuted(proof, program, every(*rivals), second_is(3, 7, 10))


def neuron_formulas(t: int) -> dict[int, Term]:
    """What the docstring of the ten-input model says its neurons hold after input t."""

    def top(*indices: int) -> Term:
        return greatest(ZERO, *(x(i) for i in indices))

    seen = range(t + 1)
    claims = {j: greatest(ZERO, x(t - 9 + j)) if t - 9 + j >= 0 else ZERO for j in range(10)}
    claims |= {10 + i: minus(top(*(k for k in seen if k != t - 9 + i)), x(t)) for i in range(9)}
    claims[20] = top(*range(t))
    claims[19] = minus(top(*seen), top(*range(t)))
    claims[21] = minus(top(*seen), x(t))
    return {j: greatest(ZERO, term) for j, term in claims.items()}


def claims_at(t: int) -> list[Formula]:
    return [Compare("==", h(t, j), term) for j, term in neuron_formulas(t).items()]


@pytest.mark.slow
def test_induction_step_of_the_handcrafted_neurons() -> None:
    program = handcrafted_second_argmax(10)
    assert prove(program, every(*claims_at(0))).verdict.status == "proved"
    for t in (1, 5, 9):
        free = [h(t - 1, j) for j in range(22)]
        proof = prove_free(program, every(*claims_at(t)), free=free, facts=claims_at(t - 1))
        assert proof.verdict.status == "proved", t
        assert not proof.vacuous


def test_a_step_that_does_not_follow_is_unknown_with_a_state() -> None:
    """Oracle: one step of the recurrence, computed here."""
    program = handcrafted_second_argmax(10)
    free, facts = [h(4, j) for j in range(22)], claims_at(4)
    weaker = [fact for j, fact in enumerate(facts) if j != 19]  # forgets one neuron
    statement = Compare("==", h(5, 20), neuron_formulas(5)[20])
    assert prove_free(program, statement, free=free, facts=facts).verdict.status == "proved"
    proof = prove_free(program, statement, free=free, facts=weaker)
    assert proof.verdict.status == "unknown"
    assert proof.witness is None
    assert proof.state is not None
    values = dict(proof.state)
    total = values[h(4, 19)] + values[h(4, 20)]  # neuron 20 adds these two
    values[h(5, 20)] = max(Fraction(0), total)
    assert not evaluate(statement, values.__getitem__)
    assert all(evaluate(fact, values.__getitem__) for fact in weaker)


def test_earlier_facts_help_and_empty_domains_are_noticed() -> None:
    program, domain = handcrafted_2_2(), Compare(">", x(0), ZERO)
    statement = Compare(">", logit(0), logit(1))
    before = prove(program, statement, domain=domain)
    after = prove(program, statement, domain=domain, assumptions=[statement])
    assert before.verdict.status == "refuted"
    assert (after.verdict.status, after.method) == ("proved", "exact bounds")
    empty = every(domain, Compare("<", x(0), ZERO))
    assert prove(program, statement, domain=empty, assumptions=[statement]).vacuous


def test_witnesses_are_short_floats() -> None:
    """A thin wedge of counterexamples: 1/1000 < x1/x0 < 1/900."""
    program = handcrafted_2_2()
    thousand = Apply("mul", (number(1000), x(1)))
    domain = every(Compare(">", thousand, x(0)), Compare(">", x(0), ZERO))
    statement = Compare(">=", Apply("mul", (number(900), x(1))), x(0))
    proof = prove(program, statement, domain=domain)
    check_refuted(proof, program, statement, domain)
    assert proof.witness is not None
    assert all(Fraction(float(v)) == v and len(repr(float(v))) < 9 for v in proof.witness)


def test_a_witness_that_no_float_is_stays_a_fraction() -> None:
    program = handcrafted_2_2()
    domain = every(
        Compare("==", Apply("mul", (number(3), x(0))), x(1)), Compare("==", x(1), number(1))
    )
    proof = prove(program, Truth(False), domain=domain)
    assert proof.witness == (Fraction(1, 3), Fraction(1))
    assert "1/3" in proof.verdict.reason


def test_limits_end_in_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Our own clock stands still, so that however slow the machine, it is z3 that meets them."""
    monkeypatch.setattr(clock, "monotonic", lambda: 0.0)
    monkeypatch.setattr(prover_module, "_FEW_LEAVES", 1)  # what ends the search before z3 instead
    program = random_program(np.random.default_rng(8), 8, 6)
    norm = greatest(*(Apply("abs", (x(i),)) for i in range(6)))
    hard = Compare("<=", logit(0), Apply("mul", (number(10**6), norm)))
    lines: list[str] = []
    proof = prove(program, hard, seconds=0.5, progress=lines.append)
    assert proof.verdict.status == "unknown"
    assert "timeout" in proof.verdict.reason
    assert proof.details == tuple(lines)
    monkeypatch.setattr(prover_module, "_MEGABYTES", 1)
    proof = prove(program, hard, seconds=20)
    assert proof.verdict.status == "unknown"
    assert "memory" in proof.verdict.reason


def test_ctrl_c_stops_a_proof() -> None:
    """In a process of its own, which interrupts itself in the middle of a long proof."""
    code = """
import os, signal, threading
import numpy as np
from algzoo_exact.explain.language.expression import Apply, Compare
from support.formulas import greatest, logit, number, x
from support.programs import random_program
from support.proofs import prove
norm = greatest(*(Apply("abs", (x(i),)) for i in range(6)))
hard = Compare("<=", logit(0), Apply("mul", (number(10**6), norm)))
program = random_program(np.random.default_rng(8), 8, 6)
try:
    threading.Timer(2, os.kill, (os.getpid(), signal.SIGINT)).start()
    prove(program, hard, seconds=3600)
except KeyboardInterrupt:
    print("stopped")
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "tests",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout.strip() == "stopped", done.stderr


def test_degenerate_programs() -> None:
    """ReLU is never negative and never below its argument: true whatever the weights."""
    for name, program in degenerate_programs(np.random.default_rng(3), 16, (1, 3), 2):
        state, sum_ = h(1, 0), Entry("z", (1, 0))
        true = every(Compare(">=", state, ZERO), Compare(">=", state, sum_))
        assert prove(program, true).verdict.status == "proved", name
        false = Compare("<", state, sum_)
        check_refuted(prove(program, false), program, false)


def test_bad_statements_are_input_errors() -> None:
    program = exact_program([1, 2], [[1, 0], [0, 1]], [[1, 1], [1, 0]], 2)
    product = Compare(">", Apply("mul", (x(0), x(1))), ZERO)
    with pytest.raises(InputError, match=r"x\[0\] \* x\[1\] is not linear"):
        prove(program, product)
    with pytest.raises(InputError, match=r"no h\[2\]\[0\]: h has shape"):
        prove(program, Compare(">", h(2, 0), ZERO))
    with pytest.raises(InputError, match="time limit"):
        az.prove(program, "true", seconds=0)
    squared = Compare(">=", Apply("mul", (Entry("W_hi", (1,)), x(0), Entry("W_hh", (0, 1)))), ZERO)
    assert prove(program, squared).verdict.status == "proved"  # 2 x[0] 0
