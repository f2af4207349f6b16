"""What a computation of a score returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

from algzoo_exact.exact.enclosure import Enclosure, square_root
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.score.closed_form import ClosedForm
from algzoo_exact.shown import Shown

Kind = Literal["exact", "certified"]


@dataclass(frozen=True)
class Counts(Shown):
    """What came out where a finite number of inputs was tried one by one.

    There are ``inputs`` in all, equally likely. Of these, ``undecided`` were not tried, or not
    settled. Among the others, ``confusion[label][answer]`` counts those with a true label and an
    answer, which is the lowest index where several logits share the maximum; that was so on
    ``tied`` inputs.
    """

    inputs: int
    undecided: int
    tied: int
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, eq=False)
class Score(Shown):
    """What a network scores on random inputs, by one metric.

    ``metric`` is its name: ``accuracy``, or ``mean_squared_error``, that is
    E[(f(x) - median(x))^2]. Inputs are standard Gaussian, or for longest_cycle uniform among all
    functions; then ``counts`` is there, and where ``kind`` is ``exact``, the enclosure is one
    rational.

    ``kind`` says what ``enclosure`` means:

    * ``exact``: the true score of the real-valued function lies in it; every input is decided, and
      its width is rounding alone.
    * ``certified``: the true score lies in it; it is wider by what was left undecided.

    ``form`` is the closed form, for n <= 3 and kind ``exact``. ``cells`` counts the cones that were
    visited, of constant label and correctness, or on which program and median are linear.
    ``regions`` counts the activation patterns among them, where they are split so far: cones that
    are right or wrong as a whole are not. ``undecided`` is the mass not decided. ``by_label``, on
    request, splits an accuracy by true label. ``ties`` is None where no tie matters.
    """

    metric: str
    kind: Kind
    enclosure: Enclosure
    task: Task
    ties: TieRule | None
    method: str
    seconds: float
    form: ClosedForm | None = None
    undecided: Fraction = Fraction(0)
    regions: int | None = None
    cells: int | None = None
    by_label: Mapping[int, Enclosure] | None = None
    counts: Counts | None = None

    @cached_property
    def root(self) -> Enclosure:
        """Its square root: of a mean squared error, the root mean squared error."""
        return square_root(self.enclosure)

    @property
    def value(self) -> float:
        """Midpoint of the enclosure, for plots and z-scores."""
        return float(self.enclosure.midpoint)

    def __repr__(self) -> str:
        return f"<{self.metric} {self}; {self.task.name}, n = {self.task.seq_len}; {self.method}>"

    def __str__(self) -> str:
        if self.kind == "exact":
            width = f"{float(self.enclosure.width):.0e}" if self.enclosure.width else "0"
            return f"{self.enclosure.settled()} (exact, width {width})"
        low, high = self.enclosure.decimal(6)
        return f"between {low} and {high} (certified)"
