"""An estimator that the race does not have: one half, whatever the model."""

from __future__ import annotations

from dataclasses import dataclass

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.estimator import Estimate, Kind, LearnedConstant


@dataclass(frozen=True)
class Half:
    name: str = "half"
    kind: Kind = "deductive"
    summary: str = "one half, whatever the model"
    seeded: bool = False
    learned: tuple[LearnedConstant, ...] = ()

    def fits(self, program: Program, task: Task) -> str | None:
        return None

    def estimate(self, program: Program, task: Task, budget: float, seed: int) -> Estimate | None:
        return Estimate(0.5, self.kind, 1, 0.0)


HALF = Half()
