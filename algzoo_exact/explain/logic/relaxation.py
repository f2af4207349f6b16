"""The linear rows that hold at some point of a search, and exact reasons why they cannot.

The rows are made homogeneous by one more variable that is above 0; then a strict row may be at
least 1 as well, because solutions can be scaled.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import gcd, inf, lcm
from typing import Any

import numpy as np
from flint import fmpz_mat

from algzoo_exact.deadline import Deadline
from algzoo_exact.explain.logic.conditions import Sign
from algzoo_exact.explain.logic.farkas import Leaf, contradicts
from algzoo_exact.explain.logic.simplex import LostError, Simplex
from algzoo_exact.explain.logic.system import Atom, Maximum

_SIMPLE = 64  # the largest denominator of a multiplier that is guessed from a float
_NEAR = 1e-7  # A row of floats holds if it is off by no more.


@dataclass(frozen=True)
class _Bound:
    """A row as bounds on a slack; its form is ``factor`` times that, or the number 0."""

    slack: int | None
    factor: Fraction
    low: float
    high: float


class Relaxation:
    """Rows (``signs``), of which some hold; can they hold together?

    ``scales`` are the sizes of atoms, for floats; ``exact`` is slower, and never in doubt. Work
    ends at the deadline, with a LostError.
    """

    def __init__(
        self, signs: Sequence[Sign], scales: Sequence[Fraction], deadline: Deadline, *, exact: bool
    ) -> None:
        self._signs, self._scales, self._deadline, self._exact = signs, scales, deadline, exact
        atoms = sorted({atom for sign in signs for atom, _ in sign.form.terms})
        self._columns = {atom: column for column, atom in enumerate(atoms)}
        self._units: dict[tuple[tuple[int, Fraction], ...], int] = {}
        self._bounds = [self._bound(sign) for sign in signs]
        self._last = len(self._units) + len(atoms)  # the variable that is above 0
        self._simplex = Simplex(self._matrix(), deadline)
        self._simplex.low[self._last] = 1
        # The rows that bound each slack from below and from above.
        self._why: dict[tuple[int, bool], int] = {}
        self._log: list[tuple[int, bool, Any, int | None]] = []

    def _bound(self, sign: Sign) -> _Bound:
        if self._deadline.passed:
            raise LostError
        terms = [(self._columns[a], c * self._scales[a]) for a, c in sign.form.terms]
        if sign.form.constant:
            terms.append((len(self._columns), sign.form.constant))
        least = 1 if sign.op == ">" else 0
        if not terms:
            return _Bound(None, Fraction(1), least, 0)
        factor = max(abs(c) for _, c in terms) * (1 if terms[0][1] > 0 else -1)
        unit = tuple((column, c / factor) for column, c in terms)
        slack = self._units.setdefault(unit, len(self._units))
        if sign.op == "==":
            return _Bound(slack, factor, 0, 0)
        return (
            _Bound(slack, factor, least, inf) if factor > 0 else _Bound(slack, factor, -inf, -least)
        )

    def _matrix(self) -> Any:
        shape = len(self._units), len(self._columns) + 1
        matrix = np.full(shape, Fraction(0)) if self._exact else np.zeros(shape)
        for unit, slack in self._units.items():
            for column, c in unit:
                matrix[slack, column] = c if self._exact else float(c)
        return matrix

    def hold(self, row: int) -> Leaf | None:
        """Let a row hold from now on; a leaf where it and another cannot be."""
        bound, simplex = self._bounds[row], self._simplex
        slack = bound.slack
        if slack is None:
            return leaf_of([(row, Fraction(1))]) if bound.low > bound.high else None
        for side, value in ((simplex.low, bound.low), (simplex.high, bound.high)):
            above = side is simplex.high
            if value < side[slack] if above else value > side[slack]:
                self._log.append((slack, above, side[slack], self._why.get((slack, above))))
                side[slack], self._why[slack, above] = value, row
        if simplex.low[slack] <= simplex.high[slack]:
            return None
        return self._leaf([(slack, 1), (slack, -1)])

    def mark(self) -> int:
        """For ``back``: as many changes have been made."""
        return len(self._log)

    def back(self, mark: int) -> None:
        """Undo what was let hold since."""
        while len(self._log) > mark:
            slack, above, value, why = self._log.pop()
            (self._simplex.high if above else self._simplex.low)[slack] = value
            if why is None:
                del self._why[slack, above]
            else:
                self._why[slack, above] = why

    def conflict(self) -> Leaf | None:
        """Why the rows cannot hold together, or None: then ``holds`` is about a solution."""
        found = self._simplex.conflict()
        return None if found is None else self._leaf(found)

    def holds(self, row: int) -> bool:
        """Whether the solution that was found satisfies a row."""
        bound = self._bounds[row]
        if bound.slack is None:
            return bound.low <= bound.high
        near = 0 if self._exact else _NEAR
        return bool(bound.low - near <= self._simplex.values[bound.slack] <= bound.high + near)

    def _leaf(self, conflict: Sequence[tuple[int, Any]]) -> Leaf:
        """A conflict of slacks as multipliers of rows, checked; LostError if they are none."""
        closed = all(slack != self._last for slack, _ in conflict)
        rows, factors = [], []
        for slack, factor in conflict:
            if slack != self._last:
                row = self._why.get((slack, factor < 0))
                if row is None:
                    raise LostError
                rows.append(row)
                scale = self._bounds[row].factor
                exact = factor if self._exact else Fraction(factor).limit_denominator(_SIMPLE)
                factors.append(exact / scale)
        found = self._contradiction(rows, factors)
        if found is None and not self._exact:
            factors = _dependency([self._signs[row] for row in rows], closed)
            opposite = [-factor for factor in factors]
            found = self._contradiction(rows, factors) or self._contradiction(rows, opposite)
        if found is None:
            raise LostError
        return found

    def _contradiction(self, rows: Sequence[int], factors: Sequence[Fraction]) -> Leaf | None:
        parts = [(row, factor) for row, factor in zip(rows, factors, strict=True) if factor]
        if parts and contradicts([(self._signs[row], factor) for row, factor in parts]):
            return leaf_of(parts)
        return None


def _dependency(signs: Sequence[Sign], closed: bool) -> list[Fraction]:
    """Factors, the only ones but for scale, with which the forms add up to a number, or to 0 if
    ``closed``; 0 if there are none or others."""
    lines = [dict(sign.form.terms) for sign in signs]
    if closed:
        lines = [line | {-1: sign.form.constant} for line, sign in zip(lines, signs, strict=True)]
    columns = sorted({atom for line in lines for atom in line})
    scales = [lcm(*(c.denominator for c in line.values())) for line in lines]
    matrix = fmpz_mat(
        [
            [int(line.get(atom, 0) * scale) for line, scale in zip(lines, scales, strict=True)]
            for atom in columns
        ]
    )
    found, nullity = matrix.nullspace()
    if nullity != 1:
        return [Fraction(0)] * len(signs)
    return [Fraction(int(found[i, 0]) * scale) for i, scale in enumerate(scales)]


def leaf_of(parts: Iterable[tuple[int, Fraction]]) -> Leaf:
    """The leaf with multipliers in these proportions."""
    found = sorted(parts)
    common = lcm(*(factor.denominator for _, factor in found))
    whole = [int(factor * common) for _, factor in found]
    divisor = gcd(*whole)
    return Leaf(tuple((row, m // divisor) for (row, _), m in zip(found, whole, strict=True)))


def scales_of(atoms: Sequence[Atom]) -> list[Fraction]:
    """About how large atoms are where variables are about 1: powers of two."""
    found: list[Fraction] = []
    for atom in atoms:
        size = Fraction(0)
        if isinstance(atom, Maximum):
            for form in atom.forms:
                total = sum((abs(c) * found[a] for a, c in form.terms), abs(form.constant))
                size = max(size, total)
        exponent = size.numerator.bit_length() - size.denominator.bit_length() if size else 0
        found.append(Fraction(2) ** exponent)
    return found
