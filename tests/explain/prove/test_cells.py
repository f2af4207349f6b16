"""Statements and conditions decided cell by cell: against exact evaluation at points and on walls,
against z3, and with planted faults. The evidence is checked by a checker of its own."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import conical
from support.formulas import (
    ZERO,
    at,
    every,
    fails_at,
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
from support.programs import exact_program, handcrafted_2_2, handcrafted_4_3, programs
from support.proofs import prove

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Formula,
    Logic,
    Term,
    Truth,
    evaluate,
)
from algzoo_exact.explain.outcome import Cells, Cut, Tree, leaves
from algzoo_exact.explain.prove.cell_decision import condition_cells, decide_by_cells
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.program.ir import Program, rnn

EVERYWHERE = Truth(True)
Point = tuple[Fraction, ...]


def lattice(n: int) -> list[Point]:
    """Points on many walls at once: all with entries -2 .. 2."""
    return [tuple(map(Fraction, p)) for p in product(range(-2, 3), repeat=n)]


@pytest.mark.slow
@settings(max_examples=80, deadline=None)
@given(st.data())
def test_verdicts_agree_with_exact_evaluation(data: st.DataObject) -> None:
    """Refuted: the witness fails. Proved: no random point and no point of a lattice does."""
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    n = program.seq_len
    domain = conical(data.draw(formulas(program)))
    statement = conical(data.draw(formulas(program)))
    exact = decide_by_cells(program, statement, domain=domain)
    almost = decide_by_cells(program, statement, domain=domain, almost=True)
    for decision in (exact, almost):
        assert decision.verdict.status != "unknown"
        if decision.witness is not None:
            assert fails_at(program, statement, domain, decision.witness)
    random = Random(1)
    if exact.verdict.status == "proved":
        assert almost.verdict.status == "proved"
        points = [*lattice(n), *(random_point(random, n) for _ in range(25))]
        assert not any(fails_at(program, statement, domain, point) for point in points)
    if almost.verdict.status == "proved":
        # Weights here have 24 bits at most, points more: on no wall, but for neurons that vanish.
        for _ in range(25):
            point = tuple(Fraction(random.getrandbits(200) - 2**199) for _ in range(n))
            assert not fails_at(program, statement, domain, point)
    else:
        assert exact.verdict.status == "refuted"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_verdicts_agree_with_z3(data: st.DataObject) -> None:
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    domain = conical(data.draw(formulas(program)))
    statement = conical(data.draw(formulas(program)))
    proof = prove(program, statement, domain=domain, seconds=5)
    decision = decide_by_cells(program, statement, domain=domain)
    assert proof.verdict.status in ("unknown", decision.verdict.status)
    empty = decide_by_cells(program, Truth(False), domain=domain)
    assert not proof.vacuous or empty.verdict.status == "proved"


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_cells_cover_the_space_once(data: st.DataObject) -> None:
    """Each random point is in one cone only, unless it is on a wall, and the answer is right."""
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    formula = conical(data.draw(formulas(program)))
    cells = condition_cells(program, formula)
    assert not cells.undecided
    random = Random(2)
    for _ in range(30):
        point = tuple(Fraction(random.getrandbits(200) - 2**199) for _ in range(program.seq_len))
        integers = tuple(int(point[i]) for i in cells.inputs)
        answers = [
            answer
            for answer, cones in ((True, cells.where), (False, cells.where_not))
            for cone in cones
            if cone.contains(integers)
        ]
        assert answers == [evaluate(formula, at(program, point))]


def check_evidence(cells: Cells, program: Program, statement: Formula, domain: Formula) -> int:
    """An independent check: cuts give cones, their rays are as written, and the statement holds
    at some points of every face (sums of every set of up to three rays, and of all)."""
    random, checked = Random(3), 0

    def lifted(rays: list[IntVector]) -> Point:
        weights = [random.randint(1, 5) for _ in rays]
        total = [sum(w * r[c] for w, r in zip(weights, rays, strict=True)) for c in range(m)]
        known = dict(zip(cells.inputs, total, strict=True))
        return tuple(Fraction(known.get(i, 0)) for i in range(program.seq_len))

    def walk(tree: Tree[bool], rows: tuple[IntVector, ...]) -> None:
        nonlocal checked
        if isinstance(tree, Cut):
            walk(tree.below, (*rows, tuple(-c for c in tree.normal)))
            walk(tree.above, (*rows, tree.normal))
            return
        cone = Cone.from_inequalities(rows)
        assert cone is not None
        assert set(cone.rays) == set(tree.cone.rays)
        sizes = {1, 2, 3, len(cone.rays)}
        for rays in (
            list(c) for k in sizes for c in combinations(cone.rays, min(k, len(cone.rays)))
        ):
            assert not fails_at(program, statement, domain, lifted(rays))
        checked += 1

    m = len(cells.inputs)
    walk(cells.tree, ())
    assert checked == len(list(leaves(cells.tree)))
    return checked


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_evidence_is_complete(data: st.DataObject) -> None:
    program = data.draw(programs(d=(1, 2), n=(2, 3)))
    domain = conical(data.draw(formulas(program)))
    statement = conical(data.draw(formulas(program)))
    decision = decide_by_cells(program, statement, domain=domain)
    assert bool(decision.evidence) == (decision.status == "proved")
    for cells in decision.evidence:
        check_evidence(cells, program, statement, domain)


def test_evidence_for_another_statement_is_noticed() -> None:
    """The checker above can fail: a planted fault."""
    program = handcrafted_2_2()
    first = Compare(">", x(0), x(1))
    right = Compare(">", logit(1), logit(0))
    decision = decide_by_cells(program, right, domain=first)
    (cells,) = decision.evidence
    assert check_evidence(cells, program, right, first) == len(list(leaves(cells.tree)))
    with pytest.raises(AssertionError):
        check_evidence(cells, program, Compare("<", logit(1), logit(0)), first)


def test_boundaries_count_where_they_should() -> None:
    """n = 2 by hand: on x[0] == x[1] the logits of the handcrafted model tie."""
    program = handcrafted_2_2()
    right = Compare(">", logit(1), logit(0))
    strict, weak = Compare(">", x(0), x(1)), Compare(">=", x(0), x(1))
    assert decide_by_cells(program, right, domain=strict).verdict.status == "proved"
    wrong = decide_by_cells(program, right, domain=weak)
    assert wrong.verdict.status == "refuted"
    assert wrong.witness is not None
    assert wrong.witness[0] == wrong.witness[1]
    assert decide_by_cells(program, right, domain=weak, almost=True).verdict.status == "proved"
    line = Compare("==", x(0), x(1))
    tied = Compare("==", logit(0), logit(1))
    assert decide_by_cells(program, tied, domain=line).verdict.status == "proved"
    off_zero = every(line, Compare("!=", x(0), ZERO))
    off = decide_by_cells(program, right, domain=off_zero)
    assert off.witness is not None
    assert off.witness[0] == off.witness[1] != 0
    assert decide_by_cells(program, right, domain=off_zero, almost=True).verdict.status == "proved"
    elsewhere = Logic("or", tuple(Compare("!=", x(i), ZERO) for i in (0, 1)))
    assert decide_by_cells(program, elsewhere).witness == (0, 0)
    assert decide_by_cells(program, elsewhere, almost=True).verdict.status == "proved"


def test_thin_sets_beside_the_first_walls() -> None:
    """Three lines in the plane, two of which can be walls to begin with; and a line in space, which
    is no facet of any cone. By hand."""
    plane = handcrafted_2_2()
    for slope in (1, 2, 3):
        lines: list[Formula] = [
            Compare("==", x(1), Apply("mul", (number(k), x(0)))) for k in (1, 2, 3)
        ]
        off = Compare("!=", x(1), Apply("mul", (number(slope), x(0))))
        claim = Logic("or", (off, Compare("==", x(0), ZERO)))
        decision = decide_by_cells(plane, claim, domain=Logic("or", tuple(lines)))
        assert decision.witness is not None
        assert decision.witness[1] == slope * decision.witness[0] != 0
    space = handcrafted_4_3()
    diagonal = every(Compare("==", x(0), x(1)), Compare("==", x(1), x(2)))
    assert decide_by_cells(space, Compare(">=", x(0), x(2)), domain=diagonal).evidence
    for op, sign in ((">=", -1), ("<=", 1)):
        decision = decide_by_cells(space, Compare(op, x(0), ZERO), domain=diagonal)
        assert decision.witness is not None
        assert len(set(decision.witness)) == 1
        assert decision.witness[0] * sign > 0


def test_a_maximum_that_bends_under_an_equation() -> None:
    """relu(x[0]) == 0 holds on half of the plane, although it changes there."""
    program = handcrafted_2_2()
    flat = Compare("==", Apply("relu", (x(0),)), ZERO)
    cells = condition_cells(program, flat)
    assert cells.inputs == (0,)
    assert [cone.rays for cone in cells.where] == [((-1,),)]
    assert decide_by_cells(program, flat, almost=True).verdict.status == "refuted"


def test_an_empty_domain_is_told_from_a_null_one() -> None:
    program = handcrafted_2_2()
    line = every(Compare(">=", x(0), x(1)), Compare(">=", x(1), x(0)))
    nothing = every(Compare(">", x(0), x(1)), Compare(">", x(1), x(0)))
    never = Truth(False)
    assert decide_by_cells(program, never, domain=line).verdict.status == "refuted"
    assert decide_by_cells(program, never, domain=line, almost=True).verdict.status == "proved"
    assert decide_by_cells(program, never, domain=nothing).verdict.status == "proved"


def test_handcrafted_three_is_wrong_somewhere() -> None:
    """Published: about 99.99%, so right almost everywhere is false, with a witness."""
    program = handcrafted_4_3()
    right = every(*(Compare(">", logit(1), logit(k)) for k in (0, 2)))
    decision = decide_by_cells(program, right, domain=second_is(1, 0, 3), almost=True)
    assert decision.verdict.status == "refuted"
    assert decision.witness is not None
    assert fails_at(program, right, second_is(1, 0, 3), decision.witness)
    assert all(Fraction(float(c)) == c for c in decision.witness)


@pytest.mark.parametrize("n", [4, 5])
def test_more_inputs(n: int) -> None:
    """By hand: with d = 2 and W = I, h[t] = relu(h[t-1] + x[t]), -x for the second neuron. The
    state is at least the sum of the inputs since any step; 1% more is refuted."""
    program = exact_program([1, -1], [[1, 0], [0, 1]], [[1, 0]] * n, n)
    sums: list[Term] = [Apply("add", (ZERO, *map(x, range(t, n)))) for t in range(n)]
    last = h(n - 1, 0)
    assert decide_by_cells(program, Compare("==", last, greatest(ZERO, *sums))).evidence
    planted = Compare(">=", last, Apply("mul", (number(Fraction(101, 100)), sums[0])))
    decision = decide_by_cells(program, planted)
    assert decision.witness is not None
    assert fails_at(program, planted, EVERYWHERE, decision.witness)


def test_inputs_that_do_not_occur_are_left_out() -> None:
    """Ten inputs, of which two occur."""
    program = exact_program([1, -1], [[-1, 1], [1, -1]], [[1, -1]] * 10, 10)
    claim = Compare(">=", Apply("add", (h(1, 0), h(1, 0))), minus(x(1), x(0)))
    decision = decide_by_cells(program, claim)
    (cells,) = decision.evidence
    assert cells.inputs == (0, 1)
    false = Compare("==", h(1, 0), Apply("relu", (x(1),)))
    refuted = decide_by_cells(program, false)
    assert refuted.witness is not None
    assert len(refuted.witness) == 10
    assert set(refuted.witness[2:]) == {Fraction(0)}


def test_limits() -> None:
    program = handcrafted_4_3()
    right = implies(second_is(1, 0, 3), Compare(">=", logit(1), logit(0)))
    for limits in (CellLimits(cells=2), CellLimits(Deadline.after(1e-9))):
        decision = decide_by_cells(program, right, limits=limits)
        assert decision.verdict.status == "unknown"
        assert "stopped" in decision.verdict.reason
    assert condition_cells(program, right, CellLimits(cells=2)).undecided
    with pytest.raises(OutOfReachError, match="the time was up"):
        condition_cells(program, right, CellLimits(Deadline.after(1e-9)))
    few = decide_by_cells(program, right, limits=CellLimits(inputs=2))
    assert few.verdict.status == "unknown"
    assert "3 inputs" in few.verdict.reason


def test_constants_are_out_of_reach() -> None:
    program = handcrafted_2_2()
    above = Compare(">", x(0), number(1))
    decision = decide_by_cells(program, above)
    assert decision.verdict.status == "unknown"
    assert "constants" in decision.verdict.reason
    with pytest.raises(OutOfReachError):
        condition_cells(program, above)


def test_huge_weights_have_exact_cells() -> None:
    """Weights that differ by one part in 2^80 are told apart (floats could not)."""
    tiny = Fraction(1, 2**80)
    program = rnn((Fraction(1), 1 + tiny), ((0, 0), (0, 0)), ((1, 0), (0, 1)), 1)
    assert decide_by_cells(program, Compare("==", h(0, 0), h(0, 1))).verdict.status == "refuted"
    assert decide_by_cells(program, Compare("<=", h(0, 0), h(0, 1))).verdict.status == "proved"
    (ray,) = condition_cells(program, Compare("<", h(0, 0), h(0, 1))).where[0].rays
    assert dot(ray, (1,)) > 0
