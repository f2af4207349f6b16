"""The mean squared error of median programs.

Oracles: ``oracles.squared_error`` (all activation masks, integrals over the sphere), the exact
median (error 0), known moments of order statistics, the moments of an orthant, and samples.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import islice

import mpmath
import numpy as np
import pytest
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import squared_error as oracle
from oracles.conventions import to_mpf
from support.medians import (
    median_of_three,
    median_of_two,
    medians,
    one_output,
    silent,
    with_hidden,
    with_nothing_added,
)
from support.programs import KINDS, handcrafted_2_2, programs, random_program
from support.scores import along

import algzoo_exact as az
from algzoo_exact.deadline import NEVER
from algzoo_exact.exact.enclosure import square_root, working_precision
from algzoo_exact.geometry.cone import Cone, dot
from algzoo_exact.measure.flow import CellFlow, NotGenericError, directions_for
from algzoo_exact.regions.starts import starting_cones
from algzoo_exact.score.bends import Bend, Errors
from algzoo_exact.score.cones import Precision
from algzoo_exact.score.squared_error import SQUARED_ERROR

TIGHT = Fraction(1, 10**28)


def distance(result: az.Score, value: object) -> float:
    with mpmath.workdps(45):
        return float(abs(to_mpf(result.enclosure.midpoint) - value))


@pytest.mark.parametrize("program", [median_of_two(), median_of_three()])
def test_the_median_itself(program: az.Program) -> None:
    """Exactly 0; the program's values are compared with the definition as well."""
    task = az.tasks.median(program.seq_len)
    for x in np.random.default_rng(1).normal(size=(50, program.seq_len)).tolist():
        assert program.evaluate(x).logit == (task.value(x),)
    result = az.squared_error(program, task)
    assert (result.kind, result.enclosure.lower, result.enclosure.upper) == ("exact", 0, 0)
    assert (result.root.lower, result.root.upper) == (0, 0)
    assert str(result.form) == "0"
    *_, last = az.squared_error_bounds(program, task)
    assert (last.kind, last.enclosure.width) == ("exact", 0)


def test_almost_the_median() -> None:
    """Off by a factor 1 + e everywhere: e^2 E[median^2] = e^2 / 2."""
    program = median_of_two()
    off = Fraction(1, 2**40)
    readout = tuple(w * (1 + off) for w in program.readout[0])
    program = az.rnn(program.input_weights, program.recurrent, (readout,), 2)
    result = az.squared_error(program)
    assert result.enclosure.lower == result.enclosure.upper == off**2 / 2


def test_moments_of_the_median() -> None:
    """Of two: variance 1/2. Of three: 1 - sqrt(3)/pi (Jones 1948). Of five: by quadrature."""
    assert str(az.squared_error(silent(2)).form) == "1/2"
    form = az.squared_error(silent(3)).form
    assert str(form) == "1 - sqrt(3)/pi"
    with mpmath.workdps(30):

        def density(x: object) -> object:
            return 30 * x**2 * (mpmath.ncdf(x) * mpmath.ncdf(-x)) ** 2 * mpmath.npdf(x)  # type: ignore[operator]

        of_five = mpmath.quad(density, [-14, -4, 0, 4, 14])
    result = az.squared_error(silent(5), digits=16, method="exact")
    assert distance(result, of_five) < 1e-15


@pytest.mark.parametrize(("n", "most", "error"), [(2, 4, 1e-38), (3, 2, 1e-12)])
def test_against_brute_force(n: int, most: int, error: float) -> None:
    """Every kind of degeneracy. Errors relative to 1 + the mean squared error."""
    for name, program in medians(n, len(KINDS), (1, most), n):
        expected = oracle.mean_squared_error(program)
        result = az.squared_error(program, digits=40)
        assert result.kind == "exact"
        assert result.enclosure.width <= Fraction(1, 10**40)
        assert distance(result, expected) < error * (1 + float(expected)), name


@given(programs(d=(1, 3), n=(2, 2)))
@settings(deadline=None, max_examples=40)
def test_any_program_of_two_inputs(program: az.Program) -> None:
    program = one_output(program)
    expected = oracle.mean_squared_error(program)
    assert distance(az.squared_error(program), expected) < 1e-27 * (1 + float(expected))


@given(programs(d=(1, 2), n=(2, 3)), st.data())
@settings(deadline=None, max_examples=25)
def test_same_function_same_error(program: az.Program, data: st.DataObject) -> None:
    program = one_output(program)
    order = data.draw(st.permutations(range(program.hidden_size)))
    factors = [Fraction(2) ** data.draw(st.integers(-3, 3)) for _ in order]
    expected = az.squared_error(program).enclosure
    for other in (with_hidden(program, list(order), factors), with_nothing_added(program)):
        found = az.squared_error(other).enclosure
        assert found.intersect(expected).width <= TIGHT


