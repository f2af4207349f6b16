"""What is proved for each of AlgZoo's sizes: kind, digits and seconds, one model a size.

    python benchmarks/sizes.py [--models FOLDER] [--seconds S] [--only TEXT] [--out FOLDER]

Models that are missing are trained first (one seed, 2^22 sequences). Each is scored by
`algzoo-exact accuracy MODEL`; where that proves fewer than six digits, again with `--method exact`,
for at most S seconds. Writes sizes.json after each size and sizes.md from it; the same command goes
on where it was stopped, and does again only what was measured on other weights or with less time.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from algzoo_exact.files import write_whole
from algzoo_exact.zoo.algzoo import FAMILIES

HERE = Path(__file__).parent
SEQUENCES = "2^22"
SIX = 6
COMMAND = (sys.executable, "-m", "algzoo_exact")

Row = dict[str, Any]


def sizes() -> Iterator[tuple[str, int, int]]:
    """Task, hidden size and number of inputs of all published models."""
    for family in FAMILIES.values():
        for d, n in family.published:
            yield family.task, d, n


def trained(folder: Path, task: str, d: int, n: int) -> Path:
    """The size's weights, trained unless they are there."""
    name = f"{task}_{d}_{n}"
    path = folder / name / f"{name}.safetensors"
    if not path.exists():
        options = ["--hidden-size", d, "--seq-len", n, "--sequences", SEQUENCES, "--seeds", 1]
        command = [*COMMAND, "train", task, *map(str, options), "--out", str(folder / name)]
        subprocess.run(command, check=True, capture_output=True)
    return path


def scored(path: Path, *options: str, limit: float | None = None) -> Row | None:
    """The row of one command; None where it took longer than ``limit`` seconds."""
    began = time.perf_counter()
    command = [*COMMAND, "accuracy", str(path), "--json", *options]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=True)
    except subprocess.TimeoutExpired:
        return None
    found = json.loads(done.stdout)
    key = "root_mean_squared_error" if "root_mean_squared_error" in found else "accuracy"
    lower, upper = (Decimal(found[key][end]) for end in ("lower", "upper"))
    return {
        "sha256": found["model"]["sha256"],
        "options": " ".join(options),
        "kind": found["kind"],
        "lower": str(lower),
        "upper": str(upper),
        "digits": digits(lower, upper),
        "cells": found["cells"],
        "seconds": round(time.perf_counter() - began, 2),
    }


def digits(lower: Decimal, upper: Decimal) -> int:
    """Decimals that are proved: the score is known to within 10**-digits."""
    width = upper - lower
    return 30 if width == 0 else min(30, max(0, -width.adjusted() - 1))


def measured(path: Path, seconds: float) -> Row:
    first = scored(path)
    assert first is not None
    if first["digits"] >= SIX:
        return first
    second = scored(path, "--method", "exact", limit=seconds) if exact_exists(path) else None
    return second if second is not None and second["digits"] > first["digits"] else first


def exact_exists(path: Path) -> bool:
    """Whether the method is offered for the model's size: it is refused at once where it isn't."""
    command = [*COMMAND, "accuracy", str(path), "--method", "exact", "--json"]
    try:
        return subprocess.run(command, capture_output=True, timeout=5, check=False).returncode != 2
    except subprocess.TimeoutExpired:
        return True


def table(rows: dict[str, Row]) -> str:
    """The Markdown page."""
    wanted = [f"{task}_{d}_{n}" for task, d, n in sizes()]
    known = [rows[name] for name in wanted if name in rows]
    six = sum(row["digits"] >= SIX for row in known)
    lines = [
        "# AlgZoo's sizes",
        "",
        "What is proved for one model of each size (one seed, 2^22 sequences), made by `python",
        "benchmarks/sizes.py`. Seconds are those of whole commands; digits are decimals of the",
        "score (root mean squared error for medians) between two proved bounds, 30 at most.",
        "",
        f"{six} of {len(known)} measured sizes are proved to six digits or more"
        + ("." if len(known) == len(wanted) else f"; {len(wanted) - len(known)} are not measured."),
        "",
        "| size | kind | digits | score | cells | seconds | options |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for name in wanted:
        if name in rows:
            row = rows[name]
            middle = (Decimal(row["lower"]) + Decimal(row["upper"])) / 2
            score = f"{middle:.6f}" if row["digits"] >= SIX else _bounds(row)
            cells = "" if row["cells"] is None else f"{row['cells']:,}"
            facts = [name, row["kind"], row["digits"], score, cells, row["seconds"], row["options"]]
            lines.append("| " + " | ".join(map(str, facts)).replace("|  |", "| |") + " |")
    return "\n".join(lines) + "\n"


def _bounds(row: Row) -> str:
    return f"{Decimal(row['lower']):.3g} to {Decimal(row['upper']):.3g}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--models", type=Path, default=Path("build/sizes"), metavar="FOLDER")
    parser.add_argument("--seconds", type=float, default=600, metavar="S")
    parser.add_argument("--only", default="", metavar="TEXT", help="sizes whose name has this")
    parser.add_argument("--out", type=Path, default=HERE, metavar="FOLDER")
    parser.add_argument("--train", action="store_true", help="train what is missing, score nothing")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    stored = options.out / "sizes.json"
    rows: dict[str, Row] = json.loads(stored.read_text()) if stored.exists() else {}
    # The smallest first, so that a run that is stopped has as many as possible.
    for task, d, n in sorted(sizes(), key=lambda size: (size[2], size[1])):
        name = f"{task}_{d}_{n}"
        if options.only not in name or (name in rows and rows[name]["limit"] >= options.seconds):
            continue
        path = trained(options.models, task, d, n)
        if options.train:
            continue
        rows[name] = {**measured(path, options.seconds), "limit": options.seconds}
        write_whole(stored, (json.dumps(rows, indent=1) + "\n").encode())
        write_whole(options.out / "sizes.md", table(rows).encode())
        print(name, rows[name]["kind"], rows[name]["digits"], rows[name]["seconds"], flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
