"""An explanation: claims, cases, and the accuracy that follows (C12), (C17), (C21)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.answers import ANSWERS, Answers
from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.decimals import decimal
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.networks import Network, Weights
from algzoo_exact.certificate.checker.points import truth_at
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.proofs import Proofs, within
from algzoo_exact.certificate.checker.reading import (
    Json,
    agreed,
    fraction_of,
    keys_of,
    natural,
    quoted,
    text_of,
    weights_of,
)
from algzoo_exact.certificate.checker.settings import SETTING, Setting

EXPLANATION = {"title", "factors", "nodes", "others", "claims", "cases", "disjoint", "accuracy"}
NAME = r"[A-Za-z_][A-Za-z_0-9]{0,99}"
OTHER = {"name", "weights", "nodes"}
CASE = {"name", "text", "written", "instances"}
CLAIM = CASE | {"about"}
INSTANCE = {"parameters", "parts", "inside"}
CASE_INSTANCE = INSTANCE | {"when", "probability", "answer", "lies_in"}
COUNTED = {
    "proved": "proved",
    "refuted": "refuted",
    "unknown": "left open",
    "vacuous": "true of no input that is shown",
    "said": "resting on what was not checked",
}
"""Verdicts, in words."""


def joint(verdicts: Collection[str]) -> str:
    """Of what has several parts: of no input, if all are."""
    order = ("refuted", "unknown", "said", "proved", "vacuous")
    return next(verdict for verdict in order if verdict in verdicts)


class Story:
    """Checks an explanation: each claim, each case, that these do not overlap, the accuracy."""

    def __init__(
        self, data: Any, weights: Weights, task: str, n: int, ties: str, budget: Budget
    ) -> None:
        self.data = keys_of(data, EXPLANATION, "explanation")
        require(type(data["title"]) is str, "explanation.title must be a text")
        self.task, self.outputs, self.budget = task, 1 if task == "median" else n, budget
        Network(weights, n, self.outputs, budget)  # refuses weights of other shapes
        self.program = self._scaled(Program(weights, n), data["factors"])
        self.proofs = Proofs(self.program, data["nodes"], budget)
        self.formulas = self.proofs.formulas
        self.answers = Answers(self.proofs, task, ties)
        self.others: list[tuple[str, Proofs]] = []
        self.discussed: set[int] = set()  # which of these
        self.counts: Counter[str] = Counter()
        self.not_checked: list[str] = []
        self.accuracy: tuple[Fraction, Fraction] | None = None

    def _scaled(self, program: Program, data: Any) -> Program:
        """The model whose states the claims speak of."""
        if data is None:
            return program
        require(isinstance(data, list) and len(data) == program.d, "there is a factor a neuron")
        factors = [fraction_of(factor, "a factor") for factor in data]
        require(min(factors) > 0, "a factor is not positive")
        return program.scaled(factors, self.budget)

    def check(self) -> None:
        data = self.data
        for key in ("others", "claims", "cases"):
            require(isinstance(data[key], list), f"{key} must be a list")
        require(bool(data["claims"] or data["cases"]), "it claims nothing")
        require(self.task != "median" or not data["cases"], "median has no labels, so no cases")
        for number, other in enumerate(data["others"]):
            self.others.append(within(f"other model {number}", self._other, other))
        names: set[str] = set()
        for claim in data["claims"]:
            name = self._name(claim, CLAIM, "a claim")
            require(name not in names, f"claim {name}: its name comes twice")
            names.add(name)
            self.counts[f"claims {within(f'claim {name}', self._claim, name, claim)}"] += 1
        whens: list[int] = []
        sums = dict.fromkeys(ANSWERS, Fraction(0))
        for case in data["cases"]:
            title = f"case {self._name(case, CASE, 'a case')}"
            self.counts[f"cases {within(title, self._case, title, case, whens, sums)}"] += 1
        self._conclude(within("disjoint", self._disjoint, whens), sums)
        require(len(self.discussed) == len(self.others), "no claim is about one of the others")
        self.proofs.all_used()
        for name, proofs in self.others:
            within(f"the model {quoted(name)}", proofs.all_used)

    def _other(self, data: Any) -> tuple[str, Proofs]:
        """Another model, beside this one as one program on the same inputs (C21)."""
        keys_of(data, OTHER, "it")
        require(type(data["name"]) is str, "its name must be a text")
        weights, n = weights_of(data["weights"], "weights"), self.program.n
        Network(weights, n, self.outputs, self.budget)  # refuses weights of other shapes
        both = self.program.beside(Program(weights, n))
        return data["name"], Proofs(both, data["nodes"], self.budget)

    def _name(self, data: Any, keys: set[str], where: str) -> str:
        keys_of(data, keys, where)
        text_of(data["name"], NAME, f"the name of {where}")
        require(type(data["text"]) is str, f"what {where} says must be a text")
        written, instances = data["written"], data["instances"]
        texts = isinstance(written, dict) and all(type(v) is str for v in written.values())
        require(texts, f"what is written of {where} must be texts")
        require(isinstance(instances, list) and instances != [], f"{where} has no instances")
        return str(data["name"])

    def _claim(self, name: str, claim: Json) -> str:
        proofs = self.proofs
        if claim["about"] is not None:
            number = natural(claim["about"], "what it is about")
            require(number < len(self.others), "it is about a model that is not there")
            proofs = self.others[number][1]
            self.discussed.add(number)
        return joint(
            [
                within(f"instance {number}", self._instance, name, instance, proofs)
                for number, instance in enumerate(claim["instances"])
            ]
        )

    def _instance(self, name: str, data: Any, proofs: Proofs) -> str:
        """The verdict on one instance of a claim."""
        keys_of(data, INSTANCE, "it")
        require(data["parts"] != [], "it has no parts")
        verdict = self._parts(name, data, proofs)
        domains = [
            (part["domain"], part["for"] == "almost all", proofs.setting(part))
            for part in data["parts"]
            if part.get("for", "some") != "some"
        ]
        return self._shown(verdict, data["inside"], domains, proofs)

    def _parts(self, name: str, data: Json, proofs: Proofs) -> str:
        """The verdict on all parts together; proved, if there are none."""
        found, parts = data["parameters"], data["parts"]
        whole = isinstance(found, dict) and all(type(v) is int for v in found.values())
        require(whole, "parameters are whole numbers")
        require(isinstance(parts, list), "parts must be a list")
        return joint(
            [within(f"part {k}", self._part, name, part, proofs) for k, part in enumerate(parts)]
            or ["proved"]
        )

    def _part(self, name: str, data: Any, proofs: Proofs) -> str:
        """A statement or a probability, or what somebody says, which is not checked."""
        if not isinstance(data, dict) or "said" not in data:
            return proofs.judge(data)
        said = keys_of(data, {"said"}, "it")["said"]
        require(type(said) is str, "what is said must be a text")
        self.not_checked.append(f"{name}: {quoted(said)}")
        return "said"

    def _shown(
        self, verdict: str, data: Any, domains: Sequence[tuple[int, bool, Setting]], proofs: Proofs
    ) -> str:
        """Nothing counts as proved by having no inputs to speak of: the point ``data`` is in one of
        the domains, with a neighbourhood where null sets do not count (True)."""
        if verdict != "proved" or not domains:
            require(data is None, "it needs no point inside")
            return verdict
        if data is None:
            return "vacuous"
        x = proofs.point(data)
        inside = any(
            truth_at(proofs.formulas, domain, x, around=almost, setting=setting)
            for domain, almost, setting in domains
        )
        require(inside, "its point is in no domain")
        return verdict

    def _case(self, title: str, case: Json, whens: list[int], sums: dict[str, Fraction]) -> str:
        """The verdict on all instances; their conditions, and probabilities, are added."""
        verdicts = []
        for number, data in enumerate(case["instances"]):
            where = f"instance {number}"
            verdict, when, least = within(where, self._case_instance, title, data)
            verdicts.append(verdict)
            whens.append(when)
            if verdict in ("proved", "vacuous"):
                sums[data["answer"]] += least
                self.budget.pay(length(sums[data["answer"]]))
        return joint(verdicts)

    def _case_instance(self, title: str, data: Any) -> tuple[str, int, Fraction]:
        """The verdict, when it is the case, and with which probability at least."""
        keys_of(data, CASE_INSTANCE, "it")
        when, answer, lies_in = data["when"], data["answer"], data["lies_in"]
        require(isinstance(data["parts"], list), "parts must be a list")
        for part in (*data["parts"], data["probability"], lies_in):
            set_apart = isinstance(part, dict) and SETTING & set(part)
            require(not set_apart, "cases are about the model as it is, on all inputs")
        self.formulas.formula(when, "when")
        require(type(answer) is str and answer in (*ANSWERS, "unknown"), "its answer is unknown")
        least = within("probability", self._least, title, data["probability"], when)
        verdict = self._parts(title, data, self.proofs)
        if answer == "unknown":
            require(data["parts"] == [] and lies_in is None, "nothing is said of it")
            verdict = "unknown"
        goals = self.answers.goals(when, answer) if data["parts"] else set()
        for part in data["parts"]:
            goal = part.get("statement"), part.get("domain")
            fits = "said" in part or (goal in goals and part["for"] == "almost all")
            require(fits, f"a part does not say that the model is {answer}")
        if verdict == "proved":
            domains = [when] if lies_in is None else within("lies_in", self._union, lies_in, when)
            known = all(self.answers.known(domain, answer) for domain in domains)
            require(known, f"it was not proved that the model is {answer}")
        else:
            require(lies_in is None, "it need not lie in anything")
        plain = [(when, True, self.proofs.setting({}))]
        return self._shown(verdict, data["inside"], plain, self.proofs), when, least

    def _least(self, title: str, data: Any, when: int) -> Fraction:
        verdict = self._part(title, data, self.proofs)
        if verdict == "said":
            return Fraction(0)
        require(data.get("condition") == when, "it is the probability of something else")
        require(verdict == "proved", "its bounds are wrong")
        return fraction_of(data["at_least"], "at_least")

    def _union(self, data: Any, when: int) -> list[int]:
        """Domains that cover a case together, which is proved."""
        require(self.proofs.judge(data) == "proved", "it is not proved")
        require(data.get("domain") == when and data["for"] != "some", "it is about something else")
        statement = int(data["statement"])
        node = self.formulas.nodes[statement]
        return list(node[1:]) if node[0] == "or" else [statement]

    def _disjoint(self, whens: list[int]) -> bool:
        """Whether no two cases overlap: by their order, or each excludes the later ones."""
        data = self.data["disjoint"]
        if data is None:
            return False
        fits = isinstance(data, list) and len(data) == len(whens) - 1
        require(fits, "it has a proof for each case but the last")
        for k, proof in enumerate(data):
            within(f"proof {k}", self._apart, proof, whens[k], whens[k + 1 :])
        return True

    def _apart(self, proof: Any, one: int, others: list[int]) -> None:
        if proof is None:
            orders, later = self.proofs.orders, self.formulas.any(others)
            require(orders.excluded(later, orders.of(one)), "the order does not exclude it")
        else:
            opposite = self.formulas.make("not", self.formulas.any(others))
            self.proofs.prove(proof, opposite, one, almost=True)

    def _conclude(self, disjoint: bool, sums: dict[str, Fraction]) -> None:
        stated = self.data["accuracy"]
        if not disjoint:
            require(stated is None, "no accuracy follows")
            return
        low, high = sums["right"], 1 - sums["wrong"]
        self.accuracy = agreed(stated, "accuracy", low, high)

    def lines(self) -> Iterator[str]:
        """What was checked."""
        for sort in ("claims", "cases"):
            counts = {words: self.counts[f"{sort} {verdict}"] for verdict, words in COUNTED.items()}
            found = [f"{count} {words}" for words, count in counts.items() if count]
            if found:
                yield f"the explanation's {sort}: {', '.join(found)}"
        proofs: Counter[str] = sum((other.counts for _, other in self.others), self.proofs.counts)
        yield from (f"{count} {key}" for key, count in proofs.items())
        if self.accuracy is not None:
            low, high = map(decimal, self.accuracy)
            yield f"that no two cases overlap, and prove an accuracy from {low} to {high}"
