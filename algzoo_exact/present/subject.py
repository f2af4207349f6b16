"""What is spoken of: a model on a task, under a rule of ties."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from algzoo_exact.present.document import Block, Document, Fact, facts, untitled
from algzoo_exact.present.wording import about, task_text
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.zoo.loading import Model


@dataclass(frozen=True)
class Subject:
    """``model`` is None where whoever reads knows it, ``ties`` where no logits are compared."""

    model: Model | None
    task: Task
    ties: TieRule | None

    @property
    def rows(self) -> tuple[Fact, Fact]:
        """Its names, first in what is said."""
        return about(self.model), ("task", task_text(self.task, self.ties))

    @property
    def data(self) -> dict[str, Any]:
        """The same for programs, by stable keys."""
        return {"model": self.model, "task": self.task.name, "ties": self.ties}

    def document(self, rows: Iterable[Fact], *blocks: Block, data: Mapping[str, Any]) -> Document:
        """What a command says of it: rows, blocks, and the same as data."""
        return untitled(facts(*self.rows, *rows), *blocks, data={**self.data, **data})
