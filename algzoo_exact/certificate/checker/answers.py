"""Where the model is right, and where it is wrong, label by label (C14)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from algzoo_exact.certificate.checker.cones import Vector
from algzoo_exact.certificate.checker.errors import RejectedError, require
from algzoo_exact.certificate.checker.labels import label_cells
from algzoo_exact.certificate.checker.orders import Orders
from algzoo_exact.certificate.checker.proofs import Proofs, within
from algzoo_exact.certificate.checker.reading import natural

ANSWERS = ("right", "wrong")


class Answers:
    """Checks that a model gives the task's label, or another one, almost everywhere in a domain."""

    def __init__(self, proofs: Proofs, orders: Orders, task: str, ties: str) -> None:
        self.proofs, self.formulas, self.n = proofs, proofs.formulas, proofs.n
        self.orders, self.task, self.ties = orders, task, ties

    @cached_property
    def cells(self) -> list[tuple[int, list[Vector]]]:
        """The task's cells of constant label, with their walls."""
        found = []
        for cell in label_cells(self.task, self.n):
            self.formulas.budget.spend(100 * self.n**2)
            found.append(cell)
        return found

    def proved(self, name: str, data: Any, domain: int, answer: str) -> None:
        """RejectedError unless there is one proof for each label cell, but for those that the
        order of the inputs in the domain excludes."""
        require(isinstance(data, list), "proofs must be a list")
        require(len(data) > 0, "an answer without a proof is none")
        proofs: dict[int, Any] = {}
        for proof in data:
            require(isinstance(proof, dict) and "cell" in proof, "a proof has no cell")
            number = natural(proof["cell"], "a cell")
            require(number > max(proofs, default=-1), "the label cells are not in order")
            proofs[number] = {key: value for key, value in proof.items() if key != "cell"}
        above = self.orders.above(domain)
        for number, (label, walls) in enumerate(self.cells):
            if number in proofs:
                inside = self.formulas.make("and", self._inside(walls), domain)
                claimed, proof = self._earns(label, answer), proofs.pop(number)
                within(f"label cell {number}", self._prove, name, proof, claimed, inside)
            else:
                out = any(excluded(row, above) for row in walls)
                require(out, f"label cell {number} is left out")
        require(not proofs, "there is no such label cell")

    def _prove(self, name: str, proof: Any, claimed: int, inside: int) -> None:
        self.proofs.prove(name, proof, claimed, inside, almost=True)

    def refuted(self, witness: Any, domain: int, answer: str) -> None:
        """RejectedError unless the model does not answer so around the witness."""
        at = self.proofs.point(witness)
        for label, walls in self.cells:
            inside = self._inside(walls)
            if self.formulas.value(inside, at, {}):
                other = self.formulas.make("not", self._earns(label, answer))
                fails = self.formulas.make("and", inside, domain, other)
                require(self.proofs.around(fails, at["x"]), "its witness does not refute it")
                return
        raise RejectedError("its witness is on the border of two labels")

    def _inside(self, walls: Iterable[Vector]) -> int:
        """The open cone, as a formula."""
        make = self.formulas.make

        def total(row: list[tuple[int, int]]) -> int:
            terms = []
            for c, i in row:
                entry = make("x", i)
                terms.append(entry if c == 1 else make("mul", self.formulas.number(c), entry))
            if len(terms) > 1:
                return make("add", *terms)
            return terms[0] if terms else self.formulas.number(0)

        parts = []
        for row in walls:
            high = [(c, i) for i, c in enumerate(row) if c > 0]
            low = [(-c, i) for i, c in enumerate(row) if c < 0]
            parts.append(make(">", total(high), total(low)))
        return self.formulas.all(parts)

    def _earns(self, label: int, answer: str) -> int:
        """Where the model earns all for the label; for the answer wrong, where nothing."""
        make = self.formulas.make
        own = make("logit", label)
        rivals = [k for k in range(self.n) if k != label]
        if answer == "wrong" and self.ties == "uniform":
            return self.formulas.any([make(">", make("logit", k), own) for k in rivals])
        parts = []
        for k in rivals:
            op = ">=" if self.ties == "lowest" and k > label else ">"
            parts.append(make(op, own, make("logit", k)))
        earned = self.formulas.all(parts)
        return earned if answer == "right" else make("not", earned)


def excluded(row: Vector, above: list[set[int]]) -> bool:
    """Whether x[i] > x[k], if the row says that, is against the order."""
    if sorted(c for c in row if c) != [-1, 1]:
        return False
    return row.index(1) in above[row.index(-1)]
