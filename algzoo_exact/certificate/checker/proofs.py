"""Statements about one program, with their proofs and witnesses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.cones import Vector, faces_of
from algzoo_exact.certificate.checker.errors import RejectedError, require
from algzoo_exact.certificate.checker.formulas import ENTRIES, Formulas, Node, applied, computed
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.reading import Json, fraction_of, keys_of
from algzoo_exact.certificate.checker.regions import Piece, Regions, cones_of
from algzoo_exact.certificate.checker.rewriting import (
    ZERO,
    Condition,
    Form,
    Rewriting,
    is_maximum,
    joined,
)
from algzoo_exact.certificate.checker.sums import Rows

Fact = tuple[int, int]
"""A statement, and the domain in which it holds."""


class Proofs:
    """Checks statements about one program, by their proofs and witnesses."""

    def __init__(self, program: Program, nodes: Any) -> None:
        self.program, self.n = program, program.n
        self.formulas = Formulas(program)
        self.formulas.read(nodes)
        self.listed = len(self.formulas.nodes)
        self.everywhere = self.formulas.make("truth", True)
        self.trusting: dict[str, str] = {}  # claims and cases, and what they rest on
        self.not_checked: list[str] = []
        self.counts: Counter[str] = Counter()

    def all_used(self) -> None:
        unused = set(range(self.listed)) - self.formulas.used
        require(not unused, f"node {min(unused, default=0)} is used nowhere")

    def _within(self, where: str, check: Callable[..., Any], *args: Any) -> Any:
        try:
            return check(*args)
        except RejectedError as error:
            raise RejectedError(f"{where}: {error}") from None

    def _trust(self, name: str, why: str) -> None:
        if self.trusting.get(name) != why:
            self.trusting[name] = why
            self.not_checked.append(f"{name}: {why}")

    def _proofs(
        self,
        name: str,
        proofs: Any,
        questions: Sequence[tuple[int, int, list[Fact]]],
        *,
        almost: bool,
    ) -> None:
        """RejectedError unless each statement is proved where its domain and facts hold."""
        require(isinstance(proofs, list), "proofs must be a list")
        require(len(proofs) == len(questions), f"it needs {len(questions)} proofs")
        for k, (proof, question) in enumerate(zip(proofs, questions, strict=True)):
            self._within(f"proof {k}", self._proof, name, proof, *question, almost)

    def _proof(
        self, name: str, data: Any, statement: int, domain: int, facts: list[Fact], almost: bool
    ) -> None:
        require(isinstance(data, dict), "it must be an object")
        if "trusted" in data:
            method = keys_of(data, {"trusted"}, "it")["trusted"]
            require(type(method) is str, "what is trusted must be a text")
            self._trust(name, f"{method} is trusted, with no proof written down")
            return
        if "point" in data:
            self._proof_at_point(keys_of(data, {"point"}, "it")["point"], statement, domain)
            return
        optional = {"facts", "defined", "free", "without"} if "steps" in data else {"without"}
        main = "steps" if "steps" in data else "cells"
        keys_of(data, {main} | (optional & set(data)), "it")
        for key in optional & set(data):
            require(isinstance(data[key], list) and data[key], f"{key} must be a list, not empty")
        if "without" in data:
            require(almost, "a null set may matter here")
            walls = [self._null_set(wall) for wall in data["without"]]
            domain = self.formulas.make("and", domain, *walls)
        if main == "cells":
            self._proof_by_cells(data["cells"], statement, domain, almost)
            return
        used = [self.formulas.formula(f, "a fact") for f in data.get("facts", ())]
        for fact in used:
            require(self._known(fact, domain, facts), f"node {fact} is no fact that is known here")
        free = [self._entry(e, "a free entry") for e in data.get("free", ())]
        rewriting = Rewriting(self.formulas, free, self._defined(data, domain, facts))
        given = [rewriting.condition(part) for part in (domain, *used)]
        goal = rewriting.negation(rewriting.condition(statement))
        Rows(rewriting, [*given, goal]).refuted_by(data["steps"])
        self.counts["proofs by cases and sums"] += 1

    def _proof_at_point(self, data: Any, statement: int, domain: int) -> None:
        """The domain fixes all inputs that occur in the statement, which holds there."""
        require(isinstance(data, list) and len(data) == self.n, "a point is an input")
        point = [fraction_of(value, "a point") for value in data]
        formulas = self.formulas
        fixed = set()
        for part in formulas.conjuncts(domain):
            op, *sides = formulas.nodes[part]
            for one, other in (sides, sides[::-1]) if op == "==" else ():
                entry, value = formulas.nodes[one], formulas.nodes[other]
                if entry[0] == "x" and value == ("number", point[entry[1]]):
                    fixed.add(entry[1])
        rewriting = Rewriting(formulas)
        needed = rewriting.needed([rewriting.condition(statement)])
        inputs = {rewriting.atoms[a][1] for a in needed if not is_maximum(rewriting.atoms[a])}
        require(inputs <= fixed, "its domain does not fix all inputs that occur")
        holds = formulas.value(statement, self.program.run(point), {})
        require(holds is True, "the statement is false at its point")
        self.counts["proofs at a point"] += 1

    def _null_set(self, number: Any) -> int:
        """A formula x.c != 0, which leaves out a hyperplane."""
        wall = self.formulas.formula(number, "what is left out")
        op, *parts = self.formulas.nodes[wall]
        require(op == "!=", "what is left out is no hyperplane")
        rewriting = Rewriting(self.formulas)
        form = rewriting.plus(rewriting.term(parts[0]), rewriting.term(parts[1]), -1)
        flat = all(not is_maximum(rewriting.atoms[atom]) for atom, _ in form[0])
        require(bool(form[0]) and flat, "what is left out is no hyperplane")
        return wall

    def _known(self, fact: int, domain: int, facts: list[Fact]) -> bool:
        """Whether it is a part of what was proved wherever the domain holds."""
        given = set(self.formulas.conjuncts(domain))
        for statement, where in facts:
            if given.issuperset(self.formulas.conjuncts(where)):
                if fact in self.formulas.conjuncts(statement):
                    return True
            elif self.formulas.nodes[fact] == ("implies", where, statement):
                return True
        return False

    def _entry(self, number: Any, where: str) -> Node:
        node = self.formulas.nodes[self.formulas.term(number, where)]
        require(computed(node), f"{where} is nothing that the model computes")
        return node

    def _defined(
        self, data: Json, domain: int, facts: list[Fact]
    ) -> dict[Node, tuple[int, list[int]]]:
        """Entries as terms, from equations that are known; none leads back to itself."""
        found: dict[Node, tuple[int, list[int]]] = {}
        for pair in data.get("defined", ()):
            require(
                isinstance(pair, list) and len(pair) == 2, "a definition is an entry and a fact"
            )
            entry = self._entry(pair[0], "what is defined")
            fact = self.formulas.formula(pair[1], "a fact")
            require(self._known(fact, domain, facts), f"node {fact} is no fact that is known here")
            require(entry not in found, "an entry is defined twice")
            op, *sides = self.formulas.nodes[fact]
            require(op == "==", "a definition is an equation")
            found[entry] = self._solved(entry, sides, found)
        return found

    def _solved(
        self, entry: Node, sides: list[int], known: dict[Node, Any]
    ) -> tuple[int, list[int]]:
        """An equation solved for an entry: the other side, less the other summands."""
        for side, other in (sides, sides[::-1]):
            node = self.formulas.nodes[side]
            summands = list(node[1:]) if node[0] == "add" else [side]
            rest = [part for part in summands if self.formulas.nodes[part] != entry]
            if len(rest) == len(summands) - 1:
                named = self._entries_in([other, *rest])
                if all(e in known for e in named if computed(e)):
                    return other, rest
        raise RejectedError("its equation does not tell the entry")

    def _entries_in(self, numbers: list[int]) -> set[Node]:
        found, waiting, seen = set(), list(numbers), set(numbers)
        while waiting:
            node = self.formulas.nodes[waiting.pop()]
            self.formulas.spend(1)
            if node[0] in ENTRIES:
                found.add(node)
            elif node[0] not in ("number", "truth"):
                waiting += set(node[1:]) - seen
                seen |= set(node[1:])
        return found

    def _proof_by_cells(self, data: Any, statement: int, domain: int, almost: bool) -> None:
        rewriting = Rewriting(self.formulas)
        goal = rewriting.negation(rewriting.condition(statement))
        counter = joined("and", [rewriting.condition(domain), goal])
        regions = Regions(rewriting, counter)
        for corners, facets in cones_of(data, regions.inputs):
            everything = (1 << len(corners)) - 1
            piece = Piece(regions, corners)
            faces = [everything] if almost else faces_of(facets, everything)
            for face in faces:
                holds = piece.truth(regions.condition, face, almost=almost)
                require(holds is False, "it fails on one of its cells, or is open there")
        self.counts["proofs by cells"] += 1

    def _point(self, data: Any) -> dict[str, Any]:
        """All values at a witness, whose logits must be as stated."""
        keys_of(data, {"x", "logit"}, "a witness")
        require(isinstance(data["x"], list) and len(data["x"]) == self.n, "a witness is an input")
        at = self.program.run([fraction_of(value, "a witness") for value in data["x"]])
        require(data["logit"] == [str(v) for v in at["logit"]], "a witness has other logits")
        return at

    def _fails(self, data: Json, statement: int, domain: int) -> None:
        require(not data["proofs"], "what is refuted has no proof")
        at, known = self._point(data["witness"]), dict[int, Any]()
        require(self.formulas.value(domain, at, known) is True, "its witness is outside its domain")
        holds = self.formulas.value(statement, at, known)
        require(holds is False, "it holds at its witness")

    def _around(self, number: int, x: Sequence[Fraction]) -> bool:
        """Whether a formula holds in a neighbourhood of an input, for certain."""
        rewriting = Rewriting(self.formulas)
        condition = rewriting.condition(number)
        values: dict[int, Fraction] = {}
        locally: dict[int, Form | None] = {}  # linear forms in the inputs; None: several meet

        def at(form: Form) -> tuple[Fraction, Form | None]:
            total: Form | None = ((), form[1])
            for atom, c in form[0]:
                part = locally[atom]
                total = None if total is None or part is None else rewriting.plus(total, part, c)
            return sum((c * values[atom] for atom, c in form[0]), form[1]), total

        for atom in rewriting.needed([condition]):
            found = rewriting.atoms[atom]
            if is_maximum(found):
                sides = [at(form) for form in found]
                values[atom] = max(value for value, _ in sides)
                tops = {form for value, form in sides if value == values[atom]}
                locally[atom] = tops.pop() if len(tops) == 1 else None
            else:
                values[atom] = x[found[1]]
                locally[atom] = ((atom, Fraction(1)),), Fraction(0)

        def truth(condition: Condition) -> bool | None:
            if isinstance(condition, bool):
                return condition
            self.formulas.spend(1)
            op, inner = condition
            if op in ("and", "or"):
                some, parts = bool(op == "or"), [truth(part) for part in inner]
                if some in parts:
                    return some
                return None if None in parts else not some
            if op == "not":
                found = truth(inner[0])
                return None if found is None else not found
            value, form = at(inner)
            if value == 0 and form != ZERO:
                return None
            return applied(op, [value, 0]) is True

        return truth(condition) is True


def excluded(row: Vector, above: list[set[int]]) -> bool:
    """Whether x[i] > x[k], if the row says that, is against the order."""
    if sorted(c for c in row if c) != [-1, 1]:
        return False
    return row.index(1) in above[row.index(-1)]
