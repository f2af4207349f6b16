"""Two estimators for four neurons and three inputs, by an approximate symmetry.

They follow the published one-line descriptions of the two mechanistic estimators in J. Hilton's
"Heuristic explanations for 2nd argmax models" (2024); the note itself was not at hand, and what the
descriptions leave open is our choice. So these are not a reproduction.

Scaled so that W_hi has entries +-1, the neurons form two pairs of opposite signs. In the symmetric
model a pair acts as one linear unit z, with relu(z) in one neuron and relu(-z) in the other:

    z[t] = W z[t-1] + x[t] (1, 1),      logits = V |z[n-1]|,

W and V being the means of the entries that they stand for. The signs of x[0] and of the two units
after two inputs are its regions in (x[0], x[1]): four main ones and two slivers. Times the six
orderings, and cut by the signs of the units after three inputs, these are polygons on the sphere.
"""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any, NamedTuple

import numpy as np

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.deductive import Weights, counted_weights
from algzoo_exact.race.entries.flops import BudgetSpentError, FlopCounter, plain
from algzoo_exact.race.entries.normal import normal_cdf
from algzoo_exact.race.entries.solid_angles import (
    cells,
    cut,
    solid_angle,
)
from algzoo_exact.race.estimator import Entry, Found, of_sizes, second_largest

LATENT = 0.2
"""Share of a piece on which one latent variable decides both comparisons."""

_SIGNS = np.array([1.0, 1.0, -1.0, -1.0])
_TINY = 1e-300  # keeps a quotient finite where nothing is divided by nothing


class Triangle(NamedTuple):
    """The inputs of one ordering with x[0] of one sign: ``corners`` (3, 3), and their label."""

    corners: Any
    sign: float
    label: int


def _triangles(orders: tuple[tuple[int, int, int], ...]) -> tuple[Triangle, ...]:
    """Both signs of each ordering (indices from the smallest to the largest input)."""
    found = []
    for _, middle, high in orders:
        walls = [np.isin(range(3), above) * 1.0 for above in ([high], [middle, high])]
        for sign in (1.0, -1.0):
            corners = np.array([np.full(3, sign), *(wall - wall[0] for wall in walls)])
            found.append(Triangle(corners, sign, middle))
    return tuple(found)


_ALL = _triangles(((0, 1, 2), (2, 1, 0), (1, 0, 2), (2, 0, 1), (0, 2, 1), (1, 2, 0)))
# The symmetric model and the label are the same for x and -x: half of the sphere is enough.
_HALF = _triangles(((0, 1, 2), (1, 0, 2), (0, 2, 1)))


class Symmetric(NamedTuple):
    """The program with its neurons scaled and in the order (unit 0 up, unit 1 up, unit 0 down,
    unit 1 down), and the symmetric model next to it.

    ``recurrent`` W (2, 2), ``readout`` V (3, 2); ``states``: z[0], z[1], z[2] as functionals
    (2, 3). ``misfit``: variances of the entries of W_hh and W_oh around the symmetric model's.
    """

    program: Weights
    recurrent: Any
    readout: Any
    states: list[Any]
    misfit: tuple[Any, Any]


def symmetrised(weights: Weights) -> Symmetric:
    """The symmetric model by the pairing of neurons that fits W_hh better.

    The two largest entries of W_hi are taken to be the units' upper neurons.

    What W_hh differs by has three parts of four numbers each: the effect of |z| on |z|, of |z| on
    z, and of z on |z|. Noise on the weights is the same in all three. But a trained model may hold
    something in the first one, which adds the same to both neurons of a pair; so the variance is
    taken from the other two.
    """
    w_hi, w_hh, w_oh = weights
    size = abs(w_hi)
    w_hh, w_oh = w_hh * size / size[:, None], w_oh * size
    order = plain(np.argsort(-w_hi))
    best: Any = None
    for down in ((2, 3), (3, 2)):
        rows = order[[0, 1, *down]]
        signed = w_hh[rows][:, rows] * np.outer(_SIGNS, _SIGNS)
        upper = signed[:2] + signed[2:]
        recurrent = (upper[:, :2] + upper[:, 2:]) * 0.25
        rest = signed - np.tile(recurrent, (2, 2))
        total = (rest * rest).sum()
        if best is None or total < best[-1]:
            best = rows, signed, upper, recurrent, total
    rows, signed, upper, recurrent, _ = best
    lower = signed[:2] - signed[2:]
    odd = np.concatenate([upper[:, :2] - upper[:, 2:], lower[:, :2] + lower[:, 2:]]) * 0.25
    readout = (w_oh[:, rows[:2]] + w_oh[:, rows[2:]]) * 0.5
    rest = w_oh[:, rows] - np.tile(readout, (1, 2))
    states = [np.outer(np.ones(2), np.eye(3)[0])]
    for step in (1, 2):
        states.append(recurrent @ states[-1] + np.eye(3)[step])
    program = Weights(w_hi[rows] / size[rows], w_hh[rows][:, rows], w_oh[:, rows])
    # Three parts of four numbers for each of which there are four entries, less W's own part.
    misfit = (odd * odd).sum() * (3 / 8), (rest * rest).sum() / 12.0
    return Symmetric(program, recurrent, readout, states, misfit)


