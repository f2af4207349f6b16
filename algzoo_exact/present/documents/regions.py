"""How the inputs are cut: how many activation regions there are, and the heaviest of them; as
``regions`` says it, and a report."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.analysis.regions import Order, RegionTable
from algzoo_exact.analysis.sections import Section
from algzoo_exact.exact.shares import percent
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.names import plain_name
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.section import section_data, section_text
from algzoo_exact.present.findings.partition import ListedRegion, Regions, listed_regions
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import several, small_digits
from algzoo_exact.present.writers.data import enclosure_data
from algzoo_exact.zoo.loading import Model

if TYPE_CHECKING:
    from algzoo_exact.present.findings.gather import Findings
    from algzoo_exact.present.pictures.picture import Drawing

WORDS: dict[Order, str] = {
    "measure": "largest first",
    "errors": "the most errors first",
    "share": "the least share of right answers first",
    "pattern": "by pattern",
}
PICTURE = "regions"
_PLACES = 12


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
    listed = chosen.regions[: chosen.top]
    regions = listed_regions(found, listed, WORDS[chosen.order])
    measures = found.mass(range(len(found)))
    assert measures.contains(1), "the regions do not cover the space"
    none = of_all = rest = None
    if section is not None and section.unlabelled.upper > 0:
        none = f"{percent(section.unlabelled)} of the inputs; nothing is right there"
    if len(chosen.regions) < len(found):
        mass = percent(found.mass(chosen.regions))
        of_all = f"{several(len(chosen.regions), 'region')} of {mass}"
    hidden = len(found) - len(listed)
    if hidden:
        rest = f"{several(hidden, 'region')} of {percent(regions.rest)}"
    rows: list[d.Fact] = [
        ("section", None if section is None else section_text(section)),
        ("no single label", none),
        ("regions", f"{len(found):,}, with {found.shared_facets:,} shared facets"),
        ("measures", f"add up to 1 within {float(measures.width):.0e}"),
        ("chosen", of_all),
        ("not listed", rest),
        *files.items(),
    ]
    data = {
        **({} if section is None else section_data(section)),
        "regions": len(found),
        "facets": found.shared_facets,
        "measure_sum": enclosure_data(measures, found.digits),
        "chosen": len(chosen.regions),
        "order": chosen.order,
        "heaviest": [_data(found, i) for i in listed],
        "hidden": {"regions": hidden, "measure": enclosure_data(regions.rest, found.digits)},
        "files": files,
    }
    table = [regions_table(regions, answered=True)] if regions.listed else []
    return Subject(model, found.table.task, found.table.ties).document(rows, *table, data=data)


def _data(found: RegionTable, i: int) -> dict[str, Any]:
    known = found.closely(i)
    return {
        "pattern": found.pattern(i),
        "measure": enclosure_data(known.measure, found.digits),
        "answer": found.region(i).answer_inside(),
        "steady": len(found.answers(i)) == 1,
        "right": enclosure_data(known.right, found.digits),
    }


def regions(found: Findings) -> Iterator[d.Block]:
    """The section of a report: how many, a picture, a table of the largest. None for transformers,
    and where measures of regions cannot be computed."""
    regions, n = found.regions, found.task.seq_len
    if regions is None and (found.program is None or n > LARGEST_DIMENSION):
        return
    yield d.paragraph(
        "A region is the set of inputs on which the same neurons are on, a cone on which the "
        "network is linear. Patterns are written step by step, neuron 0 first; 1 means on."
    )
    if regions is None:
        yield d.paragraph(
            "Of many regions, those are listed that random inputs meet; none was run, so that none "
            "is listed here."
        )
        return
    if found.picture is not None:
        yield _picture(found, found.picture)
    yield _bar(regions)
    yield regions_table(regions, answered=not found.task.is_numeric)


def _picture(found: Findings, drawing: Drawing) -> d.Picture:
    flat = found.task.seq_len == 2
    count = "" if found.regions is None else f"{found.regions.count} activation regions. "
    if found.task.is_numeric:
        caption = (
            "The model's value and the right one around the circle of directions, and between them "
            "the error; dashed lines are where a neuron changes."
            if flat
            else "The error on the sphere of directions, as two discs of true area: the stronger, "
            "the larger; lines are where a neuron changes."
        )
        described = f"{count}Values are computed in floats; the table below has what is exact."
        return d.Picture(PICTURE, drawing.drawn, caption, described)
    shape = "The sphere of directions of the three inputs, as two discs of true area"
    if flat:
        shape = "The circle of directions of the two inputs, as wedges"
    return d.Picture(
        PICTURE,
        drawing.drawn,
        f"{'Angles' if flat else 'Areas'} are probabilities. Colours are answers, pale where "
        "right, hatched where wrong; the outer ring shows the true label, lines are where a neuron "
        "or the label changes.",
        f"{shape}. {count}Each is coloured by the model's answer to {found.task.name}; wrong "
        "answers are hatched. The table below has the measures.",
    )


def _bar(regions: Regions) -> d.Bar:
    parts = []
    answered = any(region.right is not None for region in regions.listed)
    for region in regions.listed:
        width = float(region.measure.midpoint)
        right = None if region.right is None else float(region.right.midpoint)
        told = "" if region.right is None else f", right: {_right(region)}"
        title = f"{region.pattern}: {percent(region.measure)}{told}"
        parts.append(d.Part(width, right if answered else 1.0, title))
    rest = regions.rest
    if _others(regions):
        width = float(rest.midpoint)
        parts.append(d.Part(width, None, f"all other regions: {percent(rest)}"))
    listed = several(len(regions.listed), "region")
    return d.Bar(
        tuple(parts),
        f"All inputs, by region{_colours(regions, answered)}.",
        f"A bar of all inputs: {listed} take {percent(rest.complement)} of them.",
    )


def _others(regions: Regions) -> bool:
    """Whether there are regions that are not listed."""
    return regions.count is None or regions.count > len(regions.listed)


def _colours(regions: Regions, answered: bool) -> str:
    rest = ", grey all others" * _others(regions)
    if not answered:
        return f": blue those of the table{rest}" if rest else ""
    return f": the bluer, the more of it is right, the redder, the more is wrong{rest}"


def regions_table(regions: Regions, *, answered: bool) -> d.Table:
    """The heaviest regions, and the rest; ``answered``: the model gives answers in them."""
    labelled = any(region.right is not None for region in regions.listed)
    columns = ["region", "#measure", *["answer"] * answered, *["#right"] * labelled]
    rows: list[list[str | d.Text]] = []
    for region in regions.listed:
        name = d.Mono(region.pattern, region_anchor(region.pattern))
        rows.append([(name,), small_digits(region.measure, _PLACES)])
        if answered:
            rows[-1].append(", ".join("=".join(map(str, top)) for top in region.answers))
        if labelled:
            rows[-1].append(_right(region))
    foot: list[tuple[str | d.Text, ...]] = []
    count, shown = regions.count, len(regions.listed)
    if _others(regions):
        others = "all others" if count is None else f"{count - shown:,} others"
        foot = [(others, small_digits(regions.rest, _PLACES), *[()] * (len(columns) - 2))]
    if regions.complete:
        total = f"All {several(shown, 'region')}, {regions.order}"
        if count is not None and count > shown:
            total = f"{shown} of {count:,} regions, {regions.order}"
        caption = f"{total}; measures are exact."
    else:
        known = "" if count is None else f", and there are {count:,} regions in all"
        inside = " The answer is that at a point inside." * answered
        caption = (
            "The regions that random inputs meet most often; their measures are "
            f"exact{known}.{inside}"
        )
    return d.table(caption, columns, rows, foot=foot)


def region_link(pattern: str, listed: Container[str]) -> d.Inline:
    """A pattern, which leads to its row in the table where it is ``listed``."""
    return d.Link(pattern, f"#{region_anchor(pattern)}") if pattern in listed else d.Mono(pattern)


def region_anchor(pattern: str) -> str:
    """What a link to a region's row leads to."""
    return f"region-{plain_name(pattern)}"


def _right(region: ListedRegion) -> str:
    if region.right is None:  # of a section
        return "no label"
    if region.right.lower == 1:
        return "all"
    return "none" if region.right.upper == 0 else percent(region.right, 4)
