"""``algzoo-exact regions``: the activation regions of a model, heaviest first."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from fractions import Fraction
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
    TiesOption,
    load_model,
    parse_count,
    task_of,
    tie_rule,
    with_noise,
)
from algzoo_exact.cli.output import (
    TIE_TEXT,
    Json,
    enclosure_json,
    model_json,
    model_text,
    print_columns,
    print_fields,
    print_json,
    progress_bar,
)
from algzoo_exact.errors import InputError
from algzoo_exact.files import staged
from algzoo_exact.names import printable

if TYPE_CHECKING:
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.program.ir import Program
    from algzoo_exact.regions.enumerate import Region
    from algzoo_exact.regions.graph import RegionGraph
    from algzoo_exact.regions.pattern import ActivationPattern

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact regions 2nd_argmax_3_3

algzoo-exact regions 2nd_argmax_3_3 --picture regions.svg --out regions.parquet

algzoo-exact regions 2nd_argmax_4_4 --graph regions.graphml --json"""

MOST_REGIONS = 200_000  # as many can take an hour and some GB


def regions(
    model: ModelArgument,
    task: TaskOption = None,
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
    chosen, rule = task_of(loaded), tie_rule(ties)
    if chosen.name == "median":
        raise InputError(
            "regions lists answers, and a median model has none; "
            "algzoo-exact accuracy gives its error, az.activation_regions() its regions."
        )
    if chosen.seq_len > 6:
        raise InputError(
            f"Regions can be measured for up to 6 inputs, and {loaded.name} has {chosen.seq_len}."
        )

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
        measured: list[tuple[Enclosure, ActivationPattern]] = []
        for pattern in found.graph:
            measured.append((found.measure(pattern), pattern))
            advance(len(measured) / len(found), f"measuring {len(found):,}")
        measured.sort(key=lambda item: (-item[0].midpoint, item[1].bits))
        rows = [_Row(found, pattern) for _, pattern in measured[:top]]
        if "graph" in parts:
            found.write_graphml(parts["graph"])
        if "out" in parts:
            table = (found.region(pattern) for _, pattern in measured)
            write_table(table, parts["out"], digits=digits)

    total = _sum([measure for measure, _ in measured])
    assert total.contains(1), "the regions do not cover the space"
    facets = found.graph.number_of_edges()
    seconds = time.monotonic() - began
    if as_json:
        print_json(
            {
                "model": model_json(loaded),
                "task": chosen.name,
                "ties": rule,
                "regions": len(found),
                "facets": facets,
                "measure_sum": enclosure_json(total, digits),
                "heaviest": [row.json(digits) for row in rows],
                "files": {name: str(path) if path else None for name, path in files.items()},
                "seconds": round(seconds, 4),
            }
        )
        return
    print_fields(
        [
            ("model", model_text(loaded)),
            ("task", f"{chosen.name}; ties: {TIE_TEXT[rule]}"),
            ("regions", f"{len(found):,}, with {facets:,} shared facets"),
            ("measures", f"add up to 1 within {float(total.width):.0e}"),
            *((name, printable(str(path))) for name, path in files.items() if path),
            ("time", f"{seconds:.2f} s"),
        ]
    )
    _print_table(rows)


@contextmanager
def _staged(files: Mapping[str, Path | None]) -> Iterator[dict[str, Path]]:
    """Where to write the files that are asked for: they appear together or not at all."""
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(staged(path))
            for name, path in files.items()
            if path is not None
        }


class _Row:
    """What is printed about one region.

    ``answer`` is the set of largest logits at its interior point, ``steady`` whether they are the
    largest everywhere in it.
    """

    def __init__(self, graph: RegionGraph, pattern: ActivationPattern) -> None:
        region = graph.region(pattern)
        self.pattern = pattern
        self.measure = graph.measure(pattern)
        self.right = graph.right_measure(pattern)
        self.share = graph.right_share(pattern)
        self.answer, self.steady = _answer(region)

    def json(self, digits: int) -> Json:
        return {
            "pattern": str(self.pattern),
            "measure": enclosure_json(self.measure, digits),
            "answer": list(self.answer),
            "steady": self.steady,
            "right": enclosure_json(self.right, digits),
        }

    def texts(self) -> tuple[str, str, str, str]:
        from algzoo_exact.exact.shares import decimals, percent

        answer = "=".join(map(str, self.answer)) + ("" if self.steady else "*")
        verdict = f"{percent(self.share, 4)} right"
        if self.share.width == 0 and self.share.lower in (0, 1):
            verdict = "right" if self.share.lower else "wrong"
        return str(self.pattern), decimals(self.measure, 12), answer, verdict


def _answer(region: Region) -> tuple[tuple[int, ...], bool]:
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


def _sum(parts: list[Enclosure]) -> Enclosure:
    from algzoo_exact.exact.enclosure import Enclosure

    lower = sum((part.lower for part in parts), Fraction(0))
    return Enclosure(lower, sum((part.upper for part in parts), Fraction(0)))


def _print_table(rows: list[_Row]) -> None:
    if not rows:
        return
    table = [("pattern", "measure", "answer", ""), *(row.texts() for row in rows)]
    print()
    print_columns(table)
    if not all(row.steady for row in rows):
        print("* at its interior point; elsewhere in the region another logit is the largest")


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
