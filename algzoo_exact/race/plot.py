"""A race as a picture: mean squared error against FLOPs, with the line of random sampling."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from algzoo_exact.errors import InputError
from algzoo_exact.exact.shares import decimals
from algzoo_exact.plotting import check_plot, write_plot
from algzoo_exact.race.run import Race, RacePoint
from algzoo_exact.race.summary import kind_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Okabe and Ito's palette (2008), told apart with any colour vision, without its yellow.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7A5C28")
_MARKERS = {"deductive": "s", "cubature": "o", "sampled": "x"}
_LINES = {"deductive": "--", "cubature": "-", "sampled": ":"}
_ROOM = 2.0  # the axes go on by this factor beyond the outermost points
_APART = 1.02  # entries at the same FLOPs are drawn this factor apart, so that bars stay visible


def plot_race(race: Race, path: str | Path) -> None:
    """Draw a race: .svg, .png or .pdf, by the file's suffix. Both axes are logarithmic.

    Bars are the 95% intervals for the race's variants; one that reaches down to 0 ends at the lower
    edge. Entries whose operations are not counted are left out. The same race gives the same svg
    file, byte for byte. InputError for other suffixes, folders that cannot be written to, and
    races without a point that could be drawn.
    """
    check_plot(Path(path))
    lines: dict[str, list[RacePoint]] = {}
    for point in race.points:
        if point.outcome.flops is not None and point.outcome.mse.high > 0:
            lines.setdefault(point.estimator, []).append(point)
    if not lines:
        raise InputError("No entry of this race has a point with counted operations.")
    write_plot(partial(_figure, race, lines), path)


def _figure(race: Race, lines: dict[str, list[RacePoint]]) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 6.2), layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, race, lines)
    share = " (relative)" if race.relative else ""
    axes.set_title(
        f"{race.model}, noise {race.noise:g}{share}\n"
        f"{race.variants} variants of mean accuracy {decimals(race.accuracy, 4)}",
        fontsize=11,
    )
    figure.legend(loc="outside right upper", frameon=False, fontsize=9)
    return figure


def _draw(axes: Axes, race: Race, lines: dict[str, list[RacePoint]]) -> None:
    drawn = [point.outcome for points in lines.values() for point in points]
    flops = [o.flops for o in drawn if o.flops is not None]
    left, right = min(flops) / _ROOM, max(flops) * _ROOM
    line = [race.sampling_variance * race.sample_cost / flop for flop in (left, right)]
    heights = [v for o in drawn for v in (o.mse.value, o.mse.low, o.mse.high) if v > 0]
    bottom, top = min(*heights, *line) / _ROOM, max(*heights, *line) * _ROOM
    axes.set(
        xscale="log", yscale="log", xlim=(left, right), ylim=(bottom, top),
        xlabel="FLOPs for one estimate", ylabel="mean squared error",
    )  # fmt: skip
    axes.grid(True, which="major", color="#DDDDDD", lw=0.6)
    axes.plot((left, right), line, color="#222222", lw=1.4, label="sampling, p(1 - p)/k")
    drawn_of = dict.fromkeys(_MARKERS, 0)  # a colour may come again with another kind's marker
    for number, (name, points) in enumerate(lines.items()):
        kind = points[0].kind
        colour = _COLOURS[drawn_of[kind] % len(_COLOURS)]
        drawn_of[kind] += 1
        gap = "\n" if points[0].learned else " "
        shift = _APART ** (number - len(lines) / 2)
        x = [shift * (point.outcome.flops or 0.0) for point in points]
        mse = [point.outcome.mse for point in points]
        y = [max(m.value, bottom) for m in mse]
        bars = (
            [v - max(m.low, bottom) for v, m in zip(y, mse, strict=True)],
            [m.high - v for v, m in zip(y, mse, strict=True)],
        )
        axes.errorbar(
            x, y, yerr=bars, label=f"{name}{gap}({kind_of(points[0])})", color=colour,
            marker=_MARKERS[kind], ls=_LINES[kind], ms=4.5, lw=1.2, elinewidth=1, capsize=2,
        )  # fmt: skip
