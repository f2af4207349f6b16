"""Explanations in certificates with one thing changed: each change is rejected, with the reason.

The oracle is the change itself: it makes the certificate say something false, or takes a proof
away. What is changed keeps a fitting digest, so that only a check of what it says can reject it.
"""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from support.certificates import Json, reject, seal
from support.changes import Change, case, drop, instance, put, reason
from support.every_claim import SILENT, TWO, checked_story, told

import algzoo_exact as az
from algzoo_exact.certificate import check

SHOWS_NOTHING = "its witness does not show it"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        # Statements.
        (put("claim gap parts 0 domain", 0), "its domain is a node of a wrong sort"),
        (put("claim gap parts 0 statement", 10**9), "its statement is no node"),
        (put("claim gap parts 0 statement", False), "its statement must be a whole number"),
        (put("claim gap parts 0 for", "some"), "fails on one of its cells|needs no point"),
        (put("claim gap parts 0 for", "none"), "it is for all, or for some"),
        (put("claim gap parts 0 said", "so it is"), "it should not have"),
        (put("claim near parts 1 for", "all"), SHOWS_NOTHING),
        (put("claim farther parts 0 for", "all"), "fails on one of its cells"),
        (put("claim gap parts", []), "it has no parts"),
        (put("claim gap parts", {}), "parts must be a list"),
        (put("claim gap parts 0", {"said": 1}), "what is said must be a text"),
        # Settings.
        (put("claim not_on_a_line parts 0 witness", ["1", "0"]), SHOWS_NOTHING),
        (
            put("claim on_a_line parts 0 where", 0),
            "where is a node of a wrong sort|joins equations",
        ),
        (drop("claim on_a_line parts 0 where"), "fails on one of its cells"),
        (
            drop("claim right_on_a_line parts 0 where"),
            "its proof|the inputs that occur|fails on one",
        ),
        (drop("claim one_off parts 0 instead"), "fails on one of its cells|the inputs that occur"),
        (put("claim right_on_a_line inside", ["1", "1"]), "its point is in no domain"),
        (put("claim half_plane parts 0 instead", 0), "instead is a node of a wrong sort|equations"),
        # Points inside.
        (put("claim half_plane inside", ["0", "1"]), "its point is in no domain"),
        (put("claim half_plane inside", ["1"]), "a point is an input"),
        (put("claim half_plane inside", [1, 0]), "a point is not written as it should be"),
        (put("claim below inside", ["0", "0"]), "its point is in no domain"),
        (put("claim not_so inside", ["1", "0"]), "it needs no point inside"),
        (put("claim likely inside", ["1", "0"]), "it needs no point inside"),
        (put("case up inside", ["1", "0"]), "its point is in no domain"),
        (put("case rest inside", ["1", "2"]), "it needs no point inside"),
        # Proofs.
        (put("claim half_plane parts 0 proof", None), "it needs no point inside"),
        (put("claim half_plane parts 0 proof", {"trusted": "z3"}), "lacks cells"),
        (put("claim half_plane parts 0 proof cells inputs", [0]), "the inputs that occur are"),
        (put("claim half_plane parts 0 proof cells inputs", [False, True]), "must be a whole num"),
        (put("claim half_plane parts 0 proof cells tree 0", "1 1"), "on the wrong side of a cut"),
        (put("claim half_plane parts 0 proof cells tree 0", "2 -2"), "is not in lowest terms"),
        (put("claim half_plane parts 0 proof cells tree 2", [0, 2]), "part 2 of the tree"),
        (put("claim half_plane parts 0 proof cells rays 0", "0 -1"), "a ray is listed twice"),
        (put("claim half_plane parts 0 proof without", [0]), "a null set may matter here"),
        (put("claim half_plane parts 0 proof", {"cells": {}}), "lacks"),
        (put("claim half_plane parts 0 witness", ["1", "0"]), "no proof beside its witness"),
        (put("claim signs parts 0 proof steps 0 rows 0 0", 1), "its rows are not there"),
        (put("claim below parts 0 proof without", [1]), "what is left out is a node of a wrong"),
        # Witnesses.
        (put("claim not_so parts 0 witness 0", "-1"), SHOWS_NOTHING),
        (put("claim not_so parts 0 witness", ["1", "1"]), SHOWS_NOTHING),
        (put("claim not_so parts 0 witness", ["1"]), "a point is an input"),
        (put("claim not_so parts 0 witness", {}), "a point is an input"),
        (put("claim near parts 1 witness", ["0", "1"]), SHOWS_NOTHING),
        (put("claim always_wrong parts 1 witness", ["1", "-1"]), SHOWS_NOTHING),
        (put("claim always_wrong parts 1 witness", ["1", "1"]), SHOWS_NOTHING),
        # Probabilities.
        (put("claim likely parts 0 at_least", "1/7"), "bounds are the wrong way round"),
        (put("claim likely parts 0 at_most", "1/9"), "bounds are the wrong way round"),
        (put("claim likely parts 0 at_most", None), "at_most is not written as it should be"),
        (put("claim likely parts 0 cells", 0), "cells must be an object"),
        (put("claim angle parts 0 cells", None), "not about the order of the inputs alone"),
        (put("claim angle parts 0 cells tree", []), "a tree ends before its end"),
        # Cases.
        (put("case down answer", "wrong"), "it was not proved that the model is wrong"),
        (put("case up answer", "wrong"), "a part does not say that the model is wrong"),
        (put("case down answer", "unknown"), "it needs no point|nothing is said of it"),
        (put("case up answer", "unknown"), "nothing is said of it"),
        (put("case down parts", 0), "parts must be a list"),
        (put("case up parts", []), "it was not proved that the model is right"),
        (put("case up parts 0 for", "all"), "fails on one|does not say that|null set"),
        (put("case narrow answer", "right"), "a part does not say that the model is right"),
        (put("case rest answer", "right"), "it was not proved that the model is right"),
        (put("case down when", 0), "when is a node of a wrong sort"),
        (put("case up probability at_least", "1/2"), "its bounds are "),
        (put("case up probability condition", 1), "a node of a wrong sort"),
        (put("case down probability", None), "it must be an object"),
        (put("case down lies_in", {"said": "so it is"}), "it lacks"),
    ],
)
def test_changes_of_every_kind(change: Change, why: str) -> None:
    assert re.search(why, reason("kinds", change))


