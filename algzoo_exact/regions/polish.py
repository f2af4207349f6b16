"""Fresh coordinates for an extreme ray from the walls that define it, compiled.

Rays are made from rays, and each step's error bound contains that of the step before: over a
dozen generations bounds grow to where no sign is decided, although the rays themselves are good.
A ray is also the solution of n - 1 linear equations, whose bound depends on their condition alone.
Every number here is a midpoint with a radius.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64, U64
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.measure.faces_f64 import has_bit
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.batch import Rays
from algzoo_exact.regions.bounds import Last, room_for_last


class Walls(NamedTuple):
    """The walls that cut below a start: walls below first_wall = len(rows) are its own, first_wall
    + q is z[t][j] = 0 for neuron q of N, and first_wall + N + k is the tie of logit k with the
    label's.

    Entries of ``rows`` (walls, n) are within a relative error U, so 0 exactly where the integer is.
    ``normals`` and ``radii`` (N, n): z[t][j] as a functional of x on the pattern last asked for.
    ``known`` (1): how many of them are valid now. ``matrix``, ``spread`` (n, n) and ``pivot`` (n):
    room for equations; ``last``: for bounds; ``tight`` (words, R) and ``edges`` (R^2 / 4, 2): for
    the edges of a cone of R rays.
    """

    weights: Weights
    rows: F64
    normals: F64
    radii: F64
    known: I64
    matrix: F64
    spread: F64
    pivot: I64
    last: Last
    tight: U64
    edges: I64


@compiled
def walls_below(weights: Weights, rows: F64, most: int, words: int) -> Walls:
    """For cones of so many rays at most."""
    neurons, n = weights.layer.shape[0], rows.shape[1]
    return Walls(
        weights, rows, np.empty((neurons, n)), np.empty((neurons, n)), np.zeros(1, np.int64),
        np.empty((n, n)), np.empty((n, n)), np.empty(n, np.int64),
        room_for_last(most, weights.readout.shape[1]),
        np.zeros((max(words, 2), most), np.uint64), np.empty((most * most // 4, 2), np.int64),
    )  # fmt: skip


@compiled_in_place
def block(walls: Walls, t: int) -> int:
    """Where the state of layer t starts in ``Rays``; layers take turns at two places."""
    place: int = walls.rows.shape[1] + walls.weights.state.shape[0] * (t % 2)
    return place


@compiled_in_place
def column_of(walls: Walls, level: int) -> int:
    """Where z of a neuron is in ``Rays``; for the number of all neurons, the difference of
    logits."""
    weights = walls.weights
    place: int = walls.rows.shape[1] + 2 * weights.state.shape[0]
    if level < weights.layer.shape[0]:
        t = weights.layer[level]
        place = block(walls, t) + level - weights.first[t]
    return place


@compiled_in_place
def _fill_normals(walls: Walls, pattern: U64, level: int) -> None:
    """Normals of z[t][j] up to and including neuron ``level`` on an activation pattern."""
    weights, n = walls.weights, walls.rows.shape[1]
    for q in range(walls.known[0], level + 1):
        t = weights.layer[q]
        start = weights.first[t - 1] if t > 0 else 0
        width = weights.first[t] - start
        for c in range(n):
            total = weights.input[c, q]
            size = abs(total)
            bound = 0.0
            for i in range(width if c < weights.reach[t] else 0):
                before = start + i
                if has_bit(pattern, before):
                    w = weights.state[i, q]
                    term = w * walls.normals[before, c]
                    total += term
                    size += abs(term)
                    bound += abs(w) * walls.radii[before, c]
            walls.normals[q, c] = total
            walls.radii[q, c] = 0.0
            if size + bound > 0.0:
                walls.radii[q, c] = (bound + (width + 4.0) * U * size) * SLACK + TINY
    walls.known[0] = max(walls.known[0], level + 1)


@compiled_in_place
def _gauss_jordan(walls: Walls, mask: U64, levels: int) -> int:
    """Reduce normals of the ray's tight walls until n - 1 rows are independent; the rank found.

    Row r of ``matrix`` +- ``spread`` has its pivot in ``pivot[r]``, where all other rows are
    exactly 0. A row is used if its remainder has an entry of at least 2**-20 of its size, beyond
    doubt.
    """
    first, n, m, e = walls.rows.shape[0], walls.rows.shape[1], walls.matrix, walls.spread
    rank = 0
    for wall in range(first + levels):
        if rank == n - 1:
            break
        if not has_bit(mask, wall):
            continue
        size = 0.0
        for c in range(n):
            m[rank, c] = walls.rows[wall, c] if wall < first else walls.normals[wall - first, c]
            e[rank, c] = U * abs(m[rank, c]) if wall < first else walls.radii[wall - first, c]
            size = max(size, abs(m[rank, c]))
        for r in range(rank):
            _eliminate(m, e, rank, r, walls.pivot[r])
        best = -1
        for c in range(n):
            entry = abs(m[rank, c])
            certain = entry > max(2.0 * e[rank, c], size * 2.0**-20)
            if certain and (best < 0 or entry > abs(m[rank, best])):
                best = c
        if best < 0:
            continue
        for r in range(rank):
            _eliminate(m, e, r, rank, best)
        walls.pivot[rank] = best
        rank += 1
    return rank


@compiled_in_place
def _eliminate(m: F64, e: F64, row: int, pivot: int, c: int) -> None:
    """Subtract the multiple of row ``pivot`` that clears column c of ``row``."""
    if m[row, c] == 0.0 and e[row, c] == 0.0:
        return
    p, ep = abs(m[pivot, c]), e[pivot, c]
    q = m[row, c] / m[pivot, c]
    eq = ((e[row, c] + abs(q) * ep) / (p - ep) + 2.0 * U * abs(q)) * SLACK + TINY
    for k in range(m.shape[1]):
        a, b = m[row, k], m[pivot, k]
        if b != 0.0 or e[pivot, k] != 0.0:
            m[row, k] = a - q * b
            e[row, k] = (
                e[row, k] + abs(q) * e[pivot, k] + eq * (abs(b) + e[pivot, k])
                + 3.0 * U * (abs(a) + abs(q * b))
            ) * SLACK + TINY  # fmt: skip
    m[row, c] = 0.0
    e[row, c] = 0.0


@compiled_in_place
def _solve(walls: Walls, value: F64, error: F64) -> bool:
    """The ray of reduced equations for the coordinates in ``value`` and ``error``, if its bounds
    are tighter; exact zeros stay."""
    n, m, e = walls.rows.shape[1], walls.matrix, walls.spread
    free = n * (n - 1) // 2
    for r in range(n - 1):
        free -= walls.pivot[r]
    x, ex = m[n - 1], e[n - 1]
    x[free], ex[free] = 1.0, 0.0
    largest = 1.0
    for r in range(n - 1):
        c = walls.pivot[r]
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
        return False
    if along < 0.0:
        scale = -scale
    for c in range(n):
        if value[c] != 0.0 or error[c] != 0.0:
            value[c] = x[c] * scale
            error[c] = ex[c] * abs(scale)
    return True


@compiled_in_place
def polish(walls: Walls, pattern: U64, level: int, mask: U64, value: F64, error: F64) -> None:
    """Recompute one ray of a cone about to be cut at ``level``, if that tightens its bounds.

    ``value`` and ``error`` (n + 2 D + 1) are a row of ``Rays``. The state of the layer before and
    the part computed of this one follow from the new coordinates: 0 where the neuron is off or its
    wall is tight, else normal . x.
    """
    weights, first, n = walls.weights, walls.rows.shape[0], walls.rows.shape[1]
    _fill_normals(walls, pattern, level)
    if _gauss_jordan(walls, mask, level + 1) < n - 1 or not _solve(walls, value, error):
        return
    for q in range(weights.first[max(0, weights.layer[level] - 1)], level + 1):
        total, size, bound = 0.0, 0.0, 0.0
        if (has_bit(pattern, q) or q == level) and not has_bit(mask, first + q):
            for c in range(weights.reach[weights.layer[q] + 1]):
                a, ea = walls.normals[q, c], walls.radii[q, c]
                total += a * value[c]
                size += abs(a * value[c])
                bound += abs(a) * error[c] + ea * (abs(value[c]) + error[c])
        place = column_of(walls, q)
        value[place] = total
        error[place] = 0.0
        if size + bound > 0.0:
            error[place] = (bound + (n + 4.0) * U * size) * SLACK + TINY


@compiled_in_place
def sharpen(walls: Walls, pattern: U64, rays: Rays) -> None:
    """Polish all rays of a leaf, which several ties may be about to cut."""
    walls.known[0] = 0
    last = walls.weights.layer.shape[0] - 1
    place = column_of(walls, last)
    for r in range(rays.number):
        polish(walls, pattern, last, rays.masks[r], rays.values[r], rays.errors[r])
        if not has_bit(pattern, last):  # it leaves z there, and the state is 0
            rays.values[r, place] = rays.errors[r, place] = 0.0
