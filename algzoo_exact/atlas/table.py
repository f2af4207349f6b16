"""The rows of an atlas, in an order that does not depend on how they came about, and by size."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from algzoo_exact.atlas.entries import Entry, Size
from algzoo_exact.names import printable
from algzoo_exact.present.documents import scores
from algzoo_exact.program.task import PROBLEMS
from algzoo_exact.tables import Row
from algzoo_exact.zoo.algzoo import Published, published

COLUMNS: dict[str, type] = {
    "size": str,
    "seed": int,
    "sequences": int,
    **{name: kind for name, kind in scores.COLUMNS.items() if name != "noise_seed"},
}
"""``sequences``: of training. ``score`` and those after it as in ``accuracy``'s tables."""

_LAST = 1 << 62  # of what has no number


@dataclass(frozen=True)
class OfSize:
    """All rows of one size."""

    size: Size
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        return "_".join(map(str, self.size))

    @property
    def scored(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row["error"])

    @cached_property
    def is_error(self) -> bool:
        """Whether less is better."""
        return PROBLEMS[self.size[0]].is_numeric

    @property
    def published(self) -> Published | None:
        return published(*self.size)

    @cached_property
    def best(self) -> Row | None:
        """Of those that were trained longest, the one of which the best is proved; among equals,
        sampled."""
        if not self.scored:
            return None
        last = max(row["sequences"] or 0 for row in self.scored)

        def merit(row: Row) -> tuple[float, float]:
            proved = float(row["score_upper" if self.is_error else "score_lower"])
            sampled = row["sampled"] or 0.0
            return (-proved, -sampled) if self.is_error else (proved, sampled)

        return max((row for row in self.scored if (row["sequences"] or 0) == last), key=merit)


def whole_rows(found: Mapping[Entry, Row]) -> list[Row]:
    """By task, inputs, neurons, seed and length of training; what has no size comes last."""
    return sorted((_whole(entry, row) for entry, row in found.items()), key=_place)


def by_size(rows: Iterable[Row]) -> tuple[list[OfSize], list[Row]]:
    """Rows of each size, and those that have none."""
    sizes: dict[Size, list[Row]] = {}
    none = []
    for row in rows:
        if row["size"] is None:
            none.append(row)
        else:
            sizes.setdefault((row["task"], row["hidden_size"], row["seq_len"]), []).append(row)
    return [OfSize(size, tuple(some)) for size, some in sizes.items()], none


def _whole(entry: Entry, row: Row) -> Row:
    """With what the entry tells, and a value, or None, in every column."""
    task, hidden_size, seq_len = entry.size or (None, None, None)
    told = {"task": task, "hidden_size": hidden_size, "seq_len": seq_len} | row
    found = [told[name] for name in ("task", "hidden_size", "seq_len")]
    told |= {
        "file": printable(entry.name),
        "seed": entry.seed,
        "sequences": entry.sequences,
        "size": None if None in found else "_".join(map(str, found)),
    }
    return {column: told.get(column) for column in COLUMNS}


def _place(row: Row) -> tuple[int | str, ...]:
    tasks = [*PROBLEMS]
    task = tasks.index(row["task"]) if row["size"] is not None else len(tasks)
    numbers = (row[name] for name in ("seq_len", "hidden_size", "seed", "sequences"))
    return (task, *(_LAST if number is None else number for number in numbers), row["file"])
