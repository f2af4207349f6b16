"""What is spent on something that takes long."""

from __future__ import annotations

from dataclasses import dataclass

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.processes import Workers
from algzoo_exact.progress import Progress
from algzoo_exact.state import State


@dataclass(frozen=True)
class Effort:
    """How long to look, with how many processes, where jobs are kept, and who is told how far it
    is."""

    deadline: Deadline = NEVER
    workers: Workers = 1
    state: State | None = None
    progress: Progress | None = None


UNLIMITED = Effort()
"""In this process, as long as it takes."""
