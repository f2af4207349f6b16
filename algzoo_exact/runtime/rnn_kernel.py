"""Outputs of an RNN for many inputs on the CPU, compiled; block by block (see ``blocks``)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled_any_order
from algzoo_exact.runtime.blocks import take
from algzoo_exact.runtime.tiles import BLOCK, Floats, product


@compiled_any_order
def rnn_outputs(w_hi: Floats, w_hh: Floats, w_oh: Floats, x: Floats) -> Floats:
    """Outputs (k, N) of the inputs ``x`` (n, N)."""
    n, d, k, last = len(x), len(w_hi), len(w_oh), x.shape[1]
    rows = np.zeros((n + 1, d + 1, BLOCK), x.dtype)
    w_step = step_weights(w_hi, w_hh)
    y, out = np.empty((k, BLOCK), x.dtype), np.empty((k, last), x.dtype)
    for at in range(0, last, BLOCK):
        size = forward(rows, y, w_step, w_oh, x, at, last)
        for i in range(k):
            for b in range(size):
                out[i, at + b] = y[i, b]
    return out


@compiled_any_order
def rnn_outcomes(
    w_hi: Floats, w_hh: Floats, w_oh: Floats, x: Floats, labels: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.bool_], bool]:
    """What becomes of the first inputs of ``x`` (n, N), as many as there are ``labels``.

    ``tied[b]`` is the number of logits that share the maximum if the label's is among them, else
    0; ``lowest[b]`` whether the label is the first of them; and whether all logits are finite.
    """
    n, d, k, last = len(x), len(w_hi), len(w_oh), len(labels)
    rows = np.zeros((n + 1, d + 1, BLOCK), x.dtype)
    w_step = step_weights(w_hi, w_hh)
    y = np.empty((k, BLOCK), x.dtype)
    tied, lowest = np.empty(last, np.int32), np.empty(last, np.bool_)
    best, finite = np.empty(BLOCK, x.dtype), np.zeros(BLOCK, x.dtype)
    index, count = np.empty(BLOCK, np.int32), np.empty(BLOCK, np.int32)
    for at in range(0, last, BLOCK):
        size = forward(rows, y, w_step, w_oh, x, at, last)
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
    return tied, lowest, bool(np.all(finite == 0))


@compiled_any_order
def step_weights(w_hi: Floats, w_hh: Floats) -> Floats:
    """(W_hh, W_hi), so that z[t] is one product with (h[t-1], x[t])."""
    d = len(w_hi)
    w_step = np.empty((d, d + 1), w_hi.dtype)
    w_step[:, :d] = w_hh
    w_step[:, d] = w_hi
    return w_step


@compiled_any_order
def forward(
    rows: Floats, y: Floats, w_step: Floats, w_oh: Floats, x: Floats, at: int, last: int
) -> int:
    """Outputs ``y`` (k, BLOCK) of the inputs from ``at`` on; how many there are before ``last``."""
    n, d = len(x), len(w_step)
    zero, unbounded = x.dtype.type(0), x.dtype.type(-np.inf)
    size = take(rows, x, at, last)
    product(rows[1], w_step[:, d:], rows[0, d:], zero)  # h[-1] is 0
    for t in range(1, n):
        product(rows[t + 1], w_step, rows[t], zero)
    product(y, w_oh, rows[n], unbounded)
    return size
