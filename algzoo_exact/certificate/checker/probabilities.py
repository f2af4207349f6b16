"""Probabilities of conditions on the inputs (C16), and numbers that are only reported."""

from __future__ import annotations

import re
from fractions import Fraction
from operator import mul
from typing import Any

from algzoo_exact.certificate.checker.cones import Cone
from algzoo_exact.certificate.checker.decimals import SLACK
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.fixed import Fixed
from algzoo_exact.certificate.checker.formulas import Formulas
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED, Measure
from algzoo_exact.certificate.checker.orders import Orders
from algzoo_exact.certificate.checker.proofs import Findings
from algzoo_exact.certificate.checker.reading import fraction_of, keys_of, natural, text_of
from algzoo_exact.certificate.checker.regions import Piece, Regions, cones_of
from algzoo_exact.certificate.checker.rewriting import Rewriting

PLACES = 20
"""Decimals of probabilities by cones."""
NUMBER = r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?"

Range = tuple[Fraction, Fraction]


class Probabilities:
    """Checks what the probability of a condition lies between."""

    def __init__(self, formulas: Formulas, orders: Orders, findings: Findings) -> None:
        self.formulas, self.orders, self.findings = formulas, orders, findings
        self.fixed = Fixed(PLACES * 10 // 3 + 60)
        self.unit = Fraction(1, 10**PLACES)

    def of(self, name: str, data: Any, condition: int) -> Range | None:
        """What the probability of a condition lies between; None if that is not known."""
        require(isinstance(data, dict), "a probability must be an object")
        if data.get("by") == "order":
            keys_of(data, {"by", "value"}, "a probability")
            found = self.orders.probability(condition)
            require(found is not None, "it is not about the order of the inputs alone")
            assert found is not None
            require(data["value"] == str(found), f"its probability is {found}, not as stated")
            return found, found
        if data.get("by") == "cells":
            keys_of(data, {"by", "value", "cells"}, "a probability")
            text = text_of(data["value"], rf"[01]\.[0-9]{{{PLACES}}}", "a probability")
            value, slack = Fraction(text), SLACK * self.unit
            self._measured(value, data["cells"], condition)
            return max(Fraction(0), value - slack), min(Fraction(1), value + slack)
        return self.told(name, data)

    def _measured(self, value: Fraction, cells: Any, condition: int) -> None:
        """RejectedError unless the condition's probability is this, by the measures of cones."""
        rewriting = Rewriting(self.formulas)
        regions = Regions(rewriting, rewriting.condition(condition))
        size = len(regions.inputs)
        require(size <= LARGEST_MEASURED, f"measures end with {LARGEST_MEASURED} inputs")
        measure = Measure(self.fixed, self.findings.budget)
        total = 0
        for corners, facets in cones_of(cells, regions):
            everything = (1 << len(corners)) - 1
            holds = Piece(regions, corners).truth(regions.condition, everything, almost=True)
            require(holds is not None, "on one of its cells the condition is open")
            if holds:
                gram = [[sum(map(mul, a, b)) for b in corners] for a in corners]
                total += measure.of(Cone(size, gram, facets), everything)
        one = self.fixed.one
        off = abs(Fraction(total, one) - value) + Fraction(measure.terms << 20, one)
        fits = off <= SLACK * self.unit
        require(fits, f"its probability is {total / one:.16g}, not as stated")

    def told(self, name: str, data: Any) -> Range | None:
        """A number that rests on the word of who wrote it: an enclosure, or a sample."""
        require(isinstance(data, dict), "a figure must be an object")
        if data.get("by") == "trusted":
            keys_of(data, {"by", "lower", "upper"}, "a figure")
            low, high = (fraction_of(data[key], "a bound") for key in ("lower", "upper"))
            require(low <= high, "a figure's bounds are the wrong way round")
            self.findings.trust(
                name, "a figure was computed, with nothing written down to check it by"
            )
            return low, high
        keys_of(data, {"by", "estimate", "error", "samples"}, "a figure")
        require(data["by"] == "samples", "a figure's origin is unknown")
        for key in ("estimate", "error"):
            written = type(data[key]) is str and re.fullmatch(NUMBER, data[key])
            require(
                data[key] is None or bool(written),
                "a sample's numbers are not written as they should be",
            )
        natural(data["samples"], "samples")
        self.findings.trust(name, "a figure was sampled, which proves nothing")
        return None


def bounds_of(data: Any) -> tuple[Fraction | None, Fraction | None]:
    """What a number is claimed to be at least and at most; one of both may be left open."""
    keys_of(data, {"at_least", "at_most"}, "bounds")
    least, most = (
        None if data[key] is None else fraction_of(data[key], key)
        for key in ("at_least", "at_most")
    )
    require(least is not None or most is not None, "it has no bounds")
    require(least is None or most is None or least <= most, "its bounds are the wrong way round")
    return least, most


def verdict_on(known: Range | None, least: Fraction | None, most: Fraction | None) -> str:
    """Whether an enclosed number is within its bounds."""
    if known is None:
        return "unknown"
    low, high = known
    if (least is None or low >= least) and (most is None or high <= most):
        return "proved"
    if (least is not None and high < least) or (most is not None and low > most):
        return "refuted"
    return "unknown"
