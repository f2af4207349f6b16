"""Gaussian measures of cones and orthant probabilities, rigorous, by the squash flow: formula (1)
of ``measure.flow``, n <= 9.

The measure of a cone under the standard Gaussian is its solid angle as a fraction of the whole.
P(X > 0 in every entry), X ~ N(0, R), is the measure of {y : A y >= 0} for any A with A A^T = R.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from fractions import Fraction
from functools import partial
from itertools import islice

from flint import arb, arb_mat

from algzoo_exact.errors import AlgzooExactError, InputError, demand
from algzoo_exact.exact.enclosure import Enclosure, PrecisionError, refine, to_arb
from algzoo_exact.geometry.cone import Cone, IntVector, NotPointedError, primitive
from algzoo_exact.measure.flow import MOST_INPUTS, CellFlow, NotGenericError, directions_for

Number = int | float | Fraction
_DIGITS = {n: 30 if n <= 5 else 12 for n in range(1, MOST_INPUTS + 1)}  # by default
_DIRECTIONS = 100  # a direction fails on finitely many hyperplanes only; one failure is rare
_SPARE_BITS = 32


def cone_measure(
    cone: Cone | Sequence[Sequence[Number]] | None = None,
    *,
    rays: Sequence[Sequence[Number]] | None = None,
    digits: int | None = None,
) -> Enclosure:
    """The probability that a standard Gaussian point of R^n, n = 1 .. 9, lies in a cone.

    ``cone`` is a ``Cone``, or the rows a of {x : a.x >= 0 for all rows}, (m, n), which may be
    redundant; or ``rays`` (m, n) span it. Numbers are taken exactly, floats too. A cone without
    interior has measure 0.

    The enclosure is no wider than 10**-``digits``: 30 by default for n <= 5, 12 for n = 6 to 9.

    InputError for n > 9, for rows that do not fit, and for a cone that holds a line.
    """
    if (cone is None) == (rays is None):
        raise InputError("Give a cone (a Cone, or its rows) or rays, one of the two.")
    if isinstance(cone, Cone):
        whole: Cone | None = cone
    elif cone is not None:
        whole = _from_rows(_integer_rows(cone, "row"))
    else:
        assert rays is not None
        whole = _from_rays(_integer_rows(rays, "ray"))
    if whole is None:
        return Enclosure.exactly(0)
    width = Fraction(1, 10 ** _checked(whole.dimension, digits))
    if whole.dimension == 1:
        return Enclosure.exactly(Fraction(1, 2))
    slim = whole.irredundant()

    def value(u: IntVector) -> arb:
        return CellFlow.of(slim, u).measure()

    inside = Enclosure(Fraction(0), Fraction(1, 2))  # as for any pointed cone
    return narrow_along(whole.dimension, value, width).intersect(inside)


def orthant_probability(
    correlation: Sequence[Sequence[Number]], *, digits: int | None = None
) -> Enclosure:
    """P(all entries of X are positive) for X ~ N(0, ``correlation``), (n, n), n = 1 .. 9.

    Any covariance matrix will do; numbers are taken exactly, floats too. ``digits`` as for
    ``cone_measure``.

    InputError for n > 9 and for a matrix that is not symmetric and positive definite.
    """
    matrix = [[_fraction(value) for value in row] for row in _listed(correlation)]
    n = len(matrix)
    if not n or any(len(row) != n for row in matrix):
        raise InputError("A correlation matrix has as many columns as rows, and at least one.")
    if any(matrix[i][k] != matrix[k][i] for i in range(n) for k in range(i)):
        raise InputError("A correlation matrix is symmetric; this one is not.")
    width = Fraction(1, 10 ** _checked(n, digits))
    lower, diagonal = _factors(matrix)
    if n == 1:
        return Enclosure.exactly(Fraction(1, 2))
    tight = [sum(1 << wall for wall in range(n) if wall != ray) for ray in range(n)]

    def value(u: IntVector) -> arb:
        roots = [to_arb(d).sqrt() for d in diagonal]
        normals = [[to_arb(c) * root for c, root in zip(row, roots, strict=True)] for row in lower]
        try:
            rays = arb_mat(normals).inv().transpose().tolist()
        except ZeroDivisionError:
            raise PrecisionError("normals are not known to be independent") from None
        return CellFlow(tight, normals.__getitem__, rays, u).measure()

    return narrow_along(n, value, width)


def narrow_along(
    n: int, value: Callable[[IntVector], arb], width: Fraction, spare_bits: int = _SPARE_BITS
) -> Enclosure:
    """An enclosure no wider than ``width`` of what ``value`` computes, at flint's precision, from
    any direction in R^n that is generic for it."""
    bits = spare_bits + 10 * len(str(width.denominator)) // 3
    for u in islice(directions_for(n), _DIRECTIONS):
        with suppress(NotGenericError, ArithmeticError):  # the latter if no precision will do
            return refine(partial(value, u), width, start=bits)
    raise AlgzooExactError(f"None of {_DIRECTIONS} directions is generic for this cone.")


def _factors(matrix: list[list[Fraction]]) -> tuple[list[list[Fraction]], list[Fraction]]:
    """L and D with L D L^T the matrix, L unit lower triangular; InputError unless D > 0."""
    n = len(matrix)
    lower = [[Fraction(int(i == k)) for k in range(n)] for i in range(n)]
    diagonal: list[Fraction] = []
    for k in range(n):
        pivot = matrix[k][k] - sum(lower[k][j] ** 2 * diagonal[j] for j in range(k))
        if pivot <= 0:
            raise InputError("The correlation matrix is not positive definite.")
        diagonal.append(pivot)
        for i in range(k + 1, n):
            known = sum(lower[i][j] * lower[k][j] * diagonal[j] for j in range(k))
            lower[i][k] = (matrix[i][k] - known) / pivot
    return lower, diagonal


def _listed(rows: Sequence[Sequence[Number]]) -> list[Sequence[Number]]:
    """The rows of a matrix; InputError for what has none."""
    demand(rows, Iterable, "A matrix is made of rows of numbers")
    for row in rows:
        demand(row, Iterable, "A row of a matrix is made of numbers")
    return [*rows]


def _fraction(value: Number) -> Fraction:
    try:
        return Fraction(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{value!r} is not a finite number.") from None


def _integer_rows(rows: Sequence[Sequence[Number]], name: str) -> list[IntVector]:
    """Positive multiples of the rows in integers."""
    exact = [[_fraction(value) for value in row] for row in _listed(rows)]
    if not exact or not exact[0] or any(len(row) != len(exact[0]) for row in exact):
        raise InputError(f"Give at least one {name}, all of the same length.")
    if not all(any(row) for row in exact):
        raise InputError(f"A {name} is zero; leave it out.")
    scales = [math.lcm(*(value.denominator for value in row)) for row in exact]
    return [
        primitive(tuple(int(value * scale) for value in row))
        for row, scale in zip(exact, scales, strict=True)
    ]


def _from_rows(rows: list[IntVector]) -> Cone | None:
    try:
        return Cone.from_inequalities(rows)
    except NotPointedError:
        raise InputError(
            "The rows leave a line in the cone; measure the part orthogonal to it."
        ) from None


def _from_rays(rays: list[IntVector]) -> Cone | None:
    """The facets' normals are the rays of the dual cone, {a : a.r >= 0 for all rays r}."""
    try:
        dual = Cone.from_inequalities(rays)
    except NotPointedError:
        return None  # they lie in a hyperplane
    if dual is None:
        raise InputError("The rays do not lie on one side of a hyperplane: they hold a line.")
    return Cone.from_inequalities(dual.rays)


def _checked(n: int, digits: int | None) -> int:
    if n > MOST_INPUTS:
        raise InputError(f"Measures of cones reach n = {MOST_INPUTS}, not {n}.")
    if digits is not None and not 1 <= digits <= 1000:
        raise InputError(f"digits must be from 1 to 1000, not {digits}.")
    return _DIGITS[n] if digits is None else digits
