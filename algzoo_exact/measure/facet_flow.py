"""The squash flow of the facets of a cone in R^2 to R^9 in float64, proven, compiled.

One variable serves all faces: l runs from 0 to 1 while space is squashed along the unit vector u.
For a face K let q be the squared length of the part of u orthogonal to its span, and
k_K(l)^2 = q + l^2 (1 - q). For a facet F of the cone, a facet G of F, and so on, F', G', let y1,
.., y4 be the components of u along the inward unit normals e of F, of G within F, .. Then
(docs/notes/squash-flow.md, "By parts")

    2 pi flow(F) = - sum_G [ theta(1) P(G; 1) - integral over l of theta(l) dP(G; l) ],          (1)
    theta(l) = atan((y2 / y1) l / k_G),
    dP(G; l) = - (l dl / 2 pi) (1 / k_G) sum_F' (y3 / k_F'^2) sum_G' (y4 / k_G') P(G'; l).      (2)

P(G'; l) is elementary up to n = 7: 1 for the apex, 1/2 for a ray, an angle (n = 6), Girard's sum
of angles (n = 7). For n = 8 and 9 it is P(G'; 1) less the integral of (2) for G' from l to 1.
P(G; 1) is elementary up to n = 5, and for n = 2 and 3 it is all there is; else P at l = 1 is 0 or
1/2 plus the flow of all facets of the face along a direction inside it, again by (1). Only the sign
of y1 must be decided.

Errors. Every value comes with a bound for its error: truncation from ``flow_rules``, errors of
the frames from ``lattice_f64``, rounding as derived in the note. What cannot be decided comes
back with an infinite radius.
"""

from __future__ import annotations

import math
from typing import NamedTuple

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


class _Below(NamedTuple):
    """The faces of codimension 1 to ``depth`` in a face ``faces[0]``, each once: those of
    codimension c are faces[ends[c - 1]:ends[c]], and ``place`` says where a face is."""

    faces: I64
    ends: I64
    place: I64


class _Components(NamedTuple):
    """Those of a direction below a face: along each edge's normal, off by ``error`` (edges); by
    place q, and the relative error of k^2 with the operations that form it, infinite where q may
    be 0."""

    y: F64
    error: F64
    q: F64
    spread: F64


class _Nodes(NamedTuple):
    """A rule of ``FlowRules``, and its place there."""

    rule: int
    squash: F64
    t: F64
    rest: F64
    step: F64


class _Sums(NamedTuple):
    """Values at the nodes by place, off by ``error``; ``weight`` bounds them in the strip, in
    units of T / pi; ``shrink`` is 1 / k for ridges."""

    value: F64
    error: F64
    weight: F64
    shrink: F64


@compiled
def _faces_below(lattice: Lattice, root: int, depth: int) -> _Below:
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
    return _Below(faces, ends, place)


@compiled
def _components_below(lattice: Lattice, below: _Below, heading: Heading, tops: F64) -> _Components:
    depth = below.ends.shape[0] - 1
    count, edges = below.ends[depth], lattice.child.shape[0]
    y, y_error = np.empty(edges), np.empty(edges)
    q, q_error, spread = np.full(count, -1.0), np.zeros(count), np.empty(count)
    q[0] = 0.0
    for p in range(count):
        face = below.faces[p]
        for edge in range(lattice.first[face], lattice.first[face + 1]):
            if p == 0:
                along, off = tops[edge - lattice.first[face]]
            else:
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
    return _Components(y, y_error, q, spread)


@compiled
def _nodes_for(lattice: Lattice, root: int, u: _Components, rules: FlowRules, first: int) -> _Nodes:
    """A rule from ``first`` on that serves all facets of ``root`` that turn; none (-1) if there is
    no such facet, or no such rule."""
    least = math.inf
    for edge in range(lattice.first[root], lattice.first[root + 1]):
        if abs(u.y[edge]) > u.error[edge]:
            least = min(least, abs(u.y[edge]) - u.error[edge])
    rule, end = first, rules.panels if first < rules.panels else rules.least.shape[0]
    while rule < end and not least >= rules.least[rule]:
        rule += 1
    if rule == end or least == math.inf:
        nowhere = np.empty(0)
        return _Nodes(-1, nowhere, nowhere, nowhere, nowhere)
    begin, end = rules.start[rule], rules.start[rule + 1]
    return _Nodes(
        rule, rules.squash[begin:end], rules.t[begin:end], rules.rest[begin:end],
        rules.step[begin:end],
    )  # fmt: skip


