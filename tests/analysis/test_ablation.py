"""Ablations: programs without parts evaluate as by hand, and scores are those of such programs."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command_line import json_of, refused, text_of
from support.perceptrons import random_mlp
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.analysis.ablation import parts_of
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program


def _by_hand(program: Program, x: list[Fraction], t0: int, j0: int, on: bool) -> list[Fraction]:
    """Logits of an RNN with neuron (t0, j0) set to 0, or linear."""
    h = [Fraction(0)] * program.hidden_size
    for t, value in enumerate(x):
        z = [
            sum((w * v for w, v in zip(row, h, strict=True)), a * value)
            for row, a in zip(program.recurrent, program.input_weights, strict=True)
        ]
        h = [max(Fraction(0), v) for v in z]
        if t == t0:
            h[j0] = z[j0] if on else Fraction(0)
    return [sum((w * v for w, v in zip(row, h, strict=True)), Fraction(0))
            for row in program.readout]  # fmt: skip


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 2), st.integers(0, 2), st.booleans())
def test_one_neuron_at_one_step(seed: int, t: int, j: int, on: bool) -> None:
    rng = np.random.default_rng(seed)
    program = random_program(rng, 3, 3)
    cut = az.without(program, f"{t},{j}", frozen="on" if on else "off")
    assert isinstance(cut, Program)
    for point in rng.integers(-9, 10, (4, 3)).tolist():
        x = [Fraction(c) for c in point]
        assert list(cut.evaluate(x).logit) == _by_hand(program, x, t, j, on)


def test_parts_of_all_sorts() -> None:
    program = random_program(np.random.default_rng(1), 2, 3)
    both = az.without(program, "0,1+2,1")
    assert isinstance(both, Program)
    assert both.layers[0].input[1] == (0, 0, 0)
    assert both.layers[1] == program.layers[1]
    one = az.without(program, "W_hh[1][0]")
    assert isinstance(one, Program)
    assert one.recurrent[1][0] == 0
    assert one.recurrent[0] == program.recurrent[0]
    assert len(parts_of(program, "weights")) == program.parameters
    perceptron = random_mlp(np.random.default_rng(2), 3, 4, 3)
    assert parts_of(perceptron, "steps") == ("0,0", "0,1", "0,2", "0,3")
    assert isinstance(az.without(perceptron, "2", frozen="on"), Program)


def test_a_head_of_a_transformer() -> None:
    model = az.load("longest_cycle_4_4")
    found = az.importance(model)
    assert {part.part for part in found.parts} == {"0,0", "1,0"}
    assert found.parts[0].score.enclosure.lower == Fraction(91, 256)


def test_scores_are_those_of_the_programs() -> None:
    model = az.load("2nd_argmax_3_3")
    found = az.importance(model, sorts=("neurons",), workers=1)
    assert [p.drop.midpoint for p in found.parts] == sorted(
        (p.drop.midpoint for p in found.parts), reverse=True
    )
    for part in found.parts:
        cut = az.without(model.program, part.part)
        again = az.accuracy(cut, model.task).enclosure
        assert again.contains(part.score.enclosure.midpoint)
        assert part.drop.contains(found.score.enclosure.midpoint - again.midpoint)


def test_a_dead_neuron_is_worth_nothing() -> None:
    program = az.rnn([1, -1, 0], [[1, 0, 0], [0, 1, 0], [0, 0, 0]], [[1, 0, 5], [0, 1, 7]], 2)
    found = az.importance(program, az.tasks.argmax(2), sorts=("neurons",), workers=1)
    assert found.parts[-1].part == "2" or found.parts[-1].drop.upper < 0
    worth = {part.part: part.drop for part in found.parts}
    assert worth["2"].contains(0)
    assert worth["2"].width < Fraction(1, 10**20)


def test_a_median_models_error_grows() -> None:
    worth = az.ablate(az.load("median_4_3"), "1")
    assert worth.drop.lower > 0


@pytest.mark.parametrize("part", ["9", "1,9", "7,0", "W_hh[9][0]", "W_hi[0][0]", "neuron", ""])
def test_parts_that_are_not_there(part: str) -> None:
    with pytest.raises(InputError):
        az.ablate(az.load("2nd_argmax_2_2"), part)


def test_the_commands() -> None:
    data = json_of("ablate", "2nd_argmax_2_2", "0")
    assert set(data["neurons"][0]) == {"neuron", "score", "kind", "drop"}
    assert "0,0+0,1" in text_of(
        "importance", "2nd_argmax_2_2", "--parts", "steps", "--pairs", "--workers", "1"
    )
    refused("importance", "2nd_argmax_2_2", "--parts", "step")
