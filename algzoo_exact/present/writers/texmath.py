"""Formulas as LaTeX, within what amsmath offers; Markdown uses the same between dollars."""

from __future__ import annotations

from algzoo_exact.present import formula as f

_OPERATORS = {
    "−": "-",
    "≤": r"\le ",
    "≥": r"\ge ",
    "≠": r"\ne ",
    "≈": r"\approx ",
    "∈": r"\in ",
    "¬": r"\lnot ",
    "⇒": r"\implies ",
    "∑": r"\sum ",
    "⋅": r"\cdot ",
    "…": r"\ldots ",
    ":=": r"\mathrel{:=}",
    ":": r"\colon ",
    "←": r"\gets ",
}
_NAMES = {"π": r"\pi ", "𝔼": r"\mathbb{E}", "ℙ": r"\mathbb{P}"}
_KNOWN = frozenset({"max", "min", "sup", "arctan"})  # operators of LaTeX's own
_ESCAPES = {c: f"\\{c}" for c in "#$%&_{}"}
_ESCAPES |= {"\\": r"\backslash ", "~": r"\sim ", "^": r"\hat{}"}


def to_latex_math(formula: f.Formula) -> str:
    """What stands between dollars."""
    match formula:
        case f.Number(text):
            return text.replace("…", r"\ldots ").replace(",", "{,}")
        case f.Name(text, upright):
            return _name(text, upright)
        case f.Words(text):
            return rf"\text{{{_escaped(text)}}}"
        case f.Operator(text):
            return _OPERATORS.get(text, _escaped(text))
        case f.Row(parts):
            return _row(parts)
        case f.Sub(base, index):
            return f"{to_latex_math(base)}_{{{to_latex_math(index)}}}"
        case f.Sup(base, power):
            return f"{to_latex_math(base)}^{{{to_latex_math(power)}}}"
        case f.Under(base, below):
            return rf"\underset{{{to_latex_math(below)}}}{{{to_latex_math(base)}}}"
        case f.Frac(top, bottom):
            return rf"\frac{{{to_latex_math(top)}}}{{{to_latex_math(bottom)}}}"
        case f.Root(inside):
            return rf"\sqrt{{{to_latex_math(inside)}}}"
        case f.Fenced(left, inside, right):
            ends = [{"{": r"\{", "}": r"\}"}.get(end, end) for end in (left, right)]
            return rf"\left{ends[0]}{to_latex_math(inside)}\right{ends[1]}"
        case f.Lines(rows):
            lines = [f"{to_latex_math(left)} &{to_latex_math(right)}" for left, right in rows]
            return "\\begin{aligned}\n" + " \\\\\n".join(lines) + "\n\\end{aligned}"


def _row(parts: tuple[f.Formula, ...]) -> str:
    """Parts; a thin space keeps the factors of a product apart."""
    text = ""
    for k, part in enumerate(parts):
        text += (r"\," if k and f.is_product(parts[k - 1], part) else "") + to_latex_math(part)
    return text


def _name(text: str, upright: bool) -> str:
    if text in _NAMES:
        return _NAMES[text]
    if text in _KNOWN:
        return f"\\{text}"
    if upright or len(text) > 1:
        return rf"\mathrm{{{_escaped(text)}}}"
    return text


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(c, c) for c in text)
