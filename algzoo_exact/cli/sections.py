"""``algzoo-exact sections``: a model where all but a few inputs are 0."""

from __future__ import annotations

import time
from dataclasses import dataclass

import typer

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.output import progress_bar

EXAMPLES = """
algzoo-exact sections algzoo:2nd_argmax_16_10
algzoo-exact sections 2nd_argmax_8_5 --positive 3 --json
"""


@dataclass(frozen=True, kw_only=True)
class Extent(o.TimeLimit):
    positive: int = o.option(2, "N", "How many inputs are positive, 1 to 4.", min=1, max=4)
    top: int = o.option(20, "N", "How many cases to print; --json has all.", min=0)
    workers: int = o.option(2, "N", "Processes.", min=1)


def sections(
    context: typer.Context,
    model: o.ModelArgument,
    sizes: o.Sizes,
    rules: o.Ties,
    extent: Extent,
) -> Said:
    """Score a model exactly where all inputs but a few are 0, and those are positive.

    For each order of the positive inputs: the share on which the answer is right. On such sections
    even models of ten inputs, for which there are only bounds, have exact scores.
    """
    import algzoo_exact as az
    from algzoo_exact.present.documents.section import section_document
    from algzoo_exact.program.lift import task_of

    began = time.monotonic()
    deadline = extent.deadline(context)
    loaded = sizes.load(model)
    with progress_bar("sections", deadline) as advance:
        found = az.positive_inputs(
            loaded, extent.positive, ties=rules.rule, time_limit=deadline.timeout,
            workers=extent.workers, progress=advance,
        )  # fmt: skip
    task, seconds = task_of(loaded, None), time.monotonic() - began
    said = section_document(loaded, task, rules.rule, found, extent.positive, extent.top, seconds)
    return Said(said)
