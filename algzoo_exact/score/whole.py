"""Exact accuracy by the flow over the whole boundary, or its closed form for n <= 3."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import TypeVar

from flint import arb

from algzoo_exact.deadline import NEVER, Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, working_precision
from algzoo_exact.measure.flow import LARGEST_DIMENSION, NotGenericError
from algzoo_exact.processes import processes_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.closed_form import ClosedForm
from algzoo_exact.score.direction import Direction, directions
from algzoo_exact.score.facets import LABEL_WALLS, TIES, grain_for
from algzoo_exact.score.pool import new_search, worker_pool
from algzoo_exact.score.result import Accuracy
from algzoo_exact.score.rigorous import MOST_BITS, Cell, cell_flow, closed_slopes, right_cells

CLOSED_FORM_UP_TO, CLOSED_FORM_DIGITS = 3, 30
_NO_DIRECTION = "no direction is generic for this program; please report the weights"
_T = TypeVar("_T")
_FEW = 500  # leaves; some 0.1 s in integers
# Up to so many digits, by n, float64 balls come first; what they do not decide is left to exact
# frames (n >= 6), then to ball arithmetic (n <= 6).
FLOAT_DIGITS = {4: 12, 5: 10, 6: 9, 7: 9, 8: 7, 9: 6}
_CAREFUL_FROM, MOST_INPUTS = 6, max(FLOAT_DIGITS)
_MANY_JOBS = 200
_NARROW = 1e-14  # a ball of one cell
_BALL_DIGITS = 16  # of what floats leave, where no number of digits is asked for


def whole_accuracy(
    program: Program,
    task: Task,
    ties: TieRule,
    digits: int | None,
    workers: int = 1,
    deadline: Deadline = NEVER,
) -> Accuracy:
    """Kind ``exact``, width at most 10**-digits, for n <= 6; a closed form for n <= 3.

    TimeIsUpError if the deadline passes before the closed form is there.
    NotGenericError if no direction tried is generic for the program, which no known program does.
    """
    if task.seq_len > CLOSED_FORM_UP_TO:
        *_, last = whole_accuracies(program, task, ties, digits, workers)
        return last
    began = time.perf_counter()
    for direction in directions(program, task, ties):
        try:
            return _closed(program, task, direction, digits or CLOSED_FORM_DIGITS, began, deadline)
        except NotGenericError:
            continue
    raise NotGenericError(_NO_DIRECTION)


def whole_accuracies(
    program: Program,
    task: Task,
    ties: TieRule,
    digits: int | None,
    workers: int = 1,
    deadline: Deadline = NEVER,
) -> Iterator[Accuracy]:
    """Nested enclosures, one more after each label cell; the last is exact, 4 <= n <= 9, if the
    deadline did not pass first.

    Its width is at most 10**-digits; as narrow as comes at the speed of float64 if ``digits`` is
    None, as it may for n >= 7. A label cell is the two starting cones on both sides of
    x[0] = 0, where nothing but ties and the walls between labels is boundary. The C cells are
    congruent, so each has mass 1/C.
    """
    began = time.perf_counter()
    best = Enclosure(Fraction(0), Fraction(1))
    wanted = Fraction(1, 10 ** (digits or _BALL_DIGITS))
    for direction in directions(program, task, ties):
        # some 1e3 to 1e6 flows, each off by about 2**-bits
        bits = int((digits or _BALL_DIGITS) * 3.33) + 48
        floats = (digits is None or digits <= FLOAT_DIGITS[task.seq_len]) and floats_serve(program)
        allowance = None if digits is None else 0.45 * float(wanted) / len(starting_cones(task))
        try:
            while True:
                precision = Precision(bits, floats, allowance)
                for found in _label_cells(
                    program, task, direction, precision, workers, began, deadline
                ):
                    best = best.intersect(found.enclosure)
                    # For n >= 7 nothing else narrows it.
                    strict = digits is not None and task.seq_len <= LARGEST_DIMENSION
                    too_wide = strict and best.width > wanted
                    if found.kind == "exact" and too_wide:
                        break
                    undecided = best.width if found.kind == "certified" else Fraction(0)
                    yield replace(found, enclosure=best, undecided=undecided)
                else:
                    return
                bits *= 2
        except NotGenericError:
            continue
    raise NotGenericError(_NO_DIRECTION)


def _closed(
    program: Program, task: Task, direction: Direction, digits: int, began: float,
    deadline: Deadline,
) -> Accuracy:  # fmt: skip
    search = ExactSearch(program, direction.ties)
    starts = starting_cones(task)
    slopes: dict[Fraction, Fraction] = {}
    for start in starts:
        closed_slopes(search, start, direction, _which(direction), slopes, deadline)
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


def _label_cells(
    program: Program, task: Task, direction: Direction, precision: Precision, workers: int,
    began: float, deadline: Deadline,
) -> Iterator[Accuracy]:  # fmt: skip
    """What is known after each label cell, by the flow along one direction at one precision."""
    starts = starting_cones(task)
    mass = Fraction(2, len(starts))
    right = Enclosure.exactly(0)
    wrong = Fraction(0)
    by_label: dict[int, Enclosure] = {}
    leaves = 0
    parts = _parts(program, starts, precision.floats and processes_for(workers) > 1)
    jobs = [(program, direction, part, precision) for some in parts for part in some]
    if precision.allowance is not None:
        share = replace(precision, allowance=precision.allowance * len(starts) / len(jobs))
        jobs = [(*job[:3], share) for job in jobs]
    sums = _sums(parts, _run(jobs, workers, deadline))
    for done, (one, other) in enumerate(_pairs(zip(starts, sums, strict=False)), 1):
        cell = Enclosure.exactly(0)
        for start, (flow, some_leaves) in (one, other):
            cell = cell.plus(flow).plus(Enclosure.exactly(direction.at_zero(start)[0]))
            leaves += some_leaves
        label = one[0].label
        right = right.plus(cell)
        wrong += max(Fraction(0), mass - cell.upper)
        by_label[label] = cell.plus(by_label.get(label, Enclosure.exactly(0)))
        finished = 2 * done == len(starts)
        yield Accuracy(
            "exact" if finished else "certified",
            right if finished else Enclosure(max(Fraction(0), right.lower), 1 - wrong),
            task,
            direction.ties or "lowest",
            f"boundary flow in {'float64 balls' if precision.floats else 'ball arithmetic'}",
            time.perf_counter() - began,
            cells=leaves,
            by_label=dict(sorted(by_label.items())) if finished else None,
        )


@dataclass(frozen=True)
class Precision:
    """``bits`` of ball arithmetic; whether ``floats`` come first, and by how much all cells that
    they decide may be off in one start (None: as it comes)."""

    bits: int
    floats: bool
    allowance: float | None


_Job = tuple[Program, Direction, Start, Precision]
_Part = tuple[Enclosure, int]
"""Flow, and cones visited."""


def _parts(program: Program, starts: tuple[Start, ...], shared: bool) -> list[list[Start]]:
    """What makes a job of each start, if several processes share the work: some hundred jobs of
    similar size, so that none waits for another's last one, and each fits in memory.

    Where the starts are fewer, these are their parts by the first two steps' neurons.
    """
    if not shared or len(starts) >= _MANY_JOBS:
        return [[start] for start in starts]
    search = ExactSearch(program, None)
    return [list(search.parts(start, 2 * search.d)) for start in starts]


def _sums(parts: list[list[Start]], flows: Iterator[_Part]) -> Iterator[_Part]:
    """The sums over the parts of each start, until flows end."""
    for some in parts:
        found = list(islice(flows, len(some)))
        if len(found) < len(some):
            return
        total = Enclosure.exactly(0)
        for flow, _ in found:
            total = total.plus(flow)
        yield total, sum(leaves for _, leaves in found)


def _run(jobs: list[_Job], workers: int, deadline: Deadline) -> Iterator[_Part]:
    """In the order of the jobs, until the deadline, which ends jobs in other processes at once."""
    if processes_for(workers) == 1:
        for job in jobs:
            if deadline.passed:
                return
            yield _flow_below(job)
        return
    with worker_pool(workers) as pool, suppress(TimeoutError):
        yield from pool.map(_flow_below, jobs, timeout=deadline.timeout)


def _flow_below(job: _Job) -> _Part:
    program, direction, start, precision = job
    cells: Iterable[Cell | None]
    if precision.floats:
        from algzoo_exact.score.boundary_balls import float_flow

        which = _which(direction)
        search = new_search(program, direction.ties, compiled=True, grain=grain_for(which))
        first, cells = float_flow(search, program, start, direction.u, which, precision.allowance)
        if program.seq_len >= _CAREFUL_FROM:
            first, cells = _with_care(first, cells, search, direction, precision.allowance)
    else:
        search, cells = _search_below(program, direction, start)
        first = Enclosure.exactly(0)
    with working_precision(precision.bits):
        total = arb(0)
        for cell in cells:
            if cell is not None:
                total += _ball(search, cell, direction, precision)
        return first.plus(Enclosure.from_arb(total)), search.leaves


def _ball(search: ExactSearch, cell: Cell, direction: Direction, precision: Precision) -> arb:
    """Credit times flow of one cell in ball arithmetic; with more bits where weights of very
    different size take them, if no number of digits is asked for, by which all would be repeated.
    """
    bits = precision.bits
    while True:
        with working_precision(bits):
            found = cell_flow(search, cell, direction.u, _which(direction))
        if precision.allowance is not None or found.rad() < _NARROW or bits > MOST_BITS:
            return found
        bits *= 2


def _with_care(
    known: Enclosure, cells: list[Cell], search: ExactSearch, direction: Direction,
    allowance: float | None,
) -> tuple[Enclosure, list[Cell]]:  # fmt: skip
    """Adds what exact frames tell of the cells; those that need ball arithmetic are left."""
    from algzoo_exact.score.boundary_balls import WIDE, careful_flow

    left = []
    for cell in cells:
        flow = careful_flow(search, cell, direction.u, _which(direction))
        share = WIDE if allowance is None else allowance / (10 * len(cells))
        if flow is not None and (flow.width <= share or search.n > LARGEST_DIMENSION):
            known = known.plus(flow)
        elif search.n > LARGEST_DIMENSION:
            raise NotGenericError(f"direction {direction.u} is too close to a facet of a cell")
        else:
            left.append(cell)
    return known, left


def check_many_digits(n: int, digits: int | None) -> None:
    """InputError for more digits than can be proved, n >= 7."""
    if LARGEST_DIMENSION < n <= MOST_INPUTS and digits is not None and digits > FLOAT_DIGITS[n]:
        raise InputError(
            f"For n = {n} up to {FLOAT_DIGITS[n]} digits can be proved, not {digits}; leave "
            "digits out for what comes quickly."
        )


def floats_serve(program: Program) -> bool:
    """Whether float64 balls are made for this n and hold the weights exactly."""
    if program.seq_len not in FLOAT_DIGITS:
        return False
    from algzoo_exact.score.boundary_balls import exact_weights  # loads numba

    return exact_weights(program) is not None


def _search_below(
    program: Program, direction: Direction, start: Start
) -> tuple[ExactSearch, Iterable[Cell | None]]:
    """The cells below one start: from integers if they are few, else from compiled code, which
    takes time to load (unless it is there already) and, once, to compile."""
    grain = grain_for(_which(direction))
    if "algzoo_exact.regions.search" in sys.modules:
        search = new_search(program, direction.ties, compiled=True, grain=grain)
        return search, right_cells(search, start)
    search = ExactSearch(program, direction.ties)
    cells = []
    for cell in right_cells(search, start):
        cells.append(cell)
        if search.leaves > _FEW:
            search = new_search(program, direction.ties, compiled=True, grain=grain)
            return search, right_cells(search, start)
    return search, cells


def _pairs(items: Iterable[_T]) -> Iterator[tuple[_T, _T]]:
    """Consecutive pairs, each as soon as it is there."""
    iterator = iter(items)
    return zip(iterator, iterator, strict=False)  # one without its other half drops out


def _which(direction: Direction) -> int:
    return TIES if direction.diagonal else LABEL_WALLS
