"""`accuracy`: choose a method, run it, say what kind of number came out."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import HasNetwork, HasProgram, network_of
from algzoo_exact.program.task import Task, TieRule, check_scored
from algzoo_exact.program.transformer import Transformer
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.boxes import BoxBounds, box_bounds
from algzoo_exact.score.pool import new_search
from algzoo_exact.score.result import Accuracy, Progress
from algzoo_exact.score.rigorous import HasBatches
from algzoo_exact.score.steps import last_step
from algzoo_exact.score.whole import (
    CLOSED_FORM_UP_TO,
    floats_serve,
    whole_accuracies,
    whole_accuracy,
)

Method = Literal["auto", "exact", "numeric", "bounds"]
METHODS: tuple[Method, ...] = ("auto", "exact", "numeric", "bounds")

AUTO_SECONDS = 10.0
# Trying all n^n inputs of a transformer takes 13 s for n = 7, minutes for n = 8, hours for n = 9.
_TRIED_AT_ONCE, _TRIED_AT_ALL = 7, 9
_PROBE_SECONDS = 4.0
_FORM_SHARE = 0.4  # of a time limit, for a closed form
_SMALL_PROBE_SECONDS = 0.7  # in integers, before compiled code is loaded
# Seconds per leaf on one core, measured on trained models (benchmarks/), by n.
EXACT_COST = {4: 6e-4, 5: 1.5e-3, 6: 0.2}
_NUMERIC_COST = {4: 3e-5, 5: 7e-5, 6: 1e-3}
# Six proven digits cost little more than a float64 estimate, n = 5.
_QUICK_DIGITS, _QUICK_COST = 6, 1.2e-4


def accuracy(
    model: Program | Transformer | HasNetwork | HasProgram,
    task: Task,
    *,
    ties: TieRule = "lowest",
    digits: int = 30,
    method: Method = "auto",
    time_limit: float | None = None,
    max_cells: int | None = None,
    workers: int = 1,
    by_label: bool = False,
    progress: Progress | None = None,
) -> Accuracy:
    """The probability that ``model`` gives the label of ``task`` on random inputs.

    They are standard Gaussian for an RNN. For a transformer, on longest_cycle, they are uniform
    among all n^n functions, every one of which is tried: the result is a fraction of n^n, and
    ``exact`` unless a limit strikes or a tie stays undecided (n <= 9; "auto" is limited to ten
    seconds for n >= 8).

    ``method`` "auto" takes the most rigorous one that should end in about ten seconds; "exact"
    (n <= 6) an enclosure no wider than 10**-``digits``, with a closed form for n <= 3;
    "numeric" (n <= 6) float64 with an error estimate; "bounds" a certified enclosure that
    narrows until ``time_limit`` seconds or ``max_cells`` cells are used up. Either limit turns
    "auto" and "exact" into "bounds" for n >= 4 (the result is still ``exact`` if all is decided
    in time). ``by_label`` adds the split by true label (n <= 6, exact or bounds).

    ``workers`` > 1 uses that many processes. KeyboardInterrupt ends "bounds", and "exact" for
    n >= 4, with what is decided so far.

    InputError for sizes that do not fit, or a method that cannot serve this n.
    """
    program = network_of(model)
    _check(program, task, ties, digits, method)
    _check_limits(time_limit, max_cells, workers)
    deadline = Deadline.after(time_limit)
    limited = deadline.limited or max_cells is not None
    if method == "numeric" and limited:
        raise InputError(
            "The numeric method has nothing to say before its end, so that no limit can stop it; "
            "leave the limit out, or choose bounds or auto."
        )
    if isinstance(program, Transformer):
        if method == "auto" and task.seq_len > _TRIED_AT_ONCE:
            method = "bounds"
        if method != "bounds" and task.seq_len > _TRIED_AT_ALL and not limited:
            raise InputError(
                f"There are {task.seq_len}^{task.seq_len} inputs, and all can be tried for "
                f"n <= {_TRIED_AT_ALL}; give a time limit, or use sampling."
            )
        if method == "bounds" and not limited:
            deadline = Deadline.after(AUTO_SECONDS)
        tried = _bounds(program, task, ties, digits, deadline, max_cells, workers)
        return _last(tried, task, ties, by_label, progress)
    wanted = digits
    if method == "auto":
        method, digits = _choose(program, task, ties, digits, limited)
    elif method == "exact" and limited and task.seq_len > CLOSED_FORM_UP_TO:
        method = "bounds"
    if method == "numeric":
        from algzoo_exact.score.numeric import NumericEngine

        engine = NumericEngine(task, program.hidden_size, ties, workers)
        return engine.accuracy(program, progress)
    if method == "exact" and task.seq_len <= CLOSED_FORM_UP_TO:
        # Bounds take about as long, and have something to show when the time is up.
        form_deadline = deadline.part(_FORM_SHARE)
        try:
            result = whole_accuracy(program, task, ties, digits, deadline=form_deadline)
        except TimeIsUpError:
            method = "bounds"
        else:
            if by_label:
                *_, parts = _bounds(program, task, ties, digits, deadline, None, 1)
                result = replace(result, by_label=parts.by_label)
            return result
    if method == "exact":
        steps = whole_accuracies(program, task, ties, digits, workers)
    else:
        if not limited:
            deadline = Deadline.after(AUTO_SECONDS)
        steps = _bounds(program, task, ties, digits, deadline, max_cells, workers)
    found = _last(steps, task, ties, by_label, progress)
    if digits < wanted and found.kind == "exact":
        return replace(found, kind="certified")  # every input is decided; only rounding is left
    return found


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
        from algzoo_exact.score.anytime import anytime_accuracy

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


def _choose(
    program: Program, task: Task, ties: TieRule, digits: int, limited: bool
) -> tuple[Method, int]:
    """The most rigorous method that should end in about ten seconds, and how many digits."""
    n = task.seq_len
    if n <= CLOSED_FORM_UP_TO:
        return "exact", digits
    if n > LARGEST_DIMENSION or limited:
        return "bounds", digits
    leaves = _count_leaves(ExactSearch(program, ties), task, _SMALL_PROBE_SECONDS)
    if leaves is None:
        leaves = _count_leaves(new_search(program, ties, compiled=True), task, _PROBE_SECONDS)
    if leaves is None:  # too many to count: only what can be stopped is safe
        return "bounds", digits
    if leaves * EXACT_COST[n] <= AUTO_SECONDS:
        return "exact", digits
    if floats_serve(program) and leaves * _QUICK_COST <= AUTO_SECONDS:
        return "exact", min(digits, _QUICK_DIGITS)
    return "numeric" if leaves * _NUMERIC_COST[n] <= AUTO_SECONDS else "bounds", digits


def _count_leaves(search: ExactSearch, task: Task, seconds: float) -> int | None:
    """Leaves of the enumeration, or None if they cannot be counted in this time.

    The processor's time, so that the choice of a method does not depend on what else is running.
    """
    deadline = time.process_time() + seconds
    for start in starting_cones(task):
        batches = search.cells if isinstance(search, HasBatches) else search.exact_cells
        for _ in batches(start):
            if time.process_time() > deadline:
                return None
    return search.leaves


def _check(program: Program | Transformer, task: Task, ties: str, digits: int, method: str) -> None:
    check_scored(program, task, ties)
    if method not in METHODS:
        raise InputError(f"Unknown method {method!r}; choose from {', '.join(METHODS)}.")
    if not 1 <= digits <= 1000:
        raise InputError(f"digits must be from 1 to 1000, not {digits}.")
    if isinstance(program, Transformer):
        if method == "numeric":
            raise InputError(
                "A transformer is scored by trying its inputs, which is exact; "
                "choose exact, bounds or auto."
            )
        return
    if method in ("exact", "numeric") and task.seq_len > LARGEST_DIMENSION:
        raise InputError(
            f"The {method} method reaches n = {LARGEST_DIMENSION}; for n = {task.seq_len} "
            "use bounds (certified) or sampling."
        )


def _check_limits(time_limit: float | None, max_cells: int | None, workers: int) -> None:
    if time_limit is not None and not time_limit >= 0:
        raise InputError(f"time_limit must be at least 0 seconds, not {time_limit}.")
    if max_cells is not None and max_cells < 0:
        raise InputError(f"max_cells must be at least 0, not {max_cells}.")
    if workers < 1:
        raise InputError(f"workers must be at least 1, not {workers}.")
