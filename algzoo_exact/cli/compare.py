"""``algzoo-exact compare``: estimators against random sampling, error versus compute."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import typer

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, stopped
from algzoo_exact.cli.output import progress_bar

LOWEST, HIGHEST = 1.0, 1e15


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


@o.options
class Variants:
    """The noisy models on which the race is run."""

    noise: float = o.option(
        o.REQUIRED, "STD", "Standard deviation of the Gaussian noise on every weight."
    )
    noise_relative: bool = o.flag(
        "--noise-relative", "STD is a share of the root mean square of each weight matrix."
    )
    noise_seed: int = o.option(0, "N", "Noise seed of the first variant; others follow on.")
    variants: int = o.count(64, "How many noisy variants.")


@o.options
class Entries(o.Sharing):
    """Who takes part, and with what means."""

    budgets: Any = o.option(
        "1e4:1e9", "FLOPS", "FLOPs for one estimate: LOW:HIGH by factors of ten, or a list with "
        "commas.", parser=parse_budgets,
    )  # fmt: skip
    estimators: str = o.option(
        "all", "NAMES", "[bold]all[/bold], or names with commas, such as sampling,sobol-order."
    )
    seeds: int = o.count(30, "How often each seeded entry runs.")
    truth_samples: int = o.count(
        1 << 24, "Random inputs for each variant's true accuracy, where it is not computed."
    )
    out: Path | None = o.option(
        None, "FOLDER", "Keep answers here and write results.csv, summary.md, plot.svg and "
        "plot.png. The same command goes on where it was stopped.", "-o", "--out",
    )  # fmt: skip


def compare(noise: Variants, subject: o.Subject, entries: Entries) -> Said:
    """Race estimators of the accuracy against random sampling, on noisy variants of a model.

    Each entry estimates each variant's accuracy within a budget of FLOPs, counted operation by
    operation, and is judged by its mean squared error. The ratio compares it with random sampling
    at the same FLOPs: below 1 beats sampling. Every figure has a 95% interval.

    Examples:
    algzoo-exact compare 2nd_argmax_4_3 --noise 0.05 --budgets 1e4:1e7 --out race/
    algzoo-exact compare 2nd_argmax_16_10 --noise 0.0085 --noise-relative --variants 32 --workers 2
        --out race/
    algzoo-exact compare 2nd_argmax_4_4 --noise 0.02 --budgets 71000,2e6
        --estimators sampling,sobol-order --json
    """
    from algzoo_exact.present.documents.race import race_document

    loaded = subject.loaded()
    o.task_of(loaded)
    names = None
    if entries.estimators != "all":
        names = [name for name in re.split(r"[,\s]+", entries.estimators) if name]
    try:
        with progress_bar("racing") as advance, entries.shared(os.cpu_count() or 1) as workers:
            race = az.compare(
                loaded, noise.noise, relative=noise.noise_relative, noise_seed=noise.noise_seed,
                variants=noise.variants, budgets=entries.budgets, estimators=names,
                seeds=entries.seeds, truth_samples=entries.truth_samples, folder=entries.out,
                workers=workers, progress=advance,
            )  # fmt: skip
            files = _write(race, entries.out) if entries.out is not None else []
    except KeyboardInterrupt:
        if entries.out is None:
            raise
        raise stopped(
            f"interrupted; the same command goes on with what is in {entries.out}"
        ) from None
    return Said(race_document(race, files))


def _write(race: az.Race, folder: Path) -> list[str]:
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
