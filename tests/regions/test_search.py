"""Two enumerations of the same cells: compiled with proven signs, and exact integers.

Oracles: integer arithmetic for the compiled path; and a theorem for both, that the measures of
all cells sum to 1, with each measure computed from the cell's own facets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cells import unpack
from support.programs import (
    KINDS,
    dead_mass_program,
    degenerate_program,
    degenerate_programs,
    exact_program,
    handcrafted_4_3,
    programs,
    random_program,
)

import algzoo_exact as az
from algzoo_exact.analysis.pair_masses import answers_of_both
from algzoo_exact.exact.enclosure import working_precision
from algzoo_exact.geometry.cone import IntVector, dot
from algzoo_exact.measure import faces_f64
from algzoo_exact.measure.flow import NotGenericError, directions_for
from algzoo_exact.program.ir import side_by_side
from algzoo_exact.program.task import TIE_RULES, TieRule
from algzoo_exact.regions import compiled, cut, forms, leaves, polish
from algzoo_exact.regions import search as search_module
from algzoo_exact.regions.exact_search import ExactSearch
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import EACH, Start, starting_cones
from algzoo_exact.score.rigorous import flow_of

RULES: tuple[TieRule | None, ...] = (*TIE_RULES, None)
Found = tuple[list[Any], int, set[int]]


def enumerated(search: ExactSearch, task: az.Task) -> Found:
    """Cells in a fixed order (start, pattern, credit, walls through each ray), leaves, patterns."""
    cells = []
    for place, start in enumerate(starting_cones(task)):
        for batch in search.cells(start):
            for cell in unpack(batch, start):
                cells.append((place, cell.bits, cell.credit, sorted(cell.tight)))
    return sorted(cells), search.leaves, search.patterns


def both(program: az.Program, task: az.Task, ties: TieRule | None) -> tuple[Found, Found]:
    quick = enumerated(Search(program, ties), task)
    exact = enumerated(ExactSearch(program, ties), task)
    return quick, exact


def check_same(program: az.Program, task: az.Task, ties: TieRule | None) -> None:
    quick, exact = both(program, task, ties)
    assert quick[1:] == exact[1:]
    assert quick[0] == exact[0]


def test_rays_in_doubt_are_decided_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where two programs share weights, rays lie just on walls of both, which floats don't tell;
    their rays in integers do, and no cone is left to integers alone."""
    model = az.load("2nd_argmax_4_3")
    joint = side_by_side(model.program, az.prune(model, 0.1).program)
    original, renewed = Search._renew, 0

    def counted(*given: Any) -> bool:
        nonlocal renewed
        renewed += 1
        return original(*given)

    def refused(*given: Any) -> Any:
        raise AssertionError("a cone is left to integers")

    monkeypatch.setattr(Search, "_renew", counted)
    quick = enumerated(Search(joint, None), az.tasks.second_argmax(3))
    assert renewed > 100
    assert quick == enumerated(ExactSearch(joint, None), az.tasks.second_argmax(3))
    monkeypatch.setattr(Search, "exact_cells", refused)
    assert quick == enumerated(Search(joint, None), az.tasks.second_argmax(3))


@pytest.mark.parametrize("kind", [Search, ExactSearch])
def test_cells_of_each_label_come_in_one_search(kind: type[ExactSearch]) -> None:
    """Against one search for each label, degenerate programs and ties among them."""
    rng = np.random.default_rng(4)
    task = az.tasks.second_argmax(3)
    for _, program in degenerate_programs(rng, 8, (1, 3), 3):
        for ties in TIE_RULES:
            searches = [kind(program, ties) for _ in range(2)]
            for start in starting_cones(task)[:3]:
                found = _labelled(searches[0], [replace(start, label=EACH)])
                expected = _labelled(searches[1], [replace(start, label=k) for k in range(3)])
                assert found == expected


def _labelled(search: ExactSearch, starts: Sequence[Start]) -> list[Any]:
    return sorted(
        (cell.start.label, cell.bits, cell.credit, sorted(cell.tight))
        for start in starts
        for batch in search.cells(start)
        for cell in unpack(batch, start)
    )


def rays_agree(program: az.Program, task: az.Task) -> bool:
    """Whether the compiled path's rays are within 1e-9 of the exact ones.

    They only tell a ray from its opposite and set float64 accuracies; error bounds above that
    size would leave signs undecided.
    """

    def rays(search: ExactSearch) -> Iterator[dict[tuple[int, int, int], tuple[float, ...]]]:
        for place, start in enumerate(starting_cones(task)):
            for batch in search.cells(start):
                for cell in unpack(batch, start):
                    yield {
                        (place, cell.bits, mask): ray
                        for mask, ray in zip(cell.tight, cell.directions, strict=True)
                    }

    merged: list[dict[tuple[int, int, int], tuple[float, ...]]] = []
    for search in (Search(program, None), ExactSearch(program, None)):
        merged.append({key: ray for cell in rays(search) for key, ray in cell.items()})
    if merged[0].keys() != merged[1].keys():
        return False
    for key, ray in merged[0].items():
        a, b = np.array(ray), np.array(merged[1][key])
        if np.max(np.abs(a / np.linalg.norm(a) - b / np.linalg.norm(b))) > 1e-9:
            return False
    return True


