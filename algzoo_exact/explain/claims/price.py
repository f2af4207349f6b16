"""What stating a claim costs, in bits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import log2
from typing import Literal

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims import keys
from algzoo_exact.explain.claims.keys import Json, Key, Source
from algzoo_exact.explain.language.toml_tables import shown, within

Rule = Literal["sign", "order", "equality", "index", "real", "declared"]

# The numbers that each price rule needs, beside ``count``.
RULES: dict[Rule, tuple[str, ...]] = {
    "sign": (),
    "order": (),
    "equality": ("bits",),
    "index": ("among",),
    "real": ("precision", "range"),
    "declared": ("bits",),
}

MOST_COUNTED = 1_000_000  # of one price
MOST_BITS = 10**12

_EXACT = keys.exact(required=False)
_KEYS = {
    "rule": keys.choice(tuple(RULES)),
    "count": keys.whole(1, MOST_COUNTED, default=1),
    "bits": _EXACT,
    "among": keys.whole(1),
    "precision": _EXACT,
    "range": _EXACT,
    "note": keys.text(),
}


@dataclass(frozen=True)
class Price:
    """What stating a claim costs, by a rule, ``count`` times.

    sign: 1 bit each. order (which of two is larger): 1 bit each. equality (to one part in 2^k):
    ``bits`` = k each. index: log2 ``among`` each. real: log2(``range`` / ``precision``) each.
    declared: ``bits`` each, on the author's word, which ``note`` explains.
    """

    rule: Rule
    count: int = 1
    bits: Fraction | None = None
    among: int | None = None
    precision: Fraction | None = None
    range: Fraction | None = None
    note: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_COUNTED:
            raise InputError(
                f"a price's count is from 1 to {MOST_COUNTED}, not {shown(self.count)}."
            )
        for name in ("bits", "among", "precision", "range"):
            needed, given = name in RULES[self.rule], getattr(self, name) is not None
            if needed and not given:
                raise InputError(f"a price by the rule {self.rule!r} needs {name!r}.")
            if given and not needed:
                raise InputError(f"a price by the rule {self.rule!r} has no {name!r}.")
        if self.bits is not None and not 0 <= self.bits <= MOST_BITS:
            raise InputError(f"a price in bits is from 0 to {MOST_BITS}, not {shown(self.bits)}.")
        if self.among is not None and self.among < 1:
            raise InputError(f"an index is among at least 1, not {self.among}.")
        if self.rule == "real" and not 0 < (self.precision or 0) <= (self.range or 0):
            raise InputError("a price by the rule 'real' needs 0 < precision <= range.")
        if self.rule == "declared" and not self.note:
            raise InputError("a declared price needs a note that says what it pays for.")

    @property
    def each(self) -> float:
        """Bits that the rule charges once."""
        if self.among is not None:
            return log2(self.among)
        if self.range is not None and self.precision is not None:
            ratio = self.range / self.precision
            return log2(ratio.numerator) - log2(ratio.denominator)
        return 1.0 if self.bits is None else float(self.bits)


def _prices(source: Source, name: str) -> tuple[Price, ...]:
    prices = []
    for position, data in enumerate(source.table.values(name, dict)):
        with within(f"price {position + 1}"):
            inner = source.inside(data)
            prices.append(Price(**inner.all(_KEYS)))
            inner.table.finish()
    return tuple(prices)


def _schema(rule: Rule) -> Json:
    note = _KEYS["note"]
    if rule == "declared":
        note = replace(note, schema={"type": "string", "minLength": 1}, required=True)
    numbers = {name: replace(_KEYS[name], required=True) for name in RULES[rule]}
    return keys.table_schema(
        {"rule": keys.choice((rule,)), "count": _KEYS["count"], **numbers, "note": note}
    )


SCHEMA: Json = {"oneOf": [_schema(rule) for rule in RULES]}
PRICES = Key(_prices, {"type": "array", "items": {"$ref": "#/$defs/price"}}, False, ())
