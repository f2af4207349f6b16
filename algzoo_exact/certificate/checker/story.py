"""An explanation: claims, cases, and the accuracy that follows (C12), (C17), (C21)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.checker.answers import ANSWERS, Answers
from algzoo_exact.certificate.checker.budget import Budget, length
from algzoo_exact.certificate.checker.decimals import decimal
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.networks import Network, Weights
from algzoo_exact.certificate.checker.orders import Orders
from algzoo_exact.certificate.checker.probabilities import Probabilities, bounds_of, verdict_on
from algzoo_exact.certificate.checker.programs import Program
from algzoo_exact.certificate.checker.proofs import Findings, Proofs, verdict_of, within
from algzoo_exact.certificate.checker.reading import (
    Json,
    keys_of,
    natural,
    quoted,
    text_of,
    weights_of,
)

EXPLANATION = {"title", "standard", "nodes", "others", "claims", "cases", "partition", "accuracy"}
NAME = r"[A-Za-z_][A-Za-z_0-9]{0,99}"
OTHER = {"name", "weights", "nodes"}
CLAIM = {"name", "kind", "text", "written", "about", "instances"}
INSTANCES = {
    "holds": {"parameters", "statements"},
    "right": {"parameters", "domain", "verdict", "proofs", "witness"},
    "wrong": {"parameters", "domain", "verdict", "proofs", "witness"},
    "probability": {"parameters", "condition", "bounds", "verdict", "figure"},
    "mean": {"parameters", "left", "right", "domain", "error", "bounds", "verdict", "figure"},
}
"""The kinds of claims, and what an instance of each consists of."""
CASE = {"name", "text", "written", "instances"}
CASE_INSTANCE = {"parameters", "when", "probability", "answer", "verdict", "proofs", "follows"}
CASE_INSTANCE |= {"witness"}
COUNTED = {
    "proved": "proved",
    "refuted": "refuted",
    "unknown": "left open",
    "said": "resting on what was not checked",
}
"""Claims and cases, as they are counted, in words."""
JOINT = {"verdict", "by_order", "proofs", "witness"}

Case = tuple[int, str, Fraction, str]
"""When it is, what was proved there, its least probability, its title."""


class Story:
    """Checks an explanation: each claim, each case, the partition and the accuracy."""

    def __init__(
        self, data: Any, weights: Weights, task: str, n: int, ties: str, budget: Budget
    ) -> None:
        self.data = keys_of(data, EXPLANATION, "explanation")
        require(type(data["standard"]) is bool, "explanation.standard must be true or false")
        require(type(data["title"]) is str, "explanation.title must be a text")
        self.task, self.outputs = task, 1 if task == "median" else n
        Network(weights, n, self.outputs, budget)  # refuses weights of other shapes
        program = Program(weights, n)
        self.program = program.standard(budget) if data["standard"] else program
        self.findings = Findings(budget)
        self.proofs = Proofs(self.program, data["nodes"], self.findings)
        self.formulas = self.proofs.formulas
        orders = Orders(self.formulas)
        self.answers = Answers(self.proofs, orders, task, ties)
        self.orders = orders
        self.probabilities = Probabilities(self.formulas, orders, self.findings)
        self.others: list[tuple[str, Proofs]] = []
        self.discussed: set[int] = set()  # which of these
        self.named: dict[str, dict[str, list[int]]] = {}  # claims: domains right and wrong
        self.accuracy: tuple[Fraction, Fraction] | None = None
        self.proved_accuracy = False

    def check(self) -> None:
        data = self.data
        for key in ("others", "claims", "cases"):
            require(isinstance(data[key], list), f"{key} must be a list")
        require(bool(data["claims"] or data["cases"]), "it claims nothing")
        require(self.task != "median" or not data["cases"], "median has no labels, so no cases")
        for number, other in enumerate(data["others"]):
            self.others.append(within(f"other model {number}", self._other, other))
        for claim in data["claims"]:
            name = self._name(claim, CLAIM, "a claim")
            require(name not in self.named, f"claim {name}: its name comes twice")
            self.named[name] = {answer: [] for answer in ANSWERS}
            self._count("claims", name, within(f"claim {name}", self._claim, name, claim))
        cases: list[Case] = []
        for case in data["cases"]:
            name = self._name(case, CASE, "a case")
            found, verdicts = within(f"case {name}", self._case, f"case {name}", case)
            cases += found
            self._count("cases", f"case {name}", verdicts)
        partition = within("partition", self._partition, [when for when, *_ in cases])
        self._conclude(cases, partition)
        self.proofs.all_used()
        require(len(self.discussed) == len(self.others), "no claim is about one of the others")
        for name, proofs in self.others:
            within(f"the model {quoted(name)}", proofs.all_used)

    def _other(self, data: Any) -> tuple[str, Proofs]:
        """Another model, beside this one as one program on the same inputs (C21)."""
        keys_of(data, OTHER, "it")
        require(type(data["name"]) is str, "its name must be a text")
        weights, n = weights_of(data["weights"], "weights"), self.program.n
        Network(weights, n, self.outputs, self.findings.budget)  # refuses weights of other shapes
        both = self.program.beside(Program(weights, n))
        return data["name"], Proofs(both, data["nodes"], self.findings)

    def _name(self, data: Any, keys: set[str], where: str) -> str:
        keys_of(data, keys, where)
        text_of(data["name"], NAME, f"the name of {where}")
        require(type(data["text"]) is str, f"what {where} says must be a text")
        written, instances = data["written"], data["instances"]
        texts = isinstance(written, dict) and all(type(v) is str for v in written.values())
        require(texts, f"what is written of {where} must be texts")
        require(isinstance(instances, list) and instances != [], f"{where} has no instances")
        return str(data["name"])

    def _count(self, sort: str, name: str, verdicts: Sequence[str]) -> None:
        """One more claim or case: proved if all parts are, refuted if one is; but if it rests on
        somebody's word, that is all that is known."""
        joint = next((v for v in ("refuted", "unknown") if v in verdicts), "proved")
        said = joint != "unknown" and name in self.findings.trusting
        self.findings.counts[f"{sort} {'said' if said else joint}"] += 1

    def _parameters(self, data: Json) -> None:
        found = data["parameters"]
        whole = isinstance(found, dict) and all(type(v) is int for v in found.values())
        require(whole, "parameters are whole numbers")

    # Claims.

    def _claim(self, name: str, claim: Json) -> list[str]:
        """The verdicts on all its parts."""
        kind, about = claim["kind"], claim["about"]
        require(type(kind) is str and kind in INSTANCES, "its kind is unknown")
        known = self.task != "median" or kind not in ANSWERS
        require(known, "median has no labels to be right about")
        proofs = self.proofs
        if about is not None:
            require(kind == "holds", "numbers and answers are of the model itself")
            number = natural(about, "what it is about")
            require(number < len(self.others), "it is about a model that is not there")
            proofs = self.others[number][1]
            self.discussed.add(number)
        verdicts = []
        for number, instance in enumerate(claim["instances"]):
            where = f"instance {number}"
            keys_of(instance, INSTANCES[kind], where)
            self._parameters(instance)
            if kind == "holds":
                verdicts += within(where, self._statements, name, instance["statements"], proofs)
            else:
                check: Callable[[str, Json, str], str] = {
                    "probability": self._probability,
                    "mean": self._mean,
                }.get(kind, self._answer)
                verdicts.append(within(where, check, name, instance, kind))
        return verdicts

    def _statements(self, name: str, data: Any, proofs: Proofs) -> list[str]:
        require(isinstance(data, list) and data != [], "it has no statements")
        return [
            within(f"statement {number}", proofs.judge, name, part)
            for number, part in enumerate(data)
        ]

    def _answer(self, name: str, data: Json, answer: str) -> str:
        domain = self.formulas.formula(data["domain"], "its domain")
        verdict = self._on_answer(name, data, domain, answer)
        if verdict == "proved":
            self.named[name][answer].append(domain)
        return verdict

    def _on_answer(self, name: str, data: Json, domain: int, answer: str) -> str:
        """The verdict on an answer, by proofs, one for each label, or by a witness."""
        verdict = verdict_of(data["verdict"])
        if verdict == "proved":
            self.answers.proved(name, data["proofs"], domain, answer)
        else:
            require(data["proofs"] == [], f"what is {verdict} has no proof")
        if verdict == "refuted":
            self.answers.refuted(data["witness"], domain, answer)
        else:
            require(data["witness"] is None, f"what is {verdict} has no witness")
        return verdict

    def _probability(self, name: str, data: Json, kind: str) -> str:
        condition = self.formulas.formula(data["condition"], "its condition")
        bounds = bounds_of(data["bounds"])
        known = self.probabilities.of(name, data["figure"], condition)
        return self._stated(data, verdict_on(known, *bounds))

    def _mean(self, name: str, data: Json, kind: str) -> str:
        """A mean error, which is not computed here."""
        for key in ("left", "right"):
            self.formulas.term(data[key], f"its {key}")
        self.formulas.formula(data["domain"], "its domain")
        require(data["error"] in ("mean", "root_mean_square"), "its error is unknown")
        bounds = bounds_of(data["bounds"])
        return self._stated(
            data, verdict_on(self.probabilities.told(name, data["figure"]), *bounds)
        )

    def _stated(self, data: Json, found: str) -> str:
        require(data["verdict"] == found, f"its verdict is {found}")
        return found

    # Cases.

    def _case(self, title: str, case: Json) -> tuple[list[Case], list[str]]:
        """All its instances, and the verdicts on them."""
        found, verdicts = [], []
        for number, instance in enumerate(case["instances"]):
            where = f"instance {number}"
            keys_of(instance, CASE_INSTANCE, where)
            self._parameters(instance)
            part, verdict = within(where, self._case_instance, title, instance)
            found.append(part)
            verdicts.append(verdict)
        return found, verdicts

    def _case_instance(self, title: str, data: Json) -> tuple[Case, str]:
        when = self.formulas.formula(data["when"], "when")
        answer, follows = data["answer"], data["follows"]
        require(type(answer) is str and answer in (*ANSWERS, "unknown"), "its answer is unknown")
        known = self.probabilities.of(title, data["probability"], when)
        if follows is None:
            open_case = answer == "unknown"
            require(not open_case or data["verdict"] == "unknown", "nothing is said of it")
            verdict = self._on_answer(title, data, when, answer)
        else:
            verdict = self._stated(data, "proved")
            require(answer != "unknown", "nothing is said of it")
            require(data["proofs"] == [] and data["witness"] is None, "it is proved twice")
            self._follows(title, follows, when, answer)
        least = known[0] if known is not None else Fraction(0)
        return (when, answer if verdict == "proved" else "unknown", least, title), verdict

    def _follows(self, title: str, data: Any, when: int, answer: str) -> None:
        """The case lies in what the named claims prove."""
        names, proof = (
            keys_of(data, {"claims", "proof"}, "it")[key] for key in ("claims", "proof")
        )
        require(isinstance(names, list) and names != [], "it names no claims")
        domains = []
        for name in names:
            require(type(name) is str and name in self.named, "it names a claim that is not there")
            require(bool(self.named[name][answer]), f"claim {name} proves nothing of that kind")
            self.findings.rest_on(title, [name])
            domains += self.named[name][answer]
        require(len(set(names)) == len(names), "it names a claim twice")
        if proof is not None:
            union = self.formulas.any(domains)
            self.proofs.prove(title, proof, union, when, almost=True)
            return
        given, conjuncts = set(self.formulas.conjuncts(when)), self.formulas.conjuncts
        inside = len(names) == 1 and any(given.issuperset(conjuncts(d)) for d in domains)
        require(inside, "it needs a proof")

    def _partition(self, whens: list[int]) -> bool:
        """Whether the cases are proved to cover the space without overlap."""
        data = self.data["partition"]
        if data is None:
            require(not whens, "nothing is said about the cases together")
            return False
        require(bool(whens), "there are no cases")
        keys_of(data, {"covers", "disjoint"}, "it")
        covers = within("covers", self._joint, data["covers"], whens, self._covers)
        disjoint = within("disjoint", self._joint, data["disjoint"], whens, self._disjoint)
        return bool(covers and disjoint)

    def _joint(
        self, data: Any, whens: list[int], check: Callable[[Json, str, list[int]], None]
    ) -> bool:
        """Whether something about all cases is proved."""
        keys_of(data, JOINT, "it")
        verdict, by_order = verdict_of(data["verdict"]), data["by_order"]
        require(type(by_order) is bool, "by_order must be true or false")
        proved = verdict == "proved"
        require(proved or not by_order, "an order proves")
        require(isinstance(data["proofs"], list), "proofs must be a list")
        require((proved and not by_order) or data["proofs"] == [], "it needs no proofs")
        require(verdict == "refuted" or data["witness"] is None, "it has no witness")
        check(data, verdict, whens)
        return proved

    def _covers(self, data: Json, verdict: str, whens: list[int]) -> None:
        if data["by_order"]:
            found = self.orders.of_some(whens)
            require(found == 1, f"the cases together have the probability {found}")
        elif verdict == "proved":
            require(len(data["proofs"]) == 1, "it needs one proof")
            union, everywhere = self.formulas.any(whens), self.proofs.everywhere
            self.proofs.prove("partition", data["proofs"][0], union, everywhere, almost=True)
        elif verdict == "refuted":
            at = self.proofs.point(data["witness"])
            outside = self.formulas.make("not", self.formulas.any(whens))
            require(self.proofs.around(outside, at["x"]), "its witness is in a case")

    def _disjoint(self, data: Json, verdict: str, whens: list[int]) -> None:
        if data["by_order"]:
            found = [self.orders.probability(when) for when in whens]
            union = self.orders.of_some(whens)
            known = [value for value in found if value is not None]
            sums = len(known) == len(found) and sum(known) == union
            require(sums, "the cases' probabilities do not add up to that of all of them")
        elif verdict == "proved":
            require(len(data["proofs"]) == len(whens) - 1, f"it needs {len(whens) - 1} proofs")
            for k, proof in enumerate(data["proofs"]):
                others = self.formulas.make("not", self.formulas.any(whens[k + 1 :]))
                self.proofs.prove("partition", proof, others, whens[k], almost=True)
        elif verdict == "refuted":
            at = self.proofs.point(data["witness"])
            holding = [when for when in whens if self.proofs.around(when, at["x"])]
            require(len(holding) > 1, "its witness is not in two cases")

    def _conclude(self, cases: list[Case], partition: bool) -> None:
        stated = self.data["accuracy"]
        if not partition:
            require(stated is None, "no accuracy follows")
            return
        keys_of(stated, {"lower", "upper"}, "explanation.accuracy")
        sums = {"right": Fraction(0), "wrong": Fraction(0), "unknown": Fraction(0)}
        for _, answer, least, _ in cases:
            sums[answer] += least
            self.findings.budget.pay(length(sums[answer]))
        low, high = sums["right"], 1 - sums["wrong"]
        fits = (stated["lower"], stated["upper"]) == (str(low), str(high))
        require(fits, f"the cases prove an accuracy from {low} to {high}, not as stated")
        self.accuracy = low, high
        resting = {title for _, answer, _, title in cases if answer != "unknown"} | {"partition"}
        self.proved_accuracy = not resting & self.findings.trusting.keys()

    def lines(self) -> Iterator[str]:
        """What was checked."""
        counts = self.findings.counts
        for sort in ("claims", "cases"):
            found = [
                f"{counts[f'{sort} {verdict}']} {words}"
                for verdict, words in COUNTED.items()
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
