"""Squared errors in float64 balls against integers, ball arithmetic and samples."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.medians import medians, silent
from support.programs import random_program
from support.scores import by_cones

import algzoo_exact as az
from algzoo_exact.measure.flow import CellFlow
from algzoo_exact.program.floats import exact_weights
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import Start, starting_cones
from algzoo_exact.score import bend_balls
from algzoo_exact.score.bends import BendSums
from algzoo_exact.score.cell_walls import (
    below_start,
    find_walls,
    room_for_facets,
    room_for_walls,
    set_facets,
)
from algzoo_exact.score.rigorous import cell_of, wall_normals

pytestmark = pytest.mark.slow  # all of them compile

SCALES = [10.0**k for k in range(-6, 7)]


def floats(program: Program, n: int) -> az.Score:
    """By float64 as far as it goes, whatever the number of cells."""
    task = az.tasks.median(n)
    last = by_cones(program, task)
    assert last.kind == "exact"
    return last


def balls(program: Program, n: int, digits: int) -> az.Score:
    return by_cones(program, az.tasks.median(n), digits=digits, compiled=False)


@pytest.mark.parametrize(("n", "count", "d"), [(4, 17, (1, 2)), (5, 6, (1, 1))])
def test_they_hold_what_ball_arithmetic_finds(n: int, count: int, d: tuple[int, int]) -> None:
    # Oracle: integers and balls, which share neither search nor flows nor moments.
    for name, program in medians(31 + n, count, d, n):
        if exact_weights(program) is None:
            continue
        found, exact = floats(program, n), balls(program, n, 25)
        assert found.method.endswith("float64 balls")
        assert found.cells == exact.cells
        assert found.enclosure.lower <= exact.enclosure.upper, name
        assert exact.enclosure.lower <= found.enclosure.upper, name


def test_ordinary_models_get_nine_digits() -> None:
    for n, d in ((4, 3), (5, 2)):
        found = floats(random_program(np.random.default_rng(40 + n), d, n, 1), n)
        assert found.enclosure.width <= Fraction(1, 10**9) * (1 + found.enclosure.upper)


def test_weights_of_twelve_orders_of_magnitude() -> None:
    # Oracle: ball arithmetic.
    rng = np.random.default_rng(50)
    for _ in range(4):
        program = random_program(rng, 2, 4, 1)
        scale = [Fraction(rng.choice(SCALES)) for _ in range(2)]
        wide = rnn(
            tuple(w * s for w, s in zip(program.input_weights, scale, strict=True)),
            program.recurrent, program.readout, 4,
        )  # fmt: skip
        if exact_weights(wide) is None:
            continue
        found, exact = floats(wide, 4), balls(wide, 4, 25)
        assert found.enclosure.lower <= exact.enclosure.upper
        assert exact.enclosure.lower <= found.enclosure.upper


@pytest.mark.parametrize(("n", "value"), [(6, 0.21474266658151346), (7, 0.21044686153530741)])
def test_six_and_seven_inputs(n: int, value: float) -> None:
    # Oracle: variances of medians by quadrature over the density of the middle ones.
    found = floats(silent(n), n)
    assert abs(found.value - value) < 1e-9
    assert found.enclosure.width < Fraction(1, 10**8)


@pytest.mark.parametrize(("n", "d"), [(4, 3), (5, 2)])
def test_float64_decides_nearly_all(n: int, d: int) -> None:
    """Also where the direction lies in the hyperplanes of facets: (1, .., 1) does in x_i = x_j."""
    program, task = random_program(np.random.default_rng(50), d, n, 1), az.tasks.median(n)
    cells = left = 0
    for start in starting_cones(task)[::5]:
        search = Search(program, None)
        allowance, look = None, lambda: None
        _, open_cells = bend_balls.float_squares(search, task, start, (1,) * n, allowance, look)
        cells, left = cells + search.leaves, left + len(open_cells)
    assert cells > 50
    assert left <= cells / 4


@pytest.mark.parametrize(("n", "d"), [(4, 3), (5, 2)])
def test_bends_are_those_of_integers(n: int, d: int) -> None:
    # Oracle: functionals on both sides of each facet, in integers.
    compared = 0
    for seed in range(3):
        program = random_program(np.random.default_rng(60 + seed), d, n, 1)
        for start in starting_cones(az.tasks.median(n))[::7]:
            compared += compare_bends(program, start, n)
    assert compared > 100


def compare_bends(program: Program, start: Start, n: int) -> int:
    """How many bends below one start were compared."""
    task, d = az.tasks.median(n), program.hidden_size
    weights = exact_weights(program)
    assert weights is not None
    search = Search(program, None)
    sums = BendSums(search, task)
    first, compared = len(start.cone.walls), 0
    # The direction is not one of x[0] = 0, inside what is summed.
    below = below_start(weights, start, (1,) * n)
    walls, mixes = room_for_walls(below), bend_balls.mixing(weights)
    for batch in search.cells(start):
        for q in range(int(batch.size[0]) if batch is not None else 0):
            assert batch is not None
            facets, slopes = room_for_facets(below, batch), np.empty((n, d, 3))
            sets = set_facets(batch, q, facets)
            find_walls(below, batch.pattern[q], walls)
            bend_balls.output_slopes(weights, batch.pattern[q], slopes)
            jumps = np.zeros((facets.wall.shape[1], 2))
            assert bend_balls.find_jumps(below, q, sets, walls, slopes, mixes, facets, jumps)
            found, ids, include = facets.number[q], facets.wall[q], facets.include[q]
            cell = cell_of(batch, q, start)
            normal = wall_normals(search.specializer, cell)
            flow = CellFlow(cell.tight, normal, cell.directions, (1,) * n)
            exact = {bend.face.wall: bend for bend in sums.bends(cell, flow)}
            mine = {int(ids[f]): jumps[f].tolist() for f in range(found) if include[f]}
            assert set(exact) <= set(mine)
            for wall, (mid, rad) in mine.items():
                if wall < first - 1:
                    continue
                if wall not in exact:
                    assert abs(mid) <= rad
                    continue
                bend = exact[wall]
                square = Fraction(bend.jump, sums.errors.unit) ** 2
                length = sum(c * c for c in bend.normal)
                low, high = Fraction(abs(mid)) - Fraction(rad), Fraction(abs(mid)) + Fraction(rad)
                assert (bend.jump > 0) == (mid > 0)
                assert max(low, Fraction(0)) ** 2 * length <= square <= high**2 * length
                assert rad <= 1e-10 * abs(mid)
                compared += 1
    return compared


def test_a_lost_bend_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: the jump is half of what it is, in one cell of the first batch."""
    program = random_program(np.random.default_rng(70), 2, 4, 1)
    exact = balls(program, 4, 15)
    original = bend_balls.add_bends

    def faulty(*arguments: object) -> None:
        original(*arguments)  # type: ignore[arg-type]
        arguments[-1][0] *= 0.5  # type: ignore[index]

    monkeypatch.setattr(bend_balls, "add_bends", faulty)
    found = floats(program, 4)
    assert exact.enclosure.upper < found.enclosure.lower or (
        found.enclosure.upper < exact.enclosure.lower
    )
