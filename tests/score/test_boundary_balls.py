"""The flow in float64 balls against integers, rationals and ball arithmetic of any precision."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support.perceptrons import random_mlp
from support.programs import degenerate_programs, random_program
from support.scores import by_cones

import algzoo_exact as az
from algzoo_exact.deadline import NEVER
from algzoo_exact.exact.enclosure import working_precision
from algzoo_exact.measure import balls_f64, facet_flow
from algzoo_exact.program.floats import exact_weights
from algzoo_exact.program.ir import Program, mlp, rnn
from algzoo_exact.program.specialize import Specializer
from algzoo_exact.regions.exact_search import LEAVES
from algzoo_exact.regions.search import Search
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score import boundary_balls, cell_walls
from algzoo_exact.score.accuracy import ACCURACY
from algzoo_exact.score.cell_walls import Below
from algzoo_exact.score.question import floats_serve

Ball = tuple[float, float]

RADII = st.sampled_from([0.0, 1e-16, 1e-9, 1e-3, 0.1])
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False)
MAGNITUDES = st.floats(1e-6, 1e6)


def ends(ball: Ball) -> list[Fraction]:
    return [Fraction(ball[0]) - Fraction(ball[1]), Fraction(ball[0]) + Fraction(ball[1])]


def holds(ball: Ball, value: Fraction) -> bool:
    low, high = ends(ball)
    return low <= value <= high


@given(NUMBERS, NUMBERS, RADII, RADII)
@settings(deadline=None)
def test_arithmetic_holds_every_point_of_its_operands(
    a: float, b: float, ra: float, rb: float
) -> None:
    # Oracle: rationals, at the ends of the operands (sums and products are extreme there).
    first, second = (a, ra * abs(a)), (b, rb * abs(b))
    total = balls_f64.add(first, second)
    difference = balls_f64.subtract(first, second)
    product = balls_f64.multiply(first, second)
    for x in ends(first):
        for y in ends(second):
            assert holds(total, x + y)
            assert holds(difference, x - y)
            assert holds(product, x * y)


def test_no_number_claims_nothing() -> None:
    assert not math.isfinite(balls_f64.atan((math.nan, 0.0))[1])


@given(st.one_of(NUMBERS, st.floats(-2, 2)), RADII)
@example(1.0, 0.0)
@example(1 / 64, 0.0)
@example(-1e300, 0.0)
@settings(max_examples=300, deadline=None)  # compiles first
def test_arctangents_hold_those_of_many_digits(x: float, r: float) -> None:
    # Oracle: python-flint at 200 bits.
    ball = balls_f64.atan((x, r))
    with working_precision(200):
        for point in (arb(x) - arb(r), arb(x) + arb(r), arb(x)):
            assert abs(point.atan() - arb(ball[0])) <= ball[1]
    assert ball[1] <= r * 1.001 + 1e-15


@given(NUMBERS, NUMBERS)
@settings(deadline=None)
def test_sums_and_products_of_two_floats_are_exact(a: float, b: float) -> None:
    assume(a == 0.0 or b == 0.0 or abs(a * b) > 1e-250)
    assert sum(map(Fraction, balls_f64.two_sum(a, b))) == Fraction(a) + Fraction(b)
    assert sum(map(Fraction, balls_f64.two_product(a, b))) == Fraction(a) * Fraction(b)


@pytest.mark.slow
def test_normals_hold_the_integer_ones() -> None:
    # Oracle: Specializer's integers, up to a common positive factor for each step.
    program = random_program(np.random.default_rng(2), 6, 5)
    weights = exact_weights(program)
    assert weights is not None
    bits = int(np.random.default_rng(3).integers(1 << 30))
    d = 6
    nothing = np.zeros(0)
    below = Below(weights, np.zeros((0, 5)), nothing, nothing.astype(np.bool_), 0)
    walls = cell_walls.room_for_walls(below)
    cell_walls.find_walls(below, np.array([bits], np.uint64), walls)
    normals, radii = walls.normals, walls.radii
    specializer = Specializer(program)
    for t in range(5):
        z = specializer.step(t, bits)
        scale = _scale(normals[t * d : t * d + d], z, [bits >> (t * d + j) & 1 for j in range(d)])
        for j in range(d):
            sign = 1 if bits >> (t * d + j) & 1 else -1
            exact = [Fraction(sign * int(z[j, c])) * scale for c in range(5)]
            error = sum((Fraction(float(normals[t * d + j, c])) - exact[c]) ** 2 for c in range(5))
            assert error <= Fraction(float(radii[t * d + j])) ** 2
            assert radii[t * d + j] <= 1e-14 * np.linalg.norm(normals[t * d + j])


def teachers() -> list[az.Task]:
    """The walls of their answers are long integers, and in the last longer than any float."""
    rng = np.random.default_rng(4)
    first, last = rng.integers(-(2**60), 2**60, (2, 3, 3)).tolist()
    beyond = [[10**400 * c + 1 for c in row] for row in last]
    return [az.teacher(p) for p in (random_mlp(rng, 3, 2, 3), mlp([first, beyond]))]


def test_walls_of_a_start_lie_in_their_balls() -> None:
    # Oracle: rationals.
    weights = exact_weights(random_program(np.random.default_rng(0), 2, 3))
    assert weights is not None
    for task in teachers():
        for start in starting_cones(task):
            below = cell_walls.below_start(weights, start)
            for row, found, error in zip(start.rows, below.rows, below.off, strict=True):
                unit = max(map(abs, row)) if error else 1
                away = [
                    Fraction(float(p)) - Fraction(q, unit) for p, q in zip(found, row, strict=True)
                ]
                assert sum(c * c for c in away) <= Fraction(float(error)) ** 2
                assert error < 1e-15


@pytest.mark.slow
def test_long_walls_of_a_teacher_are_rounded_within_the_radius() -> None:
    # Oracle: ball arithmetic over cells enumerated in integers.
    student = random_mlp(np.random.default_rng(5), 3, 3, 3)
    for task in teachers():
        floats = by_cones(student, task, "lowest")
        exact = by_cones(student, task, "lowest", 20, compiled=False)
        floats.enclosure.intersect(exact.enclosure)
        assert floats.kind == exact.kind == "exact"
        assert floats.enclosure.width < 1e-9


def _scale(normals: np.ndarray, z: np.ndarray, on: list[int]) -> Fraction:
    """The power of two between the program's weights and the integers that stand for them."""
    j, c = np.unravel_index(np.argmax(np.abs(normals)), normals.shape)
    ratio = abs(float(normals[j, c])) / abs(float(int(z[j, c])))
    return Fraction(2) ** round(math.log2(ratio))


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "d"), [(0, 1), (1, 2), (2, 3)])
def test_six_digits_agree_with_twenty(seed: int, d: int) -> None:
    # Oracle: the same flow in ball arithmetic, which shares the enumeration only.
    program = random_program(np.random.default_rng(seed), d, 5)
    _same(program, "lowest")


