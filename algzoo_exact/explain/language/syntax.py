"""What the parser makes of an expression, before names, slices and quantifiers are expanded.

Private to explain. Every node knows where it starts in the text (``at``, an offset), so that errors
found later can still point at it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from algzoo_exact.errors import InputError
from algzoo_exact.explain.language.expression import Array, Connective, Relation


class ParseError(InputError):
    """An expression cannot be used; ``line`` and ``column`` (from 1) say where in ``text``.

    ``where`` names the text for the reader, as in "claim 'memory', statement".
    """

    def __init__(self, problem: str, text: str, offset: int, where: str = "") -> None:
        before = text[:offset]
        self.problem, self.text, self.offset, self.where = problem, text, offset, where
        self.line = before.count("\n") + 1
        self.column = offset - (before.rfind("\n") + 1) + 1
        place = f"column {self.column}"
        if "\n" in text.rstrip("\n"):
            place = f"line {self.line}, {place}"
        place = f"{where}, {place}" if where else place.capitalize()
        super().__init__(f"{place}: {problem}.")

    def inside(self, where: str) -> ParseError:
        """The same error, its text named more fully."""
        named = ", ".join(part for part in (where, self.where) if part)
        return ParseError(self.problem, self.text, self.offset, named)


Arithmetic = Literal["add", "sub", "mul", "div", "neg", "relu", "abs"]
Folding = Literal["min", "max", "sum"]
Quantifier = Literal["all", "any"]
Operator: TypeAlias = Arithmetic | Folding | Connective
Over: TypeAlias = Folding | Quantifier


@dataclass(frozen=True)
class Literally:
    """A number as written, or a truth value."""

    at: int
    value: Fraction | bool


@dataclass(frozen=True)
class Name:
    """A definition, with the arguments of its call, or an integer in scope."""

    at: int
    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Element:
    """An entry of an array; with ``stop``, its last index is the slice from there to ``stop``."""

    at: int
    array: Array
    indices: tuple[Node, ...]
    stop: Node | None


@dataclass(frozen=True)
class Applied:
    """An operation, a connective, or the minimum, maximum or sum of what is listed."""

    at: int
    op: Operator
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Chain:
    """``args[0] ops[0] args[1] ops[1] ..``: every neighbouring pair compares so."""

    at: int
    ops: tuple[Relation, ...]
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Conditional:
    """``if condition then .. else ..``, a term or a formula."""

    at: int
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True)
class Items:
    """A list, which stands only where one of its items is chosen."""

    at: int
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Chosen:
    """The item of a list at an ``index`` from 0; of a list of lists, a list."""

    at: int
    of: Node
    index: Node


@dataclass(frozen=True)
class Range:
    """``name in low..high``, both ends included."""

    at: int
    name: str
    low: Node
    high: Node


@dataclass(frozen=True)
class Ranges:
    """Ranges in turn, each free to use the names before it, what their values must satisfy, and
    the text that they stand in: ``t in 0..n-1, i in 0..3 if i != t``."""

    text: str
    ranges: tuple[Range, ...]
    condition: Node | None


@dataclass(frozen=True)
class Ranged:
    """A formula for all or any of some integers; a term's minimum, maximum or sum over them."""

    at: int
    op: Over
    ranges: Ranges
    body: Node


Node: TypeAlias = (
    Literally | Name | Element | Applied | Chain | Ranged | Conditional | Items | Chosen
)


@dataclass(frozen=True)
class Surface:
    """A parsed expression, the text that it stands in, and the ``names`` that are used in it,
    integer parameters included."""

    text: str
    root: Node
    names: frozenset[str]
