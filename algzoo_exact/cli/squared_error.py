"""Scores of median models: the mean squared error, in ``accuracy`` and in ``sample``."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from typing import TYPE_CHECKING, cast

import typer

from algzoo_exact.cli.accuracy_text import LONGEST_FORM, more_digits, settled
from algzoo_exact.cli.output import (
    Json,
    enclosure_json,
    model_json,
    model_text,
    print_fields,
    print_json,
    progress_bar,
)
from algzoo_exact.cli.samples import sampled_beside
from algzoo_exact.deadline import NEVER, Deadline

if TYPE_CHECKING:
    from algzoo_exact.estimators.sampled import SampledSquaredError
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.program.ir import Program
    from algzoo_exact.program.task import Task
    from algzoo_exact.score.squared_error import SquareMethod
    from algzoo_exact.score.squared_result import SquaredError, SquareForm
    from algzoo_exact.zoo.loading import Model

# A normal variable is further off less than once in 10^6.
CHECK_SIGMAS = 5.0
# Rounding of outputs and medians in float64, where a model is the median but for that.
_ROUNDING = 1e-12

_WIDTH = 23  # of the longest name of a line

_MEANING = {
    "exact": "exact: proved; every input is decided, and only rounding widens it",
    "certified": "certified: proved, but only this narrow, since part of the inputs is undecided",
}


@dataclass(frozen=True)
class SquareOptions:
    """What ``accuracy`` was asked for."""

    digits: int | None
    method: str
    deadline: Deadline
    max_cells: int | None
    workers: int | None
    check_samples: int | None
    samples: int
    seed: int
    full_form: bool
    as_json: bool


def print_squared_error(model: Model, task: Task, options: SquareOptions, largest_n: int) -> None:
    """Compute and print; exit code 1 if a sample contradicts the result."""
    import algzoo_exact as az
    from algzoo_exact.cli.interrupts import noticing_interrupts

    count = options.check_samples or options.samples
    draw = _Sampler(model.program, task, count, options.seed, "cpu", "float64")
    deadline = options.deadline
    with sampled_beside(draw, deadline) as sample:
        with (
            noticing_interrupts() as interrupts,
            progress_bar("squared error", deadline) as advance,
        ):
            result = az.squared_error(
                model.program,
                task,
                digits=options.digits,
                method=cast("SquareMethod", options.method),
                time_limit=deadline.timeout,
                max_cells=options.max_cells,
                workers=options.workers,
                progress=advance,
            )
        interrupted = bool(interrupts)
        wanted = not interrupted and (options.check_samples or result.kind == "certified")
        estimate, unsampled = sample() if wanted else (None, "")
    check = _Check.of(estimate, result) if estimate and options.check_samples else None
    beside = estimate if result.kind == "certified" else None
    if options.as_json:
        found = _json(model, result, options.digits, interrupted, beside, check)
        print_json(found | {"not_sampled": unsampled or None})
    else:
        print_fields(_fields(model, result, options, interrupted, largest_n), _WIDTH)
        if beside and not check:
            print_fields([("sampled", sampled_square_text(beside))], _WIDTH)
        if check:
            print_fields([("check", check.text())], _WIDTH)
        if unsampled:
            print_fields([("sampled", f"no: {unsampled}")], _WIDTH)
    if check and not check.agrees:
        raise typer.Exit(1)


def print_sampled_squared_error(
    model: Model, task: Task, samples: int, seed: int, device: str, dtype: str, as_json: bool
) -> None:
    """Sample and print."""
    estimate = _Sampler(model.program, task, samples, seed, device, dtype)(NEVER)
    if as_json:
        print_json(
            {
                "model": model_json(model),
                "task": task.name,
                "kind": "sampled",
                "sampled": sampled_square_json(estimate),
            }
        )
        return
    print_fields(
        [
            ("model", model_text(model)),
            ("task", task.name),
            ("sampled", sampled_square_text(estimate)),
            ("time", f"{estimate.seconds:.2f} s"),
        ]
    )


@dataclass(frozen=True)
class _Sampler:
    program: Program
    task: Task
    samples: int
    seed: int
    device: str
    dtype: str

    def __call__(self, deadline: Deadline) -> SampledSquaredError:
        from algzoo_exact.estimators.squared_error import sample_squares

        with progress_bar("sampling") as advance:
            return sample_squares(
                self.program,
                self.task,
                self.samples,
                deadline,
                seed=self.seed,
                device=self.device,
                dtype=self.dtype,
                progress=lambda done, total: advance(done / total, f"{done:,} inputs"),
            )


@dataclass(frozen=True)
class _Check:
    """A sample held against an enclosure; ``z_score`` is to the enclosure's nearest point."""

    estimate: SampledSquaredError
    z_score: float
    agrees: bool

    @staticmethod
    def of(estimate: SampledSquaredError, result: SquaredError) -> _Check:
        lower, upper = result.enclosure.lower, result.enclosure.upper
        nearest = float(min(max(Fraction(estimate.mean), lower), upper))
        rounding = _ROUNDING * (2 * estimate.root + _ROUNDING)
        reach = CHECK_SIGMAS * estimate.standard_error + rounding
        agrees = abs(estimate.mean - nearest) <= reach
        return _Check(estimate, estimate.z_score(nearest), agrees)

    def json(self) -> Json:
        z = self.z_score if isfinite(self.z_score) else None
        return sampled_square_json(self.estimate) | {"z_score": z, "agrees": self.agrees}

    def text(self) -> str:
        verdict = (
            "agrees with the mean squared error above"
            if self.agrees
            else "contradicts the mean squared error above, which chance does about once in 10^6"
        )
        return f"{sampled_square_text(self.estimate)}\nz-score {self.z_score:+.2f}: it {verdict}"


