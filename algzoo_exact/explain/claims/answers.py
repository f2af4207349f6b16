"""The claims that the model is right, or wrong, almost everywhere in a domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, Logic
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.labels import cells_in, earns, fails
from algzoo_exact.program.task import Task, TieRule


@dataclass(frozen=True)
class _Answer(Instance):
    domain: Formula

    keys: ClassVar[Keys] = {"domain": formula(EVERYWHERE), **SETTING_KEYS}
    needs_labels = True
    almost = True
    right: ClassVar[bool]

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        """A statement for each label cell of the task that the domain does not exclude."""
        claimed = earns if self.right else fails
        return [
            Question(
                claimed(cell.label, task.outputs, ties), Logic("and", (inside, self.domain)), facts
            )
            for cell, inside in cells_in(task, self.domain)
        ]

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        if not self.says(bench.task, bench.ties, facts):
            reason = "the order of the inputs leaves no label: nothing is in the domain"
            return replace(Outcome.unknown(reason), vacuous=True)
        return super().check(bench, facts)


@dataclass(frozen=True)
class Right(_Answer):
    """The model gives the task's label for almost all inputs in ``domain``."""

    kind = "right"
    sentence = "The model is right for almost all of these inputs."
    right = True


@dataclass(frozen=True)
class Wrong(_Answer):
    """The model does not give the task's label for almost any input in ``domain``."""

    kind = "wrong"
    sentence = "The model is wrong for almost all of these inputs."
    right = False


ANSWERS: dict[str, type[Right | Wrong]] = {"right": Right, "wrong": Wrong}
