"""Scores over training as pictures: one of a size, and small ones of all sizes of a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest
from math import log2, nan
from typing import TYPE_CHECKING

from algzoo_exact.atlas.table import OfSize
from algzoo_exact.present.pictures.drawing import AXIS, INK, NOTE, STRONG, TIE
from algzoo_exact.present.pictures.picture import Drawing
from algzoo_exact.tables import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_WIDE = 1e-3  # bounds that a picture shows as a bar
_SMALL = (1.25, 0.95)  # inches of a small picture
_COLUMNS = 5  # at least, so that small pictures are small where there are few


@dataclass(frozen=True)
class Point:
    """A score after so many sequences, on an axis of their logarithms; ``value`` is no number where
    neither narrow bounds nor a sample tell one."""

    x: float
    low: float
    high: float
    value: float

    @property
    def wide(self) -> bool:
        return self.high - self.low >= _WIDE


def curve_of(size: OfSize) -> Drawing:
    """The scores of a size over training, by seed: as they are, and how far they are from the best
    possible on a logarithmic scale."""
    title = f"{size.name}: {_score(size)} over training"

    def draw() -> Figure:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogFormatter

        figure = Figure(figsize=(10, 4.6), layout="constrained")
        figure.suptitle(title, fontsize=13)
        plain, logarithmic = figure.subplots(1, 2)
        lines = _lines(size)
        for seed, points in lines.items():
            losses = [loss for point in points if (loss := _loss(size, point)) is not None]
            _draw_seed(plain, points, _colour(seed))
            _draw_seed(logarithmic, losses, _colour(seed))
        if size.published is not None:
            plain.axhline(size.published.score, color=NOTE, lw=1, ls=(0, (4, 2)))
        plain.set_ylabel(_score(size))
        label = _score(size) if size.is_error else f"1 - {_score(size)}"
        logarithmic.set(ylabel=f"{label}, logarithmic", yscale="log")
        logarithmic.yaxis.set_major_formatter(LogFormatter())
        logarithmic.yaxis.set_minor_formatter(LogFormatter(minor_thresholds=(1, 0.4)))
        for axes in (plain, logarithmic):
            _ticks(axes, size)
            axes.set_xlabel("training sequences")
            axes.grid(True, which="major", color=TIE, alpha=0.3, lw=0.6)
        _legend(figure, size, lines)
        return figure

    return Drawing(draw, title)


def plate_of(sizes: Sequence[OfSize]) -> Drawing:
    """Small pictures of all sizes of a task: neurons downwards, inputs to the right."""
    task = sizes[0].size[0]
    title = f"{task}: {_score(sizes[0])} over training"
    hidden = sorted({size.size[1] for size in sizes})
    inputs = sorted({size.size[2] for size in sizes})

    def draw() -> Figure:
        from matplotlib.figure import Figure

        columns = max(_COLUMNS, len(inputs))
        width, height = columns * _SMALL[0] + 1, len(hidden) * _SMALL[1] + 1
        figure = Figure(figsize=(width, height))
        grid = figure.subplots(
            len(hidden), columns, sharex=True, sharey=True, squeeze=False,
            gridspec_kw={"left": 0.85 / width, "right": 1 - 0.15 / width, "top": 1 - 0.45 / height,
                         "bottom": 0.5 / height, "wspace": 0.08, "hspace": 0.12},
        )  # fmt: skip
        there = {size.size[1:]: size for size in sizes}
        for row, d in zip(grid, hidden, strict=True):
            labelled = False
            for axes, n in zip_longest(row, inputs):
                size = there.get((d, n))
                _small(axes, size)
                axes.tick_params(labelleft=size is not None and not labelled)
                labelled |= size is not None
            row[0].set_ylabel(f"{d} neurons", fontsize=8)
        for axes, n in zip(grid[0], inputs, strict=False):
            axes.set_title(f"{n} inputs", fontsize=8)
        if not sizes[0].is_error:
            grid[0][0].set_ylim(-0.04, 1.04)
        figure.text(
            0.85 / width, 0.15 / height, "to the right: training sequences, logarithmic",
            fontsize=8, color=NOTE,
        )  # fmt: skip
        return figure

    return Drawing(draw, title)


def _small(axes: Axes, size: OfSize | None) -> None:
    """Nothing where there is no such size, but a place."""
    axes.tick_params(labelsize=7, bottom=False, labelbottom=False, length=2, left=size is not None)
    axes.spines[:].set_visible(size is not None)
    for seed, points in _lines(size).items() if size is not None else ():
        _draw_seed(axes, points, _colour(seed), small=True)


def _score(size: OfSize) -> str:
    return "root mean squared error" if size.is_error else "accuracy"


def _colour(seed: int | None) -> str:
    return INK if seed is None else STRONG[seed % len(STRONG)]


def _start(size: OfSize) -> float:
    """Where untrained models stand: left of the others."""
    trained = [row["sequences"] for row in size.rows if row["sequences"]]
    return log2(min(trained)) - 1.5 if trained else 0.0


def _lines(size: OfSize) -> dict[int | None, list[Point]]:
    """Points by seed, in the order of training; a model of unknown length of training is like an
    untrained one."""
    start = _start(size)
    lines: dict[int | None, list[Point]] = {}
    for row in size.scored:
        lines.setdefault(row["seed"], []).append(_point(row, start))
    return {seed: sorted(points, key=lambda p: p.x) for seed, points in lines.items()}


def _point(row: Row, start: float) -> Point:
    low, high = float(row["score_lower"]), float(row["score_upper"])
    x = log2(row["sequences"]) if row["sequences"] else start
    value = row["sampled"] if high - low >= _WIDE else (low + high) / 2
    return Point(x, low, high, nan if value is None else value)


def _loss(size: OfSize, point: Point) -> Point | None:
    """How far from the best possible, where that is more than 0 at all."""
    if not size.is_error:
        low, high = 1 - point.high, 1 - point.low
        point = replace(point, low=low, high=high, value=1 - point.value)
    return point if point.high > 0 and not point.value <= 0 else None


def _draw_seed(axes: Axes, points: Sequence[Point], colour: str, *, small: bool = False) -> None:
    """A line through what is known, filled dots where it is exact, crosses where it is sampled, and
    bars of wide bounds."""
    size = 1.6 if small else 4.5
    axes.plot([p.x for p in points], [p.value for p in points], color=colour, lw=size / 4)
    wide = [point for point in points if point.wide]
    for marker, some in (("o", [point for point in points if not point.wide]), ("x", wide)):
        axes.plot([p.x for p in some], [p.value for p in some], marker, color=colour, ms=size)
    axes.vlines(
        [p.x for p in wide], [p.low for p in wide], [p.high for p in wide], color=colour, alpha=0.3,
        lw=0.7 * size,
    )  # fmt: skip


def _ticks(axes: Axes, size: OfSize) -> None:
    """Powers of two, and 0 left of them."""
    trained = sorted({row["sequences"] for row in size.scored if row["sequences"]})
    every = max(1, len(trained) // 5)
    places = [(log2(count), _power(count)) for count in trained[::-every]]
    if any(not row["sequences"] for row in size.scored):
        unknown = all(row["sequences"] is None for row in size.scored)
        places.append((_start(size), "?" if unknown else "0"))
    axes.set_xticks([x for x, _ in places], [text for _, text in places])


def _power(count: int) -> str:
    exponent = count.bit_length() - 1
    raised = str(exponent).translate(_RAISED)
    return f"2{raised}" if count == 1 << exponent else f"{count:,}"


def _legend(figure: Figure, size: OfSize, lines: Mapping[int | None, Sequence[Point]]) -> None:
    from matplotlib.lines import Line2D

    seeds = [seed for seed in lines if seed is not None]
    entries = [
        Line2D([], [], color=_colour(seed), marker="o", ms=4.5, lw=1, label=f"seed {seed}")
        for seed in seeds
    ]
    if any(point.wide for points in lines.values() for point in points):
        entries.append(Line2D([], [], color=AXIS, alpha=0.3, lw=3, label="certified bounds"))
        entries.append(Line2D([], [], color=AXIS, marker="x", ms=4.5, lw=0, label="sampled"))
    if size.published is not None:
        text = "AlgZoo states, of its best seed"
        entries.append(Line2D([], [], color=NOTE, lw=1, ls=(0, (4, 2)), label=text))
    figure.legend(handles=entries, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
