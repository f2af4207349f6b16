"""Loading: exact values from every format, and one clear sentence for everything else."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import subprocess
import sys
import zipfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from support.paths import ROOT
from support.weight_files import ALGZOO, State, message, needs_algzoo, state, write

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.architectures import DistRNN, to_module
from algzoo_exact.zoo.loading import list_models, load
from algzoo_exact.zoo.reading import LARGEST_FILE
from algzoo_exact.zoo.storage import RawTensor, parse_safetensors, to_safetensors

# --- what loads, and that it is exact ---


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pt"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_every_format_and_dtype_is_taken_exactly(
    tmp_path: Path, suffix: str, dtype: torch.dtype
) -> None:
    weights = state(dtype=dtype)
    model = load(write(tmp_path / f"2nd_argmax_2_3{suffix}", weights))
    # Oracle: torch's own conversion of each entry to a Python float, exact for all four types.
    expected = [[Fraction(v) for v in row] for row in weights["rnn.weight_hh_l0"].tolist()]
    assert [list(row) for row in model.program.recurrent] == expected
    assert list(model.program.input_weights) == [
        Fraction(v) for v in weights["rnn.weight_ih_l0"][:, 0].tolist()
    ]
    assert [list(row) for row in model.program.readout] == [
        [Fraction(v) for v in row] for row in weights["linear.weight"].tolist()
    ]
    assert model.dtype == str(dtype).removeprefix("torch.")
    assert model.task == Task("2nd_argmax", 3)
    assert model.program.seq_len == 3


def test_subnormals_survive(tmp_path: Path) -> None:
    weights = state(dtype=torch.float64)
    weights["linear.weight"][0, 0] = 5e-324
    model = load(write(tmp_path / "a.safetensors", weights))
    assert model.program.readout[0][0] == Fraction(1, 2**1074)


def test_the_hash_is_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", state())
    assert load(path).sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_a_module_has_the_hash_of_its_safetensors_file(dtype: torch.dtype) -> None:
    module = DistRNN(3, 4).to(dtype)
    module.load_state_dict(state(3, 4, dtype))
    model = load(module, task="argmax")
    # Oracle: the bytes that the safetensors library itself writes.
    expected = hashlib.sha256(safetensors.torch.save(module.state_dict())).hexdigest()
    assert model.sha256 == expected
    assert (model.name, model.task) == ("DistRNN", Task("argmax", 4))


def test_written_bytes_do_not_depend_on_the_order_given() -> None:
    one, two = RawTensor("F32", (1, 1), b"abcd"), RawTensor("F32", (1, 2), b"efghijkl")
    content = to_safetensors({"a": one, "b": two}, {"task": "x", "seed": "é"})
    assert content == to_safetensors({"b": two, "a": one}, {"seed": "é", "task": "x"})
    assert parse_safetensors(content) == ({"a": one, "b": two}, {"seed": "é", "task": "x"})


def test_a_module_goes_there_and_back() -> None:
    program = load("handcrafted:2nd_argmax_10").program
    assert load(to_module(program)).program == program


@needs_algzoo
@pytest.mark.parametrize("name", ["2nd_argmax_2_2", "example_2nd_argmax_16_10"])
def test_algzoos_files_agree(name: str) -> None:
    pickled, plain = load(ALGZOO / f"{name}.pth"), load(ALGZOO / f"{name}.safetensors")
    assert pickled.program == plain.program
    assert pickled.task == plain.task is not None
    assert f"{plain.program.hidden_size}_{plain.program.seq_len}" in name


def test_shipped_models_load_by_name() -> None:
    assert "2nd_argmax_4_3" in list_models()
    for name in list_models():
        model = load(name)
        task, d, n = name.rsplit("_", 2)
        assert model.name == name
        assert model.task == Task(task, int(n))
        assert (model.network.hidden_size, model.network.seq_len) == (int(d), int(n))
        assert model.metadata["task"] == task


def test_safetensors_load_without_torch(tmp_path: Path) -> None:
    path = write(tmp_path / "2nd_argmax_2_3.safetensors", state(dtype=torch.bfloat16))
    code = (
        "import sys; from algzoo_exact.zoo.loading import load;"
        f"load({str(path)!r}); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_odd_strides_are_read_right(tmp_path: Path) -> None:
    weights = state()
    weights["rnn.weight_ih_l0"] = torch.arange(9.0).as_strided((2, 1), (3, 7))
    model = load(write(tmp_path / "a.pth", weights))
    assert model.program.input_weights == (0, 3)


# --- which task ---


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("2nd_argmax_2_3", "2nd_argmax"),
        ("argmax_2_3", "argmax"),
        ("example_2nd_argmax_2_3", "2nd_argmax"),
        ("argmedian_2_3_1073741824_4", "argmedian"),
        ("argoutlier_2_3_0_0", "argoutlier"),
        ("one_layer_16_hidden_94_acc_2nd_argmax", "2nd_argmax"),
        ("my2nd_argmax_2_3", None),
        ("2nd_argmax_2", "2nd_argmax"),
        ("2nd_argmax_2_3_final", "2nd_argmax"),
        ("weights", None),
    ],
)
def test_the_task_comes_from_the_name(tmp_path: Path, stem: str, expected: str | None) -> None:
    model = load(write(tmp_path / f"{stem}.safetensors", state()))
    assert model.task == (None if expected is None else Task(expected, 3))


def test_metadata_come_before_the_name_and_the_caller_before_both(tmp_path: Path) -> None:
    path = tmp_path / "2nd_argmax_2_3.safetensors"
    safetensors.torch.save_file(state(), path, {"task": "argmedian", "seq_len": "3"})
    assert load(path).task == Task("argmedian", 3)
    assert load(path, task="argmax", seq_len=3).task == Task("argmax", 3)


@pytest.mark.parametrize("stem", ["2nd_argmax_4_3", "2nd_argmax_2_4", "x_argmax_3_2_1024_0"])
def test_a_name_that_contradicts_the_shapes_is_an_error(tmp_path: Path, stem: str) -> None:
    assert "but the weights say" in message(write(tmp_path / f"{stem}.pth", state()))


def test_metadata_that_contradict_the_shapes_are_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    safetensors.torch.save_file(state(), path, {"task": "argmax", "seq_len": "4"})
    assert "metadata says seq_len 4, but the weights say 3" in message(path)


def test_what_the_caller_says_is_checked_too(tmp_path: Path) -> None:
    path = write(tmp_path / "a.safetensors", state(2, 4))
    assert "4 inputs, not 3" in message(path, task="argmax", seq_len=3)
    assert "Unknown task 'argmxa'" in message(path, task="argmxa")
    assert "odd" in message(path, task="argmedian")


# --- what does not load ---


def test_names_and_paths(tmp_path: Path) -> None:
    assert "2nd_argmax_4_3" in message("nothing like it")  # lists the shipped models
    assert "did you mean '2nd_argmax_4_3'?); AlgZoo's own" in message("2nd_argmx_4_3")
    assert "There is no file" in message(str(tmp_path / "none.safetensors"))
    assert "is a folder" in message(tmp_path)
    assert "name of the model is empty" in message("")
    other = tmp_path / "weights.h5"
    other.write_bytes(b"x")
    assert "not a .safetensors, .pth, .pt or .npz file" in message(other)
    assert "handcrafted:2nd_argmax_10" in message("handcrafted:2nd_argmax_4")
    assert "There is no file" in message("a\0b.pth")
    assert "Cannot read" in message("a" * 5000 + ".pth")
    assert "Cannot load a int" in message(3)
    assert "Cannot load a type" in message(DistRNN)


def changed(**changes: torch.Tensor | None) -> State:
    names = {"ih": "rnn.weight_ih_l0", "hh": "rnn.weight_hh_l0", "oh": "linear.weight"}
    result = state()
    for key, value in changes.items():
        name = names.get(key, key.replace("__", "."))
        if value is None:
            del result[name]
        else:
            result[name] = value
    return result


NAN, INF = float("nan"), float("inf")

BAD_STATES = {
    "missing": (changed(hh=None), "no rnn.weight_hh_l0"),
    "extra": (changed(rnn__weight_hh_l1=torch.ones(2, 2)), "Unexpected tensor 'rnn.weight_hh_l1'"),
    "renamed": ({"a": torch.ones(2, 2)}, "found: 'a'"),
    "empty dict": ({}, "found: nothing"),
    "bias": (changed(rnn__bias_ih_l0=torch.ones(2)), "Models with biases ('rnn.bias_ih_l0')"),
    "two inputs": (changed(ih=torch.ones(2, 2)), "rnn.weight_ih_l0 has shape (2, 2)"),
    "not square": (changed(hh=torch.ones(2, 3)), "rnn.weight_hh_l0 has shape (2, 3)"),
    "wrong readout": (changed(oh=torch.ones(3, 4)), "linear.weight has shape (3, 4)"),
    "vector": (changed(ih=torch.ones(2)), "rnn.weight_ih_l0 must be a nonempty matrix"),
    "scalar": (changed(ih=torch.tensor(1.0)), "rnn.weight_ih_l0 must be a nonempty matrix"),
    "empty": (changed(oh=torch.ones(0, 2)), "linear.weight must be a nonempty matrix"),
    "one output": (changed(oh=torch.ones(1, 2)), "give it as seq_len"),
    "embedding": ({"embed.weight": torch.ones(2, 2)}, "no pos_embed.weight"),
    "integers": (changed(hh=torch.ones(2, 2, dtype=torch.int32)), "rnn.weight_hh_l0 has type"),
    "complex": (changed(hh=torch.ones(2, 2, dtype=torch.complex64)), "rnn.weight_hh_l0 has type"),
    "booleans": (changed(hh=torch.ones(2, 2, dtype=torch.bool)), "rnn.weight_hh_l0 has type"),
    "float8": (changed(hh=torch.ones(2, 2).to(torch.float8_e4m3fn)), "rnn.weight_hh_l0 has type"),
    "nan": (changed(hh=torch.tensor([[1.0, 2.0], [NAN, 3.0]])), "rnn.weight_hh_l0[1, 0] is nan"),
    "inf": (changed(ih=torch.tensor([[1.0], [-INF]])), "rnn.weight_ih_l0[1, 0] is -inf"),
    "bfloat16 nan": (
        changed(oh=torch.full((3, 2), NAN, dtype=torch.bfloat16)),
        "linear.weight[0, 0] is nan",
    ),
}


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
@pytest.mark.parametrize("case", BAD_STATES)
def test_states_that_are_no_such_model(tmp_path: Path, suffix: str, case: str) -> None:
    content, expected = BAD_STATES[case]
    path = write(tmp_path / f"a{suffix}", content)
    text = message(path)
    assert expected in text
    assert str(path) in text


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([1, 2], "holds a list"),
        (torch.ones(2), "holds a Tensor"),
        ({"model": state(), "ema": state()}, "holds 2 state dicts ('model', 'ema'); save the one"),
        ({"model": {"weights": {}}}, "The entry 'model' is of type dict (is that the state"),
        ({1: torch.ones(2)}, "The entry 1 is of type Tensor;"),
        ({"rnn.weight_ih_l0": 3.0}, "The entry 'rnn.weight_ih_l0' is of type float;"),
        (changed(hh=torch.eye(2).to_sparse()), "is sparse"),
        (changed(hh=torch.ones(2, 2, device="meta")), "is on the meta device"),
    ],
)
def test_pickles_of_something_else(tmp_path: Path, content: object, expected: str) -> None:
    assert expected in message(write(tmp_path / "a.pth", content))


def test_a_whole_pickled_module_is_refused(tmp_path: Path) -> None:
    text = message(write(tmp_path / "a.pth", DistRNN(2, 3)))
    assert "architectures.DistRNN); save it with torch.save(model.state_dict(), path)." in text


def test_a_huge_tensor_over_little_storage_is_refused(tmp_path: Path) -> None:
    d = 2**15
    one = torch.ones(1)
    content = {
        "rnn.weight_ih_l0": one.expand(d, 1),
        "rnn.weight_hh_l0": one.expand(d, d),
        "linear.weight": one.expand(3, d),
    }
    path = write(tmp_path / "a.pth", content)
    assert path.stat().st_size < 10_000
    assert "tiny" in message(path)


class _Hostile:
    """Unpickling this with the ordinary unpickler creates a file."""

    def __init__(self, target: Path) -> None:
        self.target = str(target)

    def __reduce__(self) -> tuple[object, ...]:
        return (open, (self.target, "w"))


@pytest.mark.parametrize("archive", [False, True])
def test_hostile_pickles_run_nothing(tmp_path: Path, archive: bool) -> None:
    target, path = tmp_path / "created", tmp_path / "a.pth"
    if archive:
        torch.save({"rnn.weight_ih_l0": _Hostile(target)}, path)
    else:
        path.write_bytes(pickle.dumps(_Hostile(target)))
    message(path)
    assert not target.exists()
    # The plant is live: ordinary unpickling does create the file.
    pickle.loads(pickle.dumps(_Hostile(target))).close()
    assert target.exists()


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_every_truncation_is_an_error(tmp_path: Path, suffix: str) -> None:
    whole = write(tmp_path / f"whole{suffix}", state()).read_bytes()
    path = tmp_path / f"a{suffix}"
    step = max(1, len(whole) // 60)
    for length in range(0, len(whole), step):
        path.write_bytes(whole[:length])
        assert str(path) in message(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth"])
def test_corrupt_bytes_never_escape_as_other_errors(tmp_path: Path, suffix: str) -> None:
    whole = write(tmp_path / f"whole{suffix}", state()).read_bytes()
    path = tmp_path / f"a{suffix}"
    generator = np.random.default_rng(1)
    for _ in range(150):
        content = bytearray(whole)
        for position in generator.integers(0, len(content), 4):
            content[position] = generator.integers(0, 256)
        path.write_bytes(content)
        with suppress(InputError):  # it may load, where only weights or unused bytes changed
            load(path)


def test_hostile_safetensors_headers(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    entry = {"dtype": "F32", "shape": [2, 1], "data_offsets": [0, 1 << 40]}
    headers = [b"not json", b"[]", json.dumps({"rnn.weight_ih_l0": entry}).encode(), b"[" * 10**5]
    contents = [len(h).to_bytes(8, "little") + h for h in headers]
    contents.append((2**63).to_bytes(8, "little") + b"{}")
    for content in contents:
        path.write_bytes(content)
        assert "not a valid safetensors file" in message(path)


def test_large_files_are_refused_before_they_are_parsed(tmp_path: Path) -> None:
    for suffix in (".safetensors", ".pth"):
        path = tmp_path / f"a{suffix}"
        with path.open("wb") as file:
            file.truncate(LARGEST_FILE + 1)
        assert "over 16 MiB" in message(path)


def test_archives_that_unpack_to_much_more_are_refused(tmp_path: Path) -> None:
    path, buffer = tmp_path / "a.pth", io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", bytes(LARGEST_FILE + 1))
    path.write_bytes(buffer.getvalue())
    assert path.stat().st_size < LARGEST_FILE // 100
    assert "unpacks to" in message(path)


def test_modules_that_compute_something_else() -> None:
    module = DistRNN(2, 3)
    module.rnn = torch.nn.RNN(1, 2, nonlinearity="tanh", bias=False)
    assert "tanh" in message(module)
    module.rnn = torch.nn.RNN(1, 2, nonlinearity="relu")
    assert "biases" in message(module)
    assert "no rnn.weight_ih_l0" in message(torch.nn.Linear(2, 2, bias=False))
