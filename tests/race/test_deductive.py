"""Entries that deduce an accuracy from the weights, and the Gaussian moments that they use.

Oracles: one-dimensional integrals by scipy, closed forms (arc-cosine, order statistics), laws of
total expectation, the exact engine, and plain loops.
"""

from __future__ import annotations

from itertools import permutations
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

import algzoo_exact as az
from algzoo_exact.program.task import Task
from algzoo_exact.race.entries.deductive import Compute, Weights, cost
from algzoo_exact.race.entries.gaussian_relu import gate_probability, relu_covariance, relu_mean
from algzoo_exact.race.entries.gmhp import pruned_mixture
from algzoo_exact.race.entries.half_spaces import Pieces, label_pieces, right_mass, split
from algzoo_exact.race.entries.order_moments import order_moments
from algzoo_exact.race.entries.propagation import (
    BY_CELL,
    ONCE,
    propagated_accuracy,
    propagated_moments,
)
from algzoo_exact.race.entries.top_inputs import LAG_COUNTS, mean_field
from algzoo_exact.race.registry import estimator

DEDUCTIONS: dict[str, tuple[Compute, tuple[int, ...]]] = {
    "gmhp": (pruned_mixture, (1, 3, 10)),
    "covariance": (propagated_accuracy, (ONCE, BY_CELL)),
    "mean-field": (mean_field, LAG_COUNTS),
}


def relu_covariance_by_integral(a: float, b: float, r: float) -> float:
    """Unit variances, means a and b, correlation r: integrate E[relu(Z) | Y] over Y."""
    s = sqrt(1 - r * r)

    def weighted(y: float) -> float:
        m = b + r * (y - a)
        inner = m * stats.norm.cdf(m / s) + s * stats.norm.pdf(m / s)
        return float(y * inner * stats.norm.pdf(y - a))

    breaks = sorted({max(a, 0.01), max(a - b / r, 0.01)})
    both = integrate.quad(weighted, 0, max(a, 0) + 12, points=breaks, epsabs=1e-13, limit=300)[0]
    means = [m * stats.norm.cdf(m) + stats.norm.pdf(m) for m in (a, b)]
    return float(both - means[0] * means[1])


@pytest.mark.parametrize("r", [-0.99, -0.9, -0.3, 0.2, 0.6, 0.9, 0.99])
@pytest.mark.parametrize(("a", "b"), [(0.0, 0.0), (1.5, -0.7), (-2.0, 0.4), (3.0, 2.5)])
def test_relu_covariance(a: float, b: float, r: float) -> None:
    """Against scipy's integral, with the bounds that ``NODES`` states."""
    scale = np.array([2.0, 0.5])
    covariance = np.array([[1, r], [r, 1]]) * np.outer(scale, scale)
    found = relu_covariance((np.array([a, b]) * scale)[None], covariance[None])[0, 0, 1]
    bound = 1e-8 if abs(r) <= 0.9 else 1e-5
    assert abs(found - relu_covariance_by_integral(a, b, r)) < bound


@given(st.floats(-1, 1))
def test_relu_covariance_without_means(r: float) -> None:
    """The arc-cosine formula of Cho and Saul."""
    second = (sqrt(1 - r * r) + r * (pi - np.arccos(r))) / (2 * pi)
    found = relu_covariance(np.zeros((1, 2)), np.array([[[1, r], [r, 1]]]))[0, 0, 1]
    assert abs(found - (second - 1 / (2 * pi))) < 1e-9


def test_relu_moments_of_one_number() -> None:
    """Against scipy's expectations; a deviation of 0 is no random number."""
    mean, deviation = np.array([0.7, -1.2, 2.0, -2.0]), np.array([1.5, 0.4, 0.0, 0.0])
    for m, s, first, gate in zip(
        mean, deviation, relu_mean(mean, deviation), gate_probability(mean, deviation), strict=True
    ):
        if s:
            assert abs(first - stats.norm(m, s).expect(lambda x: x, lb=0)) < 1e-10
            assert abs(gate - stats.norm(m, s).sf(0)) < 1e-14
        else:
            assert (first, gate) == (max(m, 0), m > 0)
    some = relu_covariance(mean[None], np.diag(deviation**2)[None])[0]
    square = stats.norm(0.7, 1.5).expect(lambda x: x * x, lb=0)
    assert abs(some[0, 0] - (square - relu_mean(0.7, 1.5) ** 2)) < 1e-8
    assert not some[2:].any()


vectors = st.lists(st.floats(-2, 2), min_size=3, max_size=3).map(np.array)


