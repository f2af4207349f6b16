"""The claim that a statement about the weights alone holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, ClassVar

from algzoo_exact.errors import InputError
from algzoo_exact.exact.verdict import Verdict
from algzoo_exact.explain.claims.bench import Bench
from algzoo_exact.explain.claims.claim import ClaimResult, Instance
from algzoo_exact.explain.claims.keys import Keys, formula
from algzoo_exact.explain.claims.tolerances import with_tolerance
from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    conjuncts,
    entries,
    evaluate,
    evaluate_term,
    to_text,
    weight_of,
)
from algzoo_exact.explain.outcome import Outcome
from algzoo_exact.explain.prove.facts import Fact

_LONGEST = 200  # characters of a formula in a message


@dataclass(frozen=True)
class Weights(Instance):
    """``statement``, which is about weights and constants alone, holds."""

    statement: Formula

    kind = "weights"
    keys: ClassVar[Keys] = {"statement": formula()}
    heading = "Observation"
    assumes = False

    def __post_init__(self) -> None:
        for entry in sorted(entries(self.statement), key=str):
            if not entry.array.startswith("W_"):
                raise InputError(f"a claim about weights has no {entry.array} in it.")

    def check(self, bench: Bench, facts: Sequence[Fact]) -> Outcome:
        values = partial(weight_of, bench.program)
        false = [part for part in conjuncts(self.statement) if not evaluate(part, values)]
        verdict = Verdict("refuted", _described(false[0], values)) if false else Verdict("proved")
        return Outcome(verdict, "exact arithmetic")

    @classmethod
    def weaker(cls, result: ClaimResult, bench: Bench) -> Iterator[Mapping[str, Any]]:
        """A comparison with a larger right side; a near-equality in place of an equality."""
        values = partial(weight_of, bench.program)

        def ratio(statement: Compare, domain: Formula) -> Fraction | None:
            sides = statement.left, statement.right
            left, right = (evaluate_term(side, values) for side in sides)
            if statement.op == "==":
                return abs(left - right)
            if statement.op in (">", ">="):
                left, right = right, left
            return left / right if right > 0 else None

        facts = [fact for part in result.claim.instances for fact in part.facts()]
        return with_tolerance(result.claim.table, facts, ratio)

    def facts(self) -> list[Fact]:
        return [Fact(self.statement)]


def _described(formula: Formula, values: Callable[[Entry], Fraction]) -> str:
    """A false formula, with the values of what it compares."""
    text = to_text(formula)
    text = text if len(text) <= _LONGEST else text[:_LONGEST] + ".."
    if not isinstance(formula, Compare):
        return f"{text} is false"
    sides = (float(evaluate_term(side, values)) for side in (formula.left, formula.right))
    return "{} is false: left is {!r}, right is {!r}".format(text, *sides)
