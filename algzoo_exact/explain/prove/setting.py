"""The model on a section of its inputs, or with some of its values replaced: a program by itself.

On a section some inputs are 0 or equal to others; those that are left are independent standard
Gaussian variables. They keep their places among the n inputs, and the others are not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Compare,
    Entry,
    Formula,
    Number,
    Term,
    Truth,
    applied,
    compare,
    conjuncts,
    entries,
    to_text,
    weight_of,
)
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.order_facts import OrderFacts
from algzoo_exact.explain.outcome import Point
from algzoo_exact.explain.prove.facts import Question
from algzoo_exact.program.ir import Layer, Program, Vector

_ZERO = Fraction(0)
_LONGEST = 80  # characters of a formula in a message


@dataclass(frozen=True, eq=False)
class Setting:
    """What the inputs of ``tied`` are: 0 (None), or another input; and what is computed ``instead``
    of z[t][j], by (t, j). It is of ``n`` inputs; ``said`` holds what was said, by its key."""

    n: int
    tied: Mapping[int, int | None]
    instead: Mapping[tuple[int, int], Term]
    said: Mapping[str, Formula]

    @classmethod
    def of(cls, n: int, where: Formula, instead: Formula) -> Setting:
        """From equations, x[i] == 0 and x[i] == x[j], and z[t][j] == a term. InputError for others,
        and where no input is left."""
        pairs = (("where", where), ("instead", instead))
        said = {key: formula for key, formula in pairs if formula != EVERYWHERE}
        found = cls(n, _tied(where), _replaced(instead), said)
        if list(found.tied.values()).count(None) == n:
            raise InputError("where leaves no input that is not 0.")
        return found

    def place(self, i: int) -> int | None:
        """The input that x[i] is on the section; None for 0."""
        return self.tied.get(i, i)

    def point(self, x: Point) -> Point:
        """The input of the section with the coordinates of ``x`` that are left."""
        places = map(self.place, range(self.n))
        return tuple(_ZERO if place is None else x[place] for place in places)

    def moved(self, weights: Vector) -> Vector:
        """Weights of the inputs as those of the inputs that are left."""
        sums = [_ZERO] * self.n
        for i, weight in enumerate(weights):
            place = self.place(i)
            if place is not None:
                sums[place] += weight
        return tuple(sums)


@dataclass(frozen=True, eq=False)
class Inside:
    """A model in a setting: its ``program``, and what is said of the ``whole`` one, said of it."""

    whole: Program
    setting: Setting
    _known: dict[int, tuple[Any, Any]] = field(default_factory=dict)  # by identity

    @cached_property
    def program(self) -> Program:
        """On the same n inputs, of which those tied are not read. InputError where what is computed
        instead is not linear in the states before and the inputs."""
        layers = []
        for t, layer in enumerate(self.whole.layers):
            rows = list(zip(layer.state, layer.input, strict=True))
            for step, j in self.setting.instead:
                if step == t and j < layer.width:
                    rows[j] = self._row(t, j)
            states, inputs = zip(*rows, strict=True)
            layers.append(Layer(states, tuple(map(self.setting.moved, inputs))))
        return Program(tuple(layers), self.whole.readout)

    def _row(self, t: int, j: int) -> tuple[Vector, Vector]:
        """The weights of the states before, and of the inputs, in what z[t][j] is instead."""
        term = self.setting.instead[t, j]
        width = len(self.whole.layers[t].state[0])
        states = [Entry("h", (t - 1, k)) for k in range(width if t else 0)]
        inputs = [Entry("x", (i,)) for i in range(self.whole.seq_len)]
        linear = Linear(self.whole, states)
        form = linear.term(term)
        weights = {linear.atoms[number]: c for number, c in form.terms}
        if form.constant or weights.keys() - {*states, *inputs}:
            step = f"h[{t - 1}] and the inputs" if t else "the inputs"
            what = to_text(Entry("z", (t, j)))
            raise InputError(f"instead of {what} stands what is not linear in {step}.")
        state = tuple(weights.get(entry, _ZERO) for entry in states) or (_ZERO,) * width
        return state, tuple(weights.get(entry, _ZERO) for entry in inputs)

    def formula(self, formula: Formula) -> Formula:
        """In terms of the inputs that are left, with numbers for weights; what these decide is
        decided."""
        found: Formula = self._said(formula)
        return found

    def term(self, term: Term) -> Term:
        """The same of a term."""
        found: Term = self._said(term)
        return found

    def _said(self, part: Term | Formula) -> Any:
        if id(part) not in self._known:
            self._known[id(part)] = part, self._made(part)
        return self._known[id(part)][1]

    def _made(self, part: Term | Formula) -> Term | Formula:
        match part:
            case Number() | Truth():
                return part
            case Entry("x", (i,)):
                place = self.setting.place(i)
                return Number(_ZERO) if place is None else Entry("x", (place,))
            case Entry(array):
                weight = array.startswith("W_")
                return Number(weight_of(self.whole, part)) if weight else part
        args = [self._said(arg) for arg in part.args]
        match part.op, args:
            case ("and" | "or") as op, _:
                decisive = Truth(op == "or")
                left_over = [arg for arg in args if not isinstance(arg, Truth)]
                if decisive in args or not left_over:
                    return decisive if decisive in args else Truth(not decisive.value)
                return applied(op, left_over) if len(left_over) > 1 else left_over[0]
            case "not", [Truth(value)]:
                return Truth(not value)
            case ("<" | "<=" | ">" | ">=" | "==" | "!=") as op, [Number(left), Number(right)]:
                return Truth(compare(op, left, right))
        return applied(part.op, args)

    def asked(self, questions: Iterable[Question]) -> list[Question]:
        """The same of questions, but for those that the order of the inputs, or what is decided,
        leaves no input."""
        said = (Question(self.formula(q.statement), self.formula(q.domain)) for q in questions)
        n = self.whole.seq_len
        return [
            q for q in said if q.domain != Truth(False) and not OrderFacts(q.domain, n).impossible
        ]


def _equations(formula: Formula, name: str, form: str) -> list[Compare]:
    """The parts of a conjunction of equations; InputError for others."""
    found = []
    for part in conjuncts(formula) if formula != EVERYWHERE else ():
        if not isinstance(part, Compare) or part.op != "==":
            raise _wrong(part, name, form)
        found.append(part)
    return found


def _wrong(part: Formula, name: str, form: str) -> InputError:
    text = to_text(part)
    shown = text if len(text) <= _LONGEST else text[:_LONGEST] + ".."
    return InputError(f"{name} takes equations {form}, joined by `and`, not {shown}.")


def _tied(where: Formula) -> dict[int, int | None]:
    """Each input that is equal to another one, or to 0, and which: the first of them."""
    form = "x[i] == 0 and x[i] == x[j]"
    classes: list[set[int | None]] = []
    for equation in _equations(where, "where", form):
        sides: set[int | None] = set()
        for side in (equation.left, equation.right):
            match side:
                case Entry("x", (i,)):
                    sides.add(i)
                case Number(value) if not value:
                    sides.add(None)
                case _:
                    raise _wrong(equation, "where", form)
        met = [one for one in classes if one & sides]
        classes = [one for one in classes if not one & sides] + [sides.union(*met)]
    tied: dict[int, int | None] = {}
    for one in classes:
        inputs = sorted(i for i in one if i is not None)
        first = None if None in one else inputs[0]
        tied |= {i: first for i in inputs if i != first}
    return tied


def _replaced(instead: Formula) -> dict[tuple[int, int], Term]:
    form = "z[t][j] == a term"
    found: dict[tuple[int, int], Term] = {}
    for equation in _equations(instead, "instead", form):
        entry, term = equation.left, equation.right
        if not isinstance(entry, Entry) or entry.array != "z":
            raise _wrong(equation, "instead", form)
        t, j = entry.indices
        if (t, j) in found:
            raise InputError(f"instead says twice what {to_text(entry)} is.")
        if any(part.array in ("z", "logit") for part in entries(term)):
            raise InputError(f"instead of {to_text(entry)} stands what is computed after it.")
        found[t, j] = term
    return found
