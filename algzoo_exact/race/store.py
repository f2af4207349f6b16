"""What a race has found so far, in one file: a line of JSON for each truth and each answer.

A line is written when its work is done. After a kill the last line may be cut short; it is dropped
when the file is opened, and its work is done again. Answers depend on nothing but the race's
settings, so a race that was interrupted ends with the figures of one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from algzoo_exact.errors import InputError
from algzoo_exact.files import write_whole
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
    """Truths by variant and answers by key; also on disk if there is a ``folder``."""

    truths: dict[int, Truth] = field(default_factory=dict)
    answers: dict[Key, Answers] = field(default_factory=dict)
    file: TextIO | None = None

    def add_truth(self, variant: int, truth: Truth) -> None:
        self.truths[variant] = truth
        self._append({"variant": variant, **vars(truth)})

    def add_answers(self, key: Key, answers: Answers) -> None:
        self.answers[key] = answers
        name, budget, seed = key
        self._append({"estimator": name, "budget": budget, "seed": seed, **vars(answers)})

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def _append(self, line: Mapping[str, Any]) -> None:
        if self.file is not None:
            self.file.write(json.dumps(line) + "\n")
            self.file.flush()


def open_store(folder: Path | None, settings: Mapping[str, Any]) -> Store:
    """The store of a race with these settings, with what an earlier run left in it.

    InputError if the folder holds another race, or cannot be written to.
    """
    if folder is None:
        return Store()
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lines = _whole_lines(path) if path.exists() else []
    except OSError as error:
        raise InputError(f"Cannot use {folder}: {error.strerror or error}.") from error
    head = {"race": dict(settings)}
    if lines and lines[0] != head:
        raise InputError(
            f"{folder} holds another race ({_difference(lines[0], settings)}); give another "
            "folder, or remove it."
        )
    store = Store()
    try:
        for line in lines[1:]:
            _read(store, line)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path} is damaged; remove it to start anew.") from error
    text = "".join(json.dumps(line) + "\n" for line in (lines or [head]))
    write_whole(path, text.encode())  # without a line that a kill cut short
    store.file = path.open("a", encoding="utf-8")
    return store


def _whole_lines(path: Path) -> list[Any]:
    """The lines of the file that are whole, as JSON; InputError if any but the last is not."""
    *whole, _ = path.read_bytes().split(b"\n")
    try:
        return [json.loads(line) for line in whole]
    except ValueError as error:
        raise InputError(f"{path} is damaged; remove it to start anew.") from error


def _difference(found: Any, settings: Mapping[str, Any]) -> str:
    other = found.get("race") if isinstance(found, dict) else None
    if not isinstance(other, dict):
        return "its first line is no race's"
    names = [name for name in settings if other.get(name) != settings[name]]
    return ", ".join(f"{name} is {other.get(name)!r}, not {settings[name]!r}" for name in names)


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
