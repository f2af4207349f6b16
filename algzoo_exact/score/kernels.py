"""The compiled code of scores, and what calls it once, on nothing."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.compiling import Code, Kernel, register
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import Task, median, second_argmax
from algzoo_exact.regions.batch import room_for_cells
from algzoo_exact.regions.starts import starting_cones

if TYPE_CHECKING:
    from algzoo_exact.measure.cell_facets import Facets, FacetSums
    from algzoo_exact.regions.batch import Cells
    from algzoo_exact.score.cell_walls import Below


def _code(kernel: Kernel) -> Code:
    from algzoo_exact.measure.cell_facets import facet_sums, sum_facets
    from algzoo_exact.regions.compiled import advance
    from algzoo_exact.regions.search import Search
    from algzoo_exact.score import accuracy, bend_balls, box_search, boxes, cell_walls
    from algzoo_exact.score.question import Question

    program, task = example(numeric=kernel == "squares")
    below, cells, facets, sums = empty_batch(program, task)
    flows = cell_walls.boundary_facets

    def squares() -> None:
        _, bends = bend_balls.bends_of(below, task, cells)
        bend_balls.add_bends(facets, bends, sums, sums.measure)

    question = Question(accuracy.ACCURACY, program, task, "lowest", max_cells=1)
    code: dict[Kernel, Code] = {
        "search": ((advance,), lambda: [*Search(program, None).cells(starting_cones(task)[0])]),
        "facets": ((sum_facets,), lambda: facet_sums(facets)),
        "flows": ((flows,), lambda: flows(below, cells, facets)),
        "squares": ((bend_balls.find_bends, bend_balls.add_bends), squares),
        "boxes": ((box_search.search,), lambda: [*boxes.BOXES.steps(question)]),
    }
    return code[kernel]


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


for _kernel in ("search", "facets", "squares", "flows", "boxes"):
    register(_kernel, partial(_code, _kernel), ahead=_kernel != "boxes")
