"""A race's results as a table for programs (CSV) and a page for people (Markdown)."""

from __future__ import annotations

import csv
from io import StringIO
from math import sqrt

from algzoo_exact.exact.shares import decimals
from algzoo_exact.race.run import Race, RacePoint
from algzoo_exact.race.statistics import Measured

_MEASURED = ("mse", "bias", "ratio")
_PARTS = ("value", "low", "high", "wide_low", "wide_high")
COLUMNS = (
    "estimator",
    "kind",
    "learned_constants",
    "budget",
    "flops",
    "seeds",
    "variants",
    "sampling_mse",
    *(name if part == "value" else f"{name}_{part}" for name in _MEASURED for part in _PARTS),
)


def to_csv(race: Race) -> str:
    """One row for each point; empty where operations are not counted. Times are left out, so that
    the same race gives the same file."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for point in race.points:
        o = point.outcome
        row = [point.estimator, point.kind, str(len(point.learned))]
        row += [_number(point.budget), _number(o.flops)]
        row += [str(point.seeds), str(race.variants), _number(o.sampling_mse)]
        for measured in (o.mse, o.bias, o.ratio):
            row += [_number(getattr(measured, part, None)) for part in _PARTS]
        writer.writerow(row)
    return text.getvalue()


def to_markdown(race: Race) -> str:
    """The conditions, a table with an interval at each figure, and who did not run."""
    share = " of each matrix's root mean square" if race.relative else ""
    last = race.noise_seed + race.variants - 1
    truth = f"their truth is from {race.truth_method}"
    if race.truth_error:
        truth += (
            f" each, with a root mean squared error of {race.truth_error:.2g}, subtracted below"
        )
    lines = [
        f"# Estimators on {race.model}",
        "",
        f"{race.variants} variants with Gaussian noise of standard deviation {race.noise:g}{share} "
        f"(noise seeds {race.noise_seed} to {last}) of the model with SHA-256 {race.sha256[:12]}, "
        f"on {race.task.name} with {race.task.seq_len} inputs; their mean accuracy is "
        f"{decimals(race.accuracy, 4)}; {truth}.",
        "",
        f"The yardstick: k random samples have the mean squared error p(1 - p)/k, and each costs "
        f"{race.sample_cost:,} FLOPs. The ratio is an estimator's mean squared error over that of "
        "sampling at the same FLOPs; below 1 beats sampling. Brackets are 95% intervals: the "
        "first for these variants (seeds are the unit, or variants where there are no seeds), the "
        "second for variants like these.",
        "",
        *_markdown_table(table_rows(race)),
        "",
    ]
    if learned := learned_lines(race):
        lines += ["Learned offline, not charged:", "", *(f"- {line}" for line in learned), ""]
    if race.left_out:
        lines += ["Not in the table:", ""]
        lines += [f"- {name}: {reason}" for name, reason in race.left_out.items()] + [""]
    if any(point.outcome.flops is None for point in race.points):
        lines += [
            "Without FLOPs: these entries' operations can't be attributed, so they have no ratio "
            "and no place in the plot.",
            "",
        ]
    return "\n".join(lines)


def table_rows(race: Race) -> list[tuple[str, ...]]:
    """The table as texts, its heading first."""
    heading = ("estimator", "kind", "FLOPs", "seeds", "RMS error", "bias", "ratio")
    return [(*heading, "for such variants"), *map(_row, race.points)]


def kind_of(point: RacePoint) -> str:
    """The kind, and how many learned constants are in the entry if there are any."""
    count = len(point.learned)
    return f"{point.kind}, {count} learned constant{'s'[: count != 1]}" if count else point.kind


def learned_lines(race: Race) -> list[str]:
    """A line for each constant in the race's entries that was fitted to other models."""
    learned = {point.estimator: point.learned for point in race.points}
    return [
        f"{name}: {constant.name}, {constant.value:g}, from {constant.source}, for "
        f"{_short(constant.flops)} FLOPs, once"
        for name, constants in learned.items()
        for constant in constants
    ]


def _markdown_table(rows: list[tuple[str, ...]]) -> list[str]:
    rows = [rows[0], ("---",) * len(rows[0]), *rows[1:]]
    return [f"| {' | '.join(row)} |" for row in rows]


def _row(point: RacePoint) -> tuple[str, ...]:
    o = point.outcome
    ratio, wide = "", ""
    if o.ratio is not None:
        ratio = f"{_short(max(o.ratio.value, 0.0))} {_bracket(o.ratio.low, o.ratio.high)}"
        wide = _bracket(o.ratio.wide_low, o.ratio.wide_high)
    return (
        point.estimator,
        kind_of(point),
        "" if o.flops is None else _short(o.flops),
        str(point.seeds or ""),
        _root(o.mse),
        f"{_short(o.bias.value)} {_bracket(o.bias.low, o.bias.high)}",
        ratio,
        wide,
    )


def _root(mse: Measured) -> str:
    return f"{_short(sqrt(max(mse.value, 0.0)))} {_bracket(sqrt(mse.low), sqrt(mse.high))}"


def _bracket(low: float, high: float) -> str:
    return f"[{_short(low)}, {_short(high)}]"


def _short(value: float) -> str:
    plain = value == 0 or 1e-3 <= abs(value) < 1e4
    return f"{value:.3g}" if plain else f"{value:.2e}"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.9g}"
