"""What a race has found so far, in one journal: a line for each truth and each answer.

Answers depend on nothing but the race's settings, so a race that was interrupted ends with the
figures of one that was not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from algzoo_exact.errors import InputError
from algzoo_exact.files import Journal, damaged, open_journal
from algzoo_exact.race.estimator import Estimate

FILE = "answers.jsonl"

Key = tuple[str, float | None, int]
"""Estimator, budget (None where operations are not counted) and seed."""


@dataclass(frozen=True)
class Truth:
    """A variant's accuracy, the variance of this figure's own error, and where it is from."""

    value: float
    variance: float
    method: str


@dataclass(frozen=True)
class Answers:
    """One estimator at one budget with one seed: a figure for each variant.

    ``flops`` is None where operations are not counted. All three are empty if the estimator cannot
    start within the budget.
    """

    values: tuple[float, ...]
    flops: tuple[int, ...] | None
    seconds: tuple[float, ...]

    @classmethod
    def of(cls, estimates: list[Estimate]) -> Answers:
        counted = [e.flops for e in estimates if e.flops is not None]
        return cls(
            tuple(e.value for e in estimates),
            tuple(counted) if len(counted) == len(estimates) else None,
            tuple(round(e.seconds, 6) for e in estimates),
        )


@dataclass
class Store:
    """Truths by variant and answers by key; also on disk if there is a ``journal``."""

    truths: dict[int, Truth] = field(default_factory=dict)
    answers: dict[Key, Answers] = field(default_factory=dict)
    journal: Journal | None = None

    def add_truth(self, variant: int, truth: Truth) -> None:
        self.truths[variant] = truth
        self._append({"variant": variant, **vars(truth)})

    def add_answers(self, key: Key, answers: Answers) -> None:
        self.answers[key] = answers
        name, budget, seed = key
        self._append({"estimator": name, "budget": budget, "seed": seed, **vars(answers)})

    def close(self) -> None:
        if self.journal is not None:
            self.journal.file.close()

    def _append(self, line: Mapping[str, Any]) -> None:
        if self.journal is not None:
            self.journal.append(line)


def open_store(folder: Path | None, settings: Mapping[str, Any]) -> Store:
    """The store of a race with these settings, with what an earlier run left in it.

    InputError if the folder holds another race, or cannot be written to.
    """
    if folder is None:
        return Store()
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot use {folder}: {error.strerror or error}.") from error
    store = Store(journal=open_journal(path, "race", settings))
    try:
        for line in store.journal.lines if store.journal else ():
            _read(store, line)
    except (KeyError, TypeError, ValueError) as error:
        raise damaged(path) from error
    return store


def _read(store: Store, line: dict[str, Any]) -> None:
    if "variant" in line:
        truth = Truth(float(line["value"]), float(line["variance"]), str(line["method"]))
        store.truths[int(line["variant"])] = truth
        return
    key = (str(line["estimator"]), line["budget"], int(line["seed"]))
    flops = line["flops"]
    store.answers[key] = Answers(
        tuple(map(float, line["values"])),
        None if flops is None else tuple(map(int, flops)),
        tuple(map(float, line["seconds"])),
    )
