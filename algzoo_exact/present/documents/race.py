"""What ``compare`` says: a race of estimators, as a table with an interval at each figure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from algzoo_exact.exact.shares import decimals
from algzoo_exact.present import document as d
from algzoo_exact.present.wording import task_text
from algzoo_exact.present.writers.data import attributes
from algzoo_exact.race.run import Race, RacePoint
from algzoo_exact.race.statistics import Measured
from algzoo_exact.race.summary import learned_lines, table_rows


def race_document(race: Race, files: Sequence[str] = (), title: str = "") -> d.Document:
    """The conditions, the points, and who did not run; ``files`` are those that were written."""
    blocks = tuple(_blocks(race, files))
    return d.Document(title, "", (d.Section("", "", blocks),), "", data=_data(race, files))


def _blocks(race: Race, files: Sequence[str]) -> Iterator[d.Block]:
    yield _conditions(race)
    if race.points:
        heads, *rows = table_rows(race)
        yield d.table("", heads, rows)
    if learned := learned_lines(race):
        yield d.paragraph("Learned offline, not charged:")
        yield d.bullets(*learned)
    if race.left_out:
        yield d.paragraph("Not in the table:")
        yield d.bullets(*(f"{name}: {why}" for name, why in race.left_out.items()))
    yield d.paragraph(
        "The ratio is an estimator's mean squared error over that of sampling at the same FLOPs; "
        "below 1 beats sampling. Brackets are 95% intervals: the first for these variants (seeds "
        "are the unit, or variants where there are no seeds), the second for variants like these."
    )
    if any(point.outcome.flops is None for point in race.points):
        yield d.paragraph(
            "Without FLOPs: these entries' operations can't be attributed, so they have no ratio "
            "and no place in the plot."
        )
    if files:
        yield d.paragraph(f"Written: {', '.join(files)}")


def _conditions(race: Race) -> d.Facts:
    share = " of each matrix's root mean square" if race.relative else ""
    seeds = f"noise seeds {race.noise_seed} to {race.noise_seed + race.variants - 1}"
    truth = race.truth_method
    if race.truth_error:
        truth += (
            f" each, with a root mean squared error of {race.truth_error:.2g}, subtracted below"
        )
    noise = f"with Gaussian noise of standard deviation {race.noise:g}{share}"
    sampled = "k random samples have the mean squared error p (1 - p) / k"
    return d.facts(
        ("model", f"{race.model} (sha256 {race.sha256[:12]})"),
        ("task", f"{task_text(race.task, 'lowest')}; {race.task.seq_len} inputs"),
        ("variants", f"{race.variants}, {noise}, {seeds}"),
        ("accuracy", f"{decimals(race.accuracy, 4)} in the mean ({truth})"),
        ("yardstick", f"{sampled}, at {race.sample_cost:,} FLOPs each"),
    )


def _data(race: Race, files: Sequence[str]) -> dict[str, Any]:
    return {
        "model": {"name": race.model, "sha256": race.sha256},
        "task": race.task.name,
        "ties": "lowest",
        "noise": race.noise,
        "noise_relative": race.relative,
        **attributes(race, "noise_seed variants"),
        "mean_accuracy": race.accuracy,
        "truth": {"method": race.truth_method, "standard_error": race.truth_error},
        "sample_flops": race.sample_cost,
        "confidence": 0.95,
        "points": list(map(_point, race.points)),
        "left_out": dict(race.left_out),
        "files": files,
    }


def _point(point: RacePoint) -> dict[str, Any]:
    outcome = point.outcome
    return {
        **attributes(point, "estimator kind budget seeds seconds"),
        "learned": list(map(vars, point.learned)),
        **attributes(outcome, "flops sampling_mse"),
        **{name: _measured(getattr(outcome, name)) for name in ("mse", "bias", "ratio")},
    }


def _measured(measured: Measured | None) -> dict[str, float] | None:
    return None if measured is None else vars(measured)
