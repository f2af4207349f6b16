"""Model cards: what is written comes back, what is wrong is refused, and the table agrees."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cards import (
    CARD,
    CARDS,
    COUNTED,
    EXACT,
    MEDIAN,
    SAMPLED,
    SQUARE,
    TRANSFORMER,
    check_card,
)
from support.paths import MODELS

from algzoo_exact.errors import InputError
from algzoo_exact.present.documents.catalogue import cards_document
from algzoo_exact.present.writers.markdown import to_markdown
from algzoo_exact.zoo.algzoo import FAMILIES
from algzoo_exact.zoo.card_text import power_text, score_text
from algzoo_exact.zoo.cards import (
    Card,
    Score,
    parse_card,
    read_card,
    read_cards,
    write_card,
)
from algzoo_exact.zoo.loading import load


@pytest.mark.parametrize("card", CARDS)
def test_what_is_written_comes_back(card: Card, tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    write_card(card, path)
    assert read_card(path) == card
    text = path.read_text()
    # Oracle: the json library's own form of the same data.
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    assert "null" not in text
    assert list(tmp_path.iterdir()) == [path]


def test_a_card_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        write_card(CARD, tmp_path / "none" / "card.json")
    folder = tmp_path / "card.json"
    folder.mkdir()
    with pytest.raises(InputError, match="Cannot write"):
        write_card(CARD, folder)
    assert list(tmp_path.iterdir()) == [folder]


def test_the_recipe_is_copied() -> None:
    recipe: dict[str, str | int | float | bool] = {"batch": 1024}
    card = replace(CARD, recipe=recipe)
    recipe["batch"] = 1
    assert card.recipe == {"batch": 1024}


def data(card: Card = CARD) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(card.json()))
    return found


def message(found: object) -> str:
    with pytest.raises(InputError) as caught:
        parse_card(found)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    return text


@pytest.mark.parametrize("key", sorted(data()))
def test_every_key_is_needed_and_typed(key: str) -> None:
    wrong = data()
    del wrong[key]
    assert f"{key!r} is missing" in message(wrong)
    for value in (None, True, [1]):
        assert key in message(data() | {key: value})


@pytest.mark.parametrize("card", [CARD, TRANSFORMER, CARDS[-1]])
def test_every_key_of_a_score_is_needed_and_typed(card: Card) -> None:
    for key in card.json()["score"]:
        wrong = data(card)
        del wrong["score"][key]
        assert "missing" in message(wrong)
        for value in (None, True, [1]):
            assert key in message(data(card) | {"score": data(card)["score"] | {key: value}})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"colour": 1}, "'colour' does not belong in the card"),
        ({"layers": 2}, "belong together"),
        ({"layers": 2, "heads": 1}, "for longest_cycle"),
        ({"task": "2nd_argmin"}, "Unknown task '2nd_argmin'"),
        ({"task": "median"}, "median is scored by mean squared error"),
        ({"chosen_by": "luck"}, "Unknown chosen_by 'luck'"),
        ({"hidden_size": 0}, "'hidden_size' must be at least 1"),
        ({"hidden_size": 4.0}, "'hidden_size' must be a whole number, not 4.0"),
        ({"hidden_size": "4"}, "'hidden_size' must be a whole number, not '4'"),
        ({"sequences": -1}, "must not be negative"),
        ({"seeds": 0}, "'seeds' must be at least 1"),
        ({"sha256": "A" * 64}, "64 lower case hexadecimal"),
        ({"sha256": "0" * 63}, "64 lower case hexadecimal"),
        ({"recipe": {"batch": [1]}}, "The recipe's 'batch'"),
    ],
)
def test_wrong_cards(change: dict[str, object], expected: str) -> None:
    assert expected in message(data() | change)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"metric": "loss"}, "Unknown metric 'loss'"),
        ({"kind": "proved"}, "Unknown kind 'proved'"),
        ({"ties": "highest"}, "Unknown ties 'highest'"),
        ({"value": 0.5}, "'value' does not belong in a score of kind exact"),
        ({"lower": "0.99"}, "enclose no accuracy"),
        ({"lower": "1.1", "upper": "1.2"}, "enclose no accuracy"),
        ({"lower": "-0.2", "upper": "-0.1"}, "enclose no accuracy"),
        ({"lower": "1e-3"}, "must be a decimal"),
        ({"lower": ".5"}, "must be a decimal"),
        ({"lower": "nan"}, "must be a decimal"),
        ({"lower": "٠"}, "must be a decimal"),
        ({"correct": 1}, "'total' is missing"),
        ({"correct": 1, "total": 2}, "1/2 is not between"),
        ({"correct": 3, "total": 2}, "3 correct of 2"),
        ({"correct": 0, "total": 0}, "0 correct of 0"),
    ],
)
def test_wrong_scores(change: dict[str, object], expected: str) -> None:
    assert expected in message(data() | {"score": data()["score"] | change})


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"value": 1.5}, "not possible"),
        ({"value": -0.5}, "not possible"),
        ({"value": float("inf")}, "a finite number"),
        ({"value": 10**400}, "a finite number"),
        ({"standard_error": -1}, "standard_error"),
        ({"samples": 0}, "samples"),
        ({"samples": 1e6}, "a whole number"),
        ({"lower": "0.1"}, "'lower' does not belong in a score of kind sampled"),
    ],
)
def test_wrong_samples(change: dict[str, object], expected: str) -> None:
    sampled = data(CARDS[-1])
    assert expected in message(sampled | {"score": sampled["score"] | change})


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b'{"a": NaN}', "NaN is not a number"),
        # Python has a limit of digits, which the command line takes away.
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON|is missing"),
        (b"[]", "A JSON object is needed for the card"),
        (b" " * (1 << 21), "too large"),
    ],
)
def test_files_that_are_not_cards(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(InputError, match=expected) as caught:
        read_card(path)
    assert str(caught.value).startswith(str(path))
    with pytest.raises(InputError, match="Cannot read"):
        read_card(tmp_path / "b.json")


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SCALARS, lambda v: st.lists(v) | st.dictionaries(st.text(), v))
PLACES = st.sampled_from(
    [*((key,) for key in data()), *(("score", key) for key in data()["score"])]
)


@pytest.mark.slow
@given(VALUES, PLACES)
def test_any_value_is_taken_or_refused(value: object, place: tuple[str, ...]) -> None:
    changed = data()
    (changed["score"] if len(place) == 2 else changed)[place[-1]] = value
    with suppress(InputError):
        assert parse_card(changed).json() == changed


def test_a_folder_of_cards(tmp_path: Path) -> None:
    (tmp_path / "2nd_argmax_4_3.safetensors").touch()
    (tmp_path / "without_card.safetensors").touch()
    write_card(MEDIAN, tmp_path / "card_without_model.json")
    write_card(CARD, tmp_path / "2nd_argmax_4_3.json")
    assert read_cards(tmp_path) == (CARD,)
    write_card(MEDIAN, tmp_path / "2nd_argmax_4_3.json")
    with pytest.raises(InputError, match="is the card of median_4_3"):
        read_cards(tmp_path)
    with pytest.raises(InputError, match="There is no folder"):
        read_cards(tmp_path / "none")


# --- the table ---


def test_table() -> None:
    lines = to_markdown(cards_document([TRANSFORMER, MEDIAN, CARD]), {}).splitlines()
    assert lines[2:] == [
        "| `2nd_argmax_4_3` | 32 | 2^26 | 7, best of 32 | 0.9871385 | exact | lowest | 0.985 |",
        "| `median_4_3` | 24 | 2^26 | 7, best of 32 | 0.132000 (square 0.017424) | certified |  "
        "| 0.132 |",
        "| `longest_cycle_2_3` | 32 | 2^26 | 7, best of 32 | 0.2592592 (7 of 27) | exact "
        "| lowest | 1.000 |",
    ]


@given(st.fractions(0, 1), st.integers(1, 30))
def test_shown_digits_are_the_score_cut_off(value: Fraction, places: int) -> None:
    """For every number between the bounds: shown <= number < shown + one unit."""
    first = value * 10**places // 1
    bounds = [f"{Decimal(k).scaleb(-places):f}" for k in (first, first + 1)]
    score = replace(SQUARE, lower=bounds[0], upper=bounds[1])
    shown = score_text(score).partition("square ")[2].rstrip(")")
    if " to " in shown:
        return
    unit = Fraction(1, 10 ** len(shown.partition(".")[2]))
    assert Fraction(shown) <= Fraction(bounds[0])
    assert Fraction(bounds[1]) < Fraction(shown) + unit


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (replace(EXACT, lower="1", upper="1"), "1"),
        (replace(EXACT, lower="1.0000", upper="1.0000"), "1"),
        (replace(EXACT, lower="0.5000", upper="0.5000"), "0.5"),
        (replace(EXACT, lower="0.00", upper="0.00"), "0"),
        (replace(EXACT, lower="0.9999", upper="1.0000"), "0.9999 to 1.0000"),
        (replace(COUNTED, correct=27, lower="1", upper="1"), "1 (27 of 27)"),
        (SAMPLED, "0.947500 ± 2e-04"),
        (
            replace(SQUARE, lower="0.00000000000022299216", upper="0.00000000000022299217"),
            "4.72e-07 (square 0.000000000000222992)",
        ),
    ],
)
def test_scores_as_text(score: Score, expected: str) -> None:
    assert score_text(score) == expected


def test_counts_as_text() -> None:
    assert [power_text(k) for k in (0, 1, 1000, 1024, 1 << 30)] == [
        "0", "1", "1,000", "2^10", "2^30"
    ]  # fmt: skip


def test_published_sizes_are_complete() -> None:
    assert {name: len(family.published) for name, family in FAMILIES.items()} == {
        "2nd_argmax": 56, "argmedian": 20, "median": 20, "longest_cycle": 20
    }  # fmt: skip
    for family in FAMILIES.values():
        for known in family.published.values():
            assert 0 <= known.score <= 1
            assert known.seed in range(5)


# --- the cards that are shipped ---


def test_the_shipped_readme_agrees_with_the_cards() -> None:
    text = (MODELS / "README.md").read_text(encoding="utf-8")
    assert to_markdown(cards_document(read_cards(MODELS)), {}) in text


def test_a_card_of_another_model_is_noticed() -> None:
    model = load("2nd_argmax_4_3")
    with pytest.raises(AssertionError):
        check_card(CARD, model)
    right = replace(CARD, sha256=model.sha256)
    check_card(right, model)
    with pytest.raises(AssertionError):
        check_card(replace(right, parameters=33), model)
