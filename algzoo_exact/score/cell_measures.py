"""The measures of a batch of cells: in float64 balls, compiled, n = 2 to 9, and in ball arithmetic
where that does not decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.jit import compiled
from algzoo_exact.measure.cone_measure import narrow_along
from algzoo_exact.measure.faces_f64 import full_set, ray_sets, subfaces
from algzoo_exact.measure.facet_flow import solid_angle, solid_angles
from algzoo_exact.measure.flow import CellFlow
from algzoo_exact.measure.flow_rules import FlowRules, flow_rules
from algzoo_exact.measure.lattice_f64 import face_lattice
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.compiled import Cells
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.boundary_balls import normal_balls, wall_balls
from algzoo_exact.score.rigorous import Cell, cell_of, wall_normals

F64 = NDArray[np.float64]

# The width of measures in ball arithmetic; for more inputs digits take seconds.
_WIDTH, _WIDE, _NARROW_UP_TO = Fraction(1, 10**20), Fraction(1, 10**12), 6
_ULP = 2.0**-52


def measured(
    search: ExactSearch,
    weights: Weights | None,
    start: Start,
    cells: Cells,
    look: Callable[[], None] = NEVER.look,
) -> tuple[F64, F64, F64]:
    """The measure of each cell of a batch below a start as midpoint and radius, and a point inside
    (cells, n); all in ball arithmetic without ``weights``. That may take long, and ``look`` is
    called now and then."""
    size = int(cells.size[0])
    mids, rads, inside = np.zeros(size), np.full(size, math.inf), np.zeros((size, search.n))
    if weights is not None:
        measures_of_cells(weights, *wall_balls(start), cells, flow_rules(), mids, rads, inside)
    for q in np.flatnonzero(~np.isfinite(rads)).tolist():
        found = _by_balls(search, cell_of(cells, q, start), look)
        mids[q] = float(found.midpoint)
        rads[q] = float(found.width) + abs(mids[q]) * _ULP
        x = cells.x[q, : cells.rays[q]]
        inside[q] = np.sum(x / np.linalg.norm(x, axis=1, keepdims=True), axis=0)
    return mids, rads, inside


def _by_balls(search: ExactSearch, cell: Cell, look: Callable[[], None]) -> Enclosure:
    normal = wall_normals(search.specializer, cell)

    def value(u: IntVector) -> arb:
        look()
        return CellFlow(cell.tight, normal, cell.directions, u).measure()

    return narrow_along(search.n, value, _WIDTH if search.n <= _NARROW_UP_TO else _WIDE)


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
