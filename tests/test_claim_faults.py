"""Explanations in certificates with one thing changed: each change is rejected, with the reason.

The oracle is the change itself: it makes the certificate say something false, or takes a proof
away. What is changed keeps a fitting digest, so that only a check of what it says can reject it.
"""

from __future__ import annotations

import copy
import json
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
    assert json.dumps(broken) != json.dumps(data)
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
    """Sets a field of a claim's (or a case's) first instance: "claim gap statements 0 verdict"."""
    sort, name, *path, last = where.split()
    if sort == "part":
        path.insert(0, "statements")

    def change(data: Json) -> None:
        at: Any = (case if sort == "case" else instance)(data, name)
        for key in path:
            at = at[int(key) if key.lstrip("-").isdigit() else key]
        at[int(last) if last.lstrip("-").isdigit() else last] = value

    return change


def flip_claim(name: str, verdict: str) -> Change:
    """Another verdict, on the first statement if there are several."""

    def change(data: Json) -> None:
        found = instance(data, name)
        found.get("statements", [found])[0]["verdict"] = verdict

    return change


@pytest.mark.parametrize(
    ("change", "why"),
    [
        # Verdicts.
        (flip_claim("false_sign", "proved"), "an input shows what some do, or not all"),
        (flip_claim("signs", "refuted"), "it needs a witness"),
        (flip_claim("signs", "unknown"), "an open verdict has no proof"),
        (flip_claim("not_so", "proved"), "an input shows what some do, or not all"),
        (flip_claim("gap", "refuted"), "it needs a witness"),
        (flip_claim("gap", "unknown"), "an open verdict has no proof"),
        (flip_claim("farther", "proved"), "it needs a witness"),
        (flip_claim("likely", "unknown"), "its verdict is proved"),
        (flip_claim("unlikely", "proved"), "its verdict is refuted"),
        (flip_claim("no_angle", "proved"), "its verdict is refuted"),
        (flip_claim("never", "proved"), "an answer without a proof is none"),
        (flip_claim("below", "unknown"), "what is unknown has no proof"),
        (put("part gap 0 verdict", "unsure"), "a verdict is unknown"),
        (put("part gap 0 verdict", None), "a verdict is unknown"),
        # Statements.
        (put("part gap 0 domain", 0), "its domain is a node of a wrong sort"),
        (put("part gap 0 statement", 10**9), "its statement is no node"),
        (put("part gap 0 statement", False), "its statement must be a whole number"),
        (put("part gap 0 for", "some"), "it needs a witness"),
        (put("part gap 0 for", "none"), "it is for all, or for some"),
        (put("part near 1 for", "all"), "an input shows what some do, or not all"),
        (put("part farther 0 for", "all"), "it needs a witness"),
        (put("claim gap statements", []), "it has no statements"),
        (put("claim likely bounds at_least", "1/7"), "bounds are the wrong way round"),
        (put("claim likely bounds at_most", "1/9"), "bounds are the wrong way round"),
        (put("claim angle bounds at_least", "18/101"), "its verdict is refuted"),
        (put("claim mean error", "supremum"), "its error is unknown"),
        # Proofs.
        (put("part half_plane 0 proof", None), "a proof must be an object"),
        (put("part half_plane 0 proof cells inputs", [0]), "the inputs that occur are"),
        (put("part half_plane 0 proof cells inputs", [False, True]), "must be a whole number"),
        (put("part half_plane 0 proof cells tree 0", "1 1"), "on the wrong side of a cut"),
        (put("part half_plane 0 proof cells tree 0", "2 -2"), "is not in lowest terms"),
        (put("part half_plane 0 proof cells tree 2", [0, 2]), "part 2 of the tree"),
        (put("part half_plane 0 proof cells rays 0", "0 -1"), "a ray is listed twice"),
        (put("part half_plane 0 proof without", [0]), "a null set may matter here"),
        (put("part half_plane 0 proof", {"cells": {}}), "lacks"),
        (put("part half_plane 0 witness", {"x": ["1", "0"], "logit": ["-1", "1"]}), "an input sh"),
        (put("part signs 0 proof point 0", "1"), "inputs that nothing fixes are 0"),
        (put("part signs 0 proof point", ["0"]), "a point is an input"),
        (put("claim below proofs", []), "an answer without a proof is none"),
        (put("claim below proofs", 0), "proofs must be a list"),
        (put("claim below proofs 0 cell", 1), "label cell 0 is left out"),
        (put("claim below proofs 0 cell", 7), "label cell 0 is left out"),
        (put("claim below proofs 0 cell", False), "a cell must be a whole number"),
        (put("claim below proofs 0 without", [1]), "what is left out is a node of a wrong sort"),
        (put("claim below witness", {"x": ["0", "0"], "logit": ["0", "0"]}), "has no witness"),
        # Witnesses.
        (put("part not_so 0 witness x 0", "-1"), "a witness has other logits"),
        (put("part not_so 0 witness", {"x": ["-1", "0"], "logit": ["1", "-1"]}), "outside its dom"),
        (put("part not_so 0 witness", {"x": ["1", "1"], "logit": ["0", "0"]}), "it holds at its w"),
        (put("part not_so 0 witness logit 0", "7"), "a witness has other logits"),
        (put("part not_so 0 witness x", ["1"]), "a witness is an input"),
        (put("part not_so 0 witness", None), "it needs a witness"),
        (put("part not_so 0 proof", {"trusted": "z3"}), "no proof beside its witness"),
        (put("part near 1 witness", {"x": ["0", "1"], "logit": ["1", "-1"]}), "it fails at its w"),
        (
            put("claim always_wrong witness", {"x": ["1", "-1"], "logit": ["-2", "2"]}),
            "its witness does not refute it",
        ),
        (
            put("claim always_wrong witness", {"x": ["1", "1"], "logit": ["0", "0"]}),
            "on the border of two labels",
        ),
        (put("claim always_wrong witness", None), "a witness must be an object"),
        # Numbers.
        (put("claim likely figure value", "1/7"), "its probability is 1/8, not as stated"),
        (put("claim angle figure value", "0.17620819117478336290"), "its probability is 0.176"),
        (put("claim angle figure cells tree", []), "a tree ends before its end"),
        (put("claim mean figure", None), "a figure must be an object"),
        # Cases.
        (put("case down answer", "wrong"), "claim below proves nothing of that kind"),
        (put("case down answer", "unknown"), "nothing is said of it"),
        (put("case down proofs", [{"trusted": "z3"}]), "it is proved twice"),
        (put("case down proofs", 0), "it is proved twice"),
        (put("case down verdict", "unknown"), "its verdict is proved"),
        (put("case down follows claims", []), "it names no claims"),
        (put("case down follows claims", ["below", "below"]), "it names a claim twice"),
        (put("case down follows claims", ["above"]), "it needs a proof"),
        (put("case down follows", None), "an answer without a proof is none"),
        (put("case up answer", "unknown"), "nothing is said of it"),
        (put("case up probability value", "0.30000000000000000000"), "its probability is 0.4"),
        (put("case narrow answer", "right"), "its witness does not refute it"),
        (put("case rest verdict", "proved"), "nothing is said of it"),
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
        ("silent", partition("covers", "by_order", False), "it needs one proof"),
        ("silent", partition("covers", "verdict", "unknown"), "covers: an order proves"),
        ("kinds", partition("disjoint", "by_order", True), "disjoint: it needs no proofs"),
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
        at: Any = instance(data, claim)["statements"][position]["proof"]
        for key in keys:
            at = at[key]
        at[last] = value

    return change


def drop(claim: str, position: int, *path: Any) -> Change:
    *keys, last = path

    def change(data: Json) -> None:
        at: Any = instance(data, claim)["statements"][position]["proof"]
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
        (edit("then", 0, "defined", 0, 1, 2), "a definition is an equation"),
        (edit("states", 1, "facts", 0, 4), "node 4 is no fact that is known here"),
        (edit("states", 0, "facts", [2]), "node 2 is no fact that is known here"),
        (edit("states", 2, "facts", 0, 2), SUM),
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
            instance(data, "first")["statements"][0]["for"] = quantifier

        return change

    def opened(data: Json) -> None:
        part = instance(data, "first")["statements"][0]
        part["verdict"], part["proof"] = "unknown", None

    def wild(data: Json) -> None:
        statement = instance(data, "wild")["statements"][0]["statement"]
        instance(data, "zero")["statements"][0]["proof"]["facts"] = [statement]

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
    for part in data["claims"]:
        assert "has no instances" in reason("kinds", emptied("claims", part["name"], "instances"))
        if part["kind"] == "holds":
            keys = "instances", "0", "statements"
            assert "no statements" in reason("kinds", emptied("claims", part["name"], *keys))
    for part in data["cases"]:
        assert "has no instances" in reason("kinds", emptied("cases", part["name"], "instances"))
    blank: Json = {"claims": [], "cases": [], "partition": None, "accuracy": None, "others": []}

    def nothing(data: Json) -> None:
        data |= blank

    assert "it claims nothing" in reason("kinds", nothing)


def test_what_is_open_is_counted_apart() -> None:
    """A case of which nothing is said is not among the proved ones."""
    verification, data = told("silent")
    lines = list(checked_story(verification, data).lines())
    assert "the explanation's cases: 1 proved, 1 left open" in lines
