"""Intervals of the race, against scipy, the chi-square law and repeated races drawn at random."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import chi2, t

from algzoo_exact.race.statistics import Outcome, Truths, outcome, student_quantile

COST = 100


@pytest.mark.parametrize("freedom", [*range(1, 41), 63, 100, 255])
def test_student_quantile(freedom: int) -> None:
    """Against scipy."""
    assert student_quantile(freedom) == pytest.approx(t.ppf(0.975, freedom), rel=1e-9)


def drawn(
    rng: np.random.Generator,
    *,
    seeds: int,
    variants: int,
    shared: float = 0.0,
    own: float = 0.0,
    by_variant: float = 0.0,
    bias: float = 0.0,
    truth_error: float = 0.0,
) -> Outcome:
    """A race with known law: error = bias + seed's part + variant's part + its own part."""
    p = np.full(variants, 0.9)
    errors = (
        bias
        + shared * rng.standard_normal((seeds, 1))
        + by_variant * rng.standard_normal((1, variants))
        + own * rng.standard_normal((seeds, variants))
    )
    found = p + truth_error * rng.standard_normal(variants)
    truths = Truths(found, np.full(variants, truth_error**2))
    flops = np.full((seeds, variants), 1000.0)
    return outcome(p + errors, truths, flops, COST, seeded=seeds > 1)


def test_by_hand() -> None:
    """Two seeds, two variants, without noise in the truth."""
    truths = Truths(np.array([0.5, 0.8]), np.zeros(2))
    values = np.array([[0.6, 0.8], [0.5, 0.6]])  # errors 0.1, 0; 0, -0.2
    found = outcome(values, truths, np.full((2, 2), 200.0), COST, seeded=True)
    assert found.mse.value == pytest.approx((0.01 + 0.04) / 4)
    assert found.bias.value == pytest.approx(-0.1 / 4)
    assert found.sampling_mse == pytest.approx((0.25 + 0.16) / 2 / 2)  # k = 2
    assert found.ratio is not None
    assert found.ratio.value == pytest.approx(0.0125 / 0.1025)
    # Seeds' means 0.005 and 0.02: standard error 0.0075, on the logarithm 0.6, times t = 12.706.
    assert found.mse.high == pytest.approx(0.0125 * np.exp(12.7062 * 0.6), rel=1e-4)
    assert found.mse.low == pytest.approx(0.0125 * np.exp(-12.7062 * 0.6), rel=1e-4)
    # Seeds' mean errors 0.05 and -0.1.
    assert found.bias.high - found.bias.value == pytest.approx(12.7062 * 0.075, rel=1e-4)


def test_more_flops_make_a_worse_ratio() -> None:
    truths = Truths(np.array([0.5, 0.8]), np.zeros(2))
    values = np.array([[0.6, 0.8], [0.5, 0.6]])
    cheap, dear = (
        outcome(values, truths, np.full((2, 2), flops), COST, seeded=True)
        for flops in (200.0, 400.0)
    )
    assert cheap.ratio is not None
    assert dear.ratio is not None
    assert dear.ratio.value == pytest.approx(2 * cheap.ratio.value)
    assert dear.mse == cheap.mse
    unknown = outcome(values, truths, None, COST, seeded=True)
    assert (unknown.ratio, unknown.flops, unknown.mse) == (None, None, cheap.mse)


RACES = 1500
# 95% of 1,500 has a standard deviation of 0.6%; the bounds below leave four of them, from the
# nominal 95%, or from 93%, the law's own coverage for one degree of freedom (see the module).
LEAST = 0.95 - 4 * 0.0056
LEAST_SKEW = 0.93 - 4 * 0.0066


def coverage(true_mse: float, true_bias: float, **law: float) -> dict[str, float]:
    """Over random races: how often each interval holds the truth of its law."""
    rng = np.random.default_rng(7)
    hits = dict.fromkeys(("mse", "mse wide", "bias", "bias wide", "ratio"), 0)
    sampling = 0.9 * 0.1 / 10
    for _ in range(RACES):
        o = drawn(rng, **law)  # type: ignore[arg-type]
        assert o.ratio is not None
        hits["mse"] += o.mse.low <= true_mse <= o.mse.high
        hits["mse wide"] += o.mse.wide_low <= true_mse <= o.mse.wide_high
        hits["bias"] += o.bias.low <= true_bias <= o.bias.high
        hits["bias wide"] += o.bias.wide_low <= true_bias <= o.bias.wide_high
        hits["ratio"] += o.ratio.low <= true_mse / sampling <= o.ratio.high
    return {name: count / RACES for name, count in hits.items()}


def test_shared_designs_are_covered() -> None:
    """All variants err alike, as with the same points: one degree of freedom for each seed."""
    found = coverage(0.01**2 + 0.002**2, 0, seeds=30, variants=16, shared=0.01, own=0.002)
    assert found["bias"] > LEAST
    assert min(found["mse"], found["ratio"]) > LEAST_SKEW


def test_variants_as_units_would_not_cover_shared_designs() -> None:
    """The check above can fail: the same races judged as if seeds were variants."""
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(200):
        errors = 0.01 * rng.standard_normal((30, 1)) + 0.002 * rng.standard_normal((30, 16))
        truths = Truths(np.full(480, 0.9), np.zeros(480))
        o = outcome(0.9 + errors.reshape(1, 480), truths, None, COST, seeded=False)
        hits += o.mse.low <= 0.01**2 + 0.002**2 <= o.mse.high
    assert hits / 200 < 0.75


def test_variants_are_covered() -> None:
    """A closure without seeds: its errors differ from variant to variant."""
    law = {"seeds": 1, "variants": 64, "by_variant": 0.02, "bias": 0.01}
    found = coverage(0.02**2 + 0.01**2, 0.01, **law)
    assert min(found["bias"], found["mse"], found["ratio"]) > LEAST


def test_both_factors_are_covered_by_the_wide_interval() -> None:
    """Errors of seeds and of variants: only the wide interval is about variants like these."""
    law = {"seeds": 30, "variants": 32, "shared": 0.005, "own": 0.005, "by_variant": 0.01}
    found = coverage(0.01**2 + 2 * 0.005**2, 0, **law)
    assert min(found["bias wide"], found["mse wide"]) > LEAST
    assert found["bias"] < 0.7


def test_the_error_of_the_truth_is_subtracted_and_covered() -> None:
    """A truth as inexact as the estimator: the estimator's own error is what is reported."""
    law = {"seeds": 30, "variants": 32, "own": 0.01, "truth_error": 0.01}
    found = coverage(0.01**2, 0, **law)
    assert min(found["bias"], found["mse"]) > LEAST
    rng = np.random.default_rng(3)
    mean = np.mean([drawn(rng, **law).mse.value for _ in range(400)])  # type: ignore[arg-type]
    # One race's standard deviation is about 3e-5 (2 w^2 / 32 and the like), the mean's 1.5e-6.
    assert mean == pytest.approx(1e-4, abs=6e-6)


def test_the_coverage_that_the_module_states() -> None:
    """Mean of 30 chi-squares with one degree of freedom: the two intervals' coverage."""
    rng = np.random.default_rng(1)
    squares = rng.standard_normal((20000, 30)) ** 2
    mean, error = squares.mean(1), squares.std(1, ddof=1) / np.sqrt(30)
    quantile = student_quantile(29)
    assert np.mean(abs(np.log(mean)) <= quantile * error / mean) == pytest.approx(0.93, abs=0.008)
    assert np.mean(abs(mean - 1) <= quantile * error) == pytest.approx(0.908, abs=0.008)
    assert np.mean(30 * mean <= chi2.ppf(0.95, 30)) == pytest.approx(0.95, abs=0.008)
