"""Cases: how likely each is, whether the model is right there, and whether they are a partition.

What is proved about them is an enclosure of the accuracy: no more is right than what is not
wrong, and no less than what is right. No region of the model is enumerated for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from time import monotonic
from typing import Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.bench import Bench, answers
from algzoo_exact.explain.claims.claim import (
    Always,
    Case,
    CaseInstance,
    Claim,
    Parameters,
    Right,
    Wrong,
)
from algzoo_exact.explain.claims.close import probability_of
from algzoo_exact.explain.language.expression import (
    Formula,
    Logic,
    Truth,
    conjuncts,
    evaluate,
    values_at,
)
from algzoo_exact.explain.logic.order_probability import order_probability
from algzoo_exact.explain.outcome import checked
from algzoo_exact.explain.prove.decider import Decider, Decision, together
from algzoo_exact.explain.prove.facts import Fact
from algzoo_exact.explain.verification import (
    CaseResult,
    CheckedCase,
    ClaimResult,
    Figure,
    Partition,
    Point,
)

Answer = Literal["right", "wrong", "unknown"]
_EVERYWHERE = Truth(True)


def check_case(
    bench: Bench,
    case: Case,
    instance: CaseInstance,
    facts: Sequence[Fact],
    claims: Mapping[str, ClaimResult],
) -> CheckedCase:
    """One case, with its probability.

    ``facts`` are those of the claims that it names, ``claims`` those claims themselves.
    """
    start = monotonic()
    figure, _ = probability_of(bench.program, instance.when, bench.seconds)
    if case.verdict == "unknown":
        return CheckedCase(instance, "unknown", figure, None)
    answer: Answer
    if case.verdict == "claims":
        answer, decision = _from_claims(bench, instance, [claims[name] for name in case.claims])
    else:
        decision = answers(bench, instance.when, facts, right=case.verdict == "right")
        answer = case.verdict if decision.verdict.status == "proved" else "unknown"
    found = checked(bench.program, instance, decision, start)
    return CheckedCase(instance, answer, figure, found)


def _from_claims(
    bench: Bench, instance: CaseInstance, claims: Iterable[ClaimResult]
) -> tuple[Answer, Decision]:
    """Is the case a part of what the claims prove right, or of what they prove wrong?"""
    domains: dict[Answer, list[Formula]] = {"right": [], "wrong": []}
    for claim in claims:
        for result in claim.instances:
            if result.verdict.status != "proved":
                continue
            if isinstance(result.instance, Right):
                domains["right"].append(result.instance.domain)
            elif isinstance(result.instance, Wrong):
                domains["wrong"].append(result.instance.domain)
    given = set(conjuncts(instance.when))
    tried: list[Decision] = []
    for answer, proved in domains.items():
        if any(given.issuperset(conjuncts(domain)) for domain in proved):
            return answer, Decision(Verdict("proved"), "exact arithmetic", ("its very domain",))
        if proved:
            decision = bench.decider().almost_everywhere(_some(proved), instance.when)
            if decision.verdict.status == "proved":
                return answer, decision
            tried.append(decision)
    details = tuple(line for decision in tried for line in decision.details)
    reason = "the case does not follow from what the named claims prove"
    return "unknown", Decision(Verdict("unknown", reason), "z3", details)


def case_result(case: Case, instances: Sequence[CheckedCase], disjoint: bool) -> CaseResult:
    """All instances of a case; their total probability if the cases are known to be disjoint."""
    figures = [instance.probability for instance in instances]
    return CaseResult(case, tuple(instances), total(figures) if disjoint else None)


def total(figures: Sequence[Figure]) -> Figure | None:
    """The probability of disjoint parts together; None unless all were computed."""
    enclosures = [figure.enclosure for figure in figures]
    known = [enclosure for enclosure in enclosures if enclosure is not None]
    if len(known) < len(enclosures):
        return None
    rationals = [figure.rational for figure in figures]
    exact = [value for value in rationals if value is not None]
    if len(exact) == len(figures):
        value = sum(exact, Fraction(0))
        return Figure("probability", "exact", Enclosure.exactly(value), value)
    low = sum((e.lower for e in known), Fraction(0))
    high = min(sum((e.upper for e in known), Fraction(0)), Fraction(1))
    kind: Literal["exact", "certified"] = "exact"
    if any(figure.kind != "exact" for figure in figures):
        kind = "certified"
    texts = [figure.closed_form for figure in figures if figure.rational != 0]
    closed = None if None in texts else " + ".join(f"({text})" for text in texts)
    if len(texts) == 1:
        closed = texts[0]
    return Figure("probability", kind, Enclosure(low, high), None, closed)


def check_partition(bench: Bench, instances: Sequence[tuple[str, CheckedCase]]) -> Partition:
    """Do the cases, named, cover almost everything, and do no two of them overlap?

    Exact probabilities tell both at once where they can be had: of the union, and their sum.
    """
    start = monotonic()
    whens = [case.instance.when for _, case in instances]
    union = _some(whens)
    covers = Always((), union, _EVERYWHERE)
    apart = Always((), _EVERYWHERE, _EVERYWHERE)
    deadline = Deadline.after(bench.seconds)
    try:
        covered = order_probability(union, bench.task.seq_len, deadline.part(0.5))
    except (InputError, TimeIsUpError):
        covered = None
    rationals = [case.probability.rational for _, case in instances]
    exact = [value for value in rationals if value is not None]
    decider = bench.decider()
    if covered == 1:
        line = "the probability of all cases together is 1"
        decision = Decision(Verdict("proved"), "order", (line,))
    else:
        decision = decider.almost_everywhere(union, deadline=deadline)
        if decision.verdict.status == "refuted":
            reason = f"no case holds {decision.verdict.reason.removeprefix('it fails ')}"
            decision = replace(decision, verdict=Verdict("refuted", reason))
    all_covered = checked(bench.program, covers, decision, start)
    start = monotonic()
    if covered is not None and len(exact) == len(whens) and sum(exact) == covered:
        line = f"the cases' probabilities add up to that of all of them together, {covered}"
        decision = Decision(Verdict("proved"), "order", (line,))
    else:
        overlapping = instances
        if covered is not None and len(exact) == len(whens):
            with suppress(TimeIsUpError):
                until = Deadline.after(bench.seconds)
                overlapping = _first_overlap(instances, exact, bench.task.seq_len, until)
        decision = _apart(bench, decider, overlapping)
        if decision.witness is not None:
            decision = _named(bench, instances, decision, decision.witness)
    return Partition(all_covered, checked(bench.program, apart, decision, start))


def _apart(
    bench: Bench, decider: Decider, instances: Sequence[tuple[str, CheckedCase]]
) -> Decision:
    """Each case against all that come later; one alone shares nothing."""
    whens = [case.instance.when for _, case in instances]
    if len(whens) == 1:
        return Decision(Verdict("proved"), "exact bounds", ("there is one case alone",))
    found: list[Decision] = []
    deadline = Deadline.after(bench.seconds)
    for i in range(len(whens) - 1):
        outside = Logic("not", (_some(whens[i + 1 :]),))
        decision = decider.almost_everywhere(outside, whens[i], deadline=deadline)
        if decision.witness is not None:
            return decision
        found.append(decision)
    return together(found)


def _named(
    bench: Bench, instances: Sequence[tuple[str, CheckedCase]], decision: Decision, witness: Point
) -> Decision:
    """The decision with the names of the cases that share its witness."""
    names = [name for name, case in instances if _holds(bench, case.instance, witness)]
    at = decision.verdict.reason.removeprefix("it fails ")
    verdict = Verdict("refuted", f"{' and '.join(names)} hold both {at}")
    return replace(decision, verdict=verdict)


def _first_overlap(
    instances: Sequence[tuple[str, CheckedCase]],
    exact: Sequence[Fraction],
    n: int,
    deadline: Deadline,
) -> list[tuple[str, CheckedCase]]:
    """The first case that overlaps with some before it, and then those; by bisection.

    ``exact`` are the probabilities of the cases, which add up to more than that of all of them.
    """
    whens = [case.instance.when for _, case in instances]
    disjoint, overlapping = 1, len(whens)  # so many are disjoint, and so many are not
    while overlapping - disjoint > 1:
        middle = (disjoint + overlapping) // 2
        if order_probability(_some(whens[:middle]), n, deadline) == sum(exact[:middle]):
            disjoint = middle
        else:
            overlapping = middle
    return [instances[disjoint], *instances[:disjoint]]


def _holds(bench: Bench, instance: CaseInstance, point: Point) -> bool:
    return evaluate(instance.when, values_at(bench.program, point))


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
        other = Enclosure(1 - wrong.enclosure.upper, 1 - wrong.enclosure.lower)
        return replace(right, what="accuracy", enclosure=right.enclosure.intersect(other))
    both = Enclosure(right.enclosure.lower, 1 - wrong.enclosure.lower)
    return Figure("accuracy", "certified", both)


def title(case: Case | Claim, parameters: Parameters) -> str:
    """A case's or claim's name, with its parameters."""
    at = ", ".join(f"{name} = {value}" for name, value in parameters)
    return f"{case.name} ({at})" if at else case.name


def _some(formulas: Sequence[Formula]) -> Formula:
    return Logic("or", tuple(formulas)) if len(formulas) > 1 else formulas[0]
