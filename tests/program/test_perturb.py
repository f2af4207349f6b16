"""Noise on weights: its distribution, its stream, and that results are exact float32 values."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from itertools import pairwise
from math import inf, nan, sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import json_of, run

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.perturb import perturb_network
from algzoo_exact.program.rounding import nearest
from algzoo_exact.program.transformer import AttentionLayer, Transformer
from algzoo_exact.zoo.architectures import new_module, to_state
from algzoo_exact.zoo.loading import load

Network = Program | Transformer


def program(d: int, n: int, weight: float = 0.0) -> Program:
    row = (weight,) * d
    return rnn(row, (row,) * d, (row,) * n, n)


def transformer(size: int, n: int, heads: int = 1) -> Transformer:
    row = tuple(Fraction(k, 7) for k in range(size))
    square, tall = (row,) * size, (row,) * n
    return Transformer(tall, tall, (AttentionLayer(*(square,) * 4),) * 2, tall, heads)


def nearest_float32(value: Fraction) -> Fraction:
    return nearest(value, "float32")


def weights(network: Network) -> list[Fraction]:
    if isinstance(network, Program):
        matrices = [(network.input_weights,), network.recurrent, network.readout]
    else:
        inner = [m for a in network.layers for m in (a.query, a.key, a.value, a.output)]
        matrices = [network.embed, network.pos_embed, *inner, network.unembed]
    return [w for matrix in matrices for row in matrix for w in row]


def noise(
    network: Network, std: float, seed: int, *, relative: bool = False
) -> np.ndarray[Any, Any]:
    noisy = perturb_network(network, std, seed, relative=relative)
    pairs = zip(weights(noisy), weights(network), strict=True)
    return np.array([float(a - b) for a, b in pairs])


# 40 * 81 = 3240 weights in each of 4 networks. For N normal numbers the mean has the standard
# error 1/sqrt(N), the second and fourth moments sqrt(2/N) and sqrt(96/N). At 5 standard errors a
# false alarm is a matter of 6e-7 for each threshold, and the seeds are fixed.
SIGMAS = 5


def test_moments() -> None:
    values = np.concatenate([noise(program(40, 40), 0.05, seed) for seed in range(4)]) / 0.05
    size = len(values)
    assert size == 4 * 3240
    assert abs(values.mean()) < SIGMAS / sqrt(size)
    assert abs((values**2).mean() - 1) < SIGMAS * sqrt(2 / size)
    assert abs((values**4).mean() - 3) < SIGMAS * sqrt(96 / size)


def test_entries_and_seeds_are_independent() -> None:
    """Correlations of N pairs of independent normal numbers have the standard error 1/sqrt(N)."""
    first, second = (noise(program(40, 40), 1, seed) for seed in (0, 1))
    bound = SIGMAS / sqrt(len(first))
    assert abs((first * second).mean()) < bound
    for lag in (1, 40):
        assert abs((first[lag:] * first[:-lag]).mean()) < bound
    assert len(set(first.tolist())) == len(first)


@pytest.mark.parametrize("network", [program(3, 4, 0.5), program(3, 1, 0.5), transformer(4, 3, 2)])
def test_the_same_seed_gives_the_same_network(network: Network) -> None:
    once, again, other = (perturb_network(network, 0.1, seed, relative=False) for seed in (7, 7, 8))
    assert once == again
    assert all(a != b for a, b in zip(weights(once), weights(other), strict=True))
    assert all(a != b for a, b in zip(weights(once), weights(network), strict=True))
    assert type(once) is type(network)
    assert once.seq_len == network.seq_len
    if isinstance(once, Transformer) and isinstance(network, Transformer):
        assert once.heads == network.heads


def test_weights_are_float32_values() -> None:
    for value in weights(perturb_network(transformer(4, 3), 0.1, 0, relative=False)):
        # Oracle: numpy's conversion is the identity on float32 values, and on nothing else.
        assert Fraction(float(np.float32(float(value)))) == value


def test_reference_values() -> None:
    """The known first values of RandomState(0), whose stream numpy promises never to change."""
    noisy = perturb_network(program(2, 2), 1, 0, relative=False)
    stream = [1.764052345967664, 0.4001572083672233, 0.9787379841057392, 2.240893199201458,
              1.8675579901499675, -0.977277879876411, 0.9500884175255894, -0.1513572082976979,
              -0.10321885179355784, 0.41059850193837233]  # fmt: skip
    assert weights(noisy) == [Fraction(float(np.float32(value))) for value in stream]


def test_relative_noise_scales_with_each_matrix() -> None:
    """The noise is that of std 1, times each matrix's root mean square: 5, 0 and sqrt(12.5)."""
    scaled = rnn((1, -7), ((0, 0), (0, 0)), ((3, 4), (-4, 3)), 2)
    plain = noise(program(2, 2), 0.5, 3)
    differences = noise(scaled, 0.5, 3, relative=True)
    factors = [5] * 2 + [0] * 4 + [sqrt(12.5)] * 4
    # Rounding of sums below 16 to float32 is below 2^-20, that of the plain ones below 2^-24 * 5.
    assert differences == pytest.approx(plain * factors, abs=2**-19)
    assert differences[2:6].tolist() == [0] * 4


