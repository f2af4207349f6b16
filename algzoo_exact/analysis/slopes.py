"""Gradients of scores as sums over cells: backward passes at the pseudo-inputs of facets, for an
accuracy, or of cells, for a mean squared error (docs/notes/gradient.md).

In float64 balls (``slope_balls``), and in ball arithmetic of many bits where these do not decide.
A program is a list of layers z = A h + B x, h = max(0, z), and a read-out C h: one backward pass
gives the derivatives by A and B of each layer, and those of an RNN, which share theirs, are added.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any, TypeVar

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.analysis.slope_balls import (
    LayerSlopes,
    accuracy_slopes,
    cancelling_cells,
    dying_facets_move,
    kinked,
    moving_facets,
    no_slopes,
    square_slopes,
)
from algzoo_exact.analysis.weights import weights_of
from algzoo_exact.arrays import F64
from algzoo_exact.compiling import Code, register
from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import PrecisionError, to_arb, working_precision
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.jobs import outcomes
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.measure.cell_facets import Facets, facet_sums
from algzoo_exact.measure.flow import CellFlow, NotGenericError, directions_for
from algzoo_exact.program.floats import exact_weights, float_weights
from algzoo_exact.program.ir import Matrix, Program
from algzoo_exact.program.specialize import rows
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.enumerate import cells_of_leaf
from algzoo_exact.regions.exact_search import BOUNDARY, LEAVES, ExactSearch, new_search
from algzoo_exact.regions.pattern import from_words
from algzoo_exact.regions.starts import EACH, Start, starting_cones
from algzoo_exact.score.bend_balls import bends_of, no_bends
from algzoo_exact.score.bends import Errors
from algzoo_exact.score.cell_walls import Below, below_start, room_for_facets
from algzoo_exact.score.kernels import empty_batch, example
from algzoo_exact.score.rigorous import MOST_BITS, Cell, cell_of, flow_of, wall_normals

Balls = NDArray[Any]  # of arb
_R = TypeVar("_R")

_BITS = 128  # of balls, where float64 does not decide
_NARROW = 2.0**-50  # what they may be off by
_ONE_THREAD_UP_TO = 3  # inputs
_COINCIDE = (
    "The accuracy is not shown to have a gradient at these weights: walls that need not move "
    "together coincide where answers may change, as with parallel neurons or equal rows of the "
    "read-out; add a little noise to the weights."
)
# Sums of float64 balls that are wider, as a share of what is more than 1, are computed again.
_WIDE, _CAREFUL_UP_TO = 1e-8, 6
_NEAR = 2.0**-40  # sums of weights this much smaller than these are looked at exactly


class Slopes:
    """Sums of backward passes over all cells that a gradient needs."""

    def __init__(
        self, program: Program, task: Task, ties: TieRule | None, deadline: Deadline = NEVER
    ) -> None:
        self.program, self.task, self.ties, self.deadline = program, task, ties, deadline
        self.of_labels = ties is not None
        self.starts = starting_cones(task)
        self.shape = len(weights_of(program).flat), 2
        self.floats = exact_weights(program) is not None

    def total(self, progress: Progress | None) -> F64:
        """Midpoints and radii, (parameters, 2), of all matrices in a row. InputError where there is
        no gradient."""
        if self._may_coincide():
            for _ in self._each_start(self._check_leaves):
                pass
        total = self._sum(progress)
        wide = total[:, 1] > _WIDE * np.maximum(1.0, np.abs(total[:, 0]))
        if self.floats and self.program.seq_len <= _CAREFUL_UP_TO and np.any(wide):
            self.floats = False  # as where large numbers cancel
            return self._sum(progress)
        return total

    def check_kinks(self) -> None:
        """InputError where an accuracy may have a kink along facets of cells with ties, which
        right cells alone do not show."""
        for _ in self._each_start(self._check_ties):
            pass

    def _sum(self, progress: Progress | None) -> F64:
        total = np.zeros(self.shape)
        for done, part in enumerate(self._each_start(self.below), 1):
            _add(total, part)
            if progress is not None:
                progress(done / len(self.starts), f"{done} of {len(self.starts)} cones")
        return total

    def _each_start(self, work: Callable[[Start], _R]) -> Iterator[_R]:
        """What work on all starts comes to, as it is done."""
        jobs, done = list(self.starts[::-1]), 0
        threads = 1 if self.program.seq_len <= _ONE_THREAD_UP_TO else 2
        for _, part in outcomes(jobs, work, self.deadline, 1, threads=threads):
            done += 1
            yield part
        if done < len(self.starts):
            raise TimeIsUpError

    def below(self, start: Start, *, compiled: bool = True) -> F64:
        """What the cells below a start add; they come from the ``compiled`` search."""
        total = np.zeros(self.shape)
        grain = BOUNDARY if self.of_labels else LEAVES
        search = new_search(self.program, self.ties, compiled)
        below = self._below(start)
        for batch in self._batches(search, start, grain):
            left, sums = np.ones(int(batch.size[0]), np.int64), no_slopes(below.weights)
            facets = room_for_facets(below, batch)
            if self.of_labels and not moving_facets(below, batch, facets):
                raise InputError(_COINCIDE)
            if self.floats and self.of_labels:
                moments = facet_sums(facets, moments=True).moment
                accuracy_slopes(below, batch, facets, moments, sums, left)
            elif self.floats:
                facets, bends = bends_of(below, self.task, batch)
                found = facet_sums(facets, moments=True, measures=True)
                square_slopes(below.weights, batch, facets, bends, found, sums, left)
            _add(total, by_weight(self.program, sums))
            for q in np.flatnonzero(left).tolist():
                _add(total, self._by_balls(search, cell_of(batch, q, start), _moved(facets, q)))
        return total

    def _batches(self, search: ExactSearch, start: Start, grain: int) -> Iterator[Cells]:
        for batch in search.cells(start, grain):
            self.deadline.look()
            if batch is not None:
                yield batch

    def _below(self, start: Start) -> Below:
        """InputError for weights that are beyond float64."""
        weights = float_weights(self.program)
        if weights is None:
            raise InputError("A gradient needs weights from 1e-200 to 1e200; scale them.")
        if self.program.is_mlp:  # a weight of the first layer may change that is 0
            inputs = (self.program.seq_len, *(0 for _ in self.program.layers[1:]))
            weights = weights._replace(reads=np.array([(0, number) for number in inputs]))
        below = below_start(weights, start)
        if self.of_labels:  # walls between labels do not move
            turns = np.array([False] * start.outer + [True] * start.inner)
            below = below._replace(turns=turns, outer=start.outer)
        return below

    def _by_balls(self, search: ExactSearch, cell: Cell, walls: dict[int, int]) -> F64:
        """What one cell adds, in ball arithmetic of as many bits as it takes; ``walls`` that its
        facets move with, by their rays."""
        inputs = self._facet_inputs if self.of_labels else self._cell_inputs
        bits, directions = _BITS, directions_for(search.n)
        while bits <= MOST_BITS:
            self.deadline.look()
            with working_precision(bits):
                try:
                    back = _Backward(self.program)
                    for x, neuron, seed in inputs(search, cell, next(directions), walls):
                        back.add(cell.bits, x, neuron, seed)
                    return by_weight(self.program, back.rounded())
                except PrecisionError:
                    bits *= 2
                except NotGenericError:
                    pass
        raise NotGenericError("a cone is too thin for its moments")

    def _facet_inputs(
        self, search: ExactSearch, cell: Cell, u: IntVector, walls: dict[int, int]
    ) -> Iterator[tuple[list[arb], int, list[Fraction]]]:
        """(1): a pseudo-input for each facet, and what is differentiated there: z of a neuron, or
        (-1) a combination of logits."""
        flow = flow_of(search, cell, u)
        normal = wall_normals(search.specializer, cell)
        first, neurons = len(cell.start.rows), search.neurons
        flow.sides(flow.cone)
        for facet in flow.facets:
            if facet.rays not in walls:
                continue
            wall = walls[facet.rays]
            level, a = wall - first, normal(wall)
            if level < neurons:
                unit = self.program.units[self.program.place(level)[0] + 1]
                sign, seed = (1 if cell.bits >> level & 1 else -1), []
            else:
                unit, sign = self.program.units[-1], 1
                seed = [Fraction(0)] * self.program.outputs
                seed[cell.start.label] += 1
                seed[level - neurons] -= 1
                level = -1
            length = to_arb(dot(a, a)).sqrt() / unit
            factor = sign * to_arb(cell.credit) / (2 * arb.pi() * length)
            yield [factor * g for g in _moment(flow, facet.rays)], level, seed

    def _cell_inputs(
        self, search: ExactSearch, cell: Cell, u: IntVector, walls: dict[int, int]
    ) -> Iterator[tuple[list[arb], int, list[Fraction]]]:
        """(3): 2 E[x x^T; C] a, where the output is differentiated."""
        flow = flow_of(search, cell, u)
        errors = Errors(self.program, self.task)
        a = [to_arb(Fraction(c, errors.unit)) for c in errors.error(cell.bits, cell.start.label)]
        mass = flow.measure()
        x = [2 * mass * c for c in a]
        for side in flow.sides(flow.cone):
            along = sum((p * q for p, q in zip(a, side.normal.entries(), strict=True)), arb(0))
            moment = _moment(flow, side.rays)
            x = [p + along * g / arb.pi() for p, g in zip(x, moment, strict=True)]
        yield x, -1, [Fraction(1)]

    def _may_coincide(self) -> bool:
        """Whether something may coincide on a whole cone, or a whole facet, that need not after a
        change of the weights. Of an RNN two sorted lists may tell that nothing does."""
        program = self.program
        return (
            not program.is_rnn
            or any(
                not weight and min(row) < 0 < max(row)
                for weight, row in zip(program.input_weights, program.recurrent, strict=True)
            )
            or (self.of_labels and (_logits_may_coincide(program) or _walls_may_coincide(program)))
        )

    def _check_leaves(self, start: Start) -> None:
        """InputError where something does below a start, so that the score is not shown to be
        differentiable."""
        search, below = new_search(self.program, None, True), self._below(start)
        for batch in self._batches(search, start, LEAVES):
            found = np.ones(int(batch.size[0]), np.bool_)
            if self.floats:
                cancelling_cells(below, self.of_labels, batch, found)
            for q in np.flatnonzero(found).tolist():
                self._check_leaf(search, start, from_words(batch.pattern[q].tolist()))
            if self.of_labels and not dying_facets_move(
                below, batch, room_for_facets(below, batch)
            ):
                raise InputError(_COINCIDE)

    def _check_ties(self, start: Start) -> None:
        search, below = new_search(self.program, "uniform", True), self._below(start)
        for batch in self._batches(search, replace(start, label=EACH), BOUNDARY):
            if kinked(below, start.label, batch, room_for_facets(below, batch)):
                raise InputError(
                    "The accuracy is not shown to have a gradient at these weights: logits tie on "
                    "a wall between labels, or on one of another sort, where answers may change; "
                    "add a little noise to the weights."
                )

    def _check_leaf(self, search: ExactSearch, start: Start, bits: int) -> None:
        """In integers: neurons that read states which cancel, and logits that coincide."""
        program, alive = self.program, bits >> self.program.first[-2]
        for q in range(program.first[1], program.neurons):
            t, j = program.place(q)
            before = bits >> program.first[t - 1]
            read = any(w and before >> i & 1 for i, w in enumerate(program.layers[t].state[j]))
            if read and not any(search.specializer.row(q, bits)):
                raise InputError(
                    f"The score has no gradient at these weights: z[{t}][{j}] is 0 on a whole cone "
                    "of inputs, where states that it reads cancel; add a little noise to the "
                    "weights."
                )
        logits = rows(search.specializer.logits(bits)) if alive and self.of_labels else ()
        if logits and logits.count(logits[start.label]) > 1:
            for cell in cells_of_leaf(program, start, bits, self.ties or "lowest"):
                if start.label in cell.winners:
                    raise InputError(
                        "The accuracy is not even continuous at these weights: logits "
                        f"{', '.join(map(str, sorted(cell.winners)))} coincide on a whole cone of "
                        "inputs; add a little noise to the weights."
                    )


def by_weight(program: Program, sums: LayerSlopes) -> F64:
    """Balls for each weight of an RNN or a perceptron, of all matrices in a row, (P, 2)."""
    places = _places(program)
    widths = [len(layer.state[0]) for layer in program.layers]
    states = [sums.state[place, :width] for place, width in zip(places, widths, strict=True)]
    inputs = [sums.input[place] for place in places]
    parts = [inputs[0], *states[1:], sums.readout]
    if program.is_rnn:  # its layers share their weights
        parts = [inputs[0][:, 0], np.zeros_like(states[0]), sums.readout]
        for t in range(1, program.seq_len):
            _add(parts[0], inputs[t][:, t])
            _add(parts[1], states[t])
    return np.concatenate([part.reshape(-1, 2) for part in parts])


def _places(program: Program) -> list[slice]:
    """Of each layer's neurons."""
    return [slice(*ends) for ends in pairwise(program.first)]


