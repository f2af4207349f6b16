"""The flow over the boundary in float64 balls, compiled, n = 2 to 9.

Proven, and many times as fast as ball arithmetic of many bits, to 8 or more digits
(docs/notes/squash-flow.md, "By parts").
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import Enclosure, ball_sum
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.measure.balls_f64 import SLACK, U
from algzoo_exact.measure.cell_facets import facet_sums
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.cell_walls import below_start, boundary_facets, room_for_facets
from algzoo_exact.score.rigorous import Cell, cell_of, credit_of

F64 = NDArray[np.float64]

# Where no number of digits is asked for: nobody misses what is left of a sum so narrow, and one
# cell in so many may be left out for being imprecise.
WIDE = 1e-9  # what one cell may be off by; most are far below
_NARROW, _SPARED = 1e-15, 500
_CHEAP_UP_TO = 5  # inputs; beyond, ball arithmetic of a cell takes a fifth of a second and more


def float_flow(
    search: ExactSearch, start: Start, u: IntVector, grain: int, allowance: float | None,
    look: Callable[[], None],
) -> tuple[Enclosure, list[Cell]]:  # fmt: skip
    """Credit times boundary flow below one start, and the cells that it leaves out; see
    ``float_sum``."""
    weights, direction = search.exact_weights, np.array(u, np.float64)
    assert weights is not None
    below = below_start(weights, start, u)

    def kernel(batch: Cells) -> F64:
        facets = room_for_facets(below, batch)
        boundary_facets(below, batch, facets)
        flow = facet_sums(facets, u=direction).flow
        # Adding zeros is exact.
        rounding = facets.include.sum(1) * U * np.abs(flow[..., 0]).sum(1)
        return np.stack([flow[..., 0].sum(1), (flow[..., 1].sum(1) + rounding) * SLACK], axis=1)

    return float_sum(search, start, grain, kernel, allowance, WIDE, look)


def float_sum(
    search: ExactSearch, start: Start, grain: int, kernel: Callable[[Cells], F64],
    allowance: float | None, wide: float, look: Callable[[], None],
) -> tuple[Enclosure, list[Cell]]:  # fmt: skip
    """Credit times what ``kernel`` gives for the cells of a batch, as balls (cells, 2), summed
    over the cells below one start; and the cells that are left out. ``look`` is called now and
    then, first while cells are searched for, and may raise.

    Left out are the cells that are least precise, as many as it takes for the radii of the others
    to sum to at most ``allowance``. Without one, those off by more than ``wide``, and a few of the
    least precise, which cost little by other means.
    """
    batches: list[Cells] = []
    for batch in search.cells(start, grain):
        look()
        if batch is not None:  # buffers are used again
            batches.append(Cells._make(array[: int(batch.size[0])].copy() for array in batch))
    found: list[tuple[F64, F64, F64]] = []
    where: list[tuple[Cells, int]] = []
    for kept in batches:
        look()
        found.append((*kernel(kept).T, kept.credit))
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
        known = ball_sum(mids[these], rads[these])
        total = total.plus(known.times(credit_of(*where[these[0]])))
    return total, [cell_of(cells, q, start) for cells, q in (where[i] for i in left)]
