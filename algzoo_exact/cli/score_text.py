"""A score in words and as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from algzoo_exact.cli.counts_text import counted_fields, counted_more, counts_json
from algzoo_exact.cli.output import Json, enclosure_json, model_json, model_text, task_text

if TYPE_CHECKING:
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.score.closed_form import ClosedForm
    from algzoo_exact.score.metric import Metric
    from algzoo_exact.score.result import Score
    from algzoo_exact.zoo.loading import Model

LONGEST_FORM = 240  # characters of a closed form, or of a fraction, that are shown in full
MOST_DECIMALS = 1100  # more than --digits can ask for
LARGEST_DECIDED = 9  # inputs; beyond there are only bounds
_LONG_INTEGER = re.compile(r"\d{13,}")

NAMING = 2  # lines that name the model and the task
_MEANING = {
    "exact": "exact: proved; every input is decided, and only rounding widens it",
    "certified": "certified: proved, but only this narrow, since part of the inputs is undecided",
}


def metric_of(score: Score) -> Metric:
    from algzoo_exact.score.compute import METRICS

    return METRICS[score.metric]


def width_of(score: Score) -> int:
    """Of the longest name of a line."""
    return max(12, len(metric_of(score).root) + 1)


def score_fields(
    model: Model, score: Score, digits: int | None, interrupted: bool, full_form: bool
) -> list[tuple[str, str]]:
    """Names and texts of the lines to print."""
    task = task_text(score.task, score.ties)
    fields = [("model", model_text(model)), ("task", task)]
    if score.counts is not None:
        fields += counted_fields(score, score.counts)
    else:
        fields += _measured_fields(score, metric_of(score), full_form)
    fields.append(("method", f"{score.method}; {score.seconds:.2f} s"))
    if interrupted:
        fields.append(("interrupted", "this is what was decided by then"))
    fields.append(("more", _more(score, digits)))
    return fields


def _measured_fields(score: Score, metric: Metric, full_form: bool) -> list[tuple[str, str]]:
    fields = [(metric.words, _value(score, score.enclosure))]
    if metric.root:
        fields.append((metric.root, _value(score, score.root)))
    fields.append(("kind", _MEANING[score.kind]))
    if metric.of_labels:
        fields.append(("errors", _errors(score)))
    if score.form is not None:
        fields.append(("closed form", str(score.form) if full_form else _shortened(score.form)))
    for label, part in (score.by_label or {}).items():
        fields.append((f"label {label}", f"{settled(part)} of the {metric.words}"))
    fields.append(("regions", _regions(score, metric)))
    return fields


def score_json(model: Model, score: Score, digits: int | None, interrupted: bool) -> Json:
    """All that is known about it but for samples."""
    from algzoo_exact.exact.enclosure import Enclosure

    metric = metric_of(score)
    form = None if score.form is None else str(score.form)
    found: Json = {"model": model_json(model), "task": score.task.name}
    if score.ties:
        found["ties"] = score.ties
    found["kind"] = score.kind
    found[score.metric] = {**enclosure_json(score.enclosure, digits), "closed_form": form}
    if metric.root:
        found[metric.root.replace(" ", "_")] = enclosure_json(score.root, digits)
    if metric.of_labels:
        labels = None
        if score.by_label is not None:
            labels = {str(k): enclosure_json(v, digits) for k, v in score.by_label.items()}
        found["by_label"] = labels
    found |= {"regions": score.regions, "cells": score.cells}
    if metric.of_labels:
        found["counts"] = None if score.counts is None else counts_json(score.counts)
    return found | {
        "undecided": enclosure_json(Enclosure.exactly(score.undecided), digits)["upper"],
        "interrupted": interrupted,
        "method": score.method,
        "seconds": round(score.seconds, 4),
    }


def _value(score: Score, enclosure: Enclosure) -> str:
    from algzoo_exact.exact.shares import significant

    if score.kind == "certified":
        low, high = enclosure.decimal(6)
        return f"between {low} and {high}"
    if enclosure.width == 0:
        text, decimal = str(enclosure.lower), significant(enclosure.lower, 15)
        if enclosure.lower.denominator == 1:
            return text
        return f"{text} = {decimal}" if len(text) <= LONGEST_FORM else decimal
    return settled(enclosure)


def settled(enclosure: Enclosure) -> str:
    """The decimals that the width leaves meaningful, and the most they can be off by."""
    places = decimals(enclosure)
    shown = Fraction(round(enclosure.midpoint * 10**places), 10**places)
    error = max(enclosure.upper - shown, shown - enclosure.lower)
    text = _exactly(shown).decimal(places)[0]
    return f"{text} ± {_one_digit_up(error)}"


def decimals(enclosure: Enclosure) -> int:
    """How many the width leaves meaningful."""
    places = 0
    while places < MOST_DECIMALS and enclosure.width * 10 ** (places + 1) < 1:
        places += 1
    return places


def _exactly(value: Fraction) -> Enclosure:
    from algzoo_exact.exact.enclosure import Enclosure

    return Enclosure.exactly(value)


def _one_digit_up(value: Fraction) -> str:
    """A bound for a number below 1, such as 3e-17."""
    places = 1
    while value * 10**places < 1 and places < MOST_DECIMALS:
        places += 1
    digit = ceil(value * 10**places)
    return f"{digit}e-{places}" if digit < 10 else f"1e-{places - 1}"


def _errors(score: Score) -> str:
    """One error in how many inputs: 1 / (1 - accuracy)."""
    least, most = 1 - score.enclosure.upper, 1 - score.enclosure.lower
    if most <= 0:
        return "none: the accuracy is 1, except for inputs of probability 0"
    if most >= 1:
        return "no bound yet"
    if least <= 0:
        return f"at most one in {_count(1 / most, floor)} inputs"
    low, high = _count(1 / most, round), _count(1 / least, round)
    if low == high:
        return f"one in {low} inputs"
    return f"one in {_count(1 / most, floor)} to {_count(1 / least, ceil)} inputs"


def more_digits(enclosure: Enclosure, digits: int | None) -> str:
    """How to get twice as many, where there are more."""
    places = 0 if enclosure.width == 0 else digits or decimals(enclosure)
    return f"--digits {2 * places} for more digits, " if places else ""


def _count(number: Fraction, to_integer: Callable[[Fraction], int]) -> str:
    """Six digits."""
    places = max(0, 5 - len(str(int(number))) + 1)
    if not places:  # it may be beyond the range of floats
        return f"{to_integer(number):,}"
    return f"{to_integer(number * 10**places) / 10**places:,.{places}f}"


def _regions(score: Score, metric: Metric) -> str:
    if score.cells is None:
        return "not counted"
    if score.regions is None:
        return f"not counted; {score.cells:,} cones visited"
    return f"{score.regions:,}, met in {score.cells:,} pieces of constant {metric.constant}"


def _shortened(form: ClosedForm) -> str:
    text = str(form)
    if len(text) <= LONGEST_FORM:
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


def _more(score: Score, digits: int | None) -> str:
    if score.counts is not None:
        return counted_more(score)
    if score.kind == "exact":
        return f"{more_digits(score.enclosure, digits)}--check-samples 1e7 for a check"
    if score.task.seq_len <= LARGEST_DECIDED:
        return "--method exact decides every input, however long it takes; or a longer --time-limit"
    only = f"every input can be decided for n <= {LARGEST_DECIDED} only"
    if not metric_of(score).of_labels:
        return only
    if not score.cells:
        return "a longer --time-limit; or first algzoo-exact warm, where nothing is compiled yet"
    return f"a longer --time-limit narrows it, slowly; {only}"
