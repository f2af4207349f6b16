"""The picture for three inputs: the sphere of directions as two equal-area hemispheres.

Lambert's azimuthal projection (1772) around the axis (1, 1, 1): areas are probabilities. Walls
between labels contain that axis, so they are diameters. The second hemisphere is drawn as seen
through the first, so that both show a label at the same place.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import asin, atan2, ceil, dist, hypot
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.geometry.cone import Cone, IntVector
from algzoo_exact.present.pictures import drawing as look
from algzoo_exact.program.task import Task
from algzoo_exact.regions.enumerate import Cell, Region, Wall
from algzoo_exact.regions.starts import NO_LABEL, covering_cones

if TYPE_CHECKING:
    from matplotlib.axes import Axes

INPUTS = ("x[0]", "x[1]", "x[2]")
_MANY = 400  # cells, beyond which their walls are drawn fine
_BASIS = np.array([[-1, 1, 0], [-1, -1, 2], [1, 1, 1]]) / np.sqrt([[2], [6], [3]])
"""Rows: right, up, and the axis (1, 1, 1): x[2] grows upwards."""


def draw_hemisphere(
    axes: Axes, found: list[Cell], task: Task, sign: int, names: Sequence[str]
) -> None:
    half = (sign, sign, sign)
    canvas = look.Canvas()
    for cell in found:
        part = _half_of(cell, sign)
        if part is not None:
            outline = _outline(part)
            canvas.fill(_project(_path([*outline, outline[0]]), sign), cell)
    _add_walls(canvas, found, sign)
    canvas.draw(axes)
    for start in covering_cones(task):
        cone = start.cone.split(half, max(start.cone.walls) + 1)[1]
        rim = [] if cone is None else [_azimuth(ray) for ray in cone.rays if sum(ray) == 0]
        if len(rim) == 2:
            look.ring(axes, look.turn_short(*rim), start.label)
    look.finish(axes, 1.22)
    title_of_half(axes, sign, names)
    axes_of_inputs(axes, names)


def title_of_half(axes: Axes, sign: int, names: Sequence[str] = INPUTS) -> None:
    """Which half of the sphere it is."""
    plain = [look.typeset(name.split(" = ")[0]) for name in names]
    axes.set_title(
        f"{' + '.join(plain)} {'>' if sign > 0 else '<'} 0"
        + ("" if sign > 0 else "  (seen through the sphere)"),
        fontsize=11, y=-0.03,
    )  # fmt: skip


def axes_of_inputs(axes: Axes, names: Sequence[str] = INPUTS) -> None:
    """Arrows to where each input grows."""
    for k in range(3):
        x, y = _BASIS[:2, k] / np.hypot(*_BASIS[:2, k])  # where x[k] grows
        axes.annotate(
            "", (1.17 * x, 1.17 * y), (1.085 * x, 1.085 * y),
            arrowprops={"arrowstyle": "-|>", "color": look.AXIS, "lw": 1},
        )  # fmt: skip
        name = look.typeset(names[k])
        axes.text(1.21 * x, 1.21 * y, name, ha="center", va="center", color=look.AXIS)


def _half_of(region: Region, sign: int) -> Cone | None:
    """What of it lies on a half of the sphere; the cut is its last wall."""
    return region.cone.split((sign, sign, sign), max(region.cone.walls) + 1)[1]


def _add_walls(canvas: look.Canvas, found: Sequence[Region], sign: int) -> None:
    """Lines of the facets of regions or cells; a line is drawn once."""
    last, many = look.last_step(found), len(found) > _MANY
    drawn: set[tuple[look.Line, frozenset[IntVector]]] = set()
    for region in found:
        part = _half_of(region, sign)
        if part is None:
            continue
        for walls, facet in zip(region.walls, _facets(part, region.cone.walls), strict=True):
            for line in _lines(walls, region, last, many):
                key = line, frozenset(facet)
                if len(facet) == 2 and key not in drawn:
                    drawn.add(key)
                    canvas.line(_project(_path(facet), sign), line)


def draw_walls(axes: Axes, found: Sequence[Region], sign: int) -> None:
    """The walls of regions alone."""
    canvas = look.Canvas()
    _add_walls(canvas, found, sign)
    canvas.draw(axes)


def _outline(cone: Cone) -> list[IntVector]:
    """The rays of a cone in R^3, one after the other around it."""
    sides = [facet for facet in _facets(cone, cone.irredundant().walls) if len(facet) == 2]
    outline = list(sides.pop())
    while sides:
        side = next(s for s in sides if outline[-1] in s)
        sides.remove(side)
        outline.append(side[0] if side[1] == outline[-1] else side[1])
    return outline[:-1]


def _facets(cone: Cone, walls: Sequence[int]) -> list[list[IntVector]]:
    """The rays on each of the walls."""
    return [
        [ray for ray, tight in zip(cone.rays, cone.tight, strict=True) if tight >> wall & 1]
        for wall in walls
    ]


_Vector = tuple[float, float, float]


def _unit(ray: IntVector) -> _Vector:
    size = max(map(abs, ray))
    x, y, z = (c / size for c in ray)
    length = hypot(x, y, z)
    return x / length, y / length, z / length


def _path(rays: Sequence[IntVector]) -> look.Floats:
    """Unit vectors (m, 3) along great circles from each ray to the next, ends included.

    In plain Python: most pieces are a degree long or less, and have no points between their ends.
    """
    points = [_unit(rays[0])]
    for a, b in pairwise(map(_unit, rays)):
        pieces = ceil(2 * asin(min(1.0, dist(a, b) / 2)) / look.STEP)
        for k in range(1, pieces):
            x, y, z = (((pieces - k) * s + k * e) / pieces for s, e in zip(a, b, strict=True))
            length = hypot(x, y, z)
            points.append((x / length, y / length, z / length))
        points.append(b)
    return np.array(points)


def _project(points: look.Floats, sign: int) -> look.Floats:
    """Lambert's equal-area projection of unit vectors (m, 3), the equator at radius 1.

    At the angle s from the axis its radius is sqrt(2) sin(s / 2) = sin(s) / sqrt(1 + cos(s)).
    """
    along = points @ _BASIS.T
    scale = 1 / np.sqrt(1 + np.maximum(0.0, sign * along[:, 2]))
    return np.asarray(along[:, :2] * scale[:, None])


def from_disc(points: look.Floats, sign: int) -> look.Floats:
    """The unit vectors (m, 3) that ``_project`` sends to points (m, 2) of the disc: at the radius r
    the height is 1 - r^2. Points outside go somewhere."""
    square = np.minimum(1, (points**2).sum(axis=1))
    along = np.column_stack([points * np.sqrt(2 - square)[:, None], sign * (1 - square)])
    return np.asarray(along @ _BASIS)


def _azimuth(ray: IntVector) -> float:
    right, up, _ = _BASIS @ np.array(_unit(ray))
    return atan2(up, right)


def _lines(walls: Sequence[Wall], region: Region, last: int, many: bool) -> list[look.Line]:
    """How to draw a facet: labels bold, neurons thin, and the borders of errors."""
    found: list[look.Line] = []
    steps = [wall.neuron[0] for wall in walls if wall.neuron is not None]
    kinds = {wall.kind for wall in walls}
    if steps:
        width = 0.25 if many else 0.7
        found.append(look.Line(look.INK, width, 3, look.dashes(max(steps), last)))
    wrong = isinstance(region, Cell) and region.credit == 0 and region.label != NO_LABEL
    if wrong and "tie" in kinds:
        found.append(look.Line(look.ERROR, 0.9, 4))
    if "label" in kinds:
        found.append(look.Line(look.BLACK, 1.6, 3.5))
    return found
