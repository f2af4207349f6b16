"""Drafts of forty small models: does all verify, read anew, that a drafted story says?

    python benchmarks/drafts.py [NUMBER ..] [--seconds S]

Writes drafts.md, a row for each model: twenty random ones, and twenty that ``train`` made of few
sequences. It goes on where it was stopped. All takes some half an hour on one core.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from numpy.typing import NDArray

import algzoo_exact as az
from algzoo_exact.exact.shares import significant
from algzoo_exact.program.ir import HasProgram, Program
from algzoo_exact.program.task import TieRule

TABLE = Path(__file__).with_suffix(".md")

SECONDS = 60.0

Weights = Literal["uniform", "normal", "whole"]


@dataclass(frozen=True)
class Subject:
    """A model that is drawn, or trained on so many batches (of 1,024 sequences)."""

    task: str
    d: int
    n: int
    ties: TieRule
    made: Weights | int

    def model(self, seed: int, folder: Path) -> Program | az.Model:
        if isinstance(self.made, str):
            return drawn(self.made, seed, self.n, self.d, 1 if self.task == "median" else self.n)
        return az.train(
            self.task, self.d, self.n, folder, sequences=1024 * self.made, seeds=[seed]
        ).model


SUBJECTS = (
    Subject("2nd_argmax", 2, 2, "lowest", "uniform"),
    Subject("argmax", 3, 2, "incorrect", "whole"),
    Subject("2nd_argmax", 5, 2, "uniform", "whole"),
    Subject("argmax", 4, 2, "lowest", "normal"),
    Subject("2nd_argmax", 3, 3, "uniform", "uniform"),
    Subject("argmax", 4, 3, "lowest", "whole"),
    Subject("argmedian", 2, 3, "incorrect", "normal"),
    Subject("argmedian", 5, 3, "uniform", "whole"),
    Subject("argoutlier", 3, 3, "lowest", "whole"),
    Subject("argoutlier", 5, 3, "incorrect", "uniform"),
    Subject("median", 3, 3, "lowest", "uniform"),
    Subject("median", 5, 3, "lowest", "whole"),
    Subject("2nd_argmax", 2, 4, "incorrect", "whole"),
    Subject("2nd_argmax", 3, 4, "lowest", "normal"),
    Subject("2nd_argmax", 4, 4, "uniform", "whole"),
    Subject("2nd_argmax", 5, 4, "incorrect", "uniform"),
    Subject("argmax", 3, 4, "uniform", "uniform"),
    Subject("argmax", 5, 4, "lowest", "whole"),
    Subject("argoutlier", 2, 4, "incorrect", "normal"),
    Subject("argoutlier", 4, 4, "uniform", "whole"),
    Subject("2nd_argmax", 2, 2, "lowest", 1024),
    Subject("2nd_argmax", 4, 2, "incorrect", 64),
    Subject("argmax", 3, 2, "uniform", 256),
    Subject("argmax", 5, 2, "lowest", 1024),
    Subject("2nd_argmax", 2, 3, "uniform", 1024),
    Subject("2nd_argmax", 3, 3, "incorrect", 256),
    Subject("2nd_argmax", 5, 3, "lowest", 1024),
    Subject("argmax", 4, 3, "lowest", 64),
    Subject("argmedian", 3, 3, "lowest", 256),
    Subject("argmedian", 4, 3, "uniform", 1024),
    Subject("argoutlier", 2, 3, "incorrect", 1024),
    Subject("argoutlier", 5, 3, "lowest", 256),
    Subject("median", 2, 3, "lowest", 1024),
    Subject("median", 4, 3, "lowest", 256),
    Subject("2nd_argmax", 3, 4, "lowest", 1024),
    Subject("2nd_argmax", 4, 4, "incorrect", 256),
    Subject("argmax", 2, 4, "uniform", 64),
    Subject("argmax", 4, 4, "lowest", 1024),
    Subject("argoutlier", 3, 4, "lowest", 1024),
    Subject("argoutlier", 5, 4, "uniform", 256),
)

HEAD = """# Drafts of models not seen before

