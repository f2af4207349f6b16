"""Integrals over full flags: what Schläfli's differential leaves of a cone's Gaussian measure.

A full flag of faces of a cone in R^n, and the unit vector u along which space is squashed, enter
through the components u1, u2, ... of u along the flag's orthonormal frame alone. With

    rho1 = u1^2 + u2^2,  rho2 = u3^2 + u4^2,  rho3 = u5^2 + u6^2,
    M1 = u2 / u1,        M2 = u4 / u3,        M3 = u6 / u5,
    s2(s) = sqrt(rho1 / (rho1 + rho2 (1 - s^2))),
    s3(t) = sqrt(rho2 / (rho2 + rho3 (1 - t^2))),

the double and the triple flag integral are

    T4 = integral over s in (0,1) of atan(M2 s2(s)) d atan(M1 s),
    T6 = integral over s in (0,1) of
             [integral over t in (0, s2(s)) of atan(M3 s3(t)) d atan(M2 t)] d atan(M1 s).

Both depend on ratios only, so u needn't be normalised and may have further components. T4 is
closed form in dilogarithms (Schläfli 1858; Coxeter 1935, "The functions of Schläfli and
Lobatschefsky"), T6 one quadrature with a proven error. docs/notes/squash-flow.md derives the
formulas; (D1) to (D7) and (T1) to (T6) below are its equations.

`double_flag` and `triple_flag` return enclosures: balls at the precision of `flint.ctx`, which
the caller sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from flint import arb, ctx

from algzoo_exact.measure.dilogarithm import (
    DilogarithmTables,
    debye,
    debye_real,
    dilogarithm_tables,
)

_PI = math.pi


def double_flag(u: Sequence[arb]) -> arb:
    """T4 of the balls u = (u1, u2, u3, u4): an enclosure, for every point of the balls.

    The radius is 50 to 330 units of 2^(-prec) (observed) for exact u of whatever size. u1 and u3
    must exclude zero (else ValueError). u2 and u4 may contain it: the enclosure is then the
    elementary (D7), as wide as |M1 M2|. So it is when the balls are too wide for the series.
    """
    u1, u2, u3, u4 = u
    negative = False
    if u1 < 0:
        u1 = -u1
        negative = True
    elif not u1 > 0:
        raise ValueError(_zero_message("u1", u1))
    if u3 < 0:
        u3 = -u3
        negative = not negative
    elif not u3 > 0:
        raise ValueError(_zero_message("u3", u3))
    if u2 < 0:
        u2 = -u2
        negative = not negative
    if u4 < 0:
        u4 = -u4
        negative = not negative
    value = _double_flag_closed(u1, u2, u3, u4) if u2 > 0 and u4 > 0 else None
    if value is None or not value.is_finite():
        value = _double_flag_crude(u1, u2, u3, u4)
    return -value if negative else value


def _zero_message(name: str, ball: arb) -> str:
    return (
        f"a flag integral needs {name} != 0, but its ball {ball} contains zero: "
        "raise flint.ctx.prec, or choose another squash direction"
    )


def _double_flag_crude(u1: arb, u2: arb, u3: arb, u4: arb) -> arb:
    # (D7): T4 = atan(M1) times a mean of atan(M2 s2), and s2 rises from s2(0) to s2(1) = 1.
    rho1 = u1 * u1 + u2 * u2
    slope = u4 / u3
    low = (slope * (rho1 / (rho1 + u3 * u3 + u4 * u4)).sqrt()).atan()
    if not low.is_finite():
        low = arb(0)  # s2 >= 0 will do
    return (u2 / u1).atan() * low.union(slope.atan())


def _double_flag_closed(u1: arb, u2: arb, u3: arb, u4: arb) -> arb | None:
    """(D6) for positive balls; None if they are too wide to choose a branch."""
    tables = dilogarithm_tables()
    a = u1 * u1
    b = u2 * u2
    c = u3 * u3
    d = u4 * u4
    ab = a + b
    bc = b + c
    cd = c + d
    p = u1 * u3
    q = u2 * u4
    p_plus_q = p + q
    s = (ab + c).sqrt()
    t = (b + cd).sqrt()
    # (D2): the orthoscheme's angles, and (D3): X.
    alpha = (u2 / u1).atan()
    beta = (u2 * s / p).atan()
    gamma = (q / (u3 * t)).atan()
    x = (p - q) / p_plus_q
    # (D4): -log|1 - z|, arg(1 - z) at z = X e^(2 i angle); (D5): and at z = X.
    scale = p_plus_q * p_plus_q / (4 * b)
    scale_bc = scale * bc / (c * (ab + cd))
    re_a = (scale * ab / (a * cd)).log() / 2
    re_b = (scale_bc * ab / a).log() / 2
    re_c = (scale_bc * cd / d).log() / 2
    re_0 = (p_plus_q / (2 * q)).log()
    im_a = alpha - (u3 / u4).atan()
    im_b = beta - (s / u4).atan()
    im_c = gamma - (u1 / t).atan()

    pi = tables.pi
    middle = float(x)
    if -0.5 < middle < 0.5:
        # |z| < 1/2, so Re z < 1/2 throughout.
        li_a = debye_real(re_a, im_a, tables)
        li_b = debye_real(re_b, im_b, tables)
        li_c = debye_real(re_c, im_c, tables)
        li_0 = debye(re_0, tables)
    else:
        # log z = log|X| + 2 i angle, less i pi if X < 0: in the upper or the lower half plane.
        positive = middle > 0
        turn = tables.zero if positive else pi
        log_x = (x if positive else -x).log()
        if not log_x.is_finite():
            return None
        log_x = -log_x
        li_a = _li2_real(log_x, 2 * alpha - turn, re_a, im_a, tables)
        li_b = _li2_real(log_x, 2 * beta - turn, re_b, im_b, tables)
        li_c = _li2_real(log_x, 2 * gamma - turn, re_c, im_c, tables)
        if positive:
            li_0 = debye(log_x, tables)
            if li_0 is not None:
                li_0 = tables.pi_squared_over_6 - log_x * re_0 - li_0
        else:
            li_0 = debye(re_0, tables)
    if li_a is None or li_b is None or li_c is None or li_0 is None:
        return None
    elementary = alpha * (pi - alpha) - beta * (pi - beta) + gamma * (pi - gamma)
    return (elementary + (li_a - li_b) + (li_c - li_0) + 4 * tables.tail) / 2


def _li2_real(
    minus_log_z: arb, arg_z: arb, minus_log_1z: arb, arg_1z: arb, tables: DilogarithmTables
) -> arb | None:
    """Re Li2(z) but for a tail, from |z|, arg z, |1 - z| and arg(1 - z), by either series.

    Both formulas hold at every z here; the choice only keeps |w| small, so a float decides.
    """
    if float(minus_log_z) >= float(minus_log_1z):
        return debye_real(minus_log_1z, arg_1z, tables)
    reflected = debye_real(minus_log_z, arg_z, tables)
    if reflected is None:
        return None
    return tables.pi_squared_over_6 - minus_log_z * minus_log_1z + arg_z * arg_1z - reflected


class _Strip(NamedTuple):
    """Constants of the strip |Im y| <= eta for one precision, all of them upper bounds (T5)."""

    eta: arb
    cos_squared: arb
    sup: arb
    """64/15 / cos^2(eta) times the bounds of |asin(mu tanh y)| and |atan(M3 k2)|."""


@lru_cache(maxsize=16)
def _strip(precision: int) -> _Strip:
    # eta near pi/2 widens the ellipse, but the bound grows like 1/cos^3(eta); any value from 1.3
    # to 1.45 needs about the same number of nodes.
    eta = arb(1.4)
    im_asin = eta.sin().atanh()
    cos_squared = eta.cos() ** 2
    sup_asin = ((arb.pi() / 2) ** 2 + im_asin**2).sqrt()
    sup_atan = ((arb.pi() / 2) ** 2 + (im_asin / 2) ** 2).sqrt()
    return _Strip(eta, cos_squared, arb(64) / 15 * sup_asin * sup_atan / cos_squared)


@lru_cache(maxsize=512)
def _gauss_legendre(nodes: int, precision: int) -> tuple[tuple[arb, arb], ...]:
    """Nodes and weights on (-1, 1), as balls at the context's precision."""
    return tuple(arb.legendre_p_root(nodes, k, weight=True) for k in range(nodes))