@pytest.mark.slow
@pytest.mark.parametrize("ties", ["lowest", "uniform", "incorrect"])
def test_degenerate_programs_agree_too(ties: az.tasks.TieRule) -> None:
    for _, program in degenerate_programs(np.random.default_rng(7), 9, (1, 2), 5):
        _same(program, ties)


def _same(program: Program, ties: az.tasks.TieRule) -> None:
    task = az.tasks.second_argmax(5)
    few = by_cones(program, task, ties, 6)
    many = az.accuracy(program, task, method="exact", digits=20, ties=ties)
    assert few.kind == many.kind == "exact"
    assert few.enclosure.width <= Fraction(1, 10**6)
    assert few.enclosure.lower <= many.enclosure.upper
    assert many.enclosure.lower <= few.enclosure.upper
    assert few.method.endswith("float64 balls") == floats_serve(program)


def test_weights_that_are_no_floats_are_left_to_ball_arithmetic() -> None:
    third = Fraction(1, 3)
    program = rnn((third, -third), ((third, 0), (1, third)), ((1, 2),) * 5, 5)
    assert not floats_serve(program)
    found = az.accuracy(program, az.tasks.second_argmax(5), method="exact", digits=6)
    assert found.kind == "exact"
    assert found.method == "boundary flow in ball arithmetic"


@pytest.mark.slow
def test_an_allowance_leaves_out_the_least_precise_cells() -> None:
    program = random_program(np.random.default_rng(0), 4, 5)
    task = az.tasks.second_argmax(5)
    direction = next(ACCURACY.directions(program, task))
    left_out = 0
    for start in starting_cones(task):
        lots, few = (
            boundary_balls.float_flow(
                Search(program, "lowest"),
                start, direction.u, LEAVES, allowance, NEVER.look,
            )
            for allowance in (1.0, 1e-18)
        )  # fmt: skip
        assert few[0].width < Fraction(1, 10**16)
        left_out += len(few[1]) - len(lots[1])
    assert left_out > 0


@pytest.mark.slow
def test_auto_proves_six_digits_of_a_trained_model_of_five_inputs() -> None:
    model = az.load("2nd_argmax_8_5")
    found = az.accuracy(model, model.task)
    assert (found.kind, found.undecided) == ("exact", 0)
    assert found.enclosure.width < Fraction(1, 10**6)
    # In ball arithmetic (benchmarks, where each cell was measured to 20 digits).
    known = Fraction("0.87435356731343470707567")
    assert found.enclosure.lower < known < found.enclosure.upper


def test_constants_are_held_by_their_balls() -> None:
    # Oracle: python-flint at 200 bits.
    with working_precision(200):
        pi, (mid, rad) = arb.pi(), facet_flow.ONE_OVER_TWO_PI
        assert abs(1 / (2 * pi) - arb(mid)) <= rad
        for k in range(33):
            assert abs((arb(k) / 32).atan() - arb(float(balls_f64._ATAN[k]))) <= balls_f64.U
        assert abs(pi / 2 - arb(balls_f64._HALF_PI)) <= balls_f64.U
