"""Exact accuracy for n = 2 and 3 by trying activation masks, one cone at a time.

The algorithm is ``exact_acc_rnn`` of G. Wu's thesis (section 6), in exact integers: for each
mask, and each cell of the task, write down the cone's inequalities, find its extreme rays among
the cross products of all pairs of normals, and take its angle (Girard's formula for n = 3).
Every cone is built and tested from scratch; nothing is carried from one to the next. A mask is
tried only if every shorter prefix of it has a cone with interior.

Each cell is cut by the coordinate hyperplanes first, so that every cone here is pointed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise, permutations, product
from math import gcd, lcm
from typing import Any

import mpmath

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task

from .conventions import Ties, check_shapes, credit, to_mpf, true_label

Form = tuple[int, ...]
"""A linear form on R^n, up to a positive factor."""

Mask = tuple[bool, ...]
"""On or off for neuron j at step t, at position ``t * d + j``."""


def accuracy(program: Program, task: Task, ties: Ties = "lowest", digits: int = 50) -> Any:
    """Accuracy as an ``mpf`` computed with ``digits`` digits; absolute error about 10**-digits
    times the number of cones. ValueError unless n is 2 or 3 and there are n logits."""
    check_shapes(program, task, (2, 3))
    with mpmath.workdps(digits + 5):
        total = mpmath.mpf(0)
        for cell in _label_cells(task):
            for mask in _full_masks(program, cell):
                normals = cell + _mask_normals(program, mask)
                point = _interior_point(normals)
                assert point is not None
                label = true_label(task.name, point)
                logits = _logits(program, mask)
                # Forms that differ are equal on a null set only, so a tie is an equality of forms.
                tied = [form == logits[label] for form in logits]
                points = credit(tied, label, ties)
                if points:
                    wins = [_minus(logits[label], form) for form in logits if form != logits[label]]
                    total += to_mpf(points) * measure(normals + wins)
        return total


def pattern_measures(program: Program, digits: int = 50) -> dict[int, Any]:
    """Gaussian measure of each activation pattern that has an interior.

    The key has bit ``t * d + j`` set where neuron j is on at step t. A neuron whose value
    vanishes identically on the region counts as off. The measures sum to 1.
    """
    if program.seq_len not in (2, 3):
        raise ValueError("brute force covers n = 2 and n = 3")
    with mpmath.workdps(digits + 5):
        totals: dict[int, Any] = {}
        for cell in _orthants(program.seq_len):
            for mask in _full_masks(program, cell):
                bits = sum(1 << place for place, on in enumerate(mask) if on)
                part = measure(cell + _mask_normals(program, mask))
                totals[bits] = totals.get(bits, mpmath.mpf(0)) + part
        return totals


def all_mask_patterns(program: Program) -> set[int]:
    """The keys of ``pattern_measures``, with no pruning at all: every one of 2^(d n) masks."""
    found = set()
    for mask in product((False, True), repeat=program.hidden_size * program.seq_len):
        normals = _normals_or_none(program, mask)
        if normals is not None and any(
            _interior_point(cell + normals) for cell in _orthants(program.seq_len)
        ):
            found.add(sum(1 << place for place, on in enumerate(mask) if on))
    return found


def measure(normals: Sequence[Form]) -> Any:
    """Gaussian measure of the pointed cone ``{x : a.x >= 0 for a in normals}``, n = 2 or 3.

    Zero if the cone has no interior. Uses mpmath's current precision.
    """
    forms = sorted({_primitive(a) for a in normals if any(a)})
    if not _interior_point(forms):
        return mpmath.mpf(0)
    rays = _extreme_rays(forms)
    if len(forms[0]) == 2:
        (a, b), (c, d) = rays
        return mpmath.atan2(abs(a * d - b * c), a * c + b * d) / (2 * mpmath.pi)
    facets = [a for a in forms if sum(_dot(a, r) == 0 for r in rays) == 2]
    # Girard: the area is the sum of the interior angles less (sides - 2) pi, and the angle
    # between two facets is pi less the angle between their inward normals.
    area = 2 * mpmath.pi
    for ray in rays:
        first, second = (a for a in facets if _dot(a, ray) == 0)
        sine = mpmath.sqrt(_dot(_cross(first, second), _cross(first, second)))
        area -= mpmath.atan2(sine, _dot(first, second))
    return area / (4 * mpmath.pi)


@dataclass(frozen=True)
class _Weights:
    """Integers in the proportions of the weights: the recurrent ones, and ``scale``, share a
    denominator, so that the state of step t is ``scale**(t+1)`` times too large."""

    scale: int
    input: Form
    recurrent: tuple[Form, ...]
    readout: tuple[Form, ...]


def _integers(program: Program) -> _Weights:
    w_hi, w_hh, w_oh = program.input_weights, program.recurrent, program.readout
    scale = lcm(*(w.denominator for row in (w_hi, *w_hh) for w in row))
    out = lcm(*(w.denominator for row in w_oh for w in row))
    return _Weights(
        scale,
        tuple(int(w * scale) for w in w_hi),
        tuple(tuple(int(w * scale) for w in row) for row in w_hh),
        tuple(tuple(int(w * out) for w in row) for row in w_oh),
    )


def _forms(program: Program, mask: Mask) -> tuple[list[Form], list[Form]]:
    """The value of each neuron that the mask mentions, before and after the ReLU."""
    w, d, n = _integers(program), program.hidden_size, program.seq_len
    before: list[Form] = []
    after: list[Form] = []
    for place, on in enumerate(mask):
        t, j = divmod(place, d)
        value = [0] * n
        value[t] = w.scale**t * w.input[j]
        if t > 0:
            for weight, state in zip(w.recurrent[j], after[(t - 1) * d : t * d], strict=True):
                value = [v + weight * s for v, s in zip(value, state, strict=True)]
        before.append(tuple(value))
        after.append(tuple(value) if on else (0,) * n)
    return before, after


def _logits(program: Program, mask: Mask) -> list[Form]:
    last = _forms(program, mask)[1][-program.hidden_size :]
    columns = list(zip(*last, strict=True))
    return [tuple(_dot(row, c) for c in columns) for row in _integers(program).readout]


def _normals_or_none(program: Program, mask: Mask) -> list[Form] | None:
    """Inequalities of a mask's cone; None if it switches on a value that is identically 0."""
    normals = []
    for form, on in zip(_forms(program, mask)[0], mask, strict=True):
        if any(form):
            normals.append(form if on else tuple(-v for v in form))
        elif on:
            return None
    return normals


