"""Facets of cells along which an accuracy may have a kink, that right cells alone do not show.

Where the label's logit ties with the answer's, a change of the weights may open a sliver. If the
facet is a wall between labels too, right answers are lost, or gained, to either side. If other
walls coincide with it, both its sides may be wrong, and a sliver of right answers opens in between.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.deadline import Deadline
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import BOUNDARY
from algzoo_exact.regions.pattern import from_words
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import EACH, Start, starting_cones

Flags = NDArray[np.bool_]
U64 = NDArray[np.uint64]


def check_kinks(program: Program, task: Task, deadline: Deadline) -> None:
    """InputError if there are such facets; TimeIsUpError."""
    for start in starting_cones(task):
        search = Search(program, "uniform")
        for batch in search.cells(replace(start, label=EACH), BOUNDARY):
            deadline.look()
            if batch is not None and _kinked(batch, start, program):
                raise InputError(
                    "The accuracy is not shown to have a gradient at these weights: logits tie on "
                    "a wall between labels, or on one of another sort, where answers may change; "
                    "add a little noise to the weights."
                )


def _kinked(cells: Cells, start: Start, program: Program) -> bool:
    """Whether there is such a facet in a batch of cells of one answer each."""
    size, ties = int(cells.size[0]), len(start.rows) + program.neurons
    on = _on_walls(cells, ties + program.outputs)
    answer, label = cells.label[:size], start.label
    for k in range(program.outputs):
        # Of a wrong cell, the tie with the label; of a right one, each, on walls between labels.
        wrong = k == label
        last = on.shape[2] if wrong else start.outer
        chosen = np.flatnonzero(answer != k if wrong else answer == label)
        face = on[chosen, :, ties + k]
        same = np.all(on[chosen, :, :last] == face[:, :, None], axis=1)
        if wrong:
            same[:, ties + k] = False
        for i in np.flatnonzero(same.any(axis=1)).tolist():
            q = int(chosen[i])
            still = _states_vanish(on[q], face[i], cells.pattern[q], ties, program)
            if _is_facet(on[q, : cells.rays[q]], face[i, : cells.rays[q]], program.seq_len) and (
                same[i, : start.outer].any() or not still
            ):
                return True
    return False


def _on_walls(cells: Cells, walls: int) -> Flags:
    """Which rays lie on which walls: (cells, rays, walls)."""
    count = cells.rays[: cells.size[0]]
    masks = cells.masks[: len(count), : count.max()]
    bits = np.unpackbits(masks.view(np.uint8), axis=2, bitorder="little")[:, :, :walls]
    there: Flags = np.arange(masks.shape[1]) < count[:, None]
    on: Flags = (bits != 0) & there[:, :, None]
    return on


def _is_facet(on: Flags, face: Flags, n: int) -> bool:
    """Whether the rays of a face are those of a facet: no wall has more of them, but for all."""
    if not n - 1 <= face.sum() < len(face):
        return False
    larger = np.all(on | ~face[:, None], axis=0) & (on.sum(axis=0) > face.sum())
    return bool(np.all(on[:, larger]))


def _states_vanish(on: Flags, face: Flags, pattern: U64, ties: int, program: Program) -> bool:
    """Whether all last states are 0 on a face, so that all logits tie there."""
    bits = from_words(pattern.tolist()) >> program.first[-2]
    last = range(ties - program.widths[-1], ties)
    return all(on[face, wall].all() for j, wall in enumerate(last) if bits >> j & 1)
