"""Is a statement true everywhere, or almost everywhere, in a domain? With all means there are.

Earlier claims first, as assumptions about free states; then the program itself, by the prover;
then, for few inputs, cell by cell. For very few inputs the cells come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.language.expression import (
    Entry,
    Formula,
    Truth,
    entries,
    evaluate,
    fails_at,
    fixed_inputs,
    point_text,
    values_at,
)
from algzoo_exact.explain.logic.farkas import NO_FACTS
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.cell_decision import decide_by_cells
from algzoo_exact.explain.prove.cell_search import CellLimits
from algzoo_exact.explain.prove.facts import Question, abstractions
from algzoo_exact.explain.prove.null_sets import Walls, inner_point, off_walls
from algzoo_exact.explain.prove.prover import prove
from algzoo_exact.program.ir import Program

FEW_INPUTS = 5  # of a program whose space is cut into cells, if need be
_VERY_FEW = 3  # inputs, whose cells are quicker than the prover as a rule
_SHARE = 0.4  # of the time, at most, for each way to use earlier claims
_ROUNDS = 40  # null sets that are left out one after the other


@dataclass(frozen=True)
class Decider:
    """Statements about one program; ``seconds`` for each."""

    program: Program
    seconds: float

    def decide(
        self, question: Question, *, almost: bool = False, deadline: Deadline | None = None
    ) -> Outcome:
        """Does the statement hold at every input in the domain, or at ``almost`` every one?

        Then a counterexample counts if a neighbourhood of it fails too. One that lies on a wall,
        with no such point nearby, only shows that the wall is better left out: it is a null set.

        It is by proof or by cells: these come first where they are few as a rule, and last where
        the prover found nothing, or would have to be trusted.
        """
        deadline = Deadline.after(self.seconds) if deadline is None else deadline
        if not almost and (found := self._at_point(question)) is not None:
            return found
        by_proof = self._almost if almost else self._proved
        inputs = len(self.program.inputs_read)
        if inputs > FEW_INPUTS:
            return by_proof(question, deadline)

        def cut(question: Question, end: Deadline) -> Outcome:
            return self._by_cells(question, end, almost)

        ways = (cut, by_proof) if inputs <= _VERY_FEW else (by_proof, cut)
        first = ways[0](question, deadline.part(0.5))
        if first.status != "unknown" and not first.trusted:
            return first
        second = ways[1](question, deadline)
        best = first if second.status == "unknown" else second
        return replace(best, details=first.details + second.details)

    def _at_point(self, question: Question) -> Outcome | None:
        """Where the domain is one input; None where it is not."""
        statement, domain, _ = question
        known = fixed_inputs(domain)
        spoken = entries(statement) | entries(domain)
        named = {entry.indices[0] for entry in spoken if entry.array == "x"}
        if not known or not self.program.inputs_read | named <= known.keys():
            return None
        point = tuple(known.get(i, Fraction(0)) for i in range(self.program.seq_len))
        values = values_at(self.program, point)
        if not evaluate(domain, values):
            return None
        if evaluate(statement, values):
            return Outcome.proved("exact arithmetic", "the domain is one input")
        return Outcome.refuted(point, statement, domain, "exact arithmetic")

    def _almost(self, question: Question, deadline: Deadline) -> Outcome:
        statement, domain, facts = question
        walls: Walls = ()
        details: tuple[str, ...] = ()
        for _ in range(_ROUNDS):
            outcome = self._proved(Question(statement, off_walls(domain, walls), facts), deadline)
            outcome = replace(outcome, details=details + outcome.details)
            if outcome.witness is None:
                return outcome
            try:
                inner, found = inner_point(self.program, question.false, outcome.witness, deadline)
            except TimeIsUpError:
                break
            if inner is not None:
                verdict = Verdict("refuted", f"it fails around {point_text(inner)}")
                failing = statement, domain
                return replace(outcome, verdict=verdict, witness=inner, failing=failing)
            details = (*outcome.details, "it fails there on a null set only, which is left out")
            walls = tuple(dict.fromkeys((*walls, *found)))
            if deadline.passed:
                break
        reason = "whether it fails on more than null sets was not found out in time"
        return Outcome.unknown(reason, "z3", details)

    def _by_cells(self, question: Question, deadline: Deadline, almost: bool) -> Outcome:
        domain = question.domain

        def ask(asked: Formula) -> Outcome:
            limits = CellLimits(deadline)
            return decide_by_cells(self.program, asked, domain=domain, almost=almost, limits=limits)

        found = ask(question.statement)
        found = replace(found, details=tuple(f"cells: {line}" for line in found.details))
        if found.status != "proved":
            return found
        example = OrderFacts(domain, self.program.seq_len).example()
        inhabited = fails_at(self.program, Truth(False), domain, example)
        empty = not inhabited and ask(Truth(False)).status == "proved"
        return replace(found, vacuous=empty)

    def _proved(self, question: Question, deadline: Deadline) -> Outcome:
        """By the prover: from the facts, in one way after the other, then without them."""
        statement, domain, facts = question
        details: list[str] = []
        outcome = Outcome.unknown("the time is up")
        uses = abstractions(self.program, question) if facts and not deadline.passed else ()
        for use in chain(uses, (NO_FACTS,)):
            if deadline.passed:
                break
            assuming = "" if use == NO_FACTS else "from earlier claims: "
            end = deadline.part(_SHARE) if use.free else deadline
            outcome = prove(self.program, statement, end, domain=domain, use=use)
            details += (assuming + line for line in outcome.details)
            if outcome.state is not None:
                details.append(assuming + outcome.verdict.reason)
                state, inputs = dict(outcome.state), range(self.program.seq_len)
                point = tuple(state.get(Entry("x", (t,)), Fraction(0)) for t in inputs)
                if fails_at(self.program, statement, domain, point):
                    outcome = Outcome.refuted(point, statement, domain, outcome.method)
            if outcome.status != "unknown":
                break
        return replace(outcome, details=tuple(details), state=None)


def together(decisions: Iterable[Outcome]) -> Outcome:
    """One decision for several statements, all of which are claimed.

    It ends where one is refuted; details are of those that are not proved. Where there is none,
    nothing is proved.
    """
    found: list[Outcome] = []
    for decision in decisions:
        if decision.status == "refuted":
            return decision
        found.append(decision)
    if not found:
        return Outcome.unknown("there is no statement to decide")
    methods = Counter(decision.method for decision in found)
    counted = "; ".join(f"{method}: {count}" for method, count in methods.items())
    undecided = [decision for decision in found if decision.status == "unknown"]
    said = (line for decision in undecided for line in decision.details)
    return Outcome(
        undecided[0].verdict if undecided else Verdict("proved"),
        ", ".join(methods),
        details=(f"statements decided by {counted}", *said),
        trusted=tuple(dict.fromkeys(name for decision in found for name in decision.trusted)),
        arguments=tuple(argument for decision in found for argument in decision.arguments),
        vacuous=all(decision.vacuous for decision in found),
    )
