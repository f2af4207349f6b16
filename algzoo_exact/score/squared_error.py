"""`squared_error`: the exact mean squared error of a program that should give the median."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasProgram, lift
from algzoo_exact.program.task import Task, median
from algzoo_exact.score.result import Progress
from algzoo_exact.score.square_sum import (
    closed_squared_error,
    quick_squared_error,
    squared_errors,
)
from algzoo_exact.score.squared_result import SquaredError
from algzoo_exact.score.steps import last_step
from algzoo_exact.score.whole import CLOSED_FORM_UP_TO

SquareMethod = Literal["auto", "exact", "bounds"]
METHODS: tuple[SquareMethod, ...] = ("auto", "exact", "bounds")

AUTO_SECONDS = 10.0
_FORM_SHARE = 0.4  # of a time limit, for a closed form


def squared_error(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    method: SquareMethod = "auto",
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> SquaredError:
    """The mean of (f(x) - median(x))^2 over standard Gaussian inputs, f a program of one output.

    ``method`` "exact" (n <= 6): an enclosure no wider than 10**-``digits`` (10**-12 at best for
    n = 6), with a closed form for n <= 3. "bounds": a certified enclosure that narrows with each
    value cell of the median that is decided, until ``time_limit`` seconds or ``max_cells`` cells
    are used up. "auto": for n <= 3 the closed form, else bounds for ten seconds, which are
    ``exact`` if all was decided by then. Either limit turns "exact" into "bounds" for n >= 4. For
    n >= 7 there is one quick and wide enclosure.

    ``workers`` > 1 uses that many processes. KeyboardInterrupt ends a run for 4 <= n <= 6 with
    what is decided so far.

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
            return closed_squared_error(program, chosen, digits or 30, deadline.part(_FORM_SHARE))
        except TimeIsUpError:
            pass
    if n > LARGEST_DIMENSION:
        return quick_squared_error(program, chosen)
    if not deadline.limited and max_cells is None and method != "exact":
        deadline = Deadline.after(AUTO_SECONDS)
    steps = squared_errors(
        program, chosen, digits, deadline=deadline, max_cells=max_cells, workers=workers
    )
    return last_step(steps, next(steps), progress)


def squared_error_bounds(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    digits: int | None = None,
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int = 1,
) -> Iterator[SquaredError]:
    """Nested certified enclosures, each true when it is yielded; stop whenever you like.

    n <= 6: one after each value cell of the median; the last is ``exact`` if no limit struck.
    n >= 7: one, without any enumeration.
    """
    program = lift(model)
    chosen = _task_for(program, task)
    _check(program, digits, "bounds", time_limit, max_cells, workers)
    deadline = Deadline.after(time_limit)
    if program.seq_len > LARGEST_DIMENSION:
        yield quick_squared_error(program, chosen)
        return
    yield from squared_errors(
        program, chosen, digits, deadline=deadline, max_cells=max_cells, workers=workers
    )


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
    workers: int,
) -> None:
    if method not in METHODS:
        raise InputError(f"Unknown method {method!r}; choose from {', '.join(METHODS)}.")
    if digits is not None and not 1 <= digits <= 1000:
        raise InputError(f"digits must be from 1 to 1000, not {digits}.")
    if method == "exact" and program.seq_len > LARGEST_DIMENSION:
        raise InputError(
            f"The exact method reaches n = {LARGEST_DIMENSION}; for n = {program.seq_len} "
            "use bounds (certified) or sampling."
        )
    if time_limit is not None and not time_limit >= 0:
        raise InputError(f"time_limit must be at least 0 seconds, not {time_limit}.")
    if max_cells is not None and max_cells < 0:
        raise InputError(f"max_cells must be at least 0, not {max_cells}.")
    if workers < 1:
        raise InputError(f"workers must be at least 1, not {workers}.")
