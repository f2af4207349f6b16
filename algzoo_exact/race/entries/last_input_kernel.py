"""Where an RNN's answer is right along its last input, exactly. Compiled, and counted.

Fix all inputs but the last up to their common scale: a unit vector u of m = n - 1 entries. As a
function of the last input over that scale, x = x[m] / r, the logits are piecewise linear: the
last step's state is max(0, a + b x), which bends at most d times, and the answer asked for changes
twice, at the second greatest and at the greatest entry of u. If all inputs are standard normal,
then r is independent of u and has the chi distribution with m degrees of freedom, so that x has
the density proportional to (1 + x^2)^(-(m + 1) / 2): Student's t with m degrees of freedom, over
sqrt(m). ``along`` finds, for each u, the probability that the label's logit is the greatest.

Bends beyond ``limit`` on either side are left out: the pieces there go on without end. That
changes an accuracy by the mass out there at most.

Operations are counted as they are done, by the prices of ``flops``. A neuron at 0 costs no
products. The entries of u, their ranks and the distribution function at them don't depend on the
network, and are free.
"""

from __future__ import annotations

from math import atan, inf, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.jit import compiled

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SHARE = 3  # of a point in the weighted sum, which the caller takes


@compiled
def student(x: float, m: int) -> float:
    """P(X <= x) for the density proportional to (1 + x^2)^(-(m + 1) / 2), m >= 1.

    Abramowitz and Stegun, 26.7.3 and 26.7.4, with theta = arctan(x). Costs ``student_cost(m)``.
    """
    if abs(x) == inf:
        return 1.0 if x > 0 else 0.0
    square = 1 / (1 + x * x)  # cos(theta)^2
    series = 1.0
    for k in range(m - 2, 1, -2):
        series = 1 + series * (square * ((k - 1) / k))
    if m == 1:
        return 0.5 + atan(x) / pi
    if m % 2:
        return 0.5 + (atan(x) + x * square * series) / pi
    return 0.5 + 0.5 * x * sqrt(square) * series


