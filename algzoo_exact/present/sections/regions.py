"""The sections about places: how the inputs are cut, and where the errors are."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.measure.flow import LARGEST_DIMENSION
from algzoo_exact.present.document import (
    Bar,
    Block,
    Column,
    Inline,
    Kind,
    Mono,
    Part,
    Picture,
    Section,
    Sort,
    Table,
    Text,
    paragraph,
)
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.findings.partition import Confusion, ListedRegion, Regions
from algzoo_exact.present.wording import digits, one_in, several
from algzoo_exact.score.result import Counts, Score

PICTURE = "regions"
_PLACES = 12


def partition_section(found: Findings) -> Section | None:
    """Regions: how many, a picture, a table of the largest. None for transformers."""
    regions = found.regions
    if regions is None and found.program is None:
        return None
    blocks: list[Block] = [
        paragraph(
            "A region is the set of inputs on which the same neurons are on, a cone on which the "
            "network is linear. Patterns are written step by step, neuron 0 first; 1 means on."
        )
    ]
    if regions is None:
        n = found.task.seq_len
        why = f"Measures of regions can be computed for up to 6 inputs, and this model has {n}"
        if found.check.failure and n <= LARGEST_DIMENSION:
            why = "Of many regions, those are listed that random inputs meet, and none could be run"
        blocks.append(paragraph(f"{why}: none is listed here."))
        return Section("regions", "How it cuts its inputs", tuple(blocks))
    if found.picture is not None:
        blocks.append(_picture(found))
    blocks += [_bar(regions), regions_table(regions, answered=not found.task.is_numeric)]
    return Section("regions", "How it cuts its inputs", tuple(blocks))


def _picture(found: Findings) -> Picture:
    n, task = found.task.seq_len, found.task.name
    shape = "The circle of directions of the two inputs, as wedges"
    if n == 3:
        shape = "The sphere of directions of the three inputs, as two discs of true area"
    count = "" if found.regions is None else f"{found.regions.count} activation regions. "
    return Picture(
        PICTURE,
        found.drawn,
        "Angles are probabilities. " * (n == 2) + "Areas are probabilities. " * (n == 3)
        + "Colours are answers, pale where right, hatched where wrong; the outer ring shows the "
        "true label, lines are where a neuron or the label changes.",
        f"{shape}. {count}Each is coloured by the model's answer to {task}; wrong answers are "
        "hatched. The table below has the measures.",
    )  # fmt: skip


def _bar(regions: Regions) -> Bar:
    parts = []
    for region in regions.listed:
        width = float(region.measure.midpoint)
        parts.append(Part(width, _sort(region), f"{region.pattern}: {percent(region.measure)}"))
    rest = regions.rest
    if _others(regions):
        width = float(rest.midpoint)
        parts.append(Part(width, "rest", f"all other regions: {percent(rest)}"))
    listed = several(len(regions.listed), "region")
    return Bar(
        tuple(parts),
        f"All inputs, by region: {_colours(parts, regions)}.",
        f"A bar of all inputs: {listed} take "
        f"{percent(Enclosure(1 - rest.upper, 1 - rest.lower))} of them.",
    )


def _others(regions: Regions) -> bool:
    """Whether there are regions that are not listed."""
    return regions.count is None or regions.count > len(regions.listed)


_COLOURS: tuple[tuple[Sort, str], ...] = (
    ("right", "blue where the answer is right"),
    ("mixed", "amber where it is right in part"),
    ("wrong", "red where it is wrong"),
    ("rest", "grey for all others"),
)


def _colours(parts: Sequence[Part], regions: Regions) -> str:
    sorts = {part.sort for part in parts}
    if any(region.right is None for region in regions.listed):
        return "blue those of the table, grey all others"
    return ", ".join(text for sort, text in _COLOURS if sort in sorts)


def _sort(region: ListedRegion) -> Sort:
    if region.right is None:
        return "right"
    if region.right.upper == 0:
        return "wrong"
    return "right" if region.right.lower == 1 else "mixed"


def regions_table(regions: Regions, *, answered: bool) -> Table:
    """The heaviest regions, and the rest; ``answered``: the model gives answers in them."""
    labelled = any(region.right is not None for region in regions.listed)
    columns = [Column("region"), Column("measure", True)]
    columns += [Column("answer")] * answered + [Column("right", True)] * labelled
    rows: list[tuple[Text, ...]] = []
    for region in regions.listed:
        cells: list[Text] = [(Mono(region.pattern),), (digits(region.measure, _PLACES),)]
        if answered:
            cells.append((", ".join("=".join(map(str, top)) for top in region.answers),))
        if labelled:
            cells.append((_right(region),))
        rows.append(tuple(cells))
    foot: list[tuple[Text, ...]] = []
    shown = len(regions.listed)
    if _others(regions):
        others = "all others"
        if regions.count is not None:
            others = f"{regions.count - shown:,} others"
        blank: list[Text] = [()] * (len(columns) - 2)
        foot.append(((others,), (digits(regions.rest, _PLACES),), *blank))
    if regions.complete:
        total = f"All {several(shown, 'region')}, largest first"
        if regions.count is not None and regions.count > shown:
            total = f"The {shown} largest of {regions.count:,} regions"
        caption = f"{total}; measures are exact."
    else:
        caption = (
            "The regions that random inputs meet most often; their measures are exact"
            + ("" if regions.count is None else f", and there are {regions.count:,} regions in all")
            + "."
        )
        if answered:
            caption += " The answer is that at a point inside."
    return Table(caption, tuple(columns), tuple(rows), tuple(foot))


def _right(region: ListedRegion) -> str:
    sort = _sort(region)
    if sort != "mixed":
        return "all" if sort == "right" else "none"
    assert region.right is not None
    return percent(region.right, 4)


def errors_section(found: Findings) -> Section | None:
    """Mass by true label and answer; None for median, which has no labels."""
    score = found.score
    if score.metric != "accuracy":
        return None
    blocks: list[Block]
    if score.counts is not None:
        blocks = [_counted(score.counts)]
    elif found.confusion is None:
        return None
    else:
        blocks = _masses(found, score, found.confusion)
    return Section("errors", "Where the errors are", tuple(blocks))


def _counted(counts: Counts) -> Table:
    n = len(counts.confusion)
    columns = (Column("longest cycle"), *(Column(f"says {k + 1}", True) for k in range(n)))
    rows = [
        ((str(label + 1),), *((f"{count:,}" if count else "·",) for count in row), )
        for label, row in enumerate(counts.confusion)
    ]  # fmt: skip
    wrong = sum(c for a, row in enumerate(counts.confusion) for b, c in enumerate(row) if a != b)
    tied = (
        f" On {counts.tied:,} inputs logits tie; they count at the lowest." if counts.tied else ""
    )
    return Table(
        f"How many of the {counts.inputs:,} inputs with each longest cycle get each answer: "
        f"{wrong:,} are off the diagonal. All are counted (exact).{tied}",
        (*columns, Column("in all", True)),
        tuple((*row, (f"{sum(counts.confusion[k]):,}",)) for k, row in enumerate(rows)),
    )


def _masses(found: Findings, score: Score, confusion: Confusion) -> list[Block]:
    n = found.task.seq_len
    ties = any(mass.upper > 0 for mass in confusion.tied)
    columns = [Column("true label"), *(Column(f"answer {k}", True) for k in range(n))]
    columns += [Column("tie", True)] * ties
    rows = []
    for label, masses in enumerate(confusion.mass):
        cells = [*masses, *([confusion.tied[label]] if ties else [])]
        rows.append(((str(label),), *((_mass(mass, confusion.kind),) for mass in cells)))
    kind: Inline = Kind(confusion.kind)
    if confusion.samples is None:
        said = [paragraph(
            "The probability of each true label with each answer, summed over the cells of the "
            "certificate; digits are cut off where … follows. ", kind,
        )]  # fmt: skip
    else:
        said = [paragraph(
            f"The share of {confusion.samples:,} random inputs, in percent, by true label and "
            "answer. ", kind,
        )]  # fmt: skip
    blocks: list[Block] = [*said]
    blocks.append(
        Table("True labels and answers: errors are off the diagonal.", tuple(columns), tuple(rows))
    )
    if ties and confusion.kind == "exact":
        blocks.append(paragraph(
            f"Where several logits share the maximum, the rule of ties earns "
            f"{digits(confusion.credited, _PLACES)} of probability. ", Kind("exact"),
        ))  # fmt: skip
    if score.kind == "exact" and score.by_label is not None:
        blocks.append(_by_label(score, n))
    return blocks


def _mass(mass: Enclosure, kind: str) -> str:
    if mass.upper == 0:  # no cell, or no input
        return "·"
    if kind == "sampled":
        return percent(mass, 3)
    # Of a small one, five digits.
    zeros = 0
    while mass.upper * 10 ** (zeros + 1) < 1:
        zeros += 1
    return digits(mass, max(8, zeros + 5))


def _by_label(score: Score, n: int) -> Table:
    assert score.by_label is not None
    rows: list[tuple[Text, ...]] = []
    for label, part in score.by_label.items():
        given = share(part, Enclosure.exactly(Fraction(1, n)))
        error = Enclosure(1 - given.upper, 1 - given.lower)
        rows.append(((str(label),), (digits(part, 15),), (digits(given, 12),), (one_in(error),)))
    columns = (
        Column("true label"), Column("part of the accuracy", True),
        Column("right, given the label", True), Column("that is"),
    )  # fmt: skip
    return Table(f"By true label, each of probability 1/{n} (exact).", columns, tuple(rows))
