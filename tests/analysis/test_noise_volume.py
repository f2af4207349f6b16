"""Noise that weights bear: against random draws, and against what may not change anything."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.perceptrons import random_mlp

import algzoo_exact as az
from algzoo_exact.analysis.noise_volume import NoiseVolume, spreads_for

ALGZOO_LIKE = "2nd_argmax_2_2"


@pytest.fixture(scope="module")
def found() -> NoiseVolume:
    return az.noise_volume(az.load(ALGZOO_LIKE))


def noisy(model: az.Model, found: NoiseVolume, noise: np.ndarray) -> float:
    program = model.program
    rows = [program.input_weights, *program.recurrent, *program.readout]
    exact = [w for row in rows for w in row]
    moved = [w + Fraction(e) for w, e in zip(exact, (noise * found.scales).tolist(), strict=True)]
    d = program.hidden_size
    cut = [moved[k : k + d] for k in range(0, len(moved), d)]
    changed = az.rnn(cut[0], cut[1 : d + 1], cut[d + 1 :], program.seq_len)
    return float(az.accuracy(changed, model.task).enclosure.midpoint)


def test_such_noise_doubles_the_errors(found: NoiseVolume) -> None:
    """By other draws than those it was found with: within a factor of two, 4 sigmas and more."""
    model = az.load(ALGZOO_LIKE)
    score = float(az.accuracy(model).enclosure.midpoint)
    draws = np.random.default_rng(1).standard_normal((60, len(found.spreads)))
    lost = [score - noisy(model, found, found.directions @ (found.spreads * u)) for u in draws]
    assert found.loss == pytest.approx(1 - score)
    assert 0.5 * found.loss < np.mean(lost) < 2 * found.loss


def test_directions_are_those_in_which_answers_change(found: NoiseVolume) -> None:
    """Ten weights less two scalings of neurons, one of W_oh and two shifts of its columns."""
    assert found.directions.shape == (10, 5)
    assert np.allclose(found.directions.T @ found.directions, np.eye(5))
    column = np.array([0, 0, 0, 0, 0, 0, 1, 0, 1, 0]) / found.scales
    assert np.allclose(found.directions.T @ column, 0, atol=1e-9)


def test_a_perceptron_has_as_many_symmetries() -> None:
    """Eight weights less two scalings of neurons, one of the read-out and two of its shifts."""
    perceptron = random_mlp(np.random.default_rng(3), 2, 2, 2)
    assert az.noise_volume(perceptron, az.tasks.argmax(2)).directions.shape == (8, 3)


def test_more_loss_is_more_room(found: NoiseVolume) -> None:
    wider = az.noise_volume(az.load(ALGZOO_LIKE), loss=64 * found.loss)
    assert 0 < wider.bits < found.bits
    assert 30 < found.bits < 90  # five numbers to about one part in 2^11


@given(
    st.lists(st.floats(-10, 1e6), min_size=1, max_size=8),
    st.floats(1e-6, 1),
    st.floats(2.0**-10, 1),
)
def test_spreads_have_the_largest_volume(curved: list[float], loss: float, most: float) -> None:
    """Half of the loss is spent, or every direction is free; all bound ones cost the same."""
    curvatures = np.array(curved)
    spreads = spreads_for(curvatures, loss, most)
    assert (spreads <= most).all()
    costs = np.where(curvatures > 0, curvatures, 0) * spreads**2
    assert costs.sum() <= loss * (1 + 1e-9)
    bound = spreads < most
    if bound.any():
        assert costs.sum() == pytest.approx(loss)
        assert costs[bound] == pytest.approx(costs[bound][0])
        assert (costs[~bound] <= costs[bound][0] * (1 + 1e-9)).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [("handcrafted:2nd_argmax_2", "loss|gradient"), ("median_2_2", "has no labels")],
)
def test_models_without_errors_or_labels(name: str, message: str) -> None:
    with pytest.raises(az.InputError, match=message):
        az.noise_volume(az.load(name))


def test_a_ledger_with_it(found: NoiseVolume) -> None:
    from algzoo_exact.explain.story import load_explanation
    from algzoo_exact.zoo.explanations import explanation_path

    model = az.load(ALGZOO_LIKE)
    told = az.verify(load_explanation(explanation_path(ALGZOO_LIKE)), model)
    ledger = az.surprise(told, noise=found.bits)
    (noise,) = (o for o in ledger.optimizations if o.name == "noise")
    assert (noise.bits, noise.sort) == (found.bits, "estimate")
    assert ledger.within(noise) == "yes"
