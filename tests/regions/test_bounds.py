"""Cones settled by bounds at their rays, coarser grains of the compiled search, parts of starts.

Oracles: margins at points of the cone in exact fractions, max(0, .) taken at each point; and the
integer enumeration of every leaf.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import unpack
from support.programs import KINDS, degenerate_programs, programs, random_program
from support.scores import by_cones

import algzoo_exact as az
from algzoo_exact.measure.flow import NotGenericError
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.regions import bounds
from algzoo_exact.regions.batch import Rays
from algzoo_exact.regions.exact_search import BOUNDARY, LEAVES, ExactSearch
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.accuracy import ACCURACY, RightMass
from algzoo_exact.score.closed_form import Terms
from algzoo_exact.score.rigorous import right_cells


def margins_at(margins: Any, values: Any, label: int, known: int, c: list[Fraction]) -> list[Any]:
    """All margins of the label at the point sum c_i r_i, exactly."""
    d = values.shape[1]
    z = [
        sum((w * Fraction(v) for w, v in zip(c, values[:, i].tolist(), strict=True)), Fraction(0))
        for i in range(d)
    ]
    h = [z[i] if i < known else max(Fraction(0), z[i]) for i in range(d)]
    return [
        sum((Fraction(w) * v for w, v in zip(row.tolist(), h, strict=True)), Fraction(0))
        for k, row in enumerate(margins[label])
        if k != label
    ]


def check_verdicts(cases: int) -> int:
    """Verdicts hold at the rays and at random points of the cones; how many there were."""
    rng = np.random.default_rng(3)
    verdicts = 0
    for case in range(cases):
        d, k, count = (int(v) for v in rng.integers((1, 2, 1), (4, 4, 5)))
        known, label = int(rng.integers(0, d + 1)), int(rng.integers(0, k))
        readout, values = rng.normal(size=(k, d)), rng.normal(0.5, 1, size=(count, d))
        if case % 2:
            readout, values = np.round(readout), np.round(values)  # ties and zeros
        values[:, :known] = np.maximum(values[:, :known], 0.0)
        margins = readout[:, None] - readout[None]
        rivals = ~np.eye(k, dtype=bool)
        last = bounds.room_for_last(count, d)
        bounds.find_last(rays(values, 0.0), 0, known, last)
        verdict = bounds.settled(margins, last, count, rivals[label], label)
        verdicts += verdict != 0
        points = [*np.eye(count, dtype=int), *rng.integers(0, 9, (4, count))] if verdict else []
        for c in points:
            found = margins_at(margins, values, label, known, [Fraction(int(v)) for v in c])
            assert not any(c) or (min(found) > 0 if verdict == 1 else min(found) < 0)
    return verdicts


def test_verdicts_hold_at_every_point() -> None:
    assert check_verdicts(400) > 100


def test_a_verdict_needs_more_than_rounding() -> None:
    """1 - (1 - 2**-53) is positive, but no more than the error bound; 1 - 1/2 is more."""
    margins = np.zeros((2, 2, 2))
    margins[0, 1] = 1.0, -1.0
    rivals = ~np.eye(2, dtype=bool)
    for second, verdict in ((1.0 - 2.0**-53, 0), (0.5, 1), (1.5, -1)):
        values = np.array([[1.0, second]])
        for error, expected in ((0.0, verdict), (1.0, 0)):
            last = bounds.room_for_last(1, 2)
            bounds.find_last(rays(values, error), 0, 2, last)
            assert bounds.settled(margins, last, 1, rivals[0], 0) == expected


def rays(states: np.ndarray, error: float) -> Rays:
    """Rays of which only the states, (rays, d), count."""
    count = len(states)
    return Rays(states, np.full_like(states, error), np.zeros((count, 1), np.uint64), count)


def cells_of(search: ExactSearch, task: az.Task, grain: int = LEAVES) -> set[Any]:
    return {
        (place, cell.bits, cell.credit, tuple(sorted(cell.tight)))
        for place, start in enumerate(starting_cones(task))
        for batch in search.cells(start, grain)
        for cell in unpack(batch, start)
    }


def touched(cell: Any, program: az.Program, task: az.Task) -> bool:
    """Whether some tie wall holds n - 1 rays or more."""
    first = len(starting_cones(task)[0].cone.walls) + program.seq_len * program.hidden_size
    ties = range(first, first + program.outputs)
    return any(sum(mask >> wall & 1 for mask in cell[3]) >= task.seq_len - 1 for wall in ties)


def check_boundary(program: az.Program, task: az.Task, ties: TieRule) -> tuple[int, int]:
    """What is left out has no facet with a tie, and nothing is made up; the numbers of cells."""
    found = cells_of(Search(program, ties), task, BOUNDARY)
    everything = cells_of(ExactSearch(program, ties), task)
    assert {cell for cell in everything if touched(cell, program, task)} <= found <= everything
    return len(found), len(everything)


def test_cells_at_the_boundary() -> None:
    rng = np.random.default_rng(1)
    for n, d in ((2, 6), (3, 4), (4, 2)):
        some, everything = check_boundary(
            random_program(rng, d, n), az.tasks.second_argmax(n), "lowest"
        )
        assert some < everything
    for k, (_, program) in enumerate(degenerate_programs(rng, len(KINDS), (1, 3), 3)):
        check_boundary(program, az.tasks.argmax(3), TIE_RULES[k % 3])


@given(programs(n=(2, 3)), st.sampled_from(TIE_RULES))
@settings(max_examples=40, deadline=None)
def test_cells_at_the_boundary_of_coincidences(program: az.Program, ties: TieRule) -> None:
    check_boundary(program, az.tasks.second_argmax(program.seq_len), ties)


def slopes(
    search: ExactSearch, task: az.Task, ties: TieRule, diagonal: bool, inner: int
) -> list[Any]:
    """The exact flow below each starting cone, n <= 3: arctangents' coefficients by slope."""
    found_directions = ACCURACY.directions(search.program, task)
    direction = next(one for one in found_directions if one.diagonal == diagonal)
    integral = RightMass(search.program, task, ties, direction, False)
    integral.search = search
    found = []
    for start in starting_cones(task):
        flow = Terms()
        start = replace(start, inner=inner)
        for cell in right_cells(search, start, integral.grain(start)):
            if cell is not None:
                integral.closed(cell, flow)
        found.append({slope: c for slope, c in flow.slopes.items() if c})
    return found