def test_no_noise_is_no_change() -> None:
    third = rnn((Fraction(1, 3),), ((1,),), ((1,), (2,)), 2)
    assert perturb_network(third, 0, 0, relative=False) == third
    assert perturb_network(third, 0.0, 0, relative=True) == third


@given(st.fractions() | st.floats(-1e38, 1e38).map(Fraction))
def test_rounding_is_to_the_nearest(value: Fraction) -> None:
    found = nearest_float32(value)
    number = np.float32(float(found))
    assert Fraction(float(number)) == found
    for other in (-np.float32(inf), np.float32(inf)):
        neighbour = Fraction(float(np.nextafter(number, other)))
        assert abs(found - value) <= abs(neighbour - value)


def test_rounding_at_the_middle() -> None:
    unit = Fraction(1, 1 << 23)
    assert nearest_float32(1 + unit / 2) == 1
    assert nearest_float32(1 + unit * 3 / 2) == 1 + 2 * unit
    # Rounded to float64 first, this is the middle, which goes down to 1.
    assert nearest_float32(1 + unit / 2 + Fraction(1, 1 << 80)) == 1 + unit
    assert nearest_float32(Fraction(1, 1 << 149)) == Fraction(1, 1 << 149)
    assert nearest_float32(Fraction(1, 1 << 151)) == 0
    assert nearest_float32(Fraction(-(2**24 - 1) * 2**104)) == -(2**24 - 1) * 2**104
    for low, high in pairwise([0.0, 5e-324, 1e-300]):
        assert nearest_float32(Fraction(low)) == nearest_float32(Fraction(high)) == 0


