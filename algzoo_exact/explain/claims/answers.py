"""The claims that the model is right, or wrong, almost everywhere in a domain, or right on a share
of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.bounds import BOUND_KEYS, Bounded, Bounds, held_against
from algzoo_exact.explain.claims.claim import Instance
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, Logic, every, some
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.labels import cells_in, earns, fails
from algzoo_exact.explain.prove.statements import conditional
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
