"""The stream of random inputs that a seed trains on.

Each chunk of a seed's stream has a generator of its own, seeded from the seed and the chunk's
number. So a seed trains on the same inputs whichever seeds train beside it, and a run that was
stopped finds its place again from the number of the step alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from algzoo_exact.program.task import Task
from algzoo_exact.training.recipe import Recipe
from algzoo_exact.zoo.tasks import draw_inputs, targets

CHUNK_STEPS = 16


@dataclass(frozen=True)
class Chunk:
    """Inputs and targets of ``CHUNK_STEPS`` batches, N in all, for S seeds.

    ``inputs`` is (S, n, N): normals, or for longest cycle integers below n. ``targets`` (S, N)
    are labels (int64), or numbers for median.
    """

    inputs: Tensor
    targets: Tensor

    def batch(self, start: int, size: int) -> Chunk:
        """``size`` inputs from ``start`` on, of every seed."""
        part = slice(start, start + size)
        return Chunk(self.inputs[..., part], self.targets[:, part])


def draw_chunk(recipe: Recipe, number: int, device: torch.device) -> Chunk:
    """Chunk ``number`` (counted from 0) of every seed's stream."""
    task, size = Task(recipe.task, recipe.seq_len), CHUNK_STEPS * recipe.batch
    inputs = [
        draw_inputs(task, size, f"train {seed}", number, torch.float32, device)
        for seed in recipe.seeds
    ]
    return Chunk(torch.stack(inputs), torch.stack([targets(task, x) for x in inputs]))
