"""Tasks as fans: the polyhedral cones on which the true label is constant.

Every task here is invariant under adding a constant to all inputs, and under permuting them
(the label moves along). So every wall between two labels contains the direction (1, .., 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from typing import Literal

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program

TieRule = Literal["lowest", "incorrect", "uniform"]
"""What a model is credited with where several logits share the maximum: the lowest index wins
(as torch.argmax does on CPU), it counts as wrong, or 1/(number tied) if the label is among them.
"""

TIE_RULES: tuple[TieRule, ...] = ("lowest", "incorrect", "uniform")

Normal = tuple[int, ...]


def credit_for(label: int, winners: frozenset[int], ties: TieRule) -> Fraction:
    """What a program earns where exactly the logits in ``winners`` share the maximum."""
    if ties == "lowest":
        return Fraction(label == min(winners))
    if ties == "incorrect":
        return Fraction(winners == {label})
    return Fraction(label in winners, len(winners))


@dataclass(frozen=True)
class LabelCell:
    """A cone ``{x : a.x >= 0 for a in inequalities}`` on which the label is ``label``.

    Its interior holds no tie between labels, and each inequality's hyperplane is a wall to a
    cell with another label.
    """

    label: int
    inequalities: tuple[Normal, ...]


@dataclass(frozen=True)
class Task:
    """A labelling of R^n (up to a null set) by indices 0 .. n-1."""

    name: str
    seq_len: int

    def __post_init__(self) -> None:
        if self.name not in _CELLS:
            raise InputError(f"Unknown task {self.name!r}; known tasks: {', '.join(_CELLS)}.")
        least = 3 if self.name == "argoutlier" else 2  # of two inputs, neither is the outlier
        if self.seq_len < least:
            raise InputError(f"{self.name} needs at least {least} inputs, not {self.seq_len}.")
        if self.name == "argmedian" and self.seq_len % 2 == 0:
            raise InputError(f"argmedian needs an odd number of inputs, not {self.seq_len}.")

    def cells(self) -> Iterator[LabelCell]:
        """The cells; they cover R^n and their interiors are disjoint."""
        return _CELLS[self.name](self.seq_len)

    def label(self, x: Sequence[int | float | Fraction]) -> int:
        """The label of ``x``; where it lies on a wall, the lowest index that qualifies."""
        return _LABEL[self.name]([Fraction(v) for v in x])


def _difference(n: int, plus: int, minus: int) -> Normal:
    return tuple((k == plus) - (k == minus) for k in range(n))


def _second_argmax_cells(n: int) -> Iterator[LabelCell]:
    for top in range(n):
        for second in range(n):
            if second != top:
                below = (k for k in range(n) if k not in (top, second))
                rows = [_difference(n, top, second), *(_difference(n, second, k) for k in below)]
                yield LabelCell(second, tuple(rows))


def _argmax_cells(n: int) -> Iterator[LabelCell]:
    for top in range(n):
        yield LabelCell(top, tuple(_difference(n, top, k) for k in range(n) if k != top))


def _argmedian_cells(n: int) -> Iterator[LabelCell]:
    for middle in range(n):
        others = [k for k in range(n) if k != middle]
        for above in combinations(others, n // 2):
            yield LabelCell(
                middle,
                tuple(
                    _difference(n, k, middle) if k in above else _difference(n, middle, k)
                    for k in others
                ),
            )


def _argoutlier_cells(n: int) -> Iterator[LabelCell]:
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


def _argoutlier_label(x: list[Fraction]) -> int:
    mean = sum(x, Fraction(0)) / len(x)
    deviations = [abs(v - mean) for v in x]
    return deviations.index(max(deviations))


_CELLS: dict[str, Callable[[int], Iterator[LabelCell]]] = {
    "2nd_argmax": _second_argmax_cells,
    "argmax": _argmax_cells,
    "argmedian": _argmedian_cells,
    "argoutlier": _argoutlier_cells,
}

_LABEL: dict[str, Callable[[list[Fraction]], int]] = {
    "2nd_argmax": lambda x: x.index(sorted(x)[-2]),
    "argmax": lambda x: x.index(max(x)),
    "argmedian": lambda x: x.index(sorted(x)[len(x) // 2]),
    "argoutlier": _argoutlier_label,
}

TASK_NAMES: tuple[str, ...] = tuple(_CELLS)


def second_argmax(seq_len: int) -> Task:
    """Index of the second largest input."""
    return Task("2nd_argmax", seq_len)


def argmax(seq_len: int) -> Task:
    """Index of the largest input."""
    return Task("argmax", seq_len)


def argmedian(seq_len: int) -> Task:
    """Index of the middle input in sorted order; ``seq_len`` is odd."""
    return Task("argmedian", seq_len)


def argoutlier(seq_len: int) -> Task:
    """Index of the input with the largest |x - mean(x)|."""
    return Task("argoutlier", seq_len)


def check_fit(program: Program, task: Task, ties: str = "lowest") -> None:
    """InputError unless the program has the task's inputs and a logit for each, and the tie rule
    is known."""
    if ties not in TIE_RULES:
        raise InputError(f"Unknown tie rule {ties!r}; choose from {', '.join(TIE_RULES)}.")
    if (program.seq_len, program.outputs) != (task.seq_len, task.seq_len):
        raise InputError(
            f"{task.name} on {task.seq_len} inputs needs a program with as many inputs and "
            f"logits, not {program.seq_len} inputs and {program.outputs} logits."
        )
