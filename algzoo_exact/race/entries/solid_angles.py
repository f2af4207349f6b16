"""Full enumeration for three inputs, by polygons on the sphere.

On each activation cell of each starting cone the logits are linear functions of the inputs. The
cells are cones in three dimensions, so polygons on the sphere, cut neuron by neuron. Where the
label's logit is not the largest, solid angles are added up: their share is what the accuracy lacks
to 1. This is exact up to rounding. The solid angle W of a triangle with corners a, b, c of lengths
r_a, r_b, r_c is that of Van Oosterom and Strackee (1983):

    tan(W / 2) = |det(a, b, c)| / (r_a r_b r_c + (a.b) r_c + (a.c) r_b + (b.c) r_a).

If the budget ends early, the starting cones not finished are taken to score like those that are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.deductive import Weights, counted_weights
from algzoo_exact.race.entries.flops import BudgetSpentError, FlopCounter, plain
from algzoo_exact.race.estimator import Entry, Found
from algzoo_exact.regions.starts import starting_cones


def _share_right(program: Program, task: Task, budget: float, seed: int) -> Found | None:
    counter = FlopCounter(budget)
    weights = counted_weights(program, counter)
    wrong, covered, done = 0.0, 0.0, 0
    try:
        for start in starting_cones(task):
            corners = np.array(start.cone.rays, np.float64)
            wrong += float(plain(wrong_angle(weights, corners, start.label)))
            covered, done = covered + float(solid_angle(corners)), done + 1
    except BudgetSpentError:
        if not done:
            return None
    return Found(1 - wrong / covered, counter.total, {"cones": done})


def wrong_angle(weights: Weights, corners: Any, label: int) -> Any:
    """The solid angle in the cone of ``corners`` (3, 3) on which the label is not given."""
    w_hi, w_hh, w_oh = weights
    n = corners.shape[1]
    pending = [(corners, np.zeros((len(w_hi), n)), 0)]
    wrong: Any = 0.0
    while pending:
        polygon, functionals, step = pending.pop()
        if step == n:
            wrong = wrong + _wrong_part(polygon, w_oh @ functionals, label)
            continue
        if step:
            functionals = w_hh @ functionals
        functionals = functionals + w_hi[:, None] * np.eye(n)[step]
        for piece, values in cells(polygon, polygon @ functionals.T):
            on = values.max(axis=0) > 0
            pending.append((piece, functionals * on[:, None], step + 1))
    return wrong


def cells(polygon: Any, values: Any) -> Iterator[tuple[Any, Any]]:
    """Pieces of a polygon on which no column of ``values`` changes its sign, with their values.

    ``polygon`` (m, 3): its corners in turn; ``values`` (m, k): linear functions at the corners.
    """
    pending = [(polygon, values, 0)]
    while pending:
        polygon, values, neuron = pending.pop()
        if neuron == values.shape[1]:
            yield polygon, values
            continue
        for side in cut(polygon, values, neuron):
            pending.append((*side, neuron + 1))


def cut(polygon: Any, values: Any, column: int) -> list[tuple[Any, Any]]:
    """The sides of a polygon where a column of ``values`` (see ``cells``) is negative and where it
    is positive, in this order; the polygon alone if the column does not change its sign."""
    signs = plain(np.sign(values[:, column]))
    if (signs >= 0).all() or (signs <= 0).all():
        return [(polygon, values)]
    rows = np.concatenate([polygon, values], axis=1)
    width = polygon.shape[1]
    sides: dict[int, list[Any]] = {-1: [], 1: []}
    for k, sign in enumerate(signs):
        after = (k + 1) % len(signs)
        for side, kept in sides.items():
            if sign != -side:
                kept.append(rows[k])
        if sign * signs[after] < 0:
            here, there = abs(values[k, column]), abs(values[after, column])
            crossing = rows[k] * there + rows[after] * here
            crossing[width + column] = 0.0
            for kept in sides.values():
                kept.append(crossing)
    return [(np.stack(kept)[:, :width], np.stack(kept)[:, width:]) for kept in sides.values()]


def _wrong_part(polygon: Any, logits: Any, label: int) -> Any:
    """The solid angle of the part of a polygon where another logit than the label's is larger."""
    others = [k for k in range(len(logits)) if k != label]
    margins = logits[label] - logits[others]
    values = polygon @ margins.T
    wrong: Any = 0.0
    for column, other in enumerate(others):
        signs = plain(np.sign(values[:, column]))
        if (signs >= 0).all() and (signs.any() or label < other):
            continue
        if (signs <= 0).all():
            return wrong + solid_angle(polygon)
        (lost, _), (polygon, values) = cut(polygon, values, column)
        wrong = wrong + solid_angle(lost)
    return wrong


def solid_angle(polygon: Any) -> Any:
    """The solid angle of a convex polygon of corners (m, 3), of any lengths; a fan of triangles."""
    lengths = np.sqrt((polygon * polygon).sum(axis=1))
    total: Any = 0.0
    a, r_a = polygon[0], lengths[0]
    for b, c, r_b, r_c in zip(polygon[1:-1], polygon[2:], lengths[1:-1], lengths[2:], strict=True):
        normal = b[[1, 2, 0]] * c[[2, 0, 1]] - b[[2, 0, 1]] * c[[1, 2, 0]]
        height = abs((a * normal).sum())
        base = r_a * r_b * r_c + (a * b).sum() * r_c + (a * c).sum() * r_b + (b * c).sum() * r_a
        total = total + 2.0 * np.arctan2(height, base)
    return total


def _three_by_order(program: Program, task: Task) -> str | None:
    fits = task.seq_len == 3 and task.rank is not None
    return None if fits else "for three inputs and tasks that depend on their order alone"


SOLID_ANGLES = Entry(
    "solid-angles",
    "deductive",
    "full enumeration of activation cells for three inputs, by solid angles",
    _share_right,
    (_three_by_order,),
)
