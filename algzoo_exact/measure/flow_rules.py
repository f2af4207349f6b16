"""Gauss-Legendre rules for squash flows, each with a proven bound for what it leaves out.

For v > 0 put l = v sinh y, 0 <= y <= asinh(1/v), so that l runs from 0 to 1. All functions under
the integrals of ``facet_flow`` are then analytic in the strip |Im y| < pi/2, and bounded in a
narrower one by constants that depend on nothing (docs/notes/squash-flow.md, "By
parts"):

    |theta| <= sqrt(pi^2/4 + atanh(sin eta)^2),   |dP/dy| <= 2 cos(eta)^-6 for each flag,
    |P| <= 1/2 + f T / (2 pi),   T^2 = pi^2/4 + atanh(sin eta)^2 / 4,          |Im y| <= eta,

where P is the measure of a cone of dimension 2 or 3 with f facets. With a bound B for the
integrand on an ellipse of radius r about a path of half-length H, N nodes leave out at most

    (64/15) H B r^(-2N) / (1 - r^-2)   of the whole integral (Trefethen 2013, theorem 19.3),   (1)
    2 H (2 + A) B r^(1-N) / (r - 1)    of that from any node to the end,                       (2)
    r = x + sqrt(1 + x^2),   x = eta / H,

where (2) integrates the polynomial through all nodes, and A is the largest sum of the absolute
values of the weights that this takes (theorem 8.2: a polynomial of degree N - 1 is within
2 B r^(1-N) / (r - 1)).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count
from typing import NamedTuple

import numpy as np
from flint import arb, arb_mat, ctx

from algzoo_exact.arrays import F64, I64
from algzoo_exact.exact.enclosure import working_precision

PANEL = 48  # nodes of a panel where integrals to all nodes are wanted
_LARGEST, _COUNT = 4.0, 65  # v = 4, 4 / sqrt 2, 2, .. down to 1e-9
# Below what rounding adds to a sum over the nodes: radii grow by some percent.
_ASKED_BITS, _ASKED_IN_PANELS = 50, 2.0**-58
_SPARE_BITS = 8  # of a ball rule: sums of many terms are off by more
_ETAS = [0.7 + 0.025 * k for k in range(31)]


class FlowRules(NamedTuple):
    """Rule j serves v[j]: nodes ``start[j]`` to ``start[j + 1]``.

    ``least[j]`` is a bound for |y1| from which on |y1| / sqrt(1 - y1^2) >= v[j]. ``squash`` are
    the nodes l, ``t`` = l^2, ``rest`` = 1 - l^2, ``step`` weights for the integral of f l dl;
    each is off by an ulp at most. ``left_out[j]`` times a bound for |P| in units of T / pi bounds
    the error of the integral for one flag.

    Rules from ``panels`` on serve the same v in panels of ``PANEL`` nodes. ``later`` (PANEL,
    PANEL) times ``step`` integrates from a node of a panel to that panel's end; ``later_left``
    is like ``left_out`` for the integral from any node to l = 1, and a measure whose dP has flags
    of total weight W is at most 1 + ``growth`` W in the strip, in units of T / pi.
    """

    least: F64
    start: I64
    squash: F64
    t: F64
    rest: F64
    step: F64
    left_out: F64
    panels: int
    later: F64
    largest_later: float
    later_left: F64
    growth: F64


class _Strip(NamedTuple):
    """Bounds in |Im y| <= eta: of theta, of T / pi, of one flag's dP/dy; the ellipse's radius."""

    theta: float
    measure: float
    change: float
    r: float


def _strip(eta: float, half: float) -> _Strip:
    side = math.atanh(math.sin(eta))
    x = eta / half
    return _Strip(
        math.sqrt(math.pi**2 / 4 + side**2),
        math.sqrt(math.pi**2 / 4 + side**2 / 4) / math.pi,
        2 * math.cos(eta) ** -6,
        x + math.sqrt(1 + x * x),
    )


_OURS = 1 + 1e-9  # covers the rounding of bounds


class _Bound(NamedTuple):
    """factor rate^(-nodes)."""

    factor: float
    rate: float

    def at(self, nodes: int) -> float:
        return self.factor * self.rate**-nodes

    def ball(self, nodes: int) -> arb:
        """The same beyond the range of float64."""
        bound: arb = arb(self.factor) * arb(self.rate) ** -nodes
        return bound

    def nodes(self, bits: int) -> int:
        """About so many make it 2^-bits."""
        return max(2, math.ceil((bits + math.log2(self.factor)) / math.log2(self.rate)))


def _whole(half: float, eta: float) -> _Bound:
    """(1) for theta dP, |P| = T / pi."""
    strip = _strip(eta, half)
    size = strip.change * strip.theta * strip.measure
    return _Bound(64 / 15 * half * size / (1 - strip.r**-2) * _OURS, strip.r**2)


def _to_end(half: float, eta: float, weights: float) -> _Bound:
    """(2) for dP, |P| = T / pi, in one panel."""
    strip = _strip(eta, half)
    size = strip.change * strip.measure
    return _Bound(2 * half * (2 + weights) * size * strip.r / (strip.r - 1) * _OURS, strip.r)


def _growth(half: float, eta: float) -> float:
    return eta / (2 * math.pi) * _strip(eta, half).change * _OURS


def _later(roots: list[tuple[arb, arb]]) -> tuple[arb_mat, float]:
    """C with integral from x_i to 1 of p = sum over j of w_j C_ij p(x_j), for polynomials p of
    degree below the number of nodes; and the largest sum of w_j |C_ij| over j.

    p = sum over k of (2k + 1) / 2 P_k(x) sum over j of w_j P_k(x_j) p(x_j), and (2k + 1) P_k is
    the derivative of P_(k+1) - P_(k-1), which vanishes at 1.
    """
    size = len(roots)
    legendre = [[x.legendre_p(k) for k in range(size + 1)] for x, _ in roots]
    ends = [
        [1 - x, *(row[k - 1] - row[k + 1] for k in range(1, size))]
        for (x, _), row in zip(roots, legendre, strict=True)
    ]
    matrix = arb_mat(ends) * arb_mat([row[:size] for row in legendre]).transpose() * (arb(1) / 2)
    largest = max(
        float(sum(abs(w * c) for c, (_, w) in zip(row, roots, strict=True)))
        for row in matrix.tolist()
    )
    return matrix, largest * _OURS


@lru_cache(maxsize=64)
def _gauss_legendre(size: int, precision: int) -> list[tuple[arb, arb]]:
    """Nodes and weights on [-1, 1], as balls of flint's precision."""
    return [arb.legendre_p_root(size, k, weight=True) for k in range(size)]


