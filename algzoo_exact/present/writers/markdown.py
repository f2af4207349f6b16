"""A document as Markdown, with LaTeX between dollars, as GitHub and Jupyter show it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from algzoo_exact.present import document as d
from algzoo_exact.present.wording import VERDICTS
from algzoo_exact.present.writers.texmath import to_latex_math

_MARKS = VERDICTS | {"refuted": "**refuted**"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>$|#])")


def to_markdown(document: d.Document, pictures: Mapping[str, str]) -> str:
    """The whole text; ``pictures`` are the files that hold drawings, by the drawings' names."""
    title = _escaped(document.title)
    parts = [f"# {title}" * bool(title), _escaped(document.subtitle)]
    for section in document.sections:
        parts.append(f"## {_escaped(section.title)}" * bool(section.title))
        parts += (_block(block, pictures) for block in section.blocks)
    return "\n\n".join(part for part in (*parts, _escaped(document.footer)) if part) + "\n"


def _block(block: d.Block, pictures: Mapping[str, str]) -> str:
    match block:
        case d.Paragraph(text):
            return _text(text)
        case d.Display(formula):
            return f"$$\n{to_latex_math(formula)}\n$$"
        case d.Facts(rows):
            return "\n".join(f"- **{_escaped(name)}**: {_text(text)}" for name, text in rows)
        case d.Table():
            return _table(block)
        case d.Picture():
            if block.name not in pictures:
                return ""
            shown = f"![{_escaped(block.described)}]({pictures[block.name]})"
            return f"{shown}\n\n{_escaped(block.caption)}"
        case d.Bar():
            return ""  # the table says the same
        case d.Statement(sort, name, body, status):
            head = f"**{sort}{f' {_escaped(name)}' if name else ''}.**"
            head += f" ({_MARKS[status]})" if status else ""
            inside = "\n\n".join([head, *(_block(part, pictures) for part in body)])
            return "\n".join(f"> {line}".rstrip() for line in inside.split("\n"))
        case d.Bullets(items):
            return "\n".join(f"- {_text(item)}" for item in items)
        case d.Commands(lines):
            return "\n".join(["```console", *(f"$ {line}" for line in lines), "```"])
        case d.Code(lines):
            return "\n".join(["```toml", *lines, "```"])
        case d.Folded(summary, _, text):
            return (
                f"<details><summary>{_escaped(summary)}</summary>\n\n```text\n{text}\n```\n\n"
                "</details>"
            )


def _table(table: d.Table) -> str:
    def line(cells: list[str]) -> str:
        return f"| {' | '.join(cells)} |"

    rows = [line([_escaped(column.title) for column in table.columns])]
    rows.append(line(["---:" if column.number else "---" for column in table.columns]))
    for row, below in (*table.lines(), *((row, ()) for row in table.foot)):
        cells = [_text(cell, bars=False) for cell in row]
        cells[-1] = "<br>".join([cells[-1], *(_text(said, bars=False) for said in below)])
        rows.append(line(cells))
    caption = [_escaped(table.caption), ""] if table.caption else []
    return "\n".join([*caption, *rows])


def _text(text: d.Text, *, bars: bool = True) -> str:
    """Words in a line; ``bars``: upright bars may stand as they are, unlike in a table."""
    shown = "".join(map(_inline, text))
    return shown if bars else re.sub(r"(?<!\\)\|", r"\\|", shown)


def _inline(part: d.Inline) -> str:
    match part:
        case str():
            return _escaped(part).replace("\n", "<br>")
        case d.Math(formula):
            return f"${to_latex_math(formula).strip()}$"
        case d.Mono(text):
            return _mono(text)
        case d.Strong(text):
            return f"**{_escaped(text)}**"
        case d.Kind(name):
            return f"*({name})*"
        case d.Mark(status):
            return _MARKS[status]
        case d.Link(text, target):
            # Of what is in the document, headings alone have anchors.
            return _escaped(text) if target.startswith("#") else f"[{_escaped(text)}]({target})"


def _mono(text: str) -> str:
    """Code between more backticks than it has in a row."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    space = " " if len(fence) > 1 else ""
    return f"{fence}{space}{text}{space}{fence}"


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", text)
