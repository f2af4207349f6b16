"""What a document is made of, whatever it is written as: sections, blocks, and words in a line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

from algzoo_exact.report.formula import Formula

NumberKind = Literal["exact", "certified", "sampled", "estimate", "stated"]
"""What stands behind a number. The first three as in docs/guarantees.md; estimate: a model of
chance, such as bits; stated: the word of an author or of a model's card."""

Status = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Math:
    """A formula in a line of text."""

    formula: Formula


@dataclass(frozen=True)
class Mono:
    """Something literal: a name, a hash, a command."""

    text: str


@dataclass(frozen=True)
class Strong:
    text: str


@dataclass(frozen=True)
class Kind:
    """A mark that says what kind of number stands before it."""

    name: NumberKind


@dataclass(frozen=True)
class Mark:
    """A verdict."""

    status: Status


@dataclass(frozen=True)
class Link:
    """A text that leads to an address, percent-encoded where that is needed."""

    text: str
    target: str


Inline: TypeAlias = str | Math | Mono | Strong | Kind | Mark | Link
Text: TypeAlias = tuple[Inline, ...]


@dataclass(frozen=True)
class Paragraph:
    text: Text


@dataclass(frozen=True)
class Display:
    """A formula on lines of its own."""

    formula: Formula


@dataclass(frozen=True)
class Facts:
    """Names and what is to be said of them."""

    rows: tuple[tuple[str, Text], ...]


@dataclass(frozen=True)
class Column:
    """A column's heading; numbers are aligned to the right."""

    title: str
    number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption; the first cell of a row names it. ``foot`` are rows of sums."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    foot: tuple[tuple[Text, ...], ...] = ()

    def __post_init__(self) -> None:
        width = len(self.columns)
        assert all(len(cells) == width for cells in (*self.rows, *self.foot)), self.caption


@dataclass(frozen=True)
class Picture:
    """A drawing as SVG, and its file's name without suffix, where it is a file of its own.
    ``described`` is for those who cannot see it."""

    name: str
    svg: str
    caption: str
    described: str


Sort = Literal["right", "wrong", "mixed", "rest"]


@dataclass(frozen=True)
class Part:
    """A share of a whole, 0 to 1, in a ``Bar``."""

    share: float
    sort: Sort
    title: str


@dataclass(frozen=True)
class Bar:
    """A whole, cut into parts side by side."""

    parts: tuple[Part, ...]
    caption: str
    described: str


@dataclass(frozen=True)
class Statement:
    """A theorem, a lemma or the like, with what is said in it and what became of it."""

    sort: str
    name: str
    body: tuple[Block, ...]
    status: Status | None = None


@dataclass(frozen=True)
class Bullets:
    items: tuple[Text, ...]


@dataclass(frozen=True)
class Commands:
    """Lines for a shell."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Folded:
    """Something long, shown when asked for; left out on paper, where ``summary`` remains."""

    summary: str
    body: str


Block: TypeAlias = (
    Paragraph | Display | Facts | Table | Picture | Bar | Statement | Bullets | Commands | Folded
)


@dataclass(frozen=True)
class Section:
    """A heading, a name for links to it, and blocks."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A title, a line below it, sections, and a last line; ``wide`` for tables of many columns."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str
    wide: bool = False


def paragraph(*parts: Inline) -> Paragraph:
    return Paragraph(parts)
