"""Statements about a program, for all inputs: proved, refuted with an input, or undecided.

A statement is a formula over a program's entries (language/expression.py). Its negation, with the
domain and what is assumed, becomes linear arithmetic (logic/linear_forms.py). If no real numbers
satisfy it, the statement is proved: by exact bounds, by a refutation in cases (logic/farkas.py),
or by z3 (logic/z3_solver.py), which is trusted only where no refutation is found. If some do, exact
evaluation of the program checks them, so that no witness rests on z3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from functools import cached_property
from random import Random
from time import monotonic

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
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
from algzoo_exact.explain.logic.conditions import Condition, Sign, negation
from algzoo_exact.explain.logic.farkas import Leaf, Refutation, system_about
from algzoo_exact.explain.logic.farkas_search import refutation
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.logic.system import Maximum, System
from algzoo_exact.explain.logic.z3_solver import NAME, Answer, centre, solve
from algzoo_exact.explain.outcome import Argument, Outcome, Point
from algzoo_exact.explain.prove.counterexamples import shorten, walk
from algzoo_exact.explain.prove.facts import NO_FACTS, Abstraction
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


class Prover:
    """Statements about one program on one domain, one after the other.

    Of earlier facts there is what ``use`` says: its facts, which must hold in the whole domain,
    may help, and are no conditions; so are the equations of its defined entries and terms, which
    take the place of what the program computes. Its free entries are variables; free states h are
    at least 0, and nothing else is known of them but what the domain and the facts say.
    ``progress`` is called with a line about each thing that is tried. TimeIsUpError if
    ``deadline`` passes before all is prepared.

    InputError for entries that the program has not, and for products of two varying terms.
    """

    def __init__(
        self,
        program: Program,
        domain: Formula = EVERYWHERE,
        use: Abstraction = NO_FACTS,
        *,
        deadline: Deadline = NEVER,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.program, self.domain, self.use, self.progress = program, domain, use, progress
        order = OrderFacts(domain, program.seq_len)
        self.inhabited = fails_at(program, Truth(False), domain, order.example())
        self.linear = Linear(program, use.free, dict(use.defined), deadline=deadline)
        self.base: list[Condition] = []
        # What follows from the domain's order by itself is a hint: evidence does without it.
        for part in (*order.implied(), *conjuncts(domain), *use.facts):
            self.base.append(self.linear.condition(part))
            self.linear.tighten(self.base[-1])
        self._answer = Answer("unknown")

    @cached_property
    def given(self) -> System:
        """The domain and the facts."""
        return self.linear.system(self.base)

    def prove(self, statement: Formula, deadline: Deadline) -> Outcome:
        """Does the statement hold wherever the domain and the facts do?"""
        return _Attempt(self, statement, deadline).run()

    def is_vacuous(self, seconds: float) -> bool:
        """Whether it is known that nothing satisfies the domain and the facts."""
        return not self.inhabited and self._solved(seconds).status == "unsat"

    def _solved(self, seconds: float) -> Answer:
        if self._answer.status == "unknown":
            self._answer = solve(self.given, seconds, _MEGABYTES)
        return self._answer

    def inside(self, seconds: float) -> tuple[list[Sign], dict[int, Fraction]]:
        """A linear piece of the ``given``, and a point well inside; both empty if none is found."""
        solution = self._solved(seconds).solution
        if not solution:
            return [], {}
        values = self.given.values(solution.__getitem__)
        rows = self.given.piece(values)
        start = {number: values[number] for number in self.given.variables.values()}
        return rows, start | centre(rows, values, self.given.homogeneous, seconds)


class _Attempt:
    """One statement: cheap exact steps first, then z3."""

    def __init__(self, prover: Prover, statement: Formula, deadline: Deadline) -> None:
        self._start, self._deadline = monotonic(), deadline
        self._prover, self._statement = prover, statement
        self._details: list[str] = []
        self._inside = 0  # trial points in the domain

    def run(self) -> Outcome:
        linear = self._prover.linear
        linear.deadline = self._deadline
        try:
            goal = negation(linear.condition(self._statement))
            self._system = linear.system([*self._prover.base, goal])
            outcome = self._decided()
        except TimeIsUpError:
            reason = f"the time was up after {self._spent():.1f} s, before a solver could start"
            outcome = Outcome.unknown(reason)
        finally:
            linear.deadline = NEVER
        return replace(outcome, seconds=self._spent(), details=tuple(self._details))

    def _decided(self) -> Outcome:
        if False in self._system.conditions:
            self._note("exact bounds on every form: enough")
            return self._proved("exact bounds", self._evidence(_FEW_LEAVES))
        point = self._try_points()
        if point is not None:
            return self._refuted(point, "trial points")
        evidence = self._evidence(_FEW_LEAVES, exact=False)
        if evidence is not None:
            return self._proved("Farkas multipliers", evidence)
        maxima = sum(isinstance(atom, Maximum) for atom in self._system.atoms)
        self._note(f"{NAME}: {maxima} ReLUs and maxima")
        answer = self._ask(self._deadline.within(_QUICK))
        if answer.status == "unknown":
            point = self._try_walk()
            if point is not None:
                return self._refuted(point, "trial points")
            if not self._deadline.passed:
                share = 1.0 if self._prover.inhabited else _SOLVER_SHARE
                answer = self._ask(self._deadline.part(share))
        if answer.status == "unsat":
            return self._proved(NAME, self._evidence(_MANY_LEAVES))
        if answer.status == "sat":
            return self._refuted(answer.solution, NAME)
        reason = f"z3 stopped after {self._spent():.1f} s: {answer.reason}"
        return Outcome.unknown(reason, NAME)

    def _ask(self, deadline: Deadline) -> Answer:
        seconds = deadline.left
        answer = solve(self._system, seconds, _MEGABYTES)
        if answer.status == "unknown":
            self._note(f"{NAME}, {seconds:.3g} s: {answer.reason}")
        return answer

    def _try_points(self) -> dict[Entry, Fraction] | None:
        """A counterexample among a few points with small integer coordinates."""
        given, deadline = self._prover.given, self._deadline.part(_TRIAL_SHARE)
        random, tried = Random(0), 0
        while tried < _TRIALS and not deadline.passed:
            tried += 1
            drawn = {entry: Fraction(random.randint(-9, 9)) for entry in self._system.variables}
            drawn |= {entry: abs(value) for entry, value in drawn.items() if entry.array == "h"}
            if not given.hold(given.values(drawn.__getitem__, self._deadline)):
                continue
            self._inside += 1
            if self._counters(drawn):
                self._note(f"trial points: number {tried} is a counterexample")
                return drawn
        self._note(f"trial points: {tried} tried, {self._inside} in the domain, no counterexample")
        return None

    def _try_walk(self) -> dict[Entry, Fraction] | None:
        """A counterexample on a walk through the domain, where few trial points fell into it."""
        if self._inside >= _ENOUGH or self._prover.use.free:
            return None
        given = self._prover.given
        rows, start = self._prover.inside(self._deadline.part(_TRIAL_SHARE).left)
        if not start:
            return None
        others = [entry for entry in self._system.variables if entry not in given.variables]
        names = dict(enumerate(others, len(given.atoms)))
        names |= {number: entry for entry, number in given.variables.items()}
        start = dict.fromkeys(sorted(names), _ZERO) | start
        size = max(Fraction(1), 2 * max(map(abs, start.values())))
        tried, deadline = 0, self._deadline.part(_TRIAL_SHARE)
        for at in walk(rows, start, size, _TRIALS):
            if deadline.passed:
                break
            tried += 1
            drawn = {entry: at[number] for number, entry in names.items()}
            if self._counters(drawn):
                self._note(f"walk through the domain: point {tried} is a counterexample")
                return drawn
        self._note(f"walk through the domain: {tried} points, no counterexample")
        return None

    def _counters(self, drawn: Mapping[Entry, Fraction]) -> bool:
        return self._system.hold(self._system.values(drawn.__getitem__, self._deadline))

    def _evidence(self, leaves: int, *, exact: bool = True) -> Refutation | None:
        """Why the statement cannot fail, by cases and linear arithmetic, if that is found."""
        prover, deadline = self._prover, self._deadline.part(_EVIDENCE_SHARE).within(_EVIDENCE)
        try:
            system = system_about(
                prover.program,
                self._statement,
                domain=prover.domain,
                facts=prover.use.facts,
                free=prover.use.free,
                defined=dict(prover.use.defined),
                deadline=deadline,
            )
        except (InputError, TimeIsUpError):  # a product that is linear by bounds alone
            return None
        found = refutation(system, leaves=leaves, seconds=deadline.left, exact=exact)
        if found is not None:
            count = sum(isinstance(step, Leaf) for step in found.steps)
            self._note(f"Farkas multipliers: {count} cases, each contradictory")
        return found

    def _proved(self, method: str, evidence: Refutation | None) -> Outcome:
        prover, nothing = self._prover, "nothing satisfies the domain and the assumptions"
        vacuous = prover.is_vacuous(self._deadline.left)
        if vacuous:
            self._note(nothing)
        use = prover.use
        argument = Argument(
            prover.domain, self._statement, use.facts, use.defined, use.free, method, evidence
        )
        trusted = ("z3",) if method == NAME and evidence is None else ()
        verdict = Verdict("proved", nothing if vacuous else "")
        return Outcome(verdict, method, arguments=(argument,), trusted=trusted, vacuous=vacuous)

    def _refuted(self, drawn: Mapping[Entry, Fraction], method: str) -> Outcome:
        at = {entry: drawn[entry] for entry in self._system.variables}
        with suppress(TimeIsUpError):
            at = self._short(at)
        program, domain, use = self._prover.program, self._prover.domain, self._prover.use
        if use.free:
            state = tuple(sorted(at.items(), key=lambda item: str(item[0])))
            text = ", ".join(f"{to_text(entry)} = {number_text(v)}" for entry, v in state)
            reason = f"it does not follow from what is assumed: {text} satisfies that, not this"
            return replace(Outcome.unknown(reason, method), state=state)
        inputs = (Entry("x", (i,)) for i in range(program.seq_len))
        point = tuple(at.get(entry, _ZERO) for entry in inputs)
        fails = fails_at(program, self._statement, domain, point)
        if use.defined and not fails:
            return Outcome.unknown("it does not follow from what is assumed", method)
        assert fails, "a model that exact evaluation does not confirm"
        return Outcome.refuted(point, self._statement, domain, method)

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

    def _spent(self) -> float:
        return monotonic() - self._start

    def _note(self, line: str) -> None:
        self._details.append(line)
        if self._prover.progress is not None:
            self._prover.progress(line)
