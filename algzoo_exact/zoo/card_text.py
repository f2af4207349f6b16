"""The figures of model cards as text."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, localcontext
from math import sqrt

from algzoo_exact.zoo.cards import Score

PLACES = 12  # decimals of a score that are shown at most
ROUNDED = 6  # decimals of sampled scores and of roots


def score_text(score: Score) -> str:
    """A score's meaningful digits; for mean squared errors the root comes first."""
    digits = _sampled(score) if score.kind == "sampled" else _shared_digits(score)
    if score.metric == "accuracy":
        counted = score.correct is not None
        return f"{digits} ({score.correct:,} of {score.total:,})" if counted else digits
    return f"{_root(score)} (square {digits})"


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
