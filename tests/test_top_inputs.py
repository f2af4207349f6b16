"""Mean field given the two largest inputs, and the symmetric model of (4, 3)."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import algzoo_exact as az
from algzoo_exact.estimators.deductive import Weights, counted_weights
from algzoo_exact.estimators.entries import estimator
from algzoo_exact.estimators.flops import FlopCounter, plain
from algzoo_exact.estimators.order_moments import order_moments
from algzoo_exact.estimators.symmetric import (
    LATENT,
    noisy_symmetric_accuracy,
    region_accuracy,
    symmetrised,
)
from algzoo_exact.estimators.top_inputs import (
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
    unit = SCALE * np.sqrt((cases.logits**2).mean())
    expected = stats.laplace(scale=unit).cdf(margin).mean(axis=1) @ ruled_values(4, 4).share
    assert abs(blurred_share_right(cases, SCALE) - expected) < 1e-12


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


def test_only_where_it_was_calibrated() -> None:
    entry = estimator("mean-field-calibrated")
    program = az.load("2nd_argmax_8_5").network
    assert "16 hidden neurons" in str(entry.fits(program, az.tasks.second_argmax(5)))


def test_the_symmetric_model_of_a_symmetric_one() -> None:
    """The handcrafted (4, 3) model is symmetric: exact evaluation gives the same logits."""
    program = handcrafted_second_argmax(3)
    model = symmetrised(counted_weights(program, FlopCounter()))
    assert all(abs(float(plain(part))) < 1e-9 for part in model.misfit)
    readout, last = plain(model.readout), plain(model.states[2])
    random = np.random.default_rng(0)
    for x in random.normal(size=(20, 3)):
        exact = program.evaluate([Fraction(v) for v in x]).logit
        found = readout @ abs(last @ x)
        np.testing.assert_allclose(found, np.array(exact, float), rtol=1e-9, atol=1e-6)


def test_noise_is_misfit() -> None:
    """Noise of variance v on the readout alone adds v/2: half of it is in the means of pairs.

    The mean of 24 squares of variance 2 (v/2)^2 over 100 seeds has 4 sigma below 0.1 v.
    """
    program = handcrafted_second_argmax(3)
    scales = np.abs([float(w) for w in program.input_weights])
    random = np.random.default_rng(4)
    misfits = []
    for _ in range(100):
        noise = random.normal(size=(3, 4)) / scales
        readout = tuple(
            tuple(w + Fraction(e) for w, e in zip(row, errors, strict=True))
            for row, errors in zip(program.readout, noise.tolist(), strict=True)
        )
        noisy = replace(program, readout=readout)
        misfits.append(float(plain(symmetrised(counted_weights(noisy, FlopCounter())).misfit[1])))
    assert abs(np.mean(misfits) - 0.5) < 0.1


def test_the_pairing_does_not_depend_on_the_order() -> None:
    """Neurons in another order and rescaled give the same units."""
    model = az.load("2nd_argmax_4_3").network
    order, scale = [2, 0, 3, 1], [1, 2, 4, 8]
    moved = replace(
        model,
        input_weights=[model.input_weights[j] * scale[j] for j in order],
        recurrent=[
            [model.recurrent[j][k] * Fraction(scale[j], scale[k]) for k in order] for j in order
        ],
        readout=[[row[j] / scale[j] for j in order] for row in model.readout],
    )
    first, second = (symmetrised(counted_weights(p, FlopCounter())) for p in (model, moved))
    np.testing.assert_allclose(
        np.sort(np.linalg.eigvals(plain(first.recurrent))),
        np.sort(np.linalg.eigvals(plain(second.recurrent))),
        rtol=1e-9,
    )
    for a, b in zip(first.misfit, second.misfit, strict=True):
        assert float(plain(a)) == pytest.approx(float(plain(b)), rel=1e-9)


def test_regions_by_loops() -> None:
    """Ordering by ordering and sign by sign, with scipy's normal distribution and integral."""
    model = symmetrised(counted_weights(az.load("2nd_argmax_4_3").network, FlopCounter()))
    w_hi, w_hh, w_oh = (plain(part) for part in model.program)
    states = [plain(state) for state in model.states]
    means, covariances, labels = order_moments(3)
    total = right = 0.0

    def region(
        label: int, mass: float, m: Floats, s: Floats, h: Floats, step: int, unit: int
    ) -> None:
        nonlocal total, right
        if step == 3:
            total += mass
            alphas = []
            for k in range(3):
                if k != label:
                    a = (w_oh[label] - w_oh[k]) @ h
                    alphas.append(a @ m / np.sqrt(a @ s @ a))
            right += mass * latent_volume(*alphas)
            return
        if unit == 0:
            h = w_hh @ h + np.outer(w_hi, np.eye(3)[step])
        for sign in (1, -1):
            a = states[step][unit] * sign
            deviation = np.sqrt(a @ s @ a)
            alpha = a @ m / deviation
            if alpha < -30:  # x[0] is cut once, for both units: the other side is empty
                continue
            ratio = stats.norm.pdf(alpha) / stats.norm.cdf(alpha)
            move = s @ a / deviation
            part = h.copy()
            off = [2, 3] if sign > 0 else [0, 1]
            part[off if step == 0 else off[unit]] = 0
            cut = (mass * stats.norm.cdf(alpha), m + move * ratio)
            rest = s - np.outer(move, move) * ratio * (ratio + alpha)
            last = step == 0 or unit == 1
            region(label, *cut, rest, part, step + last, 0 if last else 1)

    for mean, covariance, label in zip(means, covariances, labels, strict=True):
        region(label, 1.0, mean, covariance, np.zeros((4, 3)), 0, 0)
    weights = counted_weights(az.load("2nd_argmax_4_3").network, FlopCounter())
    found = float(plain(region_accuracy(weights, az.tasks.second_argmax(3), 1)))
    assert abs(found - right / total) < 1e-6


def latent_volume(a: float, b: float) -> float:
    """P of both half-spaces by an integral over the latent variable; the rule has 5 nodes."""
    nodes, shares = np.polynomial.hermite_e.hermegauss(40)
    shifted = [(x + np.sqrt(LATENT) * nodes) / np.sqrt(1 - LATENT) for x in (a, b)]
    both = stats.norm.cdf(shifted[0]) * stats.norm.cdf(shifted[1])
    return float(both @ shares / shares.sum())


def test_noise_on_an_exact_symmetry() -> None:
    """Without misfit no noise is added; all logits equally noisy end at one third."""
    program = handcrafted_second_argmax(3)
    task = az.tasks.second_argmax(3)
    clean = noisy_symmetric_accuracy(counted_weights(program, FlopCounter()), task, 1)
    assert 0.75 < float(plain(clean)) < 0.85
    readout = [
        [w + (10**6 if j < 2 else -(10**6)) for j, w in enumerate(row)] for row in program.readout
    ]
    loud = replace(program, readout=readout)
    assert symmetrised(counted_weights(loud, FlopCounter())).misfit[1].values > 1e11
    noisy = noisy_symmetric_accuracy(counted_weights(loud, FlopCounter()), task, 1)
    assert abs(float(plain(noisy)) - 1 / 3) < 0.03
