"""What ``regions`` says: how many activation regions there are, and the heaviest of them."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.present.document import Block, Document, facts, untitled
from algzoo_exact.present.findings.partition import graph_regions
from algzoo_exact.present.sections.regions import regions_table
from algzoo_exact.present.wording import model_text, task_text
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.regions.enumerate import Region
from algzoo_exact.regions.graph import RegionGraph
from algzoo_exact.regions.pattern import ActivationPattern
from algzoo_exact.zoo.loading import Model


def regions_document(
    model: Model,
    graph: RegionGraph,
    top: int,
    files: Mapping[str, Path | None],
    seconds: float,
) -> Document:
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
        ("model", model_text(model)),
        ("task", task_text(task, graph.ties)),
        ("regions", f"{len(graph):,}, with {facets:,} shared facets"),
        ("measures", f"add up to 1 within {float(total.width):.0e}"),
        *((name, str(path)) for name, path in files.items() if path),
        ("time", f"{seconds:.2f} s"),
    ]
    blocks: list[Block] = [facts(*rows)]
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
        "seconds": round(seconds, 4),
    }
    return untitled(*blocks, data=data)


def _region(graph: RegionGraph, pattern: ActivationPattern) -> dict[str, Any]:
    answer, steady = _answer(graph.region(pattern))
    return {
        "pattern": str(pattern),
        "measure": enclosure_data(graph.measure(pattern), graph.digits),
        "answer": answer,
        "steady": steady,
        "right": enclosure_data(graph.right_measure(pattern), graph.digits),
    }


def _answer(region: Region) -> tuple[tuple[int, ...], bool]:
    """The largest logits at an interior point, and whether they are the largest everywhere."""
    logits = region.logit_rows  # scaled by a positive integer, which no comparison sees
    inside = [_dot(row, region.interior_point()) for row in logits]
    best = tuple(k for k, value in enumerate(inside) if value == max(inside))
    margins = [tuple(a - b for a, b in zip(logits[best[0]], row, strict=True)) for row in logits]
    steady = all(
        all(_dot(margin, ray) >= 0 for ray in region.cone.rays)
        and all(_dot(margin, line) == 0 for line in region.lineality)
        for margin in margins
    )
    return best, steady


def _dot(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))
