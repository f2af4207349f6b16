"""A writer that the package does not have: all tables of a document as tab-separated values."""

from __future__ import annotations

from collections.abc import Mapping

from algzoo_exact.present import document as d
from algzoo_exact.present.writers.registry import Writer
from algzoo_exact.present.writers.terminal import to_terminal

SUFFIX = ".tsv"


def to_sheet(document: d.Document, pictures: Mapping[str, str]) -> bytes:
    tables = [b for s in document.sections for b in s.blocks if isinstance(b, d.Table)]
    return "\n".join(map(_sheet, tables)).encode()


def _sheet(table: d.Table) -> str:
    titles = "\t".join(column.title for column in table.columns)
    rows = ["\t".join(map(_cell, row)) for row in (*table.rows, *table.foot)]
    return "\n".join([f"# {table.caption}", titles, *rows, ""])


def _cell(text: d.Text) -> str:
    return to_terminal(d.untitled(d.Paragraph(text), data={})).strip()


WRITER = Writer(to_sheet)
