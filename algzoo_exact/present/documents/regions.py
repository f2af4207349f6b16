"""What ``regions`` says: how many activation regions there are, and the heaviest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from algzoo_exact.analysis.regions import Order, RegionTable
from algzoo_exact.analysis.sections import Section
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.section import section_data, section_text
from algzoo_exact.present.findings.partition import listed_regions
from algzoo_exact.present.sections.regions import regions_table
from algzoo_exact.present.wording import about, several, task_text
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.zoo.loading import Model

WORDS: dict[Order, str] = {
    "measure": "largest first",
    "errors": "the most errors first",
    "share": "the least share of right answers first",
    "pattern": "by pattern",
}


@dataclass(frozen=True)
class Chosen:
    """Which regions of a table are of interest, in an order; the first ``top`` are listed."""

    regions: Sequence[int]
    order: Order
    top: int


def regions_document(
    model: Model | None,
    section: Section | None,
    found: RegionTable,
    chosen: Chosen,
    files: Mapping[str, Path | None],
) -> d.Document:
    """``files`` are those that were written, by their options."""
    task, ties, listed = found.table.task, found.table.ties, chosen.regions[: chosen.top]
    regions = listed_regions(found, listed, WORDS[chosen.order])
    measures = found.mass(range(len(found)))
    assert measures.contains(1), "the regions do not cover the space"
    rows: list[tuple[str, str | d.Text]] = [
        *about(model),
        ("task", task_text(task, ties)),
    ]
    if section is not None:
        rows.append(("section", section_text(section)))
        if section.unlabelled.upper > 0:
            none = percent(section.unlabelled)
            rows.append(("no single label", f"{none} of the inputs; nothing is right there"))
    rows += [
        ("regions", f"{len(found):,}, with {found.shared_facets:,} shared facets"),
        ("measures", f"add up to 1 within {float(measures.width):.0e}"),
    ]
    if len(chosen.regions) < len(found):
        mass = found.mass(chosen.regions)
        rows.append(("chosen", f"{several(len(chosen.regions), 'region')} of {percent(mass)}"))
    hidden = len(found) - len(listed)
    if hidden:
        rows.append(("not listed", f"{several(hidden, 'region')} of {percent(regions.rest)}"))
    rows += [(name, str(path)) for name, path in files.items() if path]
    blocks: list[d.Block] = [d.facts(*rows)]
    if regions.listed:
        blocks.append(regions_table(regions, answered=True))
    data = {
        "model": model,
        "task": task.name,
        "ties": ties,
        **({} if section is None else section_data(section)),
        "regions": len(found),
        "facets": found.shared_facets,
        "measure_sum": enclosure_data(measures, found.digits),
        "chosen": len(chosen.regions),
        "order": chosen.order,
        "heaviest": [_region(found, i) for i in listed],
        "hidden": {"regions": hidden, "measure": enclosure_data(regions.rest, found.digits)},
        "files": files,
    }
    return d.untitled(*blocks, data=data)


def _region(found: RegionTable, i: int) -> dict[str, Any]:
    known = found.closely(i)
    return {
        "pattern": str(found.pattern(i)),
        "measure": enclosure_data(known.measure, found.digits),
        "answer": found.region(i).answer_inside(),
        "steady": len(found.answers(i)) == 1,
        "right": enclosure_data(known.right, found.digits),
    }
