"""Pictures of a program on a task: what it answers where, for two and three inputs.

A program without biases answers alike along each ray, so a picture shows directions: a circle
for two inputs, a sphere for three.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.analysis.sections import Section
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.files import check_place, check_suffix, path_of, write_whole
from algzoo_exact.plotting import SUFFIXES, drawn
from algzoo_exact.present.pictures import drawing as look
from algzoo_exact.present.pictures.circle import draw_circle
from algzoo_exact.present.pictures.errors import draw_curves, draw_errors
from algzoo_exact.present.pictures.sphere import draw_hemisphere
from algzoo_exact.present.wording import TIE_RULES
from algzoo_exact.program.ir import HasProgram, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.enumerate import Cell, activation_regions, cells, earned
from algzoo_exact.regions.starts import NO_LABEL, covering_cones
from algzoo_exact.shown import Shown

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DIGITS = 15
_WIDEST = 6  # columns of a legend
_MOST_CONDITIONS = 4  # of a section, that are named


@dataclass(frozen=True, eq=False)
class Drawing(Shown):
    """A picture: a notebook shows it, ``save`` writes it, and ``drawn`` makes it as ``svg``,
    ``png`` or ``pdf``."""

    figure: Callable[[], Figure]
    title: str

    def __repr__(self) -> str:
        return f"<picture: {self.title}>"

    def drawn(self, kind: str) -> bytes:
        return self._svg if kind == "svg" else drawn(self.figure, kind, dpi=160)

    @cached_property
    def _svg(self) -> bytes:
        return drawn(self.figure, "svg", dpi=160)

    def save(self, path: str | Path) -> None:
        """By the file's suffix, .svg, .png or .pdf; the same picture is the same svg file, byte for
        byte. InputError for other suffixes, and folders that cannot be written to."""
        target = path_of(path)
        check_suffix(target, "Pictures", SUFFIXES)
        check_place(target)
        write_whole(target, self.drawn(target.suffix[1:]))


def picture(
    model: Program | HasProgram,
    task: Task | None = None,
    path: str | Path | None = None,
    *,
    ties: TieRule = "lowest",
) -> Drawing:
    """A picture of a program for 2 or 3 inputs, or of a section, saved at ``path`` if one is given.

    Pale colours are right answers, strong hatched ones errors; the colour is the model's answer,
    and the outer ring shows the true label. Dots are where no label is the only one. Of a model of
    the median: its error, by direction.
    InputError for other sizes, and as for ``Drawing.save``.
    """
    program, task = program_of(model), task_of(model, task)
    if program.seq_len not in (2, 3):
        raise InputError(
            f"Pictures exist for 2 and 3 inputs, not for {program.seq_len}; a section has fewer."
        )
    if task.is_numeric:
        made = picture_of_errors(program, task)
    else:
        right = earned(cells(program, task, ties=ties), _DIGITS)
        made = picture_of(model, task, ties, right)
    if path is not None:
        made.save(path)
    return made


def picture_of(
    model: Program | HasProgram, task: Task, ties: TieRule, accuracy: Enclosure
) -> Drawing:
    """The same picture, where the accuracy is known already."""
    found = list(cells(model, task, ties=ties))
    notes = [f"{len({c.pattern for c in found})} activation regions; ties: {TIE_RULES[ties]}"]
    names: tuple[str, ...] = tuple(f"x[{i}]" for i in range(task.seq_len))
    on = _on(program_of(model), task)
    if isinstance(model, Section):
        on, names = task.name, model.names
        notes.insert(0, _section_note(model))
    unlabelled = [cell for cell in found if cell.label == NO_LABEL]
    if unlabelled:
        none = total(cell.measure(_DIGITS) for cell in unlabelled)
        notes[-1] += f"; no single label: {percent(none)} of all inputs"
        accuracy = share(accuracy, none.complement)
    title = f"{on}: {_said(found, accuracy)}"

    def draw() -> Figure:
        figure = look.titled_figure(task.seq_len, title, *notes)
        height = 0.79 if task.seq_len == 2 else 0.75
        height -= look.LINE * (len(notes) - 1) / float(figure.get_figheight())
        if task.seq_len == 2:
            draw_circle(figure.add_axes((0.04, 0.10, 0.92, height)), found, task, names)
        else:
            for left, sign in ((0.01, 1), (0.505, -1)):
                axes = figure.add_axes((left, 0.12, 0.485, height))
                draw_hemisphere(axes, found, task, sign, names)
        _legend(figure, found, task)
        return figure

    return Drawing(draw, title)


def _section_note(section: Section) -> str:
    note = "; ".join(section.conditions[:_MOST_CONDITIONS])
    more = " .." if len(section.conditions) > _MOST_CONDITIONS else ""
    d = section.program.hidden_size
    return f"{look.typeset(note)}{more}; {len(section.basis)} inputs, {d} hidden neurons"


def _said(found: list[Cell], accuracy: Enclosure) -> str:
    """How often it is right, where there is a label."""
    labelled = [cell for cell in found if cell.label != NO_LABEL]
    if not labelled:
        return "no label is the only one"
    perfect = all(cell.credit == 1 for cell in labelled)
    said = "exactly 100%" if perfect else percent(accuracy, 3)
    if len(labelled) < len(found):
        return f"right on {said} of inputs with one label"
    return f"accuracy {said}"


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


def _legend(figure: Figure, found: list[Cell], task: Task) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    def fill(colour: str, sort: look.Look, label: str) -> Patch:
        style = look.style_of(colour, sort) | ({"edgecolor": colour} if sort == "right" else {})
        return Patch(label=label, **style)

    labelled = [cell for cell in found if cell.label != NO_LABEL]
    tops = {cell.winners for cell in labelled}
    labels = {start.label for start in covering_cones(task)} - {NO_LABEL}
    answers = sorted({min(top) for top in tops if len(top) == 1} | labels)
    entries: list[Any] = [fill(look.colour(k), "right", f"answer {k}") for k in answers]
    if any(len(top) > 1 for top in tops):
        entries.append(fill(look.TIE, "right", "tied logits"))
    if any(cell.credit == 0 for cell in labelled):
        entries.append(fill(look.AXIS, "wrong", "wrong"))
    if len(labelled) < len(found):
        entries.append(fill(look.TIE, "unlabelled", "no single label"))
    entries.append(Line2D([], [], color=look.BLACK, lw=2.4, label="wall between labels"))
    steps, last = look.steps(found), look.last_step(found)
    if last < len(look.STYLES):
        entries += [
            Line2D([], [], color=look.INK, lw=1, ls=look.dashes(t, last), label=f"ReLU of step {t}")
            for t in steps
        ]
    else:
        entries.append(Line2D([], [], color=look.INK, lw=1, label="a neuron turns on"))
    columns = min(_WIDEST, ceil(len(entries) / 2))
    size = 10 if len(entries) <= 2 * _WIDEST else 8
    figure.legend(handles=entries, loc="lower center", ncols=columns, frameon=False, fontsize=size)
