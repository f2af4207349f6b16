"""What ``regions`` says: how many activation regions there are, and the heaviest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from algzoo_exact.analysis.sections import Section
from algzoo_exact.exact.enclosure import total
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.section import section_data, section_text
from algzoo_exact.present.findings.partition import graph_regions
from algzoo_exact.present.sections.regions import regions_table
from algzoo_exact.present.wording import about, several, task_text, took
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.regions.graph import Order, RegionGraph
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.zoo.loading import Model

WORDS: dict[Order, str] = {
    "measure": "largest first",
    "errors": "the most errors first",
    "share": "the least share of right answers first",
    "pattern": "by pattern",
}


@dataclass(frozen=True)
class Chosen:
    """Which regions are of interest, in an order; the first ``top`` are listed."""

    patterns: Sequence[ActivationPattern]
    order: Order
    top: int


def regions_document(
    model: Model | None,
    section: Section | None,
    graph: RegionGraph,
    chosen: Chosen,
    files: Mapping[str, Path | None],
    seconds: float | None,
) -> d.Document:
    """``files`` are those that were written, by their options."""
    task, listed = graph.task, chosen.patterns[: chosen.top]
    assert task is not None
    regions = graph_regions(graph, listed, WORDS[chosen.order])
    facets = graph.graph.number_of_edges()
    measures = total(graph.measure(pattern) for pattern in graph.graph)
    assert measures.contains(1), "the regions do not cover the space"
    rows: list[tuple[str, str | d.Text]] = [
        *about(model),
        ("task", task_text(task, graph.ties)),
    ]
    if section is not None:
        rows.append(("section", section_text(section)))
        if section.unlabelled.upper > 0:
            none = percent(section.unlabelled)
            rows.append(("no single label", f"{none} of the inputs; nothing is right there"))
    rows += [
        ("regions", f"{len(graph):,}, with {facets:,} shared facets"),
        ("measures", f"add up to 1 within {float(measures.width):.0e}"),
    ]
    if len(chosen.patterns) < len(graph):
        mass = total(graph.measure(pattern) for pattern in chosen.patterns)
        rows.append(("chosen", f"{several(len(chosen.patterns), 'region')} of {percent(mass)}"))
    hidden = len(graph) - len(listed)
    if hidden:
        rows.append(("not listed", f"{several(hidden, 'region')} of {percent(regions.rest)}"))
    rows += [(name, str(path)) for name, path in files.items() if path]
    rows += took(seconds)
    blocks: list[d.Block] = [d.facts(*rows)]
    if regions.listed:
        blocks.append(regions_table(regions, answered=True))
    data = {
        "model": model,
        "task": task.name,
        "ties": graph.ties,
        **({} if section is None else section_data(section)),
        "regions": len(graph),
        "facets": facets,
        "measure_sum": enclosure_data(measures, graph.digits),
        "chosen": len(chosen.patterns),
        "order": chosen.order,
        "heaviest": [_region(graph, pattern) for pattern in listed],
        "hidden": {"regions": hidden, "measure": enclosure_data(regions.rest, graph.digits)},
        "files": files,
        "seconds": seconds and round(seconds, 4),
    }
    return d.untitled(*blocks, data=data)


def _region(graph: RegionGraph, pattern: ActivationPattern) -> dict[str, Any]:
    return {
        "pattern": str(pattern),
        "measure": enclosure_data(graph.measure(pattern), graph.digits),
        "answer": graph.region(pattern).answer_inside(),
        "steady": len(graph.answers(pattern)) == 1,
        "right": enclosure_data(graph.right_measure(pattern), graph.digits),
    }
