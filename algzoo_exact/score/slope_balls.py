"""Gradients of an RNN's scores in float64 balls, compiled: (1) to (3) of docs/notes/gradient.md.

Each facet of the boundary between right and wrong, or each cell of a median model, gives one
pseudo-input; the network's gradient there, its activation pattern held fixed, is one backward pass.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from algzoo_exact.regions.batch import Cells
from algzoo_exact.score.bend_balls import Bends
from algzoo_exact.score.cell_walls import (
    Below,
    find_walls,
    keep_boundary,
    room_for_walls,
    set_facets,
    set_normals,
)

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

# In place of a wall: a facet that stays where it is, or adds nothing; and one on which walls
# coincide that need not move together.
STILL, COINCIDING = -1, -2

# Pseudo-inputs that are off by more are left to ball arithmetic; most are far below.
_WIDE = 2.0**-40


class Rnn(NamedTuple):
    """An RNN's W_hi (d), W_hh (d, d) and W_oh (k, d), each weight exactly."""

    w_hi: F64
    w_hh: F64
    w_oh: F64


class Room(NamedTuple):
    """Room for a backward pass: states (n, d, 2) and two rows of slopes (d, 2)."""

    state: F64
    slope: F64
    fresh: F64


@compiled
def _moving_wall(below: Below, rnn: Rnn, pattern: U64, face: U64, sets: U64) -> int:
    """The one wall that a facet of a right cell moves with. ``sets`` (walls, words): the rays on
    each wall; ``face`` (words): those on the facet."""
    d, neurons, first = rnn.w_hi.shape[0], below.weights.layer.shape[0], below.rows.shape[0]
    dying = True  # whether all logits vanish on the facet, with the last states
    for q in range(neurons - d, neurons):
        if has_bit(pattern, q) and not part_of(face, sets[first + q]):
            dying = False
    wall, count, last = STILL, 0, False
    for q in range(neurons):
        if not part_of(face, sets[first + q]):
            continue
        if dying and _follows(rnn, pattern, face, sets, first, q):
            continue
        wall, count, last = first + q, count + 1, q >= neurons - d
    if dying:
        if count > 1:
            wall = COINCIDING if last or not np.all(rnn.w_hi != 0.0) else STILL
        return wall
    for tie in range(first + neurons, sets.shape[0]):
        if part_of(face, sets[tie]):
            wall, count = tie, count + 1
    return COINCIDING if count > 1 else wall


@compiled_in_place
def _follows(rnn: Rnn, pattern: U64, face: U64, sets: U64, first: int, q: int) -> bool:
    """Whether all states that neuron q may read vanish on a facet. Then z of q vanishes there
    because its input x[t] does, where the facet stays; or if q reads no input, it moves with what
    its weights other than 0 read."""
    d = rnn.w_hh.shape[0]
    j = q % d
    for i in range(d if q >= d else 0):
        before = q - j - d + i
        read = rnn.w_hi[j] != 0.0 or rnn.w_hh[j, i] != 0.0
        if read and has_bit(pattern, before) and not part_of(face, sets[first + before]):
            return False
    return True


@compiled
def moving_facets(below: Below, rnn: Rnn, cells: Cells, facets: Facets) -> bool:
    """Those boundary facets of each cell in the buffer that move with the weights, each named by
    the wall that it moves with; False if walls coincide that need not move together."""
    walls = room_for_walls(below)
    for q in range(cells.size[0]):
        sets = set_facets(cells, q, facets)
        keep_boundary(below, q, sets, facets)
        some = False
        for f in range(facets.number[q]):
            if facets.include[q, f]:
                wall = _moving_wall(below, rnn, cells.pattern[q], facets.on[q, f], sets)
                if wall == COINCIDING:
                    return False
                facets.include[q, f] = wall != STILL
                if wall != STILL:
                    facets.wall[q, f], some = wall, True
        if some:
            find_walls(below, cells.pattern[q], cells.label[q], walls)
            set_normals(q, walls, facets)
    return True


@compiled_in_place
def _add_product(sums: F64, place: int, a: Ball, b: Ball) -> None:
    found = add((sums[place, 0], sums[place, 1]), multiply(a, b))
    sums[place, 0], sums[place, 1] = found


