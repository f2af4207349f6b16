"""Loss gradients of many small RNNs on the CPU, compiled: backpropagation through time.

With z[t] = W_hh h[t-1] + W_hi x[t], h[t] = max(0, z[t]) and y = W_oh h[n-1], and writing
g[t] = dL/dz[t] and p = dL/dy,

    dL/dW_oh = p h[n-1]^T            g[n-1] = (W_oh^T p) * 1[z[n-1] > 0]               (1)
    dL/dW_hi = sum_t g[t] x[t]       dL/dW_hh = sum_t g[t] h[t-1]^T                    (2)
    g[t-1] = (W_hh^T g[t]) * 1[z[t-1] > 0]                                             (3)

all summed over the batch.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.estimators.blocks import (
    BLOCK,
    HALVES,
    Floats,
    add_outer,
    add_product,
    dot,
    half_batch,
    softmax,
    step,
)
from algzoo_exact.jit import compiled_any_order


@compiled_any_order
def rnn_gradients(
    first: int,
    last: int,
    weights: Floats,
    x: Floats,
    labels: NDArray[np.int64],
    values: Floats,
    start: int,
    batch: int,
    sizes: tuple[int, int, int],
    gradients: Floats,
) -> None:
    """Gradients of the mean loss over a batch, for the half batches ``first`` .. ``last`` - 1.

    Half ``2 s + k`` is the k-th half of seed s's batch, inputs ``start`` .. ``start + batch`` of
    ``x`` (S, n, N). ``weights`` (S, P) holds W_hi, W_hh and W_oh one after the other. Targets are
    ``labels`` (S, N), or ``values`` (S, N) where there is one output. ``sizes`` is (n, d, k).
    The sum over the half, divided by the batch, goes to ``gradients[half]`` (2 S, P).
    """
    n, d, k = sizes
    states = np.empty((n, d, BLOCK), np.float32)
    outputs = np.empty((k, BLOCK), np.float32)
    g, g_before = np.empty((d, BLOCK), np.float32), np.empty((d, BLOCK), np.float32)
    exponents = np.empty(BLOCK, np.int32)
    scratch = np.empty(BLOCK, np.float32), exponents, exponents.view(np.float32)
    share = np.float32(1.0 / batch)
    for half in range(first, last):
        s = half // HALVES
        w_hi = weights[s, :d]
        w_hh = weights[s, d : d + d * d].reshape(d, d)
        w_oh = weights[s, d + d * d :].reshape(k, d)
        w_hh_t, w_oh_t = w_hh.T.copy(), w_oh.T.copy()
        total = gradients[half]
        total[:] = 0
        d_hi = total[:d]
        d_hh = total[d : d + d * d].reshape(d, d)
        d_oh = total[d + d * d :].reshape(k, d)
        begin, end = half_batch(half, start, batch)
        for at in range(begin, end, BLOCK):
            size = min(BLOCK, end - at)
            for t in range(n):
                step(states, t, w_hi, w_hh, x[s, t, at : at + size], size)
            outputs[:] = 0
            add_product(outputs, w_oh, states[n - 1], size)
            if k == 1:
                for b in range(size):
                    outputs[0, b] = 2 * share * (outputs[0, b] - values[s, at + b])
            else:
                softmax(outputs, scratch, share, size)
                for b in range(size):
                    outputs[labels[s, at + b], b] -= share
            add_outer(d_oh, outputs, states[n - 1], size)  # (1)
            g[:] = 0
            add_product(g, w_oh_t, outputs, size)
            for t in range(n - 1, -1, -1):
                _mask(g, states[t], size)
                inputs = x[s, t, at : at + size]
                for i in range(d):
                    d_hi[i] += dot(g[i], inputs, size)  # (2)
                if t > 0:
                    add_outer(d_hh, g, states[t - 1], size)
                    g_before[:] = 0
                    add_product(g_before, w_hh_t, g, size)  # (3)
                    g, g_before = g_before, g


@compiled_any_order
def _mask(g: Floats, state: Floats, size: int) -> None:
    """g = g where the neuron is on, else 0."""
    for i in range(len(g)):
        row, on = g[i], state[i]
        for b in range(size):
            row[b] = row[b] if on[b] > 0 else np.float32(0)
