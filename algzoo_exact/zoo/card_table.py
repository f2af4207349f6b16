"""Model cards as a Markdown table, ours beside the published scores."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import ROUND_FLOOR, Decimal, localcontext
from math import sqrt

from algzoo_exact.errors import InputError
from algzoo_exact.program.task import PROBLEMS
from algzoo_exact.zoo.algzoo import published
from algzoo_exact.zoo.cards import Card, Score

BEGIN, END = "<!-- model table: begin -->", "<!-- model table: end -->"
"""The lines between which ``with_table`` writes."""

PLACES = 12  # decimals of a score that are shown at most
ROUNDED = 6  # decimals of sampled scores and of roots
COLUMNS = ("model", "parameters", "sequences", "seed", "score", "kind", "ties", "published")


def card_table(cards: Iterable[Card]) -> str:
    """A Markdown table with a row for each card, by task and size.

    Digits of a score are cut off, not rounded, where both bounds share them. ``published`` is
    AlgZoo's score for the same task and size, to 0.001. For median both are roots of mean squared
    errors, and ours has the mean squared error beside it.
    """
    ordered = sorted(
        cards, key=lambda c: ([*PROBLEMS].index(c.task), c.hidden_size, c.seq_len, c.name)
    )
    rows = [COLUMNS, ("---",) * len(COLUMNS), *map(_row, ordered)]
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def with_table(readme: str, cards: Iterable[Card]) -> str:
    """The text of a README, with the table between its two marker lines made anew."""
    before, begin, rest = readme.partition(BEGIN + "\n")
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise InputError(f"The README has no lines {BEGIN} and {END} to put the table between.")
    return f"{before}{begin}\n{card_table(cards)}\n{end}{after}"


def score_text(score: Score) -> str:
    """A score's meaningful digits; for mean squared errors the root comes first."""
    digits = _sampled(score) if score.kind == "sampled" else _shared_digits(score)
    if score.metric == "accuracy":
        counted = score.correct is not None
        return f"{digits} ({score.correct:,} of {score.total:,})" if counted else digits
    return f"{_root(score)} (square {digits})"


def _row(card: Card) -> tuple[str, ...]:
    known = published(card.task, card.hidden_size, card.seq_len)
    return (
        f"`{card.name}`",
        str(card.parameters),
        power_text(card.sequences),
        f"{card.seed}, best of {card.seeds}" if card.seeds > 1 else str(card.seed),
        score_text(card.score),
        card.score.kind,
        card.score.ties or "",
        f"{known.score:.3f}" if known else "none",
    )


def power_text(count: int) -> str:
    """A number as a power of two, if it is a large one."""
    exponent = count.bit_length() - 1
    return f"2^{exponent}" if exponent >= 10 and count == 1 << exponent else f"{count:,}"


def _shared_digits(score: Score) -> str:
    """The decimals that both bounds begin with."""
    assert score.lower is not None
    assert score.upper is not None
    lower, upper = Decimal(score.lower), Decimal(score.upper)
    if lower == upper and _cut(lower, PLACES) == lower:
        return f"{lower:f}".rstrip("0").rstrip(".") if "." in score.lower else score.lower
    # Of a tiny mean squared error, six digits.
    most = max(PLACES, 5 - lower.adjusted()) if lower else PLACES
    for places in range(most, 0, -1):
        if _cut(lower, places) == _cut(upper, places):
            return f"{_cut(lower, places):f}"
    return f"{_cut(lower, 4):f} to {_cut(upper, 4):f}"


def _cut(value: Decimal, places: int) -> Decimal:
    with localcontext() as context:
        context.prec = len(str(value)) + places + 5
        return value.quantize(Decimal(1).scaleb(-places), ROUND_FLOOR)


def _sampled(score: Score) -> str:
    assert score.value is not None
    assert score.standard_error is not None
    return f"{score.value:.{ROUNDED}f} ± {score.standard_error:.0e}"


def _root(score: Score) -> str:
    """The root in float64, rounded: an aid for the eye; the square beside it is the score."""
    square = score.value if score.value is not None else max(0.0, float(score.lower or 0))
    return f"{sqrt(square):.{ROUNDED}f}" if square > 1e-6 else f"{sqrt(square):.3g}"
