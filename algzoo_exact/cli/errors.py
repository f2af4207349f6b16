"""``algzoo-exact errors``: where a model is wrong, heaviest first."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from algzoo_exact.cli.options import (
    JsonOption,
    ModelArgument,
    NoiseOption,
    NoiseRelativeOption,
    NoiseSeedOption,
    SeqLenOption,
    TaskOption,
    TeacherOption,
    TiesOption,
    deadline_after,
    load_model,
    parse_seconds,
    task_of,
    tie_rule,
    with_noise,
)
from algzoo_exact.cli.output import emit, progress_bar
from algzoo_exact.errors import FloatRangeError

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact errors 2nd_argmax_4_3

algzoo-exact errors 2nd_argmax_8_5 --top 30 --out errors.parquet

algzoo-exact errors my_model.pth --task argmax --json"""


def errors(
    context: typer.Context,
    model: ModelArgument,
    task: TaskOption = None,
    teacher: TeacherOption = None,
    seq_len: SeqLenOption = None,
    ties: TiesOption = "lowest",
    top: Annotated[
        int, typer.Option(metavar="N", min=0, help="How many cells to print; --out has all.")
    ] = 10,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Write a table of all wrong cells: .parquet, .csv or .json.",
        ),
    ] = None,
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            parser=parse_seconds,
            show_default=False,
            help="Stop after 30s, 2m, ... with the cells found by then.",
        ),
    ] = None,
    workers: Annotated[int, typer.Option(metavar="N", min=1, help="Processes.")] = 2,
    noise: NoiseOption = None,
    noise_seed: NoiseSeedOption = None,
    noise_relative: NoiseRelativeOption = False,
    as_json: JsonOption = False,
) -> None:
    """List where a model is wrong: cones of inputs with their probability, heaviest first.

    For each: the true label and the answer, the neurons that are on, its walls, and a short input
    inside, at which torch is asked too. Sums by label and answer, by the order of the inputs and
    by activation pattern follow. All cells together are the error, 1 - accuracy.
    """
    import algzoo_exact as az
    from algzoo_exact.present.documents.errors import errors_document
    from algzoo_exact.regions.atlas import check_suffix
    from algzoo_exact.runtime.answers import float_answers

    began = time.monotonic()
    deadline = deadline_after(context, time_limit)
    if out is not None:
        check_suffix(out)
    loaded = with_noise(load_model(model, task, seq_len), noise, noise_seed, noise_relative)
    chosen, rule = task_of(loaded, teacher), tie_rule(ties)
    with progress_bar("errors", deadline) as advance:
        found = az.find_errors(
            loaded.program, chosen, ties=rule, workers=workers, progress=advance,
            time_limit=deadline.left if deadline.limited else None,
        )  # fmt: skip
        if out is not None:
            found.write(out)
        cells = found.cells(top)
        try:
            floats = float_answers(loaded.program, [cell.input for cell in cells])
        except FloatRangeError:
            floats = []
    said = errors_document(loaded, found, cells, floats, out, time.monotonic() - began)
    emit(said, as_json)
