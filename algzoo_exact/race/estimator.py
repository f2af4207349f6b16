"""What an estimator is: a figure for a program's accuracy within a budget of operations.

Three kinds, never mixed. A ``deductive`` estimator never evaluates the model on sampled or
quadrature inputs: its figure follows from the weights. A ``cubature`` evaluates it on points,
or integrates it exactly along lines through points, by a deterministic rule or a randomised one of
less variance than independent points. ``sampled`` is the mean over independent random inputs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.shown import Shown

Kind = Literal["deductive", "cubature", "sampled"]


@dataclass(frozen=True)
class LearnedConstant:
    """A number within an entry that was fitted to accuracies of other models, offline.

    ``source`` says to which; ``flops`` is what that cost, once. No estimate is charged for it.
    """

    name: str
    value: float
    source: str
    flops: float


@dataclass(frozen=True)
class Estimate(Shown):
    """An estimated accuracy, with what it cost.

    ``flops`` are counted as ``estimators.flops`` says, or None where they can't be attributed;
    ``seconds`` are wall-clock time on this machine.
    ``details`` holds what the estimator says about itself: points used, depth reached, and so on.
    """

    value: float
    kind: Kind
    flops: int | None
    seconds: float
    details: Mapping[str, float | int | str] = field(default_factory=dict)


class Estimator(Protocol):
    """An entry of the race.

    Called with a program, its task, a budget in FLOPs and a seed, it returns an ``Estimate`` that
    cost at most the budget, or None where it cannot start within it. An estimator without
    randomness ignores the seed, and says so by ``seeded`` being false. ``learned`` are the
    constants in it that do not follow from the model or the task. ``fits`` says in one sentence why
    a program or task is out of its reach, or is None.
    """

    @property
    def name(self) -> str: ...
    @property
    def kind(self) -> Kind: ...
    @property
    def summary(self) -> str: ...
    @property
    def seeded(self) -> bool: ...
    @property
    def learned(self) -> tuple[LearnedConstant, ...]: ...
    def fits(self, program: Program, task: Task) -> str | None: ...
    def estimate(
        self, program: Program, task: Task, budget: float, seed: int
    ) -> Estimate | None: ...


class Found(NamedTuple):
    """What an entry of ours finds: value, FLOPs (None where they are not counted) and details."""

    value: float
    flops: int | None
    details: Mapping[str, float | int | str] = {}


Need = Callable[[Program, Task], str | None]
"""What a program or task must be, in words where it is not: "for up to 6 inputs, not 10"."""


@dataclass(frozen=True)
class Entry:
    """An estimator of ours: ``find(program, task, budget, seed)`` within the reach of ``needs``."""

    name: str
    kind: Kind
    summary: str
    find: Callable[[Program, Task, float, int], Found | None]
    needs: tuple[Need, ...]
    seeded: bool = False
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        lacking = (need(program, task) for need in self.needs)
        return next((f"{self.name} is {words}." for words in lacking if words), None)

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        began = time.perf_counter()
        found = self.find(program, task, budget, seed)
        if found is None:
            return None
        seconds = time.perf_counter() - began
        return Estimate(found.value, self.kind, found.flops, seconds, found.details)


def with_labels(program: Program, task: Task) -> str | None:
    return None if task.is_index else "for tasks with a label for each Gaussian input"


def second_largest(program: Program, task: Task) -> str | None:
    return None if task.rank == 1 else "defined for 2nd_argmax only"


def of_sizes(hidden_size: int, seq_len: int) -> Need:
    """One hidden size and one sequence length alone."""

    def need(program: Program, task: Task) -> str | None:
        fits = (program.hidden_size, task.seq_len) == (hidden_size, seq_len)
        only = f"{hidden_size} hidden neurons and {seq_len} inputs only"
        return None if fits else f"defined for {only}"

    return need
