"""Gaussian mixture half-space pruning (G. Wu's thesis, section 6).

The inputs' distribution is a mixture of Gaussians, first one for each cell of the task. Neuron by
neuron each is cut by the sign of the neuron, both halves are replaced by Gaussians of the same
moments, and the heaviest ``size`` are kept. In the end the label's logit is compared with each
other one. Neither error is controlled: not that of the Gaussians, nor that of what was dropped,
which is taken to score like what was kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.deductive import Weights, deduction
from algzoo_exact.race.entries.flops import plain
from algzoo_exact.race.entries.half_spaces import Pieces, label_pieces, right_mass, split


def pruned_mixture(weights: Weights, task: Task, size: int) -> Any:
    """The accuracy by a mixture of at most ``size`` Gaussians."""
    w_hi, w_hh, w_oh = weights
    pieces, labels = label_pieces(task)
    functionals = np.zeros((len(labels), len(w_hi), task.seq_len))
    for step in range(task.seq_len):
        functionals = w_hh @ functionals
        functionals[:, :, step] += w_hi
        for neuron in range(len(w_hi)):
            on, off = split(pieces, functionals[:, neuron])
            pieces = Pieces(*(np.concatenate(pair) for pair in zip(on, off, strict=True)))
            silenced = functionals.copy()
            silenced[:, neuron] = 0.0
            functionals = np.concatenate([functionals, silenced])
            labels = np.concatenate([labels, labels])
            if len(labels) > size:
                kept = plain(np.argsort(-pieces.mass))[:size]
                pieces, functionals, labels = pieces.chosen(kept), functionals[kept], labels[kept]
    return right_mass(pieces, w_oh @ functionals, labels).sum() / pieces.mass.sum()


GMHP = deduction(
    "gmhp",
    "Gaussian mixture half-space pruning: the heaviest activation regions, each as a Gaussian",
    (1, 3, 10, 30, 100, 300, 1000, 3000, 10000),
    pruned_mixture,
)
