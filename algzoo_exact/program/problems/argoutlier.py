"""Argoutlier: the index of the input furthest from the mean."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

from algzoo_exact.program.problem import LabelCell, Problem
from algzoo_exact.program.problems.order import ARGMAX

if TYPE_CHECKING:
    from torch import Tensor


def _answer(x: list[Fraction]) -> int:
    mean = sum(x, Fraction(0)) / len(x)
    deviations = [abs(v - mean) for v in x]
    return deviations.index(max(deviations))


def _targets(x: Tensor) -> Tensor:
    return ARGMAX.targets((x - x.mean(0)).abs())


def _cells(n: int) -> Iterator[LabelCell]:
    # n (x_i - mean) has integer coefficients; s (x_i - mean) >= +-(x_k - mean) for all k.
    deviation = [tuple(n * (k == i) - 1 for k in range(n)) for i in range(n)]
    for i in range(n):
        for sign in (1, -1):
            rows = []
            for k in range(n):
                if k != i:
                    pairs = list(zip(deviation[i], deviation[k], strict=True))
                    rows.append(tuple(sign * a - b for a, b in pairs))
                    rows.append(tuple(sign * a + b for a, b in pairs))
            yield LabelCell(i, tuple(rows))


ARGOUTLIER = Problem(
    "argoutlier",
    "the index of the input furthest from the mean",
    answer=_answer,
    targets=_targets,
    cells=_cells,
    symmetric=True,
    outlying=True,
    least=3,  # of two inputs, neither is the outlier
)
