"""Statements about one program, with their proofs and witnesses (C14), (C15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cones import faces_of
from algzoo_exact.certificate.checker.errors import LimitError, RejectedError, require
from algzoo_exact.certificate.checker.formulas import ENTRIES, Formulas, Node, compared, computed
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.reading import Json, fraction_of, keys_of, quoted
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

STATEMENT = {"for", "statement", "domain", "verdict", "proof", "witness"}
QUANTIFIERS = ("all", "almost all", "some")
VERDICTS = ("proved", "refuted", "unknown")


@dataclass
class Findings:
    """What the parts of one check share: the work that is left, what was counted, and what rests
    on somebody's word (``trusting``: claims and cases, and why)."""

    budget: Budget
    counts: Counter[str] = field(default_factory=Counter)
    trusting: dict[str, str] = field(default_factory=dict)
    not_checked: list[str] = field(default_factory=list)

    def trust(self, name: str, why: str) -> None:
        line = f"{name}: {why}"
        self.trusting[name] = why
        if line not in self.not_checked:
            self.not_checked.append(line)

    def rest_on(self, name: str, sources: Sequence[str]) -> None:
        """What is named follows from any of the sources."""
        if all(source in self.trusting for source in sources):
            self.trusting.setdefault(name, f"it rests on {sources[0]}")


def within(where: str, check: Callable[..., Any], *args: Any) -> Any:
    """What the check finds; its complaint says where."""
    try:
        return check(*args)
    except (RejectedError, LimitError) as error:
        raise type(error)(f"{where}: {error}") from None


def verdict_of(value: Any) -> str:
    require(type(value) is str and value in VERDICTS, "a verdict is unknown")
    return str(value)


class Facts:
    """What was proved of all inputs in some domain, and the names of the claims that say so."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self._parts: dict[int, list[tuple[int, str]]] = {}  # of statements: domains, names
        self._whole: dict[Node, list[str]] = {}  # by the implication

    def add(self, name: str, statement: int, domain: int) -> None:
        for part in self.formulas.conjuncts(statement):
            self._parts.setdefault(part, []).append((domain, name))
        self._whole.setdefault(("implies", domain, statement), []).append(name)

    def sources(self, fact: int, domain: int) -> list[str]:
        """The claims that prove it: it is a part of what one says, whose domain is a part of this
        domain; or it says that a claim's domain implies what that claim says."""
        given = set(self.formulas.conjuncts(domain))
        known = self._parts.get(fact, [])
        found = []
        for where, name in known:
            parts = self.formulas.conjuncts(where)
            self.formulas.budget.spend(1 + len(parts))
            if given.issuperset(parts):
                found.append(name)
        found += self._whole.get(self.formulas.nodes[fact], [])
        require(bool(found), f"node {fact} is no fact that is known here")
        return found


