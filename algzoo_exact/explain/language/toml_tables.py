"""TOML tables read with messages that name the table, the key and what was expected."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

from algzoo_exact.errors import InputError, did_you_mean
from algzoo_exact.explain.language.syntax import ParseError

LARGEST_FILE = 1 << 20  # characters
MOST_DIGITS = 1000  # of an integer, and of a text made of digits alone
MOST_PARTS = 5000  # of a key with dots
IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")

WIDE = 96  # characters of a line that is written

_LINES = re.compile(r'[^"\\\x00-\x08\x0b-\x1f\x7f]*\n')  # as they may stand in three quotes
_DIGITS = re.compile(rf"[0-9a-fA-F_]{{{MOST_DIGITS + 1}}}")

_PLACE = re.compile(r"(?s)(?P<problem>.*) \(at (?P<place>line \d+, column \d+|end of document)\)")
_SORTS = {
    str: "a text in quotes",
    int: "a whole number",
    bool: "true or false",
    list: "a list in [ ]",
    dict: "a table",
    Decimal: "a number",
}

T = TypeVar("T")
Word = TypeVar("Word", bound=str)


def read_toml(text: str) -> dict[str, Any]:
    """The data of a TOML text, its decimals exact; InputError with the place where it is none."""
    if len(text) > LARGEST_FILE:
        raise InputError(
            f"an explanation has at most {LARGEST_FILE} characters, and this text has more."
        )
    _check_cost(text)
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        found = _PLACE.fullmatch(str(error))
        place, problem = (found["place"], found["problem"]) if found else ("", str(error))
        problem = f"{problem[0].lower()}{problem[1:]}" if problem else "not TOML"
        raise InputError(f"{place}: {problem}." if place else f"{problem}.") from None
    except ArithmeticError:  # such as 1e999999999999999999999
        message = "a number in the text is too large, or too close to 0, to be read."
        raise InputError(message) from None
    except RecursionError:
        raise InputError("the text is nested too deeply.") from None


def _check_cost(text: str) -> None:
    """InputError for what costs tomllib, or Python, time that grows with the square of it."""
    for number, line in enumerate(text.split("\n"), 1):
        if _DIGITS.search(line):
            raise InputError(f"line {number}: there are over {MOST_DIGITS} digits in a row.")
        # A key is all before an equals sign, or all of a line.
        if max(part.count(".") for part in line.split("=")) > MOST_PARTS:
            raise InputError(f"line {number}: there are over {MOST_PARTS} points in a row.")


@contextmanager
def within(where: str) -> Iterator[None]:
    """InputErrors raised inside name ``where``, if not empty; ParseErrors keep their place."""
    try:
        yield
    except ParseError as error:
        raise error.inside(where) from None
    except InputError as error:
        raise InputError(f"{where}: {error}" if where else str(error)) from None


class Table:
    """One table, read key by key; at the end, ``finish`` refuses the keys that nobody read."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self._read: list[str] = []

    def has(self, key: str) -> bool:
        """Whether a key that may be left out is there."""
        self._read.append(key)
        return key in self._data

    def value(self, key: str, sort: type[T]) -> T:
        """The value of ``key``, which must be there and of the sort."""
        if not self.has(key):
            like = self._like(key)
            raise InputError(f"the key {key!r} is missing{like}; it holds {_SORTS[sort]}.")
        value = self._data[key]
        if type(value) is not sort:
            raise InputError(f"{key} must be {_SORTS[sort]}, not {shown(value)}.")
        return value

    def values(self, key: str, sort: type[T]) -> tuple[T, ...]:
        """A list of values of the sort (texts, or tables)."""
        values = self.value(key, list)
        for value in values:
            if not isinstance(value, sort):
                what = "texts" if sort is str else "tables"
                raise InputError(f"{key} must be a list of {what}, but holds {shown(value)}.")
        return tuple(values)

    def choice(self, key: str, choices: Sequence[Word]) -> Word:
        """One of the texts in ``choices``."""
        found = "is missing" + self._like(key)
        if self.has(key):
            value = self._data[key]
            if value in choices:
                return choices[choices.index(value)]
            like = did_you_mean(value, choices) if isinstance(value, str) else ""
            found = f"is {shown(value)}{like}"
        raise InputError(f"{key} {found}; choose one of {', '.join(choices)}.")

    def exact(self, key: str) -> str:
        """A number, or a text that stands for one, as text."""
        if not self.has(key):
            raise InputError(f"the key {key!r} is missing; it holds a number.")
        value = self._data[key]
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise InputError(
                f'{key} must be a number, or a text such as "1/3", not {shown(value)}.'
            )
        if isinstance(value, Decimal) and not value.is_finite():
            raise InputError(f"{key} must be a finite number, not {value}.")
        return str(value)

    def finish(self) -> None:
        """InputError where a key is not known."""
        for key in self._data:
            if key not in self._read:
                known = dict.fromkeys(self._read)
                raise InputError(
                    f"there is no key {shown(key)} here{did_you_mean(key, known)}; the keys are "
                    f"{', '.join(known)}."
                )

    def _like(self, key: str) -> str:
        """The key that was written in place of a missing one."""
        for other in self._data:
            if other not in self._read and (like := did_you_mean(other, [key])):
                return f", and {shown(other)} is no key{like}"
        return ""


def toml_of(heading: str, data: Mapping[str, Any]) -> str:
    """An array's table as it stands in a file, as in ``[[claim]]``."""
    lines = [f"{key} = {toml_value(value)}" for key, value in data.items()]
    return "\n".join([f"[[{heading}]]", *lines]) + "\n"


def toml_value(value: object) -> str:
    """A value as it stands in a file; whole lines, and long lists, have lines of their own."""
    match value:
        case bool():
            return "true" if value else "false"
        case str() if _LINES.fullmatch(value):
            return f'"""\n{value}"""'
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list() | tuple():
            parts = [toml_value(part) for part in value]
            line = f"[{', '.join(parts)}]"
            return line if len(line) <= WIDE else "[\n  " + ",\n  ".join(parts) + ",\n]"
        case dict():
            inner = ", ".join(f"{key} = {toml_value(part)}" for key, part in value.items())
            return f"{{ {inner} }}"
    return str(value)


def shown(value: object) -> str:
    """The value for a message, shortened."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    text = ascii(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}.."
