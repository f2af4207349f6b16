"""Shares as enclosures and as text, against fractions; and reports that use them, whole."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from safetensors.numpy import save_file
from support.command_line import json_of, text_of
from support.reports import report_of

import algzoo_exact as az
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.exact.shares import decimals, level, percent, share, significant
from algzoo_exact.present.document import Table
from algzoo_exact.present.wording import one_in
from algzoo_exact.program.ir import rnn
from algzoo_exact.program.task import second_argmax

EPSILONS = (1e-3, 1e-8, 1e-15, 1e-30)
"""The third neuron turns by so much: a region is right on a share that vanishes with its square."""

unit = st.fractions(0, 1, max_denominator=10**6) | st.integers(0, 60).flatmap(
    lambda k: st.sampled_from([Fraction(1, 10**k), 1 - Fraction(1, 10**k)])
)
slack = st.integers(0, 40).map(lambda k: Fraction(1, 10**k)) | st.just(Fraction(0))


def near_zero(epsilon: float) -> dict[str, np.ndarray]:
    """A model with a region that is almost nowhere right, and regions smaller than 1e-15."""
    return {
        "rnn.weight_ih_l0": np.array([[1], [1]], np.float32),
        "rnn.weight_hh_l0": np.array([[-1, 0], [-1, -epsilon]], np.float32),
        "linear.weight": np.array([[1, -1], [-1, 1], [1, 1]], np.float32),
    }


def bounds(text: str) -> tuple[Fraction, Fraction]:
    """What a text claims of the number, read by the rules in ``percent``'s docstring."""
    scale = 100 if text.endswith("%") else 1
    numbers = [Fraction(part) / scale for part in re.findall(r"\d+(?:\.\d+)?", text)]
    if text.startswith("between"):
        return numbers[0], numbers[1]
    if text.startswith("<"):
        return Fraction(0), numbers[0]
    if text.startswith(">"):
        return numbers[0], Fraction(1)
    places = len(text.rstrip("%").partition(".")[2])
    off = Fraction(0) if numbers[0] in (0, 1) else Fraction(1, scale * 10**places)
    return numbers[0] - off, numbers[0] + off


@given(unit, unit, slack, slack)
def test_a_share_holds_the_quotient(a: Fraction, b: Fraction, s: Fraction, t: Fraction) -> None:
    """Oracle: the quotient of the two numbers themselves."""
    part, whole = sorted((a, b))
    assume(whole)
    found = share(Enclosure(part - s, part + t), Enclosure(whole - t, whole + s))
    assert 0 <= found.lower <= part / whole <= found.upper <= 1


def test_a_share_of_what_may_be_nothing() -> None:
    zero = Enclosure.exactly(0)
    assert (share(zero, zero).lower, share(zero, zero).upper) == (0, 1)
    assert share(zero, Enclosure(Fraction(0), Fraction(1))).upper == 1


@given(unit, slack, slack, st.integers(0, 8))
def test_what_is_printed_is_true(value: Fraction, s: Fraction, t: Fraction, places: int) -> None:
    """Oracle: the number itself. Nothing but 0 and 1 is printed as such."""
    known = Enclosure(max(Fraction(0), value - s), min(Fraction(1), value + t))
    for text in (percent(known, places), decimals(known, places + 2)):
        low, high = bounds(text)
        assert low <= value <= high, text
        certain = text.rstrip("%") in ("0", "1", "100") or re.fullmatch(r"(0|100|1)\.0+%?", text)
        assert bool(certain) == (known.width == 0 and value in (0, 1)), text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (Fraction(1, 4), "0.25"),
        (Fraction(1, 10**8), "1e-08"),
        (1 - Fraction(1, 10**13), "1 - 1e-13"),
        (1 + Fraction(3, 10**13), "1 + 3e-13"),
        (1 - Fraction(1, 10**400), "1 - 1e-400"),
        (Fraction(1, 10**400), "1e-400"),
        (Fraction(1), "1"),
        (Fraction(0), "0"),
    ],
)
def test_significant_digits(number: Fraction, text: str) -> None:
    assert significant(number, 10) == text


def test_levels() -> None:
    assert [level(c) for c in (0.99, 0.999999, 0.5)] == ["99%", "99.9999%", "50%"]
    assert level(1 - 1e-12) == "99.9999999999%"


