"""A kind of claim that the package does not have: a label wins by a margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.keys import Keys, formula, term, whole
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Compare,
    Entry,
    Formula,
    Term,
    every,
)
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.program.task import Task, TieRule


@dataclass(frozen=True)
class Margin(Instance):
    """In ``domain`` the logit of ``winner`` is above each other one by at least ``by``."""

    winner: int
    by: Term
    domain: Formula

    kind = "margin"
    keys: ClassVar[Keys] = {
        "winner": whole(0, required=True), "by": term(), "domain": formula(EVERYWHERE),
    }  # fmt: skip
    heading = "Proposition"
    sentence = "The winner's logit is above the others by at least {by}."
    assumable = True

    def _statement(self, outputs: int) -> Formula:
        if not 0 <= self.winner < outputs:
            raise InputError(f"The winner is one of 0..{outputs - 1}, not {self.winner}.")
        wins = Entry("logit", (self.winner,))
        others = (Entry("logit", (k,)) for k in range(outputs) if k != self.winner)
        return every([Compare(">=", Apply("sub", (wins, rival)), self.by) for rival in others])

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        return [Question(self._statement(task.outputs), self.domain, facts)]

    def facts(self) -> list[Fact]:
        """With two labels: that is all that later claims of the test need."""
        return [Fact(self._statement(2), self.domain)]
