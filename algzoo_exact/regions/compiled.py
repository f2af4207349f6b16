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

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.faces_f64 import set_bit
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.batch import Aim, Cells, Rays, Stack
from algzoo_exact.regions.cut import copy_ray, keep_side
from algzoo_exact.regions.exact_search import LEAVES
from algzoo_exact.regions.forms import (
    MIXED,
    UNDECIDED_SIGN,
    count_signs,
    evaluate_layer,
    find_signs,
)
from algzoo_exact.regions.leaves import (
    DONE,
    FULL,
    OVERFLOW,
    UNDECIDED,
    rays_of,
    take_leaf,
    take_settled,
)
from algzoo_exact.regions.polish import Walls, column_of, walls_below
from algzoo_exact.regions.starts import EACH


@compiled_in_place
def _pass_by(walls: Walls, stack: Stack, outcome: int, sign: I64) -> None:
    """The next neuron has one sign on the cone on top of the stack."""
    top = stack.size[0] - 1
    level = stack.level[top]
    rays, column = rays_of(stack, top), column_of(walls, level)
    for r in range(rays.number):
        if outcome != 1:
            rays.values[r, column] = 0.0
            rays.errors[r, column] = 0.0
        if sign[r] == 0 and outcome != 0:
            set_bit(rays.masks[r], walls.rows.shape[0] + level)
    if outcome == 1:
        set_bit(stack.pattern[top], level)
    stack.level[top] = level + 1


@compiled_in_place
def _split(walls: Walls, stack: Stack, sign: I64) -> int:
    """The cone on top of the stack becomes two, by the ``sign`` of the next neuron."""
    weights, top = walls.weights, stack.size[0] - 1
    level = stack.level[top]
    wall, column = walls.rows.shape[0] + level, column_of(walls, level)
    rays, above = rays_of(stack, top), rays_of(stack, top + 1)
    walls.known[0] = 0
    count = keep_side(walls, stack.pattern[top], rays, sign, wall, above)
    old = rays.number - count_signs(rays, sign, -1)  # the new rays, on the wall, come after these
    below = rays.number - count_signs(rays, sign, 1)
    if count < 0 or below + count - old > rays.values.shape[0]:
        return OVERFLOW
    above = Rays(above.values, above.errors, above.masks, count)
    if level + 1 < weights.first[weights.layer[level] + 1]:
        evaluate_layer(walls, above, old, level + 1)
    below = 0
    for r in range(rays.number):
        if sign[r] <= 0:
            copy_ray(rays, r, rays, below)
            if sign[r] == 0:
                set_bit(rays.masks[below], wall)
            below += 1
    for r in range(old, count):
        copy_ray(above, r, rays, below)
        below += 1
    for r in range(below):
        rays.values[r, column] = 0.0
        rays.errors[r, column] = 0.0
    for w in range(stack.pattern.shape[1]):
        stack.pattern[top + 1, w] = stack.pattern[top, w]
    set_bit(stack.pattern[top + 1], level)
    stack.rays[top], stack.rays[top + 1] = below, count
    stack.label[top + 1] = stack.label[top]
    stack.level[top] = stack.level[top + 1] = level + 1
    stack.size[0] = top + 2
    return DONE


@compiled_in_place
def _step(walls: Walls, stack: Stack, cells: Cells, aim: Aim, sign: I64, ready: bool) -> int:
    """One neuron of the cone on top of the stack, or all that is left of it. If it is ``ready``,
    the pre-activations of the neuron's layer are there."""
    weights, top = walls.weights, stack.size[0] - 1
    level, neurons = stack.level[top], weights.layer.shape[0]
    if level == neurons:
        return take_leaf(walls, stack, cells, aim, sign)
    rays, t = rays_of(stack, top), weights.layer[level]
    known = level - weights.first[t]
    if known == 0 and not ready:
        evaluate_layer(walls, rays, 0, level)
    outcome = find_signs(rays, column_of(walls, level), sign)
    if outcome == UNDECIDED_SIGN:
        return UNDECIDED
    if outcome != MIXED:
        _pass_by(walls, stack, outcome, sign)
        return DONE
    last = weights.first[t + 1] == neurons
    if aim.grain != LEAVES and last and take_settled(walls, stack, cells, aim, known):
        return DONE
    if top + 3 == stack.rays.shape[0]:
        return OVERFLOW
    return _split(walls, stack, sign)


@compiled_in_place
def _advance(
    walls: Walls, stack: Stack, cells: Cells, aim: Aim, sign: I64, steps: int, ready: bool
) -> int:
    """``advance`` without references to count in each step."""
    each = 1
    if stack.size[0] > 0 and stack.label[0] == EACH:
        each = aim.wanted.shape[0]
    for step in range(steps):
        if stack.size[0] == 0:
            return DONE
        if cells.leaves[0] == cells.visited.shape[0] or cells.size[0] + each > cells.rays.shape[0]:
            return FULL
        status = _step(walls, stack, cells, aim, sign, ready and step == 0)
        if status != DONE:
            return status
    return FULL


@compiled
def advance(
    weights: Weights, rows: F64, stack: Stack, cells: Cells, aim: Aim, steps: int, ready: bool
) -> int:
    """Split cones until the stack is empty (DONE), ``cells`` or the step budget is used up
    (FULL), a sign is undecided (UNDECIDED: the cone is on top of the stack), or a fixed-size
    buffer is too small (OVERFLOW: nothing is lost; the caller enlarges it and calls again).

    ``rows`` (walls, n): the inequalities of the starting cone. ``ready``: as for ``_step``, of the
    cone that is on top first.
    """
    most, words = stack.masks.shape[1], stack.masks.shape[2]
    walls, sign = walls_below(weights, rows, most, words), np.empty(most, np.int64)
    return _advance(walls, stack, cells, aim, sign, steps, ready)
