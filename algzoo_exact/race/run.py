"""The race: estimators on noisy variants of a model, judged by their mean squared error."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import inf, isfinite
from multiprocessing import parent_process
from os import PathLike
from pathlib import Path
from statistics import median

import numpy as np
import torch

from algzoo_exact.deadline import NEVER
from algzoo_exact.errors import InputError, demand
from algzoo_exact.jobs import outcomes
from algzoo_exact.processes import Workers, check_workers
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, check_fit, index_tasks
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.race.entries.flops import sample_cost
from algzoo_exact.race.estimator import Estimate, Estimator, Kind, LearnedConstant
from algzoo_exact.race.registry import ADDED, UNCOUNTED, check_name, estimator, names
from algzoo_exact.race.statistics import Outcome, Truths, outcome
from algzoo_exact.race.store import Answers, Job, Key, Truth, kept_in
from algzoo_exact.race.truth import is_enumerated, truth_of
from algzoo_exact.shown import Shown
from algzoo_exact.version import __version__
from algzoo_exact.zoo.loading import Model
from algzoo_exact.zoo.perturbed import perturb

BUDGETS: tuple[float, ...] = (1e4, 1e5, 1e6, 1e7, 1e8, 1e9)
TRUTH_SAMPLES = 1 << 24

_FIRST_TRUTH_SEED = 1 << 40  # far from seeds that people give, so that no tuning saw these inputs


@dataclass(frozen=True)
class RacePoint(Shown):
    """One entry at one budget; ``budget`` is None where operations can't be attributed.

    ``learned`` are the entry's constants that were fitted offline to other models.
    """

    estimator: str
    kind: Kind
    learned: tuple[LearnedConstant, ...]
    budget: float | None
    seeds: int
    outcome: Outcome
    seconds: float


@dataclass(frozen=True)
class Race(Shown):
    """A finished race.

    ``accuracy`` is the mean over variants of the true accuracy, found by ``truth_method`` with
    errors of root mean square ``truth_error``. A budget at which an entry did just what it had done
    at the one below has no point. ``left_out`` says of each entry without any point why there is
    none. ``sample_cost`` is the FLOPs of one random sample.
    """

    model: str
    sha256: str
    task: Task
    noise: float
    relative: bool
    noise_seed: int
    variants: int
    accuracy: float
    truth_method: str
    truth_error: float
    sampling_variance: float
    sample_cost: int
    points: tuple[RacePoint, ...]
    left_out: Mapping[str, str]

    def __repr__(self) -> str:
        entries = len({point.estimator for point in self.points})
        return f"<race on {self.model}: {entries} estimators, {self.variants} variants>"


@shows_progress("racing")
def compare(
    model: Model,
    noise: float,
    *,
    relative: bool = False,
    noise_seed: int = 0,
    variants: int = 64,
    budgets: Sequence[float] = BUDGETS,
    estimators: Sequence[str] | None = None,
    seeds: int = 30,
    truth_samples: int = TRUTH_SAMPLES,
    folder: str | PathLike[str] | None = None,
    workers: Workers = 1,
    progress: Progress | None = None,
) -> Race:
    """Race estimators of the accuracy against random sampling, on noisy variants of a model.

    The variants are ``perturb(model, noise, noise_seed + v, relative=relative)``. Each entry of
    ``estimators`` (by default all) answers for each of the ``budgets`` (FLOPs) and, if it is
    seeded, for the seeds 0 .. ``seeds`` - 1. Logits that tie count by the lowest index.

    With a ``folder``, what is done is kept there, and a later call with the same model, noise,
    variants and truth goes on from it. ``workers`` is a number of processes, or an
    executor that runs the jobs.
    ``progress`` gets the fraction done and a line of text.

    InputError for models of other kinds, fewer than two variants or seeds (there would be no
    interval), unknown estimators, and a folder with another race.
    """
    program, task = _racing(model)
    program.check_rnn()
    if isinstance(noise, Model):
        raise InputError(
            "compare() races estimators on noisy variants of one model; diff() tells where two "
            "models differ."
        )
    chosen = _chosen(estimators)
    budgets = tuple(sorted({float(budget) for budget in budgets}))
    _check(noise, variants, budgets, seeds, truth_samples, workers)
    programs = [perturb(program, noise, noise_seed + v, relative=relative) for v in range(variants)]
    exact = is_enumerated(program)
    settings = {
        "sha256": model.sha256,
        "task": task.name,
        "noise": float(noise),
        "relative": relative,
        "noise_seed": noise_seed,
        "variants": variants,
        "truth_samples": 0 if exact else truth_samples,
        "version": __version__,
    }
    left_out = {name: reason for name in chosen if (reason := estimator(name).fits(program, task))}
    if exact and "enumeration" in chosen:
        left_out["enumeration"] = "The truth is this entry's own figure."
    jobs = [key for name in chosen if name not in left_out for key in _jobs(name, budgets, seeds)]
    found = _Found(variants, jobs, progress or (lambda fraction, text: None))
    work = _Work(programs, task, truth_samples, _FIRST_TRUTH_SEED + noise_seed, dict(ADDED))
    with kept_in(Path(folder) if folder is not None else None, settings) as kept:
        for job, outcome in outcomes(found.waiting(), work, NEVER, workers, kept):
            found.add(job, outcome)
    points: list[RacePoint] = []
    judged, cost = found.judged(), sample_cost(program)
    p = judged.values
    for name in chosen:
        keys = [key for key in jobs if key[0] == name]
        own = [*_points(keys, found.answers, judged, cost)]
        points += own
        if keys and not own:
            left_out[name] = f"{name} cannot start within {max(budgets):.3g} FLOPs."
    return Race(
        model=model.name,
        sha256=model.sha256,
        task=task,
        noise=noise,
        relative=relative,
        noise_seed=noise_seed,
        variants=variants,
        accuracy=float(p.mean()),
        truth_method=found.truths[0].method,
        truth_error=float(np.sqrt(judged.variances.mean())),
        sampling_variance=float((p * (1 - p)).mean()),
        sample_cost=cost,
        points=tuple(points),
        left_out=left_out,
    )


def _racing(model: Model) -> tuple[Program, Task]:
    demand(model, Model, "A race is of a model, as load() gives")
    program, task = model.network, model.task
    if task is None:
        raise InputError(f"Nothing says which task {model.name} is for; load it with task=.")
    if not isinstance(program, Program) or not task.is_index:
        raise InputError(
            "A race needs a model with a label for each Gaussian input "
            f"({', '.join(index_tasks())}), not one for {task.name}."
        )
    check_fit(program, task)
    return program, task


def _chosen(estimators: Sequence[str] | None) -> list[str]:
    if estimators is None:
        return [*names()]
    if not estimators:
        raise InputError(f"No estimator is given; choose from {', '.join(names())}.")
    for name in estimators:
        check_name(name)
    return [name for name in names() if name in estimators]


def _check(
    noise: float,
    variants: int,
    budgets: Sequence[float],
    seeds: int,
    truth_samples: int,
    workers: Workers,
) -> None:
    if noise == 0:
        raise InputError("Without noise all variants are the same; give a noise above 0.")
    for value, name in ((variants, "variants"), (seeds, "seeds")):
        if value < 2:
            raise InputError(f"A race needs at least 2 {name} for its intervals, not {value}.")
    if not budgets or not all(isfinite(budget) and budget >= 1 for budget in budgets):
        raise InputError("Budgets are numbers of FLOPs, 1 or more.")
    if truth_samples < 1:
        raise InputError("The truth's samples must be at least 1.")
    check_workers(workers)


def _jobs(name: str, budgets: Sequence[float], seeds: int) -> Iterator[Key]:
    each = range(seeds if estimator(name).seeded else 1)
    for budget in (None,) if name in UNCOUNTED else budgets:
        yield from ((name, budget, seed) for seed in each)


class _Found:
    """Truths by variant and answers by key, as they are found."""

    def __init__(self, variants: int, keys: Sequence[Key], show: Progress) -> None:
        self.variants, self.keys, self.show = variants, keys, show
        self.truths: dict[int, Truth] = {}
        self.answers: dict[Key, Answers] = {}

    def waiting(self) -> list[Job]:
        """All jobs, in which the last is the first to be done: truths, then cheap answers."""
        cheap = sorted(self.keys, key=lambda key: key[1] or 0)
        return [*cheap[::-1], *reversed(range(self.variants))]

    def judged(self) -> Truths:
        truths = [self.truths[v] for v in range(self.variants)]
        return Truths(np.array([t.value for t in truths]), np.array([t.variance for t in truths]))

    def add(self, job: Job, outcome: Truth | Answers) -> None:
        if isinstance(outcome, Truth):
            assert isinstance(job, int)
            self.truths[job] = outcome
            done, total = len(self.truths), self.variants
            self.show(done / total, f"truth of variant {done} of {total}")
            return
        assert not isinstance(job, int)
        self.answers[job] = outcome
        done, total = len(self.answers), len(self.keys)
        budget = f"{job[1]:.3g} FLOPs" if job[1] else "once"
        self.show(done / total, f"{done:,} of {total:,} runs; {job[0]}, {budget}")


def answers_of(
    key: Key, programs: Sequence[Program], task: Task, added: Mapping[str, Estimator]
) -> Answers:
    """One estimator's estimates for all variants; empty if it cannot start within the budget.

    ``added``: estimators that another process need not know.
    """
    name, budget, seed = key
    entry = added[name] if name in added else estimator(name)
    found: list[Estimate] = []
    for program in programs:
        estimate = entry.estimate(program, task, budget or inf, seed)
        if estimate is None:
            return Answers((), None, ())
        found.append(estimate)
    return Answers.of(found)


@dataclass(frozen=True)
class _Work:
    """What a job comes to, wherever it runs."""

    programs: Sequence[Program]
    task: Task
    truth_samples: int
    truth_seed: int
    added: Mapping[str, Estimator]

    def __call__(self, job: Job) -> Truth | Answers:
        if parent_process() is not None:
            torch.set_num_threads(1)  # the cores are shared with other workers
        if isinstance(job, int):
            seed = self.truth_seed + job
            return truth_of(self.programs[job], self.task, self.truth_samples, seed)
        return answers_of(job, self.programs, self.task, self.added)


def _same(before: Sequence[Answers], after: Sequence[Answers]) -> bool:
    """Whether an entry did at a larger budget just what it had done at the smaller one."""
    pairs = zip(before, after, strict=False)
    return bool(before) and all((b.values, b.flops) == (a.values, a.flops) for b, a in pairs)


def _points(
    keys: Sequence[Key], found: Mapping[Key, Answers], truths: Truths, cost: int
) -> Iterator[RacePoint]:
    """One estimator's, from the least budget on, without those at which nothing is new."""
    before: Sequence[Answers] = ()
    for budget in sorted({key[1] for key in keys}, key=lambda b: b or 0.0):
        answers = [found[key] for key in keys if key[1] == budget]
        if all(each.values for each in answers) and not _same(before, answers):
            yield _point(keys[0][0], budget, answers, truths, cost)
        before = answers


def _point(
    name: str, budget: float | None, answers: Sequence[Answers], truths: Truths, cost: int
) -> RacePoint:
    values = np.array([found.values for found in answers])
    counted = [found.flops for found in answers if found.flops is not None]
    flops = np.array(counted, np.float64) if len(counted) == len(answers) else None
    chosen = estimator(name)
    return RacePoint(
        estimator=name,
        kind=chosen.kind,
        learned=chosen.learned,
        budget=budget,
        seeds=len(answers) if chosen.seeded else 0,
        outcome=outcome(values, truths, flops, cost, seeded=chosen.seeded),
        seconds=median(second for found in answers for second in found.seconds),
    )
