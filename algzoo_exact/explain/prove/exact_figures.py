"""Exact probabilities and errors of conditions and terms, from cells of constant or linear answers.

The space of the inputs that occur is cut into cones, whose Gaussian measures and moments are
enclosed rigorously (n <= 6 inputs that occur), with closed forms of probabilities for n <= 3.
Suprema of errors are exact rationals: the ratio of two linear forms on a cone is greatest on an
extreme ray.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import gcd, lcm
from typing import Literal

from algzoo_exact.deadline import Deadline
from algzoo_exact.exact.enclosure import Enclosure, square_root
from algzoo_exact.explain.language.cases import cases_of_all
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Apply,
    Formula,
    Term,
    every,
)
from algzoo_exact.explain.outcome import Figure
from algzoo_exact.explain.prove.cell_decision import condition_cells
from algzoo_exact.explain.prove.cell_search import (
    CellLimits,
    Node,
    OpenSign,
    OutOfReachError,
    Search,
    Space,
)
from algzoo_exact.explain.prove.cone_union import union_measure
from algzoo_exact.geometry.cone import Cone, IntVector, dot, primitive
from algzoo_exact.measure.cone_measure import cone_measure
from algzoo_exact.measure.cone_moments import first_moment, second_moment
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Program
from algzoo_exact.score.by_closed_form import CLOSED_FORM_UP_TO

MeanError = Literal["mean", "root_mean_square"]

_LIMITS = CellLimits()
_NOTHING = Enclosure.exactly(0)
_SPARE_DIGITS = 4


def probability(
    program: Program, formula: Formula, *, digits: int = 30, limits: CellLimits = _LIMITS
) -> Figure:
    """The probability that the formula holds for standard Gaussian inputs.

    ``exact``: a rational, or an enclosure about 10**-digits wide, for up to 3 inputs with a closed
    form. ``certified``: a limit struck, and the enclosure leaves room for what was not decided.
    OutOfReachError where nothing can be said.
    """
    deadline = limits.deadline
    # Half of the time is for measures, which end with 6 inputs.
    inputs = min(limits.inputs, LARGEST_DIMENSION)
    half = replace(limits, inputs=inputs, deadline=deadline.part(0.5))
    cells = condition_cells(program, formula, half)
    if not cells.undecided:
        if not cells.where or not cells.where_not:
            return Figure.of("probability", Fraction(bool(cells.where)))
        if len(cells.inputs) <= CLOSED_FORM_UP_TO:
            form = union_measure(cells.where)
            if not form.terms:
                return Figure.of("probability", form.constant)
            enclosure = form.enclosure(Fraction(1, 10**digits))
            return Figure("probability", "exact", enclosure, closed_form=str(form))
        few = min(cells.where, cells.where_not, key=len)
        mass, whole = _mass(few, digits, deadline)
        if whole:
            inside = mass if few is cells.where else mass.complement
            return Figure("probability", "exact", inside)
    low, _ = _mass(cells.where, digits, deadline)
    high, _ = _mass(cells.where_not, digits, deadline)
    enclosure = Enclosure(low.lower, 1 - high.lower)
    return Figure("probability", "certified", enclosure)


def supremum(
    program: Program,
    left: Term,
    right: Term,
    scale: Term,
    *,
    domain: Formula = EVERYWHERE,
    limits: CellLimits = _LIMITS,
) -> Figure:
    """The supremum of |left - right| / scale over the domain, an exact rational.

    ``witness`` is an input where it is attained: in the domain, or on its boundary. Where the
    scale is 0 both must be equal, and it must not be negative: else the supremum is infinite,
    ``enclosure`` and ``rational`` are None, and the witness shows where. 0 if all errors are 0,
    and if the domain is empty; there is no witness then. OutOfReachError where cells cannot tell.
    """
    space = _space(program, domain, [Apply("sub", (left, right)), scale], limits.deadline)
    greatest = _Greatest(space)
    Search(space, greatest.look, limits).whole()
    if greatest.ray is None:
        return Figure.of("supremum", Fraction(0))
    size = max(map(abs, greatest.ray))
    witness = space.lift([Fraction(c, size) for c in greatest.ray])
    if greatest.ratio is None:
        return Figure("supremum", "exact", witness=witness)
    return Figure.of("supremum", greatest.ratio, witness)


def _space(program: Program, domain: Formula, terms: Sequence[Term], deadline: Deadline) -> Space:
    """The domain and the terms; case by case, where the terms have cases."""
    cases = list(cases_of_all(tuple(terms)))
    conditions = [every([domain, *case]) for case, _ in cases]
    return Space(program, conditions, [term for _, all_of in cases for term in all_of], deadline)


class _Greatest:
    """The greatest error seen, and the ray on which it is; ``ratio`` None: infinite."""

    def __init__(self, space: Space) -> None:
        pairs = zip(space.rows[::2], space.rows[1::2], strict=True)
        self._cases = list(zip(space.conditions, pairs, strict=True))
        self.ratio: Fraction | None = Fraction(0)
        self.ray: IntVector | None = None

    def look(self, node: Node) -> bool:
        """Looks at the rays of all faces on which the domain, and a case, holds; errors are linear
        there."""
        for domain, (gap, scale) in self._cases:
            if not node.may_hold(domain):
                continue
            rays: dict[IntVector, None] = {}
            for face in node.faces():
                if node.holds(domain, face):
                    rays |= dict.fromkeys(face)
                if len(rays) == len(node.cone.rays):
                    break
            if rays:
                error, size = node.functional(gap), node.functional(scale)
                for ray in rays:
                    self._compare(
                        abs(dot(error, ray)) * scale.scale, dot(size, ray) * gap.scale, ray
                    )
        return True

    def _compare(self, gap: int, scale: int, ray: IntVector) -> None:
        if self.ratio is None or (gap == 0 and scale >= 0):
            return
        ratio = Fraction(gap, scale) if scale > 0 else None
        if ratio is None or ratio > self.ratio:
            self.ratio, self.ray = ratio, ray


def mean_error(
    program: Program,
    left: Term,
    right: Term,
    *,
    domain: Formula = EVERYWHERE,
    error: MeanError = "mean",
    digits: int = 12,
    limits: CellLimits = _LIMITS,
) -> Figure:
    """E|left - right|, or sqrt(E[(left - right)^2]), for standard Gaussian inputs in the domain.

    The enclosure is about 10**-digits wide, more if the domain has a small probability.
    OutOfReachError where cells cannot tell, or the domain is a null set.
    """
    deadline = limits.deadline
    given = probability(program, domain, digits=digits + _SPARE_DIGITS, limits=limits)
    assert given.enclosure is not None
    if given.kind != "exact" or given.enclosure.lower <= 0:
        raise OutOfReachError("the probability of the domain is 0, or was not found exactly")
    space = _space(program, domain, [Apply("sub", (left, right))], deadline)
    if len(space.inputs) > LARGEST_DIMENSION:
        raise OutOfReachError(f"{len(space.inputs)} inputs occur in it, too many for measures")
    unit = lcm(*(row.scale for row in space.rows))

    def ask(node: Node) -> IntVector:
        """The error as a functional, not negative for a mean; () outside the domain."""
        pairs = zip(space.conditions, space.rows, strict=True)
        gap = next((row for case, row in pairs if node.holds(case, almost=True)), None)
        if gap is None:
            return ()
        functional = tuple(c * unit // gap.scale for c in node.functional(gap))
        values = [dot(functional, ray) for ray in node.cone.rays]
        if error == "root_mean_square" or min(values) >= 0:
            return functional
        if max(values) > 0:
            raise OpenSign(functional)
        return tuple(-c for c in functional)

    half = replace(limits, deadline=deadline.part(0.5))
    found = Search(space, ask, half, merge=True).whole()
    pieces = [(cone, gap) for cone, gap in found if any(gap)]
    if not pieces:
        return Figure.of(error, Fraction(0))
    total = _moments(pieces, unit, error, digits, deadline)
    low, high = given.enclosure.lower, given.enclosure.upper
    mean = Enclosure(max(Fraction(0), total.lower / high), total.upper / low)
    return Figure(error, "exact", mean if error == "mean" else square_root(mean))


def _moments(
    pieces: list[tuple[Cone, IntVector]],
    unit: int,
    error: MeanError,
    digits: int,
    deadline: Deadline,
) -> Enclosure:
    """The sum of E[a.x] or E[(a.x)^2] over cones, with a = functional / unit."""
    # The error of a root is at most the root of the error.
    power, moment = (1, first_moment) if error == "mean" else (2, second_moment)
    digits = digits * power + len(str(len(pieces))) + _SPARE_DIGITS
    total = _NOTHING
    for cone, functional in pieces:
        if deadline.passed:
            raise OutOfReachError("the time limit struck between the cells' moments")
        a = primitive(functional)
        factor = Fraction(gcd(*functional), unit) ** power
        size = len(str(factor.numerator)) - len(str(factor.denominator)) + 1
        total = total.plus(moment(cone, a, digits=max(1, digits + size)).times(factor))
    return total


def _mass(cones: Iterable[Cone], digits: int, deadline: Deadline) -> tuple[Enclosure, bool]:
    """The measure of cones that share no interior, and whether all were measured in time."""
    total = _NOTHING
    for cone in cones:
        if deadline.passed:
            return total, False
        total = total.plus(cone_measure(cone.irredundant(), digits=digits + _SPARE_DIGITS))
    return total, True
