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
def ranked(x: Floats, rank: int, out: NDArray[np.int64]) -> None:
    """The lowest index of the entry of each column of ``x`` (n, N) that ``rank`` others exceed, or
    would if entries differed.

    The largest so far are kept in order, at least two of them, and each row is merged into them.
    """
    n, count = x.shape
    largest, merged = np.empty((rank + 2, _BLOCK), x.dtype), np.empty(_BLOCK, x.dtype)
    index = np.empty(_BLOCK, np.int32)
    for at in range(0, count, _BLOCK):
        size = min(_BLOCK, count - at)
        largest[:] = -np.inf
        for k in range(n):
            row, first, second = x[k, at : at + size], largest[0], largest[1]
            for b in range(size):
                # All are read before any is written, or the compiler does not vectorise this.
                entry, high, low = row[b], first[b], second[b]
                first[b] = max(high, entry)
                less = min(high, entry)
                second[b] = max(low, less)
                merged[b] = min(low, less)
            for j in range(2, min(k, rank) + 1):
                kept = largest[j]
                for b in range(size):
                    less, low = merged[b], kept[b]
                    kept[b] = max(low, less)
                    merged[b] = min(low, less)
        for k in range(n - 1, -1, -1):
            row, last = x[k, at : at + size], largest[rank]
            for b in range(size):
                index[b] = k if row[b] == last[b] else index[b]
        for b in range(size):
            out[at + b] = index[b]
