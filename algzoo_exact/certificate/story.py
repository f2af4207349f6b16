"""A verified explanation as a part of a certificate: what each claim says, and its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from algzoo_exact.certificate.equivalence import equivalence
from algzoo_exact.certificate.evidence import Evidence
from algzoo_exact.certificate.nodes import Nodes
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims import (
    Always,
    Bounds,
    Claim,
    Close,
    Equivalent,
    Inductive,
    Measure,
    Right,
    Weights,
    Wrong,
)
from algzoo_exact.explain.expression import Formula, Logic, Truth
from algzoo_exact.explain.knowledge import Fact, fact, facts_of, within_bound
from algzoo_exact.explain.results import (
    CaseResult,
    Checked,
    CheckedCase,
    ClaimResult,
    Partition,
    Verification,
)
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
        return StoryPart(data | {"nodes": self._nodes.to_json()}, accuracy, self._done)

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
            instances.append(self._instance(claim, checked, facts))
        proved = [c.instance for c in result.instances if c.verdict.status == "proved"]
        self._facts[claim.name] = [known for part in proved for known in facts_of(part)]
        self._proved[claim.name] = {
            "right": [part.domain for part in proved if isinstance(part, Right)],
            "wrong": [part.domain for part in proved if isinstance(part, Wrong)],
        }
        return {
            "name": claim.name,
            "kind": claim.kind,
            "text": claim.text,
            "written": dict(claim.written),
            "assume": list(claim.assume),
            "verdict": result.status,
            "instances": instances,
        }

    def _instance(self, claim: Claim, checked: Checked, facts: Sequence[Fact]) -> Json:
        number, evidence = self._nodes.number, self._evidence
        proved = checked.verdict.status == "proved"
        proofs: list[Json] = []
        figure = None
        witness = None if checked.witness is None else evidence.witness(checked.witness)
        says: Json
        match checked.instance:
            case Weights(_, statement):
                says = {"statement": number(statement)}
            case Always(_, statement, domain):
                says = {"statement": number(statement), "domain": number(domain)}
                if proved:
                    proofs = evidence.proofs(checked, [(statement, domain, facts)], almost=False)
            case Inductive() as inductive:
                says = {"steps": self._inductive_steps(inductive)}
                if proved:
                    questions = _inductive_questions(inductive, facts)
                    proofs = evidence.proofs(checked, questions, almost=False)
            case Right(_, domain) | Wrong(_, domain):
                says = {"domain": number(domain)}
                if proved:
                    proofs = evidence.answers(checked, domain, claim.kind == "right", facts)
            case Measure(_, condition, bounds):
                says = {"condition": number(condition), "bounds": _bounds(bounds)}
                known = checked.figures[0]
                figure = evidence.probability(condition, known, bounds, checked.verdict.status)
                witness = None
            case Close() as close:
                says = self._close_says(close)
                proofs, witness, figure = self._close(close, checked, facts)
            case Equivalent() as same:
                programs = self._verification.program, self._verification.others[same.other]
                says, proofs, witness = equivalence(
                    same, checked, programs, self._subject.task, self._verification.ties
                )
            case _:
                raise AssertionError(checked.instance)
        return {
            "parameters": dict(checked.instance.parameters),
            "verdict": checked.verdict.status,
            "reason": checked.verdict.reason,
            "says": says,
            "proofs": proofs,
            "witness": witness,
            "figure": figure,
        }

    def _inductive_steps(self, claim: Inductive) -> list[Json]:
        return [
            {
                "step": step.step,
                "base": step.base,
                "statements": [self._nodes.number(statement) for _, statement in step.statements],
            }
            for step in claim.steps
        ]

    def _close_says(self, claim: Close) -> Json:
        number = self._nodes.number
        return {
            "left": number(claim.left),
            "right": number(claim.right),
            "domain": number(claim.domain),
            "error": claim.error,
            "scale": None if claim.scale is None else number(claim.scale),
            "bounds": _bounds(claim.bounds),
        }

    def _close(
        self, claim: Close, checked: Checked, facts: Sequence[Fact]
    ) -> tuple[list[Json], Json | None, Json | None]:
        """Proofs, witness and figure."""
        evidence, status = self._evidence, checked.verdict.status
        if claim.scale is None:
            return [], None, evidence.figure(checked.figures[0])
        if status == "unknown":
            figures = checked.figures
            return [], None, evidence.figure(figures[0]) if figures else None
        if status == "refuted":
            if checked.witness is not None:
                return [], evidence.witness(checked.witness), None
            return evidence.smaller(claim, checked, facts)
        within = within_bound(claim)
        questions = [] if within is None else [(within, claim.domain, facts)]
        proofs = evidence.proofs(checked, questions, almost=False)
        return proofs, evidence.reached(claim, checked), None

    def _case(self, result: CaseResult) -> Json:
        case = result.case
        facts = [known for name in case.claims for known in self._facts[name]]
        instances = []
        for checked in result.instances:
            self._hear(f"case {case.name}")
            instances.append(self._case_instance(result, checked, facts))
        return {
            "name": case.name,
            "text": case.text,
            "written": dict(case.written),
            "says": case.verdict,
            "claims": list(case.claims),
            "verdict": result.status,
            "instances": instances,
        }

    def _case_instance(self, result: CaseResult, found: CheckedCase, facts: Sequence[Fact]) -> Json:
        when, checked, says = found.instance.when, found.checked, result.case.verdict
        status = None if checked is None else checked.verdict.status
        proofs: list[Json] = []
        if checked is not None and status == "proved":
            if says == "claims":
                names = result.case.claims
                domains = [d for name in names for d in self._proved[name][found.answer]]
                union = Logic("or", tuple(domains)) if len(domains) > 1 else domains[0]
                questions = [(union, when, ())] if checked.arguments else []
                proofs = self._evidence.proofs(checked, questions, almost=True)
            else:
                proofs = self._evidence.answers(checked, when, says == "right", facts)
        witness = None if checked is None else checked.witness
        return {
            "parameters": dict(found.instance.parameters),
            "when": self._nodes.number(when),
            "answer": found.answer,
            "verdict": status,
            "reason": "" if checked is None else checked.verdict.reason,
            "proofs": proofs,
            "witness": None if witness is None else self._evidence.witness(witness),
            "probability": self._evidence.probability(when, found.probability),
        }

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
        self, checked: Checked, questions: Sequence[tuple[Formula, Formula, Sequence[Fact]]]
    ) -> Json:
        proved = checked.verdict.status == "proved"
        by_order = proved and checked.method == "order"
        proofs: list[Json] = []
        if proved and not by_order:
            proofs = self._evidence.proofs(checked, questions, almost=True)
        witness = checked.witness
        return {
            "verdict": checked.verdict.status,
            "reason": checked.verdict.reason,
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


def _bounds(bounds: Bounds) -> Json:
    values = {"at_least": bounds.at_least, "at_most": bounds.at_most, "equals": bounds.equals}
    return {key: None if value is None else str(value) for key, value in values.items()}


def _inductive_questions(
    claim: Inductive, facts: Sequence[Fact]
) -> list[tuple[Formula, Formula, Sequence[Fact]]]:
    """Each statement, with what is known before its step."""
    found: list[tuple[Formula, Formula, Sequence[Fact]]] = []
    before: list[Fact] = []
    for step in claim.steps:
        known = [*facts, *([] if step.base else before)]
        found += [(statement, _EVERYWHERE, known) for _, statement in step.statements]
        before = [fact(statement) for _, statement in step.statements]
    return found


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
