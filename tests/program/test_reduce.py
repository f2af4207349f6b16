"""Pruned and rounded networks. Oracles: numpy's float16, torch's bfloat16, and sorting."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.programs import exact_program

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.program.reduce import Format


def _weights(network: az.Program) -> list[Fraction]:
    rows = (network.input_weights, *network.recurrent, *network.readout)
    return [w for row in rows for w in row]


@given(st.lists(st.floats(-60000, 60000, width=32), min_size=4, max_size=4))
def test_formats_against_numpy_and_torch(values: list[float]) -> None:
    program = exact_program(values[:2], [[1, 0], [0, 1]], [values[2:]], 2)
    for to, nearest in (
        ("float16", lambda w: float(np.float16(w))),
        ("bfloat16", lambda w: float(torch.tensor(w, dtype=torch.float32).to(torch.bfloat16))),
    ):
        found = az.quantize(program, to)  # type: ignore[arg-type]
        known = [*map(nearest, values[:2]), 1, 0, 0, 1, *map(nearest, values[2:])]
        assert _weights(found) == [Fraction(w) for w in known]


def test_integers_times_a_scale() -> None:
    model = az.load("2nd_argmax_4_4")
    found = az.quantize(model, "int8").program
    for exact, coarse in (
        (model.program.recurrent, found.recurrent),
        (model.program.readout, found.readout),
    ):
        sizes = [abs(w) for row in exact for w in row]
        scale = Fraction(float(np.float32(float(max(sizes) / 127))))
        for row, other in zip(exact, coarse, strict=True):
            for w, v in zip(row, other, strict=True):
                assert (v / scale).denominator == 1
                assert abs(v / scale) <= 127
                assert abs(v - w) <= scale * Fraction(51, 100)
    assert az.quantize(model, "float32") is model


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 1])
def test_the_smallest_weights_are_pruned(share: float) -> None:
    model = az.load("2nd_argmax_4_4")
    before, after = _weights(model.program), _weights(az.prune(model, share).program)
    count = int(Fraction(share) * len(before))
    gone = [abs(w) for w, v in zip(before, after, strict=True) if w and not v]
    kept = [abs(w) for w, v in zip(before, after, strict=True) if v]
    assert len(gone) == count
    assert max(gone, default=Fraction(0)) <= min(kept, default=max(gone, default=Fraction(1)))
    assert all(v in (0, w) for w, v in zip(before, after, strict=True))


def test_changed_models_say_so() -> None:
    model = az.load("2nd_argmax_4_4")
    pruned = az.prune(model, 0.1)
    assert pruned.sha256 != model.sha256
    assert pruned.metadata["pruned"] == "0.1"
    assert "pruned" in pruned.name
    network = az.load("longest_cycle_4_4").network
    assert isinstance(network, az.Transformer)
    assert az.prune(network, 1.0).unembed == ((0,) * 4,) * 4


def test_bad_input() -> None:
    model = az.load("2nd_argmax_2_2")
    for share in (-0.1, 1.5, float("nan")):
        with pytest.raises(InputError):
            az.prune(model, share)
    with pytest.raises(InputError, match="int8"):
        az.quantize(model, "int4")  # type: ignore[arg-type]
    big: Format = "float16"
    with pytest.raises(InputError, match="range"):
        az.quantize(exact_program([10**6], [[1]], [[1]], 2), big)
