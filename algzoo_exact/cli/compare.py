"""``algzoo-exact compare``: estimators against random sampling, error versus compute."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from algzoo_exact.cli.options import (
    JsonOption,
    ModelArgument,
    SeqLenOption,
    TaskOption,
    load_model,
    parse_count,
    task_of,
)
from algzoo_exact.cli.output import emit, progress_bar

if TYPE_CHECKING:
    from algzoo_exact.race.run import Race

INTERRUPTED = 130  # as shells count
LOWEST, HIGHEST = 1.0, 1e15

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact compare 2nd_argmax_4_3 --noise 0.05 --budgets 1e4:1e7 --out race/

algzoo-exact compare 2nd_argmax_16_10 --noise 0.0085 --noise-relative --variants 32 --workers 2
--out race/

algzoo-exact compare 2nd_argmax_4_4 --noise 0.02 --budgets 71000,2e6
--estimators sampling,sobol-order --json"""


def parse_budgets(text: str | tuple[float, ...]) -> tuple[float, ...]:
    """FLOPs: ``1e4:1e9``, by factors of ten and the end, or a list such as ``71000,2e6``."""
    if isinstance(text, tuple):
        return text
    first, colon, last = text.partition(":")
    try:
        if not colon:
            found = [float(part) for part in text.split(",")]
        else:
            low, high = float(first), float(last)
            found = [low * 10**k for k in range(15) if LOWEST <= low * 10**k < high * 0.999]
            found += [high] if low <= high else []
    except ValueError:
        found = []
    if not found or not all(LOWEST <= budget <= HIGHEST for budget in found):
        raise typer.BadParameter(
            f"{text!r} gives no budgets; write them as 1e4:1e9 or 71000,2e6, from 1 to 1e15 FLOPs."
        )
    return tuple(sorted(set(found)))


def compare(
    model: ModelArgument,
    noise: Annotated[
        float,
        typer.Option(
            metavar="STD",
            show_default=False,
            help="Standard deviation of the Gaussian noise on every weight.",
        ),
    ],
    task: TaskOption = None,
    seq_len: SeqLenOption = None,
    noise_relative: Annotated[
        bool,
        typer.Option(
            "--noise-relative",
            help="STD is a share of the root mean square of each weight matrix.",
        ),
    ] = False,
    noise_seed: Annotated[
        int, typer.Option(metavar="N", help="Noise seed of the first variant; others follow on.")
    ] = 0,
    variants: Annotated[
        int, typer.Option(metavar="N", parser=parse_count, help="How many noisy variants.")
    ] = 64,
    budgets: Annotated[
        Any,
        typer.Option(
            metavar="FLOPS",
            parser=parse_budgets,
            help="FLOPs for one estimate: LOW:HIGH by factors of ten, or a list with commas.",
        ),
    ] = "1e4:1e9",
    estimators: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="[bold]all[/bold], or names with commas, such as sampling,sobol-order.",
        ),
    ] = "all",
    seeds: Annotated[
        int,
        typer.Option(metavar="N", parser=parse_count, help="How often each seeded entry runs."),
    ] = 30,
    truth_samples: Annotated[
        int,
        typer.Option(
            metavar="N",
            parser=parse_count,
            help="Random inputs for each variant's true accuracy, where it is not computed.",
        ),
    ] = 1 << 24,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            show_default=False,
            help="Keep answers here and write results.csv, summary.md, plot.svg and plot.png. The "
            "same command goes on where it was stopped.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(metavar="N", show_default=False, help="Processes; all cores unless given."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Race estimators of the accuracy against random sampling, on noisy variants of a model.

    Each entry estimates each variant's accuracy within a budget of FLOPs, counted operation by
    operation, and is judged by its mean squared error. The ratio compares it with random sampling
    at the same FLOPs: below 1 beats sampling. Every figure has a 95% interval.
    """
    import algzoo_exact as az
    from algzoo_exact.present.documents.race import race_document

    loaded = load_model(model, task, seq_len)
    task_of(loaded)
    names = None if estimators == "all" else [n for n in re.split(r"[,\s]+", estimators) if n]
    try:
        with progress_bar("racing") as advance:
            race = az.compare(
                loaded,
                noise,
                relative=noise_relative,
                noise_seed=noise_seed,
                variants=variants,
                budgets=budgets,
                estimators=names,
                seeds=seeds,
                truth_samples=truth_samples,
                folder=out,
                workers=workers or os.cpu_count() or 1,
                progress=advance,
            )
            files = _write(race, out) if out is not None else []
    except KeyboardInterrupt:
        if out is None:
            raise
        print(f"interrupted; the same command goes on with what is in {out}", file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    emit(race_document(race, files), as_json)


def _write(race: Race, folder: Path) -> list[str]:
    from algzoo_exact.files import write_whole
    from algzoo_exact.present.documents.race import race_document
    from algzoo_exact.present.writers.markdown import to_markdown
    from algzoo_exact.race.plot import plot_race
    from algzoo_exact.race.summary import to_csv

    said = race_document(race, title=f"Estimators on {race.model}")
    write_whole(folder / "results.csv", to_csv(race).encode())
    write_whole(folder / "summary.md", to_markdown(said, {}).encode())
    files = ["results.csv", "summary.md"]
    if any(point.outcome.flops is not None for point in race.points):
        for name in ("plot.svg", "plot.png"):
            plot_race(race, folder / name)
            files.append(name)
    return [str(folder / name) for name in files]
