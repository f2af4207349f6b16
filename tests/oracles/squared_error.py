"""Mean squared error of median programs for n = 2 and 3, by trying activation masks.

Masks and cones are those of ``brute_force``: every cone from scratch, cut by the orthants and by
the order of the inputs, in integers. On each, f - median is one linear functional a, and

    E[(a.x)^2; C] = n / (area of the sphere) * integral of (a.s)^2 over the unit vectors s of C,

because |x|^2 has mean n and is independent of x / |x|. For n = 2 the integral over the angle is
elementary (mpmath); for n = 3 the cone is cut into triangles with corners p1, p2, p3, on which
s = p / |p| with p = p1 + u (p2 - p1) + v (p3 - p1) has surface element |det| / |p|^3 du dv, and
Gauss's formula integrates over the square (u, v) = (w, w t) (float64).
"""

from __future__ import annotations

from math import lcm
from typing import Any

import mpmath
import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray

from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task

from . import brute_force

_NODES, _WEIGHTS = leggauss(48)
_NODES, _WEIGHTS = (1 + _NODES) / 2, _WEIGHTS / 2

Form = tuple[int, ...]


def mean_squared_error(program: Program, digits: int = 40) -> Any:
    """An ``mpf``: to about ``digits`` digits for n = 2, to about 14 for n = 3."""
    n = program.seq_len
    if n not in (2, 3) or program.outputs != 1:
        raise ValueError("this oracle covers n = 2 and 3, and one output")
    # Cells of weights over many orders of magnitude cancel, by sixty digits and more.
    with mpmath.workdps(digits + (100 if n == 2 else 5)):
        total = mpmath.mpf(0)
        for cell in brute_force._label_cells(Task("argmax", n)):
            for mask in brute_force._full_masks(program, cell):
                normals = cell + brute_force._mask_normals(program, mask)
                point = brute_force._interior_point(normals)
                assert point is not None
                (output,) = brute_force._logits(program, mask)
                rays = brute_force._extreme_rays(sorted({a for a in normals if any(a)}))
                scale = _output_scale(program)
                twice = [
                    2 * c - scale * m for c, m in zip(output, _twice_median(point), strict=True)
                ]
                part = _arc(twice, rays) if n == 2 else _polygon(twice, point, rays)
                total += part / (4 * mpmath.mpf(scale) ** 2)
        return total


def _output_scale(program: Program) -> int:
    """``brute_force._logits`` are the outputs times this."""
    out = lcm(*(w.denominator for row in program.readout for w in row))
    scale: int = brute_force._integers(program).scale
    return out * scale**program.seq_len


def _twice_median(point: Form) -> Form:
    order = sorted(range(len(point)), key=lambda k: point[k])
    n = len(point)
    low, high = order[(n - 1) // 2], order[n // 2]
    return tuple((k == low) + (k == high) for k in range(n))


def _arc(a: list[int], rays: list[Form]) -> Any:
    """E[(a.x)^2; C] with (a.s)^2 = |a|^2 (1 + cos 2(angle - angle of a)) / 2."""
    start, end = sorted(mpmath.atan2(ray[1], ray[0]) for ray in rays)
    if end - start > mpmath.pi:  # across the negative x axis
        start, end = end, start + 2 * mpmath.pi
    along = mpmath.atan2(a[1], a[0]) if any(a) else mpmath.mpf(0)
    swing = mpmath.sin(2 * (end - along)) - mpmath.sin(2 * (start - along))
    square = mpmath.mpf(a[0]) ** 2 + mpmath.mpf(a[1]) ** 2
    return 2 / (2 * mpmath.pi) * square / 2 * (end - start + swing / 2)


def _polygon(a: list[int], point: Form, rays: list[Form]) -> Any:
    size = max(map(abs, a)) or 1
    vector = np.array([c / size for c in a])
    corners = np.array([_unit(ray) for ray in rays])
    middle = corners.sum(axis=0)
    side = np.cross(middle, corners[0])
    angles = np.arctan2(corners @ side * np.linalg.norm(middle), corners @ np.cross(side, middle))
    corners = corners[np.argsort(angles)]
    total = sum(
        _triangle(vector, corners[0], corners[k], corners[k + 1])
        for k in range(1, len(corners) - 1)
    )
    return mpmath.mpf(size) ** 2 * mpmath.mpf(float(total))


def _unit(ray: Form) -> list[float]:
    size = max(map(abs, ray))
    floats = np.array([c / size for c in ray])
    return list(floats / np.linalg.norm(floats))


def _triangle(a: NDArray[Any], p1: NDArray[Any], p2: NDArray[Any], p3: NDArray[Any]) -> float:
    """Cut in two along its longest side, until Gauss's formula is exact to rounding."""
    corners = [p1, p2, p3]
    last, first, second = min(
        (corners[k:] + corners[:k] for k in range(3)), key=lambda p: float(p[1] @ p[2])
    )
    if first @ second < 0.5:  # more than 60 degrees
        middle = (first + second) / np.linalg.norm(first + second)
        return _triangle(a, last, first, middle) + _triangle(a, last, middle, second)
    w, t = np.meshgrid(_NODES, _NODES, indexing="ij")
    weight = np.outer(_WEIGHTS, _WEIGHTS) * w
    u, v = w * (1 - t), w * t
    p = p1 + u[..., None] * (p2 - p1) + v[..., None] * (p3 - p1)
    length = np.sqrt((p * p).sum(-1))
    det = abs(np.linalg.det(np.array([p1, p2, p3])))
    return float(3 / (4 * np.pi) * det * (weight * (p @ a) ** 2 / length**5).sum())
