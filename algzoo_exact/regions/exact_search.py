"""Enumeration of cells in exact integers alone.

A cell is a maximal cone on which the activation pattern, the true label and the credit that the
model earns are constant. For accuracies only cells with credit are produced ("right" cells: each
leaf cut by the conditions logit[label] >= logit[k]).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.program.floats import Weights, exact_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.regions.batch import Cells, Flags, room_for_cells
from algzoo_exact.regions.pattern import to_words
from algzoo_exact.regions.starts import EACH, Start

EVERYTHING = 3  # beside the positions in TIE_RULES: keep whole leaves, right or wrong

# Which cells the compiled search must give. LEAVES: all. CONES: a cone that bounds prove right may
# be one cell, and one that they prove wrong is not split. BOUNDARY: of these cells, only those with
# a facet on which logits tie.
LEAVES, CONES, BOUNDARY = 0, 1, 2


@dataclass(frozen=True)
class ExactCell:
    """One cell from integer arithmetic: cone, pattern bits, label, and the credit 1 / ``tied``."""

    cone: Cone
    bits: int
    label: int
    tied: int


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
        self, exact: Iterator[ExactCell | None], first_wall: int, size: int = 16
    ) -> Iterator[Cells | None]:
        """Exact cells in arrays, ``size`` at a time."""
        batch: list[ExactCell] = []
        for leaves, cell in enumerate(exact, 1):
            if cell is not None:
                batch.append(cell)
            if len(batch) == size:
                yield self._arrays(batch, first_wall)
                batch = []
            elif leaves % size == 0:
                yield None
        if batch:
            yield self._arrays(batch, first_wall)

    def _arrays(self, batch: list[ExactCell], first_wall: int) -> Cells:
        rays, words = max(len(cell.cone.rays) for cell in batch), self.words(first_wall)
        cells = room_for_cells(len(batch), rays, self.n, words)
        for q, cell in enumerate(batch):
            cells.rays[q] = len(cell.cone.rays)
            cells.label[q] = cell.label
            cells.credit[q] = 1.0 / cell.tied
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

    def exact_cells(self, start: Start, part: Start | None = None) -> Iterator[ExactCell | None]:
        """Cells below a start, or below a ``part`` of it, as for ``leaves_below``.

        Pure integer arithmetic. None stands for a leaf without credit.
        """
        tie_wall = len(start.cone.walls) + self.neurons
        for leaf in self.leaves_below(start, part):
            for label in self.wanted if start.label == EACH else (start.label,):
                yield self._credit(leaf.cone, leaf.bits, label, tie_wall)

    def part(self, start: Start, bits: int, level: int) -> Start:
        """The part of a start on which the first neurons, those before ``level``, have the signs in
        ``bits``; there must be one. Walls keep their numbers."""
        cone, first_wall = start.cone, len(start.cone.walls)
        for q in range(start.level, level):
            side = cone.split(self.row(q, bits), first_wall + q)[bits >> q & 1]
            assert side is not None, "there is no such part"
            cone = side
        return Start(start.label, cone, 0, bits, level)

    def sides(self, part: Start, first_wall: int) -> list[Start]:
        """A part on either side of its next neuron, or whole where that does not cut it."""
        level = part.level
        halves = part.cone.split(self.row(level, part.bits), first_wall + level)
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

    def row(self, level: int, bits: int) -> IntVector:
        """z[t][j] of neuron ``level`` as an integer functional on the pattern ``bits``."""
        return self.specializer.row(level, bits)

    def _credit(self, cone: Cone, bits: int, label: int, tie_wall: int) -> ExactCell | None:
        if self.mode == EVERYTHING:
            return ExactCell(cone, bits, label, 1)
        logit = rows(self.specializer.logits(bits))
        tied = 1
        part: Cone | None = cone
        for other in np.flatnonzero(self.rivals[label]).tolist():
            if part is None:
                return None
            margin = tuple(a - b for a, b in zip(logit[label], logit[other], strict=True))
            if not any(margin):
                if self.mode == 1 or (self.mode == 0 and other < label):
                    return None
                tied += 1
                everywhere = 1 << (tie_wall + other)
                part = Cone(
                    (*part.walls, tie_wall + other),
                    (*part.inequalities, margin),
                    part.rays,
                    tuple(mask | everywhere for mask in part.tight),
                )
            else:
                part = part.split(margin, tie_wall + other)[1]
        if part is None:
            return None
        return ExactCell(part, bits, label, tied if self.mode == 2 else 1)


def new_search(program: Program, ties: TieRule | None, compiled: bool) -> ExactSearch:
    """A search for cells, in exact integers (all of them) or by the compiled kernel."""
    if not compiled:
        return ExactSearch(program, ties)
    from algzoo_exact.regions.search import Search  # loads numba

    return Search(program, ties)


def renumbered(cone: Cone) -> Cone:
    """Only its facets, numbered from 0."""
    slim = cone.irredundant()
    place = {wall: i for i, wall in enumerate(slim.walls)}
    return Cone(
        tuple(range(len(slim.walls))),
        slim.inequalities,
        slim.rays,
        tuple(
            sum(1 << place[wall] for wall in slim.walls if mask >> wall & 1) for mask in slim.tight
        ),
    )
