"""Ctrl-C in whole processes, and processes that outlive their main one: one line, and no worker.

The command line with Ctrl-C simulated is in test_cli_errors.py.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

import pytest
from support.paths import ROOT

from algzoo_exact.jobs import worker_pool

SCRIPT = (sys.executable, "-m", "algzoo_exact")


@pytest.mark.slow
def test_ctrl_c_ends_a_process() -> None:
    """Wherever it strikes, there is a result or one line."""
    script = """
import sys
from algzoo_exact.cli import main
print("begun", file=sys.stderr, flush=True)
main()
"""
    command = ["accuracy", "2nd_argmax_8_5", "--digits", "20", "--method", "exact", "--json"]
    for delay in (0.01, 0.5, 2.0, 6.0):
        running = subprocess.Popen(
            [sys.executable, "-c", script, *command], cwd=ROOT, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert running.stderr is not None
        assert running.stderr.readline() == "begun\n"  # before, Python itself may be struck
        time.sleep(delay)
        os.killpg(running.pid, signal.SIGINT)  # as a terminal does
        out, err = running.communicate(timeout=300)
        if running.returncode == 0:
            assert json.loads(out)["interrupted"] is True
        else:
            assert (running.returncode, out) == (130, "")
            assert err == "interrupted: there is no result yet\n"
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
    until = time.monotonic() + 300
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.1)


def check_interrupted(setup: str) -> None:
    """What a command says where ``setup`` makes Ctrl-C strike."""
    script = f"""
import signal
from algzoo_exact.cli import options
from algzoo_exact.cli.app import app
{setup}
app(["show", "handcrafted:2nd_argmax_2"])
"""
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "interrupted: there is no result yet\n"


def test_ctrl_c_in_a_callback_from_c_is_not_lost() -> None:
    """Python drops exceptions there, with a traceback on stderr."""
    check_interrupted("""
import ctypes, time

def strike(*_):
    @ctypes.CFUNCTYPE(None)
    def callback():
        signal.raise_signal(signal.SIGINT)
    callback()
    time.sleep(30)

options.load_model = strike
""")


def test_ctrl_c_in_a_constructor_says_nothing_of_the_half_made_object() -> None:
    """Its destructor fails, as llvmlite's do, and Python would print a traceback."""
    check_interrupted("""
class Resource:
    def __init__(self):
        signal.raise_signal(signal.SIGINT)
        self.handle = 1

    def __del__(self):
        del self.handle

options.load_model = lambda *_: Resource()
""")


def test_ctrl_c_before_the_command_says_so() -> None:
    """While options are read: typer itself would end without a word."""
    check_interrupted("""
from algzoo_exact.cli.app import _Group

_Group.make_context = lambda *_, **__: signal.raise_signal(signal.SIGINT)
""")


def test_errors_after_ctrl_c_are_its_own() -> None:
    """An import or a compiler that it strikes may raise anything."""
    check_interrupted("""
def load(*_):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise RuntimeError("half of a module") from None

options.load_model = load
""")


def test_ctrl_c_never_reaches_workers(tmp_path: Path) -> None:
    """Not even those that are just starting; it waits for the main process."""
    script = """
import os, signal, time
from algzoo_exact.jobs import worker_pool

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


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="reads the signal mask in /proc")
def test_the_first_process_of_all_is_not_struck_either() -> None:
    """multiprocessing starts a process of its own before it, and lets Ctrl-C go after that."""
    script = """
import subprocess
from algzoo_exact.processes import FreshContext

held = ["grep", "SigBlk", "/proc/self/status"]
process = FreshContext().Process(target=subprocess.run, args=(held,))
process.start()
process.join()
"""
    done = subprocess.run([sys.executable, "-c", script], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr
    held = int(done.stdout.split()[1], 16)
    assert held >> (signal.SIGINT - 1) & 1


def test_what_ends_a_pool_early_ends_its_jobs() -> None:
    jobs: list[Future[None]] = []
    with suppress(KeyboardInterrupt), worker_pool(2) as pool:
        jobs += [pool.submit(time.sleep, 3600) for _ in range(5)]
        raise KeyboardInterrupt
    assert all(job.cancelled() or job.exception() for job in jobs)
