"""The faces of a cone below some of its facets, with their frames as float64 balls, compiled.

For a face K and a facet K' of it let e be the inward unit normal of K' within the span of K: the
wall's normal less its part orthogonal to that span, at length 1. Each is held as a vector and a
bound for the length of its error.

The bounds. Let f1, .., fr be the exact frame that Gram-Schmidt makes of normals a1, .., ar, and
S_k the span of the first k. A computed vector v_k has a part outside S_k, of length o_k at most,
one inside S_{k-1}, of length g_k at most, and the rest along f_k. The next one is
x = a - sum c_k v_k, scaled to length 1, so

    o = (error of a + sum |c_k| o_k + 2 r U) / |x| + U,

where 2 U a step cover the multiple and the difference. Since v.v_k = s (v.f_k) + (at most g_k
times the part of v inside S_{k-1}) + (at most o_k), s near 1,

    g = 1.01 |(|v.v_k| + o_k)_k|,   the v.v_k computed and with their rounding.

No factor is raised to a power with each step, as it would be if errors were bounded by length
alone.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.measure.faces_f64 import part_of, subfaces

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

# Errors in units of U, for n <= 9: the length of a vector that was scaled to 1 (n/2 + 2, and
# one to spare), and an inner product of unit vectors (n).
UNIT_ERROR = 8.0
PRODUCT_ERROR = 9.5
_COARSE = 2.0**-12  # wider errors are given up; below, products of errors are within 1.01


class Lattice(NamedTuple):
    """Faces by codimension: those of codimension c are numbers ``level[c]`` to ``level[c + 1]``,
    and 0 is the cone itself. An edge leads from a face to a facet of it.

    ``masks`` (faces, words): the rays on each face. ``first`` (faces + 1): the edges of face f
    are first[f] to first[f + 1]. ``child`` (edges), ``wall`` (edges) whose normal gives ``e``
    (edges, n), off by ``error`` (edges); ``o`` and ``g`` (edges) bound its parts, as above.
    ``frames`` (faces, n, n): an orthonormal basis of what is orthogonal to the face, but for the
    last ones;
    ``outside`` and ``inside`` (faces, n): o and g of each vector.
    """

    level: I64
    masks: U64
    first: I64
    child: I64
    wall: I64
    e: F64
    error: F64
    o: F64
    g: F64
    frames: F64
    outside: F64
    inside: F64


@compiled
def _normalise(vector: F64, radius: float) -> float:
    """Scales to length 1; a bound for the error of its direction, infinite if it may be zero."""
    n = vector.shape[0]
    total = 0.0
    for c in range(n):
        total += vector[c] * vector[c]
    length = math.sqrt(total)
    if not (length > 2.0 * radius and length < math.inf):
        return math.inf
    for c in range(n):
        vector[c] /= length
    # |x/|x| - y/|y|| <= 2 |x - y| / (|x| + |y|)
    return (radius / (length - 0.5 * radius) + 1.1 * U) * SLACK


@compiled
def _residual(
    frames: F64, outside: F64, face: int, rank: int, unit: F64, wall: int, radius: float, out: F64,
    row: int,
) -> tuple[float, float]:  # fmt: skip
    """The unit vector along that of a wall less its part in the frame of a face, into a row of
    ``out``; its o and g, infinite if it is not told from zero."""
    n = unit.shape[1]
    rounding = (n + 0.5) * U
    for c in range(n):
        out[row, c] = unit[wall, c]
    for k in range(rank):
        along = 0.0
        for c in range(n):
            along += frames[face, k, c] * out[row, c]
        for c in range(n):
            out[row, c] -= along * frames[face, k, c]
        radius += abs(along) * outside[face, k] + 2.1 * U
    square = 0.0
    for c in range(n):
        square += out[row, c] * out[row, c]
    length = math.sqrt(square)
    if not (length > 0.0 and radius < _COARSE * length):
        return math.inf, math.inf
    ahead, within = 0.0, 0.0
    for c in range(n):
        out[row, c] /= length
        ahead += out[row, c] * unit[wall, c]
    for k in range(rank):
        along = 0.0
        for c in range(n):
            along += frames[face, k, c] * out[row, c]
        along = abs(along) + rounding + outside[face, k]
        within += along * along
    within = 1.01 * math.sqrt(within)
    # The vector points to the side of the normal: its product with it exceeds what errors explain.
    if not (within < _COARSE and ahead > 2.0 * (within + radius + rounding)):
        return math.inf, math.inf
    return (radius / length + 1.1 * U) * SLACK + TINY, within


@compiled
def _copy(vector: Any, out: Any) -> None:
    """Element by element: for slices numba would compile how to word their errors, for seconds."""
    for c in range(vector.shape[0]):
        out[c] = vector[c]


@compiled
def _longer(array: U64, size: int) -> U64:
    out = np.empty((size, array.shape[1]), np.uint64)
    for row in range(array.shape[0]):
        _copy(array[row], out[row])
    return out


@compiled
def _longer_ids(array: I64, size: int) -> I64:
    out = np.empty(size, np.int64)
    _copy(array, out)
    return out


@compiled
def _place_of(face: U64, masks: U64, begin: int, end: int) -> int:
    """Where a face is among those from ``begin`` to before ``end``; else the end."""
    for place in range(begin, end):
        if part_of(masks[place], face) and part_of(face, masks[place]):
            return place
    return end


@compiled
def face_lattice(
    sets: U64, facets: I64, count: int, include: U64, normals: F64, radii: F64
) -> Lattice:
    """All faces below those facets of a cone whose flag in ``include`` is set, down to the apex
    for even n and to the rays for odd n.

    ``sets`` (walls, words): the rays on each wall. ``facets``: one wall for each facet, as
    ``subfaces`` gives it. ``normals`` (walls, n): inward normals, of any length, each off by at
    most ``radii`` (walls).
    """
    n = normals.shape[1]
    words = sets.shape[1]
    depth = n - n % 2
    level = np.zeros(depth + 2, np.int64)
    level[1] = 1
    masks = np.zeros((64, words), np.uint64)
    first = np.zeros(64, np.int64)
    child, wall = np.empty(256, np.int64), np.empty(256, np.int64)
    ids = np.empty(count + 1, np.int64)
    found = np.empty((count + 1, words), np.uint64)
    faces, edges = 1, 0
    for c in range(depth):
        for face in range(level[c], level[c + 1]):
            first[face] = edges
            if c == 0:
                sides = 0
                for f in range(count):
                    if include[f]:
                        ids[sides] = facets[f]
                        _copy(sets[facets[f]], found[sides])
                        sides += 1
            else:
                sides = subfaces(masks[face], sets, facets, count, n - c - 1, ids, found)
            if edges + sides > child.shape[0]:
                child = _longer_ids(child, 2 * (edges + sides))
                wall = _longer_ids(wall, 2 * (edges + sides))
            if faces + sides + 1 > masks.shape[0]:
                masks = _longer(masks, 2 * (faces + sides + 1))
                first = _longer_ids(first, 2 * (faces + sides + 1))
            for s in range(sides):
                place = _place_of(found[s], masks, level[c + 1], faces)
                if place == faces:
                    _copy(found[s], masks[place])
                    faces += 1
                child[edges], wall[edges] = place, ids[s]
                edges += 1
        level[c + 2] = faces
    for face in range(level[depth], faces + 1):
        first[face] = edges
    e, error = np.empty((edges, n)), np.empty(edges)
    edge_o, edge_g = np.empty(edges), np.empty(edges)
    frames = np.empty((faces, n, n))
    outside, inside = np.zeros((faces, n)), np.zeros((faces, n))
    best = np.full(faces, math.inf)
    unit, unit_error = np.empty((normals.shape[0], n)), np.empty(normals.shape[0])
    for f in range(count):
        _copy(normals[facets[f]], unit[facets[f]])
        unit_error[facets[f]] = _normalise(unit[facets[f]], radii[facets[f]])
    trial = np.empty((1, n))
    for c in range(depth):
        for face in range(level[c], level[c + 1]):
            for edge in range(first[face], first[face + 1]):
                a, below = wall[edge], child[edge]
                o, g = _residual(frames, outside, face, c, unit, a, unit_error[a], e, edge)
                if c == n - 1:  # a ray: each wall without it will do, so the best one
                    for f in range(count):
                        a = facets[f]
                        if not part_of(masks[face], sets[a]):
                            o2, g2 = _residual(
                                frames, outside, face, c, unit, a, unit_error[a], trial, 0
                            )
                            if o2 < o:
                                o, g, wall[edge] = o2, g2, a
                                _copy(trial[0], e[edge])
                edge_o[edge], edge_g[edge] = o, g
                error[edge] = 1.01 * math.sqrt(o * o + g * g) + UNIT_ERROR * U
                if c + 1 < depth and error[edge] < best[below]:  # of its parents, the best one
                    best[below] = error[edge]
                    for k in range(c):
                        for i in range(n):
                            frames[below, k, i] = frames[face, k, i]
                        outside[below, k], inside[below, k] = outside[face, k], inside[face, k]
                    for i in range(n):
                        frames[below, c, i] = e[edge, i]
                    outside[below, c], inside[below, c] = o, g
    for face in range(1, level[depth]):
        if not best[face] < math.inf:
            outside[face], inside[face] = math.inf, math.inf
    return Lattice(
        level, masks[:faces], first[: faces + 1], child[:edges], wall[:edges], e, error, edge_o,
        edge_g, frames, outside, inside,
    )  # fmt: skip
