"""Facts about neurons, against probabilities of ``ask``, samples, and planted structure."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command_line import json_of, text_of
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.errors import InputError

ONE = Fraction(1)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10**6))
def test_probabilities_are_those_of_the_statement(seed: int) -> None:
    program = random_program(np.random.default_rng(seed), 2, 3)
    found = az.neuron_facts(program, az.tasks.argmax(3))
    for (t, j), mass in found.on.items():
        asked = az.ask(program, f"z[{t}][{j}] > 0", seconds=20).probability.enclosure
        assert asked is not None
        assert mass.lower <= asked.upper
        assert asked.lower <= mass.upper
        assert mass.width < Fraction(1, 10**12)


def test_four_inputs_against_a_sample() -> None:
    rng = np.random.default_rng(4)
    program = random_program(rng, 2, 4)
    found = az.neuron_facts(program, az.tasks.argmax(4))
    x, h = rng.standard_normal((4, 100_000)), np.zeros((2, 100_000))
    for t in range(4):
        z = np.array(program.recurrent, float) @ h
        z += np.outer(np.array(program.input_weights, float), x[t])
        h = np.maximum(0, z)
        for j in range(2):
            known, share = float(found.on[t, j].midpoint), float(np.mean(z[j] > 0))
            assert abs(share - known) < 5 * (known * (1 - known) / 100_000) ** 0.5 + 1e-12


def test_planted_structure() -> None:
    """Neuron 1 is twice neuron 0, neuron 2 its opposite at the first step, neuron 3 is dead."""
    state = [[1, 0, 0, 0], [2, 0, 0, 0], [-1, 0, 0, 0], [0, 0, 0, 0]]
    program = az.rnn([1, 2, -1, 0], state, [[1, 0, 1, 0], [0, 1, 0, 1]], 2)
    found = az.neuron_facts(program, az.tasks.argmax(2))
    assert found.dead == ((0, 3), (1, 3))
    assert ((0, 0), (0, 1), Fraction(1, 2)) in found.parallel
    assert ((0, 0), (0, 2), Fraction(-1)) in found.parallel
    assert ((0, 0), (0, 1)) in found.always_together
    assert ((0, 0), (0, 2)) in found.never_together
    assert found.patterns(0) == {
        Fraction(1, 2): 1,
        Fraction(9, 10): 2,
        Fraction(99, 100): 2,
        ONE: 2,
    }


def test_a_neuron_that_is_always_on() -> None:
    """|x[0]| as a neuron of its own."""
    first = az.Layer([[], []], [[1, 0], [-1, 0]])
    program = az.Program([first, az.Layer([[1, 1]], [[0, 0]])], [[1], [-1]])
    found = az.neuron_facts(program, az.tasks.argmax(2))
    assert found.always == ((1, 0),)
    known = {place: (mass.lower, mass.upper) for place, mass in found.on.items()}
    half = (Fraction(1, 2), Fraction(1, 2))
    assert known == {(0, 0): half, (0, 1): half, (1, 0): (1, 1)}


def test_median_models_have_neurons_too() -> None:
    found = az.neuron_facts(az.load("median_4_3"))
    assert all(0 <= mass.upper <= 1 + Fraction(1, 10**12) for mass in found.on.values())
    assert found.table.total().contains(1)


def test_no_time() -> None:
    with pytest.raises(InputError, match="not enough"):
        az.neuron_facts(az.load("2nd_argmax_4_4"), time_limit=0.0)


def test_the_command() -> None:
    assert text_of("neurons", "2nd_argmax_2_2", "--workers", "1")
    data = json_of("neurons", "2nd_argmax_2_2", "--workers", "1")
    assert len(data["on"]) == 4
    assert data["patterns"][0]["1.0"] >= 2
