"""One model's score as a row: a job, wherever it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from algzoo_exact.atlas.entries import Entry
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, one_of
from algzoo_exact.present.documents.scores import score_row
from algzoo_exact.present.findings.crosscheck import cross_check
from algzoo_exact.present.findings.random_inputs import Order, carry_out
from algzoo_exact.present.findings.scoring import question_of
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.score.compute import answer, decided
from algzoo_exact.tables import Row
from algzoo_exact.zoo.loading import Model

SAMPLES = 1_000_000  # beside what is not exact

Way = Literal["auto", "exact"]


@dataclass(frozen=True)
class Effort:
    """How each model is scored. ``method`` as of ``accuracy``, but "exact" leaves nothing to the
    clock, and what no method decides to random inputs. ``time_limit`` is in seconds."""

    ties: TieRule = "lowest"
    method: Way = "auto"
    time_limit: float | None = None

    def __post_init__(self) -> None:
        """InputError for what would be wrong for every model."""
        one_of("tie rule", self.ties, TIE_RULES)
        one_of("method", self.method, get_args(Way))
        if self.time_limit is not None and not self.time_limit > 0:
            raise InputError(f"time_limit must be more than 0 seconds, not {self.time_limit}.")


class Job(NamedTuple):
    """A model that is to be scored, or why it could not be loaded."""

    entry: Entry
    key: str
    model: Model | InputError


def scored(effort: Effort, job: Job) -> Row:
    """What is known of the score, with random inputs beside it where it is not exact; or an
    ``error``."""
    try:
        if isinstance(job.model, InputError):
            raise job.model
        return _row(effort, job.model)
    except InputError as error:
        return {"error": str(error).removeprefix(f"{job.entry.name}: ")}


def _row(effort: Effort, model: Model) -> Row:
    task = model.task
    if task is None:
        raise InputError("Nothing says which task it is for; give the task.")
    deadline = Deadline.after(effort.time_limit)
    question = question_of(model, task, effort.ties, deadline=deadline, workers=1)
    score = decided(question) if effort.method == "exact" else answer(question)
    if score.kind == "exact":
        return score_row(model, score, None)
    # As many inputs whatever the time, so that they are the same ones again.
    order = Order(question.program, task, effort.ties, SAMPLES, seed=0, rounded=False)
    sampled = carry_out(order, lambda done, total: None)
    return score_row(model, score, cross_check(sampled, score.enclosure))
