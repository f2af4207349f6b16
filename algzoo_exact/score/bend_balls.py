"""The mean squared error of median programs in float64 balls, compiled: (2) of
docs/notes/squared-error.md.

A facet F inside a starting cone lies on walls z[t][j] = 0 of one layer t. Its neurons flip, and
with b[t][j] the derivative of the output by h[t][j], the same on both sides, a - a' is kappa e1,

    kappa = sum over these neurons of b[t][j] |z[t][j]|,                                     (4)
    |a|^2 - |a'|^2 = kappa (2 a.e1 - kappa).

Neither can a neuron come to life behind F nor share F with a neuron of an earlier layer if it reads
an input that these do not. A cell where another neuron may is undecided here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, U64, Flags
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import (
    SLACK,
    TINY,
    Ball,
    add,
    inner_ball,
    inverse,
    length_ball,
    multiply,
    scale,
    subtract,
)
from algzoo_exact.measure.cell_facets import Facets, FacetSums, facet_sums
from algzoo_exact.measure.faces_f64 import has_bit, part_of
from algzoo_exact.measure.facet_flow import ONE_OVER_TWO_PI
from algzoo_exact.program.floats import Weights, exact_weights, rounded
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.cell_walls import (
    Below,
    Walls,
    add_multiple,
    below_start,
    error_after,
    find_walls,
    room_for_facets,
    room_for_walls,
    set_facets,
    set_normals,
)

# A bend this much smaller than the functional it bends is left out, with its share as the radius.
_NO_BEND = 2.0**-80


class Bends(NamedTuple):
    """What facets add: the ``weight`` (C, F, 2) of their flow; kappa, the ``jump`` (C, F, 2) of the
    error's slope across them; and for each cell the ``error``'s functional and a bound for the
    length of what it is off by (C, n + 1). ``rest`` (C): what the cell is off by beforehand,
    infinite where float64 does not decide."""

    weight: F64
    jump: F64
    error: F64
    rest: F64


@compiled_in_place
def output_slopes(weights: Weights, pattern: U64, slopes: F64) -> None:
    """The derivatives of the one output by h[t][j], backwards, (layers, D, 3): high and low part,
    and a bound for the error of their sum."""
    last = weights.first.shape[0] - 2
    for j in range(weights.readout.shape[1]):
        slopes[last, j, 0] = weights.readout[0, j]
        slopes[last, j, 1] = slopes[last, j, 2] = 0.0
    for t in range(last - 1, -1, -1):
        start, end = weights.first[t + 1], weights.first[t + 2]
        for i in range(start - weights.first[t]):
            total = (0.0, 0.0, 0.0, 0.0)
            for level in range(start, end):
                if has_bit(pattern, level):
                    total = add_multiple(
                        total, weights.state[i, level], slopes[t + 1, level - start]
                    )
            slopes[t, i, 0], slopes[t, i, 1] = total[0], total[1]
            slopes[t, i, 2] = error_after(total, end - start)


@compiled_in_place
def _find_error(weights: Weights, walls: Walls, median: F64, error: F64) -> None:
    """The error's functional and its radius (n + 1), from those of the last layer and of the
    median."""
    n, d = median.shape[0], weights.readout.shape[1]
    last = weights.first[weights.first.shape[0] - 2]
    error[n] = 0.0
    for c in range(n):
        total = (-median[c], 0.0, abs(median[c]), 0.0)
        for i in range(d):
            if walls.held[last + i]:
                total = add_multiple(total, weights.readout[0, i], walls.state[last + i, c])
        error[c] = total[0]
        error[n] += (abs(total[1]) + error_after(total, d + 1)) * SLACK


@compiled_in_place
def _last_input(weights: Weights, q: int) -> int:
    """The last input that z[t][j] of neuron q may depend on; it does if the neuron reads it and no
    earlier layer does."""
    last: int = weights.input.shape[0] - 1
    while last >= max(1, weights.reach[weights.layer[q]]) and weights.input[last, q] == 0.0:
        last -= 1
    return last


@compiled
def mixing(weights: Weights) -> Flags:
    """The neurons that are on somewhere and read no input but those of earlier layers."""
    neurons = weights.layer.shape[0]
    found = np.empty(neurons, np.bool_)
    for q in range(neurons):
        t = weights.layer[q]
        found[q] = not np.any(weights.input[weights.reach[t] :, q] != 0.0) and (
            np.any(weights.input[:, q] != 0.0) or np.any(weights.state[:, q] > 0.0)
        )
    return found


@compiled_in_place
def _jump_across(
    below: Below, face: U64, wall: int, sets: U64, walls: Walls, slopes: F64, mixes: Flags
) -> Ball:
    """kappa (4) of a facet on a ``wall``; of infinite radius if undecided. ``sets`` (walls, words):
    the rays on all walls."""
    weights, first = below.weights, below.rows.shape[0]
    total: Ball = (0.0, 0.0)
    layer = -1
    for q in range(max(0, wall - first), weights.layer.shape[0]):
        if (layer < 0 or weights.layer[q] == layer or mixes[q]) and part_of(face, sets[first + q]):
            if layer < 0:
                layer = weights.layer[q]
            if weights.layer[q] != layer:
                return 0.0, math.inf
            length = length_ball(walls.normals[first + q], walls.radii[first + q])
            slope = slopes[layer, q - weights.first[layer]]
            total = add(total, multiply((slope[0], abs(slope[1]) + slope[2]), length))
    return total


@compiled_in_place
def find_jumps(
    below: Below, q: int, sets: U64, walls: Walls, slopes: F64, mixes: Flags, facets: Facets,
    jumps: F64,
) -> bool:  # fmt: skip
    """Which facets of cell q count, and kappa of those inside what is summed, (facets, 2); False if
    undecided. ``mixes`` as from ``mixing``."""
    first = below.rows.shape[0]
    if below.outer == sets.shape[0]:  # each cell by itself
        return True
    for level in range(below.weights.first[1], below.weights.layer.shape[0]):
        size = length_ball(walls.normals[first + level], 0.0)
        if mixes[level] and not size[0] > 2.0 * walls.radii[first + level]:
            return False  # it may vanish here, and come to life next to this cell
    for f in range(facets.number[q]):
        wall, newest = facets.wall[q, f], 0
        if wall < below.outer:
            continue
        if wall >= first:
            newest = _last_input(below.weights, wall - first)
            if mixes[wall - first] and not abs(walls.normals[wall, newest]) > walls.radii[wall]:
                return False
        facets.include[q, f] = walls.normals[wall, newest] > 0.0
        jump = _jump_across(below, facets.on[q, f], wall, sets, walls, slopes, mixes)
        if not jump[1] < math.inf:
            return False
        jumps[f, 0], jumps[f, 1] = jump
    return True


@compiled_in_place
def _weigh(below: Below, q: int, facets: Facets, bends: Bends) -> None:
    """The weights of all facets of cell q that count, and what those of nearly no jump add."""
    n = below.rows.shape[1]
    error, blur = bends.error[q, :n], bends.error[q, n]
    size = length_ball(error, blur)
    largest = size[0] + size[1]
    bends.rest[q] = 0.0
    for f in range(facets.number[q]):
        wall, kappa = facets.wall[q, f], (bends.jump[q, f, 0], bends.jump[q, f, 1])
        bend = abs(kappa[0]) + kappa[1]
        if facets.include[q, f] and wall >= below.outer and bend <= _NO_BEND * largest:
            # |flow| <= ridges / 4, and the moment is at most as long as their number.
            bends.rest[q] += bend * (2.0 * largest + bend) * facets.number[q] * SLACK + TINY
            facets.include[q, f] = False
        if facets.include[q, f]:
            normal, radius = facets.normal[q, f], facets.radius[q, f]
            along = inner_ball(error, blur, normal, radius)
            along = multiply(along, inverse(length_ball(normal, radius)))
            if wall < below.outer:
                kappa = along
                weight = multiply(size, size)
            else:
                weight = multiply(kappa, subtract(scale(along, 2.0), kappa))
            if wall < below.rows.shape[0] and not below.turns[wall]:
                weight = (0.0, 0.0)
            bends.jump[q, f, 0], bends.jump[q, f, 1] = kappa
            bends.weight[q, f, 0], bends.weight[q, f, 1] = weight


@compiled
def find_bends(below: Below, medians: F64, cells: Cells, facets: Facets, bends: Bends) -> None:
    """The facets that count of each cell in the buffer, and what they add. ``medians`` (value
    cells, n): the median's functionals, by label."""
    weights, walls = below.weights, room_for_walls(below)
    slopes = np.empty((weights.first.shape[0] - 1, weights.state.shape[0], 3))
    mixes = mixing(weights)
    for q in range(cells.size[0]):
        sets = set_facets(cells, q, facets)
        find_walls(below, cells.pattern[q], walls)
        output_slopes(weights, cells.pattern[q], slopes)
        _find_error(weights, walls, medians[cells.label[q]], bends.error[q])
        if find_jumps(below, q, sets, walls, slopes, mixes, facets, bends.jump[q]):
            set_normals(below, cells, q, walls, facets)
            _weigh(below, q, facets, bends)
        else:
            bends.rest[q] = math.inf
            for f in range(facets.number[q]):
                facets.include[q, f] = False


