"""The claim that a statement holds for all inputs in a domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.equalities import stated
from algzoo_exact.explain.claims.keys import Keys, formula
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, fact
from algzoo_exact.program.ir import Program


@dataclass(frozen=True)
class Always(Instance):
    """``statement`` holds for all inputs in ``domain``."""

    statement: Formula
    domain: Formula

    kind = "always"
    keys: ClassVar[Keys] = {"statement": formula(), "domain": formula(EVERYWHERE)}
    assumable = True

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        return bench.decider().everywhere(self.statement, self.domain, facts)

    def facts(self) -> list[Fact]:
        return [fact(self.statement, self.domain)]

    def equalities(self, program: Program) -> tuple[float, ...]:
        return stated([self.statement], program)
