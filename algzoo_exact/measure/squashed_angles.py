"""Measures of squashed cones of dimension 2 and 3 in float64, proven, compiled.

They are the elementary ends of ``facet_flow``: an angle, and Girard's sum of angles.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import SLACK, U, arg
from algzoo_exact.measure.face_components import Heading
from algzoo_exact.measure.lattice_f64 import Lattice

_CLEAR = 1.0 / 16.0  # components above this stand for the growth of their vectors


class Room(NamedTuple):
    """For what is computed at all nodes, and for the corners of a face (corners, 2)."""

    re: F64
    im: F64
    turns: F64
    corners: I64


@compiled
def room_for_angles(lattice: Lattice, nodes: int) -> Room:
    most = 0
    for face in range(lattice.masks.shape[0]):
        most = max(most, lattice.first[face + 1] - lattice.first[face])
    return Room(
        np.empty(nodes), np.empty(nodes), np.empty(nodes), np.empty((most * most, 2), np.int64)
    )


@compiled_in_place
def _corners_of(lattice: Lattice, face: int, corners: I64) -> int:
    """The number of pairs of facets of a face of dimension 2 or 3 that meet, as edges into
    ``corners``."""
    first, last = lattice.first[face], lattice.first[face + 1]
    found = 0
    plane = last - first == 2
    for a in range(first, last):
        for b in range(a + 1, last):
            meet = plane
            one, other = lattice.child[a], lattice.child[b]
            for p in range(lattice.first[one], lattice.first[one + 1]):
                for q in range(lattice.first[other], lattice.first[other + 1]):
                    meet = meet or lattice.child[p] == lattice.child[q]
            if meet:
                corners[found, 0], corners[found, 1] = a, b
                found += 1
    return found


@compiled_in_place
def angles(
    lattice: Lattice, face: int, heading: Heading, y: F64, stretch: F64, spread: float, room: Room,
    value: F64, error: F64,
) -> int:  # fmt: skip
    """Measures of a squashed cone of dimension 2 or 3 for each ``stretch`` s = (1 - l^2) / k^2,
    into ``value`` +- ``error``; returns the number of its corners, 1 in a plane.

    In the metric I + s d d^T of normals, two facets of inward unit normals b1 and b2 meet at the
    angle pi - angle(b1, b2). With c = b1.b2, b2 = c b1 + r, w1 = b1.d, w2 = b2.d it is the
    argument of - (c + s w1 w2) + i sqrt(|r|^2 + s (|r|^2 w1^2 + (r.d)^2)). Arguments are added
    by multiplying, with a count of the turns. ``spread`` is the relative error of k^2.

    Let R = n1 n2 be that number's modulus, n_i^2 = 1 + s w_i^2. The parts o and g of the errors of
    b1 and b2 turn it by at most 1.1 o sqrt(1 + s) / n_i, and 1.6 g since s q <= 1; rounding moves
    it by (84 + 106 sqrt(s) / n_i) U R, the operations' own by 9 U R, the error of s by 1.5 R times
    itself. What grows with s does so up to sqrt(s) / n_i <= 1 / |w_i| only.
    """
    d, scale = heading.vector, heading.scale
    n, nodes = d.shape[0], stretch.shape[0]
    re, im, turns, corners = room
    for i in range(nodes):
        re[i], im[i], turns[i] = 1.0, 0.0, 0.0
    fixed, growing = 0.0, 0.0
    count: int = _corners_of(lattice, face, corners)
    for q in range(count):
        a, b = corners[q, 0], corners[q, 1]
        c, square, along = 0.0, 0.0, 0.0
        for i in range(n):
            c += lattice.e[a, i] * lattice.e[b, i]
        for i in range(n):
            rest = lattice.e[b, i] - c * lattice.e[a, i]
            square += rest * rest
            along += rest * d[i] * scale
        w1, w2 = y[a], y[b]
        product, inner = w1 * w2, square * w1 * w1 + along * along
        for i in range(nodes):
            s = stretch[i]
            x, z = -(c + s * product), math.sqrt(square + s * inner)
            old = im[i]
            re[i], im[i] = re[i] * x - old * z, re[i] * z + old * x
            if old >= 0.0 and im[i] < 0.0:
                turns[i] += 2.0
        out = 1.1 * (lattice.o[a] + lattice.o[b])
        fixed += 1.5 * out + 1.6 * (lattice.g[a] + lattice.g[b]) + 2.0 * spread + 150.0 * U
        out = 1.5 * out + 120.0 * U
        least = min(abs(w1), abs(w2))
        if least > _CLEAR:
            fixed += out / least
        else:
            growing += out
    plane = count == 1
    whole = 2.0 * math.pi if plane else 4.0 * math.pi
    for i in range(nodes):
        total = arg(re[i], im[i]) + math.pi * (turns[i] - (0 if plane else count - 2))
        off = fixed + growing * math.sqrt(stretch[i])
        if not off < 0.1:
            off = math.inf
        value[i] = total / whole
        error[i] = (off + (16.0 + 4.0 * count) * U) / whole * SLACK
    return count
