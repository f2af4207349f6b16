"""R^n cut into cones on which a question about a program has one answer.

A question is asked about one pointed cone at a time. A form has one sign on a cone if its values on
the extreme rays have; a maximum is linear there if one of its forms is the greatest on all rays.
Where a question needs a form that changes sign, the cone is cut in two along it, and the question
is asked of both parts (depth first). So only what the question needs is ever decided.

All is in integers. Inputs that do not occur are left out. Atoms are scaled by common denominators,
so that each is an integer functional of the inputs, whichever forms of the maxima win.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import lcm
from typing import Generic, TypeAlias

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.errors import AlgzooExactError
from algzoo_exact.explain.language.expression import RELATIONS, Formula, Term, connect
from algzoo_exact.explain.logic.conditions import Condition, Form, Sign, forms_of, truth
from algzoo_exact.explain.logic.linear_forms import Linear
from algzoo_exact.explain.logic.system import Atom, Maximum
from algzoo_exact.explain.outcome import Answer, Cut, Leaf, Tree, leaves
from algzoo_exact.geometry.cone import Cone, IntVector, dot, independent, primitive
from algzoo_exact.program.ir import Program

_DEEPEST = 250  # cuts, one within the other; each is a frame on Python's stack


Pairs: TypeAlias = tuple[tuple[int, int], ...]
"""Atoms with integer factors."""


class OutOfReachError(AlgzooExactError):
    """Cells cannot answer: constants in a condition, too many inputs, or a limit that struck."""


@dataclass(frozen=True, eq=False)
class Row:
    """``scale`` > 0 times a form, as integer multiples of scaled atoms."""

    pairs: Pairs
    scale: int


class Space:
    """The conditions and terms of one question, in integers over the inputs that occur.

    ``inputs`` are those inputs' indices: the coordinates of all cones. ``units`` are the atoms that
    are inputs, as functionals; ``choices`` the forms of those that are maxima, on one scale each.
    OutOfReachError for conditions and terms with a constant, which cones cannot decide, and once
    the deadline passes. ``bounded``: what bounds tell of maxima is used,
    as by ``Linear``.
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
        self.choices: dict[int, list[Pairs]] = {}
        self.units: dict[int, IntVector] = {}
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
            self.choices[number] = [self._pairs(form, scale) for form in atom.forms]
        else:
            self._scales[number] = 1
            self.units[number] = tuple(int(i == atom.indices[0]) for i in self.inputs)

    def _denominator(self, form: Form) -> int:
        return lcm(*((c / self._scales[atom]).denominator for atom, c in form.terms))

    def _pairs(self, form: Form, scale: int) -> Pairs:
        return tuple((atom, int(c * scale / self._scales[atom])) for atom, c in form.terms)

    def row(self, form: Form) -> Row:
        """A form of the conditions or terms, in integers."""
        if form not in self._rows:
            scale = self._denominator(form)
            self._rows[form] = Row(self._pairs(form, scale), scale)
        return self._rows[form]

    def lift(self, point: Sequence[int | Fraction]) -> tuple[Fraction, ...]:
        """A point of the space as an input (n) of the program; inputs that do not occur are 0."""
        known = dict(zip(self.inputs, point, strict=True))
        return tuple(Fraction(known.get(i, 0)) for i in range(self.program.seq_len))

    def first_walls(self) -> tuple[IntVector, ...]:
        """Independent normals, as many as inputs: the question's own as far as there are any."""
        waiting = [row.pairs for row in self._rows.values()]
        for first, *others in self.choices.values():
            waiting += [_difference(first, other) for other in others]
        vectors = [
            primitive(combined(pairs, self.units, len(self.inputs)))
            for pairs in waiting
            if all(atom in self.units for atom, _ in pairs)
        ]
        vectors += self.units.values() or [(1,)]
        return tuple(vectors[i] for i in independent(vectors))


@dataclass(frozen=True)
class CellLimits:
    """Nothing after the ``deadline``, and at most so many ``cells``, and ``inputs`` that occur."""

    deadline: Deadline = NEVER
    cells: int = 20_000
    inputs: int = 10


class OpenSign(Exception):  # noqa: N818 (a signal: the cone is to be cut along this normal)
    """The answer depends on the sign of a form that changes sign on the cone."""

    def __init__(self, normal: IntVector) -> None:
        self.normal = normal


