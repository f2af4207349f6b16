"""Sampling: determinism, agreement with independent arithmetic, and rigorous intervals."""

from __future__ import annotations

from fractions import Fraction
from math import comb, inf, sqrt

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta
from support.weight_files import ALGZOO, needs_algzoo

from algzoo_exact.errors import InputError
from algzoo_exact.exact.binomial import chernoff_hoeffding, clopper_pearson
from algzoo_exact.program.ir import Program, rnn
from algzoo_exact.program.task import TIE_RULES, Task, argmax, argmedian, second_argmax
from algzoo_exact.runtime.networks import Network, _TorchRnn, network_for
from algzoo_exact.runtime.sampled import SampleEstimate
from algzoo_exact.runtime.sampling import BLOCK, sample
from algzoo_exact.zoo.architectures import to_module
from algzoo_exact.zoo.handcrafted import handcrafted_second_argmax
from algzoo_exact.zoo.loading import load

CPU = torch.device("cpu")

# --- the figures ---


def numpy_credit(program: Program, task: Task, x: np.ndarray, ties: str) -> np.ndarray:
    """Credit of each input row (batch, n): float64, numpy, written without the package."""
    w = np.array([[float(v) for v in row] for row in program.recurrent])
    a = np.array([float(v) for v in program.input_weights])
    h = np.zeros((len(x), len(a)))
    for t in range(x.shape[1]):
        h = np.maximum(0, h @ w.T + np.outer(x[:, t], a))
    logits = h @ np.array([[float(v) for v in row] for row in program.readout]).T
    rank = {"2nd_argmax": -2, "argmax": -1, "argmedian": x.shape[1] // 2}[task.name]
    label = np.argsort(x, axis=1)[:, rank]
    if ties == "lowest":
        return (logits.argmax(1) == label).astype(float)
    best = logits == logits.max(1, keepdims=True)
    right = best[np.arange(len(x)), label]
    tied = best.sum(1)
    return right * (tied == 1) if ties == "incorrect" else right / tied


@pytest.mark.parametrize("ties", ["lowest", "incorrect", "uniform"])
@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("2nd_argmax_3_3", second_argmax(3)),  # a model with many ties
        ("2nd_argmax_4_4", second_argmax(4)),
        ("argmedian_4_3", argmedian(3)),
        ("handcrafted:2nd_argmax_10", second_argmax(10)),
    ],
)
def test_sampled_accuracies_agree_with_numpy(name: str, task: Task, ties: str) -> None:
    program, n = load(name).program, 200_000
    found = sample(program, task, n, seed=3, ties=ties)  # type: ignore[arg-type]
    x = np.random.default_rng(5).normal(size=(n, task.seq_len))
    credit = numpy_credit(program, task, x, ties)
    # Two independent estimates: 5 sigma of their difference, false alarm below 6e-7 each.
    sigma = sqrt(found.standard_error**2 + credit.var() / n)
    assert abs(found.accuracy - credit.mean()) < 5 * sigma
    assert found.standard_error == pytest.approx(sqrt(credit.var() / n), rel=0.05)
    assert found.lower < found.accuracy < found.upper


@needs_algzoo
@pytest.mark.parametrize(
    ("name", "published"),
    # (2,2): measured independently to 14 digits. (16,10): measured 0.9531, given to 4 digits.
    [("2nd_argmax_2_2", 0.99992256850822), ("example_2nd_argmax_16_10", 0.9531)],
)
def test_published_accuracies_are_met(name: str, published: float) -> None:
    model = load(ALGZOO / f"{name}.safetensors")
    assert model.task is not None
    found = sample(model, model.task, 1 << 19)
    assert abs(found.z_score(published)) < 5  # false alarm below 6e-7
    assert found.lower < published < found.upper  # misses 1% of seeds; the seed is fixed


def test_a_model_whose_logits_always_tie_is_known_exactly() -> None:
    zero = rnn((0, 0), ((0, 0), (0, 0)), ((0, 0),) * 3, seq_len=3)  # type: ignore[arg-type]
    n = 3000
    credits = {t: sample(zero, argmax(3), n, ties=t).correct for t in ("incorrect", "uniform")}
    assert credits == {"incorrect": 0, "uniform": Fraction(n, 3)}
    lowest = sample(zero, argmax(3), n)
    assert abs(lowest.z_score(1 / 3)) < 5


def test_a_model_that_is_always_right_scores_one() -> None:
    found = sample(handcrafted_second_argmax(2), second_argmax(2), 100_000, dtype="float64")
    assert (found.correct, found.accuracy, found.upper) == (100_000, 1.0, 1.0)
    assert found.standard_error == 0
    # Clopper-Pearson at k = n: p^n = 0.005.
    assert found.lower == pytest.approx(0.005 ** (1 / 100_000), abs=1e-9)


# --- determinism ---


