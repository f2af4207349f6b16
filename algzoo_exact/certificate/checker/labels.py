"""The tasks: the cones of constant label, the median, cycles; and what ties are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations

from algzoo_exact.certificate.checker.cones import Vector

INDEX_TASKS = ("2nd_argmax", "argmax", "argmedian", "argoutlier")


def credit_for(ties: str, label: int, winners: Sequence[int]) -> Fraction:
    """What the model earns where exactly these logits share the maximum."""
    if ties == "lowest":
        return Fraction(label == min(winners))
    if ties == "incorrect":
        return Fraction(list(winners) == [label])
    return Fraction(label in winners, len(winners))


def over(n: int, i: int, k: int) -> Vector:
    """x[i] >= x[k], as a functional."""
    return tuple((c == i) - (c == k) for c in range(n))


def median_cells(n: int) -> Iterator[tuple[tuple[int, ...], list[Vector]]]:
    """The inputs in the middle (one, or two for even n, the larger first) and the walls of each
    cone on which these are in the middle with the same inputs above them."""
    for middle in permutations(range(n), 2 - n % 2):
        others = [k for k in range(n) if k not in middle]
        for above in combinations(others, (n - 1) // 2):
            walls = [
                over(n, k, middle[0]) if k in above else over(n, middle[-1], k) for k in others
            ]
            yield middle, walls if n % 2 else [*walls, over(n, *middle)]


def label_cells(task: str, n: int) -> Iterator[tuple[int, list[Vector]]]:
    """The label and the walls of each cone of constant label; together they cover the space."""
    if task == "argmedian":
        for (label,), walls in median_cells(n):
            yield label, walls
        return
    for i in range(n):
        others = [k for k in range(n) if k != i]
        if task == "argmax":
            yield i, [over(n, i, k) for k in others]
        elif task == "2nd_argmax":
            for label in others:
                rest = [k for k in others if k != label]
                yield label, [over(n, i, label), *(over(n, label, k) for k in rest)]
        else:  # argoutlier: sign (x_i - mean) >= (x_k - mean) and >= -(x_k - mean), times n
            away = [[n * (c == k) - 1 for c in range(n)] for k in range(n)]
            for sign in (1, -1):
                rows = []
                for k in others:
                    for other in (-1, 1):
                        pairs = zip(away[i], away[k], strict=True)
                        rows.append(tuple(sign * a + other * b for a, b in pairs))
                yield i, rows


def longest_cycle(f: Sequence[int]) -> int:
    """The length of the longest cycle, minus 1."""
    n, longest = len(f), 0
    for first in range(n):
        at, length = f[first], 1
        while at != first and length < n:
            at, length = f[at], length + 1
        if at == first:
            longest = max(longest, length)
    return longest - 1
