"""The claim that the model is right on a part of a domain, whose share is within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from algzoo_exact.explain.claims.answers import Right
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.bounds import BOUND_KEYS, Bounded, Bounds, held_against
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, every, some
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.statements import conditional
from algzoo_exact.program.task import Task, TieRule


@dataclass(frozen=True)
class Share(Bounded):
    """Of the Gaussian inputs in ``domain`` that have one label, the part on which the model gives
    it is within ``bounds``."""

    domain: Formula
    bounds: Bounds

    kind = "share"
    number = "a share"
    needs_labels = True
    keys: ClassVar[Keys] = {"domain": formula(EVERYWHERE), **BOUND_KEYS, **SETTING_KEYS}
    sentence = "The model is right on a share of these inputs that is within the bounds."

    def cells(self, task: Task, ties: TieRule) -> list[Question]:
        """That the model is right, in each part of the domain that has one label."""
        return Right(self.parameters, self.domain).says(task, ties, ())

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        cells = bench.asked(self.cells(bench.task, bench.ties))
        if not cells:
            return Outcome.unknown("nothing in the domain has a label")
        right, labelled = map(bench.measured, events(cells))
        found = conditional(right, labelled, "what has a label")
        return held_against(replace(found, what="share"), self.bounds)


def events(cells: Sequence[Question]) -> tuple[Formula, Formula]:
    """That the model is right, and that there is one label."""
    right = [every([q.domain, q.statement]) for q in cells]
    return some(right), some([q.domain for q in cells])
