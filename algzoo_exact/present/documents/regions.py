"""What ``regions`` says: how many activation regions there are, and the heaviest of them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present import document as d
from algzoo_exact.present.findings.partition import answer_inside, graph_regions
from algzoo_exact.present.sections.regions import regions_table
from algzoo_exact.present.wording import about, task_text, took
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.regions.graph import RegionGraph
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.zoo.loading import Model


def regions_document(
    model: Model | None,
    graph: RegionGraph,
    top: int,
    files: Mapping[str, Path | None],
    seconds: float | None,
) -> d.Document:
    """The ``top`` heaviest are listed; ``files`` are those that were written, by their options."""
    task = graph.task
    assert task is not None
    regions, facets = graph_regions(graph, top), graph.graph.number_of_edges()
    measures = [graph.measure(pattern) for pattern in graph.graph]
    total = Enclosure(
        sum((measure.lower for measure in measures), Fraction(0)),
        sum((measure.upper for measure in measures), Fraction(0)),
    )
    assert total.contains(1), "the regions do not cover the space"
    rows = [
        *about(model),
        ("task", task_text(task, graph.ties)),
        ("regions", f"{len(graph):,}, with {facets:,} shared facets"),
        ("measures", f"add up to 1 within {float(total.width):.0e}"),
        *((name, str(path)) for name, path in files.items() if path),
        *took(seconds),
    ]
    blocks: list[d.Block] = [d.facts(*rows)]
    if regions.listed:
        blocks.append(regions_table(regions, answered=True))
    data = {
        "model": model,
        "task": task.name,
        "ties": graph.ties,
        "regions": len(graph),
        "facets": facets,
        "measure_sum": enclosure_data(total, graph.digits),
        "heaviest": [_region(graph, pattern) for pattern in graph.heaviest()[:top]],
        "files": files,
        "seconds": seconds and round(seconds, 4),
    }
    return d.untitled(*blocks, data=data)


def _region(graph: RegionGraph, pattern: ActivationPattern) -> dict[str, Any]:
    return {
        "pattern": str(pattern),
        "measure": enclosure_data(graph.measure(pattern), graph.digits),
        "answer": answer_inside(graph.region(pattern)),
        "steady": len(graph.answers(pattern)) == 1,
        "right": enclosure_data(graph.right_measure(pattern), graph.digits),
    }
