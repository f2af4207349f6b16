"""Gaussian measures of cones and orthant probabilities for everyone: public, rigorous, n <= 9.

The measure of a cone under the standard Gaussian is its solid angle as a fraction of the whole.
P(X > 0 in every entry), X ~ N(0, R), is the measure of {y : A y >= 0} for any A with A A^T = R.
Up to n = 5 ball arithmetic gives any number of digits; for n = 6 to 9 these are the facet flows
of ``facet_flow`` with frames from exact normals.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np
from flint import arb

from algzoo_exact.errors import AlgzooExactError, InputError
from algzoo_exact.exact.enclosure import Enclosure, refine, to_arb, working_precision
from algzoo_exact.geometry.cone import Cone, IntVector, NotPointedError, primitive
from algzoo_exact.measure.cone_measure import cone_measure as measure_by_balls
from algzoo_exact.measure.flow import LARGEST_DIMENSION, PrecisionError, directions_for

Number = int | float | Fraction
MOST_INPUTS = 9
_MANY_DIGITS, _UP_TO = 30, 5  # the default, and for which n
_BITS = (256, 2048, 16384)
_DIRECTIONS = 12
_UNDECIDED = "Some facets are too close to each other for float64; no direction tried decides them."


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

    The enclosure is no wider than 10**-``digits``: 30 by default for n <= 5, and for n = 6 to 9
    what float64 gives, about 1e-12 to 1e-10. Up to 14 digits can be asked for at n = 6.

    InputError for n > 9, for rows that do not fit, for a cone that holds a line, and for more
    digits than there are.
    """
    if (cone is None) == (rays is None):
        raise InputError("Give a cone (a Cone, or its rows) or rays, one of the two.")
    if isinstance(cone, Cone):
        whole: Cone | None = cone
    elif cone is not None:
        whole = _from_rows(_integer_rows(cone, "row"), "rows")
    else:
        assert rays is not None
        whole = _from_rays(_integer_rows(rays, "ray"))
    if whole is None:
        return Enclosure.exactly(0)
    slim = whole.irredundant()
    n = slim.dimension
    _check_size(n, digits)
    if n <= _UP_TO or (n <= LARGEST_DIMENSION and digits is not None):
        return measure_by_balls(slim, digits=_MANY_DIGITS if digits is None else digits)
    on = [[r for r, mask in enumerate(slim.tight) if mask >> wall & 1] for wall in slim.walls]
    found = _by_floats(n, on, len(slim.rays), slim.inequalities.__getitem__)
    if found is None:
        if n > LARGEST_DIMENSION:
            raise AlgzooExactError(_UNDECIDED)
        found = measure_by_balls(slim)
    return _narrow(found, digits)


def orthant_probability(
    correlation: Sequence[Sequence[Number]], *, digits: int | None = None
) -> Enclosure:
    """P(all entries of X are positive) for X ~ N(0, ``correlation``), (n, n), n = 1 .. 9.

    Any covariance matrix will do; numbers are taken exactly, floats too. ``digits`` as for
    ``cone_measure``, but n = 4 to 9 all end where float64 does, at about 1e-13 to 1e-11.

    InputError for n > 9 and for a matrix that is not symmetric and positive definite.
    """
    matrix = [[_fraction(value) for value in row] for row in correlation]
    n = len(matrix)
    if not n or any(len(row) != n for row in matrix):
        raise InputError("A correlation matrix has as many columns as rows, and at least one.")
    if any(matrix[i][k] != matrix[k][i] for i in range(n) for k in range(i)):
        raise InputError("A correlation matrix is symmetric; this one is not.")
    _check_size(n, digits)
    lower, diagonal = _factors(matrix)
    if n <= 3:
        return _elementary(matrix, _MANY_DIGITS if digits is None else digits)
    on = [[r for r in range(n) if r != wall] for wall in range(n)]

    def normal(wall: int) -> list[arb]:
        return [to_arb(lower[wall][k]) * to_arb(diagonal[k]).sqrt() for k in range(n)]

    found = _by_floats(n, on, n, normal)
    if found is None:
        raise AlgzooExactError(_UNDECIDED)
    return _narrow(found, digits)


