"""Statements about one program, with their proofs and witnesses (C14), (C15)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cones import faces_of
from algzoo_exact.certificate.checker.errors import LimitError, RejectedError, require
from algzoo_exact.certificate.checker.formulas import Formulas, Node, varying
from algzoo_exact.certificate.checker.orders import Orders
from algzoo_exact.certificate.checker.points import truth_at
from algzoo_exact.certificate.checker.probabilities import Probabilities
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.reading import Json, fraction_of, keys_of
from algzoo_exact.certificate.checker.regions import Piece, Regions, cones_of
from algzoo_exact.certificate.checker.rewriting import Rewriting, is_maximum, joined
from algzoo_exact.certificate.checker.settings import SETTING, Setting
from algzoo_exact.certificate.checker.sums import Rows

STATEMENT = {"for", "statement", "domain", "witness", "proof"}
PROBABILITY = {"condition", "at_least", "at_most", "cells"}
QUANTIFIERS = ("all", "almost all", "some")


def within(where: str, check: Callable[..., Any], *args: Any) -> Any:
    """What the check finds; its complaint says where."""
    try:
        return check(*args)
    except (RejectedError, LimitError) as error:
        raise type(error)(f"{where}: {error}") from None


class Facts:
    """What was proved of all inputs in some domain, or of almost all."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas
        self._domains: dict[int, list[tuple[list[int], bool]]] = {}

    def add(self, statement: int, domain: int, almost: bool) -> None:
        """It, and all its parts, on the domain; and everywhere that the one implies the other."""
        given = self.formulas.conjuncts(domain)
        for part in {statement, *self.formulas.conjuncts(statement)}:
            self._domains.setdefault(part, []).append((given, almost))
        whole = self.formulas.make("implies", domain, statement)
        self._domains.setdefault(whole, []).append(([], almost))

    def known(self, fact: int, domain: Iterable[int], *, almost: bool) -> bool:
        """Whether it is one of these conditions, or was proved where some of them hold."""
        given = set(domain)
        for conditions, but_null_sets in self._domains.get(fact, ()):
            self.formulas.budget.spend(1 + len(conditions))
            if (almost or not but_null_sets) and given.issuperset(conditions):
                return True
        return fact in given


