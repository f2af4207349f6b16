"""``algzoo-exact regions``: the activation regions of a model, heaviest first."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError
from algzoo_exact.files import check_place, staged_all

if TYPE_CHECKING:
    from algzoo_exact.program.ir import Program

EXAMPLES = """
algzoo-exact regions 2nd_argmax_3_3
algzoo-exact regions 2nd_argmax_3_3 --picture regions.svg --out regions.parquet
algzoo-exact regions 2nd_argmax_4_4 --graph regions.graphml --json
"""

MOST_REGIONS = 200_000  # as many can take an hour and some GB


@dataclass(frozen=True, kw_only=True)
class Extent:
    digits: int = o.option(20, "N", "Decimals of the measures.", min=1, max=1000)
    top: int = o.option(12, "N", "How many regions to print; --out has all.", min=0)
    max_regions: int = o.option(
        MOST_REGIONS, "N", "Refuse models with more regions.", parser=o.parse_count
    )


@dataclass(frozen=True, kw_only=True)
class Files:
    """What is to be written."""

    graph: Path | None = o.option(
        None, "FILE", "Write the regions and their shared facets: .graphml."
    )
    picture: Path | None = o.option(
        None, "FILE", "Draw regions and errors, for n = 2 and 3: .svg, .png or .pdf."
    )
    out: Path | None = o.option(
        None, "FILE", "Write a table of all regions: .parquet, .csv or .json."
    )


def regions(
    model: o.ModelArgument,
    sizes: o.Sizes,
    rules: o.Rules,
    extent: Extent,
    files: Files,
    noise: o.Noise,
) -> Said:
    """List the activation regions: cones of inputs on which the model is linear.

    Prints their number, and the pattern, exact measure and answer of the heaviest.
    Patterns show which neurons are on: steps left to right, neuron 0 first in each.
    """
    from algzoo_exact.measure.flow import LARGEST_DIMENSION
    from algzoo_exact.regions.atlas import SUFFIXES, write_table

    began = time.monotonic()
    _check_target(files.graph, (".graphml",))
    _check_target(files.out, SUFFIXES)
    loaded = noise.on(sizes.load(model))
    task, rule = rules.task_of(loaded), rules.rule
    if task.is_numeric:
        raise InputError(
            "regions lists answers, and a median model has none; "
            "algzoo-exact accuracy gives its error, az.activation_regions() its regions."
        )
    if task.seq_len > LARGEST_DIMENSION:
        raise InputError(
            f"Regions can be measured for up to {LARGEST_DIMENSION} inputs, and {loaded.name} has "
            f"{task.seq_len}."
        )

    from algzoo_exact.present.documents.regions import regions_document
    from algzoo_exact.regions.graph import region_graph

    with staged_all(asdict(files)) as parts, progress_bar("regions") as advance:
        if "picture" in parts:
            from algzoo_exact.present.pictures.picture import picture

            picture(loaded.program, task, parts["picture"], ties=rule)
        _check_number(loaded.program, extent.max_regions)
        found = region_graph(
            loaded.program, task, digits=extent.digits, ties=rule,
            progress=lambda done, total: advance(done / total, "searching"),
        )  # fmt: skip
        for done, pattern in enumerate(found.graph, 1):
            found.measure(pattern)
            advance(done / len(found), f"measuring {len(found):,}")
        if "graph" in parts:
            found.write_graphml(parts["graph"])
        if "out" in parts:
            table = map(found.region, found.heaviest())
            write_table(table, parts["out"], digits=extent.digits)
        said = regions_document(loaded, found, extent.top, asdict(files), time.monotonic() - began)
    return Said(said)


def _check_target(path: Path | None, suffixes: tuple[str, ...]) -> None:
    """InputError for a file that could not be written, before the work rather than after it."""
    if path is not None:
        if path.suffix not in suffixes:
            raise InputError(f"Cannot write {path}: its name must end in {' or '.join(suffixes)}.")
        check_place(path)


def _check_number(program: Program, most: int) -> None:
    """InputError for more than ``most`` regions, by the fast search, which counts only."""
    from algzoo_exact.program.task import argmax
    from algzoo_exact.regions.search import Search
    from algzoo_exact.regions.starts import starting_cones

    search = Search(program, None)
    for start in starting_cones(argmax(program.seq_len)):
        for _ in search.cells(start):
            if len(search.patterns) > most:
                raise InputError(
                    f"This model has more than {most:,} regions; --max-regions allows more, "
                    "at some milliseconds and kilobytes each."
                )
