"""Bounds at a cone's rays that settle margins before its leaves are reached, compiled.

In the last time step all pre-activations z[j] are linear on the cone. The ReLU is convex and
positively homogeneous: at a point x = sum_i c_i r_i, c_i >= 0, of the cone with extreme rays r_i,

    sum_i c_i s z[j](r_i) <= max(0, z[j](x)) <= sum_i c_i max(0, z[j](r_i)),    s = 0 or 1.    (1)

Each neuron takes the s that makes the sum of all s z[j](r_i) larger. Where the sign of z[j] is the
same at all rays, both sides are equal. By the signs of the weights of a margin, (1) gives numbers
L_i and U_i with sum_i c_i L_i <= margin(x) <= sum_i c_i U_i. If all L_i > 0, the margin is positive
on the cone (but at 0), if all U_i < 0, negative.

Rounding. With e the largest error of a stored value at the ray, V the largest such value, and N
the sum of the margin's |weights|, L_i and U_i are off by at most N (e + (d + 3) U V): formula (1)
of ``regions.compiled``.
"""

from __future__ import annotations

import math

import numpy as np

from algzoo_exact.arrays import F64, Flags
from algzoo_exact.jit import compiled, compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.regions.batch import Rays


@compiled_in_place_any_order
def _margin_bounds(
    margin: F64, values: F64, begin: int, share: F64, floor: F64
) -> tuple[float, float, float]:
    """L_i, U_i and N of one margin at a ray, whose state begins there."""
    low, high, norm = 0.0, 0.0, 0.0
    for i in range(margin.shape[0]):
        w, z = margin[i], values[begin + i]
        least, most = share[i] * z, max(floor[i], z)
        plus, minus = max(0.0, w), min(0.0, w)
        low += plus * least + minus * most
        high += plus * most + minus * least
        norm += abs(w)
    return low, high, norm


@compiled
def settled(margins: F64, rays: Rays, begin: int, known: int, rivals: Flags, label: int) -> int:
    """1 if the model is right on the whole cone, -1 if it is wrong there, without ties; else 0.

    ``margins`` (k, k, d). ``rivals`` (k): the logits that the label's has to exceed. The last state
    (d) is in the columns from ``begin`` on; its first ``known`` neurons are there, and of the
    others z; none are left on a leaf.
    """
    d, values, count = margins.shape[2], rays.values, rays.number
    share, floor = np.ones(d), np.full(d, -math.inf)
    for i in range(known, d):
        floor[i] = 0.0
        if np.sum(values[:count, begin + i]) <= 0.0:
            share[i] = 0.0
    slack = np.empty(count)
    for r in range(count):
        error, size = 0.0, 0.0
        for i in range(begin, begin + d):
            error = max(error, rays.errors[r, i])
            size = max(size, abs(values[r, i]))
        slack[r] = (error + (d + 4.0) * U * size) * SLACK
    right = True
    for other in range(margins.shape[0]):
        if not rivals[other]:
            continue
        wrong = True
        for r in range(count):
            low, high, norm = _margin_bounds(margins[label, other], values[r], begin, share, floor)
            bound = norm * slack[r] * SLACK + TINY
            right = right and low > bound
            wrong = wrong and high < -bound
            if not (right or wrong):
                break
        if wrong:
            return -1
    return 1 if right else 0
