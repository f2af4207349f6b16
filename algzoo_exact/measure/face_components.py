"""Components of a direction along the normals of the faces below a face, as float64 balls,
compiled; and directions within faces, with components far from 0."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import SLACK, Ball, U
from algzoo_exact.measure.faces_f64 import has_bit
from algzoo_exact.measure.lattice_f64 import PRODUCT_ERROR, UNIT_ERROR, Lattice

# Where the measure of a face starts: directions that happen to be generic for it. Any would do;
# the better its facets' components, the fewer nodes and the less error.
_TRIALS = np.random.default_rng(7).standard_normal((9, 9))
_COARSE = 2.0**-10  # relative errors above this are given up
_SMALL_SLIP = 2.0**-27  # its square is below U


class Heading(NamedTuple):
    """A direction in the span of a face: that of the part of ``vector`` (n) within the span.

    ``scale`` times its length is 1 but for ``UNIT_ERROR`` U. ``slip`` bounds its part outside the
    span.
    """

    vector: F64
    scale: float
    slip: float


class Below(NamedTuple):
    """The faces of codimension 1 to ``depth`` in a face ``faces[0]``, each once: those of
    codimension c are faces[ends[c - 1]:ends[c]], and ``place`` says where a face is."""

    faces: I64
    ends: I64
    place: I64


class Components(NamedTuple):
    """Those of a direction below a face: along each edge's normal, off by ``error`` (edges); by
    place q, and the relative error of k^2 with the operations that form it, infinite where q may
    be 0."""

    y: F64
    error: F64
    q: F64
    spread: F64


@compiled_in_place
def _component(lattice: Lattice, edge: int, heading: Heading, q: float) -> Ball:
    """The component along e, where ``q`` is that of the face above.

    With e = s e* + (g, orthogonal to that face) + (o), s near 1, only the part of the direction
    that is orthogonal to the face meets g.
    """
    n = heading.vector.shape[0]
    mid, size = 0.0, 0.0
    for i in range(n):
        product = lattice.e[edge, i] * heading.vector[i]
        mid += product
        size += abs(product)
    mid *= heading.scale
    meets = math.sqrt(q) + heading.slip
    o, g = lattice.o[edge], lattice.g[edge]
    off = o + g * meets + (n + 1.5) * U * size * heading.scale
    # s is 1 but for the length of e and the squares of o and g.
    return mid, (off + (2.5 * UNIT_ERROR * U + o * o + g * g) * abs(mid)) * SLACK


@compiled
def faces_below(lattice: Lattice, root: int, depth: int) -> Below:
    count = lattice.masks.shape[0]
    faces, place = np.empty(count, np.int64), np.full(count, -1)
    ends = np.empty(depth + 1, np.int64)
    faces[0] = root
    ends[0] = 1
    found, start = 1, 0
    for c in range(1, depth + 1):
        for p in range(start, ends[c - 1]):
            for edge in range(lattice.first[faces[p]], lattice.first[faces[p] + 1]):
                below = lattice.child[edge]
                if place[below] < 0:
                    place[below] = found
                    faces[found] = below
                    found += 1
        start = ends[c - 1]
        ends[c] = found
    return Below(faces, ends, place)


@compiled
def components(lattice: Lattice, below: Below, heading: Heading) -> Components:
    """Along the normals of all these faces."""
    depth = below.ends.shape[0] - 1
    count, edges = below.ends[depth], lattice.child.shape[0]
    y, y_error = np.empty(edges), np.empty(edges)
    q, q_error, spread = np.full(count, -1.0), np.zeros(count), np.empty(count)
    q[0] = 0.0
    for p in range(count):
        face = below.faces[p]
        for edge in range(lattice.first[face], lattice.first[face + 1]):
            along, off = _component(lattice, edge, heading, max(q[p], 0.0) + q_error[p])
            y[edge], y_error[edge] = along, off
            child = below.place[lattice.child[edge]]
            if p < below.ends[depth - 1] and q[child] < 0.0:
                q[child] = q[p] + along * along
                off = (2.0 * abs(along) + off) * off
                q_error[child] = (q_error[p] + off + 2.0 * U * q[child]) * SLACK
        spread[p] = (q_error[p] / q[p] + 3.5 * U) * SLACK
        if not spread[p] < _COARSE:  # perhaps u lies in the span, and in that of all facets above
            spread[p] = math.inf
    return Components(y, y_error, q, spread)


@compiled_in_place
def _project(lattice: Lattice, face: int, codimension: int, d: F64) -> float:
    """Scales the part of ``d`` within the span of a face to length 1; returns a bound for the
    rest that is left outside."""
    n = d.shape[0]
    frame = lattice.frames[face]
    for _ in range(2):
        for k in range(codimension):
            along = 0.0
            for i in range(n):
                along += frame[k, i] * d[i]
            for i in range(n):
                d[i] -= along * frame[k, i]
        length = 0.0
        for i in range(n):
            length += d[i] * d[i]
        length = math.sqrt(length)
        for i in range(n):
            d[i] /= length
    slip = 0.0
    for k in range(codimension):
        along = 0.0
        for i in range(n):
            along += frame[k, i] * d[i]
        far = abs(along) + lattice.outside[face, k] + lattice.inside[face, k]
        far += (PRODUCT_ERROR + UNIT_ERROR) * U
        slip += far * far
    return math.sqrt(slip) * SLACK


@compiled
def _middle(lattice: Lattice, face: int, rays: F64) -> F64:
    """The sum of a face's rays at length 1."""
    n = rays.shape[1]
    d = np.zeros(n)
    for r in range(rays.shape[0]):
        if has_bit(lattice.masks[face], r):
            length = 0.0
            for i in range(n):
                length += rays[r, i] * rays[r, i]
            length = math.sqrt(length)
            for i in range(n):
                d[i] += rays[r, i] / length
    return d


@compiled
def heading_within(lattice: Lattice, face: int, codimension: int, rays: F64) -> Heading:
    """A direction within a face with no component along its facets' normals near 0: the best of
    some, and of the middle of its rays."""
    n = rays.shape[1]
    best, most, best_slip = np.zeros(n), -1.0, math.inf
    for trial in range(_TRIALS.shape[0] + 1):
        d = np.zeros(n) if trial else _middle(lattice, face, rays)
        for i in range(n if trial else 0):
            d[i] = _TRIALS[trial - 1, i]
        slip = _project(lattice, face, codimension, d)
        least = 1.0
        for edge in range(lattice.first[face], lattice.first[face + 1]):
            along = 0.0
            for i in range(n):
                along += lattice.e[edge, i] * d[i]
            least = min(least, abs(along))
        if least > most and slip < _SMALL_SLIP:
            best, most, best_slip = d, least, slip
    return Heading(best, 1.0, best_slip)
