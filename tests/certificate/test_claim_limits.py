"""Explanations in certificates that are made to keep the checker busy: it stops at its limit.

The oracle is the processor's time: with a small part of the work that is allowed, the checker must
end within a small part of the time.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from random import Random
from time import process_time
from typing import Any

import pytest
from support.certificates import Json, seal, story_of
from support.every_claim import SILENT, checked_story, told

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.lift import named_weights

ALLOWED = 2_000_000
"""Operations, of which each takes about a microsecond; ten are borne with, on a slow machine."""
MOST_SECONDS = 10 * ALLOWED / 1e6


def probability(condition: int, value: str) -> Json:
    return {"condition": condition, "at_least": value, "at_most": value, "cells": None}


def growing(copies: int, depth: int, digits: int) -> Json:
    """Inputs multiplied by long numbers over and over: each coefficient is longer than the last."""
    nodes: list[Any] = [True, ["x", 0], ["x", 1]]
    ends = []
    for k in range(copies):
        nodes.append(str(Fraction(10**digits + 7 + 2 * k, 10**digits + 9 + 4 * k)))
        factor, last = len(nodes) - 1, 1
        for _ in range(depth):
            nodes += [["mul", factor, last], ["add", len(nodes), 2]]
            last = len(nodes) - 1
        ends.append(last)
    nodes.append(["max", *ends])
    nodes.append([">=", len(nodes) - 1, 1])
    statement = {"for": "all", "statement": len(nodes) - 1, "domain": 0}
    statement |= {"proof": {"steps": [{"rows": [[0, "1"]]}]}, "witness": None}
    return story_of(nodes, [statement])


def orders(n: int, parts: int, width: int) -> Json:
    """The probability that one of many partial orders holds, which overlap."""
    random, nodes = Random(0), [["x", i] for i in range(n)]
    numbers: dict[str, int] = {}

    def node(*parts: Any) -> int:
        if str(parts) not in numbers:
            numbers[str(parts)] = len(nodes)
            nodes.append(list(parts))
        return numbers[str(parts)]

    some = []
    for _ in range(parts):
        pairs = {tuple(random.sample(range(n), 2)) for _ in range(width)}
        some.append(node("and", *sorted(node(">", *pair) for pair in pairs)))
    some = list(dict.fromkeys(some))
    return story_of(nodes, [probability(node("or", *some), "1/2")])


def nested(n: int, depth: int) -> Json:
    """Maxima of minima of maxima, which mean ever more comparisons."""
    nodes: list[Any] = [["x", i] for i in range(n)]
    first, second = 0, 1
    for k in range(depth):
        nodes += [["max", first, second], ["min", first, second, 2 + k % (n - 2)]]
        first, second = len(nodes) - 2, len(nodes) - 1
    nodes.append([">", first, second])
    return story_of(nodes, [probability(len(nodes) - 1, "2")])


def long_witness(digits: int) -> Json:
    """An input of long numbers, on which the model is run."""
    nodes = [True, ["h", 6, 0], "0", ["<", 1, 2]]
    x = [str(Fraction(10**digits + k, 10**digits + 2 * k + 1)) for k in range(7)]
    statement = {"for": "all", "statement": 3, "domain": 0, "proof": None, "witness": x}
    return story_of(nodes, [statement] * 300)


@pytest.mark.parametrize(
    ("make", "n"),
    [
        (partial(growing, 20, 90, 60), 7),
        (partial(growing, 3, 90, 400), 7),
        (partial(orders, 12, 400, 5), 12),
        (partial(orders, 7, 3000, 6), 7),
        (partial(orders, 40, 500, 10), 40),
        (partial(long_witness, 3000), 7),
    ],
)
def test_the_limit_holds(make: Callable[[], Json], n: int) -> None:
    program = rnn(SILENT.input_weights, SILENT.recurrent, SILENT.readout[:1] * n, n)
    budget = check.Budget()
    budget.most = budget.left = ALLOWED
    weights = dict(named_weights(program))
    story = make()
    start = process_time()
    with pytest.raises(check.LimitError, match=r"operations|bits"):
        check.Story(story, weights, "2nd_argmax", n, "lowest", budget).check()
    assert process_time() - start < MOST_SECONDS


def test_what_is_nested_is_simplified() -> None:
    """A maximum is at least a minimum of the same: the probability is found at once."""
    weights = dict(named_weights(rnn((Fraction(1),), ((Fraction(0),),), ((Fraction(0),),) * 9, 9)))
    budget = check.Budget()
    found = check.Story(nested(9, 40), weights, "argmax", 9, "lowest", budget)
    found.check()
    assert found.counts == {"claims refuted": 1}
    assert budget.most - budget.left < ALLOWED


def test_what_is_beyond_the_limit_is_not_rejected() -> None:
    """Exit code 3, with a sentence."""
    document = az.certify(SILENT, explanation=told("silent")[0])
    found = check.check_document(seal(document | {"explanation": growing(2, 95, 900)}))
    assert found.exit_code == 3
    assert "a number has over 131,072 bits" in found.verdict


def test_hostile_parts_are_bounded() -> None:
    """Numbers that double in length, conditions that double in size, and endless work: nothing is
    wrong with them, but they are beyond the limits."""
    verification, data = told("silent")

    def limit(nodes: list[Any], statement: int, domain: int) -> str:
        broken = copy.deepcopy(data) | {"nodes": nodes, "cases": [], "disjoint": None}
        broken["accuracy"] = None
        claim = copy.deepcopy(data["claims"][0])
        part = claim["instances"][0]["parts"][0]
        part |= {"statement": statement, "domain": domain, "proof": {"steps": [{"rows": []}]}}
        claim["instances"][0]["parts"] = [part]
        with pytest.raises(check.LimitError) as error:
            checked_story(verification, broken | {"claims": [claim]})
        return str(error.value)

    squares: list[Any] = ["3", *(["mul", k, k] for k in range(100)), ["==", 100, 0], True]
    assert "a number has over" in limit(squares, 101, 102)
    doubled: list[Any] = [["x", 0], "0", [">", 0, 1]]
    doubled += [["and", k, k] for k in range(2, 60)]
    assert "a formula has over 200,000 parts" in limit(doubled, 60, 60)


def test_what_is_nested_deeply_is_not_rejected() -> None:
    document = az.certify(SILENT, explanation=told("silent")[0])
    story = copy.deepcopy(document["explanation"]) | {"cases": [], "disjoint": None}
    deep: list[Any] = [["x", 0], *(["neg", k] for k in range(3000)), [">", 3000, 0]]
    claim = story["claims"][0]
    part = claim["instances"][0]["parts"][0] | {"statement": 3001, "domain": 3001}
    claim["instances"] = [claim["instances"][0] | {"parts": [part]}]
    story |= {"nodes": deep, "claims": [claim], "accuracy": None}
    found = check.check_document(seal(document | {"explanation": story}))
    assert (found.exit_code, found.reason) == (3, "it is nested too deeply.")
