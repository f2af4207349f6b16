"""The command line on bad input, Ctrl-C, full disks, closed pipes: one line, and an exit code."""

from __future__ import annotations

import json
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from support.command_line import ACCURACY, accuracy, bounds, json_of, refused, run, text_of, write
from support.paths import ROOT
from typer.testing import CliRunner

import algzoo_exact
from algzoo_exact.cli.app import app
from algzoo_exact.errors import InputError
from algzoo_exact.score import compute

SCRIPT = (sys.executable, "-m", "algzoo_exact")


# --- bad input ---


class Hostile:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch pwned",)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"rnn__bias_ih_l0": torch.ones(2)}, "bias"),
        ({"linear__weight": None}, "linear.weight"),
        ({"rnn__weight_hh_l0": torch.zeros(2, 3)}, "rnn.weight_hh_l0"),
        ({"linear__weight": torch.zeros(2, 5)}, "linear.weight"),
        ({"rnn__weight_ih_l0": torch.tensor([[1.0], [float("nan")]])}, "finite"),
        ({"rnn__weight_hh_l0": torch.full((2, 2), float("inf"))}, "finite"),
        ({"linear__weight": torch.zeros(2, 2, dtype=torch.int32)}, "linear.weight"),
    ],
)
def test_bad_weights(
    tmp_path: Path, suffix: str, changes: dict[str, torch.Tensor | None], word: str
) -> None:
    path = write(tmp_path / f"2nd_argmax_2_2{suffix}", **changes)
    for command in ("accuracy", "regions", "show", "sample"):
        assert word in refused(command, path)


def test_bad_files(tmp_path: Path) -> None:
    assert "no file" in refused("accuracy", tmp_path / "none.pth")
    assert "folder" in refused("accuracy", tmp_path)
    assert "2nd_argmax_8_5" in refused("accuracy", "2nd_argmax_9_9")
    assert "handcrafted:2nd_argmax_10" in refused("accuracy", "handcrafted:2nd_argmax_7")
    (tmp_path / "empty.pth").touch()
    refused("accuracy", tmp_path / "empty.pth")
    (tmp_path / "a.txt").write_text("1")
    assert ".safetensors" in refused("accuracy", tmp_path / "a.txt")
    for suffix in (".pth", ".safetensors"):
        whole = write(tmp_path / f"2nd_argmax_2_2{suffix}").read_bytes()
        (tmp_path / f"cut{suffix}").write_bytes(whole[: len(whole) // 2])
        refused("accuracy", tmp_path / f"cut{suffix}")


def test_hostile_pickles_do_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Hostile()))
    torch.save({"linear.weight": Hostile()}, tmp_path / "b.pth")
    for name in ("a.pth", "b.pth"):
        refused("accuracy", name)
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("2nd_argmax_2_2", "--task", "2nd_argmin"), "2nd_argmax, argmax"),
        (("2nd_argmax_4_4", "--task", "argmedian"), "odd"),
        (("2nd_argmax_2_2", "--ties", "highest"), "lowest, incorrect, uniform"),
        (("2nd_argmax_2_2", "--method", "magic"), "auto, exact, bounds"),
        (("2nd_argmax_2_2", "--seq-len", "3"), "not 3"),
        (("2nd_argmax_2_2", "--digits", "0"), "--digits"),
        (("2nd_argmax_2_2", "--digits", "many"), "--digits"),
        (("2nd_argmax_2_2", "--time-limit", "soon"), "30s"),
        (("2nd_argmax_2_2", "--time-limit", "-1"), "30s"),
        (("2nd_argmax_2_2", "--max-regions", "0"), "whole number"),
        (("2nd_argmax_2_2", "--check-samples", "1e99"), "10^15"),
        (("2nd_argmax_2_2", "--workers", "0"), "--workers"),
        (("2nd_argmax_2_2", "--tsk", "argmax"), "--task"),
        (("handcrafted:2nd_argmax_10", "--method", "exact"), "n = 9"),
        ((), "MODEL"),
    ],
)
def test_bad_options(arguments: tuple[str, ...], word: str) -> None:
    assert word in refused("accuracy", *arguments)
    assert word in refused("accuracy", *arguments, "--json")


def test_other_bad_requests(tmp_path: Path) -> None:
    assert "'accuracy'" in refused("acuracy", "2nd_argmax_2_2")
    assert "cpu" in refused("sample", "2nd_argmax_2_2", "--device", "abacus")
    assert "float64" in refused("sample", "2nd_argmax_2_2", "--dtype", "int8")
    assert "confidence" in refused("sample", "2nd_argmax_2_2", "--confidence", "2")
    assert "confidence" in refused("sample", "2nd_argmax_2_2", "--confidence", "high")
    assert "exclude" in refused("show", "2nd_argmax_2_2", "--latex", "--json")
    assert "--max-regions" in refused("regions", "2nd_argmax_3_3", "--max-regions", "9")
    assert "9 inputs" in refused("regions", "handcrafted:2nd_argmax_10")
    assert "2 and 3" in refused("regions", "2nd_argmax_4_4", "--picture", tmp_path / "a.svg")


