"""A document as one HTML file, or as a piece of a page: nothing fetched, formulas in MathML.

The templates are ``page.html``, ``fragment.html`` and ``blocks.html``. One script, of a few lines,
makes the buttons that copy, and where it is asked for those that sort tables; all is there without
it.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from jinja2 import Environment, PackageLoader, Template
from markupsafe import Markup

from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.pictures.drawing import roles
from algzoo_exact.present.wording import KINDS, VERDICTS
from algzoo_exact.present.writers.mathml import to_mathml

_SIGNS = {"proved": "✓", "refuted": "✗", "unknown": "?"}
_ENDED = re.compile(r"<math\b(?:(?!</math>).)*</math>[.,:;)]+")
_OPTION = re.compile(r"(?<!\S)--?[a-z][a-z-]*")  # of a command: no line ends in the middle
# A page may show this document alone: no script but its own, and nothing from elsewhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; script-src 'sha256-{}'"


def to_html(document: d.Document, *, sortable: bool = False) -> str:
    """The whole page; ``sortable``: its tables sort by a click on a heading, and words typed above
    them choose rows. Without scripts they are as they are."""
    script = _file("copying.js") + (_file("sorting.js") if sortable else "")
    return _template("page.html").render(
        document=document,
        style=Markup(_file("style.css")),
        script=Markup(script),
        policy=Markup(_POLICY.format(b64encode(sha256(script.encode()).digest()).decode())),
    )


def to_fragment(document: d.Document) -> str:
    """Its blocks for a place in another page, whose style neither touches them nor is touched: all
    rules are nested in one, which outweighs those of notebooks."""
    style = _file("style.css").replace(":root", "&").replace("body {", "& {")
    blocks = [block for part in document.sections for block in part.blocks]
    return _template("fragment.html").render(blocks=blocks, style=Markup(style))


@cache
def _file(name: str) -> str:
    return (files("algzoo_exact.present.writers") / name).read_text(encoding="utf-8")


@cache
def _template(name: str) -> Template:
    """A template, which escapes all that is no ``Markup``."""
    loader = PackageLoader("algzoo_exact.present", "writers")
    found = Environment(loader=loader, autoescape=True, keep_trailing_newline=True)
    found.globals["Mark"] = d.Mark
    found.filters |= {
        "sort_of": lambda block: type(block).__name__,
        "words": _words,
        "inline": lambda part: Markup(_inline(part)),
        "equations": _equations,
        "options": _options,
        "drawing": _drawing,
    }
    return found.get_template(name)


def _equations(formula: f.Formula) -> Iterator[tuple[Markup, Markup]]:
    """Equations on lines of their own, left sides in one column; what is long breaks into lines."""
    rows = formula.rows if isinstance(formula, f.Lines) else ((f.row(), formula),)
    for left, right in rows:
        before = to_mathml(left, display=True) if left != f.row() else ""
        yield Markup(before), Markup(to_mathml(right, display=True))


def _options(line: str) -> Markup:
    return Markup(_OPTION.sub(r'<span class="whole">\g<0></span>', escape(line)))


def _drawing(picture: d.Picture) -> tuple[Markup, Markup]:
    """A drawing's opening tag without its end, and the rest, whose parts have names that no other
    one on the page has, and whose colours are variables of the page, so that they follow its
    scheme."""
    svg = picture.drawn("svg").decode()
    opening, rest = svg[svg.index("<svg") :].split(">", 1)
    opening = re.sub(r'\s(width|height)="[^"]*"', "", opening)
    rest = re.sub(r"<metadata>.*?</metadata>", "", rest, count=1, flags=re.DOTALL)
    rest = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{escape(picture.name)}-", rest)
    names = roles()

    def variable(found: re.Match[str]) -> str:
        return f"var(--pic-{names[found[0]]}, {found[0]})" if found[0] in names else found[0]

    return Markup(opening), Markup(re.sub(r"(?<=[: \"])#[0-9a-f]{6}(?=[;\"])", variable, rest))


def _words(text: d.Text) -> Markup:
    """Its parts; no line begins with what ends a formula."""
    shown = "".join(map(_inline, text))
    return Markup(_ENDED.sub(r'<span class="whole">\g<0></span>', shown))


def _inline(part: d.Inline) -> str:
    match part:
        case str():
            return escape(part, quote=False).replace("\n", "<br>")
        case d.Math(formula):
            return to_mathml(formula)
        case d.Mono(text, anchor):
            named = f' id="{escape(anchor)}"' if anchor else ""
            return f"<code{named}>{escape(text)}</code>"
        case d.Strong(text):
            return f"<strong>{escape(text)}</strong>"
        case d.Kind(name):
            return f'<span class="kind" title="{escape(KINDS[name])}">{name}</span>'
        case d.Mark(status):
            return f'<span class="mark {status}">{_SIGNS[status]} {VERDICTS[status]}</span>'
        case d.Link(text, target):
            return f'<a href="{escape(target)}">{escape(text)}</a>'
