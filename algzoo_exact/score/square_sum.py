"""The mean squared error as a sum over value cells of the median, each decided as a whole.

A value cell is the two starting cones on both sides of x[0] = 0; the C cells are congruent, so each
has mass 1/C. With S the sum over decided cells and |f - median| <= L |x| on an undecided cell,

    S <= mean squared error <= S + sum of L^2 n / C,

because E[|x|^2; C] = n P(C) for a cone.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from fractions import Fraction
from itertools import chain, islice

from flint import arb

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.exact.enclosure import Enclosure, to_arb, working_precision
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure.flow import LARGEST_DIMENSION, NotGenericError, directions_for
from algzoo_exact.processes import processes_for
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.bends import BendSums, Errors
from algzoo_exact.score.direction import pattern_near, shares_at_zero
from algzoo_exact.score.linear_parts import largest_slope, whole_space_bounds
from algzoo_exact.score.pool import new_search, worker_pool
from algzoo_exact.score.rigorous import Cell, right_cells
from algzoo_exact.score.squared_result import SquaredError, SquareForm
from algzoo_exact.score.whole import FLOAT_DIGITS, floats_serve

MOST_DIGITS_6 = 12
_MOST_TRIED = 200
_SPARE_BITS = 64  # sums of up to 1e7 flags, each off by some hundred units in the last place
_BALL_DIGITS = 16  # of what floats leave undecided, where no number of digits is asked for
_CELL_BITS = 24  # cells among whose number the width is shared out
_NO_DIRECTION = "no direction is generic for this program; please report the weights"


@dataclass(frozen=True)
class Ends:
    """A squash direction u, and the program's patterns around u and -u."""

    u: IntVector
    patterns: tuple[int, int]
    diagonal: bool
    cells: int

    def at_zero(self, errors: Errors, start: Start) -> Fraction:
        """What a starting cone adds at l = 0: its masses at u and -u, times |a|^2."""
        total = Fraction(0)
        shares = shares_at_zero(start, self.u, self.diagonal, self.cells)
        for share, bits in zip(shares, self.patterns, strict=True):
            if share:
                a = errors.error(bits, start.label)
                total += share * Fraction(dot(a, a), errors.unit**2)
        return total


@dataclass(frozen=True)
class Precision:
    """``bits`` of ball arithmetic, in which a cell may be off by ``radius`` and no more; whether
    ``floats`` come first, and by how much all cells that they decide may be off in one start (None:
    as it comes)."""

    bits: int
    radius: Fraction
    floats: bool
    allowance: float | None


@dataclass(frozen=True)
class Job:
    """One value cell: its two starting cones."""

    program: Program
    task: Task
    ends: Ends
    starts: tuple[Start, Start]
    precision: Precision
    compiled: bool
    deadline: Deadline


@dataclass(frozen=True, eq=False)
class Part:
    value: Enclosure
    leaves: int
    patterns: set[int]


def all_ends(program: Program, task: Task) -> Iterator[Ends]:
    """Usable directions: the diagonal, which lies in all walls of the median, then generic ones.

    For n = 6 the diagonal projects onto faces of ridges, and is left out.
    """
    specializer = Specializer(program)
    walls = [a for cell in task.value_cells() for a in cell.inequalities]
    cells = len(starting_cones(task)) // 2
    diagonal = (1,) * task.seq_len
    first = [diagonal] if task.seq_len < LARGEST_DIMENSION else []
    for u in chain(first, islice(directions_for(task.seq_len), _MOST_TRIED)):
        if u != diagonal and any(dot(a, u) == 0 for a in walls):
            continue
        try:
            one, other = (pattern_near(specializer, tuple(s * c for c in u)) for s in (1, -1))
        except NotGenericError:
            continue
        yield Ends(u, (one, other), u == diagonal, cells)


