"""Two oracles that follow the network along lines, without a cone in sight.

``exact_2``: n = 2, any d. On each half-line x_0 = +1, x_0 = -1 the network is a piecewise linear
function of x_1; all its breakpoints are rational, and so are the points where two logits cross.
Between them the answer is constant and is read off at one rational point.

``sweep_3``: n = 3. For the direction phi of (x_0, x_1), the same along x_2, in float64; then an
integral over phi, cut at every kink of the integrand, with its error.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import mpmath
import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task

from .conventions import Ties, check_shapes, credit, to_mpf, true_label

Floats = NDArray[np.float64]

Affine = tuple[Fraction, Fraction]
"""``(c, m)`` stands for the function c + m y."""

Piece = tuple[Fraction | None, Fraction | None, tuple[Affine, ...]]
"""An interval of y (None: unbounded), and the hidden state on it."""


def exact_2(program: Program, task: Task, ties: Ties = "lowest", digits: int = 50) -> Any:
    """Accuracy for n = 2 as an ``mpf`` with ``digits`` digits; ValueError for another n."""
    check_shapes(program, task, (2,))
    with mpmath.workdps(digits + 5):
        total = mpmath.mpf(0)
        for side in (Fraction(1), Fraction(-1)):
            for low, high, logits in _answers(program, side):
                y = _inside(low, high)
                values = [c + m * y for c, m in logits]
                tied = [value == max(values) for value in values]
                points = credit(tied, true_label(task.name, (side, y)), ties)
                top = mpmath.pi / 2 if high is None else mpmath.atan(to_mpf(high))
                bottom = -mpmath.pi / 2 if low is None else mpmath.atan(to_mpf(low))
                total += to_mpf(points) * (top - bottom)
        return total / (2 * mpmath.pi)


def _answers(program: Program, side: Fraction) -> Iterator[Piece]:
    """Intervals of x_1 on which label and prediction are constant, with the logits, x_0 = side."""
    inputs: tuple[Affine, Affine] = ((side, Fraction(0)), (Fraction(0), Fraction(1)))
    zero = (Fraction(0), Fraction(0))
    pieces: list[Piece] = [(None, None, (zero,) * program.hidden_size)]
    for x in inputs:
        grown: list[Piece] = []
        for low, high, state in pieces:
            values = [
                _combine((*row, w), (*state, x))
                for row, w in zip(program.recurrent, program.input_weights, strict=True)
            ]
            for a, b in _cut(low, high, values):
                y = _inside(a, b)
                grown.append((a, b, tuple(v if v[0] + v[1] * y > 0 else zero for v in values)))
        pieces = grown
    for low, high, state in pieces:
        logits = tuple(_combine(row, state) for row in program.readout)
        pairs = combinations((*logits, *inputs), 2)  # the last pair is where the label changes
        for a, b in _cut(low, high, [(p[0] - q[0], p[1] - q[1]) for p, q in pairs]):
            yield a, b, logits


def _combine(weights: tuple[Fraction, ...], values: tuple[Affine, ...]) -> Affine:
    constant = sum((w * c for w, (c, _) in zip(weights, values, strict=True)), Fraction(0))
    slope = sum((w * m for w, (_, m) in zip(weights, values, strict=True)), Fraction(0))
    return constant, slope


def _cut(
    low: Fraction | None, high: Fraction | None, functions: list[Affine]
) -> Iterator[tuple[Fraction | None, Fraction | None]]:
    """The interval, cut at the zeros of the functions."""
    zeros = {-c / m for c, m in functions if m != 0}
    inner = sorted(z for z in zeros if (low is None or z > low) and (high is None or z < high))
    ends = [low, *inner, high]
    yield from pairwise(ends)


def _inside(low: Fraction | None, high: Fraction | None) -> Fraction:
    if low is None:
        return Fraction(0) if high is None else high - 1
    return low + 1 if high is None else (low + high) / 2


@dataclass(frozen=True)
class Sweep:
    """A quadrature's value and the error it estimates for itself (not a rigorous bound)."""

    value: float
    error: float


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)
_PANEL_TOLERANCE = 1e-13
_SHORTEST = 1e-14  # of a panel, in radians: the rounding of phi itself
_TIED = 1e-12  # relative size of a logit difference that counts as identically zero


