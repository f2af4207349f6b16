"""Compiled code made ready on a machine that has none stored yet.

Numba compiles a function when it is first called, and stores it on disk. Two processes share that
work; the caller goes on in integers for a moment, then leaves both cores to them. What saves most
is less to compile: one version of each function, whatever constants it is called with (``jit``),
and no assignments of slices (``measure.lattice_f64``). benchmarks/first_use.py measures it.

What was weighed: less optimisation saves a tenth to a sixth, once, at the cost of every later run;
without any, numba cannot store the code. Functions inlined by numba save nothing. Code compiled
ahead for all machines would have to do without their instructions.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ALL_COMPLETED, Future, wait
from contextlib import contextmanager
from typing import Literal

import numpy as np

from algzoo_exact.jit import compile_for, has_code
from algzoo_exact.processes import may_start_processes
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import median, second_argmax
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.pool import worker_pool

Kernel = Literal["search", "flows", "squares"]
KERNELS: tuple[Kernel, ...] = ("search", "flows", "squares")
COMPILING = "compiling for this machine, once"
LOADING_SECONDS = 1.3  # of stored code, once in a process


def is_stored(kernel: Kernel) -> bool:
    """Whether a kernel need not be compiled."""
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


def _compile_faces() -> None:
    """Face lattices, which flows and squares need; see ``_compile_facets``."""
    from algzoo_exact.measure.lattice_f64 import face_lattice

    ids, flags = np.arange(4), np.ones(4, np.uint64)
    orthant = np.array([[14], [13], [11], [7]], np.uint64)
    face_lattice(orthant, ids, 4, flags, np.eye(4), np.zeros(4))


def _compile_facets() -> None:
    """The flows of a cone's facets, from types alone, so that ``_compile_faces`` can run beside."""
    from algzoo_exact.measure.facet_flow import facet_flows
    from algzoo_exact.measure.flow_rules import flow_rules
    from algzoo_exact.measure.lattice_f64 import Lattice

    ids, sets = np.empty(0, np.int64), np.empty((0, 1), np.uint64)
    some, rows, frames = np.empty(0), np.empty((0, 4)), np.empty((0, 4, 4))
    lattice = Lattice(ids, sets, ids, ids, ids, rows, some, some, some, frames, rows, rows)
    compile_for(facet_flows, lattice, 4, rows, some, 0.0, flow_rules(), rows, rows)


def _compile(kernels: list[Kernel]) -> None:
    """Some, one after another, in a process of their own."""
    gc.disable()  # nearly all objects of numba's stay; looking at them takes a tenth of the time
    if kernels[0] == "search":
        _compile_faces()
    else:
        _compile_facets()
    for kernel in kernels:
        compile_kernel(kernel)


@contextmanager
def compiling(*kernels: Kernel) -> Iterator[list[Future[None]]]:
    """Compiles what is not stored, in other processes; they end with the block."""
    missing = [kernel for kernel in kernels if not is_stored(kernel)]
    if not (missing and may_start_processes()):
        yield []  # compiled when called
        return
    groups = ([k for k in missing if (k == "search") == search] for search in (True, False))
    jobs = [group for group in groups if group]
    with worker_pool(len(jobs)) as pool:
        yield [pool.submit(_compile, job) for job in jobs]


def done(futures: list[Future[None]], seconds: float | None) -> bool:
    """Whether all is compiled, after waiting for it so long, or as long as it takes."""
    if wait(futures, seconds, ALL_COMPLETED).not_done:
        return False
    for future in futures:
        future.result()  # raises what went wrong
    return True