@given(vectors, vectors, st.lists(vectors, min_size=3, max_size=3))
def test_a_cut_keeps_total_moments(normal: np.ndarray, mean: np.ndarray, root: list) -> None:
    """Both sides together have the mass, mean and covariance of the whole."""
    covariance = np.array(root) @ np.array(root).T + np.eye(3)
    sides = split(Pieces(np.ones(1), mean[None], covariance[None]), normal[None])
    assert abs(sum(side.mass[0] for side in sides) - 1) < 1e-12
    total = sum(side.mass[0] * side.mean[0] for side in sides)
    np.testing.assert_allclose(total, mean, atol=1e-9)
    squares = [s.mass[0] * (s.covariance[0] + np.outer(s.mean[0], s.mean[0])) for s in sides]
    np.testing.assert_allclose(sum(squares), covariance + np.outer(mean, mean), atol=1e-8)


def test_a_cut_is_a_truncated_normal() -> None:
    """Along the normal, against scipy's truncated normal; across it nothing changes."""
    start = Pieces(np.ones(1), np.array([[0.3, 5.0]]), np.diag([4.0, 9.0])[None])
    on, off = split(start, np.array([[2.0, 0.0]]))
    for side, bounds in ((on, (-0.15, np.inf)), (off, (-np.inf, -0.15))):
        expected = stats.truncnorm(*bounds, loc=0.3, scale=2)
        np.testing.assert_allclose(side.mean[0], [expected.mean(), 5.0], rtol=1e-12)
        np.testing.assert_allclose(side.covariance[0], np.diag([expected.var(), 9.0]), rtol=1e-11)
    assert split(start, np.zeros((1, 2)))[0].mass[0] == 0
    certain = Pieces(np.ones(1), np.array([[0.3, 5.0]]), np.diag([0.0, 9.0])[None])
    for sign, masses in ((1.0, [1, 0]), (-1.0, [0, 1])):
        sides = split(certain, np.array([[sign, 0.0]]))
        assert [side.mass[0] for side in sides] == masses
        assert all((side.mean == certain.mean).all() for side in sides)
    far = split(start._replace(mean=np.array([[-500.0, 5.0]])), np.array([[1.0, 0.0]]))[0]
    assert far.mass[0] == 0
    assert np.isfinite(far.mean).all()


def test_identical_logits_go_to_the_lower_index() -> None:
    pieces = Pieces(np.ones(2), np.zeros((2, 2)), np.tile(np.eye(2), (2, 1, 1)))
    same = np.ones((2, 2, 2))
    assert right_mass(pieces, same, np.array([0, 1])).tolist() == [1.0, 0.0]


@pytest.mark.parametrize("n", [2, 3, 10])
def test_order_moments(n: int) -> None:
    """All cells together are standard normal inputs; for n = 2, 3 the largest has a closed form."""
    means, covariances, labels = order_moments(n)
    assert len(means) == n * (n - 1)
    np.testing.assert_allclose(means.mean(axis=0), 0, atol=1e-12)
    squares = covariances + means[:, :, None] * means[:, None, :]
    np.testing.assert_allclose(squares.mean(axis=0), np.eye(n), atol=1e-12)
    largest = {2: 1 / sqrt(pi), 3: 1.5 / sqrt(pi)}
    if n in largest:
        np.testing.assert_allclose(means.max(axis=1), largest[n], rtol=1e-12)
    ranked = means.argsort(axis=1)
    if n > 2:
        assert (ranked[:, -2] == labels).all()


def gmhp_by_loops(weights: Weights, task: Task, size: int) -> float:
    """Pieces one by one, with scipy's normal distribution; 2nd argmax only.

    As published, the label's input is compared with the others by their indices.
    """

    def cut(piece: tuple, a: np.ndarray) -> tuple:
        mass, m, s = piece
        deviation = sqrt(a @ s @ a)
        alpha = a @ m / deviation
        ratio = stats.norm.pdf(alpha) / stats.norm.cdf(alpha)
        step = s @ a / deviation
        shrunk = s - np.outer(step, step) * ratio * (ratio + alpha)
        return mass * stats.norm.cdf(alpha), m + step * ratio, shrunk

    w_hi, w_hh, w_oh = weights
    n, mixture = task.seq_len, []
    unit = np.eye(n)
    for top, label in permutations(range(n), 2):
        piece = (1.0, np.zeros(n), np.eye(n))
        for other in range(n):
            if other != label:
                wall = unit[label] - unit[other]
                piece = cut(piece, -wall if other == top else wall)
        mixture.append((piece, np.zeros((len(w_hi), n)), label))
    for step in range(n):
        mixture = [(p, w_hh @ h + np.outer(w_hi, np.eye(n)[step]), k) for p, h, k in mixture]
        for neuron in range(len(w_hi)):
            halves = []
            for piece, h, label in mixture:
                halves.append((cut(piece, h[neuron]), h, label))
                off = h * (np.arange(len(h)) != neuron)[:, None]
                halves.append((cut(piece, -h[neuron]), off, label))
            mixture = sorted(halves, key=lambda part: -part[0][0])[:size]
    right = 0.0
    for piece, h, label in mixture:
        left = piece
        for k in range(n):
            margin = (w_oh[label] - w_oh[k]) @ h
            if margin.any():
                left = cut(left, margin)
            elif k < label:  # all logits are 0: the lowest index wins
                left = (0.0, *left[1:])
        right += left[0]
    return right / sum(piece[0] for piece, _, _ in mixture)


