"""Gradients of an RNN's scores in float64 balls, compiled: (1) to (3) of docs/notes/gradient.md.

Each facet of the boundary between right and wrong, or each cell of a median model, gives one
pseudo-input; the network's gradient there, its activation pattern held fixed, is one backward pass.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, TINY, Ball, U, add, multiply
from algzoo_exact.measure.faces_f64 import full_set, part_of, ray_sets, subfaces
from algzoo_exact.measure.facet_flow import facet_moments, solid_angle, solid_angles
from algzoo_exact.measure.flow_rules import FlowRules
from algzoo_exact.measure.lattice_f64 import face_lattice
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.compiled import Cells
from algzoo_exact.score.bend_balls import error_of_cell, inner_ball, is_on, length_ball
from algzoo_exact.score.boundary_balls import boundary_facets, normal_balls

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

# What ``moving_walls`` gives in place of a wall: a facet that stays where it is, or adds nothing;
# and one on which walls coincide that need not move together.
STILL, COINCIDING = -1, -2

_WIDE = (
    2.0**-40
)  # pseudo-inputs that are off by more are left to ball arithmetic; most are far below
_ONE_OVER_TWO_PI: Ball = (1 / (2 * math.pi), U)


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
def moving_walls(
    sets: U64, faces: U64, found: int, pattern: U64, first: int, w_hi: F64, w_hh: F64, outputs: int,
    walls: I64,
) -> None:  # fmt: skip
    """For each facet of a right cell the one wall that it moves with, into ``walls``.

    ``sets`` (walls, words): the rays on each wall, those of the start first, ``first`` of them,
    then neurons, then ties. ``faces`` (found, words): the rays on each facet.
    """
    d = w_hi.shape[0]
    neurons = sets.shape[0] - first - outputs
    blind = not np.all(w_hi != 0.0)
    for f in range(found):
        dying = True  # whether all logits vanish on the facet, with the last states
        for q in range(neurons - d, neurons):
            if is_on(pattern, q) and not part_of(faces[f], sets[first + q]):
                dying = False
        wall, count, last = STILL, 0, False
        for q in range(neurons):
            if not part_of(faces[f], sets[first + q]):
                continue
            if dying and _follows(sets, faces[f], pattern, first, w_hi, w_hh, q):
                continue
            wall, count, last = first + q, count + 1, q >= neurons - d
        if dying:
            if count > 1:
                wall = COINCIDING if last or blind else STILL
        else:
            for tie in range(first + neurons, sets.shape[0]):
                if part_of(faces[f], sets[tie]):
                    wall, count = tie, count + 1
            if count > 1:
                wall = COINCIDING
        walls[f] = wall


@compiled
def _follows(sets: U64, face: U64, pattern: U64, first: int, w_hi: F64, w_hh: F64, q: int) -> bool:
    """Whether all states that neuron q may read vanish on a facet. Then z of q vanishes there
    because its input x[t] does, where the facet stays; or if q reads no input, it moves with what
    its weights other than 0 read."""
    d = w_hh.shape[0]
    j = q % d
    for i in range(d if q >= d else 0):
        before = q - j - d + i
        read = w_hi[j] != 0.0 or w_hh[j, i] != 0.0
        if read and is_on(pattern, before) and not part_of(face, sets[first + before]):
            return False
    return True


@compiled
def _add_product(sums: F64, place: int, a: Ball, b: Ball) -> None:
    found = add((sums[place, 0], sums[place, 1]), multiply(a, b))
    sums[place, 0], sums[place, 1] = found


@compiled
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
            if is_on(pattern, t * d + j):
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
        elif is_on(pattern, last * d + j):
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
                if is_on(pattern, (t - 1) * d + i):
                    h = room.state[t - 1, i, 0], room.state[t - 1, i, 1]
                    _add_product(sums, d + j * d + i, slope, h)
        for i in range(d if t else 0):
            mid, rad, size = 0.0, 0.0, 0.0
            if is_on(pattern, (t - 1) * d + i):
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
def accuracy_slopes(
    weights: Weights, rnn: Rnn, rows: F64, off: F64, role: I64, cells: Cells, rules: FlowRules,
    sums: F64, left: I64,
) -> None:  # fmt: skip
    """Adds (1) for the facets of each cell in the buffer to ``sums`` (parameters, 2).

    ``rows`` (walls, n): the inequalities of the starting cone, off by ``off`` (walls) at most, with
    their ``role`` (walls) in ``score/facets``. ``left`` (cells) is set where float64 does not
    decide; such cells add nothing.
    """
    n, d, first = rows.shape[1], weights.state.shape[1], rows.shape[0]
    outputs = weights.readout.shape[0]
    neurons = weights.layer.shape[0]
    count = first + neurons + outputs
    ids, walls = np.empty(count, np.int64), np.empty(count, np.int64)
    include = np.empty(count, np.uint64)
    normals, radii = np.empty((count, n)), np.empty(count)
    state, fresh = np.empty((d, n, 3)), np.empty((d, n, 3))
    room = Room(np.empty((n, d, 2)), np.empty((d, 2)), np.empty((d, 2)))
    moments, inputs = np.empty((count, n + 1)), np.empty((count, n + 1))
    for q in range(cells.size[0]):
        left[q] = 0
        pattern, rays = cells.pattern[q], cells.rays[q]
        sets = ray_sets(cells.masks[q], rays, count)
        faces = np.empty((count, sets.shape[1]), np.uint64)
        found, some = boundary_facets(sets, rays, n, role, first + neurons, ids, faces, include)
        if not some:
            continue
        moving_walls(sets, faces, found, pattern, first, rnn.w_hi, rnn.w_hh, outputs, walls)
        some = False
        for f in range(found):
            if include[f] and walls[f] == COINCIDING:
                left[q] = 1
            include[f] = include[f] and walls[f] >= 0
            some = some or include[f] > 0
        if left[q] or not some:
            continue
        normal_balls(weights, rows, off, pattern, cells.label[q], normals, radii, state, fresh)
        lattice = face_lattice(sets, ids, found, include, normals, radii)
        facet_moments(lattice, solid_angles(lattice, n, cells.x[q, :rays], rules), moments)
        counted = 0
        for f in range(found):
            if include[f]:
                a = length_ball(normals[walls[f]], radii[walls[f]])
                if not a[0] > 2.0 * a[1]:
                    left[q] = 1
                    break
                # |1/a - 1/b| <= |a - b| / (a b)
                over = 1.0 / a[0], (2.0 * a[1] / a[0] + U) / a[0] * SLACK
                factor = multiply(multiply(over, _ONE_OVER_TWO_PI), (cells.credit[q], U))
                if first <= walls[f] < first + neurons and not is_on(pattern, walls[f] - first):
                    factor = -factor[0], factor[1]
                _scaled(moments[counted], factor, inputs[f])
                if not inputs[f, n] < _WIDE:
                    left[q] = 1
                counted += 1
        for f in range(found if not left[q] else 0):
            if include[f]:
                level = walls[f] - first
                if level < neurons:
                    add_backward(rnn, pattern, inputs[f, :n], inputs[f, n], level, 0, 0, room, sums)
                else:
                    add_backward(
                        rnn, pattern, inputs[f, :n], inputs[f, n], -1, cells.label[q],
                        level - neurons, room, sums,
                    )  # fmt: skip


@compiled
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
    weights: Weights, rnn: Rnn, rows: F64, off: F64, medians: F64, cells: Cells, rules: FlowRules,
    sums: F64, left: I64,
) -> None:  # fmt: skip
    """Adds (3) for each cell in the buffer to ``sums``; the rest is as for ``accuracy_slopes``.

    ``medians`` (value cells, n): the median's functionals, by label.
    """
    n, d, first = rows.shape[1], weights.state.shape[1], rows.shape[0]
    count = first + weights.layer.shape[0] + 1
    ids, everything = np.empty(count, np.int64), np.arange(count)
    include = np.ones(count, np.uint64)
    normals, radii = np.empty((count, n)), np.empty(count)
    state, fresh = np.empty((d, n, 3)), np.empty((d, n, 3))
    room = Room(np.empty((n, d, 2)), np.empty((d, 2)), np.empty((d, 2)))
    moments, error, x = np.empty((count, n + 1)), np.empty(n), np.empty(n + 1)
    for q in range(cells.size[0]):
        left[q] = 1
        pattern, rays = cells.pattern[q], cells.rays[q]
        sets = ray_sets(cells.masks[q], rays, count)
        faces = np.empty((count, sets.shape[1]), np.uint64)
        all_rays = full_set(rays)
        found = subfaces(all_rays, sets, everything, count, n - 1, ids, faces)
        normal_balls(weights, rows, off, pattern, 0, normals, radii, state, fresh)
        wide = error_of_cell(weights, state, medians[cells.label[q]], error)
        lattice = face_lattice(sets, ids, found, include, normals, radii)
        for w in range(all_rays.shape[0]):
            lattice.masks[0, w] = all_rays[w]
        solid = solid_angles(lattice, n, cells.x[q, :rays], rules)
        mass = solid_angle(lattice, 0, 0, n, cells.x[q, :rays], solid, rules)
        facet_moments(lattice, solid, moments)
        # 2 E[x x^T; C] a, by (2): the error's length takes part in that of the sum.
        size = length_ball(error, wide)
        x[n] = (mass[1] * (size[0] + size[1]) + abs(mass[0]) * wide) * SLACK
        for i in range(n):
            x[i] = mass[0] * error[i]
            x[n] += U * abs(x[i])
        part = np.empty(n + 1)
        for f in range(found):
            along = inner_ball(error, wide, lattice.e[f], lattice.error[f])
            _scaled(moments[f], multiply(along, _ONE_OVER_TWO_PI), part)
            x[n] += part[n]
            for i in range(n):
                x[i] += part[i]
                x[n] += U * abs(x[i])
        for i in range(n):
            x[i] *= 2.0
        x[n] = (2.0 * x[n] + TINY) * SLACK
        wide = float(x[n])
        if wide < _WIDE * max(1.0, size[0]):
            left[q] = 0
            add_backward(rnn, pattern, x[:n], wide, -1, 0, -1, room, sums)
