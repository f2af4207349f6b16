"""Compiled code made ready on a machine that has none stored yet.

Numba compiles a function when it is first called, and stores it on disk. Two processes share that
work; the caller goes on in integers for a moment, then leaves both cores to them. What saves most
is less to compile: one version of each function, whatever constants it is called with, and machine
code only of what Python calls (``jit``); no assignments of slices (``measure.lattice_f64``); and
one kernel that measures facets (``measure.cell_facets``), beside which each score has little of its
own (``score.kernels``): the search and that kernel take about as long.
benchmarks/first_use.py measures it.

What was weighed: less optimisation saves a tenth to a sixth, once, at the cost of every later run;
without any, numba cannot store the code. Functions inlined by numba save nothing. Code compiled
ahead for all machines would have to do without their instructions.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, TypeAlias

from algzoo_exact.jobs import worker_pool
from algzoo_exact.processes import may_start_processes

Kernel: TypeAlias = str
KERNELS: list[Kernel] = []
"""What is compiled ahead."""
COMPILING = "compiling for this machine, once"
LOADING_SECONDS = 1.3  # of stored code, once in a process

Code: TypeAlias = tuple[tuple[Callable[..., Any], ...], Callable[[], Any]]
"""Of a kernel: its compiled functions, and what calls each once, on nothing; the same code serves
all sizes and tasks."""

_CODE: dict[Kernel, Callable[[], Code]] = {}


def register(kernel: Kernel, code: Callable[[], Code], *, ahead: bool = True) -> None:
    """A kernel, and what gives its code, which another process imports by its name."""
    _CODE[kernel] = code
    if ahead:
        KERNELS.append(kernel)


def is_stored(kernel: Kernel) -> bool:
    """Whether a kernel need not be compiled."""
    from algzoo_exact.jit import has_code

    functions, _ = _CODE[kernel]()
    return all(map(has_code, functions))


def compile_kernel(kernel: Kernel) -> None:
    """Compile and store one."""
    _, call = _CODE[kernel]()
    call()


def _compile(code: Callable[[], Code]) -> None:
    """In a process of its own."""
    gc.disable()  # nearly all objects of numba's stay; looking at them takes a tenth of the time
    _, call = code()
    call()


@contextmanager
def compiling(*kernels: Kernel) -> Iterator[list[Future[None]]]:
    """Compiles what is not stored, in other processes; they end with the block."""
    missing = [kernel for kernel in kernels if not is_stored(kernel)]
    if not (missing and may_start_processes()):
        yield []  # compiled when called
        return
    with worker_pool(min(2, len(missing))) as pool:
        yield [pool.submit(_compile, _CODE[kernel]) for kernel in missing]


def done(futures: list[Future[None]], seconds: float | None) -> bool:
    """Whether that has ended, after waiting for it so long, or as long as it takes. What a process
    leaves that dies is compiled when it is called."""
    if wait(futures, seconds, ALL_COMPLETED).not_done:
        return False
    with suppress(BrokenProcessPool):
        for future in futures:
            future.result()  # raises what went wrong
    return True
