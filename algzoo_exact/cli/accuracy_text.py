"""The result of ``accuracy`` in words."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from algzoo_exact.cli.counts_text import counted_fields, counted_more
from algzoo_exact.cli.output import model_text, sampled_text, task_text

if TYPE_CHECKING:
    from algzoo_exact.estimators.sampled import SampleEstimate
    from algzoo_exact.exact.enclosure import Enclosure
    from algzoo_exact.score.closed_form import ClosedForm
    from algzoo_exact.score.result import Accuracy
    from algzoo_exact.zoo.loading import Model

LONGEST_FORM = 240  # characters of a closed form that are shown in full
MOST_DECIMALS = 1100  # more than --digits can ask for
LARGEST_DENOMINATOR = 10**6  # of an accuracy that is shown as a fraction
_LONG_INTEGER = re.compile(r"\d{13,}")

NAMING = 2  # lines that name the model and the task
_MEANING = {
    "exact": "exact: proved; every input is decided, and only rounding widens it",
    "certified": "certified: proved, but only this narrow, since part of the inputs is undecided",
}


def accuracy_fields(
    model: Model, result: Accuracy, digits: int | None, interrupted: bool, full_form: bool
) -> list[tuple[str, str]]:
    """Names and texts of the lines to print."""
    fields = [
        ("model", model_text(model)),
        ("task", task_text(result.task, result.ties)),
    ]
    if result.counts is not None:
        fields += counted_fields(result, result.counts)
    else:
        fields += _measured_fields(result, full_form)
    fields.append(("method", f"{result.method}; {result.seconds:.2f} s"))
    if interrupted:
        fields.append(("interrupted", "this is what was decided by then"))
    fields.append(("more", _more(result, digits)))
    return fields


def _measured_fields(result: Accuracy, full_form: bool) -> list[tuple[str, str]]:
    fields = [
        ("accuracy", _value(result)),
        ("kind", _MEANING[result.kind]),
        ("errors", _errors(result)),
    ]
    if result.closed_form is not None:
        form = str(result.closed_form) if full_form else _shortened(result.closed_form)
        fields.append(("closed form", form))
    for label, part in (result.by_label or {}).items():
        fields.append((f"label {label}", f"{settled(part)} of the accuracy"))
    fields.append(("regions", _regions(result)))
    return fields


def check_text(estimate: SampleEstimate, z: float, agrees: bool) -> str:
    """The sample beside the result, and whether they agree."""
    verdict = (
        "agrees with the accuracy above"
        if agrees
        else "contradicts the accuracy above, which chance does less than once in 10^6; "
        "rounding can, where logits tie exactly"
    )
    return f"{sampled_text(estimate)}\nz-score {z:+.2f}: the sample {verdict}"


def _value(result: Accuracy) -> str:
    enclosure = result.enclosure
    if result.kind == "certified":
        low, high = enclosure.decimal(6)
        return f"between {low} and {high}"
    if enclosure.width == 0 and enclosure.lower.denominator <= LARGEST_DENOMINATOR:
        value = enclosure.lower
        return str(value) if value.denominator == 1 else f"{value} = {float(value):.15g}"
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


def _errors(result: Accuracy) -> str:
    """One error in how many inputs: 1 / (1 - accuracy)."""
    least, most = 1 - result.enclosure.upper, 1 - result.enclosure.lower
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


def _regions(result: Accuracy) -> str:
    if result.cells is None:
        return "not counted"
    if result.regions is None:
        return f"not counted; {result.cells:,} cones visited"
    return f"{result.regions:,}, met in {result.cells:,} pieces of constant pattern and label"


def _shortened(form: ClosedForm) -> str:
    text = str(form)
    if len(text) <= LONGEST_FORM:
        return text
    first = _LONG_INTEGER.sub(lambda m: f"{m[0][:6]}..[{len(m[0])} digits]", _beginning(text))
    return (
        f"{first} ...\n{len(form.terms)} arctangents, {len(text):,} characters; "
        "--closed-form prints all"
    )


def _beginning(text: str) -> str:
    """The constant and the first arctangent."""
    second = [m.start() for m in re.finditer(r" [+-] ", text)][1:2]
    return text[: second[0]] if second else text


def _more(result: Accuracy, digits: int | None) -> str:
    from algzoo_exact.score.whole import MOST_INPUTS

    if result.counts is not None:
        return counted_more(result)
    if result.kind == "exact":
        return f"{more_digits(result.enclosure, digits)}--check-samples 1e7 for a check"
    if result.task.seq_len <= MOST_INPUTS:
        return "--method exact decides every input, however long it takes; or a longer --time-limit"
    if not result.cells:
        return "a longer --time-limit; or first algzoo-exact warm, where nothing is compiled yet"
    return (
        "a longer --time-limit narrows it, slowly; every input can be decided for "
        f"n <= {MOST_INPUTS} only"
    )
