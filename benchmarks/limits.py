"""Limits on time, asked and taken, for the largest shipped models of every kind.

    python benchmarks/limits.py [--quick] [--out FOLDER]

Writes limits.md. Each run is a fresh process, and is timed from its start to its end, Python and
imports included; runs of the library are timed by the call. Those with the first limit are
repeated with nothing compiled, as on a fresh machine. ``verify`` has its limit for one statement,
and its story here has one. Takes some five minutes; ``--quick`` takes the first limit and the first
model of each command, and compiles nothing anew.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
LIMITS = (1, 2, 5)  # seconds
LATE = 1.5  # seconds that a command may take beyond its limit on an idle machine

ACCURACY = (
    "2nd_argmax_32_10", "argmedian_32_11", "2nd_argmax_8_5", "argmedian_8_5", "2nd_argmax_6_4",
    "2nd_argmax_16_3", "longest_cycle_8_6", "median_8_5",
)  # fmt: skip
REPORT = ("2nd_argmax_32_10", "2nd_argmax_8_5", "longest_cycle_8_6", "median_8_5")

INSIDE = {
    "errors": ("2nd_argmax_8_5",),
    "diff": ("2nd_argmax_8_5", "2nd_argmax_8_5", "--noise", "0.01"),
    "ablate": ("2nd_argmax_8_5", "1,3"),
    "importance": ("2nd_argmax_8_5",),
    "sections": ("2nd_argmax_32_10",),
}

SUM = "sum(j in 0..31: h[9][j]) <= 1000000 * max(i in 0..9: abs(x[i]))"
CLAIMS = {
    "always": f'kind = "always"\nstatement = "{SUM}"',
    "measure": 'kind = "measure"\ncondition = "logit[0] > logit[1]"\nat_least = "0.4"',
    "right": 'kind = "right"\ndomain = "x[0] > max(x[1:10])"',
}
STORY = """\
title = "One claim"

[model]
task = "2nd_argmax"
hidden_size = 32
seq_len = 10

[[claim]]
name = "it"
text = "It holds."
{claim}
"""

CALLS = {
    "prove": f"az.prove(model, {SUM!r}, seconds=LIMIT)",
    "accuracy_bounds": "[*az.accuracy_bounds(model, model.task, time_limit=LIMIT)]",
    "squared_error": "az.squared_error(model, model.task, time_limit=LIMIT)",
}
LIBRARY = (
    ("prove", "2nd_argmax_32_10"),
    ("accuracy_bounds", "2nd_argmax_32_10"),
    ("accuracy_bounds", "2nd_argmax_8_5"),
    ("squared_error", "median_8_5"),
)
SCRIPT = """\
import time
import algzoo_exact as az
model = az.load({model!r})
began = time.monotonic()
{call}
print(time.monotonic() - began)
"""


@dataclass(frozen=True)
class Run:
    """A command, or a call of the library, on a model; LIMIT stands for the limit in ``words``."""

    name: str
    model: str
    words: tuple[str, ...]
    library: bool = False

    def seconds(self, limit: int, environment: dict[str, str]) -> float:
        """What it takes. RuntimeError if it fails."""
        words = [word.replace("LIMIT", str(limit)) for word in self.words]
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, *words], env=os.environ | environment, capture_output=True, text=True
        )
        taken = time.monotonic() - began
        if done.returncode not in (0, 3):  # 3: undecided
            raise RuntimeError(f"{self.name} on {self.model} failed: {done.stderr[-500:]}")
        return float(done.stdout.split()[-1]) if self.library else taken


def runs(folder: Path) -> Iterator[Run]:
    """Everything that has a limit."""
    command = ("-m", "algzoo_exact")
    for model in ACCURACY:
        words = (*command, "accuracy", model, "--time-limit", "LIMITs")
        yield Run("accuracy --time-limit", model, words)
    for model in REPORT:
        out = str(folder / "report.html")
        words = (*command, "report", model, "--time-limit", "LIMITs", "-o", out)
        yield Run("report --time-limit", model, words)
    for name, words in INSIDE.items():
        words = (*command, name, *words, "--time-limit", "LIMITs")
        yield Run(f"{name} --time-limit", words[3], words)
    words = (*command, "ask", "2nd_argmax_8_5", "logit[0] > logit[1]", "--seconds", "LIMITs")
    yield Run("ask --seconds", "2nd_argmax_8_5", words)
    for kind, claim in CLAIMS.items():
        story = folder / f"{kind}.toml"
        story.write_text(STORY.format(claim=claim))
        model = "2nd_argmax_32_10"
        words = (*command, "verify", str(story), "--model", model, "--seconds", "LIMITs")
        yield Run(f"verify --seconds: {kind}", model, words)
    for name, model in LIBRARY:
        script = SCRIPT.format(model=model, call=CALLS[name])
        yield Run(f"az.{name}(...)", model, ("-c", script), library=True)


def first_of_each(given: Iterator[Run]) -> list[Run]:
    found: dict[str, Run] = {}
    for run in given:
        found.setdefault(run.name, run)
    return list(found.values())


def table(lines: list[tuple[Run, int, float, float | None]], load: float) -> str:
    """Markdown; ``load`` is what the machine had to do."""
    late = sum(max(taken, anew or 0.0) > limit + LATE for _, limit, taken, anew in lines)
    text = [
        "# Limits, asked and taken",
        "",
        "Seconds, by `benchmarks/limits.py`. Commands are timed from the start of the process to "
        "its end, Python's start included; calls of the library (`az.`) by themselves.",
        "",
        f"On an idle machine each should end within {LATE} s of its limit. Here the load average "
        f"was {load:.1f} on {os.cpu_count()} cores, and {late} of {len(lines)} ended later.",
        "",
        "| run | model | limit | taken | taken with nothing compiled |",
        "| --- | --- | --- | --- | --- |",
    ]
    for run, limit, taken, anew in lines:
        cold = "" if anew is None else f"{anew:.2f}"
        text.append(f"| `{run.name}` | {run.model} | {limit} | {taken:.2f} | {cold} |")
    return "\n".join(text) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--out", type=Path, default=HERE)
    options = parser.parse_args()
    lines: list[tuple[Run, int, float, float | None]] = []
    with TemporaryDirectory() as name:
        folder = Path(name)
        chosen = first_of_each(runs(folder)) if options.quick else list(runs(folder))
        for run in chosen:
            for limit in LIMITS[:1] if options.quick else LIMITS:
                taken, anew = run.seconds(limit, {}), None
                if not options.quick and limit == LIMITS[0]:
                    with TemporaryDirectory() as empty:
                        anew = run.seconds(limit, {"NUMBA_CACHE_DIR": empty})
                lines.append((run, limit, taken, anew))
                cold = "" if anew is None else f", {anew:.2f} s with nothing compiled"
                print(f"{run.name} {run.model}: {limit} s, took {taken:.2f} s{cold}", flush=True)
    options.out.joinpath("limits.md").write_text(table(lines, os.getloadavg()[1]))


if __name__ == "__main__":
    main()
