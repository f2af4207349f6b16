"""The evidence for one verdict, as a certificate has it: proofs, inputs, probabilities.

Where a verdict has none that the checker could follow, SaidError says whom one has to trust.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from fractions import Fraction
from itertools import product
from random import Random
from typing import Literal

from algzoo_exact.certificate.check import Rewriting, Rows, truth_at
from algzoo_exact.certificate.nodes import Json, Nodes, SaidError
from algzoo_exact.certificate.trees import MOST_CONES, proof_tree, true_points, truth_tree
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.claims.bounds import Bounds, verdict_on
from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    conjuncts,
    evaluate,
    fails_at,
    fixed_inputs,
    values_at,
)
from algzoo_exact.explain.logic.farkas import Refutation, steps_json
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.logic.order_probability import order_statement
from algzoo_exact.explain.outcome import Argument, Cells, Figure, Outcome, Point
from algzoo_exact.explain.prove.cell_search import OutOfReachError
from algzoo_exact.explain.prove.facts import Fact, Question, solutions
from algzoo_exact.explain.prove.setting import Inside
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule

Quantifier = Literal["all", "almost all", "some"]

_PACKAGE = "algzoo_exact"
_UNIT = Fraction(1, 10**20)
"""Probabilities by cones are stated to so much."""
_MOST_OF_WIDE = 2_000  # cones, where no other way needed them
_NEARBY = 40  # scales at which inputs near a witness are tried
_MOVED = 3  # coordinates, of those that are free
_TRIALS = 300  # inputs that may be in a domain


class Evidence:
    """Evidence about one program; ``nodes`` number the formulas in it. What is said ``inside`` a
    setting is about its program."""

    def __init__(self, program: Program, task: Task, ties: TieRule) -> None:
        self.program, self.task, self.ties = program, task, ties
        self.nodes = Nodes(program)
        self._inside: Inside | None = None

    def of(self, inside: Inside) -> Evidence:
        """Evidence in a setting, with the same nodes."""
        found = copy(self)
        found.program, found._inside = inside.program, inside
        return found

    def asked(self, questions: Sequence[Question]) -> list[Question]:
        """As they are proved."""
        return list(questions) if self._inside is None else self._inside.asked(questions)

    def part(
        self,
        quantifier: Quantifier,
        statement: Formula,
        domain: Formula,
        *,
        proof: Json | None = None,
        witness: Point | None = None,
    ) -> Json:
        """A statement, with what proves or refutes it, if anything does."""
        return {
            "for": quantifier,
            "statement": self.nodes.number(statement),
            "domain": self.nodes.number(domain),
            "proof": proof,
            "witness": None if witness is None else _texts(witness),
        } | self.nodes.said(self._inside)

    def proofs(
        self, checked: Outcome, questions: Sequence[Question], *, almost: bool
    ) -> list[Json]:
        """One for each question; SaidError if there is none for one of them."""
        arguments: Sequence[Argument | None] = checked.arguments
        if len(arguments) != len(questions):
            arguments = (None,) * len(questions)
        pairs = zip(arguments, questions, strict=True)
        return [self._proof(checked, a, question, almost) for a, question in pairs]

    def for_all(
        self, checked: Outcome, questions: Sequence[Question], *, almost: bool
    ) -> list[Json]:
        """Statements that are proved together, or one of which fails at a witness."""
        proofs: list[Json | None] = [None] * len(questions)
        if checked.status == "proved":
            proofs[:] = self.proofs(checked, questions, almost=almost)
        at, found = checked.witness, []
        for (statement, domain, _), proof in zip(questions, proofs, strict=True):
            fails = at is not None and fails_at(self.program, statement, domain, at)
            word: Quantifier = "almost all" if almost else "all"
            witness = at if fails else None
            found.append(self.part(word, statement, domain, proof=proof, witness=witness))
        return found

    def inside(self, domain: Formula, parts: Sequence[Json]) -> list[str] | None:
        """A point in the domain of some of the parts, which together are those of ``domain``; with
        a neighbourhood, where these are about almost all inputs. None if none was found."""
        asked = [(part["domain"], part["for"] == "almost all") for part in parts]
        setting, formulas = self.nodes.setting(self._inside), self.nodes.formulas
        for x in self._points(domain):
            if evaluate(domain, values_at(self.program, x)) and any(
                truth_at(formulas, number, x, around=almost, setting=setting)
                for number, almost in asked
            ):
                return _texts(x)
        return None

    def _points(self, domain: Formula) -> Iterator[Point]:
        """Points that may be in a domain."""
        found = self._anywhere(domain)
        return found if self._inside is None else map(self._inside.setting.point, found)

    def _anywhere(self, domain: Formula) -> Iterator[Point]:
        n, random = self.program.seq_len, Random(0)
        example = OrderFacts(domain, n).example()
        fixed = self._fixed(domain)
        yield (Fraction(0),) * n
        yield example if fixed is None else fixed
        for _ in range(_TRIALS):
            moves = [Fraction(random.randint(-9, 9), random.choice((1, 20, 400))) for _ in range(n)]
            yield tuple(moves)
            yield tuple(v + move for v, move in zip(example, moves, strict=True))
        yield from true_points(self.program, domain)

    def _proof(
        self, checked: Outcome, argument: Argument | None, question: Question, almost: bool
    ) -> Json:
        statement, domain, facts = question
        walls: tuple[Formula, ...] = ()
        known = None
        if argument is not None:
            walls = _walls(argument.domain, domain)
            if isinstance(argument.evidence, Refutation) and self._inside is None:
                return self._steps(argument, argument.evidence, domain, facts)
            if isinstance(argument.evidence, Cells) and argument.statement == statement:
                known = argument.evidence
        point = self._fixed(domain)
        if point is not None and evaluate(statement, values_at(self.program, point)):
            return self.at_point(statement, domain)
        try:
            inside = Logic("and", (domain, *walls)) if walls else domain
            of = self._inside or self.program
            tree = proof_tree(of, statement, inside, known, almost=almost)
        except OutOfReachError:
            raise SaidError(self.word(checked)) from None
        return {"cells": tree} | self._without(walls)

    def word(self, checked: Outcome) -> str:
        """Whose word it is, where nothing can be written down."""
        source = ", ".join(checked.trusted) or f"{_PACKAGE} ({checked.method})"
        return f"{checked.verdict.status} by {source}, with no proof written down"

    def _fixed(self, domain: Formula) -> Point | None:
        """The input that a domain consists of, where it fixes the first inputs, at least, up to
        some step; the others are 0."""
        known = fixed_inputs(domain)
        if not known or set(known) != set(range(len(known))):
            return None
        return tuple(known.get(i, Fraction(0)) for i in range(self.program.seq_len))

    def at_point(self, statement: Formula, domain: Formula) -> Json:
        """The proof where a domain fixes all inputs that occur: in their place, the statement is
        one about numbers, whose negation is a row by itself."""
        number, formulas = self.nodes.number, self.nodes.formulas
        fixed, defined = [], {}
        for part in conjuncts(domain):
            match part:
                case Compare("==", Entry("x", (i,)) as entry, Number() as value):
                    fixed.append([number(entry), number(part)])
                    defined[("x", i)] = number(value), list[int]()
        setting = self.nodes.setting(self._inside)
        rewriting = Rewriting(formulas, (), defined | setting.defined)
        goal = rewriting.negation(rewriting.condition(number(statement)))
        rows = Rows(rewriting, [rewriting.condition(number(domain)), goal]).rows
        found: Json = {"steps": [{"rows": [[len(rows) - 1, "1"]]}]}
        return found | ({"defined": fixed} if fixed else {})

    def _steps(
        self, argument: Argument, found: Refutation, domain: Formula, facts: Sequence[Fact]
    ) -> Json:
        number = self.nodes.number
        known = [part for fact in facts for part in conjuncts(fact.statement)]
        proof: Json = {"steps": steps_json(found)}
        use = argument.use
        if use.facts:
            proof["facts"] = [number(part) for part in use.facts]
        if use.defined:
            proof["defined"] = [
                [number(entry), number(_equation(entry, term, known))]
                for entry, term in use.defined
            ]
        if use.free:
            proof["free"] = [number(entry) for entry in use.free]
        return proof | self._without(_walls(argument.domain, domain))

    def _without(self, walls: Sequence[Formula]) -> Json:
        return {"without": [self.nodes.number(wall) for wall in walls]} if walls else {}

    # Numbers.

    def probability(
        self, condition: Formula, figure: Figure, bounds: Bounds | None = None, verdict: str = ""
    ) -> Json:
        """That a probability is within bounds, or is not; without ``bounds``, what it is. By the
        order of the inputs or by cones; SaidError if neither is possible."""
        known, by_order = figure.enclosure, self._is_order(condition)
        if known is None:
            raise SaidError(said_of(figure))
        low, high = max(Fraction(0), known.lower - _UNIT), min(Fraction(1), known.upper + _UNIT)
        if by_order and figure.rational is not None:
            low = high = figure.rational
        if bounds is not None:
            told = Figure(figure.what, "certified", Enclosure(low, high))
            if verdict_on(told, bounds).status != verdict:
                raise SaidError(said_of(figure))
            low = Fraction(0) if bounds.least is None else bounds.least
            high = Fraction(1) if bounds.most is None else bounds.most
        elif not by_order:
            low, high = low // _UNIT * _UNIT, -(-high // _UNIT) * _UNIT
        try:
            wide = known.width > _UNIT / 10**6  # other ways were faster, and there may be very many
            most = _MOST_OF_WIDE if wide else MOST_CONES
            cells = None if by_order else truth_tree(self.program, condition, most)
        except OutOfReachError:
            raise SaidError(said_of(figure)) from None
        return {
            "condition": self.nodes.number(condition),
            "at_least": str(low),
            "at_most": str(high),
            "cells": cells,
        } | self.nodes.said(self._inside)

    def _is_order(self, condition: Formula) -> bool:
        try:
            order_statement(condition, self.program.seq_len)
        except InputError:
            return False
        return True

    # Suprema.

    def reached(self, checked: Outcome, statement: Formula, domain: Formula) -> Point | None:
        """An input in the domain where the statement holds, at or near the place where a supremum
        is attained; None where none is found."""
        if not checked.figures or checked.figures[0].witness is None:
            return None
        tied = {} if self._inside is None else self._inside.setting.tied
        free = [i for i in range(self.program.seq_len) if i not in tied]
        for near in _around(checked.figures[0].witness, free[:_MOVED]):
            point = near if self._inside is None else self._inside.setting.point(near)
            values = values_at(self.program, point)
            if evaluate(domain, values) and evaluate(statement, values):
                return point
        return None


def _walls(used: Formula, domain: Formula) -> tuple[Formula, ...]:
    """The null sets that were cut out of a domain."""
    if used == domain:
        return ()
    assert isinstance(used, Logic)
    assert used.args[0] == domain
    return used.args[1:]


def _equation(entry: Entry, term: Term, known: Sequence[Formula]) -> Formula:
    """The one of the known formulas that says what an entry is."""
    return next(formula for formula in known if (entry, term) in solutions(formula))


def _around(point: Point, free: Sequence[int]) -> Iterator[Point]:
    """The point itself, then others nearer and nearer to it, which differ in these coordinates."""
    yield point
    for k in range(1, _NEARBY):
        step = Fraction(1, 2**k)
        for signs in product((-1, 0, 1), repeat=len(free)):
            moves = dict(zip(free, signs, strict=True))
            yield tuple(v + moves.get(i, 0) * step for i, v in enumerate(point))


def _texts(point: Point) -> list[str]:
    return [str(value) for value in point]


def said_of(figure: Figure) -> str:
    """A number that nothing was written down for."""
    if figure.enclosure is not None:
        low, high = float(figure.enclosure.lower), float(figure.enclosure.upper)
        return f"{figure.what} from {low:.12g} to {high:.12g}, computed"
    return f"{figure.what} about {figure.estimate}, sampled, which proves nothing"
