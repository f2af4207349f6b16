"""Random inputs beside a score: run when they are asked for, or within a time limit beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from typing import TypeVar

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import FloatRangeError
from algzoo_exact.processes import may_start_processes

_T = TypeVar("_T")

_LATER = 0.4  # seconds that a sample may end after the score: nothing else is left to be done then
_ON_ITS_WAY = 0.2  # seconds from its end until it is here


@contextmanager
def sampled_beside(
    draw: Callable[[Deadline], _T], deadline: Deadline
) -> Iterator[Callable[[], tuple[_T | None, str]]]:
    """Gives what to call for a sample, or for why there is none: that costs no result.

    Within a limit, ``draw`` runs in a process of its own from the start, which ends with the block,
    even if it is still loading torch; it draws as many inputs as there is time for.
    """
    if not (deadline.limited and may_start_processes()):
        yield lambda: _or_why_not(lambda: draw(NEVER))
        return
    from algzoo_exact.score.pool import worker_pool

    with worker_pool(1) as pool:
        until = Deadline(deadline.at + _LATER)
        job = pool.submit(draw, until)

        def result() -> tuple[_T | None, str]:
            if not wait([job], until.left + _ON_ITS_WAY).done:
                return None, "there was no time for it"
            return _or_why_not(job.result)

        yield result


def _or_why_not(draw: Callable[[], _T]) -> tuple[_T | None, str]:
    try:
        return draw(), ""
    except FloatRangeError as error:
        return None, str(error)
