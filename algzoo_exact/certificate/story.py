"""A verified explanation as a part of a certificate: what each claim says, and its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.evidence import Evidence
from algzoo_exact.certificate.nodes import Nodes
from algzoo_exact.certificate.others import Others
from algzoo_exact.certificate.statements import statements
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.answers import Right, Wrong
from algzoo_exact.explain.claims.bounds import Bounds
from algzoo_exact.explain.claims.cases import Case, CaseResult, CheckedCase, Partition
from algzoo_exact.explain.claims.claim import Claim, ClaimResult, Instance
from algzoo_exact.explain.claims.close import Close
from algzoo_exact.explain.claims.equivalent import Equivalent
from algzoo_exact.explain.claims.measure import Measure
from algzoo_exact.explain.language.expression import Formula, Logic, Truth, conjuncts
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact
from algzoo_exact.explain.verification import Verification
from algzoo_exact.program.ir import Program
from algzoo_exact.program.standardize import standardize
from algzoo_exact.program.task import Task, TieRule

Json = dict[str, Any]
Progress = Callable[[float, str], None]
_EVERYWHERE = Truth(True)


@dataclass(frozen=True)
class StoryPart:
    """The explanation's part of a certificate, the accuracy that follows from its cases (None
    where none does), and how many claims and cases there are, instance by instance."""

    data: Json
    accuracy: tuple[Fraction, Fraction] | None
    count: int


def story_part(verification: Verification, progress: Progress | None = None) -> StoryPart:
    """Every claim and case of a verified explanation, with the evidence that there is."""
    return _Writer(verification, progress).part()


class _Writer:
    def __init__(self, verification: Verification, progress: Progress | None) -> None:
        self._verification = verification
        self._subject = verification.explanation.subject
        self._nodes = Nodes(verification.program)
        self._evidence = Evidence(
            verification.program, self._subject.task, verification.ties, self._nodes
        )
        self._others = Others(verification, self._subject.task)
        self._progress = progress
        self._facts: dict[str, list[Fact]] = {}
        self._proved: dict[str, dict[str, list[Formula]]] = {}  # right and wrong domains
        parts: list[ClaimResult | CaseResult] = [*verification.claims, *verification.cases]
        self._steps = sum(len(part.instances) for part in parts)
        self._done = 0

    def part(self) -> StoryPart:
        verification = self._verification
        claims = [self._claim(result) for result in verification.claims]
        cases = [self._case(result) for result in verification.cases]
        partition = verification.partition
        accuracy = None
        if partition is not None and partition.status == "proved":
            accuracy = self._accuracy()
        data = {
            "title": verification.explanation.title,
            "standard": self._subject.standard,
            "claims": claims,
            "cases": cases,
            "partition": partition and self._partition(partition),
            "accuracy": accuracy and {"lower": str(accuracy[0]), "upper": str(accuracy[1])},
        }
        nodes, others = self._nodes.to_json(), self._others.to_json()
        return StoryPart(data | {"nodes": nodes, "others": others}, accuracy, self._done)

    def _hear(self, name: str) -> None:
        if self._progress is not None:
            self._progress(self._done / max(1, self._steps), f"evidence: {name}")
        self._done += 1

    def _claim(self, result: ClaimResult) -> Json:
        claim = result.claim
        facts = [known for name in claim.assume for known in self._facts[name]]
        instances = []
        for checked in result.instances:
            self._hear(claim.name)
            found = self._instance(claim, checked, facts)
            instances.append({"parameters": dict(checked.parameters)} | found)
        proved = [c.instance for c in result.instances if c.verdict.status == "proved"]
        self._facts[claim.name] = result.facts()
        self._proved[claim.name] = {
            "right": [part.domain for part in proved if isinstance(part, Right)],
            "wrong": [part.domain for part in proved if isinstance(part, Wrong)],
        }
        written = {"kind": claim.kind} | dict(claim.written)
        if claim.assume:
            written["assume"] = ", ".join(claim.assume)
        others = {c.instance.other for c in result.instances if isinstance(c.instance, Equivalent)}
        return {
            "name": claim.name,
            "kind": _kind(claim.instances[0]),
            "text": claim.text,
            "written": written,
            "about": self._others.number(others.pop()) if others else None,
            "instances": instances,
        }

    def _instance(self, claim: Claim, checked: Outcome, facts: Sequence[Fact]) -> Json:
        """What one instance says, with its evidence."""
        number, evidence = self._nodes.number, self._evidence
        verdict = checked.verdict.status
        match checked.instance:
            case Right(_, domain) | Wrong(_, domain):
                right, found = claim.kind == "right", checked.witness
                return {
                    "domain": number(domain),
                    "verdict": verdict,
                    "proofs": evidence.answers(checked, domain, right, facts)
                    if verdict == "proved"
                    else [],
                    "witness": None if found is None else evidence.witness(found),
                }
            case Measure(_, condition, bounds):
                figure = evidence.probability(condition, checked.figures[0], bounds, verdict)
                return {
                    "condition": number(condition),
                    "bounds": _bounds(bounds),
                    "verdict": verdict,
                    "figure": figure,
                }
            case Close(error="mean" | "root_mean_square") as close:
                return {
                    "left": number(close.left),
                    "right": number(close.right),
                    "domain": number(close.domain),
                    "error": close.error,
                    "bounds": _bounds(close.bounds),
                    "verdict": verdict,
                    "figure": evidence.figure(checked.figures[0]),
                }
            case Equivalent() as same:
                evidence = self._others.evidence(same.other)
        return {"statements": statements(checked, facts, evidence)}

    def _case(self, result: CaseResult) -> Json:
        case = result.case
        facts = [known for name in case.claims for known in self._facts[name]]
        instances = []
        for checked in result.instances:
            self._hear(f"case {case.name}")
            instances.append(self._case_instance(result, checked, facts))
        written = {"verdict": case.verdict} | dict(case.written)
        if case.claims:
            written["claims"] = ", ".join(case.claims)
        return {
            "name": case.name,
            "text": case.text,
            "written": written,
            "instances": instances,
        }

    def _case_instance(self, result: CaseResult, found: CheckedCase, facts: Sequence[Fact]) -> Json:
        when, checked, says = found.instance.when, found.checked, result.case.verdict
        proofs: list[Json] = []
        follows, witness, verdict = None, None, "unknown"
        if checked is not None:
            verdict, witness = checked.verdict.status, checked.witness
            if verdict == "proved" and says == "claims":
                follows = self._follows(result.case, found, checked)
            elif verdict == "proved":
                proofs = self._evidence.answers(checked, when, says == "right", facts)
        return {
            "parameters": dict(found.instance.parameters),
            "when": self._nodes.number(when),
            "probability": self._evidence.probability(when, found.probability),
            "answer": found.answer if says in ("claims", "unknown") else says,
            "verdict": verdict,
            "proofs": proofs,
            "follows": follows,
            "witness": None if witness is None else self._evidence.witness(witness),
        }

    def _follows(self, case: Case, found: CheckedCase, checked: Outcome) -> Json:
        """The claims that a case follows from: one whose domain it is a part of, as written; or all
        that prove such an answer, and why it lies in what they say."""
        when = found.instance.when
        proved = {name: self._proved[name][found.answer] for name in case.claims}
        if not checked.arguments:
            given = set(conjuncts(when))
            for name, domains in proved.items():
                if any(given.issuperset(conjuncts(domain)) for domain in domains):
                    return {"claims": [name], "proof": None}
        union = _some(domain for domains in proved.values() for domain in domains)
        (proof,) = self._evidence.proofs(checked, [(union, when, ())], almost=True)
        return {"claims": [name for name, domains in proved.items() if domains], "proof": proof}

    def _partition(self, partition: Partition) -> Json:
        whens = [c.instance.when for result in self._verification.cases for c in result.instances]
        union = _some(whens)
        apart = [
            (Logic("not", (_some(whens[k + 1 :]),)), when, ()) for k, when in enumerate(whens[:-1])
        ]
        return {
            "covers": self._joint(partition.covers, [(union, _EVERYWHERE, ())]),
            "disjoint": self._joint(partition.disjoint, apart),
        }

    def _joint(
        self, checked: Outcome, questions: Sequence[tuple[Formula, Formula, Sequence[Fact]]]
    ) -> Json:
        proved = checked.verdict.status == "proved"
        by_order = proved and checked.method == "order"
        proofs: list[Json] = []
        if proved and not by_order:
            proofs = self._evidence.proofs(checked, questions, almost=True)
        witness = checked.witness
        return {
            "verdict": checked.verdict.status,
            "by_order": by_order,
            "proofs": proofs,
            "witness": None if witness is None else self._evidence.witness(witness),
        }

    def _accuracy(self) -> tuple[Fraction, Fraction]:
        """What the cases proved right and wrong amount to, by what is written of them."""
        sums = {"right": Fraction(0), "wrong": Fraction(0), "unknown": Fraction(0)}
        for result in self._verification.cases:
            for case in result.instances:
                sums[case.answer] += self._evidence.least(case.instance.when)
        return sums["right"], 1 - sums["wrong"]


def _kind(instance: Instance) -> str:
    """The checker's kind of claim."""
    match instance:
        case Right():
            return "right"
        case Wrong():
            return "wrong"
        case Measure():
            return "probability"
        case Close(scale=None):
            return "mean"
    return "holds"


def _bounds(bounds: Bounds) -> Json:
    pair = bounds.at_least, bounds.at_most
    if bounds.equals is not None:
        pair = bounds.equals, bounds.equals
    texts = (None if value is None else str(value) for value in pair)
    return dict(zip(("at_least", "at_most"), texts, strict=True))


def _some(formulas: Iterable[Formula]) -> Formula:
    parts = tuple(formulas)
    return Logic("or", parts) if len(parts) > 1 else parts[0]


def check_about(verification: Verification, program: Program, task: Task, ties: TieRule) -> None:
    """InputError unless the explanation was held against this very program, and in this way."""
    subject = verification.explanation.subject
    if (subject.task, verification.ties) != (task, ties):
        raise InputError(
            f"The explanation was verified for {subject.task.name} with ties {verification.ties}; "
            f"the certificate is for {task.name} with ties {ties}."
        )
    claimed = standardize(program)[0] if subject.standard else program
    if verification.program != claimed:
        raise InputError(
            f"The explanation was verified on the weights of {verification.model}, which are "
            "others than those of the model that the certificate is for."
        )
