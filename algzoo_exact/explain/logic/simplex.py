"""Can linear rows hold together? In floating point, or exactly.

The general simplex method of Dutertre and de Moura (CAV 2006): each row is a slack with bounds that
come and go, while the tableau stays. What floats find is for the caller to check.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.deadline import Deadline

Array: TypeAlias = NDArray[Any]

_OFF = 1e-7  # A float is beyond its bound if it is so by more than this.
_TINY = 1e-9  # Floats of the tableau below this are rounding errors.
_GREEDY = 60  # After so many pivots the least index is chosen: then there is an end (Bland).
_MOST = 1000  # pivots for one question
_REBUILD = 400  # pivots until rounding errors are cleared


class LostError(Exception):
    """Nothing was found out: no time, or rounding errors that are too large."""


class Simplex:
    """Slacks s = matrix @ y for free y, with bounds on each s, and then on each y.

    ``low`` and ``high`` may be changed between questions. Work ends at the deadline, with a
    LostError; then no more may be asked. A ``matrix`` of objects, all of them Fractions, makes all
    answers exact.
    """

    def __init__(self, matrix: Array, deadline: Deadline) -> None:
        self._exact = matrix.dtype == object
        self._off, self._tiny = (0.0, 0.0) if self._exact else (_OFF, _TINY)
        self._matrix, self._table, self._deadline = matrix, matrix.copy(), deadline
        slacks, variables = matrix.shape
        self.low = np.full(slacks + variables, -np.inf, matrix.dtype)
        self.high = np.full(slacks + variables, np.inf, matrix.dtype)
        self.values = np.full(slacks + variables, 0, matrix.dtype)
        self._basic = np.arange(slacks)
        self._others = np.arange(slacks, slacks + variables)
        self._pivots = 0

    def conflict(self) -> list[tuple[int, Any]] | None:
        """Why not all bounds can hold; None if they can, as ``values`` show.

        Else a combination of slacks (or y) by factors that is 0, though it is above 0 by the lower
        bounds of those with a positive factor and the upper bounds of the others. LostError where
        neither was found out.
        """
        if self._pivots > _REBUILD and not self._exact:
            self._rebuild()
        others = self._others
        self.values[others] = np.clip(self.values[others], self.low[others], self.high[others])
        self.values[self._basic] = self._table @ self.values[others]
        for count in range(_MOST):
            if self._deadline.passed:
                raise LostError
            now = self.values[self._basic]
            low, high = self.low[self._basic], self.high[self._basic]
            wrong = np.flatnonzero((now < low - self._off) | (now > high + self._off))
            if not len(wrong):
                return None
            by_index = self._exact or count >= _GREEDY
            if by_index:
                row = int(wrong[np.argmin(self._basic[wrong])])
            else:
                row = int(np.argmax(np.maximum(low - now, now - high)))
            rises = bool(now[row] < low[row])
            column = self._entering(row, rises, by_index)
            if column is None:
                return self._reason(row, 1 if rises else -1)
            self._pivot(row, column, low[row] if rises else high[row])
        raise LostError

    def _entering(self, row: int, rises: bool, by_index: bool) -> int | None:
        slope = self._table[row] if rises else -self._table[row]
        now = self.values[self._others]
        up = (slope > self._tiny) & (now < self.high[self._others] - self._tiny)
        down = (slope < -self._tiny) & (now > self.low[self._others] + self._tiny)
        able = np.flatnonzero(up | down)
        if not len(able):
            return None
        if by_index:
            return int(able[np.argmin(self._others[able])])
        return int(able[np.argmax(np.abs(slope[able]))])

    def _reason(self, row: int, sign: int) -> list[tuple[int, Any]]:
        line = self._table[row]
        columns = np.flatnonzero(np.abs(line) > self._tiny)
        found = [(int(self._others[column]), -sign * line[column]) for column in columns]
        return [(int(self._basic[row]), sign), *found]

    def _pivot(self, row: int, column: int, value: Any) -> None:
        """Slack number ``row`` of the basic ones leaves, with this value."""
        table = self._table
        leaving, entering = self._basic[row], self._others[column]
        pivot = table[row, column]
        step = (value - self.values[leaving]) / pivot
        self.values[self._basic] += table[:, column] * step
        self.values[entering] += step
        self.values[leaving] = value
        line = table[row] / -pivot
        line[column] = 1 / pivot
        factors = table[:, column].copy()
        factors[row] = 0
        table[:, column] = 0
        touched = np.flatnonzero(factors)
        table[touched] += factors[touched, None] * line
        table[row] = line
        self._basic[row], self._others[column] = entering, leaving
        self._pivots += 1

    def _rebuild(self) -> None:
        """The tableau from the matrix again."""
        everything = np.vstack([self._matrix, np.eye(self._matrix.shape[1])])
        try:
            inverse = np.linalg.inv(everything[self._others])
        except np.linalg.LinAlgError:
            raise LostError from None
        self._table = everything[self._basic] @ inverse
        self._pivots = 0
