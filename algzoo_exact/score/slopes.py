"""Gradients of scores as sums over cells: backward passes at the pseudo-inputs of facets, for an
accuracy, or of cells, for a mean squared error (docs/notes/gradient.md).

In float64 balls (``slope_balls``), and in ball arithmetic of many bits where these do not decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, product

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import to_arb, working_precision
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.measure.cell_facets import Facets, facet_sums
from algzoo_exact.measure.faces import PrecisionError
from algzoo_exact.measure.flow import CellFlow, NotGenericError, directions_for
from algzoo_exact.program.floats import exact_weights, float_weights, rounded_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.progress import Progress
from algzoo_exact.regions.enumerate import activation_regions, cells
from algzoo_exact.regions.exact_search import BOUNDARY, LEAVES, ExactSearch
from algzoo_exact.regions.pattern import from_words
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.bend_balls import bends_of
from algzoo_exact.score.bends import Errors
from algzoo_exact.score.cell_walls import Below, below_start, room_for_facets
from algzoo_exact.score.pool import new_search, outcomes
from algzoo_exact.score.rigorous import MOST_BITS, Cell, cell_of, flow_of, wall_normals
from algzoo_exact.score.slope_balls import Rnn, accuracy_slopes, moving_facets, square_slopes

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_BITS = 128  # of balls, where float64 does not decide
_NARROW = 2.0**-50  # what they may be off by
_ONE_THREAD_UP_TO = 3  # inputs
_COINCIDE = (
    "The accuracy is not shown to have a gradient at these weights: walls that need not move "
    "together coincide where answers may change, as with parallel neurons or equal rows of W_oh; "
    "add a little noise to the weights."
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
        self.floats = exact_weights(program) is not None

    def total(self, progress: Progress | None) -> F64:
        """Midpoints and radii, (parameters, 2). InputError where there is no gradient."""
        self._check_whole_cones()
        total = self._sum(progress)
        wide = total[:, 1] > _WIDE * np.maximum(1.0, np.abs(total[:, 0]))
        if self.floats and self.program.seq_len <= _CAREFUL_UP_TO and np.any(wide):
            self.floats = False  # as where large numbers cancel
            return self._sum(progress)
        return total

    def _sum(self, progress: Progress | None) -> F64:
        total = np.zeros((self.program.parameters, 2))
        jobs = list(self.starts[::-1])
        threads = 1 if self.program.seq_len <= _ONE_THREAD_UP_TO else 2
        found = outcomes(jobs, self.below, self.deadline, 1, threads=threads)
        done = 0
        for done, (_, part) in enumerate(found, 1):
            _add(total, part)
            if progress is not None:
                progress(done / len(self.starts), f"{done} of {len(self.starts)} cones")
        if done < len(self.starts):
            raise TimeIsUpError
        return total

    def below(self, start: Start, *, compiled: bool = True) -> F64:
        """What the cells below a start add; they come from the ``compiled`` search."""
        program, total = self.program, np.zeros((self.program.parameters, 2))
        grain = BOUNDARY if self.of_labels else LEAVES
        search = new_search(program, self.ties, compiled)
        rnn, below = Rnn(*rounded_weights(program)), self._below(start)
        for batch in search.cells(start, grain):
            self.deadline.look()
            if batch is None:
                continue
            left, sums = np.ones(int(batch.size[0]), np.int64), np.zeros_like(total)
            facets = room_for_facets(below, batch)
            if self.of_labels and not moving_facets(below, rnn, batch, facets):
                raise InputError(_COINCIDE)
            if self.floats and self.of_labels:
                moments = facet_sums(facets, moments=True).moment
                accuracy_slopes(below, rnn, batch, facets, moments, sums, left)
            elif self.floats:
                facets, bends = bends_of(below, self.task, batch)
                found = facet_sums(facets, moments=True, measures=True)
                square_slopes(rnn, batch, facets, bends, found, sums, left)
            _add(total, sums)
            for q in np.flatnonzero(left).tolist():
                _add(total, self._by_balls(search, cell_of(batch, q, start), _moved(facets, q)))
        return total

    def _below(self, start: Start) -> Below:
        """InputError for weights that are beyond float64."""
        weights = float_weights(self.program)
        if weights is None:
            raise InputError("A gradient needs weights from 1e-200 to 1e200; scale them.")
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
                    return back.rounded()
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

    def _check_whole_cones(self) -> None:
        """InputError where something coincides on a whole cone, or a whole facet, that need not
        after a change of the weights, so that the score is not shown to be differentiable."""
        program = self.program
        alive = (1 << program.hidden_size) - 1 << program.first[-2]
        if self.of_labels and _logits_may_coincide(program):
            for cell in cells(program, self.task, ties=self.ties or "lowest"):
                self.deadline.look()
                tied = len(cell.winners) > 1 and cell.label in cell.winners
                if tied and cell.pattern.bits & alive:
                    raise InputError(
                        "The accuracy is not even continuous at these weights: logits "
                        f"{', '.join(map(str, sorted(cell.winners)))} coincide on a whole cone of "
                        "inputs; add a little noise to the weights."
                    )
        mixed = [
            j
            for j, row in enumerate(program.recurrent)
            if not program.input_weights[j] and min(row) < 0 < max(row)
        ]
        meet = self.of_labels and _walls_may_coincide(program)
        for region in activation_regions(program) if mixed or meet else ():
            self.deadline.look()
            self._check_neurons(mixed, region.pattern.bits)
            for walls in region.walls if meet else ():
                self._check_facet(region.pattern.bits, [w.neuron for w in walls if w.neuron])

    def _check_facet(self, bits: int, neurons: list[tuple[int, int]]) -> None:
        """Where all last states vanish, with z of these neurons."""
        program, last = self.program, self.program.seq_len - 1
        on = bits >> program.first[last]
        if any(on >> j & 1 and (last, j) not in neurons for j in range(program.hidden_size)):
            return
        moving = [
            (t, j)
            for t, j in neurons
            if t
            and any(
                (program.input_weights[j] or program.recurrent[j][i])
                and bits >> (program.first[t - 1] + i) & 1
                and (t - 1, i) not in neurons
                for i in range(program.hidden_size)
            )
        ]
        if len(moving) > 1 and moving[-1][0] == last:
            raise InputError(_COINCIDE)

    def _check_neurons(self, mixed: list[int], bits: int) -> None:
        program, specializer = self.program, Specializer(self.program)
        for t, j in product(range(1, program.seq_len), mixed):
            before = bits >> program.first[t - 1]
            read = any(w and before >> i & 1 for i, w in enumerate(program.recurrent[j]))
            if read and not any(specializer.row(program.first[t] + j, bits)):
                raise InputError(
                    f"The score has no gradient at these weights: z[{t}][{j}] is 0 on a whole cone "
                    "of inputs, where states that it reads cancel; add a little noise to the "
                    "weights."
                )


def _moved(facets: Facets, q: int) -> dict[int, int]:
    """The wall of each facet of a cell that is included, by the facet's rays."""
    return {
        from_words(facets.on[q, f].tolist()): int(facets.wall[q, f])
        for f in np.flatnonzero(facets.include[q]).tolist()
    }


