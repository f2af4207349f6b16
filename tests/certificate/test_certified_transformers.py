"""Certificates of transformers with small, large and equal scores.

Oracle: logits in mpmath with 200 digits, straight from the definition.
"""

from __future__ import annotations

import random
from itertools import product
from pathlib import Path
from typing import Any

import mpmath
import numpy as np
import pytest
import torch
from support import weight_files
from support.certificates import asking, seal
from support.paths import ALGZOO
from support.weight_files import State, attention_state

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.program.transformer import Transformer


def scaled(rng: np.random.Generator, n: int) -> State:
    """Weights of a scale from 0.1 to 100, each kind of its own."""
    shapes = {
        key: tuple(value.shape)
        for key, value in attention_state(int(rng.choice([2, 4])), n, n).items()
    }
    return {
        key: torch.tensor(10 ** rng.uniform(-1, 2) * rng.standard_normal(shape)).float()
        for key, shape in shapes.items()
    }


def accepted(path: Path, heads: int) -> check.CheckedCertificate:
    document = az.certify(az.load(path, task="longest_cycle", heads=heads))
    outcome = check.check_document(document, path.read_bytes())
    assert document["undecided"] == "0"
    assert outcome.status == "accepted", outcome.reason
    return outcome


def check_random(count: int, seed: int, folder: Path) -> None:
    """None of them ties, so none may be left open."""
    rng = np.random.default_rng(seed)
    for k in range(count):
        path = weight_files.write(folder / "m.safetensors", scaled(rng, 2 + k % 3))
        accepted(path, heads=1 + k % 2)


def test_scales_from_a_tenth_to_a_hundred(tmp_path: Path) -> None:
    check_random(12, 1, tmp_path)


@pytest.mark.slow
def test_very_many_scales(tmp_path: Path) -> None:
    check_random(200, 2, tmp_path)


def test_algzoos_own(tmp_path: Path) -> None:
    """At (1, 1, 1) scores of absent tokens are far above those of present ones."""
    path = ALGZOO / "longest_cycle_2_3.safetensors"
    if not path.exists():
        pytest.skip("AlgZoo's files are not here")
    assert accepted(path, 1).accuracy == (1, 1)


def logits_by_definition(model: Transformer, tokens: tuple[int, ...]) -> list[Any]:
    """Of one input, by mpmath."""

    def matrix(rows: Any) -> Any:
        return mpmath.matrix(
            [[mpmath.mpf(w.numerator) / w.denominator for w in row] for row in rows]
        )

    n, size = len(tokens), model.hidden_size
    width = size // model.heads
    embed, places = matrix(model.embed), matrix(model.pos_embed)
    r = [(embed[token, :] + places[p, :]).T for p, token in enumerate(tokens)]
    for layer in model.layers:
        q, k, v, o = map(matrix, (layer.query, layer.key, layer.value, layer.output))
        queries, keys, values = ([m * x for x in r] for m in (q, k, v))
        fresh = []
        for p in range(n):
            mixed = mpmath.matrix(size, 1)
            for head in range(model.heads):
                cut = range(head * width, (head + 1) * width)
                scores = [
                    sum(queries[p][c] * keys[j][c] for c in cut) / mpmath.sqrt(width)
                    for j in range(n)
                ]
                powers = [mpmath.exp(score - max(scores)) for score in scores]
                for c in cut:
                    mixed[c] = sum(a * x[c] for a, x in zip(powers, values, strict=True)) / sum(
                        powers
                    )
            fresh.append(r[p] + o * mixed)
        r = fresh
    return list(matrix(model.unembed) * r[-1])


