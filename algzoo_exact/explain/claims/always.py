"""The claim that a statement holds for all inputs in a domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.claims.tolerances import greatest_ratio, largest_input, with_tolerance
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.program.task import Task, TieRule


@dataclass(frozen=True)
class Always(Instance):
    """``statement`` holds for all inputs in ``domain``."""

    statement: Formula
    domain: Formula

    kind = "always"
    weaker_by = "the smallest tolerance"
    keys: ClassVar[Keys] = {"statement": formula(), "domain": formula(EVERYWHERE), **SETTING_KEYS}
    assumable = True

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        return [Question(self.statement, self.domain, facts)]

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """Sides that are close in place of equal ones, or a right side as large as it must be."""
        claims = [part for part in result.claim.instances if isinstance(part, Always)]
        said = [(claim.statement, claim.domain) for claim in claims]
        unit = f"*{largest_input(bench.program.seq_len)}"
        return with_tolerance(result.claim.table, said, partial(greatest_ratio, bench), unit)

    def facts(self) -> list[Fact]:
        return [Fact(self.statement, self.domain)]
