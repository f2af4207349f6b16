"""The tasks: the cones of constant label, the median, cycles; and what ties are worth."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from algzoo_exact.certificate.checker.cones import Vector


def chamber(task: str, x: Vector) -> tuple[object, int, list[Vector]]:
    """A name for the cone of constant label that x lies in, the label, and its walls (C2)."""
    n = len(x)
    order = sorted(range(n), key=x.__getitem__, reverse=True)

    def over(i: int, k: int) -> Vector:  # x[i] >= x[k]
        return tuple((c == i) - (c == k) for c in range(n))

    if task == "argmax":
        top = order[0]
        return top, top, [over(top, k) for k in order[1:]]
    if task == "2nd_argmax":
        top, second = order[:2]
        return (top, second), second, [over(top, second), *(over(second, k) for k in order[2:])]
    if task == "argmedian":
        middle, above, below = order[n // 2], order[: n // 2], order[n // 2 + 1 :]
        walls = [*(over(k, middle) for k in above), *(over(middle, k) for k in below)]
        return (middle, frozenset(above)), middle, walls
    assert task == "argoutlier", task
    away = [n * value - sum(x) for value in x]
    label = max(range(n), key=lambda i: abs(away[i]))
    sign = 1 if away[label] > 0 else -1
    walls = []
    for k in range(n):
        if k != label:
            for other in (1, -1):  # sign (x_i - mean) >= other (x_k - mean), times n
                row = [sign * (n * (c == label) - 1) - other * (n * (c == k) - 1) for c in range(n)]
                walls.append(tuple(row))
    return (label, sign), label, walls


def middle_of(x: Vector) -> tuple[object, list[int], list[Vector]]:
    """A name for the cone around x on which the median is one mean of inputs, these inputs (one,
    or two for an even number), and the cone's walls (C2)."""
    n = len(x)
    order = sorted(range(n), key=x.__getitem__)
    low, high = (n - 1) // 2, n // 2 + 1
    below, middle, above = order[:low], order[low:high], order[high:]
    pairs = [(middle[0], k) for k in below] + [(k, middle[-1]) for k in above]
    if n % 2 == 0:
        pairs.append((middle[1], middle[0]))
    walls = [tuple((c == i) - (c == k) for c in range(n)) for i, k in pairs]
    return (tuple(middle), frozenset(above)), sorted(middle), walls


INDEX_TASKS = ("2nd_argmax", "argmax", "argmedian", "argoutlier")


def credit_for(ties: str, label: int, winners: Sequence[int]) -> Fraction:
    """What the model earns where exactly these logits share the maximum."""
    if ties == "lowest":
        return Fraction(label == min(winners))
    if ties == "incorrect":
        return Fraction(list(winners) == [label])
    return Fraction(label in winners, len(winners))


def label_cells(task: str, n: int) -> Iterator[tuple[int, list[Vector]]]:
    """The label and the walls of each cone of constant label; together they cover the space."""

    def over(i: int, k: int) -> Vector:
        return tuple((c == i) - (c == k) for c in range(n))

    for i in range(n):
        others = [k for k in range(n) if k != i]
        if task == "argmax":
            yield i, [over(i, k) for k in others]
        elif task == "2nd_argmax":
            for second in others:
                below = [k for k in others if k != second]
                yield second, [over(i, second), *(over(second, k) for k in below)]
        elif task == "argmedian":
            for above in combinations(others, n // 2):
                yield i, [over(k, i) if k in above else over(i, k) for k in others]
        else:
            # sign (x_i - mean) >= (x_k - mean) and >= -(x_k - mean), times n.
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
