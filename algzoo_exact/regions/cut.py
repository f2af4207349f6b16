"""One step of the double description method in float64 with error bounds, compiled."""

from __future__ import annotations

import numpy as np

from algzoo_exact.arrays import F64, I64, U64
from algzoo_exact.jit import compiled_in_place
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.measure.faces_f64 import has_bit, set_bit
from algzoo_exact.regions.batch import Rays
from algzoo_exact.regions.forms import count_signs
from algzoo_exact.regions.polish import Walls, block, column_of, polish

# Rays whose coordinates (of size about 1) are off by more are computed afresh from their walls.
# Measured: smaller values polish more than the decisions need, larger ones leave some undecided.
_BLURRED = 2.0**-28


@compiled_in_place
def _crossing_edges(walls: Walls, rays: Rays, sign: I64) -> int:
    """The pairs of adjacent extreme rays on opposite sides, positive side first, into
    ``walls.edges``; returns their number.

    Two rays are adjacent if no third ray is tight wherever both are.
    """
    masks, count = rays.masks, rays.number
    words, tight, edges = masks.shape[1], walls.tight, walls.edges
    for w in range(words):
        for r in range(count):
            tight[w, r] = masks[r, w]
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
    return found


@compiled_in_place
def copy_ray(rays: Rays, r: int, to: Rays, q: int) -> None:
    for c in range(rays.values.shape[1]):
        to.values[q, c] = rays.values[r, c]
        to.errors[q, c] = rays.errors[r, c]
    for w in range(rays.masks.shape[1]):
        to.masks[q, w] = rays.masks[r, w]


@compiled_in_place
def _only_one_left(row: F64, rays: Rays, r: int) -> int:
    """The only input with a weight in ``row`` that is not an exact 0 on a ray; -1 if there are
    others, or none."""
    left = -1
    for c in range(row.shape[0]):
        if row[c] != 0.0 and (rays.values[r, c] != 0.0 or rays.errors[r, c] != 0.0):
            if left >= 0:
                return -1
            left = c
    return left


@compiled_in_place
def _set_exact_zeros(walls: Walls, rays: Rays, r: int, level: int) -> None:
    """Inputs that vanish exactly on a new ray of the wall z[t][j] = 0 of a neuron.

    Where every state that feeds the neuron is an exact 0, the inputs that it reads add up to 0;
    they do on the starting walls through the ray too. Of such a sum, an input that alone is not an
    exact 0 must be one. Without this, the many walls that meet in x[t] = 0 behind a dead state
    would all look undecided.
    """
    weights, values, errors = walls.weights, rays.values, rays.errors
    left = _only_one_left(weights.input[:, level], rays, r)
    if left < 0:
        return
    t = weights.layer[level]
    before = block(walls, t + 1)
    for i in range(weights.first[t] - weights.first[t - 1] if t > 0 else 0):
        if weights.state[i, level] != 0.0 and (
            values[r, before + i] != 0.0 or errors[r, before + i] != 0.0
        ):
            return
    while left >= 0:
        values[r, left] = errors[r, left] = 0.0
        left = -1
        for wall in range(walls.rows.shape[0]):
            if left < 0 and has_bit(rays.masks[r], wall):
                left = _only_one_left(walls.rows[wall], rays, r)


@compiled_in_place
def _meet(rays: Rays, p: int, m: int, column: int, n: int, to: Rays, q: int) -> float:
    """The ray between r+ and r-, with numbers p and m, on which a ``column`` vanishes, to place q;
    returns the largest error of a coordinate.

    It is a r+ + b r- with a + b = 1, a = |value-| / (|value+| + |value-|). If the values are off by
    e+ and e-, then a and b are off by at most

        slip = (e+ + e-) / (|value+| + |value-| - e+ - e-) + 4 U

    and 4 U (a |r+| + b |r-|) bounds the rounding of the sum. The whole ray is then
    scaled by a power of two.
    """
    values, errors = to.values[q], to.errors[q]
    total = rays.values[p, column] - rays.values[m, column]
    a, b = -rays.values[m, column] / total, rays.values[p, column] / total
    off = rays.errors[p, column] + rays.errors[m, column]
    slip = (off / (total - off) + 4.0 * U) * SLACK
    largest, blur = 0.0, 0.0
    for c in range(values.shape[0]):
        vp, vm = rays.values[p, c], rays.values[m, c]
        ep, em = rays.errors[p, c], rays.errors[m, c]
        error = (
            a * ep + b * em + slip * (abs(vp - vm) + ep + em)
            + 4.0 * U * (a * abs(vp) + b * abs(vm))
        ) * SLACK + TINY  # fmt: skip
        same = (vp == vm) & (ep + em == 0.0)  # as a + b = 1; without branches, for SIMD registers
        values[c] = vp if same else a * vp + b * vm
        errors[c] = 0.0 if same else error
    for c in range(n):
        largest = max(largest, abs(values[c]))
        blur = max(blur, errors[c])
    values[column] = errors[column] = 0.0
    scale = 1.0
    while 0.0 < largest * scale < 0.5:
        scale *= 2.0
    for c in range(values.shape[0] if scale > 1.0 else 0):
        values[c] *= scale
        errors[c] *= scale
    return blur


@compiled_in_place
def keep_side(walls: Walls, pattern: U64, rays: Rays, sign: I64, wall: int, to: Rays) -> int:
    """The part of a cone on the positive side of a wall, that of a neuron or of a tie, by the
    ``sign`` (R) of its rays; returns its number of rays, -1 if too many."""
    first, neurons = walls.rows.shape[0], walls.weights.layer.shape[0]
    level = min(wall - first, neurons)
    column = column_of(walls, level)
    edges = _crossing_edges(walls, rays, sign)
    if rays.number - count_signs(rays, sign, -1) + edges > to.values.shape[0]:
        return -1
    kept = 0
    for r in range(rays.number):
        if sign[r] >= 0:
            copy_ray(rays, r, to, kept)
            if sign[r] == 0:
                set_bit(to.masks[kept], wall)
            kept += 1
    for e in range(edges):
        p, m = walls.edges[e, 0], walls.edges[e, 1]
        blur = _meet(rays, p, m, column, walls.rows.shape[1], to, kept)
        for w in range(to.masks.shape[1]):
            to.masks[kept, w] = rays.masks[p, w] & rays.masks[m, w]
        set_bit(to.masks[kept], wall)
        if level < neurons:
            _set_exact_zeros(walls, to, kept, level)
            if blur > _BLURRED:
                polish(walls, pattern, level, to.masks[kept], to.values[kept], to.errors[kept])
        kept += 1
    return kept
