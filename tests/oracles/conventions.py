"""The definitions of the labels and of the tie rules, written out once more."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Literal

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task

Ties = Literal["lowest", "incorrect", "uniform"]
ALL_TIES: tuple[Ties, ...] = ("lowest", "incorrect", "uniform")


def true_label(name: str, x: Sequence[int] | Sequence[Fraction]) -> int:
    """Label of a point ``x`` with no ties among the values that decide it."""
    n = len(x)
    ranked = sorted(range(n), key=lambda i: x[i])
    if name == "2nd_argmax":
        return ranked[n - 2]
    if name == "argmax":
        return ranked[n - 1]
    if name == "argmedian":
        return ranked[(n - 1) // 2]
    if name == "argoutlier":
        distances = [abs(Fraction(n * value - sum(x))) for value in x]
        return distances.index(max(distances))
    raise ValueError(f"no definition of task {name!r}")


def credit(tied: Sequence[bool], label: int, ties: Ties) -> Fraction:
    """Credit where ``tied[k]`` says that logit k shares the maximum."""
    if not tied[label]:
        return Fraction(0)
    if ties == "uniform":
        return Fraction(1, sum(tied))
    if ties == "incorrect":
        return Fraction(int(sum(tied) == 1))
    return Fraction(int(not any(tied[:label])))


def check_shapes(program: Program, task: Task, lengths: Sequence[int]) -> None:
    """ValueError unless the oracle covers this length and there is one logit for each input."""
    if program.seq_len not in lengths or task.seq_len != program.seq_len:
        raise ValueError(f"this oracle needs one seq_len among {list(lengths)} for both")
    if program.outputs != program.seq_len:
        raise ValueError(f"{program.outputs} logits for {program.seq_len} inputs")


def to_mpf(value: Fraction) -> Any:
    """A rational at mpmath's current working precision."""
    from mpmath import mpf

    return mpf(value.numerator) / value.denominator
