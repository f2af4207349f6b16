"""The shipped explanations: all of their claims are proved, and what follows from them is true.

Oracles: accuracies by enumerating the models' regions, which proofs do not; counting by hand;
mpmath; samples.
"""

from __future__ import annotations

import tomllib
from fractions import Fraction
from functools import cache
from pathlib import Path

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from support.paths import ROOT
from support.shipped_stories import certified, model_of
from support.stories import enclosure_of

import algzoo_exact as az
from algzoo_exact.explain.verify import Verification
from algzoo_exact.zoo.explanations import explanation_path, list_explanations
from algzoo_exact.zoo.loading import shipped_folder

QUICK = (
    "2nd_argmax_2_2",
    "algzoo_2nd_argmax_2_2",
    "algzoo_2nd_argmax_2_2_errors",
    "handcrafted_2nd_argmax_2",
    "handcrafted_2nd_argmax_3",
)
LONG = ("2nd_argmax_4_3", "handcrafted_2nd_argmax_10")  # each has a test of its own
EXACT = Fraction(91279, 92160)  # for ten inputs; counted below


@cache
def verified(name: str) -> Verification:
    return az.verify(az.load_explanation(explanation_path(name)), model_of(name))


def derived(name: str) -> az.Enclosure:
    return enclosure_of(verified(name).accuracy)


def enumerated(name: str) -> az.Enclosure:
    """The exact accuracy, from the model's regions."""
    model = model_of(name)
    assert model.task is not None
    return az.accuracy(model, model.task).enclosure


def test_all_of_them_are_tested() -> None:
    others = {"algzoo_example_16_10", "algzoo_example_16_10_claims"}
    assert set(list_explanations()) - others == {*QUICK, *LONG}


def test_they_are_installed_with_the_package() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    patterns = settings["package-data"]["algzoo_exact.models"]
    installed = {path for pattern in patterns for path in shipped_folder().glob(pattern)}
    assert {explanation_path(name) for name in list_explanations()} <= installed


@pytest.mark.parametrize("name", QUICK)
def test_everything_is_proved(name: str) -> None:
    check_everything_is_proved(name)


def check_everything_is_proved(name: str) -> None:
    found = verified(name)
    assert not [c.claim.name for c in found.claims if c.status != "proved"]
    # A case that says unknown is there to complete the partition, and states nothing.
    assert all(
        c.status == ("unknown" if c.case.verdict == "unknown" else "proved") for c in found.cases
    )
    assert found.partition is not None
    assert found.partition.status == found.status == "proved"
    vacuous = {c.claim.name for c in found.claims if any(i.vacuous for i in c.instances)}
    assert not vacuous


@pytest.mark.parametrize("name", QUICK)
def test_the_derived_accuracy_contains_the_exact_one(name: str) -> None:
    check_the_derived_accuracy(name)


def check_the_derived_accuracy(name: str) -> None:
    proved, exact = derived(name), enumerated(name)
    assert proved.lower <= exact.upper
    assert exact.lower <= proved.upper
    widest = {
        "2nd_argmax_2_2": 1.2e-4,
        "algzoo_2nd_argmax_2_2": 1.6e-4,
        "algzoo_2nd_argmax_2_2_errors": 4.2e-8,
        "2nd_argmax_4_3": 0.0137,
    }
    assert proved.width < widest.get(name, 1e-30)


@pytest.mark.slow
def test_three_inputs(tmp_path: Path) -> None:
    """The trained model, whose proofs take long: all of the above, and its certificate."""
    check_everything_is_proved("2nd_argmax_4_3")
    check_the_derived_accuracy("2nd_argmax_4_3")
    certified("2nd_argmax_4_3", verified("2nd_argmax_4_3"), tmp_path)


@pytest.mark.slow
def test_ten_inputs_by_hand_are_a_rational_number(tmp_path: Path) -> None:
    """Counted by hand: right where two inputs are positive. Where one is, the others' logits tie,
    and the lowest other index is the second largest one time in 9. Where none is, label 0 wins,
    and is right one time in 10. No solver is trusted, and the certificate says the same."""
    name = "handcrafted_2nd_argmax_10"
    check_everything_is_proved(name)
    found = verified(name)
    assert not {trusted for part in found.claims for c in part.instances for trusted in c.trusted}
    one, none = Fraction(10, 2**10), Fraction(1, 2**10)
    assert found.accuracy is not None
    assert found.accuracy.rational == 1 - one * Fraction(8, 9) - none * Fraction(9, 10) == EXACT
    document = certified(name, found, tmp_path)
    assert document["kind"] == "claims"
    assert document["accuracy"] == {"lower": "91279/92160", "upper": "91279/92160"}


