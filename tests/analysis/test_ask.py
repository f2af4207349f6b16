"""Statements asked about: verdicts, and probabilities against counting, samples and symmetry."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command_line import json_of, refused, text_of
from support.programs import degenerate_programs, random_program

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.language.expand import Expander
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.prove.event_cells import event_cells
from algzoo_exact.explain.prove.exact_figures import probability
from algzoo_exact.program.ir import Program

MODEL = az.load("2nd_argmax_4_3")


def _bounds(asked: az.Asked) -> Enclosure:
    assert asked.probability.enclosure is not None
    return asked.probability.enclosure


def test_order_is_counted() -> None:
    asked = az.ask(MODEL, "x[0] > x[1] and x[1] > x[2]", seconds=10)
    assert asked.outcome.status == "refuted"
    assert asked.probability.rational == Fraction(1, 6)
    asked = az.ask(MODEL, "x[0] > x[1]", given="x[1] > x[2]", seconds=10)
    assert asked.probability.rational == Fraction(1, 3)


def test_what_holds_everywhere_has_probability_one() -> None:
    asked = az.ask(MODEL, "h[2][0] >= 0")
    assert asked.outcome.status == "proved"
    assert asked.probability.rational == 1


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_against_a_sample_and_the_complement(seed: int) -> None:
    rng = np.random.default_rng(seed)
    program = random_program(rng, 2, 3)
    first = az.ask(program, "logit[0] > logit[1]", seconds=20)
    second = az.ask(program, "logit[0] <= logit[1]", seconds=20)
    total = _bounds(first).plus(_bounds(second))
    assert total.contains(1)
    w_in, w, out = program.input_weights, program.recurrent, program.readout
    x, h = rng.standard_normal((3, 40_000)), np.zeros((2, 40_000))
    for t in range(3):
        z = np.array(w, float) @ h + np.outer(np.array(w_in, float), x[t])
        h = np.maximum(0, z)
    logits = np.array(out, float) @ h
    share = float(np.mean(logits[0] > logits[1]))
    known = float(_bounds(first).midpoint)
    assert abs(share - known) < 5 * (known * (1 - known) / 40_000) ** 0.5 + 1e-9


def test_given_is_a_quotient() -> None:
    both = az.ask(MODEL, "logit[0] > logit[1] and x[0] < x[1]")
    asked = az.ask(MODEL, "logit[0] > logit[1]", given="x[0] < x[1]")
    assert float(_bounds(asked).midpoint) == pytest.approx(2 * float(_bounds(both).midpoint))


def test_nothing_is_given_by_what_never_happens() -> None:
    with pytest.raises(InputError, match="probability 0"):
        az.ask(MODEL, "x[0] > 0", given="x[0] > x[1] and x[1] > x[0]", seconds=5)


STATEMENTS = (
    "logit[0] > logit[1] and x[0] > x[1]",
    "h[2][0] == 0 or not (h[1][1] >= 2 * x[3])",
    "max(x[0], h[3][0]) > abs(x[2] - x[1])",
    "min(h[3][0], h[2][1], x[0]) + 1/3 * x[3] <= 0.1 * z[1][0]",
)


def test_statements_of_four_inputs_against_integers() -> None:
    """Degenerate programs among them; the oracle cuts space in integers, measures in balls."""
    rng = np.random.default_rng(3)
    programs = [random_program(rng, 2, 4)]
    programs += [program for _, program in degenerate_programs(rng, 3, (2, 2), 4)]
    for program in programs:
        for statement in STATEMENTS:
            formula = Expander({}, Sizes.of(program)).expand_formula(parse(statement), {})
            known = probability(program, formula, digits=12).enclosure
            found = event_cells(program, formula).probability
            assert known is not None
            assert max(known.lower, found.lower) <= min(known.upper, found.upper)
            assert found.width < Fraction(1, 10**8)


@pytest.mark.slow
def test_answer_and_label_against_the_accuracy() -> None:
    program = random_program(np.random.default_rng(9), 2, 5)
    for model in (az.load("2nd_argmax_4_4"), _Tasked(program, az.tasks.argmedian(5))):
        right = az.accuracy(model.program, model.task).enclosure
        wrong = Enclosure(1 - right.upper, 1 - right.lower)
        for statement, known in (("answer == label", right), ("answer != label", wrong)):
            found = _bounds(az.ask(model, statement, seconds=100))
            assert max(known.lower, found.lower) <= min(known.upper, found.upper)
            assert found.width < Fraction(1, 10**7)


def test_ties_go_to_the_lowest_index() -> None:
    """Dead logits and equal ones, on cones too: against the accuracy of another method."""
    rng = np.random.default_rng(5)
    task = az.tasks.second_argmax(4)
    for _, program in degenerate_programs(rng, 4, (2, 2), 4):
        found = _bounds(az.ask(_Tasked(program, task), "answer == label", seconds=60))
        assert found.contains(az.accuracy(program, task).enclosure.midpoint)


@dataclass(frozen=True)
class _Tasked:
    """A model of a program that knows its task."""

    program: Program
    task: az.Task


def test_cells_hold_their_points_and_add_up() -> None:
    model = az.load("2nd_argmax_4_4")
    statement = "0.3*h[3][0] > h[3][1]"
    asked = az.ask(model, statement, cells=400)
    assert asked.cells is not None
    assert asked.cells.count == len(asked.cells.heaviest)
    total = Enclosure.exactly(0)
    for cell in asked.cells.heaviest:
        total = total.plus(cell.probability)
        point = [Fraction(c) for c in cell.inside]
        assert all(sum(a * c for a, c in zip(w, point, strict=True)) > 0 for w in cell.walls)
        h = model.program.evaluate(point).h[3]
        assert Fraction(3, 10) * h[0] > h[1]
        measure = az.cone_measure(cell.walls, digits=8)
        assert abs(measure.midpoint - cell.probability.midpoint) < Fraction(1, 10**7)
    assert abs(total.midpoint - asked.cells.mass.midpoint) < Fraction(1, 10**12)
    failing = az.ask(model, f"not ({statement})")
    assert _bounds(asked).plus(_bounds(failing)).contains(1)


def test_a_statement_with_a_mistake() -> None:
    for text, column in (("answer == 7", 11), ("answer + 1 > 2", 1), ("x[0] > 0 adn x[1] > 0", 10)):
        with pytest.raises(InputError, match=f"Column {column}"):
            az.ask(MODEL, text)
    with pytest.raises(InputError, match="label"):
        az.ask(az.load("median_4_3"), "label == 1")
    with pytest.raises(InputError, match="constants"):
        az.ask(MODEL, "x[0] > 1", cells=3, seconds=2)


def test_the_command() -> None:
    data = json_of("ask", "2nd_argmax_4_3", "h[1][0] > 0", "--workers", "1")
    assert data["verdict"] == "refuted"
    assert len(data["witness"]) == 3
    assert 0 < float(data["probability"]["lower"]) <= float(data["probability"]["upper"]) < 1
    listed = text_of(
        "ask", "2nd_argmax_4_3", "answer == 2 and label == 1", "--cells=2", "--workers", "1"
    )
    assert "Where it holds, heaviest first" in listed
    refused("ask", "2nd_argmax_4_3", "h[7][0] > 0")
