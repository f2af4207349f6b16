"""A document as LaTeX, for pdflatex with the packages of a basic installation; ``document.tex`` is
the template."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from jinja2 import Environment, PackageLoader, Template

from algzoo_exact.present import document as d
from algzoo_exact.present import formula as f
from algzoo_exact.present.wording import VERDICTS
from algzoo_exact.present.writers.mathml import pieces
from algzoo_exact.present.writers.texmath import to_latex_math

_SPECIAL = {c: f"\\{c}" for c in "#$%&_{}"}
_SPECIAL |= {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "…": r"\ldots{}",
    "−": "$-$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "≥": r"$\ge$",
    "≤": r"$\le$",
    "·": r"$\cdot$",
    "π": r"$\pi$",
    "–": "--",
    "|": r"\textbar{}",
    '"': "''",
    "Φ": r"$\Phi$",
    "\u00a0": "~",
}
_CODE = _SPECIAL | {
    '"': r"\textquotedbl{}",
    "'": r"\textquotesingle{}",
    "`": r"\textasciigrave{}",
    "-": "-{}",
    " ": r"\ ",
}
_LAST_LETTER = "\u017f"


def to_latex(document: d.Document, pictures: Mapping[str, str]) -> str:
    """The whole source; ``pictures`` are the PDFs that hold drawings, by the drawings' names."""
    return _template().render(document=document, pictures=pictures, VERDICTS=VERDICTS)


@cache
def _template() -> Template:
    found = Environment(
        "<%", "%>", "<<", ">>", "<#", "#>",
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
        loader=PackageLoader("algzoo_exact.present", "writers"),
    )  # fmt: skip
    found.filters |= {
        "sort_of": lambda part: type(part).__name__,
        "words": _text,
        "plain": _escaped,
        "code": _code,
        "breakable": _words,
        "math": to_latex_math,
        "broken": _broken,
        "widths": _widths,
    }
    return found.get_template("document.tex")


def _broken(formula: f.Formula) -> str:
    """A formula whose lines may break; what cannot, and is too wide, shrinks."""
    first, *others = map(to_latex_math, pieces(formula))
    return r"\allowbreak ".join(
        [f"\\wide{{{first}}}", *(f"\\wide{{{{}}{part}}}" for part in others)]
    )


_LONGEST = 24  # characters of a cell that is not broken into lines
_FULL = 60  # ... of a cell that gets no more room for more of them
_LINE = 92  # characters of a table across the page


def _widths(table: d.Table) -> str:
    """The columns of a table: cells that hold sentences get the width that the others leave."""
    longest = [
        max([len(column.title), *(_length(row[k]) for row in (*table.rows, *table.foot))])
        for k, column in enumerate(table.columns)
    ]
    sizes = {
        k: min(length, _FULL)
        for k, (length, column) in enumerate(zip(longest, table.columns, strict=True))
        if length > _LONGEST and not column.number
    }
    taken = sum(length + 2 for k, length in enumerate(longest) if k not in sizes) / _LINE
    free = 0.97 - taken - 0.02 * len(sizes)

    def width(k: int, column: d.Column) -> str:
        if k not in sizes:
            return "r" if column.number else "l"
        word = max((_longest_word(row[k]) for row in table.rows), default=0)
        share = max(0.15, word / _LINE + 0.02, free * sizes[k] / sum(sizes.values()))
        return f">{{\\raggedright\\arraybackslash}}p{{{share:.2f}\\linewidth}}"

    return "".join(width(k, column) for k, column in enumerate(table.columns))


def _longest_word(text: d.Text) -> int:
    """About how many characters cannot be broken into lines."""
    return max((len(word) for part in text if isinstance(part, str) for word in part.split()),
               default=0)  # fmt: skip


def _length(text: d.Text) -> int:
    """About how many characters wide it is; half of a formula's source is commands."""
    return sum(map(_width, text))


def _width(part: d.Inline) -> int:
    match part:
        case str():
            return len(part)
        case d.Mono(text):
            return len(text)
        case d.Math(formula):
            return len(to_latex_math(formula)) // 2
    return 8


def _text(text: d.Text) -> str:
    return "".join(map(_inline, text))


def _inline(part: d.Inline) -> str:
    match part:
        case str():
            return _escaped(part).replace("\n", "\\newline ")
        case d.Math(formula):
            return f"${to_latex_math(formula).strip()}$"
        case d.Mono(text):
            return f"\\texttt{{{_breakable(text)}}}"
        case d.Strong(text):
            return f"\\textbf{{{_escaped(text)}}}"
        case d.Kind(name):
            return f"\\kind{{{name}}}"
        case d.Mark(status):
            return f"\\kind{{{VERDICTS[status]}}}"
        case d.Link(text, target):
            if target.startswith("#"):
                return _escaped(text)
            return f"\\href{{{_escaped(target)}}}{{{_escaped(text)}}}"


def _words(text: str) -> str:
    """Text whose long words may break anywhere."""
    return " ".join(map(_breakable, text.split(" ")))


def _breakable(text: str) -> str:
    """Long hashes and names may break anywhere."""
    if len(text) <= 30:
        return _escaped(text)
    return r"\allowbreak ".join(_escaped(text[k : k + 8]) for k in range(0, len(text), 8))


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(c) or _letter(c) for c in text)


def _code(line: str) -> str:
    """A command: its quotes and hyphens stay as they are."""
    return "".join(_CODE.get(c) or _letter(c) for c in line)


def _letter(character: str) -> str:
    """A character of the fonts of pdflatex (T1), or the number of another."""
    known = character in "\n\t" or (character.isprintable() and character <= _LAST_LETTER)
    return character if known else f"[U+{ord(character):04X}]"
