"""Weights as people have them: the same model, or one sentence that says what to do.

Oracle: the plain file's exact weights; torch's own forward pass for perceptrons and modules.
"""

from __future__ import annotations

import gzip
import json
import os
import pickle
import zipfile
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.command_line import refused, run
from support.weight_files import message, state, write
from torch import nn

import algzoo_exact as az
from algzoo_exact.zoo.architectures import DistRNN, to_module
from algzoo_exact.zoo.loading import load

IN, HH, OUT = "rnn.weight_ih_l0", "rnn.weight_hh_l0", "linear.weight"
PLAIN = state(2, 3)
SQUARE = state(3, 3)


def called(*names: str, given: dict[str, torch.Tensor] = PLAIN) -> dict[str, torch.Tensor]:
    return dict(zip(names, (given[IN], given[HH], given[OUT]), strict=True))


def arrays(given: dict[str, torch.Tensor]) -> dict[str, np.ndarray[Any, Any]]:
    return {name: value.numpy() for name, value in given.items()}


class Cell(nn.Module):
    """A recurrence written by hand around a cell of torch's."""

    def __init__(self, nonlinearity: str = "relu") -> None:
        super().__init__()
        self.cell = nn.RNNCell(1, 2, bias=False, nonlinearity=nonlinearity)
        self.out = nn.Linear(2, 3, bias=False)


