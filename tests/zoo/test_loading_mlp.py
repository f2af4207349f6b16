"""Perceptrons as torch has them: modules, state dicts and files.

Oracle: torch's own forward pass.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from support.command_line import refused, run
from torch import nn

import algzoo_exact as az
from algzoo_exact.zoo.architectures import to_module


def perceptron(
    *sizes: int, bias: bool = False, dtype: torch.dtype = torch.float32
) -> nn.Sequential:
    torch.manual_seed(1)
    parts: list[nn.Module] = []
    for width, height in pairwise(sizes):
        parts += [nn.Linear(width, height, bias=bias, dtype=dtype), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def saved(module: nn.Module, path: Path, **metadata: str) -> Path:
    safetensors.torch.save_file(module.state_dict(), path, metadata)
    return path


def test_a_module_its_state_dict_and_its_file_are_one_model(tmp_path: Path) -> None:
    module = perceptron(3, 5, 4, 3)
    path = saved(module, tmp_path / "m.safetensors", architecture="mlp", task="argmax")
    torch.save({"model.net." + k: v for k, v in module.state_dict().items()}, tmp_path / "m.pth")
    models = [
        az.load(module, task="argmax"),
        az.load(module.state_dict(), task="argmax", architecture="mlp"),
        az.load(path),
        az.load(tmp_path / "m.pth", task="argmax", architecture="mlp"),
    ]
    assert len({model.weights_sha256 for model in models}) == 1
    assert len({(model.program, model.task) for model in models}) == 1
    program = models[0].program
    assert (program.widths, program.parameters, program.is_mlp) == ((5, 4), 47, True)
    x = torch.tensor([[0.5, -1.25, 2.0]], dtype=torch.float64)
    logits = module.double()(x)[0].tolist()
    assert [float(v) for v in program.evaluate(x[0].tolist()).logit] == pytest.approx(logits, 1e-12)
    again = to_module(program)
    assert torch.equal(again(x), module(x))


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (perceptron(3, 4, 3, bias=True), "Part 0 of the Sequential is a Linear with a bias"),
        (
            nn.Sequential(nn.Linear(3, 4, bias=False), nn.Tanh()),
            "Part 1 of the Sequential is a Tanh",
        ),
        (nn.Sequential(nn.ReLU()), "Part 0 of the Sequential is a ReLU, not a Linear"),
        (perceptron(3, 3), "must have a ReLU, and end in a Linear"),
        (nn.ModuleList(perceptron(3, 4, 3)), "What stands between the matrices of a ModuleList"),
    ],
)
def test_other_modules_are_refused(module: nn.Module, message: str) -> None:
    with pytest.raises(az.InputError, match=message):
        az.load(module, task="argmax")


@pytest.mark.parametrize(
    ("state", "given", "message"),
    [
        (perceptron(3, 4, 3).state_dict(), {}, "names do not tell what stands between them"),
        (perceptron(3, 4, 3).state_dict(), {"architecture": "cnn"}, "'cnn', and only 'mlp'"),
        (perceptron(3, 4, 3, bias=True).state_dict(), {"architecture": "mlp"}, "'0.bias'"),
        (
            perceptron(3, 4, 3).state_dict(),
            {"architecture": "mlp", "heads": 2},
            "no attention heads",
        ),
        (perceptron(3, 4, 2).state_dict(), {"architecture": "mlp", "task": "argmax"}, "3 outputs"),
        (perceptron(3, 4, 3).state_dict(), {"architecture": "mlp", "seq_len": 4}, "has 3 inputs"),
        ({"0.weight": torch.ones(4, 3), "1.weight": torch.ones(3, 4)}, {}, "There is no 2.weight"),
        ({"0.weight": torch.ones(4, 3), "2.weight": torch.ones(3, 5)}, {}, r"it must be \(3, 4\)"),
    ],
)
def test_other_state_dicts_are_refused(state: Any, given: dict[str, Any], message: str) -> None:
    with pytest.raises(az.InputError, match=message):
        az.load(state, **given)


def test_a_bias_of_zeros_is_left_out() -> None:
    module = perceptron(2, 3, 2, bias=True)
    for part in module:
        if isinstance(part, nn.Linear):
            nn.init.zeros_(part.bias)
    assert az.load(module, task="argmax").program.is_mlp


def test_commands_take_perceptrons(tmp_path: Path) -> None:
    path = saved(perceptron(3, 4, 3), tmp_path / "m.safetensors", architecture="mlp", task="argmax")
    found = run("accuracy", path, "--check-samples", "1e5")
    assert found.exit_code == 0
    assert "d = 4, n = 3, 24 parameters" in found.stdout
    assert "agrees with the accuracy" in found.stdout
    taught = run("accuracy", path, "--teacher", path)
    assert "answers of m (weights " in taught.stdout
    assert run("sample", path, "--teacher", path, "-n", "1000").exit_code == 0
    assert run("regions", path, "--top", "1").exit_code == 0
    assert "h[0][3] = relu(" in run("show", path).stdout
    for command in (
        ("certify", path, "--output", tmp_path / "c.json"),
        ("report", path, "--output", tmp_path / "r.html"),
    ):
        assert "need an RNN" in refused(*command)


@pytest.mark.slow
@pytest.mark.parametrize("teacher", [False, True])
def test_where_nothing_is_proved_the_sample_comes_first(tmp_path: Path, teacher: bool) -> None:
    path = saved(
        perceptron(10, 2, 10), tmp_path / "m.safetensors", architecture="mlp", task="argmax"
    )
    found = run("accuracy", path, *(("--teacher", path) if teacher else ())).stdout
    lines = [line.split(None, 1) for line in found.splitlines()]
    names = [line[0] for line in lines]
    assert names.index("sampled") < names.index("accuracy")
    said = {line[0]: line[1] for line in lines}
    assert said["accuracy"] == "between 0.000000 and 1.000000"
    assert said["more"] == (
        "for a perceptron or a teacher every input can be decided for n <= 9 only, and beyond "
        "nothing is proved"
    )


def test_medians_of_perceptrons(tmp_path: Path) -> None:
    """max(0, x0 + x1)/2 - max(0, -x0 - x1)/2 is the median of two."""
    module = perceptron(2, 2, 1)
    module[0].weight.data = torch.tensor([[1.0, 1.0], [-1.0, -1.0]])
    module[2].weight.data = torch.tensor([[0.5, -0.5]])
    path = saved(module, tmp_path / "m.safetensors", architecture="mlp", task="median")
    assert az.squared_error(az.load(path)).enclosure.upper == 0
    assert az.sample_squared_error(az.load(path), az.tasks.median(2), 1000).mean < 1e-12


def test_races_are_for_rnns() -> None:
    with pytest.raises(az.InputError, match="need an RNN"):
        az.compare(az.load(perceptron(3, 4, 3), task="argmax"), 0.1)


def test_noise_on_a_perceptron() -> None:
    model = az.load(perceptron(3, 4, 3), task="argmax")
    noisy = az.perturb(model, 0.1, seed=1)
    assert noisy.program.is_mlp
    assert noisy.program != model.program
    composed = az.on_subspace(model.program, [[1], [2], [3]])
    assert az.perturb(composed, 0.1).widths == (4,)  # again a perceptron
    with pytest.raises(az.InputError, match="not a composed program"):
        az.perturb(az.Program((*composed.layers, az.Layer([[1] * 4], [[1]])), [[1]]), 0.1)
