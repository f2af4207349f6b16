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
class Placed:
    """It begins ``at`` an offset in the text."""

    at: int


@dataclass(frozen=True)
class Literally(Placed):
    """A number as written, or a truth value."""

    value: Fraction | bool


@dataclass(frozen=True)
class Name(Placed):
    """A definition, with the arguments of its call, or an integer in scope."""

    name: str
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Element(Placed):
    """An entry of an array; with ``stop``, its last index is the slice from there to ``stop``."""

    array: Array
    indices: tuple[Node, ...]
    stop: Node | None


@dataclass(frozen=True)
class Applied(Placed):
    """An operation, a connective, or the minimum, maximum or sum of what is listed."""

    op: Operator
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Chain(Placed):
    """``args[0] ops[0] args[1] ops[1] ..``: every neighbouring pair compares so."""

    ops: tuple[Relation, ...]
    args: tuple[Node, ...]


@dataclass(frozen=True)
class Conditional(Placed):
    """``if condition then .. else ..``, a term or a formula."""

    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True)
class Items(Placed):
    """A list, which stands only where one of its items is chosen."""

    items: tuple[Node, ...]


@dataclass(frozen=True)
class Chosen(Placed):
    """The item of a list at an ``index`` from 0; of a list of lists, a list."""

    of: Node
    index: Node


@dataclass(frozen=True)
class Range(Placed):
    """``name in low..high``, both ends included."""

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
class Ranged(Placed):
    """A formula for all or any of some integers; a term's minimum, maximum or sum over them."""

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
