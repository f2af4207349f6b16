"""The sections that look inside a model: its neurons, and where few inputs are not 0."""

from __future__ import annotations

from collections.abc import Iterator

from algzoo_exact.analysis.positive import OrderedCases
from algzoo_exact.analysis.sections import Section
from algzoo_exact.exact.shares import percent
from algzoo_exact.present import document as d
from algzoo_exact.present.documents.importance import importance_table
from algzoo_exact.present.documents.neurons import neuron_blocks
from algzoo_exact.present.findings.gather import Findings
from algzoo_exact.present.wording import several

PICTURE = "section"
_RANKED = 20  # neurons


def neurons(found: Findings) -> Iterator[d.Block]:
    """How often each is on, and what is left without it."""
    inside = found.inside
    if inside.neurons is not None:
        yield d.paragraph(
            f"From all {several(len(inside.neurons.table), 'cell')}, each with an interior; a "
            "neuron is named by its step and number. ", d.Kind("exact"),
        )  # fmt: skip
        yield from neuron_blocks(inside.neurons)
    if inside.importance is not None:
        yield importance_table(inside.importance, None, _RANKED)


def sections(found: Findings) -> Iterator[d.Block]:
    """Two positive inputs, and a picture of the last three."""
    inside = found.inside
    if inside.pairs is not None:
        yield d.paragraph(
            "On a linear subspace of its inputs the network is one of fewer inputs. Two inputs are "
            "positive here, all others 0; the share of them on which the answer is right: ",
            d.Kind("exact"),
        )
        yield _pairs(inside.pairs, found.task.seq_len)
    if inside.section is not None:
        yield _picture(found, inside.section)


def _pairs(cases: OrderedCases, n: int) -> d.Table:
    said = {
        case.positions: "no label" if case.share is None else percent(case.share, 3)
        for case in cases.cases
    }
    rows = ((f"x[{i}] largest", *(said.get((i, j), "") for j in range(n))) for i in range(n))
    columns = ("inputs", *(f"#then x[{j}]" for j in range(n)))
    return d.table("Right answers, by the largest input and the second.", columns, rows)


def _picture(found: Findings, section: Section) -> d.Picture:
    from algzoo_exact.present.pictures.picture import picture

    drawing = picture(section, ties=found.ties)
    where = ", ".join(section.conditions)
    return d.Picture(
        PICTURE,
        drawing.drawn,
        f"The section where {where}. Areas are probabilities. Colours are answers, pale where "
        "right, hatched where wrong, dotted where several labels qualify; the outer ring shows the "
        "true label, lines are where a neuron or the label changes.",
        f"The sphere of directions of three inputs, as two discs of true area, where {where}. "
        "Wrong answers are hatched.",
    )
