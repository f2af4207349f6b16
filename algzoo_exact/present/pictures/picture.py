"""Pictures of a program on a task: what it answers where, for two and three inputs.

A program without biases answers alike along each ray, so a picture shows directions: a circle
for two inputs, a sphere for three.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.analysis.sections import Section
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure, total
from algzoo_exact.exact.shares import percent, share
from algzoo_exact.files import path_of, replacing
from algzoo_exact.plotting import plain_matplotlib
from algzoo_exact.present.pictures import drawing as look
from algzoo_exact.present.pictures.circle import draw_circle
from algzoo_exact.present.pictures.sphere import draw_hemisphere
from algzoo_exact.present.wording import TIE_RULES
from algzoo_exact.program.ir import HasProgram, Program, program_of
from algzoo_exact.program.lift import task_of
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.regions.enumerate import Cell, cells
from algzoo_exact.regions.measured import earned
from algzoo_exact.regions.starts import NO_LABEL, covering_cones

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")

_DIGITS = 15
_LINE = 0.26  # inches
_WIDEST = 6  # columns of a legend
_MOST_CONDITIONS = 4  # of a section, that are named


@dataclass(frozen=True)
class Subject:
    """What is drawn: its title, a line below it, and what its inputs are called."""

    title: str
    note: str
    names: tuple[str, ...]

    @staticmethod
    def of(model: Program | HasProgram, task: Task) -> Subject:
        n, d = task.seq_len, program_of(model).hidden_size
        if isinstance(model, Section):
            note = "; ".join(model.conditions[:_MOST_CONDITIONS])
            more = " .." if len(model.conditions) > _MOST_CONDITIONS else ""
            note = f"{look.typeset(note)}{more}; {len(model.basis)} inputs, {d} hidden neurons"
            return Subject(task.name, note, model.names)
        names = tuple(f"x[{i}]" for i in range(n))
        return Subject(f"{task.name} on {n} inputs, {d} hidden neurons", "", names)


def picture(
    model: Program | HasProgram,
    task: Task | None,
    path: str | Path,
    *,
    ties: TieRule = "lowest",
) -> None:
    """Draw a program for 2 or 3 inputs, or a section of one: .svg, .png or .pdf, by the file's
    suffix.

    Pale colours are right answers, strong hatched ones errors; the colour is the model's answer,
    and the outer ring shows the true label. Dots are where no label is the only one. The same input
    gives the same svg file, byte for byte. InputError for other sizes, suffixes, and folders that
    cannot be written to.
    """
    program, task, target = program_of(model), task_of(model, task), path_of(path)
    if target.suffix not in SUFFIXES:
        raise InputError(
            f"Pictures are written as {', '.join(SUFFIXES)}, chosen by the file's suffix, "
            f"not as {target.name!r}."
        )
    if program.seq_len not in (2, 3):
        raise InputError(
            f"Pictures exist for 2 and 3 inputs, not for {program.seq_len}; choose a section of as "
            "many."
        )
    found = list(cells(program, task, ties=ties))
    accuracy = earned(found, _DIGITS)
    with replacing(target) as part, plain_matplotlib():
        figure = _draw(found, task, Subject.of(model, task), ties, accuracy)
        _save(figure, part, target.suffix[1:])


def picture_bytes(
    model: Program | HasProgram, task: Task, ties: TieRule, accuracy: Enclosure, kind: str
) -> bytes:
    """The same picture as ``svg`` or ``pdf``, where the accuracy is known already."""
    found = list(cells(model, task, ties=ties))
    buffer = BytesIO()
    with plain_matplotlib():
        _save(_draw(found, task, Subject.of(model, task), ties, accuracy), buffer, kind)
    return buffer.getvalue()


def _draw(
    found: list[Cell], task: Task, subject: Subject, ties: TieRule, accuracy: Enclosure
) -> Figure:
    from matplotlib.figure import Figure

    unlabelled = [cell for cell in found if cell.label == NO_LABEL]
    none = total(cell.measure(_DIGITS) for cell in unlabelled)
    given = share(accuracy, Enclosure(1 - none.upper, 1 - none.lower))
    perfect = all(cell.credit == 1 for cell in found if cell.label != NO_LABEL)
    said = "exactly 100%" if perfect else percent(given, 3)
    notes = [f"{len({c.pattern for c in found})} activation regions; ties: {TIE_RULES[ties]}"]
    if unlabelled:
        some = len(unlabelled) < len(found)
        said = f"right on {said} of inputs with one label" if some else "no label is the only one"
        notes[0] += f"; no single label: {percent(none)} of all inputs"
    else:
        said = f"accuracy {said}"
    if subject.note:
        notes.insert(0, subject.note)
    figure = Figure(figsize=(8, 8.4) if task.seq_len == 2 else (9.6, 6.1))
    figure.suptitle(f"{subject.title}: {said}", fontsize=14, y=0.975)
    lower = _LINE * len(notes[1:]) / float(figure.get_figheight())
    figure.text(
        0.5, 0.93 - lower, "\n".join(notes), ha="center", va="baseline", fontsize=10,
        color=look.NOTE, linespacing=1.5,
    )  # fmt: skip
    if task.seq_len == 2:
        axes = figure.add_axes((0.04, 0.10, 0.92, 0.79 - lower))
        draw_circle(axes, found, task, subject.names)
    else:
        for left, sign in ((0.01, 1), (0.505, -1)):
            axes = figure.add_axes((left, 0.12, 0.485, 0.77 - lower))
            draw_hemisphere(axes, found, task, sign, subject.names)
    _legend(figure, found, task)
    return figure


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


def _save(figure: Figure, target: Path | BytesIO, kind: str) -> None:
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    figure.savefig(target, format=kind, dpi=160, metadata=metadata)
