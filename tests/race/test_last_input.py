"""Exact integration over the last input and the radius, and the entry built on it.

Oracles: scipy's Student t; plain evaluation of the network on a fine grid of quantiles; numbers
that count their own operations; moments of uniform directions; the exact engine.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import permutations
from math import ceil, log2
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

import algzoo_exact as az
from algzoo_exact.race.entries import last_input_kernel as kernel
from algzoo_exact.race.entries.directions import bent, directions, reach
from algzoo_exact.race.entries.last_input import LAST_INPUT
from algzoo_exact.race.entries.pieces_kernel import accuracies, planted

Floats = NDArray[np.float64]
Weights = tuple[Floats, Floats, Floats]
FOREVER = 1 << 60


@pytest.mark.parametrize("m", [1, 2, 3, 4, 7, 9, 10, 31])
def test_the_distribution_is_students(m: int) -> None:
    """Sums of up to 15 terms: 1e-14 is room enough for rounding."""
    for x in (-5.0, -0.7, 0.0, 0.3, 2.0):
        assert kernel.student(x, m) == pytest.approx(stats.t.cdf(x * m**0.5, m), abs=1e-14)
    assert (kernel.student(-np.inf, m), kernel.student(np.inf, m)) == (0, 1)


@pytest.mark.parametrize("m", [2, 3, 9, 31, 60])
def test_reach(m: int) -> None:
    beyond = stats.t.sf(reach(m) * m**0.5, m)
    assert beyond <= 2.0**-24 * (1 + 1e-6)
    assert reach(m) == 2 or beyond >= 2.0**-24 * (1 - 1e-6)


def draw(d: int, n: int, seed: int, zeros: float = 0.0) -> Weights:
    """Random weights; input weights are 0 with the chance ``zeros``."""
    rng = np.random.default_rng(seed)
    w_in, w_hh, w_out = (rng.standard_normal(shape) for shape in ((d,), (d, d), (n, d)))
    w_in[rng.random(d) < zeros] = 0
    return w_in, w_hh / d**0.5, w_out


def lines(weights: Weights, points: Floats) -> tuple[Floats, int]:
    """The kernel's accuracies along the last input for unit vectors, and their cost."""
    w_in, w_hh, w_out = weights
    m = points.shape[1]
    order = np.ascontiguousarray(np.argsort(-points, axis=1)[:, :2])
    ends = stats.t.cdf(np.take_along_axis(points, order, 1) * m**0.5, m)
    bends, first, second, _ = kernel.early_steps(w_in, w_hh)
    out = np.empty(len(points))
    tables = planted(bends, first, second, 0, shared=False), kernel.contrasts(w_in, w_out)
    done, flops = accuracies(w_in, w_hh, *tables, points, order, ends, reach(m), FOREVER, out)
    assert done == len(points)
    return out, flops


def sphere(m: int, count: int, seed: int) -> Floats:
    x = np.random.default_rng(seed).standard_normal((count, m))
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def states(weights: Weights, u: Floats) -> list[Floats]:
    """h[0], h[1], .. for the inputs in ``u``, by plain evaluation."""
    w_in, w_hh, _ = weights
    h, found = np.zeros(len(w_in)), []
    for x in u:
        h = np.maximum(0, w_hh @ h + w_in * x)
        found.append(h)
    return found


GRID = 20_000


@lru_cache
def grid(m: int) -> Floats:
    """Middle quantiles of the last input over the norm of m others."""
    quantiles: Floats = stats.t.ppf((np.arange(GRID) + 0.5) / GRID, m) / m**0.5
    return quantiles


