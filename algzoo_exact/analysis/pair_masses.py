"""How often two programs give each pair of answers, by label cells, and on which cones.

The answers (a, b) of two programs side by side are the largest of the logits A_j + B_l, over all
(j, l); the lowest of several is that pair of lowest indices. To decide whether it is (a, b), those
count that differ from it in one place. So what finds the cells of one program finds those of two,
all pairs in one search; cones on which bounds at their rays settle the pair are not split further.

The masses of pairs are flows over the boundary, as those of right answers are
(``score.rigorous``): of the eight facets or so of a cone, those count on which an answer changes,
and they are computed once for the cones on both of their sides.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from typing import NamedTuple

import numpy as np

from algzoo_exact.analysis.heaviest import Heaviest, heaviest, with_batch
from algzoo_exact.arrays import F64, I64
from algzoo_exact.deadline import Deadline, TimeIsUpError
from algzoo_exact.exact.enclosure import Enclosure, ball_sum, float_ball, to_arb, working_precision
from algzoo_exact.geometry.cone import IntVector
from algzoo_exact.program.ir import Program, side_by_side
from algzoo_exact.program.task import Task
from algzoo_exact.regions.batch import Cells
from algzoo_exact.regions.exact_search import CONES, ExactSearch
from algzoo_exact.regions.pattern import from_words
from algzoo_exact.regions.starts import EACH, Start
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.direction import Direction
from algzoo_exact.score.metric import Piece
from algzoo_exact.score.rigorous import Cell, boundary_flow, cell_of, narrowed

# Flows known less precisely in float64 are computed in ball arithmetic, which is slow for more
# inputs: there only those of which nothing is known.
_WIDE, _CAREFUL_UP_TO = 1e-9, 6
_WIDTH, _BITS = Fraction(1, 10**20), 106  # at first


def answers_of_both(first: Program, second: Program) -> Program:
    """A program that answers k a + b just where the two, of k logits each, answer a and b."""
    joint, k, width = side_by_side(first, second), first.outputs, first.widths[-1]
    upper, lower = joint.readout[:k], joint.readout[k:]
    rows = ((*a[:width], *b[width:]) for a in upper for b in lower)
    return Program(joint.layers, tuple(rows))


@dataclass(frozen=True)
class PairMasses:
    """Of one label cell: how many cones have two answers, the ``masses`` of all of them by pairs
    k a + b, and the heaviest."""

    count: int
    masses: dict[int, Enclosure]
    heaviest: Heaviest


@dataclass(frozen=True)
class LabelCells:
    """Two programs on a task of labels; each call finds what is in one label cell, or None if the
    time is up. The ``top`` heaviest cones of all are among those that are kept."""

    first: Program
    second: Program
    task: Task
    top: int
    deadline: Deadline

    @cached_property
    def joint(self) -> Program:
        return answers_of_both(self.first, self.second)

    @cached_property
    def pieces(self) -> Sequence[Piece]:
        return ACCURACY.pieces(self.joint, self.task, self.deadline)

    @cached_property
    def direction(self) -> Direction:
        return ACCURACY.direction(self.joint, self.task)

    def __call__(self, job: int) -> PairMasses | None:
        try:
            return self._in(self.pieces[job])
        except TimeIsUpError:
            return None

    def _in(self, piece: Piece) -> PairMasses:
        from algzoo_exact.regions.search import Search

        k, look = self.task.outputs, self.deadline.look
        one, two = np.divmod(np.arange(k * k), k)
        rivals = (one[:, None] == one) != (two[:, None] == two)
        pairs = np.flatnonzero(one != two).tolist()
        search = Search(self.joint, "lowest", rivals=rivals, wanted=pairs)
        heavy, count, found = heaviest([], self.top, self.task.seq_len), 0, [_no_flows()]
        for start in piece.starts:
            for batch in search.cells(replace(start, label=EACH), CONES):
                look()
                if batch is not None:
                    count += int(batch.size[0])
                    found.append(_flows(search, start, self.direction.u, batch, look))
                    heavy = with_batch(heavy, self.top, search, start, batch, look)
        flows = _Flows._make(np.concatenate(column) for column in zip(*found, strict=True))
        masses = {}
        for pair in pairs:
            mass = flows.into(pair).plus(Enclosure.exactly(self._at_zero(piece, pair)))
            if mass.width or mass.upper:  # else no cone has these answers
                masses[pair] = mass.intersect(Enclosure(Fraction(0), Fraction(1)))
        return PairMasses(count, masses, heavy)

    def _at_zero(self, piece: Piece, pair: int) -> Fraction:
        """The mass of a pair where all mass sits at u and -u."""
        shares = (self.direction.shares(start) for start in piece.starts)
        answers = [min(top) for top in self.direction.around]
        return sum(
            (part for both in shares for part, a in zip(both, answers, strict=True) if a == pair),
            Fraction(0),
        )


class _Flows(NamedTuple):
    """What flows into pairs ``here`` through facets, and out of those ``there``, where not -1:
    ``mid`` +- ``rad``."""

    here: I64
    there: I64
    mid: F64
    rad: F64

    def into(self, pair: int) -> Enclosure:
        here, there = self.here == pair, self.there == pair
        rads = np.concatenate([self.rad[here], self.rad[there]])
        return ball_sum(np.concatenate([self.mid[here], -self.mid[there]]), rads)


def _no_flows() -> _Flows:
    none = np.empty(0, np.int64)
    return _Flows(none, none, np.empty(0), np.empty(0))


def _flows(
    search: ExactSearch, start: Start, u: IntVector, cells: Cells, look: Callable[[], None]
) -> _Flows:
    """Those through the boundary of a batch of cells below a start."""
    weights = search.exact_weights
    if weights is None:
        size = int(cells.size[0])
        found = [_in_balls(search, cell_of(cells, q, start), u, look) for q in range(size)]
        return _Flows(cells.label[:size].copy(), np.full(size, -1), *np.array(found).T)
    from algzoo_exact.analysis.pair_facets import ties_once  # loads numba
    from algzoo_exact.measure.cell_facets import facet_sums
    from algzoo_exact.score import cell_walls

    below = cell_walls.below_start(weights, start, u)
    facets = cell_walls.room_for_facets(below, cells)
    cell_walls.boundary_facets(below, cells, facets)
    wanted = np.isin(np.arange(search.k), list(search.wanted))
    across = ties_once(below, cells, wanted, facets)
    at = np.nonzero(facets.include)
    mids, rads = facet_sums(facets, u=np.array(u, np.float64)).flow[at].T.copy()
    wide = _WIDE if search.n <= _CAREFUL_UP_TO else sys.float_info.max
    for i in np.flatnonzero(~(rads <= wide)).tolist():
        q, rays = int(at[0][i]), from_words(facets.on[at[0][i], at[1][i]].tolist())
        mids[i], rads[i] = _in_balls(search, cell_of(cells, q, start), u, look, rays)
    return _Flows(cells.label[at[0]], across[at], mids, rads)


def _in_balls(
    search: ExactSearch, cell: Cell, u: IntVector, look: Callable[[], None], only: int | None = None
) -> tuple[float, float]:
    """The flow through the boundary of a cell, or through the facet of ``only`` these rays."""
    look()
    flow = partial(boundary_flow, search, cell, u, only)
    with working_precision(_BITS):
        return float_ball(Enclosure.from_arb(narrowed(flow, to_arb(_WIDTH))))
