"""The safetensors format: parsing through its library, and writing canonical bytes.

We write the bytes ourselves, since the library orders metadata at random and takes raw bytes
differently from version to version. Without metadata the result is what the library writes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from safetensors import SafetensorError, deserialize

from algzoo_exact.errors import InputError


@dataclass(frozen=True)
class RawTensor:
    """A tensor as safetensors stores it: little-endian, row-major; dtype such as ``F32``."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


def parse_safetensors(content: bytes) -> tuple[dict[str, RawTensor], dict[str, str]]:
    """Tensors and metadata of a file's bytes; InputError if they are not a valid file."""
    try:
        entries = deserialize(content)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InputError(f"This is not a valid safetensors file ({error}).") from error
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
