"""Several cores in one process: torch and compiled code run without the interpreter's lock.

Each worker has torch compute in one thread. Those that torch starts for one operation wait for each
other in busy loops, and where other processes run, that can take 10 times as long.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from itertools import pairwise
from typing import TypeVar

import torch

_T = TypeVar("_T")


def spread(part: Callable[[int, int], None], count: int, threads: int) -> None:
    """Call ``part(first, last)`` on consecutive spans of 0 .. ``count``, each in a thread."""
    cuts = [count * i // threads for i in range(threads + 1)]
    spans = list(pairwise(cuts))
    others = [_pool().submit(part, *span) for span in spans[1:]]
    part(*spans[0])
    for other in others:
        other.result()


def in_order(work: Callable[[int], _T], count: int, device: torch.device) -> Iterator[_T]:
    """``work(0)``, .., ``work(count - 1)``; on a CPU some are computed ahead, side by side."""
    if device.type != "cpu":
        yield from map(work, range(count))
        return
    ahead = 2 * (os.cpu_count() or 1)
    pending: deque[Future[_T]] = deque()
    try:
        for number in range(count):
            pending.append(_pool().submit(work, number))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count(), initializer=torch.set_num_threads, initargs=(1,))
