"""A document as plain text, as commands print it: aligned columns, a line for each fact.

What cannot be printed is escaped, so that no name of a file commands the terminal.
"""

from __future__ import annotations

from collections.abc import Sequence

from algzoo_exact.names import printable
from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.wording import VERDICTS

_NAMES = 12  # characters of the names of facts, where none is longer
_COLOURS: dict[d.Status, str] = {"proved": "1;32", "refuted": "1;31", "unknown": "1;33"}


def to_terminal(document: d.Document, *, colours: bool = False) -> str:
    """The whole text, without headings where the document has none. ``colours``: of verdicts."""
    lines = _underlined(document.title, "=") + ([document.subtitle] if document.subtitle else [])
    for section in document.sections:
        lines += ([""] if lines else []) + _underlined(section.title, "-")
        for k, block in enumerate(section.blocks):
            said = _block(block, colours)
            lines += [""] * bool(said and lines and (k or section.title)) + said
    lines += ["", printable(document.footer)] if document.footer else []
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _underlined(title: str, line: str) -> list[str]:
    return [printable(title), line * len(title)] if title else []


def _block(block: d.Block, colours: bool) -> list[str]:
    match block:
        case d.Paragraph(text):
            return _lines(text, colours)
        case d.Display(formula):
            return [f"  {line}" for line in plain(formula).split("\n")]
        case d.Facts(rows):
            width = max([_NAMES, *(len(name) + 1 for name, _ in rows)])
            return [line for name, text in rows for line in _fact(name, width, text, colours)]
        case d.Table():
            return _table(block, colours)
        case d.Picture() | d.Bar():
            return []  # the table says the same
        case d.Statement(sort, name, body, status):
            head = f"{sort} {name}".rstrip() + (f" ({VERDICTS[status]})" if status else "")
            inside = [line for part in body for line in _block(part, colours)]
            return [printable(head), *(f"  {line}" for line in inside)]
        case d.Bullets(items):
            return [line for item in items for line in _fact("-", 1, item, colours)]
        case d.Commands(lines):
            return [f"$ {line}" for line in lines]
        case d.Code(lines):
            return [*map(printable, lines)]
        case d.Folded(summary):
            return [f"{printable(summary)}: in the HTML report."]


def _fact(name: str, width: int, text: d.Text, colours: bool) -> list[str]:
    """A name and a text, whose further lines are indented."""
    first, *others = _lines(text, colours)
    return [f"{name:<{width}} {first}", *(" " * (width + 1) + line for line in others)]


def _table(table: d.Table, colours: bool) -> list[str]:
    titles: tuple[d.Text, ...] = tuple((column.title,) for column in table.columns)
    head = [titles] if any(column.title for column in table.columns) else []
    rows = [*head, *table.rows, *table.foot]
    widths = [max(len(_text(cell, False)) for cell in column) for column in zip(*rows, strict=True)]

    def line(row: tuple[d.Text, ...]) -> str:
        parts = []
        for cell, width, column in zip(row, widths, table.columns, strict=True):
            space = " " * (width - len(_text(cell, False)))
            shown = _text(cell, colours)
            parts.append(space + shown if column.number else shown + space)
        return "  ".join(parts)

    found = [printable(table.caption)] * bool(table.caption) + [line(row) for row in head]
    for row, below in table.lines():
        # What is said about a row stands below its second column.
        indent = " " * (widths[0] + 2)
        found += [line(row), *(indent + said for text in below for said in _lines(text, colours))]
    return [*found, *map(line, table.foot)]


def _lines(text: d.Text, colours: bool) -> list[str]:
    return _text(text, colours).split("\n")


def _text(text: d.Text, colours: bool) -> str:
    return "".join(_inline(part, colours) for part in text)


def _inline(part: d.Inline, colours: bool) -> str:
    match part:
        case str():
            return _printable(part)
        case d.Math(formula):
            return plain(formula)
        case d.Mono(text) | d.Strong(text):
            return _printable(text)
        case d.Kind(name):
            return f"({name})"
        case d.Mark(status):
            word = VERDICTS[status]
            return f"\x1b[{_COLOURS[status]}m{word}\x1b[0m" if colours else word
        case d.Link(text, target):
            alone = text == target or target.startswith("#")
            return _printable(text if alone else f"{text} ({target})")


def _printable(text: str) -> str:
    return "\n".join(map(printable, text.split("\n")))


_SIGNS = frozenset("+−=<>≤≥≠≈∈⇒←⋅") | {":="}


def plain(formula: f.Formula) -> str:
    """A formula in characters, with indices as in the language of explanations: ``h[1,0]``."""
    match formula:
        case f.Number(text) | f.Name(text) | f.Words(text) | f.Operator(text):
            return text
        case f.Row(parts):
            return _row(parts)
        case f.Sub(base, index):
            return f"{plain(base)}[{plain(index).replace(' ', '')}]"
        case f.Sup(base, power):
            return f"{plain(base)}^{_atom(power)}"
        case f.Under(base, below):
            return f"{plain(base)}[{plain(below)}] "
        case f.Frac(top, bottom):
            return f"{_atom(top)}/{_atom(bottom)}"
        case f.Root(inside):
            return f"sqrt({plain(inside)})"
        case f.Fenced(left, inside, right):
            return f"{left}{plain(inside)}{right}"
        case f.Lines(rows):
            sides = [(plain(left), plain(right)) for left, right in rows]
            width = max(len(left) for left, _ in sides)
            return "\n".join(f"{left:<{width}} {right.lstrip()}".rstrip() for left, right in sides)


def _row(parts: Sequence[f.Formula]) -> str:
    """Signs between two parts have spaces around them, those before one have none."""
    text = ""
    for k, part in enumerate(parts):
        shown = plain(part)
        if isinstance(part, f.Operator) and shown in _SIGNS:
            shown = f" {shown} " if k or shown not in "+−" else shown
        elif shown == ",":
            shown = ", "
        elif k and f.is_product(parts[k - 1], part):
            shown = f" {shown}"
        text += shown
    return text


def _atom(formula: f.Formula) -> str:
    """In brackets where it is more than a symbol."""
    shown = plain(formula)
    alone = shown.isalnum() or isinstance(formula, f.Fenced | f.Sub | f.Number)
    return shown if alone else f"({shown})"
