"""The evidence for one verdict, as a certificate has it: proofs, inputs, figures.

Where a verdict has none that the checker could follow, it is said whom one has to trust.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import Any

from algzoo_exact.certificate.check import PLACES, SLACK
from algzoo_exact.certificate.nodes import Nodes
from algzoo_exact.certificate.trees import NoTreeError, proof_tree, truth_tree
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.claims.bounds import Bounds, verdict_on
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    conjuncts,
    evaluate,
    values_at,
)
from algzoo_exact.explain.logic.farkas import Refutation, steps_json
from algzoo_exact.explain.logic.order_probability import order_statement
from algzoo_exact.explain.outcome import Argument, Figure, Outcome, Point
from algzoo_exact.explain.prove.facts import Fact
from algzoo_exact.explain.prove.labels import cells_in, earns, fails
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule

Json = dict[str, Any]
Question = tuple[Formula, Formula, Sequence[Fact]]
"""A statement, its domain, and the facts that its proof may use."""

_PACKAGE = "algzoo_exact"
_UNIT = Fraction(1, 10**PLACES)
_NEARBY = 40  # scales at which inputs near a witness are tried


class Evidence:
    """Evidence about one program; formulas get their numbers from ``nodes``."""

    def __init__(self, program: Program, task: Task, ties: TieRule, nodes: Nodes) -> None:
        self.program, self._task, self.ties, self.nodes = program, task, ties, nodes
        self._least: dict[int, Fraction] = {}  # probabilities of conditions, by their numbers
        labels = task.cells() if task.name != "median" else ()  # which has no labels
        self._cells = {cell: k for k, cell in enumerate(labels)}

    @property
    def outputs(self) -> int:
        """Of one model: labels, or 1 for a median."""
        return self._task.outputs

    def values(self, point: Point) -> Callable[[Entry], Fraction]:
        return values_at(self.program, point)

    def witness(self, point: Point) -> Json:
        """An input and the logits there."""
        logits = self.program.evaluate(point).logit
        return {"x": [str(v) for v in point], "logit": [str(v) for v in logits]}

    def proofs(
        self, checked: Outcome, questions: Sequence[Question], *, almost: bool
    ) -> list[Json]:
        """One for each question."""
        arguments: Sequence[Argument | None] = checked.arguments
        if len(arguments) != len(questions):
            arguments = (None,) * len(questions)
        pairs = zip(arguments, questions, strict=True)
        return [self._proof(checked, a, question, almost) for a, question in pairs]

    def answers(
        self, checked: Outcome, domain: Formula, right: bool, facts: Sequence[Fact]
    ) -> list[Json]:
        """One proof for each label cell that the domain does not exclude."""
        numbers, questions = [], []
        for cell, inside in cells_in(self._task, domain):
            claimed = (earns if right else fails)(cell.label, self._task.outputs, self.ties)
            numbers.append(self._cells[cell])
            questions.append((claimed, Logic("and", (inside, domain)), facts))
        found = self.proofs(checked, questions, almost=True)
        return [{"cell": k} | proof for k, proof in zip(numbers, found, strict=True)]

    def _proof(
        self, checked: Outcome, argument: Argument | None, question: Question, almost: bool
    ) -> Json:
        statement, domain, facts = question
        if argument is not None and isinstance(argument.evidence, Refutation):
            return self._steps(argument, domain, facts)
        point = self._fixed(domain)
        if point is not None and evaluate(statement, values_at(self.program, point)):
            return {"point": [str(v) for v in point]}
        walls: tuple[Formula, ...] = ()
        if argument is not None:
            walls = _walls(argument.domain, domain)
        try:
            inside = Logic("and", (domain, *walls)) if walls else domain
            tree = proof_tree(self.program, statement, inside, almost=almost)
        except NoTreeError:
            return {"trusted": self.package(checked)}
        return {"cells": tree} | self._without(walls)

    def package(self, checked: Outcome) -> str:
        """Whose word it is, where nothing can be written down."""
        return ", ".join(checked.trusted) or f"{_PACKAGE} ({checked.method})"

    def _fixed(self, domain: Formula) -> Point | None:
        """The input that a domain consists of, where it fixes the first inputs, at least, up to
        some step; the others are 0."""
        known: dict[int, Fraction] = {}
        for part in conjuncts(domain):
            match part:
                case Compare("==", Entry("x", (i,)), Number(value)):
                    known[i] = value
        if not known or set(known) != set(range(len(known))):
            return None
        return tuple(known.get(i, Fraction(0)) for i in range(self.program.seq_len))

    def _steps(self, argument: Argument, domain: Formula, facts: Sequence[Fact]) -> Json:
        assert isinstance(argument.evidence, Refutation)
        number = self.nodes.number
        known = [part for fact in facts for part in conjuncts(fact.statement)]
        found: Json = {"steps": steps_json(argument.evidence)}
        if argument.facts:
            found["facts"] = [number(part) for part in argument.facts]
        if argument.defined:
            found["defined"] = [
                [number(entry), number(_equation(entry, term, known))]
                for entry, term in argument.defined
            ]
        if argument.free:
            found["free"] = [number(entry) for entry in argument.free]
        return found | self._without(_walls(argument.domain, domain))

    def _without(self, walls: Sequence[Formula]) -> Json:
        return {"without": [self.nodes.number(wall) for wall in walls]} if walls else {}

    # Numbers.

    def probability(
        self,
        condition: Formula,
        figure: Figure,
        bounds: Bounds | None = None,
        verdict: str = "",
    ) -> Json:
        """A probability, by the order of the inputs or by cones if possible."""
        number = self.nodes.number(condition)
        if figure.rational is not None and self._is_order(condition):
            self._least[number] = figure.rational
            return {"by": "order", "value": str(figure.rational)}
        known = figure.enclosure
        self._least[number] = Fraction(0) if known is None else known.lower
        if known is None or known.upper - known.lower > _UNIT / 10**6:
            return self.figure(figure)
        stated = round(known.midpoint / _UNIT)
        low = max(Fraction(0), (stated - SLACK) * _UNIT)
        high = min(Fraction(1), (stated + SLACK) * _UNIT)
        told = Figure(figure.what, "certified", Enclosure(low, high))
        if bounds is not None and verdict_on(told, bounds).status != verdict:
            return self.figure(figure)
        try:
            tree = truth_tree(self.program, condition)
        except NoTreeError:
            return self.figure(figure)
        self._least[number] = low
        digits = f"{stated:0{PLACES + 1}d}"
        return {"by": "cells", "value": f"{digits[:-PLACES]}.{digits[-PLACES:]}", "cells": tree}

    def _is_order(self, condition: Formula) -> bool:
        try:
            order_statement(condition, self.program.seq_len)
        except InputError:
            return False
        return True

    def least(self, condition: Formula) -> Fraction:
        """What the probability of a condition is at least, as it was written down."""
        return self._least[self.nodes.number(condition)]

    def figure(self, figure: Figure) -> Json:
        """A number that is to be believed."""
        if figure.enclosure is not None:
            low, high = figure.enclosure.lower, figure.enclosure.upper
            return {"by": "trusted", "lower": str(low), "upper": str(high)}
        return {
            "by": "samples",
            "estimate": _text(figure.estimate),
            "error": _text(figure.error),
            "samples": figure.samples or 0,
        }

    # Suprema.

    def reached(self, checked: Outcome, statement: Formula, domain: Formula) -> Json | None:
        """An input in the domain where the statement holds, at or near the place where a supremum
        is attained; None where none is found."""
        if not checked.figures or checked.figures[0].witness is None:
            return None
        for point in _around(checked.figures[0].witness):
            values = values_at(self.program, point)
            if evaluate(domain, values) and evaluate(statement, values):
                return self.witness(point)
        return None


def _walls(used: Formula, domain: Formula) -> tuple[Formula, ...]:
    """The null sets that were cut out of a domain."""
    if used == domain:
        return ()
    assert isinstance(used, Logic)
    assert used.args[0] == domain
    return used.args[1:]


def _equation(entry: Entry, term: Term, known: Sequence[Formula]) -> Formula:
    """The known equation that was solved for an entry."""
    for formula in known:
        if not isinstance(formula, Compare) or formula.op != "==":
            continue
        for one, other in ((formula.left, formula.right), (formula.right, formula.left)):
            summands = one.args if isinstance(one, Apply) and one.op == "add" else (one,)
            if entry in summands:
                solved = other
                for part in summands:
                    if part != entry:
                        solved = Apply("sub", (solved, part))
                if solved == term:
                    return formula
    raise AssertionError("a definition that no earlier claim says")


def _around(point: Point) -> Iterator[Point]:
    """The point itself, then others nearer and nearer to it."""
    yield point
    for k in range(1, _NEARBY):
        step = Fraction(1, 2**k)
        for signs in product((-1, 0, 1), repeat=min(len(point), 3)):
            moves = (*signs, *(0,) * (len(point) - len(signs)))
            yield tuple(v + s * step for v, s in zip(point, moves, strict=True))


def _text(value: float | None) -> str | None:
    return None if value is None or not math.isfinite(value) else repr(value)