def by_grid(weights: Weights, u: Floats) -> float:
    """The share of the grid's last inputs that are answered rightly."""
    m = len(u)
    w_in, w_hh, w_out = weights
    x = grid(m)
    last = np.maximum(0, (w_hh @ states(weights, u)[-1])[:, None] + np.outer(w_in, x))
    second, first = np.argsort(u)[-2:]
    labels = np.where(x < u[second], second, np.where(x < u[first], m, first))
    return float(((w_out @ last).argmax(0) == labels).mean())


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(3, 8), st.integers(0, 10**6))
@example(1, 3, 0)
@example(16, 10, 1)
def test_lines_agree_with_a_grid(d: int, n: int, seed: int) -> None:
    """The answer changes between right and wrong at most (d + 3) n times, by 1 / GRID each."""
    weights = draw(d, n, seed)
    points = sphere(n - 1, 5, seed)
    exact, _ = lines(weights, points)
    for u, value in zip(points, exact, strict=True):
        assert value == pytest.approx(by_grid(weights, u), abs=(d + 3) * n / GRID)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(3, 5), st.integers(0, 10**6))
def test_neurons_without_input_weight_and_dead_states(d: int, n: int, seed: int) -> None:
    """Where all neurons are off, all logits are 0 and the lowest index wins."""
    weights = draw(d, n, seed, zeros=0.4)
    points = sphere(n - 1, 5, seed)
    exact, _ = lines(weights, points)
    for u, value in zip(points, exact, strict=True):
        assert value == pytest.approx(by_grid(weights, u), abs=(d + 3) * n / GRID)


def test_a_wrong_weight_would_be_noticed() -> None:
    """The grid's tolerance is far below what a small change of one weight does."""
    weights = draw(8, 5, 3)
    points = sphere(4, 20, 3)
    exact, _ = lines(weights, points)
    weights[1][0, 0] += 0.5
    grid = np.array([by_grid(weights, u) for u in points])
    assert abs(exact - grid).max() > 100 / GRID


class Tally(float):
    """A float that counts the operations that it is in."""

    total = 0

    def _counted(self, value: Any) -> Any:
        Tally.total += 1
        return value if isinstance(value, bool) else Tally(value)


def _counting(name: str) -> Any:
    plain = getattr(float, name)
    return lambda self, *others: self._counted(plain(self, *others))


for _name in ("add", "sub", "mul", "truediv", "radd", "rsub", "rmul", "rtruediv", "neg", "abs"):
    setattr(Tally, f"__{_name}__", _counting(f"__{_name}__"))
for _name in ("lt", "le", "gt", "ge", "eq"):
    setattr(Tally, f"__{_name}__", _counting(f"__{_name}__"))


def _objects(values: Any) -> Any:
    return np.vectorize(Tally, otypes=[object])(np.asarray(values, float))


