"""Counterexamples: a walk through a piece, and short floats near a point that was found.

Everything here proposes; exact evaluation decides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from random import Random

from algzoo_exact.explain.language.expression import compare
from algzoo_exact.explain.logic.conditions import Form, Sign
from algzoo_exact.explain.logic.system import Values

_GRID = 2**10
_DIGITS = 17  # Any float64 can be told from the others by so many decimal digits.


def walk(
    rows: Sequence[Sign], start: Values, size: Fraction, count: int
) -> Iterator[dict[int, Fraction]]:
    """Points of a piece, one after the other along random directions (hit and run).

    ``rows`` hold at ``start``; coordinates stay in [-size, size], and are rounded where that
    does not leave the piece.
    """
    random = Random(0)
    at = dict(start)
    box = [Form(((v, Fraction(sign)),), size) for v in at for sign in (1, -1)]
    forms = [*(row.form for row in rows), *box]
    for _ in range(count):
        along = {v: Fraction(random.randint(-9, 9)) for v in at}
        low, high = -size, size
        for form in forms:
            slope = form.value(along) - form.constant
            if slope:
                end = -form.value(at) / slope
                low, high = (max(low, end), high) if slope > 0 else (low, min(high, end))
        step = low + (high - low) * Fraction(random.randint(1, 99), 100)
        at = {v: value + step * along[v] for v, value in at.items()}
        rounded = {v: Fraction(round(value * _GRID), _GRID) for v, value in at.items()}
        if all(compare(row.op, row.form.value(rounded), Fraction(0)) for row in rows):
            at = rounded
        yield at


def shorten(
    point: tuple[Fraction, ...],
    refutes: Callable[[tuple[Fraction, ...]], bool],
    *,
    homogeneous: bool,
) -> tuple[Fraction, ...] | None:
    """The point rounded to few decimals, as the float64 numbers those are, or None.

    ``homogeneous`` says that multiples of the point by c > 0 do as well: then it is scaled to
    largest entry 1 first.
    """
    size = max(map(abs, point), default=Fraction(0))
    if homogeneous and size:
        point = tuple(value / size for value in point)
    for digits in range(_DIGITS + 1):
        rounded = tuple(Fraction(_nearest_float(round(value, digits))) for value in point)
        if refutes(rounded):
            return rounded
    return None


def _nearest_float(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return 0.0
