"""Explanations in certificates: accepted as they are written, and what the checker makes of them.

Oracles: the exact accuracies and derived accuracies of the package, all orders of a few inputs, and
exact evaluation at points.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.certificates import VALIDATOR, Json, by_hash, dumped, run_bare
from support.command_line import json_of, refused, run
from support.every_claim import SILENT, TWO, checked_story, data_of, every_kind, silent_story
from support.formulas import at, by_all_orders, formulas, order_formulas, random_point
from support.programs import programs, random_program
from support.shipped_stories import certified
from support.stories import case, claim, story, verified

import algzoo_exact as az
from algzoo_exact.certificate import check, evidence
from algzoo_exact.certificate.nodes import Nodes
from algzoo_exact.certificate.trees import MOST_CONES, proof_tree, truth_tree
from algzoo_exact.explain.claims.always import Always
from algzoo_exact.explain.claims.claim import ClaimResult
from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    Truth,
    evaluate,
)
from algzoo_exact.explain.prove.cell_search import OutOfReachError
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.standardize import standardize
from algzoo_exact.zoo.explanations import explanation_path


@cache
def everything() -> tuple[Verification, Json]:
    verification = every_kind()
    return verification, az.certify(TWO, explanation=verification)


def test_every_kind_of_claim(tmp_path: Path) -> None:
    """All that can be checked is; five claims rest on this package's word, which is said."""
    _, document = everything()
    VALIDATOR.validate(document)
    code, text = run_bare(dumped(document, tmp_path / "c.json"))
    assert code == 3
    lines = text.splitlines()
    assert lines[0].startswith("not everything could be checked: on 2nd_argmax with 2 inputs, ")
    assert "has an accuracy between 0.99999" in lines[0]  # from the cells
    counted = "22 proved, 13 refuted, 1 left open, 5 resting on what was not checked"
    assert f"checked: the explanation's claims: {counted}" in lines
    assert "checked: the explanation's cases: 2 proved, 1 refuted, 1 left open" in lines
    open_lines = [line.split(": ")[1] for line in lines if line.startswith("not checked: ")]
    assert open_lines[:5] == ["half", "mean", "often", "share_on_a_line", "half_a_line"]
    assert open_lines[5].startswith("that texts, parameters")


def test_the_derived_accuracy_is_that_of_the_verification() -> None:
    verification, document = everything()
    assert verification.accuracy is not None
    known = verification.accuracy.enclosure
    stated = document["explanation"]["accuracy"]
    assert known is not None
    assert 0 <= known.lower - Fraction(stated["lower"]) < Fraction(1, 10**19)
    assert 0 <= Fraction(stated["upper"]) - known.upper < Fraction(1, 10**19)


@pytest.mark.parametrize(
    "name",
    [
        "2nd_argmax_2_2",
        "handcrafted_2nd_argmax_2",
        pytest.param("handcrafted_2nd_argmax_3", marks=pytest.mark.slow),
    ],
)
def test_shipped_stories(name: str, tmp_path: Path) -> None:
    """The long ones are in ``explain/test_standard_stories.py``, where they are verified."""
    certified(name, explanation_path(name), tmp_path)


def test_many_inputs_without_cells(tmp_path: Path) -> None:
    """Seven inputs: no cells. All logits are 0, so that label 0 wins, which is wrong where x[0] is
    the largest input: by symmetry with the probability 1/7."""
    told = silent_story()
    written = az.write_certificate(tmp_path / "c.json", SILENT, explanation=told)
    assert (written.kind, written.count) == ("claims", 16)
    assert (written.accuracy.lower, written.accuracy.upper) == (0, Fraction(6, 7))
    assert written.undecided == Fraction(6, 7)
    document = json.loads(written.path.read_text())
    VALIDATOR.validate(document)
    outcome = az.check_certificate(written.path, sha256=document["model"]["sha256"])
    assert (outcome.status, outcome.accuracy) == ("accepted", (0, Fraction(6, 7)))


