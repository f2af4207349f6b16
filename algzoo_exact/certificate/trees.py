"""Evidence by cones: the space of inputs cut until a formula is decided on each part.

What is decided on a cone is what the checker itself can tell there, so that no cone is written down
which it would not accept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from operator import mul
from random import Random
from typing import Any

from algzoo_exact.certificate.check import (
    MOST_CUTS,
    Condition,
    LimitError,
    Piece,
    Regions,
    RejectedError,
    Rewriting,
    complete_facets,
    faces_of,
    joined,
)
from algzoo_exact.certificate.nodes import Nodes
from algzoo_exact.explain.language.expression import Formula
from algzoo_exact.geometry.cone import Cone, IntVector, independent, primitive
from algzoo_exact.program.ir import Program

LARGEST = 5
"""Inputs that occur; beyond that there are too many cones."""
_MOST_CONES = 20_000
_POINTS = 5

Json = dict[str, Any]


class NoTreeError(Exception):
    """Cones do not tell, or would be too many."""


def proof_tree(program: Program, statement: Formula, domain: Formula, *, almost: bool) -> Json:
    """Cones on each of which the statement holds wherever the domain does; NoTreeError if none."""
    nodes = Nodes(program)
    rewriting = Rewriting(nodes.formulas)
    try:
        goal = rewriting.negation(rewriting.condition(nodes.number(statement)))
        counter = joined("and", [rewriting.condition(nodes.number(domain)), goal])
        return _Tree(Regions(rewriting, counter), almost, proof=True).cut()
    except (RejectedError, LimitError) as error:
        raise NoTreeError(str(error)) from error


def truth_tree(program: Program, formula: Formula) -> Json:
    """Cones on each of which the formula holds almost everywhere, or almost nowhere."""
    return _truths(program, formula).cut()


def true_points(program: Program, formula: Formula) -> Iterator[tuple[Fraction, ...]]:
    """Some points inside each cone on which the formula holds; none where cones do not tell."""
    try:
        tree = _truths(program, formula)
        tree.cut()
    except NoTreeError:
        return
    places, random = tree.regions.inputs, Random(0)
    for rays in tree.true:
        for _ in range(_POINTS):
            factors = [random.randint(1, 999) for _ in rays]
            totals = (sum(map(mul, factors, column)) for column in zip(*rays, strict=True))
            inside = dict(zip(places, totals, strict=True))
            yield tuple(Fraction(inside.get(i, 0)) for i in range(program.seq_len))


def _truths(program: Program, formula: Formula) -> _Tree:
    nodes = Nodes(program)
    rewriting = Rewriting(nodes.formulas)
    try:
        condition = rewriting.condition(nodes.number(formula))
        return _Tree(Regions(rewriting, condition), almost=True, proof=False)
    except (RejectedError, LimitError) as error:
        raise NoTreeError(str(error)) from error


@dataclass
class _Tree:
    """One condition, and the tree so far; for a ``proof`` it must hold nowhere."""

    regions: Regions
    almost: bool
    proof: bool
    items: list[Any] = field(default_factory=list)
    rays: dict[IntVector, int] = field(default_factory=dict)
    true: list[tuple[IntVector, ...]] = field(default_factory=list)
    """The rays of the cones on which it holds."""
    cones: int = 0

    def cut(self) -> Json:
        """NoTreeError if that takes too much."""
        try:
            return self._cut()
        except (RejectedError, LimitError) as error:
            raise NoTreeError(str(error)) from error

    def _cut(self) -> Json:
        size = len(self.regions.inputs)
        if size > LARGEST:
            raise NoTreeError(f"{size} inputs occur")
        self._units = [tuple(int(i == k) for i in range(size)) for k in range(size)]
        walls = self._first_walls()
        cone = Cone.from_inequalities(walls)
        assert cone is not None
        self._start(walls, cone, 0)
        return {
            "inputs": self.regions.inputs,
            "rays": [_text(ray) for ray in self.rays],
            "tree": self.items,
        }

    def _first_walls(self) -> list[IntVector]:
        """Independent normals, as many as inputs: those of the formula as far as there are any."""
        places = self.regions.places
        vectors = []
        for pairs in self.regions.rows:
            if all(atom in places for atom, _ in pairs):
                row = [0] * len(self._units)
                for atom, c in pairs:
                    row[places[atom]] = c
                vectors.append(primitive(tuple(row)))
        vectors += self._units
        return [vectors[i] for i in independent(vectors)]

    def _start(self, walls: list[IntVector], cone: Cone, k: int) -> None:
        """All cones between the first walls: one cone's rays, each or its opposite."""
        if k == len(walls):
            self._part(cone, 0, self.regions.condition)
            return
        self.items.append(_text(walls[k]))
        self._start(walls, cone.mirrored(k), k + 1)
        self._start(walls, cone, k + 1)

    def _part(self, cone: Cone, depth: int, condition: Condition) -> None:
        """A cone, cut as often as it takes; in it, the ``condition`` is true where the whole is."""
        piece = Piece(self.regions, cone.rays)
        condition = self._open_parts(piece, condition, (1 << len(cone.rays)) - 1)
        if isinstance(condition, bool) and self._settled(piece, cone, condition):
            self.cones += 1
            if self.cones > _MOST_CONES:
                raise NoTreeError(f"more than {_MOST_CONES} cones")
            numbers = [self.rays.setdefault(ray, len(self.rays)) for ray in cone.rays]
            self.items.append(sorted(numbers))
            if condition:
                self.true.append(cone.rays)
            return
        whole = self.regions.condition if isinstance(condition, bool) else condition
        normal = primitive(next(self._walls(piece, whole)))
        if depth + len(self._units) >= MOST_CUTS:
            raise NoTreeError("cuts lie too deep within each other")
        self.items.append(_text(normal))
        for side in cone.split(normal, len(cone.walls)):
            assert side is not None, "a normal that does not cut"
            self._part(side, depth + 1, condition)

    def _walls(self, piece: Piece, condition: Condition) -> Iterator[IntVector]:
        """Normals that cut the cone, on which something depends that is open there."""
        if isinstance(condition, bool):
            return
        op, inner = condition
        if op in ("and", "or", "not"):
            for part in inner:
                yield from self._walls(piece, part)
            return
        pairs = self.regions.rows[inner]
        values = piece.values(pairs)
        if values is None:
            yield from self._bends(piece, pairs)
        elif min(values) < 0 < max(values):
            yield self._normal(piece, pairs)

    def _bends(self, piece: Piece, pairs: list[tuple[int, int]]) -> Iterator[IntVector]:
        """Where a form bends within the cone."""
        for atom, _ in pairs:
            if piece.atom(atom) is not None:
                continue
            choices = self.regions.choices[atom]
            known = [(values, p) for p in choices if (values := piece.values(p)) is not None]
            if len(known) < len(choices):
                yield from (w for p in choices for w in self._bends(piece, p))
                continue
            best, chosen = max(known, key=lambda pair: sum(pair[0]))
            for values, other in known:
                if any(a < b for a, b in zip(best, values, strict=True)):
                    normals = self._normal(piece, chosen), self._normal(piece, other)
                    yield tuple(a - b for a, b in zip(*normals, strict=True))

    def _normal(self, piece: Piece, pairs: list[tuple[int, int]]) -> IntVector:
        """The linear function that a form is on the cone."""
        total = (0,) * len(self._units)
        for atom, factor in pairs:
            if atom in self.regions.places:
                row = self._units[self.regions.places[atom]]
            else:
                row = self._normal(piece, self.regions.choices[atom][piece.best[atom]])
            total = tuple(a + factor * b for a, b in zip(total, row, strict=True))
        return total

    def _open_parts(self, piece: Piece, condition: Condition, inside: int) -> Condition:
        """What is open in a cone. What is not stays as it is in all cones within that one."""
        if not isinstance(condition, bool) and condition[0] in ("and", "or"):
            op, parts = condition
            some, kept = bool(op == "or"), []
            for part in parts:
                found = self._open_parts(piece, part, inside)
                if found is some:
                    return some
                if not isinstance(found, bool):
                    kept.append(found)
            return (op, tuple(kept)) if kept else not some
        found = piece.truth(condition, inside, almost=self.almost)
        return condition if found is None else found

    def _settled(self, piece: Piece, cone: Cone, inside: bool) -> bool:
        """Whether the condition is decided on each face of a cone, when it is inside."""
        if inside and self.proof:
            raise NoTreeError("the statement fails on a cone")
        return self.almost or all(self._decided(piece, face) for face in self._faces(cone))

    def _faces(self, cone: Cone) -> list[int]:
        """All faces but the cone itself."""
        masks = [
            sum(1 << k for k, tight in enumerate(cone.tight) if tight >> wall & 1)
            for wall in cone.walls
        ]
        everything = (1 << len(cone.rays)) - 1
        facets = complete_facets(
            len(self._units), masks, len(cone.rays), self.regions.rewriting.budget
        )
        return sorted(faces_of(facets, everything) - {everything})

    def _decided(self, piece: Piece, face: int) -> bool:
        found = piece.truth(self.regions.condition, face, almost=self.almost)
        if found and self.proof:
            raise NoTreeError("the statement fails on a cone")
        return found is not None


def _text(vector: IntVector) -> str:
    return " ".join(map(str, vector))
