"""The facets on which an answer of two programs changes, each once for both of its sides, compiled;
and what compiles all that differences need."""

from __future__ import annotations

import numpy as np

from algzoo_exact.analysis.cone_bounds import cone_bounds
from algzoo_exact.arrays import I64, Flags
from algzoo_exact.compiling import Code, register
from algzoo_exact.jit import compiled
from algzoo_exact.measure.cell_facets import Facets
from algzoo_exact.measure.faces_f64 import has_bit, popcount
from algzoo_exact.regions.batch import Cells
from algzoo_exact.score.cell_walls import Below
from algzoo_exact.score.kernels import empty_batch, example


@compiled
def ties_once(below: Below, cells: Cells, wanted: Flags, facets: Facets) -> I64:
    """What lies across each facet of the boundary: the label, or -1 if that is not known. Of a
    facet between two labels that are ``wanted``, only the one of the lower label stays included.

    A facet on the wall of one tie, and on no other wall, meets the interior of its leaf, and no
    other margin vanishes on it: so in this leaf the other label's cell has the same facet.
    """
    first_tie = below.rows.shape[0] + below.weights.layer.shape[0]
    across = np.full(facets.wall.shape, -1)
    for q in range(cells.size[0]):
        for f in range(facets.number[q]):
            other, walls = facets.wall[q, f] - first_tie, 0
            for w in range(cells.masks.shape[2]):
                common = ~np.uint64(0)
                for r in range(cells.rays[q]):
                    if has_bit(facets.on[q, f], r):
                        common &= cells.masks[q, r, w]
                walls += popcount(common)
            if walls == 1 and other >= 0 and wanted[other]:
                across[q, f] = other
                facets.include[q, f] = facets.include[q, f] and cells.label[q] < other
    return across


def _code() -> Code:
    below, cells, facets, _ = empty_batch(*example(numeric=False))

    def call() -> None:
        ties_once(below, cells, np.zeros(4, np.bool_), facets)
        cone_bounds(cells.x, cells.rays)

    return (ties_once, cone_bounds), call


register("pairs", _code)
