"""``algzoo-exact regions``: the activation regions of a model, heaviest first."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Timed
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError
from algzoo_exact.files import staged_all

if TYPE_CHECKING:
    from algzoo_exact.analysis.regions import Order, RegionTable

MOST_REGIONS = 200_000  # as many can take minutes and some GB


@o.options
class Extent:
    digits: int | None = o.option(
        None, "N", "Decimals of all measures, at some milliseconds each; by default 20 where "
        "regions are few, else as float64 knows them.", min=1, max=1000,
    )  # fmt: skip
    top: int = o.option(12, "N", "How many regions to print; --out has all that are chosen.", min=0)
    max_regions: int = o.count(MOST_REGIONS, "Refuse models with more regions.")


@o.options
class Choice:
    """Which regions are printed and written as a table, in which order."""

    sort: str = o.option(
        "measure", "ORDER", "By [bold]measure[/bold], by the mass of [bold]errors[/bold], by the "
        "[bold]share[/bold] that is right, the least first, or by [bold]pattern[/bold].",
    )  # fmt: skip
    answer: int | None = o.option(None, "K", "Only where K is the answer somewhere.")
    wrong: bool = o.flag("--wrong", "Only where the answer is wrong somewhere.")
    at_least: float = o.option(0.0, "P", "Only of this measure and more.", min=0, max=1)

    @property
    def order(self) -> Order:
        """InputError for an order that is none."""
        from algzoo_exact.analysis.regions import order_of

        return order_of(self.sort)

    def of(self, found: RegionTable) -> list[int]:
        return found.select(
            self.order, answer=self.answer, wrong=self.wrong, at_least=self.at_least
        )


@o.options
class Files:
    """What is to be written."""

    graph: Path | None = o.option(
        None, "FILE", "Write all regions and their shared facets: .graphml or .gexf."
    )
    picture: Path | None = o.option(
        None, "FILE", "Draw regions and errors, for 2 or 3 inputs, or a section: .svg, .png or "
        ".pdf.",
    )  # fmt: skip
    out: Path | None = o.option(
        None, "FILE", "Write a table of the regions: .parquet, .csv or .json."
    )


def regions(
    subject: o.Subject,
    rules: o.Rules,
    subspace: o.Subspace,
    extent: Extent,
    choice: Choice,
    files: Files,
    noise: o.Noise,
) -> Timed:
    """List the activation regions: cones of inputs on which the model is linear.

    Prints their number, and the pattern, exact measure and answer of the heaviest.
    Patterns show which neurons are on: steps left to right, neuron 0 first in each.

    Examples:
    algzoo-exact regions 2nd_argmax_3_3
    algzoo-exact regions 2nd_argmax_3_3 --picture regions.svg --out regions.parquet
    algzoo-exact regions 2nd_argmax_4_4 --graph regions.graphml --json
    algzoo-exact regions 2nd_argmax_4_4 --sort errors --wrong --out wrong.csv
    algzoo-exact regions 2nd_argmax_4_4 --zero 1 --picture section.svg
    """
    from algzoo_exact.measure.flow import MOST_INPUTS
    from algzoo_exact.tables import SUFFIXES, write_rows

    o.check_target(files.graph, (".graphml", ".gexf"))
    o.check_target(files.out, SUFFIXES)
    loaded = noise.on(subject.loaded())
    task, rule = rules.task_of(loaded), rules.rule
    if task.is_numeric:
        raise InputError(
            "regions lists answers, and a median model has none; "
            "algzoo-exact accuracy gives its error, az.activation_regions() its regions."
        )
    section = subspace.of(loaded, task)
    drawn: az.Section | az.Model = loaded
    if section is not None:
        drawn, task = section, section.task
    if task.seq_len > MOST_INPUTS:
        raise InputError(
            f"Regions can be measured for up to {MOST_INPUTS} inputs, and {loaded.name} has "
            f"{task.seq_len} here; --zero and --equal choose a section of fewer."
        )

    from algzoo_exact.analysis.graph import graph_of
    from algzoo_exact.analysis.regions import region_table
    from algzoo_exact.present.documents.regions import Chosen, regions_document

    order = choice.order
    with staged_all(asdict(files)) as parts, progress_bar("regions") as advance:
        if "picture" in parts:
            from algzoo_exact.present.pictures.picture import picture

            picture(drawn, task, parts["picture"], ties=rule)
        found = region_table(
            drawn.program, task, ties=rule, digits=extent.digits, most=extent.max_regions,
            progress=advance,
        )  # fmt: skip
        chosen = choice.of(found)
        if "graph" in parts:
            graph_of(
                found.program, found.facets, found, found.digits,
                progress=lambda done, total: advance(done / total, "joining"),
            ).write(parts["graph"])  # fmt: skip
        if "out" in parts:
            write_rows(found.rows(chosen, progress=advance), parts["out"])
        said = regions_document(
            loaded, section, found, Chosen(chosen, order, extent.top), asdict(files)
        )
    return Timed(said)
