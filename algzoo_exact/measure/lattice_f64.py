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

from algzoo_exact.arrays import F64, I64, U64, Flags
from algzoo_exact.jit import compiled, compiled_in_place, compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.measure.faces_f64 import part_of, subfaces

# Errors in units of U, for n <= 9: the length of a vector that was scaled to 1 (n/2 + 2, and
# one to spare), and an inner product of unit vectors (n).
UNIT_ERROR = 8.0
PRODUCT_ERROR = 9.5
_COARSE = 2.0**-12  # wider errors are given up; below, products of errors are within 1.01


class Lattice(NamedTuple):
    """Faces by codimension: those of codimension c are numbers ``level[c]`` to ``level[c + 1]``,
    and 0 is the cone itself. An edge leads from a face to a facet of it.

    ``masks`` (faces, words): the rays on each face. ``first`` (faces + 1): the edges of face f
    are first[f] to first[f + 1]. ``child`` (edges), the ``facet`` (edges) that cuts it out, and
    ``e`` (edges, n), off by ``error`` (edges), of which ``o`` and ``g`` (edges) bound parts, as
    above. ``frames`` (faces, n, n): an orthonormal basis of what is orthogonal to the face, but for
    the last ones; ``outside`` and ``inside`` (faces, n): o and g of each vector.
    """

    level: I64
    masks: U64
    first: I64
    child: I64
    facet: I64
    e: F64
    error: F64
    o: F64
    g: F64
    frames: F64
    outside: F64
    inside: F64


class _Units(NamedTuple):
    """Unit normals of the facets, (facets, n), and bounds for the errors of their directions."""

    vector: F64
    error: F64


@compiled_in_place
def _copy(vector: Any, out: Any) -> None:
    """Element by element: for slices numba would compile how to word their errors, for seconds."""
    for c in range(vector.shape[0]):
        out[c] = vector[c]


@compiled_in_place
def _included(sets: U64, include: Flags, ids: I64, faces: U64) -> int:
    """The facets that are wanted, as ``subfaces`` gives facets."""
    found = 0
    for f in range(sets.shape[0]):
        if include[f]:
            ids[found] = f
            _copy(sets[f], faces[found])
            found += 1
    return found


@compiled_in_place
def _place_of(face: U64, masks: U64, begin: int, end: int) -> int:
    """Where a face is among those from ``begin`` to before ``end``; else the end."""
    words = face.shape[0]
    for place in range(begin, end):
        if masks[place, 0] == face[0]:
            w = 1
            while w < words and masks[place, w] == face[w]:
                w += 1
            if w == words:
                return place
    return end


class _Room(NamedTuple):
    """Room for faces and edges as in ``Lattice``, and for the facets of one face: ``ids`` of those
    that cut them out, and their rays, ``found``."""

    level: I64
    masks: U64
    first: I64
    child: I64
    facet: I64
    ids: I64
    found: U64


@compiled
def _room(sets: U64, n: int, faces: int) -> _Room:
    count, words = sets.shape
    return _Room(
        np.zeros(n - n % 2 + 2, np.int64), np.zeros((faces, words), np.uint64),
        np.zeros(faces, np.int64), np.empty(2 * faces, np.int64), np.empty(2 * faces, np.int64),
        np.empty(count + 1, np.int64), np.empty((count + 1, words), np.uint64),
    )  # fmt: skip


@compiled_in_place
def _find_faces(sets: U64, include: Flags, n: int, room: _Room) -> bool:
    """All faces and edges below the facets to be included; False where there is no room."""
    level, masks, first, found = room.level, room.masks, room.first, room.found
    faces, edges, depth = 1, 0, n - n % 2
    level[1] = 1
    for f in range(sets.shape[0]):
        for w in range(sets.shape[1]):
            masks[0, w] |= sets[f, w]
    for c in range(depth):
        for face in range(level[c], level[c + 1]):
            first[face] = edges
            if c == 0:
                sides = _included(sets, include, room.ids, found)
            else:
                sides = subfaces(masks[face], sets, n - c - 1, room.ids, found)
            if edges + sides > room.child.shape[0] or faces + sides + 1 > masks.shape[0]:
                return False
            for s in range(sides):
                place = _place_of(found[s], masks, level[c + 1], faces)
                if place == faces:
                    _copy(found[s], masks[place])
                    faces += 1
                room.child[edges + s], room.facet[edges + s] = place, room.ids[s]
            edges += sides
        level[c + 2] = faces
    for face in range(level[depth], faces + 1):
        first[face] = edges
    return True


@compiled
def _incidences(sets: U64, include: Flags, n: int) -> Lattice:
    """A lattice with room for normals and frames."""
    size = 512
    room = _room(sets, n, size)
    while not _find_faces(sets, include, n, room):
        size *= 2
        room = _room(sets, n, size)
    faces = room.level[n - n % 2 + 1]
    edges = room.first[faces]
    return Lattice(
        room.level, room.masks[:faces], room.first[: faces + 1], room.child[:edges],
        room.facet[:edges],
        np.empty((edges, n)), np.empty(edges), np.empty(edges), np.empty(edges),
        np.empty((faces, n, n)), np.zeros((faces, n)), np.zeros((faces, n)),
    )  # fmt: skip