def _moved(facets: Facets, q: int) -> dict[int, int]:
    """The wall of each facet of a cell that is included, by the facet's rays."""
    return {
        from_words(facets.on[q, f].tolist()): int(facets.wall[q, f])
        for f in np.flatnonzero(facets.include[q]).tolist()
    }


class _Backward:
    """Sums of backward passes in ball arithmetic, at flint's precision, in arrays of balls."""

    def __init__(self, program: Program) -> None:
        self.program, neurons = program, program.neurons
        self.layers = [(_balls(layer.state), _balls(layer.input)) for layer in program.layers]
        self.readout = _balls(program.readout)
        self.by_state = _zeros(neurons, program.hidden_size)
        self.by_input = _zeros(neurons, program.seq_len)
        self.by_readout = _zeros(*self.readout.shape)

    def add(self, bits: int, point: list[arb], neuron: int, seed: list[Fraction]) -> None:
        """The gradient at the pseudo-input of z of a neuron, or else (-1) of the combination
        ``seed`` of the outputs, the pattern held fixed."""
        program, x = self.program, np.array(point)
        on = np.array([bits >> q & 1 for q in range(program.neurons)])
        last, j = program.place(neuron) if neuron >= 0 else (len(self.layers) - 1, 0)
        states: list[Balls] = []
        for (state, inputs), place in zip(self.layers, _places(program), strict=True):
            z = inputs @ x + (state @ states[-1] if states else 0)
            states.append(z * on[place])
        slopes: Balls = np.array([arb(int(i == j)) for i in range(program.widths[last])])
        if neuron < 0:
            factors = np.array([to_arb(share) for share in seed])
            slopes = (factors @ self.readout) * on[program.first[last] :]
            self.by_readout += np.outer(factors, states[last])
        for t in range(last, -1, -1):
            place, (state, _) = _places(program)[t], self.layers[t]
            self.by_input[place] += np.outer(slopes, x)
            if t:
                self.by_state[place, : state.shape[1]] += np.outer(slopes, states[t - 1])
                slopes = (slopes @ state) * on[_places(program)[t - 1]]

    def rounded(self) -> LayerSlopes:
        """Midpoints and radii in float64; PrecisionError where they are wide."""
        return LayerSlopes(*map(_rounded, (self.by_state, self.by_input, self.by_readout)))


