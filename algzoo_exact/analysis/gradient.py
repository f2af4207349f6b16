"""Exact gradients of scores: how an accuracy, or a median model's mean squared error, changes with
each weight of an RNN or a perceptron (docs/notes/gradient.md).

Every entry is a midpoint and a radius, which is rounding alone. Where a score is not differentiable
that is said, not smoothed over.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from algzoo_exact.analysis.slopes import Slopes
from algzoo_exact.analysis.weights import Arrays, weights_of
from algzoo_exact.arrays import F64, Flags
from algzoo_exact.compiling import COMPILING, compiling, done
from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.measure.balls_f64 import SLACK, U
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.program.ir import HasProgram, Program
from algzoo_exact.program.lift import lift, task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.score.compute import metric_for, numeric_task
from algzoo_exact.shown import Shown


@dataclass(frozen=True, eq=False)
class Gradient(Shown):
    """The derivatives of a score by the weights of a network, ``slopes``, each off by at most its
    entry of ``radii``.

    The score may have no derivative by the weights named in ``undefined``, only one to each side of
    them; their entries are NaN. ``weights`` are the weights themselves, rounded to float64.
    """

    metric: str
    task: Task
    ties: TieRule | None
    slopes: Arrays
    radii: Arrays
    weights: Arrays
    undefined: tuple[str, ...]

    @property
    def norm(self) -> float:
        """Its length, over the weights with a derivative."""
        return self.slopes.length

    def sensitivity(self) -> Arrays:
        """|weight times derivative|: to first order, what relative noise of standard deviation s in
        one weight does to the score has the standard deviation s times this."""
        return Arrays(*(np.abs(w * g) for w, g in zip(self.weights, self.slopes, strict=True)))

    def symmetries(self) -> list[tuple[str, Arrays]]:
        """Directions in which weights may move without any change of an answer, by name.

        Scaling a neuron by s > 0 (the rows that make it times s, the columns that read it over s)
        changes no output; and where logits are compared, neither scaling the read-out nor adding
        one vector to all of its rows changes an answer.
        """
        w, found = self.weights, []
        last = w.names[-1]
        # An RNN's neurons are those of one layer, which reads itself.
        layers = (
            [("", (0, 1), (1, 2))]
            if w.of_rnn
            else [(f" of layer {t}", (t,), (t + 1,)) for t in range(len(w) - 1)]
        )
        for where, makes, reads in layers:
            for j in range(len(w[makes[0]])):
                factors = w.zeros()
                for i in makes:
                    factors[i][j] += w[i][j]
                for i in reads:
                    factors[i][:, j] -= w[i][:, j]
                found.append((f"scaling neuron {j}{where}", factors))
        if self.ties is not None:
            scaled = w.zeros()
            scaled[-1][:] = w[-1]
            found.append((f"scaling {last}", scaled))
            for j in range(w[-1].shape[1]):
                column = w.zeros()
                column[-1][:, j] = 1.0
                found.append((f"adding to column {j} of {last}", column))
        return found

    def identities(self) -> tuple[Identity, ...]:
        """The slopes along ``symmetries``, which must vanish, whatever the weights. Those with an
        undefined derivative are left out."""
        return tuple(
            Identity.of(name, factors.flat, self.slopes.flat, self.radii.flat)
            for name, factors in self.symmetries()
        )


@dataclass(frozen=True)
class Identity:
    """A sum that must be 0, and the most that it can be off by."""

    name: str
    value: float
    radius: float

    @property
    def holds(self) -> bool:
        return abs(self.value) <= self.radius

    @staticmethod
    def of(name: str, factors: F64, slopes: F64, radii: F64) -> Identity:
        """The sum of products, where no factor is 0."""
        used = factors != 0.0
        products = factors[used] * slopes[used]
        # Factors are off by U of themselves, products by U more, and the sum is rounded once.
        value = math.fsum(products)
        off = math.fsum(np.abs(factors[used]) * radii[used]) + 4 * U * math.fsum(np.abs(products))
        return Identity(name, value, off * SLACK)


def gradient(
    model: Program | HasProgram,
    task: Task | None = None,
    *,
    ties: TieRule = "lowest",
    time_limit: float | None = None,
    progress: Progress | None = None,
) -> Gradient:
    """The gradient of the accuracy of an RNN or a perceptron, or of a median model's mean squared
    error, by its weights, for n = 2 to 9 inputs; a loaded model knows its task.

    Exact: every cell is decided, and radii are rounding alone. An accuracy has no gradient where
    logits coincide on a whole cone without being 0, or where walls coincide that need not move
    together (parallel neurons, equal rows of the read-out): InputError then, as for other networks,
    sizes that do not fit and a ``time_limit`` that is too short.
    """
    program, chosen, rule = scored(model, task, ties)
    deadline = Deadline.after(time_limit)
    try:
        compile_slopes(rule, deadline, progress)
        found = slopes_of(program, chosen, rule, deadline, progress)
        if rule is not None:
            Slopes(program, chosen, rule, deadline).check_kinks()
        return found
    except TimeIsUpError:
        raise InputError(
            "The time limit passed before the gradient was known; allow more time."
        ) from None


def scored(
    model: Program | HasProgram, task: Task | None, ties: TieRule
) -> tuple[Program, Task, TieRule | None]:
    """A network, its task, and the tie rule if that matters; InputError for what has no
    gradient."""
    program = lift(model)
    if not (program.is_rnn or program.is_mlp):
        raise InputError(
            "Gradients are by the weights of an RNN or a perceptron, and this program is composed."
        )
    chosen = numeric_task(model, program, task) if program.outputs == 1 else task_of(model, task)
    metric = metric_for(chosen)
    rule = ties if metric.of_labels else None
    metric.check(program, chosen, rule)
    if not 2 <= program.seq_len <= MOST_INPUTS:
        raise InputError(
            f"Gradients are known for 2 to {MOST_INPUTS} inputs, not for {program.seq_len}."
        )
    return program, chosen, rule


def compile_slopes(ties: TieRule | None, deadline: Deadline, progress: Progress | None) -> None:
    """Compiles what gradients need, once on a machine; TimeIsUpError."""
    own = ("squares", "square slopes") if ties is None else ("slopes",)
    with compiling("search", "facets", *own) as futures:
        if futures and progress is not None:
            progress(0.0, COMPILING)
        if not done(futures, deadline.timeout):
            raise TimeIsUpError


def slopes_of(
    program: Program, task: Task, ties: TieRule | None, deadline: Deadline,
    progress: Progress | None = None,
) -> Gradient:  # fmt: skip
    """The gradient of what ``scored`` gives; TimeIsUpError if the deadline passes first."""
    weights = weights_of(program)
    sums = Slopes(program, task, ties, deadline).total(progress)
    undefined = _one_sided(program, weights)
    sums[undefined] = math.nan, math.inf
    slopes, radii = (weights.shaped(part) for part in sums.T)
    names = tuple(weights.name(place) for place in np.flatnonzero(undefined).tolist())
    return Gradient(metric_for(task).name, task, ties, slopes, radii, weights, names)


def _one_sided(program: Program, weights: Arrays) -> Flags:
    """The weights by which a score may have a derivative to each side only, or jump together with
    others: those that bring a neuron to life that is 0 on a whole cone. They are 0, and of a neuron
    that reads no input."""
    found = [part == 0.0 for part in weights]
    first = found[0]
    if program.is_rnn:
        found[1] &= first[:, None]
    else:
        first &= first.all(axis=1, keepdims=True)
    found[-1][:] = False
    return np.concatenate([part.ravel() for part in found])
