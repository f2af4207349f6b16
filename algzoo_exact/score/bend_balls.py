"""The mean squared error of median programs in float64 balls, compiled: (2) of
docs/notes/squared-error.md.

A facet F inside a starting cone lies on walls z[t][j] = 0 of one layer t. Its neurons flip, and
with b[t][j] the derivative of the output by h[t][j], the same on both sides, a - a' is kappa e1,

    kappa = sum over these neurons of b[t][j] |z[t][j]|,                                     (4)
    |a|^2 - |a'|^2 = kappa (2 a.e1 - kappa).

Neither can a neuron come to life behind F nor share F with a neuron of an earlier layer if it reads
an input that these do not. A cell where another neuron may is undecided here.

The functionals are computed at twice the working precision, so that the error of a good model, in
which two close functionals cancel, is known as well as each of them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import (
    SLACK,
    TINY,
    Ball,
    U,
    add,
    multiply,
    scale,
    subtract,
)
from algzoo_exact.measure.faces_f64 import full_set, part_of, ray_sets, subfaces
from algzoo_exact.measure.facet_flow import facet_flows
from algzoo_exact.measure.flow_rules import FlowRules, flow_rules
from algzoo_exact.measure.lattice_f64 import face_lattice
from algzoo_exact.program.floats import Weights, exact_weights, rounded
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.regions.compiled import Cells
from algzoo_exact.regions.exact_search import LEAVES, ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.boundary_balls import add_product, float_sum, normal_balls, wall_balls
from algzoo_exact.score.rigorous import Cell

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]
B8 = NDArray[np.bool_]

_ONE_OVER_TWO_PI: Ball = (1 / (2 * math.pi), U)

# A bend this much smaller than the functional it bends is left out, with its share as the radius.
_NO_BEND = 2.0**-80
_U_ERROR = 2.0**-50  # a length is off by (n/2 + 2) U of itself at most, a quotient by U


@compiled
def is_on(pattern: U64, level: int) -> bool:
    return bool((pattern[level // 64] >> np.uint64(level % 64)) & np.uint64(1))


@compiled
def output_slopes(weights: Weights, pattern: U64, slopes: F64) -> None:
    """The derivatives of the one output by h[t][j], backwards, (layers, D, 3): high and low part,
    and a bound for the error of their sum."""
    d, last = weights.state.shape[1], weights.first.shape[0] - 2
    tiny = 4.0 * (d + 4.0) * (d + 4.0) * U * U  # see ``add_product``
    for j in range(weights.readout.shape[1]):
        slopes[last, j] = 0.0
        slopes[last, j, 0] = weights.readout[0, j]
    for t in range(last - 1, -1, -1):
        start, end = weights.first[t + 1], weights.first[t + 2]
        for i in range(start - weights.first[t]):
            high, low, size, rad = 0.0, 0.0, 0.0, 0.0
            for level in range(start, end):
                if is_on(pattern, level):
                    w = weights.state[level, i]
                    above = slopes[t + 1, level - start]
                    high, low = add_product(high, low, w, above[0], above[1])
                    size += abs(w * above[0])
                    rad += abs(w) * above[2]
            slopes[t, i, 0], slopes[t, i, 1] = high, low
            slopes[t, i, 2] = (rad + tiny * size) * SLACK + TINY if size + rad > 0.0 else 0.0


@compiled
def error_of_cell(weights: Weights, state: F64, median: F64, error: F64) -> float:
    """The error's functional a, (n), from that of the last layer (``normal_balls`` leaves it in
    ``state``) and of the median. Returns a bound for the length of what a is off by."""
    d = weights.readout.shape[1]
    tiny = 4.0 * (d + 5.0) * (d + 5.0) * U * U
    total = 0.0
    for c in range(error.shape[0]):
        high, low, size, rad = -median[c], 0.0, abs(median[c]), 0.0
        for i in range(d):
            w = weights.readout[0, i]
            high, low = add_product(high, low, w, state[i, c, 0], state[i, c, 1])
            size += abs(w * state[i, c, 0])
            rad += abs(w) * state[i, c, 2]
        error[c] = high
        total += (abs(low) + rad + tiny * size) * SLACK + TINY
    return total


@compiled
def length_ball(vector: F64, radius: float) -> Ball:
    """The length of a vector that is off by at most ``radius``."""
    total = 0.0
    for c in range(vector.shape[0]):
        total += vector[c] * vector[c]
    length = math.sqrt(total)
    return length, (radius + (vector.shape[0] + 2.0) * U * length) * SLACK + TINY


@compiled
def inner_ball(a: F64, radius_a: float, b: F64, radius_b: float) -> Ball:
    """a.b; a sum of n products is off by n U (1 + n U) sum |a b| at most, by Higham's (3.4)."""
    mid, size, squares_a, squares_b = 0.0, 0.0, 0.0, 0.0
    for c in range(a.shape[0]):
        mid += a[c] * b[c]
        size += abs(a[c] * b[c])
        squares_a += a[c] * a[c]
        squares_b += b[c] * b[c]
    rad = math.sqrt(squares_a) * radius_b + radius_a * (math.sqrt(squares_b) + radius_b)
    return mid, (rad + (a.shape[0] + 1.0) * U * size) * SLACK + TINY


