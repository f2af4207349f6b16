"""The score that a report states: exact where seconds suffice, else certified bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.processes import Workers
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.score.compute import accuracy, squared_error
from algzoo_exact.score.result import Score
from algzoo_exact.state import State

if TYPE_CHECKING:
    from algzoo_exact.zoo.loading import Model

_CLOSED_FORM = 3
_BOX_SECONDS = 2.0
_SHARED = (5, 6, 7)  # inputs of scores that are shared out; fewer take less than a process


def score_of(
    model: Model,
    task: Task,
    ties: TieRule,
    *,
    time_limit: float | None,
    workers: Workers | None,
    state: State | None = None,
    progress: Progress,
) -> Score:
    """The score. ``time_limit`` in seconds; None leaves it to the size of the model."""
    n = task.seq_len
    if task.is_numeric:
        return squared_error(
            model.program, task, time_limit=time_limit, workers=workers, state=state,
            progress=progress,
        )  # fmt: skip
    if task.is_discrete or n > MOST_INPUTS:
        workers = None
        if n > MOST_INPUTS and time_limit is None:
            time_limit = _BOX_SECONDS
    elif n not in _SHARED:
        workers = 1
    return accuracy(
        model.network, task, ties=ties, time_limit=time_limit, workers=workers,
        state=state, by_label=workers is not None and n > _CLOSED_FORM, progress=progress,
    )  # fmt: skip
