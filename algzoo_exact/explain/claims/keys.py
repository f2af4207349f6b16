"""The keys of an explanation's tables: how the value of each is read, and its JSON schema.

A table is declared once, as keys by their names; its reader and its part of the schema follow.
msgspec was weighed for this: it knows neither expressions, whose meaning depends on ``for``, nor
exact decimals, and its messages name no cure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import lru_cache
from typing import Any, TypeAlias

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expand import Expander
from algzoo_exact.explain.language.expression import (
    EVERYWHERE,
    Formula,
    Term,
    entries,
    evaluate_term,
)
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import LONGEST_TEXT, parse
from algzoo_exact.explain.language.syntax import Surface
from algzoo_exact.explain.language.toml_tables import IDENTIFIER, Table, shown, within
from algzoo_exact.explain.outcome import Parameters, choice_text

LARGEST_SIZE = 1024  # inputs, and hidden neurons

Json = dict[str, Any]
Values = Mapping[str, int]


@dataclass(frozen=True)
class Source:
    """A table, to be read for one choice of the parameters in its ``for``. Tables without claims
    need no ``expander``."""

    table: Table
    expander: Expander = field(default_factory=lambda: Expander({}, Sizes(0, 0, 0)))
    values: Values = field(default_factory=dict)

    @property
    def parameters(self) -> Parameters:
        return tuple(self.values.items())

    @property
    def place(self) -> str:
        """The choice, for messages; empty where there is none."""
        return f"with {choice_text(self.parameters)}" if self.values else ""

    def at(self, values: Values) -> Source:
        return Source(self.table, self.expander, values)

    def inside(self, data: Mapping[str, Any]) -> Source:
        """A table within this one."""
        return Source(Table(data), self.expander, self.values)

    def all(self, keys: Mapping[str, Key]) -> Json:
        """The values of all keys, by the keys' names."""
        return {name: key.value(self, name) for name, key in keys.items()}

    def term(self, text: str) -> Term:
        """What an expression means here."""
        return self.expander.expand_term(_parsed(text), self.values)


@dataclass(frozen=True)
class Key:
    """How a key's value is read from a source, and its schema; ``default`` where it may be left
    out. ``is_expression``: it is shown as the author wrote it."""

    read: Callable[[Source, str], Any]
    schema: Json
    required: bool = True
    default: Any = None
    is_expression: bool = False

    def value(self, source: Source, name: str) -> Any:
        if not self.required and not source.table.has(name):
            return self.default
        return self.read(source, name)


Keys: TypeAlias = Mapping[str, Key]


@lru_cache(maxsize=64)
def _parsed(text: str) -> Surface:
    """Parsed once for all instances of a claim."""
    return parse(text)


def _formula(source: Source, name: str) -> Formula:
    text = source.table.value(name, str)
    with within(name):
        return source.expander.expand_formula(_parsed(text), source.values)


def _term(source: Source, name: str) -> Term:
    text = source.table.value(name, str)
    with within(name):
        return source.term(text)


def _exact(source: Source, name: str) -> Fraction:
    text = source.table.exact(name)
    with within(name):
        term = source.term(text)
        if entries(term):
            raise InputError(f"expected a constant, found {shown(text)}.")
    return evaluate_term(term, lambda entry: Fraction(0))  # there are none


_EXPRESSION: Json = {"$ref": "#/$defs/expression"}
DEFINITIONS: Json = {
    "expression": {"type": "string", "maxLength": LONGEST_TEXT},
    "ranges": {"type": "string", "description": "as in t in 0..n-1, i in 0..3 if i != t"},
    "exact": {
        "type": ["number", "string"],
        "description": 'an exact number: in figures, or as a constant expression such as "1/3"',
    },
    "names": {"type": "array", "items": {"type": "string", "pattern": f"^{IDENTIFIER.pattern}$"}},
}
"""What the schemas of keys refer to."""


def formula(default: Formula | None = None) -> Key:
    """An expression that is true or false; required unless there is a default."""
    return Key(_formula, _EXPRESSION, default is None, default, is_expression=True)


def term(*, required: bool = True) -> Key:
    """An expression that is a number; None where it is left out."""
    return Key(_term, _EXPRESSION, required, is_expression=True)


def exact(*, required: bool = True) -> Key:
    """A constant, in figures or as an expression in quotes; None where it is left out."""
    return Key(_exact, {"$ref": "#/$defs/exact"}, required)


def choice(options: Sequence[str], default: str | None = None) -> Key:
    """One of some texts."""
    schema = {"enum": list(options)}
    return Key(lambda s, name: s.table.choice(name, options), schema, default is None, default)


def plain(
    sort: type, schema: Json, default: Any = None, *, required: bool = False,
    is_expression: bool = False,
) -> Key:  # fmt: skip
    """A value as it stands, of a sort of TOML."""
    return Key(lambda s, name: s.table.value(name, sort), schema, required, default, is_expression)


def listed(sort: type, schema: Json) -> Key:
    """A list of texts or of tables; by default an empty one."""
    return Key(lambda s, name: s.table.values(name, sort), schema, False, ())


def whole(
    low: int | None = None, high: int | None = None, *, default: int | None = None,
    required: bool = False,
) -> Key:  # fmt: skip
    """A whole number; whether it lies between ``low`` and ``high`` is for the reader of the table
    to say, in words that fit."""
    limits = {"minimum": low, "maximum": high}
    schema = {"type": "integer"} | {k: v for k, v in limits.items() if v is not None}
    return plain(int, schema, default, required=required)


def text(pattern: str | None = None, *, required: bool = False) -> Key:
    """A text; by default an empty one. The pattern is the schema's alone."""
    schema = {"type": "string"} | ({} if pattern is None else {"pattern": pattern})
    return plain(str, schema, "", required=required)


SETTING_KEYS: Keys = {"where": formula(EVERYWHERE), "instead": formula(EVERYWHERE)}
"""Of kinds of claims that may be about a section, or an altered model."""

TRUTH = plain(bool, {"type": "boolean"}, False)
NAME = text(f"^{IDENTIFIER.pattern}$", required=True)
NAMES = listed(str, {"$ref": "#/$defs/names"})
RANGES = plain(str, {"$ref": "#/$defs/ranges"}, is_expression=True)


def table_schema(keys: Keys, **more: Any) -> Json:
    """The schema of a table with these keys and no others; ``more`` is said of it beside."""
    return {
        "type": "object",
        "properties": {name: key.schema for name, key in keys.items()},
        "required": [name for name, key in keys.items() if key.required],
        "additionalProperties": False,
    } | more
