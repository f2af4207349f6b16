"""Pictures of models whose answer is a number: how far it is from the right one, by direction.

Model and median are both homogeneous, so their values on the unit circle or sphere tell all. What
is shown is computed in floats; the regions' walls are exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import pi
from typing import TYPE_CHECKING

import numpy as np

from algzoo_exact.explain.language.expression import Entry
from algzoo_exact.explain.prove.sampled_figures import Block, Floating
from algzoo_exact.present.pictures import drawing as look
from algzoo_exact.present.pictures.circle import angle
from algzoo_exact.present.pictures.sphere import (
    axes_of_inputs,
    draw_walls,
    from_disc,
    title_of_half,
)
from algzoo_exact.program.ir import Program
from algzoo_exact.program.task import Task
from algzoo_exact.regions.enumerate import Region

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_POINTS = 721  # on the circle
_PIXELS = 160  # across a disc


def draw_curves(figure: Figure, program: Program, task: Task, found: Sequence[Region]) -> None:
    """For two inputs: the model and the right value around the circle, and below, what is between
    them at a scale of its own."""
    turns = np.linspace(0, 2 * pi, _POINTS)
    points = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    said, right = _values(program, points), _right(points)
    degrees = turns * 180 / pi
    values, errors = (
        figure.add_axes((0.12, 0.48, 0.84, 0.4)),
        figure.add_axes((0.12, 0.1, 0.84, 0.3)),
    )
    for axes in (values, errors):
        for ray in {ray for region in found for ray in region.cone.rays}:
            at = angle(ray) * 180 / pi % 360
            axes.axvline(at, color=look.AXIS, lw=0.7, ls=(0, (5, 1.5)), zorder=1)
        axes.set_xlim(0, 360)
        axes.set_xticks(range(0, 361, 45))
    values.plot(degrees, right, color=look.BLACK, lw=3, label=task.name, zorder=3)
    values.plot(degrees, said, color=look.STRONG[1], lw=1.4, label="the model", zorder=4)
    values.set_ylabel("on the unit circle")
    values.legend(loc="upper right", frameon=False)
    errors.plot(degrees, said - right, color=look.STRONG[0], lw=1.4, zorder=4)
    errors.axhline(0, color=look.BLACK, lw=0.8, zorder=2)
    errors.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    errors.set_ylabel("the model's error")
    errors.set_xlabel("direction of $(x_0, x_1)$ in degrees")


def draw_errors(figure: Figure, program: Program, task: Task, found: Sequence[Region]) -> None:
    """For three inputs: the error on both hemispheres, the stronger the larger."""
    from matplotlib.patches import Circle, Patch

    side = np.linspace(-1, 1, _PIXELS)
    across, up = np.meshgrid(side, side)
    discs = np.stack([across.ravel(), up.ravel()], axis=1)
    inside = np.hypot(across, up) <= 1
    halves = [from_disc(discs, sign) for sign in (1, -1)]
    errors = [(_values(program, x) - _right(x)).reshape(across.shape) for x in halves]
    most = max(float(np.abs(error[inside]).max()) for error in errors) or 1.0
    above, below = look.STRONG[1], look.STRONG[0]
    for left, sign, error in zip((0.01, 0.505), (1, -1), errors, strict=True):
        axes = figure.add_axes((left, 0.12, 0.485, 0.75))
        image = np.zeros((*error.shape, 4))
        for colour, which in ((above, error > 0), (below, error < 0)):
            image[which, :3] = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        image[..., 3] = np.where(inside, np.abs(error) / most, 0)
        axes.imshow(image, extent=(-1, 1, -1, 1), origin="lower", interpolation="nearest")
        draw_walls(axes, found, sign)
        axes.add_artist(Circle((0, 0), 1, fill=False, edgecolor=look.AXIS, lw=0.8))
        look.finish(axes, 1.22)
        title_of_half(axes, sign)
        axes_of_inputs(axes)
    shades = [
        Patch(facecolor=above, label=f"above the {task.name}, at most by {most:.3g} on the sphere"),
        Patch(facecolor=below, label=f"below the {task.name}"),
    ]
    figure.legend(handles=shades, loc="lower center", ncols=2, frameon=False)


def _values(program: Program, points: look.Floats) -> look.Floats:
    """The program at points (m, n), in floats."""
    return Block(Floating(program), points.T).term(Entry("logit", (0,)))


def _right(points: look.Floats) -> look.Floats:
    return np.asarray(np.median(points, axis=1))