def closed_squared_error(
    program: Program, task: Task, digits: int, deadline: Deadline = NEVER
) -> SquaredError:
    """Kind ``exact`` with a closed form, n <= 3; TimeIsUpError if the deadline passes first."""
    began = time.perf_counter()
    for ends in all_ends(program, task):
        search = ExactSearch(program, None)
        sums = BendSums(search, task)
        constant = Fraction(0)
        slopes: dict[Fraction, Fraction] = {}
        roots: dict[Fraction, Fraction] = {}
        try:
            for start in starting_cones(task):
                constant += ends.at_zero(sums.errors, start)
                for cell in right_cells(search, start):
                    deadline.look()
                    if cell is not None:
                        sums.closed(cell, ends.u, _outer(start), slopes, roots)
        except NotGenericError:
            continue
        form = SquareForm.collect(constant, slopes, roots)
        return SquaredError(
            "exact",
            _not_negative(form.enclosure(Fraction(1, 10**digits))),
            task,
            "closed form over the walls where the error bends",
            time.perf_counter() - began,
            len(search.patterns),
            search.leaves,
            form,
        )
    raise NotGenericError(_NO_DIRECTION)


def quick_squared_error(program: Program, task: Task) -> SquaredError:
    """Certified bounds without any enumeration, for any n."""
    began = time.perf_counter()
    bounds = whole_space_bounds(program)
    seconds = time.perf_counter() - began
    return SquaredError(
        "certified", bounds, task, "norms of linear parts", seconds, undecided=Fraction(1)
    )


def squared_errors(
    program: Program,
    task: Task,
    digits: int | None,
    enclosure: Enclosure,
    *,
    compiled: bool = True,
    deadline: Deadline = NEVER,
    max_cells: int | None = None,
    workers: int = 1,
) -> Iterator[SquaredError]:
    """Nested enclosures within the one that is known, n <= 9: one after each value cell of the
    median, those first that could add most. The last is ``exact`` if all were decided, and then no
    wider than 10**-``digits``, or as narrow as comes at the speed of float64.
    """
    began = time.monotonic()
    if program.seq_len == LARGEST_DIMENSION and digits is not None:
        digits = min(digits, MOST_DIGITS_6)
    try:
        open_cells = _open_cells(program, task, deadline)
    except TimeIsUpError:
        return
    steepest = max((bound for bound, _ in open_cells), default=Fraction(0))
    wanted = Fraction(1, 10 ** (digits or _BALL_DIGITS))
    bits = int((digits or _BALL_DIGITS) * 3.33) + _SPARE_BITS + int(steepest).bit_length()
    few = digits is None or digits <= FLOAT_DIGITS.get(program.seq_len, 0)
    floats = compiled and few and floats_serve(program)
    allowance = None if digits is None else 0.45 * float(wanted) / len(starting_cones(task))
    for ends in all_ends(program, task):
        try:
            while True:
                precision = Precision(bits, wanted / 2**_CELL_BITS, floats, allowance)
                jobs = [
                    Job(program, task, ends, starts, precision, compiled, deadline)
                    for _, starts in open_cells
                ]
                for found in _steps(jobs, [bound for bound, _ in open_cells], max_cells, workers):
                    # For n >= 7 nothing else narrows it.
                    strict = digits is not None and task.seq_len <= LARGEST_DIMENSION
                    too_wide = strict and found.enclosure.width > wanted
                    if found.kind == "exact" and too_wide:
                        break
                    enclosure = enclosure.intersect(found.enclosure)
                    yield SquaredError(
                        found.kind, enclosure, task, found.method, time.monotonic() - began,
                        found.regions, found.cells, undecided=found.undecided,
                    )  # fmt: skip
                else:
                    return
                bits *= 2
        except NotGenericError:
            continue
    raise NotGenericError(_NO_DIRECTION)


