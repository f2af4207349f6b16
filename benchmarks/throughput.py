"""Training and sampling against plain torch loops, in one run; `make bench` runs this too.

    python benchmarks/throughput.py [--quick] [--out FOLDER]

Writes throughput.md and throughput.json. Ours and the plain loop take turns, so that whatever else
the machine does falls on both; the ratio is the median over the turns. The plain loops are what one
would write: `torch.nn.RNN` and `Linear`, `argsort` for labels, autograd, AdamW, batches of 1024 for
training and of 2^14 for sampling (which suits the plain loop best). Training compares five seeds
together with five runs of the plain loop, one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from run import machine
from torch import nn

import algzoo_exact as az
from algzoo_exact.files import replacing
from algzoo_exact.training.recipe import Recipe
from algzoo_exact.training.run import Run
from algzoo_exact.zoo.architectures import DistRNN, to_module

HERE = Path(__file__).parent
SEEDS, BATCH = 5, 1024
TRAINED = ((4, 3), (8, 5), (16, 3), (16, 10), (32, 10))
# Enough samples that the confidence interval, a quarter of a second, does not count.
SAMPLED = {"2nd_argmax_4_3": 1 << 25, "2nd_argmax_8_5": 1 << 24, "2nd_argmax_16_10": 1 << 23}
SAMPLING_BATCH = 1 << 14

Row = dict[str, Any]


def plain_training(d: int, n: int, steps: int) -> None:
    module = DistRNN(d, n)
    optimizer = torch.optim.AdamW(module.parameters(), lr=0.01, weight_decay=0.001)
    for _ in range(steps):
        x = torch.randn(BATCH, n)
        loss = nn.functional.cross_entropy(module(x), x.argsort(1)[:, -2])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


def plain_sampling(module: nn.Module, n: int, samples: int) -> float:
    right = 0
    with torch.no_grad():
        for _ in range(samples // SAMPLING_BATCH):
            x = torch.randn(SAMPLING_BATCH, n)
            right += int((module(x).argmax(1) == x.argsort(1)[:, -2]).sum())
    return right / samples


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def turns(ours: Callable[[], object], plain: Callable[[], object], count: int) -> Row:
    """Median times of both, and the median of their ratios, after one turn that is not counted."""
    pairs = [(seconds(ours), seconds(plain)) for _ in range(count + 1)][1:]
    ratios = sorted(b / a for a, b in pairs)
    return {
        "ours": median(a for a, _ in pairs),
        "plain": median(b for _, b in pairs),
        "ratio": median(ratios),
        "lowest": ratios[0],
        "highest": ratios[-1],
    }


def training(d: int, n: int, steps: int, count: int) -> Row:
    recipe = Recipe("2nd_argmax", d, n, steps * BATCH, tuple(range(SEEDS)))

    def plain() -> None:
        for _ in range(SEEDS):
            plain_training(d, n, steps)

    row = turns(lambda: Run(recipe).train(), plain, count)
    return {"d": d, "n": n, "steps": steps} | row


def sampling(name: str, samples: int, count: int) -> Row:
    model = az.load(name)
    task = model.task
    assert task is not None
    module = to_module(model.program, torch.float32)
    ours = turns(
        lambda: az.sample(model.program, task, samples),
        lambda: plain_sampling(module, task.seq_len, samples),
        count,
    )
    return {"model": name, "samples": samples} | ours


def report(here: Row, trained: list[Row], sampled: list[Row]) -> str:
    lines = [
        "# Training and sampling against plain torch",
        "",
        "Made by `benchmarks/throughput.py`, which says what is compared.",
        f"{here['cores']} cores ({here['processor']}), torch {here['torch']}, "
        f"numba {here['numba']}; load {here['load_at_start']} at the start.",
        "",
        "## Training steps per second, five seeds together",
        "",
        "A step is one batch of 1024 for each of the five seeds.",
        "",
        "| d | n | ours | plain loop, five runs | ratio | range |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for row in trained:
        ours, plain = row["steps"] / row["ours"], row["steps"] / row["plain"]
        lines.append(f"| {row['d']} | {row['n']} | {ours:,.0f} | {plain:,.0f} | {_ratio(row)} |")
    lines += [
        "",
        "## Samples per second",
        "",
        "| model | ours | plain loop | ratio | range |",
        "| --- | --- | --- | --- | --- |",
    ]
    for row in sampled:
        ours, plain = row["samples"] / row["ours"], row["samples"] / row["plain"]
        lines.append(f"| {row['model']} | {ours:,.0f} | {plain:,.0f} | {_ratio(row)} |")
    return "\n".join(lines) + "\n"


def _ratio(row: Row) -> str:
    return f"{row['ratio']:.1f} | {row['lowest']:.1f} to {row['highest']:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--quick", action="store_true", help="small sizes, two turns")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    count, steps = (2, 16) if options.quick else (5, 256)
    here = machine(os.cpu_count() or 1)
    trained = [training(d, n, steps, count) for d, n in TRAINED[: 1 if options.quick else None]]
    sampled = [
        sampling(name, 1 << 16 if options.quick else samples, count)
        for name, samples in list(SAMPLED.items())[: 1 if options.quick else None]
    ]
    with replacing(options.out / "throughput.json") as path:
        content = {"machine": here, "training": trained, "sampling": sampled}
        path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    with replacing(options.out / "throughput.md") as path:
        path.write_text(report(here, trained, sampled), encoding="utf-8")
    print(f"Wrote throughput.md and throughput.json to {options.out}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
