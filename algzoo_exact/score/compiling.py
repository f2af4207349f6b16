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
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from algzoo_exact.jobs import worker_pool
from algzoo_exact.processes import may_start_processes
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import Task, median, second_argmax
from algzoo_exact.regions.batch import room_for_cells
from algzoo_exact.regions.starts import starting_cones

if TYPE_CHECKING:
    from algzoo_exact.measure.cell_facets import Facets, FacetSums
    from algzoo_exact.regions.batch import Cells
    from algzoo_exact.score.cell_walls import Below

Kernel: TypeAlias = str
KERNELS: list[Kernel] = ["search", "facets", "squares", "flows"]
"""What is compiled ahead; other rooms add theirs by ``register``."""
COMPILING = "compiling for this machine, once"
LOADING_SECONDS = 1.3  # of stored code, once in a process

_FOREIGN: dict[Kernel, tuple[tuple[Any, ...], Callable[[], None]]] = {}


def register(kernel: Kernel, functions: tuple[Any, ...], call: Callable[[], None]) -> None:
    """A kernel of another room: its compiled ``functions``, and what calls each once, on nothing,
    which another process imports by its name."""
    KERNELS.append(kernel)
    _FOREIGN[kernel] = functions, call


def is_stored(kernel: Kernel) -> bool:
    """Whether a kernel need not be compiled."""
    from algzoo_exact.jit import has_code
    from algzoo_exact.measure.cell_facets import sum_facets
    from algzoo_exact.regions.compiled import advance
    from algzoo_exact.score import bend_balls, box_search, cell_walls

    if kernel in _FOREIGN:
        return all(map(has_code, _FOREIGN[kernel][0]))
    code: dict[Kernel, tuple[Any, ...]] = {
        "search": (advance,),
        "facets": (sum_facets,),
        "flows": (cell_walls.boundary_facets,),
        "squares": (bend_balls.find_bends, bend_balls.add_bends),
        "boxes": (box_search.search,),
    }
    return all(map(has_code, code[kernel]))


def compile_kernel(kernel: Kernel) -> None:
    """Compile and store one, by calling it once, on nothing. The same code serves all sizes and
    tasks."""
    _call(kernel)()


def _call(kernel: Kernel) -> Callable[[], None]:
    return _FOREIGN[kernel][1] if kernel in _FOREIGN else partial(_call_own, kernel)


def _call_own(kernel: Kernel) -> None:
    from algzoo_exact.measure.cell_facets import facet_sums
    from algzoo_exact.regions.search import Search
    from algzoo_exact.score import accuracy, bend_balls, boxes, cell_walls
    from algzoo_exact.score.question import Question

    program, task = example(numeric=kernel == "squares")
    if kernel == "search":
        for _ in Search(program, None).cells(starting_cones(task)[0]):
            pass
    elif kernel == "boxes":
        question = Question(accuracy.ACCURACY, program, task, "lowest", max_cells=1)
        for _ in boxes.BOXES.steps(question):
            pass
    else:
        below, cells, facets, sums = empty_batch(program, task)
        if kernel == "facets":
            facet_sums(facets)
        elif kernel == "flows":
            cell_walls.boundary_facets(below, cells, facets)
        else:
            _, bends = bend_balls.bends_of(below, task, cells)
            bend_balls.add_bends(facets, bends, sums, sums.measure)


def example(*, numeric: bool) -> tuple[Program, Task]:
    """A small RNN and its task, a median or one with labels."""
    readout = ((1, -2), (-2, 1), (1, 3), (-1, -2))[: 1 if numeric else 4]
    program = rnn((1, -1), ((1, -2), (-1, 3)), readout, 4)
    return program, median(4) if numeric else second_argmax(4)


def empty_batch(program: Program, task: Task) -> tuple[Below, Cells, Facets, FacetSums]:
    """A batch of no cells of the example, what it lies below, its facets and their sums."""
    from algzoo_exact.measure.cell_facets import FacetSums
    from algzoo_exact.program.floats import exact_weights
    from algzoo_exact.score.cell_walls import below_start, room_for_facets

    weights = exact_weights(program)
    assert weights is not None
    below = below_start(weights, starting_cones(task)[0])
    cells = room_for_cells(1, 4, 4, (1, 1))
    sums = FacetSums(np.empty((0, 1, 2)), np.empty((0, 1, 5)), np.empty((0, 2)))
    return below, cells, room_for_facets(below, cells), sums


def _compile(call: Callable[[], None]) -> None:
    """In a process of its own."""
    gc.disable()  # nearly all objects of numba's stay; looking at them takes a tenth of the time
    call()


@contextmanager
def compiling(*kernels: Kernel) -> Iterator[list[Future[None]]]:
    """Compiles what is not stored, in other processes; they end with the block."""
    missing = [kernel for kernel in kernels if not is_stored(kernel)]
    if not (missing and may_start_processes()):
        yield []  # compiled when called
        return
    with worker_pool(min(2, len(missing))) as pool:
        yield [pool.submit(_compile, _call(kernel)) for kernel in missing]


def done(futures: list[Future[None]], seconds: float | None) -> bool:
    """Whether that has ended, after waiting for it so long, or as long as it takes. What a process
    leaves that dies is compiled when it is called."""
    if wait(futures, seconds, ALL_COMPLETED).not_done:
        return False
    with suppress(BrokenProcessPool):
        for future in futures:
            future.result()  # raises what went wrong
    return True