@compiled
def _units(normals: F64, radii: F64) -> _Units:
    """The error is infinite where a normal may be zero."""
    count, n = normals.shape
    units = _Units(np.empty((count, n)), np.full(count, math.inf))
    for f in range(count):
        total, radius = 0.0, radii[f]
        for c in range(n):
            total += normals[f, c] * normals[f, c]
        length = math.sqrt(total)
        for c in range(n):
            units.vector[f, c] = normals[f, c] / length
        if length > 2.0 * radius and length < math.inf:
            # |x/|x| - y/|y|| <= 2 |x - y| / (|x| + |y|)
            units.error[f] = (radius / (length - 0.5 * radius) + 1.1 * U) * SLACK
    return units


@compiled_in_place_any_order
def _residuals(
    lattice: Lattice, face: int, rank: int, units: _Units, facets: I64, begin: int, end: int,
    out: F64, o: F64, g: F64,
) -> None:  # fmt: skip
    """The unit vector along that of each of the ``facets`` from ``begin`` to before ``end``, less
    its part in the frame of a face, into the same rows of ``out``; and its o and g, infinite if it
    is not told from zero.

    One call for many facets, and no slices: passing arrays would take longer than what is done
    here.
    """
    frame, outside = lattice.frames[face], lattice.outside[face]
    n = out.shape[1]
    rounding = (n + 0.5) * U
    for row in range(begin, end):
        f = facets[row]
        o[row] = g[row] = math.inf
        radius = units.error[f]
        for c in range(n):
            out[row, c] = units.vector[f, c]
        for k in range(rank):
            along = 0.0
            for c in range(n):
                along += frame[k, c] * out[row, c]
            for c in range(n):
                out[row, c] -= along * frame[k, c]
            radius += abs(along) * outside[k] + 2.1 * U
        square = 0.0
        for c in range(n):
            square += out[row, c] * out[row, c]
        length = math.sqrt(square)
        if not (length > 0.0 and radius < _COARSE * length):
            continue
        ahead, within = 0.0, 0.0
        for c in range(n):
            out[row, c] /= length
            ahead += out[row, c] * units.vector[f, c]
        for k in range(rank):
            along = 0.0
            for c in range(n):
                along += frame[k, c] * out[row, c]
            along = abs(along) + rounding + outside[k]
            within += along * along
        within = 1.01 * math.sqrt(within)
        # It points to the side of the normal: their product exceeds what errors explain.
        if within < _COARSE and ahead > 2.0 * (within + radius + rounding):
            o[row], g[row] = (radius / length + 1.1 * U) * SLACK + TINY, within


@compiled
def _without(face: U64, sets: U64) -> I64:
    """The facets that a face is no part of."""
    found, ids = 0, np.empty(sets.shape[0], np.int64)
    for f in range(sets.shape[0]):
        if not part_of(face, sets[f]):
            ids[found] = f
            found += 1
    return ids[:found]


@compiled
def _best_residual(lattice: Lattice, ray: int, edge: int, units: _Units, facets: I64) -> None:
    """e of the edge from a ray to the apex, which each of the facets without the ray gives: the
    best one."""
    count, n = facets.shape[0], lattice.e.shape[1]
    out, o, g = np.empty((count, n)), np.empty(count), np.empty(count)
    _residuals(lattice, ray, n - 1, units, facets, 0, count, out, o, g)
    best = np.argmin(o)
    _copy(out[best], lattice.e[edge])
    lattice.o[edge], lattice.g[edge] = o[best], g[best]


@compiled_in_place
def _extend_frame(lattice: Lattice, face: int, rank: int, edge: int) -> None:
    """The frame of a face, and e of one of its edges, for the edge's child."""
    below = lattice.child[edge]
    for k in range(rank):
        _copy(lattice.frames[face, k], lattice.frames[below, k])
        lattice.outside[below, k] = lattice.outside[face, k]
        lattice.inside[below, k] = lattice.inside[face, k]
    _copy(lattice.e[edge], lattice.frames[below, rank])
    lattice.outside[below, rank] = lattice.o[edge]
    lattice.inside[below, rank] = lattice.g[edge]


@compiled
def face_lattice(sets: U64, include: Flags, normals: F64, radii: F64) -> Lattice:
    """All faces below those facets of a cone that are to be included, down to the apex for even n
    and to the rays for odd n.

    ``sets`` (facets, words): the rays on each facet. ``normals`` (facets, n): inward normals, of
    any length, each off by at most ``radii`` (facets).
    """
    n = normals.shape[1]
    depth = n - n % 2
    lattice, units = _incidences(sets, include, n), _units(normals, radii)
    faces = lattice.masks.shape[0]
    best = np.full(faces, math.inf)
    for c in range(depth):
        for face in range(lattice.level[c], lattice.level[c + 1]):
            a, b = lattice.first[face], lattice.first[face + 1]
            if c < n - 1:
                _residuals(
                    lattice, face, c, units, lattice.facet, a, b, lattice.e, lattice.o, lattice.g
                )  # fmt: skip
            else:
                _best_residual(lattice, face, a, units, _without(lattice.masks[face], sets))
            for edge in range(a, b):
                o, g = lattice.o[edge], lattice.g[edge]
                lattice.error[edge] = 1.01 * math.sqrt(o * o + g * g) + UNIT_ERROR * U
                below = lattice.child[edge]
                if c + 1 < depth and lattice.error[edge] < best[below]:  # of its parents, the best
                    best[below] = lattice.error[edge]
                    _extend_frame(lattice, face, c, edge)
    for face in range(1, lattice.level[depth]):
        if not best[face] < math.inf:
            for k in range(n):
                lattice.outside[face, k] = lattice.inside[face, k] = math.inf
    return lattice
