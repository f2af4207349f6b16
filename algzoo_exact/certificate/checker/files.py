"""The certificate's file and the weights' file."""

from __future__ import annotations

import gzip
import hashlib
import json
import struct
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.certificate.checker.networks import Weights
from algzoo_exact.certificate.checker.reading import Json


class UnreadableError(Exception):
    """The file is not a certificate, or cannot be read."""


FORMAT, VERSION = "algzoo-exact certificate", 4
FLOATS = {"float16": "e", "float32": "f", "float64": "d"}


def is_float(value: Fraction, code: str) -> bool:
    """Whether the number is one of a type of floats, without rounding."""
    try:
        return Fraction(struct.unpack(code, struct.pack(code, float(value)))[0]) == value
    except (OverflowError, struct.error):
        return False


def read_safetensors(content: bytes) -> tuple[Weights, str]:
    """The matrices in a .safetensors file, exactly, and their types of floats."""
    types = {"F16": "float16", "F32": "float32", "F64": "float64"}
    names = set()
    try:
        start = 8 + int.from_bytes(content[:8], "little")
        header = json.loads(content[8:start])
        found: Weights = {}
        for key, entry in header.items():
            if key == "__metadata__":
                continue
            rows, columns = entry["shape"]
            first, end = entry["data_offsets"]
            names.add(types[entry["dtype"]])
            code = f"<{rows * columns}{FLOATS[types[entry['dtype']]]}"
            values = iter(struct.unpack(code, content[start + first : start + end]))
            found[key] = tuple(
                tuple(Fraction(next(values)) for _ in range(columns)) for _ in range(rows)
            )
    except (KeyError, TypeError, ValueError, OverflowError, struct.error) as error:
        raise UnreadableError("the weights' file is no .safetensors file with matrices") from error
    return found, "/".join(sorted(names))


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise UnreadableError("an object has the same key twice")
    return found


def _no_float(text: str) -> Any:
    raise UnreadableError(f"numbers in a certificate are whole or quoted, not {text[:20]}")


def read(path: Path) -> Json:
    """The document in a .json or .json.gz file; UnreadableError if it is no certificate."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        document = json.loads(
            content, object_pairs_hook=_unique, parse_float=_no_float, parse_constant=_no_float
        )
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror or error}") from error
    except (ValueError, EOFError, RecursionError) as error:
        raise UnreadableError(f"{path} is not JSON") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise UnreadableError(f"{path} is not an {FORMAT}")
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
