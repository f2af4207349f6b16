"""Flag integrals. Oracles: mpmath's quadrature of the definitions (no dilogarithm, no change of
variable), the orders of finite Coxeter groups (the volumes of their chambers), a ball's own
arithmetic at a higher precision, and the symmetries of the integrands."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Iterator

import mpmath
import pytest
from flint import acb, arb, ctx
from hypothesis import given, settings
from hypothesis import strategies as st

from algzoo_exact.measure.dilogarithm import debye, debye_real, dilogarithm_tables
from algzoo_exact.measure.schlafli import double_flag, triple_flag

PRECISIONS = [64, 128, 192]
WIDTH = 1024
"""Bound on a ball's radius for exact arguments, in units of 2^(-precision). Heuristic: about 60
roundings, each at most a few units times logarithms up to 60 (the ranges below); 330 was the
largest seen in 10 000 trials, 50 to 80 the median."""


@pytest.fixture(autouse=True)
def _precision() -> Iterator[None]:
    before, ctx.prec = ctx.prec, 128
    yield
    ctx.prec = before


def balls(u: list[float]) -> list[arb]:
    return [arb(x) for x in u]


def flag(slopes: list[float], sizes: list[float]) -> list[float]:
    """Components with u2/u1, u4/u3, ... = slopes and u1^2+u2^2, ... = sizes squared, about."""
    u = []
    for slope, size in zip(slopes, sizes, strict=True):
        first = size / math.hypot(1.0, slope)
        u += [first, first * slope]
    return u


def mp_double(u: list[float]) -> mpmath.mpf:
    """The definition of T4, s split by decades towards both ends, where it may turn sharply."""
    u1, u2, u3, u4 = map(mpmath.mpf, u)
    rho1, rho2 = u1 * u1 + u2 * u2, u3 * u3 + u4 * u4
    m1, m2 = u2 / u1, u4 / u3

    def integrand(s: mpmath.mpf, rest: mpmath.mpf) -> mpmath.mpf:  # rest = 1 - s
        s2 = mpmath.sqrt(rho1 / (rho1 + rho2 * rest * (1 + s)))
        return mpmath.atan(m2 * s2) * m1 / (1 + m1 * m1 * s * s)

    decades = [mpmath.mpf(0), *(mpmath.mpf(10) ** -k for k in range(7, 0, -1)), mpmath.mpf(0.5)]
    low = mpmath.quad(lambda s: integrand(s, 1 - s), decades)
    return low + mpmath.quad(lambda r: integrand(1 - r, r), decades)


def mp_triple(u: list[float]) -> mpmath.mpf:
    """The definition of T6, a double quadrature."""
    u1, u2, u3, u4, u5, u6 = map(mpmath.mpf, u)
    rho1, rho2, rho3 = u1 * u1 + u2 * u2, u3 * u3 + u4 * u4, u5 * u5 + u6 * u6
    m1, m2, m3 = u2 / u1, u4 / u3, u6 / u5

    def inner(t: mpmath.mpf) -> mpmath.mpf:
        s3 = mpmath.sqrt(rho2 / (rho2 + rho3 * (1 - t * t)))
        return mpmath.atan(m3 * s3) * m2 / (1 + m2 * m2 * t * t)

    def outer(s: mpmath.mpf) -> mpmath.mpf:
        s2 = mpmath.sqrt(rho1 / (rho1 + rho2 * (1 - s * s)))
        return mpmath.quad(inner, [0, s2]) * m1 / (1 + m1 * m1 * s * s)

    return mpmath.quad(outer, [0, 1])


def as_ball(x: mpmath.mpf, error: float) -> arb:
    return arb(mpmath.nstr(x, 40)) + arb(0, error)


# Double flags


@pytest.mark.parametrize("seed", range(12))
def test_double_flag_is_the_integral(seed: int) -> None:
    rng = random.Random(seed)
    spread = 1.0 if seed < 6 else 4.0
    with mpmath.workdps(25):
        u = flag(
            [rng.choice((-1, 1)) * 10 ** rng.uniform(-spread, spread) for _ in range(2)],
            [10 ** rng.uniform(-spread / 2, spread / 2) for _ in range(2)],
        )
        truth = as_ball(mp_double(u), 1e-18)
    for precision in PRECISIONS:
        ctx.prec = precision
        assert double_flag(balls(u)).overlaps(truth)
    assert not (double_flag(balls(u)) + arb(1e-17)).overlaps(truth)  # a planted fault is seen


def orthoscheme(marks: str) -> list[arb]:
    """u for the chamber of the Coxeter group with the linear diagram marks (dihedral angles
    pi/3, pi/4, ...). Its facets' normals are e_i / u_i - e_(i-1) / u_(i-1), so g_i = 1 / u_i^2
    obeys cos^2 = g_i^2 / ((g_(i-1) + g_i) (g_i + g_(i+1))) with g_0 = 0, and g_1 is free."""
    before, here = arb(0), arb(1)
    squares = [here]
    for mark in marks:
        cos = (arb.pi() / int(mark)).cos()
        before, here = here, here * here / (cos * cos * (before + here)) - here
        squares.append(here)
    return [1 / g.sqrt() for g in squares]


def inner_angles(u: list[arb]) -> arb:
    """beta - gamma of the orthoscheme of four components: the area of its vertex figure at u."""
    u1, u2, u3, u4 = u
    one_to_three = (u1 * u1 + u2 * u2 + u3 * u3).sqrt()
    two_to_four = (u2 * u2 + u3 * u3 + u4 * u4).sqrt()
    return (u2 * one_to_three / (u1 * u3)).atan() - (u2 * u4 / (u3 * two_to_four)).atan()


@pytest.mark.parametrize(
    ("marks", "order"),
    [
        ("333", 120),  # A4
        ("334", 384),  # B4: 24 chambers make the orthant, 1/16 of the sphere
        ("433", 384),
        ("343", 1152),  # F4
        ("335", 14400),  # H4
        ("533", 14400),
    ],
)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_double_flag_gives_the_chambers_of_coxeter_groups(
    marks: str, order: int, precision: int
) -> None:
    # (D1): measure = (beta - gamma) / (8 pi) - (pi alpha / 2 - T4) / (4 pi^2).
    ctx.prec = precision + 32  # the recurrence for u loses ten bits
    u = orthoscheme(marks)
    ctx.prec = precision
    pi = arb.pi()
    alpha = (u[1] / u[0]).atan()
    measure = inner_angles(u) / (8 * pi) - (pi * alpha / 2 - double_flag(u)) / (4 * pi * pi)
    assert measure.contains(arb(1) / order)
    assert measure.rad() < arb(2) ** -precision * WIDTH


def test_orthant_of_s3() -> None:
    u = orthoscheme("334")
    pi = arb.pi()
    alpha = (u[1] / u[0]).atan()
    chamber = inner_angles(u) * pi / 4 - (pi * alpha / 2 - double_flag(u)) / 2
    assert (24 * chamber).contains(pi * pi / 8)


exponent = st.floats(-6, 6)
sign = st.sampled_from((-1.0, 1.0))
slope = st.builds(lambda e, s: s * 10.0**e, exponent, sign)
size = st.builds(lambda e: 10.0**e, st.floats(-4, 4))
double = st.builds(lambda a, b, c, d: flag([a, b], [c, d]), slope, slope, size, size)
triple = st.builds(
    lambda a, b, c, d, e, f: flag([a, b, c], [d, e, f]), slope, slope, slope, size, size, size
)


@settings(max_examples=200, deadline=None)
@given(double, st.sampled_from(PRECISIONS))
def test_double_flag_is_narrow_and_agrees_with_itself(u: list[float], precision: int) -> None:
    ctx.prec = precision + 64
    fine = double_flag(balls(u))
    ctx.prec = precision
    coarse = double_flag(balls(u))
    assert coarse.overlaps(fine)
    assert coarse.rad() < arb(2) ** -precision * WIDTH


@settings(max_examples=100, deadline=None)
@given(double)
def test_double_flag_lies_between_its_elementary_bounds(u: list[float]) -> None:
    # s2 rises from s2(0) to 1: an oracle without dilogarithms that holds everywhere.
    u1, u2, u3, u4 = balls([abs(x) for x in u])
    rho1, rho2 = u1 * u1 + u2 * u2, u3 * u3 + u4 * u4
    whole = (u2 / u1).atan()
    value = double_flag([u1, u2, u3, u4])
    slack = arb(2) ** -100
    assert value < whole * (u4 / u3).atan() + slack
    assert value > whole * (u4 / u3 * (rho1 / (rho1 + rho2)).sqrt()).atan() - slack


@settings(max_examples=50, deadline=None)
@given(double, st.integers(0, 3))
def test_double_flag_is_odd_in_every_component(u: list[float], index: int) -> None:
    flipped = [-x if i == index else x for i, x in enumerate(u)]
    total = double_flag(balls(u)) + double_flag(balls(flipped))
    assert total.contains(0)
    assert total.rad() < arb(2) ** -128 * 2 * WIDTH


def assert_wide_balls_hold_their_points(
    flag: Callable[[list[arb]], arb], u: list[float], width: float, place: list[float]
) -> None:
    radius = [abs(x) * 2.0**width * 0.9 for x in u]
    wide = [arb(x, r) for x, r in zip(u, radius, strict=True)]
    inside = [arb(x) + arb(r) * p for x, r, p in zip(u, radius, place, strict=True)]
    value = flag(wide)
    assert value.is_finite()
    assert value.overlaps(flag(inside))


@settings(max_examples=50, deadline=None)
@given(double, st.floats(-40, 0), st.lists(st.floats(-1, 1), min_size=4, max_size=4))
def test_double_flag_of_wide_balls_holds_its_points(
    u: list[float], width: float, place: list[float]
) -> None:
    assert_wide_balls_hold_their_points(double_flag, u, width, place)


def test_double_flag_where_x_vanishes_and_at_vanishing_slopes() -> None:
    # X = 0 when u1 u3 = u2 u4: the sign of X is undecided.
    u = [arb(3).sqrt(), arb(2).sqrt(), arb(1) / 3, arb(3).sqrt() / arb(2).sqrt() / 3]
    assert (u[0] * u[2]).overlaps(u[1] * u[3])
    value = double_flag(u)
    assert value.rad() < arb(2) ** -128 * WIDTH
    with mpmath.workdps(25):
        assert value.overlaps(as_ball(mp_double([float(x) for x in u]), 1e-15))
    for u2, u4 in ((0, 1), (1, 0), (arb(0, 1e-20), 1), (1, arb(0, 1e-20)), (1e-200, 1)):
        value = double_flag([arb(1), arb(u2), arb(1), arb(u4)])
        assert value.contains(0)
        assert value.rad() < 1e-19


@pytest.mark.parametrize("index", [0, 2])
def test_double_flag_refuses_a_zero_cosine(index: int) -> None:
    u = balls([1.0, 1.0, 1.0, 1.0])
    u[index] = arb(0, 1e-10)
    with pytest.raises(ValueError, match=f"u{index + 1} != 0"):
        double_flag(u)


# The dilogarithm's series


@settings(max_examples=100, deadline=None)
@given(st.floats(-0.9, 0.9), st.floats(-0.7, 0.7), st.sampled_from(PRECISIONS))
def test_debye_is_the_dilogarithm(re: float, im: float, precision: int) -> None:
    ctx.prec = precision
    tables = dilogarithm_tables()
    w = acb(re, im)
    value = debye_real(arb(re), arb(im), tables)
    assert value is not None
    value += tables.tail
    # Oracle: flint's polylogarithm (its principal branch covers |Im w| < pi/2, 1 - z = e^-w).
    assert value.overlaps((1 - (-w).exp()).polylog(2).real)
    assert value.rad() < arb(2) ** -precision * 16
    real = debye(arb(re), tables)
    assert real is not None
    assert (real + tables.tail).overlaps((1 - (-acb(re)).exp()).polylog(2).real)


def test_debye_refuses_what_its_tail_bound_does_not_cover() -> None:
    tables = dilogarithm_tables()
    assert debye_real(arb(1), arb(1), tables) is None
    assert debye_real(arb(0), arb(0, 2), tables) is None
    assert debye(arb("nan"), tables) is None


# Triple flags


@pytest.mark.parametrize("seed", range(6))
def test_triple_flag_is_the_integral(seed: int) -> None:
    rng = random.Random(seed)
    u = [rng.gauss(0, 1) for _ in range(6)]
    with mpmath.workdps(15):
        truth = mp_triple(u)
    value = triple_flag(balls(u))
    assert value.overlaps(as_ball(truth, 1e-12))


@pytest.mark.parametrize(
    ("marks", "order", "figure"),
    [
        ("33333", 5040, 720),  # A6, vertex figure A5
        ("33334", 46080, 3840),  # B6, B5
        ("43333", 46080, 720),  # B6, A5
    ],
)
def test_triple_flag_gives_the_chambers_of_coxeter_groups(
    marks: str, order: int, figure: int
) -> None:
    # The flow twice: 1/order = 1/(2 figure) - [alpha (beta' - gamma')/(8 pi)
    #   - T4(u1..u4)/(8 pi) + T6/(4 pi^2)]/(2 pi), with beta', gamma' those of (u3, ..., u6).
    u = orthoscheme(marks)
    pi = arb.pi()
    alpha = (u[1] / u[0]).atan()
    t6 = triple_flag(u, tolerance=1e-30)
    inner = alpha * inner_angles(u[2:]) / (8 * pi) - double_flag(u[:4]) / (8 * pi)
    measure = arb(1) / (2 * figure) - (inner + t6 / (4 * pi * pi)) / (2 * pi)
    assert measure.contains(arb(1) / order)
    assert measure.rad() < 1e-30


@settings(max_examples=40, deadline=None)
@given(triple)
def test_triple_flag_is_narrow_and_agrees_with_itself(u: list[float]) -> None:
    ctx.prec = 192
    fine = triple_flag(balls(u), tolerance=1e-40)
    assert fine.rad() < 1.1e-40
    ctx.prec = 64
    coarse = triple_flag(balls(u))
    assert coarse.overlaps(fine)
    assert coarse.rad() < 2e-15


@settings(max_examples=20, deadline=None)
@given(triple, st.integers(0, 5))
def test_triple_flag_is_odd_in_every_component(u: list[float], index: int) -> None:
    flipped = [-x if i == index else x for i, x in enumerate(u)]
    assert (triple_flag(balls(u)) + triple_flag(balls(flipped))).contains(0)


@settings(max_examples=20, deadline=None)
@given(triple, st.floats(-40, 0), st.lists(st.floats(-1, 1), min_size=6, max_size=6))
def test_triple_flag_of_wide_balls_holds_its_points(
    u: list[float], width: float, place: list[float]
) -> None:
    assert_wide_balls_hold_their_points(triple_flag, u, width, place)


def test_triple_flag_with_vanishing_slopes_and_bad_arguments() -> None:
    for index in (1, 3, 5):
        u = balls([1.0] * 6)
        u[index] = arb(0, 1e-20)
        assert triple_flag(u).contains(0)
        assert triple_flag(u).rad() < 2e-15
    for index in (0, 2, 4):
        u = balls([1.0] * 6)
        u[index] = arb(0, 1e-20)
        with pytest.raises(ValueError, match=f"u{index + 1} != 0"):
            triple_flag(u)
    with pytest.raises(ValueError, match="tolerance must be positive"):
        triple_flag(balls([1.0] * 6), tolerance=0.0)
