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
        pairs = [(i.statement, i.domain) for i in found if isinstance(i.statement, Compare)]
        if said is None or len(pairs) < len(found):
            return
        try:
            most = max(greatest_ratio(statement, domain, bench) for statement, domain in pairs)
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


def greatest_ratio(statement: Compare, domain: Formula, bench: Bench) -> Fraction:
    """The supremum of the left side's size over the right side; for an equality, of the difference
    over the largest input. OutOfReachError where cells do not tell."""
    nothing, inputs = Number(Fraction(0)), range(bench.program.seq_len)
    left, right = statement.left, statement.right
    if statement.op in (">", ">="):
        left, right = right, left
    scale = right
    if statement.op == "==":
        left = Apply("sub", (left, right))
        scale = Apply("max", tuple(Apply("abs", (Entry("x", (t,)),)) for t in inputs))
    limits = CellLimits(Deadline.after(bench.seconds / 2))
    figure = supremum(bench.program, left, nothing, scale, domain=domain, limits=limits)
    if figure.rational is None:
        raise OutOfReachError("no multiple of it is enough")
    return figure.rational
