"""Model cards: what a shipped model is, how it was trained, and how well it does.

A card is a JSON file beside the model's safetensors file. It holds figures only; whoever writes it
has computed them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any, get_args, get_type_hints

from algzoo_exact.errors import InputError, one_of
from algzoo_exact.files import read_limited, write_whole
from algzoo_exact.program.task import PROBLEMS, TIE_RULES

Json = dict[str, Any]

METRICS = ("accuracy", "mean squared error")
KINDS = ("exact", "certified", "sampled")
CHOSEN_BY = ("exact score", "validation sample")
LARGEST_CARD = 1 << 20  # bytes; cards have about a thousand

_NOUNS = {
    int: "a whole number",
    float: "a finite number",
    str: "a text",
    dict: "an object",
}


@dataclass(frozen=True)
class Score:
    """A score and what kind of number it is; parts that do not apply are None.

    ``metric`` is ``accuracy`` or ``mean squared error``. ``exact`` and ``certified`` scores have
    ``lower`` and ``upper``: decimal strings, rounded outward. ``sampled`` scores have ``value``,
    ``standard_error``, ``samples`` and ``seed``. Accuracies have ``ties``, a tie
    rule; those found by enumerating all ``total`` inputs, ``correct`` of which are answered right,
    have these two as well.
    """

    metric: str
    kind: str
    ties: str | None = None
    lower: str | None = None
    upper: str | None = None
    value: float | None = None
    standard_error: float | None = None
    samples: int | None = None
    seed: int | None = None
    correct: int | None = None
    total: int | None = None

    def __post_init__(self) -> None:
        one_of("metric", self.metric, METRICS)
        one_of("kind", self.kind, KINDS)
        needed = {"lower", "upper"}
        if self.kind == "sampled":
            needed = {"value", "standard_error", "samples", "seed"}
        if self.metric == "accuracy":
            needed |= {"ties"}
        if self.kind == "exact" and (self.correct is not None or self.total is not None):
            needed |= {"correct", "total"}
        given = {key for key, value in asdict(self).items() if value is not None}
        _same_keys(f"a score of kind {self.kind}", given - {"metric", "kind"}, needed)
        if self.ties is not None:
            one_of("ties", self.ties, TIE_RULES)
        if self.kind == "sampled":
            self._check_sample()
        else:
            self._check_interval()

    def _check_sample(self) -> None:
        assert self.value is not None
        assert self.standard_error is not None
        assert self.samples is not None
        if self.value < 0 or (self.metric == "accuracy" and self.value > 1):
            raise InputError(f"The score's value {self.value} is not possible for {self.metric}.")
        if self.standard_error < 0 or self.samples < 1:
            raise InputError("The score needs samples >= 1 and a standard_error >= 0.")

    def _check_interval(self) -> None:
        assert self.lower is not None
        assert self.upper is not None
        lower, upper = _decimal("lower", self.lower), _decimal("upper", self.upper)
        if lower > upper or upper < 0 or (self.metric == "accuracy" and lower > 1):
            raise InputError(
                f"The score's bounds {self.lower} and {self.upper} enclose no {self.metric}."
            )
        if self.correct is not None:
            assert self.total is not None
            if not 0 <= self.correct <= self.total or self.total == 0:
                raise InputError(f"{self.correct} correct of {self.total} inputs is not possible.")
            if not lower <= Fraction(self.correct, self.total) <= upper:
                raise InputError(
                    f"{self.correct}/{self.total} is not between {self.lower} and {self.upper}."
                )


@dataclass(frozen=True)
class Card:
    """What is known about a trained model.

    ``sha256`` is of the safetensors file. ``sequences`` is the number of random inputs that each
    of ``seeds`` models was trained on; ``seed`` is the one chosen, by ``chosen_by``. ``recipe``
    tells the rest of the training (optimiser, rates, batch, ..) in keys of its own. ``layers`` and
    ``heads`` are None for RNNs. ``torch`` and ``version`` are those of torch and this package.

    Raises InputError for values that make no sense.
    """

    name: str
    task: str
    hidden_size: int
    seq_len: int
    parameters: int
    sha256: str
    sequences: int
    seed: int
    seeds: int
    chosen_by: str
    recipe: Mapping[str, str | int | float | bool]
    torch: str
    version: str
    score: Score
    layers: int | None = None
    heads: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "recipe", dict(self.recipe))
        one_of("task", self.task, tuple(PROBLEMS))
        one_of("chosen_by", self.chosen_by, CHOSEN_BY)
        for key in ("hidden_size", "seq_len", "parameters", "seeds", "layers", "heads"):
            value = getattr(self, key)
            if value is not None and value < 1:
                raise InputError(f"{key!r} must be at least 1, not {value}.")
        if self.sequences < 0 or self.seed < 0:
            raise InputError("'sequences' and 'seed' must not be negative.")
        if len(self.sha256) != 64 or not set(self.sha256) <= set("0123456789abcdef"):
            raise InputError(f"'sha256' must be 64 lower case hexadecimal digits: {self.sha256!r}.")
        for key, value in self.recipe.items():
            if not isinstance(key, str) or not isinstance(value, str | int | float):
                raise InputError(f"The recipe's {key!r} must be a text, a number or true or false.")
        if (self.layers is None) != (self.heads is None):
            raise InputError("'layers' and 'heads' belong together.")
        problem = PROBLEMS[self.task]
        if (self.layers is None) == problem.is_discrete:
            raise InputError("'layers' and 'heads' are for longest_cycle, and needed there.")
        expected = METRICS[problem.is_numeric]
        if self.score.metric != expected:
            raise InputError(f"{self.task} is scored by {expected}, not {self.score.metric}.")

    def json(self) -> Json:
        """The card as JSON holds it: parts that do not apply are left out."""
        score = {key: value for key, value in asdict(self.score).items() if value is not None}
        rest = {key: value for key, value in asdict(self).items() if value is not None}
        return rest | {"score": score}


def parse_card(data: object) -> Card:
    """A card from what its JSON holds; InputError names the key that is missing or wrong."""
    values = _checked("the card", Card, data)
    values["score"] = Score(**_checked("the score", Score, values["score"]))
    return Card(**values)


def read_card(path: str | os.PathLike[str]) -> Card:
    """Read a card; InputError, in one sentence, for anything that is not one."""
    path = Path(path)
    content = read_limited(path, LARGEST_CARD)
    try:
        if content is None:
            raise InputError(f"This is over {LARGEST_CARD >> 20} MiB, too large for a model card.")
        return parse_card(_parse_json(content))
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def read_cards(folder: str | os.PathLike[str]) -> tuple[Card, ...]:
    """The cards of a folder's models (``NAME.json`` beside ``NAME.safetensors``), by name."""
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder}.")
    paths = sorted(folder.glob("*.safetensors"))
    cards = []
    for path in (path.with_suffix(".json") for path in paths):
        if path.exists():
            card = read_card(path)
            if card.name != path.stem:
                raise InputError(f"{path} is the card of {card.name}; name it {card.name}.json.")
            cards.append(card)
    return tuple(cards)


