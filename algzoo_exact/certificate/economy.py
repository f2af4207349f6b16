"""What proofs of an accuracy cost and give: the bound, the operations of its check, and bits.

After compact proofs (Gross and others, 2024): an explanation is worth what its proof saves. The
operations of a certificate are those that the checker counts (``checker/budget.py``). Where no
certificate has the form of a proof, or there are too many cells to check them all, operations of
the same sort are estimated, and marked so. docs/notes/economy.md says how.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from math import sqrt
from typing import Any, Literal

from algzoo_exact.certificate.check import LARGEST_MEASURED, check_document
from algzoo_exact.certificate.draft import Draft, Stored, Wanted
from algzoo_exact.certificate.kinds import CellDraft, ClaimDraft
from algzoo_exact.certificate.story import check_about, story_part
from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.explain.claims.answers import ANSWERS
from algzoo_exact.explain.claims.cases import (
    Case,
    CaseInstance,
    CaseResult,
    CheckedCase,
    case_result,
    check_case,
    check_partition,
    derived_accuracy,
)
from algzoo_exact.explain.language.expression import EVERYWHERE, Logic, some
from algzoo_exact.explain.ledger.surprise import Ledger, surprise
from algzoo_exact.explain.prove.labels import cells_in, earns
from algzoo_exact.explain.verify import Verification, bench_of
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift, task_of
from algzoo_exact.program.task import Task, TieRule, check_scored
from algzoo_exact.progress import in_words, shows_progress
from algzoo_exact.regions.enumerate import Cell, cells
from algzoo_exact.score.compute import accuracy
from algzoo_exact.score.result import Score
from algzoo_exact.shown import Shown

Counted = Literal["checker", "estimate"]

_CHECKED = {4: 60, 5: 12}
"""Cells that are checked by number of inputs, of all that there are; up to three, all are."""
_QUICK = 5.0  # seconds
_ROUNDING = Fraction(1, 10**9)
_NORMAL_95 = 1.959964


@dataclass(frozen=True)
class Proof:
    """One way to prove an accuracy.

    ``bound`` is what it proves; None where nothing is known of it. ``operations`` are those of its
    check: counted by the checker, or an estimate in the same unit. ``bits`` are those of the
    explanation, ``left`` those of the surprise that is left (None: not known), at least so many
    where ``at_least``.
    """

    name: str
    bound: Enclosure | None
    operations: int
    counted: Counted
    note: str
    bits: float = 0.0
    left: float | None = 0.0
    at_least: bool = False


@dataclass(frozen=True, eq=False)
class Economy(Shown):
    """Proofs of a model's accuracy, and what sampling would cost.

    ``pass_operations`` are those of one forward pass. ``missing`` says which proofs there are not,
    and why.
    """

    model: str
    task: Task
    ties: TieRule
    measured: Score
    proofs: tuple[Proof, ...]
    missing: tuple[str, ...]
    pass_operations: int

    def __repr__(self) -> str:
        return f"<{len(self.proofs)} proofs of the accuracy of {self.model}>"

    def sampled_width(self, operations: float) -> float:
        """The width of Wilson's 95% interval from as many random inputs as these operations pay
        for; not 0 where all answers are right. It proves nothing."""
        p = min(max(float(self.measured.enclosure.midpoint), 0.0), 1.0)
        unit = _NORMAL_95**2 * self.pass_operations / operations
        return sqrt(unit * (4 * p * (1 - p) + unit)) / (1 + unit)


@shows_progress("economy", in_words)
def economy(
    model: Program | HasProgram,
    explanation: Verification | None = None,
    *,
    task: Task | None = None,
    ties: TieRule = "lowest",
    seconds: float = 30.0,
    rest: bool | None = None,
    ledger: Ledger | None = None,
    progress: Any = None,
) -> Economy:
    """What each way to prove an RNN's accuracy gives and costs, with a verified ``explanation`` or
    without.

    The ways: all cells; the cases of the explanation; these with cells for the ``rest`` (None: if
    the explanation was verified in a few seconds); boxes (where there is no better bound, n > 6);
    and brute force over activation patterns. Each gets about so many ``seconds``. ``ledger``: what
    ``surprise`` found of the explanation, where that is known.

    InputError for models without labels, and where the explanation is about another model.
    """
    if explanation is not None:
        demand(explanation, Verification, "economy takes what verify returns")
        ties = explanation.ties
        task = explanation.explanation.subject.task
    program, chosen = lift(model), task_of(model, task)
    program.check_rnn()
    if not chosen.is_index:
        raise InputError(f"{chosen.name} has no labels, so that there is no accuracy to prove.")
    check_scored(program, chosen, ties)
    if explanation is not None:
        check_about(explanation, program, chosen, ties)
    stored = model if isinstance(model, Stored) else None
    tell = progress or (lambda text: None)
    tell("the accuracy")
    measured = accuracy(program, chosen, ties=ties, time_limit=seconds)
    found = _Ways(Wanted(stored, program, chosen, ties, None), measured, seconds, tell)
    proofs = [*found.of_cells()]
    if explanation is not None:
        proofs += found.of_story(explanation, rest, ledger)
    proofs += [*found.of_boxes(), found.brute_force()]
    return Economy(
        getattr(model, "name", "program"), chosen, ties, measured, tuple(proofs),
        tuple(found.missing), pass_operations(program),
    )  # fmt: skip


def pass_operations(program: Program) -> int:
    """Of one forward pass: n (2 d^2 + 2 d) for the states, and 2 d for each logit."""
    n, d = program.seq_len, program.hidden_size
    return n * (2 * d * d + 2 * d) + 2 * d * program.outputs


class _Ways:
    """Ways to prove one model's accuracy."""

    def __init__(self, wanted: Wanted, measured: Score, seconds: float, tell: Any) -> None:
        self.wanted, self.measured, self.seconds, self.tell = wanted, measured, seconds, tell
        self.missing: list[str] = []
        self.cells: int | None = None  # operations of all of them

    def of_cells(self) -> Iterator[Proof]:
        """Every cone, with its measure."""
        wanted, n = self.wanted, self.wanted.task.seq_len
        if n > LARGEST_MEASURED:
            self.missing.append(f"all cells: the checker measures up to {LARGEST_MEASURED} inputs")
            return
        self.tell("all cells")
        found: list[Cell] = []
        deadline = Deadline.after(self.seconds)
        for cell in cells(wanted.program, wanted.task, ties=wanted.ties):
            found.append(cell)
            if deadline.passed:
                self.missing.append(f"all cells: over {len(found):,} of them in the time there was")
                return
        most = _CHECKED.get(n, len(found))
        every = max(1, len(found) // most)
        draft = _Chosen(wanted, islice(found, 0, None, every))
        checked = _operations(draft)
        if every == 1:
            note, self.cells = f"{len(found):,} cells", checked.operations
            yield Proof("all cells", _stated(checked), checked.operations, "checker", note)
            return
        self.cells = operations = checked.operations * len(found) // draft.count
        note = f"{len(found):,} cells, by {draft.count} of them that were checked"
        yield Proof("all cells", self.measured.enclosure, operations, "estimate", note)

    def of_story(
        self, verification: Verification, rest: bool | None, ledger: Ledger | None
    ) -> Iterator[Proof]:
        """What follows from the cases; and from them with the rest cut into cells."""
        if verification.accuracy is None:
            self.missing.append("the story's cases: no accuracy follows from them")
            return
        self.tell("the explanation's cases")
        ledger = ledger or surprise(verification, accuracy=self.measured)
        proof = self._claimed("the story's cases", verification)
        given, derived = ledger.given, verification.accuracy.enclosure
        # What the checker cannot follow may make its bound wider than the one that was verified.
        assert proof.bound is not None
        whole = derived is not None and proof.bound.width <= derived.width + _ROUNDING
        yield replace(
            proof, bits=ledger.explanation, left=given.bits if whole else None,
            at_least=given.at_least,
        )  # fmt: skip
        if verification.accuracy.kind == "exact" or rest is False:
            return
        if rest is None and verification.seconds > _QUICK:
            self.missing.append(
                "cases and cells for the rest: it takes minutes, and is to be asked for"
            )
            return
        self.tell("cells for the rest")
        filled = completed(verification, self.seconds)
        if filled.accuracy is None or filled.accuracy.kind != "exact":
            self.missing.append("cases and cells for the rest: not decided in the time there was")
            return
        both = self._claimed("cases, and cells for the rest", filled)
        yield replace(both, bits=ledger.explanation)

    def _claimed(self, name: str, verification: Verification) -> Proof:
        draft = ClaimDraft(self.wanted)
        draft.story = story_part(verification, self.wanted.program)
        checked = _operations(draft)
        note = f"{draft.story.count:,} claims and cases"
        if not checked.complete:
            note += ", part of which the checker cannot follow"
        return Proof(name, _stated(checked), checked.operations, "checker", note)

    def of_boxes(self) -> Iterator[Proof]:
        """Boxes of ratios of inputs, where the accuracy was bounded by them. They have no
        certificate."""
        score = self.measured
        if not score.method.startswith("boxes"):
            return
        if not score.cells:
            self.missing.append("boxes: none was decided in the time there was")
            return
        n, d = self.wanted.task.seq_len, self.wanted.program.hidden_size
        operations = score.cells * 2 * n * n * d**3
        note = f"{score.cells:,} boxes of 2 n^2 d^3 operations; no certificate"
        yield Proof("boxes", score.enclosure, operations, "estimate", note, left=None)

    def brute_force(self) -> Proof:
        """Every activation pattern there could be, each with the linear map that it makes."""
        n, d = self.wanted.task.seq_len, self.wanted.program.hidden_size
        outputs = self.wanted.program.outputs
        each = 2 * n * (n * d * d + outputs * d)
        note = f"2^{n * d} patterns, {each:,} operations for the linear map of each; no certificate"
        operations = each << n * d
        if self.cells is not None:
            operations += self.cells
            note += "; to which come the cells"
        exact = self.measured.kind == "exact"
        bound = self.measured.enclosure if exact else None
        return Proof("brute force over patterns", bound, operations, "estimate", note)


class _Chosen(CellDraft):
    """The certificate of some cells; the rest is left undecided."""

    def __init__(self, wanted: Wanted, chosen: Iterable[Cell]) -> None:
        super().__init__(wanted)
        self._chosen = chosen

    def _entries(self, progress: Any) -> Iterator[Any]:
        return map(self._entry, self._chosen)


def _operations(draft: Draft) -> Any:
    """What the checker finds."""
    found = check_document(draft.document())
    if found.status not in ("accepted", "incomplete") or found.accuracy is None:
        raise InputError(f"The checker does not take the proof: {found.verdict}")
    return found


def _stated(checked: Any) -> Enclosure:
    return Enclosure(*checked.accuracy)


def completed(verification: Verification, seconds: float) -> Verification:
    """The explanation with each case that is open cut in two: where the model is right, and where
    it is wrong. What they weigh is found cell by cell."""
    subject = verification.explanation.subject
    bench = bench_of(verification, seconds)
    right = some(
        [
            Logic("and", (inside, earns(cell.label, subject.task.outputs, verification.ties)))
            for cell, inside in cells_in(subject.task, EVERYWHERE)
        ]
    )
    results: list[CaseResult] = []
    found: list[CheckedCase] = []
    for result in verification.cases:
        kept = tuple(c for c in result.instances if c.answer != "unknown")
        if kept:
            results.append(replace(result, instances=kept, probability=None))
            found += kept
        for k, case in enumerate(c for c in result.instances if c.answer == "unknown"):
            for answer in ANSWERS:
                holds = right if answer == "right" else Logic("not", (right,))
                part = CaseInstance((), Logic("and", (case.instance.when, holds)))
                name = f"{result.case.name}_{k}_{answer}"
                made = Case(name, "", (part,), "right" if answer == "right" else "wrong")
                checked = check_case(bench, made, part, {})
                results.append(case_result(made, [checked], disjoint=False))
                found.append(checked)
    partition = check_partition(bench, found)
    derived = derived_accuracy(found, partition)
    return replace(verification, cases=tuple(results), partition=partition, accuracy=derived)
