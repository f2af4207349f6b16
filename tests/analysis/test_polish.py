"""Polishing: each step is proved to gain, by scores that are computed anew here; what is written is
what was proved."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from support.command_line import json_of, refused
from support.perceptrons import random_mlp
from support.programs import degenerate_program, random_program

import algzoo_exact as az
from algzoo_exact.compiling import COMPILING
from algzoo_exact.errors import InputError
from algzoo_exact.zoo.saving import save


class Stop:
    """Ctrl-C at the so-manieth step."""

    def __init__(self, step: int) -> None:
        self.left = step

    def __call__(self, fraction: float, text: str) -> None:
        self.left -= text != COMPILING
        if self.left == 0:
            raise KeyboardInterrupt


def test_each_step_is_proved_to_gain_and_ctrl_c_keeps_the_best() -> None:
    model = az.load("2nd_argmax_3_3")
    found = az.polish(model, progress=Stop(5))
    assert found.ended == "interrupted"
    assert len(found.steps) == 5
    bounds = [found.before.enclosure, *found.steps]
    assert all(one.upper < other.lower for one, other in pairwise(bounds))
    again = az.accuracy(found.program, model.task)  # in closed form
    assert found.score.enclosure.contains(again.enclosure.midpoint)
    assert found.dtype == "float32"
    entries = np.array([float(w) for row in found.program.recurrent for w in row])
    assert np.array_equal(entries, entries.astype(np.float32))


def test_a_squared_error_falls() -> None:
    program = random_program(np.random.default_rng(2), 2, 3, 1)
    found = az.polish(program, az.tasks.median(3), progress=Stop(5))
    assert found.dtype == "float64"
    assert len(found.steps) == 5
    bounds = [found.before.enclosure, *found.steps]
    assert all(other.upper < one.lower for one, other in pairwise(bounds))


def test_a_perceptron_is_polished(tmp_path: Path) -> None:
    save(random_mlp(np.random.default_rng(3), 2, 3, 2), tmp_path / "given.safetensors",
         az.tasks.argmax(2), "float32")  # fmt: skip
    for suffix in (".safetensors", ".pt"):
        target = tmp_path / f"polished{suffix}"
        said = json_of("polish", tmp_path / "given.safetensors", "-o", target, "--time-limit", "1s")
        assert float(said["score"]["lower"]) > float(said["before"]["upper"])
        written = az.load(target, task="argmax", architecture="mlp")
        assert said["written"]["sha256"] == written.sha256
        assert written.program.widths == (3,)


@pytest.mark.slow
def test_restarts_are_those_of_the_seed() -> None:
    program, task = random_program(np.random.default_rng(4), 1, 2, 1), az.tasks.median(2)
    one, same, other = (az.polish(program, task, restarts=1, seed=seed) for seed in (1, 1, 2))
    assert one.ended == "no step gains"
    assert (one.program, one.scores) == (same.program, same.scores)
    assert (other.program, other.scores) != (one.program, one.scores)


@pytest.mark.parametrize("suffix", [".safetensors", pytest.param(".pt", marks=pytest.mark.slow)])
def test_the_command_writes_what_it_proved(tmp_path: Path, suffix: str) -> None:
    target = tmp_path / f"2nd_argmax_3_3{suffix}"
    said = json_of("polish", "2nd_argmax_3_3", "-o", target, "--time-limit", "3s")
    assert said["ended"] in ("time", "no step gains")
    written = az.load(target)
    assert said["written"]["sha256"] == written.sha256
    assert written.dtype == "float32"
    enclosure = az.accuracy(written).enclosure
    assert float(said["score"]["lower"]) - 1e-12 <= float(enclosure.midpoint)
    assert float(enclosure.midpoint) <= float(said["score"]["upper"]) + 1e-12
    assert float(said["score"]["lower"]) > float(said["before"]["upper"])
    assert [*tmp_path.iterdir()] == [target]


def test_bad_input(tmp_path: Path) -> None:
    for arguments, word in (
        (("-o", tmp_path / "x.onnx"), ".safetensors"),
        (("-o", tmp_path / "no" / "x.pt"), "no folder"),
        (("-o", tmp_path / "x.pt", "--restarts", "-1"), "restarts"),
        (("-o", tmp_path / "x.pt", "--time-limit", "1ms"), "Time was up"),
    ):
        assert word in refused("polish", "2nd_argmax_3_3", *arguments)
    assert not [*tmp_path.iterdir()]
    no_readout = degenerate_program("no readout", np.random.default_rng(1), 2, 2)
    with pytest.raises(InputError, match="at these weights"):
        az.polish(no_readout, az.tasks.second_argmax(2))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["2nd_argmax_4_3", "2nd_argmax_4_4"])
def test_shipped_models_gain(name: str) -> None:
    model = az.load(name)
    found = az.polish(model, progress=Stop(5))
    bounds = [az.accuracy(model).enclosure, *found.steps]
    assert len(bounds) == 6
    assert all(one.upper < other.lower for one, other in pairwise(bounds))
