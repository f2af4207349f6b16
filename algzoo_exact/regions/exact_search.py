"""Enumeration of cells in exact integers alone.

A cell is a maximal cone on which the activation pattern, the true label and the credit that the
model earns are constant. For accuracies only cells with credit are produced ("right" cells: each
leaf cut by the conditions logit[label] >= logit[k]).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import islice
from operator import lt, sub
from typing import TypeAlias

import numpy as np
from flint import fmpz_mat

from algzoo_exact.arrays import Flags
from algzoo_exact.geometry.cone import Cone
from algzoo_exact.program.floats import Weights, exact_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Row, Specializer, rows
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.regions.batch import Cells, room_for_cells
from algzoo_exact.regions.pattern import to_words
from algzoo_exact.regions.starts import EACH, Start

EVERYTHING = 3  # beside the positions in TIE_RULES: keep whole leaves, right or wrong

# Which cells the compiled search must give. LEAVES: all. CONES: a cone that bounds prove right may
# be one cell, and one that they prove wrong is not split. BOUNDARY: of these cells, only those with
# a facet on which logits tie.
LEAVES, CONES, BOUNDARY = 0, 1, 2


Tied: TypeAlias = tuple[Start, int]
"""One cell from integer arithmetic, as a part of a start of its label, and how many logits tie
there: it earns one over their number."""


class ExactSearch:
    """Enumerates the cells of one program below one starting cone at a time.

    ``leaves`` counts the cones of constant pattern and label met so far, ``patterns`` collects
    their patterns. ``ties`` None keeps whole leaves, right or wrong.

    ``rivals`` (k, k) are the logits that each label's is compared with, by default all others;
    ``wanted`` the labels looked for below a start of label EACH, by default all.
    """

    def __init__(
        self, program: Program, ties: TieRule | None, *, rivals: Flags | None = None,
        wanted: Collection[int] | None = None,
    ) -> None:  # fmt: skip
        self.program = program
        self.mode = EVERYTHING if ties is None else TIE_RULES.index(ties)
        self.n, self.neurons, self.k = program.seq_len, program.neurons, program.outputs
        self.rivals = ~np.eye(self.k, dtype=bool) if rivals is None else rivals
        self.wanted = range(self.k) if wanted is None else wanted
        self.leaves = 0
        self.patterns: set[int] = set()

    @cached_property
    def specializer(self) -> Specializer:
        return Specializer(self.program)

    @cached_property
    def exact_weights(self) -> Weights | None:
        """Those of ``program.floats``."""
        return exact_weights(self.program)

    def cells(self, start: Start, grain: int = LEAVES) -> Iterator[Cells | None]:
        """Batches of cells; arrays may be used again, so each must be used up at once. None is
        yielded now and then while no batch is ready, so that callers can look at the clock.

        In exact integers all cells come, whatever the ``grain``.
        """
        yield from self.packed(self.exact_cells(start), len(start.cone.walls))

    def packed(
        self, exact: Iterator[Tied | None], first_wall: int, size: int = 16
    ) -> Iterator[Cells | None]:
        """Exact cells in arrays, so many at a time."""
        while some := list(islice(exact, size)):
            batch = [cell for cell in some if cell is not None]
            yield self._arrays(batch, first_wall) if batch else None

    def _arrays(self, batch: list[Tied], first_wall: int) -> Cells:
        rays, words = max(len(cell.cone.rays) for cell, _ in batch), self.words(first_wall)
        cells = room_for_cells(len(batch), rays, self.n, words)
        for q, (cell, tied) in enumerate(batch):
            cells.rays[q] = len(cell.cone.rays)
            cells.label[q] = cell.label
            cells.credit[q] = 1.0 / tied
            cells.pattern[q] = to_words(cell.bits, words[1])
            for r, (ray, mask) in enumerate(zip(cell.cone.rays, cell.cone.tight, strict=True)):
                largest = max(map(abs, ray))
                cells.x[q, r] = [c / largest for c in ray]
                cells.masks[q, r] = to_words(mask, words[0])
        cells.size[0] = len(batch)
        return cells

    def words(self, first_wall: int) -> tuple[int, int]:
        """Of a mask of walls, and of a pattern."""
        return (first_wall + self.neurons + self.k + 63) // 64, (self.neurons + 63) // 64

    def exact_cells(self, start: Start, part: Start | None = None) -> Iterator[Tied | None]:
        """Cells below a start, or below a ``part`` of it, as for ``leaves_below``.

        Pure integer arithmetic. None comes after those of each leaf.
        """
        tie_wall = len(start.cone.walls) + self.neurons
        labels = self.wanted if start.label == EACH else (start.label,)
        for leaf in self.leaves_below(start, part):
            if self.mode == EVERYTHING:
                yield from ((Start(label, leaf.cone, 0, leaf.bits), 1) for label in labels)
                continue
            logits, rays = self.specializer.logits(leaf.bits), fmpz_mat(list(leaf.cone.rays))
            values = (logits * rays.transpose()).tolist()
            for label in labels:
                rivals = np.flatnonzero(self.rivals[label]).tolist()
                # Most labels lose to a rival at all rays: told sooner than by cutting the leaf.
                if any(all(map(lt, values[label], values[k])) for k in rivals):
                    continue
                cone, equal = leading(leaf.cone, rows(logits), label, rivals, tie_wall)
                lost = equal and (self.mode == 1 or (self.mode == 0 and equal[0] < label))
                if cone is not None and not lost:
                    yield Start(label, cone, 0, leaf.bits), 1 + len(equal) if self.mode == 2 else 1
            yield None

    def part(self, start: Start, bits: int, level: int) -> Start:
        """The part of a start on which the first neurons, those before ``level``, have the signs in
        ``bits``; there must be one. Walls keep their numbers."""
        cone, first_wall = start.cone, len(start.cone.walls)
        for q in range(start.level, level):
            side = cone.split(self.specializer.row(q, bits), first_wall + q)[bits >> q & 1]
            assert side is not None, "there is no such part"
            cone = side
        return Start(start.label, cone, 0, bits, level)

    def sides(self, part: Start, first_wall: int) -> list[Start]:
        """A part on either side of its next neuron, or whole where that does not cut it."""
        level = part.level
        halves = part.cone.split(self.specializer.row(level, part.bits), first_wall + level)
        return [
            Start(part.label, cone, 0, part.bits | on << level, level + 1)
            for on, cone in enumerate(halves)
            if cone is not None
        ]

    def halves(self, start: Start) -> tuple[Start, ...]:
        """A start cut by the first neuron that cuts it, if any does; each part is to be summed by
        itself."""
        part, first_wall = start, len(start.cone.walls)
        while part.level < self.neurons:
            sides = self.sides(part, first_wall)
            if len(sides) == 2:
                return tuple(replace(side, cone=renumbered(side.cone)) for side in sides)
            (side,) = sides
            part = replace(side, cone=start.cone)
        return (part,)

    def leaves_below(self, start: Start, part: Start | None = None) -> Iterator[Start]:
        """The parts of a start by the signs of all neurons, or those of a ``part`` of it whose
        walls are numbered as they are here."""
        pending, first_wall = [part or start], len(start.cone.walls)
        while pending:
            below = pending.pop()
            if below.level == self.neurons:
                self.leaves += 1
                self.patterns.add(below.bits)
                yield below
            else:
                pending += reversed(self.sides(below, first_wall))


def leading(
    cone: Cone, logits: tuple[Row, ...], label: int, rivals: Iterable[int], tie_wall: int
) -> tuple[Cone | None, list[int]]:
    """The part of a leaf on which no rival's logit is above the label's, and the rivals whose
    logits are the same all over it. Walls are numbered ``tie_wall`` + rival."""
    part, equal = cone, list[int]()
    for other in rivals:
        wall, margin = tie_wall + other, tuple(map(sub, logits[label], logits[other]))
        if any(margin):
            above = part.split(margin, wall)[1]
            if above is None:
                return None, equal
            part = above
        else:
            equal.append(other)
            tight = tuple(mask | 1 << wall for mask in part.tight)
            part = Cone((*part.walls, wall), (*part.inequalities, margin), part.rays, tight)
    return part, equal


def new_search(program: Program, ties: TieRule | None, compiled: bool) -> ExactSearch:
    """A search for cells, in exact integers (all of them) or by the compiled kernel."""
    if not compiled:
        return ExactSearch(program, ties)
    from algzoo_exact.regions.search import Search  # loads numba

    return Search(program, ties)


def renumbered(cone: Cone) -> Cone:
    """Only its facets, numbered from 0."""
    slim = cone.irredundant()
    tight = tuple(
        sum(1 << i for i, wall in enumerate(slim.walls) if mask >> wall & 1) for mask in slim.tight
    )
    return Cone(tuple(range(len(slim.walls))), slim.inequalities, slim.rays, tight)
