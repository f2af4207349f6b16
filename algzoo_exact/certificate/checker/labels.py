"""The tasks: the cones of constant label, the median, cycles; and what ties are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, pairwise, permutations

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


def ranked_cells(n: int, rank: int, count: int) -> Iterator[tuple[tuple[int, ...], list[Vector]]]:
    """So many inputs in descending order, that come after the ``rank`` largest, and the walls of
    each cone on which it is these, with the same inputs above them."""
    for above in combinations(range(n), rank):
        for chosen in permutations([k for k in range(n) if k not in above], count):
            below = [k for k in range(n) if k not in above + chosen]
            walls = [over(n, k, chosen[0]) for k in above]
            walls += [over(n, chosen[-1], k) for k in below]
            yield chosen, walls + [over(n, *pair) for pair in pairwise(chosen)]


def median_cells(n: int) -> Iterator[tuple[tuple[int, ...], list[Vector]]]:
    """The inputs in the middle, one or two, and the walls of each cone on which it is these."""
    return ranked_cells(n, (n - 1) // 2, 2 - n % 2)


def label_cells(task: str, n: int) -> Iterator[tuple[int, list[Vector]]]:
    """The label and the walls of each cone of constant label; together they cover the space."""
    ranks = {"argmax": 0, "2nd_argmax": 1, "argmedian": n // 2}
    if task in ranks:
        for (label,), walls in ranked_cells(n, ranks[task], 1):
            yield label, walls
        return
    # argoutlier: sign (x_i - mean) >= (x_k - mean) and >= -(x_k - mean), times n
    away = [[n * (c == k) - 1 for c in range(n)] for k in range(n)]
    for i in range(n):
        for sign in (1, -1):
            rows = []
            for k in range(n):
                for other in (-1, 1) if k != i else ():
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