def _nodes(v: arb, half: arb, size: int, panels: int = 1) -> Iterator[tuple[arb, arb, arb, arb]]:
    """l, l^2, 1 - l^2 and the weight of each node, on a path of length 2 ``half`` times
    ``panels``."""
    for panel in range(panels):
        for root, weight in _gauss_legendre(size, ctx.prec):
            y = half * (2 * panel + 1 + root)
            l = v * y.sinh()  # noqa: E741 - the squash factor's usual name
            yield l, l * l, 1 - l * l, weight * half * l * v * y.cosh()


def _speed(place: int) -> tuple[arb, arb]:
    """v, and half of the length of its path."""
    v = arb(_LARGEST) / arb(2) ** (arb(place) / 2)
    return v, (1 / v).asinh() / 2


@dataclass(frozen=True, eq=False)
class BallRule:
    """One rule in balls of any precision; see ``FlowRules``. ``later`` (nodes, nodes) times
    ``step`` integrates from a node to the end of the whole path."""

    squash: list[arb]
    t: list[arb]
    rest: list[arb]
    step: list[arb]
    left_out: arb
    later: arb_mat | None
    later_left: arb
    growth: float


def ball_rule(least: arb, deep: bool) -> BallRule:
    """A rule for flint's precision that serves |y1| >= ``least``, with ``later`` if ``deep``."""
    size = float(least) * (1 - 1e-9)
    slow = size / math.sqrt(1 - size * size)
    return _ball_rule(max(0, math.ceil(2 * math.log2(_LARGEST / slow))), deep, ctx.prec)


@lru_cache(maxsize=64)
def _ball_rule(place: int, deep: bool, precision: int) -> BallRule:
    v, end = _speed(place)
    half, bits = float(end), precision - _SPARE_BITS
    needed = [
        (_to_end(half, eta, 8.0).nodes(bits) if deep else _whole(half, eta).nodes(bits), eta)
        for eta in _ETAS
    ]
    size, eta = min(needed)
    later, weights = _later(_gauss_legendre(size, precision)) if deep else (None, 0.0)
    squash, t, rest, step = (list(c) for c in zip(*_nodes(v, end, size), strict=True))
    return BallRule(
        squash, t, rest, step, _whole(half, eta).ball(size), later,
        _to_end(half, eta, weights).ball(size), _growth(half, eta),
    )  # fmt: skip


@lru_cache(maxsize=1)
def flow_rules() -> FlowRules:
    """All rules, computed in balls once."""
    made: list[tuple[arb, arb, arb, arb]] = []
    start = [0]
    left_out, later_left, growth = [], [0.0] * _COUNT, [0.0] * _COUNT
    with working_precision(106):
        speeds = [_speed(place) for place in range(_COUNT)]
        least = [float((v * v / (1 + v * v)).sqrt()) * (1 + 1e-15) for v, _ in speeds]
        for v, half in speeds:
            bounds = [_whole(float(half), eta) for eta in _ETAS]
            size = 4 * math.ceil(min(bound.nodes(_ASKED_BITS) for bound in bounds) / 4)
            left_out.append(min(bound.at(size) for bound in bounds))
            made.extend(_nodes(v, half, size))
            start.append(len(made))
        matrix, weights = _later(_gauss_legendre(PANEL, 106))
        later = np.array([[float(c) for c in row] for row in matrix.tolist()])
        for v, end in speeds:
            for panels in count(1):
                long = float(end / panels)
                left, eta = min((_to_end(long, eta, weights).at(PANEL), eta) for eta in _ETAS)
                if left <= _ASKED_IN_PANELS:
                    break
            left_out.append(panels * _whole(long, eta).at(PANEL))
            later_left.append(left + left_out[-1])
            growth.append(_growth(long, eta))
            made.extend(_nodes(v, end / panels, PANEL, panels))
            start.append(len(made))
    squash, t, rest, step = np.array([[float(c) for c in node] for node in made]).T.copy()
    return FlowRules(
        np.array(least * 2), np.array(start), squash, t, rest, step, np.array(left_out), _COUNT,
        later,
        float(np.max(np.abs(later))), np.array(later_left), np.array(growth),
    )  # fmt: skip