def test_a_longer_run_begins_with_a_shorter_one() -> None:
    model = load("2nd_argmax_4_3")
    task, extra = second_argmax(3), 1234
    sizes = [extra, BLOCK, BLOCK + extra, 2 * BLOCK]
    correct = [int(sample(model, task, n, seed=9).correct) for n in sizes]
    assert [int(sample(model, task, n, seed=9).correct) for n in reversed(sizes)] == correct[::-1]
    # What each longer run adds are the right answers among so many more inputs.
    for i in range(3):
        added = sizes[i + 1] - sizes[i]
        assert 0.9 * added < correct[i + 1] - correct[i] <= added


def test_seeds_and_blocks_differ() -> None:
    model, task = load("2nd_argmax_4_4"), second_argmax(4)
    found = {sample(model, task, BLOCK, seed=seed).correct for seed in (-1, 0, 1, 2**70)}
    assert len(found) == 4
    first, both = (sample(model, task, n).correct for n in (BLOCK, 2 * BLOCK))
    assert both != 2 * first


def test_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    n = 2 * BLOCK + 5
    sample(load("2nd_argmax_2_2"), second_argmax(2), n, progress=lambda *done: told.append(done))
    assert told == [(BLOCK, n), (2 * BLOCK, n), (n, n)]


# --- the forward pass ---


@st.composite
def programs_and_points(draw: st.DrawFn) -> tuple[Program, list[float]]:
    d, n = draw(st.integers(1, 5)), draw(st.integers(2, 5))
    weight = st.floats(-4, 4, width=32)

    def row(length: int) -> tuple[Fraction, ...]:
        return tuple(Fraction(draw(weight)) for _ in range(length))

    program = rnn(
        row(d), tuple(row(d) for _ in range(d)), tuple(row(d) for _ in range(n)), seq_len=n
    )
    return program, [draw(st.floats(-5, 5)) for _ in range(n)]


def rounding_bound(program: Program, x: list[Fraction]) -> list[Fraction]:
    """How far float64 logits can be from the exact ones.

    A dot product of k terms, in any order and with or without fused operations, is off by at most
    g = k u / (1 - k u) times the sum of the terms' sizes, with u = 2^-53, plus k times the least
    subnormal for underflow (Higham 2002, section 3.1). A maximum rounds nothing. So the error e of
    the state obeys e' <= |W_hh| e + g (|W_hh| (h + e) + |W_hi x|) + k 2^-1074.
    """
    d = program.hidden_size
    k = d + 1
    g = Fraction(k, 2**53) / (1 - Fraction(k, 2**53))
    tiny = Fraction(k, 2**1074)
    error = [Fraction(0)] * d
    state = [Fraction(0)] * d
    for xt, exact in zip(x, program.evaluate(x).h, strict=True):
        error = [
            sum(abs(w) * e for w, e in zip(row, error, strict=True))
            + g * sum(abs(w) * (h + e) for w, h, e in zip(row, state, error, strict=True))
            + g * abs(a * xt)
            + tiny
            for a, row in zip(program.input_weights, program.recurrent, strict=True)
        ]
        state = list(exact)
    return [
        sum(abs(w) * (e + g * (h + e)) for w, h, e in zip(row, state, error, strict=True)) + tiny
        for row in program.readout
    ]


@settings(max_examples=60, deadline=None)
@given(programs_and_points())
def test_float64_forward_passes_agree_with_exact_evaluation(
    case: tuple[Program, list[float]],
) -> None:
    program, x = case
    exact = program.evaluate(x).logit
    bound = rounding_bound(program, [Fraction(v) for v in x])
    inputs = torch.tensor(x, dtype=torch.float64)
    network = network_for(program, torch.float64, CPU)
    with torch.no_grad():
        passes = [network.outputs(inputs[:, None])[:, 0], to_module(program)(inputs[None])[0]]
    for logits in passes:
        for found, value, error in zip(logits.tolist(), exact, bound, strict=True):
            assert abs(Fraction(found) - value) <= error


# --- intervals ---


@pytest.mark.parametrize(
    ("successes", "samples"), [(0, 100), (100, 100), (1, 50), (950, 1000), (2**20 - 81, 2**20)]
)
@pytest.mark.parametrize("confidence", [0.95, 0.999999])
def test_clopper_pearson_is_scipys(successes: int, samples: int, confidence: float) -> None:
    lower, upper = clopper_pearson(successes, samples, Fraction(confidence))
    wide = chernoff_hoeffding(Fraction(successes), samples, Fraction(confidence))
    tail = (1 - confidence) / 2
    expected = (
        beta.ppf(tail, successes, samples - successes + 1) if successes else 0.0,
        beta.ppf(1 - tail, successes + 1, samples - successes) if successes < samples else 1.0,
    )
    # Bisection stops within 2^-16 of the distance between this bound and Hoeffding's estimate;
    # scipy's quantiles are good to about 1e-10.
    for found, target, start in zip((lower, upper), expected, wide, strict=True):
        mean = successes / samples
        assert abs(found - target) <= 2**-16 * abs(float(start) - mean) + 1e-10
    assert wide[0] <= lower <= Fraction(successes, samples) <= upper <= wide[1]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.data())
