"""``algzoo-exact regions``: the activation regions of a model, heaviest first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from algzoo_exact.cli.options import (
    JsonOption,
    ModelArgument,
    NoiseOption,
    NoiseRelativeOption,
    NoiseSeedOption,
    SeqLenOption,
    TaskOption,
    TeacherOption,
    TiesOption,
    load_model,
    parse_count,
    task_of,
    tie_rule,
    with_noise,
)
from algzoo_exact.cli.output import emit, progress_bar
from algzoo_exact.errors import InputError
from algzoo_exact.files import staged

if TYPE_CHECKING:
    from algzoo_exact.program.ir import Program

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact regions 2nd_argmax_3_3

algzoo-exact regions 2nd_argmax_3_3 --picture regions.svg --out regions.parquet

algzoo-exact regions 2nd_argmax_4_4 --graph regions.graphml --json"""

MOST_REGIONS = 200_000  # as many can take an hour and some GB


def regions(
    model: ModelArgument,
    task: TaskOption = None,
    teacher: TeacherOption = None,
    seq_len: SeqLenOption = None,
    ties: TiesOption = "lowest",
    digits: Annotated[
        int, typer.Option(metavar="N", min=1, max=1000, help="Decimals of the measures.")
    ] = 20,
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many regions to print; --out has all.")
    ] = 12,
    graph: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Write the regions and their shared facets: .graphml.",
        ),
    ] = None,
    picture: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Draw regions and errors, for n = 2 and 3: .svg, .png or .pdf.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Write a table of all regions: .parquet, .csv or .json.",
        ),
    ] = None,
    max_regions: Annotated[
        int,
        typer.Option(metavar="N", parser=parse_count, help="Refuse models with more regions."),
    ] = MOST_REGIONS,
    noise: NoiseOption = None,
    noise_seed: NoiseSeedOption = None,
    noise_relative: NoiseRelativeOption = False,
    as_json: JsonOption = False,
) -> None:
    """List the activation regions: cones of inputs on which the model is linear.

    Prints their number, and the pattern, exact measure and answer of the heaviest.
    Patterns show which neurons are on: steps left to right, neuron 0 first in each.
    """
    from algzoo_exact.regions.atlas import SUFFIXES, write_table

    began = time.monotonic()
    _check_target(graph, (".graphml",))
    _check_target(out, SUFFIXES)
    loaded = with_noise(load_model(model, task, seq_len), noise, noise_seed, noise_relative)
    chosen, rule = task_of(loaded, teacher), tie_rule(ties)
    if chosen.is_numeric:
        raise InputError(
            "regions lists answers, and a median model has none; "
            "algzoo-exact accuracy gives its error, az.activation_regions() its regions."
        )
    if chosen.seq_len > 6:
        raise InputError(
            f"Regions can be measured for up to 6 inputs, and {loaded.name} has {chosen.seq_len}."
        )

    from algzoo_exact.present.documents.regions import regions_document
    from algzoo_exact.regions.graph import region_graph

    files = {"graph": graph, "picture": picture, "out": out}
    with _staged(files) as parts, progress_bar("regions") as advance:
        if "picture" in parts:
            from algzoo_exact.present.pictures.picture import picture as draw

            draw(loaded.program, chosen, parts["picture"], ties=rule)
        _check_number(loaded.program, max_regions)
        found = region_graph(
            loaded.program,
            chosen,
            digits=digits,
            ties=rule,
            progress=lambda done, total: advance(done / total, "searching"),
        )
        for done, pattern in enumerate(found.graph, 1):
            found.measure(pattern)
            advance(done / len(found), f"measuring {len(found):,}")
        if "graph" in parts:
            found.write_graphml(parts["graph"])
        if "out" in parts:
            write_table(map(found.region, found.heaviest()), parts["out"], digits=digits)
        seconds = time.monotonic() - began
        said = regions_document(loaded, chosen, found, top, files, seconds)
    emit(said, as_json)


@contextmanager
def _staged(files: Mapping[str, Path | None]) -> Iterator[dict[str, Path]]:
    """Where to write the files that are asked for: they appear together or not at all."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(staged(path))
            for name, path in files.items()
            if path is not None
        }


def _check_target(path: Path | None, suffixes: tuple[str, ...]) -> None:
    """InputError for a file that could not be written, before the work rather than after it."""
    if path is None:
        return
    if path.suffix not in suffixes:
        raise InputError(f"Cannot write {path}: its name must end in {' or '.join(suffixes)}.")
    if path.is_dir():
        raise InputError(f"Cannot write {path}: it is a folder.")
    if not path.parent.is_dir():
        raise InputError(f"Cannot write {path}: there is no folder {path.parent}.")


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
