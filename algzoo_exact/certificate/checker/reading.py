"""What a certificate's parts must look like."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from math import gcd
from typing import Any

from algzoo_exact.certificate.checker.cones import Vector
from algzoo_exact.certificate.checker.errors import LimitError, require
from algzoo_exact.certificate.checker.networks import Weights

Json = dict[str, Any]


LONGEST = 40_000
"""Digits of a number."""
_SHOWN = 60


def quoted(value: Any) -> str:
    """A stranger's text in quotes, in ASCII and cut off, so that it cannot pass for ours: neither
    by line breaks or long gaps, nor by characters that look like others or move the cursor."""
    text = value if isinstance(value, str) else f"a {type(value).__name__}"
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + ".."
    return json.dumps(shown).replace("  ", r" \u0020")


def keys_of(value: Any, keys: set[str], where: str) -> Json:
    require(isinstance(value, dict), f"{where} must be an object")
    lacking, odd = sorted(keys - set(value)), sorted(set(value) - keys)
    require(not lacking, f"{where} lacks {', '.join(lacking)}")
    require(not odd, f"{where} should not have {', '.join(map(quoted, odd[:3]))}")
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
    require(fits, f"{where} is not written as it should be: {quoted(value)}")
    return str(value)


def integer_of(text: str, where: str) -> int:
    """Of digits and a sign. They are counted first, since reading them takes their square."""
    if len(text) > LONGEST:
        raise LimitError(f"{where} has over {LONGEST:,} digits")
    return int(text)


def fraction_of(value: Any, where: str) -> Fraction:
    text = text_of(value, r"-?[0-9]+(/[0-9]*[1-9][0-9]*)?", where)
    top, _, bottom = text.partition("/")
    found = Fraction(integer_of(top, where), integer_of(bottom or "1", where))
    require(str(found) == text, f"{where} is not in lowest terms: {quoted(text)}")
    return found


def vector_of(value: Any, size: int, where: str) -> Vector:
    """A primitive integer vector, written with single spaces."""
    words = text_of(value, r"-?[0-9]+( -?[0-9]+)*", where).split()
    found = tuple(integer_of(word, where) for word in words)
    require(len(found) == size, f"{where} has {len(found)} entries, not {size}")
    fits = gcd(*found) == 1 and words == [str(entry) for entry in found]
    require(fits, f"{where} is not in lowest terms")
    return found


def rays_of(value: Any, size: int) -> list[Vector]:
    """Different vectors."""
    require(isinstance(value, list), "rays must be a list")
    rays = [vector_of(text, size, f"ray {k}") for k, text in enumerate(value)]
    require(len(set(rays)) == len(rays), "a ray is listed twice")
    return rays


def chosen(value: Any, count: int, least: int) -> list[int]:
    """The numbers of a cone's rays, ``least`` of them or more, among ``count`` that are listed."""
    require(isinstance(value, list) and len(value) >= least, "it has too few rays")
    numbers = [natural(k, "the number of a ray") for k in value]
    require(numbers == sorted(set(numbers)), "its rays must be different and in order")
    require(numbers[-1] < count, "it has a ray that is not listed")
    return numbers


def weights_of(value: Any, where: str) -> Weights:
    require(isinstance(value, dict), f"{where} must be an object")
    found: Weights = {}
    for key, rows in value.items():
        name = f"{where} {quoted(key)}"
        lists = isinstance(rows, list) and all(isinstance(row, list) and row for row in rows)
        require(lists and bool(rows), f"{name} must be a list of rows, none of them empty")
        found[key] = tuple(tuple(fraction_of(entry, name) for entry in row) for row in rows)
    return found


def agreed(stated: Any, name: str, low: Any, high: Any) -> tuple[Fraction, Fraction]:
    """What follows, which must be what is stated."""
    stated = keys_of(stated, {"lower", "upper"}, name)
    fits = (stated["lower"], stated["upper"]) == (str(low), str(high))
    what = name.replace("_", " ")
    require(fits, f"it proves the {what} to be from {low} to {high}, not as stated")
    return Fraction(low), Fraction(high)


def agreed_accuracy(document: Json, low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """Likewise, where it is stated in fractions, and what is between is undecided."""
    found = agreed(document["accuracy"], "accuracy", low, high)
    require(document["undecided"] == str(high - low), f"{high - low} is undecided")
    return found
