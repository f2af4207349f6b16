"""Seeds as jobs: each trains by itself, a span of steps at a time, wherever its job runs.

What a job ends with is all that the next one of its seed needs. Weights come out as those that
train beside each other do, to the last bit.
"""

from __future__ import annotations

from functools import partial
from multiprocessing import parent_process
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.processes import Workers
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


class _Trained(NamedTuple):
    """What a job ends with, and the loss and the accuracy on its last batch."""

    arrays: Arrays
    loss: float
    accuracy: float | None


def train_seeds(run: Run, folder: Path, workers: Workers, report: Report | None = None) -> None:
    """Train each seed of a run that has this folder, from where it is to the end; weights go to
    the folder's ``seeds``, and what jobs come to, to its ``run.db``.

    InputError if that is the state of another run.
    """
    recipe, device = run.recipe, run.device.type
    ends = _ends(recipe, run.step)
    jobs = [
        _Job(i, run.step, ends[0], {k: v[i : i + 1].numpy() for k, v in run.arrays().items()})
        for i in reversed(range(len(recipe.seeds)))
        if ends
    ]
    steps, last = [run.step] * len(recipe.seeds), dict[int, _Trained]()
    with State(folder / STATE) as state:
        state.claim({"command": "train", "recipe": recipe.to_json(), "torch": torch.__version__,
                     "version": __version__})  # fmt: skip
        kept = Kept[_Job, _Trained](state, _key, _Trained)
        for job, trained in outcomes(jobs, partial(_worked, recipe, device), NEVER, workers, kept):
            if job.end in recipe.checkpoints:
                keep_weights(_begun(recipe, device, job.position, job.end, trained.arrays), folder)
            for end in ends[ends.index(job.end) + 1 :][:1]:
                jobs.append(_Job(job.position, job.end, end, trained.arrays))
            steps[job.position], last[job.position] = job.end, trained
            if report is not None:
                best = min(last.values(), key=lambda found: found.loss)
                mean = sum(steps) // len(steps)
                report(Status(mean, recipe.steps, best.loss, best.accuracy))


def _ends(recipe: Recipe, first: int) -> list[int]:
    """Steps after ``first`` at which jobs end: every so often, and where weights are kept."""
    spans = range(_SPAN, recipe.steps, _SPAN)
    return sorted(end for end in {*spans, *recipe.checkpoints} if end > first)


def _worked(recipe: Recipe, device: str, job: _Job) -> _Trained:
    if parent_process() is not None:
        torch.set_num_threads(1)  # the cores are shared with other workers
    run = _begun(recipe, device, job.position, job.first, job.arrays)
    told: list[Status] = []
    run.train(told.append, job.end)
    arrays = {key: value.cpu().numpy().copy() for key, value in run.arrays().items()}
    return _Trained(arrays, told[-1].loss, told[-1].accuracy)


def _begun(recipe: Recipe, device: str, position: int, step: int, arrays: Arrays) -> Run:
    """The run of one seed after so many steps."""
    run = Run(recipe, None, device, position)
    run.go_on(step, {key: torch.from_numpy(value.copy()) for key, value in arrays.items()})
    return run


def _key(job: _Job) -> str:
    return f"seed at {job.position}, steps {job.first} to {job.end}"
