"""Linear pieces shared between points, and the entries built on them.

Oracles: plain evaluation of the network, step by step; ``last-input`` and ``sampling-thrifty``,
which share nothing, on the same points; a second tree, grown by hand in Python, that says which
points pay for what.
"""

from __future__ import annotations

from math import ceil, log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import algzoo_exact as az
from algzoo_exact.program.floats import rounded_weights
from algzoo_exact.race.entries import pieces_kernel as pieces
from algzoo_exact.race.entries.designs import random_chunk
from algzoo_exact.race.entries.directions import directions, reach
from algzoo_exact.race.entries.last_input import LAST_INPUT, LAST_INPUT_PIECES
from algzoo_exact.race.entries.last_input_kernel import contrasts, early_steps

Floats = NDArray[np.float64]
FOREVER = 1 << 60


def draw(d: int, n: int, seed: int, zeros: float = 0.0) -> tuple[Floats, Floats, Floats]:
    """Random weights; input weights are 0 with the chance ``zeros``."""
    rng = np.random.default_rng(seed)
    w_in, w_hh, w_out = (rng.standard_normal(shape) for shape in ((d,), (d, d), (n, d)))
    w_in[rng.random(d) < zeros] = 0
    return w_in, w_hh / d**0.5, w_out


def patterns(w_in: Floats, w_hh: Floats, points: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Which neurons are on, (N, m, d), and W_hh h[m - 1], (N, d), by plain evaluation."""
    h, on = np.zeros((len(points), len(w_in))), []
    for x in points.T:
        z = h @ w_hh.T + np.outer(x, w_in)
        on.append(z > 0)
        h = np.maximum(z, 0)
    return np.stack(on, 1), h @ w_hh.T


def grown(w_in: Floats, w_hh: Floats, w_out: Floats, points: Floats) -> tuple[Floats, list[int]]:
    """W_hh h[m - 1] in the original units for each point in turn, and what each point cost."""
    signs, scaled, _, _ = pieces.in_units(w_in, w_hh, w_out)
    bends, first, second, _ = early_steps(signs, scaled)
    tree = pieces.planted(bends, first, second, len(points))
    found, z, costs = np.empty((len(points), len(w_in))), np.empty(len(w_in)), []
    columns = np.ascontiguousarray(scaled.T)
    for u, out in zip(np.ascontiguousarray(points), found, strict=True):
        costs.append(pieces.carried(u, len(u), signs, columns, tree, FOREVER, z, out))
    return found * np.where(w_in == 0, 1, abs(w_in)), costs


def ledger(on: NDArray[np.bool_]) -> list[int]:
    """What each point costs, from the patterns (N, m, d) alone, in dictionaries."""
    points, m, d = on.shape
    visits: dict[bytes, int] = {}
    built: set[bytes] = set()
    costs = []
    for p in range(points):
        cost, inside = 3 * d + ceil(log2(d + 1)), True
        for t in range(2, m):
            k, key = int(on[p, t].sum()), on[p, : t + 1].tobytes()
            inside &= t <= pieces.DEEPEST
            cost += 2 * d + (d + 2) * inside
            product, piece = d * max(2 * k - 1, 0), d * (2 * t + 1)
            if inside:
                visits[key] = visits.get(key, 0) + 1
                making = (t + 1) * product
                if key not in built and k and visits[key] * (product - piece) >= making:
                    built.add(key)
                    cost += making
                inside = key in built
            cost += piece if inside else product
        costs.append(cost)
    return costs


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(2, 9), st.sampled_from([0.0, 0.4]), st.integers(0, 10**6))
def test_states_are_those_of_plain_evaluation(d: int, m: int, zeros: float, seed: int) -> None:
    """Sums of 9 products or fewer, 9 steps: 1e-9 of the greatest entry is room for rounding."""
    weights = draw(d, m + 1, seed, zeros)
    points = np.random.default_rng(seed).standard_normal((400, m))
    _, expected = patterns(*weights[:2], points)
    found, _ = grown(*weights, points)
    assert found == pytest.approx(expected, abs=1e-9 * (1 + abs(expected).max()))


@pytest.mark.parametrize(("d", "m", "count"), [(8, 4, 500), (8, 9, 1000), (16, 9, 2000)])
def test_operations_are_those_of_a_ledger(d: int, m: int, count: int) -> None:
    """Each point's, whether it grows the tree, uses it or leaves it; all three happen."""
    weights = draw(d, m + 1, d)
    points = np.random.default_rng(d).standard_normal((count, m))
    on, _ = patterns(*weights[:2], points)
    _, costs = grown(*weights, points)
    assert costs == ledger(on)
    product = d * np.maximum(2 * on[:, 2:].sum(2) - 1, 0).sum(1)
    alone = 3 * d + ceil(log2(d + 1)) + 2 * d * (m - 2) + product
    assert min(costs - alone) < 0 < d * (2 * d - 1) < max(costs - alone)


def test_units_change_nothing() -> None:
    weights = draw(6, 5, 2, zeros=0.3)
    signs, w_hh, w_out, flops = pieces.in_units(*weights)
    assert set(signs) <= {-1, 0, 1}
    assert flops == 6 + 2 * 36 + 5 * 6
    points = np.random.default_rng(0).standard_normal((100, 5))
    one, other = patterns(*weights[:2], points), patterns(signs, w_hh, points)
    assert (one[0] == other[0]).all()
    size = np.where(weights[0] == 0, 1, abs(weights[0]))
    assert other[1] * size == pytest.approx(one[1], abs=1e-10)
    assert w_out @ np.diag(1 / size) == pytest.approx(weights[2], abs=1e-12)


@pytest.mark.parametrize("name", ["2nd_argmax_4_4", "2nd_argmax_8_5", "2nd_argmax_16_10"])
def test_accuracies_are_those_without_pieces(name: str) -> None:
    """Both are exact along the last input; a chunk of 8,192 points, or all orders of them."""
    model = az.perturb(az.load(name), 0.01, seed=1000)
    program = model.program
    w_in, w_hh, w_out = rounded_weights(program)
    m = program.seq_len - 1
    chunk = directions(m, 3, 0)
    given = chunk.points, chunk.order, chunk.ends, reach(m), FOREVER
    plain, shared = np.empty(len(chunk.points)), np.empty(len(chunk.points))
    bends, first, second, _ = early_steps(w_in, w_hh)
    table = pieces.planted(bends, first, second, 0, shared=False)
    _, dear = pieces.accuracies(w_in, w_hh, table, contrasts(w_in, w_out), *given, plain)
    signs, w_hh, w_out, _ = pieces.in_units(w_in, w_hh, w_out)
    bends, first, second, _ = early_steps(signs, w_hh)
    tree = pieces.planted(bends, first, second, len(plain))
    done, cheap = pieces.accuracies(signs, w_hh, tree, contrasts(signs, w_out), *given, shared)
    assert done == len(plain)
    assert shared == pytest.approx(plain, abs=1e-9)
    assert cheap < (0.9 if m == 9 else 1) * dear


def test_a_full_tree_goes_on_without_growing() -> None:
    weights = draw(8, 8, 1)
    signs, scaled, _, _ = pieces.in_units(*weights)
    bends, first, second, _ = early_steps(signs, scaled)
    tree = pieces.planted(bends, first, second, 1)
    points = np.random.default_rng(2).standard_normal((3000, 7))
    _, expected = patterns(*weights[:2], points)
    z, out = np.empty(8), np.empty(8)
    columns = np.ascontiguousarray(scaled.T)
    for u, state in zip(points, expected, strict=True):
        pieces.carried(u, 7, signs, columns, tree, FOREVER, z, out)
        assert out * abs(weights[0]) == pytest.approx(state, abs=1e-9)
    assert tree.used[0] == len(tree.visits)


def test_more_points_for_the_same_operations() -> None:
    """A tenth more at 10^7 on M(16,10), as the note says; the answers agree."""
    model = az.perturb(az.load("2nd_argmax_16_10"), 0.0045, seed=1001, relative=True)
    both = [
        entry.estimate(model.program, model.task, 1e7, 0)
        for entry in (LAST_INPUT, LAST_INPUT_PIECES)
    ]
    plain, shared = both
    assert plain is not None
    assert shared is not None
    assert int(shared.details["points"]) > 1.1 * int(plain.details["points"])
    assert shared.value == pytest.approx(plain.value, abs=0.005)  # five times the error of either


def test_a_sampler_with_pieces() -> None:
    """On the points of ``sampling-thrifty``, which is tested against plain evaluation: the same
    answers, for fewer operations."""
    model = az.perturb(az.load("2nd_argmax_16_10"), 0.0085, seed=1000, relative=True)
    x, labels = random_chunk(model.task, 1 << 14, 3, 0)
    points = np.ascontiguousarray(x.T[:5000], np.float64)
    weights = rounded_weights(model.program)
    bends, first, second, _ = early_steps(*weights[:2])
    table = pieces.planted(bends, first, second, 0, shared=False)
    plain = pieces.right_answers(*weights, table, points, labels, FOREVER)
    signs, w_hh, w_out, _ = pieces.in_units(*weights)
    bends, first, second, _ = early_steps(signs, w_hh)
    tree = pieces.planted(bends, first, second, len(points))
    shared = pieces.right_answers(signs, w_hh, w_out, tree, points, labels, FOREVER)
    assert shared[:2] == plain[:2]
    assert shared[2] < 0.9 * plain[2]
    on, _ = patterns(weights[0], weights[1], points)
    last = 2 * on[:, -1].sum(1) - 1
    assert shared[2] == sum(ledger(on[:, :-1])) + (2 * 16 + 10 * np.maximum(last, 0) + 10).sum()