def test_closed_forms_as_sympy() -> None:
    """sympy's own digits of the closed form."""
    result = az.squared_error(random_program(np.random.default_rng(5), 2, 3, 1))
    assert result.form is not None
    value = Fraction(str(result.form.sympy.evalf(40)))
    assert abs(value - result.enclosure.midpoint) < Fraction(1, 10**28)


def test_lost_facets_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted fault: the first bend of each cell is dropped."""
    original = Errors.bends
    program = random_program(np.random.default_rng(6), 2, 3, 1)
    expected = oracle.mean_squared_error(program)
    assert distance(az.squared_error(program), expected) < 1e-12

    def fewer(self: Errors, *rest: object) -> list[Bend]:
        return list(original(self, *rest))[1:]  # type: ignore[arg-type]

    monkeypatch.setattr(Errors, "bends", fewer)
    assert distance(az.squared_error(program), expected) > 1e-3


def second_moment(cone: Cone, a: tuple[int, ...]) -> arb:
    """E[(a.x)^2; cone], every facet counted, along the first direction that will do."""
    for u in directions_for(cone.dimension):
        flow, moment = CellFlow.of(cone, u), arb(0)
        try:
            measure = flow.measure()
        except NotGenericError:
            continue
        for face in flow.facets:
            normal = flow.normal(face.wall)
            moment += flow.moment(face, a) * dot(a, normal) / arb(dot(normal, normal)).sqrt()
        return measure * dot(a, a) + moment / (2 * arb.pi())
    raise AssertionError


@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_moments_of_an_orthant(n: int) -> None:
    """Half-normal variables: E[x_i^2; orthant] = 2^-n, E[x_i x_j; orthant] = 2^(2-n) / (2 pi)."""
    rows = tuple(tuple(int(i == j) for j in range(n)) for i in range(n))
    orthant = Cone.from_inequalities(rows)
    assert orthant is not None
    a = tuple((-1) ** k * (k + 2) for k in range(n))
    with working_precision(80):
        cross = arb(sum(a) ** 2 - dot(a, a)) / (2 * arb.pi())
        expected = arb(dot(a, a)) / 2**n + cross * 4 / 2**n
        found = second_moment(orthant, a)
        assert found.overlaps(expected)
        assert found.rad() < 1e-15


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_second_moments_add_up(n: int) -> None:
    """E[x x^T] over all starting cones is the identity."""
    a = tuple(3 * k - 5 for k in range(n))
    with working_precision(80):
        parts = [second_moment(start.cone, a) for start in starting_cones(az.tasks.median(n))]
        total = sum(parts, arb(0))
        assert total.overlaps(arb(dot(a, a)))
        assert total.rad() < 1e-15


def test_two_directions_agree() -> None:
    """n = 4: the diagonal and two generic directions share no flow."""
    program = random_program(np.random.default_rng(7), 2, 4, 1)
    task = az.tasks.median(4)
    found_directions = list(islice(SQUARED_ERROR.directions(program, task), 3))
    piece = SQUARED_ERROR.pieces(program, task, NEVER)[0]
    precision = Precision(120, Fraction(1, 10**25), False, None)
    found = []
    for direction in found_directions:
        found.append(along(SQUARED_ERROR, program, task, None, direction, piece, precision))
        assert found[-1].width < Fraction(1, 10**18)
    assert found_directions[0].diagonal
    assert found[0].intersect(found[1]).intersect(found[2]).lower > 0


@pytest.mark.parametrize(
    "value", [Fraction(0), Fraction(9, 4), Fraction(1, 10**60), Fraction(2), Fraction(10**40, 3)]
)
@pytest.mark.parametrize("width", [Fraction(0), Fraction(1, 10**30), Fraction(1)])
def test_square_roots(value: Fraction, width: Fraction) -> None:
    """By squaring; no wider than 1.03 times the exact width, as each end is a hundredth off."""
    root = square_root(az.Enclosure(value, value + width))
    assert root.lower**2 <= value
    assert value + width <= root.upper**2
    with mpmath.workdps(120):
        exact = mpmath.sqrt(to_mpf(value + width)) - mpmath.sqrt(to_mpf(value))
        assert to_mpf(root.width) <= exact * 1.03 + mpmath.mpf(2) ** -254


def test_wrong_input() -> None:
    program = silent(3)
    for wrong, text in [
        (lambda: az.squared_error(handcrafted_2_2()), "one output"),
        (lambda: az.squared_error(program, az.tasks.argmax(3)), "argmax"),
        (lambda: az.squared_error(program, az.tasks.median(4)), "4 inputs"),
        (lambda: az.squared_error(program, method="numeric"), "Unknown method"),  # type: ignore[arg-type]
        (lambda: az.squared_error(program, digits=0), "digits"),
        (lambda: az.squared_error(program, time_limit=-1), "time_limit"),
        (lambda: az.squared_error(program, max_cells=-1), "max_cells"),
        (lambda: az.squared_error(program, workers=0), "workers"),
        (lambda: az.squared_error(silent(10), method="exact"), "n = 10"),
    ]:
        with pytest.raises(az.InputError, match=text):
            wrong()
