"""An explanation against a model: every claim and case, whether the cases are a partition, and
what accuracy follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import monotonic
from typing import TypeVar

from algzoo_exact.deadline import NEVER, Deadline, check_seconds
from algzoo_exact.errors import InputError, demand
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.cases import (
    Case,
    CaseResult,
    CheckedCase,
    Partition,
    case_result,
    check_case,
    check_partition,
    derived_accuracy,
)
from algzoo_exact.explain.claims.claim import Claim, ClaimResult, titled
from algzoo_exact.explain.outcome import Figure, Outcome, Status, joined
from algzoo_exact.explain.story import Explanation, Subject
from algzoo_exact.program.fingerprint import weights_sha256
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift
from algzoo_exact.program.standardize import standardize
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.progress import Progress, shows_progress
from algzoo_exact.shown import Shown
from algzoo_exact.zoo.loading import load

_LEAST = 0.05  # seconds for a statement after the deadline: what is plain takes less

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Verification(Shown):
    """An explanation, checked against a model.

    ``accuracy`` is derived from the cases that were proved right and wrong: an enclosure, and one
    rational or a closed form where that is what follows. It is None without cases, or where they
    are not proved to be a partition. ``program`` is the one that the claims speak of
    (standardised, if they say so), ``others`` those that claims of equivalence name. ``stopped``:
    Ctrl-C came before all was checked.
    """

    explanation: Explanation
    model: str
    sha256: str | None
    program: Program
    others: Mapping[str, Program]
    ties: TieRule
    claims: tuple[ClaimResult, ...]
    cases: tuple[CaseResult, ...]
    partition: Partition | None
    accuracy: Figure | None
    seconds: float
    stopped: bool = False

    def __repr__(self) -> str:
        counts = f"{len(self.claims)} claims, {len(self.cases)} cases"
        return f"<{self.explanation.title}, checked on {self.model}: {self.status}; {counts}>"

    @property
    def status(self) -> Status:
        """proved: all claims are, and all cases of which something is said, and the cases are a
        partition."""
        parts: list[ClaimResult | CaseResult | Partition] = [*self.claims]
        parts += [case for case in self.cases if case.case.verdict != "unknown"]
        if self.partition is not None:
            parts.append(self.partition)
        found = joined(part.status for part in parts)
        return "unknown" if self.stopped and found == "proved" else found

    def claim(self, name: str) -> ClaimResult:
        """What became of the claim of that name; InputError where it was not checked."""
        for result in self.claims:
            if result.claim.name == name:
                return result
        known = ", ".join(result.claim.name for result in self.claims) or "none"
        raise InputError(f"No claim {name!r} was checked; checked were {known}.")


def bench_of(told: Verification, seconds: float) -> Bench:
    """To check more of the same model on."""
    task = told.explanation.subject.task
    return Bench(told.program, task, told.ties, seconds, told.others)


@shows_progress("verifying")
def verify(
    explanation: Explanation,
    model: Program | HasProgram,
    *,
    seconds: float = 30.0,
    ties: TieRule = "lowest",
    only: str | None = None,
    progress: Progress | None = None,
) -> Verification:
    """Check an explanation's claims and cases against a model (an RNN).

    Each statement gets at most ``seconds`` of wall-clock time, and is undecided after that.
    ``only`` names one claim: it is checked with those that it assumes, without the cases.
    ``progress(fraction, text)`` hears what is being done. Ctrl-C ends the run with what is known
    by then.

    InputError where the explanation is about another model: other sizes, another task, or other
    weights than those whose hash it states; for claims about models that cannot be loaded; and
    where there is neither a claim nor a case.
    """
    return verify_again(
        explanation, model, {}, seconds=seconds, ties=ties, only=only, progress=progress
    )


def verify_again(
    explanation: Explanation,
    model: Program | HasProgram,
    known: Mapping[str, ClaimResult],
    *,
    seconds: float,
    ties: TieRule,
    only: str | None = None,
    progress: Progress | None = None,
    deadline: Deadline = NEVER,
) -> Verification:
    """``verify``, but that the results ``known`` by the claims' names, from the same model and tie
    rule, stand where the claims are the same; and after the ``deadline`` statements get hardly any
    time."""
    start = monotonic()
    demand(explanation, Explanation, "verify takes what load_explanation reads from a file")
    program = lift(model)
    check_subject(explanation.subject, program, model)
    task = explanation.subject.task
    if not task.is_numeric:
        check_fit(program, task, ties)
    check_seconds(seconds)
    if explanation.subject.standard:
        program = standardize(program)[0]
    claims = explanation.claims if only is None else _needed(explanation, only)
    cases = explanation.cases if only is None else ()
    if not claims and not cases:
        raise InputError(
            "The explanation says nothing that could be checked; give it a [[claim]] or a [[case]]."
        )
    named = (name for claim in claims for part in claim.instances for name in part.models())
    others = {name: load(name).program for name in dict.fromkeys(named)}
    parts: list[Claim | Case] = [*claims, *cases]
    steps = sum(len(part.instances) for part in parts) + bool(cases)
    run = _Run(Bench(program, task, ties, seconds, others), deadline, steps, progress, known)
    results = run.claims(claims)
    named_results = {result.claim.name: result for result in results}
    checked = [(case, run.case(case, named_results)) for case in cases]
    partition, accuracy = run.together([c for _, done in checked for c in done])
    disjoint = partition is not None and partition.disjoint.status == "proved"
    return Verification(
        explanation,
        getattr(model, "name", "program"),
        getattr(model, "sha256", None),
        program,
        others,
        ties,
        tuple(results),
        tuple(case_result(case, done, disjoint) for case, done in checked),
        partition,
        accuracy,
        monotonic() - start,
        run.stopped,
    )


@dataclass
class _Run:
    """Everything in order; after Ctrl-C the rest is left as unknown."""

    whole: Bench
    deadline: Deadline
    steps: int
    progress: Progress | None
    known: Mapping[str, ClaimResult]
    done: int = 0
    stopped: bool = False

    @property
    def bench(self) -> Bench:
        """With the time for a statement that begins now."""
        if not self.deadline.limited:
            return self.whole
        seconds = max(_LEAST, min(self.whole.seconds, self.deadline.left))
        return replace(self.whole, seconds=seconds)

    def claims(self, claims: Sequence[Claim]) -> list[ClaimResult]:
        """What became of each, with the help of those before."""
        results: dict[str, ClaimResult] = {}
        for claim in claims:
            before = self.known.get(claim.name)
            if before is not None and before.claim == claim:
                results[claim.name] = before
                self.done += len(claim.instances)
                continue
            known = [fact for name in claim.assume for fact in results[name].facts()]
            outcomes = [
                self.guarded(
                    titled(claim.name, instance.parameters),
                    partial(instance.outcome, self.bench, known),
                )
                or replace(Outcome.unknown("stopped before it was decided"), instance=instance)
                for instance in claim.instances
            ]
            results[claim.name] = ClaimResult(claim, tuple(outcomes))
        return list(results.values())

    def case(self, case: Case, results: Mapping[str, ClaimResult]) -> list[CheckedCase]:
        """Those of its instances that were reached before Ctrl-C."""
        found = (
            self.guarded(
                titled(case.name, instance.parameters),
                partial(check_case, self.bench, case, instance, results),
            )
            for instance in case.instances
        )
        return [checked for checked in found if checked is not None]

    def together(self, found: Sequence[CheckedCase]) -> tuple[Partition | None, Figure | None]:
        """Whether the cases are a partition, and what accuracy follows."""

        def work() -> tuple[Partition, Figure | None]:
            partition = check_partition(self.bench, found)
            return partition, derived_accuracy(found, partition)

        return (self.guarded("the cases together", work) if found else None) or (None, None)

    def guarded(self, text: str, work: Callable[[], T]) -> T | None:
        """What the work finds; None once Ctrl-C has ended it all."""
        if self.stopped:
            return None
        try:
            if self.progress is not None:
                self.progress(self.done / max(1, self.steps), text)
            self.done += 1
            return work()
        except KeyboardInterrupt:
            self.stopped = True
            return None


def _needed(explanation: Explanation, name: str) -> list[Claim]:
    """A claim and all that it assumes, in the explanation's order."""
    names = {explanation.claim(name).name}
    for claim in reversed(explanation.claims):  # what is assumed stands further up
        if claim.name in names:
            names.update(claim.assume)
    return [claim for claim in explanation.claims if claim.name in names]