def _by_floats(
    n: int, on: list[list[int]], count: int, normal: Callable[[int], Sequence[Any]]
) -> Enclosure | None:
    """The measure of a pointed cone, n >= 4, whose wall i is a facet that holds the rays on[i] of
    ``count``; None where float64 does not decide.

    ``normal(i)`` is its inward normal in integers, or in balls at flint's precision.
    """
    from algzoo_exact.measure.exact_frames import exact_components, exact_frames
    from algzoo_exact.measure.facet_flow import flows_from, heading_of  # loads numba
    from algzoo_exact.measure.flow_rules import flow_rules
    from algzoo_exact.measure.lattice_f64 import face_lattice

    walls = len(on)
    with working_precision(_BITS[0]):
        normals = np.array([_unit(normal(wall)) for wall in range(walls)])
    sets = np.zeros((walls, (count + 63) // 64), np.uint64)
    rays = np.zeros((count, n))  # directions inside come from trials alone
    for wall, held in enumerate(on):
        for r in held:
            sets[wall, r // 64] |= np.uint64(1 << r % 64)
    everything = np.arange(walls)
    lattice = face_lattice(
        sets, everything, walls, np.ones(walls, np.uint64), normals, np.full(walls, 2.0**-50)
    )
    # The farther from all facets, the fewer nodes and the less error.
    trials = [np.array(u, np.float64) for u in islice(directions_for(n), _DIRECTIONS)]
    u = max(trials, key=lambda d: float(np.min(np.abs(normals @ d)) / np.linalg.norm(d)))
    direction = tuple(int(c) for c in u)
    for bits in _BITS:
        try:
            with working_precision(bits):
                exact = exact_frames(lattice, normal)
                tops = exact_components(exact, normal, direction)
        except PrecisionError:
            continue
        flows, moments = np.empty((walls, 2)), np.empty((walls, n + 1))
        flows_from(exact, rays, heading_of(u, 0.0), tops, flow_rules(), flows, moments)
        if not np.all(np.isfinite(flows)):
            return None
        # A finite radius means that the sign of every component in ``tops`` is decided.
        same = np.all(tops[:, 0] > 0) or np.all(tops[:, 0] < 0)
        mid = sum(map(Fraction, flows[:, 0].tolist()), Fraction(1, 2) if same else Fraction(0))
        rad = sum(map(Fraction, flows[:, 1].tolist()), Fraction(0))
        inside = Enclosure(Fraction(0), Fraction(1, 2))  # as for any pointed cone
        return Enclosure(mid - rad, mid + rad).intersect(inside)
    return None


def _unit(row: Sequence[Any]) -> list[float]:
    """A row scaled to length 1, in float64."""
    length = sum((arb(c) * c for c in row), arb(0)).sqrt()
    return [float(arb(c) / length) for c in row]


def _elementary(matrix: list[list[Fraction]], digits: int) -> Enclosure:
    """n <= 3: 2^-n and the arcsines of correlations (Sheppard 1899, for n = 2)."""
    n = len(matrix)

    def value() -> arb:
        total = arb(0)
        for i in range(n):
            for k in range(i):
                square = matrix[i][i] * matrix[k][k] - matrix[i][k] ** 2
                total += (to_arb(matrix[i][k]) / to_arb(square).sqrt()).atan()
        return to_arb(Fraction(1, 2**n)) + total / ((2 if n == 2 else 4) * arb.pi())

    return refine(value, Fraction(1, 10**digits))


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


def _fraction(value: Number) -> Fraction:
    try:
        return Fraction(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{value!r} is not a finite number.") from None


def _integer_rows(rows: Sequence[Sequence[Number]], name: str) -> list[IntVector]:
    """Positive multiples of the rows in integers."""
    exact = [[_fraction(value) for value in row] for row in rows]
    if not exact or not exact[0] or any(len(row) != len(exact[0]) for row in exact):
        raise InputError(f"Give at least one {name}, all of the same length.")
    if not all(any(row) for row in exact):
        raise InputError(f"A {name} is zero; leave it out.")
    scales = [math.lcm(*(value.denominator for value in row)) for row in exact]
    return [
        primitive(tuple(int(value * scale) for value in row))
        for row, scale in zip(exact, scales, strict=True)
    ]


def _from_rows(rows: list[IntVector], name: str) -> Cone | None:
    try:
        return Cone.from_inequalities(rows)
    except NotPointedError:
        raise InputError(
            f"The {name} leave a line in the cone; measure the part orthogonal to it."
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


def _check_size(n: int, digits: int | None) -> None:
    if n > MOST_INPUTS:
        raise InputError(f"Measures of cones reach n = {MOST_INPUTS}, not {n}.")
    if digits is not None and not 1 <= digits <= 1000:
        raise InputError(f"digits must be from 1 to 1000, not {digits}.")


def _narrow(found: Enclosure, digits: int | None) -> Enclosure:
    if digits is not None and found.width > Fraction(1, 10**digits):
        raise InputError(
            f"Float64 leaves a width of {float(found.width):.0e} here, more than the {digits} "
            "digits asked for; ask for fewer."
        )
    return found