class Hidden(nn.Module):
    """An RNN under a name of its own, with biases that are 0."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.RNN(1, 2, nonlinearity="relu", batch_first=True)
        self.decode = nn.Linear(2, 3)
        for name, value in self.named_parameters():
            if "bias" in name:
                nn.init.zeros_(value)


# --- kinds that load ---

FILES: dict[str, tuple[str, Any, dict[str, Any]]] = {
    "another read-out": ("m.pth", called(IN, HH, "head.weight"), {}),
    "no suffixes": ("m.pth", called("w_in", "w_rec", "w_out"), {}),
    "a cell of torch's": ("m.pth", called("cell.weight_ih", "cell.weight_hh", "out.weight"), {}),
    "a cell in a wrapper": ("m.pt", {"net": called("a.cell.weight_ih", "a.cell.weight_hh", "a.o")},
                            {}),
    "parts apart": ("m.pth", {"rnn": {"weight_ih_l0": PLAIN[IN], "weight_hh_l0": PLAIN[HH]},
                              "linear": {"weight": PLAIN[OUT]}, "epoch": 3}, {}),
    "numbers beside": ("m.pth", {**PLAIN, "epoch": 3, "lr": 0.1, "note": None}, {}),
    "two dictionaries deep": ("m.ckpt", {"run": {"model": PLAIN, "epoch": 1}}, {}),
    "with an optimiser": ("m.pth", {"model": PLAIN, "optimizer": {"state": {0: {
        "step": torch.tensor(1.0), "exp_avg": torch.ones(2, 1)}}}}, {}),
    "averaged": ("m.pth", {"n_averaged": torch.tensor(7), **{f"module.{k}": v
                                                             for k, v in PLAIN.items()}}, {}),
    "compiled in parallel": ("m.pth", {f"module._orig_mod.{k}": v for k, v in PLAIN.items()}, {}),
    "an average alone": ("m.pth", {"decay": 0.9, "model_ema": {f"module.{k}": v
                                                               for k, v in PLAIN.items()}}, {}),
    "parameters": ("m.pth", {k: nn.Parameter(v) for k, v in PLAIN.items()}, {}),
    "Lightning in full": ("m.ckpt", {
        "epoch": 1, "global_step": 5, "pytorch-lightning_version": "2.0",
        "state_dict": {f"model.{k}": v for k, v in PLAIN.items()}, "lr_schedulers": [],
        "loops": {"fit_loop": {"state_dict": {}}}, "callbacks": {"best": {"score": torch.ones(())}},
        "optimizer_states": [{"state": {0: {"exp_avg": torch.ones(2, 1)}}, "param_groups": []}],
        "hyper_parameters": {"hidden_size": 2}}, {}),
    "biases by other names": ("m.pth", {**called("w_in", "w_rec", "w_out"),
                                        "b": torch.zeros(2)}, {}),
    "renamed": ("m.pth", called("a", "b", "c"), {"rename": {IN: "a", HH: "b", OUT: "c"}}),
    "renamed behind a prefix": ("m.pth", {"model." + k: v for k, v in called(IN, HH, "c").items()},
                                {"rename": {OUT: "c"}}),
    "renamed in full": ("m.pth", {"model." + k: v for k, v in called(IN, HH, "c").items()},
                        {"rename": {OUT: "model.c"}}),
    "one transposed": ("m.pth", {**PLAIN, HH: PLAIN[HH].T.contiguous()},
                       {"rename": {HH: f"{HH}.T"}}),
    "old format": ("old.pth", PLAIN, {}),
    "doubles": ("m.pth", {key: value.double() for key, value in PLAIN.items()}, {}),
    "numpy": ("m.npz", arrays(PLAIN), {}),
    "numpy, compressed": ("c.npz", arrays(called("w_in", "w_rec", "w_out")), {}),
    "numpy in column order": ("m.npz", {k: np.asfortranarray(v) for k, v in arrays(PLAIN).items()},
                              {}),
    "big-endian": ("m.npz", {k: v.astype(">f4") for k, v in arrays(PLAIN).items()}, {}),
    "safetensors of others": ("m.safetensors", called("i", "h", "o"), {}),
}  # fmt: skip


def save(path: Path, content: Any) -> Path:
    if path.suffix == ".npz":
        (np.savez_compressed if path.stem == "c" else np.savez)(path, **content)
    elif path.stem == "old":
        torch.save(content, path, _use_new_zipfile_serialization=False)
    else:
        write(path, content)
    return path


@pytest.mark.parametrize("kind", FILES)
def test_the_same_model(kind: str, tmp_path: Path) -> None:
    name, content, options = FILES[kind]
    found = az.load(save(tmp_path / name, content), **options)
    assert found.network == az.load(PLAIN).network
    if options:  # what the caller said is nothing to be told
        assert found.taken == {}


@settings(max_examples=60)
@given(
    st.integers(1, 4),
    st.integers(2, 4),
    st.permutations([IN, HH, OUT]),
    st.lists(st.text("abcxyz_", min_size=1, max_size=5), min_size=3, max_size=3, unique=True),
    st.sampled_from(["", "module.", "model.net."]),
)
def test_names_never_change_the_model(
    d: int, n: int, order: list[str], names: list[str], prefix: str
) -> None:
    """Whatever the matrices are called and in whatever order they come: the same network, or where
    two have one shape, a refusal that names the option."""
    plain = state(d, n)
    named = {prefix + name: plain[key] for key, name in zip(order, names, strict=True)}
    shapes = [value.shape for value in plain.values()]
    if len(set(shapes)) < len(shapes):
        assert "--rename" in message(named)
        pairs = dict(zip(order, names, strict=True))
        assert az.load(named, rename=pairs).network == az.load(plain).network
    else:
        assert az.load(named).network == az.load(plain).network


def test_what_was_taken_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "argmax_2_3.pth", called("a", "b", "c"))
    assert az.load(path).taken == {IN: "a", HH: "b", OUT: "c"}
    told = run("accuracy", path)
    note = f"note: by names and shapes: {IN} = a, {HH} = b, {OUT} = c"
    assert (told.exit_code, told.stderr) == (0, f"{note}; --rename says otherwise\n")
    assert az.load(write(tmp_path / "x.pth", PLAIN)).taken == {}


@pytest.mark.parametrize("module", [Cell(), Hidden(), nn.DataParallel(Hidden())], ids=str)
def test_modules_by_other_names(module: nn.Module) -> None:
    found = az.load(module, task="argmax")
    assert set(found.taken) == {IN, HH, OUT}
    inner = module.module if isinstance(module, nn.DataParallel) else module
    if isinstance(inner, Hidden):
        x = torch.randn(5, 3, 1)
        logits = inner.decode(inner.encoder(x)[0][:, -1]).double()
        ours = to_module(found.program)(x[..., 0].double())
        assert torch.allclose(ours, logits, atol=1e-6)


class Odd(Hidden):
    """A module whose forward pass is not all that its matrices do."""

    def __init__(self, change: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.change = change

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        states, _ = self.encoder(x if x.ndim == 3 else x.unsqueeze(-1))
        logits: torch.Tensor = self.decode(states[:, -1])
        return self.change(logits)


def test_what_a_module_computes_is_compared() -> None:
    """Its own forward pass is the judge of what its matrices are taken for."""
    torch.manual_seed(0)
    module = Odd(lambda logits: logits)
    module.train()
    model = az.load(module, task="argmax")
    assert module.training
    assert module.encoder.training
    assert az.load(Odd(lambda logits: logits).half()).dtype == "float16"
    assert az.load(Odd(lambda logits: logits[:, :2])).task is None  # of another size: not compared
    for change in (torch.tanh, lambda logits: logits.softmax(-1), lambda logits: logits.flip(-1)):
        odd = Odd(change)
        assert "Odd computes something else than its matrices with ReLU" in message(odd)
        odd.load_state_dict(module.state_dict())
        assert az.load(odd.state_dict(), task="argmax").network == model.network


def test_every_function_takes_a_module() -> None:
    module, task = DistRNN(2, 3), az.tasks.argmax(3)
    model = az.load(module, task="argmax")
    score = az.accuracy(model)
    for form in (module, module.state_dict(), nn.DataParallel(module)):
        assert az.accuracy(form, task).enclosure.lower == score.enclosure.lower
        assert az.lift(form) == model.program
    found = az.make_report(module, task, samples=1000).findings.score
    assert found.enclosure.lower == score.enclosure.lower
    assert az.perturb(module, 0.1).program == az.perturb(model, 0.1).program
    with pytest.raises(az.InputError, match="stated nowhere; give a task"):
        az.accuracy(module)


def test_perceptrons_under_other_names(tmp_path: Path) -> None:
    sequence = nn.Sequential(*[nn.Linear(3, 4, bias=False), nn.ReLU(), nn.Linear(4, 4, bias=False),
                               nn.ReLU(), nn.Linear(4, 3, bias=False)])  # fmt: skip
    plain = az.load(sequence, task="argmax")
    first, second, third = (value for value in sequence.state_dict().values())
    for names in (("fc1.weight", "fc2.weight", "fc10.weight"), ("l.0.w", "l.3.w", "l.7.w"),
                  ("enter", "inner", "leave")):  # fmt: skip
        content = dict(zip(names, (first, second, third), strict=True))
        path = write(tmp_path / "argmax.pth", dict(reversed(content.items())))
        if names[0] == "enter":  # (4, 3), (4, 4), (3, 4) also chain as (4, 4), (3, 4), (4, 3), ..
            assert "do not tell which of" in message(path, architecture="mlp")
            options = {"rename": {f"{2 * i}.weight": name for i, name in enumerate(names)}}
            found = az.load(path, architecture="mlp", **options)  # type: ignore[arg-type]
        else:
            found = az.load(path, architecture="mlp")
        assert found.network == plain.network
    told = run("accuracy", path, "--architecture", "mlp", "--rename",
               "0.weight=enter,2.weight=inner,4.weight=leave")  # fmt: skip
    assert (told.exit_code, told.stderr) == (0, "")
    assert "--architecture mlp" in run("accuracy", path).stderr
    # Shapes that chain in one way alone.
    unequal = {"b": torch.ones(2, 5), "a": torch.ones(5, 3)}
    assert az.load(unequal, architecture="mlp").taken == {"0.weight": "a", "2.weight": "b"}


# --- what is said about the task ---


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("2nd_argmax_2_3_seed0", "2nd_argmax"),
        ("2nd-argmax-2-3-best.v2", "2nd_argmax"),
        ("argmedian_2_3 (copy)", "argmedian"),
        ("run7_argmax_2_3_lr0.01_step_9_9", "argmax"),
        ("median_of_5_argmax_2_3", "argmax"),  # the one with a size
        ("argmax_or_argmedian", None),
        ("argmaxima_2_3", None),
    ],
)
def test_names_with_more_in_them(stem: str, expected: str | None, tmp_path: Path) -> None:
    task = az.load(write(tmp_path / f"{stem}.pth", PLAIN)).task
    assert (task and task.name) == expected


def test_the_task_where_there_is_one_alone(tmp_path: Path) -> None:
    one = write(tmp_path / "m.pth", {**PLAIN, OUT: torch.ones(1, 2)})
    assert az.load(one, seq_len=5).task == az.tasks.median(5)
    assert "--seq-len" in message(one)
    assert "add --task with 2nd_argmax, argmax" in refused(
        "accuracy", write(tmp_path / "x.pth", PLAIN)
    )


def test_hyper_parameters_say_the_task(tmp_path: Path) -> None:
    content = {"state_dict": PLAIN, "hyper_parameters": {"task": "argmedian", "lr": 0.1}}
    assert az.load(write(tmp_path / "m.ckpt", content)).task == az.tasks.argmedian(3)
    content = {"state_dict": {**PLAIN, OUT: torch.ones(1, 2)}, "config": {"seq_len": 5}}
    assert az.load(write(tmp_path / "m.ckpt", content)).task == az.tasks.median(5)
    content = {"state_dict": PLAIN, "hparams": {"task": "somebody's", "seq_len": True}}
    assert az.load(write(tmp_path / "m.ckpt", content)).task is None


# --- kinds that are refused, with what to do ---

_NESTED = {"model": PLAIN, "ema": PLAIN}
REFUSED: dict[str, tuple[str, Any, str]] = {
    "as many outputs as neurons": (
        "m.pth", called(IN, "b", "c", given=SQUARE),
        "which of 'b' (3, 3) and 'c' (3, 3) is rnn.weight_hh_l0; say it with --rename "
        "rnn.weight_hh_l0=b"),
    "JAX": ("m.npz", {"params/a/kernel": PLAIN[IN].T.numpy(), "params/b/kernel": PLAIN[HH].numpy(),
                      "params/c/kernel": PLAIN[OUT].T.numpy()},
            "--rename rnn.weight_ih_l0=a/kernel.T,rnn.weight_hh_l0=b/kernel.T,"),
    "transposed": ("m.pth", {key: value.T.contiguous() for key, value in PLAIN.items()},
                   "transposed (x @ W"),
    "bias": ("m.pth", {**called("a", "b", "c"), "d": torch.ones(2)}, "'d' is a vector: input"),
    "a vector": ("m.pth", {**called("a", "b", "c"), "a": PLAIN[IN][:, 0].clone()},
                 "'a' is a vector: input weights must have shape (d, 1)"),
    "LSTM": ("m.pth", nn.LSTM(1, 2, bias=False).state_dict(), "'weight_hh_l0' has the shape of an"),
    "two layers": ("m.pth", {**PLAIN, "rnn.weight_ih_l1": torch.ones(2, 2),
                             "rnn.weight_hh_l1": torch.ones(2, 2)}, "Unexpected tensor"),
    "namespace": ("m.pth", {"model": PLAIN, "args": Namespace(lr=1)},
                  "such as a argparse.Namespace); save it with torch.save(model.state_dict()"),
    "two models": ("m.pth", _NESTED, "holds 2 state dicts ('model', 'ema'); save the one"),
    "weight norm": ("m.pth", nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)).state_dict(),
                    "remove_parametrizations()"),
    "pruned": ("m.pth", {**called(IN, HH, "linear.weight_orig"), "linear.weight_mask": PLAIN[OUT]},
               "torch.nn.utils.prune.remove()"),
    "integers": ("m.npz", {k: v.astype(int) for k, v in arrays(PLAIN).items()}, "has type int64"),
    "objects": ("m.npz", {"a": np.array([None])}, "holds object, not numbers"),
    "not finite": ("m.npz", {**arrays(PLAIN), OUT: np.full((3, 2), np.nan, "f4")},
                   "linear.weight[0, 0] is nan"),
    "averages without names": ("m.pth", {"shadow_params": [*PLAIN.values()]}, "is of type list"),
    "arrays": ("m.pth", arrays(PLAIN), "arrays are for numpy.savez"),
    "eight bits": ("m.pth", {k: v.to(torch.float8_e4m3fn) for k, v in PLAIN.items()}, "has type "),
    "a list": ("m.pth", [*PLAIN.values()], "holds a list, not a state dict"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REFUSED)
def test_refused(kind: str, tmp_path: Path) -> None:
    name, content, expected = REFUSED[kind]
    path = save(tmp_path / name, content)
    text = message(path)
    assert expected in text
    assert str(path) in text


def test_files_of_other_kinds(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.ones((2, 2)))
    assert "numpy.savez(path" in message(tmp_path / "a.npy")
    (tmp_path / "a.npy").rename(tmp_path / "b.pth")
    assert "a single array of numpy.save()" in message(tmp_path / "b.pth")
    (tmp_path / "c.json").write_text(json.dumps({k: v.tolist() for k, v in PLAIN.items()}))
    assert "save its matrices with numpy.savez" in message(tmp_path / "c.json")
    np.savez(tmp_path / "d.npz", **arrays(PLAIN))
    (tmp_path / "d.npz").rename(tmp_path / "d.pth")
    assert "name it .npz." in message(tmp_path / "d.pth")
    (tmp_path / "f.bin").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    assert "HDF5" in message(tmp_path / "f.bin")
    assert "uses tanh" in message(Cell("tanh"))
    assert "gates are not piecewise linear" in message(nn.LSTM(1, 2))


def test_floats_of_fewer_bits(tmp_path: Path) -> None:
    for dtype in (torch.float16, torch.bfloat16):
        half = {key: value.to(dtype) for key, value in PLAIN.items()}
        found = az.load(write(tmp_path / "m.pth", half))
        assert found.network == az.load({k: v.double() for k, v in half.items()}).network
        mixed = {**PLAIN, HH: half[HH]}
        assert found.dtype == str(dtype).removeprefix("torch.")
        assert az.load(write(tmp_path / "m.pth", mixed)).dtype == f"{found.dtype}/float32"


def test_parts_of_a_model(tmp_path: Path) -> None:
    whole = safe(tmp_path / "model-00001-of-00001.safetensors")
    assert az.load(whole).network == az.load(PLAIN).network
    for name in ("pytorch_model-00001-of-00002.bin", "model-00003-of-00012.safetensors"):
        text = message(write(tmp_path / name, {IN: PLAIN[IN]}))
        assert f"one of {int(name.split('.')[0][-2:])} parts of a model; join" in text
    (tmp_path / "model.safetensors.index.json").write_text('{"weight_map": {}}')
    assert "lists the parts of a model; join" in message(tmp_path / "model.safetensors.index.json")


def test_files_of_other_tools(tmp_path: Path) -> None:
    plain = write(tmp_path / "m.pth", PLAIN).read_bytes()
    for name, content, cure in (
        ("m.pth.gz", gzip.compress(plain), "unpack it first"),
        ("zipped.pth", gzip.compress(plain), "compressed by gzip; unpack it"),
        ("m.onnx", b"\x08\x07", "weights of the module that it was made of"),
        ("onnx.pth", b"\x08\x07", "or is no file of torch.save()"),
        ("m.pkl", pickle.dumps(arrays(PLAIN)), "could run anything; save its arrays"),
        ("pickled.pth", pickle.dumps(arrays(PLAIN)), "or is no file of torch.save()"),
        ("m.gguf", b"GGUF", "save its matrices with numpy.savez"),
    ):
        (tmp_path / name).write_bytes(content)
        assert cure in message(tmp_path / name)
    with zipfile.ZipFile(tmp_path / "text.pt", "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert "without the data.pkl" in message(tmp_path / "text.pt")


@pytest.mark.parametrize("metadata", [{"epoch": 3}, {"a": None}, {"a": {"b": "c"}}, [1], "x"])
def test_metadata_of_odd_types(metadata: Any, tmp_path: Path) -> None:
    """The format's library reads no such file, though other writers make some."""
    content = safe(tmp_path / "m.safetensors").read_bytes()
    size = int.from_bytes(content[:8], "little")
    head = json.dumps({"__metadata__": metadata, **json.loads(content[8 : 8 + size])}).encode()
    (tmp_path / "m.safetensors").write_bytes(
        len(head).to_bytes(8, "little") + head + content[8 + size :]
    )
    assert "its metadata may hold texts alone" in message(tmp_path / "m.safetensors")


