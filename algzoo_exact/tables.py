"""Tables as files: .parquet, .csv or .json, by the file's suffix, whole or not at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from algzoo_exact import files
from algzoo_exact.files import path_of, replacing

SUFFIXES = (".parquet", ".csv", ".json")

Row: TypeAlias = dict[str, Any]
Types: TypeAlias = Mapping[str, type]
"""What stands in each column: str, int or float; or None."""


def check_suffix(path: str | Path) -> None:
    """InputError for a file whose suffix names no sort of table."""
    files.check_suffix(path_of(path), "Tables", SUFFIXES)


def write_rows(rows: list[Row], path: str | Path, types: Types | None = None) -> None:
    """Write a table as the file's suffix says. The same rows give the same bytes.

    Columns are those of the first row. With ``types`` there are all of these columns even if
    there is no row, and Parquet knows what each is for even where all of it is None.
    InputError for other suffixes and where nothing can be written.
    """
    check_suffix(path)
    with replacing(path) as part:
        _WRITERS[Path(path).suffix](rows, part, types)


def _write_csv(rows: list[Row], path: Path, types: Types | None) -> None:
    columns = list(types or (rows[0] if rows else ()))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_json(rows: list[Row], path: Path, types: Types | None) -> None:
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def _write_parquet(rows: list[Row], path: Path, types: Types | None) -> None:
    import pyarrow
    import pyarrow.parquet

    arrow = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    schema = types and pyarrow.schema([(name, arrow[kind]) for name, kind in types.items()])
    with path.open("wb") as file:  # pyarrow itself takes no path that is not UTF-8
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema), file)


_WRITERS = {".parquet": _write_parquet, ".csv": _write_csv, ".json": _write_json}
