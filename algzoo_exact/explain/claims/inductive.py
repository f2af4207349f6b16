"""Claims about consecutive steps, each proved from what is said of the step before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random
from time import monotonic
from typing import Any, ClassVar, Self

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Instance, chosen
from algzoo_exact.explain.claims.keys import NAME, Json, Keys, Source, Values, formula, whole
from algzoo_exact.explain.language.expression import Formula, evaluate, values_at
from algzoo_exact.explain.language.toml_tables import shown, within
from algzoo_exact.explain.outcome import Outcome, Parameters, Point, choice_text
from algzoo_exact.explain.prove.decider import together
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.program.task import Task, TieRule

_POINTS = 20  # at which steps are looked at before they are tried
_TRIED = 5  # ranges of steps, at most


@dataclass(frozen=True)
class Step:
    """All that an inductive claim says at one step; a base case is proved outright."""

    step: int
    base: bool
    statements: tuple[tuple[Parameters, Formula], ...]


@dataclass(frozen=True)
class Inductive(Instance):
    """Statements about consecutive steps, each proved from all statements of the step before.

    Steps with ``base`` are proved without the step before. There is one instance: its statements
    have the parameters.
    """

    steps: tuple[Step, ...]

    kind = "inductive"
    keys: ClassVar[Keys] = {"step": NAME, "from": whole(), "statement": formula()}
    schema_rules: ClassVar[Json] = {"allOf": [{"required": ["for"]}]}
    fewer_by = "those steps at which it holds"
    assumable = True

    def __post_init__(self) -> None:
        assert self.steps
        assert self.steps[0].base
        assert all(b.step == a.step + 1 for a, b in zip(self.steps, self.steps[1:], strict=False))
        super().__post_init__()

    def expressions(self) -> Iterator[Formula]:
        return (statement for step in self.steps for _, statement in step.statements)

    @classmethod
    def read(cls, source: Source, choices: Sequence[Values]) -> tuple[Self, ...]:
        variable = cls.keys["step"].value(source, "step")
        if variable not in choices[0]:
            raise InputError(
                f"step must be one of the names in for ({', '.join(choices[0]) or 'none'}), "
                f"not {shown(variable)}."
            )
        steps = sorted({values[variable] for values in choices})
        if steps != list(range(steps[0], steps[-1] + 1)):
            raise InputError(f"the steps must follow each other, but are {shown(steps)}.")
        first = cls.keys["from"].value(source, "from")
        first = steps[0] + 1 if first is None else first
        if not steps[0] < first <= steps[-1] + 1:
            raise InputError(
                f"from is the first step that is proved from the step before, so it lies in "
                f"{steps[0] + 1}..{steps[-1] + 1}, not at {first}."
            )
        said: dict[int, list[tuple[Parameters, Formula]]] = {step: [] for step in steps}
        for values in choices:
            at = source.at(values)
            with within(at.place):
                statement = cls.keys["statement"].value(at, "statement")
            said[values[variable]].append((at.parameters, statement))
        return (cls((), tuple(Step(step, step < first, tuple(said[step])) for step in steps)),)

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        return [question for _, question in self._steps(facts)]

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        return together(self._proved(bench, facts))

    @classmethod
    def fewer(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """For consecutive steps, the most first, none of which is false at some points."""
        (claim,) = (part for part in result.claim.instances if isinstance(part, cls))
        table, true = result.claim.table, claim._true_steps(result.instances[0].witness, bench)
        variable, last = table["step"], claim.steps[-1].step
        pairs = [(a, b) for a in true for b in true if a <= b and true.issuperset(range(a, b + 1))]
        pairs = [pair for pair in pairs if pair != (claim.steps[0].step, last)]
        for first, end in sorted(pairs, key=lambda pair: (pair[0] - pair[1], pair))[:_TRIED]:
            shorter = dict(chosen(table, f"{first} <= {variable} <= {end}"))
            if not first < shorter.get("from", first + 1) <= end + 1:
                del shorter["from"]
            yield shorter

    def _true_steps(self, witness: Point | None, bench: Bench) -> set[int]:
        """Those at which nothing is false at a few points, and at the witness."""
        n, random = bench.program.seq_len, Random(0)
        points = [tuple(Fraction(random.randint(-9, 9)) for _ in range(n)) for _ in range(_POINTS)]
        at = [
            values_at(bench.program, x) for x in (*points, *([] if witness is None else [witness]))
        ]
        return {
            step.step
            for step in self.steps
            if all(evaluate(said, values) for _, said in step.statements for values in at)
        }

    def facts(self) -> list[Fact]:
        return [Fact(statement) for statement in self.expressions()]

    def _steps(self, facts: Sequence[Fact]) -> Iterator[tuple[Parameters, Question]]:
        """Each step's statements, with those of the step before, and what else is known."""
        before: list[Fact] = []
        for step in self.steps:
            known = [*facts, *([] if step.base else before)]
            for parameters, statement in step.statements:
                yield parameters, Question(statement, facts=known)
            before = [Fact(statement) for _, statement in step.statements]

    def _proved(self, bench: Bench, facts: Sequence[Fact]) -> Iterator[Outcome]:
        """What does not follow from what is known is tried without it, so that a false statement
        gets its witness. Open ones share the time limit: the rest is not tried once they have used
        it up.
        """
        decider, spent = bench.decider(), 0.0
        for parameters, question in self._steps(facts):
            if spent >= bench.seconds:
                yield Outcome.unknown("the time is up", details=("not tried",))
                return
            start = monotonic()
            outcome = decider.decide(question, deadline=Deadline.after(bench.seconds - spent))
            if outcome.status != "proved":
                verdict = Verdict(
                    outcome.status, f"at {choice_text(parameters)}: {outcome.verdict.reason}"
                )
                outcome = replace(outcome, verdict=verdict)
            if outcome.status == "unknown":
                spent += monotonic() - start
            yield outcome