_PANEL = 4.0
"""Longest panel in y. Shorter ones need fewer nodes each, but more in all."""
_MOST_NODES = 400


def triple_flag(u: Sequence[arb], tolerance: float = 1e-15) -> arb:
    """T6 of the balls u = (u1, ..., u6): an enclosure, for every point of the balls.

    The radius is that of the arithmetic at `flint.ctx.prec` plus at most `tolerance` for the
    quadrature (absolute; at 64 bits the arithmetic alone reaches about 1e-17). u1, u3 and u5
    must exclude zero (else ValueError); u2, u4 and u6 may contain it.
    """
    if not tolerance > 0:
        raise ValueError(f"tolerance must be positive, not {tolerance}")
    u1, u2, u3, u4, u5, u6 = u
    for name, ball in (("u1", u1), ("u3", u3), ("u5", u5)):
        if not (ball > 0 or ball < 0):
            raise ValueError(_zero_message(name, ball))
    m1, m2, m3 = u2 / u1, u4 / u3, u6 / u5
    first = m1.atan()
    value = first * double_flag((u3, u4, u5, u6)) - _remainder(u, m1, m2, m3, tolerance)
    if not value.is_finite():
        # Balls too wide for (T2): T6 lies between 0 and the product of the whole arctangents.
        value = (first * m2.atan() * m3.atan()).union(arb(0))
    return value


