"""Regions as sums over a table of cells, in floats, of programs of all kinds.

Oracles: the regions and cells that are enumerated in integers and measured in ball arithmetic, one
by one; the measure of all space.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest
from oracles.conventions import ALL_TIES
from support.cells import mass
from support.programs import Rng, degenerate_programs, random_program

from algzoo_exact.analysis import regions
from algzoo_exact.analysis.cells import measured_cells
from algzoo_exact.analysis.region_facets import facets_of_regions, shared_facets
from algzoo_exact.analysis.regions import RegionTable, region_table, regions_of
from algzoo_exact.analysis.sections import section
from algzoo_exact.errors import InputError
from algzoo_exact.exact.enclosure import total
from algzoo_exact.program.ir import Program
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.program.task import Task, TieRule, second_argmax
from algzoo_exact.regions.enumerate import Cell, Region, activation_regions, cells, region_of
from algzoo_exact.regions.starts import NO_LABEL
from algzoo_exact.zoo.loading import load


def some(rng: Rng, count: int) -> list[Program]:
    return [random_program(rng, 2, 4), *(p for _, p in degenerate_programs(rng, count, (1, 2), 4))]


def of_cells(program: Program, task: Task, ties: TieRule) -> dict[int, list[Cell]]:
    found = defaultdict(list)
    for cell in cells(program, task, ties=ties):
        found[cell.pattern.bits].append(cell)
    return found


def check(table: RegionTable, expected: dict[int, list[Cell]]) -> None:
    """Each region against its cells."""
    assert set(table.bits) == set(expected)
    assert len(table) == len(expected)
    for i, bits in enumerate(table.bits):
        own = expected[bits]
        measured = [(cell, mass(cell, 20)) for cell in own]
        labelled = [(cell, part) for cell, part in measured if cell.label != NO_LABEL]
        credits = {cell.credit for cell in own}
        right = total(part.times(cell.credit) for cell, part in measured)
        wrong = total(part.times(1 - cell.credit) for cell, part in labelled)
        whole = total(part for _, part in measured)
        for known in (table.figures(i), table.closely(i)):
            known.measure.intersect(whole)  # ValueError if apart
            known.right.intersect(right)
            known.wrong.intersect(wrong)
            assert known.measure.width < Fraction(1, 10**9)
            if len(credits) == 1:
                assert known.share.lower == known.share.upper == credits.pop()
            else:
                assert known.share.lower * known.measure.lower <= right.upper
                assert right.lower <= known.share.upper * known.measure.upper
        assert table.answers(i) == tuple(sorted({tuple(sorted(c.winners)) for c in own}))
        assert table.labelled[i] == bool(labelled)
        assert table.wrong[i] == any(cell.credit < 1 for cell, _ in labelled)
    assert table.mass(range(len(table))).contains(1)


@pytest.mark.parametrize("ties", ALL_TIES)
def test_sums_in_floats(ties: TieRule) -> None:
    task = second_argmax(4)
    for program in some(np.random.default_rng(5), 4):
        table = regions_of(measured_cells(program, task, ties=ties, unlabelled=True))
        assert not table.exact
        check(table, of_cells(program, task, ties))


def test_sections_with_inputs_of_several_labels() -> None:
    """Four inputs are left, so that cells are found in floats."""
    wide = random_program(np.random.default_rng(1), 2, 6)
    part = section(wide, task=second_argmax(6), zero=[1, 3])
    assert part.unlabelled.lower > 0
    table = regions_of(measured_cells(part.program, part.task, unlabelled=True))
    check(table, of_cells(part.program, part.task, "lowest"))


def test_few_regions_have_twenty_digits() -> None:
    program, task = random_program(np.random.default_rng(2), 2, 4), second_argmax(4)
    table = region_table(program, task)
    assert table.exact
    check(table, of_cells(program, task, "lowest"))
    assert all(table.figures(i).measure.width < Fraction(1, 10**19) for i in range(len(table)))
    more = region_table(program, task, digits=30)
    assert all(more.figures(i).measure.width < Fraction(1, 10**28) for i in range(len(more)))


@pytest.mark.slow
def test_orders_in_floats_are_those_in_digits() -> None:
    """Of a trained model, where no two regions are nearly alike."""
    model = load("2nd_argmax_4_4")
    exact = region_table(model.program, model.task, digits=20)
    table = regions_of(measured_cells(model.program, model.task, unlabelled=True))
    for found in (exact, table):
        for order in ("measure", "errors", "pattern"):
            assert [found.pattern(i) for i in found.select(order)][:20] == [
                exact.pattern(i) for i in exact.select(order)
            ][:20]
        for chosen in ({"answer": 2}, {"wrong": True}, {"at_least": 0.01}):
            assert {found.bits[i] for i in found.select(**chosen)} == {
                exact.bits[i] for i in exact.select(**chosen)
            }
    assert 0 < len(table.select(at_least=0.01)) < len(table)
    assert not table.select(answer=9)


def facets_of(region: Region) -> set[tuple[object, ...]]:
    return {(region.cone.inequalities[i], frozenset(region.facet_rays(i)), region.walls[i])
            for i in region.facets}  # fmt: skip


def test_facets_are_those_of_the_regions() -> None:
    for program in some(np.random.default_rng(7), 8):
        found = facets_of_regions(program)
        whole = {region.pattern.bits: region for region in activation_regions(program)}
        assert set(found) == set(whole)
        assert 2 * shared_facets(found) == sum(len(r.facets) for r in whole.values())
        specializer = Specializer(program)
        for bits, region in whole.items():
            known = region_of(program, specializer, bits, found[bits])
            assert facets_of(known) == facets_of(region)
            assert set(known.cone.rays) == set(region.cone.rays)
            assert known.lineality == region.lineality


def test_rows_of_two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are those of one, for any choice in any order."""
    program, task = random_program(np.random.default_rng(3), 2, 4), second_argmax(4)
    table = regions_of(measured_cells(program, task, unlabelled=True))
    chosen = table.select("pattern")[::-2]
    alone = table.rows(chosen)
    assert [row["pattern"] for row in alone] == [str(table.pattern(i)) for i in chosen]
    monkeypatch.setattr(regions, "_ROWS_AT_ONCE", 4)
    monkeypatch.setattr(regions, "_PARTS_ALONE", 1)
    assert table.rows(chosen) == alone
    assert table.rows([]) == []


def test_a_facet_without_a_neighbour_is_noticed() -> None:
    found = facets_of_regions(random_program(np.random.default_rng(0), 2, 4))
    bits = next(bits for bits, facets in found.items() if facets)
    found[bits] &= found[bits] - 1
    with pytest.raises(AssertionError, match="without a region"):
        shared_facets(found)


def test_more_regions_than_allowed_are_refused() -> None:
    program = random_program(np.random.default_rng(0), 2, 4)
    most = len(facets_of_regions(program))
    assert len(region_table(program, second_argmax(4), most=most)) == most
    with pytest.raises(InputError, match="--max-regions"):
        region_table(program, second_argmax(4), most=most - 1)