@pytest.mark.parametrize("epsilon", EPSILONS)
@pytest.mark.parametrize("ties", ["lowest", "uniform"])
def test_regions_of_a_model_with_tiny_regions(tmp_path: Path, epsilon: float, ties: str) -> None:
    """Oracle: the credits of the cells, which say in whole numbers where a region is right."""
    path = tmp_path / "tiny_2nd_argmax_2_3.safetensors"
    save_file(near_zero(epsilon), path)
    program = az.load(path).program
    credits: dict[str, set[Fraction]] = {}
    for cell in az.cells(program, second_argmax(3), ties=ties):
        credits.setdefault(str(cell.pattern), set()).add(cell.credit)
    text = text_of("regions", path, "--top", 50, "--ties", ties)
    row = re.compile(r"([01]+(?:\|[01]+)+) .* (all|none|(?:[<>] )?[\d.]+%|between .*)")
    rows = dict(found.groups() for line in text.splitlines() if (found := row.fullmatch(line)))
    assert rows.keys() == credits.keys()
    for pattern, verdict in rows.items():
        if credits[pattern] == {Fraction(1)}:
            assert verdict == "all"
        elif credits[pattern] == {Fraction(0)}:
            assert verdict == "none"
        else:
            low, high = bounds(verdict)
            assert 0 <= low < high <= 1
            assert verdict not in ("0%", "100%")
    for entry in json_of("regions", path, "--top", 50, "--ties", ties)["heaviest"]:
        assert 0 <= Fraction(entry["right"]["lower"]) <= Fraction(entry["measure"]["upper"]) <= 1


@pytest.mark.parametrize(
    "epsilon", [1e-30, *(pytest.param(e, marks=pytest.mark.slow) for e in EPSILONS[:-1])]
)
def test_a_report_of_a_model_with_tiny_regions(epsilon: float) -> None:
    """A share is within 0% and 100%, and the table names what it leaves out."""
    program = az.lift(near_zero(epsilon))
    report = report_of(program, second_argmax(3))
    regions = report.findings.regions
    assert regions is not None
    for region in regions.listed:
        assert region.right is not None
        assert 0 <= region.right.lower <= region.right.upper <= 1
    (section,) = (s for s in report.document.sections if s.name == "regions")
    (table,) = (block for block in section.blocks if isinstance(block, Table))
    shown = [str(row[-1][0]) for row in table.rows]
    assert not {"0%", "100%"} & set(shown)
    assert bool(table.foot) == (regions.count != len(regions.listed))


def test_a_measure_is_no_certainty() -> None:
    """Of one neuron that forgets, the regions are the four quadrants: as many digits are shown as
    are computed."""
    graph = az.region_graph(rnn((1,), ((0,),), ((1,), (-1,)), 2), second_argmax(2), digits=3)
    texts = [decimals(graph.measure(pattern), 12) for pattern in graph.graph]
    assert len(texts) == 4
    assert all(bounds(text)[0] <= Fraction(1, 4) <= bounds(text)[1] for text in texts)


@given(unit, slack)
def test_errors_in_words_are_bounds(value: Fraction, s: Fraction) -> None:
    """Oracle: the error's bounds as fractions. Rounding makes no statement stronger."""
    known = Enclosure(max(Fraction(0), value - s), min(Fraction(1), value + s))
    text = one_in(Enclosure(1 - known.upper, 1 - known.lower))
    numbers = [Fraction(part.replace(",", "")) for part in re.findall(r"\d[\d,.]*", text)]
    least, most = 1 - known.upper, 1 - known.lower
    if text.startswith("an error rate"):
        lower, upper = bounds(text.removeprefix("an error rate ").removeprefix("of "))
        assert lower <= least <= most <= upper
    elif text.startswith("no error"):
        assert most == 0
    elif text.startswith("at most"):
        assert least == 0
        assert numbers[0] <= 1 / most
    elif " to " in text:
        assert numbers[0] <= 1 / most <= 1 / least <= numbers[1]
    elif text != "no bound yet":
        assert abs(numbers[0] * most - 1) < Fraction(1, 10**5)
        assert abs(numbers[0] * least - 1) < Fraction(1, 10**5)
