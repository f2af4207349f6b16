"""What a page is about: one class for each sort of answer, in files of their own."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol

from algzoo_exact.present.explore.columns import Data
from algzoo_exact.program.task import TieRule
from algzoo_exact.zoo.loading import Model


class Subject(Protocol):
    """What was found out about a model, and is put on a page."""

    @property
    def against(self) -> Model | None:
        """The second model, if there is one."""

    @property
    def ties(self) -> TieRule | None:
        """The rule of ties, where logits are compared."""

    @property
    def open(self) -> Fraction:
        """The share of the inputs that was not looked at."""

    def facts(self) -> Iterator[tuple[str, str]]:
        """What the page says first, by name."""

    def figures(self) -> Data:
        """The same by stable keys, for programs."""

    def data(self) -> Data:
        """Networks and tables, as the page's scripts read them."""