@compiled
def student_cost(m: int) -> int:
    """Three for the square, three for each term, and what the last line takes."""
    return 6 + 3 * ((m - 1) // 2) + (12 if m % 2 else 3)


@compiled
def students(x: Floats, m: int, out: Floats) -> None:
    """``student`` of the entries of ``x``, into ``out``, both of two dimensions."""
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            out[i, j] = student(x[i, j], m)


@compiled
def early_steps(w_in: Floats, w_hh: Floats) -> tuple[Floats, Floats, Floats, int]:
    """W_hh h[1] as a function of the first two inputs, tabulated, and what the table cost.

    For x[0] > 0 (s = 0) or x[0] < 0 (s = 1), let c = W_hh max(0, +-W_hi), so that z[1] is
    |x[0]| c + x[1] W_hi. The returned ``bends`` (2, d) are the ratios x[1] / |x[0]| at which a
    neuron changes, rising; between bends i - 1 and i, W_hh h[1] is |x[0]| ``first[s, i]`` + x[1]
    ``second[s, i]``, both of shape (2, d + 1, d).
    """
    d, flops = len(w_in), 0
    bends = np.full((2, d), inf)
    first, second = np.zeros((2, d + 1, d)), np.zeros((2, d + 1, d))
    for s in range(2):
        c = np.zeros(d)
        for j in range(d):
            h = w_in[j] if s == 0 else -w_in[j]
            if h > 0:
                c += w_hh[:, j] * h
                flops += 2 * d
        # Far to the left, the neurons with a negative input weight are on.
        ratios, on = np.full(d, inf), 0
        for j in range(d):
            if w_in[j] != 0:
                ratios[j] = -c[j] / w_in[j]
                flops += 2
            if w_in[j] < 0 or (w_in[j] == 0 and c[j] > 0):
                on += 1
                first[s, 0] += w_hh[:, j] * c[j]
                second[s, 0] += w_hh[:, j] * w_in[j]
                flops += 4 * d
        order = np.argsort(ratios)
        flops += d * int(np.ceil(np.log2(d))) if d > 1 else 0
        for i in range(d):
            j = order[i]
            bends[s, i] = ratios[j]
            sign = np.sign(w_in[j])  # 0 for a bend at infinity
            first[s, i + 1] = first[s, i] + w_hh[:, j] * (sign * c[j])
            second[s, i + 1] = second[s, i] + w_hh[:, j] * (sign * w_in[j])
            flops += 4 * d
            on += int(sign)
            if on == 0:  # no rest of rounding: a state of 0 stays there
                first[s, i + 1] = 0
                second[s, i + 1] = 0
    return bends, first, second, flops


@compiled
def dearest(d: int, m: int) -> int:
    """At least what a point can cost, for d neurons, m + 1 inputs and as many logits."""
    early = 3 * d + int(np.ceil(np.log2(d + 1)))
    start = d * (6 + d + 3 * m) + m
    piece = 5 + 9 * m + 3 * (2 + student_cost(m))
    return SHARE + early + (m - 2) * (3 * d + 2 * d * d) + start + (d + 3) * piece


def contrasts(w_in: Floats, w_out: Floats) -> tuple[Floats, Floats]:
    """W_oh[l, j] - W_oh[k, j] at [l, j, k], and the same times W_hi[j]: an operation for each."""
    gaps = np.ascontiguousarray((w_out[:, None] - w_out).transpose(0, 2, 1))
    return gaps, gaps * w_in[:, None]


@compiled
def along(
    a: Floats,
    b: Floats,
    far: Floats,
    contrasts: tuple[Floats, Floats],
    u: Floats,
    order: Integers,
    ends: Floats,
    limit: float,
) -> tuple[float, int]:
    """Probability that the label's logit is the greatest, and the operations.

    ``u``, ``order`` and ``ends`` are of one point, as for ``pieces_kernel.accuracies``.

    From left to right, ``lead`` holds by how much the label's logit is above each other one, and
    ``slope`` its derivative. On a piece where all are linear the label wins on one interval.
    """
    gaps, steps = contrasts
    m, d, others = len(u), len(a), gaps.shape[0] - 1
    labels = (order[1], m, order[0])
    walls = (u[order[1]], u[order[0]], limit)
    known = (ends[1], ends[0], 1.0)
    label, part = labels[0], 0
    lead, slope = np.zeros(others + 1), np.zeros(others + 1)
    ahead = np.empty(others + 1, np.bool_)
    places, which, count, on, flops = np.empty(d), np.empty(d, np.int64), 0, 0, 0
    for j in range(d):
        near = False
        flops += 5  # the place, its absolute value, its comparison, and whether it is on
        if b[j] != 0:
            place = -a[j] / b[j]
            near = abs(place) < limit
            if near:
                i = count  # insert it into those found so far
                while i > 0 and places[i - 1] > place:
                    places[i], which[i] = places[i - 1], which[i - 1]
                    i -= 1
                flops += min(count, count - i + 1)
                places[i], which[i] = place, j
                count += 1
        if (b[j] < 0) if near else (a[j] > 0):  # on at the left end
            on += 1
            z = a[j] - far[j]
            for k in range(others + 1):
                lead[k] += gaps[label, j, k] * z
                slope[k] += steps[label, j, k]
            flops += 1 + 3 * others
    total, begun, i = 0.0, 0.0, 0
    x = -limit
    inside = _ahead(lead, label, ahead)
    flops += others
    while True:
        if on == 0:  # rounding must not decide between logits that are all 0
            lead[:] = 0
            slope[:] = 0
            ahead[:] = False
        bend = i < count and places[i] < walls[part]
        end = places[i] if bend else walls[part]
        step = end - x
        low, high, alive = x, end, True
        flops += 5 + 3 * others  # with the comparisons for the interval's ends
        for k in range(others + 1):
            before, was = lead[k], ahead[k]
            lead[k] = before + slope[k] * step
            if k == label:
                continue
            ahead[k] = lead[k] > 0
            if was and not ahead[k]:
                high = min(high, x - before / slope[k])
                flops += 3
            elif ahead[k] and not was:
                low = max(low, x - before / slope[k])
                flops += 3
            elif not was:
                alive = False
        if on == 0:
            alive = label == 0
        won = alive and low < high
        if inside and not (won and low == x):  # only by rounding
            total += student(x, m) - begun
            inside = False
            flops += 2 + student_cost(m)
        if won:
            if not inside:
                begun = student(low, m)
                flops += student_cost(m)
            inside = high == end
            if not inside:
                total += student(high, m) - begun
                flops += 2 + student_cost(m)
        x = end
        if bend:
            j = which[i]
            i += 1
            on += 1 if b[j] > 0 else -1
            for k in range(others + 1):
                slope[k] += steps[label, j, k] if b[j] > 0 else -steps[label, j, k]
            flops += others
            continue
        if inside:
            total += known[part] - begun
            flops += 2
        if part == 2:
            return total, flops
        part += 1
        # Another label: its lead over k is the old one's lead over k less that over itself.
        head, head_slope = lead[labels[part]], slope[labels[part]]
        label, begun = labels[part], known[part - 1]
        for k in range(others + 1):
            lead[k] -= head
            slope[k] -= head_slope
        inside = _ahead(lead, label, ahead)
        flops += 3 * others


@compiled
def _ahead(lead: Floats, label: int, ahead: NDArray[np.bool_]) -> bool:
    """Where the label's logit is ahead, and whether it is ahead of all others."""
    everywhere = True
    for k in range(len(lead)):
        ahead[k] = lead[k] > 0
        everywhere &= k == label or ahead[k]
    return everywhere
