"""A task that the package does not have, twice: the index of the second smallest input by its rank,
and the same with all that a problem without a rank has to give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from torch import Tensor

from algzoo_exact.program.problem import LabelCell, Problem, difference
from algzoo_exact.program.problems.order import by_rank


def above(n: int) -> int:
    return n - 2


SECOND_SMALLEST = by_rank("2nd_argmin", "the index of the second smallest input", above)


def answer(x: list[Fraction]) -> int:
    return x.index(sorted(x)[1])


def targets(x: Tensor) -> Tensor:
    return x.argsort(0)[1]


def cells(n: int) -> Iterator[LabelCell]:
    for smallest in range(n):
        for label in range(n):
            if label != smallest:
                rows = [difference(n, label, smallest)]
                rows += [difference(n, k, label) for k in range(n) if k not in (label, smallest)]
                yield LabelCell(label, tuple(rows))


WRITTEN_OUT = Problem("next_to_least", SECOND_SMALLEST.words, answer, targets, cells)
SYMMETRIC = replace(WRITTEN_OUT, name="next_to_least_by_symmetry", symmetric=True)
