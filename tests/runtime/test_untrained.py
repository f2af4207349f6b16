"""Accuracies of random initialisations. Oracles: torch's own RNN with the same weights, labels and
credit by hand, chance, and Clopper and Pearson's bound worked out by hand.
"""

from __future__ import annotations

from math import inf, log2

import pytest
import torch

import algzoo_exact as az
from algzoo_exact.runtime import untrained as untrained_module
from algzoo_exact.runtime.untrained import Untrained, untrained
from algzoo_exact.zoo.architectures import DistRNN


@pytest.fixture(autouse=True)
def few_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Random initialisations enough for what is asked here."""
    monkeypatch.setattr(untrained_module, "MODELS", 512)
    monkeypatch.setattr(untrained_module, "INPUTS", 128)


@pytest.mark.parametrize("name", ["second_argmax", "argmedian"])
@pytest.mark.parametrize("ties", ["lowest", "incorrect", "uniform"])
def test_random_initialisations_against_torch(
    monkeypatch: pytest.MonkeyPatch, name: str, ties: az.tasks.TieRule
) -> None:
    """The same weights in torch's own RNN; labels and credit by hand."""
    monkeypatch.setattr(untrained_module, "MODELS", 70)
    monkeypatch.setattr(untrained_module, "INPUTS", 64)
    monkeypatch.setattr(untrained_module, "_MOST_NUMBERS", 1 << 12)  # in several chunks
    task, d = getattr(az.tasks, name)(3), 4
    found = untrained(task, d, ties, seed=5)
    generator = torch.Generator().manual_seed(5)
    rows = torch.cat([
        torch.rand((size, d * 8), generator=generator) for size in (16, 16, 16, 16, 6)
    ])  # fmt: skip
    x = untrained_module.draw_inputs(
        task, found.inputs, "untrained 5", 0, torch.float32, torch.device("cpu")
    )
    labels = torch.tensor([task.label(column.tolist()) for column in x.T])
    expected = []
    for row in (rows * 2 - 1) / 2:
        module = DistRNN(d, 3)
        state = dict(zip(module.state_dict(), row.split((d, d * d, 3 * d)), strict=True))
        shapes = {key: value.shape for key, value in module.state_dict().items()}
        module.load_state_dict({key: state[key].reshape(shapes[key]) for key in state})
        logits = module(x.T).detach()
        winners = logits == logits.amax(1, keepdim=True)
        share = winners[torch.arange(len(labels)), labels] / winners.sum(1)
        if ties == "lowest":
            share = (winners.float().cumsum(1) * winners)[range(len(labels)), labels] == 1
        elif ties == "incorrect":
            share = share == 1
        expected.append(float(share.float().mean()))
    assert found.accuracies == pytest.approx(sorted(expected), abs=1e-6)


def test_chances_of_random_initialisations() -> None:
    chances = Untrained(tuple(k / 1000 for k in range(1000)), 1, 0)
    assert chances.reaching(0.75) == 250
    assert chances.bits(0.75)[1] == 2.0
    assert chances.bits(0.75)[0] < 2.0
    assert chances.bits(0.0)[1] == 0.0
    # None of 1000: with 95% confidence less than 1 - 0.05^(1/1000) do.
    least, estimate = chances.bits(1.0)
    assert estimate == inf
    assert least == pytest.approx(-log2(1 - 0.05 ** (1 / 1000)), rel=1e-3)


def test_untrained_models_do_no_better_than_chance_on_average() -> None:
    found = untrained(az.tasks.second_argmax(4), 4).accuracies
    # Models of standard deviation 0.07 on the same 128 inputs (0.04): 0.25 within 5 of these.
    assert abs(sum(found) / len(found) - 0.25) < 0.2
    assert len(found) == 512


def test_large_models_are_few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrained_module, "_MOST_STEPS", 1 << 20)
    assert len(untrained(az.tasks.second_argmax(10), 64).accuracies) == 64
