"""The checker's operations against another count of them (tests/support/operations.py)."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from support.certificates import Json
from support.operations import CountedChecker
from support.shipped_stories import model_of

import algzoo_exact as az
from algzoo_exact.certificate import check
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import Task
from algzoo_exact.zoo.explanations import explanation_path

LEAST = 0.5
"""Of the checker's count: charges are made in advance, for the longest numbers and worst cases."""


def of_model(name: str) -> Json:
    return az.certify(az.load(name))


def of_story(name: str, only: str | None = None) -> Json:
    explanation, model = az.load_explanation(explanation_path(name)), model_of(name)
    return az.certify(model, explanation=az.verify(explanation, model, only=only))


def of_four_inputs() -> Json:
    return az.certify(rnn([1], [[0]], [[1], [-1], [2], [0]], 4), Task("2nd_argmax", 4), decimals=6)


CERTIFICATES: dict[str, Callable[[], Json]] = {
    **{
        name: partial(of_model, name)
        for name in ("2nd_argmax_2_2", "2nd_argmax_3_3", "argmedian_4_3", "median_2_2")
    },
    "median_4_3": partial(of_model, "median_4_3"),
    "longest_cycle_4_4": partial(of_model, "longest_cycle_4_4"),
    "four inputs": of_four_inputs,
    "a story of two inputs": partial(of_story, "2nd_argmax_2_2"),
    "a story of three inputs": partial(of_story, "handcrafted_2nd_argmax_3"),
    "a claim about ten inputs": partial(of_story, "handcrafted_2nd_argmax_10", "register"),
}


@pytest.fixture(scope="module")
def counted() -> CountedChecker:
    return CountedChecker()


# Larger ones of kinds that are counted in smaller ones too.
LARGER = ("argmedian_4_3", "median_4_3", "four inputs", "a story of three inputs")


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=pytest.mark.slow) if n in LARGER else n for n in CERTIFICATES],
)
def test_operations_are_those_counted_one_by_one(name: str, counted: CountedChecker) -> None:
    """The checker announces its work; here each operation is counted as it happens."""
    document = CERTIFICATES[name]()
    stated, again = check.check_document(document), counted.check(document)
    assert (stated.status, stated.reason) == (again.status, again.reason) == ("incomplete", "")
    assert stated.operations == again.operations  # the instrument does not change what is charged
    print(f"{name}: {counted.operations:,} of {stated.operations:,} announced")
    assert LEAST * stated.operations <= counted.operations <= stated.operations


def test_the_count_of_a_known_sum(counted: CountedChecker) -> None:
    """A product of n numbers with n others is n products and n sums; long numbers count more."""
    counted.operations = 0
    counted.module.dot((3, 4, 5), (1, 2, 6))
    assert counted.operations == 6
    counted.operations = 0
    counted.module.dot((1 << 300,), (1,))
    assert counted.operations == 2 + 2  # of 301 bits each
