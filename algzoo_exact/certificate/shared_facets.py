"""Measures of cones that lie side by side: each facet between two of them is computed once.

The flow of a facet (``measure.flow``) is a function of the facet, of the direction u, and of the
side that its cone lies on: from the other side it is the opposite. If two cones with disjoint
interiors have the same rays on a facet, they lie on its two sides.
"""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import islice

from flint import arb

from algzoo_exact.exact.enclosure import (
    Enclosure,
    PrecisionError,
    to_arb,
    working_precision,
)
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.flow import CellFlow, NotGenericError, directions_for


class SharedFacets:
    """Measures of cones in R^n, n = 2 .. 6, whose interiors must be disjoint, to 10**-``digits``.

    Flows that the neighbour has not asked for yet are kept: the boundary of the union of all cones
    that were asked about.
    """

    def __init__(self, n: int, digits: int) -> None:
        self._digits = digits
        (self._u,) = islice(directions_for(n), 1)
        self._bits = 24 + 10 * (digits + 1) // 3
        self._waiting: dict[frozenset[IntVector], arb] = {}

    def measure(self, cone: Cone) -> Enclosure:
        """The measure of one cone. No cone may be asked about twice.

        Where one direction for all does not do, or not at this precision, it is ``cone_measure``.
        """
        with suppress(NotGenericError, PrecisionError), working_precision(self._bits):
            found = Enclosure.from_arb(self._ball(cone))
            if found.width <= Fraction(1, 10**self._digits):
                return found
        return cone_measure(cone, digits=self._digits)

    def _ball(self, cone: Cone) -> arb:
        flow = CellFlow.of(cone, self._u)
        start, total = to_arb(flow.at_zero()), arb(0)
        fresh = {}
        for facet in flow.facets:
            key = frozenset(ray for r, ray in enumerate(cone.rays) if facet.rays >> r & 1)
            if key in self._waiting:
                total -= self._waiting.pop(key)
            else:
                fresh[key] = facet
        for key, part in zip(fresh, flow.flows(tuple(fresh.values())), strict=True):
            self._waiting[key] = part
            total += part
        return start + total / (2 * arb.pi())
