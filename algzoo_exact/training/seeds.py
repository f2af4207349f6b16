"""Seeds as jobs: each trains by itself, a span of steps at a time, wherever its job runs.

What a job ends with is all that the next one of its seed needs. Weights come out as those that
train beside each other do, to the last bit.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER
from algzoo_exact.processes import Workers
from algzoo_exact.score.pool import Kept, outcomes
from algzoo_exact.state import State
from algzoo_exact.training.recipe import Recipe
from algzoo_exact.training.run import Report, Run, Status, keep_weights
from algzoo_exact.version import __version__

STATE = "run.db"
_SPAN = 1024  # steps of a job: seconds

Arrays = dict[str, NDArray[np.float32]]


class _Job(NamedTuple):
    """A seed by its position, its steps, and what it begins with."""

    position: int
    first: int
    end: int
    arrays: Arrays


@dataclass(frozen=True)
class _Trained:
    """What a job ends with, and the loss and the accuracy on its last batch."""

    arrays: Arrays
    loss: float
    accuracy: float | None


def train_seeds(run: Run, folder: Path, workers: Workers, report: Report | None = None) -> None:
    """Train each seed of a run that has this folder, from where it is to the end; weights go to
    the folder's ``seeds``, and what jobs come to, to its ``run.db``.

    InputError if that is the state of another run.
    """
    recipe, began = run.recipe, time.monotonic()
    ends = _ends(recipe, run.step)
    jobs = [
        _Job(i, run.step, ends[0], {k: v[i : i + 1].numpy() for k, v in run.arrays().items()})
        for i in reversed(range(len(recipe.seeds)))
        if ends
    ]
    heard = _Heard(recipe, run.step, began, report)
    with State(folder / STATE) as state:
        state.claim({"command": "train", "recipe": recipe.to_json(), "torch": torch.__version__,
                     "version": __version__})  # fmt: skip
        kept = Kept(state, _key, _plain, _restored)
        work = _Work(recipe, run.device.type)
        for job, trained in outcomes(jobs, work, NEVER, workers, kept):
            if job.end in recipe.checkpoints:
                one = Run(recipe, None, run.device.type, job.position)
                one.go_on(job.end, _tensors(trained.arrays))
                keep_weights(one, folder)
            for end in ends[ends.index(job.end) + 1 :][:1]:
                jobs.append(_Job(job.position, job.end, end, trained.arrays))
            heard.tell(job, trained)


def _ends(recipe: Recipe, first: int) -> list[int]:
    """Steps after ``first`` at which jobs end: every so often, and where weights are kept."""
    spans = range(_SPAN, recipe.steps, _SPAN)
    return sorted(end for end in {*spans, *recipe.checkpoints} if end > first)


@dataclass(frozen=True)
class _Work:
    recipe: Recipe
    device: str

    def __call__(self, job: _Job) -> _Trained:
        if parent_process() is not None:
            torch.set_num_threads(1)  # the cores are shared with other workers
        run = Run(self.recipe, None, self.device, job.position)
        run.go_on(job.first, _tensors(job.arrays))
        told: list[Status] = []
        run.train(told.append, job.end)
        arrays = {key: value.cpu().numpy().copy() for key, value in run.arrays().items()}
        return _Trained(arrays, told[-1].loss, told[-1].accuracy)


@dataclass
class _Heard:
    """Tells how far all seeds together are."""

    recipe: Recipe
    first: int
    began: float
    report: Report | None

    def __post_init__(self) -> None:
        self.steps = [self.first] * len(self.recipe.seeds)
        self.best: dict[int, _Trained] = {}

    def tell(self, job: _Job, trained: _Trained) -> None:
        self.steps[job.position], self.best[job.position] = job.end, trained
        if self.report is not None:
            best = min(self.best.values(), key=lambda t: t.loss)
            step = sum(self.steps) // len(self.steps)
            seconds = time.monotonic() - self.began
            self.report(
                Status(
                    step, self.recipe.steps, step - self.first, seconds, best.loss, best.accuracy
                )
            )


def _tensors(arrays: Arrays) -> dict[str, torch.Tensor]:
    return {key: torch.from_numpy(value.copy()) for key, value in arrays.items()}


def _key(job: _Job) -> str:
    return f"seed at {job.position}, steps {job.first} to {job.end}"


def _plain(trained: _Trained) -> Any:
    return [trained.arrays, trained.loss, trained.accuracy]


def _restored(job: _Job, plain: Any) -> _Trained:
    arrays, loss, accuracy = plain
    kept = {key: np.array(arrays[key], np.float32) for key in arrays}
    return _Trained(kept, float(loss), None if accuracy is None else float(accuracy))
