"""Formulas of an explanation as the numbered nodes of a certificate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from algzoo_exact.certificate.check import Budget, Formulas, Node, Setting
from algzoo_exact.certificate.check import Program as CheckedProgram
from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    If,
    Number,
    Term,
    Truth,
)
from algzoo_exact.explain.prove.setting import Inside
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.lift import named_weights

Json = dict[str, Any]


class SaidError(Exception):
    """The checker could not follow the evidence that there is; the message says what it is."""


class Nodes:
    """Numbers for terms and formulas: equal ones get the same number."""

    def __init__(self, program: Program) -> None:
        checked = CheckedProgram(dict(named_weights(program)), program.seq_len)
        self.formulas = Formulas(checked, Budget())
        self._known: dict[int, tuple[Term | Formula, int]] = {}  # by identity

    def number(self, expression: Term | Formula) -> int:
        """The number of an expression, whose parts come before it."""
        known = self._known.get(id(expression))
        if known is None:
            known = expression, self._made(expression)
            self._known[id(expression)] = known
        return known[1]

    def _made(self, expression: Term | Formula) -> int:
        make = self.formulas.make
        match expression:
            case Number(value):
                return make("number", value)
            case Truth(value):
                return make("truth", value)
            case Entry(array, indices):
                return make(array, *indices)
            case Compare(op, left, right):
                return make(op, self.number(left), self.number(right))
        assert not isinstance(expression, If), "comparisons have a formula for each case"
        return make(expression.op, *map(self.number, expression.args))

    def said(self, inside: Inside | None) -> dict[str, int]:
        """What was said of a setting."""
        said = {} if inside is None else inside.setting.said
        return {key: self.number(part) for key, part in said.items()}

    def setting(self, inside: Inside | None) -> Setting:
        """The checker's view of it."""
        return Setting(self.formulas, self.said(inside))

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """What is numbered inside is forgotten if it ends in SaidError: nothing refers to it."""
        kept = len(self.formulas.nodes)
        try:
            yield
        except SaidError:
            nodes = self.formulas.nodes[:kept]
            self.formulas = Formulas(self.formulas.program, Budget())
            for node in nodes:
                self.formulas.make(*node)
            self._known = {key: (e, k) for key, (e, k) in self._known.items() if k < kept}
            raise

    def to_json(self) -> list[Any]:
        """All nodes: a number as text, true or false, or a list of the operation and its parts."""
        return [_written(node) for node in self.formulas.nodes]


def _written(node: Node) -> Any:
    op, *parts = node
    if op == "number":
        return str(parts[0])
    return parts[0] if op == "truth" else [op, *parts]


def bounds(lower: object, upper: object) -> dict[str, str]:
    """Both ends of what is known of a number."""
    return {"lower": str(lower), "upper": str(upper)}


def weight_texts(named: Mapping[str, Matrix]) -> dict[str, list[list[str]]]:
    """Exact weights as a certificate has them, row by row."""
    return {key: [[str(w) for w in row] for row in rows] for key, rows in named.items()}