@compiled_in_place
def add_bends(facets: Facets, bends: Bends, sums: FacetSums, balls: F64) -> None:
    """What each cell adds to the mean square beyond l = 0, (C, 2)."""
    n = facets.normal.shape[2]
    for q in range(facets.number.shape[0]):
        error, blur = bends.error[q, :n], bends.error[q, n]
        total: Ball = (0.0, bends.rest[q])
        for f in range(facets.number[q]):
            if facets.include[q, f]:
                kappa = bends.jump[q, f, 0], bends.jump[q, f, 1]
                moment = sums.moment[q, f]
                along = inner_ball(error, blur, moment[:n], moment[n])
                total = add(total, multiply(multiply(kappa, along), ONE_OVER_TWO_PI))
                weight = bends.weight[q, f, 0], bends.weight[q, f, 1]
                if weight[0] != 0.0 or weight[1] != 0.0:  # else nothing flows, as u lies in F
                    flow = sums.flow[q, f, 0], sums.flow[q, f, 1]
                    total = add(total, multiply(weight, flow))
        balls[q, 0], balls[q, 1] = total
        if not total[1] < math.inf:
            balls[q, 0], balls[q, 1] = 0.0, math.inf


def no_bends(facets: Facets) -> Bends:
    """Room for those of a batch of cells."""
    size, most, n = facets.normal.shape
    return Bends(
        np.zeros((size, most, 2)), np.zeros((size, most, 2)), np.zeros((size, n + 1)),
        np.zeros(size),
    )  # fmt: skip


