"""Explanations in certificates with one thing changed: each change is rejected, with the reason.

The oracle is the change itself: it makes the certificate say something false, or takes a proof
away. What is changed keeps a fitting digest, so that only a check of what it says can reject it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any

import pytest
from certificates_for_tests import Json
from explanations_for_tests import checked_story, told

from algzoo_exact.certificate import check

Change = Callable[[Json], None]


def reason(name: str, change: Change) -> str:
    """Why the checker rejects a part with a change."""
    verification, data = told(name)
    broken = copy.deepcopy(data)
    change(broken)
    assert broken != data
    with pytest.raises(check.RejectedError) as error:
        checked_story(verification, broken)
    return str(error.value)


def instance(data: Json, claim: str, number: int = 0) -> Json:
    (found,) = (part for part in data["claims"] if part["name"] == claim)
    return found["instances"][number]  # type: ignore[no-any-return]


def case(data: Json, name: str, number: int = 0) -> Json:
    (found,) = (part for part in data["cases"] if part["name"] == name)
    return found["instances"][number]  # type: ignore[no-any-return]


def put(where: str, value: Any) -> Change:
    """Sets a field of a claim's (or a case's) first instance: "claim gap verdict"."""
    sort, name, *path, last = where.split()

    def change(data: Json) -> None:
        at: Any = (instance if sort == "claim" else case)(data, name)
        for key in path:
            at = at[int(key) if key.lstrip("-").isdigit() else key]
        at[int(last) if last.lstrip("-").isdigit() else last] = value

    return change


def flip_claim(name: str, verdict: str) -> Change:
    """Another verdict, of the claim too."""

    def change(data: Json) -> None:
        (found,) = (part for part in data["claims"] if part["name"] == name)
        found["verdict"] = found["instances"][0]["verdict"] = verdict

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        # Verdicts.
        (flip_claim("false_sign", "proved"), "claim false_sign: .*its statement is false"),
        (flip_claim("signs", "refuted"), "claim signs: .*its statement is true"),
        (flip_claim("not_so", "proved"), "it needs 1 proofs"),
        (flip_claim("gap", "refuted"), "what is refuted has no proof"),
        (flip_claim("gap", "unknown"), "an open verdict has no proof"),
        (flip_claim("likely", "unknown"), "its verdict is proved"),
        (flip_claim("unlikely", "proved"), "its verdict is refuted"),
        (flip_claim("no_angle", "proved"), "its verdict is refuted"),
        (flip_claim("never", "proved"), "label cell 0 is left out"),
        (put("claim gap verdict", "unsure"), "a verdict is unknown"),
        # Statements.
        (put("claim gap says domain", 0), "its domain is a node of a wrong sort"),
        (put("claim gap says statement", 10**9), "its statement is no node"),
        (put("claim likely says bounds equals", "1/9"), "its verdict is refuted"),
        (put("claim angle says bounds at_least", "18/101"), "its verdict is refuted"),
        (put("claim near says bounds at_most", "9999/10000"), "it fails on one of its cells"),
        (
            put("claim near says bounds at_least", "10001/10000"),
            "at its witness the error is small",
        ),
        (put("claim farther says bounds at_least", "1"), "its figure is no smaller bound"),
        (put("claim near says error", "mean"), "a mean has no scale"),
        (put("claim steps says steps 0 base", False), "a step is not the next one"),
        (put("claim steps says steps 1 step", 2), "a step is not the next one"),
        # Proofs.
        (put("claim half_plane proofs", []), "it needs 1 proofs"),
        (put("claim half_plane proofs 0 cells inputs", [0]), "the inputs that occur are"),
        (put("claim half_plane proofs 0 cells tree 0", "1 1"), "on the wrong side of a cut"),
        (put("claim half_plane proofs 0 cells tree 0", "2 -2"), "is not in lowest terms"),
        (put("claim half_plane proofs 0 cells tree 2", [0, 2]), "part 2 of the tree"),
        (put("claim half_plane proofs 0 cells rays 0", "0 -1"), "a ray is listed twice"),
        (put("claim half_plane proofs 0 without", [0]), "a null set may matter here"),
        (put("claim half_plane proofs 0", {"cells": {}}), "lacks"),
        (put("claim below proofs 0 cell", 1), "label cell 0 is left out"),
        (put("claim below proofs 0 cell", 7), "label cell 0 is left out"),
        (put("claim below proofs 0 without", [1]), "what is left out is a node of a wrong sort"),
        # Witnesses.
        (put("claim not_so witness x 0", "-1"), "a witness has other logits"),
        (put("claim not_so witness", {"x": ["-1", "0"], "logit": ["1", "-1"]}), "outside its dom"),
        (put("claim not_so witness", {"x": ["1", "1"], "logit": ["0", "0"]}), "it holds at its w"),
        (put("claim not_so witness logit 0", "7"), "a witness has other logits"),
        (put("claim not_so witness x", ["1"]), "a witness is an input"),
        (put("claim not_so witness", None), "must be an object"),
        (put("claim near witness", {"x": ["0", "1"], "logit": ["1", "-1"]}), "error is smaller"),
        (
            put("claim always_wrong witness", {"x": ["1", "-1"], "logit": ["-2", "2"]}),
            "its witness does not refute it",
        ),
        (
            put("claim always_wrong witness", {"x": ["1", "1"], "logit": ["0", "0"]}),
            "on the border of two labels",
        ),
        # Numbers.
        (put("claim likely figure value", "1/7"), "its probability is 1/8, not 1/7"),
        (put("claim angle figure value", "0.17620819117478336290"), "its probability is 0.176"),
        (put("claim angle figure cells tree", []), "a tree ends before its end"),
        (put("claim farther figure value", "1/2"), "it fails on one of its cells"),
        (put("claim mean figure", None), "a figure must be an object"),
        # Cases.
        (put("case down answer", "wrong"), "the claims that it names prove nothing of that kind"),
        (put("case down answer", "unknown"), "its answer is not what is proved"),
        (put("case down proofs", [{"trusted": "z3"}]), "it needs no proof"),
        (put("case up answer", "unknown"), "its answer is not what it says"),
        (put("case up probability value", "0.30000000000000000000"), "its probability is 0.4"),
        (put("case narrow answer", "wrong"), "nothing is proved of it"),
        (put("case rest answer", "right"), "nothing is said of it"),
        (put("case down when", 0), "when is a node of a wrong sort"),
    ],
)
def test_changes_of_every_kind(change: Change, why: str) -> None:
    assert re.search(why, reason("kinds", change))


def dropped_case(data: Json) -> None:
    del data["cases"][0]


def doubled_case(data: Json) -> None:
    data["cases"][1]["instances"] *= 2


def accuracy(key: str, value: str) -> Change:
    def change(data: Json) -> None:
        data["accuracy"][key] = value

    return change


def top(key: str, value: Any) -> Change:
    def change(data: Json) -> None:
        data[key] = value

    return change


def partition(part: str, key: str, value: Any) -> Change:
    def change(data: Json) -> None:
        data["partition"][part][key] = value

    return change


def node(old: Any, new: Any) -> Change:
    """Another node in the place of one."""

    def change(data: Json) -> None:
        data["nodes"][data["nodes"].index(old)] = new

    return change


@pytest.mark.parametrize(
    ("name", "change", "why"),
    [
        ("kinds", dropped_case, "partition: covers: .*fails|node .* is used nowhere"),
        ("kinds", doubled_case, "partition"),
        ("silent", dropped_case, "partition: covers: the cases together have the probability 6/7"),
        ("silent", doubled_case, "partition: disjoint: the cases' probabilities do not add up"),
        ("silent", accuracy("upper", "1"), "prove an accuracy from 0 to 6/7, not as stated"),
        ("kinds", accuracy("lower", "1"), "prove an accuracy from 9487"),
        ("kinds", top("accuracy", None), "must be an object"),
        ("kinds", top("partition", None), "nothing is said about the cases together"),
        ("kinds", top("standard", 1), "must be true or false"),
        ("kinds", top("nodes", []), "is no node"),
        ("silent", partition("covers", "by_order", False), "it needs 1 proofs"),
        ("silent", partition("covers", "verdict", "unknown"), "covers has no proof"),
        ("kinds", partition("disjoint", "by_order", True), "disjoint has no proof"),
        ("silent", node(["z", 1, 0], ["z", 1, 1]), "the model has no such entry"),
        ("silent", node(["z", 1, 0], ["z", 2, 0]), "node [0-9]+: |claim then"),
    ],
)
def test_changes_of_the_whole(name: str, change: Change, why: str) -> None:
    assert re.search(why, reason(name, change))


def edit(claim: str, position: int, *path: Any) -> Change:
    """Sets a part of a proof; the last of the path is the value."""
    *keys, last, value = path

    def change(data: Json) -> None:
        at: Any = instance(data, claim)["proofs"][position]
        for key in keys:
            at = at[key]
        at[last] = value

    return change


def drop(claim: str, position: int, *path: Any) -> Change:
    *keys, last = path

    def change(data: Json) -> None:
        at: Any = instance(data, claim)["proofs"][position]
        for key in keys:
            at = at[key]
        del at[last]

    return change


SUM = "the sum of its rows is no contradiction"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (edit("bounded", 0, "steps", 0, "rows", 0, 1, "2"), SUM),
        (edit("bounded", 0, "steps", 0, "rows", 0, 1, "-1"), "multiplier of an inequality is neg"),
        (edit("bounded", 0, "steps", 0, "rows", 0, 1, "0"), "a multiplier is not written"),
        (edit("bounded", 0, "steps", 0, "rows", 0, 0, 3), SUM),
        (edit("bounded", 0, "steps", 0, "rows", 0, 0, 10**9), "its rows are not there"),
        (edit("bounded", 0, "steps", 0, "rows", []), "it has no rows"),
        (drop("bounded", 0, "steps", 0, "rows", 0), SUM),
        (edit("states", 0, "steps", 0, "rows", [[0, "2"], [4, "2"]]), "have a common divisor"),
        (edit("bounded", 0, "steps", 2, "choice", 1), "a case does not use its alternative"),
        (edit("bounded", 0, "steps", 2, "choice", 99), "there is no such choice"),
        (edit("bounded", 0, "steps", 2, "cases", [0, 0]), "a case does not use its alternative"),
        (edit("bounded", 0, "steps", 2, "cases", [0]), "one case for each alternative"),
        (edit("bounded", 0, "steps", 2, "cases", [0, 2]), "a case is no earlier step"),
        (drop("bounded", 0, "steps", 2), "a step that no later one uses"),
        (edit("bounded", 0, "steps", []), "a proof has no steps"),
        (edit("bounded", 0, "facts", 0, 0), "a fact is a node of a wrong sort"),
        (drop("bounded", 0, "facts"), "step 0"),
        (edit("bounded", 0, "free", 0, 2), "a free entry is a node of a wrong sort"),
        (edit("bounded", 0, "without", [2]), "a null set may matter here"),
        (edit("then", 0, "defined", 0, 0, 3), "its equation does not tell the entry"),
        (edit("then", 0, "defined", []), "defined must be a list, not empty"),
        (edit("then", 0, "defined", 0, 1, 2), "node 2 is no fact that is known here"),
        (edit("states", 1, "facts", 0, 4), "node 4 is no fact that is known here"),
        (edit("states", 0, "facts", [2]), "node 2 is no fact that is known here"),
        (edit("states", 2, "facts", 0, 2), "node 2 is no fact that is known here"),
    ],
)
def test_changes_of_a_proof_by_sums(change: Change, why: str) -> None:
    assert re.search(why, reason("silent", change))


def test_a_claim_assumes_earlier_ones_only() -> None:
    """No claim can be assumed before it is proved, nor one that is about numbers."""

    def assumes(claim: str, names: list[str]) -> Change:
        def change(data: Json) -> None:
            (found,) = (part for part in data["claims"] if part["name"] == claim)
            found["assume"] = names

        return change

    assert "no earlier claim" in reason("silent", assumes("first", ["then"]))
    assert "no earlier claim" in reason("silent", assumes("first", ["first"]))
    assert "no earlier claim" in reason("kinds", assumes("half_plane", ["signs"]))
    assert "no fact that is known" in reason("silent", assumes("then", []))


def test_what_is_refuted_is_no_fact() -> None:
    def change(data: Json) -> None:
        (found,) = (part for part in data["claims"] if part["name"] == "zero")
        wild = instance(data, "wild")["says"]["statement"]
        found["assume"] = ["wild"]
        found["instances"][0]["proofs"][0]["facts"] = [wild]

    assert "no fact that is known" in reason("silent", change)
