"""Certificates as they are written: their format, their files, the commands."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import signal
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import safetensors.torch
import torch
from support.certificates import CHECKER, VALIDATOR, Json, asking, by_hash, dumped
from support.command_line import json_of, refused, run, text_of
from support.programs import random_program

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.program.ir import Program
from algzoo_exact.zoo.architectures import to_state
from algzoo_exact.zoo.loading import shipped_folder


@pytest.fixture(scope="module")
def program() -> Program:
    return random_program(np.random.default_rng(4), 2, 3)


@pytest.fixture(scope="module")
def document(program: Program) -> Json:
    return az.certify(program, az.tasks.second_argmax(3))


def test_schema(document: Json) -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATOR.schema)
    VALIDATOR.validate(document)
    VALIDATOR.validate(az.certify(az.load("longest_cycle_4_4")))
    for name in ("handcrafted:2nd_argmax_2", "median_2_2"):
        small = az.certify(az.load(name))
        VALIDATOR.validate(small)
        for key in small:
            assert not VALIDATOR.is_valid({k: v for k, v in small.items() if k != key})
        assert not VALIDATOR.is_valid(small | {"explanation": 1})


def test_accuracy_and_partition(program: Program, document: Json) -> None:
    """Against `accuracy`, whose flow measures no cell; and the cells add up to 1."""
    known = az.accuracy(program, az.tasks.second_argmax(3), digits=25).enclosure
    lower, upper = (Fraction(document["accuracy"][key]) for key in ("lower", "upper"))
    assert lower <= known.lower
    assert known.upper <= upper
    count = len(document["cells"])
    assert upper - lower <= Fraction(count, 10**20)
    assert abs(sum(Fraction(c["measure"]) for c in document["cells"]) - 1) < count * 1e-20
    assert Fraction(document["undecided"]) <= Fraction(count, 10**20)
    told = check.check_document(document).checked
    assert "each facet is shared by two cells, so that nothing is left out" in told


def test_decimals(program: Program) -> None:
    task = az.tasks.second_argmax(3)
    coarse, fine = (az.certify(program, task, decimals=places) for places in (4, 40))
    for a, b in zip(coarse["cells"], fine["cells"], strict=True):
        assert (len(a["measure"]), len(b["measure"])) == (6, 42)
        assert abs(Fraction(a["measure"]) - Fraction(b["measure"])) <= Fraction(50001, 10**9)
    for found in (coarse, fine):
        assert check.check_document(found, asked=asking(found)).status == "accepted"


def test_files(program: Program, document: Json, tmp_path: Path) -> None:
    """Written item by item, it is the same document; the same bytes each time; compressed too."""
    task = az.tasks.second_argmax(3)
    heard: list[float] = []
    written = az.write_certificate(
        tmp_path / "a.json", program, task, progress=lambda share, text: heard.append(share)
    )
    content = written.path.read_bytes()
    assert json.loads(content) == document
    assert written.sha256 == hashlib.sha256(content).hexdigest()
    assert written.count == len(document["cells"])
    assert written.undecided <= Fraction(document["undecided"])
    assert heard == sorted(heard)
    assert heard[-1] == 1
    packed = [az.write_certificate(tmp_path / f"{k}.json.gz", program, task) for k in "bc"]
    assert packed[0].sha256 == packed[1].sha256
    assert gzip.decompress(packed[0].path.read_bytes()) == content
    assert (
        az.check_certificate(packed[0].path).accuracy == az.check_certificate(written.path).accuracy
    )


def test_interrupted_writing_leaves_nothing(program: Program, tmp_path: Path) -> None:
    def stop(share: float, text: str) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "c.json"
    path.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        az.write_certificate(path, program, az.tasks.second_argmax(3), progress=stop)
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


def test_ctrl_c_while_checking_says_so(tmp_path: Path) -> None:
    """The checker waits for a pipe; opening it for writing waits until the checker reads."""
    path = tmp_path / "c.json"
    os.mkfifo(path)
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", str(CHECKER), str(path)],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    with path.open("wb"):
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=300)
    assert process.returncode == 130
    assert said == "interrupted: nothing is known of the certificate\n"


def test_models_of_torch_and_with_noise() -> None:
    """The hash is that of a file with just the weights, which the checker then takes."""
    model = az.perturb(az.load("2nd_argmax_2_2"), 0.01, 3)
    document = az.certify(model)
    assert document["model"]["sha256"] == model.sha256
    content = safetensors.torch.save(to_state(model.network, torch.float32))
    outcome = check.check_document(document, content)
    assert (outcome.status, outcome.reason) == ("accepted", "")


@pytest.mark.parametrize(
    ("model", "options", "sentence"),
    [
        ("2nd_argmax_16_10", {}, "n ≤ 6"),
        ("2nd_argmax_2_2", {"decimals": 3}, "from 4 to 40"),
        ("2nd_argmax_2_2", {"ties": "best"}, "tie rule"),
        ("longest_cycle_4_4", {"decimals": 10}, "leave decimals out"),
    ],
)
def test_refused(model: str, options: Json, sentence: str) -> None:
    with pytest.raises(az.InputError, match=sentence):
        az.certify(az.load(model), **options)


def test_refused_without_a_task_and_elsewhere(program: Program, tmp_path: Path) -> None:
    with pytest.raises(az.InputError, match="give the task"):
        az.certify(program)
    with pytest.raises(az.InputError, match=r"\.json\.gz"):
        az.write_certificate(tmp_path / "c.txt", program, az.tasks.argmax(3))
    with pytest.raises(az.InputError, match="no folder"):
        az.write_certificate(tmp_path / "no" / "c.json", program, az.tasks.argmax(3))


def test_commands(tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    text = text_of("certify", "handcrafted:2nd_argmax_2", "-o", path)
    assert "4 cells" in text
    assert hashlib.sha256(path.read_bytes()).hexdigest() in text
    text = text_of("check", path, *by_hash(json.loads(path.read_text())))
    assert "verdict      accepted: on 2nd_argmax with 2 inputs, where the lowest index" in text
    found = json_of("certify", "longest_cycle_4_4", "-o", path)
    assert (found["count"], found["file"]["bytes"]) == (256, path.stat().st_size)
    file = shipped_folder() / "longest_cycle_4_4.safetensors"
    found = json_of("check", path, file)
    assert (found["status"], found["accuracy"]) == ("accepted", {"lower": "1", "upper": "1"})
    assert found["checked"]
    assert len(found["not_checked"]) == 1  # the tie rule
    assert found["statement"] == {
        "model": "longest_cycle_4_4",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "task": "longest_cycle",
        "seq_len": 4,
        "ties": "lowest",
        "heads": 1,
    }
    result = run("check", path)
    assert result.exit_code == 3
    assert "verdict      accepted for the weights inside: " in result.stdout


def test_command_rejects(tmp_path: Path) -> None:
    document = az.certify(az.load("handcrafted:2nd_argmax_2"))
    document["cells"][0]["label"] = 1 - document["cells"][0]["label"]
    result = run("check", dumped(document, tmp_path / "c.json"))
    assert result.exit_code == 1
    assert "rejected: cell 0: its label is" in result.stdout
    result = run("check", tmp_path / "none.json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: unreadable: cannot read")
    refused("certify", "2nd_argmax_16_10", "-o", tmp_path / "m.json")
    assert not (tmp_path / "m.json").exists()
