"""Mean squared errors of perceptrons with one hidden layer, for three to nine inputs.

Oracles, which share nothing with the flow. In closed form, for f = sum_i w_i relu(a_i.x):

    E[f^2] = sum_ij w_i w_j |a_i| |a_j| (sin t + (pi - t) cos t) / (2 pi),  t the angle of a_i, a_j
    E[f median] = sum_i w_i sum_k a_ik / (2 n),

the first by Cho and Saul (2009), the second because relu(y) = (y + |y|) / 2, the median is odd, and
the mean of the inputs, of variance 1/n, is independent of what the median differs from it by; and
E[median^2] is an integral over the density of order statistics. And samples, in numpy, within 5
standard errors.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import islice

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import dblquad, quad
from scipy.stats import norm
from support.perceptrons import random_mlp
from support.scores import along, by_cones

import algzoo_exact as az
from algzoo_exact.deadline import NEVER
from algzoo_exact.program.ir import mlp
from algzoo_exact.regions.starts import Start
from algzoo_exact.score.cones import Precision
from algzoo_exact.score.metric import Piece
from algzoo_exact.score.squared_error import SQUARED_ERROR

FLOATS = Precision(100, Fraction(1, 10**16), True, None)
SAMPLES, BATCH = 10**7, 10**6


def square_of_median(n: int) -> float:
    """E[median^2] of n standard normal numbers, to about 1e-12."""
    k = (n - 1) // 2  # below the middle one, or the middle two
    if n % 2:
        count = math.factorial(n) / math.factorial(k) ** 2
        found, _ = quad(
            lambda x: count * x * x * norm.pdf(x) * (norm.cdf(x) * norm.sf(x)) ** k, -12, 12,
            epsabs=1e-14,
        )  # fmt: skip
        return float(found)
    count = math.factorial(n) / math.factorial(k) ** 2

    def density(y: float, x: float) -> float:
        middle = count * norm.pdf(x) * norm.pdf(y) * norm.cdf(x) ** k * norm.sf(y) ** k
        return float(middle * (x + y) ** 2 / 4)

    found, _ = dblquad(density, -9, 9, lambda x: x, 9, epsabs=1e-10)
    return float(found)


def in_closed_form(program: az.Program) -> float:
    a = np.array(program.layers[0].input, np.float64)
    w, n = np.array(program.readout[0], np.float64), program.seq_len
    lengths = np.linalg.norm(a, axis=1)
    products = np.outer(lengths, lengths)
    cosine = np.clip(a @ a.T / products, -1, 1)
    angle = np.arccos(cosine)
    both = products * (np.sin(angle) + (math.pi - angle) * cosine) / (2 * math.pi)
    return float(w @ both @ w - w @ a.sum(1) / n) + square_of_median(n)


def two_sums(n: int) -> az.Program:
    """2 relu(s) - 3 relu(-s), s a half of the sum of the inputs: the same for each order."""
    half = Fraction(1, 2)
    return mlp([[[half] * n, [-half] * n], [[2, -3]]])


def pieces(program: az.Program) -> list[Piece]:
    return list(SQUARED_ERROR.pieces(program, az.tasks.median(program.seq_len), NEVER))


def added(program: az.Program, piece: Piece, count: int) -> list[az.Enclosure]:
    """What a value cell adds, along so many directions."""
    task = az.tasks.median(program.seq_len)
    found = islice(SQUARED_ERROR.directions(program, task), count)
    return [along(SQUARED_ERROR, program, task, None, u, piece, FLOATS) for u in found]


@pytest.mark.parametrize(("n", "d"), [(3, 3), (5, 2), pytest.param(7, 1, marks=pytest.mark.slow)])
def test_whole_scores(n: int, d: int) -> None:
    program = random_mlp(np.random.default_rng(n), n, d, 1)
    found = by_cones(program, az.tasks.median(n))
    assert found.kind == "exact"
    assert found.enclosure.width < 1e-8
    assert abs(found.value - in_closed_form(program)) < 1e-8


@pytest.mark.slow
@pytest.mark.parametrize("n", [8, 9])
def test_each_value_cell_has_its_share_where_order_does_not_matter(n: int) -> None:
    program = two_sums(n)
    cells = pieces(program)
    for piece in (cells[0], cells[len(cells) // 2]):
        (found,) = added(program, piece, 1)
        assert found.width * len(cells) < 1e-6
        assert abs(float(found.midpoint) * len(cells) - in_closed_form(program)) < 1e-6


@pytest.mark.slow
def test_a_value_cell_of_a_random_perceptron() -> None:
    """Nine inputs. Two directions agree within their radii, and so do samples from the cell."""
    program = random_mlp(np.random.default_rng(29), 9, 2, 1)
    cells = pieces(program)
    one, other = added(program, cells[3], 2)
    both = one.intersect(other)
    assert both.width * len(cells) < 1e-6
    mean, error = sampled(program, cells[3].starts[0])
    assert abs(float(both.midpoint) * len(cells) - mean) < 5 * error


def sampled(program: az.Program, start: Start) -> tuple[float, float]:
    """The mean of the squared error on a start's value cell, and its standard error."""
    a, w = (np.array(m, np.float64) for m in (program.layers[0].input, program.readout[0]))
    rng, sums = np.random.default_rng(0), np.zeros(2)
    for _ in range(SAMPLES // BATCH):
        x = moved(rng.standard_normal((BATCH, program.seq_len)), start)
        squares = (np.maximum(x @ a.T, 0) @ w - np.median(x, axis=1)) ** 2
        sums += squares.sum(), (squares**2).sum()
    mean, second = sums / SAMPLES
    return float(mean), float(np.sqrt((second - mean**2) / SAMPLES))


def moved(x: NDArray[np.float64], start: Start) -> NDArray[np.float64]:
    """Inputs, an odd number, permuted into the value cell: which are below the middle one, which
    it is, and which are above."""
    n, k = x.shape[1], x.shape[1] // 2
    ranks, order = x.argsort(1).argsort(1), np.argsort(start.cone.interior_point())
    found = np.empty_like(x)
    for low, high in ((0, k), (k, k + 1), (k + 1, n)):
        group = (ranks >= low) & (ranks < high)
        found[:, order[low:high]] = x[group].reshape(len(x), high - low)
    return found
