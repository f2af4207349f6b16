"""The squash flow of the facets of a cone in R^4 to R^7 in float64, proven, compiled.

One variable serves all faces: l runs from 0 to 1 while space is squashed along the unit vector u.
For a face K let q be the squared length of the part of u orthogonal to its span, and
k_K(l)^2 = q + l^2 (1 - q). For a facet F of the cone, a facet G of F, and so on, F', G', let y1,
.., y4 be the components of u along the inward unit normals e of F, of G within F, .. Then
(docs/notes/squash-flow.md, "By parts")

    2 pi flow(F) = - sum_G [ theta(1) P(G; 1) - integral over l of theta(l) dP(G; l) ],          (1)
    theta(l) = atan((y2 / y1) l / k_G),
    dP(G; l) = - (l dl / 2 pi) (1 / k_G) sum_F' (y3 / k_F'^2) sum_G' (y4 / k_G') P(G'; l).      (2)

P(G'; l) is elementary: 1 for the apex, 1/2 for a ray, an angle (n = 6), Girard's sum of angles
(n = 7). P(G; 1) is so for n = 4 and 5; for n = 6 and 7 it is 1/2 plus the flow of all facets of
G along a direction inside G, again by (1). Only the sign of y1 must be decided.

Errors. Every value comes with a bound for its error: truncation from ``flow_rules``, errors of
the frames from ``lattice_f64``, rounding as derived in the note. What cannot be decided comes
back with an infinite radius.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, Ball, U, add, atan, multiply
from algzoo_exact.measure.flow_rules import FlowRules
from algzoo_exact.measure.lattice_f64 import PRODUCT_ERROR, UNIT_ERROR, Lattice
from algzoo_exact.measure.squashed_angles import Heading, angles, corners_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

_ONE_OVER_TWO_PI: Ball = (1 / (2 * math.pi), U)
# Where the measure of a face starts: directions that happen to be generic for it. Any would do;
# the better its facets' components, the fewer nodes and the less error.
_TRIALS = np.random.default_rng(7).standard_normal((9, 9))
_COARSE = 2.0**-10  # relative errors above this are given up; below, SECOND covers their products
_SECOND = 1.01
_SMALL_SLIP = 2.0**-27  # its square is below U


@compiled
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
    return mid, (off + (2.5 * UNIT_ERROR * U + o * o + g * g) * abs(mid) + heading.error) * SLACK


@compiled
def components(lattice: Lattice, face: int, heading: Heading) -> F64:
    """The components of a direction along the inward normals of a face's facets, as balls."""
    first, last = lattice.first[face], lattice.first[face + 1]
    out = np.empty((last - first, 2))
    for edge in range(first, last):
        out[edge - first, 0], out[edge - first, 1] = _component(lattice, edge, heading, 0.0)
    return out


@compiled
def _faces_below(lattice: Lattice, root: int, faces: I64, ends: I64, place: I64) -> None:
    """The faces of codimension 1 to 4 in ``root``, each once; those of codimension c are
    faces[ends[c - 1]:ends[c]], and ``place`` says where a face is."""
    place[:] = -1
    faces[0] = root
    ends[0] = 1
    found, start = 1, 0
    for c in range(1, 5):
        for p in range(start, ends[c - 1]):
            for edge in range(lattice.first[faces[p]], lattice.first[faces[p] + 1]):
                below = lattice.child[edge]
                if place[below] < 0:
                    place[below] = found
                    faces[found] = below
                    found += 1
        start = ends[c - 1]
        ends[c] = found