@pytest.mark.parametrize("n", [2, 3])
def test_same_cells(n: int) -> None:
    rng = np.random.default_rng(n)
    models = [random_program(rng, d, n) for d in (1, 2, 3, 5)]
    models += [program for _, program in degenerate_programs(rng, 2 * len(KINDS), (1, 4), n)]
    for k, program in enumerate(models):
        check_same(program, az.tasks.second_argmax(n), RULES[k % 4])


@pytest.mark.parametrize("name", ["argmax", "argmedian", "argoutlier"])
def test_same_cells_for_other_tasks(name: str) -> None:
    rng = np.random.default_rng(7)
    for k, (_, program) in enumerate(degenerate_programs(rng, len(KINDS), (1, 3), 3)):
        check_same(program, az.Task(name, 3), RULES[k % 4])


def test_same_cells_for_four_inputs() -> None:
    rng = np.random.default_rng(4)
    task = az.tasks.second_argmax(4)
    for k, (_, program) in enumerate(degenerate_programs(rng, len(KINDS), (1, 2), 4)):
        check_same(program, task, RULES[k % 4])
    check_same(random_program(rng, 3, 4), task, "lowest")


@pytest.mark.slow
def test_same_cells_at_length() -> None:
    rng = np.random.default_rng(5)
    for n, most, count in ((2, 24, 64), (3, 6, 64), (4, 3, 48), (5, 2, 16)):
        models = [random_program(rng, int(rng.integers(1, most + 1)), n) for _ in range(count // 4)]
        models += [program for _, program in degenerate_programs(rng, count, (1, most), n)]
        for k, program in enumerate(models):
            check_same(program, az.tasks.second_argmax(n), RULES[k % 4])


@given(programs(n=(2, 3)), st.sampled_from(RULES))
@settings(max_examples=60, deadline=None)
def test_same_cells_for_coincidences(program: az.Program, ties: TieRule | None) -> None:
    check_same(program, az.tasks.second_argmax(program.seq_len), ties)


def test_rays_are_close() -> None:
    rng = np.random.default_rng(6)
    for n, d in ((2, 8), (3, 4), (4, 2)):
        assert rays_agree(random_program(rng, d, n), az.tasks.second_argmax(n))
    assert rays_agree(handcrafted_4_3(), az.tasks.second_argmax(3))


def nearly_parallel() -> az.Program:
    """Two neurons whose walls differ by a relative 1e-40: float64 cannot tell them apart."""
    one, two, nil = Fraction(1), Fraction(2), Fraction(0)
    close = one + Fraction(1, 10**40)
    recurrent = ((one, two, nil), (close, two, nil), (nil, one, -one))
    return az.rnn((one, -one, one), recurrent, ((one, nil, one), (nil, one, one)), 2)


def beyond_float64() -> az.Program:
    """Weights that overflow and underflow in float64: exact arithmetic alone."""
    return exact_program([1e300, -1], [[1e-300, 2], [3, 1e300]], [[1, -1], [1e-300, 1]], 2)


@pytest.mark.parametrize("program", [nearly_parallel(), beyond_float64()])
def test_exact_fallback(program: az.Program) -> None:
    for ties in RULES:
        check_same(program, az.tasks.second_argmax(2), ties)
    assert search_module.float_weights(beyond_float64()) is None


@pytest.mark.parametrize("n", [2, 3])
def test_near_copies(n: int) -> None:
    """Walls a relative 1e-13 apart: cones go to integers and back, and come out the same."""
    rng = np.random.default_rng(n)
    for k in range(3):
        first = random_program(rng, 3, n)
        noise = 1 + 1e-13 * rng.standard_normal((n, 3))
        readout = np.array([[float(w) for w in row] for row in first.readout]) * noise
        state = [[float(w) * (1 + 1e-13 * k) for w in row] for row in first.recurrent]
        second = az.rnn(first.input_weights, state, readout.tolist(), n)
        check_same(answers_of_both(first, second), az.tasks.argmax(n), RULES[k])


def test_more_walls_than_one_word_holds() -> None:
    """Above 64 walls a mask takes several words; here there are 3 + 3 * 24 + 3."""
    program = random_program(np.random.default_rng(8), 24, 3)
    check_same(program, az.tasks.argmax(3), "lowest")


def test_small_buffers_grow() -> None:
    """Room for 4 rays and 3 cells overflows again and again; nothing is lost or seen twice."""
    program, task = random_program(np.random.default_rng(9), 3, 4), az.tasks.argmax(4)
    small = Search(program, "uniform")
    small.max_rays = 4
    found = []
    for place, start in enumerate(starting_cones(task)):
        for batch in small.cells(start, capacity=3):
            for cell in unpack(batch, start):
                found.append((place, cell.bits, cell.credit, sorted(cell.tight)))
    assert small.max_rays > 4
    assert (sorted(found), small.leaves, small.patterns) == enumerated(
        Search(program, "uniform"), task
    )


def test_same_accuracy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole road with the compiled path switched off."""
    rng = np.random.default_rng(10)
    cases = [(n, program) for n in (2, 3) for _, program in degenerate_programs(rng, 8, (1, 3), n)]
    cases += [(4, random_program(rng, 2, 4)), (3, dead_mass_program())]

    def results() -> list[az.Score]:
        return [
            az.accuracy(program, az.tasks.second_argmax(n), ties="uniform", method="exact")
            for n, program in cases
        ]

    quick = results()
    monkeypatch.setattr(search_module, "float_weights", lambda program: None)
    for a, b in zip(quick, results(), strict=True):
        assert a.form == b.form
        if a.form is not None:  # else cones that are right or wrong stay whole
            assert (a.cells, a.regions) == (b.cells, b.regions)
        a.enclosure.intersect(b.enclosure)  # ValueError if they contradict each other


# --- the measures of all cells ---


def inside(program: az.Program, start_rows: tuple[IntVector, ...], bits: int, x: IntVector) -> bool:
    """Whether ``x``, on no wall, lies in the leaf: by evaluating the program at x."""
    if any(dot(row, x) < 0 for row in start_rows):
        return False
    z = [value for step in program.evaluate(x).z for value in step]
    return bits == sum(1 << level for level, value in enumerate(z) if value > 0)


def measures(
    search: ExactSearch, starts: Sequence[Start], u: IntVector, bits: int
) -> list[az.Enclosure]:
    """Each leaf's measure by formula (1) of ``measure.flow``, all of its facets counted."""
    opposite = tuple(-c for c in u)
    found = []
    with working_precision(bits):
        for start in starts:
            for batch in search.cells(start):
                for cell in unpack(batch, start):
                    at_zero = sum(
                        inside(search.program, start.rows, cell.bits, x) for x in (u, opposite)
                    )
                    flow = flow_of(search, cell, u)
                    turned = sum(flow.flows(flow.facets), arb(0)) / (2 * arb.pi())
                    found.append(az.Enclosure.from_arb(arb(at_zero) / 2 + turned))
    return found


def narrow_measures(
    search: ExactSearch, starts: Sequence[Start], seed: int, width: Fraction
) -> list[az.Enclosure]:
    """With the first direction that is generic, and precision doubled until the sum is narrow."""
    walls = [row for start in starts for row in start.rows]
    for u in directions_for(search.n, seed):
        if any(dot(row, u) == 0 for row in walls):
            continue  # flows of starting walls that hold u are left out
        bits = 160
        try:
            while bits <= 1 << 13:
                parts = measures(search, starts, u, bits)
                if sum((part.width for part in parts), Fraction(0)) < width:
                    return parts
                bits *= 2
        except NotGenericError:
            continue
        raise AssertionError(f"no narrow sum below {bits} bits")
    raise AssertionError("unreachable: directions do not end")


def check_sum(
    search: ExactSearch, starts: Sequence[Start], total: Fraction, seed: int, width: Fraction
) -> None:
    parts = narrow_measures(search, starts, seed, width)
    assert sum((part.lower for part in parts), Fraction(0)) <= total
    assert sum((part.upper for part in parts), Fraction(0)) >= total
    for part in parts:  # no error of one cell makes up for another's
        assert part.upper > 0
        assert part.lower < Fraction(1, 2)


def check_total(search: ExactSearch, task: az.Task, seed: int, width: Fraction) -> None:
    check_sum(search, starting_cones(task), Fraction(1), seed, width)


WIDTH = Fraction(1, 10**30)


@given(programs(d=(1, 3), n=(2, 3)), st.integers(0, 1000))
@settings(max_examples=50, deadline=None)
def test_measures_sum_to_one(program: az.Program, seed: int) -> None:
    task = az.tasks.second_argmax(program.seq_len)
    check_total(Search(program, None), task, seed, WIDTH)


@given(programs(d=(1, 2), n=(4, 4)), st.integers(0, 1000))
@settings(max_examples=4, deadline=None)
def test_measures_sum_to_one_for_four_inputs(program: az.Program, seed: int) -> None:
    check_total(Search(program, None), az.tasks.argmax(4), seed, WIDTH)


@pytest.mark.slow
@given(
    programs(d=(1, 3), n=(2, 4)), st.integers(0, 1000), st.sampled_from(["argmax", "2nd_argmax"])
)
@settings(max_examples=60, deadline=None)
def test_measures_sum_to_one_at_length(program: az.Program, seed: int, name: str) -> None:
    check_total(Search(program, None), az.Task(name, program.seq_len), seed, WIDTH)


@pytest.mark.slow
def test_measures_sum_to_one_for_five_inputs() -> None:
    rng = np.random.default_rng(11)
    for d in (1, 2):
        check_total(Search(random_program(rng, d, 5), None), az.tasks.argmax(5), d, WIDTH)
    for kind in ("paired", "one sign", "small integers"):
        program = degenerate_program(kind, rng, 2, 5)
        check_total(Search(program, None), az.tasks.argmax(5), 3, WIDTH)


@pytest.mark.slow
def test_measures_sum_for_six_inputs() -> None:
    """All cells of one label; by symmetry they hold 1/6. Each flag ends in a quadrature of error
    1e-18, and there are about 1e5 of them."""
    program = exact_program([1], [[-1]], [[1], [2], [0], [-1], [1], [0]], 6)
    starts = [start for start in starting_cones(az.tasks.argmax(6)) if start.label == 0]
    check_sum(Search(program, None), starts, Fraction(1, 6), 1, Fraction(1, 10**11))


# --- planted faults: what the tests above must notice ---

Plant = Callable[[str, Any], None]


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Kernels become plain Python, so that one of them, or a constant, can be replaced by name."""
    modules = (compiled, cut, forms, leaves, polish, faces_f64)
    for module in modules:
        for name, value in list(vars(module).items()):
            if hasattr(value, "py_func"):
                monkeypatch.setattr(module, name, value.py_func)

    def replace(name: str, value: Any) -> None:
        for module in modules:
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)

    return replace


def parallel() -> tuple[az.Program, az.Task]:
    program = degenerate_program("positively parallel", np.random.default_rng(3), 3, 3)
    return program, az.tasks.second_argmax(3)


def test_kernels_as_plain_python(plant: Plant) -> None:
    """Without a fault they work: else the next tests would show nothing."""
    program, task = parallel()
    check_same(program, task, "lowest")
    check_total(Search(program, None), task, 1, WIDTH)


def test_a_missing_error_bound_is_noticed(plant: Plant) -> None:
    """With bounds of 0, rounding decides on which side of its twin's wall a neuron's value lies."""
    plant("U", 0.0)
    plant("TINY", 0.0)
    program, task = parallel()
    quick, exact = both(program, task, None)
    assert quick != exact


@pytest.mark.parametrize("when", [3, 10, 20, 27])
def test_a_wrong_sign_is_noticed(plant: Plant, when: int) -> None:
    """The sign of one ray is turned round, in one cut of 29 (there are 58)."""
    original, calls = forms.find_signs, 0

    def wrong(rays: Any, column: int, sign: Any) -> int:
        nonlocal calls
        outcome = original(rays, column, sign)
        calls += outcome == 2
        if outcome == 2 and calls % 29 == when:
            sign[int(np.flatnonzero(sign[: rays.number])[0])] *= -1
        return int(outcome)

    plant("find_signs", wrong)
    program, task = random_program(np.random.default_rng(4), 3, 3), az.tasks.second_argmax(3)
    quick, exact = both(program, task, None)
    assert quick != exact
    with pytest.raises((AssertionError, ValueError)):
        check_total(Search(program, None), task, 1, WIDTH)


def test_a_lost_cell_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    program, task = random_program(np.random.default_rng(4), 3, 3), az.tasks.second_argmax(3)
    original, lost = compiled.advance, 0

    def forgetful(weights: Any, rows: Any, stack: Any, cells: Any, *rest: Any) -> int:
        nonlocal lost
        status = original(weights, rows, stack, cells, *rest)
        if not lost and cells.size[0] > 1:
            cells.size[0] -= 1
            lost += 1
        return int(status)

    monkeypatch.setattr(compiled, "advance", forgetful)
    with pytest.raises(AssertionError):
        check_total(Search(program, None), task, 1, WIDTH)
    assert lost == 1


@pytest.mark.parametrize("part", ["input", "state"])
def test_other_weights_are_noticed(part: str) -> None:
    """The compiled path enumerates another program than the one whose walls are measured."""
    program, task = random_program(np.random.default_rng(4), 3, 3), az.tasks.second_argmax(3)
    search = Search(program, None)
    assert search.weights is not None
    search.weights = search.weights._replace(**{part: -getattr(search.weights, part)})
    with pytest.raises((AssertionError, ValueError)):
        check_total(search, task, 1, WIDTH)
