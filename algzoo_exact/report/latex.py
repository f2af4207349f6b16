"""A document as LaTeX, for pdflatex with the packages of a basic installation."""

from __future__ import annotations

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

_MARKS = {"proved": "proved", "refuted": "refuted", "unknown": "undecided"}
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


def to_latex(document: Document, picture: str | None = None) -> str:
    """The whole source; ``picture`` is the name of a PDF with the drawing, if there is one."""
    parts = [
        _PREAMBLE,
        f"\\title{{{_escaped(document.title)}}}\n\\author{{{_escaped(document.subtitle)}}}\n"
        "\\date{}\n\\begin{document}\n\\maketitle\n",
    ]
    for section in document.sections:
        parts.append(f"\\section*{{{_escaped(section.title)}}}\n")
        parts += [_block(block, picture) + "\n" for block in section.blocks]
    parts.append(f"\n\\medskip\n{{\\small {_words(document.footer)}}}\n\\end{{document}}\n")
    return "\n".join(parts)


def _block(block: Block, picture: str | None) -> str:
    match block:
        case Paragraph(text):
            return _text(text) + "\n"
        case Display(formula):
            return f"\\begin{{center}}\\wide{{{to_latex_math(formula)}}}\\end{{center}}"
        case Facts(rows):
            items = [f"\\item[{_escaped(name)}] {_text(text)}" for name, text in rows]
            return "\n".join([r"\begin{description}", *items, r"\end{description}"])
        case Table():
            return _table(block)
        case Picture():
            if picture is None:
                return ""
            return (
                "\\begin{center}\n"
                f"\\includegraphics[width=0.8\\linewidth]{{{picture}}}\n\n"
                f"{{\\small {_escaped(block.caption)}}}\n\\end{{center}}"
            )
        case Bar():
            return ""  # the table says the same
        case Statement(sort, name, body, status):
            title = f"{sort}{f' {name}' if name else ''}."
            head = f"\\textbf{{{_escaped(title)}}}"
            head += f" \\kind{{{_MARKS[status]}}}" if status else ""
            inside = "\n".join(_block(part, picture) for part in body)
            return f"\\begin{{quote}}\n{head}\n\n{inside}\n\\end{{quote}}"
        case Bullets(items):
            lines = [f"\\item {_text(item)}" for item in items]
            return "\n".join([r"\begin{itemize}", *lines, r"\end{itemize}"])
        case Commands(lines):
            code = " \\\\\n".join(f"\\texttt{{{_code(line)}}}" for line in lines)
            return f"\\begin{{flushleft}}\n{code}\n\\end{{flushleft}}"
        case Folded(summary, _):
            return f"{_escaped(summary)}: in the HTML report.\n"


_LONGEST = 24  # characters of a cell that is not broken into lines
_LINE = 92  # characters of a table across the page


def _table(table: Table) -> str:
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
    share = max(0.15, (0.97 - taken) / max(1, sum(wide)) - 0.02)
    spec = "".join(
        f">{{\\raggedright\\arraybackslash}}p{{{share:.2f}\\linewidth}}" if is_wide
        else ("r" if column.number else "l")
        for column, is_wide in zip(table.columns, wide, strict=True)
    )  # fmt: skip
    head = " & ".join(f"\\textbf{{{_escaped(column.title)}}}" for column in table.columns)
    rows = [" & ".join(map(_text, row)) + r" \\" for row in table.rows]
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


def _length(text: Text) -> int:
    """About how many characters wide it is; half of a formula's source is commands."""
    return sum(map(_width, text))


def _width(part: Inline) -> int:
    match part:
        case str():
            return len(part)
        case Mono(text):
            return len(text)
        case Math(formula):
            return len(to_latex_math(formula)) // 2
    return 8


def _text(text: Text) -> str:
    return "".join(map(_inline, text))


def _inline(part: Inline) -> str:
    match part:
        case str():
            return _escaped(part)
        case Math(formula):
            return f"${to_latex_math(formula).strip()}$"
        case Mono(text):
            return f"\\texttt{{{_breakable(text)}}}"
        case Strong(text):
            return f"\\textbf{{{_escaped(text)}}}"
        case Kind(name):
            return f"\\kind{{{name}}}"
        case Mark(status):
            return f"\\kind{{{_MARKS[status]}}}"
        case Link(text, target):
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