def _balls(matrix: Matrix) -> Balls:
    return np.array([[to_arb(w) for w in row] for row in matrix])


def _zeros(*shape: int) -> Balls:
    return np.full(shape, arb(0))


def _rounded(balls: Balls) -> F64:
    found = np.array([[float(ball.mid()), float(ball.rad())] for ball in balls.ravel()])
    if not np.all(found[:, 1] < _NARROW * (1 + np.abs(found[:, 0]))):
        raise PrecisionError("the moments of a cone are too wide")
    found[:, 1] = found[:, 1] * SLACK + 2 * U * np.abs(found[:, 0]) + TINY
    return found.reshape(*balls.shape, 2)


def _logits_may_coincide(program: Program) -> bool:
    """Whether two logits may coincide on a cone where some last state is on."""
    return _rows_may_coincide(program, program.readout)


def _walls_may_coincide(program: Program) -> bool:
    """Whether two neurons may vanish together in the last step though they read states that do not
    vanish, or read no input."""
    inputs = program.input_weights
    if not all(inputs):
        return True
    rows = zip(program.recurrent, inputs, strict=True)
    return _rows_may_coincide(program, [[w / a for w in row] for row, a in rows])


def _rows_may_coincide(program: Program, rows: Sequence[Sequence[Fraction]]) -> bool:
    """Whether two rows may have the same product with the states of one step, some of them on: if
    not, no subset of the neurons makes the newest input's coefficient vanish in the difference."""
    half = program.hidden_size // 2
    for one, other in combinations(rows, 2):
        terms = [
            float((a - b) * w) for a, b, w in zip(one, other, program.input_weights, strict=True)
        ]
        near = _NEAR * max(map(abs, terms))
        left, right = (_subset_sums(part) for part in (terms[:half], terms[half:]))
        right.sort()
        pairs = np.searchsorted(right, near - left, "right") - np.searchsorted(right, -near - left)
        if pairs.sum() > 1:  # beside the empty one
            return True
    return False


