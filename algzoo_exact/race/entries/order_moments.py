"""Moments of independent standard normals, given which is the largest and which the second.

Given the second largest value b, the largest is a normal above b, the others are normals below b,
all independent. So every moment is an integral over b, with density

    n (n - 1) phi(b) (1 - Phi(b)) Phi(b)^(n - 2).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.race.entries.normal import normal_cdf, normal_density

Floats = NDArray[np.float64]


def above(b: Floats) -> tuple[Floats, Floats]:
    """Mean and mean square of a standard normal above ``b``."""
    mean = normal_density(b) / normal_cdf(-b)
    return mean, 1 + b * mean


def below(b: Floats) -> tuple[Floats, Floats]:
    """Mean and mean square of a standard normal below ``b``."""
    mean, square = above(-b)
    return -mean, square


def second_values(n: int, count: int) -> tuple[Floats, Floats]:
    """Values of the second largest of ``n`` and their shares: a Gauss-Legendre rule on [-8, 8]."""
    nodes, shares = np.polynomial.legendre.leggauss(count)
    b = 8 * nodes
    shares = 8 * shares * n * (n - 1) * normal_density(b)
    return b, shares * normal_cdf(-b) * normal_cdf(b) ** (n - 2)


@lru_cache(maxsize=8)
def order_moments(n: int) -> tuple[Floats, Floats, NDArray[np.int_]]:
    """Exact means (m, n) and covariances (m, n, n) of the inputs on each of the m = n (n - 1)
    cells of 2nd argmax, and the cells' labels: to about 1e-13, by 200 nodes."""
    b, shares = second_values(n, 200)
    top, top_square = above(b)
    low, low_square = below(b)
    # Ranks 0, 1, 2: largest, second, another. Given b they are independent.
    values, squares = np.array([top, b, low]), np.array([top_square, b * b, low_square])
    rank_means = values @ shares
    rank_products = (values * shares) @ values.T
    rank_squares = squares @ shares
    cells = [(i, j) for i in range(n) for j in range(n) if i != j]
    ranks = np.array([[0 if k == i else 1 if k == j else 2 for k in range(n)] for i, j in cells])
    means = rank_means[ranks]
    products = rank_products[ranks[:, :, None], ranks[:, None, :]]
    products[:, range(n), range(n)] = rank_squares[ranks]
    covariances = products - means[:, :, None] * means[:, None, :]
    return means, covariances, np.array([j for _, j in cells])
