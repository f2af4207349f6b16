"""The measures of a batch of cells in float64 balls, compiled, n = 2 to 9."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.faces_f64 import full_set, ray_sets, subfaces
from algzoo_exact.measure.facet_flow import solid_angle, solid_angles
from algzoo_exact.measure.flow_rules import FlowRules
from algzoo_exact.measure.lattice_f64 import face_lattice
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.compiled import Cells
from algzoo_exact.score.boundary_balls import normal_balls

F64 = NDArray[np.float64]


@compiled
def measures_of_cells(
    weights: Weights, rows: F64, off: F64, cells: Cells, rules: FlowRules, mids: F64, rads: F64,
    inside: F64,
) -> None:  # fmt: skip
    """The Gaussian measure of each cell in the buffer as ``mids`` +- ``rads``, infinite where
    float64 does not decide; and the middle of its rays at length 1, ``inside`` (cells, n).

    ``rows`` (walls, n): the inequalities of the starting cone, off by ``off`` (walls) at most, in
    length.
    """
    n, d, first = rows.shape[1], weights.state.shape[1], rows.shape[0]
    count = first + weights.layer.shape[0] + weights.readout.shape[0]
    ids, everything = np.empty(count, np.int64), np.arange(count)
    include = np.ones(count, np.uint64)
    normals, radii = np.empty((count, n)), np.empty(count)
    state, fresh = np.empty((d, n, 3)), np.empty((d, n, 3))
    for q in range(cells.size[0]):
        rays = cells.rays[q]
        sets = ray_sets(cells.masks[q], rays, count)
        faces = np.empty((count, sets.shape[1]), np.uint64)
        all_rays = full_set(rays)
        found = subfaces(all_rays, sets, everything, count, n - 1, ids, faces)
        normal_balls(
            weights, rows, off, cells.pattern[q], cells.label[q], normals, radii, state, fresh
        )
        lattice = face_lattice(sets, ids, found, include, normals, radii)
        for w in range(all_rays.shape[0]):
            lattice.masks[0, w] = all_rays[w]
        x = cells.x[q, :rays]
        solid = solid_angles(lattice, n, x, rules)
        mids[q], rads[q] = solid_angle(lattice, 0, 0, n, x, solid, rules)
        if not rads[q] < math.inf:
            mids[q], rads[q] = 0.0, math.inf
        for c in range(n):
            inside[q, c] = 0.0
        for r in range(rays):
            length = 0.0
            for c in range(n):
                length += x[r, c] * x[r, c]
            length = math.sqrt(length)
            for c in range(n):
                inside[q, c] += x[r, c] / length
