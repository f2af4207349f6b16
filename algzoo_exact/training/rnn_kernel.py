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

from algzoo_exact.jit import compiled_any_order
from algzoo_exact.runtime.blocks import HALVES, Floats, half_batch, softmax
from algzoo_exact.runtime.rnn_kernel import forward, step_weights
from algzoo_exact.runtime.tiles import BLOCK, LANES, add_lanes, add_outer, gated_product


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
    # rows[t] is (h[t-1], x[t]), so that z[t] = (W_hh, W_hi) rows[t], and (2) is one product.
    rows = np.zeros((n + 1, d + 1, BLOCK), np.float32)
    outputs = np.empty((k, BLOCK), np.float32)
    g, g_before = np.empty((d, BLOCK), np.float32), np.empty((d, BLOCK), np.float32)
    d_step, d_read = (
        np.empty((d, (d + 1) * LANES), np.float32),
        np.empty((k, d * LANES), np.float32),
    )
    exponents = np.empty(BLOCK, np.int32)
    scratch = np.empty(BLOCK, np.float32), exponents, exponents.view(np.float32)
    share = np.float32(1.0 / batch)
    for half in range(first, last):
        s = half // HALVES
        w_step = step_weights(weights[s, :d], weights[s, d : d + d * d].reshape(d, d))
        w_oh = weights[s, d + d * d :].reshape(k, d)
        w_hh_t, w_oh_t = w_step[:, :d].T.copy(), w_oh.T.copy()
        d_step[:] = 0
        d_read[:] = 0
        begin, end = half_batch(half, start, batch)
        for at in range(begin, end, BLOCK):
            size = forward(rows, outputs, w_step, w_oh, x[s], at, end)
            if k == 1:
                for b in range(size):
                    outputs[0, b] = 2 * share * (outputs[0, b] - values[s, at + b])
            else:
                softmax(outputs, scratch, share, BLOCK)
                for b in range(size):
                    outputs[labels[s, at + b], b] -= share
            outputs[:, size:] = 0
            add_outer(d_read, outputs, rows[n, :d])  # (1)
            gated_product(g, w_oh_t, outputs, rows[n])
            for t in range(n - 1, 0, -1):
                add_outer(d_step, g, rows[t])  # (2)
                gated_product(g_before, w_hh_t, g, rows[t])  # (3)
                g, g_before = g_before, g
            add_outer(d_step[:, d * LANES :], g, rows[0, d:])
        total = gradients[half]
        total[:] = 0
        add_lanes(total[:d].reshape(d, 1), d_step[:, d * LANES :])
        add_lanes(total[d : d + d * d].reshape(d, d), d_step[:, : d * LANES])
        add_lanes(total[d + d * d :].reshape(k, d), d_read)
