"""Moments of ReLUs of jointly Gaussian numbers.

With Z ~ N(m, s^2), alpha = m / s, and phi and Phi the normal density and distribution function,

    E relu(Z) = m Phi(alpha) + s phi(alpha),      Cov(relu(Z), Y) = Phi(alpha) Cov(Z, Y)

for Y jointly Gaussian with Z (Stein's lemma). For two of them with correlation r, Price's theorem
gives d/dr E relu(Y) relu(Z) = s_Y s_Z P(Y > 0, Z > 0), and once more the bivariate density; so

    Cov(relu(Y), relu(Z)) = s_Y s_Z [ r Phi(a) Phi(b)
        + 1/(2 pi) int_0^{arcsin r} (r - sin t) exp(-(a^2 + b^2 - 2 a b sin t) / (2 cos^2 t)) dt ],

the arc-cosine formula (Cho and Saul, 2009) where a = b = 0. The integral is taken by
Gauss-Legendre's rule with ``NODES`` nodes.
"""

from __future__ import annotations

from math import tau
from typing import Any

import numpy as np

from algzoo_exact.race.entries.normal import normal_cdf, normal_density

NODES = 8
"""Nodes of the rule: errors below 1e-5 s_Y s_Z, and below 1e-8 s_Y s_Z where |r| <= 0.9 (seen for
means within 3 s)."""


def relu_mean(mean: Any, deviation: Any) -> Any:
    """E relu(Z) for each element; a deviation of 0 is allowed."""
    alpha = mean / np.where(deviation > 0, deviation, 1.0)
    smooth = mean * normal_cdf(alpha) + deviation * normal_density(alpha)
    return np.where(deviation > 0, smooth, np.maximum(mean, 0.0))


def gate_probability(mean: Any, deviation: Any) -> Any:
    """P(Z > 0) for each element; a deviation of 0 is allowed."""
    alpha = mean / np.where(deviation > 0, deviation, 1.0)
    return np.where(deviation > 0, normal_cdf(alpha), mean > 0)


def relu_covariance(mean: Any, covariance: Any) -> Any:
    """Cov(relu(Z_j), relu(Z_k)) of Gaussians with ``mean`` (m, d), ``covariance`` (m, d, d)."""
    d = mean.shape[1]
    rows, columns = np.triu_indices(d)
    variance = covariance[:, range(d), range(d)]
    constant = variance <= 0
    deviation = np.sqrt(np.where(constant, 1.0, variance))
    alpha = mean / deviation
    gate = np.where(constant, mean > 0, normal_cdf(alpha))
    a, b = alpha[:, rows], alpha[:, columns]
    scale = deviation[:, rows] * deviation[:, columns]
    ratio = np.minimum(np.maximum(covariance[:, rows, columns] / scale, -1.0), 1.0)
    found = ratio * gate[:, rows] * gate[:, columns]
    end = np.arcsin(ratio)
    squares, product = a * a + b * b, a * b * 2.0
    nodes, shares = np.polynomial.legendre.leggauss(NODES)
    for node, share in zip((nodes + 1) / 2, shares / 2, strict=True):
        sine = np.sin(end * node)
        # cos^2 is 0 where r = 1 and the node is at the end, which it never is.
        exponent = (squares - product * sine) / ((1.0 - sine * sine) * -2.0)
        found = found + (ratio - sine) * np.exp(exponent) * end * (share / tau)
    found = np.where(constant[:, rows] | constant[:, columns], 0.0, found * scale)
    full = np.zeros_like(covariance)
    full[:, rows, columns] = found
    full[:, columns, rows] = found
    return full
