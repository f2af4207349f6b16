"""A race's results as tables: for programs (CSV), and in words."""

from __future__ import annotations

import csv
from io import StringIO
from math import sqrt

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
