"""Conditions decided cell by cell: where they hold, and whether they hold everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from random import Random

from algzoo_exact.explain.language.expression import EVERYWHERE, Formula, fails_at
from algzoo_exact.explain.logic.farkas import NO_FACTS
from algzoo_exact.explain.outcome import Argument, Cells, Outcome, Point, leaves
from algzoo_exact.explain.prove.cell_search import CellLimits, Node, OutOfReachError, Search, Space
from algzoo_exact.explain.prove.counterexamples import shorten
from algzoo_exact.explain.prove.facts import Question
from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.program.ir import Program

_LIMITS = CellLimits()
_TRIES = 100  # points of a cell tried for one that is on no wall; a random one is, hardly ever


@dataclass(frozen=True)
class ConditionCells:
    """Cones that cover the space of the ``inputs`` that occur, by whether a condition holds.

    On ``where`` it holds almost everywhere, on ``where_not`` almost nowhere; ``undecided`` cones
    are left over where a limit struck.
    """

    inputs: tuple[int, ...]
    where: tuple[Cone, ...]
    where_not: tuple[Cone, ...]
    undecided: tuple[Cone, ...]


def condition_cells(
    program: Program, formula: Formula, limits: CellLimits = _LIMITS
) -> ConditionCells:
    """Where the formula holds; OutOfReachError if cones cannot tell."""
    space = Space(program, [formula], deadline=limits.deadline)
    (condition,) = space.conditions
    search = Search(space, lambda node: node.holds(condition, almost=True), limits, merge=True)
    found: dict[bool | None, list[Cone]] = {True: [], False: [], None: []}
    for leaf in leaves(search.run()):
        found[leaf.answer].append(leaf.cone)
    return ConditionCells(space.inputs, *(tuple(found[key]) for key in (True, False, None)))


def decide_by_cells(
    program: Program,
    statement: Formula,
    *,
    domain: Formula = EVERYWHERE,
    almost: bool = False,
    limits: CellLimits = _LIMITS,
    bounded: bool = True,
) -> Outcome:
    """Does the statement hold at every input in the domain (``almost``: but for a null set)?

    Verdict unknown where cells are out of reach, or a limit struck. The statement Truth(False)
    asks whether the domain is empty (or null). InputError for entries that the program has not.
    What is proved without bounds (``Space``) can be followed without them.
    """

    def fails(point: Point) -> bool:
        return fails_at(program, statement, domain, point)

    def ask(node: Node) -> bool:
        """True if the statement fails nowhere on the closed cone (or almost nowhere)."""
        if almost:
            if node.holds(counter, almost=True):
                raise _FoundError(list(node.cone.rays), node.cone)
        elif node.may_hold(counter):
            for rays in node.faces():
                if node.holds(counter, rays):
                    raise _FoundError(rays)
        return True

    try:
        false = Question(statement, domain).false
        space = Space(program, [false], deadline=limits.deadline, bounded=bounded)
        (counter,) = space.conditions
        search = Search(space, ask, limits)
        if not almost and fails(space.lift([0] * len(space.inputs))):
            raise _FoundError([])
        tree = search.run()
    except OutOfReachError as error:
        return Outcome.unknown(str(error), "regions")
    except _FoundError as found:
        point = _witness(space, found, fails)
        done = f"{search.decided} cones, then one where it fails"
        return Outcome.refuted(point, statement, domain, "regions", done)
    undecided = sum(leaf.answer is None for leaf in leaves(tree))
    if undecided:
        done = f"{search.decided} cones decided, {undecided} not"
        return Outcome.unknown(f"cells stopped: {done}", "regions", (done,))
    evidence = Cells(space.inputs, tree)
    argument = Argument(domain, statement, NO_FACTS, "regions", evidence)
    proved = Outcome.proved("regions", f"{search.decided} cones")
    return replace(proved, arguments=(argument,))


class _FoundError(Exception):
    """The rays of a face on which the statement fails (none: at 0); or a whole cone, on which it
    fails almost everywhere."""

    def __init__(self, rays: list[IntVector], cone: Cone | None = None) -> None:
        self.rays, self.cone = rays, cone


def _witness(space: Space, found: _FoundError, fails: Callable[[Point], bool]) -> Point:
    """A point within the face where the statement fails, checked exactly."""
    if not found.rays:
        return space.lift([0] * len(space.inputs))

    def refutes(values: Point) -> bool:
        if found.cone is not None and not _inside(found.cone, space, values):
            return False  # beyond the cone it might fail on a null set only
        return fails(values)

    for point in _points_within(found.rays):
        inner = space.lift(point)
        if refutes(inner):
            return shorten(inner, refutes, homogeneous=True) or inner
    raise AssertionError("a cell that exact evaluation does not confirm")


def _points_within(rays: list[IntVector]) -> Iterator[IntVector]:
    """Positive combinations of rays: one in the middle, then others in pseudo-random order."""
    random = Random(0)
    size = max(max(map(abs, ray)) for ray in rays)
    factors = [max(1, size // max(map(abs, ray))) for ray in rays]
    for _ in range(_TRIES):
        yield tuple(
            sum(factor * c for factor, c in zip(factors, column, strict=True))
            for column in zip(*rays, strict=True)
        )
        factors = [factor * random.randint(1, 9) for factor in factors]


def _inside(cone: Cone, space: Space, point: Point) -> bool:
    """Whether a point is in the interior of a cone in the space."""
    return all(
        sum((c * point[i] for i, c in zip(space.inputs, a, strict=True)), Fraction(0)) > 0
        for a in cone.inequalities
    )
