"""The squash flow of a cone in R^5 in float64 balls, compiled: formula (2) of ``flow``, n = 5.

Frames come from Gram-Schmidt on the walls' normals. A vector is a midpoint and one radius, which
bounds the Euclidean length of its error. Whatever float64 cannot decide, such as the sign of a
component of u, makes the radius of the cone's flow infinite.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, TINY, Ball, U, add, atan, divide, multiply, scale
from algzoo_exact.measure.faces_f64 import subfaces
from algzoo_exact.measure.schlafli_balls import double_flag_ball

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

DIMENSION = 5
_ONE_OVER_TWO_PI: Ball = (1 / (2 * math.pi), U)


@compiled
def _length(vector: F64) -> float:
    """An upper bound but for rounding, which SLACK covers."""
    total = 0.0
    for c in range(DIMENSION):
        total += vector[c] * vector[c]
    return math.sqrt(total)


@compiled
def _inner(a: F64, radius_a: float, b: F64, radius_b: float) -> Ball:
    """a.b; a sum of five products is off by 5 U (1 + 5 U) sum |a b| at most, by Higham's (3.4)."""
    mid, size = 0.0, 0.0
    for c in range(DIMENSION):
        mid += a[c] * b[c]
        size += abs(a[c] * b[c])
    rad = _length(a) * radius_b + radius_a * (_length(b) + radius_b) + 6.0 * U * size
    return mid, rad * SLACK + TINY


@compiled
def _extend(frame: F64, radii: F64, rank: int, normal: F64, radius: float, u: F64) -> Ball:
    """Next vector of the frame: the unit vector along ``normal`` less its part in the frame so
    far. Returns its component of u, with an infinite radius if the two are not told apart."""
    out = frame[rank]
    for c in range(DIMENSION):
        out[c] = normal[c]
    for k in range(rank):
        along = _inner(frame[k], radii[k], out, radius)
        for c in range(DIMENSION):
            out[c] -= along[0] * frame[k, c]
        # The error of along e, and rounding: a product and a difference in each coordinate.
        radius += along[1] * (1.0 + radii[k]) + abs(along[0]) * radii[k]
        radius += U * (abs(along[0]) * (1.0 + radii[k]) + _length(out))
        radius = radius * SLACK + TINY
    length = _length(out)
    if not length > 2.0 * radius:
        radii[rank] = math.inf
        return 0.0, math.inf
    for c in range(DIMENSION):
        out[c] /= length
    # |x/|x| - y/|y|| <= 2 |x - y| / (|x| + |y|); the length and the quotients are off by 6 U.
    radii[rank] = (radius / (length - 0.5 * radius) + 6.0 * U) * SLACK
    return _inner(out, radii[rank], u, 0.0)


@compiled
def _decided(a: Ball) -> bool:
    return abs(a[0]) > a[1]


@compiled
def _ridge_flow(
    ridge: U64, sets: U64, facets: I64, count: int, normals: F64, radii: F64, u: F64, frame: F64,
    errors: F64, y1: Ball, y2: Ball, ids: I64, faces: U64, end_ids: I64, end_faces: U64,
) -> Ball:  # fmt: skip
    """2 pi times a ridge's part of the flow: - c(G) atan M + (1 / 4 pi) sum over (E, r) of T4."""
    undecided = 0.0, math.inf
    total: Ball = (0.0, 0.0)
    positive = negative = True
    sides = subfaces(ridge, sets, facets, count, 2, ids, faces)
    for f in range(sides):
        y3 = _extend(frame, errors, 2, normals[ids[f]], radii[ids[f]], u)
        if not _decided(y3):
            return undecided
        positive = positive and y3[0] > 0.0
        negative = negative and y3[0] < 0.0
        ends = subfaces(faces[f], sets, facets, count, 1, end_ids, end_faces)
        for e in range(ends):
            y4 = _extend(frame, errors, 3, normals[end_ids[e]], radii[end_ids[e]], u)
            total = add(total, double_flag_ball(y1, y2, y3, y4))
    total = multiply(total, scale(_ONE_OVER_TWO_PI, 0.5))
    if positive or negative:
        turn = atan(divide(y2, y1))
        total = add(total, (-0.5 * turn[0], 0.5 * turn[1]))
    return total


@compiled
def cell_flow_ball(
    sets: U64, facets: I64, facet_count: int, include: U64, normals: F64, radii: F64, u: F64
) -> Ball:
    """The flow of those facets of one cone in R^5 whose flag in ``include`` is set.

    ``sets`` (walls, words): the rays on each wall. ``facets``: one wall for each facet, as
    ``subfaces`` gives it. ``normals`` (walls, 5): inward normals, of any length, each off by at
    most ``radii`` (walls). ``u`` (5): the direction, exactly.
    """
    words = sets.shape[1]
    frame = np.empty((4, DIMENSION))
    errors = np.empty(4)
    ids = np.empty((3, facet_count + 1), np.int64)
    faces = np.empty((3, facet_count + 1, words), np.uint64)
    total: Ball = (0.0, 0.0)
    for f in range(facet_count):
        if not include[f]:
            continue
        wall = facets[f]
        y1 = _extend(frame, errors, 0, normals[wall], radii[wall], u)
        if not _decided(y1):
            return 0.0, math.inf
        ridges = subfaces(sets[wall], sets, facets, facet_count, 3, ids[0], faces[0])
        for g in range(ridges):
            y2 = _extend(frame, errors, 1, normals[ids[0, g]], radii[ids[0, g]], u)
            part = _ridge_flow(
                faces[0, g], sets, facets, facet_count, normals, radii, u, frame, errors, y1, y2,
                ids[1], faces[1], ids[2], faces[2],
            )  # fmt: skip
            total = add(total, part)
    return multiply(total, _ONE_OVER_TWO_PI)
