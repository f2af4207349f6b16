"""The heaviest of very many cones: those alone are measured whose bound reaches the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.regions.batch import Cells, chosen
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.starts import Start


class Heaviest(NamedTuple):
    """Cones, heaviest first: the true ``label``, the ``answer``, ``measure`` +- ``radius``, and a
    point ``inside`` (cones, n)."""

    label: I64
    answer: I64
    measure: F64
    radius: F64
    inside: F64


def heaviest(parts: Sequence[Heaviest], top: int, n: int) -> Heaviest:
    """At most ``top`` of all, of inputs of length n."""
    none = np.empty(0, np.int64)
    nothing = Heaviest(none, none, np.empty(0), np.empty(0), np.empty((0, n)))
    columns = [np.concatenate(column) for column in zip(nothing, *parts, strict=True)]
    order = np.argsort(-columns[2], kind="stable")[:top]
    return Heaviest._make(column[order] for column in columns)


def with_batch(
    known: Heaviest, top: int, search: ExactSearch, start: Start, cells: Cells,
    look: Callable[[], None],
) -> Heaviest:  # fmt: skip
    """The heaviest, at most ``top``, of those ``known`` and of a batch below a start."""
    from algzoo_exact.analysis.cone_bounds import cone_bounds  # loads numba
    from algzoo_exact.score.cell_measures import measured

    size, n = int(cells.size[0]), search.n
    least = 0.0 if len(known.measure) < top else known.measure.min(initial=1.0)
    these = np.flatnonzero(cone_bounds(cells.x[:size], cells.rays[:size]) > least)
    if not len(these):
        return known
    some = chosen(cells, these)
    found = measured(search, start, some, look)
    labels = np.full(len(these), start.label)
    return heaviest([known, Heaviest(labels, some.label, *found)], top, n)
