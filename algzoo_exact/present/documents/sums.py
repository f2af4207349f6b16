"""Tables of what adds up to a whole, the most first."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import islice
from typing import Any, TypeVar

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import digits

_K = TypeVar("_K")

PLACES = 12
"""Decimals of a probability in a table."""
_MOST = 10  # rows


def sums_table(
    caption: str,
    names: tuple[str, ...],
    sums: Mapping[tuple[Any, ...], Enclosure],
    whole: Enclosure,
    titles: tuple[str, str] = ("#probability", "#of all"),
) -> d.Table:
    """A row for each key: its ``names``, its part of the ``whole``, and the share that this is."""
    rows = (
        (*map(str, key), digits(part, PLACES), percent(share(part, whole)))
        for key, part in islice(sums.items(), _MOST)
    )
    if len(sums) > _MOST:
        caption += f", the first {_MOST} of {len(sums):,}"
    return d.table(f"{caption}.", (*names, *titles), rows)


def enclosed(sums: Mapping[_K, Enclosure] | Mapping[_K, Fraction]) -> dict[_K, Enclosure]:
    """Sums that may be rational, all as enclosures."""
    return {
        key: part if isinstance(part, Enclosure) else Enclosure.exactly(part)
        for key, part in sums.items()
    }
