"""The checker on files that are damaged, odd, or made to keep it busy: it ends soon, with one
sentence and the exit code that it documents, and never with a traceback."""

from __future__ import annotations

import copy
import gzip
import json
import os
import subprocess
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import weight_files
from support.certificates import CHECKER, Json, by_hash, seal, story_of
from support.command_line import run
from support.programs import random_program
from support.spoiled import sealed
from support.weight_files import attention_state

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.zoo.loading import shipped_folder

FILE = shipped_folder() / "longest_cycle_4_4.safetensors"


@pytest.fixture(scope="module")
def document() -> Json:
    return az.certify(random_program(np.random.default_rng(1), 1, 3), az.tasks.argmax(3))


@pytest.fixture(scope="module")
def cycle() -> Json:
    return az.certify(az.load("longest_cycle_4_4"))


def outcome(path: Path, content: bytes | Json, weights: Path | None = None) -> tuple[int, str]:
    """Exit code and verdict; nothing may fail, and the verdict is one line."""
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    found = az.check_certificate(path, weights)
    assert found.status != "failed", found.reason
    assert "\n" not in found.verdict
    assert found.verdict.endswith(".")
    return found.exit_code, found.verdict


def test_damaged_files(document: Json, tmp_path: Path) -> None:
    path, packed = tmp_path / "c.json", gzip.compress(json.dumps(document).encode())
    for content in (
        packed[:200] + b"xx" + packed[202:],
        packed[:-9],
        packed[:1] + b"\x8b",
        b"",
        b"\0" * 100,
        b"[" * 10**6,
        b'{"a":' * 10**5,
        b'"\xff"',
        json.dumps(document)[:-5].encode(),
        json.dumps(document).replace(": 20,", ": " + "9" * 3_000_000 + ",").encode(),
        json.dumps(document | {"version": 3}).encode(),
        json.dumps(document | {"task": {"name": "argmax", "seq_len": 10**15}}).encode(),
    ):
        code, text = outcome(path, content)
        assert code == 2, text
        assert text.startswith("unreadable: ")
    assert "write it again" in outcome(path, document | {"version": 3})[1]


