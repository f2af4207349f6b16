"""Tables of regions and cells: .parquet, .csv or .json, by the file's suffix."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.errors import InputError, demand
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.files import path_of, replacing
from algzoo_exact.regions.enumerate import Cell, Region

SUFFIXES = (".parquet", ".csv", ".json")

Row = dict[str, Any]


def write_table(regions: Iterable[Region], path: str | Path, *, digits: int = 20) -> int:
    """Write one row for each region or cell; returns the number of rows.

    Columns: ``pattern`` (text, as ``1100|1010``); for cells also ``label``, ``winners`` (indices
    of the largest logits, text) and ``credit`` (what the tie rule gives, a fraction as text, so
    1 is right and 0 is wrong); ``measure`` (float64), and ``measure_lower`` and
    ``measure_upper``, decimals that enclose it; numbers of ``facets``, ``rays`` and ``lines``
    (dimension of the lineality space); ``interior_point`` (integers, text).

    The file appears whole or not at all. InputError for another suffix, a folder that cannot be
    written to, or more than 6 inputs.
    """
    check_suffix(path)
    demand(regions, Iterable, "write_table takes regions or cells, as activation_regions() gives")
    table = [_row(region, digits) for region in regions]
    write_rows(table, path)
    return len(table)


def check_suffix(path: str | Path) -> None:
    """InputError for a file whose suffix names no sort of table."""
    target = path_of(path)
    if target.suffix not in SUFFIXES:
        raise InputError(
            f"Tables are written as {', '.join(SUFFIXES)}, chosen by the file's suffix, "
            f"not as {target.name!r}."
        )


def write_rows(rows: list[Row], path: str | Path) -> None:
    """Write a table as the file's suffix says, whole or not at all. InputError as in
    ``write_table``."""
    check_suffix(path)
    with replacing(path) as part:
        _WRITERS[Path(path).suffix](rows, part)


def _row(region: Region, digits: int) -> Row:
    demand(region, Region, "A row of a table is a region or a cell")
    row: Row = {"pattern": str(region.pattern)}
    if isinstance(region, Cell):
        row["label"] = region.label
        row["winners"] = " ".join(map(str, sorted(region.winners)))
        row["credit"] = str(region.credit)
    row |= number("measure", region.measure(digits), digits)
    row["facets"] = len(region.facets)
    row["rays"] = len(region.cone.rays) - len(region.lineality)
    row["lines"] = len(region.lineality)
    row["interior_point"] = vector(region.interior_point())
    return row


def number(name: str, enclosure: Enclosure, digits: int) -> Row:
    """An enclosure as a float and as decimal end points, rounded outward."""
    lower, upper = enclosure.decimal(digits)
    return {
        name: float(enclosure.midpoint),
        f"{name}_lower": lower,
        f"{name}_upper": upper,
    }


def vector(entries: Sequence[int | float | Fraction]) -> str:
    return " ".join(map(str, entries))


def _write_csv(table: list[Row], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _write_json(table: list[Row], path: Path) -> None:
    path.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _write_parquet(table: list[Row], path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    with path.open("wb") as file:  # pyarrow itself takes no path that is not UTF-8
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(table), file)


_WRITERS = {".parquet": _write_parquet, ".csv": _write_csv, ".json": _write_json}
