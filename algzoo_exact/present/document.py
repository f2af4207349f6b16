"""What a document is made of, whatever it is written as: sections, blocks, and words in a line.

Commands and reports make documents; ``writers`` write them. A line break in a text is one in what
is written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from algzoo_exact.present.formula import Formula

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
    """Something literal: a name, a hash, a command; ``anchor``, if any, is what links lead to."""

    text: str
    anchor: str = ""


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
    """A text that leads to an address, percent-encoded where that is needed, or to what has an
    anchor in the same document: ``#anchor``."""

    text: str
    target: str


Inline: TypeAlias = str | Math | Mono | Strong | Kind | Mark | Link
Text: TypeAlias = tuple[Inline, ...]
Fact: TypeAlias = tuple[str, str | Path | Text | None]
"""A name, and what is said of it; None where there is nothing to say."""


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
    """A table with a caption; the first cell of a row names it. ``foot`` are rows of sums.

    ``below`` are lines below each row, about it: none, or a tuple for every row.
    """

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Text, ...], ...]
    foot: tuple[tuple[Text, ...], ...] = ()
    below: tuple[tuple[Text, ...], ...] = ()

    def __post_init__(self) -> None:
        width = len(self.columns)
        assert all(len(cells) == width for cells in (*self.rows, *self.foot)), self.caption
        assert len(self.below) in (0, len(self.rows)), self.caption

    def lines(self) -> Iterator[tuple[tuple[Text, ...], tuple[Text, ...]]]:
        """Each row, and what stands below it."""
        return zip(self.rows, self.below or ((),) * len(self.rows), strict=True)


@dataclass(frozen=True)
class Picture:
    """A drawing, and its file's name without suffix, where it is a file of its own.

    ``drawn`` makes it as ``svg`` or ``pdf``; ``described`` is for those who cannot see it.
    """

    name: str
    drawn: Callable[[str], bytes]
    caption: str
    described: str


@dataclass(frozen=True)
class Part:
    """A share of a whole, 0 to 1, in a ``Bar``; ``right`` is the share of it on which the answer is
    right, or None."""

    share: float
    right: float | None
    title: str


@dataclass(frozen=True)
class Bar:
    """A whole, cut into parts side by side."""

    parts: tuple[Part, ...]
    caption: str
    described: str


@dataclass(frozen=True)
class Statement:
    """A theorem, a lemma or the like, with what is said in it and what became of it; ``anchor``,
    if any, is what links lead to."""

    sort: str
    name: str
    body: tuple[Block, ...]
    status: Status | None = None
    anchor: str = ""


@dataclass(frozen=True)
class Bullets:
    items: tuple[Text, ...]


@dataclass(frozen=True)
class Commands:
    """Lines for a shell."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Code:
    """A text for a file, as it stands."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Folded:
    """Something long, shown when asked for; left out on paper, where ``summary`` remains.

    ``text`` is the same for a clipboard.
    """

    summary: str
    body: tuple[Block, ...]
    text: str


Block: TypeAlias = (
    Paragraph
    | Display
    | Facts
    | Table
    | Picture
    | Bar
    | Statement
    | Bullets
    | Commands
    | Code
    | Folded
)


@dataclass(frozen=True)
class Section:
    """A heading, a name for links to it, and blocks."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """A title, a line below it, sections, and a last line; ``wide`` for tables of many columns.

    ``data`` is the same for programs, as values by stable keys: it is what is written as JSON.
    ``back`` leads from a page to one that lists it.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    footer: str
    wide: bool = False
    data: Mapping[str, Any] = field(default_factory=dict)
    back: Link | None = None

    @property
    def pictures(self) -> tuple[Picture, ...]:
        return tuple(b for s in self.sections for b in s.blocks if isinstance(b, Picture))


def paragraph(*parts: Inline) -> Paragraph:
    return Paragraph(parts)


def facts(*rows: Fact) -> Facts:
    """Names of which there is something to say, and what it is."""
    return Facts(tuple((name, _text(said)) for name, said in rows if said is not None))


def bullets(*items: str | Text) -> Bullets:
    return Bullets(tuple(map(_text, items)))


def table(
    caption: str, columns: Iterable[str], rows: Iterable[Iterable[str | Text]], **more: Any
) -> Table:
    """A table; headings that begin with ``#`` are those of numbers. ``more`` are further fields."""
    heads = tuple(Column(title.removeprefix("#"), title.startswith("#")) for title in columns)
    foot = tuple(tuple(map(_text, row)) for row in more.pop("foot", ()))
    return Table(caption, heads, tuple(tuple(map(_text, row)) for row in rows), foot, **more)


def _text(said: str | Path | Text) -> Text:
    return said if isinstance(said, tuple) else (str(said),)


def untitled(*blocks: Block, data: Mapping[str, Any]) -> Document:
    """What a command says: blocks without headings."""
    return Document("", "", (Section("", "", blocks),), "", data=data)


def timed(document: Document, seconds: float) -> Document:
    """What a command says, with a row at the end of its first facts: how long it took."""
    (section,) = document.sections
    head, *rest = section.blocks
    assert isinstance(head, Facts)
    rows = *head.rows, ("time", (f"{seconds:.2f} s",))
    return replace(
        document,
        sections=(replace(section, blocks=(Facts(rows), *rest)),),
        data={**document.data, "seconds": round(seconds, 4)},
    )
