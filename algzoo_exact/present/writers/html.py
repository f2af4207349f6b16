"""A document as one HTML file, or as a piece of a page: nothing fetched, formulas in MathML.

One script, of a few lines, makes the buttons that copy, and where it is asked for those that sort
tables; all is there without it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.pictures.drawing import roles
from algzoo_exact.present.wording import KINDS, VERDICTS
from algzoo_exact.present.writers.mathml import to_mathml

_SIGNS = {"proved": "✓", "refuted": "✗", "unknown": "?"}
_ENDED = re.compile(r"<math\b(?:(?!</math>).)*</math>[.,:;)]+")
_OPTION = re.compile(r"(?<!\S)--?[a-z][a-z-]*")  # of a command: no line ends in the middle
_SCRIPT = """
for (const box of document.querySelectorAll("[data-copied]")) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = "Copy";
  button.onclick = () => navigator.clipboard.writeText(box.dataset.copied).then(
    () => { button.textContent = "Copied"; });
  box.append(button);
}
"""
# A page may show this document alone: no script but its own, and nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'"


@cache
def _file(name: str) -> str:
    return (files("algzoo_exact.present.writers") / name).read_text(encoding="utf-8")


def to_html(document: d.Document, *, sortable: bool = False) -> str:
    """The whole page; ``sortable``: its tables sort by a click on a heading, and words typed above
    them choose rows. Without scripts they are as they are."""
    script = _SCRIPT + (_file("sorting.js") if sortable else "")
    policy = _POLICY.format(b64encode(sha256(script.encode()).digest()).decode())
    back = f'<p class="back">{_inline(document.back)}</p>' if document.back else ""
    sections = "\n".join(map(_section, document.sections))
    links = "".join(
        f'<li><a href="#{section.name}">{escape(section.title)}</a></li>'
        for section in document.sections
    )
    body = (
        f"<header>{back}<h1>{escape(document.title)}</h1>"
        f'<p class="subtitle">{escape(document.subtitle)}</p></header>\n'
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>\n'
        f"<main>\n{sections}\n</main>\n<footer><p>{escape(document.footer)}</p></footer>"
    )
    title, description = escape(document.title), escape(document.subtitle)
    wide = ' class="wide"' if document.wide else ""
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="description" content="{description}">\n'
        f"<title>{title}</title>\n"
        '<link rel="icon" href="data:,">\n'
        f"<style>\n{_file('style.css')}</style>\n</head>\n<body{wide}>\n{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def to_fragment(document: d.Document) -> str:
    """Its blocks for a place in another page, whose style neither touches them nor is touched: all
    rules are nested in one, which outweighs those of notebooks."""
    style = _file("style.css").replace(":root", "&").replace("body {", "& {")
    shown = "\n".join(_block(block) for part in document.sections for block in part.blocks)
    return (
        f"<style>\n.algzoo-exact.algzoo-exact {{\n{style}}}\n{_THEMES}</style>\n"
        f'<div class="algzoo-exact">\n{shown}\n</div>'
    )


# Where a page around has a scheme of its own, as in Jupyter, Sphinx's furo and VS Code, that of the
# system does not count.
_THEMES = ".algzoo-exact.algzoo-exact { max-width: 60rem; padding: 0.25rem 1rem; }\n" + "".join(
    f"{theme} .algzoo-exact.algzoo-exact {{ color-scheme: {scheme}; }}\n"
    for scheme, jupyter in (("light", "true"), ("dark", "false"))
    for theme in (
        f'[data-jp-theme-light="{jupyter}"]', f'[data-theme="{scheme}"]', f".vscode-{scheme}"
    )
)  # fmt: skip


def _section(section: d.Section) -> str:
    blocks = "\n".join(map(_block, section.blocks))
    return (
        f'<section aria-labelledby="{section.name}">'
        f'<h2 id="{section.name}">{escape(section.title)}</h2>\n{blocks}\n</section>'
    )


def _block(block: d.Block) -> str:
    match block:
        case d.Paragraph(text):
            return f"<p>{_text(text)}</p>"
        case d.Display(formula):
            return _display(formula)
        case d.Facts(rows):
            inside = "".join(
                f"<dt>{escape(name)}</dt><dd>{_text(text)}</dd>" for name, text in rows
            )
            return f"<dl>{inside}</dl>"
        case d.Table():
            return _table(block)
        case d.Picture():
            return _picture(block)
        case d.Bar():
            return _bar(block)
        case d.Statement():
            return _statement(block)
        case d.Bullets(items):
            return "<ul>" + "".join(f"<li>{_text(item)}</li>" for item in items) + "</ul>"
        case d.Commands(lines):
            options = (_OPTION.sub(r'<span class="whole">\g<0></span>', escape(s)) for s in lines)
            shown = "".join(f"<span>{line}\n</span>" for line in options)
            return f'<pre class="commands"><code>{shown}</code></pre>'
        case d.Code(lines):
            shown = escape("\n".join(lines))
            return f'<pre tabindex="0" aria-label="Code"><code>{shown}</code></pre>'
        case d.Folded(summary, body, text):
            inside = "\n".join(map(_block, body))
            return (
                f"<details><summary>{escape(summary)}</summary>"
                f'<p data-copied="{escape(text)}"></p>{inside}</details>'
            )


def _display(formula: f.Formula) -> str:
    """Equations on lines of their own, left sides in one column; what is long breaks into lines."""
    rows = formula.rows if isinstance(formula, f.Lines) else ((f.row(), formula),)
    lines = "".join(
        f"<div>{to_mathml(left, display=True) if left != f.row() else ''}</div>"
        f"<div>{to_mathml(right, display=True)}</div>"
        for left, right in rows
    )
    return f'<div class="display">{lines}</div>'


def _statement(statement: d.Statement) -> str:
    name = f" {escape(statement.name)}" if statement.name else ""
    mark = "" if statement.status is None else _inline(d.Mark(statement.status))
    kind = statement.sort.lower()
    blocks = "\n".join(map(_block, statement.body))
    return (
        f'<div class="statement {kind}"{_anchor(statement.anchor)}><div class="head">'
        f'<span class="sort">{escape(statement.sort)}{name}</span>{mark}</div>\n{blocks}</div>'
    )


def _anchor(name: str) -> str:
    return f' id="{escape(name)}"' if name else ""


def _table(table: d.Table) -> str:
    numbers = [column.number for column in table.columns]

    def cells(row: tuple[d.Text, ...]) -> str:
        parts = []
        for k, (text, number) in enumerate(zip(row, numbers, strict=True)):
            tag, scope = ("th", ' scope="row"') if k == 0 else ("td", "")
            parts.append(f"<{tag}{scope}{_number(number)}>{_text(text)}</{tag}>")
        return f"<tr>{''.join(parts)}</tr>"

    head = "".join(
        f'<th scope="col"{_number(column.number)}>{escape(column.title)}</th>'
        if column.title
        else "<td></td>"
        for column in table.columns
    )
    rows = "".join(
        cells(row)
        + "".join(f'<tr><td colspan="{len(row)}">{_text(line)}</td></tr>' for line in below)
        for row, below in table.lines()
    )
    foot = f"<tfoot>{''.join(map(cells, table.foot))}</tfoot>" if table.foot else ""
    caption = escape(table.caption)
    # A box that scrolls takes the keyboard's focus, so that everyone can scroll it.
    return (
        f'<div class="scroll" tabindex="0" role="group" aria-label="Table: {caption}"><table>'
        f"<caption>{caption}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody>{foot}</table></div>"
    )


def _number(number: bool) -> str:
    return ' class="n"' if number else ""


def _picture(picture: d.Picture) -> str:
    """The drawing itself, with a title and a description for those who cannot see it."""
    svg = picture.drawn("svg").decode()
    opening, rest = svg[svg.index("<svg") :].split(">", 1)
    opening = re.sub(r'\s(width|height)="[^"]*"', "", opening)
    name = escape(picture.name)
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, count=1, flags=re.DOTALL)
    # A box that scrolls on narrow screens, where the drawing's texts would be too small to read.
    return (
        '<figure><div class="paper" tabindex="0" role="group" aria-label="Picture">'
        f'{opening} role="img" aria-labelledby="{name}-title '
        f'{name}-text"><title id="{name}-title">{escape(picture.caption)}</title>'
        f'<desc id="{name}-text">{escape(picture.described)}</desc>'
        f"{_recoloured(_named_apart(rest, name))}</div>"
        f"<figcaption>{escape(picture.caption)}</figcaption></figure>"
    )


def _named_apart(svg: str, name: str) -> str:
    """A drawing whose parts have names that no other one on the page has."""
    return re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", svg)


def _recoloured(svg: str) -> str:
    """A drawing whose colours are variables of the page, so that they follow its scheme."""
    names = roles()
    return re.sub(
        r"(?<=[: \"])#[0-9a-f]{6}(?=[;\"])",
        lambda found: (
            f"var(--pic-{names[found[0]]}, {found[0]})" if found[0] in names else found[0]
        ),
        svg,
    )


def _bar(bar: d.Bar) -> str:
    at, parts = 0.0, []
    for part in bar.parts:
        width = 100 * part.share
        parts.append(
            f'<rect {_shade(part)} x="{at:.4f}" y="0" width="{width:.4f}" height="10">'
            f"<title>{escape(part.title)}</title></rect>"
        )
        at += width
    return (
        '<figure class="bar"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 10" '
        f'preserveAspectRatio="none" role="img" aria-label="{escape(bar.described)}">'
        f"{''.join(parts)}</svg><figcaption>{escape(bar.caption)}</figcaption></figure>"
    )


def _shade(part: d.Part) -> str:
    """From the colour of errors to that of right answers, by share."""
    if part.right is None:
        return 'class="rest"'
    return f'style="fill: color-mix(in oklab, var(--right) {100 * part.right:.4g}%, var(--wrong))"'


def _text(text: d.Text) -> str:
    """Its parts; no line begins with what ends a formula."""
    return _ENDED.sub(r'<span class="whole">\g<0></span>', "".join(map(_inline, text)))


def _inline(part: d.Inline) -> str:
    match part:
        case str():
            return escape(part, quote=False).replace("\n", "<br>")
        case d.Math(formula):
            return to_mathml(formula)
        case d.Mono(text, anchor):
            return f"<code{_anchor(anchor)}>{escape(text)}</code>"
        case d.Strong(text):
            return f"<strong>{escape(text)}</strong>"
        case d.Kind(name):
            return f'<span class="kind" title="{escape(KINDS[name])}">{name}</span>'
        case d.Mark(status):
            return f'<span class="mark {status}">{_SIGNS[status]} {VERDICTS[status]}</span>'
        case d.Link(text, target):
            return f'<a href="{escape(target)}">{escape(text)}</a>'
