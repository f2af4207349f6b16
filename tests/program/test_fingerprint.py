"""The hash of weights: alike in every format, unlike for other weights, and what stories bind to.

Oracle: the hash of a text that is written here from torch's numbers, with their own integer ratios.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import json_of, refused, run, text_of
from support.programs import programs
from support.weight_files import ALGZOO, needs_algzoo, state, write

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.program.fingerprint import weights_sha256
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.zoo.architectures import DistTransformer, to_module, to_state
from algzoo_exact.zoo.explanations import explanation_path
from algzoo_exact.zoo.loading import shipped_folder


def by_hand(state_dict: dict[str, torch.Tensor]) -> str:
    lines = []
    for name in sorted(state_dict):
        rows = state_dict[name].double().tolist()
        lines.append(f"{name} {len(rows)} {len(rows[0])}")
        for row in rows:
            ratios = [(value + 0.0).as_integer_ratio() for value in row]
            lines.append(" ".join(str(p) if q == 1 else f"{p}/{q}" for p, q in ratios))
    return sha256("".join(f"{line}\n" for line in lines).encode("ascii")).hexdigest()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_format_has_the_same_hash(tmp_path: Path, dtype: torch.dtype) -> None:
    weights = state(3, 4, dtype)
    expected = by_hand(weights)
    wide = {key: value.double() for key, value in weights.items()}
    files = [
        write(tmp_path / "a.pth", weights),
        write(tmp_path / "b.safetensors", weights),
        write(tmp_path / "c.safetensors", weights, task="argmax", note="other"),
        write(tmp_path / "d.pt", wide),
    ]
    models = [az.load(path) for path in files]
    assert {model.weights_sha256 for model in models} == {expected}
    assert len({model.sha256 for model in models}) == len(models)
    module = to_module(models[0].network)
    assert az.load(module).weights_sha256 == expected


def test_a_transformer() -> None:
    torch.manual_seed(0)
    module = DistTransformer(4, 3, layers=2, heads=2)
    assert az.load(module).weights_sha256 == by_hand(module.state_dict())


@given(programs(), st.data())
def test_any_other_weights_have_another_hash(program: Program, data: st.DataObject) -> None:
    found = weights_sha256(program)
    assert weights_sha256(replace(program)) == found
    row = data.draw(st.integers(0, len(program.readout) - 1))
    column = data.draw(st.integers(0, program.hidden_size - 1))
    rows = [list(values) for values in program.readout]
    rows[row][column] += Fraction(1, 2**60)
    assert weights_sha256(replace(program, readout=tuple(map(tuple, rows)))) != found


def test_shapes_count_and_the_sign_of_a_zero_does_not() -> None:
    flat = rnn((1, 2), ((0, 0), (0, 0)), ((1, 2),), 2)
    tall = rnn((1, 2), ((0, 0), (0, 0)), ((1, 2), (0, 0)), 2)
    assert weights_sha256(flat) != weights_sha256(tall)
    zero, negative = state(1, 2), state(1, 2)
    zero["rnn.weight_hh_l0"][:], negative["rnn.weight_hh_l0"][:] = 0.0, -0.0
    hashes = {
        weights_sha256(az.lift({k: v.numpy() for k, v in s.items()})) for s in (zero, negative)
    }
    assert len(hashes) == 1


def test_commands_print_it() -> None:
    model = az.load("2nd_argmax_2_2")
    assert model.weights_sha256 in text_of("show", "2nd_argmax_2_2")
    assert json_of("show", "2nd_argmax_2_2")["model"]["weights_sha256"] == model.weights_sha256


def test_a_story_holds_for_its_weights_in_any_file(tmp_path: Path) -> None:
    story = explanation_path("2nd_argmax_2_2")
    bound = az.load_explanation(story).subject
    model = az.load("2nd_argmax_2_2")
    assert (bound.weights_sha256, bound.sha256) == (model.weights_sha256, None)
    path = tmp_path / "2nd_argmax_2_2.pth"
    torch.save(to_state(model.network, torch.float64), path)
    claim = az.load_explanation(story).claims[0].name
    assert run("verify", story, "--model", path, "--only", claim).exit_code == 0
    other = to_state(model.network, torch.float64)
    other["linear.weight"][0, 0] *= 1 + 2**-40
    torch.save(other, path)
    assert az.load(path).weights_sha256 in refused(
        "verify", story, "--model", path, "--only", claim
    )


def test_the_hash_of_a_file_still_binds(tmp_path: Path) -> None:
    """The key that explanations had before: it names the one that takes its place."""
    path = shipped_folder() / "2nd_argmax_2_2.safetensors"
    model = az.load(path)
    text = explanation_path("2nd_argmax_2_2").read_text(encoding="utf-8")
    new = f'weights_sha256 = "{model.weights_sha256}"'
    assert new in text
    story = tmp_path / "old.toml"
    story.write_text(text.replace(new, f'sha256 = "{model.sha256}"'), encoding="utf-8")
    explanation = az.load_explanation(story)
    claim = explanation.claims[0].name
    assert az.verify(explanation, model, only=claim).status == "proved"
    again = tmp_path / "2nd_argmax_2_2.pth"
    torch.save(to_state(model.network, torch.float32), again)
    with pytest.raises(InputError, match=model.weights_sha256):
        az.verify(explanation, az.load(again), only=claim)


def test_a_hash_that_is_none() -> None:
    source = explanation_path("2nd_argmax_2_2").read_text(encoding="utf-8")
    for wrong in ("A" * 64, "0" * 63):
        text = re.sub('(?<=weights_sha256 = ").*(?=")', wrong, source)
        with pytest.raises(InputError, match="model: weights_sha256 must be 64 hexadecimal"):
            parse_explanation(text)


@needs_algzoo
@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
def test_algzoos_example_in_both_formats(suffix: str) -> None:
    """Its explanation is about the weights, whichever file they come in."""
    model = az.load(ALGZOO / f"example_2nd_argmax_16_10{suffix}")
    subject = az.load_explanation(explanation_path("algzoo_example_16_10")).subject
    assert subject.weights_sha256 == model.weights_sha256
