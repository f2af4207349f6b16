"""The double flag integral T4 of ``schlafli`` in float64 balls, compiled: an enclosure.

(D2) to (D6) are the equations of docs/notes/flag-integrals.md. What float64 cannot decide comes
back with an infinite radius.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from algzoo_exact.jit import compiled
from algzoo_exact.measure.balls_f64 import (
    TINY,
    Ball,
    U,
    add,
    atan,
    divide,
    log,
    multiply,
    root,
    scale,
    subtract,
)
from algzoo_exact.measure.dilogarithm import terms_needed

_LARGEST = 11 / 8
_TERMS = terms_needed(_LARGEST, 53)
_COEFFICIENTS = np.array(
    [float(arb.bernoulli(2 * k) / arb.fac_ui(2 * k + 1)) for k in range(_TERMS + 1)]
)
_PI: Ball = (math.pi, 2 * U)
_SIXTH_OF_PI_SQUARED: Ball = (math.pi**2 / 6, 8 * U)
# The steps of the recurrence in `_debye_real` are off by 5.5 U |B_2k| / (2k+1)! each and grow by
# |s| + |t| <= 4.65 a step, hence 6.3 U for the polynomial; x = w^2 is off by 6 U and moves it by
# U / 4; forming the result from them, |w| <= 1.18, and the coefficients' own rounding, by 8 U.
_DEBYE_ERROR = 32 * U
# |D'(w)| = |w / (e^w - 1)| <= 1 + r/2 + (1 - (r/2) cot(r/2)) < 1.71 for r^2 = 11/8.
_DEBYE_SLOPE = 1.75


@compiled
def _debye_real(re: Ball, im: Ball) -> Ball:
    """Re D(re + i im) where |w|^2 < 11/8, by the recurrence of `schlafli_f64.debye_real_f64`."""
    x_re = re[0] * re[0] - im[0] * im[0]
    x_im = 2.0 * re[0] * im[0]
    far_re, far_im = abs(re[0]) + re[1], abs(im[0]) + im[1]
    if not far_re * far_re + far_im * far_im < _LARGEST - 1e-9:
        return 0.0, math.inf
    s = 2.0 * x_re
    t = x_re * x_re + x_im * x_im
    high: float = _COEFFICIENTS[_TERMS]
    low: float = _COEFFICIENTS[_TERMS - 1]
    for k in range(_TERMS - 2, -1, -1):
        high, low = low + s * high, _COEFFICIENTS[k] - t * high
    mid = re[0] * (high * x_re + low) - im[0] * high * x_im - 0.25 * x_re
    return mid, _DEBYE_SLOPE * (re[1] + im[1]) + _DEBYE_ERROR


@compiled
def _li2_real(minus_log_z: Ball, arg_z: Ball, minus_log_1z: Ball, arg_1z: Ball) -> Ball:
    """Re Li2(z) from |z|, arg z, |1 - z| and arg(1 - z); either series is right at every z."""
    if minus_log_z[0] >= minus_log_1z[0]:
        return _debye_real(minus_log_1z, arg_1z)
    reflected = _debye_real(minus_log_z, arg_z)
    product = subtract(multiply(arg_z, arg_1z), multiply(minus_log_z, minus_log_1z))
    return subtract(add(_SIXTH_OF_PI_SQUARED, product), reflected)


@compiled
def _half_turns(angle: Ball) -> Ball:
    """angle (pi - angle)."""
    return multiply(angle, subtract(_PI, angle))


@compiled
def _positive(a: Ball) -> Ball:
    return abs(a[0]), a[1]


@compiled
def double_flag_ball(y1: Ball, y2: Ball, y3: Ball, y4: Ball) -> Ball:
    """T4 of the balls; an infinite radius if one of them holds 0 or is too wide."""
    sign = math.copysign(1.0, y1[0]) * math.copysign(1.0, y2[0])
    sign *= math.copysign(1.0, y3[0]) * math.copysign(1.0, y4[0])
    u1, u2, u3, u4 = _positive(y1), _positive(y2), _positive(y3), _positive(y4)
    if not (u1[0] > u1[1] and u2[0] > u2[1] and u3[0] > u3[1] and u4[0] > u4[1]):
        return 0.0, math.inf
    a, b, c, d = multiply(u1, u1), multiply(u2, u2), multiply(u3, u3), multiply(u4, u4)
    ab, bc, cd = add(a, b), add(b, c), add(c, d)
    p, q = multiply(u1, u3), multiply(u2, u4)
    p_plus_q = add(p, q)
    s, t = root(add(ab, c)), root(add(b, cd))
    # (D2): the orthoscheme's angles, and (D3): X.
    alpha = atan(divide(u2, u1))
    beta = atan(divide(multiply(u2, s), p))
    gamma = atan(divide(q, multiply(u3, t)))
    x = divide(subtract(p, q), p_plus_q)
    # (D4): -log|1 - z|, arg(1 - z) at z = X e^(2 i angle); (D5): and at z = X.
    size = divide(multiply(p_plus_q, p_plus_q), scale(b, 4.0))
    size_bc = divide(multiply(size, bc), multiply(c, add(ab, cd)))
    re_a = scale(log(divide(multiply(size, ab), multiply(a, cd))), 0.5)
    re_b = scale(log(divide(multiply(size_bc, ab), a)), 0.5)
    re_c = scale(log(divide(multiply(size_bc, cd), d)), 0.5)
    re_0 = log(divide(p_plus_q, scale(q, 2.0)))
    im_a = subtract(alpha, atan(divide(u3, u4)))
    im_b = subtract(beta, atan(divide(s, u4)))
    im_c = subtract(gamma, atan(divide(u1, t)))
    if abs(x[0]) < 0.5:  # |z| < 1/2, so Re z < 1/2 throughout
        li_a, li_b, li_c = _debye_real(re_a, im_a), _debye_real(re_b, im_b), _debye_real(re_c, im_c)
        li_0 = _debye_real(re_0, (0.0, 0.0))
    else:
        turn = (0.0, 0.0) if x[0] > 0.0 else _PI
        log_x = log(_positive(x))
        log_x = -log_x[0], log_x[1]
        li_a = _li2_real(log_x, subtract(scale(alpha, 2.0), turn), re_a, im_a)
        li_b = _li2_real(log_x, subtract(scale(beta, 2.0), turn), re_b, im_b)
        li_c = _li2_real(log_x, subtract(scale(gamma, 2.0), turn), re_c, im_c)
        if x[0] > 0.0:
            li_0 = _li2_real(log_x, (0.0, 0.0), re_0, (0.0, 0.0))
        else:
            li_0 = _debye_real(re_0, (0.0, 0.0))
    value = add(subtract(subtract(li_a, li_b), li_0), li_c)
    angles = add(subtract(_half_turns(alpha), _half_turns(beta)), _half_turns(gamma))
    total = scale(add(value, angles), 0.5)
    if not total[1] < math.inf:
        return 0.0, math.inf
    return sign * total[0], total[1] + TINY
