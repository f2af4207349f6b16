"""What a number is claimed to be, and whether it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, ClassVar

from algzoo_exact.errors import InputError
from algzoo_exact.exact.shares import significant
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.keys import Json, Keys, Source, exact
from algzoo_exact.explain.claims.tolerances import rounded
from algzoo_exact.explain.outcome import Figure, Outcome

BOUND_KEYS: Keys = {name: exact(required=False) for name in ("at_least", "at_most", "equals")}
_SOME: Json = {"anyOf": [{"required": ["at_least"]}, {"required": ["at_most"]}]}
BOUND_RULE: Json = {"not": {"required": ["equals"], **_SOME}}
"""What the schema says of these keys together."""


@dataclass(frozen=True)
class Bounds:
    """What a number is claimed to be: at least, at most, or equal to a rational; where nothing is,
    the claim asks what it is."""

    at_least: Fraction | None = None
    at_most: Fraction | None = None
    equals: Fraction | None = None

    def __post_init__(self) -> None:
        low, high = self.at_least, self.at_most
        if self.equals is not None:
            if low is not None or high is not None:
                raise InputError("give equals alone, or at_least and at_most without it.")
        elif low is not None and high is not None and low > high:
            raise InputError(f"at_least, {low}, is greater than at_most, {high}.")

    @property
    def least(self) -> Fraction | None:
        return self.at_least if self.equals is None else self.equals

    @property
    def most(self) -> Fraction | None:
        return self.at_most if self.equals is None else self.equals

    def times(self, factor: Fraction) -> Bounds:
        """Those of so many times the number; ``factor`` is positive."""
        ends = (self.at_least, self.at_most, self.equals)
        return Bounds(*(None if end is None else end * factor for end in ends))

    def given(self) -> tuple[Fraction, ...]:
        return tuple(v for v in (self.at_least, self.at_most, self.equals) if v is not None)


class Bounded(Instance):
    """About a number that is within ``bounds``: ``number`` is what it is called, and it is never
    negative, nor above ``greatest``, if there is one."""

    bounds: Bounds
    number: ClassVar[str]
    greatest: ClassVar[int | None] = 1
    weaker_by = "bounds that are met"
    schema_rules: ClassVar[Json] = BOUND_RULE
    assumes = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for value in self.bounds.given():
            if self.greatest is not None and not 0 <= value <= self.greatest:
                raise InputError(f"{self.number} is from 0 to {self.greatest}, not {value}.")
            if value < 0:
                raise InputError(f"{self.number} is not negative, as {value} is.")

    @classmethod
    def said(cls, source: Source) -> Json:
        given = super().said(source)
        return {"bounds": Bounds(*(given.pop(name) for name in BOUND_KEYS)), **given}

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """With bounds that its figures satisfy, in few digits."""
        found = [figure.enclosure for o in result.instances for figure in o.figures[:1]]
        known = [enclosure for enclosure in found if enclosure is not None]
        if len(known) < len(result.instances):
            return
        table = dict(result.claim.table)
        low, high = min(e.lower for e in known), max(e.upper for e in known)
        if "equals" in table and low == high:
            yield {**table, "equals": int(low) if low.denominator == 1 else str(low)}
            return
        pairs = zip(result.claim.instances, known, strict=True)
        said = [(part.bounds, e) for part, e in pairs if isinstance(part, Bounded)]
        anew = table.pop("equals", None) is not None
        if anew or any(b.at_least is not None and e.lower < b.at_least for b, e in said):
            table["at_least"] = cls._in_few_digits(low, up=False)
        if anew or any(b.at_most is not None and e.upper > b.at_most for b, e in said):
            table["at_most"] = cls._in_few_digits(high, up=True)
        yield table

    @classmethod
    def _in_few_digits(cls, value: Fraction, *, up: bool) -> Decimal:
        """Close to the greatest number, digits are counted from there."""
        if cls.greatest is not None and 2 * value > cls.greatest:
            return cls.greatest - rounded(cls.greatest - value, up=not up)
        return rounded(value, up=up)


def verdict_on(figure: Figure, bounds: Bounds) -> Verdict:
    """Whether a number is within its bounds, as far as its enclosure tells."""
    known, name = figure.enclosure, figure.what.replace("_", " ")
    if known is None:
        about = "open"
        if figure.estimate is not None:
            about = f"about {significant(figure.estimate, 6)} in samples"
        return Verdict("unknown", f"the {name} is {about}, and nothing is proved")
    least, most = bounds.least, bounds.most
    if (least is not None and known.upper < least) or (most is not None and known.lower > most):
        value = f"in {known}"
        if figure.rational is not None:
            value = f"{figure.rational}, about {significant(figure.rational, 6)}"
        return Verdict("refuted", f"the {name} is {value}")
    if (least is None or known.lower >= least) and (most is None or known.upper <= most):
        return Verdict("proved")
    return Verdict("unknown", f"the {name} is known to lie in {known}")


def held_against(figure: Figure, bounds: Bounds) -> Outcome:
    """The same as what became of a claim about the number."""
    return Outcome(verdict_on(figure, bounds), figure.method, figures=(figure,))
