"""What computations over several processes share."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from multiprocessing import parent_process
from typing import Any, Generic, Protocol, TypeVar

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.processes import FreshContext, Workers, processes_for
from algzoo_exact.state import WRITE_SECONDS, State, damaged
from algzoo_exact.typed import ERRORS, plain, typed

_J = TypeVar("_J", covariant=True)
_K = TypeVar("_K", contravariant=True)
_R = TypeVar("_R")

_LOSSES = 3
"""How often a job may be lost with a process, its own or another one, before that is an error."""


@contextmanager
def worker_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes that leave Ctrl-C to the main one, and end with the block, whatever they are
    doing.

    InputError if one of them ends early, as for lack of memory.
    """
    context = FreshContext()
    pool = ProcessPoolExecutor(workers, context, _start_worker)
    try:
        with suppress(BrokenProcessPool):  # the first real job tells
            for _ in range(workers):  # a process starts with each job that finds none idle
                pool.submit(_nothing)
        yield pool
    except BrokenProcessPool:
        raise _ended_early() from None
    finally:
        for process in context.started:
            if process.pid is not None:  # else its start failed
                process.terminate()
        pool.shutdown(wait=True, cancel_futures=True)


def _ended_early() -> InputError:
    return InputError(
        "A process that shared the work ended early, for lack of memory perhaps; try fewer workers."
    )


class Queue(Protocol[_J]):
    """Jobs that wait; more may be added while others are done."""

    def __len__(self) -> int: ...

    def pop(self) -> _J: ...


@dataclass(frozen=True)
class Kept(Generic[_K, _R]):
    """Where what jobs come to is kept: in the ``state`` of a run, or nowhere.

    ``key`` says all that it depends on, beside what names the run; ``sort`` is its type (see
    ``typed``). ``told`` is what of it is kept, None if it is not, as the time was up; ``made``,
    given the job too, is its inverse.
    """

    state: State | None
    key: Callable[[_K], str]
    sort: Any
    told: Callable[[_R], Any] = lambda found: found
    made: Callable[[_K, Any], _R] = lambda job, found: found

    def found(self, job: _K, left: int) -> _R | None:
        """What an earlier run left of this job, beside so many others; None if nothing."""
        value = None if self.state is None else self.state.value(self.key(job))
        if self.state is None or value is None:
            return None
        self.state.expect(self.state.done + left)
        try:
            return self.made(job, typed(self.sort, value))
        except ERRORS as error:
            raise damaged(self.state.path) from error

    def keep(self, job: _K, outcome: _R, left: int) -> None:
        """Keep what it came to; so many others are ``left``."""
        if self.state is not None and (value := self.told(outcome)) is not None:
            self.state.put(self.key(job), plain(value))
            self.state.expect(self.state.done + left)

    def timeout(self, deadline: Deadline) -> float | None:
        """How long to wait for a job, as what is kept is to be written soon."""
        pending = self.state is not None and self.state.pending
        return (deadline.within(WRITE_SECONDS) if pending else deadline).timeout

    def write(self) -> None:
        if self.state is not None:
            self.state.write()


NOWHERE: Kept[Any, Any] = Kept(None, str, None)


def outcomes(
    jobs: Queue[_J],
    work: Callable[[_J], _R],
    deadline: Deadline,
    workers: Workers,
    kept: Kept[_J, _R] = NOWHERE,
    *,
    threads: int = 1,
) -> Iterator[tuple[_J, _R]]:
    """Jobs with what they came to, as they are done, until none is left or the deadline passes,
    which ends jobs in other processes at once. An executor's own go on until they notice. What is
    ``kept`` already is not done again.

    One worker works in this process, in so many ``threads``: for compiled code, beside which others
    run, and for short jobs, since those that began are finished.

    Where a process of this machine dies, all are started anew, and repeat the jobs that were lost.
    InputError if that was so for one job again and again.
    """
    processes, local = processes_for(workers), not isinstance(workers, Executor)
    alone = processes == 1
    if alone and threads == 1 and local:
        while len(jobs) and not deadline.passed:
            job = jobs.pop()
            outcome = kept.found(job, len(jobs))
            if outcome is None:
                outcome = work(job)
                kept.keep(job, outcome, len(jobs))
            yield job, outcome
        return
    # Each with how often it was lost.
    running: dict[Future[_R], tuple[_J, int]] = {}
    again: list[tuple[_J, int]] = []
    with ExitStack() as stack:
        pool: Executor | None = None
        try:
            while (len(jobs) or again or running) and not deadline.passed:
                while (len(jobs) or again) and len(running) < 2 * processes * threads:
                    job, losses = again.pop() if again else (jobs.pop(), 0)
                    left = len(jobs) + len(again) + len(running)
                    if not losses and (found := kept.found(job, left)) is not None:
                        yield job, found
                    else:  # processes are not started before there is something to do
                        pool = pool or stack.enter_context(
                            _executor(workers, processes, threads if alone else 0)
                        )
                        running[_submitted(pool, work, job)] = job, losses
                done = wait(running, kept.timeout(deadline), FIRST_COMPLETED).done
                if not done:
                    kept.write()
                if local and any(map(_lost, done)):
                    stack.close()  # with which all that runs has ended
                    pool, done = None, {*running}
                for future in done:
                    job, losses = running.pop(future)
                    if local and _lost(future):
                        if losses + 1 == _LOSSES:
                            raise _ended_early()
                        again.append((job, losses + 1))
                        continue
                    outcome = future.result()
                    kept.keep(job, outcome, len(jobs) + len(again) + len(running))
                    yield job, outcome
        finally:
            for future in running:
                future.cancel()


def _submitted(pool: Executor, work: Callable[[Any], _R], job: object) -> Future[_R]:
    """It is lost at once, if a process died since."""
    try:
        return pool.submit(work, job)
    except BrokenProcessPool as error:
        future = Future[_R]()
        future.set_exception(error)
        return future


def _lost(future: Future[Any]) -> bool:
    """Whether a job has ended with its process, or never will."""
    return not future.done() or isinstance(future.exception(), BrokenProcessPool)


def _executor(workers: Workers, processes: int, threads: int) -> AbstractContextManager[Executor]:
    if isinstance(workers, Executor):
        return nullcontext(workers)
    return ThreadPoolExecutor(threads) if threads else worker_pool(processes)


def _nothing() -> None:
    """A job that only makes the pool start its processes."""


def _start_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A worker whose main process was killed would wait for work for ever."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