@compiled
def _measure_ends(
    lattice: Lattice, dimension: int, below: _Below, heading: Heading, u: _Components,
    nodes: _Nodes, sums: _Sums,
) -> None:  # fmt: skip
    """The elementary measures of the last faces, of this dimension, at the nodes."""
    depth = below.ends.shape[0] - 1
    corners = np.empty((64, 2), np.int64)
    stretch = np.empty(nodes.t.shape[0])
    for p in range(below.ends[depth - 1], below.ends[depth]):
        face = below.faces[p]
        sums.weight[p] = 2.0
        if dimension < 2:
            for i in range(stretch.shape[0]):
                sums.value[p, i] = 1.0 if dimension == 0 else 0.5
            continue
        sides = lattice.first[face + 1] - lattice.first[face]
        if sides * (sides + 1) > corners.shape[0]:
            corners = np.empty((sides * (sides + 1), 2), np.int64)
        for i in range(stretch.shape[0]):
            stretch[i] = nodes.rest[i] / (nodes.t[i] + u.q[p] * nodes.rest[i])
        found = corners_of(lattice, face, corners)
        angles(
            lattice, face, dimension, corners, found, heading, u.y, stretch, u.spread[p],
            sums.value[p], sums.error[p],
        )  # fmt: skip
        sums.weight[p] = max(2.0, 1.0 + 0.5 * found)  # a plane angle has two facets, one corner


@compiled
def _divide(p: int, power: float, u: _Components, nodes: _Nodes, sums: _Sums) -> None:
    """The values of a face times 1 / k (``power`` 1/2) or 1 / k^2."""
    own = power * u.spread[p] + 4.0 * U
    for i in range(nodes.t.shape[0]):
        square = nodes.t[i] + u.q[p] * nodes.rest[i]
        factor = 1.0 / (math.sqrt(square) if power < 1.0 else square)
        size = abs(sums.value[p, i])
        sums.error[p, i] = (sums.error[p, i] + size * own) * _SECOND * factor
        sums.value[p, i] *= factor
        if p < sums.shrink.shape[0]:
            sums.shrink[p, i] = factor


@compiled
def _add_facets(lattice: Lattice, p: int, below: _Below, u: _Components, sums: _Sums) -> None:
    """The sum over a face's facets of y times their values."""
    face = below.faces[p]
    sides = lattice.first[face + 1] - lattice.first[face]
    sums.weight[p] = 0.0
    for edge in range(lattice.first[face], lattice.first[face + 1]):
        child = below.place[lattice.child[edge]]
        sums.weight[p] += sums.weight[child]
        along, size = u.y[edge], abs(u.y[edge])
        wide = (u.error[edge] + (sides + 1.0) * U * size) * _SECOND
        full = size + u.error[edge]
        for i in range(sums.value.shape[1]):
            sums.value[p, i] += along * sums.value[child, i]
            sums.error[p, i] += full * sums.error[child, i] + wide * abs(sums.value[child, i])


