"""Tensors out of untrusted files.

Sizes are checked before anything is unpacked, safetensors are read without torch, and pickles go
through torch's restricted unpickler, which runs no code from the file.
"""

from __future__ import annotations

import io
import warnings
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.program.lift import check_layout
from algzoo_exact.zoo.checkpoints import state_dict_in, with_plain_names
from algzoo_exact.zoo.storage import RawTensor, parse_safetensors

if TYPE_CHECKING:
    import torch

LARGEST_FILE = 1 << 24  # bytes; AlgZoo's largest model has 1,408 weights

_NUMPY_TYPES = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}
_DTYPE_NAMES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def read_file(path: Path) -> bytes:
    """The bytes of a file; InputError if it is too large or cannot be read."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise InputError(f"{path} is over {LARGEST_FILE >> 20} MiB; AlgZoo's models are tiny.")
    return content


def file_like(missing: Path, suffixes: Sequence[str]) -> str:
    """A question for a file in the same folder whose name is like that of a missing one, if any."""
    try:
        names = [other.name for other in missing.parent.iterdir() if other.suffix in suffixes]
    except OSError:
        return ""
    return did_you_mean(missing.name, names)


def check_content(content: bytes, suffix: str) -> None:
    """InputError for what is known to be no file of weights, or one of another kind than its
    suffix says: with the cure."""
    start = content[:512].lstrip().lower()
    if not content:
        raise InputError("This file is empty.")
    if start.startswith(b"version https://git-lfs"):
        raise InputError(
            "This is a Git LFS pointer, not the weights; get them with 'git lfs pull'."
        )
    if start.startswith((b"<!doctype html", b"<html", b"<?xml")):
        raise InputError(
            "This is a web page, not weights; download the file itself (GitHub's 'Raw', or "
            "/resolve/ for /blob/ in an address of Hugging Face's)."
        )
    is_torch = content.startswith((b"PK\x03\x04", b"\x80\x02"))
    if suffix == ".safetensors" and is_torch:
        raise InputError("This is a file of torch.save(), not safetensors; name it .pth.")
    if suffix != ".safetensors" and content[8:10] == b'{"':
        raise InputError("This is a safetensors file; name it .safetensors.")


def parsed_safetensors(content: bytes) -> tuple[dict[str, RawTensor], dict[str, str]]:
    """A file's tensors under AlgZoo's names, and its metadata; InputError if it is none."""
    tensors, metadata = parse_safetensors(content)
    return with_plain_names(tensors, lambda tensor: not any(tensor.data)), metadata


def parse_pickle(content: bytes) -> dict[str, RawTensor]:
    """The tensors of a state dict that torch saved, on whatever device; InputError else."""
    import torch

    _check_unpacked_size(content)
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
    return raw_tensors(state)


def _reason(error: Exception) -> str:
    """What torch says, in one line, without the advice to turn its protection off."""
    text = str(error)
    if "weights_only" in text:
        return "it holds more than tensors, such as a whole module"
    return f"{type(error).__name__}: {text.partition(chr(10))[0][:200]}"


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


def raw_tensors(checkpoint: Mapping[Any, Any]) -> dict[str, RawTensor]:
    """A torch state dict, or the one in a checkpoint, in safetensors' terms; InputError unless it
    holds plain tensors."""
    import torch

    state = with_plain_names(state_dict_in(checkpoint), _is_zero)
    dtypes = {torch.float16: "F16", torch.bfloat16: "BF16", torch.float32: "F32"}
    dtypes[torch.float64] = "F64"
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
    check_layout({key: tuple(value.shape) for key, value in state.items()})
    tensors = {}
    for key, value in state.items():
        if value.dtype not in dtypes:
            raise InputError(f"{key} has type {value.dtype}; expected a type of {_supported()}.")
        if 8 * value.numel() > LARGEST_FILE:
            raise InputError(f"{key} has shape {tuple(value.shape)}; AlgZoo's models are tiny.")
        try:
            # A fresh copy: contiguous() leaves odd strides of a file where a length is 1.
            plain = torch.empty(value.shape, dtype=value.dtype).copy_(value.detach())
            data = plain.view(torch.uint8).numpy().tobytes()
        except (RuntimeError, TypeError, NotImplementedError) as error:
            raise InputError(
                f"{key}, a {type(value).__name__}, gives no numbers ({_reason(error)})."
            ) from error
        tensors[key] = RawTensor(dtypes[value.dtype], tuple(value.shape), data)
    return tensors


def _is_zero(value: object) -> bool:
    import torch

    if not isinstance(value, torch.Tensor) or _no_plain_numbers(value):
        return False
    return not bool(value.any())


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


def dtype_name(tensors: Mapping[str, RawTensor]) -> str:
    """The stored type, such as ``float32``; several are joined by slashes."""
    return "/".join(sorted({_DTYPE_NAMES[tensor.dtype] for tensor in tensors.values()}))
