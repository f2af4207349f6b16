"""One question in integers: conditions and terms as combinations of scaled atoms.

Inputs that do not occur are left out. Atoms are scaled by common denominators, so that each is an
integer functional of the inputs, whichever forms of the maxima win.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm
from typing import TypeAlias

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.errors import AlgzooExactError
from algzoo_exact.explain.language.expression import Formula, Term
from algzoo_exact.explain.logic.conditions import Condition, Form, Sign, forms_of
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.system import Atom, Maximum
from algzoo_exact.geometry.cone import IntVector, independent, primitive
from algzoo_exact.program.ir import Program

Pairs: TypeAlias = tuple[tuple[int, int], ...]
"""Atoms with integer factors."""


class OutOfReachError(AlgzooExactError):
    """Cells cannot answer: constants in a condition, too many inputs, or a limit that struck."""


@dataclass(frozen=True, eq=False)
class Row:
    """``scale`` > 0 times a form, as integer multiples of scaled atoms; ``number`` names it."""

    number: int
    pairs: Pairs
    scale: int


class Space:
    """The conditions and terms of one question, in integers over the inputs that occur.

    ``inputs`` are those inputs' indices: the coordinates of all cones. OutOfReachError for
    conditions and terms with a constant, which cones cannot decide, and once the deadline passes.
    ``bounded``: what bounds tell of maxima is used, as by ``Linear``.
    """

    def __init__(
        self,
        program: Program,
        formulas: Sequence[Formula],
        terms: Sequence[Term] = (),
        deadline: Deadline = NEVER,
        *,
        bounded: bool = True,
    ) -> None:
        self.program = program
        linear = Linear(program, bounded=bounded, deadline=deadline)
        try:
            asked: list[Condition] = [linear.condition(formula) for formula in formulas]
            asked += [Sign(linear.term(term), ">") for term in terms]
        except TimeIsUpError:
            raise OutOfReachError("cells stopped: the time was up before the first") from None
        system = linear.system(asked)
        if not system.homogeneous:
            raise OutOfReachError("there are constants in it, and cones have no scale")
        self.inputs = tuple(sorted(entry.indices[0] for entry in system.variables)) or (0,)
        self._scales: dict[int, int] = {}
        self._choices: dict[int, list[Pairs]] = {}
        self._units: dict[int, IntVector] = {}
        self._rows: dict[Form, Row] = {}
        for number, atom in enumerate(system.atoms):
            self._add(number, atom)
        self.conditions = system.conditions[: len(formulas)]
        signs = system.conditions[len(formulas) :]
        self.rows = [self.row(form) for sign in signs for form in forms_of(sign)]
        for condition in self.conditions:
            for form in forms_of(condition):
                self.row(form)

    def _add(self, number: int, atom: Atom) -> None:
        if isinstance(atom, Maximum):
            scale = lcm(*(self._denominator(form) for form in atom.forms))
            self._scales[number] = scale
            self._choices[number] = [self._pairs(form, scale) for form in atom.forms]
        else:
            self._scales[number] = 1
            self._units[number] = tuple(int(i == atom.indices[0]) for i in self.inputs)

    def _denominator(self, form: Form) -> int:
        return lcm(*((c / self._scales[atom]).denominator for atom, c in form.terms))

    def _pairs(self, form: Form, scale: int) -> Pairs:
        return tuple((atom, int(c * scale / self._scales[atom])) for atom, c in form.terms)

    def row(self, form: Form) -> Row:
        """A form of the conditions or terms, in integers."""
        if form not in self._rows:
            scale = self._denominator(form)
            self._rows[form] = Row(len(self._rows), self._pairs(form, scale), scale)
        return self._rows[form]

    def units(self) -> dict[int, IntVector]:
        """The atoms that are inputs, as functionals."""
        return dict(self._units)

    def choices(self, atom: int) -> list[Pairs]:
        """The forms of an atom that is a maximum, on one scale."""
        return self._choices[atom]

    def lift(self, point: Sequence[int | Fraction]) -> tuple[Fraction, ...]:
        """A point of the space as an input (n) of the program; inputs that do not occur are 0."""
        known = dict(zip(self.inputs, point, strict=True))
        return tuple(Fraction(known.get(i, 0)) for i in range(self.program.seq_len))

    def first_walls(self) -> tuple[IntVector, ...]:
        """Independent normals, as many as inputs: the question's own as far as there are any."""
        waiting = [row.pairs for row in self._rows.values()]
        for first, *others in self._choices.values():
            waiting += [_difference(first, other) for other in others]
        vectors = [
            primitive(combined(pairs, self._units, len(self.inputs)))
            for pairs in waiting
            if all(atom in self._units for atom, _ in pairs)
        ]
        vectors += self._units.values() or [(1,)]
        return tuple(vectors[i] for i in independent(vectors))


def combined(pairs: Pairs, vectors: Mapping[int, IntVector], dimension: int) -> IntVector:
    """The sum of c * vector, over pairs (number of the vector, c)."""
    total = [0] * dimension
    for number, factor in pairs:
        for i, entry in enumerate(vectors[number]):
            total[i] += factor * entry
    return tuple(total)


def _difference(a: Pairs, b: Pairs) -> Pairs:
    sums = dict(a)
    for atom, c in b:
        sums[atom] = sums.get(atom, 0) - c
    return tuple((atom, c) for atom, c in sums.items() if c)
