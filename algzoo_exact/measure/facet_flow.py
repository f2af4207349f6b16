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

from algzoo_exact.arrays import F64
from algzoo_exact.jit import compiled, compiled_in_place, compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, Ball, U, add, arg, multiply
from algzoo_exact.measure.face_components import (
    Below,
    Components,
    Heading,
    components,
    faces_below,
)
from algzoo_exact.measure.flow_rules import FlowRules
from algzoo_exact.measure.lattice_f64 import Lattice
from algzoo_exact.measure.squashed_angles import angles, room_for_angles

ONE_OVER_TWO_PI: Ball = (1 / (2 * math.pi), U)
_SECOND = 1.01  # covers products of errors below those that are given up


class _Squash(NamedTuple):
    """Space squashed along a direction: the faces below a root, and its components there; the
    nodes of ``rule`` of the ``rules``, or no rule (-1)."""

    lattice: Lattice
    below: Below
    u: Components
    rules: FlowRules
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
def _squash(lattice: Lattice, root: int, depth: int, heading: Heading, rules: FlowRules) -> _Squash:
    """With a rule that serves all facets of ``root`` that turn, if there are any."""
    below = faces_below(lattice, root, depth)
    u = components(lattice, below, heading)
    least = math.inf
    for edge in range(lattice.first[root], lattice.first[root + 1]):
        if abs(u.y[edge]) > u.error[edge]:
            least = min(least, abs(u.y[edge]) - u.error[edge])
    rule, last = (0, rules.panels) if depth == 4 else (rules.panels, rules.least.shape[0])
    while rule < last and not least >= rules.least[rule]:
        rule += 1
    begin = end = 0
    if rule == last or least == math.inf:
        rule = -1
    else:
        begin, end = rules.start[rule], rules.start[rule + 1]
    return _Squash(
        lattice, below, u, rules, rule, rules.squash[begin:end], rules.t[begin:end],
        rules.rest[begin:end], rules.step[begin:end],
    )  # fmt: skip


@compiled
def _measure_ends(s: _Squash, dimension: int, heading: Heading, sums: _Sums) -> None:
    """The elementary measures of the last faces, of this dimension, at the nodes."""
    ends = s.below.ends
    begin, end = ends[ends.shape[0] - 2], ends[ends.shape[0] - 1]
    sums.weight[begin:end] = 2.0
    if dimension < 2:
        sums.value[begin:end] = 1.0 if dimension == 0 else 0.5
        return
    stretch = np.empty(s.t.shape[0])
    room = room_for_angles(s.lattice, stretch.shape[0])
    for p in range(begin, end):
        for i in range(stretch.shape[0]):
            stretch[i] = s.rest[i] / (s.t[i] + s.u.q[p] * s.rest[i])
        corners = angles(
            s.lattice, s.below.faces[p], heading, s.u.y, stretch, s.u.spread[p], room,
            sums.value[p], sums.error[p],
        )  # fmt: skip
        sums.weight[p] = max(2.0, 1.0 + 0.5 * corners)  # a plane angle has two facets, one corner


@compiled_in_place
def _divide(s: _Squash, p: int, power: float, sums: _Sums) -> None:
    """The values of a face times 1 / k (``power`` 1/2) or 1 / k^2."""
    own = power * s.u.spread[p] + 4.0 * U
    for i in range(s.t.shape[0]):
        square = s.t[i] + s.u.q[p] * s.rest[i]
        factor = 1.0 / (math.sqrt(square) if power < 1.0 else square)
        size = abs(sums.value[p, i])
        sums.error[p, i] = (sums.error[p, i] + size * own) * _SECOND * factor
        sums.value[p, i] *= factor
        if p < sums.shrink.shape[0]:
            sums.shrink[p, i] = factor


@compiled_in_place
def _add_facets(s: _Squash, p: int, sums: _Sums) -> None:
    """The sum over a face's facets of y times their values."""
    lattice, face = s.lattice, s.below.faces[p]
    sides = lattice.first[face + 1] - lattice.first[face]
    sums.weight[p] = 0.0
    for edge in range(lattice.first[face], lattice.first[face + 1]):
        child = s.below.place[lattice.child[edge]]
        sums.weight[p] += sums.weight[child]
        along, size = s.u.y[edge], abs(s.u.y[edge])
        wide = (s.u.error[edge] + (sides + 1.0) * U * size) * _SECOND
        full = size + s.u.error[edge]
        for i in range(sums.value.shape[1]):
            sums.value[p, i] += along * sums.value[child, i]
            sums.error[p, i] += full * sums.error[child, i] + wide * abs(sums.value[child, i])


