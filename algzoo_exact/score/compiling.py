"""Compiled code made ready on a machine that has none stored yet.

Numba compiles a function when it is first called, and stores it on disk. Two processes share that
work; the caller goes on in integers for a moment, then leaves both cores to them. What saves most
is less to compile: one version of each function, whatever constants it is called with, and machine
code only of what Python calls (``jit``); no assignments of slices (``measure.lattice_f64``); and
one kernel that measures facets (``measure.cell_facets``), beside which each score has little of its
own: the search and that kernel take about as long.
benchmarks/first_use.py measures it.

What was weighed: less optimisation saves a tenth to a sixth, once, at the cost of every later run;
without any, numba cannot store the code. Functions inlined by numba save nothing. Code compiled
ahead for all machines would have to do without their instructions.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ALL_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from typing import Any, Literal

import numpy as np

from algzoo_exact.processes import may_start_processes
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import Task, median, second_argmax
from algzoo_exact.regions.batch import room_for_cells
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.pool import worker_pool

Kernel = Literal["search", "facets", "flows", "squares", "boxes", "slopes", "square slopes"]
KERNELS: tuple[Kernel, ...] = ("search", "facets", "squares", "flows", "slopes", "square slopes")
COMPILING = "compiling for this machine, once"
LOADING_SECONDS = 1.3  # of stored code, once in a process


def is_stored(kernel: Kernel) -> bool:
    """Whether a kernel need not be compiled."""
    from algzoo_exact.jit import has_code
    from algzoo_exact.measure.cell_facets import sum_facets
    from algzoo_exact.regions.compiled import advance
    from algzoo_exact.score import bend_balls, box_search, cell_walls, slope_balls

    code: dict[Kernel, tuple[Any, ...]] = {
        "search": (advance,),
        "facets": (sum_facets,),
        "flows": (cell_walls.boundary_facets,),
        "squares": (bend_balls.find_bends, bend_balls.add_bends),
        "boxes": (box_search.search,),
        "slopes": (slope_balls.moving_facets, slope_balls.accuracy_slopes),
        "square slopes": (slope_balls.square_slopes,),
    }
    return all(map(has_code, code[kernel]))


def compile_kernel(kernel: Kernel) -> None:
    """Compile and store one, by calling it once, on nothing. The same code serves all sizes and
    tasks."""
    from algzoo_exact.score.accuracy import ACCURACY
    from algzoo_exact.score.boxes import BOXES
    from algzoo_exact.score.question import Question

    numeric = kernel in ("squares", "square slopes")
    readout = ((1, -2), (-2, 1), (1, 3), (-1, -2))[: 1 if numeric else 4]
    program = rnn((1, -1), ((1, -2), (-1, 3)), readout, 4)
    task = median(4) if numeric else second_argmax(4)
    if kernel == "search":
        from algzoo_exact.regions.search import Search

        for _ in Search(program, None).cells(starting_cones(task)[0]):
            pass
    elif kernel == "boxes":
        for _ in BOXES.steps(Question(ACCURACY, program, task, "lowest", max_cells=1)):
            pass
    else:
        _compile_sums(kernel, program, task)


def _compile_sums(kernel: Kernel, program: Program, task: Task) -> None:
    """What works on batches of cells: here an empty one."""
    from algzoo_exact.measure.cell_facets import FacetSums, facet_sums
    from algzoo_exact.program.floats import exact_weights, rounded_weights
    from algzoo_exact.score import bend_balls, cell_walls, slope_balls

    weights = exact_weights(program)
    assert weights is not None
    below = cell_walls.below_start(weights, starting_cones(task)[0])
    cells = room_for_cells(1, 4, 4, (1, 1))
    facets, balls, none = (
        cell_walls.room_for_facets(below, cells),
        np.empty((0, 2)),
        np.zeros(0, int),
    )
    sums = FacetSums(np.empty((0, 1, 2)), np.empty((0, 1, 5)), balls)
    rnn = slope_balls.Rnn(*rounded_weights(program))
    if kernel == "facets":
        facet_sums(facets)
    elif kernel == "flows":
        cell_walls.boundary_facets(below, cells, facets)
    elif kernel == "slopes":
        slope_balls.moving_facets(below, rnn, cells, facets)
        slope_balls.accuracy_slopes(below, rnn, cells, facets, sums.moment, balls, none)
    elif kernel == "squares":
        _, bends = bend_balls.bends_of(below, task, cells)
        bend_balls.add_bends(facets, bends, sums, balls)
    else:
        bends = bend_balls.no_bends(facets)
        slope_balls.square_slopes(rnn, cells, facets, bends, sums, balls, none)


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
    """Whether that has ended, after waiting for it so long, or as long as it takes. What a process
    leaves that dies is compiled when it is called."""
    if wait(futures, seconds, ALL_COMPLETED).not_done:
        return False
    with suppress(BrokenProcessPool):
        for future in futures:
            future.result()  # raises what went wrong
    return True
