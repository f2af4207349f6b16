"""Work done elsewhere comes to the same, to the last bit, as work done here."""

from __future__ import annotations

import json
import os
import pickle
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.command_line import refused
from support.programs import random_program
from typer.testing import CliRunner

import algzoo_exact as az
from algzoo_exact.cli.app import app
from algzoo_exact.cluster import dask_workers
from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.processes import Workers
from algzoo_exact.training.train import train

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A scheduler and two workers, each a process."""
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
    ) as found:
        yield found.scheduler_address


def ends(found: az.Enclosure) -> tuple[object, object]:
    return found.lower, found.upper


def check_scores(workers: Executor) -> None:
    model, median = az.load("2nd_argmax_4_4"), random_program(np.random.default_rng(1), 2, 4, 1)
    for score in (
        partial(az.accuracy, model, method="exact", digits=10),
        partial(az.squared_error, median, method="exact", digits=8),
    ):
        one, other = score(workers=1), score(workers=workers)
        assert one.kind == other.kind == "exact"
        assert ends(one.enclosure) == ends(other.enclosure)


def test_threads() -> None:
    with ThreadPoolExecutor(3) as pool:
        model = az.load("2nd_argmax_3_3")
        here, there = (az.find_errors(model, workers=w) for w in (1, pool))
        assert ends(here.total) == ends(there.total)
        assert [cell.input for cell in here.cells()] == [cell.input for cell in there.cells()]


@pytest.mark.slow
def test_scores_in_threads() -> None:
    with ThreadPoolExecutor(3) as pool:
        check_scores(pool)


def test_deadlines_travel() -> None:
    assert pickle.loads(pickle.dumps(NEVER)) == NEVER
    there = pickle.loads(pickle.dumps(Deadline.after(60)))
    assert 59 < there.left <= 60
    assert pickle.loads(pickle.dumps(Deadline.after(-1))).passed


def test_what_are_no_workers() -> None:
    for workers in (0, -1, 1.5, True, "2"):
        with pytest.raises(az.InputError, match="workers must be at least 1, or an Executor"):
            az.accuracy(az.load("2nd_argmax_3_3"), workers=workers)  # type: ignore[arg-type]


def test_no_scheduler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("algzoo_exact.cluster._SECONDS", 0.5)
    for address in ("tcp://127.0.0.1:1", "no address"):
        with (
            pytest.raises(az.InputError, match="No Dask scheduler answers"),
            dask_workers(address),
        ):
            pass


@pytest.mark.slow
def test_each_kind_of_job_on_a_cluster(cluster: str, tmp_path: Path) -> None:
    model, median = az.load("2nd_argmax_3_3"), az.load("median_4_3")
    race = {
        "noise": 0.05, "variants": 2, "budgets": [1e4, 1e5], "seeds": 2, "truth_samples": 4096,
        "estimators": ["sampling", "sobol", "mean-field"],
    }  # fmt: skip
    with dask_workers(cluster) as workers:
        check_scores(workers)
        for run in (
            lambda w: ends(az.find_errors(model, workers=w).total),
            lambda w: ends(az.diff(model, az.load("2nd_argmax_4_3"), workers=w).probability),
            lambda w: ends(az.importance(median, workers=w).parts[0].drop),
            lambda w: az.accuracy(az.load("longest_cycle_4_4"), workers=w).counts,
            lambda w: az.sample(model, None, 2**17 + 5, workers=w).correct,
            lambda w: weights(tmp_path / f"{w}", w),
            lambda w: [replace(p, seconds=0) for p in az.compare(model, workers=w, **race).points],
        ):
            assert run(1) == run(workers)
        bounds = partial(az.accuracy, az.load("2nd_argmax_16_10"), method="bounds", max_cells=4000)
        here = bounds(workers=1, state=tmp_path / "run.db")
        assert ends(bounds(workers=workers).enclosure) == ends(here.enclosure)


def weights(folder: Path, workers: Workers) -> list[str]:
    """Hashes of all that a small training run leaves, with its seeds together if alone."""
    train(
        "argmax", 2, 2, folder, sequences=2**12, seeds=2, workers=None if workers == 1 else workers
    )
    return [sha256(path.read_bytes()).hexdigest() for path in sorted(folder.glob("**/argmax*"))]


@pytest.mark.slow
def test_the_command(cluster: str) -> None:
    line = ["errors", "2nd_argmax_2_2", "--json"]
    here = CliRunner().invoke(app, line)
    there = CliRunner().invoke(app, [*line, "--scheduler", cluster])
    assert there.exit_code == 0, there.output
    assert json.loads(here.output)["total"] == json.loads(there.output)["total"]
    refused(*line, "--scheduler", cluster, "--workers", "2")


class Lost(Executor):
    """Loses every job, as a scheduler does that allows its workers no more failures."""

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(distributed.scheduler.KilledWorker("job", None, 3))
        return future


@pytest.mark.slow
def test_a_job_that_ends_its_workers(cluster: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed.Client, "get_executor", lambda client, **options: Lost())
    with (
        pytest.raises(az.InputError, match="lost more workers than the scheduler allows"),
        dask_workers(cluster) as workers,
    ):
        az.diff(az.load("2nd_argmax_4_3"), az.load("2nd_argmax_3_3"), workers=workers)


@pytest.mark.slow
def test_a_worker_that_dies_costs_time_alone(cluster: str) -> None:
    model = az.load("2nd_argmax_6_4")
    alone = az.accuracy(model, method="exact", digits=10)
    with dask_workers(cluster) as workers, distributed.Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
        threading.Timer(1.0, os.kill, (pids[0], signal.SIGKILL)).start()
        began = time.monotonic()
        shared = az.accuracy(model, method="exact", digits=10, workers=workers)
        assert time.monotonic() - began > 1
    assert ends(alone.enclosure) == ends(shared.enclosure)
