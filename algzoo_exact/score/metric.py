"""What is scored: a number that is a sum over cells.

A metric says on which pieces of input space it is a sum, what a cell adds to it along a squash
direction, and what a piece can add at most while it is undecided. The engine (``cones``) knows no
metric. To add one, write a file with a ``Metric`` and add a line to ``METRICS`` in
``compute``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

from flint import arb

from algzoo_exact.arrays import F64
from algzoo_exact.compiling import Kernel
from algzoo_exact.deadline import Deadline
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import NotGenericError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import LEAVES, ExactSearch, new_search
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.closed_form import Terms
from algzoo_exact.score.direction import Direction
from algzoo_exact.score.rigorous import Cell, narrowed


@dataclass(frozen=True)
class Piece:
    """Some starting cones, of one label for a symmetric task, and their mass; else one cone, whose
    mass is not known beforehand. What inputs in them add to the score is at least 0, and at most
    ``rate`` times their mass.
    """

    starts: tuple[Start, ...]
    mass: Fraction | None = None
    rate: Fraction = Fraction(1)


def mass_of_all(pieces: Sequence[Piece]) -> Fraction:
    """A whole number: how many times they cover the space."""
    return sum((piece.mass for piece in pieces if piece.mass), Fraction(0)) or Fraction(1)


class Integral(ABC):
    """What the cells of one search add to a score, along one direction."""

    wide: float
    """What one cell may be off by in float64, where no number of digits is asked for."""

    def __init__(
        self, program: Program, task: Task, ties: TieRule | None, direction: Direction,
        compiled: bool,
    ) -> None:  # fmt: skip
        self.task, self.ties, self.direction = task, ties, direction
        self.search: ExactSearch = new_search(program, ties, compiled)

    def grain(self, start: Start) -> int:
        """Which cells below a start add to it; see ``exact_search``."""
        return LEAVES

    @abstractmethod
    def at_zero(self, start: Start) -> Fraction:
        """What a starting cone adds at l = 0."""

    def ball(self, cell: Cell, radius: arb) -> arb:
        """What a cell adds beyond that, within this radius: at flint's precision, or with more bits
        where needed."""
        return narrowed(partial(self.value, cell), radius)

    @abstractmethod
    def value(self, cell: Cell) -> arb:
        """The same at flint's precision."""

    @abstractmethod
    def kernel(self, start: Start) -> Callable[[Cells], F64]:
        """The same in float64 balls, (cells, 2), of a batch of cells below a start; of infinite
        radius where float64 does not decide."""

    @abstractmethod
    def closed(self, cell: Cell, terms: Terms) -> None:
        """The same for n <= 3 in closed form."""


@dataclass(frozen=True)
class Metric:
    """One score. Functions are those of a module, so that other processes find them. Times are in
    seconds a leaf on one core, by the number of inputs, measured on trained models (benchmarks/).
    """

    name: str
    words: str
    over: str
    """What the sum runs over, for people; and the same sum in balls."""
    flow: str
    constant: str
    """What is constant on a cell, for people."""
    root: str
    """What people call its square root, if they state it too; else empty."""
    scores: Callable[[Task], bool]
    """Whether it scores a task."""
    check: Callable[[Program | Transformer, Task, TieRule | None], None]
    """InputError where program, task and tie rule do not fit."""
    known: Callable[[Program | Transformer, Task], tuple[Enclosure, str]]
    """Bounds without any enumeration, and how they were found."""
    pieces: Callable[[Program, Task, Deadline], Sequence[Piece]]
    """Disjoint, but for pieces with different labels. TimeIsUpError if the deadline passes."""
    directions: Callable[[Program, Task], Iterator[Direction]]
    integral: Callable[[Program, Task, TieRule | None, Direction, bool], Integral]
    """The last argument: whether the search is compiled."""
    kernels: tuple[Kernel, ...]
    ball_seconds: Mapping[int, float] = field(compare=False)
    float_seconds: Mapping[int, float] = field(compare=False)
    of_labels: bool
    """Whether cells earn credits, so that any cone can be decided by itself and the score split by
    label."""

    def direction(self, program: Program, task: Task) -> Direction:
        """The first direction. NotGenericError if no direction will do."""
        found = next(self.directions(program, task), None)
        if found is None:
            raise NotGenericError("no direction is generic for this program; report the weights")
        return found