def test_without_cases_no_accuracy_follows() -> None:
    program = random_program(np.random.default_rng(5), 2, 8)
    told = verified(program, claim("a", "weights", statement="W_hi[0] != 7"))
    document = az.certify(program, explanation=told)
    assert (document["accuracy"], document["undecided"]) == ({"lower": "0", "upper": "1"}, "1")
    assert check.check_document(document).accuracy == (0, 1)


def test_overlaps() -> None:
    """Nothing follows from cases that overlap."""
    for cases in (
        (case("a", "x[0] > x[1]", "right"), case("b", "x[0] > 2*x[1]", "right")),
        (case("a", "x[0] > x[1]", "right"), case("b", "x[0] < 3*x[1]", "right")),
    ):
        found = checked_story(verified(TWO, *cases))
        assert found.accuracy is None
        assert not found.not_checked


def test_gaps_are_left_open() -> None:
    """What lies outside all cases may be right or wrong: half of the inputs, here."""
    found = checked_story(verified(TWO, case("a", "x[0] > x[1]", "right")))
    assert found.accuracy == (Fraction(1, 2), 1)


def without_evidence(told: Verification, name: str) -> Verification:
    """As if z3 alone had decided a claim."""

    def bare(result: ClaimResult) -> ClaimResult:
        (checked,) = result.instances
        arguments = tuple(replace(step, evidence=None) for step in checked.arguments)
        return replace(result, instances=(replace(checked, arguments=arguments, trusted=("z3",)),))

    claims = tuple(bare(r) if r.claim.name == name else r for r in told.claims)
    return replace(told, claims=claims)


