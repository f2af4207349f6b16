"""What a race finds: truths and answers, and how they are kept in its folder.

Answers depend on nothing but the race's settings, so a race that was interrupted ends with the
figures of one that was not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from algzoo_exact.errors import InputError
from algzoo_exact.jobs import Kept
from algzoo_exact.race.estimator import Estimate
from algzoo_exact.state import opened

FILE = "run.db"

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


Job: TypeAlias = int | Key
"""The truth of a variant, or one estimator's answers."""


@contextmanager
def kept_in(
    folder: Path | None, settings: Mapping[str, Any]
) -> Iterator[Kept[Job, Truth | Answers]]:
    """What a race with these settings finds is kept in a folder, where an earlier run may have left
    some; or nowhere.

    InputError if the folder holds another race, or cannot be written to.
    """
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"Cannot use {folder}: {error.strerror or error}.") from error
    place = None if folder is None else folder / FILE
    with opened(place, lambda: {"command": "compare", **settings}) as state:
        yield Kept(state, json.dumps, Truth | Answers)
