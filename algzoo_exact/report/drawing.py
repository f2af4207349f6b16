"""What both kinds of pictures share: colours, fills, arcs and the ring of labels."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, pi
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from algzoo_exact.regions.enumerate import Cell

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Point = tuple[float, float]

# Okabe and Ito's palette (2008), told apart with any colour vision.
STRONG = ("#0072B2", "#E69F00", "#009E73")
TIE = "#999999"
INK = "#222222"
ERROR = "#A30000"
AXIS = "#777777"
PALE = 0.62  # share of white in the colour of right answers
STEP = pi / 180  # longest straight piece of an arc
STYLES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)))
"""Lines of walls by the step of their neurons: 0, 1, 2."""


def fill(axes: Axes, outline: Any, cell: Cell) -> None:
    from matplotlib.patches import Polygon

    right = cell.credit > 0
    colour = colour_of(cell.winners)
    face = mixed(colour, PALE) if right else colour
    axes.add_patch(
        Polygon(
            outline, facecolor=face, edgecolor=face if right else "#FFFFFF", lw=0.4 if right else 0,
            hatch=None if right else "////", zorder=1 if right else 2,
        )
    )  # fmt: skip
    if not right:  # an outline, so that a wedge thinner than a pixel still shows
        axes.add_patch(Polygon(outline, fill=False, edgecolor=colour, lw=0.9, zorder=2))


def colour_of(winners: frozenset[int]) -> str:
    return STRONG[next(iter(winners))] if len(winners) == 1 else TIE


def mixed(colour: str, white: float) -> str:
    from matplotlib.colors import to_hex, to_rgb

    red, green, blue = ((1 - white) * c + white for c in to_rgb(colour))
    return to_hex((red, green, blue))


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
    axes.add_patch(Polygon(outline, facecolor=STRONG[label], edgecolor=STRONG[label], lw=0.4))


def finish(axes: Axes, reach: float) -> None:
    axes.set_xlim(-reach, reach)
    axes.set_ylim(-reach, reach)
    axes.set_aspect("equal")
    axes.set_axis_off()