def test_logits_lie_within_their_bounds(tmp_path: Path) -> None:
    """Fixed-point logits against the definition, from small to huge scores."""
    rng, choose = np.random.default_rng(5), random.Random(5)
    for k in range(6):
        path = weight_files.write(tmp_path / "m.safetensors", scaled(rng, 3))
        model = az.load(path, task="longest_cycle", heads=1 + k % 2).transformer
        weights = check.weights_of(
            az.certify(model, az.tasks.longest_cycle(3))["model"]["weights"], ""
        )
        attention = check.Attention(weights, 3, model.heads, check.Budget())
        for bits in (96, 384):
            fixed = check.FixedAttention(attention, bits)
            tokens = choose.choice(list(product(range(3), repeat=3)))
            values, error = fixed.logits(tokens)
            with mpmath.workdps(200):
                expected = logits_by_definition(model, tokens)
                for value, true in zip(values, expected, strict=True):
                    assert abs(value - true * 2**bits) <= error


def blank(model: Transformer, **parts: Any) -> Transformer:
    names = ("embed", "pos_embed", "layers", "unembed", "heads")
    return Transformer(**{name: parts.get(name, getattr(model, name)) for name in names})


def test_ties_are_proved_or_left_open(tmp_path: Path) -> None:
    """A last layer that adds nothing, and an embedding that vanishes: ties on all inputs. A tie
    that is not there is rejected, and so is a winner that only shares the maximum."""
    path = weight_files.write(tmp_path / "m.safetensors", attention_state(4, 3))
    model = az.load(path, task="longest_cycle").transformer
    zero = tuple((az.load(path).transformer.embed[0][0] * 0,) * 4 for _ in range(4))
    idle = type(model.layers[0])(*(zero,) * 4)
    twice = (model.unembed[0], model.unembed[0], tuple(-w for w in model.unembed[0]))
    task = az.tasks.longest_cycle(3)
    for made in (
        blank(model, embed=zero[:3], pos_embed=zero[:3]),
        blank(model, layers=(model.layers[0], idle), unembed=twice),
        blank(model, layers=(idle, idle), unembed=twice),
    ):
        document = az.certify(made, task, ties="uniform")
        assert document["undecided"] == "0"
        assert check.check_document(document, asked=asking(document)).status == "accepted"
        words = document["answers"].split(" ")
        number = next(k for k, word in enumerate(words) if len(word) > 1)
        words[number] = words[number][:1]
        fewer = seal(document | {"answers": " ".join(words)})
        assert f"input {number}: the largest logits are" in check.check_document(fewer).reason
    document = az.certify(model, task)
    answers = "012" + document["answers"][1:]
    found = check.check_document(seal(document | {"answers": answers}))
    assert (found.status, found.reason[:10]) == ("rejected", "input 0: l")


def nearly_tied(folder: Path, score: float) -> Path:
    """On all inputs, place 0 adds (1, 0) with the weight of this score, which tells the winner."""
    weights = {key: torch.zeros_like(value) for key, value in attention_state(2, 2, 2, 1).items()}
    weights["pos_embed.weight"] = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    weights["attns.0.in_proj_weight"][0] = torch.tensor([0.0, 1.0])
    weights["attns.0.in_proj_weight"][2] = torch.tensor([score, 0.0])
    weights["attns.0.in_proj_weight"][4] = torch.tensor([1.0, 0.0])
    weights["attns.0.out_proj.weight"][0] = torch.tensor([1.0, 0.0])
    weights["unembed.weight"] = torch.tensor([[1.0, 0.0], [-1.0, 0.0]])
    return weight_files.write(folder / "m.safetensors", weights)


def test_what_is_too_close_is_no_rejection(tmp_path: Path) -> None:
    """Logits that differ by 2^-1019, and by 2^-10200: what only the limit of the checker's bits
    leaves open is neither accepted nor rejected."""
    for score, codes in ((-1000.0, (0, 1)), (-10000.0, (3, 3))):
        path = nearly_tied(tmp_path, score)
        document = az.certify(az.load(path, task="longest_cycle"))
        assert document["answers"] == "0 0 0 0"  # as balls with an exponent tell
        false = seal(document | {"answers": "1 0 0 0"})
        for shown, code in zip((document, false), codes, strict=True):
            outcome = check.check_document(shown, path.read_bytes())
            assert outcome.exit_code == code, outcome.reason
            close = "too close to tell apart with 3072 bits"
            assert (close in outcome.reason) == (code == 3)
