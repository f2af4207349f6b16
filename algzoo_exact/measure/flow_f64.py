"""The squash flow in float64, compiled: Gaussian measure of a union of cones by its boundary.

Space is squashed along a unit vector u, |x|_l^2 = |x|^2 - (1 - l^2)(u.x)^2 with l from 0 to 1.
By Schläfli's differential formula the measure of a polyhedral set S changes only through its
facets F and their facets G (docs/notes/squash-flow.md),

    P(S) = P(S; l = 0) + sum over (F, G) of integral_0^1 P_{n-2}(G; l) db_FG / (2 pi).       (1)

With e1 the inward unit normal of F, e2 the unit normal of G in F pointing into F, v = e1.u,
m = e2.u, p^2 = v^2 + m^2 and k^2 = p^2 + l^2 (1 - p^2),

    db = -v m dl / ((v^2 + l^2 (1 - v^2)) k).                                                (2)

The substitution l = v' sinh y, v' = |v| / sqrt(1 - v^2), makes this -sgn(v) m dy /
(sqrt(1 - v^2) k cosh y), analytic for |Im y| < pi/2 whatever the geometry; panels of length at
most 1.6 with 12 Gauss-Legendre nodes leave an error near 1e-15.

Values from here are `numeric`: accurate to rounding, not proven.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from algzoo_exact.geometry.cone import Cone
from algzoo_exact.jit import compiled
from algzoo_exact.measure.faces_f64 import first_ray, ray_sets, subfaces
from algzoo_exact.measure.schlafli_f64 import double_flag_f64

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

_NODES, _WEIGHTS = leggauss(12)
_NODES = 0.5 + 0.5 * _NODES
_WEIGHTS = 0.5 * _WEIGHTS
_PANEL = 1.6
_POLE = 1e-12  # components this small are left to the quadrature, which has no poles
_LEAST = 1e-18  # smaller components count as this: the flow is continuous in u
_MOST_NODES = 12 * 32  # asinh(1 / _LEAST) < 27 * 1.6


@compiled
def _residual(vector: F64, frame: F64, rank: int, out: F64) -> float:
    """Unit vector along the part of ``vector`` orthogonal to ``frame[:rank]``; its length.

    Two passes of Gram-Schmidt keep it orthogonal to rounding (Giraud et al., 2005).
    """
    n = vector.shape[0]
    for c in range(n):
        out[c] = vector[c]
    length = 0.0
    for _ in range(2):
        for k in range(rank):
            s = 0.0
            for c in range(n):
                s += frame[k, c] * out[c]
            for c in range(n):
                out[c] -= s * frame[k, c]
    for c in range(n):
        length += out[c] * out[c]
    length = math.sqrt(length)
    if length > 0.0:
        for c in range(n):
            out[c] /= length
    return length


@compiled
def _dot(a: F64, b: F64) -> float:
    s = 0.0
    for c in range(a.shape[0]):
        s += a[c] * b[c]
    return s


@compiled
def _corners(
    face: U64, sets: U64, walls: I64, count: int, normals: F64, frame: F64, rank: int, u: F64,
    ids: I64, faces: U64, inward: F64, corners: F64,
) -> int:  # fmt: skip
    """Corners of a cone G of dimension 2 or 3, each as (c, s, w1, w2); returns their number.

    A corner is a pair of facets of G that meet (at a ray, or at the apex). With b1, b2 their
    inward unit normals in the span of G: c = b1.b2, b2 = c b1 + s b', w1 = b1.u, w2 = b'.u.
    """
    n = u.shape[0]
    dim = n - rank
    sides = subfaces(face, sets, walls, count, dim - 1, ids, faces)
    for f in range(sides):
        _residual(normals[ids[f]], frame, rank, inward[f])
    found = 0
    for f in range(sides):
        for g in range(f + 1, sides):
            meet = dim == 2
            for w in range(face.shape[0]):
                if faces[f, w] & faces[g, w]:
                    meet = True
            if meet:
                b1, b2 = inward[f], inward[g]
                c = _dot(b1, b2)
                s2 = 0.0
                w2 = 0.0
                for q in range(n):  # b2 - c b1, not 1 - c^2: no cancellation
                    rest = b2[q] - c * b1[q]
                    s2 += rest * rest
                    w2 += rest * u[q]
                s = math.sqrt(s2)
                corners[found, 0] = c
                corners[found, 1] = s
                corners[found, 2] = _dot(b1, u)
                corners[found, 3] = w2 / s if s > 0.0 else 0.0
                found += 1
    return found


@compiled
def _small_measure(dim: int, corners: F64, count: int, stretch: float) -> float:
    """Measure of a squashed cone of dimension 2 or 3, from its corners.

    ``stretch`` = (1 - l^2) / k^2, so that the dual metric is a.b + stretch (a.u)(b.u). Interior
    angles are arguments of complex numbers in the upper half plane; their product is formed with
    a count of the turns, and one arctangent ends it. dim 2: angle / (2 pi). dim 3: Girard's
    (sum of angles - (corners - 2) pi) / (4 pi).
    """
    re, im = 1.0, 0.0
    turns = 0
    for q in range(count):
        c, s, w1, w2 = corners[q, 0], corners[q, 1], corners[q, 2], corners[q, 3]
        x = -(c * (1.0 + stretch * w1 * w1) + stretch * s * w1 * w2)
        y = s * math.sqrt(1.0 + stretch * (w1 * w1 + w2 * w2))
        old = im
        re, im = re * x - im * y, re * y + im * x
        if old >= 0.0 and im < 0.0:
            turns += 1
    total = math.atan2(im, re) + 2.0 * np.pi * turns
    if dim == 2:
        return total / (2.0 * np.pi)
    return (total - (count - 2) * np.pi) / (4.0 * np.pi)


@compiled
def _closed_ridge(dim: int, corners: F64, count: int, u1: float, u2: float) -> float:
    """2 pi times a ridge's part of the flow by dilogarithms, n = 4 and 5; NaN near their poles.

    - c(G) atan M + (1 / 2 pi) sum T4, for n = 5 with half the sum: the formulas of ``flow``. Each
    corner has two flags: b1 with the direction b', and b2 with the other direction.
    """
    positive = negative = True
    total = 0.0
    for q in range(count):
        c, s, w1, w2 = corners[q, 0], corners[q, 1], corners[q, 2], corners[q, 3]
        w3, w4 = c * w1 + s * w2, s * w1 - c * w2
        if min(abs(w1), abs(w3)) < _POLE:
            return math.nan
        positive = positive and w1 > 0.0 and w3 > 0.0
        negative = negative and w1 < 0.0 and w3 < 0.0
        total += double_flag_f64(u1, u2, w1, w2)
        total += double_flag_f64(u1, u2, w3, w4)
    seen = 0.5 if positive or negative else 0.0
    return (total if dim == 2 else 0.5 * total) / (2.0 * math.pi) - seen * math.atan(u2 / u1)


@compiled
def _nodes(v: float, squash: F64, step: F64, weight: F64) -> int:
    """Nodes l, weights for integral f dl, and for integral f db m / k, by (2); their number."""
    root = math.sqrt((1.0 - v) * (1.0 + v))
    end = math.asinh(root / abs(v))
    panels = int(end / _PANEL) + 1
    width = end / panels
    q = 0
    for panel in range(panels):
        for i in range(12):
            y = (panel + _NODES[i]) * width
            cosh = math.cosh(y)
            squash[q] = abs(v) / root * math.sinh(y)
            step[q] = abs(v) / root * cosh * width * _WEIGHTS[i]
            weight[q] = math.copysign(1.0, -v) / root * width * _WEIGHTS[i] / cosh
            q += 1
    return q


@compiled
def _deep_ridge(
    ridge: U64, sets: U64, facets: I64, facet_count: int, normals: F64, frame: F64, u: F64,
    squash: F64, step: F64, nodes: int, inward: F64, corners: F64,
) -> float:  # fmt: skip
    """n = 6: minus the integral of P_4(G; l) d theta(l), theta = atan(M l / k), for one ridge G.

    P_4(G; l) = c(G) - (1 / 2 pi) sum over (F', G') of I(l), I the integral of P_2(G') d theta'
    up to l, theta' = atan(M' k / k4), k4^2 = k^2 + rho2 (1 - l^2). By parts,

        integral I d theta = theta(1) I(1) - integral theta(l) P_2(G'; l) d theta'(l),

    d theta' = M' rho2 l dl / (k k4 (k4^2 + M'^2 k^2)), and I(1) is a sum of double flags.
    """
    words = sets.shape[1]
    ids = np.empty(facet_count + 1, np.int64)
    faces = np.empty((facet_count + 1, words), np.uint64)
    deeper = np.empty(facet_count + 1, np.int64)
    deeper_faces = np.empty((facet_count + 1, words), np.uint64)
    side_ids = np.empty(facet_count + 1, np.int64)
    side_faces = np.empty((facet_count + 1, words), np.uint64)
    u1, u2 = _dot(frame[0], u), _dot(frame[1], u)
    rho1 = u1 * u1 + u2 * u2
    rest = max(0.0, 1.0 - rho1)
    end = math.atan(u2 / u1)
    positive = negative = True
    total = 0.0
    walls = subfaces(ridge, sets, facets, facet_count, 3, ids, faces)
    for f in range(walls):
        _residual(normals[ids[f]], frame, 2, frame[2])
        u3 = _dot(frame[2], u)
        if abs(u3) < _LEAST:
            u3 = _LEAST
        positive = positive and u3 >= 0.0
        negative = negative and u3 < 0.0
        edges = subfaces(faces[f], sets, facets, facet_count, 2, deeper, deeper_faces)
        for g in range(edges):
            _residual(normals[deeper[g]], frame, 3, frame[3])
            u4 = _dot(frame[3], u)
            if u4 == 0.0:
                continue
            _corners(
                deeper_faces[g], sets, facets, facet_count, normals, frame, 4, u,
                side_ids, side_faces, inward, corners,
            )  # fmt: skip
            c, s, w1, w2 = corners[0, 0], corners[0, 1], corners[0, 2], corners[0, 3]
            w3, w4 = c * w1 + s * w2, s * w1 - c * w2  # the other side: its normal and its ray
            w1 = _LEAST if abs(w1) < _LEAST else w1
            w3 = _LEAST if abs(w3) < _LEAST else w3
            seen = (w1 >= 0.0) == (w3 >= 0.0)
            whole = 0.5 * math.atan(u4 / u3) if seen else 0.0
            whole -= double_flag_f64(u3, u4, w1, w2) / (2.0 * np.pi)
            whole -= double_flag_f64(u3, u4, w3, w4) / (2.0 * np.pi)
            rho2 = u3 * u3 + u4 * u4
            slope = u4 / u3
            part = 0.0
            for q in range(nodes):
                l = squash[q]  # noqa: E741 - the squash factor's usual name
                k2 = rho1 + l * l * rest
                k = math.sqrt(k2)
                k42 = k2 + rho2 * (1.0 - l * l)
                measure = _small_measure(2, corners, 1, (1.0 - l * l) / k42)
                change = slope * rho2 * l / (k * math.sqrt(k42) * (k42 + slope * slope * k2))
                part += step[q] * math.atan(u2 / u1 * l / k) * measure * change
            total += (end * whole - part) / (2.0 * np.pi)
    if positive or negative:
        total -= 0.5 * end
    return total


@compiled
def cell_flow(
    x: F64, count: int, sets: U64, facets: I64, facet_count: int, include: U64, normals: F64,
    u: F64, closed: bool,
) -> float:  # fmt: skip
    """The sum of (1) over the facets of one cone whose flag in ``include`` is set, 2 <= n <= 6.

    ``x`` (rays, n): its extreme rays. ``sets`` (walls, words): the rays on each wall.
    ``facets``: one wall for each facet, as ``subfaces`` gives it; ``include`` by position in it.
    ``normals`` (walls, n): inward normals, of any length. ``u`` (n): the unit direction.
    ``closed``: dilogarithms for n = 4 and 5, which are faster; else the quadrature of (2).
    """
    n = u.shape[0]
    words = sets.shape[1]
    frame = np.empty((4, n))
    ids = np.empty(facet_count + 1, np.int64)
    faces = np.empty((facet_count + 1, words), np.uint64)
    side_ids = np.empty(facet_count + 1, np.int64)
    side_faces = np.empty((facet_count + 1, words), np.uint64)
    inward = np.empty((facet_count + 1, n))
    corners = np.empty((facet_count * (facet_count + 1), 4))
    squash = np.empty(_MOST_NODES)
    step = np.empty(_MOST_NODES)
    weight = np.empty(_MOST_NODES)
    total = 0.0
    for f in range(facet_count):
        if not include[f]:
            continue
        wall = facets[f]
        _residual(normals[wall], frame, 0, frame[0])
        v = _dot(frame[0], u)
        if v == 0.0 or abs(v) >= 1.0:  # db = 0
            continue
        v = math.copysign(max(abs(v), _LEAST), v)
        if n == 2:
            _residual(x[first_ray(sets[wall])], frame, 1, frame[1])
            total -= math.atan(_dot(frame[1], u) / v) / (2.0 * np.pi)
            continue
        nodes = 0
        ridges = subfaces(sets[wall], sets, facets, facet_count, n - 2, ids, faces)
        for g in range(ridges):
            _residual(normals[ids[g]], frame, 1, frame[1])
            m = _dot(frame[1], u)
            if m == 0.0:
                continue
            if n == 3:
                total -= math.atan(m / v) / (4.0 * np.pi)
                continue
            if nodes == 0 and (n == 6 or not closed):
                nodes = _nodes(v, squash, step, weight)
            if n == 6:
                total += _deep_ridge(
                    faces[g], sets, facets, facet_count, normals, frame, u, squash, step, nodes,
                    inward, corners,
                ) / (2.0 * np.pi)  # fmt: skip
                continue
            corner_count = _corners(
                faces[g], sets, facets, facet_count, normals, frame, 2, u,
                side_ids, side_faces, inward, corners,
            )  # fmt: skip
            if closed:
                part = _closed_ridge(n - 2, corners, corner_count, v, m)
                if not math.isnan(part):
                    total += part / (2.0 * math.pi)
                    continue
                if nodes == 0:
                    nodes = _nodes(v, squash, step, weight)
            p2 = v * v + m * m
            part = 0.0
            for q in range(nodes):
                l2 = squash[q] * squash[q]
                k2 = p2 + l2 * max(0.0, 1.0 - p2)
                measure = _small_measure(n - 2, corners, corner_count, (1.0 - l2) / k2)
                part += weight[q] / math.sqrt(k2) * measure
            total += m * part / (2.0 * np.pi)
    return total


def cone_measure_f64(cone: Cone) -> float:
    """Gaussian measure of one cone in float64, 2 <= n <= 6; not proven."""
    x = np.array([[c / max(map(abs, ray)) for c in ray] for ray in cone.rays])
    largest = max(cone.walls)
    words = largest // 64 + 1
    masks = np.array(
        [[mask >> (64 * w) & (2**64 - 1) for w in range(words)] for mask in cone.tight], np.uint64
    )
    normals = np.zeros((largest + 1, cone.dimension))
    for wall, row in zip(cone.walls, cone.inequalities, strict=True):
        size = max(map(abs, row)) or 1
        normals[wall] = [c / size for c in row]
    u = np.sum(x / np.linalg.norm(x, axis=1)[:, None], axis=0)
    return 0.5 + float(_flow_of_cone(x, masks, normals, u / np.linalg.norm(u)))


@compiled
def _flow_of_cone(x: F64, masks: U64, normals: F64, u: F64) -> float:
    """Flow of all facets of one cone."""
    walls = normals.shape[0]
    sets = ray_sets(masks, x.shape[0], walls)
    full = np.zeros(sets.shape[1], np.uint64)
    for r in range(x.shape[0]):
        full[r // 64] |= np.uint64(1) << np.uint64(r % 64)
    ids = np.empty(walls, np.int64)
    faces = np.empty((walls, sets.shape[1]), np.uint64)
    found = subfaces(full, sets, np.arange(walls), walls, x.shape[1] - 1, ids, faces)
    return cell_flow(x, x.shape[0], sets, ids, found, np.ones(found, np.uint64), normals, u, True)