def write_card(card: Card, path: str | os.PathLike[str]) -> None:
    """Write a card as JSON; the file appears whole or not at all."""
    text = json.dumps(card.json(), indent=2, sort_keys=True, allow_nan=False, ensure_ascii=False)
    write_whole(path, f"{text}\n".encode())


def _parse_json(content: bytes) -> object:
    def refuse(name: str) -> None:
        raise InputError(f"{name} is not a number that a card may hold.")

    try:
        return json.loads(content, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise InputError(f"This is not JSON ({error}).") from error


def _checked(what: str, kind: type, data: object) -> dict[str, Any]:
    """The entries of a JSON object, if they have a dataclass's keys and types."""
    if not isinstance(data, dict):
        raise InputError(f"A JSON object is needed for {what}, not {data!r:.60}.")
    types = get_type_hints(kind)
    optional = {field.name for field in fields(kind) if field.default is None}
    _same_keys(what, set(data), (set(types) - optional) | (set(data) & optional))
    return {key: _typed(key, value, types[key]) for key, value in data.items()}


def _typed(key: str, value: object, hint: Any) -> object:
    wanted = next((t for t in (int, float, str) if t in (hint, *get_args(hint))), dict)
    if hint is Score or key == "recipe":
        wanted = dict
    if wanted is float and type(value) is int and abs(value) < 1 << 53:
        value = float(value)
    if not isinstance(value, wanted) or isinstance(value, bool) or value in (inf, -inf):
        raise InputError(f"The key {key!r} must be {_NOUNS[wanted]}, not {value!r:.60}.")
    return value


def _same_keys(what: str, found: Iterable[str], expected: Iterable[str]) -> None:
    if missing := sorted(set(expected) - set(found)):
        raise InputError(f"The key {missing[0]!r} is missing from {what}.")
    if extra := sorted(set(found) - set(expected)):
        raise InputError(f"The key {extra[0]!r} does not belong in {what}.")


def _decimal(key: str, text: str) -> Fraction:
    whole, _, part = text.removeprefix("-").partition(".")
    if not (whole + part).isascii() or not (whole + part).isdigit() or not whole:
        raise InputError(f"The score's {key} must be a decimal such as 0.9871, not {text!r}.")
    return Fraction(text)
