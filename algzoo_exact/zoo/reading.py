"""Tensors out of untrusted files.

Sizes are checked before anything is unpacked, safetensors are read without torch, and pickles go
through torch's restricted unpickler, which runs no code from the file.
"""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.files import read_limited
from algzoo_exact.program.lift import check_layout
from algzoo_exact.zoo.checkpoints import state_dict_in, stated_in
from algzoo_exact.zoo.storage import (
    DTYPE_NAMES,
    LARGEST_FILE,
    RawTensor,
    check_float,
    check_unpacked_size,
    parse_npz,
    parse_safetensors,
)

if TYPE_CHECKING:
    import torch

# How torch names what it does not unpickle.
_GLOBAL = re.compile(r"GLOBAL ([\w.]+)")

_NPZ = "with numpy.savez(path, **{'rnn.weight_ih_l0': .., ..})."
_FOREIGN: dict[bytes | tuple[bytes, ...], str] = {
    b"version https://git-lfs": (
        "This is a Git LFS pointer, not the weights; get them with 'git lfs pull'."
    ),
    (b"<!doctype html", b"<html", b"<?xml"): (
        "This is a web page, not weights; download the file itself (GitHub's 'Raw', or /resolve/ "
        "for /blob/ in an address of Hugging Face's)."
    ),
    b"\x93numpy": (
        "This is a single array of numpy.save(), and a network has several matrices; save them "
        f"under their names, {_NPZ}"
    ),
    b"\x89hdf": (
        f"This is an HDF5 file, as Keras writes them; save the matrices under their names, {_NPZ}"
    ),
    b"\x1f\x8b": "This is compressed by gzip; unpack it, and name it as what is inside.",
}
"""What is no file of weights, by its beginning in lower case, and the cure."""


def read_file(path: Path) -> bytes:
    """The bytes of a file; InputError if it is too large or cannot be read."""
    content = read_limited(path, LARGEST_FILE)
    if content is None:
        raise InputError(f"{path} is over {LARGEST_FILE >> 20} MiB; AlgZoo's models are tiny.")
    return content


def file_like(missing: Path, suffixes: Sequence[str]) -> str:
    """A question for a file or folder in the same folder whose name is like that of a missing one,
    if any."""
    try:
        beside = [*missing.parent.iterdir()]
        names = [other.name for other in beside if other.suffix in suffixes or other.is_dir()]
    except OSError:
        return ""
    return did_you_mean(missing.name, names)


def check_content(content: bytes, suffix: str) -> None:
    """InputError for what is known to be no file of weights, or one of another kind than its
    suffix says: with the cure."""
    start = content[:512].lstrip().lower()
    if not content:
        raise InputError("This file is empty.")
    for beginning, said in _FOREIGN.items():
        if start.startswith(beginning):
            raise InputError(said)
    is_zip = content.startswith(b"PK\x03\x04")
    is_torch = is_zip or content.startswith(b"\x80\x02")
    if suffix == ".safetensors" and is_torch:
        raise InputError("This is a file of torch.save(), not safetensors; name it .pth.")
    if suffix != ".safetensors" and content[8:10] == b'{"':
        raise InputError("This is a safetensors file; name it .safetensors.")
    if suffix == ".npz" and not is_zip:
        raise InputError("This is not a file of numpy.savez(); name it as what it is.")


def parsed(content: bytes, suffix: str) -> tuple[dict[str, RawTensor], dict[str, str]]:
    """A file's tensors and what it says of them, in the format that the suffix tells; InputError
    if it is none."""
    check_content(content, suffix)
    if suffix == ".safetensors":
        return parse_safetensors(content)
    if suffix == ".npz":
        return parse_npz(content), {}
    return parse_pickle(content)


def parse_pickle(content: bytes) -> tuple[dict[str, RawTensor], dict[str, str]]:
    """The tensors in what torch saved, on whatever device, and what it says of the model;
    InputError if it holds no state dict."""
    import torch

    _check_archive(content)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about archive formats; the outcome is what counts
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a corrupt pickle can raise nearly anything
        raise InputError(
            f"torch cannot read this as a state dict ({_reason(error)}); "
            "save it with torch.save(model.state_dict(), path)."
        ) from error
    if not isinstance(state, Mapping):
        raise InputError(
            f"This holds a {type(state).__name__}, not a state dict; "
            "save it with torch.save(model.state_dict(), path)."
        )
    return raw_tensors(state), stated_in(state)


def _reason(error: Exception) -> str:
    """What torch says, in one line, without the advice to turn its protection off."""
    text = str(error)
    if "weights_only" in text:
        found = _GLOBAL.search(text)
        if not found:
            return "it holds more than tensors, or is no file of torch.save()"
        cure = "; arrays are for numpy.savez" * found[1].startswith("numpy.")
        return f"it holds more than tensors, such as a {found[1][:80]}{cure}"
    return f"{type(error).__name__}: {text.partition(chr(10))[0][:200]}"