def check_flows(program: az.Program, task: az.Task, ties: TieRule) -> int:
    """Flows of coarse cells are those of all leaves, to the last fraction; how many were seen."""
    seen = 0
    for case in ((True, 1), (True, 0), (False, 0)):
        try:
            expected = slopes(ExactSearch(program, ties), task, ties, *case)
        except (NotGenericError, StopIteration):  # no such direction for this program
            continue
        assert slopes(Search(program, ties), task, ties, *case) == expected
        seen += 1
    return seen


def test_flows_are_the_same() -> None:
    rng = np.random.default_rng(2)
    for n, d in ((2, 5), (3, 4)):
        for ties in TIE_RULES:
            assert check_flows(random_program(rng, d, n), az.tasks.second_argmax(n), ties) == 3
    for k, (_, program) in enumerate(degenerate_programs(rng, len(KINDS), (1, 3), 3)):
        check_flows(program, az.tasks.argmax(3), TIE_RULES[k % 3])


@given(programs(n=(2, 3)), st.sampled_from(TIE_RULES))
@settings(max_examples=30, deadline=None)
def test_flows_are_the_same_for_coincidences(program: az.Program, ties: TieRule) -> None:
    check_flows(program, az.tasks.second_argmax(program.seq_len), ties)


@pytest.mark.parametrize("fault", ["no floor", "double share", "signs"])
def test_a_wrong_bound_is_noticed(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    """The ReLU forgotten from above, doubled from below, or the bounds taken for each other."""
    original = bounds.find_last

    def wrong(rays: Rays, begin: int, known: int, last: bounds.Last) -> None:
        original(rays, begin, known, last)
        low, high = last.middle - last.gap, last.middle + last.gap
        if fault == "no floor":
            high[:, known:] = rays.values[:, begin + known :]
        if fault == "double share":
            low[:, known:] *= 2
        if fault == "signs":
            low, high = high, low
        last.middle[:], last.gap[:] = (low + high) / 2, (high - low) / 2

    check_verdicts(400)
    monkeypatch.setattr(bounds, "find_last", wrong)
    with pytest.raises(AssertionError):
        check_verdicts(400)


def test_parts_have_the_cells_of_their_starts() -> None:
    """In integers and compiled, where states and rays of large integers come in."""
    rng = np.random.default_rng(4)
    models = [random_program(rng, d, n) for n, d in ((2, 5), (3, 4), (4, 2))]
    models += [program for _, program in degenerate_programs(rng, len(KINDS), (1, 3), 3)]
    for program in models:
        task = az.tasks.second_argmax(program.seq_len)
        exact = ExactSearch(program, "lowest")
        expected = cells_of(ExactSearch(program, "lowest"), task)
        found = set()
        for place, start in enumerate(starting_cones(task)):
            for part in chain.from_iterable(map(exact.halves, exact.halves(start))):
                first = len(part.rows)
                known = (1 << first + part.level) - (1 << first)  # walls not looked at again
                one, other = (
                    {
                        (cell.bits, cell.credit, tuple(sorted(m & ~known for m in cell.tight)))
                        for batch in kind(program, "lowest").cells(part)
                        for cell in unpack(batch, part)
                    }
                    for kind in (Search, ExactSearch)
                )
                assert one == other
                found |= {(place, bits, credit) for bits, credit, _ in one}
        assert found == {(place, bits, credit) for place, bits, credit, _ in expected}


def test_scores_by_parts() -> None:
    """Cones that are summed each by itself give the scores of whole label cells."""
    rng = np.random.default_rng(5)
    for n, d, most in ((3, 3, 2.0), (4, 2, 10.0)):
        for ties in ("lowest", None):
            program = random_program(rng, d, n, n if ties else 1)
            task = az.tasks.second_argmax(n) if ties else az.tasks.median(n)
            whole = by_cones(program, task, ties, 8)
            parts = by_cones(program, task, ties, 8, most_leaves=most)
            assert parts.kind == whole.kind == "exact"
            assert parts.enclosure.intersect(whole.enclosure).width <= Fraction(1, 10**8)


def test_labels_that_are_no_logits() -> None:
    """One output, and a label for each value cell of the median."""
    rng = np.random.default_rng(6)
    for n, d in ((2, 3), (3, 2), (4, 1)):
        program, task = random_program(rng, d, n, 1), az.tasks.median(n)
        expected = cells_of(ExactSearch(program, None), task)
        assert cells_of(Search(program, None), task) == expected
        assert {place for place, *_ in expected} == set(range(len(starting_cones(task))))
