"""Conditions on linear forms over atoms: what all solvers decide, and what refutations are about.

An atom is a variable, or the maximum of forms over earlier atoms.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.explain.language.expression import Entry
from algzoo_exact.explain.logic.conditions import (
    Condition,
    Form,
    Junction,
    Sign,
    forms_of,
    holds,
)

Values: TypeAlias = Mapping[int, Fraction]
"""Of atoms, by their numbers."""

Bounds: TypeAlias = tuple[Fraction | None, Fraction | None]
"""Lower and upper bound; None where there is none."""


@dataclass(frozen=True)
class Maximum:
    """The atom max(forms), of two forms or more."""

    forms: tuple[Form, ...]


Atom: TypeAlias = Entry | Maximum


@dataclass(frozen=True)
class System:
    """Atoms, numbered in their order, and conditions on forms over them.

    Entries are variables; those of h are at least 0. ``bounds`` of the atoms follow from the
    conditions, and may help a solver.
    """

    atoms: tuple[Atom, ...]
    conditions: tuple[Condition, ...]
    bounds: tuple[Bounds, ...] = field(default=(), compare=False)

    @cached_property
    def variables(self) -> dict[Entry, int]:
        """The entries among the atoms, with their numbers."""
        return {atom: k for k, atom in enumerate(self.atoms) if isinstance(atom, Entry)}

    @cached_property
    def homogeneous(self) -> bool:
        """Whether no form has a constant: scaling all variables by c > 0 then changes no truth."""
        forms = [form for condition in self.conditions for form in forms_of(condition)]
        for atom in self.atoms:
            forms += atom.forms if isinstance(atom, Maximum) else ()
        return not any(form.constant for form in forms)

    def values(
        self, variables: Callable[[Entry], Fraction], deadline: Deadline = NEVER
    ) -> dict[int, Fraction]:
        """The exact values of all atoms; TimeIsUpError if the deadline passes."""
        found: dict[int, Fraction] = {}
        for number, atom in enumerate(self.atoms):
            deadline.look()
            if isinstance(atom, Maximum):
                found[number] = max(form.value(found) for form in atom.forms)
            else:
                found[number] = variables(atom)
        return found

    def hold(self, values: Values) -> bool:
        """Whether all conditions do."""
        return all(holds(condition, values) for condition in self.conditions)

    def winners(self, values: Values) -> dict[int, Form]:
        """Atoms as forms in the variables alone, on the linear piece around a point: of each
        maximum the form that is the greatest there (the first, where several are)."""
        forms: dict[int, Form] = {}
        for number, atom in enumerate(self.atoms):
            if isinstance(atom, Maximum):
                forms[number] = expanded(max(atom.forms, key=lambda f: f.value(values)), forms)
            else:
                forms[number] = Form(((number, Fraction(1)),))
        return forms

    def piece(self, values: Values) -> list[Sign]:
        """Conditions on the variables alone that hold at a point and imply the system's.

        They say which form is the greatest in each maximum (the first, where several are), and
        pick from each condition what makes it true there.
        """
        forms = self.winners(values)
        rows = [
            Sign(forms[number].plus(expanded(form, forms), -1), ">=")
            for number, atom in enumerate(self.atoms)
            if isinstance(atom, Maximum)
            for form in atom.forms
        ]
        for condition in self.conditions:
            rows += (replace(s, form=expanded(s.form, forms)) for s in _support(condition, values))
        return [row for row in rows if row.form.terms]


def expanded(form: Form, forms: Mapping[int, Form]) -> Form:
    """A form with forms in place of its atoms."""
    total = Form((), form.constant)
    for atom, c in form.terms:
        total = total.plus(forms[atom], c)
    return total


def _support(condition: Condition, values: Values) -> Iterator[Sign]:
    """Signs that hold at the point and together imply the condition."""
    match condition:
        case Sign():
            yield condition
        case Junction("and", parts):
            for part in parts:
                yield from _support(part, values)
        case Junction("or", parts):
            yield from _support(next(part for part in parts if holds(part, values)), values)
        case Junction("not", (Sign(form),)):  # not equal: one side or the other
            yield Sign(form if form.value(values) > 0 else form.times(-1), ">")
