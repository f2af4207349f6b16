"""The accuracy of a transformer, all of whose inputs are tried, in words and as JSON."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from algzoo_exact.cli.output import Json

if TYPE_CHECKING:
    from algzoo_exact.score.result import Counts, Score

_MEANING = {
    "exact": "exact: proved; every input is tried and decided",
    "certified": "certified: proved, but only this narrow, since part of the inputs is undecided",
}


def counted_fields(result: Score, counts: Counts) -> list[tuple[str, str]]:
    """Names and texts of the lines that are about the accuracy."""
    fields = [
        ("accuracy", _value(result, counts)),
        ("kind", _MEANING[result.kind]),
        ("errors", _errors(result, counts)),
    ]
    if result.by_label is not None:
        for label, row in enumerate(counts.confusion):
            fields.append((f"label {label}", _label(label, row)))
    tried = counts.inputs - counts.undecided
    everything = "all" if tried == counts.inputs else f"{tried:,}"
    tied = f"in {counts.tied:,} of them logits tie" if counts.tied else "no logits tie"
    fields.append(("inputs", f"{counts.inputs:,}, {everything} of them decided; {tied}"))
    return fields


def counted_more(result: Score) -> str:
    """What else can be asked."""
    if result.kind == "exact":
        return "--by-label for the answers to each label, --check-samples 1e6 for a check"
    return "--method exact tries every input, however long it takes; or a longer --time-limit"


def counts_json(counts: Counts) -> Json:
    return {
        "inputs": counts.inputs,
        "undecided": counts.undecided,
        "tied": counts.tied,
        "confusion": [list(row) for row in counts.confusion],
    }


def _value(result: Score, counts: Counts) -> str:
    low, high = result.enclosure.lower, result.enclosure.upper
    if low == high:
        return f"{_amount(low * counts.inputs)}/{counts.inputs:,} inputs = {float(low):.15g}"
    lower, upper = result.enclosure.decimal(6)
    return (
        f"between {lower} and {upper}: from {_amount(low * counts.inputs)} "
        f"to {_amount(high * counts.inputs)} of {counts.inputs:,} inputs"
    )


def _errors(result: Score, counts: Counts) -> str:
    least, most = (
        (1 - end) * counts.inputs for end in (result.enclosure.upper, result.enclosure.lower)
    )
    if most == 0:
        return "none"
    if least < most:
        return f"from {_amount(least)} to {_amount(most)} inputs"
    return f"{_amount(most)} inputs, one in {float(counts.inputs / most):,.6g}"


def _label(label: int, row: tuple[int, ...]) -> str:
    """How often each answer is given where this label is true."""
    answers = ", ".join(f"{answer} ({count:,})" for answer, count in enumerate(row) if count)
    return f"longest cycle {label + 1}, decided {sum(row):,} times; answers: {answers or 'none'}"


def _amount(value: Fraction) -> str:
    """A number of inputs; a fraction where a tie earns part of one."""
    whole, rest = divmod(value, 1)
    return f"{whole:,} {rest}" if rest else f"{whole:,}"
