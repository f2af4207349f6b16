"""Statements about a program, for all inputs: proved, refuted with an input, or undecided.

A statement is a formula over a program's entries (language/expression.py). Its negation, with the
domain and what is assumed, becomes linear arithmetic (logic/linear_forms.py). If no real numbers
satisfy it, the statement is proved: by exact bounds, by a refutation in cases (logic/farkas.py),
or by z3 (logic/z3_solver.py), which is trusted only where no refutation is found. If some do, exact
evaluation of the program checks them, so that no witness rests on z3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from time import monotonic

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Entry,
    Formula,
    Term,
    conjuncts,
    fails_at,
    number_text,
    to_text,
)
from algzoo_exact.explain.logic.conditions import Condition, Sign, holds, negation
from algzoo_exact.explain.logic.farkas import Leaf, Refutation, system_about
from algzoo_exact.explain.logic.farkas_search import refutation
from algzoo_exact.explain.logic.linear_forms import Linear, Maximum
from algzoo_exact.explain.logic.z3_solver import NAME, Query, centre
from algzoo_exact.explain.outcome import Argument, Outcome, Point
from algzoo_exact.explain.prove.counterexamples import piece_at, shorten, trial_points, walk
from algzoo_exact.program.ir import Program

_NOTHING: Mapping[Entry, Term] = {}
_TRIALS = 200  # Points tried before z3: cheap, and finds most gross errors with a short witness.
_ENOUGH = 20  # Fewer of them in the domain, and a walk through the domain follows.
_QUICK = 1.0  # Seconds for z3 before that walk: easy proofs take less, and need no walk.
_TRIAL_SHARE = 0.1  # of the time left, at most, for each
_SOLVER_SHARE = 0.9  # of the time left, where it is open whether the domain is empty
_FEW_LEAVES, _MANY_LEAVES = 300, 3000  # of a refutation: before z3, and after it
_EVIDENCE, _EVIDENCE_SHARE = 2.0, 0.1  # seconds for a refutation, and share of the time left


@dataclass(frozen=True)
class Limits:
    """Wall-clock ``seconds`` for one statement, unless it is given a deadline, and ``megabytes``
    that z3 may allocate."""

    seconds: float = 30.0
    megabytes: int = 2000

    def __post_init__(self) -> None:
        if not 0 < self.seconds < float("inf"):
            raise InputError(f"The time limit must be a positive number, not {self.seconds}.")
        if self.megabytes < 1:
            raise InputError(f"The memory limit must be 1 MB or more, not {self.megabytes}.")


_LIMITS = Limits()


class Prover:
    """Statements about one program on one domain, one after the other.

    Entries in ``free`` are variables instead of what the program computes from its inputs; free
    states h are at least 0, and nothing else is known of them but what ``domain`` and
    ``assumptions`` say. Assumptions must hold in the whole domain: they are proved facts that may
    help, not conditions. So are equations of ``defined`` entries and terms, which take the
    program's place. ``hints`` follow from the domain by themselves: evidence does without them.
    ``example`` is an input in the domain, if one is known. ``progress`` is called with a line about
    each thing that is tried. TimeIsUpError if ``deadline`` passes before all is prepared.

    InputError for entries that the program has not, and for products of two varying terms.
    """

    def __init__(
        self,
        program: Program,
        *,
        domain: Formula = EVERYWHERE,
        assumptions: Iterable[Formula] = (),
        free: Iterable[Entry] = (),
        defined: Mapping[Entry, Term] = _NOTHING,
        hints: Iterable[Formula] = (),
        example: Point | None = None,
        limits: Limits = _LIMITS,
        deadline: Deadline = NEVER,
        progress: Callable[[str], None] | None = None,
    ) -> None:
        self.program, self.domain, self.limits = program, domain, limits
        self._progress = progress
        self.inhabited = example is not None
        self._linear = Linear(program, _checked_free(free), defined)
        self._linear.deadline = deadline
        self._base: list[Condition] = []
        self._facts: list[Formula] = []
        self._domain: tuple[Query, str] | None = None  # with z3's answer: is it satisfiable?
        self._piece: tuple[list[Sign], dict[int, Fraction]] | None = None
        for part in (*hints, *conjuncts(domain)):
            self._suppose(part)
        for fact in assumptions:
            self.assume(fact)
        self._linear.deadline = NEVER

    def argument(self, statement: Formula, method: str, evidence: Refutation | None) -> Argument:
        """A proof of the statement, as a step that others can follow."""
        defined = tuple(self._linear.defined.items())
        free = tuple(sorted(self._linear.free, key=str))
        facts = tuple(self._facts)
        return Argument(self.domain, statement, facts, defined, free, method, evidence)

    def assume(self, fact: Formula) -> None:
        """Add a fact that holds in the whole domain, such as a statement that was just proved."""
        self._suppose(fact)
        self._facts.append(fact)

    def _suppose(self, fact: Formula) -> None:
        condition = self._linear.condition(fact)
        self._base.append(condition)
        self._linear.tighten(condition)
        self._domain = self._piece = None

    def prove(self, statement: Formula, deadline: Deadline | None = None) -> Outcome:
        """Does the statement hold wherever the domain and the assumptions do?"""
        deadline = Deadline.after(self.limits.seconds) if deadline is None else deadline
        self._linear.deadline = deadline
        try:
            return _Attempt(self, statement, deadline).run()
        finally:
            self._linear.deadline = NEVER

    def evidence(
        self, statement: Formula, leaves: int, deadline: Deadline, exact: bool
    ) -> Refutation | None:
        """Why the statement cannot fail, by cases and linear arithmetic, if that is found."""
        try:
            system = system_about(
                self.program,
                statement,
                domain=self.domain,
                facts=self._facts,
                free=self._linear.free,
                defined=self._linear.defined,
                deadline=deadline,
            )
        except (InputError, TimeIsUpError):  # a product that is linear by bounds alone
            return None
        return refutation(system, leaves=leaves, seconds=deadline.left, exact=exact)

    def is_vacuous(self, seconds: float) -> bool:
        """Whether it is known that nothing satisfies the domain and the assumptions."""
        return not self.inhabited and self._solved(seconds)[1] == "unsat"

    def _solved(self, seconds: float) -> tuple[Query, str]:
        if self._domain is None or self._domain[1] == "unknown":
            query = Query(self._linear, self._base)
            self._domain = query, query.check(seconds, self.limits.megabytes)[0]
        return self._domain

    def inside(self, seconds: float) -> tuple[list[Sign], dict[int, Fraction]]:
        """A linear piece of the domain, and a point well inside; both empty if none was found."""
        query, answer = self._solved(seconds)
        if answer == "sat" and self._piece is None:
            entries = query.variables()
            values = self._linear.values(entries.__getitem__, query.atoms)
            rows = piece_at(self._linear, self._base, query.atoms, values)
            variables = {self._linear.number(entry): v for entry, v in entries.items()}
            self._piece = rows, variables | centre(rows, values, query.homogeneous, seconds)
        return self._piece or ([], {})


class _Attempt:
    """One statement: cheap exact steps first, then z3."""

    def __init__(self, prover: Prover, statement: Formula, deadline: Deadline) -> None:
        self._start, self._deadline = monotonic(), deadline
        self._prover, self._statement = prover, statement
        self._linear, self._base = prover._linear, prover._base
        self._details: list[str] = []
        self._inside = 0  # trial points in the domain

    def run(self) -> Outcome:
        try:
            self._goal = negation(self._linear.condition(self._statement))
            self._conditions = [*self._base, self._goal]
            self._query = Query(self._linear, self._conditions)
            return self._decided()
        except TimeIsUpError:
            reason = f"the time was up after {self._spent():.1f} s, before a solver could start"
            return self._found(Outcome.unknown(reason))

    def _decided(self) -> Outcome:
        if self._goal is False or False in self._base:
            self._note("exact bounds on every form: enough")
            return self._proved("exact bounds", self._evidence(_FEW_LEAVES))
        point = self._try_points()
        if point is not None:
            return self._refuted(point, "trial points")
        evidence = self._evidence(_FEW_LEAVES, exact=False)
        if evidence is not None:
            return self._proved("Farkas multipliers", evidence)
        maxima = sum(isinstance(self._linear.atoms[a], Maximum) for a in self._query.atoms)
        self._note(f"{NAME}: {maxima} ReLUs and maxima")
        answer, reason = self._ask(self._deadline.within(_QUICK))
        if answer == "unknown":
            point = self._try_walk()
            if point is not None:
                return self._refuted(point, "trial points")
            if not self._deadline.passed:
                share = 1.0 if self._prover.inhabited else _SOLVER_SHARE
                answer, reason = self._ask(self._deadline.part(share))
        if answer == "unsat":
            return self._proved(NAME, self._evidence(_MANY_LEAVES))
        if answer == "sat":
            return self._refuted(self._query.variables(), NAME)
        reason = f"z3 stopped after {self._spent():.1f} s: {reason}"
        return self._found(Outcome.unknown(reason, NAME))

    def _ask(self, deadline: Deadline) -> tuple[str, str]:
        seconds = deadline.left
        answer, reason = self._query.check(seconds, self._prover.limits.megabytes)
        if answer == "unknown":
            self._note(f"{NAME}, {seconds:.3g} s: {reason}")
        return answer, reason

    def _try_points(self) -> dict[Entry, Fraction] | None:
        """A counterexample among a few points with small integer coordinates."""
        linear, cheap = self._linear, self._linear.needed(self._base)
        tried, deadline = 0, self._deadline.part(_TRIAL_SHARE)
        for draw in trial_points(_TRIALS):
            if deadline.passed:
                break
            tried += 1
            drawn = {
                atom: abs(draw()) if atom.array == "h" else draw()
                for number in self._query.atoms
                if isinstance(atom := linear.atoms[number], Entry)
            }
            known = linear.values(drawn.__getitem__, cheap)
            if not all(holds(condition, known) for condition in self._base):
                continue
            self._inside += 1
            if self._counters(drawn):
                self._note(f"trial points: number {tried} is a counterexample")
                return drawn
        self._note(f"trial points: {tried} tried, {self._inside} in the domain, no counterexample")
        return None

    def _try_walk(self) -> dict[Entry, Fraction] | None:
        """A counterexample on a walk through the domain, where few trial points fell into it."""
        deadline = self._deadline.part(_TRIAL_SHARE)
        if self._inside >= _ENOUGH or self._linear.free:
            return None
        rows, start = self._prover.inside(deadline.left)
        names = {n: a for n in self._query.atoms if isinstance(a := self._linear.atoms[n], Entry)}
        if not start:
            return None
        start = {number: start.get(number, Fraction(0)) for number in names.keys() | start.keys()}
        size = max(Fraction(1), 2 * max(map(abs, start.values())))
        tried, deadline = 0, self._deadline.part(_TRIAL_SHARE)
        for at in walk(rows, dict(sorted(start.items())), size, _TRIALS):
            if deadline.passed:
                break
            tried += 1
            drawn = {name: at[number] for number, name in names.items()}
            if self._counters(drawn):
                self._note(f"walk through the domain: point {tried} is a counterexample")
                return drawn
        self._note(f"walk through the domain: {tried} points, no counterexample")
        return None

    def _counters(self, drawn: dict[Entry, Fraction]) -> bool:
        known = self._linear.values(drawn.__getitem__, self._query.atoms)
        return all(holds(condition, known) for condition in self._conditions)

    def _evidence(self, leaves: int, *, exact: bool = True) -> Refutation | None:
        deadline = self._deadline.part(_EVIDENCE_SHARE).within(_EVIDENCE)
        found = self._prover.evidence(self._statement, leaves, deadline, exact)
        if found is not None:
            count = sum(isinstance(step, Leaf) for step in found.steps)
            self._note(f"Farkas multipliers: {count} cases, each contradictory")
        return found

    def _proved(self, method: str, evidence: Refutation | None) -> Outcome:
        nothing = "nothing satisfies the domain and the assumptions"
        vacuous = self._prover.is_vacuous(self._deadline.left)
        if vacuous:
            self._note(nothing)
        argument = self._prover.argument(self._statement, method, evidence)
        trusted = ("z3",) if method == NAME and evidence is None else ()
        verdict = Verdict("proved", nothing if vacuous else "")
        return self._found(
            Outcome(verdict, method, arguments=(argument,), trusted=trusted, vacuous=vacuous)
        )

    def _refuted(self, drawn: dict[Entry, Fraction], method: str) -> Outcome:
        entries = [atom for atom in self._linear.atoms if isinstance(atom, Entry)]
        at = {entry: drawn.get(entry, Fraction(0)) for entry in entries}
        named, point = self._short(at)
        self._linear.deadline = NEVER  # it is found, and only to be confirmed
        if self._linear.free:
            state = tuple(sorted(named.items(), key=lambda item: str(item[0])))
            text = ", ".join(f"{to_text(entry)} = {number_text(v)}" for entry, v in state)
            reason = f"it does not follow from what is assumed: {text} satisfies that, not this"
            return self._found(replace(Outcome.unknown(reason, method), state=state))
        program, domain = self._prover.program, self._prover.domain
        fails = fails_at(program, self._statement, domain, point)
        if self._linear.defined and not fails:
            return self._found(Outcome.unknown("it does not follow from what is assumed", method))
        assert fails, "a model that exact evaluation does not confirm"
        return self._found(Outcome.refuted(point, self._statement, domain, method))

    def _short(self, at: dict[Entry, Fraction]) -> tuple[dict[Entry, Fraction], Point]:
        """The counterexample as few-digit floats if some near it, or well inside its piece, do."""
        try:
            short = self._shortened(at)
        except TimeIsUpError:
            short = None
        named = at if short is None else dict(zip(at, short, strict=True))
        x = (named.get(Entry("x", (i,)), Fraction(0)) for i in range(self._prover.program.seq_len))
        return named, tuple(x)

    def _shortened(self, at: dict[Entry, Fraction]) -> Point | None:
        homogeneous = self._query.homogeneous

        def refutes(values: Point) -> bool:
            lookup = dict(zip(at, values, strict=True))
            bounded = all(v >= 0 for entry, v in lookup.items() if entry.array == "h")
            return bounded and self._counters(lookup)

        short = shorten(tuple(at.values()), refutes, homogeneous=homogeneous)
        if short is None or any(v.denominator > 2**20 for v in short):
            values = self._linear.values(at.__getitem__, self._query.atoms)
            rows = piece_at(self._linear, self._conditions, self._query.atoms, values)
            self._deadline.look()
            inside = centre(rows, values, homogeneous, self._deadline.left)
            inner = tuple(inside.get(self._linear.number(entry), v) for entry, v in at.items())
            short = shorten(inner, refutes, homogeneous=homogeneous) or short
        return short

    def _found(self, outcome: Outcome) -> Outcome:
        return replace(outcome, seconds=self._spent(), details=tuple(self._details))

    def _spent(self) -> float:
        return monotonic() - self._start

    def _note(self, line: str) -> None:
        self._details.append(line)
        if self._prover._progress is not None:
            self._prover._progress(line)


def _checked_free(free: Iterable[Entry]) -> frozenset[Entry]:
    """Inputs are variables anyway; weights cannot be."""
    chosen = frozenset(entry for entry in free if entry.array != "x")
    if weights := sorted(to_text(e) for e in chosen if e.array.startswith("W_")):
        raise InputError(f"The weight {weights[0]} cannot be free; only x, z, h and logit can.")
    return chosen