def bends_of(below: Below, task: Task, cells: Cells) -> tuple[Facets, Bends]:
    """Of a batch of cells."""
    medians = rounded(tuple(cell.value for cell in task.value_cells()))  # 0, 1/2 and 1: exact
    facets = room_for_facets(below, cells)
    bends = no_bends(facets)
    find_bends(below, medians, cells, facets, bends)
    return facets, bends


def _squares(below: Below, task: Task, u: IntVector, cells: Cells) -> F64:
    facets, bends = bends_of(below, task, cells)
    sums = facet_sums(facets, u=np.array(u, np.float64), moments=True)
    balls = np.empty((len(facets.number), 2))
    add_bends(facets, bends, sums, balls)
    return balls


def square_kernel(
    search: ExactSearch, task: Task, start: Start, u: IntVector
) -> Callable[[Cells], F64]:
    """What each cell of a batch below one start adds beyond l = 0, as balls (cells, 2)."""
    weights = search.exact_weights
    assert weights is not None
    return partial(_squares, below_start(weights, start, u), task, u)


def squares_of_each(
    program: Program, task: Task, start: Start, u: IntVector, batch: Cells
) -> tuple[F64, F64]:
    """The mean of the squared error on each cell of a batch, counted as 0 elsewhere, but for what
    is there at l = 0: midpoints and radii, infinite where float64 does not decide. ``u`` lies in no
    wall."""
    size, weights = int(batch.size[0]), exact_weights(program)
    if weights is None:
        return np.zeros(size), np.full(size, math.inf)
    mids, rads = _squares(below_start(weights, start), task, u, batch).T
    return mids, rads
