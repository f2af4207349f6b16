"""Tables of regions and cells: what is in their rows."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from algzoo_exact.errors import demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.program.floats import nearest
from algzoo_exact.regions.enumerate import Cell, Region
from algzoo_exact.regions.starts import NO_LABEL
from algzoo_exact.tables import Row, check_suffix, write_rows


class HasRows(Protocol):
    """What knows its own rows, as a region graph does."""

    def rows(self) -> list[Row]: ...


def write_table(regions: Iterable[Region] | HasRows, path: str | Path, *, digits: int = 20) -> int:
    """Write one row for each region or cell, or of a region graph; returns the number of rows.

    Columns: ``pattern`` (text, as ``1100|1010``); for cells ``label`` (none: a section has none),
    ``winners`` (indices of the largest logits, text) and ``credit`` (what the tie rule gives, a
    fraction as text); ``answer``, the lowest of the largest logits at ``interior_point``; of a
    region graph with a task, which has its own digits, ``answers`` (the largest logits anywhere
    inside), ``right_share`` (the part on which the answer is right) and ``right`` (its measure).
    ``measure`` (float64), with ``measure_lower`` and ``measure_upper``, decimals that enclose it,
    as for ``right``; numbers of ``facets``, ``rays`` and ``lines`` (dimension of the lineality
    space). ``interior_point`` as integers, and as decimals in ``inside``. ``linear_map``: the
    logits' coefficients as fractions, rows between semicolons, and rounded in
    ``linear_map_float``. Vectors are texts.

    The file appears whole or not at all. InputError for another suffix, a folder that cannot be
    written to, or more than 6 inputs.
    """
    check_suffix(path)
    if hasattr(regions, "rows"):
        table = regions.rows()
    else:
        demand(regions, Iterable, "write_table takes regions or cells, as cells() gives")
        table = [measured_row(region, digits) for region in regions]
    write_rows(table, path)
    return len(table)


def measured_row(region: Region, digits: int) -> Row:
    """The columns of a region or cell by itself."""
    demand(region, Region, "A row of a table is a region or a cell")
    return region_row(region, region.measure(digits), digits)


def region_row(region: Region, measure: Enclosure, digits: int) -> Row:
    """The same, with its measure."""
    row: Row = {"pattern": str(region.pattern)}
    if isinstance(region, Cell):
        row["label"] = None if region.label == NO_LABEL else region.label
        row["winners"] = vector(sorted(region.winners))
        row["credit"] = str(region.credit)
    if len(region.logit_rows) > 1:
        row["answer"] = min(region.answer_inside())
    row |= number("measure", measure, digits)
    row["facets"] = len(region.facets)
    row["rays"] = len(region.cone.rays) - len(region.lineality)
    row["lines"] = len(region.lineality)
    row["interior_point"] = vector(region.interior_point())
    row["inside"] = vector(region.cone.short_point())
    linear_map = region.linear_map
    row["linear_map"] = matrix(linear_map)
    row["linear_map_float"] = matrix(map(nearest, some) for some in linear_map)
    return row


def number(name: str, enclosure: Enclosure, digits: int) -> Row:
    """An enclosure as a float and as decimal end points, rounded outward."""
    lower, upper = enclosure.decimal(digits)
    return {
        name: float(enclosure.midpoint),
        f"{name}_lower": lower,
        f"{name}_upper": upper,
    }


def vector(entries: Iterable[object]) -> str:
    return " ".join(map(str, entries))


def matrix(rows: Iterable[Iterable[object]]) -> str:
    return "; ".join(map(vector, rows))
