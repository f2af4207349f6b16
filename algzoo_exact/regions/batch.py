"""Cones and cells in arrays, as compiled code takes and gives them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64, U64, Flags


class Rays(NamedTuple):
    """The extreme rays of one cone: the first ``number`` of R places.

    ``values`` and ``errors`` (R, n + 2 D + 1) hold for each ray its coordinates x, two states, and
    the difference of two logits; all are linear on the cone. h[t-1] is in block (t - 1) % 2; in the
    other are h[t] as far as it is there, then z[t]. ``masks`` (R, words): tight walls.
    """

    values: F64
    errors: F64
    masks: U64
    number: int


class Stack(NamedTuple):
    """Cones still to be split; the last one is next. Of S places, the last two are room for cones
    that are cut by ties. ``values``, ``errors``, ``masks`` (S, R, ..) and ``rays`` (S), their
    numbers, are as for ``Rays``.

    ``level`` (S): the next neuron to split at. ``pattern`` (S, words): activation pattern so far.
    ``label`` (S). ``size`` (1): cones held.
    """

    values: F64
    errors: F64
    masks: U64
    rays: I64
    level: I64
    pattern: U64
    label: I64
    size: I64


class Cells(NamedTuple):
    """Cells of constant activation pattern, label and credit. Capacity C cells.

    ``rays`` (C), ``x`` (C, R, n) ray coordinates, ``masks`` (C, R, words), ``pattern``
    (C, words), ``label`` (C), ``credit`` (C): what a right answer earns,
    1 or 1 / (logits tied).
    ``size`` (1): cells held. ``visited`` (C, words): patterns of all leaves, those without credit
    too; ``leaves`` (1): how many. A cone settled as a whole counts as one leaf; its pattern and its
    cell's are 0 from the next neuron on.
    """

    rays: I64
    x: F64
    masks: U64
    pattern: U64
    label: I64
    credit: F64
    size: I64
    visited: U64
    leaves: I64


def chosen(cells: Cells, these: I64) -> Cells:
    """Some of a batch, by position, in memory of their own."""
    names = ("rays", "x", "masks", "pattern", "label", "credit")
    columns = {name: getattr(cells, name)[these] for name in names}
    return cells._replace(**columns, size=np.array([len(these)]))


class Aim(NamedTuple):
    """Which cells are looked for.

    ``ties``: 0 lowest, 1 incorrect, 2 uniform; 3 keeps whole leaves, right or wrong. ``grain``:
    LEAVES, CONES or BOUNDARY. ``rivals`` (k, k): which logits count beside a label's. ``wanted``
    (k): below a cone of label EACH, the labels.
    """

    ties: int
    grain: int
    rivals: Flags
    wanted: Flags


def room_for_cells(capacity: int, rays: int, n: int, words: tuple[int, int]) -> Cells:
    """None yet; ``words`` of a mask of walls, and of a pattern."""
    masks, patterns = words
    return Cells(
        np.zeros(capacity, np.int64),
        np.empty((capacity, rays, n)),
        np.empty((capacity, rays, masks), np.uint64),
        np.empty((capacity, patterns), np.uint64),
        np.zeros(capacity, np.int64),
        np.zeros(capacity),
        np.zeros(1, np.int64),
        np.empty((capacity, patterns), np.uint64),
        np.zeros(1, np.int64),
    )
