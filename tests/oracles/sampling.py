"""Accuracy by sampling in float64, with every doubtful tie decided in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm, sqrt

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task

from .conventions import Ties

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_BATCH = 1 << 13  # small enough that the products stay on one thread
_UNIT = 2.0**-53


@dataclass(frozen=True)
class Sampled:
    """``mean`` over ``samples`` inputs; ``decided_exactly`` of them needed integers.

    ``standard_error`` is sqrt(q (1 - q) / samples) with q = (sum + 2) / (samples + 4), so it is
    not 0 for a mean of 0 or 1 (Agresti and Coull 1998); for fractional credits it is too large.
    """

    mean: float
    standard_error: float
    samples: int
    decided_exactly: int


def sample_accuracy(
    program: Program, task: Task, samples: int, seed: int, ties: Ties = "lowest"
) -> Sampled:
    """Accuracy on ``samples`` standard normal inputs from numpy's default generator."""
    if program.outputs != program.seq_len or task.seq_len != program.seq_len:
        raise ValueError("program, logits and task must have the same length")
    rng = np.random.default_rng(seed)
    total, exactly, left = 0.0, 0, samples
    while left:
        x = rng.standard_normal((min(left, _BATCH), program.seq_len))
        tied, doubtful = winners(program, x)
        total += float(np.sum(credits(tied, labels(task.name, x), ties)))
        exactly += doubtful
        left -= len(x)
    q = (total + 2) / (samples + 4)
    return Sampled(total / samples, sqrt(q * (1 - q) / samples), samples, exactly)


def labels(name: str, x: Floats) -> NDArray[np.intp]:
    """Labels of the rows of ``x``, shape (B, n) to (B,)."""
    if name == "argoutlier":
        return np.asarray(np.argmax(np.abs(x - x.mean(axis=1, keepdims=True)), axis=1))
    n = x.shape[1]
    place = {"2nd_argmax": n - 2, "argmax": n - 1, "argmedian": n // 2}[name]
    return np.asarray(np.argsort(x, axis=1)[:, place])


def winners(program: Program, x: Floats) -> tuple[Flags, int]:
    """Which logits share the maximum, exactly: (B, n) to (B, outputs), and how many rows needed
    integers. Running error analysis: ``error`` bounds |computed - true| for each value."""
    w_in = np.array([float(w) for w in program.input_weights])
    w_hh = np.array([[float(w) for w in row] for row in program.recurrent])
    # Equal rows give equal logits, whatever the rounding: compute each only once.
    rows = sorted(set(program.readout))
    which = np.array([rows.index(row) for row in program.readout])
    w_out = np.array([[float(w) for w in row] for row in rows])

    # Each weight is rounded once, each product and each of at most d + 1 additions once:
    # (d + 3) units to first order; twice that also covers the rounding of the bound itself.
    unit = 2 * (program.hidden_size + 3) * _UNIT
    state = np.zeros((len(x), program.hidden_size))
    error = np.zeros_like(state)
    for xt in x.T:
        z = state @ w_hh.T + xt[:, None] * w_in
        size = (state + error) @ np.abs(w_hh).T + np.abs(xt)[:, None] * np.abs(w_in)
        error = error @ np.abs(w_hh).T * (1 + unit) + unit * size
        error = np.where(z + error < 0, 0.0, error)  # surely off: exactly 0
        state = np.maximum(z, 0.0)
    value = state @ w_out.T
    error = error @ np.abs(w_out).T * (1 + unit) + unit * (state + error) @ np.abs(w_out).T

    best = np.argmax(value, axis=1)[:, None]
    at_least = np.take_along_axis(value - error, best, axis=1)
    rivals = value + error >= at_least  # always includes ``best``
    exact = np.all(error == 0, axis=1)  # every neuron surely off: every logit is 0
    doubtful = np.flatnonzero((rivals.sum(axis=1) > 1) & ~exact)
    tied = rivals[:, which]
    for b in doubtful:
        tied[b] = _exact_winners(program, x[b])
    return tied, len(doubtful)


def credits(tied: Flags, label: NDArray[np.intp], ties: Ties) -> Floats:
    """Credit for each row; shapes (B, outputs) and (B,) to (B,)."""
    hit = np.take_along_axis(tied, label[:, None], axis=1)[:, 0]
    count = tied.sum(axis=1)
    if ties == "uniform":
        return np.asarray(hit / count)
    if ties == "incorrect":
        return np.asarray((hit & (count == 1)).astype(np.float64))
    return np.asarray((np.argmax(tied, axis=1) == label).astype(np.float64))


def _exact_winners(program: Program, x: Floats) -> list[bool]:
    """In integers: all inputs times one positive number, all logits times another."""
    point = [Fraction(float(v)) for v in x]
    w_hi, w_hh, w_oh = program.input_weights, program.recurrent, program.readout
    clear = lcm(*(v.denominator for v in point))
    scale = lcm(*(w.denominator for row in (w_hi, *w_hh) for w in row))
    out = lcm(*(w.denominator for row in w_oh for w in row))
    state = [0] * program.hidden_size
    for t, value in enumerate(point):
        step = int(value * clear) * scale**t
        state = [
            max(
                0,
                sum(int(a * scale) * h for a, h in zip(row, state, strict=True) if a and h)
                + int(w * scale) * step,
            )
            for row, w in zip(w_hh, w_hi, strict=True)
        ]
    logits = [sum(int(a * out) * h for a, h in zip(row, state, strict=True)) for row in w_oh]
    return [value == max(logits) for value in logits]