def test_the_two_inputs_of_algzoo() -> None:
    """ARC's ledger, and the middle of what is left open, which is ARC's estimate."""
    found = verified("algzoo_2nd_argmax_2_2")
    ledger = az.surprise(found)
    assert ledger.by_rule["sign"] + ledger.by_rule["order"] == 14 + 4
    assert ledger.by_rule["equality"] == pytest.approx(11.58 + 10.60, abs=0.01)
    assert ledger.explanation == pytest.approx(40.17, abs=0.01)
    assert ledger.declared == 0
    proved = derived("algzoo_2nd_argmax_2_2")
    assert proved.upper == 1
    exact = float(enumerated("algzoo_2nd_argmax_2_2").lower)
    assert float(proved.lower + proved.upper) / 2 == pytest.approx(exact, abs=5e-8)


def test_two_inputs_by_hand_are_always_right() -> None:
    figure = verified("handcrafted_2nd_argmax_2").accuracy
    assert figure is not None
    assert figure.rational == 1


def test_three_inputs_by_hand_in_closed_form() -> None:
    """The wrong inputs are two opposite wedges in the plane of the two forms p and q, between the
    lines q = -p 100/101 and q = -p 101/100; the forms have covariance matrix S, and the wedge has
    the angle between the lines' directions once S^(-1/2) makes the plane round."""
    figure = verified("handcrafted_2nd_argmax_3").accuracy
    assert figure is not None
    assert figure.closed_form is not None
    with mpmath.workdps(40):
        forms = mpmath.matrix([[1, -101, 100], [-1, -100, 101]])
        inverse = (forms * forms.T) ** -1

        def inner(u: mpmath.matrix, v: mpmath.matrix) -> mpmath.mpf:
            return (u.T * inverse * v)[0]

        u, v = mpmath.matrix([101, -100]), mpmath.matrix([100, -101])
        angle = mpmath.acos(inner(u, v) / mpmath.sqrt(inner(u, u) * inner(v, v)))
        exact = 1 - angle / mpmath.pi
        shown = 2 * mpmath.atan(mpmath.sqrt(544080267)) / mpmath.pi
        assert abs(shown - exact) < mpmath.mpf(10) ** -35
    assert figure.closed_form == "2*atan(sqrt(544080267))/pi"
    found = derived("handcrafted_2nd_argmax_3").midpoint
    assert float(found) == pytest.approx(float(exact), abs=1e-16)


@pytest.mark.slow
def test_ten_inputs_by_hand_against_samples() -> None:
    """150,000 of the inputs of which fewer than two are positive (11 of the 1024 choices of signs),
    within 5 sigma; and as many others, which are always right. Inputs are multiples of 2^-40, so
    that float64 computes this model's small sums without rounding, which would break its ties:
    az.sample finds 0.9903."""
    program = model_of("handcrafted_2nd_argmax_10").program
    inward = np.array(program.input_weights, float)
    onward = np.array(program.recurrent, float).T.copy()
    readout = np.array(program.readout, float).T.copy()

    def wrong(x: NDArray[np.float64]) -> int:
        x = np.rint(x * 2.0**40) / 2.0**40
        h = np.zeros((len(x), program.hidden_size))
        for t in range(program.seq_len):
            h = np.maximum(h @ onward + x[:, t, None] * inward, 0)
        return int(np.count_nonzero((h @ readout).argmax(1) != np.argsort(x, 1)[:, -2]))

    rng, count, few = np.random.default_rng(3), 150_000, 11 / 1024
    others = rng.standard_normal((count, 10))
    assert wrong(others[np.count_nonzero(others > 0, axis=1) >= 2]) == 0
    x = -abs(rng.standard_normal((count, 10)))
    place = rng.integers(0, 11, count)  # of the one that is positive; none in one of 11
    one = place < 10
    x[one, place[one]] *= -1
    missed = wrong(x) / count
    sigma = few * (missed * (1 - missed) / count) ** 0.5
    assert abs(1 - few * missed - float(EXACT)) < 5 * sigma


def test_the_symmetry_of_the_four_by_three_model() -> None:
    """What the explanation says of the handcrafted model with 3.15 in place of 100: its accuracy,
    by mpmath as above, is close to the trained model's."""
    with mpmath.workdps(20):
        size = mpmath.mpf("3.15")
        forms = mpmath.matrix([[1, -size - 1, size], [-1, -size, size + 1]])
        inverse = (forms * forms.T) ** -1
        u, v = mpmath.matrix([size + 1, -size]), mpmath.matrix([size, -size - 1])
        product = (u.T * inverse * v)[0] / (u.T * inverse * u)[0]
        idealised = 1 - mpmath.acos(product) / mpmath.pi
    exact = float(enumerated("2nd_argmax_4_3").lower)
    assert float(idealised) == pytest.approx(exact, abs=5e-4)
