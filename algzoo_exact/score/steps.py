"""Results that get better step by step, until the end or Ctrl-C."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Protocol, TypeVar

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.score.compiling import COMPILING
from algzoo_exact.score.result import Progress


class _Step(Protocol):
    @property
    def enclosure(self) -> Enclosure: ...

    @property
    def undecided(self) -> Fraction: ...

    @property
    def method(self) -> str: ...


_S = TypeVar("_S", bound=_Step)


def last_step(steps: Iterator[_S], nothing: _S, progress: Progress | None) -> _S:
    """The last step, or the last one before a KeyboardInterrupt; ``nothing`` before the first."""
    last = nothing
    try:
        for last in steps:
            if progress is not None:
                low, high = last.enclosure.decimal(4)
                note = f"; {COMPILING}" if last.method.endswith(COMPILING) else ""
                progress(1 - float(last.undecided), f"between {low} and {high}{note}")
    except KeyboardInterrupt:
        pass  # what is decided so far is true
    return last