def check_subject(subject: Subject, program: Program, model: object) -> None:
    """InputError unless the model is one that the explanation is about."""
    task: Task | None = getattr(model, "task", None)
    if task is not None and task != subject.task:
        raise InputError(
            f"The explanation is about {subject.task.name} on {subject.task.seq_len} inputs, and "
            f"the model's task is {task.name} on {task.seq_len}."
        )
    said = (subject.hidden_size, subject.task.seq_len, subject.task.outputs)
    found = (program.hidden_size, program.seq_len, program.outputs)
    for what, wanted, has in zip(("hidden neurons", "inputs", "outputs"), said, found, strict=True):
        if wanted != has:
            raise InputError(
                f"The explanation is about a model with {wanted} {what}; this one has {has}."
            )
    weights = weights_sha256(program)
    if subject.weights_sha256 is not None:
        if subject.weights_sha256 != weights:
            raise InputError(
                f"The explanation is about the weights with weights_sha256 "
                f"{subject.weights_sha256} alone; those of this model have {weights}."
            )
        return
    digest: str | None = getattr(model, "sha256", None)
    if subject.sha256 is not None and digest != subject.sha256:
        other = "comes from no file" if digest is None else f"is that with SHA-256 {digest}"
        raise InputError(
            f"The explanation is about the file with SHA-256 {subject.sha256} alone, and this one "
            f"{other}; weights_sha256 = {weights!r} in its place is for these weights in any file."
        )
