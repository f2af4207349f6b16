"""Where the model is right, and where it is wrong, as formulas, label by label (C14)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from algzoo_exact.certificate.checker.cones import Vector
from algzoo_exact.certificate.checker.labels import label_cells
from algzoo_exact.certificate.checker.proofs import Proofs

ANSWERS = ("right", "wrong")


class Answers:
    """That a model gives the task's label, or another one, almost everywhere in a domain."""

    def __init__(self, proofs: Proofs, task: str, ties: str) -> None:
        self.proofs, self.formulas, self.n = proofs, proofs.formulas, proofs.n
        self.task, self.ties = task, ties

    @cached_property
    def cells(self) -> list[tuple[int, int]]:
        """Of the task's cells of constant label: label, and the open cone as a formula."""
        found = []
        for label, walls in label_cells(self.task, self.n):
            self.formulas.budget.spend(100 * self.n**2)
            found.append((label, self._inside(walls)))
        return found

    def goals(self, domain: int, answer: str) -> set[tuple[int, int]]:
        """What is to be proved, label by label: statements, each with its domain."""
        make = self.formulas.make
        return {
            (self._earns(label, answer), make("and", inside, domain))
            for label, inside in self.cells
        }

    def known(self, domain: int, answer: str) -> bool:
        """Whether that was proved for each label that the order of the inputs does not exclude."""
        orders, conjuncts = self.proofs.orders, self.formulas.conjuncts
        given = orders.of(domain)
        return all(
            orders.excluded(inside, given)
            or self.proofs.facts.known(
                self._earns(label, answer), [*conjuncts(inside), *conjuncts(domain)], almost=True
            )
            for label, inside in self.cells
        )

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
