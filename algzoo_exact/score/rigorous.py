"""The flow over the boundary between right and wrong, in exact integers and balls.

Which facets of a right cell belong to that boundary: the logits are continuous, so where every
margin logit[label] - logit[k] is positive inside a facet, the cell across it is right too and the
two contributions cancel: such facets are left out. What stays are the facets on which some margin
vanishes identically (cuts by ties, and activation walls behind which logits coincide), each with
the credit of its own side; and the walls that bound what is summed, unless they hold the direction
u: then they do not turn, and nothing flows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb, ctx

from algzoo_exact.exact.enclosure import PrecisionError, working_precision
from algzoo_exact.geometry.cone import Face, IntVector, dot
from algzoo_exact.measure.flow import CellFlow, NotGenericError
from algzoo_exact.program.specialize import Specializer, rows
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import LEAVES, ExactSearch
from algzoo_exact.regions.pattern import from_words
from algzoo_exact.regions.starts import Start

MOST_BITS = 1 << 13


@dataclass(frozen=True)
class Cell:
    """One cell of a batch in Python's integers: all that the exact flow needs."""

    start: Start
    bits: int
    credit: Fraction
    tight: tuple[int, ...]
    directions: tuple[tuple[float, ...], ...]


def cell_of(cells: Cells, q: int, start: Start) -> Cell:
    """One cell of a batch, whose label is not the start's where those of each are looked for."""
    count, label = int(cells.rays[q]), int(cells.label[q])
    return Cell(
        start if start.label == label else replace(start, label=label),
        from_words(cells.pattern[q].tolist()),
        credit_of(cells, q),
        tuple(from_words(words) for words in cells.masks[q, :count].tolist()),
        tuple(map(tuple, cells.x[q, :count].tolist())),
    )


def credit_of(cells: Cells, q: int) -> Fraction:
    """The credit of a cell of a batch, exactly: 1, or one over the number of logits tied."""
    return Fraction(1, round(1 / float(cells.credit[q])))


def wall_normals(specializer: Specializer, cell: Cell) -> Callable[[int], IntVector]:
    """Inward integer normals of a cell's walls by number, computed when asked for."""
    start, bits = cell.start, cell.bits
    first, neurons = len(start.cone.walls), specializer.program.neurons
    known: dict[int, IntVector] = dict(enumerate(start.rows))

    def normal(wall: int) -> IntVector:
        if wall not in known:
            level = wall - first
            if level < neurons:
                sign = 1 if bits >> level & 1 else -1
                known[wall] = tuple(sign * c for c in specializer.row(level, bits))
            else:
                logit = rows(specializer.logits(bits))
                pairs = zip(logit[start.label], logit[level - neurons], strict=True)
                known[wall] = tuple(a - b for a, b in pairs)
        return known[wall]

    return normal


def turning_facets(flow: CellFlow, search: ExactSearch, cell: Cell) -> list[Face]:
    """The facets that belong to the boundary (see above), but for those whose hyperplane
    holds the direction: their flow is 0."""
    first_tie = len(cell.start.cone.walls) + search.neurons
    ties = [rays for wall, rays in flow.sets.items() if wall >= first_tie]

    def counts(face: Face) -> bool:
        if dot(flow.normal(face.wall), flow.u) == 0:
            return False
        return face.wall < cell.start.outer or any(face.rays & rays == face.rays for rays in ties)

    return [face for face in flow.facets if counts(face)]


def flow_of(search: ExactSearch, cell: Cell, u: IntVector) -> CellFlow:
    return CellFlow(cell.tight, wall_normals(search.specializer, cell), cell.directions, u)


def boundary_flow(search: ExactSearch, cell: Cell, u: IntVector, only: int | None = None) -> arb:
    """What flows through the boundary of a cell, or through the facet of ``only`` these rays."""
    flow = flow_of(search, cell, u)
    faces = [face for face in turning_facets(flow, search, cell) if only in (None, face.rays)]
    return sum(flow.flows(faces), arb(0)) / (2 * arb.pi())


def narrowed(value: Callable[[], arb], radius: arb) -> arb:
    """``value()`` with at most this radius: from flint's precision on, more bits where needed (for
    thin cones). NotGenericError if none will do."""
    bits = ctx.prec
    while bits <= MOST_BITS:
        with working_precision(bits), suppress(PrecisionError):
            found = value()
            if found.rad() < radius:
                return found
        bits *= 2
    raise NotGenericError("the direction is not generic for a cone")


def right_cells(search: ExactSearch, start: Start, grain: int = LEAVES) -> Iterator[Cell | None]:
    """Cells with credit below one start; None now and then while there is none to give."""
    for batch in search.cells(start, grain):
        if batch is None:
            yield None
        else:
            yield from (cell_of(batch, q, start) for q in range(int(batch.size[0])))