@compiled
def flows_by_parts(
    lattice: Lattice, root: int, dimension: int, heading: Heading, tops: F64, solid: F64,
    rules: FlowRules, flows: F64,
) -> None:  # fmt: skip
    """2 pi times the flows of the facets of face ``root``, in the order of its edges, by (1).

    ``dimension`` (4 to 7) is that of the face. ``tops`` (edges, 2): y1; ``solid`` (faces, 2):
    P(G; 1) of the faces of codimension 2; ``flows`` (edges, 2): all as midpoints and radii.
    """
    count = lattice.masks.shape[0]
    faces, place, ends = np.empty(count, np.int64), np.empty(count, np.int64), np.empty(5, np.int64)
    _faces_below(lattice, root, faces, ends, place)
    edges = lattice.first[count]
    y, y_error = np.empty(edges), np.empty(edges)
    q, q_error = np.full(ends[4], -1.0), np.zeros(ends[4])  # by place
    q[0] = 0.0
    for p in range(ends[4]):
        face = faces[p]
        for edge in range(lattice.first[face], lattice.first[face + 1]):
            if p == 0:
                along, off = tops[edge - lattice.first[root]]
            else:
                along, off = _component(lattice, edge, heading, max(q[p], 0.0) + q_error[p])
            y[edge], y_error[edge] = along, off
            below = place[lattice.child[edge]]
            if p < ends[3] and q[below] < 0.0:
                q[below] = q[p] + along * along
                off = (2.0 * abs(along) + off) * off
                q_error[below] = (q_error[p] + off + 2.0 * U * q[below]) * SLACK
    first, last = lattice.first[root], lattice.first[root + 1]
    flows[:, 0], flows[:, 1] = 0.0, math.inf
    least = math.inf
    for edge in range(first, last):
        if abs(y[edge]) > y_error[edge]:
            least = min(least, abs(y[edge]) - y_error[edge])
    rule = 0
    while rule < rules.least.shape[0] and not least >= rules.least[rule]:
        rule += 1
    if rule == rules.least.shape[0] or least == math.inf:
        return
    spread = np.empty(ends[4])  # the relative error of k^2, with the operations that form it
    for p in range(1, ends[4]):
        spread[p] = (q_error[p] / q[p] + 3.5 * U) * SLACK
        if not spread[p] < _COARSE:  # perhaps u lies in the span, and in that of all facets above
            spread[p] = math.inf
    begin, end = rules.start[rule], rules.start[rule + 1]
    nodes = end - begin
    squash, t, rest = rules.squash[begin:end], rules.t[begin:end], rules.rest[begin:end]
    step = rules.step[begin:end]
    # The sums of (2) from the inside out: value and error at each node, and the flags' weights.
    value, error = np.zeros((ends[4], nodes)), np.zeros((ends[4], nodes))
    weight = np.zeros(ends[4])
    shrink = np.empty((ends[2], nodes))  # 1 / k_G
    stretch = np.empty(nodes)
    corners = np.empty((64, 2), np.int64)
    for p in range(ends[3], ends[4]):
        face = faces[p]
        measure, off = value[p], error[p]
        weight[p] = 2.0
        if dimension < 6:
            measure[:] = 1.0 if dimension == 4 else 0.5
        else:
            sides = lattice.first[face + 1] - lattice.first[face]
            if sides * (sides + 1) > corners.shape[0]:
                corners = np.empty((sides * (sides + 1), 2), np.int64)
            for i in range(nodes):
                stretch[i] = rest[i] / (t[i] + q[p] * rest[i])
            found = corners_of(lattice, face, corners)
            angles(
                lattice, face, dimension - 4, corners, found, heading, y, stretch, spread[p],
                measure, off,
            )  # fmt: skip
            weight[p] = max(2.0, 1.0 + 0.5 * found)  # a plane angle has two facets, one corner
        for i in range(nodes):
            shorter = 1.0 / math.sqrt(t[i] + q[p] * rest[i])
            off[i] = (off[i] + abs(measure[i]) * (0.5 * spread[p] + 4.0 * U)) * _SECOND * shorter
            measure[i] *= shorter
    for c in (3, 2):
        for p in range(ends[c - 1], ends[c]):
            face = faces[p]
            sides = lattice.first[face + 1] - lattice.first[face]
            for edge in range(lattice.first[face], lattice.first[face + 1]):
                below = place[lattice.child[edge]]
                weight[p] += weight[below]
                along, size = y[edge], abs(y[edge])
                wide = (y_error[edge] + (sides + 1.0) * U * size) * _SECOND
                full = size + y_error[edge]
                for i in range(nodes):
                    value[p, i] += along * value[below, i]
                    error[p, i] += full * error[below, i] + wide * abs(value[below, i])
            for i in range(nodes):
                square = t[i] + q[p] * rest[i]
                if c == 3:
                    factor, own = 1.0 / square, spread[p]
                else:
                    factor, own = 1.0 / math.sqrt(square), 0.5 * spread[p]
                    shrink[p, i] = factor
                error[p, i] = (error[p, i] + abs(value[p, i]) * (own + 4.0 * U)) * _SECOND * factor
                value[p, i] *= factor
    for edge in range(first, last):
        top = lattice.child[edge]
        y1 = y[edge]
        if not abs(y1) > y_error[edge]:
            continue
        sure = y_error[edge] / abs(y1)
        total: Ball = (0.0, 0.0)
        for side in range(lattice.first[top], lattice.first[top + 1]):
            ridge = lattice.child[side]
            p = place[ridge]
            slope = y[side] / y1
            rough = abs(slope) * (sure + 0.5 * spread[p] + 6.0 * U) + y_error[side] / abs(y1)
            rough *= _SECOND
            mid, off, size = 0.0, 0.0, 0.0
            for i in range(nodes):
                ratio = squash[i] * shrink[p, i]
                turn = atan((slope * ratio, rough * ratio))
                part = step[i] * turn[0]
                mid += part * value[p, i]
                size += abs(part * value[p, i])
                off += abs(part) * error[p, i] + step[i] * turn[1] * (
                    abs(value[p, i]) + error[p, i]
                )
            off = off * _SECOND + (nodes + 5.0) * U * size + rules.left_out[rule] * weight[p]
            # At l = 1, k_G = 1.
            ended = multiply(atan((slope, rough)), (solid[ridge, 0], solid[ridge, 1]))
            total = add(total, add(ended, multiply((mid, off), _ONE_OVER_TWO_PI)))
        flows[edge - first, 0], flows[edge - first, 1] = -total[0], total[1]


