"""Formulas as MathML, the part of it that browsers draw (MathML Core)."""

from __future__ import annotations

import re
from html import escape, unescape

from algzoo_exact.present import formula as f

_NAMESPACE = "http://www.w3.org/1998/Math/MathML"
_LONGEST = 24  # characters of a formula that is not broken into lines
# Before and after which signs a line may break, those first that bind least; after words too.
_BREAKS: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = (
    ((":=", "⇒"), (":",)),
    ((), (",",)),
    (("=", "≤", "≥", "<", ">", "≠", "≈"), ()),
    (("+", "−"), ()),
    (("⋅",), ()),
)
_INVISIBLE_TIMES = "<mo>&#x2062;</mo>"


def to_mathml(formula: f.Formula, *, display: bool = False) -> str:
    """A ``math`` element, with large operators if it is a ``display``; of a long formula there are
    several, between which a line may break."""
    style = ' displaystyle="true"' if display else ""
    parts = pieces(formula)
    shown = [_ended(_inner(parts[0])), *map(_piece, parts[1:])]
    return "\u200b".join(f'<math xmlns="{_NAMESPACE}"{style}>{part}</math>' for part in shown)


def pieces(formula: f.Formula) -> list[f.Formula]:
    """A formula as one piece, or a long one as several, between which a line may break."""
    return _pieces(_flat(formula)) if _length(formula) > _LONGEST else [formula]


def _pieces(parts: list[f.Formula], level: int = 0) -> list[f.Formula]:
    """Parts side by side, cut where they are bound least, and again where they are still long."""
    formula = f.Row(tuple(parts))
    if level == len(_BREAKS) or _length(formula) <= _LONGEST:
        return [formula]
    before, after = _BREAKS[level]
    found: list[list[f.Formula]] = [[]]
    for part in parts:
        text = part.text if isinstance(part, f.Operator | f.Words) else ""
        if text in before and found[-1]:
            found.append([])
        found[-1].append(part)
        if text in after or (level == 0 and isinstance(part, f.Words) and text.endswith(" ")):
            found.append([])
    return [piece for group in found if group for piece in _pieces(group, level + 1)]


def _flat(formula: f.Formula) -> list[f.Formula]:
    """The parts of a row, and those within its long brackets; a fraction stays in its own."""
    if isinstance(formula, f.Row):
        return [part for inner in formula.parts for part in _flat(inner)]
    if (
        isinstance(formula, f.Fenced)
        and not isinstance(formula.inside, f.Frac)
        and _length(formula) > (2 if _is_tall(formula.inside) else 1) * _LONGEST
    ):
        return [f.Operator(formula.left), *_flat(formula.inside), f.Operator(formula.right)]
    if isinstance(formula, f.Sub) and len(parts := _flat(formula.base)) > 1:
        return [*parts[:-1], f.Sub(parts[-1], formula.index)]
    return [formula]


def _length(formula: f.Formula) -> int:
    """About how many characters wide it is."""
    return len(unescape(re.sub("<[^>]*>", "", _inner(formula))))


def _piece(formula: f.Formula) -> str:
    """As any formula; but an operator that begins it stands between two, not before one."""
    return _ended(re.sub("^<mrow><mo>", '<mrow><mo form="infix">', _inner(formula)))


def _ended(shown: str) -> str:
    """A relation at the end of a piece stands between two as well."""
    return re.sub(r"<mo>(≤|≥|=|&[lg]t;)</mo></mrow>$", r'<mo form="infix">\1</mo></mrow>', shown)


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
            # Brackets of a long formula stand apart, and do not grow.
            return (
                f'<mo stretchy="false">{escape(text)}</mo>'
                if text in "()[]|"
                else f"<mo>{escape(text)}</mo>"
            )
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
        case f.Lines():
            raise ValueError("Lines stand on their own, in a display.")


def _row(parts: tuple[f.Formula, ...]) -> str:
    """Parts; a product without a sign gets an invisible one, which spaces and speaks it."""
    text = ""
    for k, part in enumerate(parts):
        before = parts[k - 1] if k else None
        times = before is not None and f.is_product(before, part)
        text += (_INVISIBLE_TIMES if times else "") + _inner(part)
        if isinstance(before, f.Operator) and part == f.Operator("−"):
            text = text.removesuffix("<mo>−</mo>") + '<mo form="prefix">−</mo>'
    return text


def _is_tall(formula: f.Formula) -> bool:
    """Whether brackets have to grow around it."""
    match formula:
        case f.Row(parts):
            return any(map(_is_tall, parts))
        case f.Fenced(_, inside, _):
            return _is_tall(inside)
        case f.Frac() | f.Root() | f.Under():
            return True
        case _:
            return False


def _spaces(text: str) -> str:
    """Spaces at the ends of a text would be dropped."""
    kept = text.strip(" ")
    before, after = len(text) - len(text.lstrip(" ")), len(text) - len(text.rstrip(" "))
    return "&#xA0;" * before + kept + "&#xA0;" * after
