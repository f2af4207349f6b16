"""Models on sections of their inputs, and with something else computed.

Oracles: a network in numpy, step by step; ``section``, which has coordinates of its own; closed
forms and other ways to say the same.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from support.formulas import expand
from support.programs import random_program
from support.stories import claim, verified

import algzoo_exact as az
from algzoo_exact.errors import InputError
from algzoo_exact.explain.claims.claim import ClaimResult
from algzoo_exact.explain.language.expression import Formula, Truth
from algzoo_exact.explain.language.integers import Sizes
from algzoo_exact.explain.language.parser import parse
from algzoo_exact.explain.prove.setting import Inside, Setting

FOUR = random_program(np.random.default_rng(5), 3, 4)
SIZES = Sizes(4, 3, 4)


def formula(text: str) -> Formula:
    found = expand(parse(text), {}, {}, SIZES)
    assert isinstance(found, Formula)
    return found


def setting(where: str = "true", instead: str = "true") -> Setting:
    return Setting.of(4, formula(where), formula(instead))


def checked(kind: str, program: az.Program = FOUR, **keys: object) -> ClaimResult:
    (found,) = verified(program, claim("c", kind, **keys)).claims
    return found


def enclosed(result: ClaimResult) -> az.Enclosure:
    (figure,) = result.instances[0].figures
    assert figure.enclosure is not None
    return figure.enclosure


def test_against_numpy() -> None:
    """x[2] = x[0], x[3] = 0; neuron 1 off at step 1, and another sum in neuron 0 at step 2."""
    instead = "z[1][1] == 0 and z[2][0] == 3*h[1][2] - W_hh[0][1]*h[1][1] + x[1]/2"
    inside = Inside(FOUR, setting("x[0] == x[2] and 0 == x[3]", instead))
    w_hi = np.array(FOUR.input_weights, float)
    w_hh, w_oh = np.array(FOUR.recurrent, float), np.array(FOUR.readout, float)
    rng = np.random.default_rng(1)
    for _ in range(20):
        a, b = rng.integers(-9, 9, 2).tolist()
        x, h = [a, b, a, 0], np.zeros(3)
        for t in range(4):
            z = w_hh @ h + w_hi * x[t]
            if t == 1:
                z[1] = 0
            if t == 2:
                z[0] = 3 * h[2] - w_hh[0, 1] * h[1] + x[1] / 2
            h = np.maximum(z, 0)
        # What stands at the places of inputs that are tied is not read.
        trace = inside.program.evaluate((a, b, 5, 7))
        np.testing.assert_allclose(np.array(trace.logit, float), w_oh @ h, atol=1e-9)
        assert inside.setting.point(tuple(map(Fraction, (a, b, 5, 7)))) == (a, b, a, 0)
    assert inside.program.inputs_read == {0, 1}


def test_what_is_said_is_said_of_the_inputs_that_are_left() -> None:
    inside = Inside(FOUR, setting("x[1] == 0 and x[2] == x[3]"))
    assert inside.formula(formula("x[3] > x[1] and x[0] != x[2]")) == formula(
        "x[2] > 0 and x[0] != x[2]"
    )
    assert inside.formula(formula("x[1] > 0 and x[0] > 0")) == Truth(False)
    assert inside.formula(formula("not x[1] > 0")) == Truth(True)


@pytest.mark.parametrize("zero", [(0,), (1, 3)])
def test_shares_are_those_of_sections(zero: tuple[int, ...]) -> None:
    task = az.tasks.second_argmax(4)
    other = az.section(FOUR, task=task, zero=zero)
    share = other.share(other.accuracy())
    assert share is not None
    found = checked("share", where=" and ".join(f"x[{i}] == 0" for i in zero))
    assert found.status == "proved"
    known = enclosed(found)
    assert known.lower <= share.upper
    assert share.lower <= known.upper
    assert known.width < Fraction(1, 10**8)


def test_equal_inputs_are_one_gaussian() -> None:
    """x[0] = x[1] = y: P(y > 0 > x[2]) = 1/4, and P(2 y > x[2]) = 1/2."""
    for condition, value in (("x[1] > 0 and 0 > x[2]", "1/4"), ("x[0] + x[1] > x[2]", "1/2")):
        found = checked("measure", where="x[0] == x[1]", condition=condition)
        assert enclosed(found).lower <= Fraction(value) <= enclosed(found).upper


def test_cases_in_errors() -> None:
    """|x| is a term with cases: E|x - |x|| = E|x| = sqrt(2/pi), and at most 2 times |x|."""
    size = "if x[0] > 0 then x[0] else -x[0]"
    mean = enclosed(checked("close", left="x[0]", right=size, error="mean"))
    assert abs(float(mean.midpoint) - (2 / np.pi) ** 0.5) < 1e-9
    most = checked("close", left="x[0]", right=size, scale="abs(x[0])")
    assert enclosed(most).lower == enclosed(most).upper == 2
    jump = checked("close", left="0", right="if x[0] > x[1] then x[0] else 3*x[1]", at_most=2)
    assert jump.status == "refuted"
    assert enclosed(jump).upper == 3


def test_facts_are_about_the_model_as_it_is() -> None:
    found = verified(
        FOUR,
        claim("section", "always", where="x[0] == 0", statement="h[0][0] == 0"),
        claim("whole", "always", statement="h[0][0] == 0", assume=["section"]),
    )
    assert [result.status for result in found.claims] == ["proved", "refuted"]


WRONG = [
    ({"where": "x[0] > 0"}, "where takes equations x[i] == 0 and x[i] == x[j], joined by `and`"),
    ({"where": "x[0] == 1"}, "where takes equations"),
    ({"where": "all(i in 0..3: x[i] == 0)"}, "where leaves no input that is not 0"),
    ({"instead": "h[0][0] == 0"}, "instead takes equations z[t][j] == a term"),
    ({"instead": "z[1][0] == z[0][0]"}, "instead of z[1][0] stands what is computed after it"),
    ({"instead": "z[1][0] == 0 and z[1][0] == 0"}, "instead says twice what z[1][0] is"),
    ({"instead": "z[1][0] == h[1][0]"}, "stands what is not linear in h[0] and the inputs"),
    ({"instead": "z[1][0] == 1"}, "stands what is not linear in h[0] and the inputs"),
    ({"instead": "z[1][0] == abs(x[0])"}, "stands what is not linear in h[0] and the inputs"),
    ({"where": "x[0] == 0", "assume": ["first"]}, "with where or instead assumes no others"),
]


@pytest.mark.parametrize(("keys", "message"), WRONG, ids=range(len(WRONG)))
def test_mistakes_are_named(keys: dict[str, object], message: str) -> None:
    first = claim("first", "always", statement="x[0] <= x[0]")
    with pytest.raises(InputError) as error:
        verified(FOUR, first, claim("c", "always", statement="true", **keys))
    assert message in str(error.value)