class Proofs:
    """Checks what is said about one program: statements, by their proofs and witnesses, and
    probabilities."""

    def __init__(self, program: Program, nodes: Any, budget: Budget) -> None:
        self.program, self.n, self.budget = program, program.n, budget
        self.formulas = Formulas(program, budget)
        self.formulas.read(nodes)
        self.listed = len(self.formulas.nodes)
        self.facts, self.orders = Facts(self.formulas), Orders(self.formulas)
        self.probabilities = Probabilities(self.formulas, self.orders)
        self.counts: Counter[str] = Counter()

    def all_used(self) -> None:
        unused = set(range(self.listed)) - self.formulas.used
        require(not unused, f"node {min(unused, default=0)} is used nowhere")

    def judge(self, data: Any) -> str:
        """Whether a statement, or a probability, is proved, refuted, or unknown. What is proved of
        all inputs is a fact from now on."""
        if isinstance(data, dict) and "condition" in data:
            return self._probability(keys_of(data, PROBABILITY | (SETTING & set(data)), "it"))
        keys_of(data, STATEMENT | (SETTING & set(data if isinstance(data, dict) else ())), "it")
        setting = self.setting(data)
        quantifier, proof, witness = data["for"], data["proof"], data["witness"]
        require(type(quantifier) is str and quantifier in QUANTIFIERS, "it is for all, or for some")
        statement = self.formulas.formula(data["statement"], "its statement")
        domain = self.formulas.formula(data["domain"], "its domain")
        some, almost = quantifier == "some", quantifier == "almost all"
        opposite = self.formulas.make("not", statement)
        if witness is not None:
            require(proof is None, "it needs no proof beside its witness")
            shown = self.formulas.make("and", domain, statement if some else opposite)
            x = self.point(witness)
            holds = truth_at(self.formulas, shown, x, around=almost, setting=setting)
            require(holds, "its witness does not show it")
            return "proved" if some else "refuted"
        if proof is None:
            return "unknown"
        said = opposite if some else statement
        self.prove(proof, said, domain, almost=almost, setting=setting)
        if some:
            return "refuted"
        if not setting:
            self.facts.add(statement, domain, almost)
        return "proved"

    def setting(self, data: Json) -> Setting:
        """What a part is about: the model as it is, on all inputs, or else."""
        return Setting(self.formulas, data)

    def _probability(self, data: Json) -> str:
        condition = self.formulas.formula(data["condition"], "its condition")
        least, most = (fraction_of(data[key], key) for key in ("at_least", "at_most"))
        require(least <= most, "its bounds are the wrong way round")
        low, high = self.probabilities.of(condition, data["cells"], self.setting(data))
        if least <= low and high <= most:
            return "proved"
        apart = high < least or low > most
        require(apart, f"its probability is {float(low):.16g}, too close to a bound to tell")
        return "refuted"

    def point(self, data: Any) -> list[Fraction]:
        require(isinstance(data, list) and len(data) == self.n, "a point is an input")
        return [fraction_of(value, "a point") for value in data]

    def prove(
        self,
        data: Any,
        statement: int,
        domain: int,
        *,
        almost: bool,
        setting: Setting | None = None,
    ) -> None:
        """RejectedError unless the statement is proved wherever its domain holds."""
        setting = self.setting({}) if setting is None else setting
        require(isinstance(data, dict), "a proof must be an object")
        optional = {"facts", "defined", "free", "without"} if "steps" in data else {"without"}
        main = "steps" if "steps" in data else "cells"
        keys_of(data, {main} | (optional & set(data)), "a proof")
        for key in optional & set(data):
            require(isinstance(data[key], list) and data[key], f"{key} must be a list, not empty")
        if "without" in data:
            require(almost, "a null set may matter here")
            walls = [self._null_set(wall, setting) for wall in data["without"]]
            domain = self.formulas.make("and", domain, *walls)
        if main == "cells":
            prove_by_cells(
                self.formulas, data["cells"], statement, domain, almost=almost, setting=setting
            )
            self.counts["proofs by cells"] += 1
            return
        given = self.formulas.conjuncts(domain)
        used = [self._fact(fact, given, almost) for fact in data.get("facts", ())]
        free = [self._entry(e, "a free entry") for e in data.get("free", ())]
        defined = self._defined(data, given, almost)
        if setting:  # facts are about the model as it is
            named = [*used, *(pair[1] for pair in data.get("defined", ()))]
            require(not free and set(named) <= set(given), "in a setting no facts are known")
        rewriting = Rewriting(self.formulas, free, defined | setting.defined)
        known = [rewriting.condition(part) for part in (domain, *used)]
        goal = rewriting.negation(rewriting.condition(statement))
        Rows(rewriting, [*known, goal]).refuted_by(data["steps"])
        self.counts["proofs by cases and sums"] += 1

    def _fact(self, number: Any, given: Sequence[int], almost: bool) -> int:
        fact = self.formulas.formula(number, "a fact")
        known = self.facts.known(fact, given, almost=almost)
        require(known, f"node {fact} is no fact that is known here")
        return fact

    def _null_set(self, number: Any, setting: Setting) -> int:
        """A formula x.c != 0, which leaves out a hyperplane."""
        wall = self.formulas.formula(number, "what is left out")
        op, *parts = self.formulas.nodes[wall]
        require(op == "!=", "what is left out is no hyperplane")
        rewriting = Rewriting(self.formulas, (), setting.defined)
        form = rewriting.plus(rewriting.term(parts[0]), rewriting.term(parts[1]), -1)
        flat = all(not is_maximum(rewriting.atoms[atom]) for atom, _ in form[0])
        require(bool(form[0]) and flat, "what is left out is no hyperplane")
        return wall

    def _entry(self, number: Any, where: str) -> Node:
        node = self.formulas.nodes[self.formulas.term(number, where)]
        require(varying(node), f"{where} is no input, and nothing that the model computes")
        return node

    def _defined(
        self, data: Json, given: Sequence[int], almost: bool
    ) -> dict[Node, tuple[int, list[int]]]:
        """Entries as terms, from equations that are known."""
        found: dict[Node, tuple[int, list[int]]] = {}
        for pair in data.get("defined", ()):
            fits = isinstance(pair, list) and len(pair) == 2
            require(fits, "a definition is an entry and a fact")
            entry = self._entry(pair[0], "what is defined")
            fact = self._fact(pair[1], given, almost)
            require(entry not in found, "an entry is defined twice")
            op, *sides = self.formulas.nodes[fact]
            require(op == "==", "a definition is an equation")
            found[entry] = self._solved(entry, sides)
        return found

    def _solved(self, entry: Node, sides: list[int]) -> tuple[int, list[int]]:
        """An equation solved for an entry: the other side, less the other summands."""
        for side, other in (sides, sides[::-1]):
            node = self.formulas.nodes[side]
            summands = list(node[1:]) if node[0] == "add" else [side]
            rest = [part for part in summands if self.formulas.nodes[part] != entry]
            if len(rest) == len(summands) - 1:
                return other, rest
        raise RejectedError("its equation does not tell the entry")


def prove_by_cells(
    formulas: Formulas,
    data: Any,
    statement: int,
    domain: int,
    *,
    almost: bool,
    setting: Setting | None = None,
) -> None:
    """RejectedError unless the statement holds on each cone wherever its domain does (C15)."""
    rewriting = Rewriting(formulas, (), None if setting is None else setting.defined)
    goal = rewriting.negation(rewriting.condition(statement))
    regions = Regions(rewriting, joined("and", [rewriting.condition(domain), goal]))
    for corners, facets in cones_of(data, regions):
        everything = (1 << len(corners)) - 1
        piece = Piece(regions, corners)
        for face in [everything] if almost else faces_of(facets, everything):
            holds = piece.truth(regions.condition, face, almost=almost)
            require(holds is False, "it fails on one of its cells, or is open there")
