"""The walls and facets of cells below a starting cone, in float64 balls, compiled.

Functionals of the inputs are computed at twice the working precision: radii of plain float64 would
grow with every step, and the error of a good model is a difference of close functionals.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, U64, Flags
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U, two_product, two_sum
from algzoo_exact.measure.cell_facets import Facets
from algzoo_exact.measure.faces_f64 import full_set, has_bit, part_of, ray_sets, subfaces
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.starts import Start

Sum = tuple[float, float, float, float]
"""A sum of products: its high and low part, the sum of the products' absolute values, and what
errors of the factors add up to."""


class Below(NamedTuple):
    """What all cells below a starting cone share.

    ``rows`` (walls, n): its inequalities, off by ``off`` (walls) at most, in length. ``turns``
    (walls): those whose hyperplane does not hold the direction of a flow, so that they turn along.
    The first ``outer`` walls of a cell bound what is summed: all of them, ties too, where each cell
    is summed by itself.
    """

    weights: Weights
    rows: F64
    off: F64
    turns: Flags
    outer: int


class Walls(NamedTuple):
    """Room for all walls of one cell, numbered as in ``Cells``: inward ``normals`` (walls, n), off
    by ``radii`` (walls); and the ``state`` of each neuron if it is on, a functional (neurons, n, 3)
    of high part, low part and radius; ``held`` (neurons): whether it is on. All are those of the
    last cell that they were ``found`` (1) for, if any: the next one's states are the same up to the
    first layer after one with another neuron on."""

    normals: F64
    radii: F64
    state: F64
    held: Flags
    found: Flags


def below_start(weights: Weights, start: Start, u: IntVector | None = None) -> Below:
    """For flows along ``u`` of what the start bounds; without it, each cell is summed by itself.
    The ``weights`` are exact.

    Inequalities are exact as small integers; long ones, of a teacher, are divided by their largest
    entry.
    """
    rows, off = [], []
    for row in start.rows:
        largest = max(map(abs, row))
        exact = largest <= 2**53
        rows.append([c / (1 if exact else largest) for c in row])
        off.append(0.0 if exact else len(row) * U)
    turns = [u is None or dot(row, u) != 0 for row in start.rows]
    everything = len(rows) + len(weights.layer) + len(weights.readout)
    outer = everything if u is None else start.outer
    return Below(weights, np.array(rows), np.array(off), np.array(turns), outer)


def room_for_facets(below: Below, cells: Cells) -> Facets:
    """Of a batch of cells, still to be filled."""
    size, weights = int(cells.size[0]), below.weights
    walls = len(below.rows) + len(weights.layer) + len(weights.readout)
    words = (int(cells.rays[:size].max(initial=1)) + 63) // 64
    return Facets(
        cells.x[:size], cells.rays[:size], np.zeros(size, np.int64),
        np.zeros((size, walls, words), np.uint64), np.empty((size, walls), np.int64),
        np.empty((size, walls, below.rows.shape[1])), np.empty((size, walls)),
        np.zeros((size, walls), np.bool_),
    )  # fmt: skip


@compiled
def room_for_walls(below: Below) -> Walls:
    neurons, n = below.weights.layer.shape[0], below.rows.shape[1]
    walls = below.rows.shape[0] + neurons + below.weights.readout.shape[0]
    return Walls(
        np.empty((walls, n)), np.empty(walls), np.empty((neurons, n, 3)),
        np.empty(neurons, np.bool_), np.zeros(1, np.bool_),
    )  # fmt: skip


@compiled_in_place
def add_multiple(total: Sum, w: float, part: F64) -> Sum:
    """Adds w times a number of high part, low part and radius.

    Only the low parts round. They are of size U times the sum of all |w h|, so adding d products
    is off by less than 4 (d + 4)^2 U^2 times it.
    """
    product, rest = two_product(w, part[0])
    high, error = two_sum(total[0], product)
    high, low = two_sum(high, total[1] + (error + (rest + w * part[1])))
    return high, low, total[2] + abs(product), total[3] + abs(w) * part[2]


@compiled
def error_after(total: Sum, products: int) -> float:
    """What high + low is off by at most."""
    if total[2] + total[3] == 0.0:
        return 0.0
    tiny = 4.0 * (products + 4.0) * (products + 4.0) * U * U
    return (total[3] + tiny * total[2]) * SLACK + TINY


@compiled_in_place
def _find_states(below: Below, t: int, walls: Walls) -> None:
    """Those of the neurons of layer t that are on, from the layer before."""
    weights, first = below.weights, below.rows.shape[0]
    start, end = weights.first[t], weights.first[t + 1]
    before = weights.first[t - 1] if t > 0 else start
    width = start - before
    for level in range(start, end):
        radius = 0.0
        for c in range(below.rows.shape[1]):
            w = weights.input[c, level]
            total = (w, 0.0, abs(w) if c < weights.reach[t] else 0.0, 0.0)
            for i in range(width if c < weights.reach[t] else 0):
                if weights.state[i, level] != 0.0 and walls.held[before + i]:
                    state = walls.state[before + i, c]
                    total = add_multiple(total, weights.state[i, level], state)
            off = error_after(total, width)
            radius += (abs(total[1]) + off) * SLACK
            own = walls.state[level, c]
            own[0], own[1], own[2] = total[0], total[1], off
        walls.radii[first + level] = radius


@compiled_in_place
def find_walls(below: Below, pattern: U64, walls: Walls) -> None:
    """All walls of a cell but for its ties."""
    weights, first, n = below.weights, below.rows.shape[0], below.rows.shape[1]
    for wall in range(first):
        for c in range(n):
            walls.normals[wall, c] = below.rows[wall, c]
        walls.radii[wall] = below.off[wall]
    same = bool(walls.found[0])
    for t in range(weights.first.shape[0] - 1):
        if not same:
            _find_states(below, t, walls)
        for level in range(weights.first[t], weights.first[t + 1]):
            on = has_bit(pattern, level)
            same = same and on == walls.held[level]
            walls.held[level] = on
            for c in range(n):
                z = walls.state[level, c, 0]
                walls.normals[first + level, c] = z if on else -z
    walls.found[0] = True


@compiled_in_place
def find_tie(below: Below, label: int, other: int, walls: Walls) -> None:
    """The wall on which two logits of the cell tie."""
    weights, neurons = below.weights, below.weights.layer.shape[0]
    wall, radius, d = below.rows.shape[0] + neurons + other, 0.0, weights.readout.shape[1]
    last = weights.first[weights.first.shape[0] - 2]
    for c in range(below.rows.shape[1]):
        total = (0.0, 0.0, 0.0, 0.0)
        for i in range(d):
            w, low = two_sum(weights.readout[label, i], -weights.readout[other, i])
            if w != 0.0 and walls.held[last + i]:
                total = add_multiple(total, w, walls.state[last + i, c])
                total = add_multiple(total, low, walls.state[last + i, c])
        walls.normals[wall, c] = total[0]
        radius += (abs(total[1]) + error_after(total, 2 * d)) * SLACK
    walls.radii[wall] = radius


@compiled
def set_facets(cells: Cells, q: int, facets: Facets) -> U64:
    """Finds the facets of cell q, all to be included; returns the rays on all walls, (walls,
    words)."""
    walls, words = facets.on.shape[1], facets.on.shape[2]
    sets = ray_sets(cells.masks[q], cells.rays[q], walls, words)
    full, least = full_set(cells.rays[q], words), cells.x.shape[2] - 1
    facets.number[q] = subfaces(full, sets, least, facets.wall[q], facets.on[q])
    for f in range(facets.number[q]):
        facets.include[q, f] = True
    return sets


@compiled_in_place
def keep_boundary(below: Below, q: int, sets: U64, facets: Facets) -> bool:
    """Includes the facets of cell q that belong to the boundary (see ``score.rigorous``), but for
    those that do not turn; whether there are any."""
    first, some = below.rows.shape[0], False
    for f in range(facets.number[q]):
        wall = facets.wall[q, f]
        wanted = wall < below.outer
        for tie in range(first + below.weights.layer.shape[0], sets.shape[0]):
            wanted = wanted or part_of(facets.on[q, f], sets[tie])
        facets.include[q, f] = wanted and (wall >= first or below.turns[wall])
        some = some or facets.include[q, f]
    return some


@compiled_in_place
def set_normals(below: Below, cells: Cells, q: int, walls: Walls, facets: Facets) -> None:
    """Of all facets of cell q: those that are not included bound the others. ``walls`` are found
    for it, its ties as they are needed."""
    ties = below.rows.shape[0] + below.weights.layer.shape[0]
    for f in range(facets.number[q]):
        wall = facets.wall[q, f]
        if wall >= ties:
            find_tie(below, cells.label[q], wall - ties, walls)
        for c in range(walls.normals.shape[1]):
            facets.normal[q, f, c] = walls.normals[wall, c]
        facets.radius[q, f] = walls.radii[wall]


@compiled
def boundary_facets(below: Below, cells: Cells, facets: Facets) -> None:
    """Those of each cell in the buffer."""
    walls = room_for_walls(below)
    for q in range(cells.size[0]):
        sets = set_facets(cells, q, facets)
        if keep_boundary(below, q, sets, facets):
            find_walls(below, cells.pattern[q], walls)
            set_normals(below, cells, q, walls, facets)
