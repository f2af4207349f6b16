"""An estimator added from outside, in one file: it races, here and in other processes.

Oracle: the mean squared error of 1/2 is that of the exact accuracies from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from extension.half import HALF, Half
from support.command_line import run

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.race.registry import ADDED, register

MODEL, NOISE, VARIANTS = "2nd_argmax_4_3", 0.1, 4


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register(HALF)
    yield
    del ADDED["half"]


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_it_races(workers: int) -> None:
    model = az.load(MODEL)
    race = az.compare(
        model, NOISE, variants=VARIANTS, budgets=[1e3, 1e4], seeds=2, workers=workers,
        estimators=["half", "sampling"],
    )  # fmt: skip
    (point,) = (point for point in race.points if point.estimator == "half")
    programs = [az.perturb(model, NOISE, seed).program for seed in range(VARIANTS)]
    truths = np.array([found.value for found in az.accuracies(programs, az.Task("2nd_argmax", 3))])
    assert point.outcome.mse.value == pytest.approx(np.mean((truths - 0.5) ** 2), rel=1e-9)


@pytest.mark.slow
def test_the_command(tmp_path: Path) -> None:
    done = run(
        "compare", MODEL, "--noise", NOISE, "--variants", VARIANTS, "--budgets", "1e3", "--seeds",
        2, "--estimators", "half", "--json",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert {point["estimator"] for point in json.loads(done.stdout)["points"]} == {"half"}


def test_a_name_is_taken_once() -> None:
    register(HALF)  # the same again is no fault
    with pytest.raises(InputError, match="already"):
        register(Half())
    with pytest.raises(InputError, match="already"):
        register(Half(name="sobol"))
    with pytest.raises(InputError, match=r"sampling-thrifty, .*half"):
        az.estimator("magic")