def _subset_sums(terms: Sequence[float]) -> F64:
    sums = np.zeros(1)
    for term in terms:
        sums = np.concatenate([sums, sums + term])
    return sums


def _moment(flow: CellFlow, facet: int) -> list[arb]:
    """The sum over the ridges G of a facet of P(G) e."""
    total = [arb(0)] * flow.n
    for side in flow.sides(facet):
        solid = flow.solid(side.rays)
        total = [p + solid * e for p, e in zip(total, side.normal.entries(), strict=True)]
    return total


def _add(total: F64, part: F64) -> None:
    """Adds balls to balls, entry by entry."""
    total[..., 0] += part[..., 0]
    total[..., 1] = (total[..., 1] + part[..., 1] + U * np.abs(total[..., 0])) * SLACK


def _accuracy_code() -> Code:
    below, cells, facets, sums = empty_batch(*example(numeric=False))
    slopes, none = no_slopes(below.weights), np.zeros(0, np.int64)

    def call() -> None:
        moving_facets(below, cells, facets)
        accuracy_slopes(below, cells, facets, sums.moment, slopes, none)
        cancelling_cells(below, True, cells, np.zeros(0, np.bool_))
        dying_facets_move(below, cells, facets)
        kinked(below, 0, cells, facets)

    return (moving_facets, accuracy_slopes, cancelling_cells, dying_facets_move, kinked), call


def _square_code() -> Code:
    below, cells, facets, sums = empty_batch(*example(numeric=True))
    slopes, none = no_slopes(below.weights), np.zeros(0, np.int64)
    rest = below.weights, cells, facets, no_bends(facets), sums, slopes, none
    return (square_slopes,), lambda: square_slopes(*rest)


register("slopes", _accuracy_code)
register("square slopes", _square_code)
