"""What is asked of a report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from algzoo_exact.explain.story import Explanation
from algzoo_exact.processes import Workers
from algzoo_exact.program.task import TieRule
from algzoo_exact.state import Place


@dataclass(frozen=True)
class Wishes:
    """What the caller asks for, as ``make_report`` takes it."""

    explanation: Explanation | None = None
    ties: TieRule = "lowest"
    certificate: Path | None = None
    time_limit: float | None = None
    samples: int = 1_000_000
    seed: int = 0
    seconds: float = 30.0
    workers: Workers = 1
    inside: bool = False
    state: Place = None
