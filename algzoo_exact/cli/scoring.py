"""Scores as ``accuracy`` computes them: what is wished for, and random inputs beside bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.interrupts import noticing_interrupts
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.present.findings.crosscheck import CrossCheck
    from algzoo_exact.present.findings.random_inputs import Sampled
    from algzoo_exact.program.task import TieRule

SAMPLES_BESIDE_BOUNDS = 1_000_000
_SHARE = 0.8  # of a limit, for the score, where a sample may come after it
_LATER = 0.4  # seconds that a sample may end after the score: nothing else is left to be done then


@o.options
class Wishes(o.Seed, o.Lasting):
    """How exactly, within which limits, and what is wishes."""

    digits: int | None = o.option(
        None, "N", "Decimals of an exact result, at least; by default those that come quickly.",
        min=1, max=1000,
    )  # fmt: skip
    method: str = o.option(
        "auto", "METHOD", "[bold]exact[/bold], [bold]bounds[/bold] (certified, stops early), or "
        "[bold]auto[/bold]: what says most in about a minute.",
    )  # fmt: skip
    time_limit: float | None = o.duration(
        None, "Stop after 30s, 2m, ... with a certified enclosure."
    )
    max_regions: int | None = o.count(
        None, "Stop after this many pieces of regions, with a certified enclosure."
    )
    check_samples: int | None = o.count(None, "Check the result on random inputs, such as 1e7.")
    by_label: bool = o.flag("--by-label", "Split the accuracy by true label.")
    closed_form: bool = o.flag("--closed-form", "Print the closed form in full (n = 2 and 3).")


@dataclass(frozen=True)
class Scored:
    """A score, and random inputs beside it; ``interrupted``: it is what was decided by then."""

    score: az.Score
    beside: CrossCheck | None
    interrupted: bool


def scored(
    loaded: az.Model,
    task: az.Task,
    rule: TieRule,
    wishes: Wishes,
    deadline: Deadline,
    bar: o.Bar,
    *,
    alone: bool = True,
) -> Scored:
    """The score of a model, with random inputs where they are wished for or bounds are wide.

    Within a limit they are drawn in a process beside it, if it is ``alone``; else after it, in what
    it leaves of the time.
    """
    from algzoo_exact.measure.flow import MOST_INPUTS
    from algzoo_exact.present.findings.crosscheck import cross_check
    from algzoo_exact.present.findings.random_inputs import Order, sampler
    from algzoo_exact.present.findings.scoring import question_of
    from algzoo_exact.score.compute import answer

    apart = deadline.limited and alone
    own = deadline if apart or not deadline.limited else deadline.part(_SHARE)
    question = question_of(
        loaded, task, rule, digits=wishes.digits, wish=wishes.method, deadline=own,
        max_cells=wishes.max_regions, by_label=wishes.by_label,
    )  # fmt: skip
    metric = question.metric
    if wishes.by_label and not metric.of_labels:
        raise InputError("--by-label splits an accuracy; median models have an error instead.")
    order = Order(
        question.program, task, rule, wishes.check_samples or SAMPLES_BESIDE_BOUNDS, wishes.seed,
        rounded=False, deadline=Deadline(deadline.at + _LATER),
    )  # fmt: skip
    # Where only bounds are possible, which take their time, the sample comes first.
    boxes = task.seq_len > MOST_INPUTS and task.is_index
    early = boxes and wishes.method in ("auto", "bounds") and not deadline.limited
    with sampler(apart=apart) as beside:
        draw = beside(order)

        def sample() -> Sampled:
            with bar("sampling", deadline) as advance:
                return draw(lambda done, total: advance(done / total, f"{done:,} inputs"))

        sampled = sample() if early else None
        with (
            noticing_interrupts() as seen,
            bar(metric.words, own) as advance,
            wishes.shared(None) as workers,
        ):
            asked = replace(question, workers=workers, progress=advance)
            result = answer(asked, wishes.state)
        interrupted = bool(seen)
        if interrupted and metric.of_labels and result.enclosure.width >= 1:
            raise KeyboardInterrupt  # nothing is known but that it is a probability
        wanted = wishes.check_samples or result.kind == "certified"
        if wanted and not (sampled or interrupted):
            sampled = sample()
    if not wishes.by_label:
        result = replace(result, by_label=None)
    held = None if sampled is None else cross_check(sampled, result.enclosure)
    return Scored(result, held, interrupted)
