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
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import torch
from cli_for_tests import ACCURACY, accuracy, bounds, json_of, run, text_of, write
from typer.testing import CliRunner

import algzoo_exact
from algzoo_exact.cli.app import app
from algzoo_exact.errors import InputError
from algzoo_exact.score.pool import worker_pool

ROOT = Path(__file__).parents[1]
SCRIPT = (sys.executable, "-m", "algzoo_exact")


# --- bad input ---


class Hostile:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch pwned",)


def refused(*arguments: object) -> str:
    """The one sentence on stderr, with exit code 2 and nothing on stdout."""
    result = run(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    line = result.stderr
    assert line.startswith("error: ")
    assert line.count("\n") == 1
    assert line.endswith((".\n", "?\n"))
    assert "Traceback" not in line
    return line


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"rnn__bias_ih_l0": torch.zeros(2)}, "bias"),
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
    assert "2nd_argmax_4_3" in refused("accuracy", "2nd_argmax_9_9")
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
        (("2nd_argmax_2_2", "--method", "magic"), "numeric"),
        (("2nd_argmax_2_2", "--seq-len", "3"), "not 3"),
        (("2nd_argmax_2_2", "--digits", "0"), "--digits"),
        (("2nd_argmax_2_2", "--digits", "many"), "--digits"),
        (("2nd_argmax_2_2", "--time-limit", "soon"), "30s"),
        (("2nd_argmax_2_2", "--time-limit", "-1"), "30s"),
        (("2nd_argmax_2_2", "--max-regions", "0"), "whole number"),
        (("2nd_argmax_2_2", "--check-samples", "1e99"), "10^15"),
        (("2nd_argmax_2_2", "--workers", "0"), "--workers"),
        (("2nd_argmax_2_2", "--tsk", "argmax"), "--task"),
        (("2nd_argmax_2_2", "more"), "more"),
        (("handcrafted:2nd_argmax_10", "--method", "exact"), "n = 6"),
        (("handcrafted:2nd_argmax_10", "--method", "numeric"), "n = 6"),
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
    assert "6 inputs" in refused("regions", "handcrafted:2nd_argmax_10")
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

    monkeypatch.setattr(algzoo_exact, "accuracy", broken)
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
    monkeypatch.setattr(algzoo_exact, "accuracy", interrupted_with(certified))
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
    monkeypatch.setattr(algzoo_exact, "accuracy", interrupted_with(*outcome))
    result = run("accuracy", "2nd_argmax_4_4", "--json")
    assert (result.exit_code, result.stdout) == (130, "")
    assert result.stderr.startswith("interrupted")
    assert result.stderr.count("\n") == 1
    assert signal.getsignal(signal.SIGINT) is before


def test_other_errors_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any, **options: Any) -> Any:
        raise RuntimeError("a bug")

    monkeypatch.setattr(algzoo_exact, "accuracy", broken)
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


@pytest.mark.slow
def test_ctrl_c_ends_a_process() -> None:
    """Wherever it strikes, there is a result or one line."""
    command = ["accuracy", "2nd_argmax_8_5", "--time-limit", "1h", "--workers", "1", "--json"]
    for delay in (0.5, 2.0, 6.0):
        running = subprocess.Popen(
            [*SCRIPT, *command], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        time.sleep(delay)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        out, err = running.communicate(timeout=60)
        if running.returncode == 0:
            assert json.loads(out)["interrupted"] is True
        else:
            assert (running.returncode, out) == (130, "")
        assert "Traceback" not in err


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks processes up in /proc")
def test_processes_end_when_the_main_one_is_killed() -> None:
    command = ["accuracy", "2nd_argmax_8_5", "--method", "exact", "--workers", "2"]
    running = subprocess.Popen(
        [*SCRIPT, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    try:
        _wait(lambda: len(_session(running.pid)) >= 3)  # the main one and two workers, at least
        running.kill()
        running.wait()
        _wait(lambda: not _session(running.pid))
    finally:
        for left in _session(running.pid):
            os.kill(left, signal.SIGKILL)


def _session(leader: int) -> list[int]:
    """The processes of one session that are not dead."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, session = stat.read_text().rpartition(")")[2].split()[:4]
        except OSError:  # it ended meanwhile
            continue
        if int(session) == leader and state != "Z":
            found.append(int(stat.parent.name))
    return found


def _wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def test_ctrl_c_in_a_callback_from_c_is_not_lost() -> None:
    """Python drops exceptions there, with a traceback on stderr."""
    script = """
import ctypes, signal, sys, time
from algzoo_exact.cli import show
from algzoo_exact.cli.app import app
from algzoo_exact.score.pool import worker_pool

def strike(*_):
    @ctypes.CFUNCTYPE(None)
    def callback():
        signal.raise_signal(signal.SIGINT)
    callback()
    time.sleep(30)

show.load_model = strike
app(["show", "handcrafted:2nd_argmax_2"])
"""
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: there is no result yet\n"


def test_ctrl_c_in_a_constructor_says_nothing_of_the_half_made_object() -> None:
    """Its destructor fails, as llvmlite's do, and Python would print a traceback."""
    script = """
import signal
from algzoo_exact.cli import show
from algzoo_exact.cli.app import app
from algzoo_exact.score.pool import worker_pool

class Resource:
    def __init__(self):
        signal.raise_signal(signal.SIGINT)
        self.handle = 1

    def __del__(self):
        del self.handle

show.load_model = lambda *_: Resource()
app(["show", "handcrafted:2nd_argmax_2"])
"""
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: there is no result yet\n"


def test_errors_after_ctrl_c_are_its_own() -> None:
    """An import or a compiler that it strikes may raise anything."""
    script = """
import signal
from algzoo_exact.cli import show
from algzoo_exact.cli.app import app
from algzoo_exact.score.pool import worker_pool

def load(*_):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise RuntimeError("half of a module") from None

show.load_model = load
app(["show", "handcrafted:2nd_argmax_2"])
"""
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: there is no result yet\n"


def test_ctrl_c_never_reaches_workers(tmp_path: Path) -> None:
    """Not even those that are just starting; it waits for the main process."""
    script = """
import os, signal, time
from algzoo_exact.score.pool import worker_pool

if __name__ == "__main__":
    with worker_pool(2) as pool:
        jobs = [pool.submit(time.sleep, 0.2) for _ in range(4)]
        signal.signal(signal.SIGINT, lambda *_: print("main"))
        os.killpg(0, signal.SIGINT)
        for job in jobs:
            job.result()
"""
    (tmp_path / "script.py").write_text(script)
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py"],
        text=True, capture_output=True, start_new_session=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "main\n", "")


def test_what_ends_a_pool_early_ends_its_jobs() -> None:
    jobs: list[Future[None]] = []
    with suppress(KeyboardInterrupt), worker_pool(2) as pool:
        jobs += [pool.submit(time.sleep, 3600) for _ in range(5)]
        raise KeyboardInterrupt
    assert all(job.cancelled() or job.exception() for job in jobs)