@compiled
def bends_of_cell(
    weights: Weights, pattern: U64, first: int, outer: int, sets: U64, ids: I64, faces: U64,
    found: int,
    normals: F64, radii: F64, slopes: F64, mixes: B8, include: U64, jumps: F64,
) -> bool:  # fmt: skip
    """Which facets of a cell count, and kappa (4) of those inside, (facets, 2); False if undecided.

    ``first`` walls are those of the start; the first ``outer`` bound what is summed, as all walls
    do where each cell is summed by itself. These count, with no jump set. ``mixes`` as from
    ``mixing``.
    """
    neurons = weights.layer.shape[0]
    if outer > first + neurons:  # each cell by itself
        for f in range(found):
            include[f] = 1
            jumps[f] = 0.0
        return True
    for q in range(weights.first[1], neurons):
        wall = first + q
        if mixes[q] and not length_ball(normals[wall], 0.0)[0] > 2.0 * radii[wall]:
            return False  # it may vanish here, and come to life next to this cell
    for f in range(found):
        wall = ids[f]
        jumps[f] = 0.0
        if wall < outer:
            include[f] = 1
            continue
        newest = 0
        if wall >= first:
            newest = _last_input(weights, wall - first)
            if mixes[wall - first] and not abs(normals[wall, newest]) > radii[wall]:
                return False
        include[f] = normals[wall, newest] > 0.0
        total: Ball = (0.0, 0.0)
        layer = -1
        for q in range(max(0, wall - first), neurons):
            if (layer < 0 or weights.layer[q] == layer or mixes[q]) and part_of(
                faces[f], sets[first + q]
            ):
                if layer < 0:
                    layer = weights.layer[q]
                if weights.layer[q] != layer:
                    return False
                length = length_ball(normals[first + q], radii[first + q])
                slope = slopes[layer, q - weights.first[layer]]
                total = add(total, multiply((slope[0], abs(slope[1]) + slope[2]), length))
        jumps[f, 0], jumps[f, 1] = total
    return True


@compiled
def _last_input(weights: Weights, q: int) -> int:
    """The last input that z[t][j] of neuron q may depend on; it does if the neuron reads it and no
    earlier layer does."""
    last: int = weights.input.shape[1] - 1
    while last >= max(1, weights.reach[weights.layer[q]]) and weights.input[q, last] == 0.0:
        last -= 1
    return last


@compiled
def mixing(weights: Weights) -> B8:
    """The neurons that are on somewhere and read no input but those of earlier layers."""
    neurons = weights.layer.shape[0]
    found = np.empty(neurons, np.bool_)
    for q in range(neurons):
        t = weights.layer[q]
        found[q] = not np.any(weights.input[q, weights.reach[t] :] != 0.0) and (
            np.any(weights.input[q] != 0.0) or np.any(weights.state[q] > 0.0)
        )
    return found


