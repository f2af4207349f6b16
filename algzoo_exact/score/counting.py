"""How many cells there are, and how many processes their number is worth."""

from __future__ import annotations

import math
import os
import time

from algzoo_exact.program.task import Task
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import starting_cones

_PROBE_SECONDS = 0.2  # of counting
# If no start is finished by then: in integers, before compiled code is loaded; and compiled.
SMALL_PATIENCE, PATIENCE = 0.7, 4.0
_PROCESSES_FROM = 12.0  # seconds, from which on they are worth their start
_CORES = 2  # of which each has its share of memory


def count_leaves(
    search: ExactSearch, task: Task, patience: float, enough: float = math.inf
) -> float:
    """Leaves of the enumeration: their number, or about that many, from those below the starts
    that are finished soon; infinity if none is after ``patience`` seconds. It ends when more than
    ``enough`` are to be expected.

    The processor's time, so that the choice of a method does not depend on what else is running.
    """
    began = time.process_time()
    starts = starting_cones(task)
    for finished, start in enumerate(starts):
        before = search.leaves
        for _ in search.cells(start):
            if search.leaves * len(starts) > enough * (finished + 1):
                return search.leaves * len(starts) / (finished + 1)
            if time.process_time() - began > (_PROBE_SECONDS if finished else patience):
                return before * len(starts) / finished if finished else math.inf
    return search.leaves


def sharing(seconds: float) -> tuple[int, int]:
    """Processes, and threads of each, for what takes one core so long. Threads start at once, but
    take turns at all that is not compiled code."""
    cores = min(_CORES, os.cpu_count() or 1)
    return (cores, 1) if seconds > _PROCESSES_FROM else (1, cores)
