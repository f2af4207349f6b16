"""Polish the shipped models, and five seeds that the package trains, on their exact accuracy.

Writes polish.md: what each was, what it became, and what AlgZoo published as its best of five.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import algzoo_exact as az

HERE = Path(__file__).parent
SEEDS = range(5)
RESTARTS = 1000  # the time ends them


@dataclass(frozen=True)
class Size:
    """Seconds for each model, the logarithm of how many sequences train one, and AlgZoo's best."""

    d: int
    n: int
    seconds: float
    power: int
    published: str


SIZES = (
    Size(4, 3, 30, 23, "98.5%"),
    Size(4, 4, 45, 23, "60.2%"),
    Size(6, 4, 60, 23, "86.5%"),
    Size(8, 5, 120, 23, "88.2%"),
)

HEAD = """# Polished models

Exact accuracies on 2nd argmax before and after `polish`, on two cores that other work shared; every
step was proved to gain. "published" is the best of five seeds by AlgZoo's recipe, 2^30 sequences
each, to 0.1%. Seeds are trained by `train`. Made by `benchmarks/polish.py`.

| d, n | model | sequences | before | after | published | steps | seconds |
| --- | --- | --- | --- | --- | --- | --- | --- |
"""


def main() -> None:
    rows: list[str] = []
    for size in SIZES:
        name = f"2nd_argmax_{size.d}_{size.n}"
        rows.append(row(size, "shipped", "", az.load(name)))
        with TemporaryDirectory() as folder:
            az.train("2nd_argmax", size.d, size.n, folder, sequences=1 << size.power, seeds=SEEDS)
            for seed in SEEDS:
                path = Path(folder, "seeds", f"{name}_{1 << size.power}_{seed}.safetensors")
                rows.append(row(size, f"seed {seed}", f"2^{size.power}", az.load(path)))
        (HERE / "polish.md").write_text(HEAD + "".join(rows))


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