def region_accuracy(weights: Weights) -> Any:
    """The program's own logits on the symmetric model's pieces.

    In each piece one neuron of a pair is on, and the logits are linear. Each of the label's two
    comparisons is a half-space, whose part of the piece is a solid angle, exactly. With the chance
    ``LATENT`` they are taken to depend on one variable, so that the smaller part is where both
    hold; else to be independent.
    """
    model = symmetrised(weights)
    bounds = np.concatenate(model.states[1:])
    logits: dict[tuple[float, ...], Any] = {}
    right: Any = 0.0
    for corners, sign, label in _ALL:
        for piece, values in cells(corners, corners @ bounds.T):
            pattern = (sign, sign, *_pattern(values))
            if pattern not in logits:
                logits[pattern] = _linear_logits(model.program, pattern)
            margins = _margins(logits[pattern], label)
            first, second = (_part_above(piece, piece @ margins.T, k) for k in range(2))
            # Rounding may leave a sliver smaller than its parts, or without size.
            whole = np.maximum(np.maximum(first, second), solid_angle(piece) + _TINY)
            apart = first * (second / whole)
            right = right + apart * (1 - LATENT) + np.minimum(first, second) * LATENT
    return right / (4 * pi)


def noisy_symmetric_accuracy(weights: Weights) -> Any:
    """The symmetric model's accuracy, with what the program differs by as noise on the margins.

    Each piece is cut where its tightest comparison turns. On each part both hold with the chances
    Phi(margin / deviation), at the part's middle, taken as independent. The noise enters at each
    step as independent variables of the misfit's variance times the squares of the active units,
    and is passed on linearly.
    """
    model = symmetrised(weights)
    recurrent_noise, readout_noise = model.misfit
    _, second, last = model.states
    # Cut through the pole (1, 1, 1), from which the units' zeros pass at a small distance: this
    # spares a sliver in each triangle.
    bounds = last - (last.sum(axis=1) * (1 / 3))[:, None]
    forms: dict[tuple[float, ...], tuple[Any, Any, Any]] = {}
    right: Any = 0.0
    for corners, _, label in _HALF:
        for piece, values in cells(corners, corners @ bounds.T):
            pattern = _pattern(values)
            if (label, *pattern) not in forms:
                direct = _margins(model.readout * np.array(pattern), label)
                passed = direct @ model.recurrent
                forms[label, *pattern] = (
                    direct @ last,
                    (passed * passed).sum(axis=1) * (recurrent_noise * 2.0),
                    (direct * direct).sum(axis=1) * recurrent_noise,
                )
            margins, from_first, from_second = forms[label, *pattern]
            heights = piece @ margins.T
            tightest = int(plain(heights).min(axis=0).argmin())
            for part, _ in cut(piece, heights, tightest):
                middle = (part / np.sqrt((part * part).sum(axis=1))[:, None]).sum(axis=0)
                inner, outer = second @ middle, last @ middle
                variance = (
                    from_first * (middle[0] * middle[0])
                    + from_second * (inner * inner).sum()
                    + (outer * outer).sum() * (readout_noise * 2.0)
                )
                chances = normal_cdf(margins @ middle / np.sqrt(np.maximum(variance, _TINY)))
                right = right + solid_angle(part) * chances[0] * chances[1]
    return right / (2 * pi)


def _pattern(values: Any) -> tuple[float, ...]:
    """The sign of each column of values at a polygon's corners, none of which changes its sign."""
    return tuple(1.0 if total > 0 else -1.0 for total in plain(values).sum(axis=0))


def _margins(logits: Any, label: int) -> Any:
    """The label's logit less each of the other two (2, k), for logits (3, k)."""
    return logits[label] - logits[[k for k in range(3) if k != label]]


def _linear_logits(program: Weights, pattern: tuple[float, ...]) -> Any:
    """The logits as functionals (3, 3), for the signs of the two units after each input."""
    w_hi, w_hh, w_oh = program
    state: Any = np.zeros((4, 3))
    for step in range(3):
        if step:
            state = w_hh @ state
        state = state + w_hi[:, None] * np.eye(3)[step]
        on = np.tile(pattern[2 * step : 2 * step + 2], 2) == _SIGNS
        state = state * on[:, None]
    return w_oh @ state


def _part_above(piece: Any, values: Any, column: int) -> Any:
    """The solid angle of the part of a piece where a column of values is not negative."""
    signs = plain(np.sign(values[:, column]))
    if (signs >= 0).all():
        return solid_angle(piece)
    if (signs <= 0).all():
        return 0.0
    return solid_angle(cut(piece, values, column)[1][0])


def _by(name: str, summary: str, compute: Callable[[Weights], Any]) -> Entry:
    """An entry whose operations depend on the weights; None where the budget does not do."""

    def find(program: Program, task: Task, budget: float, seed: int) -> Found | None:
        counter = FlopCounter(budget)
        try:
            value = float(plain(compute(counted_weights(program, counter))))
        except BudgetSpentError:
            return None
        return Found(value, counter.total)

    return Entry(name, "deductive", summary, find, (second_largest, of_sizes(4, 3)))


SYMMETRIC_REGIONS = _by(
    "symmetric-regions",
    "half-space volumes on a symmetric model's regions: our reading of J. Hilton's",
    region_accuracy,
)
SYMMETRIC_NOISE = _by(
    "symmetric-noise",
    "a symmetric model and its misfit as noise: our reading of J. Hilton's",
    noisy_symmetric_accuracy,
)
