"""What a certificate is about: compared with the weights' file, its metadata and what is asked, or
named among what was not checked."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from support import weight_files
from support.certificates import VALIDATOR, Json, asking, by_hash, dumped, run_bare, seal
from support.command_line import json_of, run
from support.weight_files import State, attention_state

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.zoo.loading import shipped_folder

TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def stored(path: Path, state: State, **metadata: str) -> Path:
    return weight_files.write(path, state, **metadata)


def changed(document: Json, key: str, value: Any) -> Json:
    """Another task, number of inputs, number of heads, hash, type or tie rule."""
    if key in ("heads", "sha256", "dtype"):
        return seal(document | {"model": document["model"] | {key: value}})
    if key in ("name", "seq_len"):
        return seal(document | {"task": document["task"] | {key: value}})
    return seal(document | {key: value})


@pytest.mark.parametrize("dtype", TYPES, ids=str)
def test_every_type_of_floats(dtype: torch.dtype, tmp_path: Path) -> None:
    """RNN, median and transformer; another type is noticed."""
    rnn = weight_files.state(1, 2, dtype)
    median = weight_files.state(1, 1, dtype)
    attention = {key: value.to(dtype) for key, value in attention_state(2, 2, 2, 1).items()}
    for state, task in ((rnn, "argmax"), (median, "median"), (attention, "longest_cycle")):
        file = stored(tmp_path / "m.safetensors", state)
        document = az.certify(az.load(file, task=task, seq_len=2))
        VALIDATOR.validate(document)
        assert check.check_document(document, file.read_bytes()).status == "accepted"
        other = "float64" if dtype != torch.float64 else "float32/float64"
        lies = changed(document, "dtype", other)
        assert "has dtype" in check.check_document(lies, file.read_bytes()).reason
        without = check.check_document(lies)
        assert without.exit_code == 3
        assert any(line.endswith(f"in {other}") for line in without.not_checked)


def test_mixed_types(tmp_path: Path) -> None:
    """A float64 among bfloat16s; a weight of neither type is noticed without the file."""
    state = weight_files.state(1, 2, torch.bfloat16)
    state["linear.weight"] = torch.tensor([[0.1], [0.3]], dtype=torch.float64)
    file = stored(tmp_path / "m.safetensors", state)
    document = az.certify(az.load(file, task="argmax"))
    assert document["model"]["dtype"] == "bfloat16/float64"
    VALIDATOR.validate(document)
    assert check.check_document(document, file.read_bytes()).status == "accepted"
    reason = check.check_document(changed(document, "dtype", "bfloat16/float32")).reason
    assert reason == "a weight is no bfloat16 or float32."
    for dtype in ("float64/bfloat16", "bfloat16/bfloat16", "int8", "", 1):
        assert "dtype" in check.check_document(changed(document, "dtype", dtype)).reason


@pytest.mark.parametrize("heads", [1, 2, 4])
def test_heads(heads: int, tmp_path: Path) -> None:
    """The same weights are other models with other heads. Metadata tells; where it says nothing,
    the verdict names what was taken."""
    state = attention_state(4, 2, 2, 1)
    plain = stored(tmp_path / "plain.safetensors", state)
    for told in (1, 2, 4):
        document = az.certify(az.load(plain, task="longest_cycle", heads=told))
        assert document["model"]["heads"] == told
        outcome = check.check_document(document, plain.read_bytes())
        assert f"with {told} head{'s' * (told > 1)} in each layer" in outcome.verdict
        assert any(line.startswith(f"whether heads {told} ") for line in outcome.not_checked)
        file = stored(tmp_path / "m.safetensors", state, heads=str(heads))
        document = changed(document, "sha256", hashlib.sha256(file.read_bytes()).hexdigest())
        outcome = check.check_document(document, file.read_bytes())
        if told == heads:
            assert outcome.status == "accepted"
            assert f"heads {heads}, against the file's metadata" in outcome.checked
        else:
            said = f'its heads is {told}, but the file\'s metadata says "{heads}".'
            assert (outcome.status, outcome.reason) == ("rejected", said)


def test_other_statements_about_the_same_file() -> None:
    """Heads, task, n, tie rule, hash and type, each changed: rejected, or told."""
    for name, changes in {
        "2nd_argmax_2_2": {"name": "argmax", "seq_len": 3, "sha256": "0" * 64, "dtype": "float64"},
        "median_2_2": {"name": "argmax", "seq_len": 3, "sha256": "0" * 64, "dtype": "float16"},
        "longest_cycle_4_4": {"heads": 2, "seq_len": 3, "sha256": "0" * 64, "dtype": "float64"},
    }.items():
        document, file = az.certify(az.load(name)), shipped_folder() / f"{name}.safetensors"
        assert check.check_document(document, file.read_bytes()).exit_code == 0
        for key, value in changes.items():
            outcome = check.check_document(changed(document, key, value), file.read_bytes())
            assert outcome.exit_code == 1, (name, key)
        if "ties" in document:
            outcome = check.check_document(changed(document, "ties", "uniform"), file.read_bytes())
            assert "ties earn 1/(number tied)" in outcome.verdict
            assert any(line.startswith("whether ties uniform") for line in outcome.not_checked)


def test_a_certificate_of_another_task() -> None:
    """A genuine one for argmax, held against the file of a model of 2nd_argmax."""
    file = shipped_folder() / "2nd_argmax_4_3.safetensors"
    document = az.certify(az.load("2nd_argmax_4_3", task="argmax"))
    outcome = check.check_document(document, file.read_bytes())
    assert outcome.exit_code == 1
    assert outcome.reason == 'its task is argmax, but the file\'s metadata says "2nd_argmax".'


def test_demands(tmp_path: Path) -> None:
    """They come before the metadata, in both commands; what differs is rejected."""
    file = shipped_folder() / "2nd_argmax_2_2.safetensors"
    path = tmp_path / "c.json"
    assert run("certify", "2nd_argmax_2_2", "--task", "argmax", "-o", path).exit_code == 0
    right = ("--task", "argmax", "--seq-len", "2", "--ties", "lowest")
    code, text = run_bare(path, file, *right)
    assert code == 0
    assert text.startswith("accepted: on argmax with 2 inputs, where the lowest index wins ties,")
    assert 'not checked: the task "2nd_argmax" that the file\'s metadata states' in text
    found = json_of("check", path, file, *right)
    assert "ties lowest, as asked" in found["checked"]
    assert found["verdict"] == text.splitlines()[0]
    assert found["statement"] == {
        "model": "2nd_argmax_2_2",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "task": "argmax",
        "seq_len": 2,
        "ties": "lowest",
        "heads": None,
    }
    for option, value in {
        "--task": "2nd_argmax",
        "--seq-len": "3",
        "--ties": "uniform",
        "--heads": "1",
    }.items():
        result = run("check", path, file, *right, option, value)
        assert result.exit_code == 1
        assert f"not {value} as asked" in result.stdout
    assert run_bare(path, file, *right, "--heads", "1")[0] == 1


def test_without_the_file(tmp_path: Path) -> None:
    """It is about the weights inside, and no full acceptance."""
    path = tmp_path / "c.json"
    for name in ("2nd_argmax_2_2", "median_2_2", "longest_cycle_4_4"):
        az.write_certificate(path, az.load(name))
        outcome = az.check_certificate(path)
        assert (outcome.status, outcome.weights, outcome.exit_code) == ("incomplete", "inside", 3)
        assert outcome.verdict.startswith("accepted for the weights inside: on ")
        line = (
            f"that the weights are those of a file with sha256 {az.load(name).sha256}, in float32"
        )
        assert line in outcome.not_checked
    code, text = run_bare(path)
    assert (code, text.splitlines()[0]) == (3, outcome.verdict)


def test_files_of_other_formats(tmp_path: Path) -> None:
    """The checker cannot read the weights in them, but it can compare the hash."""
    file = weight_files.write(tmp_path / "m.pth", weight_files.state(1, 2))
    path = tmp_path / "c.json"
    az.write_certificate(path, az.load(file, task="argmax"))
    code, text = run_bare(path, file)
    assert code == 3
    assert text.startswith("accepted for the weights inside: ")
    assert "not checked: what is in the file, which has that sha256" in text
    other = weight_files.write(tmp_path / "other.pth", weight_files.state(2, 2))
    assert run_bare(path, other)[0] == 2


def test_a_file_with_other_names_is_known_by_its_hash(tmp_path: Path) -> None:
    """A prefix, or biases that are 0: loaded as the same model, but not compared by the checker."""
    state = weight_files.state(1, 2)
    for given in (
        {f"module.{key}": value for key, value in state.items()},
        {**state, "rnn.bias_ih_l0": torch.zeros(1), "linear.bias": torch.zeros(2)},
    ):
        file = stored(tmp_path / "m.safetensors", given)
        document = az.certify(az.load(file), az.tasks.argmax(2))
        found = check.check_document(document, file.read_bytes())
        assert (found.exit_code, found.reason) == (3, "")
        assert any("what is in the file" in line for line in found.not_checked)
        other = stored(tmp_path / "o.safetensors", {key: v + 1 for key, v in state.items()})
        assert check.check_document(document, other.read_bytes()).exit_code == 1


def test_rational_weights_need_no_file(tmp_path: Path) -> None:
    """Their hash is that of the weights themselves, and may be demanded; a file may hold the same.
    Whether they are meant, nobody says otherwise."""
    state = {key: torch.ones(value.shape) for key, value in weight_files.state(1, 2).items()}
    file = stored(tmp_path / "m.safetensors", state)
    document = az.certify(az.load(file).program, az.tasks.argmax(2))
    assert check.check_document(document).exit_code == 3
    assert check.check_document(document, asked=asking(document)).exit_code == 0
    assert check.check_document(document, asked=check.Asked(sha256="0" * 64)).exit_code == 1
    assert check.check_document(document, file.read_bytes()).exit_code == 0
    other = (shipped_folder() / "2nd_argmax_2_2.safetensors").read_bytes()
    assert check.check_document(document, other).exit_code == 1


@pytest.mark.parametrize(
    "name",
    [
        "a" * 200 + "\naccepted: all",
        "x" + " " * 300 + "accepted: all",
        "\x1b[2J\x1b[31maccepted",
        "\u202eaccepted\u2066",
        "\x85accepted\u2028checked: all\rnot",
        '\ud800 \\u0041 "accepted"',
    ],
)
def test_names_do_not_pass_for_lines_of_ours(name: str, tmp_path: Path) -> None:
    """Quoted, cut off, in ASCII, without gaps that wrap into lines."""
    document = az.certify(az.load("handcrafted:2nd_argmax_2"))
    document = seal(document | {"model": document["model"] | {"name": name}})
    spoiled = seal(document | {name: 1})
    for shown, code in ((document, 0), (spoiled, 1)):
        outcome = check.check_document(json.loads(json.dumps(shown)), asked=asking(document))
        text = "\n".join(check.lines_of(outcome))
        assert outcome.exit_code == code
        assert text.isascii()
        assert "   " not in text
        assert all(line.startswith(("accepted: on ", "rejected: ", "checked: ", "not checked: ",
                                    "operations: "))
                   for line in text.splitlines())  # fmt: skip
        assert all(len(line) < 600 for line in text.splitlines())
    result = run("check", dumped(document, tmp_path / "c.json"), *by_hash(document))
    assert result.exit_code == 0
    assert "   accepted" not in result.stdout.replace("verdict      accepted", "")