@pytest.mark.parametrize("seed", range(6))
def test_operations_are_those_of_numbers_that_count(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The walk along the last input, run by Python on such numbers. They also count the label's
    lead over itself, which is 0: of k logits, k instead of k - 1 each time. The kernel
    charges a few comparisons for each neuron and piece even where it skips some of them."""
    d, n = 8, 10
    weights = draw(d, n, seed)
    u = sphere(n - 1, 1, seed)[0]
    order, limit = np.argsort(-u)[:2], reach(n - 1)
    a = weights[1] @ states(weights, u)[-1]
    ends = np.array([kernel.student(u[i], n - 1) for i in order])
    far = weights[0] * limit
    tables = kernel.contrasts(weights[0], weights[2])
    value, declared = kernel.along(a, weights[0], far, tables, u, order, ends, limit)

    def student(x: float, m: int) -> Tally:
        Tally.total += kernel.student_cost(m)
        return Tally(distribution(float(x), m))

    distribution = kernel.student
    arrays = SimpleNamespace(
        zeros=lambda size: _objects(np.zeros(size)),
        empty=lambda size, kind=float: _objects(np.zeros(size)) if kind is float else [0] * size,
        int64=int,
        bool_=bool,
    )
    monkeypatch.setattr(kernel, "np", arrays)
    monkeypatch.setattr(kernel, "student", student)
    monkeypatch.setattr(kernel, "_ahead", kernel._ahead.py_func)  # type: ignore[attr-defined]
    Tally.total = 0
    by_hand, _ = kernel.along.py_func(  # type: ignore[attr-defined]
        _objects(a), weights[0].tolist(), far, tables, u.tolist(), order, ends.tolist(), limit
    )
    assert float(by_hand) == pytest.approx(value, abs=1e-12)
    assert Tally.total * (n - 1) / n <= declared <= Tally.total * 1.15


@pytest.mark.parametrize(("d", "n"), [(1, 3), (4, 3), (8, 5), (16, 10)])
def test_operations_of_the_steps(d: int, n: int) -> None:
    """Two early steps by the table, then 3 d for each step and 2 d for each neuron that is on."""
    weights = draw(d, n, d)
    for u in sphere(n - 1, 20, 5):
        found = states(weights, u)
        steps = 3 * d + ceil(log2(d + 1)) + 3
        steps += sum(3 * d + 2 * d * int((h > 0).sum()) for h in found[2:])
        order, limit = np.argsort(-u)[:2], reach(n - 1)
        ends = stats.t.cdf(u[order] * (n - 1) ** 0.5, n - 1)
        tables = kernel.contrasts(weights[0], weights[2])
        a = weights[1] @ found[-1]
        far = weights[0] * limit
        _, walk = kernel.along(a, weights[0], far, tables, u, order, ends, limit)
        flops = lines(weights, u[None])[1]
        assert abs(flops - steps - walk) <= d  # bends that are equal but for rounding are sorted
        assert flops <= kernel.dearest(d, n - 1)


@pytest.mark.parametrize("m", [2, 3, 4, 9])
def test_directions_are_uniform_with_their_weights(m: int) -> None:
    """Weighted moments of one chunk of 2^13 points or more against those of the uniform sphere:
    sums of random points would be off by 3 / sqrt(2^13) = 0.033 at three standard errors."""
    chunk = directions(m, 5, 1)
    u, w = chunk.points, chunk.weights
    assert np.allclose((u**2).sum(1), 1)
    assert w.mean() == pytest.approx(1, abs=0.01)
    products = (w[:, None] * u).T @ u / len(u)
    assert products == pytest.approx(np.eye(m) / m, abs=0.01)
    assert w @ u / len(u) == pytest.approx(np.zeros(m), abs=0.01)
    fourth = 3 / (m * (m + 2))
    assert w @ u**4 / len(u) == pytest.approx(np.full(m, fourth), abs=0.01)
    for first, second in permutations(range(m), 2):
        here = (chunk.order == (first, second)).all(1)
        assert (w * here).mean() == pytest.approx(1 / (m * (m - 1)), abs=0.01)
    falling = -np.sort(-u, axis=1)
    assert (np.take_along_axis(u, chunk.order, 1) == falling[:, :2]).all()
    assert chunk.ends == pytest.approx(stats.t.cdf(falling[:, :2] * m**0.5, m), abs=1e-13)


def test_bent_numbers_have_their_weights_inverse_as_density() -> None:
    u = (np.arange(100_000) + 0.5) / 100_000
    bend, weight = bent(u)
    assert (np.diff(bend) > 0).all()
    assert 0 < bend[0] < bend[-1] < 1
    for power in range(4):  # moments of a uniform number
        assert (weight * bend**power).mean() == pytest.approx(1 / (power + 1), abs=1e-8)


@pytest.mark.parametrize("name", ["2nd_argmax_4_3", "2nd_argmax_4_4"])
def test_the_mean_over_seeds_is_the_accuracy(name: str) -> None:
    """Against the exact engine: five standard errors of 16 seeds' mean (Student's t with 15 degrees
    of freedom: a false alarm in 6,000)."""
    model = az.load(name)
    exact = next(az.accuracies([model.program], model.task)).value
    found = []
    for seed in range(16):
        estimate = LAST_INPUT.estimate(model.program, model.task, 2e5, seed)
        assert estimate is not None
        assert estimate.kind == "cubature"
        found.append(estimate.value)
    error = np.std(found, ddof=1) / 4
    assert abs(np.mean(found) - exact) < 5 * error + 2.0**-23
    assert error < 1e-3
