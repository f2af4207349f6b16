"""What documents say, whoever makes them: numbers in digits, none of which is not proved, models,
rules, verdicts.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import TYPE_CHECKING

from algzoo_exact.exact.enclosure import Enclosure, places_for
from algzoo_exact.exact.shares import percent, significant
from algzoo_exact.present.document import Fact, Inline, Kind, Math, NumberKind, Status, Text
from algzoo_exact.present.formula import Formula, Number, Sup, fraction, row
from algzoo_exact.program.transformer import Transformer

if TYPE_CHECKING:
    from algzoo_exact.explain.outcome import Figure
    from algzoo_exact.explain.story import Explanation
    from algzoo_exact.program.task import Task, TieRule
    from algzoo_exact.zoo.loading import Model

LONGEST_FRACTION = 24  # characters; longer ones are shown by their decimals
DIGITS = 30
RARE = Fraction(1, 10)  # errors, above which they are no longer counted as one in so many
_MOST_ZEROS = 6  # after the point
_MOST_DECIMALS = 1100  # more than anyone can ask for
KINDS: dict[NumberKind, str] = {
    "exact": "The true value lies in the printed interval or digits; only rounding widens it.",
    "certified": "The true value lies in the printed interval.",
    "sampled": "From random inputs; no proof.",
    "estimate": "A way of counting; no proof.",
    "stated": "The word of an author or a model's card.",
}
VERDICTS: dict[Status, str] = {"proved": "proved", "refuted": "refuted", "unknown": "undecided"}
TIE_RULES: dict[TieRule, str] = {
    "lowest": "lowest index wins",
    "incorrect": "count as incorrect",
    "uniform": "credit 1/(number tied)",
}
TIE_TEXT: dict[TieRule, str] = {
    "lowest": "where logits tie, the lowest index is the answer",
    "incorrect": "where logits tie, the answer counts as wrong",
    "uniform": "where logits tie, the label earns 1/(number tied) if it is among them",
}


def digits(enclosure: Enclosure, most: int = DIGITS) -> str:
    """The decimals that both ends share, cut off and not rounded: ``0.99994163…``.

    Where they share none, as close to 1/2, a rounded one and the most that it is off by. A number
    that is known exactly and ends has no ``…``.
    """
    low, high = enclosure.lower, enclosure.upper
    if low == high and (low * 10**most).denominator == 1:
        return _plain(low, most)
    for places in range(most, 1, -1):
        cut = [floor(end * 10**places) for end in (low, high)]
        if cut[0] == cut[1] and low >= 0:
            return Enclosure.exactly(Fraction(cut[0], 10**places)).decimal(places)[0] + "…"
    shown, error = _rounded_off(enclosure, min(most, places_for(enclosure.width) - 2))
    return f"{_plain(shown, most)} ± {error}"


def small_digits(enclosure: Enclosure, most: int) -> Text:
    """``digits``, and of small numbers as many more as begin with zeros; where these are many, a
    power of ten instead."""
    zeros = _zeros(enclosure.upper) if enclosure.upper > 0 else 0
    if zeros < _MOST_ZEROS or enclosure.lower <= 0:
        return (digits(enclosure, max(most, zeros + 5)),)
    scale = 10 ** (zeros + 1)
    mantissa = Number(digits(Enclosure(enclosure.lower * scale, enclosure.upper * scale), 4))
    power = Sup(Number("10"), row("−", Number(str(zeros + 1))))
    return (Math(row(mantissa, "⋅", power)),)


def settled(enclosure: Enclosure) -> str:
    """The decimals that the width leaves meaningful, and the most they can be off by."""
    places = settled_places(enclosure)
    shown, error = _rounded_off(enclosure, places)
    return f"{Enclosure.exactly(shown).decimal(places)[0]} ± {error}"


def settled_places(enclosure: Enclosure) -> int:
    """How many decimals the width leaves meaningful."""
    return _zeros(enclosure.width)


def _zeros(value: Fraction) -> int:
    """How many zeros a number has after the point before its first digit."""
    zeros = 0
    while zeros < _MOST_DECIMALS and value * 10 ** (zeros + 1) < 1:
        zeros += 1
    return zeros


def _rounded_off(enclosure: Enclosure, places: int) -> tuple[Fraction, str]:
    """The middle with so many decimals, and the most that it is off by, such as ``3e-17``."""
    shown = Fraction(round(enclosure.midpoint * 10**places), 10**places)
    error = max(enclosure.upper - shown, shown - enclosure.lower)
    last = min(_zeros(error) + 1, _MOST_DECIMALS)
    digit = ceil(error * 10**last)
    return shown, f"{digit}e-{last}" if digit < 10 else f"1e-{last - 1}"


def _plain(value: Fraction, most: int) -> str:
    text = Enclosure.exactly(value).decimal(most)[0]
    return text.rstrip("0").rstrip(".")


def value_text(enclosure: Enclosure, kind: NumberKind, most: int = 12) -> Text:
    """A number with its kind: a short fraction, digits, or the interval of a certified one."""
    if kind == "certified" and enclosure.width > Fraction(1, 10**6):
        low, high = enclosure.decimal(6)
        return (f"[{low}, {high}] ", Kind(kind))
    most += _more(enclosure.upper)
    if enclosure.width == 0 and len(str(enclosure.lower)) <= LONGEST_FRACTION:
        return (*rational(enclosure.lower), " ", Kind(kind))
    return (digits(enclosure, most), " ", Kind(kind))


def _more(value: Fraction) -> int:
    """How many decimals more it takes to show a small number."""
    return len(str(int(1 / value))) - 6 if 0 < value < Fraction(1, 10**6) else 0


def rational(value: Fraction) -> tuple[Inline, ...]:
    """A fraction, and its decimals."""
    if value.denominator == 1:
        return (str(value),)
    text = digits(Enclosure.exactly(value), 12 + _more(abs(value)))
    if len(str(value)) > LONGEST_FRACTION:
        return (text,)
    equals = "≈" if text.endswith("…") else "="
    return (Math(row(fraction(value), equals, Number(text))),)


def one_in(error: Enclosure, *, finite: bool = False) -> str:
    """``one error in 17,134.5 inputs``; the digits shown are those of both bounds. Where errors are
    not rare, their rate. ``finite``: of finitely many inputs none has probability 0."""
    least, most = error.lower, error.upper
    if most <= 0:
        return "no error" if finite else "no error, except on a set of probability 0"
    if most >= 1 and least <= 0:
        return "no bound yet"
    if least > RARE:
        return f"an error rate of {percent(error, 3)}".replace("of between", "between")
    if least <= 0:
        return f"at most one error in {_rounded(1 / most, floor)} inputs"
    low, high = count(1 / most), count(1 / least)
    if low == high:
        return f"one error in {low} inputs"
    return f"one error in {_rounded(1 / most, floor)} to {_rounded(1 / least, ceil)} inputs"


def count(number: Fraction) -> str:
    """Six digits, rounded."""
    return _rounded(number, round)


def _rounded(number: Fraction, to_integer: Callable[[Fraction], int]) -> str:
    places = max(0, 5 - len(str(int(number))) + 1)
    if not places:  # it may be beyond the range of floats
        return f"{to_integer(number):,}"
    return f"{to_integer(number * 10**places) / 10**places:,.{places}f}"


def listed(first: Formula, last: Formula, count: int) -> Formula:
    """``x_0, …, x_9``; two are both named."""
    if count <= 2:
        return row(first, ",", last) if count == 2 else first
    return row(first, ",", "…", ",", last)


def ended(text: str) -> str:
    """A sentence's end, where the text may end in ``…`` already."""
    return text if text.endswith("…") else f"{text}."


