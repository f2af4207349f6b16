"""What a certificate of each kind says, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

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
    keys_of,
    quoted,
    text_of,
)
from algzoo_exact.certificate.checker.story import Story
from algzoo_exact.certificate.checker.transformers import Attention

MOST_INPUTS = 100
KINDS = {
    "cells": (INDEX_TASKS, 6),
    "pieces": (("median",), LARGEST_MEASURED),
    "functions": (("longest_cycle",), 7),
    "claims": (INDEX_TASKS, MOST_INPUTS),
}
"""The kinds of certificates, their tasks, and the most inputs."""
WORK_PER_CONE, WORK_PER_ANSWER, WORK_PER_BYTE = 400_000, 1_000, 50
MOST_EXPLAINED = 10_000_000
"""What is allowed for each cell or piece, each answer, and each byte of an explanation up to this
many, beside what is allowed for the whole."""


def check_task(task: str, n: int) -> None:
    """RejectedError for what is no task, LimitError for a larger one than this checks."""
    require(task in (*INDEX_TASKS, "median", "longest_cycle"), "the task is unknown")
    require(n >= 2 + (task == "argoutlier"), "the task's number of inputs is too small")
    require(task != "argmedian" or n % 2 == 1, "argmedian needs an odd number of inputs")
    if n > MOST_INPUTS:
        raise LimitError(f"it has over {MOST_INPUTS} inputs")


@dataclass
class Content:
    """The content of one certificate; what is found goes to the outcome."""

    document: Json
    weights: Weights
    statement: Statement
    outcome: CheckedCertificate
    budget: Budget

    def check(self) -> None:
        """RejectedError for anything wrong, LimitError for what takes too much."""
        kind, task, n = self.document["kind"], self.statement.task, self.statement.seq_len
        tasks, most = KINDS[kind]
        check_task(task, n)
        require(task in tasks, f"a certificate of {kind} cannot be about {task}")
        require(n <= most, f"{kind} are for up to {most} inputs")
        if kind == "cells":
            self._cells()
        elif kind == "pieces":
            self._pieces()
        elif kind == "functions":
            self._functions()
        story = self._story()
        if kind == "claims":
            require(story is not None, "without cells it needs an explanation")
            assert story is not None
            self._derived(story)

    def _items(self, key: str) -> Iterator[tuple[int, Json]]:
        """The cones of a list, with what is allowed for each."""
        items = self.document[key]
        require(isinstance(items, list) and len(items) > 0, f"{key} must be a list, not empty")
        for k, item in enumerate(items):
            self.budget.allow(WORK_PER_CONE)
            yield k, item

    def _cells(self) -> None:
        statement = self.statement
        cells = Cells(self.document, self.weights, statement.task, statement.seq_len, self.budget)
        for k, cell in self._items("cells"):
            within(f"cell {k}", cells.add, cell)
        found = cells.conclude(self.document)
        self.outcome.checked += [
            f"{len(self.document['cells'])} cells: each ray lies where pattern, label and winners "
            "say",
            "the rays of each cell are the extreme rays of a cone, and its facets close up",
            "no two cells share an interior point",
            "label, winners and credit of each cell, under the tie rule",
        ]
        if cells.closed:
            self.outcome.checked.append(
                "each facet is shared by two cells, so that nothing is left out"
            )
        if cells.measured:
            self.outcome.accuracy = found
            self.outcome.checked += [
                f"the measure of each cell, to {cells.decimals} decimals, by another formula",
                "the cells leave no more than the stated mass undecided",
            ]
        else:
            self.outcome.complete = False
            self.outcome.not_checked.append(
                f"the measures of the cells (this checker reaches n = {LARGEST_MEASURED}): the "
                "accuracy rests on the measures stated"
                + ("" if cells.closed else ", and so does that there are no other cells")
            )

    def _pieces(self) -> None:
        pieces = Pieces(self.document, self.weights, self.statement.seq_len, self.budget)
        for k, piece in self._items("pieces"):
            within(f"piece {k}", pieces.add, piece)
        self.outcome.squared_error, self.outcome.root = pieces.conclude(self.document)
        self.outcome.checked += [
            f"{len(self.document['pieces'])} pieces: each ray lies where pattern and middle inputs "
            "say",
            "the rays of each piece are the extreme rays of a cone, and its facets close up",
            "no two pieces share an interior point",
            "the error of the model on each piece, from its weights",
            f"measure and mean square of each piece, to {pieces.decimals} decimals, by other "
            "formulas",
            "each facet is shared by two pieces, so that nothing is left out",
        ]

    def _functions(self) -> None:
        n, heads = self.statement.seq_len, self.statement.heads
        assert heads is not None
        words = text_of(self.document["answers"], "[0-9? ]*", "answers").split(" ")
        require(len(words) == n**n, f"there are {n**n} inputs, not {len(words)}")
        model = Attention(self.weights, n, heads, self.budget)
        functions = Functions(model, str(self.statement.ties))
        for number, (f, word) in enumerate(zip(product(range(n), repeat=n), words, strict=True)):
            self.budget.allow(WORK_PER_ANSWER)
            within(f"input {number}", functions.add, f, word)
        lower = functions.right / n**n
        self._accuracy(lower, lower + Fraction(functions.undecided, n**n))
        self.outcome.accuracy = lower, lower + Fraction(functions.undecided, n**n)
        self.outcome.checked += [
            f"the answer to each of {n**n} inputs, by logits with proved error bounds",
            "the true label of each input, and the credit under the tie rule",
        ]

    def _accuracy(self, low: Fraction, high: Fraction) -> None:
        """Compares what follows with what is stated, where both are fractions."""
        stated = keys_of(self.document["accuracy"], {"lower", "upper"}, "accuracy")
        fits = (stated["lower"], stated["upper"]) == (str(low), str(high))
        require(fits, f"what it says proves an accuracy from {low} to {high}, not as stated")
        require(self.document["undecided"] == str(high - low), f"{high - low} is undecided")

    def _story(self) -> Story | None:
        """The explanation, if there is one."""
        data, statement, outcome = self.document["explanation"], self.statement, self.outcome
        if data is None:
            return None
        require(self.document["kind"] != "functions", "explanations are of RNNs")
        ties = statement.ties or "lowest"
        story = Story(data, self.weights, statement.task, statement.seq_len, ties, self.budget)
        story.check()
        outcome.checked += story.lines()
        if story.not_checked:
            outcome.complete = False
            outcome.not_checked += story.not_checked
        outcome.not_checked.append(
            "that texts, parameters, and what is written of claims and cases, say what their "
            "formulas say, and that no instance is left out"
        )
        if story.others:
            names = ", ".join(dict.fromkeys(quoted(name) for name, _ in story.others))
            outcome.not_checked.append(f"that the weights of other models are those of {names}")
        return story

    def _derived(self, story: Story) -> None:
        """Without cells, the accuracy is what follows from the explanation."""
        low, high = story.accuracy or (Fraction(0), Fraction(1))
        self._accuracy(low, high)
        self.outcome.accuracy = low, high
