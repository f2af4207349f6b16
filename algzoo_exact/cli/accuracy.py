"""``algzoo-exact accuracy``: the accuracy and what kind of number it is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, Annotated, cast

import typer

from algzoo_exact.cli.accuracy_text import accuracy_fields, check_text
from algzoo_exact.cli.counts_text import counts_json
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
    TiesOption,
    deadline_after,
    load_model,
    parse_count,
    parse_seconds,
    task_of,
    tie_rule,
    with_noise,
)
from algzoo_exact.cli.output import (
    Json,
    enclosure_json,
    model_json,
    print_fields,
    print_json,
    progress_bar,
    sampled_json,
    sampled_text,
)
from algzoo_exact.cli.samples import sampled_beside
from algzoo_exact.errors import InputError

if TYPE_CHECKING:
    from algzoo_exact.deadline import Deadline
    from algzoo_exact.estimators.sampled import SampleEstimate
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.program.ir import Program
    from algzoo_exact.program.task import Task, TieRule
    from algzoo_exact.program.transformer import Transformer
    from algzoo_exact.score.compute import Method
    from algzoo_exact.score.result import Accuracy
    from algzoo_exact.zoo.loading import Model

EXAMPLES = """[bold]Examples[/bold]

algzoo-exact accuracy 2nd_argmax_2_2

algzoo-exact accuracy my_model.pth --task argmax --ties uniform --json

algzoo-exact accuracy 2nd_argmax_8_5 --method exact --digits 12

algzoo-exact accuracy big.pth --task 2nd_argmax --time-limit 2m"""

SAMPLES_BESIDE_BOUNDS = 1_000_000
LARGEST_DECIDED_N = 7  # beyond it there are only bounds
# A sample contradicts an enclosure without a point in its interval at this confidence.
CHECK_CONFIDENCE = Fraction(999_999, 1_000_000)


def accuracy(
    context: typer.Context,
    model: ModelArgument,
    task: TaskOption = None,
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
    chosen, rule = task_of(loaded), tie_rule(ties)
    n = chosen.seq_len
    if chosen.name == "median":
        from algzoo_exact.cli.squared_error import SquareOptions, print_squared_error

        if by_label:
            raise InputError("--by-label splits an accuracy; median models have an error instead.")
        options = SquareOptions(
            digits, method, deadline, max_regions, workers, check_samples, SAMPLES_BESIDE_BOUNDS,
            seed, closed_form, as_json,
        )  # fmt: skip
        print_squared_error(loaded, chosen, options, LARGEST_DECIDED_N)
        return
    draw = _Sampler(loaded.network, chosen, rule, check_samples or SAMPLES_BESIDE_BOUNDS, seed)

    import algzoo_exact as az

    with sampled_beside(draw, deadline) as sample:
        # Where only bounds are possible, which take their time, the sample comes first.
        boxes = n > LARGEST_DECIDED_N and chosen.name != "longest_cycle"
        early = boxes and method in ("auto", "bounds") and not deadline.limited
        estimate, unsampled = sample() if early else (None, "")
        with noticing_interrupts() as interrupts, progress_bar("accuracy", deadline) as advance:
            result = az.accuracy(
                loaded.network,
                chosen,
                ties=rule,
                digits=digits,
                method=cast("Method", method),
                time_limit=deadline.timeout,
                max_cells=max_regions,
                workers=workers,
                by_label=by_label,
                progress=advance,
            )
        interrupted = bool(interrupts)
        if interrupted and result.enclosure.width >= 1:
            raise KeyboardInterrupt  # nothing is known but that it is a probability
        wanted = check_samples or result.kind == "certified"
        if wanted and not (estimate or unsampled or interrupted):
            estimate, unsampled = sample()
    check = _Check.of(estimate, result.enclosure) if estimate and check_samples else None
    beside = estimate if result.kind == "certified" else None

    if as_json:
        found = _json(loaded, result, digits, interrupted, beside, check)
        print_json(found | {"not_sampled": unsampled or None})
    else:
        print_fields(accuracy_fields(loaded, result, digits, interrupted, closed_form))
        if beside and not check:
            print_fields([("sampled", sampled_text(beside))])
        if check:
            print_fields([("check", check_text(check.estimate, check.z_score, check.agrees))])
        if unsampled:
            print_fields([("sampled", f"no: {unsampled}")])
    if check and not check.agrees:
        raise typer.Exit(1)


@dataclass(frozen=True)
class _Sampler:
    network: Program | Transformer
    task: Task
    ties: TieRule
    samples: int
    seed: int

    def __call__(self, deadline: Deadline) -> SampleEstimate:
        from algzoo_exact.estimators.sampling import sample_rounded

        with progress_bar("sampling") as advance:
            return sample_rounded(
                self.network,
                self.task,
                self.samples,
                None,
                seed=self.seed,
                ties=self.ties,
                # Closest to the real-valued function: on handcrafted:2nd_argmax_3, float32
                # makes three times as many errors, 17 standard errors off in 2e6 inputs.
                dtype="float64",
                progress=lambda done, total: advance(done / total, f"{done:,} inputs"),
                deadline=deadline,
            )


@dataclass(frozen=True)
class _Check:
    """A sample held against an enclosure; ``z_score`` is to the enclosure's nearest point."""

    estimate: SampleEstimate
    z_score: float
    agrees: bool

    @staticmethod
    def of(estimate: SampleEstimate, enclosure: Enclosure) -> _Check:
        from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson

        sampled = Fraction(estimate.correct, estimate.samples)
        nearest = min(max(sampled, enclosure.lower), enclosure.upper)
        if estimate.interval == "Clopper-Pearson":
            interval = clopper_pearson(int(estimate.correct), estimate.samples, CHECK_CONFIDENCE)
        else:
            interval = chernoff_hoeffding(estimate.correct, estimate.samples, CHECK_CONFIDENCE)
        agrees = interval[0] <= enclosure.upper and enclosure.lower <= interval[1]
        return _Check(estimate, estimate.z_score(float(nearest)), agrees)

    def json(self) -> Json:
        z = self.z_score if isfinite(self.z_score) else None
        return sampled_json(self.estimate) | {"z_score": z, "agrees": self.agrees}


def _json(
    model: Model,
    result: Accuracy,
    digits: int | None,
    interrupted: bool,
    sampled: SampleEstimate | None,
    check: _Check | None,
) -> Json:
    from algzoo_exact.exact.enclosure import Enclosure

    form = result.closed_form
    undecided = enclosure_json(Enclosure.exactly(result.undecided), digits)["upper"]
    labels = None
    if result.by_label is not None:
        labels = {str(k): enclosure_json(v, digits) for k, v in result.by_label.items()}
    return {
        "model": model_json(model),
        "task": result.task.name,
        "ties": result.ties,
        "kind": result.kind,
        "accuracy": {
            **enclosure_json(result.enclosure, digits),
            "closed_form": None if form is None else str(form),
        },
        "by_label": labels,
        "regions": result.regions,
        "cells": result.cells,
        "counts": None if result.counts is None else counts_json(result.counts),
        "undecided": undecided,
        "interrupted": interrupted,
        "method": result.method,
        "seconds": round(result.seconds, 4),
        "sampled": None if sampled is None else sampled_json(sampled),
        "check": None if check is None else check.json(),
    }
