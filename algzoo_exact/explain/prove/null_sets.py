"""Counterexamples that are more than a null set: points around which a formula keeps holding."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.explain.language.expression import (
    Compare,
    Formula,
    Logic,
    Number,
    scaled,
    total,
)
from algzoo_exact.explain.logic.conditions import Form, forms_of
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.system import Maximum, expanded
from algzoo_exact.explain.outcome import Point
from algzoo_exact.explain.prove.counterexamples import shorten
from algzoo_exact.program.ir import Program

Walls: TypeAlias = tuple[Formula, ...]
"""That an input is on none of some hyperplanes: sum c x[t] + constant != 0."""

_TRIALS = 60


class _Local:
    """A formula as a condition on the inputs, and its linear pieces around points."""

    def __init__(self, program: Program, formula: Formula, deadline: Deadline) -> None:
        linear = Linear(program, deadline=deadline)
        self._system, self._deadline = linear.system([linear.condition(formula)]), deadline
        self._inputs = {number: entry for entry, number in self._system.variables.items()}

    def holds(self, point: Point) -> bool:
        return self._system.hold(self._values(point))

    def walls(self, point: Point) -> Walls:
        """Those on which forms change sign at the point, where the formula looks at their signs.

        Where there are none, all signs stay as they are around the point, or are of forms that
        vanish in a neighbourhood; so the formula's truth is that of the whole neighbourhood.
        """
        values = self._values(point)
        forms = self._system.winners(values)
        found: dict[Form, None] = {}
        for number, atom in enumerate(self._system.atoms):
            for form in atom.forms if isinstance(atom, Maximum) else ():
                if form.value(values) == values[number]:
                    found[forms[number].plus(expanded(form, forms), -1)] = None
        for condition in self._system.conditions:
            for form in forms_of(condition):
                if form.value(values) == 0:
                    found[expanded(form, forms)] = None
        return tuple(self._off(form) for form in found if form.terms)

    def _off(self, form: Form) -> Formula:
        """That it is not 0; scaled to first coefficient 1, so that each wall has one name."""
        form = form.times(1 / form.terms[0][1])
        parts = [scaled(c, self._inputs[number]) for number, c in form.terms]
        if form.constant:
            parts.append(Number(form.constant))
        return Compare("!=", total(parts), Number(Fraction(0)))

    def _values(self, point: Point) -> dict[int, Fraction]:
        return self._system.values(lambda entry: point[entry.indices[0]], self._deadline)


def inner_point(
    program: Program, formula: Formula, point: Point, deadline: Deadline = NEVER
) -> tuple[Point | None, Walls]:
    """A point at or near the given one, around which the formula holds; else the walls on which
    the given one lies.

    The formula holds at ``point``. What is returned is certain: a neighbourhood of the inner
    point satisfies the formula. None says only that no such point was found nearby. TimeIsUpError
    if the deadline passes.
    """
    local = _Local(program, formula, deadline)

    def inside(candidate: Point) -> bool:
        return local.holds(candidate) and not local.walls(candidate)

    walls = local.walls(point)
    if not walls:
        return point, ()
    for candidate in _near(point):
        if inside(candidate):
            return shorten(candidate, inside, homogeneous=False) or candidate, ()
    return None, walls


def _near(point: Point) -> Iterator[Point]:
    """Points in random directions, from far to near."""
    random = Random(0)
    size = max([Fraction(1), *map(abs, point)])
    for trial in range(_TRIALS):
        step = size / Fraction(4) ** (trial // 6 + 1)
        yield tuple(v + step * Fraction(random.randint(-999, 999), 1000) for v in point)


def off_walls(domain: Formula, walls: Walls) -> Formula:
    """The domain without these hyperplanes."""
    return Logic("and", (domain, *walls)) if walls else domain
