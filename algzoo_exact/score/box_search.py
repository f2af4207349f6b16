"""Compiled best-first search over box cones: storage, labels, splitting, deciding.

A box cone (module gaussian_boxes) has a face, 2 pivot + (0 if the pivot is positive, else 1), and
for each coordinate two rows of the table of end points. Undecided boxes are held in a binary heap
by ``worth``: mass times a guess of how soon it pays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I32, I64
from algzoo_exact.jit import compiled, compiled_in_place
from algzoo_exact.measure.gaussian_boxes import CENTRES_PER_UNIT, PHI_ERROR, Quadrature
from algzoo_exact.score.box_kernels import (
    UNDECIDED,
    Network,
    judge,
    new_bounds,
    propagate,
)

RUNNING, FULL, EMPTY = 0, 1, 2
WORK, MOST = 2e7, 20_000  # multiplications, boxes: what one call may do
_UNDERFLOW = 1e-150  # more than subnormal numbers under the roots can add to a mass
_PATIENCE = 2.0  # a heuristic; trials in docs/notes/boxes.md


class Boxes(NamedTuple):
    """A heap of boxes, the most worthy one first; ``size`` (1): how many there are."""

    low: I32
    high: I32
    face: I32
    mass: F64
    worth: F64
    size: I64


@compiled
def phi_row(ratio: float, radii: F64, phi: F64, density: F64, out: F64) -> None:
    """``out[i]`` = Phi(ratio radii[i]) within PHI_ERROR, for |ratio| <= 1."""
    middle = (phi.size - 1) // 2
    for i in range(radii.size):
        x = ratio * radii[i]
        j = round(x * CENTRES_PER_UNIT)
        c = j / CENTRES_PER_UNIT
        h = x - c
        # The m-th derivative of phi is D_m phi, with D_(m+1) = -(c D_m + m D_(m-1)), D_0 = 1.
        before, now, power, total = 0.0, 1.0, h, 0.0
        for m in range(1, 8):
            total += now * power
            before, now = now, -(c * now + (m - 1) * before)
            power *= h / (m + 1)
        out[i] = phi[middle + j] + density[middle + j] * total


@compiled
def box_mass(low: I32, high: I32, pivot: int, q: Quadrature) -> float:
    """A lower bound of the Gaussian measure of a box cone (gaussian_boxes, (1) and (2))."""
    nodes = q.density_below.size
    product = q.density_below.copy()
    for k in range(low.size):
        if k != pivot:
            a, b = q.rows[low[k]], q.rows[high[k]]
            for i in range(nodes):
                product[i] *= max(0.0, b[i] - a[i] - 2.0 * PHI_ERROR)
    total = 0.0
    for i in range(nodes - 1):
        total += q.steps[i] * np.sqrt(product[i] * product[i + 1])
    return float(max(0.0, total * (1.0 - q.loss) - _UNDERFLOW))


@compiled
def row_of(end: float, q: Quadrature) -> int:
    """The row of an end point in [-1, 1], made if need be; -1 if the table is full."""
    at = (int((end + 1.0) * 2.0**40) * 40503 >> 12) % q.hashed.size
    while q.hashed[at] >= 0:
        if q.ends[q.hashed[at]] == end:
            return int(q.hashed[at])
        at = (at + 1) % q.hashed.size
    row = int(q.made[0])
    if row == q.ends.size:
        return -1
    q.made[0] += 1
    q.hashed[at] = row
    q.ends[row] = end
    phi_row(end, q.radii, q.phi, q.density, q.rows[row])
    return row


@compiled_in_place
def _move(b: Boxes, place: int, to: int) -> None:
    for k in range(b.low.shape[1]):
        b.low[to, k], b.high[to, k] = b.low[place, k], b.high[place, k]
    b.face[to] = b.face[place]
    b.mass[to] = b.mass[place]
    b.worth[to] = b.worth[place]


@compiled
def add_box(low: I32, high: I32, face: int, hope: float, q: Quadrature, b: Boxes) -> None:
    """Put a box into the heap, which must have room, with worth = mass * hope."""
    mass = box_mass(low, high, face // 2, q)
    worth = mass * hope
    at = b.size[0]
    b.size[0] += 1
    while at > 0 and b.worth[(at - 1) // 2] < worth:
        _move(b, (at - 1) // 2, at)
        at = (at - 1) // 2
    b.low[at] = low
    b.high[at] = high
    b.face[at] = face
    b.mass[at] = mass
    b.worth[at] = worth


@compiled_in_place
def _drop_first(b: Boxes) -> None:
    """Take the most worthy box out of the heap."""
    b.size[0] -= 1
    last, at = b.size[0], 0
    while 2 * at + 1 < last:
        child = 2 * at + 1
        if child + 1 < last and b.worth[child + 1] > b.worth[child]:
            child += 1
        if b.worth[child] <= b.worth[last]:
            break
        _move(b, child, at)
        at = child
    _move(b, last, at)


@compiled
def _farther(i: int, k: int, low: F64, high: F64, sums: F64) -> bool:
    """Is |x_i - m| >= |x_k - m| on the whole box, m being the mean?

    It is just if x_i - x_k and n x_i + n x_k - 2 n m have the same sign. ``sums``: of low, of
    high, and of absolute values, over all coordinates.
    """
    n = low.size
    sum_low = (n - 2.0) * (low[i] + low[k]) - 2.0 * (sums[1] - high[i] - high[k])
    sum_high = (n - 2.0) * (high[i] + high[k]) - 2.0 * (sums[0] - low[i] - low[k])
    slack = (n + 16) * 2.0**-48 * (sums[2] + n)  # |x| <= 1, so n covers the first products
    if low[i] >= high[k]:
        return bool(sum_low >= slack)
    return bool(high[i] <= low[k] and sum_high <= -slack)


@compiled
def find_label(low: F64, high: F64, rank: int, candidates: F64) -> int:
    """The label if it is the same almost everywhere on the box, else -1.

    ``candidates[i]`` receives the width of coordinate i if it may settle the label, else 0.
    """
    n = low.size
    label = -1
    sums = np.array([low.sum(), high.sum(), np.maximum(np.abs(low), np.abs(high)).sum()])
    for i in range(n):
        above = below = 0
        for k in range(n):
            if k == i:
                continue
            if rank < 0:
                below += _farther(i, k, low, high, sums)
                above += _farther(k, i, low, high, sums)
            else:
                above += low[k] >= high[i]
                below += high[k] <= low[i]
        most = max(rank, 0)
        if below == n - 1 - most and above == most:
            label = i
        # Every input moves the mean, on which the outlier depends.
        possible = rank < 0 or (above <= most and below <= n - 1 - most)
        candidates[i] = high[i] - low[i] if possible else 0.0
    return label


@compiled
def search(count: int, net: Network, q: Quadrature, b: Boxes, decided: F64) -> int:
    """Decide or split the most worthy boxes, at most ``count``. RUNNING, FULL or EMPTY.

    Stops early after about ``WORK`` multiplications, so that a call takes about 0.05 s.
    ``decided`` = (right, wrong, boxes) receives the masses decided in this call, as float sums
    of at most ``count`` terms, and the number of boxes treated.
    """
    n = b.low.shape[1]
    d = net.w_hi.size
    bounds = new_bounds(n, d, net.linear)
    x_low, x_high, influence = bounds.x_low, bounds.x_high, bounds.influence
    decided[:] = 0.0
    split_cost = 2.0 * n * q.radii.size + n * n
    bound_cost = n * d * (n * d * d if net.linear else d + n)
    work = 0.0
    for _ in range(count):
        if work > WORK:
            break
        if b.size[0] == 0:
            return EMPTY
        if b.size[0] == b.mass.size:
            return FULL
        decided[2] += 1.0
        work += split_cost
        low, high = b.low[0].copy(), b.high[0].copy()
        mass, face = b.mass[0], b.face[0]
        hope = b.worth[0] / (mass + 1e-300)
        _drop_first(b)
        for k in range(n):
            x_low[k], x_high[k] = q.ends[low[k]], q.ends[high[k]]
        x_low[face // 2] = x_high[face // 2] = 1.0 - 2.0 * (face % 2)
        verdict = UNDECIDED
        label = find_label(x_low, x_high, net.rank, influence)
        if label >= 0:
            work += bound_cost
            if propagate(net, bounds):
                verdict, distance = judge(label, net, bounds)
                if distance <= 1.0:
                    hope = max(distance, 0.02) ** -_PATIENCE
        if verdict != UNDECIDED:
            credit = 1.0 / verdict if verdict > 0 else 0.0
            decided[0] += mass * credit
            decided[1] += mass * (1.0 - credit)
            continue
        at = _choose(x_low, x_high, influence)
        middle = 0.5 * (x_low[at] + x_high[at])
        row = row_of(middle, q) if x_low[at] < middle < x_high[at] else -1
        if row < 0:
            continue  # as fine as the table of end points allows: undecided for good
        end = high[at]
        high[at] = row
        add_box(low, high, face, hope, q, b)
        low[at], high[at] = row, end
        add_box(low, high, face, hope, q, b)
    return RUNNING


@compiled
def _choose(low: F64, high: F64, influence: F64) -> int:
    """The coordinate to split: of most influence, or the widest where none has any."""
    at, best = -1, 0.0
    for k in range(low.size):
        if high[k] > low[k] and influence[k] > best:
            at, best = k, influence[k]
    if at < 0:
        at = int(np.argmax(high - low))
    return at
