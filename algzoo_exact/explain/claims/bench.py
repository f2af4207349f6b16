"""One instance of a claim, checked: each kind of claim in its own way."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.claim import (
    Always,
    Close,
    Equivalent,
    Inductive,
    Instance,
    Measure,
    Right,
    Weights,
    Wrong,
)
from algzoo_exact.explain.claims.close import check_close, check_measure
from algzoo_exact.explain.claims.equivalent import agreement, product
from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    Logic,
    conjuncts,
    evaluate,
    evaluate_term,
    to_text,
    values_of,
)
from algzoo_exact.explain.outcome import checked
from algzoo_exact.explain.prove.decider import Decider, Decision, together
from algzoo_exact.explain.prove.facts import Fact, fact
from algzoo_exact.explain.prove.labels import cells_in, earns, fails
from algzoo_exact.explain.verification import Checked
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule

_LONGEST = 200  # characters of a formula in a message


@dataclass(frozen=True, eq=False)
class Bench:
    """What all claims are checked on: the program, the task, the tie rule, ``seconds`` for each
    statement, the ``others`` that equivalence claims name, and who hears of progress."""

    program: Program
    task: Task
    ties: TieRule
    seconds: float
    others: Mapping[str, Program]
    progress: Callable[[str], None] | None = None

    def decider(self, program: Program | None = None) -> Decider:
        return Decider(program or self.program, self.seconds, self.progress)


def check(bench: Bench, instance: Instance, facts: Sequence[Fact]) -> Checked:
    """What becomes of one instance, with the help of facts that were proved before."""
    start = monotonic()
    match instance:
        case Weights(_, statement):
            return _check_weights(bench.program, instance, statement, start)
        case Measure():
            return check_measure(bench.program, instance, bench.seconds)
        case Close():
            return check_close(bench.program, instance, bench.decider(), facts)
        case Always(_, statement, domain):
            decision = bench.decider().everywhere(statement, domain, facts)
            return checked(bench.program, instance, decision, start)
        case Inductive():
            decision = together(_steps(bench, instance, facts))
            return checked(bench.program, instance, decision, start)
        case Equivalent():
            return _check_equivalent(bench, instance, start)
        case Right(_, domain) | Wrong(_, domain):
            decision = answers(bench, domain, facts, right=isinstance(instance, Right))
            return checked(bench.program, instance, decision, start)


def answers(bench: Bench, domain: Formula, facts: Sequence[Fact], *, right: bool) -> Decision:
    """Is the program right, or wrong, almost everywhere in the domain? Label cell by cell."""
    found = together(_cells(bench, domain, facts, right))
    if found.method == "none":
        reason = "the order of the inputs leaves no label: nothing is in the domain"
        return replace(found, verdict=Verdict("unknown", reason), vacuous=True)
    return found


def _cells(bench: Bench, domain: Formula, facts: Sequence[Fact], right: bool) -> Iterator[Decision]:
    decider, deadline = bench.decider(), Deadline.after(bench.seconds)
    outputs = bench.task.outputs
    for cell, inside in cells_in(bench.task, domain):
        claimed = (earns if right else fails)(cell.label, outputs, bench.ties)
        part = Logic("and", (inside, domain))
        yield decider.almost_everywhere(claimed, part, facts, deadline=deadline)


def _steps(bench: Bench, claim: Inductive, facts: Sequence[Fact]) -> Iterator[Decision]:
    """Each step's statements from those of the step before, and what else is known.

    What does not follow from that is tried without it, so that a false one gets its witness.
    Open statements share the time limit: the rest is not tried once they have used it up.
    """
    decider, spent = bench.decider(), 0.0
    before: list[Fact] = []
    for step in claim.steps:
        known = [*facts, *([] if step.base else before)]
        for parameters, statement in step.statements:
            if spent >= bench.seconds:
                yield Decision(Verdict("unknown", "the time is up"), "none", ("not tried",))
                return
            at = ", ".join(f"{name} = {value}" for name, value in parameters)
            start = monotonic()
            deadline = Deadline.after(bench.seconds - spent)
            decision = decider.everywhere(statement, facts=known, deadline=deadline)
            if decision.verdict.status != "proved":
                verdict = Verdict(decision.verdict.status, f"at {at}: {decision.verdict.reason}")
                decision = replace(decision, verdict=verdict)
            if decision.verdict.status == "unknown":
                spent += monotonic() - start
            yield decision
        before = [fact(statement) for _, statement in step.statements]


def _check_equivalent(bench: Bench, claim: Equivalent, start: float) -> Checked:
    both = product(bench.program, bench.others[claim.other])
    if claim.mode == "labels" and bench.program.outputs == 1:
        raise InputError("A model with one output predicts no labels; use the mode function.")
    same = agreement(bench.program.outputs, claim.mode, bench.ties)
    decider = bench.decider(both)
    decide = decider.everywhere if claim.mode == "function" else decider.almost_everywhere
    return checked(both, claim, decide(same, claim.domain), start)


def _check_weights(program: Program, claim: Instance, statement: Formula, start: float) -> Checked:
    values = values_of(program, program.evaluate((0,) * program.seq_len))
    false = [part for part in conjuncts(statement) if not evaluate(part, values)]
    verdict = Verdict("refuted", _described(false[0], values)) if false else Verdict("proved")
    return Checked(claim, verdict, "exact arithmetic", monotonic() - start)


def _described(formula: Formula, values: Callable[[Entry], Fraction]) -> str:
    """A false formula, with the values of what it compares."""
    text = to_text(formula)
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + ".."
    if not isinstance(formula, Compare):
        return f"{text} is false"
    sides = (float(evaluate_term(side, values)) for side in (formula.left, formula.right))
    return "{} is false: left is {!r}, right is {!r}".format(text, *sides)
