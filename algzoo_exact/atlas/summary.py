"""What ``atlas`` says: what was written, and what is in it, in a few lines."""

from __future__ import annotations

from pathlib import Path

from algzoo_exact.atlas.build import TABLES, Atlas
from algzoo_exact.present.document import Document, facts, untitled
from algzoo_exact.present.wording import several


def atlas_document(made: Atlas, output: Path) -> Document:
    """Of the atlas in the folder ``output``."""
    kinds = [row["kind"] for row in made.rows]
    counts = {
        "exact": kinds.count("exact"),
        "certified": kinds.count("certified"),
        "failed": kinds.count(None),
    }
    said = f"{counts['exact']:,} exact, {counts['certified']:,} certified"
    if counts["failed"]:
        said += f", {counts['failed']:,} without a score"
    rows = [("models", f"{len(made.rows):,}: {said}")]
    if made.known:
        rows.append(("kept", f"{several(made.known, 'score')} of an earlier run"))
    if made.left:
        rows.append(("left", f"{several(len(made.left), 'model')}; the same command goes on"))
    tables = [output / name for name in TABLES]
    rows += [("tables", ", ".join(map(str, tables))), ("index", str(made.index))]
    data = {"index": made.index, "tables": tables, "models": made.rows, "left": made.left, **counts}
    return untitled(facts(*rows), data=data)
