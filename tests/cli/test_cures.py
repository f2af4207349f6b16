"""Messages that name the cure: what is in the way, and what to do or what was meant."""

from __future__ import annotations

import gzip
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support.command_line import json_of, refused, run, text_of
from support.programs import handcrafted_2_2
from support.stories import claim, story
from support.weight_files import message, state, write
from torch import nn

import algzoo_exact as az
from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.explain.story import parse_explanation
from algzoo_exact.program.task import PROBLEMS
from algzoo_exact.race.registry import estimator
from algzoo_exact.zoo.architectures import DistRNN, DistTransformer
from algzoo_exact.zoo.explanations import explanation_path

# --- stories ---


@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_byte_order_mark_is_read(tmp_path: Path, bom: bytes, end: bytes) -> None:
    source = explanation_path("handcrafted_2nd_argmax_2")
    path = tmp_path / "a.toml"
    path.write_bytes(bom + source.read_bytes().replace(b"\n", end))
    assert az.load_explanation(path) == az.load_explanation(source)
    text = path.read_text(encoding="utf-8")
    assert text.startswith("\ufeff") == bool(bom)
    assert parse_explanation(text) == az.load_explanation(source)


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-16", "UTF-16 text; save it as UTF-8"), ("latin-1", "at byte .*; save it as UTF-8")],
)
def test_other_encodings(tmp_path: Path, encoding: str, said: str) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes('title = "café"\n'.encode(encoding))
    with pytest.raises(InputError, match=said):
        az.load_explanation(path)


def test_a_story_from_a_pipe(tmp_path: Path) -> None:
    """As ``verify <(sed ..)`` gives it in a shell."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as file:
        file.write(explanation_path("handcrafted_2nd_argmax_2").read_bytes())
    name = az.load_explanation(explanation_path("handcrafted_2nd_argmax_2")).claims[0].name
    model = ("--model", "handcrafted:2nd_argmax_2")
    assert run("verify", f"/dev/fd/{reading}", *model, "--only", name).exit_code == 0
    os.close(reading)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("statement =", "statment =", "'statment' is no key (did you mean 'statement'?)"),
        ("kind = ", "knid = ", "'knid' is no key (did you mean 'kind'?)"),
        ('"always"', '"allways"', "'allways' (did you mean 'always'?)"),
        ("domain =", "domian =", "'domian' here (did you mean 'domain'?)"),
        ("[[claim]]", "[[claims]]", "'claims' here (did you mean 'claim'?)"),
        ('"2nd_argmax"', '"2ndargmax"', "'2ndargmax' (did you mean '2nd_argmax'?)"),
        ("hidden_size", "hiddensize", "'hiddensize' is no key (did you mean 'hidden_size'?)"),
        ("x[0] > 0", "positve", "`positve` is not defined (did you mean 'positive'?)"),
        ("relu(x[0])", "rellu(x[0])", "`rellu` is not defined (did you mean 'relu'?)"),
        ("h[0][0]", "hh[0][0]", "`hh` has no entries; x, z, h, "),
        ("h[0][0]", "logits[0]", "`logits` has no entries (did you mean 'logit'?)"),
        ('["first"]', '["frist"]', "no earlier claim (did you mean 'first'?)"),
        ('verdict = "right"', 'verdict = "rihgt"', "'rihgt' (did you mean 'right'?)"),
    ],
)
def test_misspelt_stories(right: str, wrong: str, said: str) -> None:
    text = """
