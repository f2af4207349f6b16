"""`squared_error`: the exact mean squared error of a program that should give the median."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift
from algzoo_exact.program.task import Task, median
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.score.compiling import COMPILING, LOADING_SECONDS, compiling, done
from algzoo_exact.score.counting import (
    PROBE_SECONDS,
    SMALL_PROBE_SECONDS,
    count_leaves,
    workers_for,
)
from algzoo_exact.score.pool import new_search
from algzoo_exact.score.result import Progress
from algzoo_exact.score.square_sum import (
    closed_squared_error,
    quick_squared_error,
    squared_errors,
)
from algzoo_exact.score.squared_result import SquaredError
from algzoo_exact.score.steps import last_step
from algzoo_exact.score.whole import (
    CLOSED_FORM_DIGITS,
    CLOSED_FORM_UP_TO,
    FLOAT_DIGITS,
    MOST_INPUTS,
    check_many_digits,
    floats_serve,
)

SquareMethod = Literal["auto", "exact", "bounds"]
METHODS: tuple[SquareMethod, ...] = ("auto", "exact", "bounds")

AUTO_SECONDS = 60.0  # beside what counting and compiling take
_FORM_SHARE = 0.4  # of a time limit, for a closed form
# Seconds per leaf on one core, measured on a trained model, by n: in ball arithmetic, and in
# float64 balls.
_EXACT_COST = {4: 2e-3, 5: 7e-3}
_FLOAT_COST = 1e-4
_SOON = 3.0  # seconds, which ball arithmetic may take before compiled code is asked for


def squared_error(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    method: SquareMethod = "auto",
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> SquaredError:
    """The mean of (f(x) - median(x))^2 over standard Gaussian inputs, f a program of one output.

    For n <= 3 there is a closed form. ``method`` "exact" (n <= 9) decides every input. "bounds"
    and "auto" are a certified enclosure that narrows with each value cell of the median that is
    decided, for a minute beside what counting and compiling take, or until ``time_limit`` seconds
    or ``max_cells`` cells are used up; it is ``exact`` if all was decided by then. Either limit
    ends "exact" early too. For n >= 8 there is one quick and wide enclosure.

    ``digits``: an exact enclosure is no wider than 10**-``digits``, for n <= 6 (10**-12 at best
    for n = 6). By default it is as narrow as comes at the speed of float64.

    ``workers`` is a number of processes; by default two if the run is expected to be long.
    KeyboardInterrupt ends a run for n >= 4 with what is decided so far.

    InputError for a program with several outputs, another task, or a method that cannot serve n.
    """
    program = lift(model)
    chosen = _task_for(program, task)
    _check(program, digits, method, time_limit, max_cells, workers)
    deadline = Deadline.after(time_limit)
    n = program.seq_len
    if n <= CLOSED_FORM_UP_TO and method != "bounds":
        # Bounds take about as long, and have something to show when the time is up.
        try:
            return closed_squared_error(
                program, chosen, digits or CLOSED_FORM_DIGITS, deadline.part(_FORM_SHARE)
            )
        except TimeIsUpError:
            pass
    limited = deadline.limited or max_cells is not None or method == "exact"
    budget = None if limited else AUTO_SECONDS
    steps = _steps(program, chosen, digits, deadline, budget, max_cells, workers, progress)
    return last_step(steps, next(steps), progress)


def squared_error_bounds(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int | None = None,
) -> Iterator[SquaredError]:
    """Nested certified enclosures, each true when it is yielded; stop whenever you like.

    n <= 9: one after each value cell of the median; the last is ``exact`` if no limit struck.
    n >= 8: one, without any enumeration.
    """
    program = lift(model)
    chosen = _task_for(program, task)
    _check(program, digits, "bounds", time_limit, max_cells, workers)
    deadline = Deadline.after(time_limit)
    yield from _steps(program, chosen, digits, deadline, None, max_cells, workers, None)


def _steps(
    program: Program,
    task: Task,
    digits: int | None,
    deadline: Deadline,
    budget: float | None,
    max_cells: int | None,
    workers: int | None,
    progress: Progress | None,
) -> Iterator[SquaredError]:
    """Nested enclosures, the first at once; ``budget`` seconds are for what comes after counting
    and compiling."""
    n = program.seq_len
    known = quick_squared_error(program, task)
    yield known
    if n > MOST_INPUTS or (n > LARGEST_DIMENSION and not floats_serve(program)):
        return
    leaves = count_leaves(ExactSearch(program, None), task, SMALL_PROBE_SECONDS)
    few = leaves * _EXACT_COST.get(n, math.inf) <= _SOON or n <= CLOSED_FORM_UP_TO
    few = few or deadline.left < LOADING_SECONDS
    seconds = 0.0
    if not few:
        with compiling("search", "squares") as futures:
            if futures and progress is not None:
                progress(0.0, COMPILING)
            if not done(futures, deadline.timeout):
                return
        leaves = count_leaves(new_search(program, None, compiled=True), task, PROBE_SECONDS)
        seconds = leaves * _FLOAT_COST
        if not floats_serve(program) or (digits is not None and digits > FLOAT_DIGITS[n]):
            seconds = leaves * _EXACT_COST.get(n, math.inf)
            if budget is not None and seconds > budget and floats_serve(program):
                digits, seconds = None, leaves * _FLOAT_COST
    if budget is not None:
        deadline = Deadline.after(budget)
    yield from squared_errors(
        program, task, digits or (CLOSED_FORM_DIGITS if few else None), known.enclosure,
        compiled=not few, deadline=deadline, max_cells=max_cells,
        workers=workers or workers_for(seconds),
    )  # fmt: skip


def _task_for(program: Program, task: Task | None) -> Task:
    if program.outputs != 1:
        raise InputError(
            f"A squared error needs a program with one output, not {program.outputs}; "
            "models with a logit for each input are scored by accuracy()."
        )
    if task is None:
        return median(program.seq_len)
    if task.name != "median":
        raise InputError(f"{task.name} asks for a label; score it by accuracy().")
    if task.seq_len != program.seq_len:
        raise InputError(
            f"median on {task.seq_len} inputs needs a program with as many inputs, "
            f"not {program.seq_len}."
        )
    return task


def _check(
    program: Program,
    digits: int | None,
    method: str,
    time_limit: float | None,
    max_cells: int | None,
    workers: int | None,
) -> None:
    if method not in METHODS:
        raise InputError(
            f"Unknown method {method!r}{did_you_mean(method, METHODS)}; choose from "
            f"{', '.join(METHODS)}."
        )
    if digits is not None and not 1 <= digits <= 1000:
        raise InputError(f"digits must be from 1 to 1000, not {digits}.")
    if method == "exact" and program.seq_len > MOST_INPUTS:
        raise InputError(
            f"The exact method reaches n = {MOST_INPUTS}; for n = {program.seq_len} "
            "use bounds (certified) or sampling."
        )
    check_many_digits(program.seq_len, digits)
    if time_limit is not None and not time_limit >= 0:
        raise InputError(f"time_limit must be at least 0 seconds, not {time_limit}.")
    if max_cells is not None and max_cells < 0:
        raise InputError(f"max_cells must be at least 0, not {max_cells}.")
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, not {workers}.")
