"""Enumeration of cells: compiled where float64 decides, exact integers where it does not."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np

from algzoo_exact.arrays import F64
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure.balls_f64 import TINY, U
from algzoo_exact.program.floats import SAFE, Weights, float_weights
from algzoo_exact.regions import compiled
from algzoo_exact.regions.batch import Aim, Cells, Stack, room_for_cells
from algzoo_exact.regions.exact_search import EVERYTHING, LEAVES, ExactSearch
from algzoo_exact.regions.leaves import DONE, FULL, OVERFLOW, UNDECIDED
from algzoo_exact.regions.pattern import from_words, to_words
from algzoo_exact.regions.starts import Start

_STEPS = 20_000  # splits between two looks at the clock: some tens of milliseconds


class Search(ExactSearch):
    """The same cells as ``ExactSearch``, from the compiled kernel wherever float64 decides."""

    max_rays = 64
    """Of a cone, for which there is room."""

    @cached_property
    def weights(self) -> Weights | None:
        """None where exact integers have to do."""
        return float_weights(self.program)

    def cells(
        self, start: Start, grain: int = LEAVES, *, capacity: int = 512
    ) -> Iterator[Cells | None]:
        """As for ``ExactSearch``. With a coarser ``grain`` than LEAVES fewer cells come (see
        ``exact_search``), no patterns are collected, and ``leaves`` counts the cones settled."""
        first_wall = len(start.cone.walls)
        while len(start.cone.rays) > self.max_rays:
            self.max_rays *= 2
        weights = self.weights
        try:
            inequalities, _ = _scaled(start.rows), _scaled(start.cone.rays)
            stack, cells = self.buffers(start, capacity)
        except OverflowError:  # as a state of a part may be beyond float64
            weights = None
        if weights is None:
            yield from super().cells(start)
            return
        assert grain == LEAVES or self.mode != EVERYTHING, "right and wrong need a tie rule"
        wanted = np.isin(np.arange(self.k), list(self.wanted))
        aim = Aim(self.mode, grain, self.rivals, wanted)
        fresh = -1  # the pattern of the cone that was put back last
        while True:
            status = compiled.advance(weights, inequalities, stack, cells, aim, _STEPS)
            count = int(cells.leaves[0])
            self.leaves += count
            if grain == LEAVES:
                self.patterns.update(map(from_words, cells.visited[:count].tolist()))
            cells.leaves[0] = 0
            if status == OVERFLOW:
                if cells.size[0]:
                    yield cells
                self.max_rays *= 2
                larger, cells = self.buffers(start, capacity)
                stack = _grown(stack, larger)
                continue
            if cells.size[0] or status == FULL:
                yield cells if cells.size[0] else None
                cells.size[0] = 0
            if status == DONE:
                return
            if status == UNDECIDED:
                # Its combinatorics are proved: it is the part of these signs, in integers.
                top = int(stack.size[0]) - 1
                bits = from_words(stack.pattern[top].tolist())
                part = self.part(start, bits, int(stack.level[top]))
                stack.size[0] = top
                tried = part.level == self.neurons and part.bits == fresh
                if tried or not self._renewed(part, first_wall, stack):
                    yield from self.packed(self.exact_cells(start, part), first_wall)
                fresh = part.bits

    def _renewed(self, part: Start, first_wall: int, stack: Stack) -> bool:
        """Put an undecided cone back, cut by its next neuron in integers, with rays as good as new;
        False if they are too many or beyond float64."""
        size = int(stack.size[0])
        try:
            whole = part.level == self.neurons
            for top, side in enumerate([part] if whole else self.sides(part, first_wall), size):
                if len(side.cone.rays) > self.max_rays:
                    raise OverflowError
                self._put(side, stack, top)
        except OverflowError:
            stack.size[0] = size
            return False
        return True

    def buffers(self, start: Start, capacity: int) -> tuple[Stack, Cells]:
        """A stack that holds the start, and room for cells."""
        words = self.words(len(start.cone.walls))
        # Both parts of a cone are held at each neuron at most; two places are room for ties.
        depth, width = self.neurons + 4, self.n + 2 * self.program.hidden_size + 1
        stack = Stack(
            np.zeros((depth, self.max_rays, width)),
            np.zeros((depth, self.max_rays, width)),
            np.zeros((depth, self.max_rays, words[0]), np.uint64),
            np.zeros(depth, np.int64),
            np.zeros(depth, np.int64),
            np.zeros((depth, words[1]), np.uint64),
            np.zeros(depth, np.int64),
            np.zeros(1, np.int64),
        )
        self._put(start, stack)
        return stack, room_for_cells(max(capacity, self.k), self.max_rays, self.n, words)

    def _put(self, start: Start, stack: Stack, top: int = 0) -> None:
        """A starting cone, or a part of one, as the last one of a stack."""
        for array in (stack.values, stack.errors, stack.masks):
            array[top] = 0
        first, level = self.program.first, start.level
        t = bisect(first, level, hi=len(first) - 1) - 1
        # Of this layer and the one before: what is on, and pre-activations not looked at yet.
        values = []
        for s in (t - 1, t) if level else ():
            for q in range(first[s], first[s + 1]) if s >= 0 else ():
                if q >= level or start.bits >> q & 1:
                    place = self.n + self.program.hidden_size * (s % 2) + q - first[s]
                    values.append(
                        (place, self.program.units[s + 1], self.specializer.row(q, start.bits))
                    )
        for r, (ray, mask) in enumerate(zip(start.cone.rays, start.cone.tight, strict=True)):
            largest = max(map(abs, ray))
            size = 1 << largest.bit_length()  # coordinates shall be of size about 1
            stack.masks[top, r] = to_words(mask, stack.masks.shape[2])
            stack.values[top, r, : self.n] = [c / size for c in ray]
            if largest >= 2**53:  # else exact
                stack.errors[top, r, : self.n] = np.abs(stack.values[top, r, : self.n]) * U
            for place, unit, row in values:
                if h := dot(row, ray):
                    value = h / (unit * size)
                    stack.values[top, r, place] = value
                    stack.errors[top, r, place] = abs(value) * U + TINY
        stack.rays[top] = len(start.cone.rays)
        stack.label[top] = start.label
        stack.level[top] = level
        stack.pattern[top] = to_words(start.bits, stack.pattern.shape[1])
        stack.size[0] = top + 1


def _scaled(vectors: Sequence[IntVector]) -> F64:
    """Integer vectors as floats, long ones by their largest entry; OverflowError if an entry is
    lost."""
    rows = []
    for vector in vectors:
        largest = max(map(abs, vector))
        row = [c / largest if largest >= 2**53 else float(c) for c in vector]
        if any((c != 0) != (abs(x) > SAFE[0]) for c, x in zip(vector, row, strict=True)):
            raise OverflowError("an entry is lost beside the largest one")
        rows.append(row)
    return np.array(rows)


def _grown(stack: Stack, larger: Stack) -> Stack:
    """The same pending cones in a stack with room for more rays."""
    for old, new in zip(stack, larger, strict=True):
        new[tuple(map(slice, old.shape))] = old
    return larger
