"""A document as Markdown, with LaTeX between dollars, as GitHub and Jupyter show it."""

from __future__ import annotations

import re

from algzoo_exact.report.blocks import (
    Bar,
    Block,
    Bullets,
    Commands,
    Display,
    Document,
    Facts,
    Folded,
    Inline,
    Kind,
    Link,
    Mark,
    Math,
    Mono,
    Paragraph,
    Picture,
    Statement,
    Strong,
    Table,
    Text,
)
from algzoo_exact.report.texmath import to_latex_math

_MARKS = {"proved": "proved", "refuted": "**refuted**", "unknown": "undecided"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>$|#])")


def to_markdown(document: Document, picture: str | None = None) -> str:
    """The whole text; ``picture`` is the name of a file that holds the drawing, if there is one."""
    lines = [f"# {_escaped(document.title)}", "", _escaped(document.subtitle), ""]
    for section in document.sections:
        lines += [f"## {_escaped(section.title)}", ""]
        for block in section.blocks:
            text = _block(block, picture)
            lines += [text, ""] if text else []
    return "\n".join([*lines, _escaped(document.footer), ""])


def _block(block: Block, picture: str | None) -> str:
    match block:
        case Paragraph(text):
            return _text(text)
        case Display(formula):
            return f"$$\n{to_latex_math(formula)}\n$$"
        case Facts(rows):
            return "\n".join(f"- **{_escaped(name)}**: {_text(text)}" for name, text in rows)
        case Table():
            return _table(block)
        case Picture():
            if picture is None:
                return ""
            return f"![{_escaped(block.described)}]({picture})\n\n{_escaped(block.caption)}"
        case Bar():
            return ""  # the table says the same
        case Statement(sort, name, body, status):
            head = f"**{sort}{f' {_escaped(name)}' if name else ''}.**"
            head += f" ({_MARKS[status]})" if status else ""
            inside = "\n\n".join([head, *(_block(part, picture) for part in body)])
            return "\n".join(f"> {line}".rstrip() for line in inside.split("\n"))
        case Bullets(items):
            return "\n".join(f"- {_text(item)}" for item in items)
        case Commands(lines):
            return "\n".join(["```console", *(f"$ {line}" for line in lines), "```"])
        case Folded(summary, body):
            return (
                f"<details><summary>{_escaped(summary)}</summary>\n\n```text\n{body}\n```\n\n"
                "</details>"
            )


def _table(table: Table) -> str:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rows = [line([_escaped(column.title) for column in table.columns])]
    rows.append(line(["---:" if column.number else "---" for column in table.columns]))
    rows += [line([_text(cell, bars=False) for cell in row]) for row in (*table.rows, *table.foot)]
    return "\n".join([_escaped(table.caption), "", *rows])


def _text(text: Text, *, bars: bool = True) -> str:
    """Words in a line; ``bars``: upright bars may stand as they are, unlike in a table."""
    shown = "".join(map(_inline, text))
    return shown if bars else re.sub(r"(?<!\\)\|", r"\\|", shown)


def _inline(part: Inline) -> str:
    match part:
        case str():
            return _escaped(part)
        case Math(formula):
            return f"${to_latex_math(formula).strip()}$"
        case Mono(text):
            return _mono(text)
        case Strong(text):
            return f"**{_escaped(text)}**"
        case Kind(name):
            return f"*({name})*"
        case Mark(status):
            return _MARKS[status]
        case Link(text, target):
            return f"[{_escaped(text)}]({target})"


def _mono(text: str) -> str:
    """Code between more backticks than it has in a row."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{text}{space}{fence}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