def _remainder(u: Sequence[arb], m1: arb, m2: arb, m3: arb, tolerance: float) -> arb:
    """(T3), the integral left by parts, by Gauss-Legendre panels in y with the error (T6)."""
    u1, u2, u3, u4, u5, u6 = u
    a = u1 * u1
    b = u2 * u2
    rho1 = a + b
    rho2 = u3 * u3 + u4 * u4
    rho3 = u5 * u5 + u6 * u6
    rest = b + rho2 + rho3
    total = a + rest
    q1 = rho1 / total
    q12 = (rho1 + rho2) / total
    q23 = (rho2 + rho3) / total
    q3 = rho3 / total
    m2_squared = m2 * m2
    half = (a / rest).sqrt() / 2  # l = 2 half sinh y
    length = (1 / (2 * half)).asinh()
    prefactor = m2 * rho2 / total * half
    # (T4): k^2, k2^2 and k2^2 + M2^2 k^2 as A + B cosh^2 y.
    unit = a / rest
    a1, b1 = b / rest, q23 * unit
    a2, b2 = (b + rho2) / rest, q3 * unit
    a3, b3 = a2 + m2_squared * a1, b2 + m2_squared * b1

    precision = ctx.prec
    strip = _strip(precision)
    span = float(length)
    panels = max(1, math.ceil(span / _PANEL)) if math.isfinite(span) else 1
    h = length / (2 * panels)
    rate = (strip.eta / h).asinh()  # log of the ellipse's radius
    reach = (h * h + strip.eta * strip.eta).sqrt()  # its semi-axis along the panel
    decay = (-2 * rate).exp()
    scale = 4 * half * abs(prefactor) * h * strip.sup / (1 - decay)
    goal = tolerance / panels
    result = arb(0)
    for panel in range(panels):
        middle = h * (2 * panel + 1)
        near = middle - reach
        c_min = strip.cos_squared * (near.cosh() ** 2 if near > 0 else 1)
        c_max = (middle + reach).cosh() ** 2
        # (T5): each factor at the end of the panel where it is largest.
        bound = c_max / ((a1 + b1 * c_max) * (a2 + b2 * c_max)).sqrt() / (a3 + b3 * c_min)
        other = c_max / (a3 + b3 * c_max) / ((a1 + b1 * c_min) * (a2 + b2 * c_min)).sqrt()
        bound = bound.min(other) * scale * (1 + 1 / c_min).sqrt()
        nodes = _nodes_needed(float(bound), goal, float(rate))
        result += arb(0, (bound * decay**nodes).abs_upper())
        part = arb(0)
        for x, weight in _gauss_legendre(nodes, precision):
            e = (middle + h * x).exp()
            f = 1 / e
            ell = half * (e - f)
            square = ell * ell
            k_squared = q1 + q23 * square
            k2_squared = q12 + q3 * square
            k2 = k2_squared.sqrt()
            kk2 = (k_squared * k2_squared).sqrt()
            top = (m1 * ell * k2 / kk2).atan() * (m3 * k2).atan() * weight
            part += top * ell * (e + f) / (kk2 * (k2_squared + m2_squared * k_squared))
        result += prefactor * h * part
    return result


def _nodes_needed(bound: float, goal: float, rate: float) -> int:
    """The least n with bound e^(-2 n rate) <= goal, about; no claim rests on it."""
    if not (bound > goal and rate > 0.0):
        return 2
    return max(2, min(_MOST_NODES, math.ceil(math.log(bound / goal) / (2 * rate))))
