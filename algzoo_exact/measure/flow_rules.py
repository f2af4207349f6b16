"""Gauss-Legendre rules for squash flows, each with a proven bound for what it leaves out.

For v > 0 put l = v sinh y, 0 <= y <= asinh(1/v), so that l runs from 0 to 1. All functions under
the integrals of ``facet_flow`` are then analytic in the strip |Im y| < pi/2, and bounded in a
narrower one by constants that depend on nothing (docs/notes/squash-flow.md, "By parts"):

    |theta| <= sqrt(pi^2/4 + atanh(sin eta)^2),   |dP/dy| <= 2 cos(eta)^-6 for each flag,
    |P| <= 1/2 + f T / (2 pi),   T^2 = pi^2/4 + atanh(sin eta)^2 / 4,          |Im y| <= eta,

where P is the measure of a cone of dimension 2 or 3 with f facets. Hence a bound B for the
integrand, and for N nodes on a path of half-length H the error (Trefethen 2013, theorem 19.3)

    (64/15) H B r^(-2N) / (1 - r^-2),   r = x + sqrt(1 + x^2),   x = eta / H.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from flint import arb
from numpy.typing import NDArray

from algzoo_exact.exact.enclosure import working_precision

F64 = NDArray[np.float64]
I64 = NDArray[np.int64]

_SIZES = (*range(8, 32, 2), *range(32, 64, 4), *range(64, 257, 16))
_LARGEST, _COUNT = 4.0, 65  # v = 4, 4 / sqrt 2, 2, .. down to 1e-9
_ASKED = 2.0**-62
_ETAS = [0.7 + 0.025 * k for k in range(31)]


class FlowRules(NamedTuple):
    """Rule j serves v[j]: nodes ``start[j]`` to ``start[j + 1]``.

    ``least[j]`` is a bound for |y1| from which on |y1| / sqrt(1 - y1^2) >= v[j]. ``squash`` are
    the nodes l, ``t`` = l^2, ``rest`` = 1 - l^2, ``step`` weights for the integral of f l dl;
    each is off by an ulp at most. ``left_out[j]`` times max(2, 1 + f/2) bounds the error
    for one flag.
    """

    least: F64
    start: I64
    squash: F64
    t: F64
    rest: F64
    step: F64
    left_out: F64


def _bound(nodes: int, half: float) -> float:
    """The least error bound over eta, for P = T / pi; the slack covers the rounding here."""
    best = math.inf
    for eta in _ETAS:
        side = math.atanh(math.sin(eta))
        theta = math.sqrt(math.pi**2 / 4 + side**2)
        measure = math.sqrt(math.pi**2 / 4 + side**2 / 4) / math.pi
        x = eta / half
        r = x + math.sqrt(1 + x * x)
        size = 2 * math.cos(eta) ** -6 * theta * measure
        best = min(best, 64 / 15 * half * size * r ** (-2 * nodes) / (1 - r**-2))
    return best * (1 + 1e-9)


@lru_cache(maxsize=1)
def flow_rules() -> FlowRules:
    """All rules, computed in balls once."""
    least, start, left_out = [], [0], []
    columns: tuple[list[float], ...] = ([], [], [], [])
    roots: dict[int, list[tuple[arb, arb]]] = {}
    with working_precision(106):
        for j in range(_COUNT):
            v = arb(_LARGEST) / arb(2) ** (arb(j) / 2)
            least.append(float((v * v / (1 + v * v)).sqrt()) * (1 + 1e-15))
            half = (1 / v).asinh() / 2
            size = next(size for size in _SIZES if _bound(size, float(half)) <= _ASKED)
            left_out.append(_bound(size, float(half)))
            if size not in roots:
                some = [arb.legendre_p_root(size, k, weight=True) for k in range(size)]
                roots[size] = [(root, weight) for root, weight in some]
            for root, weight in roots[size]:
                y = half * (1 + root)
                l = v * y.sinh()  # noqa: E741 - the squash factor's usual name
                step = weight * half * l * v * y.cosh()
                for column, value in zip(columns, (l, l * l, 1 - l * l, step), strict=True):
                    column.append(float(value))
            start.append(len(columns[0]))
    nodes, squares, rests, steps = (np.array(column) for column in columns)
    return FlowRules(
        np.array(least), np.array(start), nodes, squares, rests, steps, np.array(left_out)
    )