def sweep_3(program: Program, task: Task, ties: Ties = "lowest") -> Sweep:
    """Accuracy for n = 3, any d, by an integral; errors are typically 1e-15.

    With x = (cos phi, sin phi, y), the Gaussian measure is d phi / (2 pi) times half the
    increment of y / sqrt(1 + y^2). The integrand is analytic in phi between its kinks, all of
    which are found first: adaptive refinement alone is blind to a kink between a panel's edge and
    its first node. Each panel compares 10 Gauss-Legendre nodes with two halves of 10, and is
    halved until they agree. Not for weights whose sizes differ by more than about 1e6: identically
    tied logits are recognised by a tolerance. ValueError for another n.
    """
    check_shapes(program, task, (3,))
    edges = _kinks(program, task)
    low, high = edges[:-1], edges[1:]
    coarse = _integrate(program, task, ties, low, high)
    value = error = 0.0
    while low.size:
        middle = (low + high) / 2
        left = _integrate(program, task, ties, low, middle)
        right = _integrate(program, task, ties, middle, high)
        difference = np.abs(left + right - coarse)
        done = (difference <= _PANEL_TOLERANCE) | (high - low <= _SHORTEST)
        value += float(np.sum((left + right)[done]))
        error += float(np.sum(difference[done]))
        low, high, coarse = (
            np.concatenate([a[~done], b[~done]])
            for a, b in ((low, middle), (middle, high), (left, right))
        )
    return Sweep(value / (2 * np.pi), error / (2 * np.pi))


_LABEL_PLANES = np.array(
    [[-1, 0, 1], [0, -1, 1], [-0.5, -0.5, 1], [-2, 1, 1], [1, -2, 1]], dtype=np.float64
)
"""Where x_2 = x_0, x_2 = x_1, or one input is the mean of the other two."""


def _floats(program: Program) -> tuple[Floats, Floats, Floats]:
    """W_hi (d), W_hh (d, d), W_oh (3, d)."""
    w_in = np.array([float(w) for w in program.input_weights])
    w_hh = np.array([[float(w) for w in row] for row in program.recurrent])
    return w_in, w_hh, np.array([[float(w) for w in row] for row in program.readout])


def _kinks(program: Program, task: Task) -> Floats:
    """Sorted angles from 0 to 2 pi between which the integrand is analytic.

    A plane ``p`` stands for p_0 cos phi + p_1 sin phi + p_2 y = 0. Three rounds, each on the
    sectors left by the one before: (1) the state of the first two steps changes its pattern;
    (2) two of the breakpoints in y cross; (3) in an interval between neighbouring breakpoints, two
    of its ends and of the points where the label's logit meets another cross.
    """
    w_in, w_hh, w_out = _floats(program)
    eighths = np.linspace(0.0, 2 * np.pi, 9)  # x_0 = 0, x_1 = 0, and the label's wall x_0 = x_1

    first = [eighths]
    for x0 in (1.0, -1.0):
        z1 = np.stack([w_hh @ np.maximum(w_in * x0, 0.0) * x0, w_in], axis=1)
        first.append(_zero_angles(z1))
    edges = _merge(first)

    second = [edges]
    for low, high in pairwise(edges):
        neurons = _last_planes(w_in, w_hh, (low + high) / 2)
        planes = np.concatenate([neurons, _LABEL_PLANES])
        angles = _crossings(planes)
        second.append(angles[(angles > low) & (angles < high)])
    edges = _merge(second)

    third = [edges]
    for low, high in pairwise(edges):
        phi = (low + high) / 2
        neurons = _last_planes(w_in, w_hh, phi)
        planes = np.concatenate([neurons[w_in != 0], _LABEL_PLANES])
        direction = np.array([np.cos(phi), np.sin(phi)])
        heights = -(planes[:, :2] @ direction) / planes[:, 2]
        order = np.argsort(heights)
        y = heights[order]
        inside = np.concatenate([[y[0] - 1], (y[1:] + y[:-1]) / 2, [y[-1] + 1]])
        labels = _labels(task.name, direction[:1], direction[1:], inside[None])[0]
        for k, (middle, label) in enumerate(zip(inside, labels, strict=True)):
            on = neurons @ np.append(direction, middle) > 0
            logits = (w_out * on) @ neurons
            ends = planes[order[max(k - 1, 0) : k + 1]]
            angles = _crossings(np.concatenate([ends, logits[label] - logits]))
            third.append(angles[(angles > low) & (angles < high)])
    return _merge(third)


def _last_planes(w_in: Floats, w_hh: Floats, phi: float) -> Floats:
    """Where z[2][j] = 0, while the first two steps have the pattern that they have at ``phi``."""
    direction = np.array([np.cos(phi), np.sin(phi)])
    state = np.stack([w_in, np.zeros_like(w_in)], axis=1)
    state = np.where((state @ direction > 0)[:, None], state, 0.0)
    state = w_hh @ state + np.stack([np.zeros_like(w_in), w_in], axis=1)
    state = np.where((state @ direction > 0)[:, None], state, 0.0)
    return np.concatenate([w_hh @ state, w_in[:, None]], axis=1)


def _crossings(planes: Floats) -> Floats:
    """Angles at which two of the planes have the same y, or one has none."""
    a, b = np.triu_indices(len(planes), 1)
    pairs = planes[b, 2:] * planes[a, :2] - planes[a, 2:] * planes[b, :2]
    return _zero_angles(np.concatenate([pairs, planes[:, :2][planes[:, 2] == 0]]))