def test_clopper_pearson_excludes_what_it_may_and_no_more(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    lower, _ = clopper_pearson(k, n, Fraction(99, 100))

    def tail(p: Fraction) -> Fraction:  # P(X >= k), summed exactly
        return sum((comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k, n + 1)), Fraction(0))

    assert tail(lower) <= Fraction(1, 200)
    assert tail(lower + Fraction(k, n) / 2**15) > Fraction(1, 200)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 7), st.integers(2, 6), st.integers(1, 300))
def test_compiled_credit_is_that_of_the_outputs(seed: int, d: int, n: int, batch: int) -> None:
    """Small integer weights and inputs: every sum is exact, so the two must agree to the last
    input, and many logits tie."""
    rng = np.random.default_rng(seed)
    w_hi, w_hh, w_oh = (rng.integers(-1, 2, size) for size in (d, (d, d), (n, d)))
    program = rnn(tuple(w_hi.tolist()), w_hh.tolist(), w_oh.tolist(), n)
    x = torch.from_numpy(rng.integers(-3, 4, (n, batch))).float()
    label = torch.from_numpy(rng.integers(0, n, batch))
    compiled, plain = (
        network_for(program, torch.float32, CPU),
        _TorchRnn(program, torch.float32, CPU),
    )
    assert torch.equal(compiled.outputs(x), plain.outputs(x))
    for ties in TIE_RULES:
        count = int(rng.integers(1, batch + 1))
        # Oracle: torch's matrix products, and the credit worked out from all logits.
        expected = Network.credit(plain, x, label, count, ties)
        found = compiled.credit(x, label, count, ties)
        assert {k: v for k, v in found.items() if v} == {k: v for k, v in expected.items() if v}


def test_chernoff_hoeffding_holds_for_fractional_credit() -> None:
    # Values uniform on {0, 1/2, 1}: the mean 1/2 may escape 90% intervals in at most 10% of runs;
    # of 400 runs, 40 + 5 sigma = 70 (and in truth far fewer, as the variance is below 1/4).
    draws = np.random.default_rng(0).integers(0, 3, size=(400, 50)).sum(1)
    escaped = 0
    for total in draws:
        lower, upper = chernoff_hoeffding(Fraction(int(total), 2), 50, Fraction(9, 10))
        escaped += not lower <= Fraction(1, 2) <= upper
    assert escaped <= 70


def test_ends_are_rounded_outward() -> None:
    found = sample(load("2nd_argmax_4_3"), second_argmax(3), 5000)
    lower, upper = clopper_pearson(int(found.correct), 5000, Fraction(0.99))
    assert Fraction(found.lower) <= lower
    assert upper <= Fraction(found.upper)
    assert found.interval == "Clopper-Pearson"
    uniform = sample(load("2nd_argmax_4_3"), second_argmax(3), 5000, ties="uniform")
    assert uniform.interval == "Chernoff-Hoeffding"


def test_z_scores() -> None:
    found = SampleEstimate(
        samples=100, correct=Fraction(60), lower=0.4, upper=0.8, standard_error=0.05,
        interval="Clopper-Pearson", confidence=0.99, ties="lowest", seed=0, device="cpu",
        dtype="float32", seconds=0.0,
    )  # fmt: skip
    assert found.z_score(0.5) == pytest.approx(0.1 / 0.05)
    assert found.z_score(0.6) == 0
    assert found.z_score(1.0) == -inf
    assert found.kind == "sampled"


# --- errors ---


def test_what_cannot_be_sampled() -> None:
    program = handcrafted_second_argmax(2)
    huge = rnn((1, 1), ((0, 0), (0, 0)), ((10**60, 0), (0, 1)), seq_len=2)  # type: ignore[arg-type]
    steep = rnn((1, 1), ((10**30, 0), (0, 0)), ((1, 0), (0, 1), (1, 1)), seq_len=3)  # type: ignore[arg-type]
    cases = [
        (program, argmax(3), {}, "2 inputs and 2 logits"),
        (program, argmax(2), {"n": 0}, "at least 1"),
        (program, argmax(2), {"dtype": "float16"}, "float32 or float64"),
        (program, argmax(2), {"ties": "highest"}, "Unknown tie rule"),
        (program, argmax(2), {"confidence": 1.0}, "between 0 and 1"),
        (program, argmax(2), {"device": "abacus"}, "device 'abacus' is not available"),
        (program, argmax(2), {"device": "meta"}, "not on 'meta'"),
        (huge, argmax(2), {}, "beyond the range of floats in float32"),
        (steep, argmax(3), {}, "overflow in float32; float64 has a wider range"),
    ]
    if not torch.cuda.is_available():
        cases.append((program, argmax(2), {"device": "cuda"}, "device 'cuda' is not available"))
    for model, task, options, expected in cases:
        with pytest.raises(InputError) as caught:
            sample(model, task, **{"n": 10, **options})  # type: ignore[arg-type]
        assert expected in str(caught.value)