@pytest.mark.parametrize("command", ["accuracy", "regions", "sample"])
def test_a_missing_task_is_asked_for(tmp_path: Path, command: str) -> None:
    path = write(tmp_path / "model.pth")
    assert "--task with 2nd_argmax, argmax, argmedian or argoutlier" in refused(command, path)
    assert json_of(command, path, "--task", "argmax")["task"] == "argmax"


@pytest.mark.parametrize("option", ["--graph", "--picture", "--out"])
def test_output_that_cannot_be_written(tmp_path: Path, option: str) -> None:
    suffix = {"--graph": ".graphml", "--picture": ".svg", "--out": ".csv"}[option]
    model = "2nd_argmax_2_2"
    assert "folder" in refused("regions", model, option, tmp_path / "none" / f"a{suffix}")
    assert suffix in refused("regions", model, option, tmp_path / "a.docx")
    (tmp_path / f"b{suffix}").mkdir()
    refused("regions", model, option, tmp_path / f"b{suffix}")
    if Path("/proc").is_dir():  # where nobody can create files
        refused("regions", model, option, f"/proc/a{suffix}")
    assert [path.name for path in tmp_path.iterdir()] == [f"b{suffix}"]


def test_input_errors_of_the_library_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> Any:
        raise InputError("One sentence\nin two lines.")

    monkeypatch.setattr(compute, "answer", broken)
    assert refused("accuracy", "2nd_argmax_2_2") == "error: One sentence in two lines.\n"


# --- Ctrl-C ---


def interrupted_with(*outcome: Any) -> Callable[..., Any]:
    """Stands for a computation that gets a SIGINT, and then returns what it has, if anything."""

    def compute(*arguments: Any, **options: Any) -> Any:
        try:
            os.kill(os.getpid(), signal.SIGINT)
            time.sleep(10)
        except KeyboardInterrupt:
            if not outcome:
                raise
            if isinstance(outcome[0], Exception):
                raise outcome[0] from None
        return outcome[0]

    return compute


def test_interrupted_bounds_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    model = algzoo_exact.load("2nd_argmax_4_4")
    assert model.task is not None
    certified = algzoo_exact.accuracy(model.program, model.task, max_cells=50)
    monkeypatch.setattr(compute, "answer", interrupted_with(certified))
    found = accuracy("2nd_argmax_4_4")
    assert found["interrupted"] is True
    assert found["sampled"] is None  # who interrupts does not want to wait
    assert bounds(found["accuracy"]).contains(certified.enclosure)
    assert "\ninterrupted " in text_of("accuracy", "2nd_argmax_4_4")


@pytest.mark.parametrize("outcome", [(), (RuntimeError("a pool broke"),)])
def test_interrupted_without_a_result(
    monkeypatch: pytest.MonkeyPatch, outcome: tuple[Exception, ...]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(compute, "answer", interrupted_with(*outcome))
    result = run("accuracy", "2nd_argmax_4_4", "--json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.startswith("interrupted")
    assert result.stderr.count("\n") == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(compute, "answer", broken)
    result = CliRunner().invoke(app, ["accuracy", "2nd_argmax_4_4"])
    assert isinstance(result.exception, RuntimeError)


# --- the process as a whole ---


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SCRIPT, *arguments], text=True, stderr=subprocess.PIPE, **options)


def test_nothing_but_the_result_is_on_stdout() -> None:
    done = process("accuracy", "2nd_argmax_3_3", "--json", stdout=subprocess.PIPE, cwd=ROOT)
    assert (done.returncode, done.stderr) == (0, "")
    jsonschema.validate(json.loads(done.stdout), ACCURACY)


def test_bad_input_in_a_process() -> None:
    done = process("accuracy", "none.pth", "--json", stdout=subprocess.PIPE, cwd=ROOT)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: There is no file 'none.pth'.\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk() -> None:
    with open("/dev/full", "w") as full:
        done = process("show", "handcrafted:2nd_argmax_10", "--sympy", stdout=full, cwd=ROOT)
    assert done.returncode == 2
    assert done.stderr == "error: Cannot write the output: No space left on device.\n"


def test_a_reader_that_leaves_is_no_error() -> None:
    read, write_end = os.pipe()
    os.close(read)
    done = process("show", "handcrafted:2nd_argmax_2", stdout=write_end, cwd=ROOT)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (141, "")
