"""The sections about places: how the inputs are cut, and where the errors are."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from fractions import Fraction

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.names import plain_name
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.errors import wrong_cells
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.findings.partition import Confusion, ListedRegion, Regions
from algzoo_exact.present.wording import digits, one_in, several, small_digits
from algzoo_exact.score.result import Counts

PICTURE = "regions"
_PLACES = 12


def regions(found: Findings) -> Iterator[d.Block]:
    """How many, a picture, a table of the largest. None for transformers, and where measures of
    regions cannot be computed."""
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
        yield _picture(found)
    yield _bar(regions)
    yield regions_table(regions, answered=not found.task.is_numeric)


def _picture(found: Findings) -> d.Picture:
    n, task = found.task.seq_len, found.task.name
    shape = "The circle of directions of the two inputs, as wedges"
    if n == 3:
        shape = "The sphere of directions of the three inputs, as two discs of true area"
    count = "" if found.regions is None else f"{found.regions.count} activation regions. "
    if found.task.is_numeric:
        return _errors_picture(found, count)
    return d.Picture(
        PICTURE,
        found.drawn,
        "Angles are probabilities. " * (n == 2) + "Areas are probabilities. " * (n == 3)
        + "Colours are answers, pale where right, hatched where wrong; the outer ring shows the "
        "true label, lines are where a neuron or the label changes.",
        f"{shape}. {count}Each is coloured by the model's answer to {task}; wrong answers are "
        "hatched. The table below has the measures.",
    )  # fmt: skip


def _errors_picture(found: Findings, count: str) -> d.Picture:
    """Of a model whose answer is a number."""
    caption = (
        "The model's value and the right one around the circle of directions, and between them the "
        "error; dashed lines are where a neuron changes."
    )
    if found.task.seq_len == 3:
        caption = (
            "The error on the sphere of directions, as two discs of true area: the stronger, the "
            "larger; lines are where a neuron changes."
        )
    described = f"{count}Values are computed in floats; the table below has what is exact."
    return d.Picture(PICTURE, found.drawn, caption, described)


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


def errors(found: Findings) -> Iterator[d.Block]:
    """Mass by true label and answer, and the heaviest cells."""
    score = found.score
    if score.counts is not None:
        yield _counted(score.counts)
    elif found.confusion is not None:
        yield from _masses(found.confusion)
        # Only of symmetric tasks all labels are equally likely.
        if score.kind == "exact" and score.by_label is not None and found.task.symmetric:
            yield _by_label(score.by_label)
    if found.inside.errors is not None and found.inside.wrong:
        yield wrong_cells(found.inside.errors, found.inside.wrong)


def _counted(counts: Counts) -> d.Table:
    n = len(counts.confusion)
    rows = [
        (str(label + 1), *(f"{count:,}" if count else "·" for count in row), f"{sum(row):,}")
        for label, row in enumerate(counts.confusion)
    ]
    wrong = sum(c for a, row in enumerate(counts.confusion) for b, c in enumerate(row) if a != b)
    tied = (
        f" On {counts.tied:,} inputs logits tie; they count at the lowest." if counts.tied else ""
    )
    return d.table(
        f"How many of the {counts.inputs:,} inputs with each longest cycle get each answer: "
        f"{wrong:,} are off the diagonal. All are counted (exact).{tied}",
        ("longest cycle", *(f"#says {k + 1}" for k in range(n)), "#in all"),
        rows,
    )


def _masses(confusion: Confusion) -> Iterator[d.Block]:
    said = (
        "The probability of each true label with each answer, summed over the cells of the "
        "certificate; digits are cut off where … follows. "
    )
    if confusion.samples is not None:
        said = (
            f"The share of {confusion.samples:,} random inputs, in percent, by true label and "
            "answer. "
        )
    yield d.paragraph(said, d.Kind(confusion.kind))
    ties = any(mass.upper > 0 for mass in confusion.tied)
    rows = []
    for label, masses in enumerate(confusion.mass):
        cells = [*masses, *([confusion.tied[label]] if ties else [])]
        rows.append((str(label), *(_mass(mass, confusion.kind) for mass in cells)))
    columns = ("true label", *(f"#says {k}" for k in range(len(rows))), *["#tie"] * ties)
    yield d.table("True labels and answers: errors are off the diagonal.", columns, rows)
    if ties and confusion.kind == "exact":
        yield d.paragraph(
            f"Where several logits share the maximum, the rule of ties earns "
            f"{digits(confusion.credited, _PLACES)} of probability. ", d.Kind("exact"),
        )  # fmt: skip


def _mass(mass: Enclosure, kind: str) -> str | d.Text:
    if mass.upper == 0:  # no cell, or no input
        return "·"
    if kind == "sampled":
        return percent(mass, 3)
    return small_digits(mass, 8)


def _by_label(parts: Mapping[int, Enclosure]) -> d.Table:
    n, rows = len(parts), []
    for label, part in parts.items():
        given = share(part, Enclosure.exactly(Fraction(1, n)))
        rows.append((str(label), digits(part, 15), digits(given, 12), one_in(given.complement)))
    columns = ("true label", "#part of the accuracy", "#right, given the label", "that is")
    return d.table(f"By true label, each of probability 1/{n} (exact).", columns, rows)
