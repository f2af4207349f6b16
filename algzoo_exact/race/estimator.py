"""What an estimator is: a figure for a program's accuracy within a budget of operations.

Three kinds, never mixed. A ``deductive`` estimator never evaluates the model on sampled or
quadrature inputs: its figure follows from the weights. A ``cubature`` evaluates it on points,
or integrates it exactly along lines through points, by a deterministic rule or a randomised one of
less variance than independent points. ``sampled`` is the mean over independent random inputs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

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
