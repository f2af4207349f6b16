"""What a certificate of each kind says, and what follows from it."""

from __future__ import annotations

from fractions import Fraction

from algzoo_exact.certificate.checker.budget import Budget
from algzoo_exact.certificate.checker.cells import Cells, Pieces
from algzoo_exact.certificate.checker.errors import LimitError, require
from algzoo_exact.certificate.checker.functions import Functions
from algzoo_exact.certificate.checker.labels import INDEX_TASKS
from algzoo_exact.certificate.checker.measures import LARGEST_MEASURED
from algzoo_exact.certificate.checker.networks import Weights
from algzoo_exact.certificate.checker.outcome import CheckedCertificate, Statement
from algzoo_exact.certificate.checker.proofs import within
from algzoo_exact.certificate.checker.reading import (
    Json,
    agreed_accuracy,
    quoted,
)
from algzoo_exact.certificate.checker.story import Story

MOST_INPUTS = 100
KINDS: dict[str, tuple[tuple[str, ...], int, type[Cells | Pieces | Functions] | None]] = {
    "cells": (INDEX_TASKS, 6, Cells),
    "pieces": (("median",), LARGEST_MEASURED, Pieces),
    "functions": (("longest_cycle",), 7, Functions),
    "claims": (INDEX_TASKS, MOST_INPUTS, None),
}
"""The kinds of certificates, their tasks, the most inputs, and what checks their items."""
WORK_PER_BYTE = 50
MOST_EXPLAINED = 10_000_000
"""Work that is allowed for each byte of an explanation, up to this many; beside what is allowed for
the whole, and for each item."""


def check_task(task: str, n: int) -> None:
    """RejectedError for what is no task, LimitError for a larger one than this checks."""
    require(task in (*INDEX_TASKS, "median", "longest_cycle"), "the task is unknown")
    require(n >= 2 + (task == "argoutlier"), "the task's number of inputs is too small")
    require(task != "argmedian" or n % 2 == 1, "argmedian needs an odd number of inputs")
    if n > MOST_INPUTS:
        raise LimitError(f"it has over {MOST_INPUTS} inputs")


def check_content(
    document: Json,
    weights: Weights,
    statement: Statement,
    outcome: CheckedCertificate,
    budget: Budget,
) -> None:
    """RejectedError for anything wrong, LimitError for what takes too much."""
    kind, task, n = document["kind"], statement.task, statement.seq_len
    tasks, most, sort = KINDS[kind]
    check_task(task, n)
    require(task in tasks, f"a certificate of {kind} cannot be about {task}")
    require(n <= most, f"{kind} are for up to {most} inputs")
    if sort is not None:
        judge = sort(document, weights, task, n, budget)
        for number, item in enumerate(judge.items):
            budget.allow(judge.work)
            within(f"{judge.word} {number}", judge.add, item)
        judge.conclude(outcome)
    data = document["explanation"]
    if data is None:
        require(kind != "claims", "without cells it needs an explanation")
        return
    require(kind != "functions", "explanations are of RNNs")
    story = Story(data, weights, task, n, statement.ties or "lowest", budget)
    story.check()
    outcome.checked += story.lines()
    outcome.complete = outcome.complete and not story.not_checked
    outcome.not_checked += story.not_checked
    outcome.not_checked.append(
        "that texts, parameters, and what is written of claims and cases, say what their "
        "formulas say, and that no instance is left out"
    )
    if story.others:
        names = ", ".join(dict.fromkeys(quoted(name) for name, _ in story.others))
        outcome.not_checked.append(f"that the weights of other models are those of {names}")
    if kind == "claims":  # the accuracy is what follows from the explanation
        low, high = story.accuracy or (Fraction(0), Fraction(1))
        outcome.accuracy = agreed_accuracy(document, low, high)