def test_what_is_too_large(document: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It may be right, so that it is not rejected."""
    path = tmp_path / "c.json"
    monkeypatch.setattr(check, "MOST_BYTES", 1 << 24)
    bomb = gzip.compress(b" " * (check.MOST_BYTES + 1), 1)
    rays = [*document["rays"][:-1], "1 1 " + "9" * 3_000_000]
    weights = copy.deepcopy(document["model"]["weights"])
    weights["linear.weight"][0][0] = "9" * 3_000_000
    long = seal(document | {"model": document["model"] | {"weights": weights}})
    for content in (
        bomb,
        gzip.compress(json.dumps(seal(document | {"rays": rays})).encode()),
        long,
        seal(document | {"task": {"name": "argmax", "seq_len": 10**14}}),
    ):
        code, text = outcome(path, content)
        assert code == 3, text
        assert text.startswith("not everything could be checked: ")


def test_every_field_may_be_anything(tmp_path: Path) -> None:
    """With a digest that fits, if there can be one: rejected, but where it says the same."""
    path = weight_files.write(tmp_path / "m.safetensors", attention_state(2, 2, 2, 1))
    transformer = az.load(path, task="longest_cycle")
    for model in (az.load("handcrafted:2nd_argmax_2"), transformer, az.load("median_2_2")):
        genuine = az.certify(model)
        for key in genuine.keys() - {"digest", "software"}:
            for value in ([], 1, -1, "x", None, True, {}, [[]], [{}], [None], {"": 1}):
                if genuine[key] != value:
                    found = check.check_document(sealed(genuine | {key: value}))
                    assert found.status == "rejected", (key, value, found.verdict)


HEADERS = (
    b"[]", b"1", b'"x"', b"null", b"{", b"", b"\xff", b"[" * 10**5, b'{"a":' + b"9" * 10**6 + b"}",
    b'{"a":1}', b'{"a":[]}', b'{"a":{}}', b'{"__metadata__":{"a":1}}', b'{"__metadata__":"ab"}',
    b'{"a":{"shape":[1,1],"dtype":[],"data_offsets":[0,4]}}',
    b'{"a":{"shape":[1,1],"dtype":"I32","data_offsets":[0,4]}}',
    b'{"a":{"shape":[1],"dtype":"F32","data_offsets":[0,4]}}',
    b'{"a":{"shape":[1,1],"dtype":"F32","data_offsets":[0,4]}}',  # not a number
    b'{"a":{"shape":[1,1],"dtype":"BF16","data_offsets":[2,4]}}',
    b'{"a":{"shape":[100000000000000,0],"dtype":"F32","data_offsets":[0,0]}}',
    b'{"a":{"shape":[100000000,1],"dtype":"F32","data_offsets":[0,400000000]}}',
    b'{"a":{"shape":[-1,-1],"dtype":"F32","data_offsets":[0,4]}}',
    b'{"a":{"shape":["1","1"],"dtype":"F32","data_offsets":[0,4]}}',
    b'{"a":{"shape":[1,1],"dtype":"F32","data_offsets":[-4,0]}}',
)  # fmt: skip


def test_odd_weights_files(cycle: Json, tmp_path: Path) -> None:
    path, weights = tmp_path / "c.json", tmp_path / "m.safetensors"
    for header in HEADERS:
        weights.write_bytes(len(header).to_bytes(8, "little") + header + b"\0\0\xc0\x7f")
        code, text = outcome(path, cycle, weights)
        assert code == 2, (header[:40], text)
    for content in (b"", b"\0", b"\xff" * 8):
        weights.write_bytes(content)
        assert outcome(path, cycle, weights)[0] == 2
    assert outcome(path, cycle, tmp_path)[0] == 2
    assert outcome(path, cycle, Path("\0"))[0] == 2


def test_work_is_bounded(document: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By a number of operations, more for more cells; what takes more is not rejected."""
    monkeypatch.setattr(check, "MOST_WORK", 100)
    monkeypatch.setattr(check, "WORK_PER_BYTE", 0)
    for items in (check.Cones, check.Functions):
        monkeypatch.setattr(items, "work", 0)
    for genuine in (
        document,
        az.certify(az.load("median_2_2")),
        az.certify(az.load("longest_cycle_4_4")),
    ):
        code, text = outcome(tmp_path / "c.json", genuine)
        assert code == 3
        assert "it takes over 100 operations" in text
    path = tmp_path / "c.json"
    path.write_text(json.dumps(document))
    sha256 = document["model"]["sha256"]
    assert az.check_certificate(path, sha256=sha256, work=10**6).status == "accepted"


def test_long_weights_take_their_toll() -> None:
    """Fractions without a common denominator: their multiple grows with each of them."""
    rows = [[f"{10**4000 + 2 * k + 1}/{10**4001 + 2 * k + 1}" for k in range(9 * j, 9 * j + 9)]
            for j in range(9)]  # fmt: skip
    lowest = [[str(Fraction(text)) for text in row] for row in rows]
    weights = {
        "rnn.weight_ih_l0": [[row[0]] for row in lowest],
        "rnn.weight_hh_l0": lowest,
        "linear.weight": lowest[:3],
    }
    parsed = check.weights_of(weights, "weights")
    model = {"name": "m", "sha256": check.digest_of_weights(parsed), "dtype": "rational"}
    genuine = az.certify(random_program(np.random.default_rng(1), 1, 3), az.tasks.argmax(3))
    found = check.check_document(seal(genuine | {"model": model | {"weights": weights}}))
    assert found.exit_code == 3
    assert "bits" in found.reason


@pytest.mark.parametrize("rows", [[], [[]], [["1"], []], 0, [1]])
def test_empty_weights(document: Json, rows: Any) -> None:
    """Also where their hash alone would be asked for."""
    for dtype in ("rational", "float32"):
        model = copy.deepcopy(document["model"]) | {"dtype": dtype}
        model["weights"]["linear.weight"] = rows
        found = check.check_document(seal(document | {"model": model}))
        assert found.status == "rejected"
        assert "must be a list of rows, none of them empty" in found.reason


@pytest.mark.parametrize("word", ["", "10", "00", "4", "?1", "01 "])
def test_answers_are_logits_in_order(cycle: Json, word: str) -> None:
    _, *rest = cycle["answers"].split(" ")
    found = check.check_document(seal(cycle | {"answers": " ".join([word, *rest])}))
    assert "must be logits, in order" in found.reason or "there are 256 inputs" in found.reason


def test_a_fault_of_its_own(
    document: Json, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 4, one sentence, nothing that looks like a verdict."""

    def broken(*_: Any) -> None:
        raise TypeError("no such thing")

    monkeypatch.setattr(check, "check_content", broken)
    found = check.check_document(document)
    assert (found.status, found.exit_code) == ("failed", 4)
    assert found.verdict.startswith("the checker failed: TypeError: no such thing.")
    path = tmp_path / "c.json"
    path.write_text(json.dumps(document))
    result = run("check", path)
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr.startswith("error: the checker failed: ")


def test_nobody_reads_the_output(document: Json, tmp_path: Path) -> None:
    """A pipe that is closed, no output at all, a full disk."""
    path = tmp_path / "c.json"
    path.write_text(json.dumps(document))
    command = [sys.executable, "-I", str(CHECKER), str(path), *by_hash(document)]
    end, start = os.pipe()
    os.close(end)
    done = subprocess.run(command, stdout=start, stderr=subprocess.PIPE, check=False)
    os.close(start)
    assert (done.returncode, done.stderr) == (141, b"")
    closed = ["sh", "-c", 'exec "$@" >&-', "sh", *command]
    done = subprocess.run(closed, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    if Path("/dev/full").exists():
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, check=False)
        assert (done.returncode, done.stderr[:24]) == (2, b"cannot write the output:")


def test_an_ascii_terminal(document: Json, tmp_path: Path) -> None:
    path = tmp_path / "\u00e4\u2028.json"
    named = seal(document | {"model": document["model"] | {"name": "\u00e4\U0001f600"}})
    path.write_text(json.dumps(named))
    for shown, code in ((path, 0), (path.with_suffix(".x"), 2)):
        done = subprocess.run(
            [sys.executable, str(CHECKER), str(shown), *by_hash(document)],
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"},
        )
        assert (done.returncode, done.stderr) == (code, b"")
        assert done.stdout.isascii()


@pytest.mark.parametrize("work", ["0", "-1"])
def test_no_work_is_no_check(work: str, document: Json, tmp_path: Path) -> None:
    path = tmp_path / "c.json"
    path.write_text(json.dumps(document))
    assert az.check_certificate(path, work=int(work)).exit_code == 3


def claims_of(document: Json, nodes: list[Any], statement: Json) -> Json:
    """A certificate of one claim with one statement, and nothing else."""
    kept = {key: document[key] for key in document if key not in ("cells", "rays", "decimals")}
    if "said" not in statement:
        statement = {"for": "all", "witness": None} | statement
    kept |= {"kind": "claims", "explanation": story_of(nodes, [statement]), "undecided": "1"}
    return seal(kept | {"accuracy": {"lower": "0", "upper": "1"}})


FALSE = [["x", 0], ["x", 1], ["<", 0, 1], True]  # x[0] < x[1], everywhere


def test_somebodys_word_is_not_counted_as_a_proof(document: Json) -> None:
    said = claims_of(document, [], {"said": "proved by z3"})
    found = check.check_document(said)
    assert found.status == "incomplete"
    assert "the explanation's claims: 1 resting on what was not checked" in found.checked
    assert not any("proved" in line for line in found.checked)


@pytest.mark.parametrize("digits", [60_000, 6_000_000])
def test_long_multipliers(document: Json, digits: int, tmp_path: Path) -> None:
    """They are not read: that takes the square of their length."""
    proof = {"steps": [{"rows": [[0, "7" * digits]]}]}
    long = claims_of(document, FALSE, {"statement": 2, "domain": 3, "proof": proof})
    began = time.process_time()
    assert outcome(tmp_path / "c.json", long)[0] == 3
    assert time.process_time() - began < 2


def test_many_long_numbers(document: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading them is work, and is paid for before it is done."""
    weights = copy.deepcopy(document["model"]["weights"])
    weights["linear.weight"] = [["1" * 20_000 + "/1" + "0" * 19_000 + "3"] * 40] * 3
    long = seal(document | {"model": document["model"] | {"weights": weights}})
    monkeypatch.setattr(check, "MOST_WORK", 1_000_000)
    found = check.check_document(long)
    assert found.exit_code == 3
    assert "it takes over 1,000,000 operations" in found.verdict


@pytest.mark.parametrize("item", ["[],", '{"a":1},', '"0",'])
def test_many_values(document: Json, item: str, tmp_path: Path) -> None:
    """A small file could unpack to so many that they fill the memory."""
    text = json.dumps(document)[:-1] + ',"x":[' + item * check.MOST_VALUES + "0]}"
    code, verdict = outcome(tmp_path / "c.json.gz", gzip.compress(text.encode(), 1))
    assert code == 3
    assert "values, more than this checker reads" in verdict


def test_many_tensors_of_the_same_bytes(cycle: Json, tmp_path: Path) -> None:
    """Offsets may overlap, so that the file's size says nothing about how much there is in it."""
    entry = {"dtype": "F16", "shape": [1000, 1000], "data_offsets": [0, 2_000_000]}
    header = json.dumps({f"w{k}": entry for k in range(1000)}).encode()
    weights = tmp_path / "w.safetensors"
    weights.write_bytes(len(header).to_bytes(8, "little") + header + bytes(2_000_000))
    code, text = outcome(tmp_path / "c.json", cycle, weights)
    assert code == 3
    assert "the weights' file has over 5,000,000 numbers" in text


def test_an_explanation_is_no_boundless_allowance(
    document: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its length may be padding: of the titles, for example."""
    monkeypatch.setattr(check, "MOST_EXPLAINED", 1000)
    padded = claims_of(document, [], {"said": "proved by z3"})
    padded["explanation"]["title"] = " " * 3 * check.MOST_EXPLAINED
    budget, found = check.Budget(), check.CheckedCertificate()
    check._check(seal(padded), None, check.Asked(), budget, found)
    assert budget.most == check.MOST_WORK + check.WORK_PER_BYTE * check.MOST_EXPLAINED
