"""Formulas (C12): numbered nodes, the parts of each before it. Nothing is parsed from text."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.errors import LimitError, RejectedError, require
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.reading import fraction_of, natural

LARGEST_FORMULA = 200_000
"""Parts of a formula, each counted as often as it is used."""
ENTRIES = {"x": 1, "z": 2, "h": 2, "logit": 1, "W_hi": 1, "W_hh": 2, "W_oh": 2}
OPERATIONS: dict[str, tuple[int, int | None]] = {
    "add": (2, None),
    "sub": (2, 2),
    "mul": (2, None),
    "neg": (1, 1),
    "min": (1, None),
    "max": (1, None),
    "relu": (1, 1),
    "abs": (1, 1),
}
CONNECTIVES: dict[str, tuple[int, int | None]] = {
    "and": (2, None),
    "or": (2, None),
    "not": (1, 1),
    "implies": (2, 2),
}
RELATIONS = {"<": lt, "<=": le, ">": gt, ">=": ge, "==": eq, "!=": ne}
Node = tuple[Any, ...]
"""("number", q), ("truth", b), ("x", t) and other entries, or an operation and nodes' numbers."""


class Formulas:
    """The nodes of a certificate, and those that the checker makes of them itself."""

    def __init__(self, program: Program, budget: Budget) -> None:
        self.program, self.budget = program, budget
        self.nodes: list[Node] = []
        self.numbers: dict[Node, int] = {}
        self.is_term: list[bool] = []
        self.size: list[int] = []  # of formulas; terms count as one part
        self.used: set[int] = set()
        self._conjuncts: dict[int, list[int]] = {}

    def read(self, data: Any) -> None:
        require(isinstance(data, list), "nodes must be a list")
        for number, item in enumerate(data):
            try:
                node = self._node(item)
                require(node not in self.numbers, "it was listed before")
                self.make(*node)
            except RejectedError as error:
                raise RejectedError(f"node {number}: {error}") from None

    def _node(self, item: Any) -> Node:
        if isinstance(item, bool):
            return "truth", item
        if isinstance(item, str):
            return "number", fraction_of(item, "it")
        require(isinstance(item, list) and len(item) > 1, "it is no node")
        head, *rest = item
        require(isinstance(head, str), "it is no node")
        if head in ENTRIES:
            return self._entry(head, rest)
        known = head in OPERATIONS or head in CONNECTIVES or head in RELATIONS
        require(known, "its operation is unknown")
        return head, *(natural(part, "a part") for part in rest)

    def _entry(self, name: str, indices: list[Any]) -> Node:
        n, d, k = self.program.n, self.program.d, len(self.program.readout)
        shapes = {"x": (n,), "z": (n, d), "h": (n, d), "logit": (k,)}
        shapes |= {"W_hi": (d,), "W_hh": (d, d), "W_oh": (k, d)}
        low = -1 if name == "h" else 0
        shape = shapes[name]
        require(len(indices) == len(shape), "it has too many indices, or too few")
        for place, (index, size) in enumerate(zip(indices, shape, strict=True)):
            least = low if place == 0 else 0
            require(type(index) is int and least <= index < size, "the model has no such entry")
        return name, *indices

    def make(self, op: str, *parts: Any) -> int:
        """The number of a node, which is new or was there before."""
        node = (op, *parts)
        self.budget.spend(1 + len(parts))
        if node not in self.numbers:
            self.numbers[node] = len(self.nodes)
            size = 1
            if op in OPERATIONS or op in CONNECTIVES or op in RELATIONS:
                self._check_parts(op, parts)
            self.nodes.append(node)
            self.is_term.append(op == "number" or op in ENTRIES or op in OPERATIONS)
            if op in CONNECTIVES:
                size += sum(self.size[part] for part in parts)
            if size > LARGEST_FORMULA:
                raise LimitError(f"a formula has over {LARGEST_FORMULA:,} parts")
            self.size.append(size)
        return self.numbers[node]

    def _check_parts(self, op: str, parts: Sequence[int]) -> None:
        least, most = (OPERATIONS | CONNECTIVES).get(op, (2, 2))
        require(least <= len(parts) <= (most or len(parts)), "it has too many parts, or too few")
        require(all(part < len(self.nodes) for part in parts), "a part of it comes after it")
        wanted = op not in CONNECTIVES
        require(
            all(self.is_term[part] == wanted for part in parts), "its parts are of a wrong sort"
        )
        self.used.update(parts)

    def number(self, value: int | Fraction) -> int:
        return self.make("number", Fraction(value))

    def all(self, parts: Sequence[int]) -> int:
        return self.make("and", *parts) if len(parts) > 1 else parts[0]

    def any(self, parts: Sequence[int]) -> int:
        return self.make("or", *parts) if len(parts) > 1 else parts[0]

    def term(self, value: Any, where: str) -> int:
        return self._of_sort(value, True, where)

    def formula(self, value: Any, where: str) -> int:
        return self._of_sort(value, False, where)

    def _of_sort(self, value: Any, term: bool, where: str) -> int:
        number = natural(value, where)
        require(number < len(self.nodes), f"{where} is no node")
        require(self.is_term[number] == term, f"{where} is a node of a wrong sort")
        self.used.add(number)
        return number

    def conjuncts(self, number: int) -> list[int]:
        """The parts of nested conjunctions; none of what is always true."""
        if number not in self._conjuncts:
            node = self.nodes[number]
            parts = node[1:] if node[0] == "and" else ()
            found = dict.fromkeys(part for inner in parts for part in self.conjuncts(inner))
            self.budget.spend(1 + len(found))
            plain = [] if node == ("truth", True) else [number]
            self._conjuncts[number] = list(found) if parts else plain
        return self._conjuncts[number]


def compared(op: str, left: Any, right: Any) -> bool:
    return bool(RELATIONS[op](left, right))


def varying(node: Node) -> bool:
    """An input, or what the model computes: neither a weight, nor the state before any step."""
    return node[0] in ("x", "z", "h", "logit") and int(node[1]) >= 0
