"""Float64 accuracies, compiled: for speed, with an error estimate and no proof."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from itertools import islice
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, TieRule, check_fit
from algzoo_exact.regions.compiled import Cells, Stack
from algzoo_exact.regions.exact_search import mode_of
from algzoo_exact.regions.polish import Weights
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score.accuracy import ACCURACY, credit_at_zero
from algzoo_exact.score.boundary import flow_of_cells, flow_of_program
from algzoo_exact.score.direction import Direction
from algzoo_exact.score.facets import LABEL_WALLS, TIES
from algzoo_exact.score.result import Progress, Score

# Sums of some 1e5 flows of size up to 1e-2 with rounding 1e-16 each: below this, agreement of
# two evaluations is luck.
_LEAST_ERROR = Fraction(1, 10**15)
_BUFFER = 512
_LONG = 5  # from this n on, runs can take minutes


class NumericEngine:
    """Arrays for one task and hidden size, reused from program to program."""

    def __init__(self, task: Task, hidden_size: int, ties: TieRule, workers: int = 1) -> None:
        self.task, self.ties, self.workers = task, ties, workers
        self.hidden_size = hidden_size
        self.starts: tuple[Start, ...] = starting_cones(task)
        zero = (Fraction(0),) * hidden_size
        blank = Program(zero, (zero,) * hidden_size, (zero,) * task.seq_len, task.seq_len)
        shape = Search(blank, ties)
        first = self.starts[0]
        n = task.seq_len
        rays = max(len(start.cone.rays) for start in self.starts)
        words = shape.mask_words(len(first.cone.walls))
        self.rows = np.array([start.rows for start in self.starts], np.float64)
        self.rays = np.zeros((len(self.starts), rays, n))
        self.masks = np.zeros((len(self.starts), rays, words), np.uint64)
        self.counts = np.array([len(start.cone.rays) for start in self.starts])
        self.labels = np.array([start.label for start in self.starts])
        for s, start in enumerate(self.starts):
            for r, (ray, mask) in enumerate(zip(start.cone.rays, start.cone.tight, strict=True)):
                self.rays[s, r] = ray
                self.masks[s, r, 0] = mask
        self._buffers: SimpleQueue[tuple[Stack, Cells, Stack]] = SimpleQueue()
        for _ in range(workers):
            self._buffers.put(shape.buffers(first, _BUFFER))

    def evaluate(
        self, program: Program, direction: Direction, *, closed: bool
    ) -> tuple[float, int]:
        """Accuracy by the boundary flow along one direction, and the number of leaves.

        ``closed``: by dilogarithms (n = 4, 5), else by quadrature.
        """
        return self._evaluate(Search(program, self.ties), direction, closed)

    def _evaluate(
        self,
        search: Search,
        direction: Direction,
        closed: bool,
        progress: Callable[[float], None] | None = None,
    ) -> tuple[float, int]:
        weights = search.weights
        if weights is None:
            raise InputError("A weight is beyond the float64 range; ask for the exact method.")
        size = np.sqrt(float(sum(c * c for c in direction.u)))
        u = np.array(direction.u, np.float64) / size
        which = TIES if direction.diagonal else LABEL_WALLS
        flows = np.zeros(len(self.starts))
        leaves = np.zeros(len(self.starts), np.int64)

        def part(first: int, stride: int) -> int:
            buffers = self._buffers.get()
            stack, cells, scratch = buffers
            unfinished: int = flow_of_program(
                weights, self.rows, self.rays, self.masks, self.counts, self.labels,
                first, stride, stack, cells, scratch, search.n,
                mode_of(self.ties), u, which, closed, flows, leaves,
            )  # fmt: skip
            self._buffers.put(buffers)
            return unfinished

        unfinished = 0
        if self.task.seq_len < _LONG:  # milliseconds: one call
            unfinished = part(0, 1)
        else:  # one start at a time, so that Ctrl-C and progress get a turn
            with ThreadPoolExecutor(self.workers) as pool:
                count = len(self.starts)
                parts = [pool.submit(part, first, count) for first in range(count)]
                try:
                    for done, future in enumerate(parts, 1):
                        unfinished += future.result()
                        if progress is not None:
                            progress(done / count)
                except BaseException:
                    pool.shutdown(cancel_futures=True)
                    raise
        if unfinished:
            for s in np.flatnonzero(np.isnan(flows)):
                flows[s], leaves[s] = self._slowly(
                    search, weights, self.starts[s], u, which, closed
                )
        base = sum(credit_at_zero(start, direction, self.ties) for start in self.starts)
        return float(base) + float(np.sum(flows)), int(np.sum(leaves))

    def _slowly(
        self,
        search: Search,
        weights: Weights,
        start: Start,
        u: NDArray[np.float64],
        which: int,
        closed: bool,
    ) -> tuple[float, int]:
        """One start whose search needs exact integers, or more rays than the buffers hold."""
        before = search.leaves
        rows = np.array(start.rows, np.float64)
        total = 0.0
        for cells in search.cells(start):
            if cells is not None:
                flows = flow_of_cells(weights, rows, cells, search.n, u, which, closed)
                total += float(np.sum(flows))
        return total, search.leaves - before

    def accuracy(self, program: Program, progress: Progress | None = None) -> Score:
        """Two evaluations, along different directions and by different formulas; their
        disagreement is the error."""

        def halfway(fraction: float) -> None:
            if progress is not None:
                progress(fraction / 2, "first evaluation")

        def rest(fraction: float) -> None:
            if progress is not None:
                progress(0.5 + fraction / 2, f"about {first:.6f}")

        began = time.perf_counter()
        # For n = 6 the diagonal often projects onto faces of ridges, where float64 picks no side.
        usable = (
            direction
            for direction in ACCURACY.directions(program, self.task)
            if not (direction.diagonal and self.task.seq_len == 6)
        )
        chosen = list(islice(usable, 2))
        if len(chosen) < 2:
            raise InputError("No generic direction was found; ask for the exact method.")
        search = Search(program, self.ties)
        first, leaves = self._evaluate(search, chosen[0], True, halfway)
        second, _ = self._evaluate(search, chosen[1], False, rest)
        if not math.isfinite(first - second):
            raise InputError("The weights' scales are too far apart; ask for the exact method.")
        middle = Fraction(first)
        error = max(abs(middle - Fraction(second)), _LEAST_ERROR)
        return Score(
            ACCURACY.name,
            "numeric",
            Enclosure(middle - error, middle + error),
            self.task,
            self.ties,
            "float64 boundary flow, two directions",
            time.perf_counter() - began,
            cells=leaves,
        )


def accuracies(
    programs: Sequence[Program], task: Task, *, ties: TieRule = "lowest", workers: int = 1
) -> Iterator[Score]:
    """Numeric accuracies of many programs of one shape, such as noisy variants of one model."""
    engine: NumericEngine | None = None
    for program in programs:
        check_fit(program, task, ties)
        if engine is None or engine.hidden_size != program.hidden_size:
            engine = NumericEngine(task, program.hidden_size, ties, workers)
        yield engine.accuracy(program)
