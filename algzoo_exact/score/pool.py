"""What computations over several processes share."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from typing import Any

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import TieRule
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.signals import interrupts_held


def new_search(program: Program, ties: TieRule | None, compiled: bool) -> ExactSearch:
    """A search for cells, in exact integers or by the compiled kernel."""
    if not compiled:
        return ExactSearch(program, ties)
    from algzoo_exact.regions.search import Search  # loads numba

    return Search(program, ties)


@contextmanager
def worker_pool(
    workers: int, setup: Callable[..., None] | None = None, arguments: tuple[Any, ...] = ()
) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes that leave Ctrl-C to the main one. What ends the block early ends them too.

    Fresh, because forking a process that has run compiled threads is not safe.
    """
    others = active_children()
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (setup, arguments))
    try:
        with interrupts_held():
            for _ in range(workers):  # a process starts with each job that finds none idle
                pool.submit(_nothing)
        yield pool
    except BaseException:  # a job may take long, and nobody asks for its result any more
        for process in active_children():
            if process not in others:
                process.terminate()
        raise
    finally:
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
