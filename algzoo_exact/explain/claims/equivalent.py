"""The claim that two models agree: a statement about one program that runs both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, get_args

from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.keys import Json, Keys, Source, choice, formula, text
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Compare,
    Entry,
    Formula,
    Logic,
    every,
)
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact, Question
from algzoo_exact.explain.prove.labels import earns, greatest
from algzoo_exact.program.ir import Program, side_by_side
from algzoo_exact.program.task import Task, TieRule

Mode = Literal["function", "labels"]


@dataclass(frozen=True)
class Equivalent(Instance):
    """The model and the ``other`` one (a model's name) agree for all inputs in ``domain``: their
    logits (mode function), or the labels they predict (mode labels)."""

    other: str
    mode: Mode
    domain: Formula

    kind = "equivalent"
    weaker_by = "the same answers, not the same logits"
    keys: ClassVar[Keys] = {
        "with": text(r"\S", required=True),
        "mode": choice(get_args(Mode)),
        "domain": formula(EVERYWHERE),
    }
    assumes = False

    @classmethod
    def said(cls, source: Source) -> Json:
        given = super().said(source)
        other = given.pop("with")
        if not other.strip():
            raise InputError("with must be the name of a model, not an empty text.")
        return {"other": other, **given}

    def models(self) -> tuple[str, ...]:
        return (self.other,)

    def in_words(self) -> str:
        what = "have the same logits for all"
        if self.mode == "labels":
            what = "give the same answer to almost all"
        where = "inputs" if self.domain == EVERYWHERE else "of these inputs"
        return f"The model and {self.other} {what} {where}."

    @property
    def almost(self) -> bool:
        return self.mode == "labels"

    def says(self, task: Task, ties: TieRule, facts: Sequence[Fact]) -> list[Question]:
        """Of the product of both."""
        return [Question(agreement(task.outputs, self.mode, ties), self.domain)]

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """The same answers in place of the same logits."""
        if result.claim.table["mode"] == "function" and bench.program.outputs > 1:
            yield {**result.claim.table, "mode": "labels"}

    def decided(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        """For the product of both models."""
        both = replace(bench, program=product(bench.program, bench.others[self.other]))
        if self.mode == "labels" and bench.program.outputs == 1:
            raise InputError("A model with one output predicts no labels; use the mode function.")
        return both.seen(super().decided(both, facts))


def product(first: Program, second: Program) -> Program:
    """Neurons and logits of ``first``, then those of ``second``.

    Entries of ``first`` keep their names. InputError where inputs or outputs differ in number.
    """
    sizes = [(p.seq_len, p.outputs) for p in (first, second)]
    if sizes[0] != sizes[1]:
        raise InputError(
            "Two models can be equivalent only if they have as many inputs and outputs, "
            f"not {sizes[0][0]} and {sizes[0][1]} against {sizes[1][0]} and {sizes[1][1]}."
        )
    return side_by_side(first, second)


def agreement(outputs: int, mode: Mode, ties: TieRule) -> Formula:
    """What the product of two equivalent programs with so many ``outputs`` each satisfies.

    function: the same logits. labels: the same label wins, by the tie rule ``lowest``; by the
    others, which give no label where logits tie, the same logits are the greatest.
    """
    labels = range(outputs)
    if mode == "function":
        parts: list[Formula] = [
            Compare("==", Entry("logit", (k,)), Entry("logit", (outputs + k,))) for k in labels
        ]
    elif ties == "lowest":
        # One label wins in each program, so that one direction is enough.
        pairs = [(earns(k, outputs, ties), earns(k, outputs, ties, first=outputs)) for k in labels]
        parts = [Logic("implies", pair) for pair in pairs]
    else:
        pairs = [(greatest(k, outputs), greatest(k, outputs, first=outputs)) for k in labels]
        parts = [Logic("implies", said) for pair in pairs for said in (pair, pair[::-1])]
    return every(parts)
