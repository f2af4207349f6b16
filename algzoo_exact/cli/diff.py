"""``algzoo-exact diff``: where two models differ."""

from __future__ import annotations

import time
from dataclasses import dataclass

import typer

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.errors import InputError

EXAMPLES = """
algzoo-exact diff 2nd_argmax_4_3 retrained.safetensors
algzoo-exact diff 2nd_argmax_4_3 2nd_argmax_4_3 --noise 0.01 --json
"""


@dataclass(frozen=True, kw_only=True)
class Other(o.TimeLimit, o.Sharing):
    other: str = o.argument(o.REQUIRED, "OTHER", "The model to compare with, as MODEL.")
    top: int = o.option(10, "N", "How many cones to print.", min=0)


def diff(
    context: typer.Context,
    model: o.ModelArgument,
    other: Other,
    sizes: o.Sizes,
    noise: o.Noise,
) -> Said:
    """Tell how often two models answer differently, who is right then, and where it happens.

    Noise is on the second model. Where logits tie, the lowest index is the answer. Of median
    models it is the root of the mean squared difference.
    """
    import algzoo_exact as az
    from algzoo_exact.present.documents.difference import difference_document, root_document
    from algzoo_exact.program.lift import task_of
    from algzoo_exact.program.transformer import Transformer

    began = time.monotonic()
    deadline = other.deadline(context)
    models = sizes.load(model), noise.on(sizes.load(other.other))
    if any(isinstance(one.network, Transformer) for one in models):
        raise InputError("diff compares RNNs and perceptrons; transformers have other inputs.")
    task = task_of(models[0], None)
    with progress_bar("diff", deadline) as advance, other.shared(2) as workers:
        if task.is_numeric:
            root = az.root_mean_square_difference(
                *models, time_limit=deadline.timeout, workers=workers
            )
            return Said(root_document(models, task, root, time.monotonic() - began))
        found = az.diff(*models, time_limit=deadline.timeout, workers=workers, progress=advance)
        cells = found.cells(other.top)
    return Said(difference_document(models, found, cells, time.monotonic() - began))
