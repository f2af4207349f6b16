"""Tensors as they are stored, in the formats that need no torch: safetensors and numpy's.

Of safetensors we write the bytes ourselves, since the library orders metadata at random and takes
raw bytes differently from version to version. Without metadata the result is what it writes.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize

from algzoo_exact.errors import InputError

LARGEST_FILE = 1 << 24  # bytes; AlgZoo's largest model has 1,408 weights
DTYPE_NAMES = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}
_NUMPY_TYPES = {"F16": "<f2", "BF16": "<u2", "F32": "<f4", "F64": "<f8"}


@dataclass(frozen=True)
class RawTensor:
    """A tensor as safetensors stores it: little-endian, row-major; dtype such as ``F32``."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def is_float(self) -> bool:
        """Whether its type is one that weights have here."""
        return self.dtype in _NUMPY_TYPES

    @property
    def is_zero(self) -> bool:
        """Whether all entries are known to be 0, of whatever sign."""
        return not (self.array().any() if self.is_float else any(self.data))

    def array(self) -> NDArray[Any]:
        """The same values; only for floats."""
        array = np.frombuffer(self.data, _NUMPY_TYPES[self.dtype]).reshape(self.shape)
        if self.dtype == "BF16":  # the upper half of a float32
            return (array.astype("<u4") << 16).view("<f4")
        return array

    def transposed(self) -> RawTensor:
        """Rows and columns exchanged; only for floats."""
        array = np.frombuffer(self.data, _NUMPY_TYPES[self.dtype]).reshape(self.shape)
        return RawTensor(self.dtype, self.shape[::-1], array.T.tobytes())


def check_float(key: str, dtype: str) -> None:
    """InputError for the name of a type that weights cannot have here."""
    if dtype not in DTYPE_NAMES and dtype not in DTYPE_NAMES.values():
        supported = ", ".join(DTYPE_NAMES.values())
        raise InputError(f"{key} has type {dtype}; expected a type of {supported}.")


def raw_tensor(key: str, array: NDArray[Any]) -> RawTensor:
    """An array in safetensors' terms; InputError unless it is of floats."""
    check_float(key, array.dtype.name)
    code = next(code for code, name in DTYPE_NAMES.items() if name == array.dtype.name)
    return RawTensor(code, array.shape, array.astype(_NUMPY_TYPES[code]).tobytes())


def check_unpacked_size(archive: zipfile.ZipFile) -> None:
    """InputError for an archive that unpacks to far more than its size."""
    size = sum(entry.file_size for entry in archive.infolist())
    if size > LARGEST_FILE:
        raise InputError(f"This unpacks to {size} bytes; AlgZoo's models are tiny.")


def parse_npz(content: bytes) -> dict[str, RawTensor]:
    """The arrays in a file of ``numpy.savez``; InputError if it is none, or holds objects."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            check_unpacked_size(archive)
            members = {entry.filename: archive.read(entry) for entry in archive.infolist()}
        return {
            name.removesuffix(".npy"): raw_tensor(name, array)
            for name, member in members.items()
            if (array := _npy(name, member)).shape or array.dtype.kind == "f"  # else a counter
        }
    except InputError:
        raise
    except Exception as error:  # numpy parses headers, and a corrupt one can raise nearly anything
        raise InputError(f"This is not a valid .npz file ({error}).") from error


def _npy(name: str, content: bytes) -> NDArray[Any]:
    """The array in a .npy file, whose header is checked before anything is made of its size."""
    file = io.BytesIO(content)
    version = np.lib.format.read_magic(file)
    formats = np.lib.format
    old = version == (1, 0)
    header = (formats.read_array_header_1_0 if old else formats.read_array_header_2_0)(file)
    shape, fortran, dtype = header
    if dtype.kind not in "biufc":
        raise InputError(f"{name} holds {dtype.name}, not numbers.")
    data = file.read()
    if math.prod(shape) * dtype.itemsize != len(data):
        raise InputError(f"{name} says that its shape is {shape}, and holds {len(data)} bytes.")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


def parse_safetensors(content: bytes) -> tuple[dict[str, RawTensor], dict[str, str]]:
    """Tensors and metadata of a file's bytes; InputError if they are not a valid file."""
    try:
        entries = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        texts = "; its metadata may hold texts alone" * ("expected a" in str(error))
        raise InputError(f"This is not a valid safetensors file ({error}){texts}.") from error
    tensors = {
        key: RawTensor(entry["dtype"], tuple(entry["shape"]), bytes(entry["data"]))
        for key, entry in entries
    }
    # The library has validated the header by now, but does not return the metadata in it.
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return tensors, header.get("__metadata__") or {}


def to_safetensors(tensors: Mapping[str, RawTensor], metadata: Mapping[str, str]) -> bytes:
    """The file's bytes: the header's length in 8 bytes, the header as JSON, then the data.

    Tensors of one dtype are in the order of their names, metadata in the order of their keys.
    """
    header: dict[str, object] = {}
    if metadata:
        header["__metadata__"] = dict(sorted(metadata.items()))
    start, data = 0, b""
    for key, tensor in sorted(tensors.items()):
        data += tensor.data
        offsets = [start, len(data)]
        header[key] = {"dtype": tensor.dtype, "shape": tensor.shape, "data_offsets": offsets}
        start = len(data)
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)  # so that the data are aligned
    return len(text).to_bytes(8, "little") + text + data
