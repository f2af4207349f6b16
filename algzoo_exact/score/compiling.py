"""Compiled code made ready on a machine that has none stored yet.

Numba compiles a function when it is first called, and stores it on disk. Two processes share that
work; the caller goes on in integers for a moment, then leaves both cores to them. What saves most
is less to compile: one version of each function, whatever constants it is called with, and machine
code only of what Python calls (``jit``); no assignments of slices (``measure.lattice_f64``).
benchmarks/first_use.py measures it.

What was weighed: less optimisation saves a tenth to a sixth, once, at the cost of every later run;
without any, numba cannot store the code. Functions inlined by numba save nothing. Code compiled
ahead for all machines would have to do without their instructions.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ALL_COMPLETED, Future, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any, Literal

from algzoo_exact.deadline import NEVER
from algzoo_exact.errors import InputError
from algzoo_exact.processes import may_start_processes
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import median, second_argmax
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.pool import worker_pool

Kernel = Literal["search", "flows", "squares", "boxes", "cells", "slopes", "square slopes"]
KERNELS: tuple[Kernel, ...] = ("search", "flows", "squares", "cells", "slopes", "square slopes")
COMPILING = "compiling for this machine, once"
LOADING_SECONDS = 1.3  # of stored code, once in a process


def is_stored(kernel: Kernel) -> bool:
    """Whether a kernel need not be compiled."""
    from algzoo_exact.jit import has_code
    from algzoo_exact.regions.compiled import advance
    from algzoo_exact.score.bend_balls import squares_of_cells
    from algzoo_exact.score.boundary_balls import flow_balls_of_cells
    from algzoo_exact.score.box_search import search
    from algzoo_exact.score.cell_measures import measures_of_cells
    from algzoo_exact.score.slope_balls import accuracy_slopes, square_slopes

    code: dict[Kernel, Any] = {
        "search": advance,
        "flows": flow_balls_of_cells,
        "squares": squares_of_cells,
        "boxes": search,
        "cells": measures_of_cells,
        "slopes": accuracy_slopes,
        "square slopes": square_slopes,
    }
    return has_code(code[kernel])


def compile_kernel(kernel: Kernel) -> None:
    """Compile and store one, by calling it once. The same code serves all sizes and tasks."""
    from algzoo_exact.regions.search import Search

    numeric = kernel in ("squares", "square slopes")
    readout = ((1, -2), (-2, 1), (1, 3), (-1, -2))[: 1 if numeric else 4]
    program = rnn((1, -1), ((1, -2), (-1, 3)), readout, 4)
    search = Search(program, None, exact_only=kernel != "search")
    task = median(4) if numeric else second_argmax(4)
    start = next(s for s in starting_cones(task) if s.label == 0)  # where an answer is right
    direction = (1, 2, 4, 9)
    if kernel == "search":
        for _ in search.cells(start):
            pass
    elif kernel == "boxes":
        from algzoo_exact.score.accuracy import ACCURACY
        from algzoo_exact.score.boxes import BOXES
        from algzoo_exact.score.question import Question

        for _ in BOXES.steps(Question(ACCURACY, program, task, "lowest", max_cells=1)):
            pass
    elif kernel == "cells":
        from algzoo_exact.program.floats import exact_weights
        from algzoo_exact.score.cell_measures import measured

        for batch in search.cells(start):
            if batch is not None:
                measured(search, exact_weights(program), start, batch)
    elif kernel in ("slopes", "square slopes"):
        from algzoo_exact.score.slopes import Slopes

        with suppress(InputError):  # these weights may have no gradient: all is compiled by then
            Slopes(program, task, None if numeric else "lowest").below(start, compiled=False)
    elif kernel == "flows":
        from algzoo_exact.score.boundary_balls import float_flow

        float_flow(search, replace(start, inner=0), direction, None, NEVER.look)
    else:
        from algzoo_exact.score.bend_balls import float_squares

        float_squares(search, task, start, direction, None, NEVER.look)


def _compile(kernel: Kernel) -> None:
    """The same in a process of its own."""
    gc.disable()  # nearly all objects of numba's stay; looking at them takes a tenth of the time
    compile_kernel(kernel)


@contextmanager
def compiling(*kernels: Kernel) -> Iterator[list[Future[None]]]:
    """Compiles what is not stored, in other processes; they end with the block."""
    missing = [kernel for kernel in kernels if not is_stored(kernel)]
    if not (missing and may_start_processes()):
        yield []  # compiled when called
        return
    with worker_pool(min(2, len(missing))) as pool:
        yield [pool.submit(_compile, kernel) for kernel in missing]


def done(futures: list[Future[None]], seconds: float | None) -> bool:
    """Whether all is compiled, after waiting for it so long, or as long as it takes."""
    if wait(futures, seconds, ALL_COMPLETED).not_done:
        return False
    for future in futures:
        future.result()  # raises what went wrong
    return True
