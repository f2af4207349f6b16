"""The flow over the boundary in float64 balls, compiled, n = 2 to 9.

Proven, and many times as fast as ball arithmetic of many bits, to 8 or more digits
(docs/notes/squash-flow.md, "By parts").
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from algzoo_exact.arrays import F64
from algzoo_exact.exact.enclosure import Enclosure, ball_sum
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.measure.balls_f64 import SLACK, U
from algzoo_exact.measure.cell_facets import facet_sums
from algzoo_exact.regions.batch import Cells, chosen
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.cell_walls import below_start, boundary_facets, room_for_facets
from algzoo_exact.score.metric import Integral
from algzoo_exact.score.rigorous import Cell, cell_of, credit_of

# Where no number of digits is asked for: nobody misses what is left of a sum so narrow, and one
# cell in so many may be left out for being imprecise.
_NARROW, _SPARED = 1e-15, 500
_CHEAP_UP_TO = 5  # inputs; beyond, ball arithmetic of a cell takes a fifth of a second and more


def flow_kernel(search: ExactSearch, start: Start, u: IntVector) -> Callable[[Cells], F64]:
    """The boundary flow of each cell of a batch below one start, as balls (cells, 2)."""
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

    return kernel


def float_sum(
    integral: Integral, start: Start, allowance: float | None, look: Callable[[], None]
) -> tuple[Enclosure, list[Cell]]:
    """Credit times what an integral's kernel gives, summed over the cells below one start; and the
    cells that are left out. ``look`` is called now and then, first while cells are searched for,
    and may raise.

    Left out are the cells that are least precise, as many as it takes for the radii of the others
    to sum to at most ``allowance``. Without one, those off by more than the integral's ``wide``,
    and a few of the least precise, which cost little by other means.
    """
    batches: list[Cells] = []
    for batch in integral.search.cells(start, integral.grain(start)):
        look()
        if batch is not None:  # buffers are used again
            batches.append(chosen(batch, np.arange(int(batch.size[0]))))
    kernel, found = integral.kernel(start), list[tuple[F64, F64, F64]]()
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
        decided = np.searchsorted(rads[order], integral.wide, "right")
        spared = len(order) // _SPARED if integral.search.n <= _CHEAP_UP_TO else 0
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
