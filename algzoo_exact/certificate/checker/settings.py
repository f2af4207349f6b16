"""The model on a section of its inputs, or with something else computed (C22)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.formulas import Formulas, Node

SETTING = {"where", "instead"}


class Setting:
    """What is ``defined`` otherwise: inputs by ``where``, and z[t][j] by ``instead``, each as a
    term. ``tied`` says which input, or 0 (None), an input is."""

    def __init__(self, formulas: Formulas, data: Any) -> None:
        self.formulas = formulas
        self.tied: dict[int, int | None] = {}
        self.defined: dict[Node, tuple[int, list[int]]] = {}
        for left, right in self._equations(data, "where"):
            self._tie(left, right)
        for i, place in self.tied.items():
            known = formulas.number(0) if place is None else formulas.make("x", place)
            self.defined["x", i] = known, []
        for left, right in self._equations(data, "instead"):
            entry = formulas.nodes[left]
            require(entry[0] == "z", "what is replaced is no z[t][j]")
            require(entry not in self.defined, "it is replaced twice")
            self.defined[entry] = right, []

    def __bool__(self) -> bool:
        return bool(self.defined)

    def contains(self, x: Sequence[Fraction]) -> bool:
        """Whether an input lies on the section."""
        return all(x[i] == (0 if j is None else x[j]) for i, j in self.tied.items())

    def _equations(self, data: Any, key: str) -> list[tuple[int, int]]:
        """The sides of each equation that a formula joins."""
        if key not in data:
            return []
        found: list[tuple[int, int]] = []
        for part in self.formulas.conjuncts(self.formulas.formula(data[key], key)):
            op, *sides = self.formulas.nodes[part]
            require(op == "==", f"{key} joins equations")
            found.append((sides[0], sides[1]))
            self.formulas.budget.spend(1 + len(self.tied))
        require(found != [], f"{key} says nothing")
        return found

    def _tie(self, left: int, right: int) -> None:
        """Two sides are the same from now on: 0, or the first of both."""
        sides = [self._place(self.formulas.nodes[side]) for side in (left, right)]
        one, other = sorted(sides, key=lambda place: -1 if place is None else place)
        if one == other:
            return
        for i, place in self.tied.items():
            if place == other:
                self.tied[i] = one
        require(other is not None, "0 is no input")
        assert other is not None
        self.tied[other] = one

    def _place(self, node: Node) -> int | None:
        if node == ("number", 0):
            return None
        require(node[0] == "x", "a section makes inputs 0, or equal")
        i = int(node[1])
        return self.tied.get(i, i)
