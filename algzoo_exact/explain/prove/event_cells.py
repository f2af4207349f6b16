"""Where a statement holds, cone by cone at the speed of float64: its probability, proved.

The ways to decide a statement (``event_program.paths``) compete as labels do: each is a logit 0,
whose rivals are its own forms, -g for each g that is to be positive, and g for each that is not.
A tie goes to the lower index, so those to be positive stand before all ways, and the others behind.
So one search gives the cones of all ways on which the statement holds, and cones on which bounds
at their rays settle the way are not split further.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import reduce
from hashlib import sha256
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.deadline import NEVER, Deadline, TimeIsUpError
from algzoo_exact.exact.enclosure import Enclosure, ball_sum
from algzoo_exact.explain.language.expression import Entry, Formula
from algzoo_exact.explain.logic.conditions import Condition
from algzoo_exact.explain.prove.cell_search import OutOfReachError
from algzoo_exact.explain.prove.event_program import (
    Path,
    Signals,
    inputs_of,
    layered,
    on_cone,
    paths,
)
from algzoo_exact.geometry.cone import IntVector, primitive
from algzoo_exact.jobs import Kept, outcomes
from algzoo_exact.measure.faces import Faces
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.processes import Workers
from algzoo_exact.program.floats import exact_weights
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task, argmax
from algzoo_exact.regions.exact_search import CONES
from algzoo_exact.regions.starts import EACH, Start, open_mass, starting_cones
from algzoo_exact.score.rigorous import cell_of, wall_normals
from algzoo_exact.state import State

_IN_BALLS_UP_TO = 6  # inputs; beyond, weights that float64 cannot hold are out of reach
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, eq=False)
class EventCell:
    """A cone on which a statement holds: its Gaussian measure, the facets' inward normals (n), and
    a point inside (n), rounded."""

    probability: Enclosure
    walls: tuple[IntVector, ...]
    inside: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class EventCells:
    """The cones on which a statement holds: how many, the heaviest of them, and what all weigh.

    ``open`` is the mass of the inputs that there was no time for.
    """

    count: int
    mass: Enclosure
    heaviest: tuple[EventCell, ...]
    open: Fraction

    def plus(self, other: EventCells, top: int) -> EventCells:
        """Both, with the ``top`` heaviest of them."""
        cells = sorted((*self.heaviest, *other.heaviest), key=lambda c: -c.probability.midpoint)
        return EventCells(
            self.count + other.count, self.mass.plus(other.mass), tuple(cells[:top]),
            self.open + other.open,
        )  # fmt: skip

    @property
    def probability(self) -> Enclosure:
        return Enclosure(
            max(Fraction(0), self.mass.lower), min(Fraction(1), self.mass.upper + self.open)
        )


def event_cells(
    program: Program, formula: Formula, task: Task | None = None, *, top: int = 0,
    deadline: Deadline = NEVER, workers: Workers = 1, state: State | None = None,
) -> EventCells:  # fmt: skip
    """The cones on which a formula holds, and the ``top`` heaviest, for up to nine inputs that
    occur. A ``task`` on all of them says where to start.

    OutOfReachError for more inputs, constants, products of what varies, and too many cases.
    """
    signals = Signals(program)
    condition = signals.condition(formula)
    inputs = inputs_of(signals, condition)
    spare = (i for i in range(program.seq_len) if i not in inputs)
    while len(inputs) < min(2, program.seq_len):
        inputs = tuple(sorted((*inputs, next(spare))))
    if not 2 <= len(inputs) <= MOST_INPUTS:
        raise OutOfReachError(f"{len(inputs)} inputs occur in it, too many for measures")
    if task is None or not task.is_index or len(inputs) < task.seq_len:
        task = argmax(len(inputs))
    starts = starting_cones(task)
    work = _Work(signals, condition, inputs, starts, top, deadline)
    found: dict[int, EventCells] = {}
    name = f"{sha256(repr(formula).encode()).hexdigest()}, {top} listed"
    kept = Kept[int, EventCells | None](
        state, lambda s: f"formula {name}, below start {s}", EventCells
    )
    for job, part in outcomes(list(range(len(starts))), work, deadline, workers, kept):
        if part is not None:
            found[job] = part
    nothing = EventCells(0, Enclosure.exactly(0), (), open_mass(task, found))
    parts = (found[job] for job in sorted(found))
    return reduce(lambda total, part: total.plus(part, top), parts, nothing)


@dataclass(frozen=True)
class _Work:
    """The cells below one starting cone; None if the time is up."""

    signals: Signals
    condition: Condition
    inputs: tuple[int, ...]
    starts: tuple[Start, ...]
    top: int
    deadline: Deadline

    def __call__(self, s: int) -> EventCells | None:
        try:
            return self._below(self.starts[s])
        except TimeIsUpError:
            return None

    def _below(self, start: Start) -> EventCells:
        from algzoo_exact.regions.search import Search
        from algzoo_exact.score.cell_measures import measured

        total = EventCells(0, Enclosure.exactly(0), (), Fraction(0))
        rays = [self._lifted(ray) for ray in start.cone.rays]
        condition = on_cone(self.condition, self.signals, rays)
        if condition is False:
            return total
        program, rivals, wanted = _competition(self.signals, paths(condition), self.inputs)
        search = Search(program, "lowest", rivals=rivals, wanted=wanted)
        if exact_weights(program) is None and search.n > _IN_BALLS_UP_TO:
            raise OutOfReachError(f"{search.n} inputs, and weights beyond float64")
        for batch in search.cells(replace(start, label=EACH), CONES):
            self.deadline.look()
            if batch is None:
                continue
            mids, rads, inside = measured(search, start, batch, self.deadline.look)
            cells = []
            for q in np.argsort(-mids, kind="stable")[: self.top].tolist():
                cell = cell_of(batch, q, start)
                normal = wall_normals(search.specializer, cell)
                facets = Faces(cell.tight, normal, cell.directions, search.n).facets
                walls = (primitive(self._lifted(normal(facet.wall))) for facet in facets)
                measure = ball_sum(mids[q : q + 1], rads[q : q + 1])
                cells.append(EventCell(measure, tuple(walls), self._lifted(inside[q].tolist())))
            part = EventCells(len(mids), ball_sum(mids, rads), tuple(cells), Fraction(0))
            total = total.plus(part, self.top)
        return total

    def _lifted(self, point: Sequence[_Number]) -> tuple[_Number, ...]:
        """A point of the inputs that occur, with zeros for the others."""
        known = dict(zip(self.inputs, point, strict=True))
        zero = type(point[0])(0)
        return tuple(known.get(i, zero) for i in range(self.signals.program.seq_len))


def _competition(
    signals: Signals, ways: Sequence[Path], inputs: tuple[int, ...]
) -> tuple[Program, NDArray[np.bool_], list[int]]:
    """A program in which the ways compete, which logits are each one's rivals, and the ways on
    which the statement holds."""
    forms = list(dict.fromkeys(form for signs, _ in ways for form, _ in signs))
    if not forms:  # nothing is to be decided, and a program needs a layer
        forms = [signals.entry(Entry("x", (inputs[0],)))]
    layers, rows = layered(signals, forms, inputs)
    first = len(forms)
    above = [tuple(-c for c in rows[form]) for form in forms]
    zero = (Fraction(0),) * len(above[0])
    readout = (*above, *(zero for _ in ways), *(rows[form] for form in forms))
    rivals = np.zeros((len(readout),) * 2, bool)
    for k, (signs, _) in enumerate(ways, first):
        for form, positive in signs:
            rivals[k, forms.index(form) + (0 if positive else first + len(ways))] = True
    wanted = [k for k, (_, holds) in enumerate(ways, first) if holds]
    return Program(layers, readout), rivals, wanted
