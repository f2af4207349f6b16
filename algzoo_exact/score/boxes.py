"""Certified anytime bounds on the accuracy of programs with long sequences.

By homogeneity the accuracy is the Gaussian measure of a cone, so only the ratios of the inputs
matter. With the pivot p the input of largest absolute value, x_k = y_k |x_p| for y in [-1, 1]^n:
2 n faces of a cube. Best-first branch and bound halves boxes of a face. A box is decided when
its label is constant and bounds of the network over it (module box_kernels) prove the outcome;
it then adds a lower bound of its Gaussian measure (module measure.gaussian_boxes) to the right
or to the wrong mass:

    right <= accuracy <= 1 - wrong.

Everything is a lower bound of what it stands for, rounding included, so each enclosure is
proved. Where it stays wide, that is what is known. `docs/notes/boxes.md` has the argument
in full, measurements, and the roads not taken.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import wait
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.processes import may_start_processes
from algzoo_exact.program.ir import Program, Vector
from algzoo_exact.program.task import TIE_RULES, Task, TieRule, check_fit
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.pool import worker_pool
from algzoo_exact.score.question import Method, Question
from algzoo_exact.score.result import Score

if TYPE_CHECKING:
    from algzoo_exact.score.box_kernels import FloatArray
    from algzoo_exact.score.box_search import Boxes, Quadrature

_REPORT_SECONDS = 0.25
_MEMORY = 1 << 29  # bytes for boxes
_MOST_ROWS = 1 << 13  # of 8 KiB each
_LINEAR_COST = 5e7  # multiplications a box, about 0.05 s; interval bounds alone above it


@dataclass(frozen=True, eq=False)
class BoxBounds:
    """What is proved so far; ``right``, ``wrong`` and ``undecided`` sum to 1.

    ``right`` and ``wrong`` are lower bounds of the right and the wrong Gaussian mass, so
    ``enclosure`` is [right, 1 - wrong]. ``boxes`` counts the boxes treated.
    """

    enclosure: Enclosure
    right: Fraction
    wrong: Fraction
    undecided: Fraction
    boxes: int
    seconds: float
    final: bool


def box_bounds(
    program: Program,
    task: Task,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    max_boxes: int | None = None,
) -> Iterator[BoxBounds]:
    """Nested enclosures of the accuracy P(argmax logits = label) for standard normal inputs.

    The first is [0, 1]; others follow four times a second, and the last, with ``final`` set,
    after ``time_limit`` seconds, after ``max_boxes`` boxes, or when the search has no box left
    that it could split (in memory bounded by about 0.7 GB). Each result remains valid whenever
    the iteration is abandoned. One core; the first call ever also compiles (10 to 30 s), within a
    limit in a process of its own, which ends with it.

    InputError if program and task disagree on sizes, if a limit is negative, or if nonzero
    weights of one matrix span more than about 2^250.
    """
    given = _given(program, task, ties)
    if time_limit is not None and not time_limit >= 0:
        raise InputError(f"time_limit must be at least 0 seconds, not {time_limit}.")
    if max_boxes is not None and max_boxes < 0:
        raise InputError(f"max_boxes must be at least 0, not {max_boxes}.")
    deadline = Deadline.after(time_limit)
    if deadline.limited and not _compiled and may_start_processes():
        return _run_beside(given, task, deadline, max_boxes)
    return _run(given, task, deadline, max_boxes)


_compiled = False  # whether code has run in, or for, this process, and so is on disk by now


def _run_beside(
    given: _Given, task: Task, deadline: Deadline, max_boxes: int | None
) -> Iterator[BoxBounds]:
    """The same, in a process that ends at the deadline even if it is still compiling."""
    global _compiled
    began = time.monotonic()
    latest = _bounds(Fraction(0), Fraction(0), 0, 0.0, final=False)
    yield latest
    # The last answer comes a little after the deadline.
    patience = Deadline(deadline.at + _REPORT_SECONDS)
    with worker_pool(1, _begin, (given, task, deadline, max_boxes)) as pool:
        while not latest.final:
            answer = pool.submit(_next_bounds)
            if not wait([answer], patience.timeout).done:
                break
            latest = answer.result()
            _compiled |= latest.boxes > 0
            if not latest.final:
                yield latest
    yield replace(latest, final=True, seconds=time.monotonic() - began)


_running: Iterator[BoxBounds]


def _begin(given: _Given, task: Task, deadline: Deadline, max_boxes: int | None) -> None:
    global _running  # a worker process serves one computation
    _running = _run(given, task, deadline, max_boxes)


def _next_bounds() -> BoxBounds:
    return next(_running)


def _run(
    given: _Given, task: Task, deadline: Deadline, max_boxes: int | None
) -> Iterator[BoxBounds]:
    global _compiled
    from algzoo_exact.score import box_search
    from algzoo_exact.score.box_kernels import Network

    network = Network(**given)
    started = reported = time.monotonic()
    right = wrong = Fraction(0)
    done = 0
    yield _bounds(right, wrong, done, 0.0, final=False)

    quadrature, boxes = _tables(task.seq_len)
    decided = np.zeros(3)
    state = box_search.RUNNING
    while state == box_search.RUNNING:
        now = time.monotonic()
        if deadline.passed:
            break
        if now - reported >= _REPORT_SECONDS:
            yield _bounds(right, wrong, done, now - started, final=False)
            reported = now = time.monotonic()
        count = box_search.MOST if max_boxes is None else min(box_search.MOST, max_boxes - done)
        if count == 0:
            break
        state = box_search.search(count, network, quadrature, boxes, decided)
        _compiled = True
        done += int(decided[2])
        # Each sum of at most count terms, credits included, is off by at most this factor.
        below = 1 - Fraction(count + 8, 1 << 52)
        right += Fraction(float(decided[0])) * below
        wrong += Fraction(float(decided[1])) * below
    yield _bounds(right, wrong, done, time.monotonic() - started, final=True)


def _bounds(right: Fraction, wrong: Fraction, boxes: int, seconds: float, final: bool) -> BoxBounds:
    enclosure = Enclosure(right, 1 - wrong)
    return BoxBounds(enclosure, right, wrong, 1 - right - wrong, boxes, seconds, final)


# ---------------------------------------------------------------- the network


_Given = dict[str, Any]
"""What a ``Network`` is made of: its module loads numba."""


def _given(program: Program, task: Task, ties: TieRule) -> _Given:
    n, d = program.seq_len, program.hidden_size
    check_fit(program, task, ties)
    # Logits may be multiplied by a positive number, so W_hi and W_oh are brought near 1.
    w_hi = _floats((program.input_weights,), "W_hi", rescale=True)[0]
    w_hh = _floats(program.recurrent, "W_hh", rescale=False)
    readout = _floats(program.readout, "W_oh", rescale=True)
    number: dict[Fraction, int] = {}
    classes = [[number.setdefault(v, len(number)) for v in row] for row in program.readout]
    return {
        "w_hh": w_hh,
        "w_hi": w_hi,
        "readout": readout,
        "classes": np.array(classes, np.int64),
        "gamma": (n * d + d + 64) * 2.0**-50,
        "linear": n * n * d**3 <= _LINEAR_COST,
        "ties": TIE_RULES.index(ties),
        "rank": -1 if task.rank is None else task.rank,
    }


def _floats(rows: tuple[Vector, ...], name: str, *, rescale: bool) -> FloatArray:
    """The nearest floats, after division by a power of two near the largest if ``rescale``.

    InputError beyond the range in which the error analysis of box_kernels holds.
    """
    sizes = [abs(v) for row in rows for v in row if v]
    if not sizes:
        return np.zeros((len(rows), len(rows[0])))
    exponents = [v.numerator.bit_length() - v.denominator.bit_length() for v in sizes]
    shift = max(exponents) if rescale else 0
    if min(exponents) - shift < -250 or max(exponents) - shift > 250:
        raise InputError(
            f"{name} has entries of magnitudes from 2^{min(exponents)} to 2^{max(exponents)}; "
            "bounds by boxes work in floating point and need a span within 2^250."
        )
    unit = Fraction(2) ** shift
    return np.array([[float(v / unit) for v in row] for row in rows])


# ---------------------------------------------------------------- the root boxes


def _tables(n: int) -> tuple[Quadrature, Boxes]:
    """Empty tables, and the 2 n faces of the cube as the first boxes."""
    from algzoo_exact.measure.gaussian_boxes import phi_table, radial_nodes, relative_loss
    from algzoo_exact.score.box_search import Boxes, Quadrature, add_box, row_of

    nodes, table = radial_nodes(n), phi_table()
    size = nodes.radii.size
    quadrature = Quadrature(
        nodes.radii,
        nodes.density_below,
        nodes.steps,
        relative_loss(n, size),
        table.phi,
        table.density,
        np.zeros(_MOST_ROWS),
        np.zeros((_MOST_ROWS, size)),
        np.full(4 * _MOST_ROWS, -1, np.int64),
        np.zeros(1, np.int64),
    )
    # Pages of these arrays are only taken from the system as slots come into use.
    slots = _MEMORY // (8 * n + 36)
    boxes = Boxes(
        np.zeros((slots, n), np.int32),
        np.zeros((slots, n), np.int32),
        np.zeros(slots, np.int32),
        np.zeros(slots),
        np.zeros(slots),
        np.zeros(slots, np.int64),
        np.zeros(slots, np.int64),
        np.zeros(3, np.int64),
    )
    low = np.full(n, row_of(-1.0, quadrature), np.int32)
    high = np.full(n, row_of(1.0, quadrature), np.int32)
    for face in range(2 * n):
        add_box(low, high, face, 1.0, quadrature, boxes)
    return quadrature, boxes


# ---------------------------------------------------------------- the method


def box_scores(question: Question) -> Iterator[Score]:
    """The bounds as scores."""
    q = question
    assert q.ties is not None
    for bounds in box_bounds(
        q.rnn, q.task, ties=q.ties, time_limit=q.deadline.timeout, max_boxes=q.max_cells
    ):
        yield q.score(
            "certified",
            bounds.enclosure,
            "boxes of input ratios, linear bounds",
            bounds.seconds,
            cells=bounds.boxes,
            undecided=bounds.undecided,
        )


def _accepts(q: Question) -> bool:
    known = q.task.rank is not None or (q.task.is_index and q.task.problem.outlying)
    return q.metric == ACCURACY and known and isinstance(q.program, Program) and q.program.is_rnn


BOXES = Method("boxes", _accepts, False, box_scores)
