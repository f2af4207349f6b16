"""What an accuracy computation returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.score.closed_form import ClosedForm

Kind = Literal["exact", "certified", "numeric"]

Progress = Callable[[float, str], None]
"""Called with the fraction done (0 to 1) and one line about what is known so far."""


@dataclass(frozen=True)
class Counts:
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
class Accuracy:
    """The accuracy of a network on random inputs.

    They are standard Gaussian, or for longest_cycle uniform among all functions; then
    ``counts`` is there, and where ``kind`` is ``exact``, the enclosure is one rational.

    ``kind`` says what ``enclosure`` means:

    * ``exact``: the true accuracy of the real-valued function lies in it; all mass is decided,
      and its width is rounding alone.
    * ``certified``: the true accuracy lies in it; it is wider by the mass left undecided.
    * ``numeric``: float64; its half width is the disagreement of two independent evaluations
      (at least 1e-15). An estimate of the error, not a proof.

    ``closed_form`` is there for n <= 3 and kind ``exact``. ``cells`` counts the cones of constant
    label and correctness that were visited; ``regions`` the activation patterns, for n <= 3 and
    "bounds": otherwise cones that are right or wrong as a whole are not split into regions.
    ``undecided`` is the mass not decided. ``by_label``, on request, splits the accuracy by true
    label.
    """

    kind: Kind
    enclosure: Enclosure
    task: Task
    ties: TieRule
    method: str
    seconds: float
    regions: int | None = None
    cells: int | None = None
    closed_form: ClosedForm | None = None
    undecided: Fraction = Fraction(0)
    by_label: Mapping[int, Enclosure] | None = None
    counts: Counts | None = None

    @property
    def value(self) -> float:
        """Midpoint of the enclosure, for plots and z-scores."""
        return float(self.enclosure.midpoint)

    def __str__(self) -> str:
        if self.kind == "exact":
            return f"{self.enclosure.settled()} (exact, width {_width(self.enclosure)})"
        low, high = self.enclosure.decimal(6 if self.kind == "certified" else 16)
        if self.kind == "certified":
            return f"between {low} and {high} (certified)"
        return f"{self.value:.15g} (numeric, error about {float(self.enclosure.width) / 2:.0e})"


def _width(enclosure: Enclosure) -> str:
    return "0" if enclosure.width == 0 else f"{float(enclosure.width):.0e}"
