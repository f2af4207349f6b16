"""Runs that are killed at random moments, and go on to the results of those that are not.

    python benchmarks/kills.py --count 50

Of each kind of run, one is left alone. Another is killed again and again, with kill -9: the whole
group of its processes, and the same command goes on, with one worker or two; or one worker alone,
without which the command must go on by itself. At the end its result and what its jobs came to
must be the same, each job there once.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).with_name("algzoo-exact")
KILLS = ("group", "worker")
_PAUSE = 0.05  # seconds, before a worker is looked for again
# What differs from run to run in results.
_CLOCKS, _PLACES = ("seconds", "generated"), ("model", "files", "index", "tables")


@dataclass(frozen=True)
class Kind:
    """A command; where it keeps its state, and the files that it writes, in its folder."""

    name: str
    line: tuple[str, ...]
    state: str
    results: str = ""

    def command(self, folder: Path, workers: int) -> list[str]:
        line = [part.format(folder=folder) for part in self.line]
        return [str(COMMAND), *line, "--workers", str(workers), "--json"]


def _score(name: str, *line: str) -> Kind:
    return Kind(name, ("accuracy", *line, "--state", "{folder}/run.db"), "run.db")


KINDS = (
    _score("exact", "2nd_argmax_8_5", "--method", "exact", "--digits", "8"),
    _score("bounds", "2nd_argmax_16_10", "--method", "bounds", "--max-regions", "20000"),
    Kind("errors", ("errors", "2nd_argmax_6_4", "--state", "{folder}/run.db"), "run.db"),
    Kind(
        "importance",
        ("importance", "2nd_argmax_4_4", "--parts", "neurons", "--state", "{folder}/run.db"),
        "run.db",
    ),
    Kind(
        "race",
        (
            *("compare", "2nd_argmax_4_3", "--noise", "0.05", "--variants", "4", "--seeds", "20"),
            *("--budgets", "1e4:1e6", "--estimators", "sampling,sobol-order"),
            *("--out", "{folder}/race"),
        ),
        "race/run.db",
        "race/results.csv",
    ),
    Kind(
        "training",
        (
            *("train", "median", "-d", "3", "-n", "3", "--sequences", "2^22", "--seeds", "3"),
            *("--out", "{folder}/median"),
        ),
        "median/run.db",
        "median/**/*_*.*",
    ),
    Kind(
        "atlas",
        (
            *("atlas", "2nd_argmax_2_2", "2nd_argmax_3_3", "2nd_argmax_4_3", "argmedian_4_3"),
            *("median_2_2", "median_4_3", "longest_cycle_4_4", "handcrafted:2nd_argmax_2"),
            *("handcrafted:2nd_argmax_3", "2nd_argmax_4_4", "longest_cycle_6_5"),
            *("--method", "exact", "-o", "{folder}/atlas"),
        ),
        "atlas/atlas.db",
        "atlas/**/*[!b]",
    ),
)  # fmt: skip


def without_clocks(found: Any) -> Any:
    """A result without what it took, and where it went."""
    if isinstance(found, dict):
        kept = {key: without_clocks(value) for key, value in found.items() if key not in _CLOCKS}
        return {key: value for key, value in kept.items() if key not in _PLACES}
    return [without_clocks(value) for value in found] if isinstance(found, list) else found


def jobs_of(kind: Kind, folder: Path) -> dict[str, Any]:
    """What each job came to."""
    with closing(sqlite3.connect(folder / kind.state)) as base:
        rows = base.execute("SELECT key, value FROM jobs").fetchall()
    assert len({key for key, _ in rows}) == len(rows)
    return {key: without_clocks(json.loads(value)) for key, value in rows}


def outcome(kind: Kind, folder: Path, printed: str) -> Any:
    """All that must be the same."""
    found = folder.glob(kind.results) if kind.results else ()
    files = sorted(path for path in found if path.is_file())
    digests = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    return without_clocks(json.loads(printed)), digests, jobs_of(kind, folder)


def children(pid: int) -> list[int]:
    """Processes that another one started, but for those that only watch resources."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    lines = (line.split(None, 1) for line in listed.stdout.splitlines())
    return [int(child) for child, line in lines if "spawn_main" in line]


def killed(process: subprocess.Popen[bytes], how: str, seconds: float, rng: random.Random) -> bool:
    """Whether it was there to be killed, or a worker of it, at a random moment of so many
    ``seconds``, or of some of them after there are workers."""
    least, most = 0.2, 1.0
    if how == "worker":
        least, most = 0.0, 0.3
        while process.poll() is None and not children(process.pid):
            time.sleep(_PAUSE)
    with suppress(subprocess.TimeoutExpired):
        process.wait(rng.uniform(least, most) * seconds)
    victims = [process.pid] if how == "group" else children(process.pid)
    with suppress(ProcessLookupError, IndexError):
        (os.killpg if how == "group" else os.kill)(rng.choice(victims), signal.SIGKILL)
        return True
    return False


def undisturbed(kind: Kind, folder: Path) -> tuple[Any, float]:
    began = time.monotonic()
    done = subprocess.run(kind.command(folder, 1), capture_output=True, text=True, check=True)
    return outcome(kind, folder, done.stdout), time.monotonic() - began


def disturbed(
    kind: Kind, folder: Path, most: int, seconds: float, rng: random.Random
) -> tuple[Any, Counter[str]]:
    """The outcome of a run that is killed until it ends before it is, so many times at most; and
    how often it was, by how."""
    kills: Counter[str] = Counter()
    while True:
        how, hit = rng.choice(KILLS), False
        workers = 2 if how == "worker" else rng.choice((1, 2))
        with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                kind.command(folder, workers), stdout=printed, stderr=said, start_new_session=True
            )
            if kills.total() < most:
                hit = killed(process, how, seconds, rng)
                kills[how] += hit
            process.wait()
            texts = [file.seek(0) or file.read() for file in (printed, said)]
        if process.returncode == 0:
            return outcome(kind, folder, texts[0]), kills
        if process.returncode != -signal.SIGKILL or not hit or how == "worker":
            raise SystemExit(f"{kind.name}: exit code {process.returncode}: {texts[1]}")


def main(count: int, seed: int, names: list[str], tell: Callable[[str], None] = print) -> None:
    rng = random.Random(seed)
    kinds = [kind for kind in KINDS if kind.name in names]
    tell("| run | kills of the group | of one worker | jobs | result |")
    tell("| --- | --- | --- | --- | --- |")
    for place, kind in enumerate(kinds):
        most = count * (place + 1) // len(kinds) - count * place // len(kinds)
        kills: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as scratch:
            alone = Path(scratch, "alone")
            alone.mkdir()
            expected, seconds = undisturbed(kind, alone)
            for attempt in range(10 * most):
                if kills.total() >= most:
                    break
                folder = Path(scratch, str(attempt))
                folder.mkdir()
                found, more = disturbed(kind, folder, most - kills.total(), seconds, rng)
                kills += more
                if found != expected:
                    raise SystemExit(f"{kind.name}: another result after {dict(more)}")
        by_how = " | ".join(str(kills[how]) for how in KILLS)
        tell(f"| {kind.name} | {by_how} | {len(expected[2])} | the same |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Kill runs, and hold them against others.")
    parser.add_argument("--count", type=int, default=50, help="kills in all")
    parser.add_argument("--seed", type=int, default=0, help="of the random moments")
    parser.add_argument("--kinds", default=",".join(k.name for k in KINDS), help="with commas")
    given = parser.parse_args()
    main(given.count, given.seed, given.kinds.split(","))
