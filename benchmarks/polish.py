"""Polish the shipped models, and five seeds that the package trains, on their exact accuracy.

Writes polish.md: what each was, what it became, and what AlgZoo published as its best of five.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import algzoo_exact as az

TABLE = Path(__file__).parent / "polish.md"
SEEDS = range(5)
RESTARTS = 1000  # the time ends them


@dataclass(frozen=True)
class Size:
    """Seconds for each model; 2^power sequences train one of the seeds, where there are any; and
    AlgZoo's best."""

    d: int
    n: int
    seconds: float
    power: int | None
    published: str


SIZES = (
    Size(4, 3, 30, 23, "98.5%"),
    Size(4, 4, 45, 23, "60.2%"),
    Size(6, 4, 90, 25, "86.5%"),
    Size(8, 5, 300, None, "88.2%"),
)

HEAD = """# Polished models

Exact accuracies on 2nd argmax before and after `polish`, on two cores that other work shared; every
step was proved to gain. "published" is the best of five seeds by AlgZoo's recipe, 2^30 sequences
each, to 0.1%. Seeds are trained by `train`. Made by `benchmarks/polish.py`.

| d, n | model | sequences | before | after | published | steps | seconds |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    """Of the sizes named, as ``4_3``, or all; the rows of others stay."""
    for size in SIZES:
        name = f"{size.d}_{size.n}"
        if name in (sys.argv[1:] or [name]):
            write(size, list(rows(size)))


def write(size: Size, fresh: list[str]) -> None:
    old = TABLE.read_text().removeprefix(HEAD).splitlines(keepends=True) if TABLE.exists() else []
    here = f"| {size.d}, {size.n} |"
    TABLE.write_text(HEAD + "".join(sorted([r for r in old if not r.startswith(here)] + fresh)))


def rows(size: Size) -> Iterator[str]:
    name = f"2nd_argmax_{size.d}_{size.n}"
    yield row(size, "shipped", "", az.load(name))
    if size.power is None:
        return
    with TemporaryDirectory() as folder:
        sequences = 1 << size.power
        az.train("2nd_argmax", size.d, size.n, folder, sequences=sequences, seeds=SEEDS)
        for seed in SEEDS:
            path = Path(folder, "seeds", f"{name}_{sequences}_{seed}.safetensors")
            yield row(size, f"seed {seed}", f"2^{size.power}", az.load(path))


def row(size: Size, which: str, sequences: str, model: az.Model) -> str:
    began = time.monotonic()
    found = az.polish(model, restarts=RESTARTS, time_limit=size.seconds)
    values = (f"{float(score.enclosure.lower):.6f}" for score in (found.before, found.score))
    cells = (
        f"{size.d}, {size.n}", which, sequences, *values, size.published, f"{len(found.steps)}",
        f"{time.monotonic() - began:.0f}",
    )  # fmt: skip
    line = f"| {' | '.join(cells)} |\n"
    print(line, end="", flush=True)
    return line


if __name__ == "__main__":
    main()
