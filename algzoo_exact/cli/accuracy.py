"""``algzoo-exact accuracy``: the accuracy and what kind of number it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, cast

import typer

from algzoo_exact.cli.interrupts import noticing_interrupts
from algzoo_exact.cli.options import (
    HeadsOption,
    JsonOption,
    ModelArgument,
    NoiseOption,
    NoiseRelativeOption,
    NoiseSeedOption,
    SeedOption,
    SeqLenOption,
    TaskOption,
    TeacherOption,
    TiesOption,
    deadline_after,
    load_model,
    parse_count,
    parse_seconds,
    task_of,
    tie_rule,
    with_noise,
)
from algzoo_exact.cli.output import emit, progress_bar
from algzoo_exact.cli.samples import Sampler, sampled_beside
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.score.question import Wish

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact accuracy 2nd_argmax_2_2

algzoo-exact accuracy my_model.pth --task argmax --ties uniform --json

algzoo-exact accuracy 2nd_argmax_8_5 --method exact --digits 12

algzoo-exact accuracy big.pth --task 2nd_argmax --time-limit 2m"""

SAMPLES_BESIDE_BOUNDS = 1_000_000


def accuracy(
    context: typer.Context,
    model: ModelArgument,
    task: TaskOption = None,
    teacher: TeacherOption = None,
    seq_len: SeqLenOption = None,
    heads: HeadsOption = None,
    ties: TiesOption = "lowest",
    digits: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            max=1000,
            show_default=False,
            help="Decimals of an exact result, at least; by default those that come quickly.",
        ),
    ] = None,
    method: Annotated[
        str,
        typer.Option(
            metavar="METHOD",
            help="[bold]exact[/bold], [bold]bounds[/bold] (certified, stops early), or "
            "[bold]auto[/bold]: what says most in about a minute.",
        ),
    ] = "auto",
    time_limit: Annotated[
        float | None,
        typer.Option(
            metavar="TIME",
            parser=parse_seconds,
            show_default=False,
            help="Stop after 30s, 2m, ... with a certified enclosure.",
        ),
    ] = None,
    max_regions: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=parse_count,
            show_default=False,
            help="Stop after this many pieces of regions, with a certified enclosure.",
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            show_default=False,
            help="Processes; by default two if the run is expected to be long.",
        ),
    ] = None,
    check_samples: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            parser=parse_count,
            show_default=False,
            help="Check the result on random inputs, such as 1e7.",
        ),
    ] = None,
    seed: SeedOption = 0,
    by_label: Annotated[
        bool, typer.Option("--by-label", help="Split the accuracy by true label.")
    ] = False,
    closed_form: Annotated[
        bool, typer.Option("--closed-form", help="Print the closed form in full (n = 2 and 3).")
    ] = False,
    noise: NoiseOption = None,
    noise_seed: NoiseSeedOption = None,
    noise_relative: NoiseRelativeOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compute the exact accuracy on standard Gaussian inputs, or rigorous bounds for it.

    The result says which kind of number it is:

    [bold]exact[/bold]: rigorous, of rounding width; a closed form for n = 2 and 3

    [bold]certified[/bold]: rigorous, and wider by what was left undecided
    """
    deadline = deadline_after(context, time_limit)
    loaded = with_noise(load_model(model, task, seq_len, heads), noise, noise_seed, noise_relative)
    chosen, rule = task_of(loaded, teacher), tie_rule(ties)

    import algzoo_exact as az
    from algzoo_exact.present.documents.score import (
        LARGEST_DECIDED,
        Beside,
        Wanted,
        score_document,
    )
    from algzoo_exact.runtime.agreement import agreement
    from algzoo_exact.score.compute import metric_for

    metric = metric_for(chosen)
    if by_label and not metric.of_labels:
        raise InputError("--by-label splits an accuracy; median models have an error instead.")
    wish, limits = cast("Wish", method), {"max_cells": max_regions, "workers": workers}
    draw = Sampler(loaded.network, chosen, rule, check_samples or SAMPLES_BESIDE_BOUNDS, seed)
    with sampled_beside(draw, deadline) as sample:
        # Where only bounds are possible, which take their time, the sample comes first.
        boxes = chosen.seq_len > LARGEST_DECIDED and chosen.is_index
        early = boxes and method in ("auto", "bounds") and not deadline.limited
        estimate, unsampled = sample() if early else (None, "")
        with (
            noticing_interrupts() as interrupts,
            progress_bar(metric.words, deadline) as advance,
        ):
            if metric.of_labels:
                result = az.accuracy(
                    loaded.network, chosen, ties=rule, digits=digits, method=wish,
                    time_limit=deadline.timeout, by_label=by_label, progress=advance, **limits,
                )  # fmt: skip
            else:
                result = az.squared_error(
                    loaded.program, chosen, digits=digits, method=wish,
                    time_limit=deadline.timeout, progress=advance, **limits,
                )  # fmt: skip
        interrupted = bool(interrupts)
        if interrupted and metric.of_labels and result.enclosure.width >= 1:
            raise KeyboardInterrupt  # nothing is known but that it is a probability
        wanted = check_samples or result.kind == "certified"
        if wanted and not (estimate or unsampled or interrupted):
            estimate, unsampled = sample()
    check = agreement(estimate, result.enclosure) if estimate and check_samples else None
    beside = Beside(estimate, check, unsampled)
    wanted_form = Wanted(digits, closed_form, interrupted)
    emit(score_document(loaded, result, beside, wanted_form), as_json)
    if check and not check.agrees:
        raise typer.Exit(1)
