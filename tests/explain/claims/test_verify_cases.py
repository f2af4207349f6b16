"""Cases: partitions, and the accuracy that follows, against exact scores and hand computations."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations
from math import factorial
from re import fullmatch

import numpy as np
import pytest
from support.paths import STORIES
from support.programs import dead_mass_program, handcrafted_2_2, random_program
from support.stories import Entry, case, claim, enclosure_of, story, verified

import algzoo_exact as az
from algzoo_exact.explain.verify import Verification
from algzoo_exact.program.task import TIE_RULES, TieRule, credit_for

TWO = handcrafted_2_2()
HALVES = case("up", "x[1] > x[0]", "right"), case("down", "x[1] <= x[0]", "right")


def orderings(n: int) -> list[str]:
    """The inputs in each order, from the greatest to the least."""
    return [" >= ".join(f"x[{i}]" for i in order) for order in permutations(range(n))]


def test_a_partition_and_its_accuracy() -> None:
    result = verified(TWO, *HALVES)
    assert result.status == "proved"
    assert result.accuracy is not None
    assert result.accuracy.rational == 1
    assert [part.probability.rational for part in result.cases if part.probability] == [
        Fraction(1, 2)
    ] * 2


@pytest.mark.parametrize("boundary", ["<", "<="])
def test_borders_do_not_matter(boundary: str) -> None:
    """An input with x[0] = x[1] is in both cases, or in none: a null set."""
    other = case("down", f"x[1] {boundary} x[0]", "right")
    both = verified(TWO, case("up", f"x[0] {boundary} x[1]", "right"), other)
    assert both.partition is not None
    assert both.partition.status == "proved"


def outside(result: Verification) -> tuple[Fraction, ...]:
    """The input in no case."""
    assert result.partition is not None
    covers, disjoint = result.partition.covers, result.partition.disjoint
    assert (covers.verdict.status, disjoint.verdict.status) == ("refuted", "proved")
    assert covers.witness is not None
    assert covers.confirmed
    assert fullmatch(r"no case holds (at|around) x = \(.*\)", covers.verdict.reason)
    return covers.witness


def shared(result: Verification, *names: str) -> tuple[Fraction, ...]:
    """The input in two cases, which the message names."""
    assert result.partition is not None
    covers, disjoint = result.partition.covers, result.partition.disjoint
    assert (covers.verdict.status, disjoint.verdict.status) == ("proved", "refuted")
    assert disjoint.witness is not None
    assert disjoint.confirmed
    said = rf"{' and '.join(names)} hold both (at|around) x = \(.*\)"
    assert fullmatch(said, disjoint.verdict.reason)
    return disjoint.witness


def test_an_omitted_case_is_found() -> None:
    result = verified(TWO, HALVES[0])
    x = outside(result)
    assert x[1] < x[0]
    assert result.accuracy is None
    assert result.status == "refuted"


def test_a_doubled_case_is_found() -> None:
    again = case("again", "x[0] > 0 and x[0] > x[1]", "right")
    result = verified(TWO, *HALVES, again)
    x = shared(result, "down", "again")
    assert x[0] > max(0, x[1])
    assert result.accuracy is None


def test_cases_that_are_not_about_order() -> None:
    """Cut along x[1] = 2 x[0] and along the model's own logits: no rational probabilities."""
    cases = [
        case("steep", "x[1] > 2 * x[0]", "unknown"),
        case("first", "x[1] <= 2 * x[0] and logit[0] > logit[1]", "right"),
        case("second", "x[1] <= 2 * x[0] and logit[0] <= logit[1]", "right"),
    ]
    whole = verified(TWO, *cases)
    assert whole.partition is not None
    assert whole.partition.status == "proved"
    # P(x[1] <= 2 x[0]) = 1/2: a half plane
    assert enclosure_of(whole.accuracy).contains(Fraction(1))
    assert 0 <= Fraction(1, 2) - enclosure_of(whole.accuracy).lower < Fraction(1, 10**20)
    x = outside(verified(TWO, *cases[:2]))
    assert x[1] < min(2 * x[0], x[0])
    more = case("more", "logit[0] > x[0] > 0", "unknown")
    x = shared(verified(TWO, *cases, more), "steep", "more")
    assert x[1] > 2 * x[0] > 0


