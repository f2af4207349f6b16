"""Tasks: what a model should answer.

Three sorts. The index tasks (2nd argmax, argmax, argmedian, argoutlier) label Gaussian inputs by
an index, and are fans: polyhedral cones on which the label is constant. Median asks for a number
that is linear on each cone of a fan. Longest cycle labels sequences of integers.

Beside these, a network may give the labels (``teacher``), and a task may be put on a subspace.

Every named task on Gaussian inputs is invariant under permuting them (the label moves along), and
the labels under adding a constant to all of them. So every wall between two labels contains the
direction (1, .., 1).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import lcm
from typing import Literal, overload

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.program.ir import Matrix, Number, Program, check_basis, dot, to_vector
from algzoo_exact.program.ir import on_subspace as program_on_subspace
from algzoo_exact.program.transformer import Transformer

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
class ValueCell:
    """A cone ``{x : a.x >= 0 for a in inequalities}`` on which the answer is ``value . x``."""

    value: tuple[Fraction, ...]
    inequalities: tuple[Normal, ...]


@dataclass(frozen=True)
class Task:
    """What a model on ``seq_len`` = n inputs should answer.

    The index tasks label R^n (up to a null set) by indices 0 .. n-1. ``median`` asks for the
    median of R^n's entries, for even n the mean of the middle two. ``longest_cycle`` takes a
    function f from {0, .., n-1} to itself as the sequence f(0), .., f(n-1), and labels it by the
    length of its longest cycle minus 1.
    """

    name: str
    seq_len: int

    def __post_init__(self) -> None:
        self._check()

    def _check(self) -> None:
        if self.name not in TASK_NAMES:
            raise InputError(
                f"Unknown task {self.name!r}{did_you_mean(self.name, TASK_NAMES)}; known tasks: "
                f"{', '.join(TASK_NAMES)}."
            )
        least = 3 if self.name == "argoutlier" else 2  # of two inputs, neither is the outlier
        if self.seq_len < least:
            raise InputError(f"{self.name} needs at least {least} inputs, not {self.seq_len}.")
        if self.name == "argmedian" and self.seq_len % 2 == 0:
            raise InputError(f"argmedian needs an odd number of inputs, not {self.seq_len}.")

    @property
    def outputs(self) -> int:
        """Outputs of a model for this task: one for median, else a logit for each label."""
        return 1 if self.name == "median" else self.seq_len

    @property
    def symmetric(self) -> bool:
        """Whether permuting the inputs moves the label along, so that label cells are congruent,
        and adding a constant to all inputs changes no label."""
        return True

    def cells(self) -> Iterator[LabelCell]:
        """An index task's cells; they cover R^n and their interiors are disjoint."""
        return _CELLS[self.name](self.seq_len)

    def value_cells(self) -> Iterator[ValueCell]:
        """The cells of ``median``; they cover R^n and their interiors are disjoint."""
        assert self.name == "median", self.name
        return _median_cells(self.seq_len)

    def label(self, x: Sequence[Number]) -> int:
        """The label of ``x``; where it lies on a wall, the lowest index that qualifies."""
        return _LABEL[self.name]([Fraction(v) for v in x])

    def value(self, x: Sequence[Number]) -> Fraction:
        """The median of ``x``, exactly."""
        assert self.name == "median", self.name
        middle = sorted(Fraction(v) for v in x)[(len(x) - 1) // 2 : len(x) // 2 + 1]
        return sum(middle, Fraction(0)) / len(middle)


@dataclass(frozen=True)
class Teacher(Task):
    """The label is the answer of another network, the ``program``: the index of its largest logit,
    the lowest of several."""

    program: Program

    def _check(self) -> None:
        if self.outputs == 1:
            raise InputError("A teacher needs several logits; one output gives no label.")

    @property
    def outputs(self) -> int:
        return self.program.outputs

    @property
    def symmetric(self) -> bool:
        return False

    def label(self, x: Sequence[Number]) -> int:
        logits = self.program.evaluate(x).logit
        return logits.index(max(logits))


@dataclass(frozen=True)
class TaskOnSubspace(Task):
    """The label of x = E y, for a rational ``basis`` E (n, m), as a task on the m inputs y.

    Where ties of the task fill a cone of the subspace, as between inputs that are 0 on all of it,
    the lowest index that qualifies is the label.
    """

    task: Task
    basis: Matrix

    def _check(self) -> None:
        """The task is checked already, and ``on_subspace`` checks the basis."""

    @property
    def outputs(self) -> int:
        return self.task.outputs

    @property
    def symmetric(self) -> bool:
        return False

    def cells(self) -> Iterator[LabelCell]:
        """Cells of the task, intersected with the subspace: some have no interior, others are
        there several times, and a label may be another one of a tie."""
        columns = list(zip(*self.basis, strict=True))
        unit = lcm(*(entry.denominator for row in self.basis for entry in row))
        for cell in self.task.cells():
            rows = [
                tuple(int(dot(row, column) * unit) for column in columns)  # type: ignore[arg-type]
                for row in cell.inequalities
            ]
            yield LabelCell(cell.label, tuple(row for row in rows if any(row)))

    def label(self, x: Sequence[Number]) -> int:
        y = to_vector(x, "y")
        return self.task.label([dot(row, y) for row in self.basis])


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


def _median_cells(n: int) -> Iterator[ValueCell]:
    if n % 2 == 1:
        for cell in _argmedian_cells(n):
            value = tuple(Fraction(k == cell.label) for k in range(n))
            yield ValueCell(value, cell.inequalities)
        return
    for low in range(n):
        for high in range(n):
            others = [k for k in range(n) if k not in (low, high)]
            for above in combinations(others, (n - 2) // 2) if low != high else ():
                rows = [
                    _difference(n, k, high) if k in above else _difference(n, low, k)
                    for k in others
                ]
                value = tuple(Fraction(k in (low, high), 2) for k in range(n))
                yield ValueCell(value, (_difference(n, high, low), *rows))


def _longest_cycle(f: list[Fraction]) -> int:
    n, longest = len(f), 0
    for start in range(n):
        length, at = 1, int(f[start])
        while at != start and length <= n:
            length, at = length + 1, int(f[at])
        if at == start:
            longest = max(longest, length)
    return longest - 1


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
    "longest_cycle": _longest_cycle,
}

INDEX_TASKS: tuple[str, ...] = tuple(_CELLS)
"""The tasks with a label for each Gaussian input."""

TASK_NAMES: tuple[str, ...] = (*INDEX_TASKS, "median", "longest_cycle")


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


def median(seq_len: int) -> Task:
    """The median of the inputs; a number, so that models are scored by their squared error."""
    return Task("median", seq_len)


def longest_cycle(seq_len: int) -> Task:
    """The length of a function's longest cycle, minus 1."""
    return Task("longest_cycle", seq_len)


def teacher(program: Program, name: str = "teacher") -> Teacher:
    """The answer of another network is the label; ``name`` is for people."""
    return Teacher(name, program.seq_len, program)


@overload
def on_subspace(target: Program, basis: Sequence[Sequence[Number]]) -> Program: ...
@overload
def on_subspace(target: Task, basis: Sequence[Sequence[Number]]) -> Task: ...
def on_subspace(target: Program | Task, basis: Sequence[Sequence[Number]]) -> Program | Task:
    """A program or a task at x = E y, as one in y, for a rational ``basis`` E (n, m)."""
    if isinstance(target, Program):
        return program_on_subspace(target, basis)
    task = target
    if isinstance(task, Teacher):
        return teacher(program_on_subspace(task.program, basis), task.name)
    if task.name not in INDEX_TASKS:
        raise InputError(f"{task.name} has no labels on a subspace; use {', '.join(INDEX_TASKS)}.")
    rows = check_basis(basis, task.seq_len)
    return TaskOnSubspace(f"{task.name} on a subspace", len(rows[0]), task, rows)


def check_scored(network: Program | Transformer, task: Task, ties: str) -> None:
    """InputError unless the network can be scored by how often it gives the task's label: a
    program as in ``check_fit``, or a transformer of the right sizes on longest_cycle."""
    if isinstance(network, Transformer):
        _check_ties(ties)
        _check_transformer(network, task)
    else:
        check_fit(network, task, ties)


def check_fit(program: Program, task: Task, ties: str = "lowest") -> None:
    """InputError unless it is a task with labels, the program has the task's inputs and a logit
    for each label, and the tie rule is known."""
    _check_ties(ties)
    if not isinstance(program, Program):
        raise InputError(
            f"This needs the program of an RNN or a perceptron, not a {type(program).__name__}; "
            "transformers have scores only, from accuracy() and sample()."
        )
    if task.name == "median":
        raise InputError("median asks for a number, not for a label; score it by squared_error().")
    if task.name == "longest_cycle":
        raise InputError("longest_cycle is a task for transformers, and this program is none.")
    if (program.seq_len, program.outputs) != (task.seq_len, task.outputs):
        logits = "as many inputs and logits"
        if task.outputs != task.seq_len:
            logits = f"as many inputs and {task.outputs} logits"
        raise InputError(
            f"{task.name} on {task.seq_len} inputs needs a program with {logits}, "
            f"not {program.seq_len} inputs and {program.outputs} logits."
        )


def _check_ties(ties: str) -> None:
    if ties not in TIE_RULES:
        raise InputError(
            f"Unknown tie rule {ties!r}{did_you_mean(ties, TIE_RULES)}; choose from "
            f"{', '.join(TIE_RULES)}."
        )


def _check_transformer(transformer: Transformer, task: Task) -> None:
    if task.name != "longest_cycle":
        raise InputError(f"{task.name} is a task for RNNs; transformers are for longest_cycle.")
    if transformer.outputs == 1:
        raise InputError(
            "This transformer has a single output; an accuracy needs a logit for each label."
        )
    sizes = (transformer.seq_len, transformer.tokens, transformer.outputs)
    if sizes != (task.seq_len,) * 3:
        raise InputError(
            f"longest_cycle on {task.seq_len} inputs needs a transformer with as many positions, "
            f"tokens and logits, not {sizes[0]}, {sizes[1]} and {sizes[2]}."
        )
