"""Compiled code made ready on a machine that has none stored yet.

Numba compiles a function when it is first called, and stores it on disk. For the search and the
flows that takes some twelve seconds each on one core: they are compiled beside each other in two
processes, while the caller goes on in integers. What was weighed: less optimisation saves a tenth
of that (most of it goes into types, not into machine code), and code compiled ahead for all
machines would have to do without their instructions.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ALL_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Literal

from algzoo_exact.processes import may_start_processes
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import median, second_argmax
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.pool import worker_pool

Kernel = Literal["search", "flows", "squares"]
KERNELS: tuple[Kernel, ...] = ("search", "flows", "squares")
COMPILING = "compiling for this machine, once"
LOADING_SECONDS = 1.3  # of stored code, once in a process
_PROCESSES = 2


def is_stored(kernel: Kernel) -> bool:
    """Whether a kernel need not be compiled."""
    from algzoo_exact.jit import has_code
    from algzoo_exact.regions.compiled import advance
    from algzoo_exact.score.bend_balls import squares_of_cells
    from algzoo_exact.score.boundary_balls import flow_balls_of_cells

    if kernel == "search":
        return has_code(advance)
    return has_code(flow_balls_of_cells if kernel == "flows" else squares_of_cells)


def compile_kernel(kernel: Kernel) -> None:
    """Compile and store one, by calling it once. The same code serves all sizes and tasks."""
    from algzoo_exact.regions.search import Search

    outputs = 1 if kernel == "squares" else 4
    program = rnn((1, -1), ((1, -2), (-1, 3)), ((1, -2),) * outputs, 4)
    search = Search(program, None, exact_only=kernel != "search")
    task = median(4) if kernel == "squares" else second_argmax(4)
    start = starting_cones(task)[0]
    direction = (1, 2, 4, 9)
    if kernel == "search":
        for _ in search.cells(start):
            pass
    elif kernel == "flows":
        from algzoo_exact.score.boundary_balls import float_flow
        from algzoo_exact.score.facets import ALL_FACETS

        float_flow(search, program, start, direction, ALL_FACETS, None)
    else:
        from algzoo_exact.score.bend_balls import float_squares

        float_squares(search, program, task, start, direction, None)


@contextmanager
def compiling(*kernels: Kernel) -> Iterator[list[Future[None]]]:
    """Compiles what is not stored, in other processes; they end with the block."""
    missing = [kernel for kernel in kernels if not is_stored(kernel)]
    if not (missing and may_start_processes()):
        yield []  # compiled when called
        return
    with worker_pool(min(_PROCESSES, len(missing))) as pool:
        yield [pool.submit(compile_kernel, kernel) for kernel in missing]


def done(futures: list[Future[None]], seconds: float | None) -> bool:
    """Whether all is compiled, after waiting for it so long, or as long as it takes."""
    if wait(futures, seconds, ALL_COMPLETED).not_done:
        return False
    for future in futures:
        future.result()  # raises what went wrong
    return True
