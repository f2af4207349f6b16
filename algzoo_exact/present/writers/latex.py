"""A document as LaTeX, for pdflatex with the packages of a basic installation."""

from __future__ import annotations

from collections.abc import Mapping

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
_PREAMBLE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage{textcomp}
\usepackage{amsmath,amssymb,graphicx,longtable,array}
\usepackage[margin=28mm]{geometry}
\usepackage[hidelinks]{hyperref}
\setlength{\parindent}{0pt}
\setlength{\parskip}{6pt plus 2pt}
\newcommand{\kind}[1]{{\small\textit{[#1]}}}
\newcommand{\wide}[1]{\sbox0{$\displaystyle #1$}\ifdim\wd0>\linewidth
  \resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi}
\sloppy
"""


def to_latex(document: d.Document, pictures: Mapping[str, str]) -> str:
    """The whole source; ``pictures`` are the PDFs that hold drawings, by the drawings' names."""
    parts = [
        _PREAMBLE,
        f"\\title{{{_escaped(document.title)}}}\n\\author{{{_escaped(document.subtitle)}}}\n"
        "\\date{}\n\\begin{document}\n\\maketitle\n",
    ]
    for section in document.sections:
        parts.append(f"\\section*{{{_escaped(section.title)}}}\n")
        parts += [_block(block, pictures) + "\n" for block in section.blocks]
    parts.append(f"\n\\medskip\n{{\\small {_words(document.footer)}}}\n\\end{{document}}\n")
    return "\n".join(parts)


def _block(block: d.Block, pictures: Mapping[str, str]) -> str:
    match block:
        case d.Paragraph(text):
            return _text(text) + "\n"
        case d.Display(f.Lines(rows)):
            return _lines(rows)
        case d.Display(formula):
            return f"\\begin{{center}}{_broken(formula)}\\end{{center}}"
        case d.Facts(rows):
            items = [f"\\item[{_escaped(name)}] {_text(text)}" for name, text in rows]
            return "\n".join([r"\begin{description}", *items, r"\end{description}"])
        case d.Table():
            return _table(block)
        case d.Picture():
            if block.name not in pictures:
                return ""
            return (
                "\\begin{center}\n"
                f"\\includegraphics[width=0.8\\linewidth]{{{pictures[block.name]}}}\n\n"
                f"{{\\small {_escaped(block.caption)}}}\n\\end{{center}}"
            )
        case d.Bar():
            return ""  # the table says the same
        case d.Statement(sort, name, body, status):
            title = f"{sort}{f' {name}' if name else ''}."
            head = f"\\textbf{{{_escaped(title)}}}"
            head += f" \\kind{{{VERDICTS[status]}}}" if status else ""
            inside = "\n".join(_block(part, pictures) for part in body)
            return f"\\begin{{quote}}\n{head}\n\n{inside}\n\\end{{quote}}"
        case d.Bullets(items):
            lines = [f"\\item {_text(item)}" for item in items]
            return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])
        case d.Commands(lines) | d.Code(lines):
            code = " \\\\\n".join(f"\\texttt{{{_code(line)}}}" for line in lines)
            return f"\\begin{{flushleft}}\n{code}\n\\end{{flushleft}}"
        case d.Folded(summary):
            return f"{_escaped(summary)}: in the HTML report.\n"


def _broken(formula: f.Formula) -> str:
    """A formula whose lines may break; what cannot, and is too wide, shrinks."""
    first, *others = map(to_latex_math, pieces(formula))
    return r"\allowbreak ".join(
        [f"\\wide{{{first}}}", *(f"\\wide{{{{}}{part}}}" for part in others)]
    )


def _lines(rows: tuple[tuple[f.Formula, f.Formula], ...]) -> str:
    """Equations one below the other, on as many pages as it takes."""
    lines = (
        f"$\\displaystyle {to_latex_math(left)}$ & {_broken(right)} \\\\[8pt]"
        for left, right in rows
    )
    head = r"\begin{longtable}{@{}r@{\;}>{\raggedright\arraybackslash}p{0.78\linewidth}@{}}"
    return "\n".join([head, *lines, r"\end{longtable}"])


_LONGEST = 24  # characters of a cell that is not broken into lines
_FULL = 60  # ... of a cell that gets no more room for more of them
_LINE = 92  # characters of a table across the page


def _table(table: d.Table) -> str:
    """Cells that hold sentences get the width that the others leave."""
    longest = [
        max([len(column.title), *(_length(row[k]) for row in (*table.rows, *table.foot))])
        for k, column in enumerate(table.columns)
    ]
    wide = [
        length > _LONGEST and not column.number
        for length, column in zip(longest, table.columns, strict=True)
    ]
    taken = sum(n + 2 for n, is_wide in zip(longest, wide, strict=True) if not is_wide) / _LINE
    sizes = [min(n, _FULL) if is_wide else 0 for n, is_wide in zip(longest, wide, strict=True)]
    free = 0.97 - taken - 0.02 * sum(wide)
    words = [
        max((_longest_word(row[k]) for row in table.rows), default=0) for k in range(len(wide))
    ]
    shares = [
        max(0.15, word / _LINE + 0.02, free * size / max(1, sum(sizes)))
        for size, word in zip(sizes, words, strict=True)
    ]
    spec = "".join(
        f">{{\\raggedright\\arraybackslash}}p{{{share:.2f}\\linewidth}}" if is_wide
        else ("r" if column.number else "l")
        for column, is_wide, share in zip(table.columns, wide, shares, strict=True)
    )  # fmt: skip
    head = " & ".join(f"\\textbf{{{_escaped(column.title)}}}" for column in table.columns)
    rows = []
    for row, below in table.lines():
        rows.append(" & ".join(map(_text, row)) + r" \\")
        span = f"\\multicolumn{{{len(row)}}}{{@{{}}p{{\\linewidth}}@{{}}}}"
        rows += [f"{span}{{{_text(line)}}} " + r"\\" for line in below]
    foot = [" & ".join(map(_text, row)) + r" \\" for row in table.foot]
    if foot:
        foot.insert(0, r"\hline")
    return "\n".join(
        [
            f"{{\\small {_escaped(table.caption)}}}\n",
            "{\\footnotesize\n\\setlength{\\tabcolsep}{4pt}",
            f"\\begin{{longtable}}{{@{{}}{spec}@{{}}}}",
            head + r" \\ \hline \endhead",
            *rows,
            *foot,
            "\\end{longtable}}",
        ]
    )


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
