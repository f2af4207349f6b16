"""``algzoo-exact sections``: a model on a subspace of its inputs."""

from __future__ import annotations

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.errors import InputError


@o.options
class Extent(o.TimeLimit, o.Lasting):
    positive: int | None = o.option(
        None, "N", "How many inputs are positive, 1 to 4; 2 unless a section is given.", min=1,
        max=4,
    )  # fmt: skip
    top: int = o.option(20, "N", "How many cases to print; --json has all.", min=0)


def sections(subject: o.Subject, rules: o.Ties, subspace: o.Subspace, extent: Extent) -> Said:
    """Score a model exactly on a subspace of its inputs: where some are 0, or equal, or x = E y.

    The inputs y of a section are standard Gaussian. Where several labels qualify for all inputs of
    a cone, as where the second largest is one of several zeros, no answer is right or wrong, and
    the mass of such inputs is told apart. Without a section, all inputs but a few are 0, and those
    are positive: for each order of them, the share on which the answer is right. On sections even
    models of ten inputs, for which there are only bounds, have exact scores.

    Examples:
    algzoo-exact sections algzoo:2nd_argmax_16_10
    algzoo-exact sections 2nd_argmax_8_5 --positive 3 --json
    algzoo-exact sections algzoo:2nd_argmax_16_10 --zero 0,1,2,3,4,5
    algzoo-exact sections 2nd_argmax_4_4 --equal 0,1
    """
    from algzoo_exact.present.documents.section import positive_document, section_document

    if subspace.chosen and extent.positive is not None:
        raise InputError("--positive has sections of its own; leave it out, or the section.")
    loaded = subject.loaded()
    task = o.task_of(loaded)
    section = subspace.of(loaded, task)
    with extent.running("sections", extent.deadline) as running:
        if section is not None:
            score = section.accuracy(ties=rules.rule, **running)
            return Timed(section_document(loaded, section, score))
        found = az.positive_inputs(loaded, extent.positive or 2, task, ties=rules.rule, **running)
    return Timed(positive_document(loaded, task, rules.rule, found, extent.top))
