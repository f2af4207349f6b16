"""What ``accuracy`` and ``sample`` say: a score with its kind, and random inputs beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from math import isfinite
from typing import Any

from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import level, significant
from algzoo_exact.measure.flow import MOST_INPUTS
from algzoo_exact.present.document import Document, Fact, facts, untitled
from algzoo_exact.present.findings.crosscheck import CrossCheck
from algzoo_exact.present.subject import Subject
from algzoo_exact.present.wording import (
    about,
    between,
    one_in,
    settled,
    settled_places,
    task_text,
)
from algzoo_exact.present.writers.data import attributes, enclosure_data
from algzoo_exact.program.task import Task, TieRule
from algzoo_exact.runtime.sampled import Estimate, SampleEstimate
from algzoo_exact.score.closed_form import ClosedForm
from algzoo_exact.score.compute import METRICS
from algzoo_exact.score.metric import Metric
from algzoo_exact.score.result import Counts, Score
from algzoo_exact.zoo.loading import Model

_LONGEST_FORM = 240  # characters of a closed form, or of a fraction, that are shown in full
_LONG_INTEGER = re.compile(r"\d{13,}")
_NAMING = 2  # lines that name the model and the task
_MEANING = {
    "exact": "exact: proved; every input is decided, and only rounding widens it",
    "certified": "certified: proved, but only this narrow, since part of the inputs is undecided",
}
_TRIED = _MEANING | {"exact": "exact: proved; every input is tried and decided"}


@dataclass(frozen=True)
class Wanted:
    """How a score is to be shown: digits, the closed form in full, whether a sample agrees;
    ``interrupted``: it is what was decided by then."""

    digits: int | None = None
    full_form: bool = False
    checked: bool = False
    interrupted: bool = False


def score_document(
    model: Model | None, score: Score, beside: CrossCheck | None, wanted: Wanted
) -> Document:
    """``beside`` are random inputs; those that say much more than the bounds come first."""
    metric = METRICS[score.metric]
    counted = score.counts is not None
    found = _counted(score) if counted else _measured(score, metric, wanted.full_form)
    rows: list[Fact] = [
        *Subject(model, score.task, score.ties).rows,
        *found,
        ("method", f"{score.method}; {score.seconds:.2f} s"),
        ("interrupted", "this is what was decided by then" if wanted.interrupted else None),
        ("more", _more(model, score, metric, wanted.digits) if model else None),
    ]
    estimate = beside.estimate if beside else None
    bounded = estimate if score.kind == "certified" else None
    first = bool(bounded and beside and beside.says_more)
    if bounded and not wanted.checked:
        rows.insert(_NAMING if first else len(rows), ("sampled", _sampled(bounded)))
    sampled = {"sampled": bounded and _sampled_data(bounded)}
    data = (sampled if first else {}) | _data(model, score, metric, wanted) | sampled
    data |= {"check": None, "not_sampled": None}
    if estimate and beside and wanted.checked:
        rows.append(("check", _checked(estimate, beside, metric)))
        z = beside.z_score if isfinite(beside.z_score) else None
        data["check"] = _sampled_data(estimate) | {"z_score": z, "agrees": beside.agrees}
    if beside and beside.failure:
        rows.append(("sampled", f"no: {beside.failure}"))
        data["not_sampled"] = beside.failure
    return untitled(facts(*rows), data=data)


def sample_document(
    model: Model | None, task: Task | None, ties: TieRule | None, estimate: Estimate
) -> Document:
    """Of a sample alone; ``ties`` is None where no logits are compared."""
    said = facts(
        about(model),
        ("task", task_text(task, ties) if task else None),
        ("sampled", _sampled(estimate)),
        ("time", f"{estimate.seconds:.2f} s"),
    )
    data: dict[str, Any] = {"model": model, "task": task and task.name}
    data |= {"ties": ties} if ties else {}
    return untitled(said, data=data | {"kind": "sampled", "sampled": _sampled_data(estimate)})


def _measured(score: Score, metric: Metric, full_form: bool) -> Iterator[Fact]:
    yield metric.words, _value(score, score.enclosure)
    if metric.root:
        yield metric.root, _value(score, score.root)
    yield "kind", _MEANING[score.kind]
    if metric.of_labels:
        yield "errors", one_in(score.enclosure.complement)
    if score.form is not None:
        yield "closed form", str(score.form) if full_form else _shortened(score.form)
    for label, part in (score.by_label or {}).items():
        yield f"label {label}", f"{settled(part)} of the {metric.words}"
    yield "regions", _regions(score, metric)


def _counted(score: Score) -> Iterator[Fact]:
    """Of a transformer, all of whose inputs are tried."""
    counts = score.counts
    assert counts is not None
    yield "accuracy", _share_of_inputs(score, counts)
    yield "kind", _TRIED[score.kind]
    yield "errors", _wrong_inputs(score, counts)
    if score.by_label is not None:
        for label, row in enumerate(counts.confusion):
            yield f"label {label}", _label(label, row)
    tried = counts.inputs - counts.undecided
    everything = "all" if tried == counts.inputs else f"{tried:,}"
    tied = f"in {counts.tied:,} of them logits tie" if counts.tied else "no logits tie"
    yield "inputs", f"{counts.inputs:,}, {everything} of them decided; {tied}"


def _share_of_inputs(score: Score, counts: Counts) -> str:
    low, high = score.enclosure.lower, score.enclosure.upper
    if low == high:
        return f"{_amount(low * counts.inputs)}/{counts.inputs:,} inputs = {float(low):.15g}"
    least, most = _amount(low * counts.inputs), _amount(high * counts.inputs)
    known = between(score.enclosure, 6)
    return f"{known}: from {least} to {most} of {counts.inputs:,} inputs"


def _wrong_inputs(score: Score, counts: Counts) -> str:
    least, most = (
        (1 - end) * counts.inputs for end in (score.enclosure.upper, score.enclosure.lower)
    )
    if most == 0:
        return "none"
    if least < most:
        return f"from {_amount(least)} to {_amount(most)} inputs"
    rate = Enclosure.exactly(1 - score.enclosure.lower)
    return f"{_amount(most)} inputs: {one_in(rate, finite=True)}"


def _label(label: int, row: tuple[int, ...]) -> str:
    """How often each answer is given where this label is true."""
    answers = ", ".join(f"{answer} ({count:,})" for answer, count in enumerate(row) if count)
    return f"longest cycle {label + 1}, decided {sum(row):,} times; answers: {answers or 'none'}"


def _amount(value: Fraction) -> str:
    """A number of inputs; a fraction where a tie earns part of one."""
    whole, rest = divmod(value, 1)
    return f"{whole:,} {rest}" if rest else f"{whole:,}"


def _value(score: Score, enclosure: Enclosure) -> str:
    if score.kind == "certified":
        return between(enclosure, 6)
    if enclosure.width == 0:
        text, decimal = str(enclosure.lower), significant(enclosure.lower, 15)
        if enclosure.lower.denominator == 1:
            return text
        return f"{text} = {decimal}" if len(text) <= _LONGEST_FORM else decimal
    return settled(enclosure)


def _regions(score: Score, metric: Metric) -> str:
    if score.cells is None:
        return "not counted"
    if score.regions is None:
        return f"not counted; {score.cells:,} cones visited"
    return f"{score.regions:,}, met in {score.cells:,} pieces of constant {metric.constant}"


def _shortened(form: ClosedForm) -> str:
    text = str(form)
    if len(text) <= _LONGEST_FORM:
        return text
    first = _LONG_INTEGER.sub(lambda m: f"{m[0][:6]}..[{len(m[0])} digits]", _beginning(text))
    roots = f", {len(form.roots)} square roots" if form.roots else ""
    return (
        f"{first} ...\n{len(form.terms)} arctangents{roots}, {len(text):,} characters; "
        "--closed-form prints all"
    )


def _beginning(text: str) -> str:
    """The constant and the first arctangent."""
    second = [m.start() for m in re.finditer(r" [+-] ", text)][1:2]
    return text[: second[0]] if second else text


def _more(model: Model, score: Score, metric: Metric, digits: int | None) -> str:
    if score.counts is not None:
        if score.kind == "exact":
            return "--by-label for the answers to each label, --check-samples 1e6 for a check"
        return "--method exact tries every input, however long it takes; or a longer --time-limit"
    if score.kind == "exact":
        if digits and score.enclosure.width > Fraction(1, 10**digits):
            return f"--method exact proves {digits} digits, however long that takes"
        places = 0 if score.enclosure.width == 0 else digits or settled_places(score.enclosure)
        twice = f"--digits {2 * places} for more digits, " if places else ""
        return f"{twice}--check-samples 1e7 for a check"
    if score.task.seq_len <= MOST_INPUTS:
        return "--method exact decides every input, however long it takes; or a longer --time-limit"
    only = f"every input can be decided for n <= {MOST_INPUTS} only"
    if not metric.of_labels:
        return only
    if not (model.program.is_rnn and score.task.symmetric):
        return f"for a perceptron or a teacher {only}, and beyond nothing is proved"
    if not score.cells:
        return "a longer --time-limit; or first algzoo-exact warm, where nothing is compiled yet"
    return f"a longer --time-limit narrows it, slowly; {only}"


def _checked(estimate: Estimate, check: CrossCheck, metric: Metric) -> str:
    """The sample beside the result, and whether they agree."""
    if check.agrees:
        verdict = f"agrees with the {metric.words} above"
    else:
        verdict = (
            f"contradicts the {metric.words} above, which chance does about once in 10^6 at most"
        )
        if metric.of_labels:
            verdict += "; rounding can, where logits tie exactly"
    return f"{_sampled(estimate)}\nz-score {check.z_score:+.2f}: the sample {verdict}"


def _sampled(estimate: Estimate) -> str:
    if isinstance(estimate, SampleEstimate):
        said = _accuracy_text(estimate)
    else:
        low, high = estimate.interval()
        said = (
            f"mean squared error {estimate.mean:.6g} ± {estimate.standard_error:.1g}, root "
            f"{estimate.root:.6g}; about 99% confidence between {low:.6g} and {high:.6g} (normal "
            "approximation)"
        )
    return (
        f"{said}\n{estimate.samples:,} random inputs, seed {estimate.seed}, "
        f"{estimate.dtype} on {estimate.device}: an estimate, not a proof"
    )


def _accuracy_text(estimate: SampleEstimate) -> str:
    places = 2 + len(str(round(1 / max(estimate.standard_error, 1 / estimate.samples))))
    ends = Enclosure(Fraction(estimate.lower), Fraction(estimate.upper))
    return (
        f"{estimate.accuracy:.{places}f}, and with {level(estimate.confidence)} confidence "
        f"{between(ends, places)} ({estimate.interval})"
    )


def _data(model: Model | None, score: Score, metric: Metric, wanted: Wanted) -> dict[str, Any]:
    """All that is known about it but for samples."""
    digits = wanted.digits
    form = None if score.form is None else str(score.form)
    found: dict[str, Any] = {"model": model, "task": score.task.name}
    if score.ties:
        found["ties"] = score.ties
    found["kind"] = score.kind
    found[score.metric] = {**enclosure_data(score.enclosure, digits), "closed_form": form}
    if metric.root:
        found[metric.root.replace(" ", "_")] = enclosure_data(score.root, digits)
    if metric.of_labels:
        labels = None
        if score.by_label is not None:
            labels = {str(k): enclosure_data(v, digits) for k, v in score.by_label.items()}
        found["by_label"] = labels
    found |= {"regions": score.regions, "cells": score.cells}
    if metric.of_labels:
        found["counts"] = None if score.counts is None else asdict(score.counts)
    return found | {
        "undecided": enclosure_data(Enclosure.exactly(score.undecided), digits)["upper"],
        "interrupted": wanted.interrupted,
        "method": score.method,
        "seconds": round(score.seconds, 4),
    }


def _sampled_data(estimate: Estimate) -> dict[str, Any]:
    if isinstance(estimate, SampleEstimate):
        low, high = estimate.lower, estimate.upper
        figures: dict[str, Any] = {"correct": str(estimate.correct), "estimate": estimate.accuracy}
        told = attributes(estimate, "confidence interval")
    else:
        low, high = estimate.interval()
        figures = {"mean_squared_error": estimate.mean, "root_mean_squared_error": estimate.root}
        told = {"confidence": 0.99, "interval": "normal"}
    return {
        **attributes(estimate, "kind samples"),
        **figures,
        "lower": low,
        "upper": high,
        **told,
        **attributes(estimate, "standard_error seed device dtype"),
        "seconds": round(estimate.seconds, 3),
    }