def _check_archive(content: bytes) -> None:
    """Refuse archives that unpack to far more than their size, and programs of TorchScript."""
    file = io.BytesIO(content)
    try:
        if not zipfile.is_zipfile(file):
            return  # the older format, which does not compress
        with zipfile.ZipFile(file) as archive:
            check_unpacked_size(archive)
            names = [entry.filename.rpartition("/")[2] for entry in archive.infolist()]
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        raise InputError(f"This is not a valid archive ({error}).") from error
    if "constants.pkl" in names:
        raise InputError(
            "This is a TorchScript program, and programs are not run; save the weights alone, with "
            "torch.save(torch.jit.load(path).state_dict(), other)."
        )
    if names and all(name.endswith(".npy") for name in names):
        raise InputError("This is a file of numpy.savez(); name it .npz.")
    if "data.pkl" not in names:
        raise InputError("This is an archive without the data.pkl that torch.save() writes.")


def raw_tensors(checkpoint: Mapping[Any, Any]) -> dict[str, RawTensor]:
    """A state dict, or the one in a checkpoint, in safetensors' terms; InputError unless it holds
    plain tensors (or numpy's arrays), small enough for a network of AlgZoo's kind."""
    import torch

    state = {
        key: torch.from_numpy(value) if isinstance(value, np.ndarray) else value
        for key, value in state_dict_in(checkpoint).items()
    }
    for key, value in state.items():
        if not isinstance(key, str) or not isinstance(value, torch.Tensor):
            inner = " (is that the state dict?)" if isinstance(value, Mapping) else ""
            raise InputError(
                f"The entry {key!r} is of type {type(value).__name__}{inner}; expected "
                "tensors with string keys: save them with torch.save(model.state_dict(), path)."
            )
        if problem := _no_plain_numbers(value):
            raise InputError(f"{key} {problem}.")
    # Before any copy: a small file can describe a huge tensor with stride 0.
    size = 0
    for key, value in state.items():
        size += 8 * value.numel()
        if size > LARGEST_FILE:
            raise InputError(f"{key} has shape {tuple(value.shape)}; AlgZoo's models are tiny.")
    return {key: _raw(key, value) for key, value in state.items() if not _is_counter(value)}


def _is_counter(value: torch.Tensor) -> bool:
    """Such as how many batches were seen; no weight."""
    return value.ndim == 0 and not (value.is_floating_point() or value.is_complex())


def _raw(key: str, value: torch.Tensor) -> RawTensor:
    import torch

    codes = {getattr(torch, name): code for code, name in DTYPE_NAMES.items()}
    if value.dtype not in codes:
        check_float(key, str(value.dtype))
    try:
        # A fresh copy: contiguous() leaves odd strides of a file where a length is 1.
        plain = torch.empty(value.shape, dtype=value.dtype).copy_(value.detach())
        data = plain.reshape(-1).view(torch.uint8).numpy().tobytes()
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise InputError(
            f"{key}, a {type(value).__name__}, gives no numbers ({_reason(error)})."
        ) from error
    return RawTensor(codes[value.dtype], tuple(value.shape), data)


def _no_plain_numbers(tensor: torch.Tensor) -> str:
    """What keeps the tensor from being an array of numbers, and how to get one; else empty."""
    import torch

    if torch.nn.parameter.is_lazy(tensor):
        return "is lazy and has no numbers yet: run the module once on an input, then load it"
    if tensor.is_meta:
        return (
            "is on the meta device and has no numbers: build the model on a real device, and load "
            "its weights"
        )
    if tensor.is_quantized:
        return (
            f"is quantised ({tensor.dtype}): a model's float weights are wanted, or dequantize() "
            "it, which gives those that the quantised one stands for"
        )
    if tensor.layout != torch.strided:
        return f"is sparse ({tensor.layout}): store it as to_dense()"
    return ""


def to_arrays(tensors: Mapping[str, RawTensor]) -> dict[str, NDArray[Any]]:
    """The tensors as arrays of the same values; InputError unless they are a network's."""
    check_layout({key: tensor.shape for key, tensor in tensors.items()})
    for key, tensor in tensors.items():
        check_float(key, tensor.dtype)
    return {key: tensor.array() for key, tensor in tensors.items()}


def dtype_name(tensors: Mapping[str, RawTensor]) -> str:
    """The stored type, such as ``float32``; several are joined by slashes."""
    return "/".join(sorted({DTYPE_NAMES[tensor.dtype] for tensor in tensors.values()}))
