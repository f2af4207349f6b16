"""The certificate's file and the weights' file."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.certificate.checker.errors import LimitError
from algzoo_exact.certificate.checker.networks import Weights
from algzoo_exact.certificate.checker.reading import Json

FORMAT, VERSION = "algzoo-exact certificate", 5
MOST_BYTES, MOST_VALUES = 1 << 26, 5_000_000
"""Of a certificate, unpacked, and of a weights' file: a value takes up to 250 bytes of memory."""
MOST_DIGITS = 15
"""Of a number that is not quoted."""


class UnreadableError(Exception):
    """The file is not a certificate, or cannot be read."""


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableError("an object has the same key twice")
    return found


def _whole(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise UnreadableError(f"a number of over {MOST_DIGITS} digits is not quoted")
    return int(text)


def _no_float(text: str) -> Any:
    raise UnreadableError(f"numbers in a certificate are whole or quoted, not {text[:20]}")


def parsed(content: bytes, name: str) -> Any:
    """JSON, without floats; UnreadableError if it is none, LimitError if it holds too much."""
    if sum(map(content.count, (b",", b"[", b"{"))) > MOST_VALUES:  # each value follows one of these
        raise LimitError(f"{name} has over {MOST_VALUES:,} values, more than this checker reads")
    try:
        return json.loads(
            content,
            object_pairs_hook=_unique,
            parse_int=_whole,
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except RecursionError:
        raise UnreadableError(f"{name} is nested too deeply") from None
    except ValueError:
        raise UnreadableError(f"{name} is not JSON") from None


def _up_to(file: io.BufferedIOBase, most: int) -> bytes:
    """All that is in a file; of a longer one, some more than so many bytes."""
    found = bytearray()
    while len(found) <= most and (part := file.read(1 << 20)):
        found += part
    return bytes(found)


def contents(path: Path, most: int = MOST_BYTES) -> bytes:
    """A file's bytes, unpacked if it is compressed; LimitError if they are too many."""
    try:
        with path.open("rb") as file:
            content = _up_to(file, most)
        if content[:2] == b"\x1f\x8b":
            content = _up_to(gzip.GzipFile(fileobj=io.BytesIO(content)), most)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise UnreadableError(f"{path} is damaged: it cannot be unpacked") from None
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        why = error.strerror if isinstance(error, OSError) else None
        raise UnreadableError(f"cannot read {path}: {why or error}") from None
    if len(content) > most:
        raise LimitError(f"{path} has over {most:,} bytes, more than are allowed")
    return content


def read(path: Path, most: int = MOST_BYTES) -> Json:
    """The document in a .json or .json.gz file; UnreadableError if it is no certificate."""
    document = parsed(contents(path, most), str(path))
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UnreadableError(f"{path} is not an {FORMAT}")
    if document.get("version") != VERSION:
        raise UnreadableError(
            f"{path} is a certificate of another version than {VERSION}; write it again with "
            "algzoo-exact certify, or use the checker that came with it"
        )
    return document


def dump(value: Any) -> bytes:
    """Canonical JSON: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def digest_of(rest: Json, lists: Iterable[Iterable[Any]]) -> str:
    """SHA-256 over the items of the long lists, one a line, and then all the rest."""
    found = hashlib.sha256()
    for items in lists:
        for item in items:
            found.update(dump(item) + b"\n")
    found.update(dump(rest))
    return found.hexdigest()


# Types of floats: their names in safetensors, and the format of a number in ``struct``. A bfloat16
# is the upper half of a float32.
FLOATS = {"float16": "e", "bfloat16": "H", "float32": "f", "float64": "d"}
STORED = {"F16": "float16", "BF16": "bfloat16", "F32": "float32", "F64": "float64"}


def is_float(value: Fraction, dtype: str) -> bool:
    """Whether the number is one of a type of floats, without rounding."""
    code = "f" if dtype == "bfloat16" else FLOATS[dtype]
    try:
        packed = struct.pack(f"<{code}", float(value))
    except (OverflowError, struct.error):
        return False
    upper_half = dtype != "bfloat16" or packed[:2] == b"\0\0"
    return upper_half and Fraction(struct.unpack(f"<{code}", packed)[0]) == value


@dataclass(frozen=True)
class WeightsFile:
    """A .safetensors file: its SHA-256, its matrices, exactly, the names of their types of floats,
    sorted and joined by slashes, and what its metadata states."""

    sha256: str
    weights: Weights
    dtype: str
    metadata: dict[str, str]


def read_weights(content: bytes) -> WeightsFile:
    """UnreadableError if it is no such file."""
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = parsed(content[8:start], "the header of the weights' file")
        metadata = header.pop("__metadata__", None) or {}
        if not all(type(value) is str for value in metadata.values()):
            raise ValueError
        data = memoryview(content)[start:]
        if sum(_numbers(entry, len(data)) for entry in header.values()) > MOST_VALUES:
            raise LimitError(f"the weights' file has over {MOST_VALUES:,} numbers")
        found = {key: _matrix(entry, data) for key, entry in header.items()}
        names = {STORED[entry["dtype"]] for entry in header.values()}
    except (UnreadableError, AttributeError, LookupError, TypeError, ValueError, ArithmeticError,
            struct.error):  # fmt: skip
        raise UnreadableError(
            "the weights' file is no .safetensors file with matrices of floats; give the one that "
            "was certified"
        ) from None
    return WeightsFile(
        hashlib.sha256(content).hexdigest(), found, "/".join(sorted(names)), dict(metadata)
    )


def _numbers(entry: Any, most: int) -> int:
    """How many a matrix has within so many bytes; exceptions of any kind if it is none."""
    (rows, columns), (first, end) = entry["shape"], entry["data_offsets"]
    size = struct.calcsize(FLOATS[STORED[entry["dtype"]]])
    fits = type(rows) is type(columns) is int and rows > 0 and columns > 0
    if not (fits and 0 <= first < end <= most and end - first == rows * columns * size):
        raise ValueError
    return int(rows * columns)


def _matrix(entry: Any, data: memoryview) -> tuple[tuple[Fraction, ...], ...]:
    """Exceptions of any kind if it is none."""
    count, columns = _numbers(entry, len(data)), entry["shape"][1]
    dtype = STORED[entry["dtype"]]
    code = FLOATS[dtype]
    values = struct.unpack(f"<{count}{code}", data[slice(*entry["data_offsets"])])
    if dtype == "bfloat16":
        halves = b"".join(struct.pack("<HH", 0, value) for value in values)
        values = struct.unpack(f"<{count}f", halves)
    exact = [Fraction(value) for value in values]
    return tuple(tuple(exact[k : k + columns]) for k in range(0, count, columns))