title = "t"
[model]
task = "2nd_argmax"
hidden_size = 2
seq_len = 2
[domains]
positive = "x[0] > 0"
[[claim]]
name = "first"
kind = "always"
domain = "x[0] > 0"
statement = "h[0][0] >= relu(x[0])"
[[claim]]
name = "second"
kind = "always"
assume = ["first"]
statement = "h[0][0] >= 0"
[[case]]
name = "all"
when = "true"
verdict = "right"
"""
    assert parse_explanation(text).claims
    assert right in text
    with pytest.raises(InputError) as caught:
        parse_explanation(text.replace(right, wrong))
    assert said in str(caught.value)


# --- names and options ---


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("accuracy", "2nd_argmax_22"), "did you mean '2nd_argmax_2_2'?"),
        (("accuracy", "handcrafted:2ndargmax_2"), "did you mean 'handcrafted:2nd_argmax_2'?"),
        (("accuracy", "2nd_argmax_2_2", "--task", "2nd_argmx"), "did you mean '2nd_argmax'?"),
        (("accuracy", "2nd_argmax_2_2", "--task", "Argmax"), "did you mean 'argmax'?"),
        (("accuracy", "2nd_argmax_2_2", "--ties", "lowst"), "did you mean 'lowest'?"),
        (("accuracy", "2nd_argmax_2_2", "--method", "exat"), "did you mean 'exact'?"),
        (("accuracy", "median_2_2", "--method", "bound"), "did you mean 'bounds'?"),
        (("zoo", "list", "--task", "medain"), "did you mean 'median'?"),
        (("verify", "handcrafted_2nd_argmax2"), "did you mean 'handcrafted_2nd_argmax_2'?"),
        (("verify", "2nd_argmax_2_2", "--only", "frist_alone"), "There is no claim 'frist_alone'"),
        (("accuracy", "2nd_argmax_2_2", "--digit", "3"), "--digits"),
        (("acuracy", "2nd_argmax_2_2"), "accuracy"),
    ],
)
def test_misspelt_words(arguments: tuple[str, ...], said: str) -> None:
    assert said in refused(*arguments)


def test_misspelt_files_and_estimators(tmp_path: Path) -> None:
    path = write(tmp_path / "my_model.pth", state())
    assert "did you mean 'my_model.pth'?" in message(tmp_path / "my_modle.pth")
    assert "did you mean" not in message(tmp_path / "other.pth")
    assert "did you mean" not in message(tmp_path / "nowhere" / "a.pth")
    assert az.load(path, task="argmax").task == az.tasks.argmax(3)
    with pytest.raises(InputError, match="did you mean 'sampling'"):
        estimator("smapling")
    with pytest.raises(InputError, match="did you mean 'only_one'"):
        story(handcrafted_2_2(), claim("only_one", "always", statement="true")).claim("onlyone")


@given(st.text(max_size=200))
def test_suggestions_are_known(word: str) -> None:
    found = did_you_mean(word, PROBLEMS)
    assert found == "" or found in {f" (did you mean {name!r}?)" for name in PROBLEMS}


def test_no_wild_guesses() -> None:
    assert did_you_mean("speed", PROBLEMS) == ""
    assert did_you_mean("a" * 10**6, ["a" * 10**6]) == ""


# --- files that are no weights ---


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n", "git lfs pull"),
        (b"\n<!DOCTYPE html>\n<html lang='en'>", "web page"),
        (b"<html><body>404</body></html>", "web page"),
        (b'<?xml version="1.0"?><Error>NoSuchKey</Error>', "web page"),
        (b"Entry not found", "not a valid safetensors file|torch cannot read"),
        (gzip.compress(b"weights", mtime=0), "compressed by gzip; unpack it"),
    ],
)
def test_no_weights(tmp_path: Path, suffix: str, content: bytes, said: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(content)
    found = message(path)
    assert any(part in found for part in said.split("|"))
    assert str(path) in found


def test_a_suffix_of_the_other_kind(tmp_path: Path) -> None:
    weights = state()
    for kind, other in ((".pth", ".safetensors"), (".safetensors", ".pth")):
        path = write(tmp_path / f"a{kind}", weights).rename(tmp_path / f"b{other}")
        assert f"name it {kind}." in message(path)
    old = tmp_path / "old.safetensors"
    torch.save(weights, old, _use_new_zipfile_serialization=False)
    assert "name it .pth." in message(old)


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.pth")
    assert "pipe or a device" in message(tmp_path / "a.pth")
    (tmp_path / "b.pth").mkdir()
    assert "is a folder" in message(tmp_path / "b.pth")


# --- tensors that are no arrays of numbers ---


def _sparse(value: torch.Tensor) -> torch.Tensor:
    return value.to_sparse()


def _compressed(value: torch.Tensor) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return value.to_sparse_csr()


def _quantised(value: torch.Tensor) -> torch.Tensor:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(value, 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (_sparse, "sparse (torch.sparse_coo): store it as to_dense()"),
        (_compressed, "sparse (torch.sparse_csr)"),
        (_quantised, "quantised (torch.qint8)"),
        (lambda value: value.to("meta"), "meta device"),
        (lambda value: value.long(), "type torch.int64; expected a type of float16"),
        (lambda value: value.to(torch.complex64), "type torch.complex64; expected"),
    ],
)
def test_tensors(tmp_path: Path, change: Callable[[torch.Tensor], torch.Tensor], said: str) -> None:
    weights: dict[str, Any] = state()
    weights["linear.weight"] = change(weights["linear.weight"])
    found = message(write(tmp_path / "a.pth", weights))
    assert said in found
    assert "linear.weight" in found
    assert "float32;" not in found


def test_modules_without_numbers() -> None:
    assert "meta device" in message(DistRNN(2, 3).to("meta"))
    lazy = DistRNN(2, 3)
    lazy.linear = nn.LazyLinear(3, bias=False)
    assert "run the module once" in message(lazy)


# --- attention heads ---


def test_assumed_heads(tmp_path: Path) -> None:
    """With two heads the answers are others: so it is said where nobody states the number."""
    torch.manual_seed(0)
    module = DistTransformer(4, 3, heads=2)
    weights = module.state_dict()
    silent = write(tmp_path / "longest_cycle_4_3.safetensors", weights)
    text = text_of("accuracy", silent)
    assert "2 layers of 1 attention head (assumed: nothing states it), " in text
    found = json_of("accuracy", silent)["model"]
    assert (found["heads"], found["heads_assumed"]) == (1, True)
    asked = json_of("accuracy", silent, "--heads", 2)
    assert (asked["model"]["heads"], asked["model"]["heads_assumed"]) == (2, False)
    stated = write(tmp_path / "b.safetensors", weights, task="longest_cycle", heads="2")
    again = json_of("accuracy", stated)
    assert (again["model"]["heads"], again["model"]["heads_assumed"]) == (2, False)
    assert again["accuracy"] == asked["accuracy"]
    assert "assumed" not in text_of("accuracy", stated)
    assert not az.load(module).heads_assumed
    assert json_of("accuracy", "2nd_argmax_2_2")["model"]["heads"] is None
    report = az.make_report(az.load(silent), samples=10)
    assert "1 attention head (assumed" in report.markdown()
