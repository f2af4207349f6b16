"""A task added from outside, in one file: scored, sampled, explained, reported and trained.

Oracle: where all inputs change their signs, the second smallest is the second largest. So a model
of 2nd_argmax whose input weights change their signs is as good at 2nd_argmin.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from extension.second_smallest import SECOND_SMALLEST, SYMMETRIC, WRITTEN_OUT
from safetensors.numpy import save_file
from support.command_line import json_of, refused, run
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.problem import Problem
from algzoo_exact.program.task import PROBLEMS, register_problem
from algzoo_exact.race.run import compare

STORY = """
title = "The handcrafted model for two inputs, upside down"
[model]
task = "2nd_argmin"
hidden_size = 2
seq_len = 2

[[claim]]
name = "logits"
kind = "always"
for = "i in 0..1"
statement = "logit[i] == x[i] - x[1-i]"

[[claim]]
name = "wins"
kind = "right"
domain = "x[0] > x[1]"

[[case]]
name = "anywhere"
when = "true"
verdict = "right"
claims = ["logits"]
"""
PAIR = {
    "rnn.weight_ih_l0": [[-1], [1]],
    "rnn.weight_hh_l0": [[-1, 1], [1, -1]],
    "linear.weight": [[1, -1], [-1, 1]],
}


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    problems = (SECOND_SMALLEST, WRITTEN_OUT, SYMMETRIC)
    for problem in problems:
        register_problem(problem)
    yield
    for problem in problems:
        del PROBLEMS[problem.name]


# Of four inputs: of three, the second smallest is the second largest.
UPRIGHT = random_program(np.random.default_rng(5), 2, 4)


@pytest.fixture
def upside_down(tmp_path: Path) -> Path:
    """The same with other signs of its input weights."""
    arrays = {
        key: np.array(rows, np.float32).reshape(len(rows), -1)
        for key, rows in named_weights(UPRIGHT).items()
    }
    arrays["rnn.weight_ih_l0"] *= -1
    path = tmp_path / "2nd_argmin_2_4.safetensors"  # the name says which task
    save_file(arrays, path)
    return path


@cache
def expected() -> az.Enclosure:
    return az.accuracy(UPRIGHT, az.tasks.second_argmax(4), digits=12).enclosure


@pytest.mark.parametrize("problem", [SECOND_SMALLEST, WRITTEN_OUT, SYMMETRIC])
@pytest.mark.parametrize("wish", ["exact", "bounds"])
def test_scores(problem: Problem, wish: str, upside_down: Path) -> None:
    found = az.accuracy(az.load(upside_down, task=problem.name), method=wish, digits=12)
    assert found.kind == "exact"
    assert found.enclosure.width < 1e-11
    found.enclosure.intersect(expected())  # ValueError if they contradict each other
    sampled = az.sample(az.load(upside_down), az.Task(problem.name, 4), 20_000, confidence=0.9999)
    assert sampled.lower <= expected().midpoint <= sampled.upper


@pytest.mark.slow
def test_bounds_of_ten_inputs() -> None:
    """Boxes know where an input of some rank is; elsewhere nothing is claimed."""
    program = az.load("handcrafted:2nd_argmax_10").program
    by_rank = az.accuracy(program, az.Task("2nd_argmin", 10), max_cells=50)
    assert by_rank.enclosure.lower <= 0.01
    nothing = az.accuracy(program, az.Task("next_to_least", 10), max_cells=50)
    assert nothing.enclosure.width == 1


@pytest.mark.slow
def test_commands(upside_down: Path, tmp_path: Path) -> None:
    found = json_of("accuracy", upside_down, "--check-samples", "20000")
    assert found["task"] == "2nd_argmin"
    assert found["check"]["agrees"]
    story, model = tmp_path / "story.toml", tmp_path / "pair.safetensors"
    story.write_text(STORY)
    save_file({key: np.array(rows, np.float32) for key, rows in PAIR.items()}, model)
    told = run("verify", story, "--model", model, "--json")
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["accuracy"]["lower"].startswith("1")
    assert "The checker knows no task 2nd_argmin" in refused(
        "certify", upside_down, "-o", tmp_path / "c.json"
    )
    assert not (tmp_path / "c.json").exists()
    report = tmp_path / "r.md"
    assert run("report", upside_down, "-o", report, "--samples", "1000").exit_code == 0
    text = report.read_text().replace("\\", "")
    assert "The label is the index of the second smallest input" in text
    assert "the checker knows no task 2nd_argmin" in text


def test_training(tmp_path: Path) -> None:
    trained = az.train("2nd_argmin", 4, 2, tmp_path, sequences=1 << 18, seeds=1)
    assert trained.model.task == az.Task("2nd_argmin", 2)
    assert float(trained.card.score.upper or 0) > 0.9  # of two inputs, it is the larger one


def test_estimators_race_on_it(upside_down: Path) -> None:
    race = compare(
        az.load(upside_down), 0.1, variants=2, seeds=2, budgets=[1e4], truth_samples=1000,
        estimators=["sampling", "covariance"],
    )  # fmt: skip
    assert {point.estimator for point in race.points} == {"sampling"}
    assert race.left_out == {"covariance": "covariance is defined for 2nd_argmax only."}


@pytest.mark.slow
def test_other_processes_know_it(upside_down: Path) -> None:
    task = pickle.loads(pickle.dumps(az.Task("2nd_argmin", 4)))
    assert (task.label([3, 1, 2, 4]), task.rank) == (2, 2)
    shared = az.accuracy(az.load(upside_down), method="exact", workers=2)
    shared.enclosure.intersect(expected())


def test_a_name_is_taken_once() -> None:
    register_problem(SECOND_SMALLEST)  # the same again is no fault
    with pytest.raises(InputError, match="already"):
        register_problem(Problem("median", "a number", WRITTEN_OUT.answer, WRITTEN_OUT.targets))
    with pytest.raises(InputError, match="letters, digits"):
        Problem("a b", "a number", WRITTEN_OUT.answer, WRITTEN_OUT.targets)
