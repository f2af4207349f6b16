"""A transformer in torch's floating point, for batches that run along the rows.

torch's own attention takes one input at a time through tiny matrices; with every operation over
the batch instead, a block of inputs takes a third of the time.
"""

from __future__ import annotations

from math import sqrt

import torch
from torch import Tensor

from algzoo_exact.program.lift import EMBED_KEY, IN_KEY, OUT_KEY, POSITION_KEY, UNEMBED_KEY

_PART = 1 << 13


def transformer_outputs(weights: dict[str, Tensor], heads: int, x: Tensor) -> Tensor:
    """Outputs (k, batch) for tokens ``x`` (n, batch); the weights are under AlgZoo's keys."""
    if x.device.type != "cpu":
        return _outputs(weights, heads, x)
    parts = [x[:, first : first + _PART] for first in range(0, x.shape[1], _PART)]
    return torch.cat([_outputs(weights, heads, part) for part in parts], 1)


def _outputs(weights: dict[str, Tensor], heads: int, x: Tensor) -> Tensor:
    residual = weights[EMBED_KEY].T[:, x] + weights[POSITION_KEY].T.unsqueeze(2)  # (H, n, batch)
    layers = sum(key.startswith("attns.") for key in weights) // 2
    for i in range(layers):
        # In the last layer, only the last position's answer is read.
        asking = residual[:, -1:] if i + 1 == layers else residual
        stacked, output = weights[IN_KEY.format(i)], weights[OUT_KEY.format(i)]
        residual = asking + _apply(output, _attention(stacked, heads, asking, residual))
    return weights[UNEMBED_KEY] @ residual[:, -1]


def _attention(stacked: Tensor, heads: int, asking: Tensor, residual: Tensor) -> Tensor:
    size = len(residual)
    each = size // heads
    queries = _apply(stacked[:size] / sqrt(each), asking)
    keys, values = _apply(stacked[size:], residual).chunk(2)
    mixed = torch.empty_like(queries)
    for start in range(0, size, each):
        block = range(start, start + each)
        scores = queries[start].unsqueeze(1) * keys[start]  # (queries, n, batch)
        for i in block[1:]:
            scores += queries[i].unsqueeze(1) * keys[i]
        shares = torch.softmax(scores, 1)
        for i in block:
            mixed[i] = (shares * values[i]).sum(1)
    return mixed


def _apply(matrix: Tensor, columns: Tensor) -> Tensor:
    """The matrix times each of the columns (H, positions, batch)."""
    return (matrix @ columns.flatten(1)).reshape(-1, *columns.shape[1:])