@dataclass(frozen=True, eq=False)
class Node:
    """One cone of a search, with what is known on it: functionals of atoms, signs of rows."""

    space: Space
    cone: Cone
    _atoms: dict[int, IntVector] = field(repr=False)
    _signs: dict[Row, int] = field(repr=False)

    def functional(self, row: Row) -> IntVector:
        """A row as a functional; OpenSign if it is not linear on the cone."""
        self._resolve(row.pairs)
        return combined(row.pairs, self._atoms, self.cone.dimension)

    def _resolve(self, pairs: Pairs) -> None:
        """Makes the functionals of atoms, and of those that they depend on, known."""
        waiting = [atom for atom, _ in pairs if atom not in self._atoms]
        while waiting:
            atom = waiting.pop()
            if atom in self._atoms:
                continue
            choices = self.space.choices[atom]
            first = [a for form in choices for a, _ in form if a not in self._atoms]
            if first:
                waiting += (atom, *first)
            else:
                self._atoms[atom] = self._greatest(choices)

    def _greatest(self, choices: Sequence[Pairs]) -> IntVector:
        n = self.cone.dimension
        functionals = [combined(pairs, self._atoms, n) for pairs in choices]
        values = [[dot(f, ray) for ray in self.cone.rays] for f in functionals]
        # The winner in the interior, where rays add up; ties there are no matter.
        best = max(range(len(values)), key=lambda k: sum(values[k]))
        for k, theirs in enumerate(values):
            if any(a < b for a, b in zip(values[best], theirs, strict=True)):
                mine = functionals[best]
                raise OpenSign(tuple(a - b for a, b in zip(mine, functionals[k], strict=True)))
        return functionals[best]

    def holds(
        self,
        condition: Condition,
        rays: Sequence[IntVector] | None = None,
        *,
        almost: bool = False,
    ) -> bool:
        """Whether a condition holds at all points within the face of some rays: their positive
        combinations. Without rays, within the cone.

        OpenSign if it holds at some of them and not at others. ``almost`` ignores null sets within
        the cone, so that equations are false unless they hold everywhere.
        """

        def of_sign(part: Sign) -> bool:
            row = self.space.row(part.form)
            sign = self._sign(row, rays)
            if sign is not None:
                return bool(RELATIONS[part.op](sign, 0))
            if almost and part.op == "==":
                return False
            raise OpenSign(self.functional(row))

        return truth(condition, of_sign)

    def _sign(self, row: Row, rays: Sequence[IntVector] | None) -> int | None:
        """Within the face of the rays, or within the cone; None if it changes there."""
        if rays is None and row in self._signs:
            return self._signs[row]
        normal = self.functional(row)
        values = [dot(normal, ray) for ray in (self.cone.rays if rays is None else rays)]
        above, below = max(values) > 0, min(values) < 0
        if above and below:
            return None
        sign = int(above) - int(below)
        if rays is None:
            self._signs[row] = sign
        return sign

    def may_hold(self, condition: Condition) -> bool:
        """False only if the condition holds nowhere on the closed cone but perhaps at 0.

        OpenSign if a maximum that matters is not linear.
        """
        if isinstance(condition, bool):
            return condition
        if isinstance(condition, Sign):
            normal = self.functional(self.space.row(condition.form))
            values = [dot(normal, ray) for ray in self.cone.rays]
            if condition.op == "==":
                return min(values) <= 0 <= max(values)
            return bool(RELATIONS[condition.op](max(values), 0))
        if condition.op == "not":
            (part,) = condition.parts
            assert isinstance(part, Sign), "negation() leaves 'not' on equations only"
            return any(self.functional(self.space.row(part.form)))
        return connect(condition.op, map(self.may_hold, condition.parts))

    def faces(self) -> Iterator[list[IntVector]]:
        """The rays of each face, the cone itself first; 0 alone is left out."""
        rays, on = self.cone.rays, set(map(self.cone.on, self.cone.walls))
        fresh = [(1 << len(rays)) - 1]
        found = set(fresh)
        while fresh:
            mask = fresh.pop()
            meets = {mask & other for other in on} - found
            found |= meets
            fresh += meets
        for mask in sorted(found, key=lambda mask: -mask.bit_count()):
            if mask:
                yield [ray for r, ray in enumerate(rays) if mask >> r & 1]

    def cut(self, normal: IntVector) -> tuple[Node, Node]:
        below, above = self.cone.split(normal, len(self.cone.walls))
        assert below, "a normal that does not cut"
        assert above, "a normal that does not cut"
        copy = Node(self.space, below, dict(self._atoms), dict(self._signs))
        return copy, Node(self.space, above, self._atoms, self._signs)


@dataclass
class Search(Generic[Answer]):
    """One question, asked of cones that together cover the space.

    ``ask`` answers for a node, or raises OpenSign. Where both sides of a cut have the same answer
    everywhere, they become one leaf again if ``merge``. So many cones are ``decided`` so far.
    """

    space: Space
    ask: Callable[[Node], Answer]
    limits: CellLimits
    merge: bool = False
    decided: int = field(default=0, init=False)

    def run(self) -> Tree[Answer]:
        """OutOfReachError if more inputs occur than the limit allows."""
        occurring = len(self.space.inputs)
        if occurring > self.limits.inputs:
            raise OutOfReachError(f"{occurring} inputs occur in it, too many for cells")
        walls = self.space.first_walls()
        return self._start(walls, Cone.from_inequalities(walls), 0)

    def whole(self) -> list[tuple[Cone, Answer]]:
        """All cones with their answers; OutOfReachError where a limit struck before."""
        found = []
        for leaf in leaves(self.run()):
            if leaf.answer is None:
                raise OutOfReachError(f"cells stopped after {self.decided} cones")
            found.append((leaf.cone, leaf.answer))
        return found

    def _start(self, walls: tuple[IntVector, ...], cone: Cone | None, k: int) -> Tree[Answer]:
        """All cones whose walls are the first ones: one cone's rays, each or its opposite."""
        assert cone is not None
        if k == len(walls):
            return self._search(Node(self.space, cone, dict(self.space.units), {}), 0)
        below = self._start(walls, cone.mirrored(k), k + 1)
        return Cut(walls[k], below, self._start(walls, cone, k + 1))

    def _search(self, node: Node, depth: int) -> Tree[Answer]:
        limits = self.limits
        if self.decided >= limits.cells or limits.deadline.passed or depth > _DEEPEST:
            return Leaf(node.cone, None)
        try:
            answer = self.ask(node)
        except OpenSign as signal:
            normal = signal.normal
        else:
            self.decided += 1
            return Leaf(node.cone, answer)
        sides = node.cut(normal)
        below, above = self._search(sides[0], depth + 1), self._search(sides[1], depth + 1)
        if self.merge and isinstance(below, Leaf) and isinstance(above, Leaf):
            same = below.answer == above.answer
            if same and below.answer is not None:
                return Leaf(node.cone, below.answer)
        return Cut(normal, below, above)


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