def test_z3_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proof without evidence is not checked, nor is a claim that uses what it says. An accuracy
    does not rest on it."""
    told = verified(
        TWO,
        claim("far", "always", domain="x[0] > 1", statement="2*x[0] > 2"),
        case("all", "true", "right", claims=["far"]),
    )
    found = checked_story(without_evidence(told, "far"))
    assert found.not_checked == ['far: "proved by z3, with no proof written down"']
    assert found.accuracy == (1, 1)  # the case's own proofs do without it

    def no_tree(*_: object, **__: object) -> Json:
        raise OutOfReachError

    monkeypatch.setattr(evidence, "proof_tree", no_tree)
    found = checked_story(without_evidence(silent_story(), "first"))
    assert found.not_checked == [
        'first: "proved by z3, with no proof written down"',
        'then: "it rests on first"',
    ]
    assert found.accuracy == (0, Fraction(6, 7))


def test_a_proof_at_a_point() -> None:
    """Where the domain fixes all inputs that occur, the value there is all."""
    told = verified(
        TWO,
        claim("p", "always", domain="x[0] == 1 and x[1] == 0.5", statement="logit[0] == -1/2"),
        claim("q", "always", domain="x[0] == 1", statement="h[0][0] == 1 and h[0][1] == 0"),
    )
    data = data_of(told)
    nodes = data["nodes"]
    fixed = {
        i: [nodes.index(["x", i]), nodes.index(["==", nodes.index(["x", i]), nodes.index(value)])]
        for i, value in ((0, "1"), (1, "1/2"))
    }

    def with_inputs(*numbers: list[int]) -> Json:
        for part, known in zip(data["claims"], numbers, strict=True):
            proof = {"steps": [{"rows": [[0, "1"]]}], "defined": [fixed[i] for i in known]}
            part["instances"][0]["parts"][0]["proof"] = proof
        return data

    assert checked_story(told, with_inputs([0, 1], [0])).counts == {"claims proved": 2}
    for wrong in (([1], [0]), ([0], [0]), ([0, 1], [1])):
        with pytest.raises(check.RejectedError, match=r"no contradiction|is no fact"):
            checked_story(told, with_inputs(*wrong))


def test_a_definition_that_leads_back_to_itself() -> None:
    told = verified(TWO, claim("p", "always", domain="x[0] == x[1]", statement="logit[0] == 0"))
    data = data_of(told)
    nodes = data["nodes"]
    x = [nodes.index(["x", i]) for i in range(2)]
    equation = nodes.index(["==", *x])
    part = data["claims"][0]["instances"][0]["parts"][0]
    part["proof"] = {"steps": [{"rows": [[0, "1"]]}], "defined": [[k, equation] for k in x]}
    with pytest.raises(check.RejectedError, match="leads back to itself"):
        checked_story(told, data)


def test_what_is_true_of_nothing_is_counted_apart() -> None:
    """A claim on a domain without inputs is proved of none; where there are inputs, one is shown,
    and must lie there: with a neighbourhood, where null sets do not count."""
    told = verified(
        TWO,
        claim("none", "always", domain="x[0] < x[0]", statement="x[0] == 7"),
        claim("never", "right", domain="x[0] > 1 and x[0] < 1"),
        claim("some", "right", domain="x[0] > x[1]"),
    )
    assert [r.instances[0].vacuous for r in told.claims] == [True, True, False]
    data = data_of(told)
    found = checked_story(told, data)
    assert found.counts == {"claims vacuous": 2, "claims proved": 1}
    lines = list(found.lines())
    assert lines[0] == "the explanation's claims: 1 proved, 2 true of no input that is shown"
    shown = data["claims"][2]["instances"][0]
    for point, status in ((None, "vacuous"), (["2", "1"], "proved")):
        shown["inside"] = point
        assert checked_story(told, data).counts[f"claims {status}"] in (1, 3)
    for point in (["1", "2"], ["1", "1"], ["0", "0"]):
        shown["inside"] = point
        with pytest.raises(check.RejectedError, match="its point is in no domain"):
            checked_story(told, data)


@given(st.data(), programs(d=(1, 2)))
@settings(max_examples=25, deadline=None)
def test_any_claim(data: st.DataObject, program: Program) -> None:
    """Whatever is proved or refuted about small programs is accepted, in every way of proof."""
    statement = data.draw(formulas(program))
    assume(program.seq_len < 4)
    for almost in (False, True):
        try:
            tree = proof_tree(program, statement, Truth(True), None, almost=almost)
        except OutOfReachError:
            continue
        nodes = Nodes(program)
        numbers = nodes.number(statement), nodes.number(Truth(True))
        proofs = check.Proofs(nodes.formulas.program, nodes.to_json(), check.Budget())
        proofs.prove({"cells": tree}, *numbers, almost=almost)
        rewriting = check.Rewriting(nodes.formulas)
        goal = rewriting.negation(rewriting.condition(nodes.number(statement)))
        regions = check.Regions(rewriting, goal)
        for rays, _ in check.cones_of(tree, regions):
            # Exact evaluation inside each cone, where null sets hardly ever are met.
            assert evaluate(statement, at(program, inside(program, regions.inputs, rays)))


@given(st.data(), programs(d=(1, 2)))
@settings(max_examples=25, deadline=None)
def test_truth_on_cones(data: st.DataObject, program: Program) -> None:
    """What the checker says of a formula on a cone, against exact evaluation inside it."""
    formula = data.draw(formulas(program))
    try:
        tree = truth_tree(program, formula, MOST_CONES)
    except OutOfReachError:
        return
    nodes = Nodes(program)
    rewriting = check.Rewriting(nodes.formulas)
    regions = check.Regions(rewriting, rewriting.condition(nodes.number(formula)))
    for rays, _ in check.cones_of(tree, regions):
        everything = (1 << len(rays)) - 1
        truth = check.Piece(regions, rays).truth(regions.condition, everything, almost=True)
        assert evaluate(formula, at(program, inside(program, regions.inputs, rays))) is truth


@given(st.data(), programs(d=(1, 3)))
@settings(max_examples=40, deadline=None)
def test_rewriting_keeps_values(data: st.DataObject, program: Program) -> None:
    """A formula's condition over atoms, and its value at a point, against those of the package."""
    formula = data.draw(formulas(program))
    point = random_point(Random(data.draw(st.integers(0, 9))), program.seq_len)
    nodes = Nodes(program)
    number = nodes.number(formula)
    expected = evaluate(formula, at(program, point))
    rewriting = check.Rewriting(nodes.formulas)
    try:
        condition = rewriting.condition(number)
    except check.RejectedError:
        return  # a product of two parts that vary
    assert check.truth_at(nodes.formulas, number, point, around=False) is expected
    values: dict[int, Fraction] = {}
    for atom in rewriting.needed([condition]):
        found = rewriting.atoms[atom]
        if check.is_maximum(found):
            values[atom] = max(valued(form, values) for form in found)
        else:
            values[atom] = point[found[1]]
    assert holds(condition, values) is expected