@compiled
def _integrate_back(s: _Squash, p: int, end: Ball, sums: _Sums) -> None:
    """Turns the values of dP of a face into P at the nodes, from ``end`` = P at l = 1."""
    rules, size = s.rules, s.rules.later.shape[0]
    rest, off, total = 0.0, 0.0, 0.0
    for i in range(s.step.shape[0]):
        part = s.step[i] * sums.value[p, i]
        sums.value[p, i] = part
        total += abs(part)
        off += s.step[i] * sums.error[p, i]
    # Every weight is at most ``largest_later``.
    off += (s.step.shape[0] + 6.0) * U * total
    off = off * rules.largest_later * _SECOND + rules.later_left[s.rule] * sums.weight[p]
    off = (off * ONE_OVER_TWO_PI[0] + end[1]) * _SECOND + 2.0 * U * (abs(end[0]) + total)
    fresh = np.empty(size)
    for panel in range(s.step.shape[0] // size - 1, -1, -1):
        begin = panel * size
        for i in range(size):
            value = rest
            for j in range(size):
                value += rules.later[i, j] * sums.value[p, begin + j]
            fresh[i] = end[0] + value * ONE_OVER_TWO_PI[0]
        for i in range(size):
            rest += sums.value[p, begin + i]
            sums.value[p, begin + i], sums.error[p, begin + i] = fresh[i], off
    sums.weight[p] = 1.0 + rules.growth[s.rule] * sums.weight[p]


@compiled
def _sums_at_nodes(s: _Squash, dimension: int, heading: Heading, solid: F64) -> _Sums:
    """dP of the ridges at the nodes but for l dl / 2 pi, by (2), from the last faces up."""
    ends, size = s.below.ends, s.t.shape[0]
    depth = ends.shape[0] - 1
    sums = _Sums(
        np.zeros((ends[depth], size)), np.zeros((ends[depth], size)), np.zeros(ends[depth]),
        np.empty((ends[2], size)),
    )  # fmt: skip
    _measure_ends(s, dimension - depth, heading, sums)
    for c in range(depth, 2, -2):
        for p in range(ends[c - 1], ends[c]):
            _divide(s, p, 0.5, sums)
        for p in range(ends[c - 2], ends[c - 1]):
            _add_facets(s, p, sums)
            _divide(s, p, 1.0, sums)
        for p in range(ends[c - 3], ends[c - 2]):
            _add_facets(s, p, sums)
            _divide(s, p, 0.5, sums)
            if c > 4:
                face = s.below.faces[p]
                _integrate_back(s, p, (solid[face, 0], solid[face, 1]), sums)
    return sums


@compiled_in_place
def _slope(s: _Squash, edge: int, side: int) -> Ball:
    """y2 / y1, for a facet and one of its ridges, with the rounding of its product with l / k."""
    y1, y2 = s.u.y[edge], s.u.y[side]
    slope, sure = y2 / y1, s.u.error[edge] / abs(y1)
    spread = s.u.spread[s.below.place[s.lattice.child[side]]]
    rough = abs(slope) * (sure + 0.5 * spread + 6.0 * U) + s.u.error[side] / abs(y1)
    return slope, rough * _SECOND


@compiled_in_place
def _unsure(slope: Ball) -> float:
    """How far atan(slope r) is off for r <= 1: r / (1 + m^2 r^2) <= 1 / (2 m)."""
    least = abs(slope[0]) - slope[1]
    return slope[1] * (0.5 / least if least > 0.5 else 1.0)


@compiled_in_place_any_order
def _turn(s: _Squash, p: int, one: Ball, two: Ball, sums: _Sums, solid: F64) -> Ball:
    """What a ridge G at a place adds to (1), with theta = atan(a l / k_G) + atan(b l / k_G) for
    slopes a and b: that of (1 + i a l / k_G) (1 + i b l / k_G), whose parts are off by 4 U and 2 U
    of its size, so that it is off by 5 U, beside the 8 U of ``arg``. Bounds of sums hold in any
    order."""
    a, b = one[0], two[0]
    mid, off, size, most = 0.0, 0.0, 0.0, 0.0
    for i in range(s.step.shape[0]):
        ratio = s.squash[i] * sums.shrink[p, i]
        theta = s.step[i] * arg(1.0 - (a * ratio) * (b * ratio), (a + b) * ratio)
        value = sums.value[p, i]
        mid += theta * value
        size += abs(theta * value)
        off += abs(theta) * sums.error[p, i]
        most += s.step[i] * (abs(value) + sums.error[p, i])
    blur = _unsure(one) + _unsure(two) + 13.0 * U
    off = (off + blur * most) * _SECOND + (s.step.shape[0] + 5.0) * U * size
    off += (2.0 if two[1] > 0.0 else 1.0) * s.rules.left_out[s.rule] * sums.weight[p]
    ridge = s.below.faces[p]
    # At l = 1, k_G = 1.
    ended = multiply((arg(1.0 - a * b, a + b), blur * SLACK), (solid[ridge, 0], solid[ridge, 1]))
    return add(ended, multiply((mid, off), ONE_OVER_TWO_PI))


@compiled
def flows_by_parts(
    lattice: Lattice, root: int, codimension: int, heading: Heading, solid: F64, rules: FlowRules
) -> F64:
    """2 pi times the flows of the facets of face ``root`` (edges, 2), in the order of its edges, by
    (1).

    The dimension of the face is 2 to 9. ``solid`` (faces, 2): P(G; 1) of the faces of even
    codimension below. All as midpoints and radii; the sign of y1 is decided, or the radius is
    infinite.
    """
    dimension = heading.vector.shape[0] - codimension
    s = _squash(lattice, root, max(4, dimension - dimension % 2 - 2), heading, rules)
    first, last = lattice.first[root], lattice.first[root + 1]
    flows = np.full((last - first, 2), math.inf)
    if s.rule < 0:
        return flows
    sums, none = _sums_at_nodes(s, dimension, heading, solid), (0.0, 0.0)
    for edge in range(first, last):
        if abs(s.u.y[edge]) > s.u.error[edge]:
            total, top = none, lattice.child[edge]
            for side in range(lattice.first[top], lattice.first[top + 1]):
                p = s.below.place[lattice.child[side]]
                total = add(total, _turn(s, p, _slope(s, edge, side), none, sums, solid))
            flows[edge - first, 0], flows[edge - first, 1] = -total[0], total[1]
    return flows


@compiled
def flow_of_all(
    lattice: Lattice, root: int, codimension: int, heading: Heading, solid: F64, rules: FlowRules
) -> tuple[Ball, int]:
    """The sum of ``flows_by_parts`` over all facets, each ridge once for the two that it lies in;
    and how many have y1 > 0."""
    dimension = heading.vector.shape[0] - codimension
    s = _squash(lattice, root, max(4, dimension - dimension % 2 - 2), heading, rules)
    unknown, above = (0.0, math.inf), 0
    if s.rule < 0:
        return unknown, above
    ridges = s.below.ends[2] - s.below.ends[1]
    slopes, seen = np.empty((ridges, 2, 2)), np.zeros(ridges, np.int64)
    for edge in range(lattice.first[root], lattice.first[root + 1]):
        if not abs(s.u.y[edge]) > s.u.error[edge]:
            return unknown, above
        above += s.u.y[edge] > 0.0
        top = lattice.child[edge]
        for side in range(lattice.first[top], lattice.first[top + 1]):
            ridge = s.below.place[lattice.child[side]] - s.below.ends[1]
            pair = slopes[ridge, seen[ridge] % 2]
            pair[0], pair[1] = _slope(s, edge, side)
            seen[ridge] += 1
    if np.any(seen != 2):  # not all facets of a cone
        return unknown, above
    sums, total = _sums_at_nodes(s, dimension, heading, solid), (0.0, 0.0)
    for ridge in range(ridges):
        pair = slopes[ridge]
        one, two = (pair[0, 0], pair[0, 1]), (pair[1, 0], pair[1, 1])
        total = add(total, _turn(s, s.below.ends[1] + ridge, one, two, sums, solid))
    return (-total[0], total[1]), above
