"""The score that a report states: exact where seconds suffice, else certified bounds."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.report.partition import count_cells
from algzoo_exact.score.compute import accuracy
from algzoo_exact.score.result import Accuracy
from algzoo_exact.score.squared_error import squared_error, squared_error_bounds
from algzoo_exact.score.squared_result import SquaredError

if TYPE_CHECKING:
    from algzoo_exact.zoo.loading import Model

LARGEST_MEASURED = 6  # inputs
_CLOSED_FORM = 3
# Seconds for certified bounds, by n, where exactness takes longer.
_BOUND_SECONDS = {4: 15.0, 5: 25.0, 6: 25.0}
_BOX_SECONDS = 2.0
_SHARED = (5, 6)  # inputs of scores that are shared out; for fewer, processes take longer to start
# Cells up to which a median model's squared error is summed unasked, by n. They take 5 ms each for
# n = 4, 10 ms for n = 5 (shared by two workers), and 2 s for n = 6, where all models have hundreds.
# A part of them is no use: each value cell that is left open adds the square of a crude slope. Of
# median_8_5 that is 6,500, the squared error is 0.002, and the 60,000 cells take 20 minutes.
_SUMMED = {4: 3000, 5: 4000, 6: 0}


def score_of(
    model: Model,
    task: Task,
    ties: TieRule,
    *,
    time_limit: float | None,
    workers: int,
    progress: Callable[[float, str], None],
) -> tuple[Accuracy | SquaredError, Accuracy | None]:
    """The score, and a float64 estimate of an accuracy that is not exact, where there is one.

    ``time_limit`` in seconds is for bounds; None leaves it to the size of the model.
    """
    if task.name == "median":
        return _squared_error(model, task, time_limit, workers, progress), None
    n = task.seq_len
    boxes = n > LARGEST_MEASURED
    if task.name == "longest_cycle" or boxes:
        if boxes and time_limit is None:
            time_limit = _BOX_SECONDS
        first = accuracy(model.network, task, ties=ties, time_limit=time_limit, progress=progress)
        return first, None
    workers = workers if n in _SHARED else 1
    first = accuracy(
        model.network, task, ties=ties, time_limit=time_limit, workers=workers,
        by_label=n > _CLOSED_FORM, progress=progress,
    )  # fmt: skip
    if first.kind != "numeric":
        return first, None
    # A theorem states what is proved; the float64 value stands beside it.
    bounds = accuracy(
        model.network, task, ties=ties, method="bounds", time_limit=_BOUND_SECONDS[n],
        workers=workers, by_label=True, progress=progress,
    )  # fmt: skip
    return bounds, None if bounds.kind == "exact" else first


def _squared_error(
    model: Model,
    task: Task,
    limit: float | None,
    workers: int,
    progress: Callable[[float, str], None],
) -> SquaredError:
    program, n = model.program, task.seq_len
    if limit is None and n in _SUMMED:
        if count_cells(program, task, _SUMMED[n]) is None:
            return next(squared_error_bounds(program, task))
        limit = _BOUND_SECONDS[n]
    workers = workers if n in _SHARED else 1
    return squared_error(program, task, time_limit=limit, workers=workers, progress=progress)