@compiled_in_place
def add_backward(
    rnn: Rnn, pattern: U64, x: F64, off: float, neuron: int, label: int, other: int, room: Room,
    sums: F64,
) -> None:  # fmt: skip
    """Adds to ``sums`` (parameters, 2) the gradient at the pseudo-input ``x`` (n), each entry off
    by ``off``: of z of a ``neuron``, or else (-1) of logit[label], less logit[other] unless that is
    -1."""
    d, last = rnn.w_hi.shape[0], x.shape[0] - 1
    if neuron >= 0:
        last = neuron // d
    for t in range(last + 1):
        for j in range(d):
            mid, rad, size = 0.0, 0.0, 0.0
            if has_bit(pattern, t * d + j):
                mid = rnn.w_hi[j] * x[t]
                size, rad = abs(mid), abs(rnn.w_hi[j]) * off + TINY
                for i in range(d if t else 0):
                    term = rnn.w_hh[j, i] * room.state[t - 1, i, 0]
                    mid += term
                    size += abs(term)
                    rad += abs(rnn.w_hh[j, i]) * room.state[t - 1, i, 1]
            room.state[t, j, 0] = mid
            room.state[t, j, 1] = (rad + (d + 2.0) * U * size) * SLACK
    one: Ball = (1.0, 0.0)
    begin = d + d * d
    for j in range(d):
        room.slope[j] = 0.0
        if neuron >= 0:
            room.slope[j, 0] = 1.0 if neuron % d == j else 0.0
        elif has_bit(pattern, last * d + j):
            w = rnn.w_oh[label, j]
            h = room.state[last, j, 0], room.state[last, j, 1]
            _add_product(sums, begin + label * d + j, one, h)
            if other >= 0:
                w -= rnn.w_oh[other, j]
                _add_product(sums, begin + other * d + j, (-1.0, 0.0), h)
            room.slope[j, 0], room.slope[j, 1] = w, U * abs(w)
    for t in range(last, -1, -1):
        for j in range(d):
            slope = room.slope[j, 0], room.slope[j, 1]
            if slope[0] == 0.0 and slope[1] == 0.0:
                continue
            _add_product(sums, j, slope, (x[t], off))
            for i in range(d if t else 0):
                if has_bit(pattern, (t - 1) * d + i):
                    h = room.state[t - 1, i, 0], room.state[t - 1, i, 1]
                    _add_product(sums, d + j * d + i, slope, h)
        for i in range(d if t else 0):
            mid, rad, size = 0.0, 0.0, 0.0
            if has_bit(pattern, (t - 1) * d + i):
                rad = TINY
                for j in range(d):
                    term = rnn.w_hh[j, i] * room.slope[j, 0]
                    mid += term
                    size += abs(term)
                    rad += abs(rnn.w_hh[j, i]) * room.slope[j, 1]
            room.fresh[i, 0], room.fresh[i, 1] = mid, (rad + (d + 1.0) * U * size) * SLACK
        for i in range(d if t else 0):
            room.slope[i, 0], room.slope[i, 1] = room.fresh[i, 0], room.fresh[i, 1]


@compiled
def _room(rnn: Rnn, n: int) -> Room:
    d = rnn.w_hi.shape[0]
    return Room(np.empty((n, d, 2)), np.empty((d, 2)), np.empty((d, 2)))


@compiled
def accuracy_slopes(
    below: Below, rnn: Rnn, cells: Cells, facets: Facets, moments: F64, sums: F64, left: I64
) -> None:
    """Adds (1) for the moving facets of each cell in the buffer, of which ``moments`` are those, to
    ``sums`` (parameters, 2). ``left`` (cells) is set where float64 does not decide; such cells add
    nothing."""
    n, first, neurons = below.rows.shape[1], below.rows.shape[0], below.weights.layer.shape[0]
    room, inputs = _room(rnn, n), np.empty((facets.wall.shape[1], n + 1))
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
                    add_backward(rnn, pattern, x, off, level, 0, 0, room, sums)
                else:
                    label, other = cells.label[q], level - neurons
                    add_backward(rnn, pattern, x, off, -1, label, other, room, sums)


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
    rnn: Rnn, cells: Cells, facets: Facets, bends: Bends, found: FacetSums, sums: F64, left: I64
) -> None:
    """Adds (3) for each cell in the buffer to ``sums``; the rest is as for ``accuracy_slopes``.

    ``facets`` are all, with their ``bends``, moments and measures.
    """
    n = facets.normal.shape[2]
    room, x, part = _room(rnn, n), np.empty(n + 1), np.empty(n + 1)
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
            add_backward(rnn, cells.pattern[q], x[:n], float(x[n]), -1, 0, -1, room, sums)
