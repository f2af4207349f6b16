"""The picture for two inputs: wedges of a disc, whose angles are probabilities."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby
from math import atan2, cos, pi
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.present.pictures import drawing as look
from algzoo_exact.program.task import Task
from algzoo_exact.regions.enumerate import Cell
from algzoo_exact.regions.starts import NO_LABEL, covering_cones

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE = 0.062  # angle between notes around a circle
_MOST_NOTES = 48  # on walls, and on errors; more would not be read
_MOST_STEPS = 3  # whose neurons are named on one wall
_NARROW = 0.1  # wedges of errors below this many radians are also given as "1 in .."

_Note = tuple[float, str, str]
"""Angle, text, colour."""


def draw_circle(axes: Axes, found: list[Cell], task: Task, names: Sequence[str]) -> None:
    last = look.last_step(found)
    walls: dict[IntVector, set[tuple[int, int]]] = {}
    borders: dict[IntVector, str] = {}
    canvas = look.Canvas()
    centre = (0.0, 0.0)
    for cell in found:
        low, high = _wedge(cell.cone)
        angles = look.turn(angle(low), angle(high))
        canvas.fill(np.array([centre, *look.polar(1.0, angles), centre]), cell)
        for facet, inequality in zip(cell.walls, cell.cone.inequalities, strict=True):
            ray = next(r for r in (low, high) if r[0] * inequality[0] + r[1] * inequality[1] == 0)
            neurons = {wall.neuron for wall in facet if wall.neuron is not None}
            if neurons:
                walls.setdefault(ray, set()).update(neurons)
            for wall in facet:
                if wall.kind == "label":
                    borders[ray] = wall.name
    notes: list[_Note] = []
    for ray, neurons in walls.items():
        step = max(t for t, _ in neurons)
        rim = look.polar(1.0, [angle(ray)])
        canvas.line(np.array([centre, *rim]), look.Line(look.INK, 1, 3, look.dashes(step, last)))
        if len(walls) <= _MOST_NOTES:
            notes.append((angle(ray), _neurons(neurons), look.INK))
    for ray, text in borders.items():
        canvas.line(
            np.array([centre, *look.polar(1.075, [angle(ray)])]), look.Line(look.BLACK, 2, 3)
        )
        notes.append((angle(ray), look.typeset(in_words(text, names)), look.BLACK))
    canvas.draw(axes)
    for start in covering_cones(task):
        low, high = _wedge(start.cone)
        look.ring(axes, look.turn(angle(low), angle(high)), start.label)
    notes += [(k * pi / 2, look.typeset(name), look.AXIS) for k, name in enumerate(names)]
    errors = _error_notes(found)
    _annotate(axes, notes + errors * (len(errors) <= _MOST_NOTES))
    look.finish(axes, 1.62)
    canvas.magnify(axes, 1.62)


def _annotate(axes: Axes, notes: list[_Note]) -> None:
    """Write notes around the circle, along its rays and moved apart, each joined to its angle."""
    notes = sorted(notes)
    angles = _spread([at for at, _, _ in notes])
    for (at, text, colour), moved in zip(notes, angles, strict=True):
        style = "-|>" if colour == look.ERROR else "-"
        rim, end = look.polar(1.08, [at])[0], look.polar(1.19, [moved])[0]
        axes.annotate(
            "", rim, end,
            arrowprops={"arrowstyle": style, "color": colour, "lw": 0.8, "shrinkB": 0},
        )  # fmt: skip
        left = cos(moved) < 0
        axes.text(
            *look.polar(1.205, [moved])[0], text, color=colour, fontsize=9,
            rotation=moved * 180 / pi + 180 * left, rotation_mode="anchor",
            ha="right" if left else "left", va="center_baseline",
        )  # fmt: skip


def _spread(angles: list[float]) -> list[float]:
    """The sorted angles, pushed apart until lines of text fit between them."""
    moved = list(angles)
    pairs = [(i, (i + 1) % len(moved)) for i in range(len(moved))] if len(moved) > 1 else []
    for _ in range(1000):
        for i, k in pairs:
            lack = _LINE - (moved[k] - moved[i] + (2 * pi if k == 0 else 0))
            if lack > 0:
                moved[i] -= lack / 2
                moved[k] += lack / 2
    return moved


def _wedge(cone: Cone) -> tuple[IntVector, IntVector]:
    """The two rays of a plane cone, counterclockwise."""
    a, b = cone.rays
    return (a, b) if a[0] * b[1] - a[1] * b[0] > 0 else (b, a)


def angle(ray: IntVector) -> float:
    """Of a ray in the plane, from -pi to pi."""
    size = max(map(abs, ray))
    return atan2(ray[1] / size, ray[0] / size)


def _error_notes(found: list[Cell]) -> list[_Note]:
    """The angle of each wedge of errors, to be written beside it: many are too thin to be seen."""
    wrong = (cell for cell in found if cell.credit == 0 and cell.label != NO_LABEL)
    ends = dict(_wedge(cell.cone) for cell in wrong)
    notes = []
    for low in set(ends) - set(ends.values()):
        high, width = low, 0.0
        while high in ends:
            width += _between(high, ends[high])
            high = ends[high]
        text = f"error {width * 180 / pi:.3g}°"
        if width < _NARROW:
            text += f": 1 in {2 * pi / width:,.0f}"
        middle = angle(low) + width / 2
        notes.append((middle - 2 * pi if middle > pi else middle, text, look.ERROR))
    return notes


def _between(a: IntVector, b: IntVector) -> float:
    """The angle from a to b, from exact products: a thin wedge keeps all its digits."""
    cross, along = a[0] * b[1] - a[1] * b[0], a[0] * b[0] + a[1] * b[1]
    size = max(abs(cross), abs(along))
    return atan2(cross / size, along / size)


def _neurons(neurons: set[tuple[int, int]]) -> str:
    """``z[1][0,2,5-7]``: the neurons of each step together."""
    parts = []
    for step, group in groupby(sorted(neurons), lambda neuron: neuron[0]):
        # In a run, a number is as far ahead of its place as the others.
        places = enumerate(j for _, j in group)
        runs = [[j for _, j in run] for _, run in groupby(places, lambda at: at[1] - at[0])]
        spans = [f"{r[0]}-{r[-1]}" if len(r) > 2 else ",".join(map(str, r)) for r in runs]
        parts.append(f"z[{step}][{','.join(spans)}]")
    return "  ".join(parts) if len(parts) < _MOST_STEPS else f"{parts[0]} .."


def in_words(text: str, names: Sequence[str]) -> str:
    """A condition with the names of the inputs in place of x[0], x[1], .."""
    return re.sub(r"x\[(\d+)\]", lambda found: names[int(found[1])].split(" = ")[0], text)
