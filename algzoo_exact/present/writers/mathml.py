"""Formulas as MathML, the part of it that browsers draw (MathML Core)."""

from __future__ import annotations

from html import escape

from algzoo_exact.present import formula as f

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_INVISIBLE_TIMES = "<mo>&#x2062;</mo>"


def to_mathml(formula: f.Formula, *, display: bool = False) -> str:
    """A ``math`` element; ``display`` sets it as a line of its own, with large operators."""
    kind = ' display="block"' if display else ""
    return f'<math xmlns="{_NAMESPACE}"{kind}>{_inner(formula)}</math>'


def _inner(formula: f.Formula) -> str:
    match formula:
        case f.Number(text):
            return f"<mn>{escape(text)}</mn>"
        case f.Name(text, upright):
            plain = ' mathvariant="normal"' if upright and len(text) == 1 else ""
            return f"<mi{plain}>{escape(text)}</mi>"
        case f.Words(text):
            return f"<mtext>{_spaces(escape(text))}</mtext>"
        case f.Operator(text):
            return f"<mo>{escape(text)}</mo>"
        case f.Row(parts):
            return f"<mrow>{_row(parts)}</mrow>"
        case f.Sub(f.Sup(base, power), index):
            return f"<msubsup>{_inner(base)}{_inner(index)}{_inner(power)}</msubsup>"
        case f.Sub(base, index):
            return f"<msub>{_inner(base)}{_inner(index)}</msub>"
        case f.Sup(base, power):
            return f"<msup>{_inner(base)}{_inner(power)}</msup>"
        case f.Under(base, below):
            return f"<munder>{_inner(base)}{_inner(below)}</munder>"
        case f.Frac(top, bottom):
            return f"<mfrac>{_inner(top)}{_inner(bottom)}</mfrac>"
        case f.Root(inside):
            return f"<msqrt>{_inner(inside)}</msqrt>"
        case f.Fenced(left, inside, right):
            # Even unstretched, some fonts' large brackets are wider.
            stretchy = str(_is_tall(inside)).lower()
            return (
                f'<mrow><mo stretchy="{stretchy}" form="prefix">{escape(left)}</mo>{_inner(inside)}'
                f'<mo stretchy="{stretchy}" form="postfix">{escape(right)}</mo></mrow>'
            )
        case f.Lines(rows):
            lines = "".join(
                f'<mtr><mtd class="r">{_inner(left)}</mtd>'
                f'<mtd class="l">{_inner(right)}</mtd></mtr>'
                for left, right in rows
            )
            return f'<mtable displaystyle="true">{lines}</mtable>'


def _row(parts: tuple[f.Formula, ...]) -> str:
    """Parts; a product without a sign gets an invisible one, which spaces and speaks it."""
    text = ""
    for k, part in enumerate(parts):
        times = k > 0 and f.is_product(parts[k - 1], part)
        text += (_INVISIBLE_TIMES if times else "") + _inner(part)
    return text


def _is_tall(formula: f.Formula) -> bool:
    """Whether brackets have to grow around it."""
    match formula:
        case f.Row(parts):
            return any(map(_is_tall, parts))
        case f.Fenced(_, inside, _):
            return _is_tall(inside)
        case f.Frac() | f.Root() | f.Under() | f.Lines():
            return True
        case _:
            return False


def _spaces(text: str) -> str:
    """Spaces at the ends of a text would be dropped."""
    kept = text.strip(" ")
    before, after = len(text) - len(text.lstrip(" ")), len(text) - len(text.rstrip(" "))
    return "&#xA0;" * before + kept + "&#xA0;" * after
