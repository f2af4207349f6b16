"""Enumeration of cells: compiled where float64 decides, exact integers where it does not."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from flint import fmpz, fmpz_mat

from algzoo_exact.arrays import F64
from algzoo_exact.geometry.cone import IntVector, primitive
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
        renewed: tuple[int, int] | None = None  # the cone that was left with rays as good as new
        while True:
            ready = renewed is not None
            status = compiled.advance(weights, inequalities, stack, cells, aim, _STEPS, ready)
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
            fresh, renewed = renewed, None
            if status == UNDECIDED:
                top = int(stack.size[0]) - 1
                bits, level = from_words(stack.pattern[top].tolist()), int(stack.level[top])
                if fresh != (bits, level) and self._renew(start, stack, bits):
                    renewed = bits, level
                else:
                    # Its combinatorics are proved: it is the part of these signs, in integers.
                    stack.size[0] = top
                    part = self.part(start, bits, level)
                    yield from self.packed(self.exact_cells(start, part), first_wall)

    def _renew(self, start: Start, stack: Stack, bits: int) -> bool:
        """Compute the rays of the last cone of a stack of which a sign is undecided, on a leaf all,
        afresh from their walls in integers; False if they are beyond float64."""
        top = int(stack.size[0]) - 1
        count, level = int(stack.rays[top]), int(stack.level[top])
        doubtful = list(range(count))
        if level < self.neurons:
            column = self._column(level)
            values, errors = (a[top, :count, column] for a in (stack.values, stack.errors))
            certain = (np.abs(values) > errors) | ((values == 0) & (errors == 0))
            doubtful = np.flatnonzero(~certain).tolist()
        walls: list[Sequence[int | fmpz]] = list(start.rows)
        for t in range(self.program.place(min(level, self.neurons - 1))[0] + 1):
            walls += self.specializer.step(t, bits).tolist()
        rays = {}
        for r in doubtful:
            tight = from_words(stack.masks[top, r].tolist())
            on = [wall for w, wall in enumerate(walls) if tight >> w & 1]
            rays[r] = _ray_on(on, stack.values[top, r, : self.n].tolist())
        try:
            self._put_rays(rays, stack, top, bits)
        except OverflowError:
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

    def _put(self, start: Start, stack: Stack) -> None:
        """A starting cone, or a part of one, as the only one of a stack."""
        stack.rays[0] = len(start.cone.rays)
        stack.label[0] = start.label
        stack.level[0] = start.level
        stack.pattern[0] = to_words(start.bits, stack.pattern.shape[1])
        stack.size[0] = 1
        for r, mask in enumerate(start.cone.tight):
            stack.masks[0, r] = to_words(mask, stack.masks.shape[2])
        self._put_rays(dict(enumerate(start.cone.rays)), stack, 0, start.bits)

    def _put_rays(self, rays: dict[int, IntVector], stack: Stack, top: int, bits: int) -> None:
        """Some rays of a cone, and what the program does on them, rounded."""
        first, level = self.program.first, int(stack.level[top])
        t = bisect(first, level, hi=len(first) - 1) - 1
        columns = [(c, 1, entries) for c, entries in enumerate(zip(*rays.values(), strict=True))]
        # Of this layer and, unless all is known of it, the one before: what is on, and
        # pre-activations not looked at yet.
        for s in range(t if level == self.neurons else max(t - 1, 0), t + 1):
            z = self.specializer.step(s, bits) * fmpz_mat(list(rays.values())).transpose()
            for q, row in enumerate(z.tolist(), first[s]):
                if q >= level or bits >> q & 1:
                    entries = tuple(map(int, row))
                    columns.append((self._column(q), self.program.units[s + 1], entries))
        for i, (r, ray) in enumerate(rays.items()):
            values, errors = stack.values[top, r], stack.errors[top, r]
            values[:] = errors[:] = 0.0
            size = 1 << max(map(abs, ray)).bit_length()  # coordinates shall be of size about 1
            for column, unit, entries in columns:
                if h := entries[i]:
                    value = h / (unit * size)
                    values[column] = value
                    if unit > 1 or abs(h) >= 2**53:  # else exact
                        errors[column] = abs(value) * U + TINY

    def _column(self, level: int) -> int:
        """Where z of a neuron is in ``Rays``."""
        t, j = self.program.place(level)
        return self.n + self.program.hidden_size * (t % 2) + j


def _ray_on(walls: Sequence[Sequence[int | fmpz]], near: list[float]) -> IntVector:
    """The extreme ray on some walls; what it is near to tells it from its opposite."""
    space, lines = fmpz_mat(walls).nullspace()
    assert lines == 1, "an extreme ray lies on n - 1 independent walls"
    n = len(near)
    largest = max(range(n), key=lambda c: abs(near[c]))
    turn = 1 if (space[largest, 0] > 0) == (near[largest] > 0) else -1
    return primitive(tuple(turn * int(space[c, 0]) for c in range(n)))


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
