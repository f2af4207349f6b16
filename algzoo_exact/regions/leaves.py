"""What a cone gives once it is not split any further: the cells of a leaf, cut where logits tie, or
one cell for a cone that bounds settle; compiled."""

from __future__ import annotations

import math

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled_in_place
from algzoo_exact.measure.faces_f64 import set_bit
from algzoo_exact.regions.batch import Aim, Cells, Rays, Stack
from algzoo_exact.regions.bounds import find_last, settled
from algzoo_exact.regions.cut import keep_side
from algzoo_exact.regions.exact_search import BOUNDARY, CONES, EVERYTHING
from algzoo_exact.regions.forms import (
    MIXED,
    UNDECIDED_SIGN,
    count_signs,
    evaluate,
    find_signs,
)
from algzoo_exact.regions.polish import Walls, block, column_of, sharpen
from algzoo_exact.regions.starts import EACH

DONE, FULL, UNDECIDED, OVERFLOW = 0, 1, 2, 3


@compiled_in_place
def rays_of(stack: Stack, place: int) -> Rays:
    return Rays(stack.values[place], stack.errors[place], stack.masks[place], stack.rays[place])


@compiled_in_place
def _append(stack: Stack, cells: Cells, rays: Rays, label: int, credit: float) -> None:
    """A cell with the pattern of the cone on top of the stack."""
    q, top = cells.size[0], stack.size[0] - 1
    for r in range(rays.number):
        for c in range(cells.x.shape[2]):
            cells.x[q, r, c] = rays.values[r, c]
        for w in range(rays.masks.shape[1]):
            cells.masks[q, r, w] = rays.masks[r, w]
    for w in range(stack.pattern.shape[1]):
        cells.pattern[q, w] = stack.pattern[top, w]
    cells.rays[q] = rays.number
    cells.label[q] = label
    cells.credit[q] = credit
    cells.size[0] = q + 1


@compiled_in_place
def _take_leaf(stack: Stack, cells: Cells) -> None:
    """The cone on top of the stack is done with, and counted."""
    leaf, top = cells.leaves[0], stack.size[0] - 1
    for w in range(stack.pattern.shape[1]):
        cells.visited[leaf, w] = stack.pattern[top, w]
    cells.leaves[0] = leaf + 1
    stack.size[0] = top


@compiled_in_place
def _emit(walls: Walls, stack: Stack, cells: Cells, aim: Aim, label: int, sign: I64) -> int:
    """Cut the leaf on top of the stack down to where ``label`` is right, and append it."""
    weights, top, spare = walls.weights, stack.size[0] - 1, stack.rays.shape[0] - 1
    neurons, layers = weights.layer.shape[0], weights.first.shape[0] - 1
    column, last = column_of(walls, neurons), block(walls, layers - 1)
    rays, tied, touched = rays_of(stack, top), 1, aim.grain != BOUNDARY
    for other in range(weights.margins.shape[0] if aim.ties != EVERYTHING else 0):
        if not aim.rivals[label, other]:
            continue
        margin = weights.margins[label, other]
        evaluate(margin, rays, last, column)
        outcome = find_signs(rays, column, sign)
        if outcome == UNDECIDED_SIGN:
            return UNDECIDED
        if outcome == -1 or (outcome == 0 and (aim.ties == 1 or (aim.ties == 0 and other < label))):
            return DONE  # wrong everywhere
        if outcome == 0:
            tied += 1
        flat = count_signs(rays, sign, 0) >= walls.rows.shape[1] - 1
        wall = walls.rows.shape[0] + neurons + other
        if outcome == MIXED:
            to = rays_of(stack, spare)
            count = keep_side(walls, stack.pattern[top], rays, sign, wall, to)
            if count < 0:
                return OVERFLOW
            rays = Rays(to.values, to.errors, to.masks, count)
            spare = 2 * stack.rays.shape[0] - 3 - spare  # the other one
        else:
            for r in range(rays.number):
                if sign[r] == 0:
                    set_bit(rays.masks[r], wall)
        touched = touched or outcome == MIXED or flat
    if touched:
        _append(stack, cells, rays, label, 1.0 / tied if aim.ties == 2 else 1.0)
    return DONE


