"""An explanation: claims, cases, and the accuracy that follows (C12), (C17).

One class, hence over 400 lines.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property
from operator import mul
from typing import Any

from algzoo_exact.certificate.checker.cones import Cone, Vector
from algzoo_exact.certificate.checker.decimals import SLACK, decimal
from algzoo_exact.certificate.checker.errors import RejectedError, require
from algzoo_exact.certificate.checker.fixed import Fixed
from algzoo_exact.certificate.checker.formulas import Formulas
from algzoo_exact.certificate.checker.labels import label_cells
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED, Measure
from algzoo_exact.certificate.checker.networks import Network, Weights
from algzoo_exact.certificate.checker.orders import Orders
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.proofs import Fact, Proofs, excluded
from algzoo_exact.certificate.checker.reading import (
    Json,
    bounds_of,
    fraction_of,
    keys_of,
    natural,
    text_of,
    weights_of,
)
from algzoo_exact.certificate.checker.regions import Piece, Regions, cones_of
from algzoo_exact.certificate.checker.rewriting import Rewriting

PLACES = 20
"""Decimals of probabilities by cones."""
KINDS = ("always", "measure", "close", "weights", "equivalent", "inductive", "right", "wrong")
EXPLANATION = {"title", "standard", "nodes", "claims", "cases", "partition", "accuracy"}
CLAIM = {"name", "kind", "text", "written", "assume", "verdict", "instances"}
INSTANCE = {"parameters", "verdict", "reason", "says", "proofs", "witness", "figure"}
CASE = {"name", "text", "written", "says", "claims", "verdict", "instances"}
CASE_INSTANCE = {"parameters", "when", "answer", "verdict", "reason", "proofs", "witness"}
CASE_INSTANCE |= {"probability"}
PARTITION_PART = {"verdict", "reason", "by_order", "proofs", "witness"}


class Story(Proofs):
    """Checks an explanation: each claim, each case, the partition and the accuracy."""

    def __init__(self, data: Any, weights: Weights, task: str, n: int, ties: str) -> None:
        self.data = keys_of(data, EXPLANATION, "explanation")
        require(type(data["standard"]) is bool, "explanation.standard must be true or false")
        require(type(data["title"]) is str, "explanation.title must be a text")
        Network(weights, n, 1 if task == "median" else n)  # refuses weights of other shapes
        program = Program(weights, n)
        super().__init__(program.standard() if data["standard"] else program, data["nodes"])
        self.task, self.ties = task, ties
        self.orders = Orders(self.formulas)
        self.fixed = Fixed(PLACES * 10 // 3 + 60)
        self.unit = Fraction(1, 10**PLACES)
        self.facts: dict[str, list[Fact]] = {}
        self.answers: dict[str, dict[str, list[int]]] = {}  # proved right or wrong: domains
        self.kinds: dict[str, str] = {}
        self.undecided: list[str] = []
        self.others: dict[str, None] = {}  # names of other models, in order
        self.accuracy: tuple[Fraction, Fraction] | None = None
        self.proved_accuracy = False

    @cached_property
    def _label_cells(self) -> list[tuple[int, list[Vector]]]:
        found = []
        for cell in label_cells(self.task, self.n):
            self.formulas.spend(100 * self.n**2)
            found.append(cell)
        return found

    def check(self) -> None:
        data = self.data
        require(isinstance(data["claims"], list), "claims must be a list")
        for claim in data["claims"]:
            name = self._name(claim, CLAIM, "a claim")
            self._within(f"claim {name}", self._claim, name, claim)
        require(isinstance(data["cases"], list), "cases must be a list")
        require(self.task != "median" or not data["cases"], "median has no labels, so no cases")
        cases: list[tuple[int, str, Fraction, str]] = []
        for case in data["cases"]:
            name = self._name(case, CASE, "a case")
            cases += self._within(f"case {name}", self._case, name, case)
        partition = self._within("partition", self._partition, [when for when, *_ in cases])
        self._conclude(cases, partition)
        self.all_used()

    def _name(self, data: Any, keys: set[str], where: str) -> str:
        keys_of(data, keys, where)
        require(type(data["name"]) is str and type(data["text"]) is str, f"{where} needs a name")
        written = data["written"]
        texts = isinstance(written, dict) and all(type(v) is str for v in written.values())
        require(texts, f"what is written of {where} must be texts")
        require(isinstance(data["instances"], list), f"the instances of {where} must be a list")
        return str(data["name"])

    # Claims.

    def _claim(self, name: str, claim: Json) -> None:
        kind = claim["kind"]
        require(kind in KINDS, "its kind is unknown")
        labels = kind in ("right", "wrong")
        require(self.task != "median" or not labels, "median has no labels to be right about")
        require(name not in self.kinds, "its name comes twice")
        facts = self._assumed(name, claim["assume"], tuple(self.facts))
        self.kinds[name] = kind
        verdicts = []
        proved: list[Fact] = []
        answers: dict[str, list[int]] = {"right": [], "wrong": []}
        for number, instance in enumerate(claim["instances"]):
            where = f"instance {number}"
            keys_of(instance, INSTANCE, where)
            self._parameters(instance)
            verdicts.append(self._verdict(instance))
            says = self._within(where, self._instance, name, kind, instance, facts)
            if verdicts[-1] == "proved":
                proved += says
                if kind in answers:
                    answers[kind].append(says[0][1])
        self._joint_verdict(claim["verdict"], verdicts, name, "claim")
        self.answers[name] = answers
        if kind in ("always", "close", "inductive"):
            self.facts[name] = proved

    def _assumed(self, name: str, names: Any, known: Sequence[str]) -> list[Fact]:
        require(isinstance(names, list), "what it assumes must be a list")
        for other in names:
            require(other in known, "it assumes what is no earlier claim about all inputs")
            if other in self.trusting:
                self.trusting[name] = f"it assumes {other}"
        return [fact for other in names for fact in self.facts[other]]

    def _parameters(self, data: Json) -> None:
        found = data["parameters"]
        fits = isinstance(found, dict) and all(type(v) is int for v in found.values())
        require(
            fits and type(data["reason"]) is str, "parameters are whole numbers, a reason a text"
        )

    def _verdict(self, data: Json) -> str:
        verdict = data["verdict"]
        require(verdict in ("proved", "refuted", "unknown"), "a verdict is unknown")
        refuted_by_input = data["witness"] is not None
        require(verdict != "unknown" or not data["proofs"], "an open verdict has no proof")
        require(verdict != "unknown" or not refuted_by_input, "an open verdict has no witness")
        return str(verdict)

    def _joint_verdict(self, stated: Any, found: Sequence[str], name: str, sort: str) -> None:
        joint = "proved"
        if "refuted" in found:
            joint = "refuted"
        elif "unknown" in found:
            joint = "unknown"
            self.undecided.append(f"{sort} {name}")
        require(stated == joint, f"its verdict is {joint}")
        self.counts[f"{sort}s {joint}"] += 1

    def _instance(self, name: str, kind: str, data: Json, facts: list[Fact]) -> list[Fact]:
        """What it says, as facts; the first one's domain is the instance's."""
        check: Callable[..., list[Fact]] = getattr(self, f"_{kind}")
        return check(name, data, facts)

    def _plain(self, data: Json) -> None:
        require(data["figure"] is None, "it has no figure")

    def _weights(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        says = keys_of(data["says"], {"statement"}, "what it says")
        statement = self.formulas.formula(says["statement"], "its statement")
        self._plain(data)
        require(
            not data["proofs"] and data["witness"] is None, "it needs neither proof nor witness"
        )
        holds = self.formulas.value(statement, {}, {})
        verdict = "proved" if holds else "refuted"
        require(data["verdict"] == verdict, f"its statement is {'true' if holds else 'false'}")
        return []

    def _always(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        says = keys_of(data["says"], {"statement", "domain"}, "what it says")
        statement = self.formulas.formula(says["statement"], "its statement")
        domain = self.formulas.formula(says["domain"], "its domain")
        self._plain(data)
        if data["verdict"] == "proved":
            self._proofs(name, data["proofs"], [(statement, domain, facts)], almost=False)
        elif data["verdict"] == "refuted":
            self._fails(data, statement, domain)
        return [(statement, domain)]

    def _inductive(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        says = keys_of(data["says"], {"steps"}, "what it says")
        require(isinstance(says["steps"], list) and says["steps"] != [], "it has no steps")
        self._plain(data)
        questions: list[tuple[int, int, list[Fact]]] = []
        before: list[Fact] = []
        every: list[Fact] = []
        last: int | None = None
        for part in says["steps"]:
            step = keys_of(part, {"step", "base", "statements"}, "a step")
            number, base = natural(step["step"], "a step"), step["base"]
            require(type(base) is bool, "base must be true or false")
            require(base if last is None else number == last + 1, "a step is not the next one")
            last = number
            require(isinstance(step["statements"], list), "statements must be a list")
            now = [
                (self.formulas.formula(s, "a statement"), self.everywhere)
                for s in step["statements"]
            ]
            known = [*facts, *([] if base else before)]
            questions += [(statement, domain, known) for statement, domain in now]
            before = now
            every += now
        if data["verdict"] == "proved":
            self._proofs(name, data["proofs"], questions, almost=False)
        elif data["verdict"] == "refuted":
            self._fails(data, self.formulas.all([s for s, _ in every]), self.everywhere)
        return every

    def _right(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        return self._answers(name, data, facts, "right")

    def _wrong(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        return self._answers(name, data, facts, "wrong")

    def _answers(self, name: str, data: Json, facts: list[Fact], answer: str) -> list[Fact]:
        says = keys_of(data["says"], {"domain"}, "what it says")
        domain = self.formulas.formula(says["domain"], "its domain")
        self._plain(data)
        if data["verdict"] == "proved":
            self._proved_answers(name, data["proofs"], domain, answer, facts)
        elif data["verdict"] == "refuted":
            self._other_answer(data, domain, answer)
        return [(self.everywhere, domain)]

    def _proved_answers(
        self, name: str, proofs: Any, domain: int, answer: str, facts: list[Fact]
    ) -> None:
        """One proof for each label, but where the order of the inputs in the domain excludes it."""
        require(isinstance(proofs, list), "proofs must be a list")
        above = self.orders.above(domain)
        questions = []
        given = [natural(p.get("cell"), "a cell") for p in proofs if isinstance(p, dict)]
        require(len(given) == len(proofs) and given == sorted(set(given)), "a proof has no cell")
        for number, (label, walls) in enumerate(self._label_cells):
            if number in given:
                inside = self._inside(walls)
                question = self.formulas.make("and", inside, domain)
                questions.append((self._earns(label, answer), question, facts))
            else:
                require(
                    any(excluded(row, above) for row in walls), f"label cell {number} is left out"
                )
        require(not given or given[-1] < len(self._label_cells), "there is no such label cell")
        plain = [{k: v for k, v in proof.items() if k != "cell"} for proof in proofs]
        self._proofs(name, plain, questions, almost=True)

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

    def _measure(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        says = keys_of(data["says"], {"condition", "bounds"}, "what it says")
        condition = self.formulas.formula(says["condition"], "its condition")
        least, most = bounds_of(says["bounds"])
        require(
            not data["proofs"] and data["witness"] is None, "it needs neither proof nor witness"
        )
        low, high = self._probability(name, data["figure"], condition)
        self._number(data["verdict"], low, high, least, most)
        return []

    def _number(
        self,
        verdict: str,
        low: Fraction | None,
        high: Fraction | None,
        least: Fraction | None,
        most: Fraction | None,
    ) -> None:
        """Whether an enclosed number is within its bounds; None: nothing is known of it."""
        found = "unknown"
        if low is not None and high is not None:
            if (least is None or low >= least) and (most is None or high <= most):
                found = "proved"
            elif (least is not None and high < least) or (most is not None and low > most):
                found = "refuted"
        require(verdict == found, f"its verdict is {found}")

    def _close(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        keys = {"left", "right", "domain", "error", "scale", "bounds"}
        says, make = keys_of(data["says"], keys, "what it says"), self.formulas.make
        left, right = (self.formulas.term(says[key], f"its {key}") for key in ("left", "right"))
        domain = self.formulas.formula(says["domain"], "its domain")
        least, most = bounds_of(says["bounds"])
        error = make("abs", make("sub", left, right))
        require(says["error"] in ("supremum", "mean", "root_mean_square"), "its error is unknown")
        if says["error"] != "supremum":
            require(says["scale"] is None, "a mean has no scale")
            require(not data["proofs"] and data["witness"] is None, "a mean has no proof")
            low, high = self._trusted_figure(name, data["figure"])
            self._number(data["verdict"], low, high, least, most)
            return []
        scale = self.formulas.term(says["scale"], "its scale")

        def scaled(factor: Fraction) -> int:
            return make("mul", self.formulas.number(factor), scale)

        within = None if most is None else make("<=", error, scaled(most))
        if data["verdict"] == "proved":
            self._plain(data)
            questions = [] if within is None else [(within, domain, facts)]
            self._proofs(name, data["proofs"], questions, almost=False)
            if least:
                self._reached(name, data["witness"], domain, error, scale, scaled(least))
        elif data["verdict"] == "refuted" and data["figure"] is None:
            require(within is not None, "an input does not refute that an error is large")
            assert within is not None
            self._fails(data, within, domain)
        elif data["verdict"] == "refuted":
            # The supremum is smaller than it should be.
            figure = keys_of(data["figure"], {"by", "value"}, "its figure")
            bound = fraction_of(figure["value"], "a bound on the error")
            smaller = figure["by"] == "proof" and least is not None and bound < least
            require(smaller, "its figure is no smaller bound")
            less = make("<=", error, scaled(bound))
            self._proofs(name, data["proofs"], [(less, domain, facts)], almost=False)
        elif data["figure"] is not None:
            self._trusted_figure(name, data["figure"])
        return [] if within is None else [(within, domain)]

    def _reached(
        self, name: str, witness: Any, domain: int, error: int, scale: int, bound: int
    ) -> None:
        """The error is as large as claimed at one input."""
        if witness is None:
            self._trust(name, "that the error is as large somewhere was not written down")
            return
        at, known = self._point(witness), dict[int, Any]()
        value = self.formulas.value
        require(value(domain, at, known) is True, "its witness is outside its domain")
        large = value(error, at, known) >= value(bound, at, known) and value(scale, at, known) > 0
        require(large, "at its witness the error is smaller")

    def _equivalent(self, name: str, data: Json, facts: list[Fact]) -> list[Fact]:
        """A statement about both models as one program, with nodes of its own (C21)."""
        keys = {"other", "weights", "mode", "domain", "nodes"}
        says = keys_of(data["says"], keys, "what it says")
        outputs = len(self.program.readout)
        modes = ("function", "labels") if outputs > 1 else ("function",)
        require(type(says["other"]) is str and says["mode"] in modes, "odd mode")
        self.others[says["other"]] = None
        weights = weights_of(says["weights"], "weights")
        Network(weights, self.n, outputs)  # refuses weights of other shapes
        both = Proofs(self.program.beside(Program(weights, self.n)), says["nodes"])
        both.formulas.work = self.formulas.work
        domain = both.formulas.formula(says["domain"], "its domain")
        labels = says["mode"] == "labels"
        same = self._agreement(both.formulas, labels)
        self._plain(data)
        if data["verdict"] == "proved":
            both._proofs(name, data["proofs"], [(same, domain, [])], almost=labels)
        elif data["verdict"] == "refuted" and labels:
            require(not data["proofs"], "what is refuted has no proof")
            other = both.formulas.make("and", domain, both.formulas.make("not", same))
            at = both._point(data["witness"])
            require(both._around(other, at["x"]), "its witness does not refute it")
        elif data["verdict"] == "refuted":
            both._fails(data, same, domain)
        both.all_used()
        self.formulas.work = both.formulas.work
        self.counts += both.counts
        for why in both.trusting.values():
            self._trust(name, why)
        return []

    def _agreement(self, formulas: Formulas, labels: bool) -> int:
        """That two programs side by side have the same logits, or the same labels."""
        make, count = formulas.make, len(self.program.readout)

        def wins(label: int, first: int, strict: bool) -> int:
            own, parts = make("logit", first + label), []
            for k in range(count):
                if k != label:
                    op = ">" if strict and k < label else ">="
                    parts.append(make(op, own, make("logit", first + k)))
            return formulas.all(parts)

        if not labels:
            pairs = [(make("logit", k), make("logit", count + k)) for k in range(count)]
            return formulas.all([make("==", *pair) for pair in pairs])
        # With the lowest index a single label wins, so that one direction is enough.
        lowest = self.ties == "lowest"
        parts = []
        for k in range(count):
            sides = wins(k, 0, lowest), wins(k, count, lowest)
            parts.append(make("implies", *sides))
            if not lowest:
                parts.append(make("implies", *sides[::-1]))
        return formulas.all(parts)

    # Numbers.

    def _probability(
        self, name: str, data: Any, condition: int
    ) -> tuple[Fraction, Fraction] | tuple[None, None]:
        """What the probability of a condition is known to lie between."""
        require(isinstance(data, dict), "a probability must be an object")
        if data.get("by") == "order":
            keys_of(data, {"by", "value"}, "a probability")
            found = self.orders.probability(condition)
            require(found is not None, "it is not about the order of the inputs alone")
            assert found is not None
            require(data["value"] == str(found), f"its probability is {found}, not {data['value']}")
            return found, found
        if data.get("by") == "cells":
            keys_of(data, {"by", "value", "cells"}, "a probability")
            text = text_of(data["value"], rf"[01]\.[0-9]{{{PLACES}}}", "a probability")
            self._measured(Fraction(text), data["cells"], condition)
            slack = SLACK * self.unit
            return max(Fraction(0), Fraction(text) - slack), min(
                Fraction(1), Fraction(text) + slack
            )
        return self._trusted_figure(name, data)

    def _measured(self, value: Fraction, cells: Any, condition: int) -> None:
        """RejectedError unless the condition's probability is this, by the measures of cones."""
        rewriting = Rewriting(self.formulas)
        regions = Regions(rewriting, rewriting.condition(condition))
        size = len(regions.inputs)
        require(size <= LARGEST_MEASURED, f"measures end with {LARGEST_MEASURED} inputs")
        measure = Measure(self.fixed)
        total = 0
        for corners, facets in cones_of(cells, regions.inputs):
            everything = (1 << len(corners)) - 1
            holds = Piece(regions, corners).truth(regions.condition, everything, almost=True)
            require(holds is not None, "on one of its cells the condition is open")
            if holds:
                gram = [[sum(map(mul, a, b)) for b in corners] for a in corners]
                total += measure.of(Cone(size, gram, facets), everything)
                self.formulas.spend(1000)
        one = self.fixed.one
        off = abs(Fraction(total, one) - value) + Fraction(measure.terms << 20, one)
        fits = off <= SLACK * self.unit
        require(fits, f"its probability is {total / one:.16g}, not as stated")

    def _trusted_figure(
        self, name: str, data: Any
    ) -> tuple[Fraction, Fraction] | tuple[None, None]:
        """A number that rests on the word of who wrote it: an enclosure, or a sample."""
        require(isinstance(data, dict), "a figure must be an object")
        if data.get("by") == "trusted":
            keys_of(data, {"by", "lower", "upper"}, "a figure")
            low, high = (fraction_of(data[key], "a bound") for key in ("lower", "upper"))
            require(low <= high, "a figure's bounds are the wrong way round")
            self._trust(name, "a figure was computed, with nothing written down to check it by")
            return low, high
        keys_of(data, {"by", "estimate", "error", "samples"}, "a figure")
        require(data["by"] == "samples", "a figure's origin is unknown")
        for key in ("estimate", "error"):
            fits = data[key] is None or re.fullmatch(NUMBER, str(data[key]))
            require(bool(fits), "a sample's numbers are not written as they should be")
        natural(data["samples"], "samples")
        self._trust(name, "a figure was sampled, which proves nothing")
        return None, None

    def _other_answer(self, data: Json, domain: int, answer: str) -> None:
        """Around the witness the model does not answer so."""
        require(not data["proofs"], "what is refuted has no proof")
        at = self._point(data["witness"])
        for label, walls in self._label_cells:
            inside = self._inside(walls)
            if self.formulas.value(inside, at, {}):
                other = self.formulas.make("not", self._earns(label, answer))
                fails = self.formulas.make("and", inside, domain, other)
                require(self._around(fails, at["x"]), "its witness does not refute it")
                return
        raise RejectedError("its witness is on the border of two labels")

    # Cases.

    def _case(self, name: str, case: Json) -> list[tuple[int, str, Fraction, str]]:
        """(when, answer, least probability, name) of each instance."""
        says, named = case["says"], case["claims"]
        require(says in ("right", "wrong", "claims", "unknown"), "what it says is unknown")
        require(isinstance(named, list), "the claims of a case must be a list")
        for other in named:
            require(other in self.kinds, "it names a claim that is not there")
        title = f"case {name}"
        facts = []
        for other in named:
            facts += self.facts.get(other, [])
            if other in self.trusting:
                self.trusting[title] = f"it rests on {other}"
        found, verdicts = [], []
        for number, instance in enumerate(case["instances"]):
            where = f"instance {number}"
            keys_of(instance, CASE_INSTANCE, where)
            self._parameters(instance)
            part = self._within(where, self._case_instance, title, says, named, facts, instance)
            found.append((*part, title))
            if says != "unknown":
                verdicts.append(self._verdict(instance))
        self._joint_verdict(case["verdict"], verdicts, name, "case")
        return found

    def _case_instance(
        self, title: str, says: str, named: list[str], facts: list[Fact], data: Json
    ) -> tuple[int, str, Fraction]:
        when = self.formulas.formula(data["when"], "when")
        answer, proofs = data["answer"], data["proofs"]
        require(answer in ("right", "wrong", "unknown"), "its answer is unknown")
        least, _ = self._probability(title, data["probability"], when)
        if says == "unknown":
            open_case = answer == "unknown" and data["verdict"] is None
            require(open_case and not proofs and data["witness"] is None, "nothing is said of it")
            return when, answer, least or Fraction(0)
        verdict = self._verdict(data)
        if verdict != "proved":
            require(answer == "unknown", "nothing is proved of it")
            if verdict == "refuted":
                require(says != "claims", "no witness refutes a claim here")
                self._other_answer(data, when, says)
        elif says == "claims":
            require(answer in ("right", "wrong"), "its answer is not what is proved")
            self._from_claims(
                title, proofs, when, [d for c in named for d in self.answers[c][answer]]
            )
        else:
            require(answer == says, "its answer is not what it says")
            self._proved_answers(title, proofs, when, says, facts)
        require(data["witness"] is None or verdict == "refuted", "it has no witness")
        return when, answer, least or Fraction(0)

    def _from_claims(self, title: str, proofs: Any, when: int, domains: list[int]) -> None:
        """The case lies in what the named claims prove."""
        require(bool(domains), "the claims that it names prove nothing of that kind")
        given = set(self.formulas.conjuncts(when))
        if any(given.issuperset(self.formulas.conjuncts(domain)) for domain in domains):
            require(proofs == [], "it needs no proof")
            return
        self._proofs(title, proofs, [(self.formulas.any(domains), when, [])], almost=True)

    def _partition(self, whens: list[int]) -> bool:
        """Whether the cases are proved to cover the space without overlap."""
        data = self.data["partition"]
        if data is None:
            require(not whens, "nothing is said about the cases together")
            return False
        require(bool(whens), "there are no cases")
        keys_of(data, {"covers", "disjoint"}, "it")
        parts = {}
        for key in ("covers", "disjoint"):
            part = keys_of(data[key], PARTITION_PART, key)
            require(type(part["by_order"]) is bool and type(part["reason"]) is str, "odd partition")
            parts[key] = self._verdict(part)
            if part["by_order"]:
                require(parts[key] == "proved" and not part["proofs"], f"{key} has no proof")
        self._within("covers", self._covers, data["covers"], parts["covers"], whens)
        self._within("disjoint", self._disjoint, data["disjoint"], parts["disjoint"], whens)
        return set(parts.values()) == {"proved"}

    def _covers(self, part: Json, verdict: str, whens: list[int]) -> None:
        if part["by_order"]:
            found = self.orders.of_some(whens)
            require(found == 1, f"the cases together have the probability {found}")
        elif verdict == "proved":
            question = self.formulas.any(whens), self.everywhere, list[Fact]()
            self._proofs("partition", part["proofs"], [question], almost=True)
        elif verdict == "refuted":
            at = self._point(part["witness"])
            outside = self.formulas.make("not", self.formulas.any(whens))
            require(self._around(outside, at["x"]), "its witness is in a case")

    def _disjoint(self, part: Json, verdict: str, whens: list[int]) -> None:
        if part["by_order"]:
            found = [self.orders.probability(when) for when in whens]
            union = self.orders.of_some(whens)
            known = [value for value in found if value is not None]
            sums = len(known) == len(found) and sum(known) == union
            require(sums, "the cases' probabilities do not add up to that of all of them")
        elif verdict == "proved":
            questions: list[tuple[int, int, list[Fact]]] = []
            for k, when in enumerate(whens[:-1]):
                others = self.formulas.make("not", self.formulas.any(whens[k + 1 :]))
                questions.append((others, when, []))
            self._proofs("partition", part["proofs"], questions, almost=True)
        elif verdict == "refuted":
            at = self._point(part["witness"])
            holding = [w for w in whens if self._around(w, at["x"])]
            require(len(holding) > 1, "its witness is not in two cases")

    def _conclude(self, cases: list[tuple[int, str, Fraction, str]], partition: bool) -> None:
        stated = self.data["accuracy"]
        if not partition:
            require(stated is None, "no accuracy follows")
            return
        keys_of(stated, {"lower", "upper"}, "explanation.accuracy")
        sums = {"right": Fraction(0), "wrong": Fraction(0), "unknown": Fraction(0)}
        for _, answer, least, _ in cases:
            sums[answer] += least
        low, high = sums["right"], 1 - sums["wrong"]
        fits = (stated["lower"], stated["upper"]) == (str(low), str(high))
        require(fits, f"the cases prove an accuracy from {low} to {high}, not as stated")
        self.accuracy = low, high
        resting = {title for _, answer, _, title in cases if answer != "unknown"} | {"partition"}
        self.proved_accuracy = not resting & self.trusting.keys()

    def lines(self) -> Iterator[str]:
        """What was checked."""
        counts = self.counts
        for sort in ("claims", "cases"):
            found = [
                f"{counts[f'{sort} {verdict}']} {verdict if verdict != 'unknown' else 'left open'}"
                for verdict in ("proved", "refuted", "unknown")
                if counts[f"{sort} {verdict}"]
            ]
            if found:
                yield f"the explanation's {sort}: {', '.join(found)}"
        for key in ("proofs by cases and sums", "proofs by cells", "proofs at a point"):
            if counts[key]:
                yield f"{counts[key]} {key}"
        if self.accuracy is not None and self.proved_accuracy:
            low, high = map(decimal, self.accuracy)
            yield f"that the cases are a partition, and prove an accuracy from {low} to {high}"


NUMBER = r"-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?"
