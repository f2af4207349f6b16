"""Claims with a tolerance that failed: how wide it would have to be."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.claims.claim import ClaimResult

_DIGITS = 3
_RELATION = re.compile(r"<=|>=|==|!=|<|>")
_CONNECTIVE = re.compile(r"\b(and|or|not|implies)\b")
_MULTIPLE = re.compile(r"\s*([0-9][0-9.eE+-]*)\s*\*\s*(.+)", re.DOTALL)


def rounded(value: Fraction, *, up: bool, digits: int = _DIGITS) -> Decimal:
    """A decimal of so many digits that is no less, or no more."""
    outward = Context(digits, ROUND_CEILING if up else ROUND_FLOOR)
    quotient = outward.divide(Decimal(value.numerator), Decimal(value.denominator))
    short = quotient.normalize(outward)
    return Decimal(f"{short:f}") if -12 < short.adjusted() < 12 else short


class Comparison(NamedTuple):
    """A statement's text, cut at its only relation: left <= right, or left == right."""

    left: str
    relation: str
    right: str

    def times(self, factor: Fraction) -> str:
        """Where the right side is so many times as large, or more, in few digits."""
        found = _MULTIPLE.fullmatch(self.right)
        try:
            number = Fraction(self.right if found is None else found[1])
        except ValueError:
            return f"{self.left} {self.relation} {rounded(factor, up=True)}*({self.right})"
        wider = rounded(number * factor, up=True)
        rest = "" if found is None else f"*{found[2]}"
        return f"{self.left} {self.relation} {wider}{rest}"


def comparison(text: str) -> Comparison | None:
    """The two sides of a comparison, the smaller first; None for other statements."""
    depth = 0
    places: list[re.Match[str]] = []
    for place, sign in enumerate(text):
        depth += (sign in "([") - (sign in ")]")
        if depth == 0 and sign in "<>=!" and (not places or place >= places[-1].end()):
            match = _RELATION.match(text, place)
            if match is not None:
                places.append(match)
    outside = re.sub(r"[(\[][^()\[\]]*[)\]]", "", text)
    if len(places) != 1 or _CONNECTIVE.search(outside):
        return None
    (match,) = places
    left, right = text[: match.start()].strip(), text[match.end() :].strip()
    if match[0] in (">", ">="):
        left, right = right, left
    relation = {">": "<", ">=": "<="}.get(match[0], match[0])
    return None if relation == "!=" else Comparison(left, relation, right)


def with_bounds(result: ClaimResult, limit: Fraction | None) -> Iterator[Mapping[str, Any]]:
    """The claim with bounds that its figures satisfy, in few digits. ``limit``: the most that the
    figure can be, as for a probability."""
    found = [outcome.figures for outcome in result.instances]
    known = [figures[0].enclosure for figures in found if figures]
    enclosures = [enclosure for enclosure in known if enclosure is not None]
    if len(enclosures) < len(found):
        return
    table = dict(result.claim.table)
    low = min(enclosure.lower for enclosure in enclosures)
    high = max(enclosure.upper for enclosure in enclosures)
    if "equals" in table:
        del table["equals"]
        if low == high:
            yield table | {"equals": _exactly(low)}
            return
        table |= {"at_least": "", "at_most": ""}
    bounds = {
        "at_least": (low, lambda: _within(low, limit, up=False)),
        "at_most": (high, lambda: _within(high, limit, up=True)),
    }  # fmt: skip
    yield table | _missed(table, bounds, enclosures, result)


def _missed(
    table: Mapping[str, Any],
    bounds: Mapping[str, tuple[Fraction, Callable[[], Decimal]]],
    enclosures: list[Enclosure],
    result: ClaimResult,
) -> dict[str, Any]:
    """New values of the bounds that are not met."""
    met = dict.fromkeys(bounds, True)
    for outcome, enclosure in zip(result.instances, enclosures, strict=True):
        stated = getattr(outcome.instance, "bounds", None)
        least, most = getattr(stated, "at_least", None), getattr(stated, "at_most", None)
        met["at_least"] &= least is not None and enclosure.lower >= least
        met["at_most"] &= most is not None and enclosure.upper <= most
    return {key: value() for key, (_, value) in bounds.items() if key in table and not met[key]}


def _within(value: Fraction, limit: Fraction | None, *, up: bool) -> Decimal:
    """Close to the limit, digits are counted from there."""
    if limit is not None and 2 * value > limit:
        return Decimal(int(limit)) - rounded(limit - value, up=not up)
    return rounded(value, up=up)


def _exactly(value: Fraction) -> str | int:
    return value.numerator if value.denominator == 1 else str(value)