def inside(program: Program, inputs: list[int], rays: list[check.Vector]) -> tuple[Fraction, ...]:
    """A random point inside a cone; the inputs that do not occur are 0."""
    random = Random(len(rays))
    point = [Fraction(0)] * program.seq_len
    for ray in rays:
        factor = random.randint(1, 10**6)
        for i, c in zip(inputs, ray, strict=True):
            point[i] += factor * c
    return tuple(point)


def valued(form: check.Form, values: dict[int, Fraction]) -> Fraction:
    return sum((c * values[atom] for atom, c in form[0]), form[1])


def holds(condition: check.Condition, values: dict[int, Fraction]) -> bool:
    if isinstance(condition, bool):
        return condition
    op, inner = condition
    if op == "and":
        return all(holds(part, values) for part in inner)
    if op == "or":
        return any(holds(part, values) for part in inner)
    if op == "not":
        return not holds(inner[0], values)
    value = valued(inner, values)
    return value > 0 if op == ">" else value >= 0 if op == ">=" else value == 0


def orders_of(n: int) -> tuple[Nodes, check.Orders]:
    program = rnn((Fraction(1),), ((Fraction(1),),), ((Fraction(1),),) * n, n)
    nodes = Nodes(program)
    return nodes, check.Orders(nodes.formulas)


@given(st.integers(1, 4).flatmap(lambda n: st.tuples(st.just(n), order_formulas(n))))
@settings(max_examples=40, deadline=None)
def test_probabilities_of_orders(case: tuple[int, Formula]) -> None:
    """Every order of the inputs and 0, with the values of a point in it."""
    n, formula = case
    total = by_all_orders(formula, n)
    nodes, orders = orders_of(n)
    number = nodes.number(formula)
    assert orders.probability(number) == total
    opposite = nodes.number(Logic("not", (formula,)))
    assert orders.probability(opposite) == 1 - total
    given = orders.of(number)
    assert orders.excluded(opposite, given)
    assert orders.excluded(nodes.number(Logic("not", (Logic("not", (formula,)),))), given) is (
        total == 0
    )


@given(order_formulas(3))
@settings(max_examples=40, deadline=None)
def test_what_a_domain_says_of_the_order(formula: Formula) -> None:
    """It is one of some partial orders, which exclude each other."""
    nodes, orders = orders_of(3)
    elements: list[Term] = [*(Entry("x", (i,)) for i in range(3)), Number(Fraction(0))]
    total = Fraction(0)
    for below in orders.of(nodes.number(formula)):
        pairs = [(k, low) for k, lower in enumerate(below) for low in check.members(lower)]
        order = (
            Truth(True),
            Truth(True),
            *(Compare(">", elements[k], elements[low]) for k, low in pairs),
        )
        assert by_all_orders(Logic("and", (*order, Logic("not", (formula,)))), 3) == 0
        total += by_all_orders(Logic("and", order), 3)
    assert total == by_all_orders(formula, 3)


@pytest.mark.parametrize(
    ("task", "n"), [("argmax", 4), ("2nd_argmax", 4), ("argmedian", 5), ("argoutlier", 3)]
)
def test_label_cells(task: str, n: int) -> None:
    """The checker's own cones of constant label are the task's, in the same order."""
    expected = [(cell.label, list(cell.inequalities)) for cell in az.Task(task, n).cells()]
    assert list(check.label_cells(task, n)) == expected