@compiled
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
def _heading(lattice: Lattice, face: int, codimension: int, rays: F64) -> Heading:
    """A direction within a face with no component along its facets' normals near 0: the best of
    some, and of the middle of its rays."""
    n = rays.shape[1]
    best, most, best_slip = np.zeros(n), -1.0, math.inf
    for trial in range(_TRIALS.shape[0] + 1):
        d = np.zeros(n)
        if trial:
            for i in range(n):
                d[i] = _TRIALS[trial - 1, i]
        else:
            for r in range(rays.shape[0]):
                if (lattice.masks[face, r // 64] >> np.uint64(r % 64)) & np.uint64(1):
                    length = 0.0
                    for i in range(n):
                        length += rays[r, i] * rays[r, i]
                    length = math.sqrt(length)
                    for i in range(n):
                        d[i] += rays[r, i] / length
        slip = _project(lattice, face, codimension, d)
        least = 1.0
        for edge in range(lattice.first[face], lattice.first[face + 1]):
            along = 0.0
            for i in range(n):
                along += lattice.e[edge, i] * d[i]
            least = min(least, abs(along))
        if least > most and slip < _SMALL_SLIP:
            best, most, best_slip = d, least, slip
    return Heading(best, 1.0, best_slip, 0.0)


@compiled
def solid_angles(lattice: Lattice, n: int, rays: F64, rules: FlowRules) -> F64:
    """P(G; 1) as balls, (faces, 2), of all faces of codimension 2, 4, .. and dimension > 1."""
    count = lattice.masks.shape[0]
    solid = np.full((count, 2), math.inf)
    base = n - n % 2 - 2
    edges = lattice.child.shape[0]
    nowhere, none = Heading(np.zeros(n), 1.0, 0.0, 0.0), np.zeros(edges)
    zero, value, error = np.zeros(1), np.empty(1), np.empty(1)
    corners = np.empty((64, 2), np.int64)
    for face in range(lattice.level[base], lattice.level[base + 1]):
        sides = lattice.first[face + 1] - lattice.first[face]
        if sides * (sides + 1) > corners.shape[0]:
            corners = np.empty((sides * (sides + 1), 2), np.int64)
        found = corners_of(lattice, face, corners)
        angles(lattice, face, n - base, corners, found, nowhere, none, zero, 0.0, value, error)
        solid[face, 0], solid[face, 1] = value[0], error[0]
    for c in range(base - 2, 1, -2):
        for face in range(lattice.level[c], lattice.level[c + 1]):
            sides = lattice.first[face + 1] - lattice.first[face]
            flows = np.empty((sides, 2))
            heading = _heading(lattice, face, c, rays)
            tops = components(lattice, face, heading)
            flows_by_parts(lattice, face, n - c, heading, tops, solid, rules, flows)
            total: Ball = (0.0, 0.0)
            above = 0
            for s in range(sides):
                total = add(total, (flows[s, 0], flows[s, 1]))
                above += tops[s, 0] > 0.0  # decided, or the radius is infinite
            start = 0.5 if above in (0, sides) else 0.0  # the measure at l = 0
            total = add(multiply(total, _ONE_OVER_TWO_PI), (start, 0.0))
            solid[face, 0], solid[face, 1] = total
    return solid


@compiled
def heading_of(u: F64, u_error: float) -> Heading:
    """A direction in the whole space, of any length, off by ``u_error`` times that at most."""
    square = 0.0
    for i in range(u.shape[0]):
        square += u[i] * u[i]
    return Heading(u, 1.0 / math.sqrt(square), 0.0, u_error * SLACK)


@compiled
def flows_from(
    lattice: Lattice, rays: F64, heading: Heading, tops: F64, rules: FlowRules, flows: F64,
    moments: F64,
) -> None:  # fmt: skip
    """``facet_flows`` where ``tops`` (facets, 2) are y1 as balls, known better than from u."""
    n = heading.vector.shape[0]
    solid = solid_angles(lattice, n, rays, rules)
    flows_by_parts(lattice, 0, n, heading, tops, solid, rules, flows)
    for f in range(lattice.first[1]):
        part = multiply((flows[f, 0], flows[f, 1]), _ONE_OVER_TWO_PI)
        flows[f, 0], flows[f, 1] = part
        if not part[1] < math.inf:
            flows[f, 0], flows[f, 1] = 0.0, math.inf
        face = lattice.child[f]
        sides = lattice.first[face + 1] - lattice.first[face]
        moments[f] = 0.0
        for edge in range(lattice.first[face], lattice.first[face + 1]):
            ridge = lattice.child[edge]
            measure, off = abs(solid[ridge, 0]), solid[ridge, 1]
            for i in range(n):
                moments[f, i] += solid[ridge, 0] * lattice.e[edge, i]
            wide = lattice.error[edge] + UNIT_ERROR * U
            moments[f, n] += off * (1.0 + wide) + measure * (wide + (sides + 1.0) * U)
        moments[f, n] *= SLACK


@compiled
def facet_flows(
    lattice: Lattice, n: int, rays: F64, u: F64, u_error: float, rules: FlowRules, flows: F64,
    moments: F64,
) -> None:  # fmt: skip
    """The flow of each facet in the lattice of a cone in R^n, n = 4 to 7, and its first moment.

    ``rays`` (rays, n): any points near the extreme rays; they serve to choose directions.
    ``u`` (n): the direction, of any length, off by ``u_error`` times that at most.
    ``flows`` (facets, 2): balls. ``moments`` (facets, n + 1): g = sum over the ridges G of F of
    P(G) e, whose last column bounds the length of its error: the integral of x p(x) over F,
    p the density of R^n on F, is g / (2 pi).
    """
    heading = heading_of(u, u_error)
    tops = components(lattice, 0, heading)
    flows_from(lattice, rays, heading, tops, rules, flows, moments)
