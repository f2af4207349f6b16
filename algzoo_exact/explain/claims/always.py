"""The claim that a statement holds for all inputs in a domain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.equalities import stated
from algzoo_exact.explain.claims.keys import SETTING_KEYS, Keys, formula
from algzoo_exact.explain.claims.tolerances import comparison, rounded
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Compare,
    Entry,
    Formula,
    Number,
)
from algzoo_exact.explain.prove.cell_search import CellLimits, OutOfReachError
from algzoo_exact.explain.prove.exact_figures import supremum
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.program.ir import Program
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
        """Sides that are close in place of equal ones, and a right side as large as it must be."""
        table = dict(result.claim.table)
        said = comparison(table["statement"])
        found = [i for i in result.claim.instances if isinstance(i, Always)]
        if said is None or not all(isinstance(i.statement, Compare) for i in found):
            return
        try:
            most = max(_ratio(i, bench) for i in found)
        except OutOfReachError:
            return
        if said.relation == "==":
            del table["statement"]
            bound = {"left": said.left, "right": said.right, "at_most": rounded(most, up=True)}
            yield {**table, "kind": "close", **bound}
        else:
            yield {**table, "statement": said.times(most)}

    def facts(self) -> list[Fact]:
        return [Fact(self.statement, self.domain)]

    def equalities(self, program: Program) -> tuple[float, ...]:
        return stated([self.statement], program)


def _ratio(instance: Always, bench: Bench) -> Fraction:
    """The supremum of the left side's size over the right side; for an equality, of the difference
    over the largest input. OutOfReachError where cells do not tell."""
    said = instance.statement
    assert isinstance(said, Compare)
    nothing, inputs = Number(Fraction(0)), range(bench.program.seq_len)
    left, right = (said.right, said.left) if said.op in (">", ">=") else (said.left, said.right)
    scale = right
    if said.op == "==":
        left = Apply("sub", (left, right))
        scale = Apply("max", tuple(Apply("abs", (Entry("x", (t,)),)) for t in inputs))
    limits = CellLimits(Deadline.after(bench.seconds / 2))
    figure = supremum(bench.program, left, nothing, scale, domain=instance.domain, limits=limits)
    if figure.rational is None:
        raise OutOfReachError("no multiple of it is enough")
    return figure.rational
