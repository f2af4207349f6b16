"""Compiled enumeration of cells in float64, with every sign proved.

Depth first over time steps and neurons, one cone at a time. A cone is held as its extreme rays,
each with the set of walls tight at it (the double description method of Motzkin et al., 1953,
with the combinatorial adjacency test). Beside its coordinates a ray carries the hidden state that
the program has on it, because the program is linear on the cone so far. So a pre-activation at a
ray costs d products, and whatever vanishes structurally (a dead state, say) is an exact zero.

Rounding. Each stored value has an error bound. A value with bound 0 is exact; a sign counts as
decided only if |value| > bound, or value and bound are both 0. With U = 2**-53, a sum of k
products of stored numbers and weights obeys

    error <= sum |w| e + (k + 3) U sum |w v|                                                (1)

(Higham, Accuracy and Stability of Numerical Algorithms, section 3.1, plus one unit for weights
that were themselves rounded to float64). SLACK covers the rounding of the bounds themselves,
TINY covers underflow. If a sign is not decided, the kernel stops at that cone with status
UNDECIDED and the caller continues there in exact integers.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled, compiled_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.bounds import settled
from algzoo_exact.regions.cut import copy_ray, keep_side
from algzoo_exact.regions.exact_search import BOUNDARY, CONES, LEAVES
from algzoo_exact.regions.polish import Walls, block, sharpen
from algzoo_exact.regions.starts import EACH

DONE, FULL, UNDECIDED, OVERFLOW = 0, 1, 2, 3

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
Flags = NDArray[np.bool_]


class Stack(NamedTuple):
    """Cones still to be split; the last one is next. Capacity S cones of at most R rays each.

    ``values`` and ``errors`` (S, R, n + 2 D) hold, for each ray, its coordinates x and two
    states: h[t-1] in block (t - 1) % 2; in the other h[t] as far as it is there, then z[t].
    ``masks`` (S, R, words): tight walls.
    ``rays`` (S): number of rays. ``level`` (S): the next neuron to split at.
    ``pattern`` (S, words): activation pattern so far. ``label`` (S). ``size`` (1): cones held.
    """

    values: F64
    errors: F64
    masks: U64
    rays: I64
    level: I64
    pattern: U64
    label: I64
    size: I64


class Cells(NamedTuple):
    """Output: cells of constant activation pattern, label and credit. Capacity C cells.

    ``rays`` (C), ``x`` (C, R, n) ray coordinates, ``masks`` (C, R, words), ``pattern``
    (C, words), ``label`` (C), ``credit`` (C): what a right answer earns,
    1 or 1 / (logits tied).
    ``size`` (1): cells held. ``visited`` (C, words): patterns of all leaves, those without credit
    too; ``leaves`` (1): how many. A cone settled as a whole counts as one leaf; its pattern and its
    cell's are 0 from the next neuron on.
    """

    rays: I64
    x: F64
    masks: U64
    pattern: U64
    label: I64
    credit: F64
    size: I64
    visited: U64
    leaves: I64


@compiled
def _sign_pass(values: F64, errors: F64, count: int, sign: I64) -> int:
    """Signs of ``count`` values. Returns +1, -1 or 0 where no two differ strictly, 2 for mixed
    signs, 3 if one is undecided."""
    positive = False
    negative = False
    for r in range(count):
        if values[r] > errors[r]:
            sign[r] = 1
            positive = True
        elif values[r] < -errors[r]:
            sign[r] = -1
            negative = True
        elif values[r] == 0.0 and errors[r] == 0.0:
            sign[r] = 0
        else:
            return 3
    if positive and negative:
        return 2
    if positive:
        return 1
    if negative:
        return -1
    return 0


@compiled_any_order
def _linear_forms(
    values: F64, errors: F64, count: int, inputs: F64, begin: int, end: int, row: F64, state: int,
    value: F64, error: F64,
) -> None:  # fmt: skip
    """inputs . x + row . h at every ray, with the bound (1); h starts at column ``state``, and
    inputs from ``begin`` to before ``end`` count."""
    d = len(row)
    for r in range(count):
        total = 0.0
        size = 0.0
        bound = 0.0
        for c in range(begin, end):
            w = inputs[c]
            term = w * values[r, c]
            total += term
            size += abs(term)
            bound += abs(w) * errors[r, c]
        for i in range(d):
            w = row[i]
            term = w * values[r, state + i]
            total += term
            size += abs(term)
            bound += abs(w) * errors[r, state + i]
        value[r] = total
        error[r] = 0.0
        if size + bound > 0.0:
            # A single nonzero product is 0 only by underflow, which TINY covers.
            error[r] = (bound + (end - begin + d + 3.0) * U * size) * SLACK + TINY


@compiled
def _emit(
    weights: Weights, stack: Stack, top: int, label: int, cells: Cells, scratch: Stack, n: int,
    ties: int, walls: Walls, value: F64, error: F64, sign: I64, grain: int, rivals: Flags,
) -> int:  # fmt: skip
    """Cut the leaf on top of the stack down to where ``label`` is right, and append it.

    ``ties``: 0 lowest, 1 incorrect, 2 uniform; 3 keeps the whole leaf, right or wrong.
    """
    k = weights.margins.shape[0]
    first_wall, neurons = walls.rows.shape[0], weights.layer.shape[0]
    last = block(weights, n, weights.first.shape[0] - 2)
    count = stack.rays[top]
    values, errors, masks = stack.values[top], stack.errors[top], stack.masks[top]
    tied = 1
    slot = 0
    touched = grain != BOUNDARY
    if ties < 3:
        for other in range(k):
            if not rivals[label, other]:
                continue
            wall = first_wall + neurons + other
            margin = weights.margins[label, other]
            _linear_forms(values, errors, count, margin, 0, 0, margin, last, value, error)
            outcome = _sign_pass(value, error, count, sign)
            if outcome == 3:
                return UNDECIDED
            if outcome == -1 or (outcome == 0 and (ties == 1 or (ties == 0 and other < label))):
                return DONE  # wrong everywhere
            if outcome == 0:
                tied += 1
            if outcome == 2:
                to = scratch.values[slot], scratch.errors[slot], scratch.masks[slot]
                count = keep_side(
                    values, errors, masks, count, value, error, sign, 1, wall, n,
                    weights, walls, stack.pattern[top], neurons, to[0], to[1], to[2],
                )  # fmt: skip
                if count < 0:
                    return OVERFLOW
                values, errors, masks = to
                slot = 1 - slot
            else:
                bit = np.uint64(1) << np.uint64(wall % 64)
                for r in range(count):
                    if sign[r] == 0:
                        masks[r, wall // 64] |= bit
            touched = touched or outcome == 2 or np.sum(sign[:count] == 0) >= n - 1
    if touched:
        credit = 1.0 / tied if ties == 2 else 1.0
        _append(stack, top, label, cells, values, masks, count, n, credit)
    return DONE


@compiled
def _emit_each(
    weights: Weights, stack: Stack, top: int, cells: Cells, scratch: Stack, n: int, ties: int,
    walls: Walls, value: F64, error: F64, sign: I64, grain: int, rivals: Flags, wanted: Flags,
) -> int:  # fmt: skip
    """Emit the leaf on top of the stack for its label, or for each that is wanted; nothing unless
    all is done."""
    first = label = stack.label[top]
    last = label + 1
    if label == EACH:
        first, last = 0, wanted.shape[0]
    before, masks = cells.size[0], stack.masks[top]
    ties_from = walls.rows.shape[0] + weights.layer.shape[0]
    for label in range(first, last):
        if not wanted[label]:
            continue
        if last - first > 1:  # the one before had ties of its own
            for wall in range(ties_from, ties_from + last):
                keep = ~(np.uint64(1) << np.uint64(wall % 64))
                for r in range(stack.rays[top]):
                    masks[r, wall // 64] &= keep
        status = _emit(
            weights, stack, top, label, cells, scratch, n, ties, walls, value, error, sign, grain,
            rivals,
        )  # fmt: skip
        if status != DONE:
            cells.size[0] = before
            return status
    return DONE


@compiled_any_order
def _leader(margins: F64, values: F64, count: int, known: int, rivals: Flags, wanted: Flags) -> int:
    """The label furthest ahead of its rivals in the middle of the rays, to be looked at first;
    ``values`` as for ``settled``."""
    state = np.zeros(values.shape[1])
    for r in range(count):
        for i in range(values.shape[1]):
            state[i] += values[r, i]
    for i in range(known, values.shape[1]):
        state[i] = max(state[i], 0.0)
    best, most = 0, -math.inf
    for label in range(margins.shape[0]):
        least, compared = math.inf, wanted[label]
        for other in range(margins.shape[0]):
            if rivals[label, other]:
                compared = True
                margin = 0.0
                for i in range(values.shape[1]):
                    margin += margins[label, other, i] * state[i]
                least = min(least, margin)
                if least <= most:
                    break
        if compared and least > most:
            best, most = label, least
    return best


@compiled
def _append(
    stack: Stack, top: int, label: int, cells: Cells, values: F64, masks: U64, count: int, n: int,
    credit: float,
) -> None:  # fmt: skip
    """A cell with the pattern of the cone on top of the stack."""
    q = cells.size[0]
    for r in range(count):
        for c in range(n):
            cells.x[q, r, c] = values[r, c]
        for w in range(masks.shape[1]):
            cells.masks[q, r, w] = masks[r, w]
    for w in range(stack.pattern.shape[1]):
        cells.pattern[q, w] = stack.pattern[top, w]
    cells.rays[q] = count
    cells.label[q] = label
    cells.credit[q] = credit
    cells.size[0] = q + 1


@compiled
def _take_leaf(stack: Stack, top: int, cells: Cells) -> None:
    """The cone on top of the stack is done with, and counted."""
    leaf = cells.leaves[0]
    for w in range(stack.pattern.shape[1]):
        cells.visited[leaf, w] = stack.pattern[top, w]
    cells.leaves[0] = leaf + 1
    stack.size[0] = top


@compiled
def _start_layer(
    weights: Weights, values: F64, errors: F64, first: int, count: int, level: int, n: int,
    value: F64, error: F64,
) -> None:  # fmt: skip
    """z[t] from neuron ``level`` on, at the rays from ``first`` on."""
    t = weights.layer[level]
    start = weights.first[t]
    width = start - weights.first[t - 1] if t > 0 else 0
    here, before = block(weights, n, t) - start, block(weights, n, t + 1)
    begin, end = weights.reads[t, 0], weights.reads[t, 1]
    some, off = values[first:count], errors[first:count]
    for q in range(level, weights.first[t + 1]):
        row = weights.state[q, :width]
        _linear_forms(
            some, off, count - first, weights.input[q], begin, end, row, before, value, error
        )
        for r in range(first, count):
            values[r, here + q] = value[r - first]
            errors[r, here + q] = error[r - first]


@compiled
def advance(
    weights: Weights, stack: Stack, cells: Cells, scratch: Stack, n: int, ties: int,
    rows: F64, steps: int, grain: int, rivals: Flags, wanted: Flags,
) -> int:  # fmt: skip
    """Split cones until the stack is empty (DONE), ``cells`` or the step budget is used up
    (FULL), a sign is undecided (UNDECIDED: the cone is on top of the stack), or a fixed-size
    buffer is too small (OVERFLOW: nothing is lost; the caller enlarges it and calls again).

    ``rows`` (walls, n): the inequalities of the starting cone. Walls below first_wall =
    len(rows) are these, first_wall + q is z[t][j] = 0 for neuron q of N, and first_wall + N + k is
    the tie of logit k with the label's. ``grain``: LEAVES, CONES or BOUNDARY. ``rivals`` (k, k):
    which logits count beside a label's. A cone of label EACH gives cells of each label that is
    ``wanted`` (k), with that label.
    """
    neurons, last_layer = weights.layer.shape[0], weights.first.shape[0] - 2
    first_wall = rows.shape[0]
    walls = Walls(rows, np.empty((neurons, n)), np.empty((neurons, n)), np.zeros(1, np.int64))
    capacity, each = stack.values.shape[1], 1
    if stack.size[0] > 0 and stack.label[0] == EACH:
        each = wanted.shape[0]
    value = np.empty(capacity)
    error = np.empty(capacity)
    sign = np.empty(capacity, np.int64)
    for _ in range(steps):
        top = stack.size[0] - 1
        if top < 0:
            return DONE
        level = stack.level[top]
        values, errors, masks = stack.values[top], stack.errors[top], stack.masks[top]
        count = stack.rays[top]
        if cells.leaves[0] == cells.visited.shape[0] or cells.size[0] + each > cells.rays.shape[0]:
            return FULL
        if level == neurons:
            status = UNDECIDED
            for attempt in range(2):
                if attempt == 1:
                    walls.known[0] = 0
                    sharpen(weights, walls, stack.pattern[top], n, values, errors, masks, count)
                status = _emit_each(
                    weights, stack, top, cells, scratch, n, ties, walls, value, error, sign, grain,
                    rivals, wanted,
                )  # fmt: skip
                if status != UNDECIDED:
                    break
            if status != DONE:
                return status
            _take_leaf(stack, top, cells)
            continue
        t = weights.layer[level]
        j = level - weights.first[t]
        here = block(weights, n, t) + j
        if j == 0:
            _start_layer(weights, values, errors, 0, count, level, n, value, error)
        for r in range(count):
            value[r] = values[r, here]
            error[r] = errors[r, here]
        outcome = _sign_pass(value, error, count, sign)
        if outcome == 3:
            return UNDECIDED
        wall = first_wall + level
        word = wall // 64
        bit = np.uint64(1) << np.uint64(wall % 64)
        on = np.uint64(1) << np.uint64(level % 64)
        if outcome != 2:
            for r in range(count):
                if outcome != 1:
                    values[r, here] = 0.0
                    errors[r, here] = 0.0
                if sign[r] == 0 and outcome != 0:
                    masks[r, word] |= bit
            if outcome == 1:
                stack.pattern[top, level // 64] |= on
            stack.level[top] = level + 1
            continue
        if grain != LEAVES and t == last_layer:
            begin, end = here - j, here - level + neurons
            state, blur = values[:, begin:end], errors[:, begin:end]
            label = stack.label[top]
            if label == EACH:
                label = _leader(weights.margins, state, count, j, rivals, wanted)
            verdict = settled(weights.margins, state, blur, count, label, j, rivals)
            if verdict == 1 or (verdict == -1 and stack.label[top] != EACH):
                if verdict == 1 and grain == CONES and wanted[label]:
                    _append(stack, top, label, cells, values, masks, count, n, 1.0)
                _take_leaf(stack, top, cells)
                continue
        if top + 1 == stack.rays.shape[0]:
            return OVERFLOW
        walls.known[0] = 0
        above_values, above_errors = stack.values[top + 1], stack.errors[top + 1]
        above_masks = stack.masks[top + 1]
        above = keep_side(
            values, errors, masks, count, value, error, sign, 1, wall, n,
            weights, walls, stack.pattern[top], level, above_values, above_errors, above_masks,
        )  # fmt: skip
        old = int(np.sum(sign[:count] >= 0))  # the new rays, on the wall, come after these
        below = int(np.sum(sign[:count] <= 0))
        if above < 0 or below + above - old > capacity:
            return OVERFLOW
        for r in range(above):
            if above_masks[r, word] & bit:
                above_values[r, here] = 0.0
                above_errors[r, here] = 0.0
        if level + 1 < weights.first[t + 1]:
            _start_layer(
                weights, above_values, above_errors, old, above, level + 1, n, value, error
            )
        below = 0
        for r in range(count):
            if sign[r] <= 0:
                copy_ray(values, errors, masks, r, values, errors, masks, below)
                if sign[r] == 0:
                    masks[below, word] |= bit
                below += 1
        for r in range(old, above):
            copy_ray(above_values, above_errors, above_masks, r, values, errors, masks, below)
            below += 1
        for r in range(below):
            values[r, here] = 0.0
            errors[r, here] = 0.0
        for w in range(stack.pattern.shape[1]):
            stack.pattern[top + 1, w] = stack.pattern[top, w]
        stack.pattern[top + 1, level // 64] |= on
        stack.rays[top + 1] = above
        stack.rays[top] = below
        stack.label[top + 1] = stack.label[top]
        stack.level[top] = stack.level[top + 1] = level + 1
        stack.size[0] = top + 2
    return FULL
