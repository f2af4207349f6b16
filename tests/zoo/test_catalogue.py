"""The catalogue: AlgZoo's sizes, figures and addresses, and ``algzoo-exact zoo``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
from support.cards import CARD, EXACT, MEDIAN
from support.command_line import (
    COUNT,
    NULL,
    NUMBER,
    TEXT,
    either,
    json_of,
    record,
    refused,
    run,
    text_of,
)
from support.paths import ALGZOO

import algzoo_exact as az
from algzoo_exact.present.documents.catalogue import cards_document
from algzoo_exact.present.writers.markdown import to_markdown
from algzoo_exact.zoo import catalogue as module
from algzoo_exact.zoo.algzoo import EXAMPLE_SIZE, FAMILIES
from algzoo_exact.zoo.architectures import new_module
from algzoo_exact.zoo.cards import write_card
from algzoo_exact.zoo.fetching import find_remote

PUBLISHED = ALGZOO / "published.json"
ENTRIES = az.catalogue()
TRAINED = [entry for entry in ENTRIES if entry.seeds]
SHIPPED = [entry for entry in ENTRIES if entry.source == "shipped"]


@pytest.mark.skipif(not PUBLISHED.is_file(), reason="the published figures are not here")
def test_published_figures() -> None:
    """Oracle: the figures as they were copied from AlgZoo's README, in a file of their own."""
    figures = json.loads(PUBLISHED.read_text())
    expected = {
        (task, *map(int, size.split("_"))): value
        for task in FAMILIES
        for size, value in figures[task]["values"].items()
    }
    found = {(e.task, e.hidden_size, e.seq_len): e.published for e in TRAINED}
    assert found == expected


@pytest.mark.parametrize(
    ("name", "seed", "score"),
    [("2nd_argmax_2_2", 2, 1.0), ("2nd_argmax_16_10", 2, 0.948), ("2nd_argmax_32_10", 0, 0.994),
     ("2nd_argmax_5_4", 4, 0.746), ("argmedian_16_7", 4, 0.714), ("argmedian_32_11", 4, 0.748),
     ("median_8_10", 3, 0.083), ("median_32_2", 1, 0.0), ("longest_cycle_8_6", 3, 0.854),
     ("longest_cycle_4_4", 1, 1.0), ("longest_cycle_2_3", 0, 1.0)],
)  # fmt: skip
def test_best_seeds(name: str, seed: int, score: float) -> None:
    (entry,) = (entry for entry in TRAINED if entry.name == f"algzoo:{name}")
    assert (entry.best_seed, entry.published) == (seed, score)
    remote = find_remote(entry.name)
    assert remote is not None
    assert remote.file_name == f"{name}_1073741824_{seed}.pth"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_parameters(entry: az.CatalogueEntry) -> None:
    """Oracle: torch's count for the network that AlgZoo trains."""
    network = new_module(az.Task(entry.task, entry.seq_len), entry.hidden_size)
    assert entry.parameters == sum(weight.numel() for weight in network.parameters())


def test_names_are_for_loading() -> None:
    assert len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    for entry in ENTRIES:
        if entry.source == "AlgZoo":
            remote = find_remote(entry.name)
            assert remote is not None
            assert remote.size == (entry.task, entry.hidden_size, entry.seq_len)
    (example,) = (e for e in ENTRIES if e.source == "AlgZoo" and not e.seeds)
    assert (example.task, example.hidden_size, example.seq_len) == EXAMPLE_SIZE


def test_shipped_models() -> None:
    assert tuple(entry.name for entry in SHIPPED) == az.list_models()
    for entry in SHIPPED:
        model = az.load(entry.name)
        assert model.task == az.Task(entry.task, entry.seq_len)
        assert model.network.hidden_size == entry.hidden_size
        assert model.network.parameters == entry.parameters
        if entry.card is not None:
            assert entry.card.sha256 == model.sha256


# --- the command line ---

ENTRY = record(
    name=TEXT,
    source={"enum": ["AlgZoo", "shipped"]},
    task={"enum": list(FAMILIES)},
    hidden_size=COUNT,
    seq_len=COUNT,
    parameters=COUNT,
    published=either(NUMBER, NULL),
    best_seed=either(COUNT, NULL),
    seeds={"type": "array", "items": COUNT},
    n_seqs={"type": "array", "items": COUNT},
    card=either({"type": "object"}, NULL),
)


def with_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_cards", lambda folder: (CARD,))


def test_list_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    with_card(monkeypatch)
    found = json_of("zoo", "list")
    schema = record(models={"type": "array", "items": ENTRY}, version=TEXT)
    jsonschema.validate(found, schema)
    assert [entry["name"] for entry in found["models"]] == [entry.name for entry in ENTRIES]
    (carded,) = (entry for entry in found["models"] if entry["card"])
    assert carded["card"] == CARD.json()
    assert {e["task"] for e in json_of("zoo", "list", "--task", "median")["models"]} == {"median"}


def test_list(monkeypatch: pytest.MonkeyPatch) -> None:
    with_card(monkeypatch)
    text = text_of("zoo", "list")
    for family in FAMILIES:
        assert f"algzoo:{family}_HIDDEN_LENGTH\n" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["hidden", *["length", "3", "length", "5", "length", "7", "length", "11"]] in lines
    assert "16 0.041 (288)" not in text
    assert ["16", "0.000", "(288)", "0.000", "(288)", "0.000", "(288)", "0.041", "(288)"] in lines
    assert ["2nd_argmax_4_3", "32", "0.9871385", "exact"] in lines
    assert ["2nd_argmax_2_2", "10", "no", "card"] in lines
    assert max(map(len, text.splitlines())) <= 110
    only = text_of("zoo", "list", "--task", "argmedian")
    assert only in text
    assert "2nd_argmax" not in only


def test_table(tmp_path: Path) -> None:
    for card in (CARD, replace(MEDIAN, seed=1)):
        write_card(card, tmp_path / f"{card.name}.json")
        (tmp_path / f"{card.name}.safetensors").touch()
    expected = to_markdown(cards_document([CARD, replace(MEDIAN, seed=1)]), {})
    assert text_of("zoo", "table", tmp_path) == expected
    assert EXACT.lower is not None
    assert EXACT.lower[:8] in text_of("zoo", "table", tmp_path)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("list", "--task", "argmax"), "There is no family 'argmax' (did you mean "),
        (("table", "none"), "There is no folder none."),
        (("table", "{}"), "There are no models with cards in"),
        (("remove",), "No such command 'remove'"),
    ],
)
def test_wrong_requests(arguments: tuple[str, ...], expected: str, tmp_path: Path) -> None:
    result = run("zoo", *(argument.format(tmp_path) for argument in arguments))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("error: ")
    assert expected in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_broken_card_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.safetensors").touch()
    (tmp_path / "a.json").write_text("{}")
    assert f"{tmp_path}/a.json: The key" in refused("zoo", "table", tmp_path)


def test_help() -> None:
    assert text_of("zoo") == text_of("zoo", "--help")
    for command in ("list", "table"):
        text = text_of("zoo", command, "-h")
        assert "Examples" in text
        assert f"algzoo-exact zoo {command}" in text
