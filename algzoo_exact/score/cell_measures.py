"""The measures of a batch of cells: in float64 balls, compiled, n = 2 to 9, and in ball arithmetic
where that does not decide."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from flint import arb

from algzoo_exact.arrays import F64
from algzoo_exact.deadline import NEVER
from algzoo_exact.exact.enclosure import Enclosure, float_ball
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.measure.cell_facets import facet_sums
from algzoo_exact.measure.cone_measure import narrow_along
from algzoo_exact.measure.flow import CellFlow
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.cell_walls import below_start, boundary_facets, room_for_facets
from algzoo_exact.score.rigorous import Cell, cell_of, wall_normals

# The width of measures in ball arithmetic; for more inputs digits take seconds.
_WIDTH, _WIDE, _NARROW_UP_TO = Fraction(1, 10**20), Fraction(1, 10**12), 6


def measured(
    search: ExactSearch, start: Start, cells: Cells, look: Callable[[], None] = NEVER.look
) -> tuple[F64, F64, F64]:
    """The measure of each cell of a batch below a start as midpoint and radius, and a point inside
    (cells, n). What is left to ball arithmetic may take long, and ``look`` is called now and
    then."""
    size, weights = int(cells.size[0]), search.exact_weights
    mids, rads = np.zeros(size), np.full(size, math.inf)
    if weights is not None:
        below = below_start(weights, start)
        facets = room_for_facets(below, cells)
        boundary_facets(below, cells, facets)
        mids, rads = facet_sums(facets, measures=True).measure.T.copy()
    for q in np.flatnonzero(~np.isfinite(rads)).tolist():
        mids[q], rads[q] = float_ball(_by_balls(search, cell_of(cells, q, start), look))
    most = int(cells.rays[:size].max(initial=1))
    x, held = cells.x[:size, :most], np.arange(most) < cells.rays[:size, None]
    x = np.where(held[..., None], x, 1.0)  # what is not held may be anything
    lengths = np.sqrt(np.einsum("qrc,qrc->qr", x, x))
    return mids, rads, np.einsum("qrc,qr->qc", x, held / lengths)


def _by_balls(search: ExactSearch, cell: Cell, look: Callable[[], None]) -> Enclosure:
    normal = wall_normals(search.specializer, cell)

    def value(u: IntVector) -> arb:
        look()
        return CellFlow(cell.tight, normal, cell.directions, u).measure()

    return narrow_along(search.n, value, _WIDTH if search.n <= _NARROW_UP_TO else _WIDE)