class Proofs:
    """Checks statements about one program, by their proofs and witnesses."""

    def __init__(self, program: Program, nodes: Any, findings: Findings) -> None:
        self.program, self.n, self.findings = program, program.n, findings
        self.formulas = Formulas(program, findings.budget)
        self.formulas.read(nodes)
        self.listed = len(self.formulas.nodes)
        self.everywhere = self.formulas.make("truth", True)
        self.facts = Facts(self.formulas)

    def all_used(self) -> None:
        unused = set(range(self.listed)) - self.formulas.used
        require(not unused, f"node {min(unused, default=0)} is used nowhere")

    def judge(self, name: str, data: Any) -> str:
        """The verdict on one statement. If it is proved of all inputs, it is a fact from now on."""
        keys_of(data, STATEMENT, "it")
        quantifier, verdict = data["for"], verdict_of(data["verdict"])
        require(type(quantifier) is str and quantifier in QUANTIFIERS, "it is for all, or for some")
        statement = self.formulas.formula(data["statement"], "its statement")
        domain = self.formulas.formula(data["domain"], "its domain")
        some, proof, witness = quantifier == "some", data["proof"], data["witness"]
        if verdict == "unknown":
            require(proof is None and witness is None, "an open verdict has no proof or witness")
        elif witness is not None:
            require((verdict == "proved") is some, "an input shows what some do, or not all")
            require(proof is None, "it needs no proof beside its witness")
            self._shown(witness, statement, domain, quantifier)
        elif some and verdict == "proved":
            trusting = isinstance(proof, dict) and "trusted" in proof
            require(trusting, "it needs a witness")
            self.prove(name, proof, statement, domain, almost=False)
        else:
            require(verdict == "proved" or some, "it needs a witness")
            goal = self.formulas.make("not", statement) if some else statement
            self.prove(name, proof, goal, domain, almost=quantifier == "almost all")
        if verdict == "proved" and quantifier == "all":
            self.facts.add(name, statement, domain)
        return verdict

    def _shown(self, witness: Any, statement: int, domain: int, quantifier: str) -> None:
        """At the witness, which is in the domain, the statement holds if it is for some inputs,
        and else fails; with a neighbourhood, if null sets do not count."""
        at, known = self.point(witness), dict[int, Any]()
        if quantifier == "almost all":
            make = self.formulas.make
            fails = make("and", domain, make("not", statement))
            require(self.around(fails, at["x"]), "its witness does not refute it")
            return
        inside = self.formulas.value(domain, at, known)
        require(inside is True, "its witness is outside its domain")
        holds = self.formulas.value(statement, at, known)
        some = quantifier == "some"
        require(holds is some, f"it {'fails' if some else 'holds'} at its witness")

    def prove(self, name: str, data: Any, statement: int, domain: int, *, almost: bool) -> None:
        """RejectedError unless the statement is proved wherever its domain holds."""
        require(isinstance(data, dict), "a proof must be an object")
        if "trusted" in data:
            method = keys_of(data, {"trusted"}, "a proof")["trusted"]
            require(type(method) is str, "what is trusted must be a text")
            self.findings.trust(name, f"{quoted(method)} is trusted, with no proof written down")
            return
        if "point" in data:
            self._proof_at_point(keys_of(data, {"point"}, "a proof")["point"], statement, domain)
            return
        optional = {"facts", "defined", "free", "without"} if "steps" in data else {"without"}
        main = "steps" if "steps" in data else "cells"
        keys_of(data, {main} | (optional & set(data)), "a proof")
        for key in optional & set(data):
            require(isinstance(data[key], list) and data[key], f"{key} must be a list, not empty")
        if "without" in data:
            require(almost, "a null set may matter here")
            walls = [self._null_set(wall) for wall in data["without"]]
            domain = self.formulas.make("and", domain, *walls)
        if main == "cells":
            self._proof_by_cells(data["cells"], statement, domain, almost)
            return
        used = [self._fact(name, fact, domain) for fact in data.get("facts", ())]
        free = [self._entry(e, "a free entry") for e in data.get("free", ())]
        rewriting = Rewriting(self.formulas, free, self._defined(name, data, domain))
        given = [rewriting.condition(part) for part in (domain, *used)]
        goal = rewriting.negation(rewriting.condition(statement))
        Rows(rewriting, [*given, goal]).refuted_by(data["steps"])
        self.findings.counts["proofs by cases and sums"] += 1

    def _proof_at_point(self, data: Any, statement: int, domain: int) -> None:
        """The domain fixes all inputs that occur in the statement, which holds there; the others
        are 0."""
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
        idle = all(i in fixed or not value for i, value in enumerate(point))
        require(idle, "at a point, inputs that nothing fixes are 0")
        holds = formulas.value(statement, self.program.run(point, self.findings.budget), {})
        require(holds is True, "the statement is false at its point")
        self.findings.counts["proofs at a point"] += 1

    def _fact(self, name: str, number: Any, domain: int) -> int:
        fact = self.formulas.formula(number, "a fact")
        self.findings.rest_on(name, self.facts.sources(fact, domain))
        return fact

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

    def _entry(self, number: Any, where: str) -> Node:
        node = self.formulas.nodes[self.formulas.term(number, where)]
        require(computed(node), f"{where} is nothing that the model computes")
        return node

    def _defined(self, name: str, data: Json, domain: int) -> dict[Node, tuple[int, list[int]]]:
        """Entries as terms, from equations that are known; none leads back to itself."""
        found: dict[Node, tuple[int, list[int]]] = {}
        for pair in data.get("defined", ()):
            require(
                isinstance(pair, list) and len(pair) == 2, "a definition is an entry and a fact"
            )
            entry = self._entry(pair[0], "what is defined")
            fact = self._fact(name, pair[1], domain)
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
            self.findings.budget.spend(1)
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
        for corners, facets in cones_of(data, regions):
            everything = (1 << len(corners)) - 1
            piece = Piece(regions, corners)
            faces = [everything] if almost else faces_of(facets, everything)
            for face in faces:
                holds = piece.truth(regions.condition, face, almost=almost)
                require(holds is False, "it fails on one of its cells, or is open there")
        self.findings.counts["proofs by cells"] += 1

    def point(self, data: Any) -> dict[str, Any]:
        """All values at a witness, whose logits must be as stated."""
        keys_of(data, {"x", "logit"}, "a witness")
        require(isinstance(data["x"], list) and len(data["x"]) == self.n, "a witness is an input")
        x = [fraction_of(value, "a witness") for value in data["x"]]
        at = self.program.run(x, self.findings.budget)
        require(data["logit"] == [str(v) for v in at["logit"]], "a witness has other logits")
        return at

    def around(self, number: int, x: Sequence[Fraction]) -> bool:
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
            self.findings.budget.spend(1)
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
            return compared(op, value, 0)

        return truth(condition) is True
