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
from algzoo_exact.cli.output import Json, print_columns, print_fields, print_json, progress_bar
from algzoo_exact.names import printable

if TYPE_CHECKING:
    from algzoo_exact.race.run import Race, RacePoint
    from algzoo_exact.race.statistics import Measured

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
    from algzoo_exact.estimators.entries import NAMES

    loaded = load_model(model, task, seq_len)
    task_of(loaded)
    names = NAMES if estimators == "all" else [n for n in re.split(r"[,\s]+", estimators) if n]
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
    if as_json:
        print_json(_as_json(race, files))
        return
    _print(race, files)


def _write(race: Race, folder: Path) -> list[str]:
    from algzoo_exact.files import write_whole
    from algzoo_exact.race.plot import plot_race
    from algzoo_exact.race.summary import to_csv, to_markdown

    write_whole(folder / "results.csv", to_csv(race).encode())
    write_whole(folder / "summary.md", to_markdown(race).encode())
    files = ["results.csv", "summary.md"]
    if any(point.outcome.flops is not None for point in race.points):
        for name in ("plot.svg", "plot.png"):
            plot_race(race, folder / name)
            files.append(name)
    return [str(folder / name) for name in files]


def _print(race: Race, files: list[str]) -> None:
    from algzoo_exact.exact.shares import decimals
    from algzoo_exact.race.summary import learned_lines, table_rows

    share = ", relative to each matrix" if race.relative else ""
    last = race.noise_seed + race.variants - 1
    print_fields(
        [
            ("model", f"{race.model} (sha256 {race.sha256[:12]})"),
            ("task", f"{race.task.name}, {race.task.seq_len} inputs; ties: lowest index wins"),
            (
                "variants",
                f"{race.variants}, noise {race.noise:g}{share}, seeds {race.noise_seed} to {last}; "
                f"mean accuracy {decimals(race.accuracy, 4)} ({race.truth_method})",
            ),
            ("yardstick", f"p (1 - p) / k for k random samples of {race.sample_cost:,} FLOPs"),
        ]
    )
    print()
    if race.points:
        print_columns(table_rows(race))
        print()
    for line in learned_lines(race):
        print(f"learned offline: {line}")
    for name, reason in race.left_out.items():
        print(f"{name}: {reason}")
    print("brackets: 95% intervals; ratio: mean squared error over sampling's at the same FLOPs")
    if files:
        print("written: " + printable(", ".join(files)))


def _as_json(race: Race, files: list[str]) -> Json:
    return {
        "model": {"name": race.model, "sha256": race.sha256},
        "task": race.task.name,
        "ties": "lowest",
        "noise": race.noise,
        "noise_relative": race.relative,
        "noise_seed": race.noise_seed,
        "variants": race.variants,
        "mean_accuracy": race.accuracy,
        "truth": {"method": race.truth_method, "standard_error": race.truth_error},
        "sample_flops": race.sample_cost,
        "confidence": 0.95,
        "points": [_point_json(point) for point in race.points],
        "left_out": dict(race.left_out),
        "files": files,
    }


def _point_json(point: RacePoint) -> Json:
    o = point.outcome
    return {
        "estimator": point.estimator,
        "kind": point.kind,
        "learned": [dict(vars(constant)) for constant in point.learned],
        "budget": point.budget,
        "flops": o.flops,
        "seeds": point.seeds,
        "mse": _measured_json(o.mse),
        "bias": _measured_json(o.bias),
        "sampling_mse": o.sampling_mse,
        "ratio": _measured_json(o.ratio),
        "seconds": point.seconds,
    }


def _measured_json(measured: Measured | None) -> Json | None:
    return None if measured is None else dict(vars(measured))