def several(count: int, noun: str) -> str:
    """``1 region``, ``2,000 regions``."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def between(enclosure: Enclosure, places: int | None = None) -> str:
    """Both ends in words, rounded outward."""
    low, high = enclosure.decimal(places_for(enclosure.width) if places is None else places)
    return f"between {low} and {high}"


def figure_text(figure: Figure) -> Text:
    """What a claim or a case is about, with its kind."""
    if figure.kind == "sampled":
        if figure.estimate is None:
            return (f"{figure.unseen} ", Kind("sampled"))
        error = "" if figure.error is None else f" ± {figure.error:.2g}"
        many = f"{figure.samples:,} random inputs"
        return (f"{significant(figure.estimate, 6)}{error}, on {many} ", Kind("sampled"))
    enclosure = figure.enclosure
    if figure.rational is not None:
        return (*rational(figure.rational), " ", Kind("exact"))
    assert enclosure is not None
    if enclosure.width == 0:
        return (*rational(enclosure.lower), " ", Kind("exact"))
    if figure.kind == "exact":
        return (digits(enclosure, 20), " ", Kind("exact"))
    return (f"{between(enclosure)} ", Kind("certified"))


def model_text(model: Model) -> str:
    """A model in one line: name, hash, sizes."""
    network, shape = model.network, ""
    widths: tuple[int, ...] = (network.hidden_size,)
    if isinstance(network, Transformer):
        shape = f"{layers(model, network)}, "
    elif not network.is_rnn:
        widths = network.widths
    return (
        f"{model.name} (sha256 {model.sha256[:12]}): d = {', '.join(map(str, widths))}, "
        f"n = {network.seq_len}, {shape}{network.parameters} parameters, {model.dtype}"
    )


def layers(model: Model, network: Transformer) -> str:
    """A transformer's layers and heads."""
    assumed = " (assumed: nothing states it)" if model.heads_assumed else ""
    heads = several(network.heads, "attention head")
    return f"{several(network.depth, 'layer')} of {heads}{assumed}"


def task_text(task: Task, ties: TieRule | None) -> str:
    """A task, and the rule of ties where logits are compared."""
    return task.name if ties is None else f"{task.name}; ties: {TIE_RULES[ties]}"


def about(model: Model | None, name: str = "model") -> Fact:
    """The row that names a model, where it is known."""
    return name, None if model is None else model_text(model)


def titled(explanation: Explanation, path: str | None) -> str:
    """An explanation by its title, and its file where that is known."""
    return explanation.title if path is None else f"{explanation.title} ({path})"


def being(text: Text) -> Text:
    """``is`` a number, ``lies`` between two, or in an interval."""
    first = text[0] if text and isinstance(text[0], str) else ""
    if first.startswith("between"):
        return ("lies ", *text)
    return ("lies in " if first.startswith("[") else "is ", *text)


def duration(seconds: float) -> str:
    """A time in its two largest units: ``0.4 s``, ``5 min 12 s``, ``3 h 20 min``, ``2 d 4 h``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, unit, less, small in ((86400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if whole >= size:
            return f"{whole // size} {unit} {whole % size // less} {small}"
    return f"{whole // 60} min {whole % 60} s"
