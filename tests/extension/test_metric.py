"""A metric added from outside, in one file: scored in closed form and by cones, limited, printed.

Oracles: for n <= 3 every wrong answer of a 2nd_argmax model is off by one, so that the probability
is 1 - accuracy; for more inputs, random ones, sorted in numpy.
"""

from __future__ import annotations

import json
from fractions import Fraction

import numpy as np
import pytest
from extension.off_by_one import OFF_BY_ONE
from support.programs import random_program
from support.reports import model_of

import algzoo_exact as az
from algzoo_exact.deadline import Deadline
from algzoo_exact.present.documents.score import Wanted, score_document
from algzoo_exact.present.writers.data import to_json
from algzoo_exact.present.writers.terminal import to_terminal
from algzoo_exact.score.compute import METRICS, answer
from algzoo_exact.score.question import Question, Wish

SAMPLES = 300_000


@pytest.mark.parametrize("n", [2, 3])
def test_every_error_of_few_inputs_is_off_by_one(n: int) -> None:
    for seed in range(4):
        program = random_program(np.random.default_rng(seed), 3, n)
        task = az.tasks.second_argmax(n)
        found = answer(Question(OFF_BY_ONE, program, task, "lowest"))
        right = az.accuracy(program, task)
        assert (found.metric, found.kind) == ("off_by_one", "exact")
        assert found.form is not None
        both = found.enclosure.plus(right.enclosure)
        assert both.contains(1)
        assert both.width < Fraction(1, 10**29)


def by_sampling(program: az.Program, n: int) -> float:
    """A share of random inputs."""
    x = np.random.default_rng(1).standard_normal((SAMPLES, n))
    w_in, w_hh, w_out = (
        np.array(part, np.float64)
        for part in (program.input_weights, program.recurrent, program.readout)
    )
    h = np.zeros((SAMPLES, len(w_in)))
    for t in range(n):
        h = np.maximum(0.0, h @ w_hh.T + x[:, t : t + 1] * w_in)
    answers = (h @ w_out.T).argmax(1)
    places = (x > x[np.arange(SAMPLES), answers][:, None]).sum(1)
    return float(np.mean((places == 0) | (places == 2)))


@pytest.mark.parametrize("wish", ["exact", "bounds"])
def test_four_inputs(wish: Wish) -> None:
    program, task = random_program(np.random.default_rng(5), 1, 4), az.tasks.second_argmax(4)
    found = answer(Question(OFF_BY_ONE, program, task, "lowest", 20, wish))
    assert found.kind == "exact"
    assert found.enclosure.width < Fraction(1, 10**20)
    assert found.enclosure.plus(az.accuracy(program, task).enclosure).lower <= 1
    # Five standard errors: chance fails once in 1.7e6.
    assert abs(by_sampling(program, 4) - found.value) < 5 * 0.5 / SAMPLES**0.5


def test_limits_give_true_bounds() -> None:
    program, task = random_program(np.random.default_rng(6), 3, 4), az.tasks.second_argmax(4)
    exact = answer(Question(OFF_BY_ONE, program, task, "lowest", 20))
    for wish in ("exact", "bounds"):
        for cells in (0, 1, 40):
            question = Question(OFF_BY_ONE, program, task, "lowest", 20, wish, max_cells=cells)
            found = answer(question)
            assert found.kind == "certified"
            assert found.enclosure.contains(exact.enclosure)
    nothing = Question(OFF_BY_ONE, program, task, "lowest", deadline=Deadline.after(0.0))
    assert answer(nothing).enclosure.width == 1


def test_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(METRICS, OFF_BY_ONE.name, OFF_BY_ONE)
    program, task = random_program(np.random.default_rng(7), 2, 3), az.tasks.second_argmax(3)
    model = model_of(program, task)
    found = answer(Question(OFF_BY_ONE, program, task, "lowest"))
    said = score_document(model, found, None, Wanted())
    assert "\noff by one   " in to_terminal(said)
    assert set(json.loads(to_json(said))["off_by_one"]) == {
        "lower", "upper", "closed_form",
    }  # fmt: skip
