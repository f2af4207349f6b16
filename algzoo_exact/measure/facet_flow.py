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

from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import Ball, U, add, atan, multiply
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

F64 = NDArray[np.float64]

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
    stretch = np.empty(s.t.shape[0])
    room = room_for_angles(s.lattice, stretch.shape[0])
    for p in range(ends[ends.shape[0] - 2], ends[ends.shape[0] - 1]):
        sums.weight[p] = 2.0
        if dimension < 2:
            for i in range(stretch.shape[0]):
                sums.value[p, i] = 1.0 if dimension == 0 else 0.5
            continue
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
def flows_by_parts(
    lattice: Lattice, root: int, codimension: int, heading: Heading, solid: F64, rules: FlowRules
) -> tuple[F64, F64]:
    """2 pi times the flows of the facets of face ``root`` (edges, 2), in the order of its edges, by
    (1); and the components y1 of the ``heading`` along their normals, (edges).

    The dimension of the face is 2 to 9. ``solid`` (faces, 2): P(G; 1) of the faces of even
    codimension below. All as midpoints and radii; the sign of y1 is decided, or the radius is
    infinite.
    """
    dimension = heading.vector.shape[0] - codimension
    depth = max(4, dimension - dimension % 2 - 2)
    s = _squash(lattice, root, depth, heading, rules)
    first, last = lattice.first[root], lattice.first[root + 1]
    flows, tops = np.zeros((last - first, 2)), np.empty(last - first)
    for f in range(last - first):
        flows[f, 1], tops[f] = math.inf, s.u.y[first + f]
    if s.rule < 0:
        return flows, tops
    ends, size = s.below.ends, s.t.shape[0]
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
    for edge in range(first, last):
        if abs(s.u.y[edge]) > s.u.error[edge]:
            found = _turn(s, edge, sums, solid)
            flows[edge - first, 0], flows[edge - first, 1] = found
    return flows, tops


@compiled_in_place
def _turn(s: _Squash, edge: int, sums: _Sums, solid: F64) -> Ball:
    """2 pi times the flow of the facet that an edge leads to: minus the sum of (1)."""
    lattice, top, y1 = s.lattice, s.lattice.child[edge], s.u.y[edge]
    sure = s.u.error[edge] / abs(y1)
    total: Ball = (0.0, 0.0)
    for side in range(lattice.first[top], lattice.first[top + 1]):
        ridge = lattice.child[side]
        p = s.below.place[ridge]
        slope = s.u.y[side] / y1
        rough = abs(slope) * (sure + 0.5 * s.u.spread[p] + 6.0 * U) + s.u.error[side] / abs(y1)
        rough *= _SECOND
        mid, off, size = 0.0, 0.0, 0.0
        for i in range(s.step.shape[0]):
            ratio = s.squash[i] * sums.shrink[p, i]
            turn = atan((slope * ratio, rough * ratio))
            part = s.step[i] * turn[0]
            value = sums.value[p, i]
            mid += part * value
            size += abs(part * value)
            off += abs(part) * sums.error[p, i] + s.step[i] * turn[1] * (
                abs(value) + sums.error[p, i]
            )
        off = off * _SECOND + (s.step.shape[0] + 5.0) * U * size
        off += s.rules.left_out[s.rule] * sums.weight[p]
        # At l = 1, k_G = 1.
        ended = multiply(atan((slope, rough)), (solid[ridge, 0], solid[ridge, 1]))
        total = add(total, add(ended, multiply((mid, off), ONE_OVER_TWO_PI)))
    return -total[0], total[1]
