"""Longest cycle: the length of a function's longest cycle, minus 1, so that labels begin at 0."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.arrays import I64
from algzoo_exact.program.problem import Problem

if TYPE_CHECKING:
    from torch import Tensor


def _answer(f: list[Fraction]) -> int:
    n, longest = len(f), 0
    for start in range(n):
        length, at = 1, int(f[start])
        while at != start and length <= n:
            length, at = length + 1, int(f[at])
        if at == start:
            longest = max(longest, length)
    return longest - 1


def _targets(f: Tensor) -> Tensor:
    """i lies on a cycle of length k if k is the first with f^k(i) = i."""
    start = f.new_tensor(range(len(f))).unsqueeze(1)
    at, length = f, 0 * f
    for k in range(1, len(f) + 1):
        length.masked_fill_((at == start) & (length == 0), k)
        at = f.gather(0, at)
    return length.amax(0) - 1


def functions(n: int, first: int, end: int) -> I64:
    """Functions number ``first`` .. ``end`` - 1, a row each: their numbers in base n."""
    places = [n**k for k in range(n - 1, -1, -1)]
    rows = [[number // place % n for place in places] for number in range(first, end)]
    return np.array(rows, np.int64).reshape(-1, n)


def longest_cycles(functions: I64) -> I64:
    """Labels of the rows: i lies on a cycle of length k if k is the first with f^k(i) = i."""
    at, length = functions, np.zeros_like(functions)
    for k in range(1, functions.shape[1] + 1):
        length[(at == np.arange(functions.shape[1])) & (length == 0)] = k
        at = np.take_along_axis(functions, at, 1)
    longest: I64 = length.max(1, initial=1) - 1
    return longest


LONGEST_CYCLE = Problem(
    "longest_cycle", "the length of the longest cycle", answer=_answer, targets=_targets
)
