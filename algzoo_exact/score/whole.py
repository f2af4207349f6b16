"""Exact accuracy of a program at once: the flow over the whole boundary, or its closed form."""

from __future__ import annotations

import time
from collections.abc import Iterator
from fractions import Fraction

from flint import arb

from algzoo_exact.exact.enclosure import Enclosure, working_precision
from algzoo_exact.measure.flow import NotGenericError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.closed_form import ClosedForm
from algzoo_exact.score.direction import Direction, directions
from algzoo_exact.score.facets import LABEL_WALLS, TIES
from algzoo_exact.score.pool import new_search, worker_pool
from algzoo_exact.score.result import Accuracy, Progress
from algzoo_exact.score.rigorous import cell_flow, closed_slopes, right_cells

CLOSED_FORM_UP_TO = 3


def whole_accuracy(
    program: Program,
    task: Task,
    ties: TieRule,
    digits: int,
    workers: int = 1,
    progress: Progress | None = None,
    compiled: bool = True,
) -> Accuracy:
    """Kind ``exact``, width at most 10**-digits, for n <= 6.

    ``compiled`` enumerates in float64 where that decides (n >= 4): worth it from some ten
    thousand cells on, since compiled code takes seconds to load or to compile.

    NotGenericError if no direction tried is generic for the program, which no known program does.
    """
    began = time.perf_counter()
    for direction in directions(program, task, ties):
        try:
            if task.seq_len <= CLOSED_FORM_UP_TO:
                return _closed(program, task, direction, digits, began)
            return _enclosed(program, task, direction, digits, workers, progress, compiled, began)
        except NotGenericError:
            continue
    raise NotGenericError("no direction is generic for this program; please report the weights")


def _closed(
    program: Program, task: Task, direction: Direction, digits: int, began: float
) -> Accuracy:
    search = ExactSearch(program, direction.ties)
    starts = starting_cones(task)
    slopes: dict[Fraction, Fraction] = {}
    for start in starts:
        closed_slopes(search, start, direction, _which(direction), slopes)
    form = ClosedForm.collect(direction.at_zero_everywhere(task), slopes)
    return Accuracy(
        "exact",
        form.enclosure(Fraction(1, 10**digits)),
        task,
        direction.ties or "lowest",
        "closed form over the boundary of the correct set",
        time.perf_counter() - began,
        len(search.patterns),
        search.leaves,
        form,
    )


def _enclosed(
    program: Program, task: Task, direction: Direction, digits: int, workers: int,
    progress: Progress | None, compiled: bool, began: float,
) -> Accuracy:  # fmt: skip
    starts = starting_cones(task)
    width = Fraction(1, 10**digits)
    bits = int(digits * 3.33) + 48  # some 1e3 to 1e6 flows, each off by about 2**-bits
    while True:
        lower = upper = direction.at_zero_everywhere(task)
        leaves, patterns = 0, set[int]()
        jobs = [(program, direction, start, bits, compiled) for start in starts]
        for done, part in enumerate(_run(jobs, workers), 1):
            flow, some_leaves, some_patterns = part
            lower, upper = lower + flow.lower, upper + flow.upper
            leaves += some_leaves
            patterns |= some_patterns
            if progress is not None:
                progress(done / len(jobs), f"{leaves} cells")
        if upper - lower <= width:
            break
        bits *= 2
    return Accuracy(
        "exact",
        Enclosure(lower, upper),
        task,
        direction.ties or "lowest",
        "boundary flow in ball arithmetic",
        time.perf_counter() - began,
        len(patterns),
        leaves,
    )


_Job = tuple[Program, Direction, Start, int, bool]
_Part = tuple[Enclosure, int, set[int]]


def _run(jobs: list[_Job], workers: int) -> Iterator[_Part]:
    if workers == 1:
        yield from map(_flow_below, jobs)
        return
    with worker_pool(workers) as pool:
        yield from pool.map(_flow_below, jobs)


def _flow_below(job: _Job) -> _Part:
    program, direction, start, bits, compiled = job
    search = new_search(program, direction.ties, compiled)
    with working_precision(bits):
        total = arb(0)
        for cell in right_cells(search, start):
            if cell is not None:
                total += cell_flow(search, cell, direction.u, _which(direction))
        return Enclosure.from_arb(total), search.leaves, search.patterns


def _which(direction: Direction) -> int:
    return TIES if direction.diagonal else LABEL_WALLS
