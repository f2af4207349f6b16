"""What a finder proposes: a part of a story, as TOML tables that a person reads and edits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal, TypeAlias

from algzoo_exact.explain.claims.tolerances import rounded
from algzoo_exact.explain.language.toml_tables import WIDE, toml_of

Value: TypeAlias = str | int | bool | Decimal | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Block:
    """One [[claim]] or [[case]] table: its keys in the order in which they are written."""

    sort: Literal["claim", "case"]
    name: str
    keys: Mapping[str, Value]

    def toml(self) -> str:
        return toml_of(self.sort, {"name": self.name, **self.keys})


@dataclass(frozen=True)
class Proposal:
    """Claims, and cases if any, that belong together, with the definitions that they need.

    ``found`` says in a sentence what was seen.
    """

    finder: str
    found: str
    blocks: tuple[Block, ...]
    definitions: Mapping[str, str] = field(default_factory=dict)
    domains: Mapping[str, str] = field(default_factory=dict)

    @property
    def claims(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.sort == "claim")

    @property
    def cases(self) -> tuple[Block, ...]:
        return tuple(block for block in self.blocks if block.sort == "case")


def claim(name: str, kind: str, text: str = "", **keys: Value) -> Block:
    """A claim; keys named ``for_`` and ``from_`` are those that Python has other uses for."""
    return _block("claim", name, {"kind": kind, "text": text, **keys})


def of_weights(name: str, text: str, parts: Sequence[str], *prices: Value) -> Block:
    """The claim that some statements about weights hold, a line each where they are too long for
    one."""
    line = " and ".join(parts)
    statement = line if len(line) <= WIDE else "\nand ".join(parts)
    return claim(name, "weights", text, statement=statement, price=list(prices))


def case(name: str, text: str = "", **keys: Value) -> Block:
    return _block("case", name, {"text": text, **keys})


def _block(sort: Literal["claim", "case"], name: str, keys: Mapping[str, Value]) -> Block:
    said = {
        key.rstrip("_"): in_lines(value) if isinstance(value, str) else value
        for key, value in keys.items()
        if value not in ("", (), [])
    }
    return Block(sort, name, said)


def price(rule: str, count: int = 1, **keys: Value) -> Mapping[str, Value]:
    return {"rule": rule, **({"count": count} if count != 1 else {}), **keys}


def in_lines(text: str) -> str:
    """A text that is too long for a line, as lines."""
    return f"{text}\n" if "\n" in text or len(text) > WIDE else text


def exact(value: Fraction) -> Decimal | str:
    """A decimal of a few digits, or a constant expression."""
    text = number(value)
    return text if "/" in text else Decimal(text)


def number(value: Fraction) -> str:
    """The number in the language: a decimal where it has few digits, else a fraction."""
    for digits in range(7):
        if (value * 10**digits).denominator == 1:
            return str(value.numerator) if digits == 0 else f"{float(value):.{digits}f}"
    short = f"{float(value):.3g}"
    return short if Fraction(short) == value else str(value)


def hundredths(bits: float) -> Decimal:
    return Decimal(round(100 * bits)) / 100


def rounded_up(value: Fraction) -> Decimal:
    """To two digits."""
    return rounded(value, up=True, digits=2)


def sum_text(terms: Iterable[tuple[Fraction | int, str]]) -> str:
    """A sum of multiples of terms, in the language; 0 where there is none."""
    text = ""
    for factor, term in terms:
        if factor:
            size = "" if abs(factor) == 1 else f"{number(abs(Fraction(factor)))}*"
            sign = "-" if factor < 0 else "+"
            text += f" {sign} {size}{term}" if text else f"{sign}{size}{term}"
    return text.removeprefix("+") or "0"