def _open_cells(
    program: Program, task: Task, deadline: Deadline
) -> list[tuple[Fraction, tuple[Start, Start]]]:
    """All value cells with a bound of what each could add, the largest first."""
    starts = starting_cones(task)
    values = [cell.value for cell in task.value_cells()]
    share = Fraction(2 * task.seq_len, len(starts))
    found = []
    for one, other in zip(starts[::2], starts[1::2], strict=True):
        deadline.look()
        slope = max(largest_slope(program, values[s.label], s.cone) for s in (one, other))
        found.append((slope**2 * share, (one, other)))
    return sorted(found, key=lambda item: -item[0])


def _steps(
    jobs: list[Job], bounds: list[Fraction], max_cells: int | None, workers: int
) -> Iterator[SquaredError]:
    """What is known after each job; bounds are those of what each can add."""
    task, floats = jobs[0].task, jobs[0].precision.floats
    lower = upper = Fraction(0)
    could_add = sum(bounds, Fraction(0))
    done, leaves, patterns = 0, 0, set[int]()
    for k, part in _outcomes(jobs, workers):
        if part is None:
            continue
        done += 1
        could_add -= bounds[k]
        lower += max(Fraction(0), part.value.lower)
        upper += part.value.upper
        leaves += part.leaves
        patterns |= part.patterns
        yield SquaredError(
            "exact" if done == len(jobs) else "certified",
            Enclosure(lower, upper + could_add),
            task,
            f"walls where the error bends, in {'float64 balls' if floats else 'ball arithmetic'}",
            0.0,
            len(patterns),
            leaves,
            undecided=Fraction(len(jobs) - done, len(jobs)),
        )
        if max_cells is not None and leaves >= max_cells:
            return


def _outcomes(jobs: list[Job], workers: int) -> Iterator[tuple[int, Part | None]]:
    """Positions and results as they come; None where the deadline passed first."""
    deadline, workers = jobs[0].deadline, processes_for(workers)
    if workers == 1:
        yield from ((k, decide(job)) for k, job in enumerate(jobs))
        return
    with worker_pool(workers) as pool:
        waiting = list(enumerate(jobs))[::-1]
        running: dict[Future[Part | None], int] = {}
        while (waiting or running) and not deadline.passed:
            while waiting and len(running) < 2 * workers:
                k, job = waiting.pop()
                running[pool.submit(decide, job)] = k
            for future in wait(running, deadline.timeout, FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


def decide(job: Job) -> Part | None:
    """The mean squared error within one value cell; None if time is up, or where float64 does not
    decide (n >= 7)."""
    value = Enclosure.exactly(0)
    leaves, patterns = 0, set[int]()
    precision = job.precision
    for start in job.starts:
        if job.deadline.passed:
            return None
        search = new_search(job.program, None, job.compiled)
        cells: Iterable[Cell | None]
        if precision.floats:
            from algzoo_exact.score.bend_balls import float_squares

            quick, cells = float_squares(
                search, job.program, job.task, start, job.ends.u, precision.allowance
            )
            value = value.plus(quick)
            if cells and search.n > LARGEST_DIMENSION:
                return None
        else:
            cells = right_cells(search, start)
        sums = BendSums(search, job.task)
        with working_precision(precision.bits):
            total = arb(0)
            for cell in cells:
                if job.deadline.passed:
                    return None
                if cell is not None:
                    total += sums.ball(cell, job.ends.u, _outer(start), to_arb(precision.radius))
            value = value.plus(Enclosure.from_arb(total))
        value = value.plus(Enclosure.exactly(job.ends.at_zero(sums.errors, start)))
        leaves += search.leaves
        patterns |= search.patterns
    return Part(value, leaves, patterns)


def _outer(start: Start) -> int:
    """Walls between value cells bound what is summed; the last, x[0] = 0, lies inside."""
    return len(start.cone.walls) - 1


def _not_negative(enclosure: Enclosure) -> Enclosure:
    zero = Fraction(0)
    return Enclosure(max(zero, enclosure.lower), max(zero, enclosure.upper))