@given(programs(d=(1, 3)))
@settings(max_examples=30, deadline=None)
def test_standard_form(program: Program) -> None:
    expected, factors = standardize(program)
    found = Nodes(program).formulas.program.scaled(factors, check.Budget())
    assert found.inputs == expected.input_weights
    assert (found.recurrent, found.readout) == (expected.recurrent, expected.readout)


def test_refused(tmp_path: Path) -> None:
    told = verified(TWO, claim("a", "weights", statement="W_hi[0] == 1"))
    with pytest.raises(az.InputError, match="others than those of the model"):
        az.certify(random_program(np.random.default_rng(1), 2, 2), explanation=told)
    with pytest.raises(az.InputError, match="with ties lowest"):
        az.certify(TWO, explanation=told, ties="uniform")
    with pytest.raises(az.InputError, match="is a transformer"):
        az.certify(az.load("longest_cycle_4_4"), explanation=told)
    many = random_program(np.random.default_rng(1), 1, 7)
    with pytest.raises(az.InputError, match="without an explanation list all cells"):
        az.certify(many, az.tasks.argmax(7))
    told = az.verify(
        story(many, claim("a", "always", statement="h[0][0] >= 0"), task="argmax"), many
    )
    with pytest.raises(az.InputError, match="leave decimals out"):
        az.certify(many, az.tasks.argmax(7), explanation=told, decimals=5)
    with pytest.raises(az.InputError, match="Cannot read"):
        az.certify(TWO, az.tasks.second_argmax(2), explanation=tmp_path / "none.toml")


def test_command(tmp_path: Path) -> None:
    path = tmp_path / "c.json.gz"
    name = "handcrafted_2nd_argmax_2"
    model = f"handcrafted:{name[12:]}"
    found = json_of("certify", model, "--explanation", name, "-o", path)
    assert found["explanation"].endswith(f"{name}.toml")
    checked = run("check", path, *by_hash(check.read(path)))
    assert checked.exit_code == 0
    assert "the explanation's claims: 3 proved" in checked.stdout
    assert "There is no file or shipped explanation" in refused(
        "certify", "handcrafted:2nd_argmax_2", "--explanation", "none", "-o", path
    )


QUADRANTS = {
    "inputs": [0, 1],
    "rays": ["1 0", "0 1", "-1 0", "0 -1"],
    "tree": ["1 0", "0 1", [2, 3], [1, 2], "0 1", [0, 3], [0, 1]],
}


@pytest.mark.parametrize(
    ("statement", "proved"),
    [("x[0] + x[1] >= x[0]", True), ("max(x[0], x[1]) >= x[0] + x[1]", False),
     ("relu(max(x[0], x[1])) >= x[0] + x[1]", False)],
)  # fmt: skip
@pytest.mark.parametrize("kept", [1, 3, 2000])
def test_a_maximum_that_bends_inside_a_cone_is_open(
    statement: str, proved: bool, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each statement holds on both rays of the first quadrant, and two of them not inside. However
    few rays are remembered, what is found is the same."""
    monkeypatch.setattr(check, "MOST_KEPT", kept)
    found = verified(TWO, claim("a", "always", statement=statement, domain="x[0] > 0 and x[1] > 0"))
    (asked,) = found.explanation.claims[0].instances
    assert isinstance(asked, Always)
    nodes = Nodes(TWO)
    numbers = nodes.number(asked.statement), nodes.number(asked.domain)
    proofs = check.Proofs(nodes.formulas.program, nodes.to_json(), check.Budget())
    if proved:
        proofs.prove({"cells": QUADRANTS}, *numbers, almost=False)
        return
    for almost in (False, True):
        with pytest.raises(check.RejectedError, match="open there"):
            proofs.prove({"cells": QUADRANTS}, *numbers, almost=almost)
