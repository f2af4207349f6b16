"""Bounds at a cone's rays that settle margins before its leaves are reached, compiled.

In the last time step all pre-activations z[j] are linear on the cone. The ReLU is convex and
positively homogeneous: at a point x = sum_i c_i r_i, c_i >= 0, of the cone with extreme rays r_i,

    sum_i c_i s z[j](r_i) <= max(0, z[j](x)) <= sum_i c_i max(0, z[j](r_i)),    s = 0 or 1.    (1)

Each neuron takes the s that makes the sum of all s z[j](r_i) larger. Where the sign of z[j] is the
same at all rays, both sides are equal. With m_ij the middle between the two sides of (1) and g_ij
half of their gap, a margin of weights w[j] has

    L_i = sum_j (w[j] m_ij - |w[j]| g_ij),    U_i = sum_j (w[j] m_ij + |w[j]| g_ij),

and sum_i c_i L_i <= margin(x) <= sum_i c_i U_i. If all L_i > 0, the margin is positive on the cone
(but at 0), if all U_i < 0, negative.

Rounding. With e the largest error of a stored value at the ray, V the largest such value, and N
the sum of the margin's |weights|, L_i and U_i are off by at most N (e + (2 d + 3) U V): formula (1)
of ``regions.compiled``; m_ij and g_ij are exact, and |m_ij| + |g_ij| <= V.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, Flags
from algzoo_exact.jit import compiled, compiled_in_place, compiled_in_place_any_order
from algzoo_exact.measure.balls_f64 import SLACK, TINY, U
from algzoo_exact.regions.batch import Rays


class Last(NamedTuple):
    """Room for the last state at R rays: its ``middle`` m and half ``gap`` g (R, d), and
    e + (2 d + 3) U V (R). ``inside`` (d): the state at the sum of the rays."""

    middle: F64
    gap: F64
    off: F64
    inside: F64


@compiled
def room_for_last(rays: int, d: int) -> Last:
    return Last(np.empty((rays, d)), np.empty((rays, d)), np.empty(rays), np.empty(d))


@compiled_in_place
def find_last(rays: Rays, begin: int, known: int, last: Last) -> None:
    """It is in the columns from ``begin`` on: its first ``known`` neurons are there, and of the
    others z; none are left on a leaf."""
    count, values, d = rays.number, rays.values, last.middle.shape[1]
    for r in range(count):
        error, size = 0.0, 0.0
        for i in range(d):
            last.middle[r, i] = values[r, begin + i]
            last.gap[r, i] = 0.0
            error = max(error, rays.errors[r, begin + i])
            size = max(size, abs(values[r, begin + i]))
        last.off[r] = (error + (2.0 * d + 4.0) * U * size) * SLACK
    for i in range(d):
        total = 0.0
        for r in range(count):
            total += values[r, begin + i]
        last.inside[i] = total if i < known else max(0.0, total)
        for r in range(count if i >= known else 0):
            z = values[r, begin + i]
            least, most = z if total > 0.0 else 0.0, max(0.0, z)
            last.middle[r, i], last.gap[r, i] = 0.5 * (least + most), 0.5 * (most - least)


@compiled_in_place_any_order
def _bounds(margin: F64, last: Last, r: int) -> tuple[float, float]:
    """The middle between L_i and U_i at a ray, and half of their gap."""
    middle, gap = 0.0, 0.0
    for i in range(margin.shape[0]):
        middle += margin[i] * last.middle[r, i]
        gap += abs(margin[i]) * last.gap[r, i]
    return middle, gap


@compiled_in_place
def settled(margins: F64, last: Last, rays: int, rivals: Flags, label: int) -> int:
    """1 if the model is right on the whole cone, -1 if it is wrong there, without ties; else 0.

    ``margins`` (k, k, d). ``last`` is found at so many ``rays``. ``rivals`` (k): the logits that
    the label's has to exceed.
    """
    right = True
    for other in range(margins.shape[0]):
        if not rivals[other]:
            continue
        margin, wrong, norm = margins[label, other], True, 0.0
        for i in range(margin.shape[0]):
            norm += abs(margin[i])
        for r in range(rays):
            middle, gap = _bounds(margin, last, r)
            bound = gap + norm * last.off[r] * SLACK + TINY
            right = right and middle > bound
            wrong = wrong and middle < -bound
            if not (right or wrong):
                break
        if wrong:
            return -1
    return 1 if right else 0
