"""What computations over several processes share."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import parent_process
from typing import Any

from algzoo_exact.errors import InputError
from algzoo_exact.processes import FreshContext
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TieRule
from algzoo_exact.regions.exact_search import LEAVES, ExactSearch


def new_search(
    program: Program, ties: TieRule | None, compiled: bool, grain: int = LEAVES
) -> ExactSearch:
    """A search for cells, in exact integers (all of them) or by the compiled kernel."""
    if not compiled:
        return ExactSearch(program, ties)
    from algzoo_exact.regions.search import Search  # loads numba

    return Search(program, ties, grain=grain)


@contextmanager
def worker_pool(
    workers: int, setup: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes that leave Ctrl-C to the main one, and end with the block, whatever they are
    doing.

    InputError if one of them ends early, as for lack of memory.
    """
    context = FreshContext()
    pool = ProcessPoolExecutor(workers, context, _start_worker, (setup, arguments))
    try:
        for _ in range(workers):  # a process starts with each job that finds none idle
            pool.submit(_nothing)
        yield pool
    except BrokenProcessPool:
        raise InputError(
            "A process that shared the work ended early, for lack of memory perhaps; try fewer "
            "workers."
        ) from None
    finally:
        for process in context.started:
            if process.pid is not None:  # else its start failed
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def _nothing() -> None:
    """A job that only makes the pool start its processes."""


def _start_worker(setup: Callable[..., None] | None, arguments: tuple[Any, ...]) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if setup is not None:
        setup(*arguments)


def _end_with_parent() -> None:
    """A worker whose main process was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
