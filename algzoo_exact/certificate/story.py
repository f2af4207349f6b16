"""A verified explanation as a part of a certificate: what each claim says, and its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from algzoo_exact.certificate.evidence import Evidence
from algzoo_exact.certificate.nodes import Json, SaidError, bounds, weight_texts
from algzoo_exact.certificate.statements import statements
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.answers import ANSWERS, Share
from algzoo_exact.explain.claims.cases import (
    Case,
    CaseResult,
    CheckedCase,
    Partition,
    apart,
    proved_domains,
)
from algzoo_exact.explain.claims.claim import Claim, ClaimResult, Instance
from algzoo_exact.explain.claims.equivalent import Equivalent, product
from algzoo_exact.explain.claims.measure import Measure
from algzoo_exact.explain.language.expression import EVERYWHERE, conjuncts, some
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.setting import Inside, Setting
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import named_weights
from algzoo_exact.program.standardize import standardize
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress


@dataclass(frozen=True)
class StoryPart:
    """The explanation's part of a certificate, the accuracy that follows from its cases (None
    where none does), and how many claims and cases there are, instance by instance."""

    data: Json
    accuracy: tuple[Fraction, Fraction] | None
    count: int


def story_part(
    verification: Verification, program: Program, progress: Progress | None = None
) -> StoryPart:
    """Every claim and case of an explanation of this program, with the evidence that there is."""
    return _Writer(verification, program, progress).part()


class _Writer:
    def __init__(
        self, verification: Verification, program: Program, progress: Progress | None
    ) -> None:
        self._verification, self._program = verification, program
        self._subject = verification.explanation.subject
        self._evidence = Evidence(verification.program, self._subject.task, verification.ties)
        self._nodes = self._evidence.nodes
        self._others: dict[str, Evidence] = {}  # about the model beside another
        self._results = {result.claim.name: result for result in verification.claims}
        self._progress = progress
        self._said: set[str] = set()  # claims with no evidence that the checker could follow
        self._sums = {"right": Fraction(0), "wrong": Fraction(0)}
        parts: list[ClaimResult | CaseResult] = [*verification.claims, *verification.cases]
        self._steps = sum(len(part.instances) for part in parts)
        self._done = 0

    def part(self) -> StoryPart:
        verification = self._verification
        factors = None
        if self._subject.standard:
            factors = [str(s) for s in standardize(self._program)[1]]
        claims = [self._claim(result) for result in verification.claims]
        cases = [self._case(result) for result in verification.cases]
        disjoint = self._disjoint(verification.partition)
        accuracy = None
        if disjoint is not None:
            accuracy = self._sums["right"], 1 - self._sums["wrong"]
        data = {
            "title": verification.explanation.title,
            "factors": factors,
            "claims": claims,
            "cases": cases,
            "disjoint": disjoint,
            "accuracy": accuracy and bounds(*accuracy),
        }
        others = [
            {
                "name": name,
                "weights": weight_texts(named_weights(verification.others[name])),
                "nodes": evidence.nodes.to_json(),
            }
            for name, evidence in self._others.items()
        ]
        data |= {"nodes": self._nodes.to_json(), "others": others}
        return StoryPart(data, accuracy, self._done)

    def _hear(self, name: str) -> None:
        if self._progress is not None:
            self._progress(self._done / max(1, self._steps), f"evidence: {name}")
        self._done += 1

    def _known(self, names: Iterable[str]) -> list[Fact]:
        return [fact for name in names for fact in self._results[name].facts()]

    def _claim(self, result: ClaimResult) -> Json:
        claim = result.claim
        facts = self._known(claim.assume)
        instances = []
        for checked in result.instances:
            self._hear(claim.name)
            instances.append(self._instance(claim, checked, facts))
        others = {c.instance.other for c in result.instances if isinstance(c.instance, Equivalent)}
        about = list(self._others).index(others.pop()) if others else None
        written = _written(claim, "kind", claim.kind, "assume", claim.assume)
        return written | {"about": about, "instances": instances}

    def _beside(self, name: str) -> Evidence:
        """About both models as one program; its formulas have nodes of their own."""
        if name not in self._others:
            told = self._verification
            both = product(told.program, told.others[name])
            self._others[name] = Evidence(both, self._subject.task, told.ties)
        return self._others[name]

    def _instance(self, claim: Claim, checked: Outcome, facts: Sequence[Fact]) -> Json:
        """What one instance says, with its evidence."""
        instance = checked.instance
        evidence = self._evidence
        if isinstance(instance, Equivalent):
            evidence = self._beside(instance.other)
        elif isinstance(instance, Instance) and not instance.is_plain:
            program = self._verification.program
            setting = Setting.of(program.seq_len, instance.where, instance.instead)
            altered = Inside(program, setting)
            evidence, instance = evidence.of(altered), instance.inside(altered)
        inside = None
        try:
            with evidence.nodes.attempt():
                parts = statements(instance, checked, facts, evidence)
                self._check_facts(parts, claim.assume)
            if checked.status == "proved" and not isinstance(instance, Measure | Share):
                domain = getattr(instance, "domain", EVERYWHERE)
                spoken = [part for part in parts if part["for"] != "some"]
                inside = evidence.inside(domain, spoken) if spoken else None
        except SaidError as error:
            self._said.add(claim.name)
            parts = [{"said": str(error)}]
        return {"parameters": dict(checked.parameters), "parts": parts, "inside": inside}

    def _check_facts(self, parts: Sequence[Json], sources: Iterable[str]) -> None:
        """SaidError if proofs use facts that may be those of claims that are only said."""
        said = self._said.intersection(sources)
        proofs = [part.get("proof") or {} for part in parts]
        if said and any({"facts", "defined"} & proof.keys() for proof in proofs):
            raise SaidError(f"it rests on {min(said)}")

    def _case(self, result: CaseResult) -> Json:
        case = result.case
        facts = self._known(case.claims)
        instances = []
        for checked in result.instances:
            self._hear(f"case {case.name}")
            instances.append(self._case_instance(case, checked, facts))
        written = _written(case, "verdict", case.verdict, "claims", case.claims)
        return written | {"instances": instances}

    def _case_instance(self, case: Case, found: CheckedCase, facts: Sequence[Fact]) -> Json:
        when, checked = found.instance.when, found.checked
        says = case.verdict
        answer = found.answer if says in ("claims", "unknown") else says
        parts: list[Json] = []
        lies_in = inside = None
        try:
            with self._nodes.attempt():
                if checked is not None and says == "claims" and found.answer != "unknown":
                    lies_in = self._lies_in(case, found, checked)
                elif checked is not None and answer != "unknown":
                    said = ANSWERS[answer]((), when)
                    parts = statements(said, checked, facts, self._evidence)
                    self._check_facts(parts, case.claims)
        except SaidError as error:
            parts = [{"said": str(error)}]
        try:
            probability = self._evidence.probability(when, found.probability)
        except SaidError as error:
            probability = {"said": str(error)}
        proved = checked is not None and checked.status == "proved"
        if proved and answer != "unknown" and not any("said" in part for part in parts):
            asked = [{"domain": self._nodes.number(when), "for": "almost all"}]
            inside = self._evidence.inside(when, asked)
            self._sums[answer] += Fraction(probability.get("at_least", 0))
        return {
            "parameters": dict(found.instance.parameters),
            "when": self._nodes.number(when),
            "probability": probability,
            "answer": answer,
            "parts": parts,
            "lies_in": lies_in,
            "inside": inside,
        }

    def _lies_in(self, case: Case, found: CheckedCase, checked: Outcome) -> Json | None:
        """Why a case lies in what claims prove; None where its conditions say so."""
        when = found.instance.when
        if said := self._said.intersection(case.claims):
            raise SaidError(f"it rests on {min(said)}")
        domains = proved_domains(self._results[name] for name in case.claims)[found.answer]
        given = set(conjuncts(when))
        if any(given.issuperset(conjuncts(domain)) for domain in domains):
            return None
        union = some(domains)
        (proof,) = self._evidence.proofs(checked, [Question(union, when)], almost=True)
        return self._evidence.part("almost all", union, when, proof=proof)

    def _disjoint(self, partition: Partition | None) -> list[Json | None] | None:
        """Why no two cases overlap, case by case; None (in the list) where the order says it."""
        if partition is None or partition.disjoint.status != "proved":
            return None
        whens = [c.instance.when for result in self._verification.cases for c in result.instances]
        if partition.disjoint.method == "order":
            return [None] * (len(whens) - 1)
        try:
            with self._nodes.attempt():
                return [*self._evidence.proofs(partition.disjoint, apart(whens), almost=True)]
        except SaidError:
            return None


def _written(
    part: Claim | Case, key: str, value: str, names_key: str, names: Sequence[str]
) -> Json:
    """What a person wrote: a part's kind or verdict, its expressions, and the claims it names."""
    written = {key: value} | dict(part.written)
    if names:
        written[names_key] = ", ".join(names)
    return {"name": part.name, "text": part.text, "written": written}


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
