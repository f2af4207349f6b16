"""Fresh coordinates for an extreme ray from the walls that define it, compiled.

Rays are made from rays, and each step's error bound contains that of the step before: over a
dozen generations bounds grow to where no sign is decided, although the rays themselves are good.
A ray is also the solution of n - 1 linear equations, whose bound depends on their condition alone.
Every number here is a midpoint with a radius.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.program.floats import Weights

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]


class Walls(NamedTuple):
    """Starting inequalities ``rows`` (walls, n), and room for the normals of all z[t][j].

    Entries of ``rows`` are within a relative error U, so 0 exactly where the integer is.
    ``normals`` and ``radii`` (N, n): z[t][j] as a functional of x on the pattern last asked for.
    ``known`` (1): how many of them are valid now.
    """

    rows: F64
    normals: F64
    radii: F64
    known: I64


@compiled
def block(weights: Weights, n: int, t: int) -> int:
    """Where the state of layer t starts in a row of ``Stack``; layers take turns at two places."""
    width: int = weights.state.shape[1]
    return n + width * (t % 2)


@compiled
def fill_normals(weights: Weights, walls: Walls, pattern: U64, level: int, n: int) -> None:
    """Normals of z[t][j] up to and including neuron ``level`` on an activation pattern."""
    for q in range(walls.known[0], level + 1):
        t = weights.layer[q]
        start = weights.first[t - 1] if t > 0 else 0
        width = weights.first[t] - start
        for c in range(n):
            total = weights.input[q, c]
            size = abs(total)
            bound = 0.0
            for i in range(width if c < weights.reach[t] else 0):
                before = start + i
                if (pattern[before // 64] >> np.uint64(before % 64)) & np.uint64(1):
                    w = weights.state[q, i]
                    term = w * walls.normals[before, c]
                    total += term
                    size += abs(term)
                    bound += abs(w) * walls.radii[before, c]
            walls.normals[q, c] = total
            walls.radii[q, c] = 0.0
            if size + bound > 0.0:
                walls.radii[q, c] = (bound + (width + 4.0) * U * size) * SLACK + TINY
    walls.known[0] = max(walls.known[0], level + 1)


@compiled
def _gauss_jordan(walls: Walls, mask: U64, levels: int, n: int, m: F64, e: F64, column: I64) -> int:
    """Reduce normals of the ray's tight walls until n - 1 rows are independent; the rank found.

    Row r of ``m`` +- ``e`` has its pivot in ``column[r]``, where all other rows are exactly 0. A
    row is used if its remainder has an entry of at least 2**-20 of its size, beyond doubt.
    """
    first = walls.rows.shape[0]
    rank = 0
    for wall in range(first + levels):
        if rank == n - 1:
            break
        if not (mask[wall // 64] >> np.uint64(wall % 64)) & np.uint64(1):
            continue
        size = 0.0
        for c in range(n):
            m[rank, c] = walls.rows[wall, c] if wall < first else walls.normals[wall - first, c]
            e[rank, c] = U * abs(m[rank, c]) if wall < first else walls.radii[wall - first, c]
            size = max(size, abs(m[rank, c]))
        for r in range(rank):
            _eliminate(m, e, rank, r, column[r], n)
        best = -1
        for c in range(n):
            entry = abs(m[rank, c])
            certain = entry > max(2.0 * e[rank, c], size * 2.0**-20)
            if certain and (best < 0 or entry > abs(m[rank, best])):
                best = c
        if best < 0:
            continue
        for r in range(rank):
            _eliminate(m, e, r, rank, best, n)
        column[rank] = best
        rank += 1
    return rank


@compiled
def _eliminate(m: F64, e: F64, row: int, pivot: int, c: int, n: int) -> None:
    """Subtract the multiple of row ``pivot`` that clears column c of ``row``."""
    if m[row, c] == 0.0 and e[row, c] == 0.0:
        return
    p, ep = abs(m[pivot, c]), e[pivot, c]
    q = m[row, c] / m[pivot, c]
    eq = ((e[row, c] + abs(q) * ep) / (p - ep) + 2.0 * U * abs(q)) * SLACK + TINY
    for k in range(n):
        a, b = m[row, k], m[pivot, k]
        if b != 0.0 or e[pivot, k] != 0.0:
            m[row, k] = a - q * b
            e[row, k] = (
                e[row, k] + abs(q) * e[pivot, k] + eq * (abs(b) + e[pivot, k])
                + 3.0 * U * (abs(a) + abs(q * b))
            ) * SLACK + TINY  # fmt: skip
    m[row, c] = 0.0
    e[row, c] = 0.0


@compiled
def polish(
    weights: Weights, walls: Walls, pattern: U64, level: int, n: int, mask: U64, value: F64,
    error: F64, m: F64, e: F64, column: I64,
) -> None:  # fmt: skip
    """Recompute one ray of a cone about to be cut at ``level``, if that tightens its bounds.

    ``value`` and ``error`` (n + 2 D) are a row of ``Stack``; exact zeros stay. The state of the
    layer before and the part computed of this one follow from the new coordinates: 0 where the
    neuron is off or its wall is tight, else normal . x.
    """
    fill_normals(weights, walls, pattern, level, n)
    if _gauss_jordan(walls, mask, level + 1, n, m, e, column) < n - 1:
        return
    free = n * (n - 1) // 2
    for r in range(n - 1):
        free -= column[r]
    x, ex = m[n - 1], e[n - 1]
    x[free], ex[free] = 1.0, 0.0
    largest = 1.0
    for r in range(n - 1):
        c = column[r]
        p, ep = m[r, c], e[r, c]
        q = -m[r, free] / p
        x[c] = q
        ex[c] = 0.0
        if m[r, free] != 0.0 or e[r, free] != 0.0:
            ex[c] = ((e[r, free] + abs(q) * ep) / (abs(p) - ep) + 2.0 * U * abs(q)) * SLACK + TINY
        largest = max(largest, abs(q))
    scale = 1.0
    while largest * scale > 1.0:
        scale *= 0.5
    along = 0.0
    worst_old, worst_new = 0.0, 0.0
    for c in range(n):
        along += x[c] * value[c]
        worst_old = max(worst_old, error[c])
        worst_new = max(worst_new, ex[c] * scale)
    if not worst_new < worst_old:  # also if not a number
        return
    if along < 0.0:
        scale = -scale
    for c in range(n):
        if value[c] != 0.0 or error[c] != 0.0:
            value[c] = x[c] * scale
            error[c] = ex[c] * abs(scale)
    for q in range(weights.first[max(0, weights.layer[level] - 1)], level + 1):
        t = weights.layer[q]
        place = block(weights, n, t) + q - weights.first[t]
        bit = walls.rows.shape[0] + q
        on = (pattern[q // 64] >> np.uint64(q % 64)) & np.uint64(1)
        total, size, bound = 0.0, 0.0, 0.0
        if (on or q == level) and not (mask[bit // 64] >> np.uint64(bit % 64)) & np.uint64(1):
            for c in range(weights.reach[t + 1]):
                a, ea = walls.normals[q, c], walls.radii[q, c]
                total += a * value[c]
                size += abs(a * value[c])
                bound += abs(a) * error[c] + ea * (abs(value[c]) + error[c])
        value[place] = total
        error[place] = 0.0
        if size + bound > 0.0:
            error[place] = (bound + (n + 4.0) * U * size) * SLACK + TINY


@compiled
def sharpen(
    weights: Weights, walls: Walls, pattern: U64, n: int, values: F64, errors: F64, masks: U64,
    count: int,
) -> None:  # fmt: skip
    """Polish all rays of a leaf, which several ties may be about to cut."""
    matrix, radius, column = np.empty((n, n)), np.empty((n, n)), np.empty(n, np.int64)
    last = weights.layer.shape[0] - 1
    t = weights.layer[last]
    place = block(weights, n, t) + last - weights.first[t]
    on = (pattern[last // 64] >> np.uint64(last % 64)) & np.uint64(1)
    for r in range(count):
        polish(
            weights, walls, pattern, last, n, masks[r], values[r], errors[r], matrix, radius, column
        )
        if not on:  # it leaves z there, and the state is 0
            values[r, place] = errors[r, place] = 0.0
