"""``workers`` > 1 wherever it is asked for: without a main guard, from standard input, in a pool.

Oracle: the same call in one process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

import algzoo_exact as az
from algzoo_exact.deadline import NEVER
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.jobs import outcomes, worker_pool
from algzoo_exact.state import status

SCRIPT = """
import algzoo_exact as az
print("began")
model = az.load("2nd_argmax_4_4")
print(az.accuracy(model, model.task, method="exact", digits=8, workers=2).enclosure.width < 1e-8)
"""


@pytest.mark.slow
@pytest.mark.parametrize("place", ["a file", "standard input", "an interpreter's command"])
def test_a_script_needs_no_guard(place: str, tmp_path: Path) -> None:
    """It runs once, not once more in each process."""
    (tmp_path / "script.py").write_text(SCRIPT)
    arguments = {"a file": ["script.py"], "standard input": ["-"]}.get(place, ["-c", SCRIPT])
    done = subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, text=True, capture_output=True,
        input=SCRIPT if place == "standard input" else None,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "began\nTrue\n", "")


def score_of(name: str) -> Enclosure:
    """What a worker of a pool is asked for."""
    model = az.load(name)
    assert model.task is not None
    return az.accuracy(model, model.task, method="exact", digits=8, workers=2).enclosure


@pytest.mark.slow
def test_within_a_pool_whose_workers_may_have_no_children() -> None:
    """The work is done in the worker itself."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        (found,) = pool.map(score_of, ["2nd_argmax_4_4"])
    known = score_of("2nd_argmax_4_4")
    assert found.width < Fraction(1, 10**8)
    assert found.lower <= known.upper
    assert known.lower <= found.upper


def test_what_they_know_of_the_main_module() -> None:
    """Nothing, and it is as before here."""
    before = sys.modules["__main__"]
    with worker_pool(1) as pool:
        assert pool.submit(_main_file).result() is None
    assert sys.modules["__main__"] is before


def _main_file() -> str | None:
    return getattr(sys.modules["__main__"], "__file__", None)


def test_a_process_that_dies_is_one_sentence() -> None:
    with pytest.raises(InputError, match="try fewer workers"), worker_pool(1) as pool:
        pool.submit(os._exit, 1).result()


@dataclass(frozen=True)
class Deadly:
    """A square; but at one number the process is killed, so many times."""

    folder: Path
    number: int
    times: int

    def __call__(self, job: int) -> int:
        place = self.folder / str(job)
        before = place.stat().st_size if place.exists() else 0
        with place.open("ab") as file:
            file.write(b".")
        if job == self.number and before < self.times:
            os.kill(os.getpid(), signal.SIGKILL)
        return job * job


@pytest.mark.slow
def test_jobs_of_a_process_that_dies_are_done_again(tmp_path: Path) -> None:
    kept: dict[int, int] = {}
    for job, square in outcomes([*range(9)], Deadly(tmp_path, 5, 2), NEVER, 2):
        assert job not in kept
        kept[job] = square
    assert kept == {job: job * job for job in range(9)}
    assert (tmp_path / "5").stat().st_size == 3


@pytest.mark.slow
def test_a_job_that_ends_each_process_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="try fewer workers"):
        list(outcomes([*range(9)], Deadly(tmp_path, 5, 9), NEVER, 2))
    assert (tmp_path / "5").stat().st_size == 3


@pytest.mark.slow
def test_bounds_go_on_without_a_worker(tmp_path: Path) -> None:
    """It is killed from outside, at work."""
    model, killed = az.load("2nd_argmax_16_10"), list[BaseProcess]()

    def kill(share: float, text: str) -> None:
        workers = multiprocessing.active_children()
        if workers and not killed:
            killed.append(workers[0])
            os.kill(workers[0].pid or 0, signal.SIGKILL)

    run = partial(az.accuracy, model, method="bounds", max_cells=6000)
    shared = run(workers=2, state=tmp_path / "run.db", progress=kill)
    assert killed[0].exitcode == -signal.SIGKILL
    alone = run(workers=1, state=tmp_path / "alone.db")
    assert shared.cells == alone.cells == 6000
    assert shared.enclosure.lower == alone.enclosure.lower
    assert shared.enclosure.upper == alone.enclosure.upper
    found = status(tmp_path / "run.db")
    assert found.done == found.total == status(tmp_path / "alone.db").done


def test_processes_end_with_the_block() -> None:
    """Even one that would go on for an hour; its result is lost, and nobody waits for it."""
    with worker_pool(1) as pool:
        job = pool.submit(time.sleep, 3600)
        assert not wait([job], 0.01).done
    assert job.exception() is not None or job.cancelled()
