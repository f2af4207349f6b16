"""Compiled code on several cores of one process; it runs without the interpreter's lock."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import pairwise


def spread(part: Callable[[int, int], None], count: int, threads: int) -> None:
    """Call ``part(first, last)`` on consecutive spans of 0 .. ``count``, each in a thread."""
    cuts = [count * i // threads for i in range(threads + 1)]
    spans = list(pairwise(cuts))
    others = [_pool().submit(part, *span) for span in spans[1:]]
    part(*spans[0])
    for other in others:
        other.result()


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(os.cpu_count())
