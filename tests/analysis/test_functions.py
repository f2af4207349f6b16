"""Transformers input by input: errors, differences and attention.

Oracles: the accuracy of the shipped models (another tally), a softmax in numpy, and cycles found by
repeated application.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from support.command_line import json_of, refused, text_of

import algzoo_exact as az
from algzoo_exact.analysis.functions import cycles_text
from algzoo_exact.errors import InputError

MODEL = az.load("longest_cycle_4_4")
NOISY = az.perturb(MODEL, 0.3)


@pytest.mark.parametrize("ties", ["lowest", "incorrect", "uniform"])
def test_errors_are_what_the_accuracy_lacks(ties: az.tasks.TieRule) -> None:
    for model in (MODEL, NOISY, az.prune(MODEL, 1.0)):
        found = az.wrong_functions(model, ties=ties)
        right = az.accuracy(model, ties=ties).enclosure
        assert found.total.lower == found.total.upper == 1 - right.lower
        assert sum(found.by_answer.values(), Fraction(0)) == found.total.lower


def test_each_wrong_input_is_wrong_and_says_its_cycles() -> None:
    found = az.wrong_functions(NOISY)
    rows = found.arrow().to_pylist()
    assert len(rows) == len(found) > 10
    told = az.attention(NOISY, [row["input"] for row in rows]).to_pylist()
    for row, seen in zip(rows, told, strict=True):
        f, lengths = row["input"], set[int]()
        for i in range(4):
            at, steps = f[i], 1
            while at != i and steps <= 4:
                at, steps = f[at], steps + 1
            if at == i:
                lengths.add(steps)
        longest = max(len(cycle.split()) for cycle in row["cycles"].split(") ("))
        assert row["label"] == seen["label"] == max(lengths) - 1 == longest - 1
        assert row["answer"] == seen["answer"] != row["label"]
    assert cycles_text([1, 2, 0, 3]) == "(0 1 2) (3)"


def test_differences_are_symmetric_and_explain_accuracies() -> None:
    one, back = az.function_difference(MODEL, NOISY), az.function_difference(NOISY, MODEL)
    third = az.perturb(MODEL, 0.3, seed=1)
    assert one.probability.lower == back.probability.lower > 0
    assert one.split["first"] == back.split["second"]
    around = az.function_difference(MODEL, third).probability.plus(
        az.function_difference(third, NOISY).probability
    )
    assert one.probability.upper <= around.lower
    gap = az.accuracy(MODEL).enclosure.lower - az.accuracy(NOISY).enclosure.lower
    assert gap == one.split["first"] - one.split["second"]
    assert sum(one.by_answers.values(), Fraction(0)) == one.probability.lower
    assert len(az.function_difference(MODEL, MODEL)) == 0


def test_attention_is_a_softmax() -> None:
    network = az.load("longest_cycle_6_5").network
    assert isinstance(network, az.Transformer)
    tokens = [[1, 2, 0, 4, 3], [4, 4, 4, 4, 4]]
    for f, row in zip(tokens, az.attention(network, tokens).to_pylist(), strict=True):
        rest = np.array(network.embed, float)[f] + np.array(network.pos_embed, float)
        size = network.hidden_size // network.heads
        for layer, heads in zip(network.layers, row["attention"], strict=True):
            q, k, v = (rest @ np.array(m, float).T for m in (layer.query, layer.key, layer.value))
            mixed = np.zeros_like(rest)
            for h, shown in enumerate(heads):
                part = slice(h * size, (h + 1) * size)
                powers = np.exp(q[:, part] @ k[:, part].T / size**0.5)
                weights = powers / powers.sum(1, keepdims=True)
                mixed[:, part] = weights @ v[:, part]
                assert np.allclose(shown, weights[-len(shown) :], atol=row["radius"] + 1e-12)
            rest = rest + mixed @ np.array(layer.output, float).T
        logits = rest[-1] @ np.array(network.unembed, float).T
        assert np.allclose(row["logits"], logits, atol=row["radius"] + 1e-9)


def test_bad_input() -> None:
    for wrong in ([], [[0, 1]], [[0, 1, 2, 4]], [[0.5, 1, 2, 3]], [[0], [1, 2]]):
        with pytest.raises(InputError):
            az.attention(MODEL, wrong)  # type: ignore[arg-type]
    for model in (az.load("2nd_argmax_2_2"), "longest_cycle_6_5"):
        with pytest.raises(InputError):
            az.function_difference(MODEL, az.load(model) if isinstance(model, str) else model)


def test_the_commands(tmp_path: Path) -> None:
    noise = ("longest_cycle_4_4", "--noise", "0.3")
    data = json_of("errors", *noise, "--top", "2")
    assert len(data["cells"]) == 2
    assert data["total"]["lower"] == data["total"]["upper"] != "0"
    assert {"probability", "label", "answer", "pattern", "input"} <= data["cells"][0].keys()
    table = tmp_path / "wrong.csv"
    text_of("errors", *noise, "--out", table)
    assert len(table.read_text().splitlines()) == data["count"] + 1
    assert "Who is right where they differ." in text_of("diff", *noise)
    data = json_of("attention", "longest_cycle_4_4", "1,2,0,3")
    assert (data["label"], data["answer"]) == (2, 2)
    assert np.allclose(np.sum(data["attention"][0][0], axis=1), 1)
    text_of("attention", "longest_cycle_4_4", "--out", tmp_path / "all.parquet")
    for line in (("1,2",), ("a",), (), ("1,2,0,3", "--out", "x.csv")):
        refused("attention", "longest_cycle_4_4", *line)
    refused("diff", "longest_cycle_4_4", "2nd_argmax_4_4")
