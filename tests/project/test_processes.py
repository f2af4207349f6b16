"""``workers`` > 1 wherever it is asked for: without a main guard, from standard input, in a pool.

Oracle: the same call in one process.
"""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from concurrent.futures import wait
from fractions import Fraction
from pathlib import Path

import pytest

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.score.pool import worker_pool

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


def test_processes_end_with_the_block() -> None:
    """Even one that would go on for an hour; its result is lost, and nobody waits for it."""
    with worker_pool(1) as pool:
        job = pool.submit(time.sleep, 3600)
        assert not wait([job], 0.01).done
    assert job.exception() is not None or job.cancelled()
