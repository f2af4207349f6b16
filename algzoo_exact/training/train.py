"""Train models by AlgZoo's recipe, choose the best seed, and write it with its card."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from algzoo_exact.errors import InputError
from algzoo_exact.files import path_of, write_whole
from algzoo_exact.processes import Workers, check_workers
from algzoo_exact.program.task import Task
from algzoo_exact.shown import Shown
from algzoo_exact.training.recipe import Recipe
from algzoo_exact.training.run import Report, Run, seed_path
from algzoo_exact.training.scoring import card_score, choose
from algzoo_exact.training.seeds import train_seeds
from algzoo_exact.version import __version__
from algzoo_exact.zoo.cards import Card, Score, write_card
from algzoo_exact.zoo.loading import Model, load

DEFAULT_LAYERS, DEFAULT_HEADS = 2, 1  # of AlgZoo's transformers


@dataclass(frozen=True)
class Trained(Shown):
    """What a run has left: the best seed's model (in ``path``) with its card, all seeds' scores in
    the order of ``seeds``, and how the best was chosen."""

    model: Model
    card: Card
    path: Path
    seeds: tuple[int, ...]
    scores: tuple[Score, ...]


def train(
    task: str,
    hidden_size: int,
    seq_len: int,
    folder: str | os.PathLike[str],
    *,
    sequences: int = 1 << 30,
    seeds: int | Sequence[int] = 5,
    batch: int = 1024,
    layers: int | None = None,
    heads: int | None = None,
    device: str = "cpu",
    workers: Workers | None = None,
    report: Report | None = None,
    scoring: Callable[[int, int], None] | None = None,
) -> Trained:
    """Train one model for each seed on ``sequences`` random inputs, and keep the best.

    The recipe is AlgZoo's (see ``Recipe``). ``seeds`` is their number (0, 1, ..) or a list of
    them; all train together, in one batched computation. ``layers`` (1 or 2) and ``heads`` are
    for longest_cycle, a transformer; they default to AlgZoo's 2 and 1.

    ``folder`` gets the best model, ``{task}_{hidden_size}_{seq_len}.safetensors``, its card
    (``.json``), and in ``seeds`` every seed's weights at 2^20, 2^21, .. sequences and at the end.
    A run that was stopped goes on from its folder, and on a CPU ends with just the files that it
    would have ended with uninterrupted. With ``workers``, a number of processes or an executor,
    each seed trains by itself, to the same weights. ``report`` hears of the training,
    ``scoring(done, total)`` of the choice that follows it.

    Raises InputError for sizes that make no sense, a device that is not here, and a folder that
    holds another run or cannot be written to.
    """
    recipe = recipe_for(task, hidden_size, seq_len, sequences, seeds, batch, layers, heads)
    target = path_of(folder)
    run_to_end(recipe, target, device, workers, report)
    return finish(recipe, target, scoring)


def run_to_end(
    recipe: Recipe, folder: Path, device: str, workers: Workers | None, report: Report | None
) -> None:
    """Train all seeds from where the folder's run is: together, or each by itself where there are
    workers."""
    run = Run(recipe, folder, device)
    if workers is None:
        run.train(report)
    else:
        check_workers(workers)
        train_seeds(run, folder, workers, report)


def recipe_for(
    task: str,
    hidden_size: int,
    seq_len: int,
    sequences: int,
    seeds: int | Sequence[int],
    batch: int,
    layers: int | None,
    heads: int | None,
) -> Recipe:
    """The recipe, with AlgZoo's layers and heads where none are given."""
    if isinstance(seeds, int):
        if seeds < 1:
            raise InputError(f"The number of seeds must be at least 1, not {seeds}.")
        seeds = range(seeds)
    if Task(task, seq_len).is_discrete:
        layers = DEFAULT_LAYERS if layers is None else layers
        heads = DEFAULT_HEADS if heads is None else heads
    return Recipe(
        task, hidden_size, seq_len, sequences, tuple(seeds), batch, layers or 0, heads or 0
    )


def finish(
    recipe: Recipe, folder: Path, scoring: Callable[[int, int], None] | None = None
) -> Trained:
    """Choose the best seed of a run that has ended; write its model and card."""
    task = Task(recipe.task, recipe.seq_len)
    sequences = recipe.steps * recipe.batch
    paths = [seed_path(folder, recipe, sequences, i) for i in range(len(recipe.seeds))]
    models = [load(path) for path in paths]
    best, chosen_by, scores = choose(models, task, scoring)
    path = folder / f"{recipe.name}.safetensors"
    write_whole(path, paths[best].read_bytes())
    model = load(path)
    card = Card(
        name=recipe.name,
        task=recipe.task,
        hidden_size=recipe.hidden_size,
        seq_len=recipe.seq_len,
        parameters=model.network.parameters,
        sha256=model.sha256,
        sequences=sequences,
        seed=recipe.seeds[best],
        seeds=len(recipe.seeds),
        chosen_by=chosen_by,
        recipe=recipe.settings(),
        torch=torch.__version__,
        version=__version__,
        score=card_score(model, task),
        layers=recipe.layers or None,
        heads=recipe.heads or None,
    )
    write_card(card, path.with_suffix(".json"))
    return Trained(model, card, path, recipe.seeds, scores)
