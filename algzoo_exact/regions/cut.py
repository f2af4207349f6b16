"""One step of the double description method in float64 with error bounds, compiled.

Arrays are those of ``compiled.Stack``: per ray its values and their error bounds (its n
coordinates, then hidden states, all linear on the cone) and the mask of its tight walls.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.polish import Walls, block, polish

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

# Rays whose coordinates (of size about 1) are off by more are computed afresh from their walls.
# Measured: smaller values polish more than the decisions need, larger ones leave some undecided.
_BLURRED = 2.0**-28


@compiled
def _crossing_edges(masks: U64, count: int, sign: I64) -> I64:
    """The pairs of adjacent extreme rays on opposite sides, (edges, 2), positive side first.

    Two rays are adjacent if no third ray is tight wherever both are.
    """
    words = masks.shape[1]
    tight = np.zeros((max(words, 2), count), np.uint64)
    for w in range(words):
        for r in range(count):
            tight[w, r] = masks[r, w]
    edges = np.empty((count * count // 4, 2), np.int64)
    zero = np.uint64(0)
    found = 0
    for p in range(count):
        for m in range(count if sign[p] == 1 else 0):
            if sign[m] != -1:
                continue
            # The first two words leave no third ray, nearly always, and this loop is free of
            # branches.
            one, two = tight[0, p] & tight[0, m], tight[1, p] & tight[1, m]
            inside = 0
            for r in range(count):
                inside += ((one & ~tight[0, r]) | (two & ~tight[1, r])) == zero
            if inside > 2 and words > 2:
                inside = 0
                for r in range(count):
                    outside = zero
                    for w in range(words):
                        outside |= tight[w, p] & tight[w, m] & ~tight[w, r]
                    inside += outside == zero
            if inside == 2:
                edges[found, 0] = p
                edges[found, 1] = m
                found += 1
    return edges[:found]


@compiled
def copy_ray(
    values: F64, errors: F64, masks: U64, r: int, values_to: F64, errors_to: F64, masks_to: U64,
    q: int,
) -> None:  # fmt: skip
    for c in range(values.shape[1]):
        values_to[q, c] = values[r, c]
        errors_to[q, c] = errors[r, c]
    for w in range(masks.shape[1]):
        masks_to[q, w] = masks[r, w]


@compiled
def _only_one_left(row: F64, values: F64, errors: F64, r: int) -> int:
    """The only input with a weight in ``row`` that is not an exact 0 on a ray; -1 if there are
    others, or none."""
    left = -1
    for c in range(row.shape[0]):
        if row[c] != 0.0 and (values[r, c] != 0.0 or errors[r, c] != 0.0):
            if left >= 0:
                return -1
            left = c
    return left


@compiled
def _exact_zeros(
    weights: Weights, rows: F64, values: F64, errors: F64, masks: U64, r: int, n: int, level: int
) -> None:
    """Inputs that vanish exactly on a new ray of the wall z[t][j] = 0 of a neuron.

    Where every state that feeds the neuron is an exact 0, the inputs that it reads add up to 0;
    they do on the starting walls through the ray too. Of such a sum, an input that alone is not an
    exact 0 must be one. Without this, the many walls that meet in x[t] = 0 behind a dead state
    would all look undecided.
    """
    left = _only_one_left(weights.input[level], values, errors, r)
    if left < 0:
        return
    t = weights.layer[level]
    before = block(weights, n, t + 1)
    for i in range(weights.first[t] - weights.first[t - 1] if t > 0 else 0):
        if weights.state[level, i] != 0.0 and (
            values[r, before + i] != 0.0 or errors[r, before + i] != 0.0
        ):
            return
    while left >= 0:
        values[r, left] = errors[r, left] = 0.0
        left = -1
        for wall in range(rows.shape[0]):
            if left < 0 and (masks[r, wall // 64] >> np.uint64(wall % 64)) & np.uint64(1):
                left = _only_one_left(rows[wall], values, errors, r)


@compiled
def keep_side(
    values: F64, errors: F64, masks: U64, count: int, value: F64, error: F64, sign: I64,
    side: int, wall: int, n: int, weights: Weights, walls: Walls, pattern: U64, level: int,
    values_to: F64, errors_to: F64, masks_to: U64,
) -> int:  # fmt: skip
    """The part of a cone on one side of a wall; returns its number of rays, -1 if too many.

    ``level`` is the neuron whose wall it is, and the number of neurons for a tie of logits.

    A new ray on the wall is a r+ + b r- with a + b = 1, a = |value-| / (|value+| + |value-|). If
    the values are off by e+ and e-, then a and b are off by at most

        slip = (e+ + e-) / (|value+| + |value-| - e+ - e-) + 4 U

    and 4 U (a |r+| + b |r-|) bounds the rounding of the sum. The whole ray is then
    scaled by a power of two.
    """
    capacity = values_to.shape[0]
    matrix = np.empty((n, n))
    radius = np.empty((n, n))
    column = np.empty(n, np.int64)
    word = wall // 64
    bit = np.uint64(1) << np.uint64(wall % 64)
    kept = 0
    for r in range(count):
        if sign[r] == side or sign[r] == 0:
            if kept == capacity:
                return -1
            copy_ray(values, errors, masks, r, values_to, errors_to, masks_to, kept)
            if sign[r] == 0:
                masks_to[kept, word] |= bit
            kept += 1
    edges = _crossing_edges(masks, count, sign)
    for e in range(edges.shape[0]):
        p, m = edges[e, 0], edges[e, 1]
        if kept == capacity:
            return -1
        total = value[p] - value[m]
        a = -value[m] / total
        b = value[p] / total
        slip = ((error[p] + error[m]) / (total - error[p] - error[m]) + 4.0 * U) * SLACK
        largest = 0.0
        blur = 0.0
        for c in range(values.shape[1]):
            vp, vm = values[p, c], values[m, c]
            ep, em = errors[p, c], errors[m, c]
            mixed = a * vp + b * vm
            values_to[kept, c] = mixed
            size = abs(vp) + abs(vm) + ep + em
            if size == 0.0:
                errors_to[kept, c] = 0.0
            elif vp == vm and ep == 0.0 and em == 0.0:
                values_to[kept, c] = vp  # a + b = 1: exact
                errors_to[kept, c] = 0.0
            else:
                errors_to[kept, c] = (
                    a * ep + b * em + slip * (abs(vp - vm) + ep + em)
                    + 4.0 * U * (a * abs(vp) + b * abs(vm))
                ) * SLACK + TINY  # fmt: skip
            if c < n:
                largest = max(largest, abs(mixed))
                blur = max(blur, errors_to[kept, c])
        if 0.0 < largest < 0.5:
            scale = 1.0
            while largest < 0.5:
                largest *= 2.0
                scale *= 2.0
            for c in range(values.shape[1]):
                values_to[kept, c] *= scale
                errors_to[kept, c] *= scale
        for w in range(masks.shape[1]):
            masks_to[kept, w] = masks[p, w] & masks[m, w]
        masks_to[kept, word] |= bit
        if level < weights.layer.shape[0]:
            _exact_zeros(weights, walls.rows, values_to, errors_to, masks_to, kept, n, level)
            if blur > _BLURRED:
                polish(
                    weights, walls, pattern, level, n, masks_to[kept], values_to[kept],
                    errors_to[kept], matrix, radius, column,
                )  # fmt: skip
        kept += 1
    return kept
