"""``algzoo-exact errors``: where a model is wrong, heaviest first."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.errors import FloatRangeError

_TORCH_SECONDS = 3.0  # that it takes to be loaded, at most


@o.options
class Extent(o.TimeLimit, o.Lasting):
    top: int = o.option(10, "N", "How many cells to print; --out has all.", min=0)
    out: Path | None = o.option(
        None, "FILE", "Write a table of all wrong cells: .parquet, .csv or .json."
    )


def errors(subject: o.Subject, rules: o.Rules, extent: Extent, noise: o.Noise) -> Said:
    """List where a model is wrong: cones of inputs with their probability, heaviest first.

    For each: the true label and the answer, the neurons that are on, its walls, and a short input
    inside, at which torch is asked too. Sums by label and answer, by the order of the inputs and
    by activation pattern follow. All cells together are the error, 1 - accuracy. Of a transformer,
    the inputs that it gets wrong, with their cycles; of a median model, the cells that add most to
    its mean squared error.

    Examples:
    algzoo-exact errors 2nd_argmax_4_3
    algzoo-exact errors 2nd_argmax_8_5 --top 30 --out errors.parquet
    algzoo-exact errors my_model.pth --task argmax --json
    """
    from algzoo_exact.present.documents.errors import (
        errors_document,
        median_errors_document,
        wrong_functions_document,
    )
    from algzoo_exact.tables import check_suffix, write_rows

    out = extent.out
    if out is not None:
        check_suffix(out)
    loaded = noise.on(subject.loaded())
    if isinstance(loaded.network, az.Transformer):
        extent.refuse_state("of the errors of transformers")
        with o.watched("errors", extent.deadline) as watched:
            wrong = az.wrong_functions(loaded, ties=rules.rule, **watched)
            if out is not None:
                write_rows(wrong.arrow().to_pylist(), out)
        return Timed(wrong_functions_document(loaded, wrong, extent.top, out))
    task, rule = rules.task_of(loaded), rules.rule
    with extent.running("errors", extent.deadline) as running:
        if task.is_numeric:
            squares = az.median_errors(loaded, task, **running)
            if out is not None:
                squares.write(out)
            pieces = squares.cells(extent.top)
            return Timed(median_errors_document(loaded, squares, pieces, out))
        found = az.find_errors(loaded.program, task, ties=rule, **running)
        if out is not None:
            found.write(out)
        cells, floats = found.cells(extent.top, extent.deadline), []
        if extent.deadline.left > _TORCH_SECONDS:
            from algzoo_exact.runtime.answers import float_answers

            with suppress(FloatRangeError):
                floats = float_answers(loaded.program, [cell.input for cell in cells])
    return Timed(errors_document(loaded, found, cells, floats, out))
