"""The float64 flow over the boundary between right and wrong, compiled.

Which facets count is said in ``score.facets``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.faces_f64 import full_set, part_of, subfaces
from algzoo_exact.score.facets import OUTER, STILL

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]


@compiled
def boundary_facets(
    sets: U64, count: int, n: int, role: I64, first_tie: int, ids: I64, faces: U64, include: U64
) -> tuple[int, bool]:
    """The facets of a cell with ``count`` rays, as ``subfaces`` gives them, and whether any
    belongs to the boundary; ``include`` says which do. ``role`` (walls of the start)."""
    walls = sets.shape[0]
    found = subfaces(full_set(count), sets, np.arange(walls), walls, n - 1, ids, faces)
    some = False
    for f in range(found):
        wanted = ids[f] < role.shape[0] and role[ids[f]] == OUTER
        if not wanted and not (ids[f] < role.shape[0] and role[ids[f]] == STILL):
            for tie in range(first_tie, walls):
                if part_of(faces[f], sets[tie]):
                    wanted = True
                    break
        include[f] = wanted
        some = some or wanted
    return found, some
