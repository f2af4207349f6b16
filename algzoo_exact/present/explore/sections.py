"""Sections as one writes them: ``*,*,0,1/2``."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.errors import InputError
from algzoo_exact.program.ir import Matrix

FREE = "*"


def entries_of(section: str | Sequence[str | int | float | Fraction]) -> list[str]:
    """The entries of a section, given as one text or one by one."""
    entries = section.split(",") if isinstance(section, str) else section
    return [str(entry).strip() for entry in entries]


def basis_of(entries: Sequence[str], n: int) -> Matrix:
    """The basis E (n, m) of a section with a ``*`` for each free input and a number for each other:
    a column for each free one, and one for the numbers if not all are 0. m is 2 or 3.

    InputError for what is none.
    """
    said = ",".join(entries)
    try:
        fixed = [Fraction(0 if entry == FREE else entry) for entry in entries]
    except (ValueError, ZeroDivisionError):
        raise InputError(
            f"A section has a {FREE} for each free input and a number for each other, such as "
            f"'{FREE},{FREE},0,1/2', not {said!r}."
        ) from None
    if len(entries) != n:
        raise InputError(f"A section has {n} entries, one for each input, not {len(entries)}.")
    columns = [[Fraction(i == k) for i in range(n)] for k in range(n) if entries[k] == FREE]
    columns += [fixed] if any(fixed) else []
    if len(columns) not in (2, 3):
        raise InputError(
            "A section is a plane or a space: 2 or 3 free inputs, or one less where another number "
            f"is not 0; {said!r} has dimension {len(columns)}."
        )
    return tuple(zip(*columns, strict=True))
