"""``algzoo-exact gradient`` and ``polish``: how a score changes with the weights."""

from __future__ import annotations

from pathlib import Path

import algzoo_exact as az
from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said, Timed
from algzoo_exact.cli.interrupts import noticing_interrupts


@o.options
class Shown:
    top: int = o.option(12, "N", "How many weights to print; --json has all.", min=1)


@o.options
class Target:
    output: Path = o.output("FILE", "Where the polished model goes: .safetensors, .pt or .pth.")
    restarts: int = o.option(
        0, "N", "Then begin so often anew, from the best weights with noise.", min=0
    )
    seed: int = o.option(0, "N", "Seed of that noise.", min=0)


def gradient(subject: o.Subject, ties: o.Ties, shown: Shown, limit: o.TimeLimit) -> Said:
    """Differentiate a model's exact score by its weights.

    The accuracy, or a median model's mean squared error, of an RNN or a perceptron with 2 to 9
    inputs. All is exact: radii are rounding alone. Then how much the score feels relative noise in
    each weight, and whether the derivatives along rescaled neurons, which change nothing, are 0.

    Examples:
    algzoo-exact gradient 2nd_argmax_4_3
    algzoo-exact gradient median_4_3 --json
    """
    from algzoo_exact.present.documents.gradient import gradient_document

    loaded = subject.loaded()
    task, rule, deadline = o.task_of(loaded), ties.rule, limit.deadline
    with o.watched("gradient", deadline) as watched:
        found = az.gradient(loaded, task, ties=rule, **watched)
    with o.watched("score", deadline) as watched:
        if found.ties is None:
            score = az.squared_error(loaded, task, **watched)
        else:
            score = az.accuracy(loaded, task, ties=rule, **watched)
    return Timed(gradient_document(loaded, score, found, shown.top))


def polish(subject: o.Subject, ties: o.Ties, target: Target, limit: o.TimeLimit) -> Said:
    """Raise a trained model's exact score, step by step, each step proved to gain.

    The accuracy of an RNN or a perceptron with 2 to 9 inputs grows, or a median model's mean
    squared error falls, until no step gains. Stop it with Ctrl-C whenever you like: the best so far
    is written.

    Examples:
    algzoo-exact polish 2nd_argmax_4_4 -o polished.safetensors --time-limit 1m
    algzoo-exact polish my_model.pth --task argmedian -o polished.pt --restarts 10
    """
    from algzoo_exact.files import staged
    from algzoo_exact.present.documents.gradient import polish_document
    from algzoo_exact.zoo.saving import check_suffix, save

    check_suffix(target.output)
    with staged(target.output) as part:
        loaded = subject.loaded()
        task = o.task_of(loaded)
        with noticing_interrupts(), o.watched("polish", limit.deadline) as watched:
            found = az.polish(
                loaded, task, ties=ties.rule, restarts=target.restarts, seed=target.seed, **watched
            )
        save(found.program, part, task, found.dtype)
    architecture = "mlp" if found.program.is_mlp else None
    written = az.load(
        target.output, task=task.name, seq_len=task.seq_len, architecture=architecture
    )
    return Timed(polish_document(loaded, found, written))
