"""Probabilities of conditions on the inputs (C16)."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property
from typing import Any

from algzoo_exact.certificate.checker.cones import Cone, dot
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.fixed import Fixed
from algzoo_exact.certificate.checker.formulas import Formulas
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED, Measure, longest
from algzoo_exact.certificate.checker.orders import Orders
from algzoo_exact.certificate.checker.regions import Piece, Regions, cones_of
from algzoo_exact.certificate.checker.rewriting import Rewriting
from algzoo_exact.certificate.checker.settings import Setting

Range = tuple[Fraction, Fraction]
PROBABILITY_BITS = 126
"""After the point of a probability by cones: the allowance for an error, 2^20 units for each angle
or orthoscheme, is far below 10^-20."""


class Probabilities:
    """By the order of the inputs, or by the measures of cones."""

    def __init__(self, formulas: Formulas, orders: Orders) -> None:
        self.formulas, self.orders = formulas, orders

    @cached_property
    def _measure(self) -> Measure:
        return Measure(Fixed(PROBABILITY_BITS), self.formulas.budget)

    def of(self, condition: int, cells: Any, setting: Setting) -> Range:
        """What the probability of a condition lies between, in a setting."""
        if cells is None:
            tied = setting.tied
            orders = Orders(self.formulas, tied) if tied else self.orders
            found = orders.probability(condition)
            require(found is not None, "it is not about the order of the inputs alone")
            assert found is not None
            return found, found
        rewriting, budget = Rewriting(self.formulas, (), setting.defined), self.formulas.budget
        regions = Regions(rewriting, rewriting.condition(condition))
        size = len(regions.inputs)
        require(size <= LARGEST_MEASURED, f"measures end with {LARGEST_MEASURED} inputs")
        measure = self._measure
        measure.terms = total = 0
        for corners, facets in cones_of(cells, regions):
            everything = (1 << len(corners)) - 1
            holds = Piece(regions, corners).truth(regions.condition, everything, almost=True)
            require(holds is not None, "on one of its cells the condition is open")
            if holds:
                budget.pay(2 * longest(corners), 2 * size * len(corners) ** 2)
                gram = [[dot(a, b) for b in corners] for a in corners]
                total += measure.of(Cone(size, gram, facets), everything)
        off = measure.terms << 20
        one = measure.fixed.one
        return Fraction(max(0, total - off), one), Fraction(min(one, total + off), one)