@pytest.mark.parametrize(
    ("std", "seed", "expected"),
    [
        (-1, 0, "finite and >= 0, not -1"),
        (nan, 0, "finite and >= 0, not nan"),
        (inf, 0, "finite and >= 0, not inf"),
        ("1", 0, "must be a number, not '1'"),
        (None, 0, "must be a number, not None"),
        (True, 0, "must be a number, not True"),
        (1, None, "seed must be a whole number, not None"),
        (1, 0.0, "seed must be a whole number, not 0.0"),
        (1, True, "seed must be a whole number, not True"),
        (1, -1, "from 0 to 2\\^32 - 1, not -1"),
        (1, 2**32, "from 0 to 2\\^32 - 1, not 4294967296"),
        (0, -1, "from 0 to 2\\^32 - 1"),
        (1e300, 0, "beyond the range of float32"),
    ],
)
def test_wrong_noise(std: Any, seed: Any, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        perturb_network(program(2, 2), std, seed, relative=False)


def test_relative_noise_on_huge_weights() -> None:
    huge = rnn((Fraction(10**400),), ((1,),), ((1,), (1,)), 2)
    with pytest.raises(InputError, match="beyond the range of floats"):
        perturb_network(huge, 0.1, 0, relative=True)
    with pytest.raises(InputError, match="beyond the range of float32"):
        perturb_network(huge, 0.1, 0, relative=False)


# --- models, and the command line ---


@pytest.mark.parametrize(("relative", "kind"), [(False, "noise"), (True, "relative noise")])
def test_a_noisy_model_says_so(relative: bool, kind: str) -> None:
    model = load("2nd_argmax_4_3")
    noisy = az.perturb(model, 0.05, seed=3, relative=relative)
    assert noisy.network == az.perturb(model.network, 0.05, seed=3, relative=relative)
    assert noisy.program != model.program
    assert noisy.name == f"2nd_argmax_4_3 + {kind} 0.05 (seed 3)"
    assert (noisy.task, noisy.dtype) == (model.task, "float32")
    assert noisy.metadata == model.metadata | {
        "noise": "0.05",
        "noise_seed": "3",
        "noise_relative": str(relative).lower(),
        "noise_on": model.sha256,
    }


@pytest.mark.parametrize("task", ["argmax", "median", "longest_cycle"])
def test_a_noisy_model_has_the_hash_of_its_safetensors_file(task: str, tmp_path: Path) -> None:
    model = load(new_module(az.Task(task, 3), 4), task=task, seq_len=3)
    noisy = az.perturb(model, 0.1)
    # Oracle: the safetensors library, and torch's conversion to float32.
    content = safetensors.torch.save(to_state(noisy.network, torch.float32))
    assert noisy.sha256 == hashlib.sha256(content).hexdigest()
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    again = load(path, task=task, seq_len=3)
    assert (again.network, again.sha256) == (noisy.network, noisy.sha256)


def test_a_model_without_noise_is_itself() -> None:
    model = load("handcrafted:2nd_argmax_3")
    assert az.perturb(model, 0) is model


def test_only_networks_have_noise() -> None:
    with pytest.raises(InputError, match="Cannot change a str"):
        az.perturb("2nd_argmax_4_3", 0.1)  # type: ignore[type-var]
    with pytest.raises(InputError, match="seed must be a whole number"):
        az.perturb(load("2nd_argmax_2_2"), 0.1, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("options", [(), ("--noise-seed", 9), ("--noise-relative",)])
def test_commands_add_noise(options: tuple[object, ...]) -> None:
    seed, relative = (9 if 9 in options else 0), "--noise-relative" in options
    noisy = az.perturb(load("2nd_argmax_2_2"), 0.1, seed, relative=relative)
    for command in (["accuracy"], ["regions"], ["show"], ["sample", "-n", 100]):
        found = json_of(*command, "2nd_argmax_2_2", "--noise", 0.1, *options)
        assert found["model"]["sha256"] == noisy.sha256
        assert found["model"]["name"] == noisy.name
    # Oracle: the numeric path of the library.
    assert noisy.task is not None
    (value,) = az.accuracies([noisy.program], noisy.task)
    accuracy = json_of("accuracy", "2nd_argmax_2_2", "--noise", 0.1, *options)["accuracy"]
    assert float(accuracy["lower"]) == pytest.approx(value.value, abs=1e-9)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--noise", -1), "finite and >= 0"),
        (("--noise", "nan"), "finite and >= 0"),
        (("--noise", "x"), "should be a valid number"),
        (("--noise", 1, "--noise-seed", -1), "from 0 to 2^32 - 1"),
        (("--noise-seed", 1), "need --noise STD"),
        (("--noise-relative",), "need --noise STD"),
    ],
)
def test_wrong_options(options: tuple[object, ...], expected: str) -> None:
    result = run("show", "2nd_argmax_2_2", *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert expected in result.stderr