@pytest.mark.parametrize("place", ["parts", "probability", "lies_in"])
def test_cases_have_no_setting(place: str) -> None:
    """What is said of a section says nothing of almost all inputs."""

    def change(data: Json) -> None:
        where = instance(data, "on_a_line")["parts"][0]["where"]
        found = case(data, "down" if place == "lies_in" else "up")
        if place == "lies_in":
            found["lies_in"] = dict(instance(data, "below")["parts"][0])
        part = found[place][0] if place == "parts" else found[place]
        part["where"] = where

    assert "cases are about the model as it is" in reason("kinds", change)


def test_what_a_section_says_is_no_fact() -> None:
    """A proof may not rest on it."""

    def change(data: Json) -> None:
        said = instance(data, "on_a_line")["parts"][0]["statement"]
        proof = instance(data, "gap")["parts"][0]["proof"]
        proof["facts"] = [said]

    assert re.search("is no fact that is known here|should not have", reason("kinds", change))


def dropped_case(data: Json) -> None:
    del data["cases"][0]


def doubled_case(data: Json) -> None:
    data["cases"][1]["instances"] *= 2


def other_probability(data: Json) -> None:
    first, second = (case(data, name) for name in ("down", "up"))
    first["probability"] = second["probability"]


def node(old: Any, new: Any) -> Change:
    """Another node in the place of one."""

    def change(data: Json) -> None:
        data["nodes"][data["nodes"].index(old)] = new

    return change


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("kinds", dropped_case, "disjoint: it has a proof for each case but the last"),
        ("kinds", doubled_case, "disjoint: it has a proof for each case but the last"),
        ("kinds", other_probability, "it is the probability of something else"),
        ("silent", put("accuracy upper", "1"), "accuracy to be from 0 to 6/7, not as stated"),
        ("kinds", put("accuracy lower", "1"), "proves the accuracy to be from 9487"),
        ("kinds", put("accuracy", None), "must be an object"),
        ("kinds", put("disjoint", None), "no accuracy follows"),
        ("kinds", put("disjoint", [None] * 3), "disjoint: proof .: the order does not exclude it"),
        ("silent", put("disjoint", [{}] * 6), "disjoint: proof 0: a proof lacks cells"),
        ("kinds", put("factors", ["1"]), "there is a factor a neuron"),
        ("kinds", put("factors", ["1", "-1"]), "a factor is not positive"),
        ("kinds", put("factors", ["1", "2"]), "claim "),
        ("kinds", put("nodes", []), "is no node"),
        ("silent", node(["z", 1, 0], ["z", 1, 1]), "the model has no such entry"),
        ("silent", node(["z", 1, 0], ["z", 2, 0]), "node [0-9]+: |claim then"),
    ],
)
def test_changes_of_the_whole(name: str, change: Change, why: str) -> None:
    assert re.search(why, reason(name, change))


