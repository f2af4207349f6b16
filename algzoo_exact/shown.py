"""How public values show themselves: a few lines of text, and in a notebook a document.

``Shown`` is a base of theirs. What a document says of which value stands in ``present/shown.py``,
which is loaded by its name when a notebook asks: this file imports nothing of the package.
"""

from __future__ import annotations

import textwrap
from dataclasses import fields, is_dataclass
from fractions import Fraction
from importlib import import_module
from reprlib import Repr
from typing import Any

_WIDTH, _LINES = 100, 6


class Shown:
    """A value with a short ``repr``, of its own or of its fields, and an HTML display."""

    def __init_subclass__(cls, **more: Any) -> None:
        super().__init_subclass__(**more)
        # What is inherited; a dataclass would make one of all its fields in full.
        cls.__repr__ = cls.__repr__  # type: ignore[method-assign]

    def __repr__(self) -> str:
        return brief(self)

    def _repr_html_(self) -> str:
        html: str = import_module("algzoo_exact.present.shown").html_of(self)
        return html


class _Brief(Repr):
    """Long parts are cut, and said to be."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxtuple, self.maxlist, self.maxdict = 2, 4, 4, 4
        self.maxstring = self.maxother = 60
        self.maxlong = 24

    def repr_Fraction(self, value: Fraction, level: int) -> str:  # noqa: N802
        text = str(value) if max(abs(value.numerator), value.denominator) < 10**12 else ""
        return text or f"{float(value):.9g}…"

    def repr_Decimal(self, value: object, level: int) -> str:  # noqa: N802
        return str(value)


_BRIEF = _Brief()


def brief(value: object) -> str:
    """A value by its type and its fields, in six lines at most; what is none of ours, cut short."""
    if not is_dataclass(value):
        return _BRIEF.repr(value)
    names = [field.name for field in fields(value) if field.repr]
    parts = (f"{name}={_BRIEF.repr(getattr(value, name))}" for name in names)
    text = f"{type(value).__name__}({', '.join(parts)})"
    lines = textwrap.wrap(
        text, _WIDTH, subsequent_indent="    ", max_lines=_LINES, placeholder=" …)"
    )
    return "\n".join(lines)