@compiled_in_place
def _emit_each(walls: Walls, stack: Stack, cells: Cells, aim: Aim, sign: I64) -> int:
    """Emit the leaf on top of the stack for its label, or for each that is wanted; nothing unless
    all is done."""
    top, before = stack.size[0] - 1, cells.size[0]
    masks = stack.masks[top]
    ties_from = walls.rows.shape[0] + walls.weights.layer.shape[0]
    margins, begin = walls.weights.margins, block(walls, walls.weights.first.shape[0] - 2)
    d = margins.shape[2]
    first = stack.label[top]
    last = first + 1
    if first == EACH:
        first, last = 0, aim.wanted.shape[0]
        find_last(rays_of(stack, top), begin, d, walls.last)
    for label in range(first, last):
        if stack.label[top] == EACH:  # else the label may be a value cell's, and no logit's
            if not aim.wanted[label]:
                continue
            # Most labels lose to a rival at all rays: told sooner than by cutting the leaf.
            count, rivals = stack.rays[top], aim.rivals[label]
            if aim.ties != EVERYTHING and (
                settled(margins, walls.last, count, rivals, label) == -1
            ):
                continue
        if last - first > 1:  # the one before had ties of its own
            for wall in range(ties_from, ties_from + last):
                keep = ~(np.uint64(1) << np.uint64(wall % 64))
                for r in range(stack.rays[top]):
                    masks[r, wall // 64] &= keep
        status = _emit(walls, stack, cells, aim, label, sign)
        if status != DONE:
            cells.size[0] = before
            return status
    return DONE


@compiled_in_place
def take_leaf(walls: Walls, stack: Stack, cells: Cells, aim: Aim, sign: I64) -> int:
    """Emit the leaf on top of the stack, and take it off; DONE, UNDECIDED or OVERFLOW."""
    status = _emit_each(walls, stack, cells, aim, sign)
    if status == UNDECIDED:
        top = stack.size[0] - 1
        sharpen(walls, stack.pattern[top], rays_of(stack, top))
        status = _emit_each(walls, stack, cells, aim, sign)
    if status == DONE:
        _take_leaf(stack, cells)
    return status


@compiled_in_place
def _leader(margins: F64, state: F64, aim: Aim) -> int:
    """The label furthest ahead of its rivals in a last state, to be looked at first."""
    best, most = 0, -math.inf
    for label in range(margins.shape[0]):
        least, compared = math.inf, aim.wanted[label]
        for other in range(margins.shape[0]):
            if aim.rivals[label, other]:
                compared = True
                margin = 0.0
                for i in range(state.shape[0]):
                    margin += margins[label, other, i] * state[i]
                least = min(least, margin)
                if least <= most:
                    break
        if compared and least > most:
            best, most = label, least
    return best


@compiled_in_place
def take_settled(walls: Walls, stack: Stack, cells: Cells, aim: Aim, known: int) -> bool:
    """Take the cone on top of the stack off if bounds settle it, in the last layer, of which the
    first ``known`` neurons are split already."""
    weights, top = walls.weights, stack.size[0] - 1
    rays, label = rays_of(stack, top), stack.label[top]
    begin, margins = block(walls, weights.first.shape[0] - 2), weights.margins
    find_last(rays, begin, known, walls.last)
    if label == EACH:
        label = _leader(margins, walls.last.inside, aim)
    verdict = settled(margins, walls.last, rays.number, aim.rivals[label], label)
    if verdict == 0 or (verdict == -1 and stack.label[top] == EACH):
        return False
    if verdict == 1 and aim.grain == CONES and aim.wanted[label]:
        _append(stack, cells, rays, label, 1.0)
    _take_leaf(stack, cells)
    return True
