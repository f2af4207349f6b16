"""Questions about the score of a model, and the score that a report states: exact where seconds
suffice, else certified bounds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from algzoo_exact.deadline import Deadline
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.present.findings.wishes import Wishes
from algzoo_exact.processes import Workers
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.score.compute import answer, metric_for
from algzoo_exact.score.question import Question
from algzoo_exact.score.result import Score
from algzoo_exact.state import State
from algzoo_exact.zoo.loading import Model

_CLOSED_FORM = 3
_BOX_SECONDS = 2.0
_SHARED = (5, 6, 7)  # inputs of scores that are shared out; fewer take less than a process


def question_of(model: Model, task: Task, ties: TieRule, **limits: Any) -> Question:
    """A question about the accuracy on a task, or the squared error where it asks for a number;
    ``limits`` are further fields."""
    metric = metric_for(task)
    if metric.of_labels:
        return Question(metric, model.network, task, ties, **limits)
    return Question(metric, model.program, task, None, **limits)


def score_of(
    model: Model,
    task: Task,
    wishes: Wishes,
    deadline: Deadline,
    state: State | None,
    progress: Progress,
) -> Score:
    """The score; a deadline that is none leaves the time to the size of the model."""
    n, by_label = task.seq_len, False
    workers: Workers | None = wishes.workers
    if task.is_discrete or (n > MOST_INPUTS and not task.is_numeric):
        workers = None
        if n > MOST_INPUTS and not deadline.limited:
            deadline = Deadline.after(_BOX_SECONDS)
    elif not task.is_numeric:
        workers = workers if n in _SHARED else 1
        by_label = n > _CLOSED_FORM
    question = question_of(
        model, task, wishes.ties, deadline=deadline, workers=workers, by_label=by_label,
        progress=progress,
    )  # fmt: skip
    found = answer(question, state)
    return found if by_label else replace(found, by_label=None)