def sampled_square_json(estimate: SampledSquaredError) -> Json:
    low, high = estimate.interval()
    return {
        "kind": estimate.kind,
        "samples": estimate.samples,
        "mean_squared_error": estimate.mean,
        "root_mean_squared_error": estimate.root,
        "lower": low,
        "upper": high,
        "confidence": 0.99,
        "interval": "normal",
        "standard_error": estimate.standard_error,
        "seed": estimate.seed,
        "device": estimate.device,
        "dtype": estimate.dtype,
        "seconds": round(estimate.seconds, 3),
    }


def sampled_square_text(estimate: SampledSquaredError) -> str:
    low, high = estimate.interval()
    return (
        f"mean squared error {estimate.mean:.6g} ± {estimate.standard_error:.1g}, root "
        f"{estimate.root:.6g}; about 99% confidence between {low:.6g} and {high:.6g} (normal "
        f"approximation)\n{estimate.samples:,} random inputs, seed {estimate.seed}, "
        f"{estimate.dtype} on {estimate.device}: an estimate, not a proof"
    )


def _fields(
    model: Model, result: SquaredError, options: SquareOptions, interrupted: bool, largest_n: int
) -> list[tuple[str, str]]:
    fields = [
        ("model", model_text(model)),
        ("task", result.task.name),
        ("mean squared error", _value(result, result.enclosure)),
        ("root mean squared error", _value(result, result.root)),
        ("kind", _MEANING[result.kind]),
    ]
    if result.closed_form is not None:
        form = result.closed_form
        fields.append(("closed form", str(form) if options.full_form else _shortened(form)))
    if result.cells is None:
        fields.append(("regions", "not counted"))
    else:
        fields.append(
            ("regions", f"{result.regions:,}, met in {result.cells:,} pieces of constant pattern "
             "and median")
        )  # fmt: skip
    fields.append(("method", f"{result.method}; {result.seconds:.2f} s"))
    if interrupted:
        fields.append(("interrupted", "this is what was decided by then"))
    fields.append(("more", _more(result, options.digits, largest_n)))
    return fields


def _value(result: SquaredError, enclosure: Enclosure) -> str:
    if result.kind == "certified":
        low, high = enclosure.decimal(6)
        return f"between {low} and {high}"
    if enclosure.width == 0:
        from algzoo_exact.exact.shares import significant

        value = enclosure.lower
        return str(value) if value.denominator == 1 else f"{value} = {significant(value, 15)}"
    return settled(enclosure)


def _shortened(form: SquareForm) -> str:
    text = str(form)
    if len(text) <= LONGEST_FORM:
        return text
    return (
        f"arctangents over pi: {len(form.arctangents.terms)}, square roots over pi: "
        f"{len(form.roots)}; {len(text):,} characters; --closed-form prints all"
    )


def _more(result: SquaredError, digits: int | None, largest_n: int) -> str:
    if result.kind == "exact":
        return f"{more_digits(result.enclosure, digits)}--check-samples 1e7 for a check"
    if result.task.seq_len <= largest_n:
        return "--method exact decides every input, however long it takes; or a longer --time-limit"
    return f"every input can be decided for n <= {largest_n} only"


def _json(
    model: Model,
    result: SquaredError,
    digits: int | None,
    interrupted: bool,
    sampled: SampledSquaredError | None,
    check: _Check | None,
) -> Json:
    from algzoo_exact.exact.enclosure import Enclosure

    form = result.closed_form
    return {
        "model": model_json(model),
        "task": result.task.name,
        "kind": result.kind,
        "mean_squared_error": {
            **enclosure_json(result.enclosure, digits),
            "closed_form": None if form is None else str(form),
        },
        "root_mean_squared_error": enclosure_json(result.root, digits),
        "regions": result.regions,
        "cells": result.cells,
        "undecided": enclosure_json(Enclosure.exactly(result.undecided), digits)["upper"],
        "interrupted": interrupted,
        "method": result.method,
        "seconds": round(result.seconds, 4),
        "sampled": None if sampled is None else sampled_square_json(sampled),
        "check": None if check is None else check.json(),
    }
