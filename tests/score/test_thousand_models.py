"""A hundred of the thousand models of ``oracles.thousand``, which names the oracles; `make oracles`
checks them all."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import islice

import pytest
from oracles import thousand

import algzoo_exact as az


def test_the_list_is_as_it_says() -> None:
    cases = list(thousand.cases())
    assert [case.number for case in cases] == list(range(1000))
    assert sum(case.kind == "random" for case in cases) == 500
    assert {case.task.seq_len for case in cases} == set(range(2, 9))
    assert {case.ties for case in cases} == {None, "lowest", "uniform", "incorrect"}


@pytest.mark.slow
@pytest.mark.parametrize("first", range(5))
def test_models(first: int) -> None:
    """Every eighth from where sizes are small."""
    for case in islice(thousand.cases(), 200 + 160 * first, 360 + 160 * first, 8):
        thousand.check(case)


@pytest.mark.slow
@pytest.mark.parametrize("number", [720, 761, 941])
def test_squared_errors_in_which_large_numbers_cancel(number: int) -> None:
    """Float64 alone leaves widths above the value."""
    (case,) = islice(thousand.cases(), number, number + 1)
    found = thousand.check(case).score.enclosure
    assert found.width < found.lower / 10**6


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1, 2, 4])
def test_a_score_beside_the_truth_is_found_out(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = thousand.by_cones

    def faulty(*arguments: object) -> az.Score:
        found = original(*arguments)  # type: ignore[arg-type]
        off = 2 * found.enclosure.width + Fraction(1, 10**9)
        ends = found.enclosure.lower + off, found.enclosure.upper + off
        return replace(found, enclosure=az.Enclosure(*ends))

    monkeypatch.setattr(thousand, "by_cones", faulty)
    (case,) = islice(thousand.cases(), number, number + 1)
    with pytest.raises(thousand.ContradictionError):
        thousand.check(case)
