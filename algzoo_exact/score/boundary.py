"""The float64 flow over the boundary between right and wrong, compiled.

Which facets count is said in ``score.facets``.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled
from algzoo_exact.measure.faces_f64 import full_set, ray_sets, subfaces
from algzoo_exact.measure.flow_f64 import cell_flow
from algzoo_exact.program.floats import Weights
from algzoo_exact.regions.compiled import DONE, FULL, Cells, Stack, advance
from algzoo_exact.regions.exact_search import BOUNDARY, CONES
from algzoo_exact.score.facets import ALL_FACETS, START_WALLS, TIES

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]


@compiled
def normals_of_cell(weights: Weights, rows: F64, pattern: U64, label: int, n: int) -> F64:
    """Inward normals of all walls of a cell, (walls, n), in float64.

    Row order as the wall numbers: starting walls, z[t][j] with the sign that the pattern gives
    it, and logit[label] - logit[k]. Each is scaled by a positive factor.
    """
    d, neurons = weights.state.shape[1], weights.layer.shape[0]
    k = weights.margins.shape[0]
    first = rows.shape[0]
    normals = np.zeros((first + neurons + k, n))
    normals[:first] = rows
    state = np.zeros((d, n))
    fresh = np.zeros((d, n))
    for t in range(weights.first.shape[0] - 1):
        start = weights.first[t]
        width = start - weights.first[t - 1] if t > 0 else 0
        for level in range(start, weights.first[t + 1]):
            on = (pattern[level // 64] >> np.uint64(level % 64)) & np.uint64(1)
            for c in range(n):
                z = weights.input[level, c]
                for i in range(width if c < weights.reach[t] else 0):
                    z += weights.state[level, i] * state[i, c]
                normals[first + level, c] = z if on else -z
                fresh[level - start, c] = z if on else 0.0
        state, fresh = fresh, state
    for other in range(k):
        for c in range(n):
            total = 0.0
            for i in range(weights.margins.shape[2]):
                total += weights.margins[label, other, i] * state[i, c]
            normals[first + neurons + other, c] = total
    return normals


@compiled
def boundary_facets(
    sets: U64, count: int, n: int, first: int, first_tie: int, which: int, ids: I64, faces: U64,
    include: U64,
) -> tuple[int, bool]:  # fmt: skip
    """The facets of a cell with ``count`` rays, as ``subfaces`` gives them, and whether any
    belongs to the boundary; ``include`` says which do."""
    walls, words = sets.shape
    found = subfaces(full_set(count), sets, np.arange(walls), walls, n - 1, ids, faces)
    some = False
    for f in range(found):
        wanted = which == ALL_FACETS or (which == START_WALLS and ids[f] < first)
        if not wanted and not (which == TIES and ids[f] < first - 1):
            for tie in range(first_tie, walls):
                inside = True
                for w in range(words):
                    if faces[f, w] & ~sets[tie, w]:
                        inside = False
                if inside:
                    wanted = True
                    break
        include[f] = wanted
        some = some or wanted
    return found, some


@compiled
def flow_of_cells(
    weights: Weights, rows: F64, cells: Cells, n: int, u: F64, which: int, closed: bool
) -> F64:
    """Credit times boundary flow of each cell in the buffer, (size,)."""
    first = rows.shape[0]
    first_tie = first + weights.layer.shape[0]
    walls = first_tie + weights.margins.shape[0]
    ids = np.empty(walls, np.int64)
    include = np.empty(walls, np.uint64)
    out = np.zeros(cells.size[0])
    for q in range(cells.size[0]):
        sets = ray_sets(cells.masks[q], cells.rays[q], walls)
        faces = np.empty((walls, sets.shape[1]), np.uint64)
        found, some = boundary_facets(
            sets, cells.rays[q], n, first, first_tie, which, ids, faces, include
        )
        if some:
            normals = normals_of_cell(weights, rows, cells.pattern[q], cells.label[q], n)
            out[q] = cells.credit[q] * cell_flow(
                cells.x[q], cells.rays[q], sets, ids, found, include, normals, u, closed
            )
    return out


@compiled
def flow_of_program(
    weights: Weights, rows: F64, rays: F64, masks: U64, counts: I64, labels: I64, first: int,
    stride: int, stack: Stack, cells: Cells, scratch: Stack, n: int, ties: int, u: F64, which: int,
    closed: bool, flows: F64, leaves: I64,
) -> int:  # fmt: skip
    """Search and flow below the starting cones first, first + stride, ... in one compiled call.

    ``rows`` (starts, walls, n), ``rays`` (starts, R, n), ``masks`` (starts, R, words),
    ``counts`` (starts) rays of each. Writes the
    flow of each start to ``flows``, NaN where the search could not finish in float64; adds to
    ``leaves`` the leaves visited. Returns the number of starts left unfinished.
    """
    unfinished = 0
    grain = BOUNDARY if which == TIES else CONES
    for s in range(first, rows.shape[0], stride):
        stack.values[0] = 0.0
        stack.errors[0] = 0.0
        stack.masks[0] = 0
        stack.pattern[0] = 0
        for r in range(counts[s]):
            for c in range(n):
                stack.values[0, r, c] = rays[s, r, c]
            for w in range(masks.shape[2]):
                stack.masks[0, r, w] = masks[s, r, w]
        stack.rays[0] = counts[s]
        stack.level[0] = 0
        stack.label[0] = labels[s]
        stack.size[0] = 1
        total = 0.0
        visited = 0
        status = FULL
        while status == FULL:
            cells.size[0] = 0
            cells.leaves[0] = 0
            status = advance(weights, stack, cells, scratch, n, ties, rows[s], 1 << 40, grain)
            total += np.sum(flow_of_cells(weights, rows[s], cells, n, u, which, closed))
            visited += cells.leaves[0]
        if status == DONE:
            flows[s] = total
            leaves[s] = visited
        else:
            flows[s] = np.nan
            unfinished += 1
    return unfinished
