"""The neurons that bound a cell, compiled."""

from __future__ import annotations

import numpy as np

from algzoo_exact.arrays import U64
from algzoo_exact.jit import compiled
from algzoo_exact.measure.faces_f64 import full_set, part_of, ray_sets, set_bit, subfaces
from algzoo_exact.regions.batch import Cells


@compiled
def _find(cells: Cells, first: int, neurons: int, found: U64) -> None:
    least, words = cells.x.shape[2] - 1, (cells.masks.shape[1] + 63) // 64
    walls = 64 * cells.masks.shape[2]
    wall_of, faces = np.empty(walls, np.int64), np.empty((walls, words), np.uint64)
    for q in range(cells.size[0]):
        sets = ray_sets(cells.masks[q], cells.rays[q], walls, words)
        full = full_set(cells.rays[q], words)
        for f in range(subfaces(full, sets, least, wall_of, faces)):
            for level in range(neurons):
                on = sets[first + level]
                if part_of(faces[f], on) and not part_of(full, on):
                    set_bit(found[q], level)
                    break


def neuron_facets(cells: Cells, first: int, neurons: int) -> U64:
    """For each cell, the neurons on whose walls it has a facet, as bits like those of its pattern:
    of several on one facet the lowest. Their walls are numbered from ``first`` on; n > 1."""
    found = np.zeros((int(cells.size[0]), cells.pattern.shape[1]), np.uint64)
    _find(cells, first, neurons, found)
    return found
