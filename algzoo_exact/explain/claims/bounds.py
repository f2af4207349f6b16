"""What a number is claimed to be, and whether it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from algzoo_exact.errors import InputError
from algzoo_exact.exact.shares import significant
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.keys import Json, Keys, exact
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

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Bounds:
        """From the values of ``BOUND_KEYS`` among others."""
        return cls(*(given[name] for name in BOUND_KEYS))

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
