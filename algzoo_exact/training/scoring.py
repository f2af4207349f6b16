"""How good trained networks are, and which seed is the best."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Literal

from algzoo_exact.deadline import Deadline
from algzoo_exact.exact.enclosure import places_for
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.runtime.sampled_squares import sample_squared_error
from algzoo_exact.runtime.sampling import sample
from algzoo_exact.score.compute import answer, metric_for
from algzoo_exact.score.metric import Metric
from algzoo_exact.score.question import Question
from algzoo_exact.zoo.cards import Score
from algzoo_exact.zoo.loading import Model

VALIDATION, VALIDATION_SEED = 1 << 22, 1
SAMPLES, SAMPLE_SEED = 1 << 24, 2
EXACT_SECONDS = 300.0  # that an exact score of the chosen model may take, on one core

ChosenBy = Literal["exact score", "validation sample"]

_SOON = 10.0  # seconds, for an exact score of each seed


def choose(
    models: Sequence[Model], task: Task, progress: Callable[[int, int], None] | None = None
) -> tuple[int, ChosenBy, tuple[Score, ...]]:
    """The position of the best of several models, how it was chosen, and all their scores.

    By exact scores where each takes about ten seconds at most, else by 2^22 random inputs, the
    same for all. ``progress(done, total)`` hears of each model scored.
    """

    def scored(score: Callable[[Model], Score | None]) -> list[Score]:
        """All scores, or those before the first that there is not."""
        found = []
        for done, model in enumerate(models):
            if progress is not None:
                progress(done, len(models))
            if (one := score(model)) is None:
                break
            found.append(one)
        return found

    chosen_by: ChosenBy = "exact score"
    scores = scored(lambda model: exact_score(model, task, seconds=0))
    if len(scores) < len(models):
        chosen_by = "validation sample"
        scores = scored(lambda model: sampled_score(model, task, VALIDATION, VALIDATION_SEED))
    values = [middle(score) for score in scores]
    best = min(values) if task.is_numeric else max(values)
    return values.index(best), chosen_by, tuple(scores)


def card_score(model: Model, task: Task) -> Score:
    """The score for a model's card: exact where that takes minutes at most, else of 2^24 random
    inputs, other than those by which it was chosen."""
    exact = exact_score(model, task, seconds=EXACT_SECONDS)
    return exact or sampled_score(model, task, SAMPLES, SAMPLE_SEED)


def exact_score(model: Model, task: Task, seconds: float) -> Score | None:
    """The exact score, or None if it takes more than ten seconds, or ``seconds``, if they are
    more."""
    n, metric = task.seq_len, metric_for(task)
    if not task.is_discrete and n > MOST_INPUTS:
        return None
    deadline = Deadline.after(max(_SOON, seconds))
    found = answer(Question(metric, model.network, task, _ties(metric), deadline=deadline))
    if found.kind != "exact":
        return None
    total = n**n if task.is_discrete else None
    correct = int(found.enclosure.lower * total) if total else None
    lower, upper = found.enclosure.decimal(min(30, places_for(found.enclosure.width)))
    return Score(metric.words, "exact", _ties(metric), lower, upper, correct=correct, total=total)


def sampled_score(model: Model, task: Task, samples: int, seed: int) -> Score:
    """The score on random inputs."""
    metric = metric_for(task)
    draw = sample if metric.of_labels else sample_squared_error
    found = draw(model, task, samples, seed=seed)
    return Score(
        metric.words, "sampled", _ties(metric), value=found.value,
        standard_error=found.standard_error, samples=samples, seed=seed,
    )  # fmt: skip


def _ties(metric: Metric) -> TieRule | None:
    return "lowest" if metric.of_labels else None


def middle(score: Score) -> float:
    """A score as one number."""
    if score.value is not None:
        return score.value
    assert score.lower is not None
    assert score.upper is not None
    return float((Fraction(score.lower) + Fraction(score.upper)) / 2)
