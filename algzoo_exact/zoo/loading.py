"""Load a model from a file, a shipped or handcrafted name, or a torch module.

Files are untrusted: sizes are checked before anything is unpacked, safetensors are read without
torch, and pickles go through torch's restricted unpickler, which runs no code from the file.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import warnings
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Program
from algzoo_exact.program.lift import check_layout, lift
from algzoo_exact.program.task import TASK_NAMES, Task
from algzoo_exact.zoo.handcrafted import SIZES, handcrafted_second_argmax
from algzoo_exact.zoo.storage import RawTensor, parse_safetensors, to_safetensors

if TYPE_CHECKING:
    import torch

HANDCRAFTED = tuple(f"handcrafted:2nd_argmax_{n}" for n in SIZES)
SUFFIXES = (".safetensors", ".pth", ".pt")
LARGEST_FILE = 1 << 24  # bytes; AlgZoo's largest model has 1,408 weights

_NUMPY_TYPES = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}
_DTYPE_NAMES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}

# {task}, {task}_{d}_{n} or {task}_{d}_{n}_{sequences}_{seed}, alone or after a prefix.
_NAME = re.compile(
    rf"(?:^|(?<!2nd)[_-])({'|'.join(TASK_NAMES)})(?:_(\d+)_(\d+)(?:_\d+_\d+)?)?$", re.ASCII
)


@dataclass(frozen=True)
class Model:
    """A model as it was stored.

    ``program`` is exact. ``task`` is None where neither the caller, the file's metadata nor its
    name tells it. ``sha256`` is of the file's bytes; for a torch module, of the safetensors file
    that holds just its weights; for a handcrafted model, of its weights written as fractions.
    ``dtype`` is the stored type: ``float32``, ..., or ``rational`` for handcrafted models.
    """

    name: str
    sha256: str
    program: Program
    task: Task | None
    metadata: dict[str, str]
    dtype: str


def load(
    model: str | os.PathLike[str] | torch.nn.Module,
    *,
    task: str | None = None,
    seq_len: int | None = None,
) -> Model:
    """Load a model, exactly as stored.

    ``model`` is a ``.safetensors``, ``.pth`` or ``.pt`` file with AlgZoo's keys (a state dict), a
    ``torch.nn.Module`` with that state dict, the name of a shipped model (``list_models()``), or
    ``handcrafted:2nd_argmax_2``, ``_3`` or ``_10``. ``task`` names the task; else it comes from
    the file's metadata or its name. ``seq_len``, if given, must be the number of logits.

    Raises InputError, in one sentence, for anything that cannot be used.
    """
    if not isinstance(model, str | os.PathLike):
        return _load_module(model, task, seq_len)
    name = os.fspath(model)
    if name.startswith("handcrafted:"):
        return _load_handcrafted(name, task, seq_len)
    return _load_file(_find(name), task, seq_len)


def list_models() -> tuple[str, ...]:
    """Names of the models that come with the package."""
    return tuple(sorted(path.stem for path in _shipped_folder().glob("*.safetensors")))


def _shipped_folder() -> Path:
    """``models`` is a package of its own in a wheel, and beside the package in a checkout."""
    package = Path(__file__).parents[1]
    installed = package / "models"
    return installed if installed.is_dir() else package.parent / "models"


def _find(name: str) -> Path:
    path = Path(name)
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise InputError(f"Cannot read {name!r}: {error.strerror}.") from error
    if name in list_models() and not exists:
        return _shipped_folder() / f"{name}.safetensors"
    if is_folder:
        raise InputError(f"{path} is a folder; give a .safetensors, .pth or .pt file in it.")
    if exists and path.suffix not in SUFFIXES:
        raise InputError(f"{path} is not a .safetensors, .pth or .pt file.")
    if not exists and path.suffix in SUFFIXES:
        raise InputError(f"There is no file {name!r}.")
    if not exists:
        known = ", ".join((*list_models(), *HANDCRAFTED))
        raise InputError(f"There is no file or shipped model {name!r}; shipped models: {known}.")
    return path


def _load_file(path: Path, task: str | None, seq_len: int | None) -> Model:
    content = _read(path)
    try:
        if path.suffix == ".safetensors":
            tensors, metadata = parse_safetensors(content)
        else:
            tensors, metadata = _parse_pickle(content), {}
        program = lift(_arrays(tensors))
        return Model(
            path.stem,
            hashlib.sha256(content).hexdigest(),
            program,
            _task(program, task, seq_len, metadata, path.stem),
            metadata,
            _dtype(tensors),
        )
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise InputError(f"{path} is over {LARGEST_FILE >> 20} MiB; AlgZoo's models are tiny.")
    return content


def _parse_pickle(content: bytes) -> dict[str, RawTensor]:
    import torch

    _check_unpacked_size(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about archive formats; the outcome is what counts
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a corrupt pickle can raise nearly anything
        # torch's own text goes on to advise weights_only=False, which is unsafe.
        reason = str(error).partition("\n")[0].partition(" Please ")[0][:200]
        raise InputError(
            f"torch cannot read this as a state dict ({type(error).__name__}: {reason}); "
            "save it with torch.save(model.state_dict(), path)."
        ) from error
    if not isinstance(state, Mapping):
        raise InputError(
            f"This holds a {type(state).__name__}, not a state dict; "
            "save it with torch.save(model.state_dict(), path)."
        )
    return _raw_tensors(state)


def _check_unpacked_size(content: bytes) -> None:
    """Refuse archives that unpack to far more than their size."""
    file = io.BytesIO(content)
    try:
        if not zipfile.is_zipfile(file):
            return  # the older format, which does not compress
        with zipfile.ZipFile(file) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise InputError(f"This is not a valid archive ({error}).") from error
    if size > LARGEST_FILE:
        raise InputError(f"This unpacks to {size} bytes; AlgZoo's models are tiny.")


def _load_module(module: torch.nn.Module, task: str | None, seq_len: int | None) -> Model:
    import torch

    if not isinstance(module, torch.nn.Module):
        raise InputError(
            f"Cannot load a {type(module).__name__}; give a file, a model's name or a torch module."
        )
    nonlinearity = getattr(getattr(module, "rnn", None), "nonlinearity", "relu")
    if nonlinearity != "relu":
        raise InputError(f"The module's RNN uses {nonlinearity}; only relu is piecewise linear.")
    tensors = _raw_tensors(module.state_dict())
    program = lift(_arrays(tensors))
    name = type(module).__name__
    digest = hashlib.sha256(to_safetensors(tensors, {})).hexdigest()
    return Model(name, digest, program, _task(program, task, seq_len, {}, ""), {}, _dtype(tensors))


def _load_handcrafted(name: str, task: str | None, seq_len: int | None) -> Model:
    if name not in HANDCRAFTED:
        raise InputError(f"There is no {name}; handcrafted models: {', '.join(HANDCRAFTED)}.")
    short = name.removeprefix("handcrafted:")
    program = handcrafted_second_argmax(int(short.rpartition("_")[2]))
    rows = (program.input_weights, *program.recurrent, *program.readout)
    text = "\n".join(" ".join(map(str, row)) for row in rows)
    digest = hashlib.sha256(text.encode()).hexdigest()
    chosen = _task(program, task or "2nd_argmax", seq_len, {}, "")
    return Model(name, digest, program, chosen, {}, "rational")


def _raw_tensors(state: Mapping[Any, Any]) -> dict[str, RawTensor]:
    """A torch state dict in safetensors' terms; InputError unless it holds plain tensors."""
    import torch

    dtypes = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32"}
    dtypes[torch.float64] = "F64"
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            raise InputError(
                f"The entry {key!r} is a {type(value).__name__}; expected tensors with string keys."
            )
    # Before any copy: a small file can describe a huge tensor with stride 0.
    check_layout({key: tuple(value.shape) for key, value in state.items()})
    tensors = {}
    for key, value in state.items():
        if value.dtype not in dtypes or value.layout != torch.strided or value.is_meta:
            raise InputError(
                f"{key} has type {value.dtype}; expected dense floating-point entries."
            )
        if 8 * value.numel() > LARGEST_FILE:
            raise InputError(f"{key} has shape {tuple(value.shape)}; AlgZoo's models are tiny.")
        # A fresh copy: contiguous() leaves odd strides of a file where a length is 1.
        plain = torch.empty(value.shape, dtype=value.dtype).copy_(value.detach())
        data = plain.view(torch.uint8).numpy().tobytes()
        tensors[key] = RawTensor(dtypes[value.dtype], tuple(value.shape), data)
    return tensors


