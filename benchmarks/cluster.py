"""What a Dask cluster costs beside processes of this machine, for jobs of an exact score of (8, 6).

    python benchmarks/cluster.py [--quick] [--out FILE]

Two local processes, and a scheduler with two workers as processes, do the same label cells of one
model, in turns; what these come to must be equal to the last bit. All processes are warm: compiled
code is loaded. The processor's time is that of all processes together, which what else the machine
does hardly touches; the seconds are those of a clock, and mean something where it is idle. Then
jobs that send as much and do nothing say what one costs by itself.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

import numpy as np
import psutil
from distributed import LocalCluster

from algzoo_exact.cluster import dask_workers
from algzoo_exact.deadline import NEVER
from algzoo_exact.files import replacing
from algzoo_exact.jobs import outcomes, worker_pool
from algzoo_exact.present.wording import several
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import Task, second_argmax
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cone_jobs import Job, Part
from algzoo_exact.score.cones import Precision, Setup, decide
from algzoo_exact.score.question import Question

D, N, WORKERS, GOAL = 8, 6, 2, 0.10
JOBS, TURNS, NOTHING = 20, 3, 200
FEW_JOBS, ONE_TURN, FEW = 4, 1, 20
TICK = 0.01  # seconds
_BITS = 100

Found = dict[str, tuple[Fraction, Fraction, int]]


@dataclass(frozen=True)
class Cost:
    """Of one turn: seconds by the clock, and of the processor in all processes."""

    clock: float
    processor: float


def model() -> tuple[Program, Task]:
    """Random weights that float64 holds, as large as those that training begins with."""
    rng, size = np.random.default_rng(0), D**-0.5
    w = [rng.uniform(-size, size, shape).astype(np.float32) for shape in ((D,), (D, D), (N, D))]
    return rnn(w[0].tolist(), w[1].tolist(), w[2].tolist(), N), second_argmax(N)


def setup_and_jobs(count: int) -> tuple[Setup, list[Job]]:
    """The first ``count`` label cells, as ``accuracy`` makes them."""
    program, task = model()
    precision = Precision(_BITS, Fraction(1, 2**_BITS), floats=True, allowance=None)
    question = Question(ACCURACY, program, task, "lowest", workers=1)
    setup = Setup(question, ACCURACY.direction(program, task), precision)
    pieces = ACCURACY.pieces(program, task, NEVER)
    starts = [(place, start) for place, piece in enumerate(pieces) for start in piece.starts]
    return setup, [Job(place, s, 1.0, str(k)) for k, (place, s) in enumerate(starts[:count])]


def solved(setup: Setup, jobs: list[Job], workers: Executor) -> Found:
    found: Found = {}
    for job, part in outcomes(list(jobs), partial(decide, setup), NEVER, workers):
        assert isinstance(part, Part), "no limit is set"
        found[job.path] = part.value.lower, part.value.upper, part.leaves
    return found


def processor_seconds() -> float:
    """Of this process and all that it started, as long as they run."""
    mine, total = psutil.Process(), 0.0
    for process in (mine, *mine.children(recursive=True)):
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            times = process.cpu_times()
            total += times.user + times.system
    return total


def measured(call: Callable[[], Found]) -> tuple[Cost, Found]:
    clock, processor = time.perf_counter(), processor_seconds()
    found = call()
    used = max(TICK, processor_seconds() - processor)  # as fine as systems count
    return Cost(time.perf_counter() - clock, used), found


def nothing(count: int, setup: Setup, jobs: list[Job], workers: Executor) -> float:
    """Seconds for each of so many jobs that do nothing with what they get: ``isinstance`` is there
    wherever they run."""
    work, some = partial(isinstance, (setup, jobs[0])), [tuple] * count
    began = time.perf_counter()
    assert all(answer for _, answer in outcomes(some, work, NEVER, workers))
    return (time.perf_counter() - began) / count


@contextmanager
def cluster() -> Iterator[Executor]:
    with (
        LocalCluster(
            n_workers=WORKERS, threads_per_worker=1, processes=True, dashboard_address=None,
            host="127.0.0.1",
        ) as found,
        dask_workers(found.scheduler_address) as workers,
    ):  # fmt: skip
        yield workers


def main(*, quick: bool, out: Path | None) -> None:
    count, turns, idle = (FEW_JOBS, ONE_TURN, FEW) if quick else (JOBS, TURNS, NOTHING)
    setup, jobs = setup_and_jobs(count)
    costs: dict[str, list[Cost]] = {"local": [], "Dask": []}
    results: list[Found] = []
    with worker_pool(WORKERS) as local, cluster() as dask:
        executors: dict[str, Executor] = {"local": local, "Dask": dask}
        for executor in executors.values():
            solved(setup, jobs[:1] * 2 * WORKERS, executor)  # loads compiled code
        for _ in range(turns):
            for name, executor in executors.items():
                cost, found = measured(partial(solved, setup, jobs, executor))
                costs[name].append(cost)
                results.append(found)
        alone = {name: nothing(idle, setup, jobs, executor) for name, executor in executors.items()}
    assert all(found == results[0] for found in results), "another result"
    text = report(costs, alone, results[0], turns)
    print(text, end="")
    if out is not None:
        with replacing(out) as part:
            part.write_text(text)


def report(costs: dict[str, list[Cost]], alone: dict[str, float], found: Found, turns: int) -> str:
    count = len(found)
    clock = {name: median(cost.clock for cost in some) for name, some in costs.items()}
    processor = {name: median(cost.processor for cost in some) for name, some in costs.items()}
    rows = [
        f"| {name} | {clock[name]:.2f} | {processor[name]:.2f} | {1000 * alone[name]:.2f} |"
        for name in costs
    ]
    by_turn = [
        (b.clock / a.clock - 1, b.processor / a.processor - 1)
        for a, b in zip(costs["local"], costs["Dask"], strict=True)
    ]
    by_clock, by_processor = (median(part) for part in zip(*by_turn, strict=True))
    each = processor["local"] / count
    extra = (alone["Dask"] - alone["local"]) * WORKERS / each
    packages = ", ".join(f"{name} {version(name)}" for name in ("distributed", "numba"))
    return "\n".join(
        [
            "# A Dask cluster beside local processes",
            "",
            f"The same {count} label cells of a model of size ({D}, {N}), "
            f"{sum(leaves for *_, leaves in found.values()):,} cones, on {WORKERS} local processes "
            f"and on {WORKERS} workers of a Dask cluster: medians of {several(turns, 'turn')}. All "
            "results are the same. Made by `python benchmarks/cluster.py` on "
            f"{several(os.cpu_count() or 1, 'core')} "
            f"({platform.machine()}), Python {platform.python_version()}, {packages}.",
            "",
            "| workers | seconds | of the processor, in all processes | ms for a job of nothing |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
            f"A job takes {each:.2f} s of the processor. Dask takes {by_clock:+.1%} by the clock "
            f"and {by_processor:+.1%} of the processor's time; by what jobs of nothing cost, "
            f"{extra:+.1%} (less than {GOAL:.0%} is the goal).",
            "",
        ]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Hold a Dask cluster against local processes.")
    parser.add_argument("--quick", action="store_true", help="a few jobs, once")
    parser.add_argument("--out", type=Path, help="a file for the report, .md")
    given = parser.parse_args()
    main(quick=given.quick, out=given.out)
