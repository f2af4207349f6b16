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

import math
import time
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.arrays import F64
from algzoo_exact.compiling import compiling
from algzoo_exact.compiling import done as compiled
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.processes import processes_for
from algzoo_exact.program.ir import Program, Vector
from algzoo_exact.program.task import TIE_RULES, Task, TieRule
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.question import Method, Question
from algzoo_exact.score.result import Score

if TYPE_CHECKING:
    from algzoo_exact.score.box_kernels import Network
    from algzoo_exact.score.box_rounds import Decided

_REPORT_SECONDS = 0.25
_LINEAR_COST = 5e7  # multiplications a box, about 0.05 s; interval bounds alone above it


def box_scores(question: Question) -> Iterator[Score]:
    """Nested enclosures of the accuracy of an RNN on standard normal inputs.

    The first is [0, 1]; others follow four times a second, and the last after the deadline, after
    ``max_cells`` boxes, or when the search has no box left that it could split (in memory bounded
    by about 0.7 GB). One core, unless there are more workers; the first call ever also compiles (10
    to 30 s), in a process of its own that ends with the deadline, if there is one.

    InputError if nonzero weights of one matrix span more than about 2^250.
    """
    from algzoo_exact.score import box_rounds  # loads numba

    q, deadline = question, question.deadline
    network = network_for(q.rnn, q.task, q.ties)
    started = reported = time.monotonic()

    def proved(known: Decided) -> Score:
        return q.score(
            "certified", Enclosure(known.right, 1 - known.wrong),
            "boxes of input ratios, linear bounds", time.monotonic() - started,
            cells=known.boxes, undecided=1 - known.mass,
        )  # fmt: skip

    yield proved(box_rounds.Decided())
    if deadline.limited:
        with compiling("boxes") as futures:
            if not compiled(futures, deadline.timeout):
                return
    if q.state is not None or processes_for(q.workers or 1) > 1:
        found = box_rounds.box_rounds(q, network)
    else:
        slots, faces = box_rounds.slots_for(q.n), box_rounds.faces(q.n)
        search = box_rounds.Search(network, q.n, slots, faces)
        most = math.inf if q.max_cells is None else q.max_cells
        found = search.steps(most, deadline)
    last = box_rounds.Decided()
    for last in found:
        if time.monotonic() - reported >= _REPORT_SECONDS:
            yield proved(last)
            reported = time.monotonic()
    yield proved(last)


# ---------------------------------------------------------------- the network


def network_for(program: Program, task: Task, ties: TieRule | None) -> Network:
    from algzoo_exact.score.box_kernels import Network  # loads numba

    n, d = program.seq_len, program.hidden_size
    assert ties is not None
    # Logits may be multiplied by a positive number, so W_hi and W_oh are brought near 1.
    w_hi = _floats((program.input_weights,), "W_hi", rescale=True)[0]
    w_hh = _floats(program.recurrent, "W_hh", rescale=False)
    readout = _floats(program.readout, "W_oh", rescale=True)
    number: dict[Fraction, int] = {}
    classes = [[number.setdefault(v, len(number)) for v in row] for row in program.readout]
    return Network(
        w_hh,
        w_hi,
        readout,
        np.array(classes, np.int64),
        gamma=(n * d + d + 64) * 2.0**-50,
        linear=n * n * d**3 <= _LINEAR_COST,
        ties=TIE_RULES.index(ties),
        rank=-1 if task.rank is None else task.rank,
    )


def _floats(rows: tuple[Vector, ...], name: str, *, rescale: bool) -> F64:
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


# ---------------------------------------------------------------- the method


def _accepts(q: Question) -> bool:
    known = q.task.rank is not None or (q.task.is_index and q.task.problem.outlying)
    many = q.n > LARGEST_DIMENSION  # else cones say more at any time
    program = isinstance(q.program, Program) and q.program.is_rnn
    return q.metric == ACCURACY and known and many and program


BOXES = Method("boxes", _accepts, False, box_scores)