def _arrays(tensors: Mapping[str, RawTensor]) -> dict[str, NDArray[Any]]:
    check_layout({key: tensor.shape for key, tensor in tensors.items()})
    arrays = {}
    for key, tensor in tensors.items():
        if tensor.dtype not in _NUMPY_TYPES:
            raise InputError(f"{key} has type {tensor.dtype}; expected a type of {_supported()}.")
        array = np.frombuffer(tensor.data, _NUMPY_TYPES[tensor.dtype]).reshape(tensor.shape)
        if tensor.dtype == "BF16":  # the upper half of a float32
            array = (array.astype("<u4") << 16).view("<f4")
        arrays[key] = array
    return arrays


def _supported() -> str:
    return ", ".join(_DTYPE_NAMES.values())


def _dtype(tensors: Mapping[str, RawTensor]) -> str:
    return "/".join(sorted({_DTYPE_NAMES[tensor.dtype] for tensor in tensors.values()}))


def _task(
    program: Program, task: str | None, seq_len: int | None, metadata: dict[str, str], stem: str
) -> Task | None:
    """The task, from the first of: the caller, the metadata, the name."""
    n, d = program.outputs, program.hidden_size
    if seq_len is not None and seq_len != n:
        raise InputError(f"The model has {n} logits, thus {n} inputs, not {seq_len} as asked.")
    if task is not None:
        return Task(task, n)
    if "task" in metadata:
        _agree("metadata", {"seq_len": n, "hidden_size": d}, metadata.items())
        return Task(metadata["task"], n)
    if match := _NAME.search(stem):
        name, hidden, length = match.groups()
        if hidden is not None:
            found = {"hidden_size": hidden, "seq_len": length}
            _agree("name", {"seq_len": n, "hidden_size": d}, found.items())
        return Task(name, n)
    return None


def _agree(where: str, actual: dict[str, int], stated: Iterable[tuple[str, str]]) -> None:
    for key, value in stated:
        if key in actual and value != str(actual[key]):
            raise InputError(
                f"The {where} says {key} {value}, but the weights say {actual[key]}; "
                "rename the file, or state the task yourself."
            )
