"""Gradients of a program's scores in float64 balls, compiled: (1) to (3) of docs/notes/gradient.md.

Each facet of the boundary between right and wrong, or each cell of a median model, gives one
pseudo-input; the network's gradient there, its activation pattern held fixed, is one backward pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64, U64, Flags
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import (
    SLACK,
    TINY,
    Ball,
    U,
    add,
    inverse,
    length_ball,
    multiply,
)
from algzoo_exact.measure.cell_facets import Facets, FacetSums
from algzoo_exact.measure.faces_f64 import has_bit, part_of
from algzoo_exact.measure.facet_flow import ONE_OVER_TWO_PI
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.batch import Cells
from algzoo_exact.score.bend_balls import Bends
from algzoo_exact.score.cell_walls import (
    Below,
    Walls,
    find_tie,
    find_walls,
    keep_boundary,
    room_for_walls,
    set_facets,
    set_normals,
)

# In place of a wall: a facet that stays where it is, or adds nothing; and one on which walls
# coincide that need not move together.
STILL, COINCIDING = -1, -2

# Pseudo-inputs that are off by more are left to ball arithmetic; most are far below.
_WIDE = 2.0**-40


class LayerSlopes(NamedTuple):
    """Sums of derivatives by the entries of A and B of all layers and of C, as balls: ``state``
    (N, D, 2), ``input`` (N, n, 2) and ``readout`` (k, d, 2), as in ``Weights``."""

    state: F64
    input: F64
    readout: F64


class Room(NamedTuple):
    """Room for a backward pass: the states and slopes of all neurons, (N, 2) each."""

    state: F64
    slope: F64


def no_slopes(weights: Weights) -> LayerSlopes:
    """Room for sums, all 0."""
    most, neurons = weights.state.shape
    outputs, d = weights.readout.shape
    return LayerSlopes(
        np.zeros((neurons, most, 2)), np.zeros((neurons, weights.input.shape[0], 2)),
        np.zeros((outputs, d, 2)),
    )  # fmt: skip


@compiled
def _moving_wall(below: Below, pattern: U64, face: U64, sets: U64) -> int:
    """The one wall that a facet of a cell moves with. ``sets`` (walls, words): the rays on each
    wall; ``face`` (words): those on the facet."""
    weights, first = below.weights, below.rows.shape[0]
    neurons = weights.layer.shape[0]
    dying = _states_vanish(below, pattern, face, sets)
    wall, count, last = STILL, 0, False
    for q in range(neurons):
        if not part_of(face, sets[first + q]):
            continue
        if dying and _follows(below, pattern, face, sets, q):
            continue
        wall, count = first + q, count + 1
        last = weights.layer[q] == weights.first.shape[0] - 2
    if dying:
        open_ = last  # whether a sliver may open: in the last layer, or where one reads no input
        for q in range(neurons if count > 1 else 0):
            open_ = open_ or not _reads_input(weights, q)
        if count > 1:
            wall = COINCIDING if open_ else STILL
        return wall
    for tie in range(first + neurons, sets.shape[0]):
        if part_of(face, sets[tie]):
            wall, count = tie, count + 1
    return COINCIDING if count > 1 else wall


@compiled_in_place
def _reads_input(weights: Weights, q: int) -> bool:
    found = False
    for c in range(weights.input.shape[0]):
        found = found or weights.input[c, q] != 0.0
    return found


@compiled_in_place
def _states_vanish(below: Below, pattern: U64, face: U64, sets: U64) -> bool:
    """Whether all last states vanish on a facet, and all logits with them."""
    first, layers = below.weights.first, below.weights.first.shape[0] - 1
    for q in range(first[layers - 1], first[layers]):
        if has_bit(pattern, q) and not part_of(face, sets[below.rows.shape[0] + q]):
            return False
    return True


@compiled_in_place
def _follows(below: Below, pattern: U64, face: U64, sets: U64, q: int) -> bool:
    """Whether all states that neuron q may read vanish on a facet. Then z of q vanishes there
    because its one input does, where the facet stays; or if q reads no input, it moves with what
    its weights other than 0 read. What reads several inputs follows nothing."""
    weights, first = below.weights, below.rows.shape[0]
    t, reads = weights.layer[q], _reads_input(weights, q)
    if reads and weights.reads[t, 1] - weights.reads[t, 0] > 1:
        return False
    before = weights.first[t - 1] if t > 0 else 0
    for i in range(weights.first[t] - before):
        read = reads or weights.state[i, q] != 0.0
        if read and has_bit(pattern, before + i) and not part_of(face, sets[first + before + i]):
            return False
    return True


@compiled
def moving_facets(below: Below, cells: Cells, facets: Facets) -> bool:
    """Those boundary facets of each cell in the buffer that move with the weights, each named by
    the wall that it moves with; False if walls coincide that need not move together."""
    walls = room_for_walls(below)
    for q in range(cells.size[0]):
        sets = set_facets(cells, q, facets)
        keep_boundary(below, q, sets, facets)
        some = False
        for f in range(facets.number[q]):
            if facets.include[q, f]:
                wall = _moving_wall(below, cells.pattern[q], facets.on[q, f], sets)
                if wall == COINCIDING:
                    return False
                facets.include[q, f] = wall != STILL
                if wall != STILL:
                    facets.wall[q, f], some = wall, True
        if some:
            find_walls(below, cells.pattern[q], walls)
            set_normals(below, cells, q, walls, facets)
    return True


@compiled
def cancelling_cells(below: Below, of_labels: bool, cells: Cells, found: Flags) -> None:
    """The cells, among all leaves, on which z of a neuron that reads states, or a margin of the
    label, may vanish identically by cancelling: ``found`` (cells)."""
    weights, first, walls = below.weights, below.rows.shape[0], room_for_walls(below)
    neurons, outputs = weights.layer.shape[0], weights.readout.shape[0]
    begin = weights.first[weights.first.shape[0] - 2]
    for q in range(cells.size[0]):
        pattern, label = cells.pattern[q], cells.label[q]
        find_walls(below, pattern, walls)
        found[q] = False
        for level in range(weights.first[1], neurons):
            if _reads_state(weights, pattern, level):
                found[q] = found[q] or _may_vanish(walls, first + level)
        alive = False
        for level in range(begin, neurons):
            alive = alive or has_bit(pattern, level)
        for other in range(outputs if alive and of_labels else 0):
            if other != label:
                find_tie(below, label, other, walls)
                found[q] = found[q] or _may_vanish(walls, first + neurons + other)


@compiled_in_place
def _reads_state(weights: Weights, pattern: U64, q: int) -> bool:
    """Whether a neuron reads one that is on."""
    before = weights.first[weights.layer[q] - 1]
    for i in range(weights.first[weights.layer[q]] - before):
        if weights.state[i, q] != 0.0 and has_bit(pattern, before + i):
            return True
    return False


@compiled_in_place
def _may_vanish(walls: Walls, wall: int) -> bool:
    for c in range(walls.normals.shape[1]):
        if abs(walls.normals[wall, c]) > walls.radii[wall]:
            return False
    return True


@compiled
def dying_facets_move(below: Below, cells: Cells, facets: Facets) -> bool:
    """Whether each facet of each leaf in the buffer on which all last states vanish moves with one
    wall, or stays; False if walls coincide that need not move together."""
    for q in range(cells.size[0]):
        sets = set_facets(cells, q, facets)
        for f in range(facets.number[q]):
            face, pattern = facets.on[q, f], cells.pattern[q]
            dying = _states_vanish(below, pattern, face, sets)
            if dying and _moving_wall(below, pattern, face, sets) == COINCIDING:
                return False
    return True


@compiled
def kinked(below: Below, label: int, cells: Cells, facets: Facets) -> bool:
    """Whether a cell of the batch, of one answer each, has a facet along which the label's logit
    ties with the answer's, so that a change of the weights may open a sliver. If the facet is a
    wall between labels too, right answers are lost, or gained, to either side. If other walls
    coincide with it, both its sides may be wrong, and right answers open in between."""
    first, neurons = below.rows.shape[0], below.weights.layer.shape[0]
    for q in range(cells.size[0]):
        sets, answer = set_facets(cells, q, facets), cells.label[q]
        for f in range(facets.number[q]):
            face = facets.on[q, f]
            dying = _states_vanish(below, cells.pattern[q], face, sets)
            for tie in range(first + neurons, sets.shape[0]):
                k = tie - first - neurons
                # Of a wrong cell, the tie with the label; of a right one each, on walls of labels.
                if not _equal(face, sets[tie]) or (answer != label and k != label):
                    continue
                for wall in range(below.outer if answer == label or dying else sets.shape[0]):
                    if wall != tie and _equal(face, sets[wall]):
                        return True
    return False


@compiled_in_place
def _equal(one: U64, other: U64) -> bool:
    equal = True
    for w in range(one.shape[0]):
        equal = equal and one[w] == other[w]
    return equal


@compiled_in_place
def _add_product(sum_: F64, a: Ball, b: Ball) -> None:
    sum_[0], sum_[1] = add((sum_[0], sum_[1]), multiply(a, b))


@compiled_in_place
def _find_states(weights: Weights, pattern: U64, x: F64, off: float, last: int, state: F64) -> None:
    """Those of the layers up to ``last``, at an input each entry of which is off by ``off``."""
    for q in range(weights.first[last + 1]):
        mid, rad, size, t = 0.0, 0.0, 0.0, weights.layer[q]
        before = weights.first[t - 1] if t > 0 else 0
        width = weights.first[t] - before
        if has_bit(pattern, q):
            rad = TINY
            for c in range(weights.reads[t, 0], weights.reads[t, 1]):
                term = weights.input[c, q] * x[c]
                mid += term
                size += abs(term)
                rad += abs(weights.input[c, q]) * off
            for i in range(width):
                term = weights.state[i, q] * state[before + i, 0]
                mid += term
                size += abs(term)
                rad += abs(weights.state[i, q]) * state[before + i, 1]
        terms = width + weights.reads[t, 1] - weights.reads[t, 0]
        state[q, 0] = mid
        state[q, 1] = (rad + (terms + 1.0) * U * size) * SLACK


@compiled_in_place
def add_backward(
    weights: Weights, pattern: U64, x: F64, off: float, neuron: int, label: int, other: int,
    room: Room, sums: LayerSlopes,
) -> None:  # fmt: skip
    """Adds to ``sums`` the gradient at the pseudo-input ``x`` (n), each entry off by ``off``: of z
    of a ``neuron``, or else (-1) of logit[label], less logit[other] unless that is -1."""
    first, state, slopes = weights.first, room.state, room.slope
    last = first.shape[0] - 2
    if neuron >= 0:
        last = weights.layer[neuron]
    _find_states(weights, pattern, x, off, last, state)
    one: Ball = (1.0, 0.0)
    for q in range(first[last], first[last + 1]):
        slopes[q, 0] = slopes[q, 1] = 0.0
        if neuron >= 0:
            slopes[q, 0] = 1.0 if neuron == q else 0.0
        elif has_bit(pattern, q):
            j, h = q - first[last], (state[q, 0], state[q, 1])
            w = weights.readout[label, j]
            _add_product(sums.readout[label, j], one, h)
            if other >= 0:
                w = weights.margins[label, other, j]
                _add_product(sums.readout[other, j], (-1.0, 0.0), h)
            slopes[q, 0], slopes[q, 1] = w, U * abs(w)
    for t in range(last, -1, -1):
        before = first[t - 1] if t > 0 else 0
        width = first[t] - before
        for q in range(first[t], first[t + 1]):
            slope = slopes[q, 0], slopes[q, 1]
            if slope[0] == 0.0 and slope[1] == 0.0:
                continue
            for c in range(weights.reads[t, 0], weights.reads[t, 1]):
                _add_product(sums.input[q, c], slope, (x[c], off))
            for i in range(width):
                if has_bit(pattern, before + i):
                    h = state[before + i, 0], state[before + i, 1]
                    _add_product(sums.state[q, i], slope, h)
        for i in range(width):
            mid, rad, size = 0.0, 0.0, 0.0
            if has_bit(pattern, before + i):
                rad = TINY
                for q in range(first[t], first[t + 1]):
                    term = weights.state[i, q] * slopes[q, 0]
                    mid += term
                    size += abs(term)
                    rad += abs(weights.state[i, q]) * slopes[q, 1]
            off_by = (rad + (first[t + 1] - first[t] + 1.0) * U * size) * SLACK
            slopes[before + i, 0], slopes[before + i, 1] = mid, off_by


@compiled
def _room(weights: Weights) -> Room:
    neurons = weights.layer.shape[0]
    return Room(np.empty((neurons, 2)), np.empty((neurons, 2)))


@compiled
def accuracy_slopes(
    below: Below, cells: Cells, facets: Facets, moments: F64, sums: LayerSlopes, left: I64
) -> None:
    """Adds (1) for the moving facets of each cell in the buffer, of which ``moments`` are those, to
    ``sums``. ``left`` (cells) is set where float64 does not decide; such cells add nothing."""
    n, first, weights = below.rows.shape[1], below.rows.shape[0], below.weights
    neurons = weights.layer.shape[0]
    room, inputs = _room(weights), np.empty((facets.wall.shape[1], n + 1))
    for q in range(cells.size[0]):
        pattern, count = cells.pattern[q], facets.number[q]
        left[q] = 0
        for f in range(count):
            if facets.include[q, f]:
                over = inverse(length_ball(facets.normal[q, f], facets.radius[q, f]))
                factor = multiply(multiply(over, ONE_OVER_TWO_PI), (cells.credit[q], U))
                level = facets.wall[q, f] - first
                if 0 <= level < neurons and not has_bit(pattern, level):
                    factor = -factor[0], factor[1]
                _scaled(moments[q, f], factor, inputs[f])
                if not inputs[f, n] < _WIDE:
                    left[q] = 1
        for f in range(count if not left[q] else 0):
            if facets.include[q, f]:
                level, x, off = facets.wall[q, f] - first, inputs[f, :n], inputs[f, n]
                if level < neurons:
                    add_backward(weights, pattern, x, off, level, 0, 0, room, sums)
                else:
                    label, other = cells.label[q], level - neurons
                    add_backward(weights, pattern, x, off, -1, label, other, room, sums)


@compiled_in_place
def _scaled(moment: F64, factor: Ball, out: F64) -> None:
    """A vector, whose last entry bounds the length of its error, times a number."""
    n = moment.shape[0] - 1
    size = abs(factor[0]) + factor[1]
    out[n] = moment[n] * size + TINY
    for i in range(n):
        out[i] = moment[i] * factor[0]
        out[n] += abs(moment[i]) * factor[1] + U * abs(out[i])
    out[n] *= SLACK


@compiled
def square_slopes(
    weights: Weights, cells: Cells, facets: Facets, bends: Bends, found: FacetSums,
    sums: LayerSlopes, left: I64,
) -> None:  # fmt: skip
    """Adds (3) for each cell in the buffer to ``sums``; the rest is as for ``accuracy_slopes``.

    ``facets`` are all, with their ``bends``, moments and measures.
    """
    n = facets.normal.shape[2]
    room, x, part = _room(weights), np.empty(n + 1), np.empty(n + 1)
    for q in range(cells.size[0]):
        mass, error, wide = found.measure[q], bends.error[q, :n], bends.error[q, n]
        # 2 E[x x^T; C] a, by (2): the error's length takes part in that of the sum.
        size = length_ball(error, wide)
        x[n] = (mass[1] * (size[0] + size[1]) + abs(mass[0]) * wide) * SLACK
        for i in range(n):
            x[i] = mass[0] * error[i]
            x[n] += U * abs(x[i])
        for f in range(facets.number[q]):
            along = bends.jump[q, f, 0], bends.jump[q, f, 1]
            _scaled(found.moment[q, f], multiply(along, ONE_OVER_TWO_PI), part)
            x[n] += part[n]
            for i in range(n):
                x[i] += part[i]
                x[n] += U * abs(x[i])
        for i in range(n):
            x[i] *= 2.0
        x[n] = (2.0 * x[n] + TINY) * SLACK
        left[q] = 1
        if x[n] < _WIDE * max(1.0, size[0]):
            left[q] = 0
            add_backward(weights, cells.pattern[q], x[:n], float(x[n]), -1, 0, -1, room, sums)
