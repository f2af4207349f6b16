"""Problems: what is asked of inputs, whatever their number. With a number of inputs, a problem is a
task.

To add one, write a file with a ``Problem``, as those in ``problems/``, and hand it to
``task.register_problem``. All else asks the problem, and knows none by name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

Normal = tuple[int, ...]

_NAME = re.compile(r"[A-Za-z0-9]\w{0,39}", re.ASCII)


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

    @property
    def middle(self) -> tuple[int, ...]:
        """The inputs that the answer is made of."""
        return tuple(i for i, share in enumerate(self.value) if share)


@dataclass(frozen=True)
class Problem:
    """What is asked, in three sorts: an index, a number, or a label of a function.

    With ``cells``, it is an index below n, for each of n standard Gaussian inputs. With ``values``,
    a number that is linear on each cell. Cells cover R^n, and their interiors are disjoint. With
    neither, it is a label below n of a function f from {0, .., n-1} to itself, given as f(0), ..,
    f(n-1), and a task for transformers.

    Functions are those of a module, so that other processes find them.
    """

    name: str
    words: str
    """What is asked for: "the index of the largest input"."""
    answer: Callable[[list[Fraction]], Fraction | int]
    """The exact answer; on a wall between labels, the lowest index that qualifies."""
    targets: Callable[[Tensor], Tensor]
    """Answers (N) to inputs (n, N), in torch: int64 labels, or numbers. Where inputs coincide, any
    label that qualifies."""
    cells: Callable[[int], Iterator[LabelCell]] | None = None
    values: Callable[[int], Iterator[ValueCell]] | None = None
    from_mean: Callable[[int], Fraction] | None = None
    """With ``values``: a bound of E[(answer - mean of the inputs)^2]."""
    symmetric: bool = False
    """Whether permuting the inputs moves the label along, so that cells are congruent, and adding a
    constant to all inputs changes no label, so that every wall contains (1, .., 1)."""
    rank: Callable[[int], int] | None = None
    """How many inputs are above the one whose index is asked for, if it is an order statistic."""
    outlying: bool = False
    """Whether the index of the input furthest from the mean is asked for."""
    least: int = 2
    """The least number of inputs."""
    odd: bool = False
    """Whether their number must be odd."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"A problem's name has up to 40 letters, digits and _, unlike {self.name!r:.60}."
            )
        if self.cells is not None and self.values is not None:
            raise InputError(f"{self.name} has cells of labels and of values; give one of them.")
        if (self.values is None) != (self.from_mean is None):
            raise InputError(f"{self.name} must have both values and from_mean, or neither.")
        if self.values is not None and not self.symmetric:
            raise InputError(f"{self.name} has values: its cells must be symmetric.")

    @property
    def is_index(self) -> bool:
        """Whether it asks for the index of an input, and has label cells."""
        return self.cells is not None

    @property
    def is_numeric(self) -> bool:
        """Whether it asks for a number, so that models are scored by their squared error."""
        return self.values is not None

    @property
    def is_discrete(self) -> bool:
        """Whether inputs are functions, and models transformers."""
        return not (self.is_index or self.is_numeric)

    def check(self, seq_len: int) -> None:
        """InputError for a number of inputs on which there is no such task."""
        if seq_len < self.least:
            raise InputError(f"{self.name} needs at least {self.least} inputs, not {seq_len}.")
        if self.odd and seq_len % 2 == 0:
            raise InputError(f"{self.name} needs an odd number of inputs, not {seq_len}.")


def difference(n: int, plus: int, minus: int) -> Normal:
    """The form x[plus] - x[minus] in n inputs."""
    return tuple((k == plus) - (k == minus) for k in range(n))
