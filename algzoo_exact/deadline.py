"""One clock for every limit on time: a deadline, made at the user's call and passed down.

It may travel to other processes, on other machines too, whose clocks show the same time of day.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, time

from algzoo_exact.errors import AlgzooExactError, InputError


def check_seconds(seconds: float) -> None:
    """InputError unless it is a limit on time: a positive number."""
    if not 0 < seconds < math.inf:
        raise InputError(f"The time limit must be a positive number, not {seconds}.")


class TimeIsUpError(AlgzooExactError):
    """Raised by ``Deadline.look``; never reaches a user."""


@dataclass(frozen=True)
class Deadline:
    """A moment ``at`` of ``time.monotonic``; infinity where there is no limit."""

    at: float = math.inf

    @staticmethod
    def after(seconds: float | None) -> Deadline:
        """So many seconds from now; None is no limit."""
        return NEVER if seconds is None else Deadline(monotonic() + seconds)

    def __reduce__(self) -> tuple[Callable[[float], Deadline], tuple[float]]:
        return _at_time_of_day, (time() + self.at - monotonic(),)

    @property
    def limited(self) -> bool:
        return self.at < math.inf

    @property
    def passed(self) -> bool:
        return monotonic() > self.at

    @property
    def left(self) -> float:
        """Seconds, at least 0."""
        return max(0.0, self.at - monotonic())

    @property
    def timeout(self) -> float | None:
        """``left`` for the functions of Python that wait, which take None for no limit."""
        return self.left if self.limited else None

    def look(self) -> None:
        """TimeIsUpError if it has passed: for work in many steps that is of no use by halves."""
        if self.passed:
            raise TimeIsUpError

    def within(self, seconds: float) -> Deadline:
        """This one, or so many seconds from now if that is earlier."""
        return Deadline(min(self.at, monotonic() + seconds))

    def part(self, share: float) -> Deadline:
        """An earlier one, after this share of what is left."""
        return self.within(share * self.left)


def _at_time_of_day(moment: float) -> Deadline:
    return Deadline(moment - time() + monotonic())


NEVER = Deadline()
