"""The flow over the boundary in float64 balls, compiled, n = 4 to 9.

Proven, and many times as fast as ball arithmetic of many bits, to 8 or more digits
(docs/notes/squash-flow.md, "By parts").
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import SLACK, TINY, Ball, U, add, two_product, two_sum
from algzoo_exact.measure.faces_f64 import full_set, part_of, ray_sets, subfaces
from algzoo_exact.measure.facet_flow import facet_flows
from algzoo_exact.measure.flow_rules import FlowRules, flow_rules
from algzoo_exact.measure.lattice_f64 import face_lattice
from algzoo_exact.program.floats import Weights, exact_weights
from algzoo_exact.regions.compiled import Cells
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.facets import OUTER, STILL, grain_for, roles
from algzoo_exact.score.rigorous import Cell, HasBatches, cell_of, credit_of

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
U64 = NDArray[np.uint64]

# Where no number of digits is asked for: nobody misses what is left of a sum so narrow, and one
# cell in so many may be left out for being imprecise.
WIDE = 1e-9  # what one cell may be off by; most are far below
_NARROW, _SPARED = 1e-15, 500
_CHEAP_UP_TO = 5  # inputs; beyond, ball arithmetic of a cell takes a fifth of a second and more


@compiled
def add_product(high: float, low: float, w: float, h_high: float, h_low: float) -> Ball:
    """(high + low) + w (h_high + h_low), as a sum of two floats again.

    Only the low parts round. They are of size U times the sum of all |w h|, so adding d products
    is off by less than 4 (d + 4)^2 U^2 times it.
    """
    product, rest = two_product(w, h_high)
    total, error = two_sum(high, product)
    return two_sum(total, low + (error + (rest + w * h_low)))


@compiled
def normal_balls(
    weights: Weights, rows: F64, off: F64, pattern: U64, label: int, normals: F64, radii: F64,
    state: F64, fresh: F64,
) -> None:  # fmt: skip
    """Inward normals of all walls of a cell, numbered as in ``Cells``, and
    bounds for the lengths of their errors; those of starting walls are given, ``rows`` and ``off``.

    Twice the working precision: radii of plain float64 would grow with every step. ``state`` and
    ``fresh`` (D, n, 3) are room for the high parts, the low parts and the radii of states;
    ``state`` is left with those of the last layer.
    """
    d, n, first = weights.state.shape[1], normals.shape[1], rows.shape[0]
    tiny = 4.0 * (d + 4.0) * (d + 4.0) * U * U
    held = np.empty(d, np.bool_)  # which states are not 0 throughout
    # Element by element: for slices numba would compile how to word their errors, for seconds.
    for wall in range(first):
        for c in range(n):
            normals[wall, c] = rows[wall, c]
        radii[wall] = off[wall]
    for t in range(weights.first.shape[0] - 1):
        start, end = weights.first[t], weights.first[t + 1]
        width = start - weights.first[t - 1] if t > 0 else 0
        for level in range(start, end):
            j = level - start
            on = (pattern[level // 64] >> np.uint64(level % 64)) & np.uint64(1)
            radii[first + level] = 0.0
            for c in range(n):
                high, low = weights.input[level, c], 0.0
                size, rad = 0.0, 0.0
                if c < weights.reach[t]:
                    size = abs(high)
                for i in range(width if c < weights.reach[t] else 0):
                    w = weights.state[level, i]
                    if w == 0.0 or not held[i]:
                        continue
                    high, low = add_product(high, low, w, state[i, c, 0], state[i, c, 1])
                    size += abs(w * state[i, c, 0])
                    rad += abs(w) * state[i, c, 2]
                rad = (rad + tiny * size) * SLACK + TINY
                normals[first + level, c] = high if on else -high
                radii[first + level] += (abs(low) + rad) * SLACK
                fresh[j, c, 0] = high if on else 0.0
                fresh[j, c, 1] = low if on else 0.0
                fresh[j, c, 2] = rad if on else 0.0
        for j in range(end - start):
            on = (pattern[(start + j) // 64] >> np.uint64((start + j) % 64)) & np.uint64(1)
            held[j] = on == 1
            for c in range(n):
                for part in range(3):
                    state[j, c, part] = fresh[j, c, part]
    for other in range(weights.readout.shape[0]):
        wall = first + weights.layer.shape[0] + other
        radii[wall] = 0.0
        for c in range(n):
            high, low, size, rad = 0.0, 0.0, 0.0, 0.0
            for i in range(weights.readout.shape[1]):
                if not held[i] or weights.readout[label, i] == weights.readout[other, i]:
                    continue
                h, h_low = state[i, c, 0], state[i, c, 1]
                w, w_low = two_sum(weights.readout[label, i], -weights.readout[other, i])
                high, low = add_product(high, low, w, h, h_low)
                high, low = add_product(high, low, w_low, h, h_low)
                size += abs(w * h)
                rad += (abs(w) + abs(w_low)) * state[i, c, 2]
            normals[wall, c] = high
            radii[wall] += (abs(low) + rad + 4.0 * tiny * size) * SLACK + TINY


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


@compiled
def flow_balls_of_cells(
    weights: Weights, rows: F64, off: F64, cells: Cells, u: F64, role: I64, rules: FlowRules,
    mids: F64, rads: F64,
) -> None:  # fmt: skip
    """Boundary flow of each cell in the buffer, without its credit, into ``mids`` +- ``rads``.

    ``u`` is the direction, exactly. The radius is infinite where float64 does not decide.
    """
    n = u.shape[0]
    d, first = weights.state.shape[1], rows.shape[0]
    first_tie = first + weights.layer.shape[0]
    count = first_tie + weights.readout.shape[0]
    ids = np.empty(count, np.int64)
    include = np.empty(count, np.uint64)
    normals = np.empty((count, n))
    radii = np.empty(count)
    state, fresh = np.empty((d, n, 3)), np.empty((d, n, 3))
    flows, moments = np.empty((count, 2)), np.empty((count, n + 1))
    for q in range(cells.size[0]):
        mids[q], rads[q] = 0.0, 0.0
        rays = cells.rays[q]
        sets = ray_sets(cells.masks[q], rays, count)
        faces = np.empty((count, sets.shape[1]), np.uint64)
        found, some = boundary_facets(sets, rays, n, role, first_tie, ids, faces, include)
        if some:
            normal_balls(
                weights, rows, off, cells.pattern[q], cells.label[q], normals, radii, state, fresh
            )
            lattice = face_lattice(sets, ids, found, include, normals, radii)
            facet_flows(lattice, n, cells.x[q, :rays], u, 0.0, rules, flows, moments)
            total: Ball = (0.0, 0.0)
            for f in range(lattice.first[1]):
                total = add(total, (flows[f, 0], flows[f, 1]))
            mids[q], rads[q] = total
            if not rads[q] < math.inf:
                mids[q], rads[q] = 0.0, math.inf


def wall_balls(start: Start) -> tuple[F64, F64]:
    """The inequalities of a start as floats, (walls, n), and bounds for the lengths of their
    errors: none for small integers; long ones, of a teacher, are divided by their largest entry."""
    rows, off = [], []
    for row in start.rows:
        largest = max(map(abs, row))
        exact = largest <= 2**53
        rows.append([c / (1 if exact else largest) for c in row])
        off.append(0.0 if exact else len(row) * U)
    return np.array(rows), np.array(off)


def float_flow(
    search: ExactSearch, start: Start, u: IntVector, allowance: float | None,
    look: Callable[[], None],
) -> tuple[Enclosure, list[Cell]]:  # fmt: skip
    """Credit times boundary flow below one start, and the cells that it leaves out; see
    ``float_sum``."""
    weights = exact_weights(search.program)
    assert weights is not None
    rows, off = wall_balls(start)
    direction, role, rules = np.array(u, np.float64), np.array(roles(start, u)), flow_rules()

    def kernel(batch: Cells, mids: F64, rads: F64) -> None:
        flow_balls_of_cells(weights, rows, off, batch, direction, role, rules, mids, rads)

    return float_sum(search, start, grain_for(start, u), kernel, allowance, WIDE, look)


def float_sum(
    search: ExactSearch, start: Start, grain: int, kernel: Callable[[Cells, F64, F64], None],
    allowance: float | None, wide: float, look: Callable[[], None],
) -> tuple[Enclosure, list[Cell]]:  # fmt: skip
    """Credit times what ``kernel`` writes for each cell of a batch, as midpoints and radii, summed
    over the cells below one start; and the cells that are left out. ``look`` is called now and
    then, first while cells are searched for, and may raise.

    Left out are the cells that are least precise, as many as it takes for the radii of the others
    to sum to at most ``allowance``. Without one, those off by more than ``wide``, and a few of the
    least precise, which cost little by other means.
    """
    assert isinstance(search, HasBatches)
    batches: list[Cells] = []
    for batch in search.cells(start, grain):
        look()
        if batch is not None:  # buffers are used again
            batches.append(Cells._make(array[: int(batch.size[0])].copy() for array in batch))
    found: list[tuple[F64, F64, F64]] = []
    where: list[tuple[Cells, int]] = []
    for kept in batches:
        look()
        mids, rads = np.empty(len(kept.rays)), np.empty(len(kept.rays))
        kernel(kept, mids, rads)
        found.append((mids, rads, kept.credit))
        where += [(kept, q) for q in range(len(kept.rays))]
    if not found:
        return Enclosure.exactly(0), []
    mids, rads, credits = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.argsort(rads, kind="stable")
    sums = np.cumsum(rads[order])
    if allowance is None:
        decided = np.searchsorted(rads[order], wide, "right")
        spared = len(order) // _SPARED if search.n <= _CHEAP_UP_TO else 0
        used = min(decided, max(np.searchsorted(sums, _NARROW, "right"), len(order) - spared))
    else:
        used = np.searchsorted(sums, allowance, "right")
    order, left = order[:used], order[used:]
    total = Enclosure.exactly(0)
    for value in np.unique(credits[order]):
        these = order[credits[order] == value]
        # fsum rounds once: the sums are off by half an ulp.
        mid = Fraction(math.fsum(mids[these]))
        rad = Fraction(math.fsum(rads[these])) + abs(mid) * Fraction(U)
        cells, q = where[these[0]]
        credit = credit_of(cells, q)
        rad *= credit * Fraction(SLACK)
        total = total.plus(Enclosure(mid * credit - rad, mid * credit + rad))
    return total, [cell_of(cells, q, start) for cells, q in (where[i] for i in left)]
