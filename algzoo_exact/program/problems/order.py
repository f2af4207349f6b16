"""Problems that ask for the index of an input by its rank: argmax, 2nd argmax and argmedian."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from itertools import combinations
from typing import TYPE_CHECKING

from algzoo_exact.program.problem import LabelCell, Problem, difference

if TYPE_CHECKING:
    from torch import Tensor

Rank = Callable[[int], int]
"""How many of n inputs are above the one whose index is asked for."""


def by_rank(name: str, words: str, rank: Rank, *, odd: bool = False) -> Problem:
    """The index of the input that ``rank`` (n) others exceed."""
    return Problem(
        name,
        words,
        answer=partial(_answer, rank),
        targets=partial(_targets, rank),
        cells=partial(_cells, rank),
        symmetric=True,
        rank=rank,
        odd=odd,
    )


def _answer(rank: Rank, x: list[Fraction]) -> int:
    return x.index(sorted(x, reverse=True)[rank(len(x))])


def _cells(rank: Rank, n: int) -> Iterator[LabelCell]:
    """One for each label and each set of inputs above it."""
    for above in combinations(range(n), rank(n)):
        for label in range(n):
            if label not in above:
                below = (k for k in range(n) if k != label and k not in above)
                rows = [difference(n, k, label) for k in above]
                rows += [difference(n, label, k) for k in below]
                yield LabelCell(label, tuple(rows))


def _targets(rank: Rank, x: Tensor) -> Tensor:
    """The lowest index of the entry that has the rank: the largest so far are kept in order, and
    each row is merged into them, elementwise."""
    largest = [x.new_full(x[0].shape, -float("inf"))] * (rank(len(x)) + 1)
    for row in x:
        for k, high in enumerate(largest):
            largest[k], row = high.maximum(row), high.minimum(row)
    index = x.new_zeros(x[0].shape).int()
    for k in range(len(x) - 1, -1, -1):
        index.masked_fill_(x[k] == largest[-1], k)
    return index.long()


def _first(n: int) -> int:
    return 0


def _second(n: int) -> int:
    return 1


def _middle(n: int) -> int:
    return n // 2


ARGMAX = by_rank("argmax", "the index of the largest input", _first)
SECOND_ARGMAX = by_rank("2nd_argmax", "the index of the second largest input", _second)
ARGMEDIAN = by_rank("argmedian", "the index of the middle input in sorted order", _middle, odd=True)
