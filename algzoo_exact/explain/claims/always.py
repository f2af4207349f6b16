"""The claim that a statement holds for all inputs in a domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.program.task import Task, TieRule


@dataclass(frozen=True)
class Always(Instance):
    """``statement`` holds for all inputs in ``domain``."""

    statement: Formula
    domain: Formula

    kind = "always"
    keys: ClassVar[Keys] = {"statement": formula(), "domain": formula(EVERYWHERE), **SETTING_KEYS}
    assumable = True

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        return [Question(self.statement, self.domain, facts)]

    def facts(self) -> list[Fact]:
        return [Fact(self.statement, self.domain)]
