"""How well RNNs do before any training: accuracies of random initialisations."""

from __future__ import annotations

import torch
from torch import Tensor

from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.runtime.chances import Untrained
from algzoo_exact.zoo.tasks import draw_inputs, first_argmax, targets

MODELS = 4096
INPUTS = 512

_MOST_STEPS = 1 << 35  # multiplications of one run: some seconds
_MOST_NUMBERS = 1 << 22  # of one chunk's states


def untrained(task: Task, hidden_size: int, ties: TieRule = "lowest", seed: int = 0) -> Untrained:
    """Accuracies of up to 4,096 random initialisations (fewer of large models), by sampling.

    Weights are uniform in +-1/sqrt(hidden_size): torch's default for its RNN and linear layers,
    from which AlgZoo's models were trained.
    """
    n, d, k = task.seq_len, hidden_size, task.outputs
    models = max(64, min(MODELS, _MOST_STEPS // (INPUTS * (n * d * (d + 1) + k * d))))
    device = torch.device("cpu")
    x = draw_inputs(task, INPUTS, f"untrained {seed}", 0, torch.float32, device)
    wanted = targets(task, x)
    generator = torch.Generator().manual_seed(seed)
    chunk = max(1, _MOST_NUMBERS // (INPUTS * max(d, k)))
    found: list[float] = []
    while len(found) < models:
        size = min(chunk, models - len(found))
        weights = torch.rand((size, d * (1 + d + k)), generator=generator) * 2 - 1
        found += _credit(_logits(weights / d**0.5, x, d, k), wanted, ties).mean(1).tolist()
    return Untrained(tuple(sorted(found)), INPUTS, seed)


def _logits(weights: Tensor, x: Tensor, d: int, k: int) -> Tensor:
    """Logits (models, k, inputs) of models given by rows of weights."""
    w_hi, w_hh, w_oh = weights[:, :d], weights[:, d : -k * d], weights[:, -k * d :]
    return many_outputs(w_hi.unsqueeze(2), w_hh.reshape(-1, d, d), w_oh.reshape(-1, k, d), x)


def many_outputs(
    w_hi: Tensor, w_hh: Tensor, w_oh: Tensor, rows: Tensor | tuple[Tensor, ...]
) -> Tensor:
    """Outputs (S, k, N) of S RNNs by their stacked weights, from each step's inputs (N), or
    (S, 1, N)."""
    h = torch.relu(w_hi * rows[0])
    for row in rows[1:]:
        h = torch.relu(torch.baddbmm(w_hi * row, w_hh, h))
    return w_oh @ h


def _credit(logits: Tensor, wanted: Tensor, ties: TieRule) -> Tensor:
    """What each model (row) earns for each input."""
    if ties == "lowest":
        return (first_argmax(logits.transpose(0, 1)) == wanted).float()
    winners = logits == logits.amax(1, keepdim=True)
    share = winners[:, wanted, torch.arange(len(wanted))] / winners.sum(1)
    return share if ties == "uniform" else (share == 1).float()
