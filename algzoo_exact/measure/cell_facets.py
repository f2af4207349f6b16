"""Flows, moments and measures of many cones from their facets, in float64 balls, compiled: what
every score, gradient and table of cells is made of.

A face's measure is 1 for the apex and 1/2 for a ray, elementary in dimension 2 and 3, and else
0 or 1/2 plus the flow of all its facets along a direction inside it.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64, U64, Flags
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.balls_f64 import SLACK, Ball, U, add, multiply
from algzoo_exact.measure.face_components import Heading, heading_within
from algzoo_exact.measure.facet_flow import ONE_OVER_TWO_PI, flow_of_all, flows_by_parts
from algzoo_exact.measure.flow_rules import FlowRules, flow_rules
from algzoo_exact.measure.lattice_f64 import UNIT_ERROR, Lattice, face_lattice
from algzoo_exact.measure.squashed_angles import angles, room_for_angles


class Facets(NamedTuple):
    """The facets of C cones in R^n, n = 2 to 9, of at most R rays and F facets each.

    ``ray`` (C, R, n): points near the extreme rays, which serve to choose directions; ``rays`` (C):
    their numbers. ``number`` (C): of facets. ``on`` (C, F, words): the rays on each facet as
    a bit mask. ``wall`` (C, F): what its hyperplane is called. ``normal`` (C, F, n): inward, of any
    length, off by ``radius`` (C, F) at most. ``include`` (C, F): facets to be looked at; all of a
    cone bound them, and are to be there where any is.
    """

    ray: F64
    rays: I64
    number: I64
    on: U64
    wall: I64
    normal: F64
    radius: F64
    include: Flags


class FacetSums(NamedTuple):
    """What comes out; radii are infinite where float64 does not decide.

    ``flow`` (C, F, 2): the flow of each facet. ``moment`` (C, F, n + 1): its first moment
    g = sum over its ridges G of P(G) e, whose last column bounds the length of its error; the
    integral of x p(x) over the facet, p the density of R^n on it, is g / (2 pi). ``measure``
    (C, 2), of cones whose facets are all included. Arrays without rows are not asked for.
    """

    flow: F64
    moment: F64
    measure: F64


@compiled
def _solid_angles(lattice: Lattice, rays: F64, rules: FlowRules) -> F64:
    """P(G; 1) as balls, (faces, 2), of all faces of codimension 2, 4, .. below the cone."""
    n = rays.shape[1]
    solid = np.full((lattice.masks.shape[0], 2), math.inf)
    if n < 4:  # the apex, or rays
        for face in range(lattice.level[2], lattice.level[3]):
            solid[face, 0], solid[face, 1] = 1.0 if n == 2 else 0.5, 0.0
        return solid
    base = n - n % 2 - 2
    nowhere, none = Heading(np.zeros(n), 1.0, 0.0), np.zeros(lattice.child.shape[0])
    zero, value, error, room = np.zeros(1), np.empty(1), np.empty(1), room_for_angles(lattice, 1)
    for face in range(lattice.level[base], lattice.level[base + 1]):
        angles(lattice, face, nowhere, none, zero, 0.0, room, value, error)
        solid[face, 0], solid[face, 1] = value[0], error[0]
    for c in range(base - 2, 1, -2):
        for face in range(lattice.level[c], lattice.level[c + 1]):
            solid[face, 0], solid[face, 1] = _solid_angle(lattice, face, c, rays, solid, rules)
    return solid


@compiled
def _solid_angle(
    lattice: Lattice, face: int, codimension: int, rays: F64, solid: F64, rules: FlowRules
) -> Ball:
    """P(K; 1) of a face K of dimension > 1 from those of the faces of even codimension in it."""
    heading = heading_within(lattice, face, codimension, rays)
    total, above = flow_of_all(lattice, face, codimension, heading, solid, rules)
    facets = lattice.first[face + 1] - lattice.first[face]
    start = 0.5 if above in (0, facets) else 0.0  # the measure at l = 0
    return add(multiply(total, ONE_OVER_TWO_PI), (start, 0.0))


@compiled_in_place
def _facet_moment(lattice: Lattice, facet: int, solid: F64, moment: F64) -> None:
    """That of one facet in the lattice, into ``moment`` (n + 1)."""
    n, face = lattice.e.shape[1], lattice.child[facet]
    sides = lattice.first[face + 1] - lattice.first[face]
    off = 0.0
    for edge in range(lattice.first[face], lattice.first[face + 1]):
        ridge = lattice.child[edge]
        for i in range(n):
            moment[i] += solid[ridge, 0] * lattice.e[edge, i]
        wide = lattice.error[edge] + UNIT_ERROR * U
        off += solid[ridge, 1] * (1.0 + wide)
        off += abs(solid[ridge, 0]) * (wide + (sides + 1.0) * U)
    moment[n] = off * SLACK


@compiled
def sum_facets(facets: Facets, u: F64, rules: FlowRules, out: FacetSums) -> None:
    """Writes what is asked for of each cone; flows are along ``u`` (n), exactly, of any length."""
    square = 0.0
    for i in range(u.shape[0]):
        square += u[i] * u[i]
    for q in range(facets.number.shape[0]):
        count = facets.number[q]
        if out.measure.shape[0] > 0:
            out.measure[q, 0], out.measure[q, 1] = 0.0, math.inf
        if not np.any(facets.include[q, :count]):
            continue
        lattice = face_lattice(
            facets.on[q, :count], facets.include[q], facets.normal[q, :count], facets.radius[q]
        )
        rays = facets.ray[q, : facets.rays[q]]
        solid = _solid_angles(lattice, rays, rules)
        if out.measure.shape[0] > 0:
            found = _solid_angle(lattice, 0, 0, rays, solid, rules)
            if found[1] < math.inf:
                out.measure[q, 0], out.measure[q, 1] = found
        flows = np.empty((0, 2))
        if out.flow.shape[0] > 0:
            heading = Heading(u, 1.0 / math.sqrt(square), 0.0)
            flows = flows_by_parts(lattice, 0, 0, heading, solid, rules)
        edge = 0
        for f in range(count):
            if facets.include[q, f]:
                if out.flow.shape[0] > 0:
                    found = multiply((flows[edge, 0], flows[edge, 1]), ONE_OVER_TWO_PI)
                    out.flow[q, f, 1] = math.inf
                    if found[1] < math.inf:
                        out.flow[q, f, 0], out.flow[q, f, 1] = found
                if out.moment.shape[0] > 0:
                    _facet_moment(lattice, edge, solid, out.moment[q, f])
                edge += 1


def facet_sums(
    facets: Facets, *, u: F64 | None = None, moments: bool = False, measures: bool = False
) -> FacetSums:
    """Flows along ``u``, moments, and measures of the cones, of whatever is asked for; 0 for facets
    that are not included."""
    (cones, most), n = facets.wall.shape, facets.ray.shape[2]
    out = FacetSums(
        np.zeros((0 if u is None else cones, most, 2)),
        np.zeros((cones if moments else 0, most, n + 1)),
        np.zeros((cones if measures else 0, 2)),
    )
    sum_facets(facets, np.zeros(n) if u is None else u, flow_rules(), out)
    return out
