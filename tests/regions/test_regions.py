"""Regions and cells, against brute force over activation masks and exact evaluation.

Oracles. ``brute_force`` (n = 2, 3): every mask that has an interior, its measure and the accuracy,
with 50 digits; so measures must agree to 1e-40. ``Program.evaluate`` at interior points: pattern,
label and winners. Gaussian measure itself: all regions together have measure 1. Hence no region
is missing, counted twice, or off.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from oracles import brute_force, conventions
from oracles.conventions import ALL_TIES
from support.programs import (
    dead_mass_program,
    degenerate_programs,
    exact_program,
    handcrafted_4_3,
    programs,
    random_program,
)

from algzoo_exact.analysis.table import write_table
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import Enclosure
from algzoo_exact.geometry.cone import dot
from algzoo_exact.program.ir import Program, Trace
from algzoo_exact.program.task import Task, index_tasks, second_argmax
from algzoo_exact.regions.enumerate import Cell, Region, activation_regions, cells, credit_for

CLOSE = Fraction(1, 10**40)


def total(parts: Iterable[Enclosure]) -> Enclosure:
    found = list(parts)
    return Enclosure(sum((p.lower for p in found), Fraction(0)), sum(p.upper for p in found))


def times(credit: Fraction, part: Enclosure) -> Enclosure:
    return Enclosure(credit * part.lower, credit * part.upper)


def fraction(value: mpmath.mpf) -> Fraction:
    sign, mantissa, exponent, _ = value._mpf_
    return (-1) ** sign * Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def bits_of(trace: Trace) -> int:
    d = len(trace.z[0])
    return sum(1 << (t * d + j) for t, z in enumerate(trace.z) for j, v in enumerate(z) if v > 0)


def check_region(program: Program, region: Region) -> None:
    """What a region says of itself holds at an interior point and on its walls."""
    point = region.interior_point()
    trace = program.evaluate(point)
    assert bits_of(trace) == region.pattern.bits
    mapped = tuple(
        sum((c * x for c, x in zip(row, point, strict=True)), Fraction(0))
        for row in region.linear_map
    )
    assert mapped == trace.logit
    for i, names in enumerate(region.walls):
        rays = region.facet_rays(i)
        assert all(dot(region.cone.inequalities[i], ray) == 0 for ray in rays)
        for wall in names:
            if wall.neuron is not None:
                t, j = wall.neuron
                assert all(program.evaluate(ray).z[t][j] == 0 for ray in rays)


@pytest.mark.slow
@given(programs(d=(1, 3), n=(2, 3)))
@settings(max_examples=40, deadline=None)
def test_regions_against_all_masks(program: Program) -> None:
    expected = brute_force.pattern_measures(program)
    found = {region.pattern.bits: region for region in activation_regions(program)}
    assert found.keys() == expected.keys()
    for bits, region in found.items():
        check_region(program, region)
        measure = region.measure(40)
        assert measure.width <= CLOSE
        assert abs(measure.midpoint - fraction(expected[bits])) <= 2 * CLOSE


@given(programs(d=(1, 4), n=(1, 4)))
@settings(max_examples=40, deadline=None)
def test_regions_fill_the_space(program: Program) -> None:
    regions = list(activation_regions(program))
    assert len({region.pattern for region in regions}) == len(regions)
    assert total(region.measure(25) for region in regions).contains(1)


@pytest.mark.slow
def test_regions_fill_five_dimensions() -> None:
    program = random_program(np.random.default_rng(1), 2, 5)
    assert total(region.measure(20) for region in activation_regions(program)).contains(1)


def test_a_missing_region_is_noticed() -> None:
    """Planted fault for the check above."""
    regions = list(activation_regions(random_program(np.random.default_rng(4), 3, 3)))
    assert not total(region.measure(25) for region in regions[:-1]).contains(1)


def check_cells(program: Program, task: Task, found: list[Cell]) -> None:
    for cell in found:
        check_region(program, cell)
        point = cell.interior_point()
        logits = program.evaluate(point).logit
        assert cell.label == conventions.true_label(task.name, point)
        assert cell.winners == {k for k, v in enumerate(logits) if v == max(logits)}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if name == "2nd_argmax" else pytest.mark.slow)
        for name in index_tasks()
    ],
)
def test_cells_against_brute_force(name: str) -> None:
    """Random programs and every kind of degeneracy, n = 3; each tie rule."""
    rng = np.random.default_rng(17)
    task = Task(name, 3)
    for kind, program in degenerate_programs(rng, 16, (1, 2), 3):
        for ties in ALL_TIES:
            found = list(cells(program, task, ties=ties))
            accuracy = total(times(cell.credit, cell.measure(40)) for cell in found)
            expected = fraction(brute_force.accuracy(program, task, ties))
            # Widths of at most some 1,000 cells, and the oracle's 50 digits.
            assert abs(accuracy.midpoint - expected) <= 1000 * CLOSE, kind
        check_cells(program, task, found)
        assert total(cell.measure(40) for cell in found).contains(1)


@pytest.mark.parametrize("n", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_cells_of_other_sizes(n: int) -> None:
    rng = np.random.default_rng(n)
    for program in (
        random_program(rng, 3, n),
        *(p for _, p in degenerate_programs(rng, 4, (2, 2), n)),
    ):
        found = list(cells(program, second_argmax(n)))
        check_cells(program, second_argmax(n), found)
        assert total(cell.measure(25) for cell in found).contains(1)


def test_cells_and_regions_share_their_patterns() -> None:
    for program in (handcrafted_4_3(), dead_mass_program()):
        regions = {region.pattern: region for region in activation_regions(program)}
        parts: dict[object, list[Cell]] = {}
        for cell in cells(program, second_argmax(3)):
            parts.setdefault(cell.pattern, []).append(cell)
        assert parts.keys() == regions.keys()
        for pattern, pieces in parts.items():
            assert all(cell.linear_map == regions[pattern].linear_map for cell in pieces)
            whole = regions[pattern].measure(30)
            total(cell.measure(30) for cell in pieces).intersect(whole)  # else ValueError


def test_walls_have_names() -> None:
    """n = 2, one neuron that passes x[0] - x[1] on: its walls can be written down by hand."""
    program = exact_program([1, -1], [[0, 0], [1, 0]], [[0, 1], [1, 0]], 2)
    found = list(cells(program, second_argmax(2)))
    names = {str(wall) for cell in found for facet in cell.walls for wall in facet}
    assert {"x[0] = 0", "x[0] = x[1]", "z[0][0] = 0", "z[1][1] = 0"} <= names
    first = [{str(wall) for wall in facet} for cell in found for facet in cell.walls]
    assert {"x[0] = 0", "z[0][0] = 0", "z[0][1] = 0"} in first


def test_regions_do_not_need_as_many_logits_as_inputs() -> None:
    program = random_program(np.random.default_rng(0), 2, 3, outputs=1)
    regions = list(activation_regions(program))
    assert all(len(region.linear_map) == 1 for region in regions)
    with pytest.raises(InputError, match="2nd_argmax on 3 inputs needs"):
        next(cells(program, second_argmax(3)))


def test_a_program_that_never_wakes_up() -> None:
    program = exact_program([0, 0], [[1, 2], [3, 4]], [[1, 0], [0, 1], [1, 1]], 3)
    (region,) = activation_regions(program)
    assert region.pattern.bits == 0
    assert len(region.lineality) == 3
    assert region.facets == ()
    assert region.measure().lower == region.measure().upper == 1


def test_progress() -> None:
    seen: list[tuple[int, int]] = []
    program = random_program(np.random.default_rng(0), 1, 2)
    list(activation_regions(program, progress=lambda done, of: seen.append((done, of))))
    assert seen == [(k + 1, seen[0][1]) for k in range(seen[0][1])]
    seen.clear()
    task = second_argmax(2)
    list(cells(program, task, progress=lambda done, of: seen.append((done, of))))
    assert seen[-1][0] == seen[-1][1]


@pytest.mark.parametrize("ties", ALL_TIES)
def test_credit(ties: conventions.Ties) -> None:
    for mask in range(1, 8):
        tied = [bool(mask >> k & 1) for k in range(3)]
        winners = frozenset(k for k in range(3) if tied[k])
        for label in range(3):
            assert credit_for(label, winners, ties) == conventions.credit(tied, label, ties)


def test_tables_agree(tmp_path: Path) -> None:
    import pyarrow.parquet

    program, task = dead_mass_program(), second_argmax(3)
    files = {kind: tmp_path / f"cells.{kind}" for kind in ("csv", "json", "parquet")}
    counts = {write_table(cells(program, task, ties="uniform"), file) for file in files.values()}
    table = json.loads(files["json"].read_text())
    assert counts == {len(table)}
    assert pyarrow.parquet.read_table(files["parquet"]).to_pylist() == table
    with files["csv"].open(newline="") as file:
        assert list(csv.DictReader(file)) == [{k: str(v) for k, v in row.items()} for row in table]
    for row, cell in zip(table, cells(program, task, ties="uniform"), strict=True):
        assert Fraction(row["credit"]) == cell.credit
        assert Decimal(row["measure_lower"]) <= Decimal(row["measure_upper"])
        assert Decimal(row["measure_upper"]) - Decimal(row["measure_lower"]) < Decimal("1e-18")
        assert cell.cone.contains(tuple(map(int, row["interior_point"].split())))
    accuracy = sum(Fraction(row["credit"]) * Fraction(row["measure_lower"]) for row in table)
    expected = fraction(brute_force.accuracy(program, task, "uniform"))
    assert abs(accuracy - expected) < Fraction(len(table), 10**19)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        path.name for path in files.values()
    )


def test_table_of_regions(tmp_path: Path) -> None:
    program = handcrafted_4_3()
    count = write_table(activation_regions(program), tmp_path / "regions.json")
    table = json.loads((tmp_path / "regions.json").read_text())
    assert len(table) == count == len({row["pattern"] for row in table})
    assert "label" not in table[0]


def test_tables_that_cannot_be_written(tmp_path: Path) -> None:
    regions = list(activation_regions(random_program(np.random.default_rng(0), 1, 2)))
    with pytest.raises(InputError, match=r"\.parquet, \.csv, \.json"):
        write_table(regions, tmp_path / "regions.txt")
    with pytest.raises(InputError, match="no folder"):
        write_table(regions, tmp_path / "nowhere" / "regions.csv")
    (tmp_path / "taken.csv").mkdir()
    with pytest.raises(InputError, match="Cannot write"):
        write_table(regions, tmp_path / "taken.csv")
    assert [path.name for path in tmp_path.iterdir()] == ["taken.csv"]


def test_a_failure_leaves_the_old_table(tmp_path: Path) -> None:
    target = tmp_path / "regions.csv"
    write_table(activation_regions(random_program(np.random.default_rng(0), 1, 2)), target)
    before = target.read_bytes()
    wide = activation_regions(random_program(np.random.default_rng(0), 1, 10))
    with pytest.raises(InputError, match="reach n = 9"):
        write_table(wide, target)
    assert target.read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1
