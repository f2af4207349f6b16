"""Compiled arithmetic on blocks of a batch, from which outputs and gradients are built.

A batch goes through a network in blocks small enough that all of a block's states stay in the
processor's nearest caches. Inputs of a block lie side by side, rows (.., BLOCK), so that each
operation fills SIMD registers whatever the hidden size. Batched products of a library, one for
each step, move the states to memory and back instead, and take up to 8 times as long.

A batch is cut into two halves, each summed in order by itself. So gradients are the same to the
last bit however many threads there are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled_any_order

Floats = NDArray[np.float32]

BLOCK = 64
HALVES = 2


@compiled_any_order
def half_batch(half: int, start: int, batch: int) -> tuple[int, int]:
    """First and last-plus-one input of the half batch: 2 s + k is the k-th half of seed s."""
    middle = start + batch // HALVES
    return (middle, start + batch) if half % HALVES else (start, middle)


@compiled_any_order
def step(
    states: NDArray[np.float32], t: int, w_hi: Floats, w_hh: Floats, inputs: Floats, size: int
) -> None:
    """states[t] = max(0, W_hh states[t-1] + W_hi inputs)."""
    state = states[t]
    for i in range(len(w_hi)):
        w, row = w_hi[i], state[i]
        for b in range(size):
            row[b] = w * inputs[b]
    if t > 0:
        add_product(state, w_hh, states[t - 1], size)
    for i in range(len(w_hi)):
        row = state[i]
        for b in range(size):
            row[b] = max(row[b], np.float32(0))


@compiled_any_order
def dot(a: Floats, b: Floats, size: int) -> np.float32:
    total = np.float32(0)
    for k in range(size):
        total += a[k] * b[k]
    return total


@compiled_any_order
def add_product(out: Floats, w: Floats, rows: Floats, size: int) -> None:
    """out += W rows. Four rows at a time: five loads and a store for four products."""
    for i in range(w.shape[0]):
        o, j = out[i], 0
        while j + 4 <= w.shape[1]:
            w0, w1, w2, w3 = w[i, j], w[i, j + 1], w[i, j + 2], w[i, j + 3]
            r0, r1, r2, r3 = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
            for b in range(size):
                o[b] += w0 * r0[b] + w1 * r1[b] + w2 * r2[b] + w3 * r3[b]
            j += 4
        while j < w.shape[1]:
            w0, r0 = w[i, j], rows[j]
            for b in range(size):
                o[b] += w0 * r0[b]
            j += 1


@compiled_any_order
def add_outer(out: Floats, g: Floats, rows: Floats, size: int) -> None:
    """out += g rows^T, four entries at a time."""
    for i in range(out.shape[0]):
        a, j = g[i], 0
        while j + 4 <= out.shape[1]:
            r0, r1, r2, r3 = rows[j], rows[j + 1], rows[j + 2], rows[j + 3]
            s0, s1, s2, s3 = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for b in range(size):
                s0 += a[b] * r0[b]
                s1 += a[b] * r1[b]
                s2 += a[b] * r2[b]
                s3 += a[b] * r3[b]
            out[i, j] += s0
            out[i, j + 1] += s1
            out[i, j + 2] += s2
            out[i, j + 3] += s3
            j += 4
        while j < out.shape[1]:
            out[i, j] += dot(a, rows[j], size)
            j += 1


# Minimax polynomial for 2^r on [0, 1), relative error 2e-7; coefficients of r^0 .. r^5.
_POWER = (0.99999994, 0.69315308, 0.24015361, 0.055826318, 0.0089893397, 0.0018775767)


@compiled_any_order
def softmax(
    y: Floats,
    scratch: tuple[Floats, NDArray[np.int32], Floats],
    share: np.float32,
    size: int,
) -> None:
    """y = share * softmax(y) along the first axis.

    exp(y) = 2^f 2^r with integer f, put together from the bits of a float32 (``powers`` views
    ``exponents``), because the compiler does not vectorise a library's exp.
    """
    row, exponents, powers = scratch
    for b in range(size):
        row[b] = y[0, b]
    for i in range(1, len(y)):
        for b in range(size):
            row[b] = max(row[b], y[i, b])
    for i in range(len(y)):
        o = y[i]
        for b in range(size):
            power = max((o[b] - row[b]) * np.float32(1.4426950408889634), np.float32(-126))
            f = np.floor(power)
            exponents[b] = (np.int32(f) + np.int32(127)) << np.int32(23)
            r = power - f
            p = np.float32(_POWER[5])
            p = p * r + np.float32(_POWER[4])
            p = p * r + np.float32(_POWER[3])
            p = p * r + np.float32(_POWER[2])
            p = p * r + np.float32(_POWER[1])
            o[b] = p * r + np.float32(_POWER[0])
        for b in range(size):
            o[b] *= powers[b]
    row[:] = 0
    for i in range(len(y)):
        for b in range(size):
            row[b] += y[i, b]
    for b in range(size):
        row[b] = share / row[b]
    for i in range(len(y)):
        for b in range(size):
            y[i, b] *= row[b]