class _Backward:
    """Sums of backward passes in ball arithmetic, at flint's precision."""

    def __init__(self, program: Program) -> None:
        self.d, self.n = program.hidden_size, program.seq_len
        self.w_hi = [to_arb(w) for w in program.input_weights]
        self.w_hh = [[to_arb(w) for w in row] for row in program.recurrent]
        self.w_oh = program.readout
        self.sums = [arb(0)] * program.parameters

    def add(self, bits: int, x: list[arb], neuron: int, seed: list[Fraction]) -> None:
        """The gradient at the pseudo-input x of z of a neuron, or else (-1) of the combination
        ``seed`` of the outputs, the pattern held fixed."""
        d, sums = self.d, self.sums
        last = self.n - 1 if neuron < 0 else neuron // d
        states = [[arb(0)] * d]
        for t in range(last + 1):
            z = [
                sum((w * h for w, h in zip(row, states[-1], strict=True)), w_in * x[t])
                for w_in, row in zip(self.w_hi, self.w_hh, strict=True)
            ]
            states.append([z[j] if bits >> t * d + j & 1 else arb(0) for j in range(d)])
        slopes = [arb(int(j == neuron % d)) for j in range(d)]
        if neuron < 0:
            mix = [
                sum(s * w for s, w in zip(seed, c, strict=True))
                for c in zip(*self.w_oh, strict=True)
            ]
            slopes = [to_arb(w) if bits >> last * d + j & 1 else arb(0) for j, w in enumerate(mix)]
            for k, j in product(range(len(seed)), range(d)):
                sums[d + d * d + k * d + j] += to_arb(seed[k]) * states[-1][j]
        for t in range(last, -1, -1):
            for j, slope in enumerate(slopes):
                sums[j] += slope * x[t]
                for i, h in enumerate(states[t]):
                    sums[d + j * d + i] += slope * h
            back = [
                sum((w * s for w, s in zip(c, slopes, strict=True)), arb(0))
                for c in zip(*self.w_hh, strict=True)
            ]
            slopes = [back[i] if t and bits >> (t - 1) * d + i & 1 else arb(0) for i in range(d)]

    def rounded(self) -> F64:
        """Midpoints and radii in float64; PrecisionError where they are wide."""
        found = np.array([[float(ball.mid()), float(ball.rad())] for ball in self.sums])
        if not np.all(found[:, 1] < _NARROW * (1 + np.abs(found[:, 0]))):
            raise PrecisionError("the moments of a cone are too wide")
        found[:, 1] = found[:, 1] * SLACK + 2 * U * np.abs(found[:, 0]) + TINY
        return found


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
    total[:, 0] += part[:, 0]
    total[:, 1] = (total[:, 1] + part[:, 1] + U * np.abs(total[:, 0])) * SLACK
