"""The claim that a probability is within bounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar, Self

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.bounds import BOUND_KEYS, BOUND_RULE, Bounds, held_against
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Json, Keys, Source, formula
from algzoo_exact.explain.claims.tolerances import with_bounds
from algzoo_exact.explain.language.expression import Formula
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact


class Bounded(Instance):
    """About a ``number`` from 0 to 1 that is within ``bounds``."""

    bounds: Bounds
    number: ClassVar[str]
    schema_rules: ClassVar[Json] = BOUND_RULE
    assumes = False

    def __post_init__(self) -> None:
        super().__post_init__()
        for value in self.bounds.given():
            if not 0 <= value <= 1:
                raise InputError(f"{self.number} is from 0 to 1, not {value}.")

    @classmethod
    def one(cls, source: Source) -> Self:
        given = source.all(cls.keys)
        given["bounds"] = Bounds.of(given)
        return cls(source.parameters, **{k: v for k, v in given.items() if k not in BOUND_KEYS})


@dataclass(frozen=True)
class Measure(Bounded):
    """The probability of ``condition`` for standard Gaussian inputs is within ``bounds``."""

    condition: Formula
    bounds: Bounds

    kind = "measure"
    number = "a probability"
    weaker_by = "bounds that are met"
    keys: ClassVar[Keys] = {"condition": formula(), **BOUND_KEYS, **SETTING_KEYS}

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """With bounds that are met."""
        return with_bounds(result, Fraction(1))

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        figure = bench.measured(self.condition)
        return held_against(figure, self.bounds)
