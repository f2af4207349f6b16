"""Of transformers: the sequences that they get wrong, and those on which another one differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from algzoo_exact.analysis.effort import Effort
from algzoo_exact.analysis.functions import (
    FunctionDifference,
    WrongFunctions,
    function_difference,
    wrong_functions,
)
from algzoo_exact.arrays import I64
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.present.explore.columns import (
    MOST_CELLS,
    MOST_REGIONS,
    Columns,
    Data,
    listed,
    other,
    weights,
)
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.zoo.loading import Model


@dataclass(frozen=True, eq=False)
class Sequences:
    """``wrong`` are the sequences that do not earn full credit, ``difference`` those to which
    ``against`` gives another answer."""

    model: Model
    task: Task
    wrong: WrongFunctions
    against: Model | None
    difference: FunctionDifference | None

    @property
    def ties(self) -> TieRule:
        return self.wrong.ties

    @property
    def open(self) -> Fraction:
        return self.wrong.open

    @property
    def accuracy(self) -> Enclosure:
        return self.wrong.total.complement

    def facts(self) -> Iterator[tuple[str, str]]:
        n = self.task.seq_len
        yield "accuracy", percent(self.accuracy, 4)
        yield "sequences", f"{n**n:,}"
        yield "wrong", f"{len(self.wrong):,}"
        if self.difference is not None and self.against is not None:
            yield f"differs from {self.against.name}", f"{len(self.difference):,}"

    def figures(self) -> Data:
        return {
            "accuracy": self.accuracy,
            "wrong": len(self.wrong),
            "different": None if self.difference is None else self.difference.probability,
        }

    def data(self) -> Data:
        wrong, n = self.wrong, self.task.seq_len
        credit = np.array([float(credit) for credit in wrong.credit], np.float64)
        columns: Columns = {
            "input": _texts(wrong.inputs), "label": wrong.label, "answer": wrong.answer,
            "credit": credit,
        }  # fmt: skip
        return {
            # All sequences are listed where they are few, and nothing is left open.
            "whole": n**n <= MOST_REGIONS and not wrong.open,
            "network": weights(self.model.network),
            "against": other(self.against),
            "errors": listed(columns, MOST_CELLS),
            "differences": None
            if self.difference is None
            else listed(_difference_columns(self.difference), MOST_CELLS),
        }


def sequences_of(models: Sequence[Model], task: Task, ties: TieRule, effort: Effort) -> Sequences:
    """Of one model, or of two that are compared; InputError for models of other sizes."""
    deadline, progress = effort.deadline, effort.progress
    wrong = wrong_functions(models[0], ties=ties, time_limit=deadline.timeout, progress=progress)
    difference = None
    if len(models) > 1:
        difference = function_difference(
            models[0], models[1], time_limit=deadline.timeout, progress=progress
        )
    return Sequences(models[0], task, wrong, (*models, None)[1], difference)


def _texts(inputs: I64) -> list[str]:
    return [" ".join(map(str, f)) for f in inputs[:MOST_CELLS].tolist()]


def _difference_columns(found: FunctionDifference) -> Columns:
    return {
        "input": _texts(found.inputs), "label": found.label, "answer": found.first,
        "other": found.second,
    }  # fmt: skip
