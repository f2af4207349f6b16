"""Loss gradients of many small attention-only transformers on the CPU, compiled.

One layer, for the residual stream r[p] at positions p, with c = H / heads and i running over the
entries of one head:

    q[p] = W_q r[p],  k[p] = W_k r[p],  v[p] = W_v r[p]
    s[p,j] = (sum_i q[p]_i k[j]_i) / sqrt(c),   a[p,.] = softmax(s[p,.])
    o[p]_i = sum_j a[p,j] v[j]_i,               r'[p] = r[p] + W_o o[p]

and backwards, writing dX for the gradient with respect to X:

    do[p] = W_o^T dr'[p],        dW_o = sum_p dr'[p] o[p]^T                             (1)
    da[p,j] = sum_i do[p]_i v[j]_i,   dv[j]_i = sum_p a[p,j] do[p]_i                    (2)
    ds[p,j] = a[p,j] (da[p,j] - sum_m a[p,m] da[p,m])                                   (3)
    dq[p]_i = sum_j ds[p,j] k[j]_i / sqrt(c), dk[j]_i = sum_p ds[p,j] q[p]_i / sqrt(c)  (4)
    dr[p] = dr'[p] + W_q^T dq[p] + W_k^T dk[p] + W_v^T dv[p]                            (5)

In the last layer only the last position is read, so that it alone has a query.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled_any_order
from algzoo_exact.runtime.blocks import HALVES, Floats, half_batch, softmax
from algzoo_exact.runtime.tiles import BLOCK, LANES, add_lanes, add_outer, product


@compiled_any_order
def transformer_gradients(
    first: int,
    last: int,
    weights: Floats,
    tokens: NDArray[np.int64],
    labels: NDArray[np.int64],
    start: int,
    batch: int,
    sizes: tuple[int, int, int, int],
    gradients: Floats,
) -> None:
    """Gradients of the mean cross-entropy over a batch, for the half batches ``first`` .. ``last``
    - 1.

    Half ``2 s + k`` is the k-th half of seed s's batch, inputs ``start`` .. ``start + batch`` of
    ``tokens`` (S, n, N) and ``labels`` (S, N). ``weights`` (S, P) holds, one after the other, the
    embedding (n, H), the positions (n, H), for each layer W_q, W_k, W_v stacked (3 H, H) and W_o
    (H, H), and the unembedding (n, H). ``sizes`` is (n, H, layers, heads). The sum over the half,
    divided by the batch, goes to ``gradients[half]`` (2 S, P).
    """
    n, d, layers, heads = sizes
    # All is computed for whole blocks: beyond the last input there is what is left of earlier ones,
    # whose gradients are 0.
    r = np.zeros((layers + 1, n, d, BLOCK), np.float32)
    qkv = np.zeros((layers, n, 3 * d, BLOCK), np.float32)
    a = np.zeros((layers, heads, n, n, BLOCK), np.float32)
    o = np.zeros((layers, n, d, BLOCK), np.float32)
    y = np.empty((n, BLOCK), np.float32)
    dr = np.empty((n, d, BLOCK), np.float32)
    d_qkv = np.empty((n, 3 * d, BLOCK), np.float32)
    d_o, added = np.empty((d, BLOCK), np.float32), np.empty((d, BLOCK), np.float32)
    d_in = np.empty((layers, 3 * d, d * LANES), np.float32)
    d_out = np.empty((layers, d, d * LANES), np.float32)
    d_readout = np.empty((n, d * LANES), np.float32)
    unbounded = np.float32(-np.inf)
    d_a = np.empty((n, BLOCK), np.float32)
    exponents = np.empty(BLOCK, np.int32)
    scratch = np.empty(BLOCK, np.float32), exponents, exponents.view(np.float32)
    share, per_layer = np.float32(1.0 / batch), 4 * d * d
    for half in range(first, last):
        s = half // HALVES
        w, total = weights[s], gradients[half]
        total[:] = 0
        embed, d_embed = w[: n * d].reshape(n, d), total[: n * d].reshape(n, d)
        pos, d_pos = w[n * d : 2 * n * d].reshape(n, d), total[n * d : 2 * n * d].reshape(n, d)
        readout = w[2 * n * d + layers * per_layer :].reshape(n, d)
        d_in[:] = 0
        d_out[:] = 0
        d_readout[:] = 0
        readout_t = readout.T.copy()
        begin, end = half_batch(half, start, batch)
        for at in range(begin, end, BLOCK):
            size = min(BLOCK, end - at)
            for p in range(n):
                row = tokens[s, p, at : at + size]
                for i in range(d):
                    for b in range(size):
                        r[0, p, i, b] = embed[row[b], i] + pos[p, i]
            for layer in range(layers):
                offset = 2 * n * d + layer * per_layer
                w_in = w[offset : offset + 3 * d * d].reshape(3 * d, d)
                w_out = w[offset + 3 * d * d : offset + per_layer].reshape(d, d)
                read = n - 1 if layer == layers - 1 else 0
                for p in range(n):
                    product(qkv[layer, p], w_in, r[layer, p], unbounded)
                _attend(qkv[layer], a[layer], o[layer], read, scratch, size)
                for p in range(read, n):
                    product(added, w_out, o[layer, p], unbounded)
                    r[layer + 1, p] = r[layer, p] + added
            product(y, readout, r[layers, n - 1], unbounded)
            softmax(y, scratch, share, size)
            for b in range(size):
                y[labels[s, at + b], b] -= share
            y[:, size:] = 0
            add_outer(d_readout, y, r[layers, n - 1])
            dr[:] = 0
            product(dr[n - 1], readout_t, y, unbounded)
            for layer in range(layers - 1, -1, -1):
                offset = 2 * n * d + layer * per_layer
                w_in_t = w[offset : offset + 3 * d * d].reshape(3 * d, d).T.copy()
                w_out_t = w[offset + 3 * d * d : offset + per_layer].reshape(d, d).T.copy()
                d_qkv[:] = 0
                for p in range(n - 1 if layer == layers - 1 else 0, n):
                    product(d_o, w_out_t, dr[p], unbounded)  # (1)
                    add_outer(d_out[layer], dr[p], o[layer, p])
                    _attend_back(qkv[layer], a[layer], d_o, p, d_a, d_qkv, size)
                for p in range(n):
                    add_outer(d_in[layer], d_qkv[p], r[layer, p])
                    product(added, w_in_t, d_qkv[p], unbounded)
                    dr[p] += added  # (5)
            for p in range(n):
                row = tokens[s, p, at : at + size]
                for i in range(d):
                    for b in range(size):
                        d_embed[row[b], i] += dr[p, i, b]
                        d_pos[p, i] += dr[p, i, b]
        for layer in range(layers):
            offset = 2 * n * d + layer * per_layer
            add_lanes(total[offset : offset + 3 * d * d].reshape(3 * d, d), d_in[layer])
            add_lanes(total[offset + 3 * d * d : offset + per_layer].reshape(d, d), d_out[layer])
        add_lanes(total[2 * n * d + layers * per_layer :].reshape(n, d), d_readout)


@compiled_any_order
def _attend(
    qkv: Floats,
    a: Floats,
    o: Floats,
    read: int,
    scratch: tuple[Floats, NDArray[np.int32], Floats],
    size: int,
) -> None:
    """Attention of positions ``read`` .. n - 1: weights ``a`` and outputs ``o``."""
    heads, n, d = a.shape[0], a.shape[1], o.shape[1]
    c = d // heads
    scale = np.float32(1 / np.sqrt(c))
    for p in range(read, n):
        o[p] = 0
        for head in range(heads):
            for j in range(n):
                row = a[head, p, j]
                row[:] = 0
                for i in range(head * c, (head + 1) * c):
                    q, k = qkv[p, i], qkv[j, d + i]
                    for b in range(size):
                        row[b] += q[b] * k[b] * scale
            softmax(a[head, p], scratch, np.float32(1), size)
            for j in range(n):
                row = a[head, p, j]
                for i in range(head * c, (head + 1) * c):
                    out, v = o[p, i], qkv[j, 2 * d + i]
                    for b in range(size):
                        out[b] += row[b] * v[b]


@compiled_any_order
def _attend_back(
    qkv: Floats, a: Floats, d_o: Floats, p: int, d_a: Floats, d_qkv: Floats, size: int
) -> None:
    """Adds to ``d_qkv`` what position p's output passes back."""
    heads, n, d = a.shape[0], a.shape[1], d_o.shape[0]
    c = d // heads
    scale = np.float32(1 / np.sqrt(c))
    mean = np.empty(BLOCK, np.float32)
    for head in range(heads):
        mean[:] = 0
        for j in range(n):
            row, weight = d_a[j], a[head, p, j]
            row[:] = 0
            for i in range(head * c, (head + 1) * c):
                g, v, dv = d_o[i], qkv[j, 2 * d + i], d_qkv[j, 2 * d + i]
                for b in range(size):
                    row[b] += g[b] * v[b]  # (2)
                    dv[b] += weight[b] * g[b]
            for b in range(size):
                mean[b] += weight[b] * row[b]
        for j in range(n):
            row, weight = d_a[j], a[head, p, j]
            for b in range(size):
                row[b] = weight[b] * (row[b] - mean[b]) * scale  # (3)
            for i in range(head * c, (head + 1) * c):
                q, k, dq, dk = qkv[p, i], qkv[j, d + i], d_qkv[p, i], d_qkv[j, d + i]
                for b in range(size):
                    dq[b] += row[b] * k[b]  # (4)
                    dk[b] += row[b] * q[b]