SUM = "the sum of its rows is no contradiction"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (put("claim bounded parts 0 proof steps 0 rows 0 1", "2"), SUM),
        (
            put("claim bounded parts 0 proof steps 0 rows 0 1", "-1"),
            "multiplier of an inequality is neg",
        ),
        (put("claim bounded parts 0 proof steps 0 rows 0 1", "0"), "a multiplier is not written"),
        (put("claim bounded parts 0 proof steps 0 rows 0 0", 3), SUM),
        (put("claim bounded parts 0 proof steps 0 rows 0 0", 10**9), "its rows are not there"),
        (put("claim bounded parts 0 proof steps 0 rows", []), "it has no rows"),
        (drop("claim bounded parts 0 proof steps 0 rows 0"), SUM),
        (
            put("claim states parts 0 proof steps 0 rows", [[0, "2"], [4, "2"]]),
            "have a common divisor",
        ),
        (
            put("claim bounded parts 0 proof steps 2 choice", 1),
            "a case does not use its alternative",
        ),
        (put("claim bounded parts 0 proof steps 2 choice", 99), "there is no such choice"),
        (
            put("claim bounded parts 0 proof steps 2 cases", [0, 0]),
            "a case does not use its alternative",
        ),
        (put("claim bounded parts 0 proof steps 2 cases", [0]), "one case for each alternative"),
        (put("claim bounded parts 0 proof steps 2 cases", [0, 2]), "a case is no earlier step"),
        (drop("claim bounded parts 0 proof steps 2"), "a step that no later one uses"),
        (put("claim bounded parts 0 proof steps", []), "a proof has no steps"),
        (put("claim bounded parts 0 proof facts 0", 0), "a fact is a node of a wrong sort"),
        (drop("claim bounded parts 0 proof facts"), "step 0"),
        (put("claim bounded parts 0 proof free 0", 2), "a free entry is a node of a wrong sort"),
        (put("claim bounded parts 0 proof without", [2]), "a null set may matter here"),
        (put("claim then parts 0 proof defined 0 0", 3), "its equation does not tell the entry"),
        (put("claim then parts 0 proof defined 0 0", 1), "what is defined is no input"),
        (put("claim then parts 0 proof defined", []), "defined must be a list, not empty"),
        (put("claim then parts 0 proof defined 0 1", 2), "a definition is an equation"),
        (put("claim states parts 1 proof facts 0", 4), "node 4 is no fact that is known here"),
        (put("claim states parts 0 proof facts", [2]), "node 2 is no fact that is known here"),
        (put("claim states parts 2 proof facts 0", 2), SUM),
    ],
)
def test_changes_of_a_proof_by_sums(change: Change, why: str) -> None:
    assert re.search(why, reason("silent", change))


