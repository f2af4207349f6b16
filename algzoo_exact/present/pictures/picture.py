"""Pictures of a program on a task: what it answers where, for two and three inputs.

A program without biases answers alike along each ray, so a picture shows directions: a circle
for two inputs, a sphere for three.
"""

from __future__ import annotations

from io import BytesIO
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import percent
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

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".svg", ".png", ".pdf")

_DIGITS = 15


def picture(
    model: Program | HasProgram,
    task: Task | None,
    path: str | Path,
    *,
    ties: TieRule = "lowest",
) -> None:
    """Draw a program for 2 or 3 inputs: .svg, .png or .pdf, by the file's suffix.

    Pale colours are right answers, strong hatched ones errors; the colour is the model's answer,
    and the outer ring shows the true label. The same input gives the same svg file, byte for
    byte. InputError for other sizes, suffixes, and folders that cannot be written to.
    """
    program, task, target = program_of(model), task_of(model, task), path_of(path)
    if target.suffix not in SUFFIXES:
        raise InputError(
            f"Pictures are written as {', '.join(SUFFIXES)}, chosen by the file's suffix, "
            f"not as {target.name!r}."
        )
    if program.seq_len not in (2, 3):
        raise InputError(f"Pictures exist for 2 and 3 inputs, not for {program.seq_len}.")
    found = list(cells(program, task, ties=ties))
    accuracy = Enclosure.exactly(0)
    for cell in found:
        accuracy = accuracy.plus(cell.measure(_DIGITS).times(cell.credit))
    with replacing(target) as part, plain_matplotlib():
        _save(_draw(found, task, program.hidden_size, ties, accuracy), part, target.suffix[1:])


def picture_bytes(
    program: Program, task: Task, ties: TieRule, accuracy: Enclosure, kind: str
) -> bytes:
    """The same picture as ``svg`` or ``pdf``, where the accuracy is known already."""
    found = list(cells(program, task, ties=ties))
    buffer = BytesIO()
    with plain_matplotlib():
        _save(_draw(found, task, program.hidden_size, ties, accuracy), buffer, kind)
    return buffer.getvalue()


def _draw(
    found: list[Cell], task: Task, hidden_size: int, ties: TieRule, accuracy: Enclosure
) -> Figure:
    from matplotlib.figure import Figure

    perfect = all(cell.credit == 1 for cell in found)
    said = "exactly 100%" if perfect else percent(accuracy, 3)
    figure = Figure(figsize=(8, 8.4) if task.seq_len == 2 else (9.6, 6.1))
    figure.suptitle(
        f"{task.name} on {task.seq_len} inputs, {hidden_size} hidden neurons: accuracy {said}",
        fontsize=14,
        y=0.975,
    )
    figure.text(
        0.5, 0.93, f"{len({c.pattern for c in found})} activation regions; ties: {TIE_RULES[ties]}",
        ha="center", fontsize=10, color=look.NOTE,
    )  # fmt: skip
    if task.seq_len == 2:
        axes = figure.add_axes((0.04, 0.10, 0.92, 0.79))
        draw_circle(axes, found, task)
    else:
        for left, sign in ((0.01, 1), (0.505, -1)):
            axes = figure.add_axes((left, 0.12, 0.485, 0.77))
            draw_hemisphere(axes, found, task, sign)
    _legend(figure, found)
    return figure


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


def _save(figure: Figure, target: Path | BytesIO, kind: str) -> None:
    metadata = {"svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {}}[kind]
    figure.savefig(target, format=kind, dpi=160, metadata=metadata)
