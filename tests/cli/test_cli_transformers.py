"""The command line on transformers. Oracles: published scores, and the library's own counts."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from support.command_line import accuracy, json_of, refused, run, text_of
from support.weight_files import ALGZOO, needs_algzoo, write

import algzoo_exact as az
from algzoo_exact.zoo.architectures import DistTransformer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        state = DistTransformer(4, 3, heads=2).state_dict()
    return write(tmp_path / "longest_cycle_4_3.safetensors", state, heads="2")


@needs_algzoo
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("name", "inputs"), [("longest_cycle_2_3", 27), ("longest_cycle_4_4", 256)]
)
def test_published_models(name: str, inputs: int, suffix: str) -> None:
    text = text_of("accuracy", ALGZOO / f"{name}{suffix}")
    assert f"{inputs}/{inputs} inputs = 1\n" in text
    assert "2 layers of 1 attention head" in text
    assert "exact: proved; every input is tried and decided" in text


def test_counts_and_decimal(path: Path) -> None:
    model = az.load(path)
    assert model.task is not None
    result = az.accuracy(model, model.task)
    assert result.counts is not None
    right = int(result.enclosure.lower * 27)
    assert 0 < right < 27
    text = text_of("accuracy", path, "--by-label", "--check-samples", "1e5")
    assert f"{right}/27 inputs = {right / 27:.15g}\n" in text
    assert f"{27 - right} inputs: " in text
    assert "2 layers of 2 attention heads" in text
    for label, row in enumerate(result.counts.confusion):
        assert f"label {label}      longest cycle {label + 1}, decided {sum(row)} times" in text
    assert "the sample agrees with the accuracy above" in text
    found = accuracy(path)
    assert found["counts"]["confusion"] == [list(row) for row in result.counts.confusion]
    assert (found["kind"], found["undecided"][:4]) == ("exact", "0.00")


def test_heads_and_task_can_be_told(tmp_path: Path) -> None:
    place = tmp_path / "model.pth"
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.save(DistTransformer(4, 3, heads=2).state_dict(), place)
    assert accuracy(place)["task"] == "longest_cycle"  # no other is for transformers
    told = ("--task", "longest_cycle", "--heads", 2)
    assert "of 2 attention heads" in text_of("accuracy", place, *told)
    found = accuracy(place, *told)["counts"]["confusion"]
    expected = az.accuracy(az.load(place, heads=2), az.tasks.longest_cycle(3)).counts
    assert expected is not None
    assert found == [list(row) for row in expected.confusion]
    assert found != accuracy(place, *told[:2])["counts"]["confusion"]
    assert "cannot share 4 hidden entries" in run("sample", place, *told[:2], "--heads", 3).stderr


def test_limits_are_certified(path: Path) -> None:
    found = accuracy(path, "--max-regions", 9)
    assert (found["kind"], found["counts"]["undecided"]) == ("certified", 18)
    text = text_of("accuracy", path, "--max-regions", 9)
    assert "of 27 inputs\n" in text
    assert "27, 9 of them decided" in text


def test_sample(path: Path) -> None:
    found = json_of("sample", path, "-n", 1000)
    assert found["sampled"]["samples"] == 1000
    assert found["model"]["parameters"] == az.load(path).network.parameters


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["show"], "no piecewise linear program"),
        (["regions"], "no piecewise linear program"),
        (["accuracy", "--method", "numeric"], "choose from auto, exact, bounds"),
        (["accuracy", "--task", "argmax"], "argmax is a task for an RNN"),
    ],
)
def test_what_transformers_do_not_have(path: Path, arguments: list[str], expected: str) -> None:
    command, *options = arguments
    assert expected in refused(command, path, *options)


def test_a_single_output_has_no_accuracy(tmp_path: Path) -> None:
    place = tmp_path / "longest_cycle_4_3.pth"
    torch.save(DistTransformer(4, 3, outputs=1).state_dict(), place)
    assert "single output" in refused("accuracy", place)
