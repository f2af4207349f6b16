"""Pictures of a program on a task: what it answers where, for two and three inputs.

A program without biases answers alike along each ray, so a picture shows directions: a circle
for two inputs, a sphere for three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
from algzoo_exact.files import check_place, path_of, write_whole
from algzoo_exact.plotting import plain_matplotlib
from algzoo_exact.present.pictures import drawing as look
from algzoo_exact.present.pictures.circle import draw_circle
from algzoo_exact.present.pictures.errors import draw_curves, draw_errors
from algzoo_exact.present.pictures.sphere import draw_hemisphere
from algzoo_exact.present.wording import TIE_RULES
from algzoo_exact.program.ir import HasProgram, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.enumerate import Cell, activation_regions, cells
from algzoo_exact.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")

_DIGITS = 15


@dataclass(frozen=True, eq=False)
class Drawing(Shown):
    """A picture: a notebook shows it, ``save`` writes it, and ``drawn`` makes it as ``svg``,
    ``png`` or ``pdf``."""

    figure: Callable[[], Figure]
    title: str

    def __repr__(self) -> str:
        return f"<picture: {self.title}>"

    def drawn(self, kind: str) -> bytes:
        buffer = BytesIO()
        metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
        with plain_matplotlib():
            self.figure().savefig(buffer, format=kind, dpi=160, metadata=metadata)
        return buffer.getvalue()

    def save(self, path: str | Path) -> None:
        """By the file's suffix, .svg, .png or .pdf; the same picture is the same svg file, byte for
        byte. InputError for other suffixes, and folders that cannot be written to."""
        target = path_of(path)
        if target.suffix not in SUFFIXES:
            raise InputError(
                f"Pictures are written as {', '.join(SUFFIXES)}, chosen by the file's suffix, "
                f"not as {target.name!r}."
            )
        check_place(target)
        write_whole(target, self.drawn(target.suffix[1:]))


def picture(
    model: Program | HasProgram,
    task: Task | None = None,
    path: str | Path | None = None,
    *,
    ties: TieRule = "lowest",
) -> Drawing:
    """A picture of a program for 2 or 3 inputs, saved at ``path`` if one is given.

    Pale colours are right answers, strong hatched ones errors; the colour is the model's answer,
    and the outer ring shows the true label. Of a model of the median: its error, by direction.
    InputError for other sizes, and as for ``Drawing.save``.
    """
    program, task = program_of(model), task_of(model, task)
    if program.seq_len not in (2, 3):
        raise InputError(f"Pictures exist for 2 and 3 inputs, not for {program.seq_len}.")
    if task.is_numeric:
        made = picture_of_errors(program, task)
    else:
        accuracy = Enclosure.exactly(0)
        for cell in cells(program, task, ties=ties):
            accuracy = accuracy.plus(cell.measure(_DIGITS).times(cell.credit))
        made = picture_of(program, task, ties, accuracy)
    if path is not None:
        made.save(path)
    return made


def picture_of(program: Program, task: Task, ties: TieRule, accuracy: Enclosure) -> Drawing:
    """The same picture, where the accuracy is known already."""
    found = list(cells(program, task, ties=ties))
    perfect = all(cell.credit == 1 for cell in found)
    title = f"{_on(program, task)}: accuracy {'exactly 100%' if perfect else percent(accuracy, 3)}"
    regions = f"{len({c.pattern for c in found})} activation regions; ties: {TIE_RULES[ties]}"

    def draw() -> Figure:
        figure = look.titled_figure(task.seq_len, title, regions)
        if task.seq_len == 2:
            draw_circle(figure.add_axes((0.04, 0.10, 0.92, 0.79)), found, task)
        else:
            for left, sign in ((0.01, 1), (0.505, -1)):
                axes = figure.add_axes((left, 0.12, 0.485, 0.75))
                draw_hemisphere(axes, found, task, sign)
        _legend(figure, found)
        return figure

    return Drawing(draw, title)


def picture_of_errors(program: Program, task: Task) -> Drawing:
    """Of a model of a number: how far it is above or below."""
    found = list(activation_regions(program))
    title = f"{_on(program, task)}: its error by direction"
    regions = f"{len(found)} activation regions; lines are where a neuron changes"

    def draw() -> Figure:
        figure = look.titled_figure(task.seq_len, title, regions)
        if task.seq_len == 2:
            draw_curves(figure, program, task, found)
        else:
            draw_errors(figure, program, task, found)
        return figure

    return Drawing(draw, title)


def _on(program: Program, task: Task) -> str:
    return f"{task.name} on {task.seq_len} inputs, {program.hidden_size} hidden neurons"


def _legend(figure: Figure, found: list[Cell]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def pale(colour: str, label: str) -> Patch:
        return Patch(facecolor=look.mixed(colour, look.PALE), edgecolor=colour, label=label)

    tops = {cell.winners for cell in found}
    answers = sorted({min(top) for top in tops if len(top) == 1})
    entries: list[Any] = [pale(look.STRONG[k], f"answer {k}") for k in answers]
    if any(len(top) > 1 for top in tops):
        entries.append(pale(look.TIE, "tied logits"))
    if any(cell.credit == 0 for cell in found):
        hatched = Patch(facecolor=look.AXIS, edgecolor=look.PAPER, hatch="////", label="wrong")
        entries.append(hatched)
    entries.append(Line2D([], [], color=look.BLACK, lw=2.4, label="wall between labels"))
    steps = {wall.neuron[0] for c in found for names in c.walls for wall in names if wall.neuron}
    entries += [
        Line2D([], [], color=look.INK, lw=1, ls=look.STYLES[t], label=f"ReLU of step {t}")
        for t in sorted(steps)
    ]
    figure.legend(handles=entries, loc="lower center", ncols=ceil(len(entries) / 2), frameon=False)
