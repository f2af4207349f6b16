"""Labels of many inputs on the CPU, compiled: a block goes through all comparisons at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled

Floats = NDArray[Any]
"""float32 or float64."""

_BLOCK = 256


@compiled
def second_argmax(x: Floats, out: NDArray[np.int64]) -> None:
    """The lowest index of the second largest entry of each column of ``x`` (n, N)."""
    n, count = x.shape
    largest, second = np.empty(_BLOCK, x.dtype), np.empty(_BLOCK, x.dtype)
    index = np.empty(_BLOCK, np.int32)
    for at in range(0, count, _BLOCK):
        size = min(_BLOCK, count - at)
        largest[:] = -np.inf
        second[:] = -np.inf
        for k in range(n):
            row = x[k, at : at + size]
            for b in range(size):
                # All are read before any is written, or the compiler does not vectorise this.
                entry, high, low = row[b], largest[b], second[b]
                largest[b] = max(high, entry)
                second[b] = max(low, min(high, entry))
        for k in range(n - 1, -1, -1):
            row = x[k, at : at + size]
            for b in range(size):
                index[b] = k if row[b] == second[b] else index[b]
        for b in range(size):
            out[at + b] = index[b]


@compiled
def argmedian(x: Floats, out: NDArray[np.int64]) -> None:
    """The index of the entry of each column of ``x`` (n, N) with n // 2 others below it.

    Among equal entries those with lower indices count as below.
    """
    n, count = x.shape
    index, below = np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int32)
    for at in range(0, count, _BLOCK):
        size = min(_BLOCK, count - at)
        for k in range(n):
            row = x[k, at : at + size]
            below[:] = 0
            for j in range(n):
                other = x[j, at : at + size]
                if j < k:
                    for b in range(size):
                        below[b] += other[b] <= row[b]
                elif j > k:
                    for b in range(size):
                        below[b] += other[b] < row[b]
            for b in range(size):
                index[b] = k if below[b] == n // 2 else index[b]
        for b in range(size):
            out[at + b] = index[b]
