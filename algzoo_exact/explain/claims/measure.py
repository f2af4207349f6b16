"""The claim that a probability is within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.bounds import BOUND_KEYS, Bounded, Bounds, held_against
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.language.expression import Formula
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact


@dataclass(frozen=True)
class Measure(Bounded):
    """The probability of ``condition`` for standard Gaussian inputs is within ``bounds``."""

    condition: Formula
    bounds: Bounds

    kind = "measure"
    number = "a probability"
    keys: ClassVar[Keys] = {"condition": formula(), **BOUND_KEYS, **SETTING_KEYS}

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        return held_against(bench.measured(self.condition), self.bounds)