def test_facts_come_from_earlier_proofs_about_all_inputs() -> None:
    """No proof can use what is proved after it, nor what is refuted, open, or true of almost all
    inputs only."""

    def swapped(data: Json) -> None:
        claims = data["claims"]
        first, then = (next(c for c in claims if c["name"] == name) for name in ("first", "then"))
        i, k = claims.index(first), claims.index(then)
        claims[i], claims[k] = then, first

    def quantified(quantifier: str) -> Change:
        def change(data: Json) -> None:
            instance(data, "first")["parts"][0]["for"] = quantifier

        return change

    def opened(data: Json) -> None:
        part = instance(data, "first")
        part["parts"][0]["proof"] = part["inside"] = None

    def wild(data: Json) -> None:
        statement = instance(data, "wild")["parts"][0]["statement"]
        instance(data, "zero")["parts"][0]["proof"]["facts"] = [statement]

    for change in (swapped, quantified("almost all"), opened, wild):
        assert "no fact that is known" in reason("silent", change)


def test_nothing_vacuous_is_proved() -> None:
    """Empty lists of claims, instances, statements, cases and proofs are errors."""

    def emptied(sort: str, name: str, *keys: str) -> Change:
        def change(data: Json) -> None:
            at: Any = next(part for part in data[sort] if part["name"] == name)
            for key in keys[:-1]:
                at = at[0] if key == "0" else at[key]
            at[keys[-1]] = []

        return change

    _, data = told("kinds")
    # The first of each kind.
    for part in {claim["written"]["kind"]: claim for claim in data["claims"][::-1]}.values():
        assert "has no instances" in reason("kinds", emptied("claims", part["name"], "instances"))
        keys = "instances", "0", "parts"
        assert "no parts" in reason("kinds", emptied("claims", part["name"], *keys))
    for part in data["cases"]:
        assert "has no instances" in reason("kinds", emptied("cases", part["name"], "instances"))
    blank: Json = {"claims": [], "cases": [], "disjoint": None, "accuracy": None, "others": []}

    def nothing(data: Json) -> None:
        data |= blank

    assert "it claims nothing" in reason("kinds", nothing)


def test_what_is_open_is_counted_apart() -> None:
    """A case of which nothing is said is not among the proved ones."""
    verification, data = told("silent")
    lines = list(checked_story(verification, data).lines())
    assert "the explanation's cases: 1 proved, 1 left open" in lines


def test_the_digest_protects_the_rest() -> None:
    """Texts: nothing else would notice a change."""
    genuine = az.certify(TWO, explanation=told("kinds")[0])
    for where, value in (
        ("explanation claims 0 text", "Something else."),
        ("software python", "2.7"),
        ("model name", "Another"),
    ):
        document = copy.deepcopy(genuine)
        put(where, value)(document)
        assert "digest" in reject(document)
        assert check.check_document(seal(document)).status == "incomplete"


def test_texts_are_no_lines_of_the_checkers() -> None:
    """Nor escapes, which a terminal would follow. Names are identifiers."""
    document = az.certify(TWO, explanation=told("kinds")[0])
    text = "fine\naccuracy between 1 and 1\x1b[2J"
    (claim,) = (part for part in document["explanation"]["claims"] if part["name"] == "gap")
    claim["instances"][0] |= {"parts": [{"said": text}], "inside": None}
    document["explanation"]["claims"] = [claim]
    document["explanation"] |= {"cases": [], "disjoint": None, "accuracy": None}
    document["explanation"] |= {"nodes": [], "others": []}
    lines = list(check.lines_of(check.check_document(seal(document))))
    assert all(line.isprintable() for line in lines)
    assert any("fine\\naccuracy between 1 and 1\\u001b[2J" in line for line in lines)
    claim["name"] = text
    reason = check.check_document(seal(document)).reason
    assert reason.isprintable()
    assert "the name of a claim is not written as it should be" in reason


def test_an_accuracy_of_another_explanation() -> None:
    """Without cells, the certificate's accuracy is that of its cases."""
    document = az.certify(SILENT, explanation=told("silent")[0])
    for key, value in (("accuracy", {"lower": "1/7", "upper": "6/7"}), ("undecided", "5/7")):
        assert reject(seal(document | {key: value}))
    assert "needs an explanation" in reject(document | {"explanation": None})
