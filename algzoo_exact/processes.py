"""New processes: fresh ones, that import only what their jobs need.

A script's main module is not imported in them. So it needs no guard (``if __name__ ==
"__main__"``), and may be a notebook, or come from standard input.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from multiprocessing import current_process, resource_tracker
from multiprocessing.context import SpawnContext, SpawnProcess
from types import ModuleType
from typing import Any, TypeAlias

from algzoo_exact.errors import InputError
from algzoo_exact.signals import interrupts_held

Workers: TypeAlias = int | Executor
"""So many processes of this machine; or an executor that runs jobs wherever it likes."""

_MANY = 64
"""How many workers an executor may have: none tells."""


class FreshProcess(SpawnProcess):
    """Spawned, because forking a process that has run compiled threads is not safe."""

    def start(self) -> None:
        """Ctrl-C is held back meanwhile: a process inherits what is held, and leaves Ctrl-C to the
        main one."""
        resource_tracker.ensure_running()  # it starts with the first process, and lets Ctrl-C go
        with interrupts_held(), _main_module_hidden():
            super().start()


class FreshContext(SpawnContext):
    """Makes processes of that kind, and remembers them."""

    def __init__(self) -> None:
        super().__init__()
        self.started: list[FreshProcess] = []

    def Process(self, *arguments: Any, **options: Any) -> FreshProcess:  # type: ignore[override]  # noqa: N802 (its name in multiprocessing)
        process = FreshProcess(*arguments, **options)
        self.started.append(process)
        return process


def may_start_processes() -> bool:
    """Whether this one may have children: workers of a ``multiprocessing.Pool`` may not."""
    return not current_process().daemon


def processes_for(workers: Workers) -> int:
    """How many processes share the work; only this one, if it may have no children."""
    if isinstance(workers, Executor):
        return _MANY
    return workers if may_start_processes() else 1


def check_workers(workers: object) -> None:
    """InputError unless it is a number of processes or an executor."""
    if isinstance(workers, Executor):
        return
    if not isinstance(workers, int) or isinstance(workers, bool) or workers < 1:
        raise InputError(f"workers must be at least 1, or an Executor, not {workers!r}.")


@contextmanager
def _main_module_hidden() -> Iterator[None]:
    """multiprocessing has new processes import what it finds here."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main
