"""Terms and formulas as linear forms over atoms; what the atoms are, and what a maximum becomes,
is a subclass's to say."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from fractions import Fraction
from math import gcd, lcm
from typing import Literal, TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.explain.language.expression import (
    Apply,
    Compare,
    Entry,
    Formula,
    If,
    Number,
    Term,
    weight_of,
)
from algzoo_exact.explain.logic.conditions import Condition, Form, Sign, condition_of, negation
from algzoo_exact.program.ir import Program

Relation: TypeAlias = Literal[">", ">=", "=="]
"""What a sign may be asked for: form > 0, form >= 0, form == 0."""


class Forms(ABC):
    """One program's entries, and what is made of them, as forms.

    Work ends with a TimeIsUpError once ``deadline`` has passed.
    """

    def __init__(self, program: Program, deadline: Deadline = NEVER) -> None:
        self.program, self.deadline = program, deadline

    @abstractmethod
    def entry(self, entry: Entry) -> Form:
        """The form of an entry."""

    @abstractmethod
    def maximum(self, forms: Iterable[Form]) -> Form:
        """The greatest of some forms."""

    @abstractmethod
    def sign(self, form: Form, op: Relation) -> Condition:
        """That a form has such a sign."""

    @abstractmethod
    def not_linear(self, product: Apply) -> Exception:
        """The error for a product of two parts that vary."""

    def computed(self, entry: Entry) -> Form:
        """An entry that is no input and no h, or 0: by the program's weights."""
        program, (first, *rest) = self.program, entry.indices
        match entry.array:
            case "h":
                assert first < 0
                return Form()
            case "z":
                layer = program.layers[first]
                total = self._weighted(layer.state[rest[0]] if first else (), first - 1)
                for i in layer.reads:
                    if weight := layer.input[rest[0]][i]:
                        total = total.plus(self.entry(Entry("x", (i,))), weight)
                return total
            case "logit":
                return self._weighted(program.readout[first], len(program.layers) - 1)
        return Form((), weight_of(program, entry))

    def _weighted(self, weights: tuple[Fraction, ...], step: int) -> Form:
        total = Form()
        for j, weight in enumerate(weights):
            if weight:
                self.deadline.look()
                total = total.plus(self.entry(Entry("h", (step, j))), weight)
        return total

    def term(self, term: Term) -> Form:
        """The form of a term."""
        if isinstance(term, Number):
            return Form((), term.value)
        if isinstance(term, Entry):
            return self.entry(term)
        assert not isinstance(term, If), "comparisons have a formula for each case"
        return self.applied(term)

    def applied(self, term: Apply) -> Form:
        forms = [self.term(arg) for arg in term.args]
        match term.op:
            case "add":
                total = Form()
                for form in forms:
                    self.deadline.look()
                    total = total.plus(form)
                return total
            case "sub":
                return forms[0].plus(forms[1], -1)
            case "neg":
                return forms[0].times(-1)
            case "mul":
                return self._product(term, forms)
            case "min":
                return self.maximum(form.times(-1) for form in forms).times(-1)
            case "max":
                return self.maximum(forms)
            case "relu":
                return self.maximum([Form(), forms[0]])
            case "abs":
                return self.maximum([forms[0], forms[0].times(-1)])

    def _product(self, term: Apply, forms: list[Form]) -> Form:
        varying = [form for form in forms if form.terms]
        factor = Fraction(1)
        for form in forms:
            if not form.terms:
                factor *= form.constant
        if not factor:
            return Form()
        if len(varying) > 1:
            raise self.not_linear(term)
        return varying[0].times(factor) if varying else Form((), factor)

    def condition(self, formula: Formula) -> Condition:
        """The formula over forms."""
        return condition_of(formula, self._compare)

    def _compare(self, formula: Compare) -> Condition:
        difference = self.term(formula.left).plus(self.term(formula.right), -1)
        match formula.op:
            case ">" | ">=" | "==":
                return self.sign(difference, formula.op)
            case "<":
                return self.sign(difference.times(-1), ">")
            case "<=":
                return self.sign(difference.times(-1), ">=")
            case "!=":
                return negation(self.sign(difference, "=="))


def content(terms: Sequence[tuple[int, Fraction]]) -> Fraction:
    """The f for which terms / f are integers with no common divisor, and the first is positive.

    Integers, because the weights are dyadic: any other scale would make denominators grow.
    """
    size = Fraction(gcd(*(c.numerator for _, c in terms)), lcm(*(c.denominator for _, c in terms)))
    return size if terms[0][1] > 0 else -size


def unit_sign(form: Form, op: Relation) -> Sign:
    """The sign of a form, scaled to integers that have no common divisor."""
    return Sign(form.times(1 / abs(content((*form.terms, (-1, form.constant))))), op)