def _mask_normals(program: Program, mask: Mask) -> list[Form]:
    normals = _normals_or_none(program, mask)
    assert normals is not None
    return normals


def _full_masks(program: Program, cell: list[Form]) -> list[Mask]:
    """The masks whose cone has an interior within ``cell``."""
    masks: list[Mask] = [()] if _interior_point(cell) else []
    for _ in range(program.hidden_size * program.seq_len):
        longer = [(*mask, on) for mask in masks for on in (False, True)]
        masks = []
        for mask in longer:
            normals = _normals_or_none(program, mask)
            if normals is not None and _interior_point(cell + normals):
                masks.append(mask)
    return masks


def _orthants(n: int) -> list[list[Form]]:
    return [
        [tuple(s * (i == k) for i in range(n)) for k, s in enumerate(signs)]
        for signs in product((1, -1), repeat=n)
    ]


def _label_cells(task: Task) -> Iterator[list[Form]]:
    """Pointed cones (some without interior) on which the label is constant: an orthant, an order
    of the inputs, and for argoutlier which end lies farther from the mean."""
    n = task.seq_len
    for orthant in _orthants(n):
        for order in permutations(range(n)):
            chain = [tuple((k == a) - (k == b) for k in range(n)) for a, b in pairwise(order)]
            if task.name != "argoutlier":
                yield orthant + chain
                continue
            ends = tuple(n * (k in (order[0], order[-1])) - 2 for k in range(n))
            yield [*orthant, *chain, ends]
            yield [*orthant, *chain, tuple(-v for v in ends)]


def _interior_point(normals: Sequence[Form]) -> Form | None:
    """A point with ``a.x > 0`` for every normal of a pointed cone, or None if there is none.

    The sum of the extreme rays: an inequality that vanishes on it vanishes on the whole cone.
    """
    rays = _extreme_rays(normals)
    point = tuple(sum(column) for column in zip(*rays, strict=True))
    return point if point and all(_dot(a, point) > 0 for a in normals) else None


def _extreme_rays(normals: Sequence[Form]) -> list[Form]:
    """Primitive extreme rays: the lines on n - 1 independent walls, both ways, that satisfy all."""
    forms = sorted({_primitive(a) for a in normals})
    if len(forms[0]) == 2:
        lines: list[Form] = [(-b, a) for a, b in forms]
    else:
        lines = [_cross(a, b) for a, b in combinations(forms, 2)]
    candidates = {_primitive(tuple(s * v for v in r)) for r in lines if any(r) for s in (1, -1)}
    return sorted(r for r in candidates if all(_dot(a, r) >= 0 for a in forms))


def _primitive(a: Form) -> Form:
    divisor = gcd(*a)
    return tuple(v // divisor for v in a) if divisor > 1 else a


def _cross(a: Form, b: Form) -> Form:
    (a0, a1, a2), (b0, b1, b2) = a, b
    return (a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0)


def _dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))


def _minus(a: Form, b: Form) -> Form:
    return tuple(x - y for x, y in zip(a, b, strict=True))
