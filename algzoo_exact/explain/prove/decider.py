"""Is a statement true everywhere, or almost everywhere, in a domain? With all means there are.

Earlier claims first, as assumptions about free states; then the program itself, by the prover;
then, for few inputs, cell by cell. For very few inputs the cells come first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.language.expression import (
    Entry,
    Formula,
    Logic,
    Truth,
    evaluate,
    number_text,
    values_at,
)
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.prove.cell_decision import Decision as CellDecision
from algzoo_exact.explain.prove.cell_decision import decide_by_cells
from algzoo_exact.explain.prove.cell_search import CellLimits
from algzoo_exact.explain.prove.facts import Abstraction, Fact, abstractions
from algzoo_exact.explain.prove.null_sets import Walls, inner_point, off_walls
from algzoo_exact.explain.prove.prover import Proof, Prover
from algzoo_exact.explain.verification import Argument, Point
from algzoo_exact.program.ir import Program

_EVERYWHERE = Truth(True)
_NO_FACTS = Abstraction()
FEW_INPUTS = 5  # of a program whose space is cut into cells, if need be
_VERY_FEW = 3  # inputs, whose cells are quicker than the prover as a rule
_SHARE = 0.4  # of the time, at most, for each way to use earlier claims
_ROUNDS = 40  # null sets that are left out one after the other


@dataclass(frozen=True, eq=False)
class Decision:
    """What became of a statement, or of several.

    ``failing`` is the (statement, domain) that the ``witness`` refutes.
    """

    verdict: Verdict
    method: str
    details: tuple[str, ...] = ()
    witness: Point | None = None
    trusted: tuple[str, ...] = ()
    arguments: tuple[Argument, ...] = ()
    vacuous: bool = False
    failing: tuple[Formula, Formula] | None = None


class Decider:
    """Statements about one program; ``seconds`` for each. ``progress`` hears what is tried."""

    def __init__(
        self, program: Program, seconds: float, progress: Callable[[str], None] | None = None
    ) -> None:
        self.program, self.seconds = program, seconds
        self._progress = progress
        self._last: tuple[tuple[Formula, Abstraction], Prover] | None = None

    def everywhere(
        self,
        statement: Formula,
        domain: Formula = _EVERYWHERE,
        facts: Sequence[Fact] = (),
        *,
        deadline: Deadline | None = None,
    ) -> Decision:
        """Does the statement hold at every input in the domain?"""
        return self._or_cells(statement, domain, facts, deadline, almost=False)

    def almost_everywhere(
        self,
        statement: Formula,
        domain: Formula = _EVERYWHERE,
        facts: Sequence[Fact] = (),
        *,
        deadline: Deadline | None = None,
    ) -> Decision:
        """Does it hold at almost every input in the domain?

        A counterexample counts if a neighbourhood of it fails too. One that lies on a wall, with
        no such point nearby, only shows that the wall is better left out: it is a null set.
        """
        return self._or_cells(statement, domain, facts, deadline, almost=True)

    def _almost(
        self, statement: Formula, domain: Formula, facts: Sequence[Fact], deadline: Deadline
    ) -> Decision:
        walls: Walls = ()
        details: tuple[str, ...] = ()
        for _ in range(_ROUNDS):
            decision = self._decide(statement, off_walls(domain, walls), facts, deadline)
            decision = replace(decision, details=details + decision.details)
            if decision.witness is None:
                return decision
            failing = Logic("and", (domain, Logic("not", (statement,))))
            try:
                inner, found = inner_point(self.program, failing, decision.witness, deadline)
            except TimeIsUpError:
                break
            if inner is not None:
                reason = f"it fails around x = ({', '.join(map(number_text, inner))})"
                verdict = Verdict("refuted", reason)
                failed = statement, domain
                return replace(decision, verdict=verdict, witness=inner, failing=failed)
            details = (*decision.details, "it fails there on a null set only, which is left out")
            walls = tuple(dict.fromkeys((*walls, *found)))
            if deadline.passed:
                break
        reason = "whether it fails on more than null sets was not found out in time"
        return Decision(Verdict("unknown", reason), "z3", details)

    def _or_cells(
        self,
        statement: Formula,
        domain: Formula,
        facts: Sequence[Fact],
        deadline: Deadline | None,
        *,
        almost: bool,
    ) -> Decision:
        """The prover's decision, or that of cells: these come first where they are few as a rule,
        and last where the prover found nothing, or would have to be trusted."""
        by_proof = self._almost if almost else self._decide

        def prove(end: Deadline) -> Decision:
            return by_proof(statement, domain, facts, end)

        deadline = Deadline.after(self.seconds) if deadline is None else deadline
        inputs = self.program.seq_len
        if inputs > FEW_INPUTS:
            return prove(deadline)

        def cut(end: Deadline) -> Decision:
            return self._by_cells(statement, domain, end, almost)

        ways = (cut, prove) if inputs <= _VERY_FEW else (prove, cut)
        first = ways[0](deadline.part(0.5))
        if first.verdict.status != "unknown" and not first.trusted:
            return first
        second = ways[1](deadline)
        best = first if second.verdict.status == "unknown" else second
        return replace(best, details=first.details + second.details)

    def _by_cells(
        self, statement: Formula, domain: Formula, deadline: Deadline, almost: bool
    ) -> Decision:
        def ask(asked: Formula) -> CellDecision:
            limits = CellLimits.until(deadline)
            return decide_by_cells(self.program, asked, domain=domain, almost=almost, limits=limits)

        found = ask(statement)
        details = tuple(f"cells: {line}" for line in found.details)
        if found.verdict.status != "proved":
            failed = None if found.witness is None else (statement, domain)
            return Decision(found.verdict, "regions", details, found.witness, failing=failed)
        argument = Argument(domain, statement, (), (), (), "regions", found.cells)
        example = OrderFacts(domain, self.program.seq_len).example()
        empty = not self._inside(domain, example) and ask(Truth(False)).verdict.status == "proved"
        return Decision(found.verdict, "regions", details, arguments=(argument,), vacuous=empty)

    def _decide(
        self, statement: Formula, domain: Formula, facts: Sequence[Fact], deadline: Deadline
    ) -> Decision:
        details: list[str] = []
        verdict, method = Verdict("unknown", "the time is up"), "none"
        if deadline.passed:
            return Decision(verdict, method)
        uses = abstractions(self.program, statement, domain, facts) if facts else ()
        for use in chain(uses, (_NO_FACTS,)):
            if deadline.passed:
                break
            assuming = "" if use == _NO_FACTS else "from earlier claims: "
            end = deadline.part(_SHARE) if use.free else deadline
            try:
                proof = self._prover(domain, use, end).prove(statement, end)
            except TimeIsUpError:
                details.append(f"{assuming}the time was up before the domain was prepared")
                continue
            verdict, method = proof.verdict, proof.method
            details += (assuming + line for line in proof.details)
            if proof.state is not None:
                details.append(assuming + proof.verdict.reason)
                witness = self._fails(proof, statement, domain)
                if witness is not None:
                    reason = f"it fails at x = ({', '.join(map(number_text, witness))})"
                    verdict = Verdict("refuted", reason)
                    failed = statement, domain
                    return Decision(verdict, method, tuple(details), witness, failing=failed)
            elif verdict.status != "unknown":
                return _decided(proof, statement, domain, use, tuple(details))
        return Decision(verdict, method, tuple(details))

    def _prover(self, domain: Formula, use: Abstraction, deadline: Deadline) -> Prover:
        key = domain, use
        if self._last is None or self._last[0] != key:
            order = OrderFacts(domain, self.program.seq_len)
            example = order.example()
            prover = Prover(
                self.program,
                domain=domain,
                assumptions=use.facts,
                free=use.free,
                defined=dict(use.defined),
                hints=order.implied(),
                example=example if self._inside(domain, example) else None,
                deadline=deadline,
                progress=self._progress,
            )
            self._last = key, prover
        return self._last[1]

    def _inside(self, domain: Formula, point: Point) -> bool:
        return evaluate(domain, values_at(self.program, point))

    def _fails(self, proof: Proof, statement: Formula, domain: Formula) -> Point | None:
        """The inputs of a state that is allowed, if the program itself fails there."""
        assert proof.state is not None
        given = dict(proof.state)
        inputs = (Entry("x", (t,)) for t in range(self.program.seq_len))
        point = tuple(given.get(entry, Fraction(0)) for entry in inputs)
        return point if fails_at(self.program, statement, domain, point) else None


def fails_at(program: Program, statement: Formula, domain: Formula, point: Point) -> bool:
    """Whether the point is in the domain, and the statement false there: exactly."""
    values = values_at(program, point)
    return evaluate(domain, values) and not evaluate(statement, values)


def together(decisions: Iterable[Decision]) -> Decision:
    """One decision for several statements, all of which are claimed.

    It ends where one is refuted; details are of those that are not proved. Where there is none,
    nothing is proved.
    """
    details: list[str] = []
    arguments: list[Argument] = []
    methods: Counter[str] = Counter()
    trusted: dict[str, None] = {}
    open_verdict: Verdict | None = None
    vacuous = True
    for decision in decisions:
        methods[decision.method] += 1
        if decision.verdict.status == "refuted":
            return decision
        if decision.verdict.status == "unknown":
            details += decision.details
            open_verdict = decision.verdict if open_verdict is None else open_verdict
        arguments += decision.arguments
        trusted |= dict.fromkeys(decision.trusted)
        vacuous &= decision.vacuous
    if not methods:
        return Decision(Verdict("unknown", "there is no statement to decide"), "none")
    counted = "; ".join(f"{method}: {count}" for method, count in methods.items())
    return Decision(
        Verdict("proved") if open_verdict is None else open_verdict,
        ", ".join(methods),
        (f"statements decided by {counted}", *details),
        trusted=tuple(trusted),
        arguments=tuple(arguments),
        vacuous=vacuous,
    )


def _decided(
    proof: Proof, statement: Formula, domain: Formula, use: Abstraction, details: tuple[str, ...]
) -> Decision:
    if proof.verdict.status == "refuted":
        failed = statement, domain
        return Decision(proof.verdict, proof.method, details, proof.witness, failing=failed)
    evidence, trusted = proof.evidence, proof.trusted
    argument = Argument(domain, statement, use.facts, use.defined, use.free, proof.method, evidence)
    return Decision(proof.verdict, proof.method, details, None, trusted, (argument,), proof.vacuous)