@pytest.mark.parametrize(("n", "size"), [(3, 40), (3, 1000), (4, 60)])
def test_gmhp(n: int, size: int) -> None:
    """Four inputs too, where the order of the first cuts matters."""
    random = np.random.default_rng(3)
    weights = Weights(*(random.normal(size=shape) for shape in ((2,), (2, 2), (n, 2))))
    task = az.tasks.second_argmax(n)
    assert abs(pruned_mixture(weights, task, size) - gmhp_by_loops(weights, task, size)) < 1e-12


def test_initial_pieces() -> None:
    """By symmetry all have one mass. After x_0 > x_1, a half, x_1 has mean -1/sqrt(pi) and
    variance 1 - 1/pi, so that P(x_1 > x_2) is found to be Phi(-1/sqrt(pi) / sqrt(2 - 1/pi))."""
    pieces, labels = label_pieces(az.tasks.second_argmax(3))
    assert sorted(labels.tolist()) == [0, 0, 1, 1, 2, 2]
    expected = stats.norm.cdf(-1 / sqrt(pi) / sqrt(2 - 1 / pi)) / 2
    np.testing.assert_allclose(pieces.mass, expected, rtol=1e-12)


def test_propagation_without_clipping_is_linear() -> None:
    """With means so far above 0 that no ReLU clips, moments are those of a linear map."""
    random = np.random.default_rng(1)
    w_hi, w_hh = random.uniform(0.5, 1, 3), random.uniform(0.1, 0.3, (3, 3))
    w_oh, root = random.normal(size=(4, 3)), random.normal(size=(4, 4))
    covariance = root @ root.T / 10
    mean = np.full(4, 40.0)
    slope = np.zeros((3, 4))
    for step in range(4):
        slope = w_hh @ slope
        slope[:, step] += w_hi
    slope = w_oh @ slope
    logit, spread, across = propagated_moments(
        Weights(w_hi, w_hh, w_oh), mean[None], covariance[None]
    )
    np.testing.assert_allclose(logit[0], slope @ mean, rtol=1e-10)
    np.testing.assert_allclose(spread[0], slope @ covariance @ slope.T, atol=1e-6)
    np.testing.assert_allclose(across[0], slope @ covariance, atol=1e-9)


def test_propagation_of_one_step() -> None:
    """After one input the logits of +x and -x are exact: Var relu(x) = (1 - 1/pi) / 2."""
    weights = Weights(np.array([1.0, -1.0]), np.zeros((2, 2)), np.eye(2))
    logit, spread, across = propagated_moments(weights, np.zeros((1, 1)), np.ones((1, 1, 1)))
    np.testing.assert_allclose(logit[0], 1 / sqrt(2 * pi))
    both = [[(1 - 1 / pi) / 2, -1 / (2 * pi)], [-1 / (2 * pi), (1 - 1 / pi) / 2]]
    np.testing.assert_allclose(spread[0], both, atol=1e-8)
    np.testing.assert_allclose(across[0, :, 0], [0.5, -0.5])


def test_propagation_knows_a_constant_answer() -> None:
    """Logits that always name index 0 are right where it is second: in 1 of 3 cases."""
    weights = Weights(np.array([1.0, -1.0]), np.zeros((2, 2)), np.array([[1.0, 1], [0, 0], [0, 0]]))
    assert abs(propagated_accuracy(weights, az.tasks.second_argmax(3), ONCE) - 1 / 3) < 0.12


@pytest.mark.parametrize("name", DEDUCTIONS)
def test_costs_are_known_before(name: str) -> None:
    """The cost measured on other weights is what the run is charged, and decides the size."""
    model = az.load("2nd_argmax_4_3")
    task, entry = az.tasks.second_argmax(3), estimator(name)
    compute, sizes = DEDUCTIONS[name]
    assert entry.fits(model.network, task) is None
    for size in sizes:
        flops = cost(compute, 4, task, size)
        found = entry.estimate(model.network, task, flops, seed=0)
        assert found is not None
        assert (found.flops, found.kind) == (flops, "deductive")
        assert cost(compute, 4, task, int(found.details["size"])) == flops
        assert 0 <= found.value <= 1
    assert entry.estimate(model.network, task, cost(compute, 4, task, sizes[0]) - 1, 0) is None