Each row is a model, drafted in some limit of time (in seconds, as what the draft and its check
took); the file that came of it was then read and verified anew. "claims" counts those that this
proved, of all in the file; "width" is that of the accuracy's enclosure which follows from the
cases, and "exact" whether it holds the exact accuracy, computed from all cells. Random weights are
uniform in [-1, 1], normal, or whole numbers from -2 to 2; others are trained on so many batches of
1,024. All ran on a small part of a busy core. Made by `benchmarks/drafts.py`.

| # | task | d, n | ties | weights | bits | claims | cases | width | exact | limit | draft | check |
| ---: | --- | --- | --- | --- | ---: | ---: | --- | ---: | --- | ---: | ---: | ---: |
"""


def main() -> None:
    """Of the models with these numbers, or all; rows that are there stay."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    every = range(1, len(SUBJECTS) + 1)
    parser.add_argument("numbers", nargs="*", type=int, default=every, help="of the models; or all")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each draft")
    given = parser.parse_args()
    for number in given.numbers:
        if number not in rows():
            line = f"| {' | '.join(cells(number, SUBJECTS[number - 1], given.seconds))} |"
            print(line, flush=True)
            lines = rows() | {number: line}
            TABLE.write_text(HEAD + "\n".join(lines[k] for k in sorted(lines)) + "\n")


def rows() -> dict[int, str]:
    """Those that are there, by the models' numbers."""
    old = TABLE.read_text().splitlines() if TABLE.exists() else []
    return {int(line.split("|")[1]): line for line in old if line[:3].strip("| ").isdigit()}


def cells(number: int, subject: Subject, seconds: float) -> Iterator[str]:
    task = az.Task(subject.task, subject.n)
    yield from (f"{number}", subject.task, f"{subject.d}, {subject.n}", subject.ties)
    yield f"{subject.made}"
    with TemporaryDirectory() as folder:
        model = subject.model(number, Path(folder))
        story = Path(folder, "story.toml")
        found = az.draft(model, task, ties=subject.ties, seed=number, seconds=seconds)
        story.write_text(found.toml, encoding="utf-8")
        again = az.verify(az.load_explanation(story), model, ties=subject.ties)
    proved = sum(result.status == "proved" for result in again.claims)
    yield f"{found.bits:.1f}"
    yield f"{proved} of {len(again.claims)}"
    yield from accuracy_cells(model, task, subject.ties, again)
    yield from (f"{seconds:g}", f"{found.seconds:.0f}", f"{again.seconds:.0f}")


def accuracy_cells(
    model: HasProgram, task: az.Task, ties: TieRule, again: az.Verification
) -> Iterator[str]:
    """What the cases come to, and whether that holds the exact accuracy."""
    if not again.cases:
        yield from ("none", "", "")
        return
    proved = [case for case in again.cases if case.case.verdict != "unknown"]
    whole = again.status == "proved" or not any(c.status != "proved" for c in proved)
    yield "proved" if whole and again.accuracy is not None else "not proved"
    if again.accuracy is None or again.accuracy.enclosure is None:
        yield from ("", "")
        return
    said, exact = again.accuracy.enclosure, az.accuracy(model, task, ties=ties).enclosure
    yield significant(said.width, 2) if said.width else "0"
    yield "inside" if said.lower <= exact.upper and exact.lower <= said.upper else "OUTSIDE"


def drawn(weights: Weights, seed: int, n: int, d: int, outputs: int) -> Program:
    random = np.random.default_rng(1000 + seed)

    def array(*shape: int) -> NDArray[np.float64]:
        if weights == "whole":
            return random.integers(-2, 3, shape).astype(float)
        return random.uniform(-1, 1, shape) if weights == "uniform" else random.normal(size=shape)

    w_hi, w_hh, w_oh = array(d), array(d, d), array(outputs, d)
    return az.rnn(w_hi.tolist(), w_hh.tolist(), w_oh.tolist(), n)


if __name__ == "__main__":
    main()
