"""Proof economy: bounds contain the exact accuracy, and operations are those of the checker."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from scipy.stats import binomtest
from support.command_line import refused, run
from support.shipped_stories import model_of
from support.stories import enclosure_of

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.certificate.economy import Economy, completed, pass_operations
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.explanations import explanation_path

NAME = "2nd_argmax_2_2"


@pytest.fixture(scope="module")
def told() -> az.Verification:
    return az.verify(az.load_explanation(explanation_path(NAME)), model_of(NAME))


@pytest.fixture(scope="module")
def made(told: az.Verification) -> Economy:
    return az.economy(model_of(NAME), told, rest=True)


def test_every_way_is_there_and_contains_the_accuracy(made: Economy) -> None:
    exact = az.accuracy(model_of(NAME), digits=30).enclosure
    names = [proof.name for proof in made.proofs]
    assert names == ["all cells", "the story's cases", "cases, and cells for the rest",
                     "brute force over patterns"]  # fmt: skip
    for proof in made.proofs:
        assert proof.bound is not None
        assert proof.bound.lower <= exact.upper
        assert exact.lower <= proof.bound.upper
        assert proof.operations > made.pass_operations
    assert made.missing == ()


def test_all_cells_cost_what_the_checker_says(made: Economy) -> None:
    found = check.check_document(az.certify(model_of(NAME)))
    assert made.proofs[0].operations == found.operations
    assert made.proofs[0].counted == "checker"


def test_cells_for_the_rest_leave_nothing(told: az.Verification) -> None:
    """The open cases are cut in two, which have their probability together."""
    whole = completed(told, 10.0)
    assert whole.accuracy is not None
    assert whole.accuracy.kind == "exact"
    assert enclosure_of(told.accuracy).lower <= enclosure_of(whole.accuracy).lower
    assert whole.partition is not None
    assert whole.partition.status == "proved"


def test_bits_are_those_of_the_ledger(made: Economy, told: az.Verification) -> None:
    ledger = az.surprise(told, accuracy=made.measured)
    story = made.proofs[1]
    assert story.bits == pytest.approx(ledger.explanation)
    assert story.left == pytest.approx(ledger.given.bits)


def test_a_forward_pass_is_counted_by_hand() -> None:
    """Two steps of two neurons: 2 (2*4 + 2*2) for the states, and 2*2 for each of two logits."""
    assert pass_operations(rnn([1, 1], [[1, 1], [1, 1]], [[1, 1], [1, 1]], 2)) == 32


def test_sampling_narrows_with_the_root_of_operations(made: Economy) -> None:
    widths = [made.sampled_width(operations) for operations in (1e12, 4e12)]
    assert widths[0] == pytest.approx(2 * widths[1], rel=1e-3)


@pytest.mark.parametrize("share", [Fraction(1), Fraction(9, 10), Fraction(0)])
def test_widths_are_those_of_wilsons_interval(made: Economy, share: Fraction) -> None:
    """Beside SciPy's; where all answers are right it is not 0."""
    count = 200
    score = replace(made.measured, enclosure=Enclosure(share, share))
    width = replace(made, measured=score).sampled_width(count * made.pass_operations)
    interval = binomtest(int(count * share), count).proportion_ci(method="wilson")
    assert width == pytest.approx(interval.high - interval.low, rel=1e-6)


@pytest.mark.slow
def test_many_cells_are_estimated_from_some() -> None:
    """Four inputs: the estimate against the whole certificate."""
    program = rnn([1, -1], [[Fraction(1, 2), 1], [-1, 1]], [[1, -1], [-1, 2], [2, 1], [0, 1]], 4)
    task = Task("2nd_argmax", 4)
    made = az.economy(program, task=task, seconds=60)
    proof = made.proofs[0]
    whole = check.check_document(az.certify(program, task))
    assert proof.counted == "estimate"
    assert 0.5 < proof.operations / whole.operations < 2


@pytest.mark.parametrize(
    ("name", "message"), [("median_2_2", "has no labels"), ("longest_cycle_4_4", "transformer")]
)
def test_models_without_such_proofs(name: str, message: str) -> None:
    with pytest.raises(az.InputError, match=message):
        az.economy(az.load(name))


def test_the_command_and_its_picture(tmp_path: Path) -> None:
    picture = tmp_path / "economy.svg"
    said = run("economy", NAME, "--plot", picture, "--json")
    assert said.exit_code == 0
    proofs = json.loads(said.stdout)["proofs"]
    assert [proof["name"] for proof in proofs] == ["all cells", "brute force over patterns"]
    assert "operations of the check" in picture.read_text()
    refused("economy", NAME, "--plot", tmp_path / "economy.gif")
