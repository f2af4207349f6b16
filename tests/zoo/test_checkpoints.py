"""Checkpoints as trainers write them hold the same model as the plain state dict.

Oracle: the plain file's exact weights. What cannot be told apart is refused.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from support.weight_files import attention_state, message, state, write
from torch import nn

import algzoo_exact as az
from algzoo_exact.zoo.architectures import DistRNN

PLAIN = state(2, 3)
TRANSFORMER = attention_state(2, 3, 3, 2)


def prefixed(prefix: str, given: dict[str, torch.Tensor] = PLAIN) -> dict[str, torch.Tensor]:
    return {f"{prefix}{key}": value for key, value in given.items()}


def biased(value: float) -> dict[str, torch.Tensor]:
    return {**PLAIN, "rnn.bias_ih_l0": torch.zeros(2), "linear.bias": torch.full((3,), value)}


CHECKPOINTS: dict[str, Any] = {
    "wrapped": {"epoch": 3, "state_dict": PLAIN, "optimizer": {"state": {}, "param_groups": [{}]}},
    "under another name": {"net": PLAIN, "loss": 0.5, "step": torch.tensor(3)},
    "data parallel": prefixed("module."),
    "compiled": prefixed("_orig_mod."),
    "compiled and parallel": prefixed("module._orig_mod."),
    "lightning": {"epoch": 1, "state_dict": prefixed("model."), "lr_schedulers": []},
    "zero biases": biased(0.0),
    "negative zero": biased(-0.0),
    "all at once": {"model": prefixed("module.", biased(0.0)), "args": {"lr": 0.1}},
}


@pytest.mark.parametrize("suffix", [".pth", ".pt", ".ckpt", ".bin", ".pth.tar"])
@pytest.mark.parametrize("name", CHECKPOINTS)
def test_the_same_model(name: str, suffix: str, tmp_path: Path) -> None:
    plain = az.load(PLAIN, task="2nd_argmax")
    found = az.load(write(tmp_path / f"run_2nd_argmax_2_3{suffix}", CHECKPOINTS[name]))
    assert (found.name, found.task) == ("run_2nd_argmax_2_3", plain.task)
    assert found.network == plain.network
    assert found.weights_sha256 == plain.weights_sha256


def test_in_memory_and_as_safetensors(tmp_path: Path) -> None:
    module = DistRNN(2, 3)
    plain = az.load(module, task="argmax")
    for given in (
        module.state_dict(), prefixed("module.", module.state_dict()), nn.DataParallel(module)
    ):  # fmt: skip
        found = az.load(given, task="argmax")
        assert found.network == plain.network
    assert az.load(module.state_dict()).sha256 == plain.sha256
    path = tmp_path / "m.safetensors"
    save_file(prefixed("model.", biased(0.0)), path)
    assert az.load(path).network == az.load(PLAIN).network


@pytest.mark.slow
def test_a_compiled_module() -> None:
    module = DistRNN(2, 3)
    assert az.load(torch.compile(module)).network == az.load(module).network


def test_transformers(tmp_path: Path) -> None:
    plain = az.load(TRANSFORMER, heads=2)
    path = write(tmp_path / "m.ckpt", {"state_dict": prefixed("model.", TRANSFORMER)})
    assert az.load(path, heads=2).network == plain.network


def test_what_is_not_the_same_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.pth"
    assert "Models with biases ('linear.bias')" in message(write(path, biased(1e-30)))
    assert "Models with biases" in message(write(path, biased(float("nan"))))
    assert "There is no rnn.weight_ih_l0" in message(write(path, {"linear.weight": torch.ones(2)}))
    assert "Unexpected tensor 'module.rnn" in message(write(path, PLAIN | prefixed("module.")))
    module = DistRNN(2, 3)
    module.rnn = nn.RNN(1, 2, nonlinearity="tanh", bias=False, batch_first=True)
    assert "uses tanh" in message(nn.DataParallel(module))
