"""What all claims are checked on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from time import monotonic

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.language.expression import Formula
from algzoo_exact.explain.outcome import Figure, HasParameters, Outcome
from algzoo_exact.explain.prove.decider import Decider, together
from algzoo_exact.explain.prove.facts import Question
from algzoo_exact.explain.prove.setting import Inside
from algzoo_exact.explain.prove.statements import measured
from algzoo_exact.explain.prove.torch_check import confirmed
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule


@dataclass(frozen=True, eq=False)
class Bench:
    """What all claims are checked on: the program, the task, the tie rule, ``seconds`` for each
    statement, and the ``others`` that claims name. ``inside`` is the setting that the program is
    of."""

    program: Program
    task: Task
    ties: TieRule
    seconds: float
    others: Mapping[str, Program]
    inside: Inside | None = None

    def of(self, inside: Inside) -> Bench:
        """The same for a setting."""
        return replace(self, program=inside.program, inside=inside)

    def asked(self, questions: Sequence[Question]) -> list[Question]:
        """The questions in the setting, but for those about no input."""
        return list(questions) if self.inside is None else self.inside.asked(questions)

    def decider(self) -> Decider:
        return Decider(self.program, self.seconds)

    def holds(self, questions: Sequence[Question], *, almost: bool) -> Outcome:
        """Do all the statements hold, for all (or ``almost`` all) inputs? They share the time."""
        questions = self.asked(questions)
        decider, deadline = self.decider(), Deadline.after(self.seconds)
        outcomes = (decider.decide(q, almost=almost, deadline=deadline) for q in questions)
        return next(outcomes) if len(questions) == 1 else together(outcomes)

    def measured(self, formula: Formula, *, part: float = 1.0) -> Figure:
        """Its probability: exact or certified where that can be had, else sampled; in a part of the
        time."""
        said = formula if self.inside is None else self.inside.formula(formula)
        return measured(self.program, said, Deadline.after(part * self.seconds))

    def about(self, instance: HasParameters | None, outcome: Outcome, start: float) -> Outcome:
        """The outcome as that of an instance, since ``start``; its witness is shown to torch."""
        return replace(self.seen(outcome), instance=instance, seconds=monotonic() - start)

    def seen(self, outcome: Outcome) -> Outcome:
        """With what torch sees of its witness, if that is not known."""
        if outcome.confirmed is not None or outcome.witness is None or outcome.failing is None:
            return outcome
        seen = confirmed(self.program, *outcome.failing, outcome.witness)
        return replace(outcome, confirmed=seen)
