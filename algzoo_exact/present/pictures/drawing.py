"""What both kinds of pictures share: colours, fills, arcs and the ring of labels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from math import ceil, pi
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.regions.enumerate import Cell, Region
from algzoo_exact.regions.starts import NO_LABEL

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.path import Path

Floats = NDArray[np.float64]
Point = tuple[float, float]

# Okabe and Ito's palette (2008), told apart with any colour vision, then colours of Tol's (2021).
STRONG = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#332288", "#999933",
    "#882255", "#8C564B",
)  # fmt: skip
TIE = "#999999"
BLACK = "#000000"
INK = "#222222"
ERROR = "#A30000"
AXIS = "#666666"
NOTE = "#555555"
PAPER = "#FFFFFF"
PALE = 0.62  # share of white in the colour of right answers
STEP = pi / 60  # longest straight piece of an arc: it is off by 0.0004 of the radius
STYLES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)))
"""Lines of walls by the step of their neurons: 0, 1, 2. Of more steps, all are alike."""

Look = Literal["right", "wrong", "unlabelled"]


@dataclass(frozen=True)
class Line:
    """How a line is drawn; ``dashes`` as matplotlib's ``linestyle``."""

    colour: str
    width: float
    height: float
    """What is higher is drawn later."""
    dashes: Any = "-"


@dataclass(frozen=True)
class Canvas:
    """Cells and lines by their look, drawn as one path each: one artist for each cell takes 20
    times as long."""

    cells: dict[tuple[str, Look], list[Floats]] = field(default_factory=dict)
    lines: dict[Line, list[Floats]] = field(default_factory=dict)

    def fill(self, outline: Floats, cell: Cell) -> None:
        """A cell by its closed outline (m, 2)."""
        if cell.label == NO_LABEL:
            self.cells.setdefault((TIE, "unlabelled"), []).append(outline)
            return
        look: Look = "right" if cell.credit > 0 else "wrong"
        self.cells.setdefault((colour_of(cell.winners), look), []).append(outline)

    def line(self, points: Floats, line: Line) -> None:
        """A line along points (m, 2)."""
        self.lines.setdefault(line, []).append(points)

    def draw(self, axes: Axes) -> None:
        from matplotlib.patches import PathPatch

        for (colour, look), outlines in self.cells.items():
            shape, style = _joined(outlines), style_of(colour, look)
            axes.add_artist(PathPatch(shape, zorder=2 if look == "wrong" else 1, **style))
            if look == "wrong":  # an outline, so that a wedge thinner than a pixel still shows
                axes.add_artist(PathPatch(shape, fill=False, edgecolor=colour, lw=0.9, zorder=2))
        for line, pieces in self.lines.items():
            axes.add_artist(
                PathPatch(
                    _joined(pieces), fill=False, edgecolor=line.colour, lw=line.width,
                    ls=line.dashes, zorder=line.height, capstyle="butt",
                )
            )  # fmt: skip


def _joined(pieces: Sequence[Floats]) -> Path:
    """One path of many, each of points (m, 2)."""
    from matplotlib.path import Path

    codes = np.full(sum(map(len, pieces)), Path.LINETO, Path.code_type)
    at = 0
    for points in pieces:
        codes[at] = Path.MOVETO
        at += len(points)
    return Path(np.concatenate(pieces), codes)


def roles() -> dict[str, str]:
    """All colours by what they are for: a page in a dark scheme shows others in their place."""
    found = {BLACK: "black", INK: "ink", ERROR: "error", AXIS: "axis", NOTE: "note"}
    found |= {PAPER: "paper", TIE: "tie", mixed(TIE, PALE): "pale-tie"}
    for k, colour in enumerate(STRONG):
        found |= {colour: f"answer-{k}", mixed(colour, PALE): f"pale-{k}"}
    return {colour.lower(): name for colour, name in found.items()}


def style_of(colour: str, look: Look) -> dict[str, Any]:
    """A fill: pale where right, hatched where wrong, dotted where nothing is either."""
    if look == "right":
        face = mixed(colour, PALE)
        return {"facecolor": face, "edgecolor": face, "lw": 0.4}
    if look == "wrong":
        return {"facecolor": colour, "edgecolor": PAPER, "lw": 0, "hatch": "////"}
    return {"facecolor": PAPER, "edgecolor": colour, "lw": 0, "hatch": "...."}


def colour(answer: int) -> str:
    return STRONG[answer % len(STRONG)] if answer != NO_LABEL else PAPER


def colour_of(winners: frozenset[int]) -> str:
    return colour(next(iter(winners))) if len(winners) == 1 else TIE


def steps(found: Sequence[Region]) -> list[int]:
    """The steps whose neurons have walls here."""
    walls = chain.from_iterable(chain.from_iterable(cell.walls for cell in found))
    return sorted({wall.neuron[0] for wall in walls if wall.neuron})


def last_step(found: Sequence[Region]) -> int:
    return max(steps(found), default=0)


def dashes(step: int, last: int) -> Any:
    """How to draw the walls of a step, where there are so many steps."""
    return STYLES[step] if last < len(STYLES) else "-"


def typeset(name: str) -> str:
    """``x[0] = 2 y[1]`` as matplotlib sets it."""
    return re.sub(r"([xy])\[(\d+)\]", r"$\1_{\2}$", name)


def mixed(colour: str, white: float) -> str:
    """A colour with a share of white."""
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round((1 - white) * part + white * 255):02x}" for part in parts)


def turn(low: float, high: float) -> Floats:
    """Angles from low counterclockwise to high."""
    if high <= low:
        high += 2 * pi
    return np.linspace(low, high, max(2, ceil((high - low) / STEP) + 1))


def turn_short(a: float, b: float) -> Floats:
    """The shorter way around between two angles."""
    return turn(a, b) if (b - a) % (2 * pi) < pi else turn(b, a)


def polar(radius: float, angles: Sequence[float] | Floats) -> list[tuple[float, float]]:
    return [(radius * float(np.cos(a)), radius * float(np.sin(a))) for a in angles]


def ring(axes: Axes, angles: Floats, label: int) -> None:
    """A piece of the outer ring, in the colour of the true label."""
    from matplotlib.patches import Polygon

    outline = [*polar(1.025, angles), *polar(1.075, angles[::-1])]
    edge = TIE if label == NO_LABEL else colour(label)
    axes.add_patch(Polygon(outline, facecolor=colour(label), edgecolor=edge, lw=0.4))


LINE = 0.26  # inches


def titled_figure(inputs: int, title: str, *below: str) -> Figure:
    """A figure for a circle or two hemispheres, with a title and lines below it."""
    from matplotlib.figure import Figure

    size = (8, 8.4) if inputs == 2 else (9.6, 6.3)
    figure = Figure(figsize=size)
    at = 1 - 0.2 / size[1]
    figure.text(0.5, at, title, ha="center", va="top", fontsize=14)
    for k, text in enumerate(below):
        y = at - (0.32 + LINE * k) / size[1]
        figure.text(0.5, y, text, ha="center", va="top", fontsize=10, color=NOTE)
    return figure


def finish(axes: Axes, reach: float) -> None:
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_axis_off()
