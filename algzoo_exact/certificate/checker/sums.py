"""Proofs by cases and sums of inequalities (C14)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import gcd
from typing import Any

from algzoo_exact.certificate.checker.budget import length
from algzoo_exact.certificate.checker.errors import RejectedError, require
from algzoo_exact.certificate.checker.reading import (
    Json,
    integer_of,
    keys_of,
    natural,
    text_of,
)
from algzoo_exact.certificate.checker.rewriting import _PART, Condition, Form, Rewriting, is_maximum


class Rows:
    """Inequalities and choices of a system without a solution, in the order of (C14)."""

    def __init__(self, rewriting: Rewriting, conditions: Sequence[Condition]) -> None:
        self.rewriting = rewriting
        self.rows: list[tuple[str, Form, int | None]] = []  # the last: where it holds
        self.choices: list[tuple[range, int | None]] = []
        self.alternatives = 0
        for number in rewriting.needed(conditions):
            atom = rewriting.atoms[number]
            itself: Form = ((number, Fraction(1)),), Fraction(0)
            if is_maximum(atom):
                for form in atom:
                    self.rows.append((">=", rewriting.plus(itself, form, -1), None))
                self._choose(None, [(">=", rewriting.plus(form, itself, -1)) for form in atom])
            elif atom[0] == "h":
                self.rows.append((">=", itself, None))
        for condition in conditions:
            self._add(condition, None)

    def _add(self, condition: Condition, inside: int | None) -> None:
        self.rewriting.budget.spend(_PART)
        if isinstance(condition, bool):
            if not condition:
                self.rows.append((">=", ((), Fraction(-1)), inside))
            return
        op, inner = condition
        if op == "and":
            for part in inner:
                self._add(part, inside)
        elif op == "or":
            self._choose(inside, inner)
        elif op == "not":
            form = inner[0][1]
            self._choose(inside, [(">", form), (">", self.rewriting.times(form, -1))])
        else:
            self.rows.append((op, inner, inside))

    def _choose(self, inside: int | None, parts: Sequence[Condition]) -> None:
        first = self.alternatives
        self.alternatives += len(parts)
        self.choices.append((range(first, self.alternatives), inside))
        for k, part in enumerate(parts):
            self._add(part, first + k)

    def refuted_by(self, steps: Any) -> None:
        """RejectedError unless the steps show that nothing satisfies the system."""
        require(isinstance(steps, list) and len(steps) > 0, "a proof has no steps")
        excluded: list[frozenset[int]] = []
        used: set[int] = set()
        for number, step in enumerate(steps):
            try:
                require(isinstance(step, dict), "it is no step")
                if set(step) == {"rows"}:
                    excluded.append(self._leaf(step["rows"]))
                else:
                    excluded.append(self._split(step, excluded))
                    used.update(step["cases"])
            except RejectedError as error:
                raise RejectedError(f"step {number}: {error}") from None
        require(used == set(range(len(steps) - 1)), "a proof has a step that no later one uses")
        require(not excluded[-1], "a proof does not cover all alternatives")

    def _leaf(self, data: Any) -> frozenset[int]:
        require(isinstance(data, list) and len(data) > 0, "it has no rows")
        sums: dict[int, Fraction] = {}
        constant, strict, last, divisor = Fraction(0), False, -1, 0
        inside = set()
        for pair in data:
            require(isinstance(pair, list) and len(pair) == 2, "it has a row without multiplier")
            number = natural(pair[0], "a row")
            require(last < number < len(self.rows), "its rows are not there, or not in order")
            last = number
            text = text_of(pair[1], r"-?[1-9][0-9]*", "a multiplier")
            factor = integer_of(text, "a multiplier")
            op, (terms, c), where = self.rows[number]
            require(factor > 0 or op == "==", "a multiplier of an inequality is negative")
            for atom, coefficient in terms:
                sums[atom] = sums.get(atom, Fraction(0)) + factor * coefficient
                self.rewriting.budget.pay(length(sums[atom]))
            constant += factor * c
            self.rewriting.budget.pay(length(constant))
            strict = strict or op == ">"
            divisor = gcd(divisor, factor)
            if where is not None:
                inside.add(where)
        require(divisor == 1, "its multipliers have a common divisor")
        false = constant < 0 or (strict and constant == 0)
        require(false and not any(sums.values()), "the sum of its rows is no contradiction")
        return frozenset(inside)

    def _split(self, step: Json, excluded: Sequence[frozenset[int]]) -> frozenset[int]:
        keys_of(step, {"choice", "cases"}, "it")
        choice = natural(step["choice"], "its choice")
        require(choice < len(self.choices), "there is no such choice")
        alternatives, inside = self.choices[choice]
        cases = step["cases"]
        require(isinstance(cases, list), "its cases must be a list")
        require(len(cases) == len(alternatives), "it has one case for each alternative")
        left: set[int] = set() if inside is None else {inside}
        for alternative, case in zip(alternatives, cases, strict=True):
            require(natural(case, "a case") < len(excluded), "a case is no earlier step")
            self.rewriting.budget.spend(1 + len(excluded[case]))
            require(alternative in excluded[case], "a case does not use its alternative")
            left |= excluded[case] - {alternative}
        return frozenset(left)
