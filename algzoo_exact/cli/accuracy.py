"""``algzoo-exact accuracy``: the accuracy and what kind of number it is; of one model or many."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from algzoo_exact.cli import options as o
from algzoo_exact.cli.command import Said
from algzoo_exact.cli.many import Scoring, table_of
from algzoo_exact.cli.output import progress_bar
from algzoo_exact.cli.scoring import Wishes, scored


@o.options
class Many:
    """Several models, or variants of one, as a table."""

    noise_seeds: int | None = o.count(
        None,
        "As many noisy variants of each model, with the mean and the standard deviation of their "
        "scores.",
    )
    out: Path | None = o.option(
        None, "FILE", "Write a table with a row for each model: .csv, .parquet or .json. The same "
        "command goes on where it was stopped.", "--out", "--csv",
    )  # fmt: skip


def accuracy(
    context: typer.Context,
    models: o.ModelsArgument,
    sizes: o.AllSizes,
    rules: o.Rules,
    wishes: Wishes,
    noise: o.Noise,
    many: Many,
    as_json: o.JsonOption = False,
) -> Said:
    """Compute the exact accuracy on standard Gaussian inputs, or rigorous bounds for it.

    The result says which kind of number it is:

    [bold]exact[/bold]: rigorous, of rounding width; a closed form for n = 2 and 3

    [bold]certified[/bold]: rigorous, and wider by what was left undecided

    Of several models, or a folder of them, there is a line for each, as it is done. The exit code
    is 2 if one of them has no score, whose line says why; limits are for each of them.

    Examples:
    algzoo-exact accuracy 2nd_argmax_2_2
    algzoo-exact accuracy my_model.pth --task argmax --ties uniform --json
    algzoo-exact accuracy 2nd_argmax_8_5 --method exact --digits 12
    algzoo-exact accuracy big.pth --task 2nd_argmax --time-limit 2m
    algzoo-exact accuracy models/ --task argmax --out scores.csv
    algzoo-exact accuracy 2nd_argmax_4_3 --noise 0.05 --noise-seeds 20
    """
    if many != Many() or len(models) > 1 or os.path.isdir(models[0]):
        scoring = Scoring(sizes, rules, wishes, noise, many.noise_seeds)
        return table_of(models, scoring, many.out, quiet=as_json)
    deadline = o.deadline_after(context, wishes.time_limit)
    loaded = noise.on(sizes.load(models[0]))
    task, rule = rules.task_of(loaded), rules.rule
    found = scored(loaded, task, rule, wishes, deadline, progress_bar)

    from algzoo_exact.present.documents.score import Wanted, score_document

    checked = found.beside if wishes.check_samples else None
    how = Wanted(wishes.digits, wishes.closed_form, bool(checked), found.interrupted)
    contradicted = checked is not None and checked.agrees is False
    return Said(score_document(loaded, found.score, found.beside, how), int(contradicted))
