"""Mean field given the two largest inputs, and the symmetric model of (4, 3)."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from algzoo_exact.race.entries.deductive import Weights, counted_weights
from algzoo_exact.race.entries.flops import FlopCounter, plain
from algzoo_exact.race.entries.top_inputs import (
    RULES,
    SCALE,
    blurred_share_right,
    lag_groups,
    margins,
    mean_field_cases,
    mean_values,
    ruled_values,
    share_right,
)
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax

Floats = NDArray[np.float64]


def random_weights(d: int, n: int) -> Weights:
    random = np.random.default_rng(d * 100 + n)
    return Weights(
        random.normal(size=d), random.normal(size=(d, d)) * 0.6, random.normal(size=(n, d))
    )


@pytest.mark.parametrize("size", RULES)
def test_values(size: int) -> None:
    """Against scipy: Phi(second largest of n) has the beta distribution (n - 1, 2)."""
    n = 10
    a, b, rest, shares = ruled_values(n, size)
    count_b, count_a = RULES[size]
    assert abs(shares.sum() - 1) < 1e-14
    np.testing.assert_allclose(rest, stats.truncnorm(-np.inf, b).mean(), rtol=1e-10)
    nodes = (np.polynomial.legendre.leggauss(count_b)[0] + 1) / 2
    np.testing.assert_allclose(
        stats.beta(n - 1, 2).cdf(stats.norm.cdf(b[::count_a])), nodes, atol=1e-12
    )
    within = (stats.norm.cdf(a) - stats.norm.cdf(b)) / stats.norm.sf(b)
    nodes = (np.polynomial.legendre.leggauss(count_a)[0] + 1) / 2
    np.testing.assert_allclose(within, np.tile(nodes, count_b), atol=1e-12)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_cases_by_plain_loops(n: int) -> None:
    """Each pair of positions: the network on n - 1 average inputs and then the sequence."""
    weights = random_weights(4, n)
    w_hi, w_hh, w_oh = weights
    values = ruled_values(n, 4)
    cases = mean_field_cases(weights, n, values, n)
    found = {tuple(np.round(row, 9)) for row in cases.logits.reshape(-1, n)}
    expected = Counter()
    for top in range(n):
        for second in range(n):
            if top == second:
                continue
            expected[second] += 1
            for big, small, rest, _ in zip(*values, strict=True):
                first = min(top, second)
                x = np.full(n - 1 + n - first, rest)
                x[n - 1 + top - first], x[n - 1 + second - first] = big, small
                h = np.zeros(4)
                for value in x:
                    h = np.maximum(w_hh @ h + w_hi * value, 0)
                assert tuple(np.round(w_oh @ h, 9)) in found
    assert Counter(cases.second.tolist()) == expected


def test_margins_and_their_mean() -> None:
    """Loops over all cases."""
    cases = mean_field_cases(random_weights(4, 4), 4, ruled_values(4, 2), 3)
    right = 0.0
    for logits, share in zip(cases.logits, ruled_values(4, 2).share, strict=True):
        for row, second in zip(logits, cases.second, strict=True):
            right += share / 12 * (row.argmax() == second)
    assert abs(share_right(cases) - right) < 1e-12
    assert ((margins(cases) > 0).mean() > 0) == (right > 0)


def test_blur() -> None:
    """A narrow one changes nothing; a wide one leaves a coin toss; one case by its formula."""
    cases = mean_field_cases(random_weights(6, 4), 4, ruled_values(4, 4), 3)
    margin = margins(cases)
    assert (margin != 0).all()
    assert abs(blurred_share_right(cases, 1e-9) - share_right(cases)) < 1e-12
    assert abs(blurred_share_right(cases, 1e9) - 0.5) < 1e-6
    unit = SCALE.value * np.sqrt((cases.logits**2).mean())
    expected = stats.laplace(scale=unit).cdf(margin).mean(axis=1) @ ruled_values(4, 4).share
    assert abs(blurred_share_right(cases, SCALE.value) - expected) < 1e-12


def test_lags() -> None:
    """Ten inputs: 24 of the 45 pairs have lags 1 to 3 (mean 46/24), 21 lags 4 to 9 (119/21)."""
    assert lag_groups(10, 2) == {2: 24 / 45, 6: 21 / 45}
    assert lag_groups(4, 9) == {1: 3 / 6, 2: 2 / 6, 3: 1 / 6}
    weights = random_weights(4, 6)
    every = mean_field_cases(weights, 6, mean_values(6), 5)
    few = mean_field_cases(weights, 6, mean_values(6), 2)
    rows = {tuple(row) for row in np.round(every.logits[0], 9)}
    assert all(tuple(row) in rows for row in np.round(few.logits[0], 9))
    assert len(few.second) < len(every.second) == 30
    for cases in (every, few):
        assert abs(cases.share.sum() - 1) < 1e-14


def test_means() -> None:
    """Largest and second largest of ten: 1.53875 and 1.00136 (tables of order statistics); all
    ten add up to 0."""
    values = mean_values(10)
    assert abs(values.top[0] - 1.53875) < 1e-5
    assert abs(values.second[0] - 1.00136) < 1e-5
    assert abs(values.top[0] + values.second[0] + 8 * values.rest[0]) < 1e-12
    assert mean_values(2).rest.tolist() == [0]


def test_the_case_that_it_solves() -> None:
    """On an all but perfect model the two largest inputs alone decide nearly every case."""
    weights = counted_weights(handcrafted_second_argmax(10), FlopCounter())
    assert float(plain(share_right(mean_field_cases(weights, 10, mean_values(10), 9)))) > 0.97
