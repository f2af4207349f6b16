"""The compiled gradients, against torch's automatic differentiation and exact exponentials."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import algzoo_exact.training.networks as networks
from algzoo_exact.runtime.blocks import softmax
from algzoo_exact.runtime.tiles import BLOCK
from algzoo_exact.training.data import Chunk, draw_chunk
from algzoo_exact.training.networks import (
    autograd_gradient,
    compiled_gradient,
    initial_weights,
)
from algzoo_exact.training.recipe import Recipe

CPU = torch.device("cpu")


def gradients(recipe: Recipe, scale: float, start: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The compiled gradient in float32, and torch's in float64."""
    layout, weights = initial_weights(recipe)
    data = draw_chunk(recipe, 0, CPU)
    weights = weights * scale
    found = torch.empty_like(weights)
    compiled_gradient(recipe)(weights, data, start, found)
    exact = torch.empty_like(weights, dtype=torch.float64)
    floats = data.inputs.is_floating_point()
    targets = data.targets.double() if recipe.task == "median" else data.targets
    wide = Chunk(data.inputs.double() if floats else data.inputs, targets)
    autograd_gradient(recipe, layout)(weights.double(), wide, start, exact)
    return found, exact


@settings(deadline=None, max_examples=25)
@given(
    task=st.sampled_from(["2nd_argmax", "argmedian", "median"]),
    d=st.integers(1, 9),
    n=st.sampled_from([3, 5]),
    batch=st.integers(1, 300),
    seeds=st.integers(1, 3),
    scale=st.sampled_from([0.1, 1.0, 3.0]),
)
def test_rnn_gradients(task: str, d: int, n: int, batch: int, seeds: int, scale: float) -> None:
    recipe = Recipe(task, d, n, batch, tuple(range(seeds)), batch)
    found, exact = gradients(recipe, scale, batch)
    # Sums of up to 300 terms in float32 err by 300 * 6e-8 of the terms' size, thus 2e-5 of the
    # largest entry, unless terms cancel; states pass through n products of d terms more.
    assert (found - exact).abs().max() <= 1e-4 * exact.abs().max() + 1e-7


@settings(deadline=None, max_examples=15)
@given(
    size=st.sampled_from([(2, 1), (4, 1), (4, 2), (6, 3)]),
    n=st.integers(2, 5),
    layers=st.integers(1, 2),
    batch=st.integers(1, 200),
)
def test_transformer_gradients(size: tuple[int, int], n: int, layers: int, batch: int) -> None:
    d, heads = size
    recipe = Recipe("longest_cycle", d, n, batch, (0, 5), batch, layers, heads)
    found, exact = gradients(recipe, 1.0, 2 * batch)
    assert (found - exact).abs().max() <= 1e-4 * exact.abs().max() + 1e-7


@pytest.mark.parametrize("task", ["2nd_argmax", "longest_cycle"])
def test_the_number_of_threads_changes_no_bit(task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = 2 if task == "longest_cycle" else 0
    recipe = Recipe(task, 4, 3, 1000, (0, 1, 2), 1000, layers, layers // 2)
    _, weights = initial_weights(recipe)
    data = draw_chunk(recipe, 0, CPU)
    results = []
    for threads, limit in ((1, 1e18), (2, 0.0), (5, 0.0)):
        monkeypatch.setattr(networks, "_THREADS_FROM", limit)
        monkeypatch.setattr("os.cpu_count", lambda threads=threads: threads)
        out = torch.empty_like(weights)
        compiled_gradient(recipe)(weights, data, 0, out)
        results.append(out)
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


def test_softmax_of_a_block() -> None:
    rng = np.random.default_rng(0)
    y = (rng.standard_normal((7, BLOCK)) * np.linspace(0, 40, BLOCK)).astype(np.float32)
    # Oracle: numpy in float64.
    powers = np.exp(y.astype(np.float64) - y.max(0))
    expected = 0.25 * powers / powers.sum(0)
    bits = np.empty(BLOCK, np.int32)
    scratch = np.empty(BLOCK, np.float32), bits, bits.view(np.float32)
    softmax(y, scratch, np.float32(0.25), BLOCK)
    # The polynomial errs by 2e-7, the exponent by 2^-24 of up to 120, the sums by a few 6e-8.
    assert np.abs(y - expected).max() < 0.25 * 1e-6
    # Relative errors, where float32 is not yet subnormal; the exponent's error is 120 * 6e-8.
    visible = expected > 1e-30
    assert np.abs(y / expected - 1)[visible].max() < 1e-5