@compiled
def squares_of_cells(
    weights: Weights, rows: F64, off: F64, still: B8, outer: int, medians: F64, cells: Cells,
    u: F64, rules: FlowRules, mids: F64, rads: F64,
) -> None:  # fmt: skip
    """What each cell in the buffer adds to the mean square beyond l = 0: ``mids`` +- ``rads``.

    ``rows`` (walls, n): the inequalities of the start, off by ``off`` (walls) at most, in length;
    ``still`` (walls): those that hold u, which do not turn; the first ``outer`` bound what is
    summed. ``medians`` (value cells,
    n): the median's functionals, by label. ``u``: the unit direction, off by less than
    ``_U_ERROR``. The radius is infinite where float64 does not decide.
    """
    n, d, first = rows.shape[1], weights.state.shape[1], rows.shape[0]
    count = first + weights.layer.shape[0] + 1
    ids = np.empty(count, np.int64)
    include = np.empty(count, np.uint64)
    normals, radii, jumps = np.empty((count, n)), np.empty(count), np.empty((count, 2))
    state, fresh = np.empty((d, n, 3)), np.empty((d, n, 3))
    slopes, mixes = np.empty((weights.first.shape[0] - 1, d, 3)), mixing(weights)
    error = np.empty(n)
    flows, moments = np.empty((count, 2)), np.empty((count, n + 1))
    for q in range(cells.size[0]):
        mids[q], rads[q] = 0.0, math.inf
        pattern = cells.pattern[q]
        sets = ray_sets(cells.masks[q], cells.rays[q], count)
        faces = np.empty((count, sets.shape[1]), np.uint64)
        found = subfaces(full_set(cells.rays[q]), sets, np.arange(count), count, n - 1, ids, faces)
        normal_balls(weights, rows, off, pattern, 0, normals, radii, state, fresh)
        output_slopes(weights, pattern, slopes)
        blur = error_of_cell(weights, state, medians[cells.label[q]], error)
        if not bends_of_cell(
            weights, pattern, first, outer, sets, ids, faces, found, normals, radii, slopes,
            mixes, include, jumps,
        ):  # fmt: skip
            continue
        size = length_ball(error, blur)
        largest = size[0] + size[1]
        total: Ball = (0.0, 0.0)
        for f in range(found):
            bend = abs(jumps[f, 0]) + jumps[f, 1]
            if include[f] and ids[f] >= outer and bend <= _NO_BEND * largest:
                # |flow| <= ridges / 4, and the moment is at most as long as their number.
                total = total[0], total[1] + bend * (2.0 * largest + bend) * found * SLACK + TINY
                include[f] = 0
        lattice = face_lattice(sets, ids, found, include, normals, radii)
        facet_flows(lattice, n, cells.x[q, : cells.rays[q]], u, _U_ERROR, rules, flows, moments)
        counted = 0
        for f in range(found):
            if include[f]:
                e1, radius = lattice.e[counted], lattice.error[counted]
                flow = flows[counted, 0], flows[counted, 1]
                if ids[f] < first and still[ids[f]]:
                    flow = 0.0, 0.0
                along = inner_ball(error, blur, e1, radius)
                if ids[f] < outer:
                    kappa = along
                    weight = multiply(size, size)
                else:
                    kappa = jumps[f, 0], jumps[f, 1]
                    weight = multiply(kappa, subtract(scale(along, 2.0), kappa))
                moment = inner_ball(error, blur, moments[counted, :n], moments[counted, n])
                moment = multiply(multiply(kappa, moment), _ONE_OVER_TWO_PI)
                total = add(total, add(multiply(weight, flow), moment))
                counted += 1
        if total[1] < math.inf:
            mids[q], rads[q] = total


def float_squares(
    search: ExactSearch, task: Task, start: Start, u: IntVector, allowance: float | None,
    look: Callable[[], None],
) -> tuple[Enclosure, list[Cell]]:  # fmt: skip
    """The sum over the cells below one start, and the cells that it leaves out; see
    ``boundary_balls.float_flow``."""
    weights = exact_weights(search.program)
    assert weights is not None
    medians = rounded(tuple(cell.value for cell in task.value_cells()))  # 0, 1/2 and 1: exact
    rows, off = wall_balls(start)
    unit, rules = np.array(u, np.float64) / np.linalg.norm(u), flow_rules()
    still = np.array([dot(row, u) == 0 for row in start.rows])

    def kernel(batch: Cells, mids: F64, rads: F64) -> None:
        squares_of_cells(
            weights, rows, off, still, start.outer, medians, batch, unit, rules, mids, rads
        )

    # Errors have no scale of their own, so no finite radius is too wide.
    return float_sum(search, start, LEAVES, kernel, allowance, sys.float_info.max, look)


def squares_of_each(
    program: Program, task: Task, start: Start, u: IntVector, batch: Cells
) -> tuple[F64, F64]:
    """The mean of the squared error on each cell of a batch, counted as 0 elsewhere, but for what
    is there at l = 0: midpoints and radii, infinite where float64 does not decide. ``u`` lies in no
    wall."""
    size = int(batch.size[0])
    mids, rads = np.zeros(size), np.full(size, math.inf)
    weights = exact_weights(program)
    if weights is not None:
        medians = rounded(tuple(cell.value for cell in task.value_cells()))
        unit = np.array(u, np.float64) / np.linalg.norm(u)
        still, walls = np.zeros(len(start.rows), bool), len(start.rows) + program.neurons + 1
        squares_of_cells(
            weights, *wall_balls(start), still, walls, medians, batch, unit, flow_rules(), mids,
            rads,
        )  # fmt: skip
    return mids, rads
