"""What a certificate's parts must look like."""

from __future__ import annotations

import re
from fractions import Fraction
from math import gcd
from typing import Any

from algzoo_exact.certificate.checker.cones import Vector
from algzoo_exact.certificate.checker.errors import require
from algzoo_exact.certificate.checker.networks import Weights

Json = dict[str, Any]


def keys_of(value: Any, keys: set[str], where: str) -> Json:
    require(isinstance(value, dict), f"{where} must be an object")
    wrong = set(value) ^ keys
    require(not wrong, f"{where} lacks, or should not have: {', '.join(sorted(map(str, wrong)))}")
    return dict(value)


def natural(value: Any, where: str) -> int:
    require(type(value) is int and value >= 0, f"{where} must be a whole number")
    return int(value)


def indices(value: Any, n: int) -> list[int]:
    """The numbers of some logits: at least one, different, in order."""
    require(isinstance(value, list) and len(value) > 0, "winners must be a list of indices")
    found = [natural(k, "a winner") for k in value]
    require(found == sorted(set(found)) and found[-1] < n, "winners must be logits, in order")
    return found


def text_of(value: Any, pattern: str, where: str) -> str:
    fits = isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None
    require(fits, f"{where} is not written as it should be: {str(value)[:40]!r}")
    return str(value)


def fraction_of(value: Any, where: str) -> Fraction:
    text = text_of(value, r"-?[0-9]+(/[0-9]+)?", where)
    found = Fraction(text) if not re.search(r"/0+$", text) else None
    require(found is not None and str(found) == text, f"{where} is not in lowest terms: {text}")
    assert found is not None
    return found


def vector_of(value: Any, size: int, where: str) -> Vector:
    """A primitive integer vector, written with single spaces."""
    words = text_of(value, r"-?[0-9]+( -?[0-9]+)*", where).split()
    found = tuple(map(int, words))
    require(len(found) == size, f"{where} has {len(found)} entries, not {size}")
    fits = gcd(*found) == 1 and words == [str(entry) for entry in found]
    require(fits, f"{where} is not in lowest terms")
    return found


def weights_of(value: Any, where: str) -> Weights:
    require(isinstance(value, dict), f"{where} must be an object")
    found: Weights = {}
    for key, rows in value.items():
        require(isinstance(rows, list), f"{key} must be a list of rows")
        matrix = []
        for row in rows:
            require(isinstance(row, list), f"{key} must be a list of rows")
            matrix.append(tuple(fraction_of(entry, key) for entry in row))
        found[key] = tuple(matrix)
    return found
