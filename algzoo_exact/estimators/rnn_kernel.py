"""Outputs of an RNN for many inputs on the CPU, compiled; block by block (see ``blocks``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.estimators.blocks import BLOCK, add_product, step
from algzoo_exact.jit import compiled_any_order

Floats = NDArray[Any]
"""float32 or float64, all of one call the same."""


@compiled_any_order
def rnn_outputs(
    w_hi: Floats, w_hh: Floats, w_oh: Floats, x: Floats, first: int, last: int, out: Floats
) -> None:
    """Outputs (k, N) of the inputs ``first`` .. ``last`` - 1 of ``x`` (n, N), into ``out``."""
    n, d, k = len(x), len(w_hi), len(w_oh)
    states = np.empty((n, d, BLOCK), x.dtype)
    y = np.empty((k, BLOCK), x.dtype)
    for at in range(first, last, BLOCK):
        size = min(BLOCK, last - at)
        _outputs(states, y, w_hi, w_hh, w_oh, x, at, size)
        for i in range(k):
            for b in range(size):
                out[i, at + b] = y[i, b]


@compiled_any_order
def rnn_outcomes(
    w_hi: Floats,
    w_hh: Floats,
    w_oh: Floats,
    x: Floats,
    labels: NDArray[np.int64],
    first: int,
    last: int,
    tied: NDArray[np.int32],
    lowest: NDArray[np.bool_],
) -> bool:
    """What becomes of each of the inputs ``first`` .. ``last`` - 1 of ``x`` (n, N).

    ``tied[b]`` is the number of logits that share the maximum if the label's is among them, else
    0; ``lowest[b]`` whether the label is the first of them. True if all logits are finite.
    """
    n, d, k = len(x), len(w_hi), len(w_oh)
    states = np.empty((n, d, BLOCK), x.dtype)
    y = np.empty((k, BLOCK), x.dtype)
    best, finite = np.empty(BLOCK, x.dtype), np.zeros(BLOCK, x.dtype)
    index, count = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    for at in range(first, last, BLOCK):
        size = min(BLOCK, last - at)
        _outputs(states, y, w_hi, w_hh, w_oh, x, at, size)
        for b in range(size):
            best[b] = y[0, b]
            finite[b] += 0 * y[0, b]  # NaN where y is infinite or NaN
            index[b] = 0
            count[b] = 1
        for i in range(1, k):
            row = y[i]
            for b in range(size):
                finite[b] += 0 * row[b]
                above = row[b] > best[b]
                index[b] = i if above else index[b]
                count[b] = 1 if above else count[b] + (row[b] == best[b])
                best[b] = row[b] if above else best[b]
        for b in range(size):
            label = labels[at + b]
            tied[at + b] = count[b] if y[label, b] == best[b] else 0
            lowest[at + b] = index[b] == label
    return bool(np.all(finite == 0))


@compiled_any_order
def _outputs(
    states: Floats,
    y: Floats,
    w_hi: Floats,
    w_hh: Floats,
    w_oh: Floats,
    x: Floats,
    at: int,
    size: int,
) -> None:
    for t in range(len(x)):
        step(states, t, w_hi, w_hh, x[t, at : at + size], size)
    y[:] = 0
    add_product(y, w_oh, states[len(x) - 1], size)
