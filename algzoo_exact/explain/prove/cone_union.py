"""The closed form of the Gaussian measure of a union of cones, n <= 3.

Formula (1) of ``measure.flow``, P = P(l = 0) + sum of flows, for a direction u that may lie in
walls: a facet whose hyperplane holds u does not turn, and its flow is 0. Facets shared by two cones
cancel exactly. Every u gives the same number, some with fewer or simpler terms than others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, product

from algzoo_exact.errors import AlgzooExactError
from algzoo_exact.geometry.cone import Cone, IntVector, dot
from algzoo_exact.measure.flow import CellFlow, NotGenericError, directions_for
from algzoo_exact.score.closed_form import ClosedForm, Terms

_MANY = 1000  # cones; some 20 ms each for all directions
_RANDOM = 100  # a direction fails on finitely many lines only; one failure is rare


def union_measure(cones: Sequence[Cone]) -> ClosedForm:
    """The measure of cones in R^n, n = 1 .. 3, that share no interior points.

    Of the directions with entries -1, 0 and 1, the one with the shortest closed form; the first
    that will do, where there are many cones.
    """
    if not cones:
        return ClosedForm(Fraction(0), ())
    n = cones[0].dimension
    assert n <= 3, n
    if n == 1:
        return ClosedForm(Fraction(len(cones), 2), ())
    slim = [cone.irredundant() for cone in cones]
    found = list(islice(_forms(slim, _small_directions(n)), 1 if len(slim) > _MANY else None))
    if not found:
        found = list(islice(_forms(slim, islice(directions_for(n), _RANDOM)), 1))
    if not found:
        raise AlgzooExactError(f"None of {_RANDOM} directions is generic for these cones.")
    return min(found, key=lambda form: (len(form.terms), len(str(form))))


def _small_directions(n: int) -> Iterator[IntVector]:
    """One of each pair u, -u, axes first."""
    vectors = sorted(product((1, 0, -1), repeat=n), key=lambda u: sum(map(abs, u)))
    return (u for u in vectors if next((c for c in u if c), 0) > 0)


def _forms(cones: Sequence[Cone], directions: Iterator[IntVector]) -> Iterator[ClosedForm]:
    for u in directions:
        terms = Terms()
        try:
            for cone in cones:
                _add(cone, u, terms)
        except NotGenericError:
            continue
        yield terms.form()


def _add(cone: Cone, u: IntVector, terms: Terms) -> None:
    flow = CellFlow.of(cone, u)
    for facet in flow.facets:
        if dot(flow.normal(facet.wall), u):
            terms.add_flow(flow, facet, Fraction(1))
    terms.constant += flow.at_zero()
