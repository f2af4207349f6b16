"""Compiled bounds of a program over a box of inputs, rounding included.

Rounding. u = 2^-53. Each float64 operation returns (exact)(1 + e) + f with |e| <= u and
|f| <= 2^-1074. Below, `gamma` is (n d + d + 64) 2^-50, eight times more than the classical
bound on the relative error of any sum of at most n d + d + 60 rounded products, so that it also
covers weights that are themselves rounded, and the rounding of the error terms themselves.
`TINY` = 2^-1000 covers underflow. Beyond `TOO_LARGE`, and for nan, nothing is claimed.

Interval step. The positive and the negative contributions to an end point are summed apart, and
each sum is moved outward by a factor 1 +- gamma and by TINY; a bound to which no positive
(negative) term contributes stays at most (at least) 0, so structural zeros remain exact.

Linear step (CROWN; Zhang et al. 2018, section 3). A lower bound of lam . h[t] is carried back
step by step. For h = max(0, z) on z in [l, u]: h >= s z with s in {0, 1}; and h <= s z + c for
whatever float s in [0, 1], provided that c >= max(-s l, u - s u), because h - s z is convex.
Say that a[j] multiplies z[j](t) after that. Replacing a by its rounded value, and W^T a and
w . a by theirs, changes the bound by at most gamma sum_j |a_j| q_j(t), where
q_j(t) >= sum_i |W_ji| |h_i(t-1)| + |w_j| |x_t| >= |z_j(t)| on the whole box. These errors and
gamma times the sum of the absolute values of all that was added are subtracted at the end.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from algzoo_exact.arrays import F64, I64
from algzoo_exact.jit import compiled

TINY = 2.0**-1000
TOO_LARGE = 1e200
UNDECIDED, WRONG = -1, 0  # a verdict c >= 1: the label's logit ties with c - 1 others and wins


class Network(NamedTuple):
    """Float weights W_hh (d, d), W_hi (d), W_oh (n, d), and what to ask of them.

    ``classes[k, i]`` are equal for two k just if the weights of neuron i to both logits are the
    same rational. ``linear``: take the linear step too. ``ties`` indexes TIE_RULES. ``rank``:
    how many inputs are above the label's, or -1 for argoutlier.
    """

    w_hh: F64
    w_hi: F64
    readout: F64
    classes: I64
    gamma: float
    linear: bool
    ties: int
    rank: int


class Bounds(NamedTuple):
    """A box of inputs, from ``x_low`` to ``x_high`` (n), what `propagate` finds on it for n steps
    of d neurons, and room to work.

    ``low``, ``high`` (n, d): of h. ``relax`` (n, d, 4): lower slope, upper slope, upper
    constant, and the lower line's largest gap. ``scale`` (n, d) is q, ``tiny`` (n) covers
    underflow. ``shares`` (n, d, n): which part of a neuron's range each input causes (a guide
    for splitting: no bound uses it). ``gap`` (n, d), ``slopes`` (n): left by `_back`; ``influence``
    (n): by `judge`.
    """

    x_low: F64
    x_high: F64
    low: F64
    high: F64
    relax: F64
    scale: F64
    tiny: F64
    shares: F64
    gap: F64
    slopes: F64
    lam: F64
    lam_next: F64
    influence: F64


@compiled
def new_bounds(n: int, d: int, linear: bool) -> Bounds:
    """Arrays for n steps of d neurons; ``shares`` only if there are linear steps."""
    return Bounds(
        np.zeros(n),
        np.zeros(n),
        np.zeros((n, d)),
        np.zeros((n, d)),
        np.zeros((n, d, 4)),
        np.zeros((n, d)),
        np.zeros(n),
        np.zeros((n, d, n if linear else 1)),
        np.zeros((n, d)),
        np.zeros(n),
        np.zeros(d),
        np.zeros(d),
        np.zeros(n),
    )


@compiled
def _affine_interval(
    weights: F64, low: F64, high: F64, weight: float, x_low: float,
    x_high: float, gamma: float,
) -> tuple[float, float]:  # fmt: skip
    """Bounds of weights . h + weight x for h in [low, high] (h >= 0) and x in [x_low, x_high]."""
    smallest = min(weight * x_low, weight * x_high)
    largest = max(weight * x_low, weight * x_high)
    upper_plus, upper_minus = max(largest, 0.0), max(-largest, 0.0)
    lower_plus, lower_minus = max(smallest, 0.0), max(-smallest, 0.0)
    rises = weight != 0.0 and (x_high > 0.0 if weight > 0.0 else x_low < 0.0)
    falls = weight != 0.0 and (x_low < 0.0 if weight > 0.0 else x_high > 0.0)
    for i in range(weights.size):
        w = weights[i]
        if w > 0.0:
            rises = rises or high[i] > 0.0
            upper_plus += w * high[i]
            lower_plus += w * low[i]
        elif w < 0.0:
            falls = falls or high[i] > 0.0
            lower_minus -= w * high[i]
            upper_minus -= w * low[i]
    upper = upper_plus * (1.0 + gamma) - upper_minus * (1.0 - gamma) + TINY
    lower = lower_plus * (1.0 - gamma) - lower_minus * (1.0 + gamma) - TINY
    upper += gamma * abs(upper)
    lower -= gamma * abs(lower)
    if not rises:
        upper = min(upper, 0.0)
    if not falls:
        lower = max(lower, 0.0)
    return lower, upper


@compiled
def _back(step: int, bound: float, size: float, error: float, net: Network, b: Bounds) -> float:
    """A lower bound of ``bound`` + b.lam . h[step] over the box, in the error model above.

    ``size`` bounds the terms that ``bound`` sums, and ``error`` in units of gamma what rounding
    b.lam may change. b.lam is overwritten; b.slopes[: step + 1] receives the slopes in x, and
    b.gap what the relaxation of each neuron costs at most.
    """
    d = net.w_hi.size
    lam, lam_next = b.lam, b.lam_next
    underflow = 0.0
    for t in range(step, -1, -1):
        slope = 0.0
        lam_next[:] = 0.0
        for j in range(d):
            value = lam[j]
            b.gap[t, j] = 0.0
            if value == 0.0 or b.high[t, j] == 0.0:  # then the neuron is off
                continue
            if value > 0.0:
                a = value * b.relax[t, j, 0]
                b.gap[t, j] = value * b.relax[t, j, 3]
            else:
                a = value * b.relax[t, j, 1]
                shift = value * b.relax[t, j, 2]
                bound += shift
                size -= shift
                b.gap[t, j] = -shift
            if a != 0.0:
                error += abs(a) * b.scale[t, j]
                slope += a * net.w_hi[j]
                if t > 0:
                    for i in range(d):
                        lam_next[i] += a * net.w_hh[j, i]
        underflow += b.tiny[t]
        bound += slope * (b.x_low[t] if slope >= 0.0 else b.x_high[t])
        size += abs(slope) * max(abs(b.x_low[t]), abs(b.x_high[t]))
        b.slopes[t] = slope
        lam, lam_next = lam_next, lam
    if not (size < TOO_LARGE and error < TOO_LARGE):
        return -np.inf
    return bound - net.gamma * (size + error) - 2.0 * underflow


@compiled
def _refine(
    t: int, j: int, low: float, high: float, net: Network, b: Bounds
) -> tuple[float, float]:
    """Linear bounds of z[j](t), t > 0, met with [low, high]."""
    for sign in (1.0, -1.0):
        weight = sign * net.w_hi[j]
        b.lam[:] = sign * net.w_hh[j]
        start = weight * (b.x_low[t] if weight >= 0.0 else b.x_high[t])
        bound = _back(t - 1, start, abs(start), b.scale[t, j], net, b)
        bound -= 2.0 * b.tiny[t]
        if sign < 0.0:
            return low, (-bound if -bound < high else high)
        b.slopes[t] = weight
        total = 1e-300
        for m in range(t + 1):
            b.shares[t, j, m] = abs(b.slopes[m]) * (b.x_high[m] - b.x_low[m])
            total += b.shares[t, j, m]
        b.shares[t, j, : t + 1] /= total
        low = bound if bound > low else low
        if low >= 0.0:
            break
    return low, high


@compiled
def propagate(net: Network, b: Bounds) -> bool:
    """Fill ``b`` with bounds over the box; False where they overflow (then nothing is known)."""
    n, d = b.low.shape
    nothing = np.zeros(d)
    for t in range(n):
        below, above = (b.low[t - 1], b.high[t - 1]) if t > 0 else (nothing, nothing)
        x_size = max(abs(b.x_low[t]), abs(b.x_high[t]))
        b.tiny[t] = TINY * (1.0 + x_size + above.sum())
        for j in range(d):
            b.scale[t, j] = abs(net.w_hi[j]) * x_size + (np.abs(net.w_hh[j]) * above).sum()
            low, high = _affine_interval(
                net.w_hh[j], below, above, net.w_hi[j], b.x_low[t], b.x_high[t], net.gamma
            )
            if t == 0:
                b.shares[0, j, 0] = 1.0
            elif net.linear and low < 0.0 < high:
                low, high = _refine(t, j, low, high, net, b)
            if not (low > -TOO_LARGE and high < TOO_LARGE):
                return False
            b.low[t, j], b.high[t, j] = max(low, 0.0), max(high, 0.0)
            relax = b.relax[t, j]
            if low >= 0.0:
                relax[0], relax[1], relax[2], relax[3] = 1.0, 1.0, 0.0, 0.0
            elif high > 0.0:
                slope = min(1.0, high / (high - low))
                shift = max(-slope * low, high - slope * high)
                relax[0] = 1.0 if high > -low else 0.0
                relax[1] = slope
                relax[2] = shift * (1.0 + net.gamma) + net.gamma * high + TINY
                relax[3] = min(high, -low)
    return True


@compiled
def judge(label: int, net: Network, b: Bounds) -> tuple[int, float]:
    """After `propagate`: WRONG, UNDECIDED, or c >= 1: right with credit 1/c, on the whole box.

    If undecided, ``b.influence[t]`` says how much the range of x[t] loosens the bounds of the
    undecided logit differences, and the second result, in [0, 1], how far the worst of them is
    from being decided, compared with its range. Both only guide the search.
    """
    n, d = b.high.shape
    last = n - 1
    b.influence[:] = 0.0
    tied, undecided, distance = 1, False, 0.0
    for k in range(net.readout.shape[0]):
        if k == label:
            continue
        same, error = True, 0.0
        for i in range(d):
            if b.high[last, i] > 0.0:
                same = same and net.classes[k, i] == net.classes[label, i]
                size = abs(net.readout[label, i]) + abs(net.readout[k, i])
                error += size * b.high[last, i]
        if same:  # the two logits are the same function on this box
            if net.ties == 1 or (net.ties == 0 and k < label):
                return WRONG, 0.0
            tied += 1
            continue
        underflow = TINY * (2.0 + 2.0 * b.high[last].sum())
        for sign in (1.0, -1.0):
            b.lam[:] = sign * (net.readout[label] - net.readout[k])
            if net.linear:
                bound = _back(last, 0.0, 0.0, error, net, b) - underflow
            else:
                bound, _ = _affine_interval(
                    b.lam, b.low[last], b.high[last], 0.0, 0.0, 0.0, net.gamma
                )
                bound -= net.gamma * error + underflow
            if sign > 0.0:
                if bound > 0.0:
                    break
                undecided = True
                distance = max(distance, -bound / _attribute(b))
            elif bound > 0.0:
                return WRONG, 0.0
    if undecided:
        return UNDECIDED, min(distance, 1.0)
    return (tied if net.ties == 2 else 1), 0.0


@compiled
def _attribute(b: Bounds) -> float:
    """Add to ``b.influence`` what each input contributes to the last `_back`'s looseness.

    That is its linear part, and its share of every neuron's relaxation gap. Returns the total.
    """
    n, d = b.gap.shape
    total = 1e-300
    for t in range(n):
        part = abs(b.slopes[t]) * (b.x_high[t] - b.x_low[t])
        b.influence[t] += part
        total += part
        for j in range(d):
            if b.gap[t, j] > 0.0:
                total += b.gap[t, j]
                for m in range(t + 1):
                    b.influence[m] += b.gap[t, j] * b.shares[t, j, m]
    return total
