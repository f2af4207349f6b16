"""Statements about a program, for all inputs: proved, refuted with an input, or undecided.

A statement is a formula over a program's entries (language/expression.py). Its negation, with the
domain and what is assumed, becomes linear arithmetic (logic/linear_forms.py). If no real numbers
satisfy it, the statement is proved: by exact bounds, by a refutation in cases (logic/farkas.py),
or by z3 (logic/z3_solver.py), which is trusted only where no refutation is found. If some do, exact
evaluation of the program checks them, so that no witness rests on z3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from random import Random
from time import monotonic

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Entry,
    Formula,
    Truth,
    conjuncts,
    fails_at,
    number_text,
    to_text,
)
from algzoo_exact.explain.logic.conditions import Condition, negation
from algzoo_exact.explain.logic.farkas import NO_FACTS, Abstraction, Leaf, Refutation, system_about
from algzoo_exact.explain.logic.farkas_search import refutation
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.logic.system import Maximum
from algzoo_exact.explain.logic.z3_solver import NAME, Answer, centre, solve
from algzoo_exact.explain.outcome import Argument, Outcome, Point
from algzoo_exact.explain.prove.counterexamples import shorten, walk
from algzoo_exact.program.ir import Program

_MEGABYTES = 2000  # that z3 may allocate
_TRIALS = 200  # Points tried before z3: cheap, and finds most gross errors with a short witness.
_ENOUGH = 20  # Fewer of them in the domain, and a walk through the domain follows.
_QUICK = 1.0  # Seconds for z3 before that walk: easy proofs take less, and need no walk.
_TRIAL_SHARE = 0.1  # of the time left, at most, for each
_SOLVER_SHARE = 0.9  # of the time left, where it is open whether the domain is empty
_FEW_LEAVES, _MANY_LEAVES = 300, 3000  # of a refutation: before z3, and after it
_EVIDENCE, _EVIDENCE_SHARE = 2.0, 0.1  # seconds for a refutation, and share of the time left

_ZERO = Fraction(0)


def prove(
    program: Program,
    statement: Formula,
    deadline: Deadline,
    *,
    domain: Formula = EVERYWHERE,
    use: Abstraction = NO_FACTS,
    progress: Callable[[str], None] | None = None,
) -> Outcome:
    """Does the statement hold wherever the domain and the facts do?

    Of earlier facts there is what ``use`` says: its facts, which must hold in the whole domain,
    may help, and are no conditions; so are the equations of its defined entries and terms, which
    take the place of what the program computes. Its free entries are variables; free states h are
    at least 0, and nothing else is known of them but what the domain and the facts say.
    ``progress`` is called with a line about each thing that is tried.

    InputError for entries that the program has not, and for products of two varying terms.
    """
    start = monotonic()
    details: list[str] = []

    def note(line: str) -> None:
        details.append(line)
        if progress is not None:
            progress(line)

    try:
        outcome = _Attempt(program, statement, deadline, domain, use, note).decided()
    except TimeIsUpError:
        outcome = Outcome.unknown("the time was up before a solver could start")
    return replace(outcome, seconds=monotonic() - start, details=tuple(details))


class _Attempt:
    """One statement: cheap exact steps first, then z3."""

    def __init__(
        self,
        program: Program,
        statement: Formula,
        deadline: Deadline,
        domain: Formula,
        use: Abstraction,
        note: Callable[[str], None],
    ) -> None:
        self._program, self._statement, self._deadline = program, statement, deadline
        self._domain, self._use, self._note = domain, use, note
        order = OrderFacts(domain, program.seq_len)
        self._inhabited = fails_at(program, Truth(False), domain, order.example())
        linear = Linear(program, use.free, dict(use.defined), deadline=deadline)
        base: list[Condition] = []
        # What follows from the domain's order by itself is a hint: evidence does without it.
        for part in (*order.implied(), *conjuncts(domain), *use.facts):
            base.append(linear.condition(part))
            linear.tighten(base[-1])
        goal = negation(linear.condition(statement))
        self._given = linear.system(base)  # the domain and the facts
        self._system = linear.system([*base, goal])
        self._inside = 0  # trial points in the domain
        self._start = monotonic()

    def decided(self) -> Outcome:
        if False in self._system.conditions:
            self._note("exact bounds on every form: enough")
            return self._proved("exact bounds", self._evidence(_FEW_LEAVES))
        refuted = self._try("trial points", self._trial_points())
        if refuted is not None:
            return refuted
        evidence = self._evidence(_FEW_LEAVES, exact=False)
        if evidence is not None:
            return self._proved("Farkas multipliers", evidence)
        maxima = sum(isinstance(atom, Maximum) for atom in self._system.atoms)
        self._note(f"{NAME}: {maxima} ReLUs and maxima")
        answer = self._ask(self._deadline.within(_QUICK))
        if answer.status == "unknown":
            if self._inside < _ENOUGH and not self._use.free:
                refuted = self._try("walk through the domain", self._walk())
                if refuted is not None:
                    return refuted
            if not self._deadline.passed:
                share = 1.0 if self._inhabited else _SOLVER_SHARE
                answer = self._ask(self._deadline.part(share))
        if answer.status == "unsat":
            return self._proved(NAME, self._evidence(_MANY_LEAVES))
        if answer.status == "sat":
            return self._refuted(answer.solution, NAME)
        reason = f"z3 stopped after {monotonic() - self._start:.1f} s: {answer.reason}"
        return Outcome.unknown(reason, NAME)

    def _ask(self, deadline: Deadline) -> Answer:
        seconds = deadline.left
        answer = solve(self._system, seconds, _MEGABYTES)
        if answer.status == "unknown":
            self._note(f"{NAME}, {seconds:.3g} s: {answer.reason}")
        return answer

    def _trial_points(self) -> Iterator[dict[Entry, Fraction]]:
        """A few points with small integer coordinates."""
        random = Random(0)
        for _ in range(_TRIALS):
            drawn = {entry: Fraction(random.randint(-9, 9)) for entry in self._system.variables}
            yield drawn | {entry: abs(v) for entry, v in drawn.items() if entry.array == "h"}

    def _walk(self) -> Iterable[dict[Entry, Fraction]]:
        """Points on a walk through the domain; none where it is not known to be inhabited."""
        given, seconds = self._given, self._deadline.part(_TRIAL_SHARE).left
        solution = self._example(seconds).solution
        if not solution:
            return ()
        values = given.values(solution.__getitem__)
        rows = given.piece(values)
        others = [entry for entry in self._system.variables if entry not in given.variables]
        names = dict(enumerate(others, len(given.atoms)))
        names |= {number: entry for entry, number in given.variables.items()}
        start = dict.fromkeys(sorted(names), _ZERO)
        start |= {number: values[number] for number in given.variables.values()}
        start |= centre(rows, values, given.homogeneous, seconds)
        size = max(Fraction(1), 2 * max(map(abs, start.values())))
        points = walk(rows, start, size, _TRIALS)
        return ({entry: at[number] for number, entry in names.items()} for at in points)

    def _example(self, seconds: float) -> Answer:
        """Whether anything satisfies the domain and the facts, and where."""
        return solve(self._given, seconds, _MEGABYTES)

    def _try(self, what: str, points: Iterable[Mapping[Entry, Fraction]]) -> Outcome | None:
        """A counterexample among some points."""
        given, deadline = self._given, self._deadline.part(_TRIAL_SHARE)
        tried, inside = 0, self._inside
        for point in points:
            if deadline.passed:
                break
            tried += 1
            if given.hold(given.values(point.__getitem__, self._deadline)):
                self._inside += 1
                if self._counters(point):
                    self._note(f"{what}: number {tried} is a counterexample")
                    return self._refuted(point, "trial points")
        found = self._inside - inside
        self._note(f"{what}: {tried} tried, {found} in the domain, no counterexample")
        return None

    def _counters(self, drawn: Mapping[Entry, Fraction]) -> bool:
        return self._system.hold(self._system.values(drawn.__getitem__, self._deadline))

    def _evidence(self, leaves: int, *, exact: bool = True) -> Refutation | None:
        """Why the statement cannot fail, by cases and linear arithmetic, if that is found."""
        deadline = self._deadline.part(_EVIDENCE_SHARE).within(_EVIDENCE)
        try:
            system = system_about(
                self._program, self._statement, domain=self._domain, use=self._use,
                deadline=deadline,
            )  # fmt: skip
        except (InputError, TimeIsUpError):  # a product that is linear by bounds alone
            return None
        found = refutation(system, leaves=leaves, seconds=deadline.left, exact=exact)
        if found is not None:
            count = sum(isinstance(step, Leaf) for step in found.steps)
            self._note(f"Farkas multipliers: {count} cases, each contradictory")
        return found

    def _proved(self, method: str, evidence: Refutation | None) -> Outcome:
        nothing = "nothing satisfies the domain and the assumptions"
        vacuous = not self._inhabited and self._example(self._deadline.left).status == "unsat"
        if vacuous:
            self._note(nothing)
        argument = Argument(self._domain, self._statement, self._use, method, evidence)
        trusted = ("z3",) if method == NAME and evidence is None else ()
        verdict = Verdict("proved", nothing if vacuous else "")
        return Outcome(verdict, method, arguments=(argument,), trusted=trusted, vacuous=vacuous)

    def _refuted(self, drawn: Mapping[Entry, Fraction], method: str) -> Outcome:
        at = {entry: drawn[entry] for entry in self._system.variables}
        with suppress(TimeIsUpError):
            at = self._short(at)
        if self._use.free:
            state = tuple(sorted(at.items(), key=lambda item: str(item[0])))
            text = ", ".join(f"{to_text(entry)} = {number_text(v)}" for entry, v in state)
            reason = f"it does not follow from what is assumed: {text} satisfies that, not this"
            return replace(Outcome.unknown(reason, method), state=state)
        inputs = (Entry("x", (i,)) for i in range(self._program.seq_len))
        point = tuple(at.get(entry, _ZERO) for entry in inputs)
        fails = fails_at(self._program, self._statement, self._domain, point)
        if self._use.defined and not fails:
            return Outcome.unknown("it does not follow from what is assumed", method)
        assert fails, "a model that exact evaluation does not confirm"
        return Outcome.refuted(point, self._statement, self._domain, method)

    def _short(self, at: dict[Entry, Fraction]) -> dict[Entry, Fraction]:
        """The counterexample as few-digit floats if some near it, or well inside its piece, do."""
        system = self._system

        def refutes(values: Point) -> bool:
            lookup = dict(zip(at, values, strict=True))
            bounded = all(v >= 0 for entry, v in lookup.items() if entry.array == "h")
            return bounded and self._counters(lookup)

        short = shorten(tuple(at.values()), refutes, homogeneous=system.homogeneous)
        if short is None or any(v.denominator > 2**20 for v in short):
            values = system.values(at.__getitem__, self._deadline)
            rows = system.piece(values)
            self._deadline.look()
            inside = centre(rows, values, system.homogeneous, self._deadline.left)
            inner = tuple(inside.get(system.variables[entry], v) for entry, v in at.items())
            short = shorten(inner, refutes, homogeneous=system.homogeneous) or short
        return at if short is None else dict(zip(at, short, strict=True))