def test_a_wrong_case_is_refuted_and_counts_for_nothing() -> None:
    result = verified(TWO, HALVES[0], case("down", "x[1] <= x[0]", "wrong"))
    (down,) = result.cases[1].instances
    assert result.cases[1].status == "refuted"
    assert down.answer == "unknown"
    assert down.checked is not None
    assert down.checked.witness is not None
    assert down.checked.witness[1] < down.checked.witness[0]
    found = enclosure_of(result.accuracy)
    assert (found.lower, found.upper) == (Fraction(1, 2), 1)


def test_cases_that_follow_from_claims() -> None:
    up = claim("answers", "right", domain="x[1] > x[0]")
    for when, status in (
        ("x[1] > x[0]", "proved"),
        ("x[1] > x[0] and x[0] > 0", "proved"),
        ("x[1] > 0 and x[0] < 0", "proved"),
        ("x[1] > 0", "unknown"),
    ):
        result = verified(
            TWO,
            up,
            case("said", when, "claims", claims=["answers"]),
            case("rest", f"not ({when})", "unknown"),
        )
        assert result.cases[0].status == status, when
        assert result.cases[0].instances[0].answer == ("right" if status == "proved" else "unknown")
    no = claim("no", "wrong", domain="x[1] > x[0]")
    said = case("said", "x[1] > x[0]", "claims", claims=["no"])
    assert verified(TWO, no, said).cases[0].status == "unknown"


def label_cells(n: int) -> list[Entry]:
    return [case(f"c{k}", when, "unknown") for k, when in enumerate(orderings(n))]


SIGNS = {
    "max(x[0:n]) < 0": (-1, -2, -3),
    "min(x[0:n]) > 0": (3, 2, 1),
    "min(x[0:n]) <= 0 <= max(x[0:n])": (1, -1, -2),
}
"""Conditions on three inputs, and values from the greatest to the least that satisfy them."""


@pytest.mark.parametrize(
    ("seed", "ties"), [(0, "lowest"), (1, "lowest"), *((None, t) for t in TIE_RULES)]
)
def test_derived_accuracy_against_enumeration(seed: int | None, ties: TieRule) -> None:
    """Orderings, each cut by whether all inputs are negative, where some models are dead.

    Every case says "right" or "wrong", as the exact program is at one of its inputs. Oracle: the
    accuracy by enumeration lies in what is derived.
    """
    program = dead_mass_program()
    if seed is not None:
        program = random_program(np.random.default_rng(seed), 3, 3)
    task = az.tasks.second_argmax(3)
    tables = []
    for order in permutations(range(3)):
        for sign, values in SIGNS.items():
            x = [values[order.index(i)] for i in range(3)]
            logit = program.evaluate(x).logit
            winners = frozenset(k for k in range(3) if logit[k] == max(logit))
            said = "right" if credit_for(task.label(x), winners, ties) == 1 else "wrong"
            when = " > ".join(f"x[{i}]" for i in order) + f" and {sign}"
            tables.append(case(f"c{len(tables)}", when, said))
    result = az.verify(story(program, *tables), program, ties=ties)
    exact = az.accuracy(program, task, ties=ties).enclosure
    assert result.partition is not None
    assert result.partition.status == "proved"
    enclosure_of(result.accuracy).intersect(exact)  # ValueError if they contradict each other
    answers = {part.instances[0].answer for part in result.cases}
    assert answers & {"right", "wrong"}, "some case was decided"


@pytest.mark.parametrize("name", ["readout", "positive"])
def test_one_claim_about_ten_inputs(name: str) -> None:
    """The shipped explanation of this model, which has other claims, is proved as a whole in
    ``test_standard_stories``."""
    explanation = az.load_explanation(STORIES / "handcrafted_10.toml")
    found = az.verify(explanation, az.load("handcrafted:2nd_argmax_10"), only=name)
    assert found.claim(name).status == "proved"


def test_probabilities_of_orderings() -> None:
    """n! orderings of as many inputs are equally likely."""
    result = verified(dead_mass_program(), *label_cells(3))
    figures = [part.probability for part in result.cases]
    assert all(f is not None and f.rational == Fraction(1, factorial(3)) for f in figures)
    found = enclosure_of(result.accuracy)
    assert (found.lower, found.upper) == (0, 1)


def test_ctrl_c_in_the_cases() -> None:
    def hear(fraction: float, text: str) -> None:
        if text == "down":
            raise KeyboardInterrupt

    result = az.verify(story(TWO, *HALVES), TWO, progress=hear)
    assert result.stopped
    assert [len(part.instances) for part in result.cases] == [1, 0]
    assert result.partition is None
    assert result.status == "unknown"
