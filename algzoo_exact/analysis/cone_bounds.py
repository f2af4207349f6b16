"""Bounds of the measures of many cones, from their rays alone, compiled: they tell which cones are
worth measuring."""

from __future__ import annotations

import math

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled, compiled_in_place

_LEAST = 1e-15  # of the sides of a box: rays are rounded


@compiled_in_place
def _dot(a: F64, b: F64) -> float:
    total = 0.0
    for i in range(a.shape[0]):
        total += a[i] * b[i]
    return total


@compiled_in_place
def _add_multiple(y: F64, factor: float, x: F64) -> None:
    for i in range(y.shape[0]):
        y[i] += factor * x[i]


@compiled_in_place
def _flattened(y: F64, rays: int, axis: F64) -> float:
    """The width of some points along the line through 0 and the farthest one, without which they
    are left."""
    least, most, far, last = 0.0, 0.0, 0.0, 0
    for r in range(rays):
        square = _dot(y[r], y[r])
        if square > far:
            far, last = square, r
    for i in range(axis.shape[0]):
        axis[i] = y[last, i]
    for r in range(rays if far > 0.0 else 0):
        along = _dot(y[r], axis) / far
        least, most = min(least, along), max(most, along)
        _add_multiple(y[r], -along, axis)
    return (most - least) * math.sqrt(far)


@compiled_in_place
def _box(x: F64, y: F64, middle: F64) -> float:
    """The volume for one cone, or infinity where it is wide; ``y`` and ``middle`` are room."""
    middle[:] = 0.0
    for r in range(x.shape[0]):
        _add_multiple(middle, 1.0 / math.sqrt(_dot(x[r], x[r])), x[r])
    square = _dot(middle, middle)
    for r in range(x.shape[0]):
        ahead = _dot(x[r], middle)
        if not ahead > 0.0:
            return math.inf
        for i in range(x.shape[1]):
            y[r, i] = x[r, i] * math.sqrt(square) / ahead - middle[i] / math.sqrt(square)
    volume = 1.0
    for _ in range(x.shape[1] - 1):
        volume *= _flattened(y, x.shape[0], middle) + _LEAST
    return volume


@compiled
def cone_bounds(x: F64, rays: I64) -> F64:
    """No less, up to rounding, than the measure of each of C cones with rays ``x`` (C, R, n), of
    which ``rays`` (C) are held. Of small cones in R^5 it is some ten times the measure.

    Let c be a unit vector along the sum of the rays of length 1. The cone meets the plane
    <x, c> = 1 in a polytope c + y, whose points at y see the angle at a density of
    (1 + |y|^2)^(-n/2) <= 1: so the measure is at most the volume of a box around it over the area
    of the unit sphere.
    """
    n = x.shape[2]
    area = 2.0 * math.pi ** (0.5 * n) / math.gamma(0.5 * n)
    bounds, y, middle = np.empty(x.shape[0]), np.empty(x.shape[1:]), np.empty(n)
    for q in range(x.shape[0]):
        bounds[q] = min(1.0, _box(x[q, : rays[q]], y, middle) / area)
    return bounds