def _zero_angles(forms: Floats) -> Floats:
    """Angles in [0, 2 pi) at which the forms (m, 2) vanish; those identically zero are left out."""
    forms = forms[np.any(forms != 0, axis=1)]
    angles = np.arctan2(-forms[:, 0], forms[:, 1])
    return np.asarray(np.concatenate([angles, angles + np.pi]) % (2 * np.pi))


def _merge(groups: list[Floats]) -> Floats:
    """Sorted; without gaps below the rounding of an angle."""
    angles = np.unique(np.concatenate(groups))
    return np.asarray(angles[np.append(True, np.diff(angles) > _SHORTEST)])


def _integrate(program: Program, task: Task, ties: Ties, low: Floats, high: Floats) -> Floats:
    half, middle = (high - low) / 2, (high + low) / 2
    phi = middle[:, None] + half[:, None] * _NODES
    # Fixed-size blocks keep the memory small.
    flat = phi.reshape(-1)
    parts = [
        _along_line(program, task, ties, flat[k : k + 4096]) for k in range(0, flat.size, 4096)
    ]
    return half * (np.concatenate(parts).reshape(phi.shape) @ _WEIGHTS)


def _along_line(program: Program, task: Task, ties: Ties, phi: Floats) -> Floats:
    """Accuracy on each half great circle {(cos phi, sin phi, y)}; shapes (B,) to (B,)."""
    w_in, w_hh, w_out = _floats(program)
    x0, x1 = np.cos(phi), np.sin(phi)
    state = np.maximum(x0[:, None] * w_in, 0.0)
    state = np.maximum(state @ w_hh.T + x1[:, None] * w_in, 0.0)
    drift = state @ w_hh.T  # z = drift + w_in y at the last step

    # Breakpoints in y: a neuron's zero, or a value of x_2 where a label may change.
    moving = w_in != 0
    zeros = -drift[:, moving] / w_in[moving]
    labels = np.stack([x0, x1], axis=1) @ -_LABEL_PLANES[:, :2].T
    inner = np.sort(np.concatenate([zeros, labels], axis=1), axis=1)
    edge = np.full((phi.size, 1), np.inf)
    low = np.concatenate([-edge, inner], axis=1)
    high = np.concatenate([inner, edge], axis=1)
    inside = np.concatenate(
        [inner[:, :1] - 1, (inner[:, 1:] + inner[:, :-1]) / 2, inner[:, -1:] + 1], axis=1
    )

    on = drift[:, None, :] + inside[:, :, None] * w_in > 0
    constant, slope = (on * drift[:, None, :]) @ w_out.T, (on * w_in) @ w_out.T
    label = _labels(task.name, x0, x1, inside)
    c = np.take_along_axis(constant, label[..., None], axis=2) - constant
    m = np.take_along_axis(slope, label[..., None], axis=2) - slope
    # Largest terms that entered the two, for the size of their rounding errors.
    size_c = np.max((on * np.abs(drift)[:, None, :]) @ np.abs(w_out).T, axis=2, keepdims=True)
    size_m = np.max((on * np.abs(w_in)) @ np.abs(w_out).T, axis=2, keepdims=True)
    tied = (np.abs(c) <= _TIED * size_c) & (np.abs(m) <= _TIED * size_m)

    # logit_label - logit_k = c + m y must not be negative, for each k that is not tied.
    root = -c / np.where(m == 0, 1.0, m)
    floor = np.where(~tied & (m > 0), root, -np.inf).max(axis=2)
    ceiling = np.where(~tied & (m < 0), root, np.inf).min(axis=2)
    never = np.any(~tied & (m == 0) & (c < 0), axis=2)
    low, high = np.maximum(low, floor), np.minimum(high, ceiling)
    length = np.where(never | (high <= low), 0.0, (_height(high) - _height(low)) / 2)
    return np.asarray(np.sum(length * _credits(tied, label, ties), axis=1))


def _height(y: Floats) -> Floats:
    """y / sqrt(1 + y^2), the sine of the latitude."""
    finite = np.where(np.isinf(y), 0.0, y)
    return np.where(np.isinf(y), np.sign(y), finite / np.hypot(1.0, finite))


def _labels(name: str, x0: Floats, x1: Floats, y: Floats) -> NDArray[np.intp]:
    x = np.stack(np.broadcast_arrays(x0[:, None], x1[:, None], y), axis=2)
    if name == "argoutlier":
        return np.asarray(np.argmax(np.abs(x - x.mean(axis=2, keepdims=True)), axis=2))
    place = {"2nd_argmax": 1, "argmax": 2, "argmedian": 1}[name]
    return np.asarray(np.argsort(x, axis=2)[..., place])


def _credits(tied: NDArray[np.bool_], label: NDArray[np.intp], ties: Ties) -> Floats:
    count = tied.sum(axis=2)
    if ties == "uniform":
        return np.asarray(1.0 / count)
    if ties == "incorrect":
        return np.asarray((count == 1).astype(np.float64))
    return np.asarray((np.argmax(tied, axis=2) == label).astype(np.float64))
