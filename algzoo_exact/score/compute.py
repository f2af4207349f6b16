"""`accuracy`: choose a method, run it, say what kind of number came out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasNetwork, HasProgram, network_of
from algzoo_exact.program.task import Task, TieRule, check_scored
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.anytime import anytime_accuracy
from algzoo_exact.score.boxes import BoxBounds, box_bounds
from algzoo_exact.score.compiling import COMPILING, LOADING_SECONDS, compiling, done
from algzoo_exact.score.counting import (
    PROBE_SECONDS,
    SMALL_PROBE_SECONDS,
    count_leaves,
    workers_for,
)
from algzoo_exact.score.pool import new_search
from algzoo_exact.score.result import Accuracy, Progress
from algzoo_exact.score.steps import last_step
from algzoo_exact.score.whole import (
    CLOSED_FORM_DIGITS,
    CLOSED_FORM_UP_TO,
    FLOAT_DIGITS,
    MOST_INPUTS,
    check_many_digits,
    floats_serve,
    whole_accuracies,
    whole_accuracy,
)

Method = Literal["auto", "exact", "bounds"]
METHODS: tuple[Method, ...] = ("auto", "exact", "bounds")

AUTO_SECONDS = 60.0  # for cones, beside what counting and compiling take
BOX_SECONDS = 10.0  # boxes and a transformer's inputs narrow slowly
# Trying all n^n inputs of a transformer takes 13 s for n = 7, minutes for n = 8, hours for n = 9.
_TRIED_AT_ONCE, _TRIED_AT_ALL = 7, 9
_FORM_SHARE = 0.4  # of a time limit, for a closed form
# Seconds per leaf on one core, measured on trained models (benchmarks/), by n: in ball arithmetic,
# and in float64 balls.
EXACT_COST = {4: 6e-4, 5: 1.5e-3, 6: 0.2}
FLOAT_COST = {4: 3e-5, 5: 6e-5, 6: 3e-4, 7: 8e-4, 8: 3e-3, 9: 1e-2}
_SOON = 3.0  # seconds, which ball arithmetic may take before compiled code is asked for
_COMPILING_SECONDS = 45.0  # about what compiling takes; integers work meanwhile
_DIGITS_OF_BOUNDS = 20  # of each cone that is decided while others are not


def accuracy(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task,
    *,
    ties: TieRule = "lowest",
    digits: int | None = None,
    method: Method = "auto",
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int | None = None,
    by_label: bool = False,
    progress: Progress | None = None,
) -> Accuracy:
    """The probability that ``model`` gives the label of ``task`` on random inputs.

    They are standard Gaussian for an RNN. For a transformer, on longest_cycle, they are uniform
    among all n^n functions, every one of which is tried: the result is a fraction of n^n, and
    ``exact`` unless a limit strikes or a tie stays undecided (n <= 9; "auto" is limited to ten
    seconds for n >= 8).

    ``method`` "exact" (n <= 9) decides every input, with a closed form for n <= 3; "bounds" is a
    certified enclosure that narrows until ``time_limit`` seconds or ``max_cells`` cells are used
    up. "auto" counts cells, and takes what says most within a minute, beside what counting and
    compiling take. Either limit makes "exact" end early too, for n >= 4, with what is decided by
    then. ``by_label`` adds the split by true label (n <= 9, if every input is decided).

    ``digits``: the width is at most 10**-``digits``, for n <= 6. By default it is as narrow as
    comes at the speed of float64 (30 digits where cells are few).

    ``workers`` is a number of processes; by default two if the run is expected to be long.
    KeyboardInterrupt ends "bounds", and "exact" for n >= 4, with what is decided so far.

    InputError for sizes that do not fit, or a method that cannot serve this n.
    """
    program = network_of(model)
    _check(program, task, ties, digits, method)
    _check_limits(time_limit, max_cells, workers)
    deadline = Deadline.after(time_limit)
    limited = deadline.limited or max_cells is not None
    if isinstance(program, Transformer):
        if method == "auto" and task.seq_len > _TRIED_AT_ONCE:
            method = "bounds"
        if method != "bounds" and task.seq_len > _TRIED_AT_ALL and not limited:
            raise InputError(
                f"There are {task.seq_len}^{task.seq_len} inputs, and all can be tried for "
                f"n <= {_TRIED_AT_ALL}; give a time limit, or use sampling."
            )
        if method == "bounds" and not limited:
            deadline = Deadline.after(BOX_SECONDS)
        tried = _bounds(program, task, ties, CLOSED_FORM_DIGITS, deadline, max_cells, 1)
        return _last(tried, task, ties, by_label, progress)
    if method != "bounds" and task.seq_len <= CLOSED_FORM_UP_TO:
        # Bounds take about as long, and have something to show when the time is up.
        form_deadline = deadline.part(_FORM_SHARE)
        try:
            result = whole_accuracy(program, task, ties, digits, deadline=form_deadline)
        except TimeIsUpError:
            pass
        else:
            if by_label:
                *_, parts = _bounds(
                    program, task, ties, digits or CLOSED_FORM_DIGITS, deadline, None, 1
                )
                result = replace(result, by_label=parts.by_label)
            return result
    steps = _steps(program, task, ties, digits, method, deadline, max_cells, workers, progress)
    return _last(steps, task, ties, by_label, progress)


def _steps(
    program: Program,
    task: Task,
    ties: TieRule,
    digits: int | None,
    method: Method,
    deadline: Deadline,
    max_cells: int | None,
    workers: int | None,
    progress: Progress | None,
) -> Iterator[Accuracy]:
    """Nested enclosures by the method that says most in the time that there is."""
    n = task.seq_len
    limited = deadline.limited or max_cells is not None
    cones = n in FLOAT_DIGITS and method != "bounds" and max_cells is None
    few = digits is None or digits <= FLOAT_DIGITS.get(n, 0)
    short = deadline.left < LOADING_SECONDS
    if not cones or short or (n > LARGEST_DIMENSION and not floats_serve(program)):
        if not limited:
            deadline = Deadline.after(BOX_SECONDS if n > LARGEST_DIMENSION else AUTO_SECONDS)
        yield from _bounds(
            program, task, ties, digits or CLOSED_FORM_DIGITS, deadline, max_cells, workers or 1
        )
        return
    leaves = count_leaves(ExactSearch(program, ties), task, SMALL_PROBE_SECONDS)
    if leaves * EXACT_COST.get(n, math.inf) <= _SOON:
        digits = digits or CLOSED_FORM_DIGITS
        if deadline.limited:  # cone by cone, without compiled code, which may not be there yet
            yield from _bounds(program, task, ties, digits, deadline, max_cells, 1)
        else:
            yield from whole_accuracies(program, task, ties, digits)
        return
    known = Enclosure.exactly(0).hull(Enclosure.exactly(1))
    try:
        for step in _while_compiling(program, task, ties, deadline, progress):
            known = step.enclosure
            yield step
    except TimeIsUpError:
        return
    leaves = count_leaves(new_search(program, ties, compiled=True), task, PROBE_SECONDS)
    seconds = leaves * (FLOAT_COST[n] if few and floats_serve(program) else EXACT_COST[n])
    workers = workers or workers_for(seconds)
    if method == "auto" and not limited:
        deadline = Deadline.after(AUTO_SECONDS)
    if method == "auto" and not few and floats_serve(program) and seconds > workers * deadline.left:
        digits, seconds = None, leaves * FLOAT_COST[n]
    by_cell = seconds / len(starting_cones(task))
    if method == "auto" and by_cell > deadline.left / 2:  # none would be decided
        rest = _bounds(program, task, ties, _DIGITS_OF_BOUNDS, deadline, None, workers)
    else:
        rest = whole_accuracies(program, task, ties, digits, workers, deadline)
    for step in rest:
        yield replace(step, enclosure=step.enclosure.intersect(known))


def _while_compiling(
    program: Program, task: Task, ties: TieRule, deadline: Deadline, progress: Progress | None
) -> Iterator[Accuracy]:
    """What integers decide until compiled code is there, which takes long on its first use."""
    with compiling("search", "flows") as futures:
        if not futures:
            return
        if progress is not None:
            progress(0.0, COMPILING)
        if task.seq_len <= LARGEST_DIMENSION:
            meanwhile = deadline.within(_COMPILING_SECONDS)
            for step in anytime_accuracy(
                program, task, ties, _DIGITS_OF_BOUNDS, deadline=meanwhile
            ):
                yield replace(step, method=f"{step.method}; {COMPILING}")
                if done(futures, 0.0):
                    return
        if not done(futures, deadline.timeout) or deadline.passed:
            raise TimeIsUpError


def _last(
    steps: Iterator[Accuracy],
    task: Task,
    ties: TieRule,
    by_label: bool,
    progress: Progress | None,
) -> Accuracy:
    last = last_step(steps, _nothing_decided(task, ties), progress)
    return last if by_label else replace(last, by_label=None)


def accuracy_bounds(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task,
    *,
    ties: TieRule = "lowest",
    digits: int = 30,
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int = 1,
) -> Iterator[Accuracy]:
    """Nested certified enclosures, each true when it is yielded; stop whenever you like.

    n <= 6: cones decided one at a time, the heaviest first, until nothing is left (the last
    value is then ``exact``). n >= 7: boxes, which narrow slowly; expect wide enclosures.
    A transformer's inputs are tried one by one, ``max_cells`` of them at most.
    """
    program = network_of(model)
    _check(program, task, ties, digits, "bounds")
    _check_limits(time_limit, max_cells, workers)
    deadline = Deadline.after(time_limit)
    yield from _bounds(program, task, ties, digits, deadline, max_cells, workers)


def _bounds(
    program: Program | Transformer,
    task: Task,
    ties: TieRule,
    digits: int,
    deadline: Deadline,
    max_cells: int | None,
    workers: int,
) -> Iterator[Accuracy]:
    if isinstance(program, Transformer):
        from algzoo_exact.score.enumeration import transformer_accuracies

        yield from transformer_accuracies(
            program, task, ties, deadline=deadline, max_inputs=max_cells
        )
        return
    if task.seq_len <= LARGEST_DIMENSION:
        yield from anytime_accuracy(
            program, task, ties, digits, deadline=deadline, max_cells=max_cells, workers=workers
        )
        return
    for bounds in box_bounds(
        program, task, ties=ties, time_limit=deadline.timeout, max_boxes=max_cells
    ):
        yield _from_boxes(bounds, task, ties)


def _from_boxes(bounds: BoxBounds, task: Task, ties: TieRule) -> Accuracy:
    return Accuracy(
        "certified",
        bounds.enclosure,
        task,
        ties,
        "boxes of input ratios, linear bounds",
        bounds.seconds,
        cells=bounds.boxes,
        undecided=bounds.undecided,
    )


def _nothing_decided(task: Task, ties: TieRule) -> Accuracy:
    whole = Enclosure.exactly(0).hull(Enclosure.exactly(1))
    return Accuracy("certified", whole, task, ties, "interrupted", 0.0, undecided=whole.width)


def _check(
    program: Program | Transformer, task: Task, ties: str, digits: int | None, method: str
) -> None:
    check_scored(program, task, ties)
    if method not in METHODS:
        raise InputError(
            f"Unknown method {method!r}{did_you_mean(method, METHODS)}; choose from "
            f"{', '.join(METHODS)}."
        )
    if digits is not None and not 1 <= digits <= 1000:
        raise InputError(f"digits must be from 1 to 1000, not {digits}.")
    n = task.seq_len
    if isinstance(program, Transformer) or method != "exact":
        return
    if n > MOST_INPUTS:
        raise InputError(
            f"The exact method reaches n = {MOST_INPUTS}; for n = {n} "
            "use bounds (certified) or sampling."
        )
    check_many_digits(n, digits)
    if n > LARGEST_DIMENSION and not floats_serve(program):
        raise InputError(
            f"For n = {n} the exact method needs weights that are float64 numbers; use bounds."
        )


def _check_limits(time_limit: float | None, max_cells: int | None, workers: int | None) -> None:
    if time_limit is not None and not time_limit >= 0:
        raise InputError(f"time_limit must be at least 0 seconds, not {time_limit}.")
    if max_cells is not None and max_cells < 0:
        raise InputError(f"max_cells must be at least 0, not {max_cells}.")
    if workers is not None and workers < 1:
        raise InputError(f"workers must be at least 1, not {workers}.")
