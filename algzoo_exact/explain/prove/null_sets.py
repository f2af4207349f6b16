"""Counterexamples that are more than a null set: points around which a formula keeps holding."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random
from typing import TypeAlias

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.explain.language.expression import (
    Compare,
    Entry,
    Formula,
    Logic,
    Number,
    Term,
    scaled,
    total,
)
from algzoo_exact.explain.logic.conditions import Condition, Form, forms_of, holds
from algzoo_exact.explain.logic.linear_forms import Linear, Maximum, expanded, winners
from algzoo_exact.explain.outcome import Point
from algzoo_exact.explain.prove.counterexamples import shorten
from algzoo_exact.program.ir import Program

Walls: TypeAlias = tuple[tuple[tuple[tuple[int, Fraction], ...], Fraction], ...]
"""Hyperplanes sum c x[t] + constant = 0 as (((t, c), ..), constant), not all c being 0."""

_TRIALS = 60


class _Local:
    """A formula as a condition on the inputs, and its linear pieces around points."""

    def __init__(self, program: Program, formula: Formula, deadline: Deadline) -> None:
        self._linear = Linear(program)
        self._linear.deadline = deadline
        self._condition: Condition = self._linear.condition(formula)
        self._atoms = self._linear.needed([self._condition])

    def holds(self, point: Point) -> bool:
        return holds(self._condition, self._values(point))

    def walls(self, point: Point) -> Walls:
        """Forms that change sign at the point, where the formula looks at their signs.

        Where there are none, all signs stay as they are around the point, or are of forms that
        vanish in a neighbourhood; so the formula's truth is that of the whole neighbourhood.
        """
        values = self._values(point)
        forms = winners(self._linear, self._atoms, values)
        found: dict[Form, None] = {}
        for number in self._atoms:
            atom = self._linear.atoms[number]
            for form in atom.forms if isinstance(atom, Maximum) else ():
                if form.value(values) == values[number]:
                    found[forms[number].plus(expanded(form, forms), -1)] = None
        for form in forms_of(self._condition):
            if form.value(values) == 0:
                found[expanded(form, forms)] = None
        return tuple(self._wall(form) for form in found if form.terms)

    def _wall(self, form: Form) -> tuple[tuple[tuple[int, Fraction], ...], Fraction]:
        """Scaled to first coefficient 1, so that each wall is met under one name."""
        form = form.times(1 / form.terms[0][1])
        terms = []
        for number, c in form.terms:
            atom = self._linear.atoms[number]
            assert isinstance(atom, Entry)
            terms.append((atom.indices[0], c))
        return tuple(terms), form.constant

    def _values(self, point: Point) -> dict[int, Fraction]:
        return self._linear.values(lambda entry: point[entry.indices[0]], self._atoms)


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
    if not walls:
        return domain
    zero = Number(Fraction(0))
    return Logic("and", (domain, *(Compare("!=", _term(wall), zero) for wall in walls)))


def _term(wall: tuple[tuple[tuple[int, Fraction], ...], Fraction]) -> Term:
    terms, constant = wall
    parts = [scaled(c, Entry("x", (t,))) for t, c in terms]
    return total([*parts, Number(constant)] if constant else parts)