@compiled
def _integrate_back(p: int, end: Ball, nodes: _Nodes, sums: _Sums, rules: FlowRules) -> None:
    """Turns the values of dP of a face into P at the nodes, from ``end`` = P at l = 1."""
    size = rules.later.shape[0]
    rest, off, total = 0.0, 0.0, 0.0
    for i in range(nodes.step.shape[0]):
        part = nodes.step[i] * sums.value[p, i]
        sums.value[p, i] = part
        total += abs(part)
        off += nodes.step[i] * sums.error[p, i]
    # Every weight is at most ``largest_later``.
    off += (nodes.step.shape[0] + 6.0) * U * total
    off = off * rules.largest_later * _SECOND + rules.later_left[nodes.rule] * sums.weight[p]
    off = (off * _ONE_OVER_TWO_PI[0] + end[1]) * _SECOND + 2.0 * U * (abs(end[0]) + total)
    fresh = np.empty(size)
    for panel in range(nodes.step.shape[0] // size - 1, -1, -1):
        begin = panel * size
        for i in range(size):
            value = rest
            for j in range(size):
                value += rules.later[i, j] * sums.value[p, begin + j]
            fresh[i] = end[0] + value * _ONE_OVER_TWO_PI[0]
        for i in range(size):
            rest += sums.value[p, begin + i]
            sums.value[p, begin + i], sums.error[p, begin + i] = fresh[i], off
    sums.weight[p] = 1.0 + rules.growth[nodes.rule] * sums.weight[p]


@compiled
def flows_by_parts(
    lattice: Lattice, root: int, dimension: int, heading: Heading, tops: F64, solid: F64,
    rules: FlowRules, flows: F64,
) -> None:  # fmt: skip
    """2 pi times the flows of the facets of face ``root``, in the order of its edges, by (1).

    ``dimension`` (2 to 9) is that of the face. ``tops`` (edges, 2): y1; ``solid`` (faces, 2):
    P(G; 1) of the faces of even codimension below; ``flows`` (edges, 2): all as midpoints and
    radii.
    """
    depth = max(4, dimension - dimension % 2 - 2)
    below = _faces_below(lattice, root, depth)
    u = _components_below(lattice, below, heading, tops)
    first, last = lattice.first[root], lattice.first[root + 1]
    for f in range(last - first):
        flows[f, 0], flows[f, 1] = 0.0, math.inf
    nodes = _nodes_for(lattice, root, u, rules, 0 if depth == 4 else rules.panels)
    if nodes.rule < 0:
        return
    count, size = below.ends[depth], nodes.t.shape[0]
    sums = _Sums(
        np.zeros((count, size)), np.zeros((count, size)), np.zeros(count),
        np.empty((below.ends[2], size)),
    )  # fmt: skip
    _measure_ends(lattice, dimension - depth, below, heading, u, nodes, sums)
    for c in range(depth, 2, -2):
        for p in range(below.ends[c - 1], below.ends[c]):
            _divide(p, 0.5, u, nodes, sums)
        for p in range(below.ends[c - 2], below.ends[c - 1]):
            _add_facets(lattice, p, below, u, sums)
            _divide(p, 1.0, u, nodes, sums)
        for p in range(below.ends[c - 3], below.ends[c - 2]):
            _add_facets(lattice, p, below, u, sums)
            _divide(p, 0.5, u, nodes, sums)
            if c > 4:
                face = below.faces[p]
                _integrate_back(p, (solid[face, 0], solid[face, 1]), nodes, sums, rules)
    for edge in range(first, last):
        if abs(u.y[edge]) > u.error[edge]:
            found = _turn(lattice, edge, below, u, nodes, sums, solid, rules)
            flows[edge - first, 0], flows[edge - first, 1] = found


@compiled
def _turn(
    lattice: Lattice, edge: int, below: _Below, u: _Components, nodes: _Nodes, sums: _Sums,
    solid: F64, rules: FlowRules,
) -> Ball:  # fmt: skip
    """2 pi times the flow of the facet that an edge leads to: minus the sum of (1)."""
    top, y1 = lattice.child[edge], u.y[edge]
    sure = u.error[edge] / abs(y1)
    total: Ball = (0.0, 0.0)
    for side in range(lattice.first[top], lattice.first[top + 1]):
        ridge = lattice.child[side]
        p = below.place[ridge]
        slope = u.y[side] / y1
        rough = abs(slope) * (sure + 0.5 * u.spread[p] + 6.0 * U) + u.error[side] / abs(y1)
        rough *= _SECOND
        mid, off, size = 0.0, 0.0, 0.0
        for i in range(nodes.step.shape[0]):
            ratio = nodes.squash[i] * sums.shrink[p, i]
            turn = atan((slope * ratio, rough * ratio))
            part = nodes.step[i] * turn[0]
            value = sums.value[p, i]
            mid += part * value
            size += abs(part * value)
            off += abs(part) * sums.error[p, i] + nodes.step[i] * turn[1] * (
                abs(value) + sums.error[p, i]
            )
        off = off * _SECOND + (nodes.step.shape[0] + 5.0) * U * size
        off += rules.left_out[nodes.rule] * sums.weight[p]
        # At l = 1, k_G = 1.
        ended = multiply(atan((slope, rough)), (solid[ridge, 0], solid[ridge, 1]))
        total = add(total, add(ended, multiply((mid, off), _ONE_OVER_TWO_PI)))
    return -total[0], total[1]


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
    solid = np.full((lattice.masks.shape[0], 2), math.inf)
    if n < 4:  # the apex, or rays
        for face in range(lattice.level[2], lattice.level[3]):
            solid[face, 0], solid[face, 1] = 1.0 if n == 2 else 0.5, 0.0
        return solid
    base = n - n % 2 - 2
    nowhere, none = Heading(np.zeros(n), 1.0, 0.0, 0.0), np.zeros(lattice.child.shape[0])
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
            solid[face, 0], solid[face, 1] = solid_angle(lattice, face, c, n, rays, solid, rules)
    return solid


@compiled
def solid_angle(
    lattice: Lattice, face: int, codimension: int, n: int, rays: F64, solid: F64, rules: FlowRules
) -> Ball:
    """P(K; 1) of a face K of dimension > 1 from those of the faces of even codimension in it."""
    sides = lattice.first[face + 1] - lattice.first[face]
    flows = np.empty((sides, 2))
    heading = _heading(lattice, face, codimension, rays)
    tops = components(lattice, face, heading)
    flows_by_parts(lattice, face, n - codimension, heading, tops, solid, rules, flows)
    total: Ball = (0.0, 0.0)
    above = 0
    for s in range(sides):
        total = add(total, (flows[s, 0], flows[s, 1]))
        above += tops[s, 0] > 0.0  # decided, or the radius is infinite
    start = 0.5 if above in (0, sides) else 0.0  # the measure at l = 0
    return add(multiply(total, _ONE_OVER_TWO_PI), (start, 0.0))


@compiled
def facet_flows(
    lattice: Lattice, n: int, rays: F64, u: F64, u_error: float, rules: FlowRules, flows: F64,
    moments: F64,
) -> None:  # fmt: skip
    """The flow of each facet in the lattice of a cone in R^n, n = 2 to 9, and its first moment.

    ``rays`` (rays, n): any points near the extreme rays; they serve to choose directions.
    ``u`` (n): the direction, of any length, off by ``u_error`` times that at most.
    ``flows`` (facets, 2): balls. ``moments`` (facets, n + 1): g = sum over the ridges G of F of
    P(G) e, whose last column bounds the length of its error: the integral of x p(x) over F,
    p the density of R^n on F, is g / (2 pi).
    """
    square = 0.0
    for i in range(n):
        square += u[i] * u[i]
    heading = Heading(u, 1.0 / math.sqrt(square), 0.0, u_error * SLACK)
    tops = components(lattice, 0, heading)
    root = lattice.level[0]
    solid = solid_angles(lattice, n, rays, rules)
    flows_by_parts(lattice, root, n, heading, tops, solid, rules, flows)
    for f in range(lattice.first[1]):
        part = multiply((flows[f, 0], flows[f, 1]), _ONE_OVER_TWO_PI)
        flows[f, 0], flows[f, 1] = part
        if not part[1] < math.inf:
            flows[f, 0], flows[f, 1] = 0.0, math.inf
    facet_moments(lattice, solid, moments)


@compiled
def facet_moments(lattice: Lattice, solid: F64, moments: F64) -> None:
    """The first moment of each facet in the lattice, as in ``facet_flows``, from the ``solid``
    angles of its faces."""
    n = lattice.e.shape[1]
    for f in range(lattice.first[1]):
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
