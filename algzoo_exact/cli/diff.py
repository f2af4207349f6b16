"""``algzoo-exact diff``: where two models differ."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.program.reduce import Format

_DRAWN = 3  # inputs


@o.options
class Pair(o.Subject):
    other: str | None = o.argument(
        None, "[OTHER]", "The model to compare with, as MODEL; by default MODEL itself, changed."
    )


@o.options
class Change(o.TimeLimit, o.Lasting):
    prune: float | None = o.option(
        None, "SHARE", "Set this share of the second model's weights to 0, the smallest ones."
    )
    round: str | None = o.option(
        None, "FORMAT", "Round its weights to float32, float16, bfloat16 or int8."
    )
    top: int = o.option(10, "N", "How many cones to print.", min=0)
    picture: Path | None = o.option(
        None, "FILE", "Draw where they differ, for more than three inputs where all but the last "
        "three are 0: .svg, .png or .pdf.",
    )  # fmt: skip


def diff(change: Change, pair: Pair, noise: o.Noise) -> Said:
    """Tell how often two models answer differently, who is right then, and where it happens.

    Noise, pruning and rounding, in this order, change the second model, by default a copy of the
    first. Where logits tie, the lowest index is the answer. Of median models it is the root of the
    mean squared difference; of transformers all inputs are tried.

    Examples:
    algzoo-exact diff 2nd_argmax_4_3 retrained.safetensors
    algzoo-exact diff 2nd_argmax_4_3 --noise 0.01 --json
    algzoo-exact diff 2nd_argmax_4_3 2nd_argmax_3_3 --picture apart.svg
    algzoo-exact diff 2nd_argmax_4_3 --prune 0.1 --round int8
    """
    from algzoo_exact.present.documents.difference import (
        difference_document,
        function_difference_document,
        root_document,
    )
    from algzoo_exact.program.lift import task_of

    if pair.other is None and (noise.noise, change.prune, change.round) == (None, None, None):
        raise InputError("Name a second model, or change this one by --noise, --prune or --round.")
    first = pair.loaded()
    second = noise.on(first if pair.other is None else pair.load(pair.other))
    if change.prune is not None:
        second = az.prune(second, change.prune)
    if change.round is not None:
        second = az.quantize(second, cast("Format", change.round))
    models = first, second
    kinds = {isinstance(one.network, az.Transformer) for one in models}
    if len(kinds) > 1:
        raise InputError("A transformer and another model have no inputs in common.")
    if kinds == {True}:
        change.refuse_state("of the differences of transformers")
        with o.watched("diff", change.deadline) as watched:
            apart = az.function_difference(*models, **watched)
        return Timed(function_difference_document(models, apart, change.top))
    task = task_of(first, None)
    if change.picture is not None:
        if task.is_numeric:
            raise InputError("A picture shows answers, and median models give numbers.")
        _draw(first, second, change.picture)
    with change.running("diff", change.deadline) as running:
        if task.is_numeric:
            root = az.root_mean_square_difference(
                *models, time_limit=running["time_limit"], workers=running["workers"],
                state=change.state,
            )  # fmt: skip
            return Timed(root_document(models, task, root))
        found = az.diff(*models, top=change.top, **running)
        cells = found.cells(change.top)
    return Timed(difference_document(models, found, cells, change.picture))


def _draw(first: az.Model, second: az.Model, path: Path) -> None:
    """Where the first gives the second one's answer."""
    agreement = az.teacher(second.program, "agreement")
    if agreement.seq_len <= _DRAWN:
        az.picture(first.program, agreement, path)
    else:
        on = az.section(first.program, task=agreement, zero=range(agreement.seq_len - _DRAWN))
        az.picture(on, on.task, path)
