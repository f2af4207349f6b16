"""Cases: how likely each is, whether the model is right there, and whether they are a partition.

What is proved about them is an enclosure of the accuracy: no more is right than what is not
wrong, and no less than what is right. No region of the model is enumerated for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from fractions import Fraction
from time import monotonic
from typing import Any, ClassVar, Literal, get_args

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.enclosure import total as sum_of
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.answers import ANSWERS, Right, Wrong
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Ground, titled
from algzoo_exact.explain.claims.keys import Keys, formula
from algzoo_exact.explain.language.expression import (
    Formula,
    Logic,
    conjuncts,
    evaluate,
    some,
    values_at,
)
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import Figure, Outcome, Status, joined
from algzoo_exact.explain.prove.facts import Question
from algzoo_exact.shown import Shown

CaseVerdict = Literal["right", "wrong", "claims", "unknown"]
CASE_VERDICTS: tuple[CaseVerdict, ...] = get_args(CaseVerdict)
Answer = Literal["right", "wrong", "unknown"]


@dataclass(frozen=True)
class CaseInstance(Ground):
    """One case: the inputs where ``when`` holds."""

    when: Formula

    keys: ClassVar[Keys] = {"when": formula()}


@dataclass(frozen=True)
class Case(Shown):
    """Cases that are meant to partition the input space, with what is said of the model there.

    right, wrong: to be proved, assuming the named ``claims``. claims: it follows from the named
    claims of the kinds right and wrong. unknown: nothing is claimed.
    """

    name: str
    text: str
    instances: tuple[CaseInstance, ...]
    verdict: CaseVerdict
    claims: tuple[str, ...] = ()
    written: tuple[tuple[str, str], ...] = ()
    table: Mapping[str, Any] = field(default_factory=dict, compare=False)


@dataclass(frozen=True, eq=False)
class CheckedCase:
    """One case: its probability, and whether the model was proved right or wrong in it.

    ``answer`` is what was proved: right, wrong, or unknown. ``checked`` is about what the case
    says: a case that says "right" and is wrong somewhere is refuted, with a witness. It is None
    where the case says "unknown". ``case`` is the name of the case.
    """

    case: str
    instance: CaseInstance
    answer: Answer
    probability: Figure
    checked: Outcome | None

    @property
    def holds(self) -> bool:
        """Whether what the case says, if anything, is proved."""
        return self.checked is None or self.checked.status == "proved"

    @property
    def title(self) -> str:
        """Its name, with the parameters."""
        return titled(self.case, self.instance.parameters)


@dataclass(frozen=True, eq=False)
class CaseResult(Shown):
    """A case with all its instances; ``probability`` is of all of them together, None where they
    are not known to be disjoint."""

    case: Case
    instances: tuple[CheckedCase, ...]
    probability: Figure | None

    @property
    def status(self) -> Status:
        """Of what the case says; unknown where it says nothing, or was not reached."""
        return joined(c.checked.status for c in self.instances if c.checked is not None)


@dataclass(frozen=True, eq=False)
class Partition(Shown):
    """Whether the cases cover almost all inputs, and no two of them share more than a null set.

    A witness is an input in no case, or in two; ``details`` name those.
    """

    covers: Outcome
    disjoint: Outcome

    @property
    def status(self) -> Status:
        return joined(part.status for part in (self.covers, self.disjoint))


def check_case(
    bench: Bench, case: Case, instance: CaseInstance, claims: Mapping[str, ClaimResult]
) -> CheckedCase:
    """One case, with its probability; ``claims`` has those that it names."""
    start = monotonic()
    figure = bench.measured(instance.when)
    named = [claims[name] for name in case.claims]
    if case.verdict == "unknown":
        return CheckedCase(case.name, instance, "unknown", figure, None)
    answer: Answer
    if case.verdict == "claims":
        answer, outcome = _from_claims(bench, instance, named)
    else:
        facts = [fact for claim in named for fact in claim.facts()]
        outcome = ANSWERS[case.verdict]((), instance.when).decided(bench, facts)
        answer = case.verdict if outcome.status == "proved" else "unknown"
    return CheckedCase(case.name, instance, answer, figure, bench.about(instance, outcome, start))


def _from_claims(
    bench: Bench, instance: CaseInstance, claims: Iterable[ClaimResult]
) -> tuple[Answer, Outcome]:
    """Is the case a part of what the claims prove right, or of what they prove wrong?"""
    given = set(conjuncts(instance.when))
    details: tuple[str, ...] = ()
    for answer, known in proved_domains(claims).items():
        if any(given.issuperset(conjuncts(domain)) for domain in known):
            return answer, Outcome.proved("exact arithmetic", "its very domain")
        if known:
            outcome = bench.holds([Question(some(known), instance.when)], almost=True)
            if outcome.status == "proved":
                return answer, outcome
            details += outcome.details
    reason = "the case does not follow from what the named claims prove"
    return "unknown", Outcome.unknown(reason, "z3", details)


def proved_domains(claims: Iterable[ClaimResult]) -> dict[Answer, list[Formula]]:
    """Where claims that are proved say that the model is right, and where that it is wrong."""
    parts = [c.instance for claim in claims for c in claim.instances if c.status == "proved"]
    proved = [p for p in parts if isinstance(p, Right | Wrong) and p.is_plain]
    return {
        "right": [part.domain for part in proved if isinstance(part, Right)],
        "wrong": [part.domain for part in proved if isinstance(part, Wrong)],
    }


def case_result(case: Case, instances: Sequence[CheckedCase], disjoint: bool) -> CaseResult:
    """All instances of a case; their total probability if the cases are known to be disjoint."""
    figures = [instance.probability for instance in instances]
    return CaseResult(case, tuple(instances), total(figures) if disjoint else None)


def total(figures: Sequence[Figure]) -> Figure | None:
    """The probability of disjoint parts together; None unless all were computed."""
    known = [figure.enclosure for figure in figures if figure.enclosure is not None]
    exact = [figure.rational for figure in figures if figure.rational is not None]
    if len(known) < len(figures):
        return None
    if len(exact) == len(figures):
        return Figure.of("probability", sum(exact, Fraction(0)))
    whole = sum_of(known)
    enclosure = Enclosure(whole.lower, min(whole.upper, Fraction(1)))
    kind: Literal["exact", "certified"]
    kind = "exact" if all(figure.kind == "exact" for figure in figures) else "certified"
    texts = [figure.closed_form for figure in figures if figure.rational != 0]
    closed = None if None in texts else " + ".join(f"({text})" for text in texts)
    if len(texts) == 1:
        closed = texts[0]
    return Figure("probability", kind, enclosure, None, closed)


def check_partition(bench: Bench, cases: Sequence[CheckedCase]) -> Partition:
    """Do the cases cover almost everything, and do no two of them overlap?

    Exact probabilities tell both at once where they can be had: of the union, and their sum.
    """
    start, union = monotonic(), some([case.instance.when for case in cases])
    deadline = Deadline.after(bench.seconds)
    try:
        covered = order_probability(union, bench.task.seq_len, deadline.part(0.5))
    except (InputError, TimeIsUpError):
        covered = None
    covers = bench.about(None, _covers(bench, union, covered, deadline), start)
    start = monotonic()
    return Partition(covers, bench.about(None, _disjoint(bench, cases, covered), start))


def _covers(bench: Bench, union: Formula, covered: Fraction | None, deadline: Deadline) -> Outcome:
    if covered == 1:
        return Outcome.proved("order", "the probability of all cases together is 1")
    found = bench.decider().decide(Question(union), almost=True, deadline=deadline)
    if found.status != "refuted":
        return found
    reason = f"no case holds {found.verdict.reason.removeprefix('it fails ')}"
    return replace(found, verdict=Verdict("refuted", reason))


def _disjoint(bench: Bench, cases: Sequence[CheckedCase], covered: Fraction | None) -> Outcome:
    """By the sum of the probabilities, or each case against all that come later."""
    figures, compared = [case.probability for case in cases], cases
    exact = [figure.rational for figure in figures if figure.rational is not None]
    if covered is not None and len(exact) == len(cases):
        if sum(exact) == covered:
            line = f"the cases' probabilities add up to that of all of them together, {covered}"
            return Outcome.proved("order", line)
        with suppress(TimeIsUpError):
            until = Deadline.after(bench.seconds)
            compared = _first_overlap(cases, exact, bench.task.seq_len, until)
    if len(cases) == 1:
        return Outcome.proved("exact bounds", "there is one case alone")
    found = bench.holds(apart([case.instance.when for case in compared]), almost=True)
    if found.witness is None:
        return found
    values = values_at(bench.program, found.witness)
    names = [case.title for case in cases if evaluate(case.instance.when, values)]
    at = found.verdict.reason.removeprefix("it fails ")
    return replace(found, verdict=Verdict("refuted", f"{' and '.join(names)} hold both {at}"))


def apart(whens: Sequence[Formula]) -> list[Question]:
    """No two of the conditions hold at once: where one holds, none of those after it does."""
    pairs = ((whens[k + 1 :], when) for k, when in enumerate(whens[:-1]))
    return [Question(Logic("not", (some(later),)), when) for later, when in pairs]


def _first_overlap(
    cases: Sequence[CheckedCase], exact: Sequence[Fraction], n: int, deadline: Deadline
) -> list[CheckedCase]:
    """The first case that overlaps with some before it, and then those; by bisection.

    ``exact`` are the probabilities of the cases, which add up to more than that of all of them.
    """
    whens = [case.instance.when for case in cases]
    disjoint, overlapping = 1, len(whens)  # so many are disjoint, and so many are not
    while overlapping - disjoint > 1:
        middle = (disjoint + overlapping) // 2
        if order_probability(some(whens[:middle]), n, deadline) == sum(exact[:middle]):
            disjoint = middle
        else:
            overlapping = middle
    return [cases[disjoint], *cases[:disjoint]]


def derived_accuracy(instances: Sequence[CheckedCase], partition: Partition) -> Figure | None:
    """From the probability of what is proved right to that of what is not proved wrong.

    None unless the cases are a partition. A case whose probability could only be sampled counts
    neither as right nor as wrong.
    """
    if partition.status != "proved":
        return None
    known = [case for case in instances if case.probability.enclosure is not None]
    right = total([case.probability for case in known if case.answer == "right"])
    wrong = total([case.probability for case in known if case.answer == "wrong"])
    assert right is not None
    assert wrong is not None
    assert right.enclosure is not None
    assert wrong.enclosure is not None
    open_cases = [case for case in instances if case.answer == "unknown"]
    if len(known) == len(instances) and all(c.probability.rational == 0 for c in open_cases):
        # Each of the two tells the accuracy, so that both sharpen it.
        both = right.enclosure.intersect(wrong.enclosure.complement)
        return replace(right, what="accuracy", enclosure=both)
    both = Enclosure(right.enclosure.lower, 1 - wrong.enclosure.lower)
    return Figure("accuracy", "certified", both)
