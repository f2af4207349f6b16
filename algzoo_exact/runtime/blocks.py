"""How a batch is cut into blocks, and a block's softmax. Compiled.

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

HALVES = 2


@compiled_any_order
def half_batch(half: int, start: int, batch: int) -> tuple[int, int]:
    """First and last-plus-one input of the half batch: 2 s + k is the k-th half of seed s."""
    middle = start + batch // HALVES
    return (middle, start + batch) if half % HALVES else (start, middle)


@compiled_any_order
def take(rows: Floats, x: Floats, at: int, end: int) -> int:
    """Copy up to BLOCK inputs of ``x`` (n, N) to the last rows of ``rows`` (n + 1, d + 1, BLOCK).

    They are those from ``at`` on, before ``end``; the rest of the block is 0. Returns how many.
    """
    size: int = min(rows.shape[2], end - at)
    last = rows.shape[1] - 1
    for t in range(len(x)):
        rows[t, last, :size] = x[t, at : at + size]
        rows[t, last, size:] = 0
    return size


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
