"""The double flag integral T4 of ``schlafli`` in float64, compiled: an estimate, not proven.

(D6) is the equation of docs/notes/squash-flow.md.
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from algzoo_exact.jit import compiled
from algzoo_exact.measure.dilogarithm import terms_needed

_PI = math.pi

_FLOAT_TERMS = terms_needed((math.pi / 3) ** 2, 53)
_FLOAT_COEFFICIENTS = np.array(
    [float(arb.bernoulli(2 * k) / arb.fac_ui(2 * k + 1)) for k in range(_FLOAT_TERMS + 1)]
)


@compiled
def debye_real_f64(re: float, im: float) -> float:
    """Re D(re + i im) in floats, for |w| <= pi/3; a polynomial in w^2 by Knuth's recurrence.

    With x = w^2, s = 2 Re x and t = |x|^2, dividing by X^2 - s X + t costs two products a
    coefficient, half of Horner's rule in complex numbers (Knuth, TAOCP 2, section 4.6.4).
    """
    x_re = re * re - im * im
    x_im = 2.0 * re * im
    s = 2.0 * x_re
    t = x_re * x_re + x_im * x_im
    high: float = _FLOAT_COEFFICIENTS[_FLOAT_TERMS]
    low: float = _FLOAT_COEFFICIENTS[_FLOAT_TERMS - 1]
    for k in range(_FLOAT_TERMS - 2, -1, -1):
        high, low = low + s * high, _FLOAT_COEFFICIENTS[k] - t * high
    # polynomial(x) = high x + low
    return re * (high * x_re + low) - im * high * x_im - 0.25 * x_re


@compiled
def _li2_real_f64(minus_log_z: float, arg_z: float, minus_log_1z: float, arg_1z: float) -> float:
    if minus_log_z >= minus_log_1z:
        return debye_real_f64(minus_log_1z, arg_1z)
    reflected = debye_real_f64(minus_log_z, arg_z)
    return _PI * _PI / 6 - minus_log_z * minus_log_1z + arg_z * arg_1z - reflected


@compiled
def double_flag_f64(u1: float, u2: float, u3: float, u4: float) -> float:
    """T4 in floats by (D6): an estimate, off by 1e-15 at most (observed). nan if u1 u3 = 0."""
    if u1 == 0.0 or u3 == 0.0:
        return math.nan
    p = u1 * u3
    q = u2 * u4
    if q == 0.0:
        return 0.0
    sign = 1.0 if (p > 0.0) == (q > 0.0) else -1.0
    u1, u2, u3, u4, p, q = abs(u1), abs(u2), abs(u3), abs(u4), abs(p), abs(q)
    a, b, c, d = u1 * u1, u2 * u2, u3 * u3, u4 * u4
    ab, bc, cd = a + b, b + c, c + d
    p_plus_q = p + q
    s = math.sqrt(ab + c)
    t = math.sqrt(b + cd)
    alpha = math.atan(u2 / u1)
    beta = math.atan(u2 * s / p)
    gamma = math.atan(q / (u3 * t))
    scale = p_plus_q * p_plus_q / (4.0 * b)
    scale_bc = scale * bc / (c * (ab + cd))
    re_a = 0.5 * math.log(scale * ab / (a * cd))
    re_b = 0.5 * math.log(scale_bc * ab / a)
    re_c = 0.5 * math.log(scale_bc * cd / d)
    re_0 = math.log(p_plus_q / (2.0 * q))
    im_a = alpha - math.atan(u3 / u4)
    im_b = beta - math.atan(s / u4)
    im_c = gamma - math.atan(u1 / t)
    # -log|X|, without cancellation as X nears 1 or -1.
    less = min(p, q)
    log_x = -math.log1p(-2.0 * less / p_plus_q) if p != q else math.inf
    turn = 0.0 if p > q else _PI
    value = _li2_real_f64(log_x, 2.0 * alpha - turn, re_a, im_a)
    value -= _li2_real_f64(log_x, 2.0 * beta - turn, re_b, im_b)
    value += _li2_real_f64(log_x, 2.0 * gamma - turn, re_c, im_c)
    if p > q:
        value -= _li2_real_f64(log_x, 0.0, re_0, 0.0)
    else:
        value -= debye_real_f64(re_0, 0.0)
    value += alpha * (_PI - alpha) - beta * (_PI - beta) + gamma * (_PI - gamma)
    return sign * 0.5 * value