@pytest.mark.slow
def test_torchscript(tmp_path: Path) -> None:
    program = torch.jit.trace(nn.Linear(2, 2), torch.ones(2))  # type: ignore[no-untyped-call]
    program.save(tmp_path / "e.pt")
    assert "TorchScript program, and programs are not run" in message(tmp_path / "e.pt")


def test_renaming_is_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "m.pth", called("w_in", "w_rec", "w_out"))
    text = message(path, rename={OUT: "w_ouT"})
    assert "no tensor 'w_ouT' to be taken as linear.weight (did you mean 'w_out'?)" in text
    assert "cannot be two matrices" in message(path, rename={OUT: "w_in", IN: "w_in"})
    text = message(path, rename={"linear.wieght": "w_out"})
    assert "our matrices is called 'linear.wieght' (did you mean 'linear.weight'?)" in text
    for text in ("a", "a=", "=b", "a=b,", "a=b,a=c"):
        assert "write OURS=THEIRS" in refused("accuracy", path, "--rename", text)


# --- nothing hostile runs, and nothing large is made ---


def npz(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def header(shape: str, kind: str = "'<f4'") -> bytes:
    text = f"{{'descr': {kind}, 'fortran_order': False, 'shape': {shape}}}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


def test_hostile_numpy_files(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    assert "unpacks to" in message(npz(path, a=bytes((1 << 24) + 1)))
    assert "says that its shape is" in message(npz(path, a=header("(1099511627776, 4)")))
    assert "not a valid .npz" in message(npz(path, a=header("__import__('os').getcwd()")))
    assert "not a valid .npz" in message(npz(path, a=b"no numpy"))
    assert "holds object" in message(npz(path, a=header("(2,)", "'|O'") + bytes(16)))
    whole = save(tmp_path / "m.npz", arrays(PLAIN)).read_bytes()
    for length in range(0, len(whole), 97):
        path.write_bytes(whole[:length])
        message(path)


def test_many_views_of_one_number_are_not_copied(tmp_path: Path) -> None:
    views = {f"v{k}": torch.ones(1).expand(1000, 1000) for k in range(10)}
    assert "AlgZoo's models are tiny" in message(write(tmp_path / "a.pth", views))


def test_links(tmp_path: Path) -> None:
    (tmp_path / "a.pth").symlink_to(tmp_path / "a.pth")
    message(tmp_path / "a.pth")
    (tmp_path / "b.pth").symlink_to(tmp_path / "gone")
    assert "There is no file" in message(tmp_path / "b.pth")
    (tmp_path / "c.pth").symlink_to(os.devnull)
    assert "pipe or a device" in message(tmp_path / "c.pth")
    (tmp_path / "d.safetensors").symlink_to(safe(tmp_path / "e.safetensors"))
    assert load(tmp_path / "d.safetensors").network == az.load(PLAIN).network


def safe(path: Path) -> Path:
    safetensors.numpy.save_file(arrays(PLAIN), path)
    return path
