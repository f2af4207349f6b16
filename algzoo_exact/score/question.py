"""What is asked: which score of which program, how precisely, and within which limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, make_dataclass, replace
from fractions import Fraction
from typing import Any, Literal, get_type_hints

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError, one_of
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.processes import Workers, check_workers
from algzoo_exact.program.fingerprint import identity
from algzoo_exact.program.floats import exact_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.progress import Progress
from algzoo_exact.score.metric import Metric
from algzoo_exact.score.result import Kind, Score
from algzoo_exact.state import State

Wish = Literal["auto", "exact", "bounds"]
WISHES: tuple[Wish, ...] = ("auto", "exact", "bounds")

# Up to so many digits, by n, float64 balls come first; what they do not decide is left to ball
# arithmetic of many bits.
FLOAT_DIGITS = {2: 12, 3: 12, 4: 12, 5: 10, 6: 9, 7: 9, 8: 7, 9: 6}
MANY_DIGITS = 30  # where they come quickly, and none are asked for


_ASKED = ("metric", "task", "ties")
Told = make_dataclass("Told", [(k, s) for k, s in get_type_hints(Score).items() if k not in _ASKED])
"""What an answer says beside what was asked."""


@dataclass(frozen=True)
class Question:
    """A score that is asked for. ``digits``, ``workers``: None is what comes quickly.

    ``most_leaves``: a label cell is decided in parts with so many at most, each of which counts by
    itself, where ``leaves`` are to be expected in all; None decides it as a whole.

    ``wish``: "exact" is every input decided, "bounds" what can be said at any moment, "auto" what
    says most. ``max_cells``: of cones, or inputs, that are visited. ``budgeted``: a run without
    a limit of its own ends after a minute or so, unless every input is to be decided. ``by_label``
    asks for the split by true label too, which most methods have anyway. ``threads``: of a worker,
    while compiled code runs. ``state``: where its jobs are kept.
    """

    metric: Metric
    program: Program | Transformer
    task: Task
    ties: TieRule | None = None
    digits: int | None = None
    wish: Wish = "auto"
    deadline: Deadline = NEVER
    max_cells: int | None = None
    workers: Workers | None = None
    threads: int = 1
    budgeted: bool = True
    compiled: bool = True
    most_leaves: float | None = None
    leaves: float = math.inf
    by_label: bool = False
    progress: Progress | None = None
    state: State | None = None

    def identity(self) -> dict[str, Any]:
        """What names a run that answers it: all that the answer depends on, but for the time."""
        named = identity(self.metric.name, (self.program,), self.task, self.ties)
        return named | {"digits": self.digits, "method": self.wish, "max_cells": self.max_cells}

    @property
    def n(self) -> int:
        return self.task.seq_len

    @property
    def limited(self) -> bool:
        return self.deadline.limited or self.max_cells is not None

    @property
    def rnn(self) -> Program:
        assert isinstance(self.program, Program)
        return self.program

    def within(self, seconds: float) -> Question:
        """The same, with a limit if it has none, and may have one."""
        if self.limited or not self.budgeted or self.wish == "exact":
            return self
        return replace(self, deadline=Deadline.after(seconds))

    def score(
        self, kind: Kind, enclosure: Enclosure, method: str, seconds: float, **details: Any
    ) -> Score:
        """An answer."""
        return Score(
            self.metric.name, kind, enclosure, self.task, self.ties, method, seconds, **details
        )

    def told(self, score: Score) -> Any | None:
        """What an answer says beside what was asked; None if it is cut short, as the time was
        up."""
        if score.kind != "exact" and self.deadline.passed:
            return None
        return Told(**{part.name: getattr(score, part.name) for part in fields(Told)})

    def answered(self, told: Any) -> Score:
        """The answer that says this."""
        return Score(self.metric.name, task=self.task, ties=self.ties, **vars(told))

    def known(self) -> Score:
        """An answer without any enumeration."""
        enclosure, method = self.metric.known(self.program, self.task)
        return self.score("certified", enclosure, method, 0.0, undecided=Fraction(1))

    def check(self) -> None:
        """InputError for sizes that do not fit, or a wish that cannot be granted for this n."""
        self.metric.check(self.program, self.task, self.ties)
        one_of("method", self.wish, WISHES)
        if self.digits is not None and not 1 <= self.digits <= 1000:
            raise InputError(f"digits must be from 1 to 1000, not {self.digits}.")
        if self.max_cells is not None and self.max_cells < 0:
            raise InputError(f"max_cells must be at least 0, not {self.max_cells}.")
        if self.workers is not None:
            check_workers(self.workers)
        if isinstance(self.program, Program) and self.wish == "exact" and self.n > MOST_INPUTS:
            raise InputError(
                f"The exact method reaches n = {MOST_INPUTS}; for n = {self.n} "
                "use bounds (certified) or sampling."
            )


@dataclass(frozen=True)
class Method:
    """One way to an answer. To add one, write a file with a ``Method`` and add a line to
    ``METHODS``; the first that accepts a question is taken, if there is time for it."""

    name: str
    accepts: Callable[[Question], bool]
    decides_all: bool
    """Whether it ends with every input decided, if no limit strikes; else it has something to say
    early."""
    steps: Callable[[Question], Iterator[Score]]
    """Nested enclosures; TimeIsUpError before the first if there is no time for one."""
    seconds: Callable[[Question, float], float] = lambda question, leaves: 0.0
    """What it would take for so many leaves, on one core."""


def floats_serve(program: Program) -> bool:
    """Whether float64 balls are made for this n and hold the weights exactly."""
    return program.seq_len in FLOAT_DIGITS and exact_weights(program) is not None
