"""Median: the middle input, for an even number the mean of the middle two."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations
from typing import TYPE_CHECKING

from algzoo_exact.program.problem import Problem, ValueCell, difference
from algzoo_exact.program.problems.order import ARGMEDIAN

if TYPE_CHECKING:
    from torch import Tensor


def _answer(x: list[Fraction]) -> Fraction:
    middle = sorted(x)[(len(x) - 1) // 2 : len(x) // 2 + 1]
    return sum(middle, Fraction(0)) / len(middle)


def _targets(x: Tensor) -> Tensor:
    n = len(x)
    if n % 2 == 1:
        return x.median(0).values
    return x.sort(0).values[n // 2 - 1 : n // 2 + 1].mean(0)


def _values(n: int) -> Iterator[ValueCell]:
    if n % 2 == 1:
        assert ARGMEDIAN.cells is not None
        for cell in ARGMEDIAN.cells(n):
            value = tuple(Fraction(k == cell.label) for k in range(n))
            yield ValueCell(value, cell.inequalities)
        return
    for low in range(n):
        for high in range(n):
            others = [k for k in range(n) if k not in (low, high)]
            for above in combinations(others, (n - 2) // 2) if low != high else ():
                rows = [
                    difference(n, k, high) if k in above else difference(n, low, k) for k in others
                ]
                value = tuple(Fraction(k in (low, high), 2) for k in range(n))
                yield ValueCell(value, (difference(n, high, low), *rows))


def _from_mean(n: int) -> Fraction:
    """The median minimises the mean absolute deviation, so |median - mean| is at most the standard
    deviation of the entries, whose square is (n - 1) / n on average."""
    return Fraction(n - 1, n)


MEDIAN = Problem(
    "median",
    "the median of the inputs",
    answer=_answer,
    targets=_targets,
    values=_values,
    from_mean=_from_mean,
    symmetric=True,
)
